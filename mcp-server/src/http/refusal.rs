//! Requests that get no further than to the edge, answered as JSON-RPC answers what it cannot read.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

use crate::envelope::RpcError;

/// Why a request was not taken.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    error: RpcError,
}

/// Returns the refusal of a body that breaks off.
pub(super) fn broken_off() -> Refusal {
    RpcError::no_json("the body broke off").into()
}

/// Returns the refusal of a body that is too large.
pub(super) fn too_large(max_bytes: usize) -> Refusal {
    Refusal {
        status: StatusCode::PAYLOAD_TOO_LARGE,
        error: RpcError::too_large(max_bytes),
    }
}

/// Returns the refusal of a `host` or an `origin` that is not among those of this server.
pub(super) fn not_allowed(what: &str) -> Refusal {
    let message = format!(
        "calls with this {what} are not allowed: the server's operator can name it in mcp.allowed_{what}s"
    );
    Refusal {
        status: StatusCode::FORBIDDEN,
        error: RpcError::invalid(message),
    }
}

/// Returns the refusal of a body that does not come.
pub(super) fn too_slow(seconds: u64) -> Refusal {
    let message = format!("the body did not come within {seconds} s");
    Refusal {
        status: StatusCode::REQUEST_TIMEOUT,
        error: RpcError::invalid(message),
    }
}

impl From<RpcError> for Refusal {
    fn from(error: RpcError) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            error,
        }
    }
}

impl From<Refusal> for Response {
    fn from(refusal: Refusal) -> Self {
        let Refusal { status, error } = refusal;
        let mut response = Self::new(Body::from(error.answer().to_string()));
        *response.status_mut() = status;
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        response
    }
}
