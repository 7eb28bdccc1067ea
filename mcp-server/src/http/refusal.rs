//! Requests that get no further than to the edge, answered as JSON-RPC answers what it cannot read.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::json;

/// Why a request was not taken.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    code: i32,
    message: String,
}

/// Returns the refusal of a body that is not JSON.
pub(super) fn no_json(message: impl Into<String>) -> Refusal {
    refusal(StatusCode::BAD_REQUEST, -32700, message)
}

/// Returns the refusal of JSON that is no message of the protocol.
pub(super) fn no_message() -> Refusal {
    invalid("the body is no JSON-RPC message of MCP")
}

/// Returns the refusal of a message that is not as it must be.
pub(super) fn invalid(message: impl Into<String>) -> Refusal {
    refusal(StatusCode::BAD_REQUEST, -32600, message)
}

/// Returns the refusal of a body that is too large.
pub(super) fn too_large(max_bytes: usize) -> Refusal {
    let message = format!("the body is larger than {max_bytes} bytes");
    refusal(StatusCode::PAYLOAD_TOO_LARGE, -32600, message)
}

/// Returns the refusal of a `host` or an `origin` that is not among those of this server.
pub(super) fn not_allowed(what: &str) -> Refusal {
    let message = format!(
        "calls with this {what} are not allowed: the server's operator can name it in mcp.allowed_{what}s"
    );
    refusal(StatusCode::FORBIDDEN, -32600, message)
}

/// Returns the refusal of a body that does not come.
pub(super) fn too_slow(seconds: u64) -> Refusal {
    let message = format!("the body did not come within {seconds} s");
    refusal(StatusCode::REQUEST_TIMEOUT, -32600, message)
}

fn refusal(status: StatusCode, code: i32, message: impl Into<String>) -> Refusal {
    Refusal {
        status,
        code,
        message: message.into(),
    }
}

impl From<Refusal> for Response {
    fn from(refusal: Refusal) -> Self {
        let Refusal {
            status,
            code,
            message,
        } = refusal;
        let error =
            json!({"jsonrpc": "2.0", "id": null, "error": {"code": code, "message": message}});
        let mut response = Self::new(Body::from(error.to_string()));
        *response.status_mut() = status;
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        response
    }
}
