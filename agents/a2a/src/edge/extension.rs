//! Our extension of the protocol: a client that asks for it is told that it has it.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;

use crate::card::EXTENSION;

const EXTENSIONS: HeaderName = HeaderName::from_static("a2a-extensions");

/// Returns whether a request asks for our extension.
pub(super) fn activated(request: &HeaderMap) -> bool {
    let asked = request.get_all(EXTENSIONS).iter();
    asked
        .filter_map(|it| it.to_str().ok())
        .flat_map(|it| it.split(','))
        .any(|it| it.trim() == EXTENSION)
}

/// Says so in the answer.
pub(super) fn said(mut response: Response, activated: bool) -> Response {
    if activated {
        let extension = HeaderValue::from_static(EXTENSION);
        response.headers_mut().insert(EXTENSIONS, extension);
    }
    response
}
