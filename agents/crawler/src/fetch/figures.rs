//! What requests count, for whoever looks at the process (docs/metrics.md). No host is named.

use std::time::Duration;

use catalog::Platform;
use metrics::{counter, histogram};

use super::{FetchError, Response};

/// The platform of every shop that is crawled so far.
const PLATFORM: &str = Platform::Shopify.name();

/// Counts a request that was sent, and what came of it after `took`.
pub(super) fn sent(result: &Result<Response, FetchError>, took: Duration) {
    let outcome = outcome(result);
    counter!("trouvaille_fetch_total", "platform" => PLATFORM, "outcome" => outcome).increment(1);
    histogram!("trouvaille_fetch_seconds", "platform" => PLATFORM).record(took);
    if let Ok(response) = result {
        counter!("trouvaille_fetch_bytes_total", "platform" => PLATFORM)
            .increment(response.wire_bytes);
    }
}

/// Notes the gap that the answers of a host taught, as of its latest request.
pub(super) fn learned(gap: Duration) {
    histogram!("trouvaille_host_gap_seconds", "platform" => PLATFORM).record(gap);
}

fn outcome(result: &Result<Response, FetchError>) -> &'static str {
    match result {
        Ok(response) => match response.status {
            304 => "not_modified",
            300..=399 => "redirect",
            403 => "http_403",
            429 => "http_429",
            430 => "http_430",
            400..=499 => "http_4xx",
            500..=599 => "http_5xx",
            _ => "ok",
        },
        Err(FetchError::TimedOut { .. }) => "timeout",
        Err(FetchError::Unreachable { .. }) => "unreachable",
        Err(FetchError::RefusedAddress { .. } | FetchError::Unsigned { .. }) => "refused",
        Err(_) => "broken",
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;
    use url::Url;

    use super::*;

    #[test]
    fn what_turns_us_away_is_told_from_what_is_not_there() {
        let url = Url::parse("https://shop.example/").unwrap();
        for (status, expected) in [
            (200, "ok"),
            (301, "redirect"),
            (304, "not_modified"),
            (403, "http_403"),
            (404, "http_4xx"),
            (429, "http_429"),
            (430, "http_430"),
            (503, "http_5xx"),
        ] {
            let response = Response {
                url: url.clone(),
                status,
                headers: HeaderMap::new(),
                body: Vec::new(),
                wire_bytes: 0,
                headers_after: Duration::ZERO,
                has_moved: false,
            };
            assert_eq!(outcome(&Ok(response)), expected);
        }
        let url = url.to_string();
        let detail = String::new();
        let refused = FetchError::RefusedAddress { url, detail };
        assert_eq!(outcome(&Err(refused)), "refused");
    }
}
