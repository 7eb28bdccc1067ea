//! Whether a copy is equal: everything is read back from both sides.

use catalog::{RecordKey, RecordKind, Store, StoreError};
use xxhash_rust::xxh3::Xxh3;

use super::lockstep::{Lockstep, Pair};
use super::progress;
use crate::App;
use crate::output::grouped;

/// One kind of records on both sides. What only the target has does not count.
pub(super) struct Verified {
    pub(super) kind: RecordKind,
    pub(super) n_source: u64,
    pub(super) n_target: u64,
    /// The XXH3 of 128 bits of all records in their order, as 32 hexadecimal digits.
    pub(super) source_digest: String,
    pub(super) target_digest: String,
    pub(super) first_difference: Option<RecordKey>,
}

impl Verified {
    pub(super) fn is_equal(&self) -> bool {
        self.n_source == self.n_target && self.source_digest == self.target_digest
    }
}

/// Compares all records of the source with those that the target has under their keys; `None` if the user stopped it.
pub(super) async fn verify(
    source: &dyn Store,
    target: &dyn Store,
    app: &App,
) -> Result<Option<Vec<Verified>>, StoreError> {
    let mut verified = Vec::new();
    for kind in RecordKind::ALL {
        let bar = progress(kind, "verified", source, app).await?;
        let mut lockstep = Lockstep::new(kind, source, target);
        let mut comparison = Comparison::default();
        loop {
            if app.cancel.is_cancelled() {
                bar.finish_and_clear();
                return Ok(None);
            }
            let block = lockstep.next_block().await?;
            if block.is_empty() {
                break;
            }
            block.into_iter().for_each(|pair| comparison.add(pair));
            bar.set_position(comparison.source.n);
            if bar.length().is_none() {
                bar.set_message(grouped(comparison.source.n));
            }
        }
        bar.finish_and_clear();
        verified.push(comparison.verified(kind));
    }
    Ok(Some(verified))
}

#[derive(Default)]
struct Comparison {
    source: Side,
    target: Side,
    first_difference: Option<RecordKey>,
}

#[derive(Default)]
struct Side {
    n: u64,
    hash: Xxh3,
}

impl Comparison {
    fn add(&mut self, pair: Pair) {
        // A store forgets a robots.txt that is older than a day, which may be sooner than it is read back here.
        if pair.target_json.is_none() && pair.key.kind() == RecordKind::Robots {
            return;
        }
        self.source.add(&pair.json);
        if let Some(json) = &pair.target_json {
            self.target.add(json);
        }
        if self.first_difference.is_none() && !pair.is_equal() {
            self.first_difference = Some(pair.key);
        }
    }

    fn verified(self, kind: RecordKind) -> Verified {
        Verified {
            kind,
            n_source: self.source.n,
            n_target: self.target.n,
            source_digest: self.source.digest(),
            target_digest: self.target.digest(),
            first_difference: self.first_difference,
        }
    }
}

impl Side {
    fn add(&mut self, json: &[u8]) {
        self.n += 1;
        // A line end stands in no JSON of ours, so that no two lists of records give the same bytes.
        self.hash.update(json);
        self.hash.update(b"\n");
    }

    fn digest(&self) -> String {
        format!("{:032x}", self.hash.digest128())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use catalog::{Record, RobotsRecord, Summary, SummarySource, UnixMs};

    fn pair(key: RecordKey, record: Record, target: Option<&str>) -> Pair {
        Pair {
            key,
            record,
            json: b"right".to_vec(),
            target_json: target.map(|it| it.as_bytes().to_vec()),
        }
    }

    fn summary(subject: &str, target: Option<&str>) -> Pair {
        let record = Record::Summary(Box::new(Summary {
            subject: subject.to_owned(),
            language: "en".to_owned(),
            source: SummarySource::Extractive { instead: None },
            input_hash: String::new(),
            headline: String::new(),
            text: String::new(),
            claims: vec![],
            cautions: vec![],
            facts: vec![],
            facts_hash: String::new(),
            at: UnixMs::new(0),
        }));
        pair(record.key(), record, target)
    }

    fn compared(pairs: Vec<Pair>, kind: RecordKind) -> Verified {
        let mut comparison = Comparison::default();
        pairs.into_iter().for_each(|pair| comparison.add(pair));
        comparison.verified(kind)
    }

    #[test]
    fn the_first_record_that_is_missing_or_another_is_named() {
        for wrong in [None, Some("wrong")] {
            let pairs = vec![
                summary("a", Some("right")),
                summary("b", wrong),
                summary("c", None),
            ];
            let verified = compared(pairs, RecordKind::Summary);
            assert!(!verified.is_equal());
            assert_eq!(verified.n_source, 3);
            assert_eq!(verified.n_target, 1 + u64::from(wrong.is_some()));
            assert_eq!(verified.first_difference, Some(summary("b", None).key));
        }
        let pairs = vec![summary("a", Some("right")), summary("b", Some("right"))];
        let verified = compared(pairs, RecordKind::Summary);
        assert!(verified.is_equal());
        assert_eq!(verified.first_difference, None);
    }

    #[test]
    fn a_forgotten_robots_txt_is_no_difference_but_another_one_is() {
        let robots = |target| {
            let record = Record::Robots(Box::new(RobotsRecord {
                origin: "https://shop.example".to_owned(),
                status: 200,
                body: String::new(),
                fetched_at: UnixMs::new(0),
            }));
            vec![pair(record.key(), record, target)]
        };
        let forgotten = compared(robots(None), RecordKind::Robots);
        assert!(forgotten.is_equal());
        assert_eq!(forgotten.n_source, 0);
        assert!(!compared(robots(Some("wrong")), RecordKind::Robots).is_equal());
    }
}
