//! Lists that go from the store to a file block by block, so that memory does not grow with the store.

use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};
use catalog::StoreError;

use crate::output;

/// Rows that are asked of the store at a time.
pub(super) const BLOCK_ROWS: usize = 2_000;

/// Writes the rows of all blocks to `path`, and returns what `write` does: the number of lines.
///
/// A block with fewer than [`BLOCK_ROWS`] rows is the last.
pub(super) async fn write_blocks<Row: Send + 'static>(
    path: &Path,
    mut next_block: impl AsyncFnMut() -> Result<Vec<Row>, StoreError>,
    write: impl FnOnce(&mut dyn Iterator<Item = Row>, &mut dyn Write) -> io::Result<usize>
    + Send
    + 'static,
) -> Result<usize> {
    // The blocks come from an async store and plain code writes the file: a few blocks at a time go over. A
    // failure goes over too, so that the file is not taken for whole.
    let (sender, mut receiver) = tokio::sync::mpsc::channel::<Option<Vec<Row>>>(2);
    let read = async move {
        loop {
            let (block, failure) = match next_block().await {
                Ok(block) => (Some(block), Ok(())),
                Err(error) => (None, Err(error)),
            };
            let is_last = block.as_ref().is_none_or(|rows| rows.len() < BLOCK_ROWS);
            if sender.send(block).await.is_err() || is_last {
                return failure;
            }
        }
    };
    let path = path.to_owned();
    let written = tokio::task::spawn_blocking(move || {
        let mut n_lines = 0;
        output::write_to(&path, |out| {
            let mut has_failed = false;
            let blocks = std::iter::from_fn(|| receiver.blocking_recv());
            let mut rows = blocks
                .map_while(|block| {
                    has_failed = block.is_none();
                    block
                })
                .flatten();
            n_lines = write(&mut rows, out)?;
            match has_failed {
                true => Err(io::Error::other("the store failed")),
                false => Ok(()),
            }
        })?;
        Ok::<usize, anyhow::Error>(n_lines)
    });
    let (read, written) = tokio::join!(read, written);
    read?;
    written.context("the writer of the list failed")?
}
