//! The records of two stores side by side, in the order of their keys.

use std::cmp::Ordering;
use std::collections::VecDeque;

use catalog::{Record, RecordKey, RecordKind, Store, StoreError};

/// The most records in a block.
const MAX_BLOCK: usize = 200;

/// Records in the first block, before their size is known.
const FIRST_BLOCK: usize = 16;

/// What a block should have in all: a product can have 10,000 variants and years of history.
const BLOCK_BYTES: usize = 4 << 20;

/// Goes through the source's records of one kind, and finds each in the target.
pub(super) struct Lockstep<'a> {
    source: Reader<'a>,
    target: Reader<'a>,
}

/// A record of the source, and what the target has under its key.
pub(super) struct Pair {
    pub(super) key: RecordKey,
    pub(super) record: Record,
    /// The record's canonical form.
    pub(super) json: Vec<u8>,
    /// The canonical form of the target's record.
    pub(super) target_json: Option<Vec<u8>>,
}

impl<'a> Lockstep<'a> {
    pub(super) fn new(kind: RecordKind, source: &'a dyn Store, target: &'a dyn Store) -> Self {
        Self {
            source: Reader::new(kind, source),
            target: Reader::new(kind, target),
        }
    }

    /// Returns the next records of the source; none at the end.
    pub(super) async fn next_block(&mut self) -> Result<Vec<Pair>, StoreError> {
        if self.source.entries.is_empty() {
            self.source.read_block().await?;
        }
        let entries = std::mem::take(&mut self.source.entries);
        let mut pairs = Vec::with_capacity(entries.len());
        for Entry { key, record, json } in entries {
            let found = self.target.find(&key).await?;
            let target_json = found.map(|found| json_beside(&record, found));
            pairs.push(Pair {
                key,
                record,
                json,
                target_json,
            });
        }
        Ok(pairs)
    }
}

impl Pair {
    /// Returns whether the target has the record as it is.
    pub(super) fn is_equal(&self) -> bool {
        self.target_json.as_ref() == Some(&self.json)
    }
}

/// Returns the canonical form of the target's record.
///
/// A shop's epoch may be higher there, since it never falls: that is no difference.
fn json_beside(source: &Record, target: Entry) -> Vec<u8> {
    match (source, target.record) {
        (Record::Shop(source), Record::Shop(mut shop)) if shop.epoch > source.epoch => {
            shop.epoch = source.epoch;
            canonical_json(&Record::Shop(shop))
        }
        _ => target.json,
    }
}

/// Returns the record as JSON: fields in the order of their declaration, numbers in their shortest exact form.
fn canonical_json(record: &Record) -> Vec<u8> {
    serde_json::to_vec(record)
        .expect("records have text keys alone, and writing to memory succeeds")
}

/// A record and what was worked out of it.
struct Entry {
    key: RecordKey,
    record: Record,
    json: Vec<u8>,
}

/// Reads one kind of records of one store, block by block.
struct Reader<'a> {
    kind: RecordKind,
    store: &'a dyn Store,
    entries: VecDeque<Entry>,
    after: Option<RecordKey>,
    limit: usize,
    is_at_end: bool,
}

impl<'a> Reader<'a> {
    const fn new(kind: RecordKind, store: &'a dyn Store) -> Self {
        Self {
            kind,
            store,
            entries: VecDeque::new(),
            after: None,
            limit: FIRST_BLOCK,
            is_at_end: false,
        }
    }

    /// Returns the record with this key, which is behind all keys that were asked for before.
    async fn find(&mut self, key: &RecordKey) -> Result<Option<Entry>, StoreError> {
        loop {
            while let Some(first) = self.entries.front() {
                match first.key.cmp(key) {
                    Ordering::Less => drop(self.entries.pop_front()),
                    Ordering::Equal => return Ok(self.entries.pop_front()),
                    Ordering::Greater => return Ok(None),
                }
            }
            if self.is_at_end {
                return Ok(None);
            }
            self.read_block().await?;
        }
    }

    /// Reads the next block behind the entries that are there; nothing at the end.
    async fn read_block(&mut self) -> Result<(), StoreError> {
        if self.is_at_end {
            return Ok(());
        }
        let after = self.after.as_ref();
        let records = self.store.records(self.kind, after, self.limit).await?;
        self.is_at_end = records.len() < self.limit;
        let entries = records.into_iter().map(|record| Entry {
            key: record.key(),
            json: canonical_json(&record),
            record,
        });
        let entries: Vec<_> = entries.collect();
        if let Some(last) = entries.last() {
            self.after = Some(last.key.clone());
            let n_bytes = entries.iter().map(|entry| entry.json.len()).sum();
            self.limit = next_limit(self.limit, entries.len(), n_bytes);
        }
        self.entries.extend(entries);
        Ok(())
    }
}

/// Returns how many records the next block may have, after one of `n_records` with `n_bytes` in all: at most twice
/// as many, so that one large block is the worst that can come of small records before large ones.
fn next_limit(limit: usize, n_records: usize, n_bytes: usize) -> usize {
    let mean_bytes = (n_bytes / n_records.max(1)).max(1);
    (BLOCK_BYTES / mean_bytes).clamp(1, (2 * limit).min(MAX_BLOCK))
}

/// Names a record in a message.
pub(super) fn key_words(key: &RecordKey) -> String {
    match key {
        RecordKey::Shop(shop) => format!("the shop {}", shop.shown()),
        RecordKey::Product(id) => format!("the product {id}"),
        RecordKey::Crawl(crawl) => format!("crawl {} of {}", crawl.n, crawl.shop.shown()),
        RecordKey::Ranking(at, preset) => format!("the ranking {preset} of {at}"),
        RecordKey::Summary(subject, language, _) => {
            format!("the summary of {subject} in {language}")
        }
        RecordKey::Robots(origin) => format!("the robots.txt of {origin}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_grow_to_200_records_and_shrink_to_one() {
        assert_eq!(next_limit(16, 16, 16 * 1_000), 32);
        assert_eq!(next_limit(128, 128, 128 * 1_000), 200);
        assert_eq!(next_limit(200, 200, 200 << 20), 4);
        assert_eq!(next_limit(200, 1, 16 << 20), 1);
        assert_eq!(next_limit(1, 1, 10), 2);
    }
}
