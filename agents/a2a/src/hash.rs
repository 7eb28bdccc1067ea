//! SHA-256 as text: tags of cards, hashes of requests, sums of lists.

use ring::digest::{Digest, SHA256, digest};

/// Returns the SHA-256 of `bytes` in lower-case hex.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&digest(&SHA256, bytes))
}

/// Returns a digest in lower-case hex.
pub(crate) fn hex(digest: &Digest) -> String {
    let bytes = digest.as_ref().iter();
    bytes.map(|byte| format!("{byte:02x}")).collect()
}
