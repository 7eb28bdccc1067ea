//! Ends passes: how they really ended, and which products they show to be gone.

use std::collections::HashSet;

use catalog::{
    CrawlReport, CrawlTicket, NativeId, Observation, ObservationKind, Offer, Outcome, ProblemKind,
    ProductId, Stop, UnixMs,
};
use mongodb::bson::{Bson, Document, RawDocumentBuf, doc};

use super::crawl::{announce_changes, check_fence, fence};
use super::decode;
use super::decode_history::{self, StoredCrawl};
use super::fault::Fault;
use super::keys::{crawl_range, parse_product_key};
use super::observe::store_observations;
use super::product::{date, encode_observation, whole};
use super::steps::{Change, FindAndModify, FindArgs, Steps, Update, number};
use crate::rules::{Doubted, Found, MOST_DOUBTED};

/// Small documents that come at once.
pub(super) const BATCH: u32 = 20_000;

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
    let (outcome, gone) = settle(steps, ticket, &pass, outcome, now).await?;
    if !gone.is_empty() {
        announce_changes(steps, ticket, 0).await?;
    }
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

/// Returns the first `limit` products that are missing so far, by their ids.
pub(super) async fn missing_products(
    steps: &mut Steps<'_>,
    ticket: &CrawlTicket,
    limit: usize,
) -> Result<Vec<(ProductId, String)>, Fault> {
    let pass = check_fence(steps, ticket).await?;
    let (seen, _) = seen_by(steps, ticket).await?;
    let counts = pass.report.counts;
    let n_known_now = pass.n_known + counts.new + counts.back;
    // A step that was cut off may have left counters behind.
    if steps.are_atomic() && seen.len() as u64 == n_known_now {
        return Ok(Vec::new());
    }
    let mut missing = missing(steps, ticket, &seen, doc! { "handle": 1 }).await?;
    missing.truncate(limit);
    let with_handle = |(id, document): (ProductId, RawDocumentBuf)| {
        Ok((id, document.get_str("handle")?.to_owned()))
    };
    missing.into_iter().map(with_handle).collect()
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
    now: UnixMs,
) -> Result<(Outcome, Vec<Gone>), Fault> {
    let (seen, n_refused) = match outcome {
        Outcome::Complete => seen_by(steps, ticket).await?,
        Outcome::Gone(_) => (HashSet::new(), 0),
        Outcome::Partial(_) | Outcome::Blocked(_) | Outcome::Failed(_) => {
            return Ok((outcome.clone(), Vec::new()));
        }
    };
    let fields = doc! { "n_observations": 1, "in_stock": 1, "availability": 1, "currency": 1, "price_min": 1 };
    let missing = missing(steps, ticket, &seen, fields).await?;
    let missing = missing.iter().map(|(_, it)| read_missing(it));
    let missing: Vec<Gone> = missing.collect::<Result<_, _>>()?;
    if *outcome != Outcome::Complete {
        return Ok((outcome.clone(), missing));
    }
    let report = &pass.report;
    let found = Found {
        n_stated: report.notes.n_stated.unwrap_or(0),
        began_at: report.started_at,
        n_pages: report.counts.pages,
        n_products: report.counts.products,
        n_refused,
        n_known: pass.n_known,
        n_missing: missing.len() as u64,
    };
    if found.is_doubtful()
        && let Some(reason) = found.doubt(&doubted(steps, ticket, found.most_alike()).await?, now)
    {
        return Ok((Outcome::Partial(reason), Vec::new()));
    }
    Ok((Outcome::Complete, missing))
}

/// Returns the passes before this one that were too small to be believed, newest first: up to the last one that was, or that
/// saw more than `most` products, however it ended.
async fn doubted(
    steps: &mut Steps<'_>,
    ticket: &CrawlTicket,
    most: u64,
) -> Result<Vec<Doubted>, Fault> {
    let (from, to) = crawl_range(&ticket.crawl.shop);
    let earlier = doc! { "$gte": from, "$lt": to };
    let newest_first = |limit| FindArgs {
        projection: Some(doc! { "kept_problems": 0 }),
        sort: Some(doc! { "_id": -1 }),
        limit: Some(limit),
        ..FindArgs::default()
    };
    let believed = doc! {
        "_id": earlier.clone(),
        "n": { "$lt": whole(ticket.crawl.n) },
        "$or": [
            { "outcome": { "$in": ["complete", "gone"] } },
            { "stop": { "$ne": Stop::Shrunk.name() }, "products": { "$gt": whole(most) } },
        ],
    };
    let believed = steps.find("crawls", believed, newest_first(1)).await?;
    let believed_n = match believed.first() {
        Some(document) => number(document, "n")?,
        None => 0,
    };
    let doubted = doc! {
        "_id": earlier,
        "n": { "$gt": whole(believed_n), "$lt": whole(ticket.crawl.n) },
        "stop": Stop::Shrunk.name(),
    };
    let doubted = steps.find("crawls", doubted, newest_first(MOST_DOUBTED));
    let mut passes = Vec::new();
    for document in doubted.await? {
        let report = decode_history::crawl(&document)?.report;
        passes.extend(report.finished_at.map(|ended_at| Doubted {
            ended_at,
            n_products: report.counts.products,
        }));
    }
    Ok(passes)
}

/// Returns the products that the pages of a pass have seen, and how many products on them could not be read.
async fn seen_by(
    steps: &mut Steps<'_>,
    ticket: &CrawlTicket,
) -> Result<(HashSet<NativeId>, u64), Fault> {
    let (from, to) = crawl_range(&ticket.crawl.shop);
    let pages = doc! { "_id": { "$gte": from, "$lt": to }, "crawl_n": whole(ticket.crawl.n) };
    let args = FindArgs {
        projection: Some(doc! { "seen": 1, "kinds": 1 }),
        batch_size: Some(BATCH),
        ..FindArgs::default()
    };
    let (mut seen, mut n_refused) = (HashSet::new(), 0);
    for page in steps.find("pages", pages, args).await? {
        seen.extend(decode_history::seen(&page)?);
        let kinds = decode_history::problem_kinds(&page)?;
        n_refused += kinds
            .get(&ProblemKind::ProductRefused)
            .copied()
            .unwrap_or(0);
    }
    Ok((seen, n_refused))
}

/// Returns these fields of the shop's products that are not gone and not in `seen`, in the order of their ids.
async fn missing(
    steps: &mut Steps<'_>,
    ticket: &CrawlTicket,
    seen: &HashSet<NativeId>,
    fields: Document,
) -> Result<Vec<(ProductId, RawDocumentBuf)>, Fault> {
    let known = doc! { "shop": ticket.crawl.shop.as_str(), "gone_at": Bson::Null };
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
            missing.push((id, document));
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
        availability: Option<f64>,
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
            available: known.availability.map(|_| known.in_stock),
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
            stock: None,
            content_hash: None,
            rank: None,
            source: None,
            n_places: None,
            said_before: None,
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
