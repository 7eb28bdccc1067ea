//! The protocol's errors where the SDK's routers do not write them, in the form of either binding.

use a2a_sdk::{A2AError, JsonRpcId, JsonRpcResponse, error_code};
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::skills::words::one_line;

/// A request that is refused before the SDK sees it.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    pub(super) error: A2AError,
}

impl Refused {
    pub(super) fn new(status: StatusCode, error: A2AError) -> Self {
        Self { status, error }
    }
}

/// Returns an error as a JSON-RPC answer to a request whose id is not known.
pub(super) fn rpc(status: StatusCode, error: &A2AError) -> Response {
    let answer = JsonRpcResponse::error(JsonRpcId::Null, error.to_jsonrpc_error());
    (status, Json(answer)).into_response()
}

/// Returns an error as a `google.rpc.Status`, which HTTP+JSON answers with.
pub(super) fn status(status: StatusCode, error: &A2AError) -> Response {
    let details = error.to_jsonrpc_error().data;
    let answer = json!({
        "error": {
            "code": status.as_u16(),
            "status": status_name(status, error.code),
            "message": error.message,
            "details": details,
        }
    });
    (status, Json(answer)).into_response()
}

/// Returns the name that gRPC has for an error of ours.
fn status_name(status: StatusCode, code: i32) -> &'static str {
    match (status, code) {
        (_, error_code::VERSION_NOT_SUPPORTED) => "FAILED_PRECONDITION",
        (StatusCode::NOT_FOUND, _) => "NOT_FOUND",
        (StatusCode::METHOD_NOT_ALLOWED, _) => "UNIMPLEMENTED",
        (StatusCode::REQUEST_TIMEOUT, _) => "DEADLINE_EXCEEDED",
        (StatusCode::PAYLOAD_TOO_LARGE, _) => "RESOURCE_EXHAUSTED",
        (status, _) if status.is_client_error() => "INVALID_ARGUMENT",
        _ => "INTERNAL",
    }
}

pub(super) fn no_method(message: impl Into<String>) -> A2AError {
    A2AError::new(error_code::METHOD_NOT_FOUND, message)
}

/// Returns the error for a body that is not said to be JSON.
pub(super) fn no_json() -> A2AError {
    let message = "the body has to be JSON, and Content-Type to say so: application/json";
    A2AError::new(error_code::CONTENT_TYPE_NOT_SUPPORTED, message)
}

/// Returns the error of a task that is not there, or is somebody else's.
pub(super) fn no_task(task: &str) -> A2AError {
    let task: String = task.chars().take(catalog::MAX_TASK_NAME).collect();
    A2AError::task_not_found(&task)
}

/// Returns the error of a file that the caller's own task does not have.
pub(super) fn no_file(name: &str) -> A2AError {
    let name = one_line(name, 80);
    A2AError::invalid_params(format!(
        "this task has no file {name:?}: its artifacts name those that it has"
    ))
}
