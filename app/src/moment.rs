//! Points in time and ages as people write them on a command line.

use catalog::UnixMs;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// A point in time, or an age that is counted back from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    At(UnixMs),
    Before(Age),
}

/// A time span: a whole number of hours, days or weeks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Age {
    ms: i64,
}

impl Moment {
    /// Reads an RFC 3339 date and time, a date (which begins at midnight UTC), or an age.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let is_date = text.len() == 10 && text.bytes().all(|it| it.is_ascii_digit() || it == b'-');
        let at = match is_date {
            true => UnixMs::parse(&format!("{text}T00:00:00Z")),
            false => UnixMs::parse(text),
        };
        at.map(Self::At).or_else(|_| {
            Age::parse(text).map(Self::Before).map_err(|_| {
                "expected a time such as 2026-11-01T12:00:00Z, a date such as 2026-11-01 (UTC), \
                 or an age such as 7d, 36h or 2w"
                    .to_owned()
            })
        })
    }

    /// Returns the point in time that is meant at `now`.
    pub(crate) const fn at(self, now: UnixMs) -> UnixMs {
        match self {
            Self::At(at) => at,
            Self::Before(age) => age.before(now),
        }
    }
}

impl Age {
    pub(crate) const fn of_days(n_days: i64) -> Self {
        Self {
            ms: n_days * DAY_MS,
        }
    }

    /// Reads a number and a unit: `36h`, `7d`, `2w`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let number_and_unit = [("h", HOUR_MS), ("d", DAY_MS), ("w", 7 * DAY_MS)]
            .into_iter()
            .find_map(|(unit, unit_ms)| Some((text.strip_suffix(unit)?, unit_ms)));
        number_and_unit
            .filter(|(number, _)| number.bytes().all(|it| it.is_ascii_digit()))
            .and_then(|(number, unit_ms)| number.parse::<i64>().ok()?.checked_mul(unit_ms))
            .map(|ms| Self { ms })
            .ok_or_else(|| "expected an age such as 90d, 36h or 12w".to_owned())
    }

    /// Returns the point in time that has this age at `now`.
    pub(crate) const fn before(self, now: UnixMs) -> UnixMs {
        UnixMs::new(now.ms().saturating_sub(self.ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn since(text: &str) -> String {
        let now = UnixMs::parse("2026-11-21T12:30:00Z").unwrap();
        Moment::parse(text).unwrap().at(now).to_string()
    }

    #[test]
    fn a_moment_is_a_time_a_date_or_an_age() {
        for (text, at) in [
            ("2026-11-01T10:00:00+02:00", "2026-11-01T08:00:00Z"),
            ("2026-11-01T10:00:00.25Z", "2026-11-01T10:00:00.25Z"),
            ("2026-11-01", "2026-11-01T00:00:00Z"),
            (" 2026-11-01 ", "2026-11-01T00:00:00Z"),
            ("36h", "2026-11-20T00:30:00Z"),
            ("7d", "2026-11-14T12:30:00Z"),
            ("2w", "2026-11-07T12:30:00Z"),
            ("0d", "2026-11-21T12:30:00Z"),
            ("9999999d", "0001-01-01T00:00:00Z"),
        ] {
            assert_eq!(since(text), at, "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_the_forms_that_are_right() {
        for text in [
            "",
            "d",
            "7",
            "-7d",
            "+7d",
            "1.5d",
            "7 d",
            "7days",
            "7m",
            "7D",
            "9223372036854775807w",
            "99999999999999999999d",
            "2026-02-30",
            "2026-11-1",
            "2026-11-01T10:00:00",
            "yesterday",
            "7é",
        ] {
            let error = Moment::parse(text).unwrap_err();
            assert!(error.contains("2026-11-01 (UTC)"), "{text}: {error}");
            assert!(Age::parse(text).unwrap_err().contains("90d"), "{text}");
        }
        assert!(Age::parse("2026-11-01").is_err(), "a date is no age");
    }
}
