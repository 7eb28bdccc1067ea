//! Reads and restores whole records, to take them from store to store.

use std::collections::HashMap;

use catalog::{
    CrawlKey, CrawlRecord, Observation, PageRecord, ProductRecord, Record, RecordKey, RecordKind,
    ShopRecord, StoreError,
};
use mongodb::bson::{Bson, Document, doc};

use super::MongoStore;
use super::decode;
use super::decode_history;
use super::fault::Fault;
use super::keys::{crawl_key, crawl_range, observation_range, product_key};
use super::rankings;
use super::read::{MAX_ALTERNATIVES, any_of};
use super::restore;
use super::steps::{FindArgs, Steps, number};
use super::summaries::{behind, list_robots, list_summaries, summary_key};

pub(super) async fn records(
    store: &MongoStore,
    kind: RecordKind,
    after: Option<&RecordKey>,
    limit: usize,
) -> Result<Vec<Record>, StoreError> {
    store
        .read("read records", |steps| {
            Box::pin(list(steps, kind, after, limit))
        })
        .await
}

pub(super) async fn put_records(
    store: &MongoStore,
    records: Vec<Record>,
) -> Result<(), StoreError> {
    let records = records.as_slice();
    store
        .write("store records", |steps| {
            Box::pin(restore::put(steps, records))
        })
        .await
}

async fn list(
    steps: &mut Steps<'_>,
    kind: RecordKind,
    after: Option<&RecordKey>,
    limit: usize,
) -> Result<Vec<Record>, Fault> {
    // Keys of other kinds come before all of this kind or after them.
    if after.is_some_and(|after| after.kind() > kind) || limit == 0 {
        return Ok(Vec::new());
    }
    let after = after.filter(|after| after.kind() == kind);
    let key = after.map(document_key);
    match kind {
        RecordKind::Shop => shops(steps, key, limit).await,
        RecordKind::Product => products(steps, key, limit).await,
        RecordKind::Crawl => crawls(steps, key, limit).await,
        RecordKind::Ranking => {
            let after = after.and_then(|after| match after {
                RecordKey::Ranking(at, preset) => Some((*at, preset.as_str())),
                _ => None,
            });
            let found = rankings::list(steps, after, limit).await?;
            let found = found.into_iter().map(Box::new);
            Ok(found.map(Record::Ranking).collect())
        }
        RecordKind::Summary => {
            let found = list_summaries(steps, key, limit).await?;
            let found = found.into_iter().map(Box::new);
            Ok(found.map(Record::Summary).collect())
        }
        RecordKind::Robots => {
            let found = list_robots(steps, key, limit).await?;
            let found = found.into_iter().map(Box::new);
            Ok(found.map(Record::Robots).collect())
        }
    }
}

/// Returns the id of the document of a record, which has the place of the key among those of its kind.
fn document_key(key: &RecordKey) -> String {
    match key {
        RecordKey::Shop(shop) => shop.to_string(),
        RecordKey::Product(id) => product_key(id),
        RecordKey::Crawl(crawl) => crawl_key(crawl),
        RecordKey::Ranking(..) => String::new(),
        RecordKey::Summary(subject, language, input_hash) => {
            summary_key([subject, language, input_hash])
        }
        RecordKey::Robots(origin) => origin.clone(),
    }
}

async fn shops(
    steps: &mut Steps<'_>,
    after: Option<String>,
    limit: usize,
) -> Result<Vec<Record>, Fault> {
    let documents = behind(steps, "shops", after, limit).await?;
    let keys: Result<Vec<&str>, _> = documents.iter().map(|it| it.get_str("_id")).collect();
    let query = doc! { "_id": { "$in": keys? } };
    let mut epochs = HashMap::new();
    for lease in steps.find("leases", query, FindArgs::default()).await? {
        epochs.insert(lease.get_str("_id")?.to_owned(), number(&lease, "epoch")?);
    }
    let mut found = Vec::with_capacity(documents.len());
    for document in documents {
        let stored = decode::shop(&document)?;
        let epoch = epochs.get(stored.shop.key.as_str()).copied();
        found.push(Record::Shop(ShopRecord {
            shop: stored.shop,
            is_paused: stored.is_paused,
            is_added: stored.is_added,
            epoch: epoch.unwrap_or_default(),
            last_complete_at: stored.last_complete_at,
        }));
    }
    Ok(found)
}

async fn products(
    steps: &mut Steps<'_>,
    after: Option<String>,
    limit: usize,
) -> Result<Vec<Record>, Fault> {
    let documents = behind(steps, "products", after, limit).await?;
    let (Some(first), Some(last)) = (documents.first(), documents.last()) else {
        return Ok(Vec::new());
    };
    let (from, _) = observation_range(first.get_str("_id")?);
    let (_, end) = observation_range(last.get_str("_id")?);
    let args = FindArgs {
        sort: Some(doc! { "_id": 1 }),
        ..FindArgs::default()
    };
    let query = doc! { "_id": { "$gte": from, "$lt": end } };
    let mut histories: HashMap<String, Vec<(u64, Observation)>> = HashMap::new();
    for row in steps.find("observations", query, args).await? {
        let product = row.get_str("product")?.to_owned();
        let row = decode_history::observation(&row)?;
        histories.entry(product).or_default().push(row);
    }
    let mut found = Vec::with_capacity(documents.len());
    for document in documents {
        let history = histories.remove(document.get_str("_id")?);
        let mut observations = history.unwrap_or_default();
        let stored = decode::product(&document)?;
        observations.retain(|(n, _)| *n <= stored.n_observations);
        found.push(Record::Product(Box::new(ProductRecord {
            product: stored.product,
            first_seen_at: stored.first_seen_at,
            stored_at: stored.stored_at,
            gone_at: stored.gone_at,
            observations,
        })));
    }
    Ok(found)
}

async fn crawls(
    steps: &mut Steps<'_>,
    after: Option<String>,
    limit: usize,
) -> Result<Vec<Record>, Fault> {
    let mut found = Vec::new();
    for document in behind(steps, "crawls", after, limit).await? {
        let crawl = decode_history::crawl(&document)?;
        found.push(CrawlRecord {
            report: crawl.report,
            n_known: crawl.n_known,
            pages: Vec::new(),
            problems: decode_history::problems(&document)?,
        });
    }
    let keys: Vec<CrawlKey> = found.iter().map(|it| it.report.key.clone()).collect();
    let mut pages = pages(steps, &keys).await?;
    for (crawl, pages) in &mut pages {
        if pages.iter().any(|it| it.validators.is_some()) && was_left_behind(steps, crawl).await? {
            pages.iter_mut().for_each(|it| it.validators = None);
        }
    }
    let with_pages = |mut record: CrawlRecord| {
        record.pages = pages.remove(&record.report.key).unwrap_or_default();
        Record::Crawl(Box::new(record))
    };
    Ok(found.into_iter().map(with_pages).collect())
}

/// Returns whether a later pass changed products without all of its steps, perhaps: other stores have no mark for that, so
/// the pages of this one are of no known version there.
async fn was_left_behind(steps: &mut Steps<'_>, crawl: &CrawlKey) -> Result<bool, Fault> {
    let (_, end) = crawl_range(&crawl.shop);
    let later = doc! {
        "_id": { "$gt": crawl_key(crawl), "$lt": end }, "changes_on": { "$ne": Bson::Null },
    };
    Ok(steps.count("crawls", later).await? > 0)
}

/// Returns the pages of passes, in their order.
async fn pages(
    steps: &mut Steps<'_>,
    crawls: &[CrawlKey],
) -> Result<HashMap<CrawlKey, Vec<PageRecord>>, Fault> {
    let queries: Vec<Document> = crawls.iter().map(of_crawl).collect();
    let mut found: HashMap<CrawlKey, Vec<PageRecord>> = HashMap::new();
    for queries in queries.chunks(MAX_ALTERNATIVES) {
        let args = FindArgs {
            sort: Some(doc! { "_id": 1 }),
            ..FindArgs::default()
        };
        for document in steps.find("pages", any_of(queries), args).await? {
            let crawl = CrawlKey {
                shop: decode::shop_key(document.get_str("shop")?)?,
                n: number(&document, "crawl_n")?,
            };
            let page = decode_history::page(&document)?;
            found.entry(crawl).or_default().push(page);
        }
    }
    Ok(found)
}

/// Returns a query for the pages of a pass.
pub(super) fn of_crawl(crawl: &CrawlKey) -> Document {
    let key = crawl_key(crawl);
    // `!` is the character behind the space.
    doc! { "_id": { "$gte": format!("{key} "), "$lt": format!("{key}!") } }
}
