//! Ends passes: how they really ended, and which products they show to be gone.

use std::collections::HashSet;

use catalog::{
    CrawlReport, CrawlTicket, NativeId, Observation, ObservationKind, Offer, Outcome, ProductId,
    UnixMs,
};
use mongodb::bson::{Bson, RawDocumentBuf, doc};

use super::crawl::{check_fence, fence};
use super::decode;
use super::decode_history::{self, StoredCrawl};
use super::fault::Fault;
use super::keys::{crawl_range, parse_product_key};
use super::observe::store_observations;
use super::product::{date, encode_observation, whole};
use super::steps::{Change, FindAndModify, FindArgs, Steps, Update};
use crate::rules::shrunk;

/// Small documents that come at once.
const BATCH: u32 = 20_000;

pub(super) async fn finish(
    steps: &mut Steps<'_>,
    ticket: &CrawlTicket,
    outcome: &Outcome,
    now: UnixMs,
) -> Result<CrawlReport, Fault> {
    let pass = check_fence(steps, ticket).await?;
    if pass.report.outcome.is_some() {
        return Ok(pass.report);
    }
    let is_done = outcome.is_done();
    let (outcome, gone) = settle(steps, ticket, &pass, outcome).await?;
    mark_gone(steps, ticket, &gone, now).await?;
    if outcome == Outcome::Complete {
        note_complete(steps, ticket, now).await?;
    }
    let reason = outcome.reason();
    let mut end = doc! {
        "outcome": outcome.word(),
        "stop": reason.map(|reason| reason.stop.name()),
        "detail": reason.map(|reason| &reason.detail),
        "finished_at": date(now),
        "updated_at": date(now),
    };
    if is_done {
        end.insert("next_page", Bson::Null);
    }
    let ended = FindAndModify {
        filter: fence(ticket),
        change: Change::Operators(
            doc! { "$set": end, "$inc": { "gone": whole(gone.len() as u64) } },
        ),
        upsert: false,
        returns_new: true,
        projection: Some(doc! { "kept_problems": 0 }),
    };
    match steps.find_and_modify("crawls", ended).await? {
        Some(document) => Ok(decode_history::crawl(&document)?.report),
        None => Err(Fault::Fenced(ticket.crawl.shop.clone())),
    }
}

/// Keeps the date, and of the pages only those of this pass.
async fn note_complete(
    steps: &mut Steps<'_>,
    ticket: &CrawlTicket,
    now: UnixMs,
) -> Result<(), Fault> {
    let shop = &ticket.crawl.shop;
    let noted = doc! { "$set": { "last_complete_at": date(now), "updated_at": date(now) } };
    let noted = Update::one(doc! { "_id": shop.as_str() }, noted)?;
    steps.update("shops", vec![noted]).await?;
    let (from, to) = crawl_range(shop);
    let older =
        doc! { "_id": { "$gte": from, "$lt": to }, "crawl_n": { "$lt": whole(ticket.crawl.n) } };
    steps.delete("pages", older).await?;
    Ok(())
}

/// A product that is known and was not found.
struct Gone {
    key: String,
    n_observations: u64,
    offer: Offer,
}

/// Returns how the pass really ended, and which products it shows to be gone.
async fn settle(
    steps: &mut Steps<'_>,
    ticket: &CrawlTicket,
    pass: &StoredCrawl,
    outcome: &Outcome,
) -> Result<(Outcome, Vec<Gone>), Fault> {
    let seen = match outcome {
        Outcome::Complete => seen_by(steps, ticket).await?,
        Outcome::Gone(_) => HashSet::new(),
        Outcome::Partial(_) | Outcome::Blocked(_) | Outcome::Failed(_) => {
            return Ok((outcome.clone(), Vec::new()));
        }
    };
    let missing = missing(steps, ticket, &seen).await?;
    if *outcome != Outcome::Complete {
        return Ok((outcome.clone(), missing));
    }
    Ok(
        match shrunk(pass.n_known, missing.len() as u64, seen.is_empty()) {
            None => (Outcome::Complete, missing),
            Some(reason) => (Outcome::Partial(reason), Vec::new()),
        },
    )
}

async fn seen_by(steps: &mut Steps<'_>, ticket: &CrawlTicket) -> Result<HashSet<NativeId>, Fault> {
    let (from, to) = crawl_range(&ticket.crawl.shop);
    let pages = doc! { "_id": { "$gte": from, "$lt": to }, "crawl_n": whole(ticket.crawl.n) };
    let args = FindArgs {
        projection: Some(doc! { "seen": 1 }),
        batch_size: Some(BATCH),
        ..FindArgs::default()
    };
    let mut seen = HashSet::new();
    for page in steps.find("pages", pages, args).await? {
        seen.extend(decode_history::seen(&page)?);
    }
    Ok(seen)
}

/// Returns the shop's products that are not gone and not in `seen`, in the order of their ids.
async fn missing(
    steps: &mut Steps<'_>,
    ticket: &CrawlTicket,
    seen: &HashSet<NativeId>,
) -> Result<Vec<Gone>, Fault> {
    let known = doc! { "shop": ticket.crawl.shop.as_str(), "gone_at": Bson::Null };
    let fields = doc! { "n_observations": 1, "in_stock": 1, "currency": 1, "price_min": 1 };
    let args = FindArgs {
        projection: Some(fields),
        sort: Some(doc! { "_id": 1 }),
        batch_size: Some(BATCH),
        ..FindArgs::default()
    };
    let mut missing = Vec::new();
    for document in steps.find("products", known, args).await? {
        let id = parse_product_key(document.get_str("_id")?)?;
        if !seen.contains(&id.native) {
            missing.push(read_missing(&document)?);
        }
    }
    Ok(missing)
}

fn read_missing(document: &RawDocumentBuf) -> Result<Gone, Fault> {
    #[derive(serde::Deserialize)]
    struct Known {
        #[serde(rename = "_id")]
        key: String,
        n_observations: u64,
        in_stock: bool,
        currency: Option<catalog::Currency>,
        price_min: Option<i64>,
    }
    let known: Known = decode::fields(document, "a product")?;
    Ok(Gone {
        key: known.key,
        n_observations: known.n_observations,
        offer: Offer {
            price: decode::money(known.price_min, known.currency)?,
            compare_at: None,
            available: Some(known.in_stock),
        },
    })
}

async fn mark_gone(
    steps: &mut Steps<'_>,
    ticket: &CrawlTicket,
    gone: &[Gone],
    now: UnixMs,
) -> Result<(), Fault> {
    let mut rows = Vec::with_capacity(gone.len());
    let mut marks = Vec::with_capacity(gone.len());
    for it in gone {
        let n = it.n_observations + 1;
        let product: ProductId = parse_product_key(&it.key)?;
        let row = Observation {
            product,
            variant: None,
            kind: ObservationKind::Gone,
            at: now,
            crawl: ticket.crawl.clone(),
            before: Some(it.offer),
            after: None,
            content_hash: None,
            rank: None,
            source: None,
        };
        rows.push((it.key.as_str(), n, encode_observation(&it.key, n, &row)));
        let mark =
            doc! { "gone_at": date(now), "n_observations": whole(n), "updated_at": date(now) };
        marks.push(Update::one(doc! { "_id": &it.key }, doc! { "$set": mark })?);
    }
    store_observations(steps, rows).await?;
    steps.update("products", marks).await?;
    Ok(())
}
