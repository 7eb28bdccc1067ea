//! What stands around the SDK's JSON-RPC router.

use a2a_sdk::{error_reason, methods};
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{ALLOW, CONTENT_LENGTH};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use tracing::field::Empty;
use tracing::instrument;

use super::audit::Audit;
use super::errors::{self, Refused};
use super::peek::{Answer, Call};
use super::{body, caller, extension, media, version};
use crate::Agent;

/// Reads a request within limits, says who calls, and mends the SDK's answer.
#[instrument(name = "call", skip_all, fields(agent = agent.name, operation = Empty))]
pub(super) async fn edge(
    State(agent): State<&'static Agent>,
    request: Request,
    next: Next,
) -> Response {
    let mut audit = Audit::new(agent.name);
    let activated = extension::activated(request.headers(), agent);
    let response = match prepare(request, &mut audit).await {
        Ok(request) => answer(next.run(request).await, audit).await,
        Err(refused) => refuse(&refused, audit),
    };
    extension::said(response, activated)
}

async fn prepare(request: Request, audit: &mut Audit) -> Result<Request, Refused> {
    let (mut parts, body) = request.into_parts();
    let internal = |error| Refused::new(StatusCode::INTERNAL_SERVER_ERROR, error);
    audit.caller = caller::hand_on(&mut parts).map_err(internal)?;
    if parts.uri.path() != "/" {
        let error = errors::no_method("JSON-RPC has one path, the one that the card names");
        return Err(Refused::new(StatusCode::NOT_FOUND, error));
    }
    if parts.method != Method::POST {
        let error = errors::no_method("JSON-RPC requests are sent by POST");
        return Err(Refused::new(StatusCode::METHOD_NOT_ALLOWED, error));
    }
    if !media::is_json(&parts.headers) {
        // As all errors inside JSON-RPC: its clients look into the body only where the status is 200.
        return Err(Refused::new(StatusCode::OK, errors::no_json()));
    }
    version::normalise(&mut parts);
    let bytes = body::read(&parts.headers, body).await?;
    audit.bytes_in = bytes.len();
    let call = Call::peek(&bytes);
    audit.called(call.operation);
    audit.task(call.task);
    let bytes = match call.operation {
        methods::LIST_TASKS => with_honest_page_size(bytes),
        _ => bytes,
    };
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

/// Returns a request whose page size is too large where it was too small.
///
/// The SDK takes what is below 1 for not said; what is too large gets to the handler, which refuses both alike.
fn with_honest_page_size(bytes: Bytes) -> Bytes {
    let request = serde_json::from_slice::<serde_json::Value>(&bytes).unwrap_or_default();
    let size = request.pointer("/params/pageSize");
    if size
        .and_then(serde_json::Value::as_f64)
        .is_none_or(|size| size >= 1.0)
    {
        return bytes;
    }
    let mut request = request;
    request["params"]["pageSize"] = serde_json::json!(i32::MAX);
    request.to_string().into()
}

fn refuse(refused: &Refused, audit: Audit) -> Response {
    let mut response = errors::rpc(refused.status, &refused.error);
    if refused.status == StatusCode::METHOD_NOT_ALLOWED {
        response
            .headers_mut()
            .insert(ALLOW, HeaderValue::from_static("POST"));
    }
    audit.end(error_reason(refused.error.code), response)
}

async fn answer(response: Response, mut audit: Audit) -> Response {
    if media::is_event_stream(response.headers()) {
        return audit.end_with_stream(response);
    }
    let (mut parts, body) = response.into_parts();
    // An answer of our own: the handler keeps it within limits.
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let answer = Answer::of_rpc(&bytes);
    audit.task(answer.task);
    let bytes = match audit.operation {
        methods::DELETE_PUSH_CONFIG if answer.outcome == "OK" => empty_object(bytes),
        _ => bytes,
    };
    parts.headers.remove(CONTENT_LENGTH);
    let response = Response::from_parts(parts, Body::from(bytes));
    audit.end(answer.outcome, response)
}

/// Returns an answer with `{}` as its result, the JSON of `google.protobuf.Empty`, where the SDK writes `null`.
fn empty_object(bytes: Bytes) -> Bytes {
    let Ok(mut answer) = serde_json::from_slice::<serde_json::Value>(&bytes) else {
        return bytes;
    };
    answer["result"] = serde_json::json!({});
    answer.to_string().into()
}
