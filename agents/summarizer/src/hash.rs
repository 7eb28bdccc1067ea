//! SHA-256 as text: what facts and inputs are recognized by.

use ring::digest::{SHA256, digest};

/// Returns the SHA-256 of `bytes` in lower-case hex.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let digest = digest(&SHA256, bytes);
    let bytes = digest.as_ref().iter();
    bytes.map(|byte| format!("{byte:02x}")).collect()
}
