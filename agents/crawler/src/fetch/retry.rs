//! When to try again, and after which pause.

use std::time::{Duration, SystemTime};

use reqwest::header::{self, HeaderMap};
use url::Url;

use super::{FetchConfig, FetchError, Response};

/// Shopify's security rejection wants a longer pause than an ordinary 429.
const SECURITY_REJECTION_FACTOR: u32 = 4;

/// The pause until a date of whose distance nothing is known.
const UNDATED: Duration = Duration::from_secs(60);

/// Returns the pause before the next try, or `None` when `result` counts as it is.
///
/// `Retry-After` decides; a pause that is longer than `longest` is not waited for at all, since coming back early
/// is what it asks not to do. Without one the pause doubles with each try, up to its cap, less a random half so that
/// many clients do not come back together.
pub(super) fn pause_before_next(
    result: &Result<Response, FetchError>,
    n_tried: u32,
    longest: Duration,
    config: &FetchConfig,
) -> Option<Duration> {
    let factor = 2_u32.saturating_pow(n_tried - 1);
    let backoff = config.backoff.saturating_mul(factor);
    match result {
        // No patience makes a person of us.
        Ok(response) if response.is_challenge() => None,
        Ok(response) if is_busy(response.status) => match retry_after(&response.headers) {
            Some(asked) => (asked <= longest).then_some(asked),
            None if response.status == 430 => Some(jittered(
                backoff.saturating_mul(SECURITY_REJECTION_FACTOR),
                config,
            )),
            None => Some(jittered(backoff, config)),
        },
        Err(error) if error.is_transient() => Some(jittered(backoff, config)),
        Ok(_) | Err(_) => None,
    }
}

/// Returns the pause that the next request to the host has to keep too, whoever sends it, where `pause` is the one
/// before the next try: what the host asked for, with whatever status it refuses, and ours behind a refusal of the rate.
pub(super) fn pause_to_keep(
    result: &Result<Response, FetchError>,
    pause: Option<Duration>,
) -> Option<Duration> {
    let response = result.as_ref().ok()?;
    if (200..300).contains(&response.status) {
        return None;
    }
    let ours = pause.filter(|_| matches!(response.status, 429 | 430));
    retry_after(&response.headers).or(ours)
}

/// Returns whether the pause behind a result is the host's own wish.
pub(super) fn is_asked_for(result: &Result<Response, FetchError>) -> bool {
    let response = result.as_ref().ok().filter(|it| is_busy(it.status));
    response.is_some_and(|it| retry_after(&it.headers).is_some())
}

/// Turns a busy answer that is not waited for, or a challenge, into its error; any other result counts as it is.
pub(super) fn settled(result: Result<Response, FetchError>) -> Result<Response, FetchError> {
    match result {
        Ok(response) if is_busy(response.status) && response.is_challenge() => {
            Err(FetchError::challenged(&response))
        }
        Ok(response) if is_busy(response.status) => Err(FetchError::ComeBackLater {
            url: response.url.to_string(),
            status: response.status,
            pause: retry_after(&response.headers).unwrap_or_default(),
        }),
        counts => counts,
    }
}

/// Returns the error of a request whose tries are used up.
pub(super) fn exhausted(
    result: Result<Response, FetchError>,
    url: &Url,
    n_tries: u32,
) -> FetchError {
    let url = url.to_string();
    match result {
        Err(error) => error,
        Ok(Response {
            status: status @ (429 | 430),
            ..
        }) => FetchError::RateLimited {
            url,
            status,
            n_tries,
        },
        Ok(Response { status, .. }) => FetchError::ServerError {
            url,
            status,
            n_tries,
        },
    }
}

/// Returns one line for the log.
pub(super) fn what_happened(result: &Result<Response, FetchError>) -> String {
    match result {
        Ok(response) => format!("{} answered {}", response.url, response.status),
        Err(error) => error.to_string(),
    }
}

fn is_busy(status: u16) -> bool {
    matches!(status, 429 | 430 | 500..=599)
}

fn jittered(pause: Duration, config: &FetchConfig) -> Duration {
    pause
        .min(config.max_backoff)
        .mul_f64(0.5 + fastrand::f64() / 2.0)
}

/// Reads `Retry-After`: seconds, or a date, which is taken against the answer's own `Date`, so that neither
/// clock matters. Of a date without one only that it is no second's pause is known. The longest counts, where a proxy
/// added its own.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let lines = headers.get_all(header::RETRY_AFTER).iter();
    let lines = lines.filter_map(|it| it.to_str().ok());
    let pauses = lines.filter_map(|line| {
        let several = || line.split(',').filter_map(seconds).max();
        seconds(line)
            .or_else(|| until(line, headers))
            .or_else(several)
    });
    pauses.max()
}

fn seconds(text: &str) -> Option<Duration> {
    let seconds: f64 = text.trim().parse().ok()?;
    let is_time = seconds.is_finite() && seconds >= 0.0;
    // More than a duration holds is a pause all the same, only none that anybody waits for.
    is_time.then(|| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
}

fn until(text: &str, headers: &HeaderMap) -> Option<Duration> {
    let date = |text: &str| -> Option<SystemTime> { httpdate::parse_http_date(text.trim()).ok() };
    let until = date(text)?;
    let now = headers
        .get(header::DATE)
        .and_then(|it| date(it.to_str().ok()?));
    Some(now.map_or(UNDATED, |now| {
        until.duration_since(now).unwrap_or(Duration::ZERO)
    }))
}

#[cfg(test)]
mod tests {
    use testkit::feed_hostile_bytes;

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|&(name, value)| {
                (
                    header::HeaderName::from_static(name),
                    value.parse().unwrap(),
                )
            })
            .collect()
    }

    fn answer(status: u16, pairs: &[(&'static str, &str)]) -> Result<Response, FetchError> {
        Ok(Response {
            url: Url::parse("http://shop.example/").unwrap(),
            status,
            headers: headers(pairs),
            body: vec![],
            wire_bytes: 0,
            headers_after: Duration::ZERO,
            has_moved: false,
        })
    }

    fn pause(status: u16, pairs: &[(&'static str, &str)], n_tried: u32) -> Option<Duration> {
        let config = FetchConfig::default();
        let longest = config.max_retry_after;
        pause_before_next(&answer(status, pairs), n_tried, longest, &config)
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_has_a_limit() {
        let seconds = Duration::from_secs;
        assert_eq!(pause(429, &[("retry-after", "7")], 1), Some(seconds(7)));
        assert_eq!(
            pause(503, &[("retry-after", " 0.5 ")], 4),
            Some(Duration::from_millis(500))
        );
        assert_eq!(
            pause(429, &[("retry-after", "3600")], 1),
            Some(seconds(3600))
        );
        assert_eq!(pause(429, &[("retry-after", "3601")], 1), None);
        assert_eq!(
            pause(429, &[("retry-after", "2, 5,3")], 1),
            Some(seconds(5))
        );
        let dates = [
            ("date", "Sat, 21 Nov 2026 10:00:00 GMT"),
            ("retry-after", "Sat, 21 Nov 2026 10:01:30 GMT"),
        ];
        assert_eq!(pause(429, &dates, 1), Some(seconds(90)));
        let past = [
            ("date", "Sat, 21 Nov 2026 10:00:00 GMT"),
            ("retry-after", "Sat, 21 Nov 2026 09:00:00 GMT"),
        ];
        assert_eq!(pause(429, &past, 1), Some(Duration::ZERO));
    }

    #[test]
    fn of_several_pauses_the_longest_counts() {
        let mut several = answer(429, &[("retry-after", "4")]);
        let headers = &mut several.as_mut().unwrap().headers;
        for more in ["6", "soon", "5"] {
            headers.append(header::RETRY_AFTER, more.parse().unwrap());
        }
        let config = FetchConfig::default();
        let longest = config.max_retry_after;
        let pause = pause_before_next(&several, 1, longest, &config);
        assert_eq!(pause, Some(Duration::from_secs(6)));
    }

    #[test]
    fn a_date_without_a_readable_date_to_count_from_is_a_minute() {
        let until = ("retry-after", "Sat, 21 Nov 2026 10:01:30 GMT");
        let minute = Some(Duration::from_secs(60));
        assert_eq!(pause(429, &[until], 1), minute);
        assert_eq!(pause(503, &[until, ("date", "today")], 1), minute);
    }

    #[test]
    fn without_a_readable_retry_after_the_pause_doubles_with_jitter() {
        for text in ["-5", "soon", "NaN", "inf", ""] {
            for (n_tried, most) in [(1, 1.0), (2, 2.0), (3, 4.0), (10, 60.0), (40, 60.0)] {
                let pause = pause(429, &[("retry-after", text)], n_tried)
                    .unwrap()
                    .as_secs_f64();
                assert!(
                    (most / 2.0..=most).contains(&pause),
                    "{text:?}, try {n_tried}: {pause}"
                );
            }
        }
    }

    #[test]
    fn a_security_rejection_waits_longer_and_an_answer_does_not_wait() {
        assert!(pause(430, &[], 1).unwrap() >= Duration::from_secs(2));
        for status in [200, 304, 400, 401, 403, 404, 410, 423] {
            assert_eq!(pause(status, &[], 1), None);
        }
    }

    #[test]
    fn a_pause_without_end_is_not_cut_short() {
        for text in ["999999", "99999999999999999999999", "1e300"] {
            assert_eq!(pause(429, &[("retry-after", text)], 1), None, "{text}");
        }
    }

    #[test]
    fn hostile_retry_after_is_a_pause_or_nothing() {
        const VALUES: [&[u8]; 5] = [
            b"120",
            b"0.5",
            b"Sat, 21 Nov 2026 10:01:30 GMT",
            b"Saturday, 21-Nov-26 10:01:30 GMT",
            b"Sat Nov 21 10:01:30 2026",
        ];
        let longest = Duration::from_secs(3_600);
        feed_hostile_bytes("retry_after", &VALUES, |value| {
            let Ok(value) = header::HeaderValue::from_bytes(value) else {
                return;
            };
            let mut response = answer(429, &[("date", "Sat, 21 Nov 2026 10:00:00 GMT")]).unwrap();
            response.headers.insert(header::RETRY_AFTER, value);
            let result = Ok(response);
            let pause = pause_before_next(&result, 1, longest, &FetchConfig::default());
            assert!(pause.is_none_or(|pause| pause <= longest));
            assert!(settled(result).is_err());
        });
    }
}
