//! Bodies under two limits: bytes on the wire, and bytes inflated.

use std::io::Read;

use flate2::bufread::MultiGzDecoder;
use reqwest::header::{self, HeaderMap};
use tokio::time::Instant;
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
    let mut silent_since = Instant::now();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| broken_off(url, &error, silent_since, config))?
    {
        silent_since = Instant::now();
        if body.len() + chunk.len() > limit_bytes {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn broken_off(
    url: &Url,
    error: &reqwest::Error,
    silent_since: Instant,
    config: &FetchConfig,
) -> FetchError {
    if error.is_timeout() {
        // The error does not say which limit it was.
        let is_silent = silent_since.elapsed() >= config.read_timeout;
        let limit = if is_silent {
            config.read_timeout
        } else {
            config.total_timeout
        };
        return FetchError::timed_out(url, limit);
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

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use testkit::feed_hostile_bytes;

    use super::*;

    const LIMIT: usize = 1 << 20;

    const BODIES: [&[u8]; 6] = [
        include_bytes!("../../testdata/hostile/gzip/page.gz"),
        include_bytes!("../../testdata/hostile/gzip/members.gz"),
        include_bytes!("../../testdata/hostile/gzip/stored.gz"),
        include_bytes!("../../testdata/hostile/gzip/header.gz"),
        include_bytes!("../../testdata/hostile/gzip/zeros.gz"),
        include_bytes!("../../testdata/hostile/gzip/plain.json"),
    ];

    fn inflated(wire: Vec<u8>) -> Result<Vec<u8>, FetchError> {
        let url = Url::parse("https://shop.example/products.json").unwrap();
        inflate(wire, &HeaderMap::new(), &url, LIMIT)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(vec![], Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn hostile_gzip_is_inflated_or_refused() {
        feed_hostile_bytes("gzip", &BODIES, |wire| {
            if let Ok(body) = inflated(wire.to_vec()) {
                assert!(body.len() <= LIMIT);
                assert!(wire.starts_with(&[0x1f, 0x8b]) || body == wire);
            }
            // A checksum lets hardly any change of the packed bytes pass, so the bytes are packed as well.
            let packed = gzip(wire);
            assert_eq!(inflated(packed.clone()).unwrap(), wire);
            let tail = [packed, wire.to_vec()].concat();
            if let Ok(body) = inflated(tail) {
                assert!(body.starts_with(wire));
            }
        });
    }

    #[test]
    fn the_size_that_gzip_states_of_itself_is_not_believed() {
        let mut small = gzip(b"{}");
        let at = small.len() - 4;
        small[at..].copy_from_slice(&u32::MAX.to_le_bytes());
        let error = inflated(small).unwrap_err();
        assert!(error.to_string().contains("is damaged: gzip:"), "{error}");

        let mut large = gzip(&vec![b' '; 2 * LIMIT]);
        let at = large.len() - 4;
        large[at..].copy_from_slice(&1_u32.to_le_bytes());
        let error = inflated(large).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("larger than 1048576 bytes inflated"),
            "{error}"
        );
    }

    #[test]
    fn gzip_members_that_inflate_to_nothing_are_bounded_by_the_wire() {
        let wire = gzip(b"").repeat(5_000);
        assert_eq!(inflated(wire).unwrap(), b"");
    }
}
