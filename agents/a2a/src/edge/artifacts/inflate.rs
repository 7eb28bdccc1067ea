//! The chunks of a result, read one after the other and inflated a little at a time.

use std::io::{self, Write};
use std::sync::Arc;

use axum::body::Bytes;
use catalog::{MAX_CHUNK_BYTES, StoreError, TaskId, TaskStore};
use flate2::write::MultiGzDecoder;

/// How much is inflated at once; it becomes four mebibytes at the most, the limit of the format being 1,032 times.
const PIECE_BYTES: usize = 4 << 10;

/// What is gathered before it is sent.
const SENT_BYTES: usize = 64 << 10;

/// The first bytes of anything that gzip packed.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A result that is being read. All its chunks but the last are as long as chunks may be: what stands behind a shorter
/// one was left by an earlier attempt to write the result.
#[derive(Debug)]
pub(super) struct Chunks {
    tasks: Arc<dyn TaskStore>,
    task: TaskId,
    name: String,
    /// The next chunk to be read.
    n: u32,
    /// What is left of the chunk before.
    chunk: Bytes,
    is_last: bool,
    inflater: Option<MultiGzDecoder<Vec<u8>>>,
}

impl Chunks {
    /// Opens a result; `None` if it has no bytes, as when they are no longer kept.
    pub(super) async fn open(
        tasks: Arc<dyn TaskStore>,
        task: TaskId,
        name: String,
    ) -> Result<Option<Self>, StoreError> {
        let chunk = tasks.chunk(&task, &name, 0).await?;
        Ok(chunk.map(|chunk| Self {
            tasks,
            task,
            name,
            n: 1,
            is_last: chunk.len() < MAX_CHUNK_BYTES,
            inflater: chunk
                .starts_with(&GZIP)
                .then(|| MultiGzDecoder::new(Vec::new())),
            chunk: chunk.into(),
        }))
    }

    /// Leaves the result as gzip packed it, if it did.
    pub(super) fn stay_packed(&mut self) -> bool {
        self.inflater.take().is_some()
    }

    /// Returns the next bytes, and what is to be read after them.
    pub(super) async fn next(mut self) -> io::Result<Option<(Bytes, Self)>> {
        let mut bytes = Vec::new();
        while bytes.len() < SENT_BYTES {
            if self.chunk.is_empty() && !self.read().await? {
                self.finish(&mut bytes)?;
                break;
            }
            self.inflate(&mut bytes)?;
        }
        Ok((!bytes.is_empty()).then(|| (bytes.into(), self)))
    }

    /// Reads the next chunk; false behind the last.
    async fn read(&mut self) -> io::Result<bool> {
        if self.is_last {
            return Ok(false);
        }
        let read = self.tasks.chunk(&self.task, &self.name, self.n).await;
        let Some(chunk) = read.map_err(io::Error::other)? else {
            return Ok(false);
        };
        self.n += 1;
        self.is_last = chunk.len() < MAX_CHUNK_BYTES;
        self.chunk = chunk.into();
        Ok(true)
    }

    fn inflate(&mut self, bytes: &mut Vec<u8>) -> io::Result<()> {
        let Some(inflater) = &mut self.inflater else {
            bytes.extend_from_slice(&std::mem::take(&mut self.chunk));
            return Ok(());
        };
        let piece = self.chunk.split_to(self.chunk.len().min(PIECE_BYTES));
        inflater.write_all(&piece)?;
        bytes.append(inflater.get_mut());
        Ok(())
    }

    /// Takes what the inflater still holds, and fails if the end is missing.
    fn finish(&mut self, bytes: &mut Vec<u8>) -> io::Result<()> {
        if let Some(mut inflater) = self.inflater.take() {
            inflater.try_finish()?;
            bytes.append(inflater.get_mut());
        }
        Ok(())
    }
}
