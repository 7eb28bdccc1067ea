//! Media types: what a request says its body is, and in which of the protocol's two an answer comes.

use axum::http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};

const A2A_JSON: &str = "application/a2a+json";

/// Returns whether a body is said to be JSON.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let said = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    said.is_some_and(|it| {
        let media_type = it.split(';').next().unwrap_or_default().trim();
        let media_type = media_type.to_ascii_lowercase();
        media_type == "application/json"
            || (media_type.starts_with("application/") && media_type.ends_with("+json"))
    })
}

/// Returns whether an answer's body is a stream of events.
pub(super) fn is_event_stream(headers: &HeaderMap) -> bool {
    let said = headers.get(CONTENT_TYPE);
    said.is_some_and(|it| it.as_bytes().starts_with(b"text/event-stream"))
}

/// Returns the media type of JSON answers: the protocol's own for whoever names it, else the one that all know.
pub(super) fn of_answer(request: &HeaderMap) -> HeaderValue {
    let named = [ACCEPT, CONTENT_TYPE].iter().any(|name| {
        request
            .get_all(name)
            .iter()
            .filter_map(|it| it.to_str().ok())
            .any(|it| it.to_ascii_lowercase().contains(A2A_JSON))
    });
    HeaderValue::from_static(match named {
        true => A2A_JSON,
        false => "application/json",
    })
}

/// Returns whether an answer may be packed by gzip.
pub(super) fn accepts_gzip(request: &HeaderMap) -> bool {
    let accepted = request.get_all(ACCEPT_ENCODING).iter();
    let accepted = accepted.filter_map(|it| it.to_str().ok());
    accepted.flat_map(|it| it.split(',')).any(|it| {
        let mut parts = it.split(';').map(str::trim);
        let is_gzip = parts
            .next()
            .is_some_and(|it| it.eq_ignore_ascii_case("gzip"));
        // A weight of zero says no.
        let is_refused = parts.any(|it| {
            let weight = it.strip_prefix("q=").and_then(|it| it.parse::<f32>().ok());
            weight.is_some_and(|it| it <= 0.0)
        });
        is_gzip && !is_refused
    })
}
