//! Answers within limits: of the head, on the wire, inflated, by how much, and how slowly.

use std::io::Read;
use std::ops::Deref;

use flate2::bufread::MultiGzDecoder;
use reqwest::header::{self, HeaderMap};
use tokio::time::Instant;
use url::Url;

use super::{FetchConfig, FetchError, Wait};

/// Deflate cannot expand by more than this (RFC 1951: 258 bytes from 2 bits).
const MAX_RATIO: usize = 1032;

/// Refuses a head that is larger than any shop's.
///
/// # Errors
/// [`FetchError::TooLarge`].
pub(super) fn check_head(
    headers: &HeaderMap,
    url: &Url,
    config: &FetchConfig,
) -> Result<(), FetchError> {
    let sizes = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len());
    match sizes.sum::<usize>() <= config.max_header_bytes {
        true => Ok(()),
        false => Err(FetchError::head_too_large(url, config.max_header_bytes)),
    }
}

/// Reads the body as it comes over the wire. One that is larger than any packed one may be goes on once there is `room`.
pub(super) async fn read(
    mut response: reqwest::Response,
    url: &Url,
    config: &FetchConfig,
    room: impl Future<Output = ()>,
) -> Result<Vec<u8>, FetchError> {
    let limit_bytes = if is_packed(response.headers()) {
        config.max_wire_bytes
    } else {
        config.max_body_bytes
    };
    let too_large = |limit_bytes| FetchError::TooLarge {
        url: url.to_string(),
        limit_bytes,
        form: "on the wire",
    };
    let announced = response.content_length().unwrap_or(0);
    if announced > limit_bytes as u64 {
        return Err(too_large(limit_bytes));
    }
    let mut body = Vec::with_capacity(announced as usize);
    let mut flow = Flow::new(config);
    let mut room = Some(room);
    while let Some(chunk) = flow.next(&mut response, url).await? {
        if body.len() + chunk.len() > limit_bytes {
            return Err(too_large(limit_bytes));
        }
        body.extend_from_slice(&chunk);
        if body.len() > config.max_wire_bytes
            && let Some(room) = room.take()
        {
            // It will be inflated, whatever its header says.
            if body.starts_with(&GZIP) {
                return Err(too_large(config.max_wire_bytes));
            }
            room.await;
            flow = Flow::new(config);
        }
    }
    Ok(body)
}

/// How every gzip body begins: RFC 1952, 2.3.1.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A body on its way, held to a least rate: one that drips would keep its host's turn, and its crawl, for as long as it
/// liked.
struct Flow<'a> {
    config: &'a FetchConfig,
    window_began: Instant,
    window_bytes: u64,
}

impl<'a> Flow<'a> {
    fn new(config: &'a FetchConfig) -> Self {
        Self {
            config,
            window_began: Instant::now(),
            window_bytes: 0,
        }
    }

    /// Returns the next bytes, `None` behind the last.
    async fn next(
        &mut self,
        response: &mut reqwest::Response,
        url: &Url,
    ) -> Result<Option<impl Deref<Target = [u8]> + use<>>, FetchError> {
        let silent_at = Instant::now() + self.config.read_timeout;
        loop {
            let window_ends = self.window_began + self.config.rate_window;
            let chunk = tokio::time::timeout_at(silent_at.min(window_ends), response.chunk());
            match chunk.await {
                Ok(Ok(chunk)) => {
                    self.window_bytes += chunk.as_ref().map_or(0, |it| it.len() as u64);
                    return Ok(chunk);
                }
                Ok(Err(error)) => return Err(broken_off(url, &error, self.config)),
                Err(_) if Instant::now() >= silent_at => {
                    let limit = self.config.read_timeout;
                    return Err(FetchError::timed_out(url, Wait::Bytes, limit));
                }
                Err(_) => self.check_window(url)?,
            }
        }
    }

    /// Begins the next window, if enough came in this one.
    fn check_window(&mut self, url: &Url) -> Result<(), FetchError> {
        let seconds = self.window_began.elapsed().as_secs_f64();
        if (self.window_bytes as f64) < f64::from(self.config.min_bytes_per_second) * seconds {
            let limit = self.config.rate_window;
            return Err(FetchError::timed_out(url, Wait::Rate, limit));
        }
        self.window_began = Instant::now();
        self.window_bytes = 0;
        Ok(())
    }
}

fn broken_off(url: &Url, error: &reqwest::Error, config: &FetchConfig) -> FetchError {
    if error.is_timeout() {
        return FetchError::timed_out(url, Wait::Answer, config.total_timeout);
    }
    FetchError::BrokenOff {
        url: url.to_string(),
        detail: super::error::one_line(error),
    }
}

/// Inflates a gzip body, one that says so or one that begins like one; any other is returned as it is.
///
/// # Errors
/// When it is damaged, inflates to more than is allowed, in all or for its size, or is packed in a way we did not ask
/// for.
pub(super) fn inflate(
    wire: Vec<u8>,
    headers: &HeaderMap,
    url: &Url,
    config: &FetchConfig,
) -> Result<Vec<u8>, FetchError> {
    let damaged = |detail: String| FetchError::Damaged {
        url: url.to_string(),
        detail,
    };
    if !wire.starts_with(&GZIP) {
        return match encoding(headers) {
            "" | "identity" | "gzip" | "x-gzip" => Ok(wire),
            other => Err(damaged(format!(
                "its content encoding is {other:?}, and only gzip was asked for"
            ))),
        };
    }
    let (limit_bytes, form) = most_inflated(wire.len(), config);
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
            form,
        });
    }
    Ok(body)
}

/// Returns the most bytes that so many on the wire may become, and what is said of more.
///
/// A bomb is small on the wire: what it may cost here follows from what it cost to send.
fn most_inflated(wire_bytes: usize, config: &FetchConfig) -> (usize, &'static str) {
    let by_ratio = wire_bytes
        .saturating_mul(config.max_ratio)
        .max(config.small_body_bytes);
    match by_ratio < config.max_body_bytes {
        true => (
            by_ratio,
            "inflated, far more than its size on the wire explains",
        ),
        false => (config.max_body_bytes, "inflated"),
    }
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

    /// A body of this size is in every corpus file and its changes: above it the ratio counts.
    const SMALL: usize = 4 << 10;

    const BODIES: [&[u8]; 6] = [
        include_bytes!("../../testdata/hostile/gzip/page.gz"),
        include_bytes!("../../testdata/hostile/gzip/members.gz"),
        include_bytes!("../../testdata/hostile/gzip/stored.gz"),
        include_bytes!("../../testdata/hostile/gzip/header.gz"),
        include_bytes!("../../testdata/hostile/gzip/zeros.gz"),
        include_bytes!("../../testdata/hostile/gzip/plain.json"),
    ];

    fn inflated_by(wire: Vec<u8>, max_ratio: usize) -> Result<Vec<u8>, FetchError> {
        let url = Url::parse("https://shop.example/products.json").unwrap();
        let config = FetchConfig {
            max_body_bytes: LIMIT,
            max_ratio,
            small_body_bytes: SMALL,
            ..FetchConfig::default()
        };
        inflate(wire, &HeaderMap::new(), &url, &config)
    }

    fn inflated(wire: Vec<u8>) -> Result<Vec<u8>, FetchError> {
        inflated_by(wire, MAX_RATIO)
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
            check_ratio(wire);
        });
    }

    /// Holds the ratio guard to its word: a body passes whole, or is refused for a size that its wire does not explain.
    fn check_ratio(bytes: &[u8]) {
        // The same bytes again and again: the ratio of a bomb, in all steps up to it.
        let body = bytes.repeat(1 + bytes.len() % 31);
        let packed = gzip(&body);
        let max_ratio = [1, 8, 200][bytes.len() % 3];
        let most = (packed.len() * max_ratio).clamp(SMALL, LIMIT);
        match inflated_by(packed, max_ratio) {
            Ok(inflated) => assert!(inflated == body && body.len() <= most),
            Err(FetchError::TooLarge { limit_bytes, .. }) => {
                assert!(limit_bytes == most && body.len() > most);
            }
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn what_a_small_wire_does_not_explain_is_refused_however_it_is_packed() {
        let page = b"{\"products\":[]}".repeat(2_000);
        assert_eq!(inflated_by(gzip(&page), 200).unwrap(), page);
        let error = inflated_by(gzip(&page), 10).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("far more than its size on the wire explains"),
            "{error}"
        );
        // Many small members are as much of a bomb as a large one, and a small body is none.
        let member = gzip(&vec![b' '; SMALL]);
        assert_eq!(inflated_by(member.clone(), 10).unwrap().len(), SMALL);
        assert!(inflated_by(member.repeat(100), 10).is_err());
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
