//! Bodies under two limits: bytes on the wire, and bytes inflated.

use std::io::Read;

use flate2::bufread::MultiGzDecoder;
use reqwest::header::{self, HeaderMap};
use url::Url;

use super::{FetchConfig, FetchError};

/// Deflate cannot expand by more than this (RFC 1951: 258 bytes from 2 bits).
const MAX_RATIO: usize = 1032;

/// Reads the body as it comes over the wire.
pub(super) async fn read(
    mut response: reqwest::Response,
    url: &Url,
    config: &FetchConfig,
) -> Result<Vec<u8>, FetchError> {
    let limit_bytes = if is_packed(response.headers()) {
        config.max_wire_bytes
    } else {
        config.max_body_bytes
    };
    let too_large = || FetchError::TooLarge {
        url: url.to_string(),
        limit_bytes,
        form: "on the wire",
    };
    let announced = response.content_length().unwrap_or(0);
    if announced > limit_bytes as u64 {
        return Err(too_large());
    }
    let mut body = Vec::with_capacity(announced as usize);
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| broken_off(url, &error, config))?
    {
        if body.len() + chunk.len() > limit_bytes {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn broken_off(url: &Url, error: &reqwest::Error, config: &FetchConfig) -> FetchError {
    if error.is_timeout() {
        return FetchError::timed_out(url, config.total_timeout.min(config.read_timeout));
    }
    FetchError::BrokenOff {
        url: url.to_string(),
        detail: super::error::one_line(error),
    }
}

/// Inflates a gzip body, one that says so or one that begins like one; any other is returned as it is.
///
/// # Errors
/// When it is damaged, inflates to more than `limit_bytes`, or is packed in a way we did not ask for.
pub(super) fn inflate(
    wire: Vec<u8>,
    headers: &HeaderMap,
    url: &Url,
    limit_bytes: usize,
) -> Result<Vec<u8>, FetchError> {
    let damaged = |detail: String| FetchError::Damaged {
        url: url.to_string(),
        detail,
    };
    if !wire.starts_with(&[0x1f, 0x8b]) {
        return match encoding(headers) {
            "" | "identity" | "gzip" | "x-gzip" => Ok(wire),
            other => Err(damaged(format!(
                "its content encoding is {other:?}, and only gzip was asked for"
            ))),
        };
    }
    // The last four bytes are the size modulo 2^32: a hint that a stranger gives, so it only sizes the buffer.
    let hint = wire
        .last_chunk()
        .map_or(0, |bytes| u32::from_le_bytes(*bytes) as usize);
    let mut body = Vec::with_capacity(
        hint.min(limit_bytes)
            .min(wire.len().saturating_mul(MAX_RATIO))
            + 1,
    );
    MultiGzDecoder::new(wire.as_slice())
        .take(limit_bytes as u64 + 1)
        .read_to_end(&mut body)
        .map_err(|error| damaged(format!("gzip: {error}")))?;
    if body.len() > limit_bytes {
        return Err(FetchError::TooLarge {
            url: url.to_string(),
            limit_bytes,
            form: "inflated",
        });
    }
    Ok(body)
}

fn is_packed(headers: &HeaderMap) -> bool {
    !matches!(encoding(headers), "" | "identity")
}

fn encoding(headers: &HeaderMap) -> &str {
    headers
        .get(header::CONTENT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .map_or("", str::trim)
}
