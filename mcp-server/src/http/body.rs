//! Request bodies, up to the size that the limits allow.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use futures_util::StreamExt;

use super::refusal::{self, Refusal};

/// What is read of a larger one all the same, and not kept: most clients look at an answer only once they have sent all,
/// and to one that is cut off before that, a body that is too large looks like a broken connection.
const MAX_SKIPPED_BYTES: usize = 16 << 20;

/// The longest wait for a body.
const WAIT: Duration = Duration::from_secs(30);

/// Returns whether the headers say that the body is JSON.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let said = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let essence = said.and_then(|it| it.split(';').next());
    essence.is_some_and(|it| it.trim().eq_ignore_ascii_case("application/json"))
}

/// Reads a body.
///
/// # Errors
/// When it is too large, too slow, or breaks off.
pub(super) async fn read(
    headers: &HeaderMap,
    body: Body,
    max_bytes: usize,
) -> Result<Bytes, Refusal> {
    if asks_first(headers) && said_length(headers).is_some_and(|it| it > max_bytes) {
        return Err(refusal::too_large(max_bytes));
    }
    let read = tokio::time::timeout(WAIT, collect(body, max_bytes)).await;
    read.unwrap_or_else(|_| Err(refusal::too_slow(WAIT.as_secs())))
}

async fn collect(body: Body, max_bytes: usize) -> Result<Bytes, Refusal> {
    let mut chunks = body.into_data_stream();
    let mut bytes = Vec::new();
    let mut n_bytes = 0_usize;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| refusal::broken_off())?;
        n_bytes = n_bytes.saturating_add(chunk.len());
        if n_bytes <= max_bytes {
            bytes.extend_from_slice(&chunk);
        } else {
            bytes = Vec::new();
        }
        if n_bytes > MAX_SKIPPED_BYTES {
            break;
        }
    }
    if n_bytes > max_bytes {
        return Err(refusal::too_large(max_bytes));
    }
    Ok(bytes.into())
}

/// Returns whether the client waits for leave to send the body.
fn asks_first(headers: &HeaderMap) -> bool {
    let expects = headers.get(EXPECT);
    expects.is_some_and(|it| it.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

fn said_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
