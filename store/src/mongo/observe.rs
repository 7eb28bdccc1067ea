//! What adds rows to histories, and places in a shop's best-selling order.

use std::collections::{HashMap, HashSet};

use catalog::{CrawlTicket, Observation, ObservationKind, ProductId, RankSource, UnixMs};
use mongodb::bson::{Bson, RawDocument, RawDocumentBuf, doc};

use super::crawl::{check_fence, fence};
use super::decode;
use super::fault::Fault;
use super::finish::BATCH;
use super::keys::{observation_key, parse_product_key, product_key};
use super::product::{date, encode_observation, whole};
use super::steps::{FindArgs, Steps, Update};

/// Stores rows of histories, each with its product's key and its number.
///
/// Rows that a page left which did not get as far as its products are written over.
pub(super) async fn store_observations(
    steps: &mut Steps<'_>,
    rows: Vec<(&str, u64, RawDocumentBuf)>,
) -> Result<(), Fault> {
    if steps.may_insert() {
        let documents = rows.into_iter().map(|(_, _, document)| document).collect();
        return steps.insert("observations", documents).await;
    }
    let put = rows
        .iter()
        .map(|(product, n, document)| Update::put(&observation_key(product, *n), document));
    steps.update("observations", put.collect()).await?;
    Ok(())
}

/// Appends a row for each product whose place is another than the one observed last, or was read at another source, and
/// for each that lost its place, and returns their number.
pub(super) async fn ranks(
    steps: &mut Steps<'_>,
    ticket: &CrawlTicket,
    (ranks, n_read): (&[(ProductId, u32)], Option<u32>),
    source: RankSource,
    at: UnixMs,
) -> Result<u64, Fault> {
    check_fence(steps, ticket).await?;
    let places = places(ticket, ranks);
    let known = ranked_products(steps, &places).await?;
    let n_read = n_read.filter(|it| *it > 0);
    let placed = match n_read {
        Some(_) => with_a_place(steps, ticket, source).await?,
        None => Vec::new(),
    };
    let look = Look { ticket, source, at };
    let (mut rows, mut marks) = (Vec::new(), Vec::new());
    for (key, id, rank) in &places {
        let Some(product) = known.get(key) else {
            continue;
        };
        if (product.last_rank, product.last_source) != (Some(*rank), Some(source)) {
            let n = product.n_observations + 1;
            let row = look.row((*id).clone(), Some(*rank), None);
            rows.push((key.as_str(), n, encode_observation(key, n, &row)));
            marks.push(look.mark(key, n, Some(*rank))?);
        }
    }
    for (key, product) in placed.iter().filter(|(key, _)| !known.contains_key(key)) {
        let n = product.n_observations + 1;
        let row = look.row(parse_product_key(key)?, None, n_read);
        rows.push((key.as_str(), n, encode_observation(key, n, &row)));
        marks.push(look.mark(key, n, None)?);
    }
    let n_rows = rows.len() as u64;
    // The pass is written to, so that nobody takes the right to write away before these steps are done.
    let touched = Update::one(
        fence(ticket),
        doc! { "$set": { "ranked_at": date(at) }, "$inc": { "n_ranked": 1_i64 } },
    )?;
    if steps.update("crawls", vec![touched]).await?.n_matched == 0 {
        return Err(Fault::Fenced(ticket.crawl.shop.clone()));
    }
    store_observations(steps, rows).await?;
    steps.update("products", marks).await?;
    Ok(n_rows)
}

/// Whose look at an order it was, where and when.
#[derive(Clone, Copy)]
struct Look<'a> {
    ticket: &'a CrawlTicket,
    source: RankSource,
    at: UnixMs,
}

impl Look<'_> {
    fn row(&self, product: ProductId, rank: Option<u32>, n_places: Option<u32>) -> Observation {
        Observation {
            product,
            variant: None,
            kind: ObservationKind::Ranked,
            at: self.at,
            crawl: self.ticket.crawl.clone(),
            before: None,
            after: None,
            stock: None,
            content_hash: None,
            rank,
            source: Some(self.source),
            n_places,
            said_before: None,
        }
    }

    /// Returns what the product with `key` remembers of its newest row.
    fn mark(&self, key: &str, n: u64, rank: Option<u32>) -> Result<Update, Fault> {
        let mark = doc! {
            "last_rank": rank.map(i64::from),
            "last_source": self.source.name(),
            "n_observations": whole(n),
            "updated_at": date(self.at),
        };
        Update::one(doc! { "_id": key }, doc! { "$set": mark })
    }
}

/// A product's key and id, and its place.
type Place<'a> = (String, &'a ProductId, u32);

/// Returns the places of the ticket's shop. Of a product that comes twice the first one counts.
fn places<'a>(ticket: &CrawlTicket, ranks: &'a [(ProductId, u32)]) -> Vec<Place<'a>> {
    let mut handled = HashSet::with_capacity(ranks.len());
    let ours = ranks
        .iter()
        .filter(|(id, _)| id.shop == ticket.crawl.shop && handled.insert(id));
    ours.map(|(id, rank)| (product_key(id), id, *rank))
        .collect()
}

/// A product as far as its place in an order is concerned.
struct Ranked {
    n_observations: u64,
    last_rank: Option<u32>,
    last_source: Option<RankSource>,
}

async fn ranked_products(
    steps: &mut Steps<'_>,
    places: &[Place<'_>],
) -> Result<HashMap<String, Ranked>, Fault> {
    let keys: Vec<&str> = places.iter().map(|(key, _, _)| key.as_str()).collect();
    let known = doc! { "_id": { "$in": keys }, "gone_at": Bson::Null };
    let args = FindArgs {
        projection: Some(doc! { "n_observations": 1, "last_rank": 1, "last_source": 1 }),
        batch_size: u32::try_from(places.len() + 1).ok(),
        ..FindArgs::default()
    };
    let found = steps.find("products", known, args).await?;
    found.iter().map(|document| read_ranked(document)).collect()
}

/// Returns the shop's products whose last place was read at `source`, by key.
async fn with_a_place(
    steps: &mut Steps<'_>,
    ticket: &CrawlTicket,
    source: RankSource,
) -> Result<Vec<(String, Ranked)>, Fault> {
    let placed = doc! {
        "shop": ticket.crawl.shop.as_str(),
        "gone_at": Bson::Null,
        "last_source": source.name(),
        "last_rank": { "$gt": 0 },
    };
    let args = FindArgs {
        projection: Some(doc! { "n_observations": 1, "last_rank": 1, "last_source": 1 }),
        sort: Some(doc! { "_id": 1 }),
        batch_size: Some(BATCH),
        ..FindArgs::default()
    };
    let found = steps.find("products", placed, args).await?;
    found.iter().map(|document| read_ranked(document)).collect()
}

fn read_ranked(document: &RawDocument) -> Result<(String, Ranked), Fault> {
    #[derive(serde::Deserialize)]
    struct RankedDocument {
        #[serde(rename = "_id")]
        key: String,
        n_observations: u64,
        last_rank: Option<u32>,
        last_source: Option<RankSource>,
    }
    let read: RankedDocument = decode::fields(document, "a product")?;
    let ranked = Ranked {
        n_observations: read.n_observations,
        last_rank: read.last_rank,
        last_source: read.last_source,
    };
    Ok((read.key, ranked))
}
