//! Documents as `catalog`'s types: observations, passes, pages and problems.

use std::collections::BTreeMap;

use catalog::{
    Checkpoint, ContentHash, CrawlCounts, CrawlKey, CrawlReport, Currency, CurrencySource,
    NativeId, Observation, ObservationKind, Offer, Outcome, PageRecord, PassNotes, Place, Problem,
    ProblemKind, RankSource, Reason, StockMove, Stop, Validators,
};
use mongodb::bson::RawDocument;
use serde::Deserialize;
use serde::de::IntoDeserializer as _;
use serde::de::value::{Error as NameError, StrDeserializer};

use super::decode::{Ms, fields, money, shop_key, time};
use super::fault::Fault;
use super::keys::parse_product_key;

/// Returns an observation and its number in its product's history.
pub(super) fn observation(document: &RawDocument) -> Result<(u64, Observation), Fault> {
    #[derive(Deserialize)]
    struct ObservationDocument<'a> {
        #[serde(borrow)]
        product: &'a str,
        n: u64,
        at: Ms,
        kind: ObservationKind,
        variant: Option<String>,
        crawl_n: u64,
        before: Option<OfferDocument>,
        after: Option<OfferDocument>,
        stock_before: Option<i64>,
        stock_after: Option<i64>,
        #[serde(borrow)]
        hash: Option<&'a str>,
        rank: Option<u32>,
        source: Option<RankSource>,
        n_places: Option<u32>,
        said_before: Option<bool>,
    }
    let read: ObservationDocument<'_> = fields(document, "an observation")?;
    let product = parse_product_key(read.product)?;
    let hash: Option<Result<ContentHash, String>> = read.hash.map(str::parse);
    let observation = Observation {
        crawl: CrawlKey {
            shop: product.shop.clone(),
            n: read.crawl_n,
        },
        product,
        variant: read.variant,
        kind: read.kind,
        at: read.at.0,
        before: read.before.map(OfferDocument::read).transpose()?,
        after: read.after.map(OfferDocument::read).transpose()?,
        stock: (read.stock_before.zip(read.stock_after))
            .map(|(before, after)| StockMove { before, after }),
        content_hash: hash.transpose().map_err(Fault::Damaged)?,
        rank: read.rank,
        source: read.source,
        n_places: read.n_places,
        said_before: read.said_before,
    };
    Ok((read.n, observation))
}

/// Reads the name of a source; one that a newer version wrote is no source that this one knows.
pub(super) fn rank_source(name: &str) -> Option<RankSource> {
    let name: StrDeserializer<'_, NameError> = name.into_deserializer();
    RankSource::deserialize(name).ok()
}

#[derive(Deserialize)]
struct OfferDocument {
    price: Option<i64>,
    price_currency: Option<Currency>,
    compare_at: Option<i64>,
    compare_at_currency: Option<Currency>,
    available: Option<bool>,
}

impl OfferDocument {
    fn read(self) -> Result<Offer, Fault> {
        Ok(Offer {
            price: money(self.price, self.price_currency)?,
            compare_at: money(self.compare_at, self.compare_at_currency)?,
            available: self.available,
        })
    }
}

/// A document of `crawls`, but for its problems.
#[derive(Debug, Clone)]
pub(super) struct StoredCrawl {
    pub(super) report: CrawlReport,
    pub(super) n_known: u64,
    /// Where the route of its next page stands, or of its last one where there is no next.
    pub(super) place: Place,
    /// The highest page with which it was about to change products, where a server cannot do so in one step.
    pub(super) changes_on: Option<u32>,
    /// Products that were gone before the pass, where they and its counters add up.
    n_gone_before: Option<u64>,
}

/// How many products a shop has.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ProductCounts {
    /// Those that are not gone.
    pub(super) n_known: u64,
    pub(super) n_gone: u64,
}

impl StoredCrawl {
    /// Returns how many products the shop has, if this is its newest pass; nothing where they must be counted.
    pub(super) fn products(&self) -> Option<ProductCounts> {
        let counts = &self.report.counts;
        Some(ProductCounts {
            n_gone: (self.n_gone_before? + counts.gone).saturating_sub(counts.back),
            n_known: (self.n_known + counts.new + counts.back).saturating_sub(counts.gone),
        })
    }
}

pub(super) fn crawl(document: &RawDocument) -> Result<StoredCrawl, Fault> {
    #[derive(Deserialize)]
    struct CrawlDocument<'a> {
        #[serde(borrow)]
        shop: &'a str,
        n: u64,
        started_at: Ms,
        finished_at: Option<Ms>,
        outcome: Option<String>,
        stop: Option<Stop>,
        detail: Option<String>,
        next_page: Option<u32>,
        place: Option<Place>,
        #[serde(borrow)]
        notes: Option<&'a str>,
        currency: Currency,
        currency_source: CurrencySource,
        n_known: u64,
        pages: u64,
        products: u64,
        new: u64,
        changed: u64,
        back: u64,
        gone: u64,
        problems: u64,
        bytes: u64,
        changes_on: Option<u32>,
        n_gone_before: Option<u64>,
    }
    let read: CrawlDocument<'_> = fields(document, "a crawl")?;
    let place = read.place.unwrap_or_default();
    Ok(StoredCrawl {
        report: CrawlReport {
            key: CrawlKey {
                shop: shop_key(read.shop)?,
                n: read.n,
            },
            outcome: outcome(read.outcome.as_deref(), read.stop, read.detail)?,
            counts: CrawlCounts {
                pages: read.pages,
                products: read.products,
                new: read.new,
                changed: read.changed,
                back: read.back,
                gone: read.gone,
                problems: read.problems,
                bytes: read.bytes,
            },
            currency: read.currency,
            currency_source: read.currency_source,
            started_at: read.started_at.0,
            finished_at: time(read.finished_at),
            checkpoint: read
                .next_page
                .map(|next_page| Checkpoint { next_page, place }),
            notes: read.notes.map_or_else(|| Ok(PassNotes::default()), notes)?,
        },
        n_known: read.n_known,
        place,
        changes_on: read.changes_on,
        n_gone_before: read.n_gone_before,
    })
}

fn notes(text: &str) -> Result<PassNotes, Fault> {
    let read = serde_json::from_str(text);
    read.map_err(|error| Fault::Damaged(format!("the notes of a crawl: {error}")))
}

fn outcome(
    word: Option<&str>,
    stop: Option<Stop>,
    detail: Option<String>,
) -> Result<Option<Outcome>, Fault> {
    let with_reason: fn(Reason) -> Outcome = match word {
        None => return Ok(None),
        Some("complete") => return Ok(Some(Outcome::Complete)),
        Some("partial") => Outcome::Partial,
        Some("blocked") => Outcome::Blocked,
        Some("gone") => Outcome::Gone,
        Some("failed") => Outcome::Failed,
        Some(word) => {
            let detail = format!("the outcome of a crawl: {word:?}");
            return Err(Fault::Damaged(detail));
        }
    };
    match (stop, detail) {
        (Some(stop), Some(detail)) => Ok(Some(with_reason(Reason { stop, detail }))),
        _ => Err(Fault::Damaged("the reason of a crawl's end".to_owned())),
    }
}

/// Returns the problems of a document of `crawls` by page, then index.
pub(super) fn problems(document: &RawDocument) -> Result<Vec<Problem>, Fault> {
    #[derive(Deserialize)]
    struct ProblemsAlone {
        kept_problems: Option<Vec<Problem>>,
    }
    let read: ProblemsAlone = fields(document, "the problems of a crawl")?;
    let mut problems = read.kept_problems.unwrap_or_default();
    problems.sort_by_key(|problem| (problem.page, problem.index));
    Ok(problems)
}

/// Reads a document of `pages`; what a query left out of the ids is left out.
pub(super) fn page(document: &RawDocument) -> Result<PageRecord, Fault> {
    #[derive(Deserialize)]
    struct PageDocument {
        page: u32,
        products: u64,
        bytes: u64,
        kinds: BTreeMap<ProblemKind, u64>,
        #[serde(default)]
        seen: Vec<Native>,
        validators: Option<Validators>,
    }
    let read: PageDocument = fields(document, "a page of a crawl")?;
    let mut seen: Vec<NativeId> = read.seen.into_iter().map(Native::read).collect();
    seen.sort_unstable();
    Ok(PageRecord {
        page: read.page,
        n_products: read.products,
        bytes: read.bytes,
        problems: read.kinds.into_iter().collect(),
        seen,
        validators: read.validators,
    })
}

/// Returns how many problems of each kind a document of `pages` counts.
pub(super) fn problem_kinds(document: &RawDocument) -> Result<BTreeMap<ProblemKind, u64>, Fault> {
    #[derive(Deserialize)]
    struct KindsAlone {
        kinds: BTreeMap<ProblemKind, u64>,
    }
    let read: KindsAlone = fields(document, "the problems of a page")?;
    Ok(read.kinds)
}

/// Returns the ids that a document of `pages` has seen.
pub(super) fn seen(document: &RawDocument) -> Result<Vec<NativeId>, Fault> {
    #[derive(Deserialize)]
    struct SeenAlone {
        seen: Vec<Native>,
    }
    let read: SeenAlone = fields(document, "the products of a page")?;
    Ok(read.seen.into_iter().map(Native::read).collect())
}

/// A platform's id as it stands in a list: a number or a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Native {
    Number(i64),
    Text(String),
}

impl Native {
    fn read(self) -> NativeId {
        match self {
            Self::Number(number) => NativeId::Number(number),
            Self::Text(text) => NativeId::Text(text.into()),
        }
    }
}
