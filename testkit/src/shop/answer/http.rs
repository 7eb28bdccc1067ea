//! Answers as HTTP: packed where the client takes it, with the headers that belong to them.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header, response};
use axum::response::Response;

use super::super::body;
use super::Plain;

pub(super) const JSON: &str = "application/json; charset=utf-8";
pub(super) const HTML: &str = "text/html; charset=utf-8";
pub(super) const TEXT: &str = "text/plain; charset=utf-8";
pub(super) const XML: &str = "application/xml; charset=utf-8";
pub(super) const ATOM: &str = "application/atom+xml; charset=utf-8";

/// Returns the response, as gzip where the client takes it.
pub(super) fn encode(plain: Plain, headers: &HeaderMap) -> Response {
    let accepted = headers.get(header::ACCEPT_ENCODING);
    let takes_gzip = accepted.is_some_and(|it| it.to_str().is_ok_and(|it| it.contains("gzip")));
    if !takes_gzip {
        return respond(plain.status, Some(plain.content_type), plain.body.into());
    }
    let bytes = body::gzip(&plain.body);
    let mut response = respond(plain.status, Some(plain.content_type), bytes.into());
    set(&mut response, header::CONTENT_ENCODING, "gzip");
    set(&mut response, header::VARY, "Accept-Encoding");
    response
}

pub(super) fn redirect(status: u16, location: &str) -> Response {
    let mut response = respond(
        status,
        Some(HTML),
        Body::from("<p>You are being redirected.</p>\n"),
    );
    set(&mut response, header::LOCATION, location);
    response
}

/// Returns a response; a number that is no status becomes 500.
pub(super) fn respond(status: u16, content_type: Option<&str>, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(content_type) = content_type {
        set(&mut response, header::CONTENT_TYPE, content_type);
    }
    response
}

/// Sets a header; a value that HTTP forbids is left out.
pub(super) fn set(response: &mut Response, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

pub(super) async fn split(response: Response) -> (response::Parts, Bytes) {
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await;
    (parts, bytes.expect("a body in memory does not fail"))
}
