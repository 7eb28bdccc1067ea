//! Bodies that are not simply bytes: gzip, slow, cut, and very large ones.

use std::io::{self, Write};
use std::iter;
use std::time::Duration;

use axum::body::{Body, Bytes};
use flate2::write::GzEncoder;
use flate2::{Compress, Compression, Crc, FlushCompress};
use futures_util::stream;

/// Returns `bytes` as gzip.
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
    encoder
        .write_all(bytes)
        .and_then(|()| encoder.finish())
        .expect("writing to a vector does not fail")
}

/// Returns a body that pauses before each chunk.
pub(super) fn slow(bytes: Bytes, chunk_size: usize, delay: Duration) -> Body {
    let chunks = stream::unfold(bytes, move |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        tokio::time::sleep(delay).await;
        let chunk = rest.split_to(chunk_size.clamp(1, rest.len()));
        Some((io::Result::Ok(chunk), rest))
    });
    Body::from_stream(chunks)
}

/// Returns a body that sends the first half of `bytes` and then fails, which ends the connection.
pub(super) fn cut(mut bytes: Bytes) -> Body {
    bytes.truncate(bytes.len() / 2);
    let halves = stream::unfold(Some(bytes), |half| async move {
        if let Some(half) = half {
            return Some((Ok(half), None));
        }
        // Lets the server send the half before it learns that there is no more.
        tokio::task::yield_now().await;
        Some((Err(io::Error::from(io::ErrorKind::UnexpectedEof)), None))
    });
    Body::from_stream(halves)
}

/// Returns a body of `n_bytes`: a document without products, padded with spaces.
pub(super) fn huge(n_bytes: u64) -> Body {
    const START: &[u8] = br#"{"products":["#;
    const END: &[u8] = b"]}";
    let n_spaces = n_bytes.saturating_sub((START.len() + END.len()) as u64);
    let spaces = repeated(Bytes::from(vec![b' '; 1 << 16]), n_spaces);
    in_parts(
        iter::once(Bytes::from_static(START))
            .chain(spaces)
            .chain([Bytes::from_static(END)]),
    )
}

/// Returns gzip (RFC 1952) of `n_bytes` zeros without deflating them all.
///
/// A full flush makes a deflated block stand on its own, so that one block can be sent again and again.
pub(super) fn gzip_of_zeros(n_bytes: u64) -> Body {
    const HEADER: &[u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    const LAST_BLOCK: &[u8] = &[3, 0];
    let (n_whole, rest) = (
        n_bytes / MEBIBYTE as u64,
        (n_bytes % MEBIBYTE as u64) as usize,
    );
    let (block, block_crc) = deflated_zeros(MEBIBYTE);
    let (rest_block, rest_crc) = deflated_zeros(rest);
    let mut crc = Crc::new();
    for _ in 0..n_whole {
        crc.combine(&block_crc);
    }
    crc.combine(&rest_crc);
    let mut trailer = LAST_BLOCK.to_vec();
    trailer.extend(crc.sum().to_le_bytes());
    trailer.extend((n_bytes as u32).to_le_bytes()); // ISIZE is the size modulo 2^32.
    in_parts(
        iter::once(Bytes::from_static(HEADER))
            .chain((0..n_whole).map(move |_| block.clone()))
            .chain([rest_block, Bytes::from(trailer)]),
    )
}

/// Returns a body that never ends: gzip members (RFC 1952, 2.2) of no content.
pub(super) fn endless_gzip() -> Body {
    let members = Bytes::from(gzip(b"").repeat(1_000));
    in_parts(iter::repeat(members))
}

const MEBIBYTE: usize = 1 << 20;

fn deflated_zeros(n_bytes: usize) -> (Bytes, Crc) {
    let zeros = vec![0; n_bytes];
    let mut crc = Crc::new();
    crc.update(&zeros);
    let mut block = Vec::with_capacity(n_bytes / 100 + 1024);
    Compress::new(Compression::default(), false)
        .compress_vec(&zeros, &mut block, FlushCompress::Full)
        .expect("deflating into a large enough vector does not fail");
    (Bytes::from(block), crc)
}

fn repeated(chunk: Bytes, n_bytes: u64) -> impl Iterator<Item = Bytes> + Send {
    let chunk_size = chunk.len() as u64;
    let rest = chunk.slice(..(n_bytes % chunk_size) as usize);
    (0..n_bytes / chunk_size)
        .map(move |_| chunk.clone())
        .chain([rest])
}

fn in_parts(parts: impl Iterator<Item = Bytes> + Send + 'static) -> Body {
    Body::from_stream(stream::iter(parts.map(io::Result::Ok)))
}
