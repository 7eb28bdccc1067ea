//! Points in time as models write them: a date, a date and time, or how long ago.

use catalog::UnixMs;

use crate::ToolError;

pub(crate) const DAY_MS: i64 = 86_400_000;

/// Which end of what is written is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edge {
    /// Its first moment.
    First,
    /// The first moment behind it, where everything up to it is meant: of a date the day after.
    Behind,
}

/// Reads `2026-11-21`, `2026-11-21T09:00:00Z`, or how long before `now`: `7d`, `24h`, `2w`, `day`, `week`, `month`,
/// `today`, `yesterday`. Dates are those of UTC.
///
/// # Errors
/// Names the field and the forms.
pub(crate) fn moment(
    field: &str,
    text: &str,
    edge: Edge,
    now: UnixMs,
) -> Result<UnixMs, ToolError> {
    let text = text.trim();
    let today = UnixMs::new(now.ms().div_euclid(DAY_MS) * DAY_MS);
    let exact = |at: UnixMs| match edge {
        Edge::First => at,
        Edge::Behind => UnixMs::new(at.ms() + 1),
    };
    let long_ago = |ms: i64| exact(UnixMs::new(now.ms().saturating_sub(ms)));
    let found = match text.to_ascii_lowercase().as_str() {
        "now" => Some(exact(now)),
        "today" => Some(on(today, edge)),
        "yesterday" => Some(on(UnixMs::new(today.ms() - DAY_MS), edge)),
        "hour" => Some(long_ago(DAY_MS / 24)),
        "day" => Some(long_ago(DAY_MS)),
        "week" => Some(long_ago(7 * DAY_MS)),
        "month" => Some(long_ago(30 * DAY_MS)),
        "year" => Some(long_ago(365 * DAY_MS)),
        short => span_ms(short).map(long_ago).or_else(|| date(text, edge)),
    };
    found
        .or_else(|| time(text).map(exact))
        .ok_or_else(|| {
            ToolError::invalid(
                field,
                format!("{field} is no point in time: expected a date, an RFC 3339 date and time, or how long ago, such as 7d"),
            )
            .nearest(vec![shown_date(now), now.to_string(), "7d".to_owned(), "24h".to_owned()])
            .next(format!("call again with \"{field}\":\"7d\""))
        })
}

/// Returns the date of a point in time, such as `2026-11-21`, in UTC.
pub(crate) fn shown_date(at: UnixMs) -> String {
    at.to_string().chars().take(10).collect()
}

fn on(day: UnixMs, edge: Edge) -> UnixMs {
    match edge {
        Edge::First => day,
        Edge::Behind => UnixMs::new(day.ms() + DAY_MS),
    }
}

fn date(text: &str, edge: Edge) -> Option<UnixMs> {
    let day = time(&format!("{text}T00:00:00Z"))?;
    Some(on(day, edge))
}

/// Reads a date and time. The last days of 9999, by which people mean for ever, are too late for a point in time, and
/// are the last one there is.
fn time(text: &str) -> Option<UnixMs> {
    let last = || {
        let rest = text.strip_prefix("9999-")?;
        let is_written_well = UnixMs::parse(&format!("9998-{rest}")).is_ok();
        is_written_well.then(|| UnixMs::new(i64::MAX))
    };
    UnixMs::parse(text).ok().or_else(last)
}

/// Reads `7d`, `24h` or `2w`, also as `7 days`.
fn span_ms(text: &str) -> Option<i64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: i64 = number.parse().ok().filter(|it| *it <= 100_000)?;
    let unit_ms = match unit.trim() {
        "h" | "hour" | "hours" => DAY_MS / 24,
        "d" | "day" | "days" => DAY_MS,
        "w" | "week" | "weeks" => 7 * DAY_MS,
        "month" | "months" => 30 * DAY_MS,
        _ => return None,
    };
    Some(number * unit_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, edge: Edge) -> Option<String> {
        let now = UnixMs::parse("2026-11-21T12:00:00Z").unwrap();
        let found = moment("since", text, edge, now).ok()?;
        Some(found.to_string())
    }

    #[test]
    fn dates_times_and_spans_are_points_in_time() {
        for (text, expected) in [
            ("2026-11-14", "2026-11-14T00:00:00Z"),
            (" 2026-11-14T10:00:00+02:00 ", "2026-11-14T08:00:00Z"),
            ("7d", "2026-11-14T12:00:00Z"),
            ("24h", "2026-11-20T12:00:00Z"),
            ("2 weeks", "2026-11-07T12:00:00Z"),
            ("Week", "2026-11-14T12:00:00Z"),
            ("today", "2026-11-21T00:00:00Z"),
            ("yesterday", "2026-11-20T00:00:00Z"),
            ("now", "2026-11-21T12:00:00Z"),
        ] {
            assert_eq!(read(text, Edge::First).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn everything_up_to_a_date_takes_in_the_whole_day() {
        let expected = Some("2026-11-15T00:00:00Z".to_owned());
        assert_eq!(read("2026-11-14", Edge::Behind), expected);
        let exact = Some("2026-11-14T09:00:00.001Z".to_owned());
        assert_eq!(read("2026-11-14T09:00:00Z", Edge::Behind), exact);
    }

    #[test]
    fn the_end_of_all_years_is_as_late_as_can_be() {
        let last = Some(UnixMs::new(i64::MAX).to_string());
        for text in [
            "9999-12-31",
            "9999-12-31T23:59:59Z",
            "9999-12-31T23:59:59.999+00:00",
        ] {
            for edge in [Edge::First, Edge::Behind] {
                assert_eq!(read(text, edge), last, "{text}");
            }
        }
        assert_eq!(read("9999-12-32", Edge::First), None);
    }

    #[test]
    fn up_to_some_days_ago_takes_in_that_very_moment() {
        let expected = Some("2026-11-14T12:00:00.001Z".to_owned());
        assert_eq!(read("7d", Edge::Behind), expected);
    }

    #[test]
    fn anything_else_is_refused_with_examples() {
        for text in [
            "",
            "soon",
            "d",
            "99999999999999999999d",
            "200001d",
            "2026-02-30",
            "-7d",
            "7é",
        ] {
            assert_eq!(read(text, Edge::First), None, "{text}");
        }
        let now = UnixMs::parse("2026-11-21T12:00:00Z").unwrap();
        let error = moment("since", "soon", Edge::First, now).unwrap_err();
        assert_eq!(error.field.as_deref(), Some("since"));
        assert!(error.nearest.contains(&"2026-11-21".to_owned()));
        assert_eq!(
            error.next.as_deref(),
            Some("call again with \"since\":\"7d\"")
        );
    }
}
