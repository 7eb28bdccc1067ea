//! Who calls, handed on to the handler in the one way there is through the SDK: a header of our own.

use a2a_sdk::A2AError;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderName, HeaderValue};
use catalog::Principal;

use crate::handler::{CALLER_HEADER, LOCAL};

/// Carries the caller inside the process. Whatever a request brings under this name is taken away.
const CALLER: HeaderName = HeaderName::from_static(CALLER_HEADER);

/// Returns who calls.
pub(super) fn of(extensions: &Extensions) -> &str {
    let principal = extensions.get::<Principal>();
    principal.map_or(LOCAL, |principal| principal.id.as_str())
}

/// Puts who calls into the header, and returns it.
///
/// # Errors
/// For a name that no header can carry.
pub(super) fn hand_on(parts: &mut Parts) -> Result<String, A2AError> {
    parts.headers.remove(CALLER);
    let caller = of(&parts.extensions).to_owned();
    let value = HeaderValue::from_str(&caller).ok();
    // The handler gets text, which the SDK makes of visible ASCII alone.
    let value = value.filter(|it| it.to_str().is_ok());
    let value = value.ok_or_else(|| A2AError::internal("the caller's name is not ASCII"))?;
    parts.headers.insert(CALLER, value);
    Ok(caller)
}
