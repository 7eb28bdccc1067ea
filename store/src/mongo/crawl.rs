//! Begins passes, and says which of them may write.

use catalog::{
    BegunCrawl, Checkpoint, CrawlKey, CrawlTicket, Currency, CurrencySource, Lease, Outcome,
    PassNotes, Shop, ShopKey, Start, UnixMs,
};
use mongodb::bson::{Bson, Document, RawDocument, RawDocumentBuf, doc};

use super::archive::of_crawl;
use super::decode::{self, StoredShop};
use super::decode_history::{self, ProductCounts, StoredCrawl};
use super::fault::Fault;
use super::keys::{crawl_key, crawl_range};
use super::lease;
use super::product::{date, whole, word};
use super::steps::{FindArgs, Steps, Update, number};
use crate::rules::{bounded_notes, goes_on};

pub(super) async fn begin(
    steps: &mut Steps<'_>,
    lease: &Lease,
    shop: &Shop,
    start: Start,
    now: UnixMs,
) -> Result<BegunCrawl, Fault> {
    if lease.shop != shop.key {
        let detail = format!("the lease is of {}, not of {}", lease.shop, shop.key);
        return Err(Fault::Failed(detail));
    }
    lease::check(steps, lease).await?;
    let stored = stored_shop(steps, &shop.key).await?.map(|it| it.shop);
    let previous_currency = stored
        .as_ref()
        .map_or(Currency::UNKNOWN, |shop| shop.currency);
    let shop = put_shop(steps, shop, stored, now).await?;
    let newest = newest_pass(steps, &shop.key).await?;
    let resumed = newest
        .as_ref()
        .filter(|newest| goes_on(&newest.stored.report, &shop, start, now));
    let pass = match resumed {
        Some(newest) => go_on(steps, lease, &shop, newest, now).await?,
        None => begin_fresh(steps, lease, &shop, newest.as_ref(), now).await?,
    };
    Ok(BegunCrawl {
        ticket: CrawlTicket {
            crawl: CrawlKey {
                shop: shop.key.clone(),
                n: pass.n,
            },
            epoch: lease.epoch,
        },
        checkpoint: pass.checkpoint,
        resumed: resumed.is_some(),
        shop,
        previous_currency,
        n_known: pass.n_known,
    })
}

/// What is told of a pass that begins or goes on.
struct Begun {
    n: u64,
    checkpoint: Checkpoint,
    n_known: u64,
}

pub(super) async fn stored_shop(
    steps: &mut Steps<'_>,
    shop: &ShopKey,
) -> Result<Option<StoredShop>, Fault> {
    let stored = steps
        .find_one("shops", doc! { "_id": shop.as_str() }, None)
        .await?;
    stored.map(|document| decode::shop(&document)).transpose()
}

/// Stores what is known of the shop, and returns what is known now.
async fn put_shop(
    steps: &mut Steps<'_>,
    shop: &Shop,
    stored: Option<Shop>,
    now: UnixMs,
) -> Result<Shop, Fault> {
    let known = match stored {
        None => shop.clone(),
        Some(stored) => {
            let states_currency = shop.currency.is_known()
                && (shop.currency_source == CurrencySource::Shop
                    || stored.currency_source != CurrencySource::Shop);
            let currency = if states_currency { shop } else { &stored };
            Shop {
                url: if shop.url.is_empty() {
                    stored.url.clone()
                } else {
                    shop.url.clone()
                },
                currency: currency.currency,
                currency_source: currency.currency_source,
                key: shop.key.clone(),
                platform: stored.platform,
            }
        }
    };
    let operators = doc! {
        "$set": {
            "url": &known.url,
            "currency": known.currency.code(),
            "currency_source": word(&known.currency_source)?,
            "updated_at": date(now),
        },
        "$setOnInsert": {
            "platform": known.platform.name(),
            "is_paused": false,
            "last_complete_at": Bson::Null,
            "created_at": date(now),
        },
    };
    let put = Update::upsert(doc! { "_id": known.key.as_str() }, operators)?;
    steps.update("shops", vec![put]).await?;
    Ok(known)
}

/// A pass as stored, and the highest page that it has.
struct NewestPass {
    stored: StoredCrawl,
    last_page: u64,
}

async fn newest_pass(steps: &mut Steps<'_>, shop: &ShopKey) -> Result<Option<NewestPass>, Fault> {
    let (from, to) = crawl_range(shop);
    let args = FindArgs {
        projection: Some(doc! { "kept_problems": 0 }),
        sort: Some(doc! { "_id": -1 }),
        limit: Some(1),
        batch_size: None,
    };
    let range = doc! { "_id": { "$gte": from, "$lt": to } };
    let found = steps.find("crawls", range, args).await?;
    let read = |document: &RawDocumentBuf| {
        Ok(NewestPass {
            stored: decode_history::crawl(document)?,
            last_page: number(document, "last_page")?,
        })
    };
    found.first().map(read).transpose()
}

/// Opens `pass` again.
///
/// A pass whose last page is stored, but which nobody ended, goes on with that page: it is asked for again,
/// and storing it again changes nothing. What its pages said of their versions counts no more if the shop's currency is
/// another now: they showed its prices in the one before.
async fn go_on(
    steps: &mut Steps<'_>,
    lease: &Lease,
    shop: &Shop,
    pass: &NewestPass,
    now: UnixMs,
) -> Result<Begun, Fault> {
    let report = &pass.stored.report;
    if report.currency != shop.currency {
        let forget = doc! { "$unset": { "validators": "" } };
        let forget = Update::many(of_crawl(&report.key), forget)?;
        steps.update("pages", vec![forget]).await?;
    }
    let last_page = u32::try_from(pass.last_page).ok().filter(|page| *page > 0);
    let next_page = report
        .checkpoint
        .map(|it| it.next_page)
        .or(last_page)
        .unwrap_or(1);
    let opened = doc! { "$set": {
        "epoch": whole(lease.epoch),
        "outcome": Bson::Null,
        "stop": Bson::Null,
        "detail": Bson::Null,
        "finished_at": Bson::Null,
        "currency": shop.currency.code(),
        "currency_source": word(&shop.currency_source)?,
        "next_page": i64::from(next_page),
        "updated_at": date(now),
    } };
    let opened = Update::one(doc! { "_id": crawl_key(&report.key) }, opened)?;
    steps.update("crawls", vec![opened]).await?;
    Ok(Begun {
        n: report.key.n,
        checkpoint: Checkpoint {
            next_page,
            place: pass.stored.place,
        },
        n_known: pass.stored.n_known,
    })
}

/// Begins at page 1, which ends the right of every earlier pass of the shop to write: its pages are no longer kept.
async fn begin_fresh(
    steps: &mut Steps<'_>,
    lease: &Lease,
    shop: &Shop,
    newest: Option<&NewestPass>,
    now: UnixMs,
) -> Result<Begun, Fault> {
    let n = newest.map_or(1, |newest| newest.stored.report.key.n + 1);
    fence_passes(steps, &shop.key).await?;
    let (from, to) = crawl_range(&shop.key);
    let range = doc! { "$gte": &from, "$lt": &to };
    let complete = FindArgs {
        projection: Some(doc! { "n": 1 }),
        sort: Some(doc! { "_id": -1 }),
        limit: Some(1),
        batch_size: None,
    };
    let filter = doc! { "_id": range.clone(), "outcome": Outcome::Complete.word() };
    let complete = steps.find("crawls", filter, complete).await?;
    let complete_n = complete
        .first()
        .map_or(Ok(0), |document| number(document, "n"))?;
    let outdated = doc! { "_id": range, "crawl_n": { "$ne": whole(complete_n) } };
    steps.delete("pages", outdated).await?;
    let products = match newest.and_then(|newest| newest.stored.products()) {
        Some(products) => products,
        None => count_products(steps, &shop.key).await?,
    };
    let mut document = new_pass(lease.epoch, shop, n, products.n_known, now)?;
    // Where steps are not atomic, counters may miss what a step that was cut off changed.
    if steps.are_atomic() {
        document.insert("n_gone_before", whole(products.n_gone));
    }
    steps
        .insert("crawls", vec![RawDocumentBuf::try_from(&document)?])
        .await?;
    Ok(Begun {
        n,
        checkpoint: Checkpoint::page(1),
        n_known: products.n_known,
    })
}

async fn count_products(steps: &mut Steps<'_>, shop: &ShopKey) -> Result<ProductCounts, Fault> {
    let known = doc! { "shop": shop.as_str(), "gone_at": Bson::Null };
    let gone = doc! { "shop": shop.as_str(), "gone_at": { "$ne": Bson::Null } };
    Ok(ProductCounts {
        n_known: steps.count("products", known).await?,
        n_gone: steps.count("products", gone).await?,
    })
}

fn new_pass(epoch: u64, shop: &Shop, n: u64, n_known: u64, now: UnixMs) -> Result<Document, Fault> {
    let key = CrawlKey {
        shop: shop.key.clone(),
        n,
    };
    Ok(doc! {
        "_id": crawl_key(&key),
        "shop": shop.key.as_str(),
        "n": whole(n),
        "epoch": whole(epoch),
        "started_at": date(now),
        "finished_at": Bson::Null,
        "outcome": Bson::Null,
        "stop": Bson::Null,
        "detail": Bson::Null,
        "next_page": 1_i64,
        "last_page": 0_i64,
        "currency": shop.currency.code(),
        "currency_source": word(&shop.currency_source)?,
        "n_known": whole(n_known),
        "pages": 0_i64,
        "products": 0_i64,
        "new": 0_i64,
        "changed": 0_i64,
        "back": 0_i64,
        "gone": 0_i64,
        "problems": 0_i64,
        "bytes": 0_i64,
        "kept_problems": [],
        "created_at": date(now),
        "updated_at": date(now),
    })
}

/// Stores what the pass tells of itself in place of what it told before.
pub(super) async fn note(
    steps: &mut Steps<'_>,
    ticket: &CrawlTicket,
    notes: &PassNotes,
) -> Result<(), Fault> {
    if ticket.epoch == FENCED_OFF {
        return Err(Fault::Fenced(ticket.crawl.shop.clone()));
    }
    let change = doc! { "$set": { "notes": notes_text(notes)? } };
    let noted = Update::one(fence(ticket), change)?;
    match steps.update("crawls", vec![noted]).await?.n_matched {
        0 => Err(Fault::Fenced(ticket.crawl.shop.clone())),
        _ => Ok(()),
    }
}

/// Notes that a pass is about to change products with page `page`, or at its end with 0, where steps do not take effect
/// together.
///
/// Who is cut off behind a change leaves counters that do not tell of it, and pages of the last complete pass that look as
/// if they still showed what is stored.
pub(super) async fn announce_changes(
    steps: &mut Steps<'_>,
    ticket: &CrawlTicket,
    page: u32,
) -> Result<(), Fault> {
    if steps.are_atomic() {
        return Ok(());
    }
    let highest = doc! { "$max": { "changes_on": i64::from(page) } };
    let noted = Update::one(fence(ticket), highest)?;
    match steps.update("crawls", vec![noted]).await?.n_matched {
        0 => Err(Fault::Fenced(ticket.crawl.shop.clone())),
        _ => Ok(()),
    }
}

/// Returns what a pass tells of itself as JSON, which has no limits of its own; `None` where that is nothing.
pub(super) fn notes_text(notes: &PassNotes) -> Result<Option<String>, Fault> {
    let notes = bounded_notes(notes);
    let text = serde_json::to_string(&notes);
    let text = text.map_err(|error| Fault::Failed(error.to_string()))?;
    Ok((!notes.is_empty()).then_some(text))
}

/// Takes the right to write from every pass of the shop.
pub(super) async fn fence_passes(steps: &mut Steps<'_>, shop: &ShopKey) -> Result<(), Fault> {
    let (from, to) = crawl_range(shop);
    let fenced = Update::many(
        doc! { "_id": { "$gte": from, "$lt": to }, "epoch": { "$gt": whole(FENCED_OFF) } },
        doc! { "$set": { "epoch": whole(FENCED_OFF) } },
    )?;
    steps.update("crawls", vec![fenced]).await?;
    Ok(())
}

/// The epoch of a pass that nobody may write any more; no lease has it.
pub(super) const FENCED_OFF: u64 = 0;

/// What a document of `crawls` must be for `ticket` to write.
pub(super) fn fence(ticket: &CrawlTicket) -> Document {
    doc! { "_id": crawl_key(&ticket.crawl), "epoch": whole(ticket.epoch) }
}

/// Returns the pass of `ticket` as stored, without its problems.
///
/// # Errors
/// [`Fault::Fenced`] if the ticket can't write any more.
pub(super) async fn check_fence(
    steps: &mut Steps<'_>,
    ticket: &CrawlTicket,
) -> Result<StoredCrawl, Fault> {
    let fenced = || Fault::Fenced(ticket.crawl.shop.clone());
    if ticket.epoch == FENCED_OFF {
        return Err(fenced());
    }
    let projection = doc! { "kept_problems": 0 };
    let found = steps
        .find_one("crawls", fence(ticket), Some(projection))
        .await?;
    let read = |document: &RawDocument| decode_history::crawl(document);
    found.map_or_else(|| Err(fenced()), |document| read(&document))
}
