//! The lists of products that a task writes: CSV and JSON lines.

use std::io;

use catalog::csv::{Format, ProductWriter};
use catalog::{ClaimedItem, ProductRow, StoreError};
use serde_json::Value;

use crate::Context;
use crate::skills::packed::{Packed, Writer, failed};

/// One list while it is written.
pub(super) struct List {
    writer: ProductWriter<Writer>,
    packed: Packed,
    n_rows: u64,
}

impl List {
    pub(super) fn csv() -> io::Result<Self> {
        Self::new("products.csv", "text/csv", Format::Csv)
    }

    pub(super) fn ndjson() -> io::Result<Self> {
        Self::new("products.ndjson", "application/x-ndjson", Format::Jsonl)
    }

    fn new(name: &'static str, media_type: &'static str, format: Format) -> io::Result<Self> {
        let packed = Packed::new(name, media_type);
        Ok(Self {
            writer: ProductWriter::new(format, packed.writer())?,
            packed,
            n_rows: 0,
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

    /// Stores what is packed by now.
    pub(super) async fn store(
        &mut self,
        claimed: &ClaimedItem,
        context: &Context,
    ) -> Result<(), StoreError> {
        self.packed.store(claimed, context).await
    }

    /// Stores the rest, and returns the part of the artifact that leads to the list.
    pub(super) async fn finish(
        self,
        claimed: &ClaimedItem,
        context: &Context,
    ) -> Result<Value, StoreError> {
        let written = self.writer.finish();
        written.map_err(|error| failed(context, &error))?;
        self.packed.finish(self.n_rows, claimed, context).await
    }
}
