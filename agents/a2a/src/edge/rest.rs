//! What stands around the SDK's HTTP+JSON router.

use a2a_sdk::{A2AError, error_code, error_reason, methods};
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use serde::de::IgnoredAny;
use tracing::field::Empty;
use tracing::instrument;

use super::audit::Audit;
use super::errors::{self, Refused};
use super::peek::{Answer, UNKNOWN};
use super::{body, caller, extension, media, version};
use crate::Agent;

/// Refuses what the SDK would misread, says who calls, and mends the SDK's answer.
#[instrument(name = "call", skip_all, fields(agent = agent.name, operation = Empty))]
pub(super) async fn edge(
    State(agent): State<&'static Agent>,
    request: Request,
    next: Next,
) -> Response {
    let mut audit = Audit::new(agent.name);
    let activated = extension::activated(request.headers(), agent);
    let json = media::of_answer(request.headers());
    let response = match prepare(request, &mut audit).await {
        Ok(request) => answer(next.run(request).await, json, audit).await,
        Err(refused) => {
            let mut response = errors::status(refused.status, &refused.error);
            response.headers_mut().insert(CONTENT_TYPE, json);
            audit.end(error_reason(refused.error.code), response)
        }
    };
    extension::said(response, activated)
}

async fn prepare(request: Request, audit: &mut Audit) -> Result<Request, Refused> {
    let (mut parts, body) = request.into_parts();
    let internal = |error| Refused::new(StatusCode::INTERNAL_SERVER_ERROR, error);
    audit.caller = caller::hand_on(&mut parts).map_err(internal)?;
    let (operation, task) = operation(&parts.method, parts.uri.path());
    audit.called(operation);
    audit.task(task.map(str::to_owned));
    let bad = |error| Refused::new(StatusCode::BAD_REQUEST, error);
    version::normalise(&mut parts);
    version::check(&parts).map_err(bad)?;
    let bytes = body::read(&parts.headers, body).await?;
    audit.bytes_in = bytes.len();
    let has_body = matches!(
        operation,
        methods::SEND_MESSAGE | methods::SEND_STREAMING_MESSAGE | methods::CREATE_PUSH_CONFIG
    );
    if has_body {
        check_json(&parts.headers, &bytes)?;
    }
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

fn check_json(headers: &HeaderMap, bytes: &[u8]) -> Result<(), Refused> {
    if !media::is_json(headers) {
        // HTTP has a word for a body of another type; a part of another type is the SDK's 400.
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(Refused::new(status, errors::no_json()));
    }
    serde_json::from_slice::<IgnoredAny>(bytes)
        .map(drop)
        .map_err(|error| {
            let error = A2AError::parse_error(format!("the body is not JSON: {error}"));
            Refused::new(StatusCode::BAD_REQUEST, error)
        })
}

/// Returns the operation that a method and a path name, and the task.
fn operation<'a>(method: &Method, path: &'a str) -> (&'static str, Option<&'a str>) {
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let is = |it: &Method| method == it;
    let configs = |it: &str| matches!(it, "pushNotificationConfigs" | "push-configs");
    match segments[..] {
        ["message:send"] | ["message", "send"] if is(&Method::POST) => {
            (methods::SEND_MESSAGE, None)
        }
        ["message:stream"] | ["message", "stream"] if is(&Method::POST) => {
            (methods::SEND_STREAMING_MESSAGE, None)
        }
        ["tasks"] if is(&Method::GET) => (methods::LIST_TASKS, None),
        ["tasks", task] => one_task(method, task),
        ["tasks", task, "cancel"] if is(&Method::POST) => (methods::CANCEL_TASK, Some(task)),
        ["tasks", task, "subscribe"] => (methods::SUBSCRIBE_TO_TASK, Some(task)),
        ["tasks", task, it] if configs(it) => match *method {
            Method::POST => (methods::CREATE_PUSH_CONFIG, Some(task)),
            _ => (methods::LIST_PUSH_CONFIGS, Some(task)),
        },
        ["tasks", task, it, _] if configs(it) => match *method {
            Method::DELETE => (methods::DELETE_PUSH_CONFIG, Some(task)),
            _ => (methods::GET_PUSH_CONFIG, Some(task)),
        },
        ["extendedAgentCard"] | ["agent-card", "extended"] => {
            (methods::GET_EXTENDED_AGENT_CARD, None)
        }
        _ => (UNKNOWN, None),
    }
}

fn one_task<'a>(method: &Method, segment: &'a str) -> (&'static str, Option<&'a str>) {
    match segment.rsplit_once(':') {
        Some((task, "cancel")) => (methods::CANCEL_TASK, Some(task)),
        Some((task, "subscribe")) => (methods::SUBSCRIBE_TO_TASK, Some(task)),
        _ if method == Method::GET => (methods::GET_TASK, Some(segment)),
        _ => (UNKNOWN, Some(segment)),
    }
}

async fn answer(response: Response, json: HeaderValue, mut audit: Audit) -> Response {
    if media::is_event_stream(response.headers()) {
        return audit.end_with_stream(response);
    }
    let (mut parts, body) = response.into_parts();
    // An answer of our own: the handler keeps it within limits.
    let mut bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    if !parts.status.is_success() && !media::is_json(&parts.headers) {
        let error = of_router(parts.status, &bytes);
        let mut response = errors::status(parts.status, &error);
        if let Some(allow) = parts.headers.remove(ALLOW) {
            response.headers_mut().insert(ALLOW, allow);
        }
        response.headers_mut().insert(CONTENT_TYPE, json);
        return audit.end(error_reason(error.code), response);
    }
    if bytes.is_empty() {
        // The JSON of `google.protobuf.Empty`, where the SDK sends nothing.
        bytes = "{}".into();
    }
    let answer = Answer::of_rest(&bytes);
    audit.task(answer.task);
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.insert(CONTENT_TYPE, json);
    audit.end(
        answer.outcome,
        Response::from_parts(parts, Body::from(bytes)),
    )
}

/// Returns the protocol's error for one that comes from the router itself, as text or as nothing at all.
fn of_router(status: StatusCode, text: &[u8]) -> A2AError {
    let text: String = String::from_utf8_lossy(text).chars().take(300).collect();
    match status {
        StatusCode::NOT_FOUND => errors::no_method("HTTP+JSON has no such path"),
        StatusCode::METHOD_NOT_ALLOWED => errors::no_method("this path has no such method"),
        status if status.is_client_error() => A2AError::new(error_code::INVALID_PARAMS, text),
        _ => A2AError::internal("internal error"),
    }
}
