//! What the sight of a product changes: its document, and the rows of its history.

use catalog::{
    CrawlTicket, NativeId, Observation, ObservationKind, PageCounts, Problem, ProblemKind, Product,
    UnixMs,
};
use mongodb::bson::{Bson, RawDocumentBuf, doc};

use super::fault::Fault;
use super::observe::store_observations;
use super::page::{Hashed, Known};
use super::product::{Facts, MAX_DOCUMENT_BYTES, date, encode_observation, encode_product, whole};
use super::steps::{Steps, Update};
use crate::seen_again::{changed_offers, over, whole_offer};

/// What a page changes, product by product.
#[derive(Default)]
pub(super) struct Changes<'a> {
    pub(super) sights: Sights,
    /// Documents of products that were not known.
    new: Vec<(&'a str, RawDocumentBuf)>,
    /// Documents of products that changed.
    changed: Vec<(&'a str, RawDocumentBuf)>,
    /// Products that are back with the same content.
    back: Vec<Update>,
    rows: Vec<(&'a str, u64, RawDocumentBuf)>,
}

/// What a page saw.
#[derive(Default)]
pub(super) struct Sights {
    pub(super) counts: PageCounts,
    pub(super) seen: Vec<NativeId>,
    /// Products that do not fit into the database.
    pub(super) refused: Vec<Problem>,
}

impl<'a> Changes<'a> {
    /// Takes in what the page says of one product.
    pub(super) fn see(
        &mut self,
        ticket: &CrawlTicket,
        at: UnixMs,
        (index, it): (usize, &'a Hashed<'_>),
        known: Option<&Known>,
    ) -> Result<(), Fault> {
        let mut facts = known.map_or(
            Facts {
                first_seen_at: at,
                stored_at: at,
                gone_at: None,
                n_observations: 0,
                last_rank: None,
                last_source: None,
            },
            |known| known.facts,
        );
        let is_gone = facts.gone_at.take().is_some();
        let is_same = known.is_some_and(|known| known.hash == it.hash_text);
        let rows = rows_of(ticket, at, it, known, (is_gone, is_same))?;
        let first_n = facts.n_observations + 1;
        facts.n_observations += rows.len() as u64;
        facts.stored_at = at;
        if !is_same {
            let variants = known.and_then(|known| known.variants.as_deref());
            let product = over(variants.unwrap_or_default(), it.product);
            let document = encode_product(&product, &it.hash_text, &facts);
            if document.as_bytes().len() > MAX_DOCUMENT_BYTES {
                self.sights.refuse(
                    index,
                    it.product,
                    document.as_bytes().len(),
                    known.is_some(),
                );
                return Ok(());
            }
            match known {
                None => self.new.push((&it.key, document)),
                Some(_) => self.changed.push((&it.key, document)),
            }
        } else if is_gone {
            self.back.push(Update::one(
                doc! { "_id": &it.key },
                doc! { "$set": {
                    "gone_at": Bson::Null,
                    "stored_at": date(at),
                    "n_observations": whole(facts.n_observations),
                    "updated_at": date(at),
                } },
            )?);
        }
        for (row, n) in rows.iter().zip(first_n..) {
            self.rows
                .push((&it.key, n, encode_observation(&it.key, n, row)));
        }
        self.sights
            .count(it.product, known.is_some(), is_gone, is_same);
        Ok(())
    }

    /// Returns whether no product is to be written.
    pub(super) fn is_empty(&self) -> bool {
        self.new.is_empty() && self.changed.is_empty() && self.back.is_empty()
    }

    pub(super) async fn store(&mut self, steps: &mut Steps<'_>) -> Result<(), Fault> {
        store_observations(steps, std::mem::take(&mut self.rows)).await?;
        let new = std::mem::take(&mut self.new);
        if self.changed.is_empty() && self.back.is_empty() && steps.may_insert() {
            // Most pages of a first pass: servers take new documents much faster than those that may be known.
            let documents = new.into_iter().map(|(_, document)| document).collect();
            return steps.insert("products", documents).await;
        }
        let mut updates = std::mem::take(&mut self.back);
        let put = new.iter().chain(&self.changed);
        updates.extend(put.map(|(key, document)| Update::put(key, document)));
        steps.update("products", updates).await?;
        Ok(())
    }
}

impl Sights {
    fn count(&mut self, product: &Product, is_known: bool, is_gone: bool, is_same: bool) {
        let counts = &mut self.counts;
        match (is_known, is_same) {
            (false, _) => counts.new += 1,
            (true, false) => counts.changed += 1,
            (true, true) => counts.unchanged += 1,
        }
        counts.back += u64::from(is_gone);
        self.seen.push(product.id.native.clone());
    }

    /// Notes a product that is too big; what is stored of it already stays, and is not gone.
    fn refuse(&mut self, index: usize, product: &Product, size: usize, is_known: bool) {
        let megabytes = size as f64 / 1e6;
        let detail = format!("takes {megabytes:.1} MB; MongoDB stores at most 16 MB per document");
        let kind = ProblemKind::ProductRefused;
        let native = &product.id.native;
        self.refused
            .push(Problem::of_product(kind, index, Some(native), detail));
        if is_known {
            self.seen.push(native.clone());
        }
    }
}

/// Returns the rows that the sight of a product adds to its history.
fn rows_of(
    ticket: &CrawlTicket,
    at: UnixMs,
    it: &Hashed<'_>,
    known: Option<&Known>,
    (is_gone, is_same): (bool, bool),
) -> Result<Vec<Observation>, Fault> {
    let row = |kind, variant: Option<&str>, before, after| Observation {
        product: it.product.id.clone(),
        variant: variant.map(str::to_owned),
        kind,
        at,
        crawl: ticket.crawl.clone(),
        before,
        after,
        stock: None,
        content_hash: Some(it.hash),
        rank: None,
        source: None,
        n_places: None,
        said_before: None,
    };
    let whole_product = |kind| row(kind, None, None, Some(whole_offer(it.product)));
    let Some(known) = known else {
        return Ok(vec![whole_product(ObservationKind::New)]);
    };
    let mut rows = Vec::new();
    if is_gone {
        rows.push(whole_product(ObservationKind::Back));
    }
    if !is_same {
        let changed = |it: &Hashed<'_>| format!("the variants of {} are missing", it.product.id);
        let before = known
            .variants
            .as_deref()
            .ok_or_else(|| Fault::Damaged(changed(it)))?;
        for changed in changed_offers(before, &it.product.variants) {
            let (variant, kind) = (Some(changed.variant), ObservationKind::Changed);
            rows.push(Observation {
                stock: changed.stock,
                said_before: changed.said_before,
                ..row(kind, variant, changed.before, changed.after)
            });
        }
    }
    Ok(rows)
}
