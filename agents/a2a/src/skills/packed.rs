//! Long results of a task: packed while they are written, in pieces that the store takes.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use catalog::{ClaimedItem, MAX_CHUNK_BYTES, StoreError};
use flate2::Compression;
use flate2::write::GzEncoder;
use ring::digest::{Context as Digest, SHA256};
use serde_json::{Value, json};

use crate::Context;
use crate::hash::hex;
use crate::lock::lock;

/// One result while it is written. Memory: what is packed and not stored yet, which is less than two pieces.
pub(super) struct Packed {
    name: &'static str,
    media_type: &'static str,
    packer: Writer,
    n_stored: u32,
}

/// What a result is written to; [`Packed`] takes the packed bytes out of it.
#[derive(Clone)]
pub(super) struct Writer(Arc<Mutex<Packer>>);

struct Packer {
    gzip: GzEncoder<Vec<u8>>,
    digest: Digest,
    n_bytes: u64,
}

impl Packed {
    pub(super) fn new(name: &'static str, media_type: &'static str) -> Self {
        let packer = Writer(Arc::new(Mutex::new(Packer {
            gzip: GzEncoder::new(Vec::new(), Compression::default()),
            digest: Digest::new(&SHA256),
            n_bytes: 0,
        })));
        Self {
            name,
            media_type,
            packer,
            n_stored: 0,
        }
    }

    pub(super) fn writer(&self) -> Writer {
        self.packer.clone()
    }

    /// Stores the whole pieces that are packed by now.
    pub(super) async fn store(
        &mut self,
        claimed: &ClaimedItem,
        context: &Context,
    ) -> Result<(), StoreError> {
        while let Some(piece) = self.packer.take_piece() {
            put(self.name, self.n_stored, piece, claimed, context).await?;
            self.n_stored += 1;
        }
        Ok(())
    }

    /// Stores the rest, and returns the part of the artifact that leads to the result, which has so many rows.
    pub(super) async fn finish(
        mut self,
        n_rows: u64,
        claimed: &ClaimedItem,
        context: &Context,
    ) -> Result<Value, StoreError> {
        self.store(claimed, context).await?;
        let whole = self.packer.finish();
        let (packed, sha256, n_bytes) = whole.map_err(|error| failed(context, &error))?;
        let name = self.name;
        for (piece, n) in packed.chunks(MAX_CHUNK_BYTES).zip(self.n_stored..) {
            put(name, n, piece.to_vec(), claimed, context).await?;
        }
        let task = &claimed.item.task;
        Ok(json!({
            // Whoever shows it puts the address before it that callers know.
            "url": format!("/artifacts/{task}/{name}"),
            "chunks": chunks_of(name, claimed),
            "filename": name,
            "mediaType": self.media_type,
            "metadata": { "rows": n_rows, "bytes": n_bytes, "sha256": sha256 },
        }))
    }
}

impl Writer {
    /// Returns the next whole piece, if it is packed.
    fn take_piece(&self) -> Option<Vec<u8>> {
        let mut packer = lock(&self.0);
        let packed = packer.gzip.get_mut();
        if packed.len() < MAX_CHUNK_BYTES {
            return None;
        }
        let rest = packed.split_off(MAX_CHUNK_BYTES);
        Some(std::mem::replace(packed, rest))
    }

    /// Returns the rest that is packed, with the SHA-256 and the number of all bytes before they were.
    fn finish(&self) -> io::Result<(Vec<u8>, String, u64)> {
        let mut packer = lock(&self.0);
        packer.gzip.try_finish()?;
        let packed = std::mem::take(packer.gzip.get_mut());
        let digest = packer.digest.clone().finish();
        Ok((packed, hex(&digest), packer.n_bytes))
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut packer = lock(&self.0);
        let n_taken = packer.gzip.write(bytes)?;
        packer.digest.update(&bytes[..n_taken]);
        packer.n_bytes += n_taken as u64;
        Ok(n_taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        // Nothing is gained by an early end of a block.
        Ok(())
    }
}

async fn put(
    name: &str,
    n: u32,
    piece: Vec<u8>,
    claimed: &ClaimedItem,
    context: &Context,
) -> Result<(), StoreError> {
    let name = chunks_of(name, claimed);
    let tasks = &context.tasks;
    tasks.put_chunk(&claimed.lease, &name, n, piece).await
}

/// Returns the name under which this attempt's pieces are kept: those of two attempts never meet in one result.
fn chunks_of(name: &str, claimed: &ClaimedItem) -> String {
    format!("{name}.{}-{}", claimed.lease.n, claimed.lease.epoch)
}

/// Returns the error of a result that could not be written, which is in memory: a fault of the program.
pub(super) fn failed(context: &Context, error: &dyn std::error::Error) -> StoreError {
    StoreError::Failed {
        doing: "write a list",
        location: context.store.location().to_owned(),
        detail: error.to_string(),
    }
}
