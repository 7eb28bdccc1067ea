//! Reads shops, passes and problems; counts the whole store.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use catalog::{
    CrawlKey, CrawlReport, LeaseHolder, Problem, ProblemKind, ShopKey, ShopStatus, StoreError,
    StoreStats,
};
use mongodb::bson::{Bson, Document, RawDocument, doc};
use serde::Deserialize;

use super::MongoStore;
use super::archive::of_crawl;
use super::decode::{self, Ms, StoredShop, fields};
use super::decode_history::{self, ProductCounts, StoredCrawl};
use super::fault::Fault;
use super::keys::crawl_key;
use super::read::{BLOCK, MAX_ALTERNATIVES, any_of, projection};
use super::steps::{FindArgs, Steps, number};

pub(super) async fn shops(store: &MongoStore) -> Result<Vec<ShopStatus>, StoreError> {
    store
        .read("list the shops", |steps| Box::pin(list_shops(steps)))
        .await
}

pub(super) async fn crawls(
    store: &MongoStore,
    shop: Option<&ShopKey>,
    limit: usize,
) -> Result<Vec<CrawlReport>, StoreError> {
    store
        .read("list the crawls", |steps| {
            Box::pin(list_crawls(steps, shop, limit))
        })
        .await
}

pub(super) async fn problems(
    store: &MongoStore,
    crawl: &CrawlKey,
    limit: usize,
) -> Result<Vec<Problem>, StoreError> {
    store
        .read("list the problems", |steps| {
            Box::pin(list_problems(steps, crawl, limit))
        })
        .await
}

pub(super) async fn stats(store: &MongoStore) -> Result<StoreStats, StoreError> {
    store
        .read("count what is there", |steps| Box::pin(count_all(steps)))
        .await
}

async fn list_shops(steps: &mut Steps<'_>) -> Result<Vec<ShopStatus>, Fault> {
    let args = FindArgs {
        sort: Some(doc! { "_id": 1 }),
        ..FindArgs::default()
    };
    let documents = steps.find("shops", doc! {}, args).await?;
    let stored: Vec<StoredShop> = documents
        .iter()
        .map(|it| decode::shop(it))
        .collect::<Result<_, _>>()?;
    let mut newest = newest_crawls(steps).await?;
    let must_be_counted = |key: &String| newest.get(key).and_then(StoredCrawl::products).is_none();
    let keys = stored.iter().map(|it| it.shop.key.to_string());
    let to_count: Vec<String> = keys.filter(must_be_counted).collect();
    let counted = product_counts(steps, &to_count).await?;
    let mut holders = lease_holders(steps).await?;
    let mut found = Vec::with_capacity(stored.len());
    for stored in stored {
        let key = stored.shop.key.as_str();
        let newest = newest.remove(key);
        let counts = newest.as_ref().and_then(StoredCrawl::products);
        let counts = counts.or_else(|| counted.get(key).copied());
        let counts = counts.unwrap_or_default();
        found.push(ShopStatus {
            n_products: counts.n_known,
            n_gone: counts.n_gone,
            last_crawl: newest.map(|it| it.report),
            last_complete_at: stored.last_complete_at,
            is_paused: stored.is_paused,
            is_added: stored.is_added,
            lease: holders.remove(key),
            shop: stored.shop,
        });
    }
    Ok(found)
}

/// Returns the numbers of products of these shops by their keys.
async fn product_counts(
    steps: &mut Steps<'_>,
    shops: &[String],
) -> Result<HashMap<String, ProductCounts>, Fault> {
    let mut counts: HashMap<String, ProductCounts> = HashMap::new();
    for shops in shops.chunks(BLOCK) {
        let known = doc! { "shop": { "$in": shops }, "gone_at": Bson::Null };
        for document in steps.aggregate("products", count_by_shop(known)).await? {
            let of_shop = counts.entry(group(&document)?).or_default();
            of_shop.n_known = number(&document, "n")?;
        }
        let gone = doc! { "shop": { "$in": shops }, "gone_at": { "$ne": Bson::Null } };
        for document in steps.aggregate("products", count_by_shop(gone)).await? {
            counts.entry(group(&document)?).or_default().n_gone = number(&document, "n")?;
        }
    }
    Ok(counts)
}

fn count_by_shop(query: Document) -> Vec<Document> {
    vec![
        doc! { "$match": query },
        doc! { "$group": { "_id": "$shop", "n": { "$sum": 1 } } },
    ]
}

fn group(document: &RawDocument) -> Result<String, Fault> {
    let group = document.get_str("_id");
    let group =
        group.map_err(|error| Fault::Damaged(format!("the shop of a document: {error}")))?;
    Ok(group.to_owned())
}

/// Returns the newest pass of each shop by its key.
async fn newest_crawls(steps: &mut Steps<'_>) -> Result<HashMap<String, StoredCrawl>, Fault> {
    let mut found = HashMap::new();
    for keys in newest_crawl_keys(steps).await?.chunks(BLOCK) {
        let keys: Vec<String> = keys.iter().map(crawl_key).collect();
        let args = FindArgs {
            projection: Some(doc! { "kept_problems": 0 }),
            ..FindArgs::default()
        };
        let query = doc! { "_id": { "$in": keys } };
        for document in steps.find("crawls", query, args).await? {
            let crawl = decode_history::crawl(&document)?;
            found.insert(crawl.report.key.shop.to_string(), crawl);
        }
    }
    Ok(found)
}

async fn newest_crawl_keys(steps: &mut Steps<'_>) -> Result<Vec<CrawlKey>, Fault> {
    let newest = doc! { "$group": { "_id": "$shop", "n": { "$max": "$n" } } };
    let mut keys = Vec::new();
    for document in steps.aggregate("crawls", vec![newest]).await? {
        keys.push(CrawlKey {
            shop: decode::shop_key(&group(&document)?)?,
            n: number(&document, "n")?,
        });
    }
    Ok(keys)
}

/// Returns who has leases now: each owner once, by name.
pub(super) async fn lease_owners(steps: &mut Steps<'_>) -> Result<Vec<String>, Fault> {
    let holders = lease_holders(steps).await?;
    let owners: BTreeSet<String> = holders.into_values().map(|it| it.owner).collect();
    Ok(owners.into_iter().collect())
}

/// Returns who has leases now, by the server's clock and by the key of the shop.
async fn lease_holders(steps: &mut Steps<'_>) -> Result<HashMap<String, LeaseHolder>, Fault> {
    #[derive(Deserialize)]
    struct LeaseDocument {
        #[serde(rename = "_id")]
        shop: String,
        owner: String,
        expires_at: Ms,
        now: Ms,
    }
    let pipeline = vec![
        // As numbers: to one server every stored date is before its own clock's.
        doc! { "$match": { "$expr": { "$gt": [{ "$toLong": "$expires_at" }, { "$toLong": "$$NOW" }] } } },
        doc! { "$project": { "owner": 1, "expires_at": 1, "now": "$$NOW" } },
    ];
    let mut holders = HashMap::new();
    for document in steps.aggregate("leases", pipeline).await? {
        let lease: LeaseDocument = fields(&document, "a lease")?;
        let (Ms(expires_at), Ms(now)) = (lease.expires_at, lease.now);
        let remaining_ms = expires_at.ms().saturating_sub(now.ms());
        let holder = LeaseHolder {
            owner: lease.owner,
            expires_at,
            remaining_ms: remaining_ms.max(0).unsigned_abs(),
        };
        holders.insert(lease.shop, holder);
    }
    Ok(holders)
}

async fn list_crawls(
    steps: &mut Steps<'_>,
    shop: Option<&ShopKey>,
    limit: usize,
) -> Result<Vec<CrawlReport>, Fault> {
    let query = match shop {
        Some(shop) => doc! { "shop": shop.as_str() },
        None => doc! {},
    };
    let args = FindArgs {
        projection: Some(doc! { "kept_problems": 0 }),
        sort: Some(doc! { "started_at": -1, "shop": 1, "n": -1 }),
        limit: Some(limit),
        ..FindArgs::default()
    };
    let found = steps.find("crawls", query, args).await?;
    let read = found.iter().map(|found| decode_history::crawl(found));
    read.map(|crawl| crawl.map(|crawl| crawl.report)).collect()
}

async fn list_problems(
    steps: &mut Steps<'_>,
    crawl: &CrawlKey,
    limit: usize,
) -> Result<Vec<Problem>, Fault> {
    let query = doc! { "_id": crawl_key(crawl) };
    let only = projection(&["kept_problems"]);
    let Some(document) = steps.find_one("crawls", query, Some(only)).await? else {
        return Ok(Vec::new());
    };
    let mut problems = decode_history::problems(&document)?;
    problems.truncate(limit);
    Ok(problems)
}

async fn count_all(steps: &mut Steps<'_>) -> Result<StoreStats, Fault> {
    let meta = steps
        .find_one("meta", doc! { "_id": "schema" }, None)
        .await?;
    let version = match &meta {
        Some(meta) => number(meta, "version")?,
        None => 0,
    };
    let n_products = steps.count("products", doc! {}).await?;
    let gone = doc! { "gone_at": { "$ne": null } };
    let n_gone = steps.count("products", gone).await?;
    Ok(StoreStats {
        schema_version: u32::try_from(version)
            .map_err(|_| Fault::Damaged(format!("the schema version: {version}")))?,
        size_bytes: size_bytes(steps).await,
        n_shops: steps.count("shops", doc! {}).await?,
        n_products: n_products.saturating_sub(n_gone),
        n_gone,
        n_observations: steps.count("observations", doc! {}).await?,
        problems: newest_problems(steps).await?,
    })
}

/// Returns the bytes on the server's disk, where it tells.
async fn size_bytes(steps: &mut Steps<'_>) -> Option<u64> {
    let reply = steps.command(doc! { "dbStats": 1 }).await.ok()?;
    let size = |field: &str| match reply.get(field)? {
        mongodb::bson::Bson::Int32(size) => u64::try_from(*size).ok(),
        mongodb::bson::Bson::Int64(size) => u64::try_from(*size).ok(),
        mongodb::bson::Bson::Double(size) if *size >= 0.0 => Some(*size as u64),
        _ => None,
    };
    match (size("storageSize"), size("indexSize")) {
        (Some(storage), Some(index)) if storage > 0 => Some(storage.saturating_add(index)),
        _ => size("dataSize"),
    }
}

async fn newest_problems(steps: &mut Steps<'_>) -> Result<Vec<(ProblemKind, u64)>, Fault> {
    let keys = newest_crawl_keys(steps).await?;
    let queries: Vec<Document> = keys.iter().map(of_crawl).collect();
    let mut total = BTreeMap::new();
    for queries in queries.chunks(MAX_ALTERNATIVES) {
        let args = FindArgs {
            projection: Some(projection(&["kinds"])),
            ..FindArgs::default()
        };
        let query = doc! { "$and": [{ "problems": { "$gt": 0 } }, any_of(queries)] };
        for document in steps.find("pages", query, args).await? {
            for (kind, n) in decode_history::problem_kinds(&document)? {
                *total.entry(kind).or_default() += n;
            }
        }
    }
    Ok(total.into_iter().collect())
}
