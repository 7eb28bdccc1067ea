//! Which version of the protocol a request speaks.

use a2a_sdk::A2AError;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue};
use url::form_urlencoded;

const VERSION: HeaderName = HeaderName::from_static("a2a-version");

/// Sets the header to what the request says in it or, as the protocol allows as well, in its query.
pub(super) fn normalise(parts: &mut Parts) {
    let is_said = parts.headers.get(VERSION).is_some_and(|it| !it.is_empty());
    if is_said {
        return;
    }
    let query = parts.uri.query().unwrap_or_default();
    let said = form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name.eq_ignore_ascii_case(VERSION.as_str()))
        .and_then(|(_, value)| HeaderValue::from_str(&value).ok());
    match said {
        Some(version) => drop(parts.headers.insert(VERSION, version)),
        None => drop(parts.headers.remove(VERSION)),
    }
}

/// Refuses a request that speaks another version than 1; one that says nothing speaks 0.3.
pub(super) fn check(parts: &Parts) -> Result<(), A2AError> {
    let said = parts.headers.get(VERSION).map(HeaderValue::to_str);
    let version = match said {
        Some(Ok(version)) => version.trim(),
        Some(Err(_)) => "?",
        None => "0.3",
    };
    let mut numbers = version.split('.');
    let is_number = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit());
    if numbers.next() == Some("1") && numbers.all(is_number) {
        return Ok(());
    }
    let shown: String = version.chars().take(20).collect();
    Err(A2AError::version_not_supported(&format!(
        "{shown}; this agent speaks 1.0: send the header A2A-Version: 1.0"
    )))
}
