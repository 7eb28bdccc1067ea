//! Our extensions of the protocol: a client that asks for the one of an agent is told that it has it.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;

use crate::Agent;

const EXTENSIONS: HeaderName = HeaderName::from_static("a2a-extensions");

/// Returns the extension of an agent if a request asks for it.
pub(super) fn activated(request: &HeaderMap, agent: &Agent) -> Option<&'static str> {
    let extension = agent.trade.extension();
    let asked = request.get_all(EXTENSIONS).iter();
    let is_asked = asked
        .filter_map(|it| it.to_str().ok())
        .flat_map(|it| it.split(','))
        .any(|it| it.trim() == extension);
    is_asked.then_some(extension)
}

/// Says so in the answer.
pub(super) fn said(mut response: Response, activated: Option<&'static str>) -> Response {
    if let Some(extension) = activated {
        let extension = HeaderValue::from_static(extension);
        response.headers_mut().insert(EXTENSIONS, extension);
    }
    response
}
