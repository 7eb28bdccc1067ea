//! Who calls, handed on to the handler in the one way there is through the SDK: a header of our own.

use a2a_sdk::A2AError;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderName, HeaderValue};
use catalog::{Principal, Scope};

use crate::handler::{CALLER_HEADER, LOCAL, READS_ONLY_HEADER};

/// Carries the caller inside the process. Whatever a request brings under this name is taken away.
const CALLER: HeaderName = HeaderName::from_static(CALLER_HEADER);

/// The same for a caller who may have nothing done.
const READS_ONLY: HeaderName = HeaderName::from_static(READS_ONLY_HEADER);

/// Returns who calls.
pub(super) fn of(extensions: &Extensions) -> &str {
    let principal = extensions.get::<Principal>();
    principal.map_or(LOCAL, |principal| principal.id.as_str())
}

/// Puts who calls, and what that may not do, into the headers; returns who calls.
///
/// # Errors
/// For a name that no header can carry.
pub(super) fn hand_on(parts: &mut Parts) -> Result<String, A2AError> {
    parts.headers.remove(CALLER);
    parts.headers.remove(READS_ONLY);
    let principal = parts.extensions.get::<Principal>();
    if principal.is_some_and(|it| !it.may(Scope::Crawl)) {
        parts
            .headers
            .insert(READS_ONLY, HeaderValue::from_static("1"));
    }
    let caller = of(&parts.extensions).to_owned();
    let value = HeaderValue::from_str(&caller).ok();
    // The handler gets text, which the SDK makes of visible ASCII alone.
    let value = value.filter(|it| it.to_str().is_ok());
    let value = value.ok_or_else(|| A2AError::internal("the caller's name is not ASCII"))?;
    parts.headers.insert(CALLER, value);
    Ok(caller)
}
