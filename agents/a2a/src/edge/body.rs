//! Request bodies, up to a size that any sensible request keeps within.

use std::time::Duration;

use a2a_sdk::A2AError;
use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_LENGTH, EXPECT};
use axum::http::{HeaderMap, StatusCode};
use futures_util::StreamExt;

use super::errors::Refused;

/// The largest body: 10,000 shop addresses are about a third of it.
pub(super) const MAX_BODY_BYTES: usize = 1 << 20;

/// What is read of a larger one all the same, since most clients look at an answer only once they have sent all.
const MAX_SKIPPED_BYTES: usize = 32 << 20;

/// The longest wait for a body.
const WAIT: Duration = Duration::from_secs(30);

/// Reads a body.
///
/// # Errors
/// When it is too large, too slow, or breaks off.
pub(super) async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, Refused> {
    if asks_first(headers) && said_length(headers).is_some_and(|it| it > MAX_BODY_BYTES) {
        return Err(too_large());
    }
    match tokio::time::timeout(WAIT, collect(body)).await {
        Ok(read) => read,
        Err(_) => {
            let message = format!("the body did not come within {} s", WAIT.as_secs());
            let error = A2AError::invalid_request(message);
            Err(Refused::new(StatusCode::REQUEST_TIMEOUT, error))
        }
    }
}

async fn collect(body: Body) -> Result<Bytes, Refused> {
    let mut chunks = body.into_data_stream();
    let mut bytes = Vec::new();
    let mut n_bytes = 0_usize;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| {
            let error = A2AError::invalid_request("the body broke off");
            Refused::new(StatusCode::BAD_REQUEST, error)
        })?;
        n_bytes = n_bytes.saturating_add(chunk.len());
        if n_bytes <= MAX_BODY_BYTES {
            bytes.extend_from_slice(&chunk);
        } else {
            bytes = Vec::new();
        }
        if n_bytes > MAX_SKIPPED_BYTES {
            break;
        }
    }
    if n_bytes > MAX_BODY_BYTES {
        return Err(too_large());
    }
    Ok(bytes.into())
}

fn too_large() -> Refused {
    let error = A2AError::invalid_request(format!(
        "the body is larger than {} KiB; split the request",
        MAX_BODY_BYTES >> 10
    ));
    Refused::new(StatusCode::PAYLOAD_TOO_LARGE, error)
}

/// Returns whether the client waits for leave to send the body.
fn asks_first(headers: &HeaderMap) -> bool {
    let expects = headers.get(EXPECT);
    expects.is_some_and(|it| it.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

fn said_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
