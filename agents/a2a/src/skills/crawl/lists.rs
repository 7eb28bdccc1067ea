//! The lists of products that a task writes: CSV and JSON lines, packed, in pieces that the store takes.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use catalog::csv::{Format, ProductWriter};
use catalog::{ClaimedItem, MAX_CHUNK_BYTES, ProductRow, StoreError};
use flate2::Compression;
use flate2::write::GzEncoder;
use ring::digest::{Context as Digest, SHA256};
use serde_json::{Value, json};

use crate::Context;
use crate::hash::hex;
use crate::lock::lock;

/// One list while it is written. Memory: what is packed and not stored yet, which is less than two pieces.
pub(super) struct List {
    name: &'static str,
    media_type: &'static str,
    writer: ProductWriter<Shared>,
    packer: Shared,
    n_rows: u64,
    n_stored: u32,
}

/// What a list's writer writes to; the list itself takes the packed bytes out of it.
#[derive(Clone)]
struct Shared(Arc<Mutex<Packer>>);

struct Packer {
    gzip: GzEncoder<Vec<u8>>,
    digest: Digest,
    n_bytes: u64,
}

impl List {
    pub(super) fn csv() -> io::Result<Self> {
        Self::new("products.csv", "text/csv", Format::Csv)
    }

    pub(super) fn ndjson() -> io::Result<Self> {
        Self::new("products.ndjson", "application/x-ndjson", Format::Jsonl)
    }

    fn new(name: &'static str, media_type: &'static str, format: Format) -> io::Result<Self> {
        let packer = Shared(Arc::new(Mutex::new(Packer {
            gzip: GzEncoder::new(Vec::new(), Compression::default()),
            digest: Digest::new(&SHA256),
            n_bytes: 0,
        })));
        Ok(Self {
            name,
            media_type,
            writer: ProductWriter::new(format, packer.clone())?,
            packer,
            n_rows: 0,
            n_stored: 0,
        })
    }

    /// Writes rows. Takes a millisecond for some hundreds.
    pub(super) fn write(&mut self, rows: &[ProductRow]) -> io::Result<()> {
        for row in rows {
            self.writer.write(row)?;
        }
        self.n_rows += rows.len() as u64;
        Ok(())
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

    /// Stores the rest, and returns the part of the artifact that leads to the list.
    pub(super) async fn finish(
        mut self,
        claimed: &ClaimedItem,
        context: &Context,
    ) -> Result<Value, StoreError> {
        self.store(claimed, context).await?;
        let Self { name, n_rows, .. } = self;
        let written = self.writer.finish();
        let whole = written.and_then(|()| self.packer.finish());
        let (packed, sha256, n_bytes) = whole.map_err(|error| failed(context, &error))?;
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

impl Shared {
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

impl Write for Shared {
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

/// Returns the name under which this attempt's pieces are kept: those of two attempts never meet in one list.
fn chunks_of(name: &str, claimed: &ClaimedItem) -> String {
    format!("{name}.{}-{}", claimed.lease.n, claimed.lease.epoch)
}

/// Returns the error of a list that could not be written, which is in memory: a fault of the program.
pub(super) fn failed(context: &Context, error: &dyn std::error::Error) -> StoreError {
    StoreError::Failed {
        doing: "write the list of products",
        location: context.store.location().to_owned(),
        detail: error.to_string(),
    }
}
