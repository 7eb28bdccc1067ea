//! Stores one page of a pass: at most six commands, whatever its size, where the server has transactions.
//!
//! Without them the order counts: a mark that the pass changes products, then rows of the history, which do not exist
//! before their product says so, then the products, then the page, and the pass with its checkpoint last.

use std::collections::HashMap;

use catalog::{ContentHash, CrawlTicket, PageCounts, PageWrite, Problem, Product, UnixMs, Variant};
use mongodb::bson::{
    Bson, DateTime, Document, RawArrayBuf, RawDocument, doc, rawdoc, serialize_to_bson,
};

use super::crawl::{FENCED_OFF, announce_changes, check_fence, fence};
use super::decode;
use super::decode_history;
use super::fault::Fault;
use super::held::{Held, present};
use super::keys::{native, page_key, product_key};
use super::product::{Facts, date, whole};
use super::sight::Changes;
use super::steps::{Change, FindAndModify, Steps, Update, number};
use super::tasks::PageEntry;
use super::versions;
use crate::rules::MAX_PROBLEMS;

/// A page and what is worked out of it before the server is asked anything.
pub(super) struct HashedPage<'a> {
    page: &'a PageWrite,
    products: Vec<Hashed<'a>>,
    pub(super) entry: Option<PageEntry<'a>>,
}

/// A product with its key and its content hash.
pub(super) struct Hashed<'a> {
    pub(super) product: &'a Product,
    pub(super) key: String,
    pub(super) hash: ContentHash,
    pub(super) hash_text: String,
}

impl<'a> HashedPage<'a> {
    pub(super) fn new(page: &'a PageWrite) -> Self {
        let hashed = |product: &'a Product| {
            let hash = product.content_hash();
            Hashed {
                product,
                key: product_key(&product.id),
                hash,
                hash_text: hash.to_string(),
            }
        };
        Self {
            page,
            products: page.products.iter().map(hashed).collect(),
            entry: page.task_entry.as_ref().map(PageEntry::new),
        }
    }
}

pub(super) async fn apply(
    steps: &mut Steps<'_>,
    ticket: &CrawlTicket,
    hashed: &HashedPage<'_>,
) -> Result<PageCounts, Fault> {
    let ids = hashed.page.products.iter().map(|it| &it.id);
    let mut ids = ids.chain(&hashed.page.present);
    if let Some(id) = ids.find(|id| id.shop != ticket.crawl.shop) {
        let shop = &ticket.crawl.shop;
        return Err(Fault::Failed(format!("{id} is no product of {shop}")));
    }
    if ticket.epoch == FENCED_OFF {
        return Err(Fault::Fenced(ticket.crawl.shop.clone()));
    }
    if !steps.are_atomic() {
        check_fence(steps, ticket).await?;
    }
    let entry = match &hashed.entry {
        Some(entry) => entry.admit(steps).await?,
        None => None,
    };
    let known = known_products(steps, hashed).await?;
    let mut changes = Changes::default();
    for (index, it) in hashed.products.iter().enumerate() {
        let known = known.get(it.key.as_str());
        changes.see(ticket, hashed.page.at, (index, it), known)?;
    }
    let mut held = Held::given(hashed.page, &changes.sights);
    if hashed.page.not_modified {
        held.take_over(versions::held(steps, ticket, hashed.page.page).await?);
    }
    held.add_present(present(steps, &hashed.page.present).await?);
    if !changes.is_empty() {
        announce_changes(steps, ticket, hashed.page.page).await?;
    }
    changes.store(steps).await?;
    record_page(steps, ticket, hashed.page, &held, entry).await?;
    Ok(held.counts)
}

/// A product as the store knows it.
pub(super) struct Known {
    pub(super) hash: String,
    /// With no time of storing, which this page sets anew.
    pub(super) facts: Facts,
    /// Left out where the hash is the one on the page.
    pub(super) variants: Option<Vec<Variant>>,
}

/// Returns what is known of the page's products, by key, with the variants of those that changed.
async fn known_products(
    steps: &mut Steps<'_>,
    hashed: &HashedPage<'_>,
) -> Result<HashMap<String, Known>, Fault> {
    if hashed.products.is_empty() {
        return Ok(HashMap::new());
    }
    let found = steps
        .aggregate_raw(
            "products",
            known_pipeline(hashed),
            hashed.products.len() + 1,
        )
        .await?;
    found.iter().map(|document| read_known(document)).collect()
}

/// Returns the stages that find the page's products, as bytes: there are some for every page.
fn known_pipeline(hashed: &HashedPage<'_>) -> RawArrayBuf {
    let keys: RawArrayBuf = hashed.products.iter().map(|it| it.key.as_str()).collect();
    // Key and hash together, since a product may have now what another one had before.
    let contents: RawArrayBuf = hashed
        .products
        .iter()
        .map(|it| format!("{} {}", it.key, it.hash_text))
        .collect();
    let content = rawdoc! { "$concat": ["$_id", " ", "$hash"] };
    let mut is_same = RawArrayBuf::new();
    is_same.push(content);
    is_same.push(contents);
    let variants = rawdoc! { "$cond": [{ "$in": is_same }, "$$REMOVE", "$variants"] };
    let mut pipeline = RawArrayBuf::new();
    pipeline.push(rawdoc! { "$match": { "_id": { "$in": keys } } });
    pipeline.push(rawdoc! { "$project": {
        "hash": 1, "first_seen_at": 1, "gone_at": 1, "n_observations": 1, "last_rank": 1, "last_source": 1,
        "variants": variants,
    } });
    pipeline
}

/// Reads field by field, which takes half the time of a derived reader.
fn read_known(document: &RawDocument) -> Result<(String, Known), Fault> {
    let (mut key, mut hash, mut first_seen_at, mut gone_at) = (None, None, None, None);
    let (mut n_observations, mut last_rank, mut last_source) = (None, None, None);
    let mut has_variants = false;
    for field in document {
        let (name, value) = field?;
        match name.as_str() {
            "_id" => key = value.as_str(),
            "hash" => hash = value.as_str(),
            "first_seen_at" => first_seen_at = value.as_datetime(),
            "gone_at" => gone_at = value.as_datetime(),
            "n_observations" => n_observations = value.as_i64(),
            "last_rank" => last_rank = value.as_i64(),
            "last_source" => last_source = value.as_str(),
            "variants" => has_variants = true,
            _ => {}
        }
    }
    let time = |date: DateTime| UnixMs::new(date.timestamp_millis());
    let wrong = || {
        Fault::Damaged(format!(
            "a product ({}): a field is missing",
            key.unwrap_or("?")
        ))
    };
    let first_seen_at = first_seen_at.map(time).ok_or_else(wrong)?;
    let facts = Facts {
        first_seen_at,
        stored_at: first_seen_at,
        gone_at: gone_at.map(time),
        n_observations: n_observations
            .and_then(|n| u64::try_from(n).ok())
            .ok_or_else(wrong)?,
        last_rank: last_rank.and_then(|rank| u32::try_from(rank).ok()),
        last_source: last_source.and_then(decode_history::rank_source),
    };
    let known = Known {
        hash: hash.ok_or_else(wrong)?.to_owned(),
        facts,
        variants: has_variants
            .then(|| decode::variants(document))
            .transpose()?,
    };
    Ok((key.ok_or_else(wrong)?.to_owned(), known))
}

/// Records what the page held, and moves the pass's counters and checkpoint on.
///
/// A page that is read again replaces its share of the counters; what either reading saw, the pass saw.
async fn record_page(
    steps: &mut Steps<'_>,
    ticket: &CrawlTicket,
    page: &PageWrite,
    held: &Held,
    entry: Option<Document>,
) -> Result<(), Fault> {
    let kinds = held.kinds.iter();
    let kinds: Document = kinds
        .map(|(kind, n)| (kind.name().to_owned(), Bson::from(whole(*n))))
        .collect();
    let seen: Vec<Bson> = held
        .seen
        .iter()
        .map(|id| Bson::try_from(native(id)))
        .collect::<Result<_, _>>()?;
    let recorded = doc! {
        "$set": {
            "shop": ticket.crawl.shop.as_str(),
            "crawl_n": whole(ticket.crawl.n),
            "page": i64::from(page.page),
            "products": whole(held.n_products),
            "bytes": whole(page.bytes),
            "problems": held.n_problems(),
            "kinds": kinds,
            "validators": serialize_to_bson(&held.validators)?,
            "updated_at": date(page.at),
        },
        "$setOnInsert": { "created_at": date(page.at) },
        "$addToSet": { "seen": { "$each": seen } },
    };
    let recorded = FindAndModify {
        filter: doc! { "_id": page_key(&ticket.crawl, page.page) },
        change: Change::Operators(recorded),
        upsert: true,
        returns_new: false,
        projection: Some(doc! { "products": 1, "bytes": 1, "problems": 1 }),
    };
    let earlier = steps.find_and_modify("pages", recorded).await?;
    let earlier = earlier
        .map(|document| Earlier::read(&document))
        .transpose()?;
    let counted = counted(page, held, earlier.as_ref(), entry);
    let updates = move_on(ticket, page, counted, &held.problems)?;
    match steps.update("crawls", updates).await?.n_matched {
        0 => Err(Fault::Fenced(ticket.crawl.shop.clone())),
        _ => Ok(()),
    }
}

/// What an earlier reading of the same page counted.
struct Earlier {
    products: i64,
    bytes: i64,
    problems: i64,
}

impl Earlier {
    fn read(document: &RawDocument) -> Result<Self, Fault> {
        let count = |field| number(document, field).map(whole);
        Ok(Self {
            products: count("products")?,
            bytes: count("bytes")?,
            problems: count("problems")?,
        })
    }
}

/// Returns the change of what the pass counts, with what its task is told.
fn counted(
    page: &PageWrite,
    held: &Held,
    earlier: Option<&Earlier>,
    entry: Option<Document>,
) -> Document {
    let (products, bytes, n_problems) =
        (whole(held.n_products), whole(page.bytes), held.n_problems());
    let counts = held.counts;
    let mut counted = doc! {
        "$inc": {
            "pages": i64::from(earlier.is_none()),
            "products": products - earlier.map_or(0, |it| it.products),
            "new": whole(counts.new),
            "changed": whole(counts.changed),
            "back": whole(counts.back),
            "problems": n_problems - earlier.map_or(0, |it| it.problems),
            "bytes": bytes - earlier.map_or(0, |it| it.bytes),
        },
        "$max": { "last_page": i64::from(page.page) },
        "$set": { "updated_at": date(page.at) },
    };
    if earlier.is_some_and(|it| it.problems > 0) {
        counted.insert(
            "$pull",
            doc! { "kept_problems": { "page": i64::from(page.page) } },
        );
    }
    if let Some(entry) = entry {
        counted.insert("$push", doc! { "entries": entry });
    }
    counted
}

/// Returns the changes of the pass's document, all of which only the holder of the ticket may make.
fn move_on(
    ticket: &CrawlTicket,
    page: &PageWrite,
    counted: Document,
    problems: &[Problem],
) -> Result<Vec<Update>, Fault> {
    let mut updates = vec![Update::one(fence(ticket), counted)?];
    if !problems.is_empty() {
        let problems: Vec<Bson> = problems.iter().map(encode_problem).collect();
        let kept = doc! { "kept_problems": { "$each": problems, "$slice": MAX_PROBLEMS } };
        updates.push(Update::one(fence(ticket), doc! { "$push": kept })?);
    }
    // The checkpoint is that of the highest page: an old page that comes again does not move it back, and
    // none moves that of a pass that ended.
    let mut goes_on = fence(ticket);
    goes_on.insert("finished_at", Bson::Null);
    goes_on.insert("last_page", doc! { "$lte": i64::from(page.page) });
    let mut moved = doc! { "next_page": page.next.map(|next| i64::from(next.next_page)) };
    if let Some(next) = page.next {
        // The last page leaves it where it was, since a pass that nobody ended goes on with that page.
        moved.insert("place", serialize_to_bson(&next.place)?);
    }
    updates.push(Update::one(goes_on, doc! { "$set": moved })?);
    Ok(updates)
}

fn encode_problem(problem: &Problem) -> Bson {
    Bson::from(doc! {
        "page": i64::from(problem.page),
        "kind": problem.kind.name(),
        "index": problem.index.map(i64::from),
        "product": problem.product.as_deref(),
        "detail": problem.detail.as_str(),
    })
}
