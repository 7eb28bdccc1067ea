//! Stores whole records in place of those with the same keys.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use catalog::{
    CrawlKey, CrawlRecord, ObservationKind, PageRecord, Platform, ProductFilter, ProductId,
    ProductRecord, Record, RobotsRecord, ShopKey, ShopRecord, Summary,
};
use mongodb::bson::{Bson, DateTime, Document, RawDocumentBuf, doc, serialize_to_bson};

use super::archive::of_crawl;
use super::crawl::notes_text;
use super::fault::Fault;
use super::keys::{crawl_key, crawl_range, native, observation_range, page_key, product_key};
use super::product::{
    Facts, MAX_DOCUMENT_BYTES, date, encode_observation, encode_product, whole, word,
};
use super::rankings;
use super::read::{products_by_key, shops_of};
use super::steps::{FindArgs, Steps, Update};
use super::summaries::{put_robots, put_summaries};

/// Stores records of all kinds, what others need first. Of two with the same key the later one counts.
pub(super) async fn put(steps: &mut Steps<'_>, records: &[Record]) -> Result<(), Fault> {
    let mut shops: BTreeMap<&ShopKey, &ShopRecord> = BTreeMap::new();
    let mut products: BTreeMap<String, &ProductRecord> = BTreeMap::new();
    let mut crawls: BTreeMap<&CrawlKey, &CrawlRecord> = BTreeMap::new();
    let mut summaries: Vec<Summary> = Vec::new();
    let mut robots: Vec<RobotsRecord> = Vec::new();
    let mut rankings = Vec::new();
    for record in records {
        match record {
            Record::Shop(it) => drop(shops.insert(&it.shop.key, it)),
            Record::Product(it) => drop(products.insert(product_key(&it.product.id), it)),
            Record::Crawl(it) => drop(crawls.insert(&it.report.key, it)),
            Record::Ranking(it) => rankings.push(it),
            Record::Summary(it) => summaries.push((**it).clone()),
            Record::Robots(it) => robots.push((**it).clone()),
        }
    }
    check_needs(steps, &shops, &products, &crawls).await?;
    put_shops(steps, &shops).await?;
    forget_products(steps, &products).await?;
    put_products(steps, &products).await?;
    put_crawls(steps, &crawls).await?;
    for ranking in rankings {
        rankings::put(steps, ranking).await?;
    }
    put_summaries(steps, &summaries).await?;
    put_robots(steps, &robots).await
}

async fn put_shops(
    steps: &mut Steps<'_>,
    shops: &BTreeMap<&ShopKey, &ShopRecord>,
) -> Result<(), Fault> {
    let (mut updates, mut leases, mut fences) = (Vec::new(), Vec::new(), Vec::new());
    for (key, record) in shops {
        let shop = &record.shop;
        let change = doc! {
            "$set": {
                "platform": word(&shop.platform)?,
                "url": &shop.url,
                "currency": shop.currency.code(),
                "currency_source": word(&shop.currency_source)?,
                "is_paused": record.is_paused,
                "is_added": record.is_added,
                "last_complete_at": record.last_complete_at.map(date),
            },
            "$currentDate": { "created_at": true, "updated_at": true },
        };
        updates.push(Update::upsert(doc! { "_id": key.as_str() }, change)?);
        let over = |epoch: i64| doc! { "owner": "", "epoch": epoch, "expires_at": DateTime::from_millis(0) };
        let stored = doc! { "_id": key.as_str() };
        leases.push(Update::upsert(stored, doc! { "$setOnInsert": over(0) })?);
        let smaller = doc! { "_id": key.as_str(), "epoch": { "$lt": whole(record.epoch) } };
        leases.push(Update::one(
            smaller,
            doc! { "$set": over(whole(record.epoch)) },
        )?);
        let (from, to) = crawl_range(key);
        let older = doc! {
            "_id": { "$gte": from, "$lt": to },
            "epoch": { "$gt": 0, "$lt": whole(record.epoch) },
        };
        fences.push(Update::many(older, doc! { "$set": { "epoch": 0_i64 } })?);
    }
    steps.update("shops", updates).await?;
    steps.update("leases", leases).await?;
    steps.update("crawls", fences).await?;
    Ok(())
}

/// Refuses what belongs to a shop, or has seen a product, that is neither stored nor given.
async fn check_needs(
    steps: &mut Steps<'_>,
    shops: &BTreeMap<&ShopKey, &ShopRecord>,
    products: &BTreeMap<String, &ProductRecord>,
    crawls: &BTreeMap<&CrawlKey, &CrawlRecord>,
) -> Result<(), Fault> {
    let of_products = products.values().map(|it| &it.product.id.shop);
    let needed: BTreeSet<&ShopKey> = of_products
        .chain(crawls.keys().map(|it| &it.shop))
        .collect();
    let stored = platforms(steps, &needed).await?;
    let is_missing = |shop: &&&ShopKey| !shops.contains_key(**shop) && !stored.contains_key(**shop);
    if let Some(shop) = needed.iter().find(is_missing) {
        return Err(not_stored(shop));
    }
    let mut seen: BTreeMap<String, ProductId> = BTreeMap::new();
    for (key, record) in crawls {
        let given = shops.get(&key.shop).map(|it| it.shop.platform);
        let Some(platform) = given.or_else(|| stored.get(&key.shop).copied()) else {
            return Err(not_stored(&key.shop));
        };
        for native in record.pages.iter().flat_map(|page| &page.seen) {
            let id = ProductId {
                platform,
                shop: key.shop.clone(),
                native: native.clone(),
            };
            let key = product_key(&id);
            if !products.contains_key(&key) {
                seen.insert(key, id);
            }
        }
    }
    let keys: Vec<String> = seen.keys().cloned().collect();
    for document in products_by_key(steps, &keys, &["_id"]).await? {
        seen.remove(document.get_str("_id")?);
    }
    match seen.values().next() {
        Some(id) => Err(Fault::Failed(format!(
            "the product {id} of a page is not stored"
        ))),
        None => Ok(()),
    }
}

fn not_stored(shop: &ShopKey) -> Fault {
    Fault::Failed(format!("the shop {shop} is not stored"))
}

/// Returns the platforms of those shops that are stored.
async fn platforms(
    steps: &mut Steps<'_>,
    shops: &BTreeSet<&ShopKey>,
) -> Result<HashMap<ShopKey, Platform>, Fault> {
    if shops.is_empty() {
        return Ok(HashMap::new());
    }
    let of_shops = ProductFilter {
        shops: shops.iter().map(|shop| (*shop).clone()).collect(),
        ..ProductFilter::default()
    };
    let stored = shops_of(steps, &of_shops).await?.into_iter();
    Ok(stored.map(|(key, it)| (key, it.shop.platform)).collect())
}

/// Forgets what passes know of a shop's products: which versions of its pages they are of, and how many they are. Those that
/// take their place may be of others.
async fn forget_products(
    steps: &mut Steps<'_>,
    products: &BTreeMap<String, &ProductRecord>,
) -> Result<(), Fault> {
    let shops: BTreeSet<&ShopKey> = products.values().map(|it| &it.product.id.shop).collect();
    let mut doubts = Vec::with_capacity(shops.len());
    let mut updates = Vec::with_capacity(shops.len());
    for shop in shops {
        let (from, to) = crawl_range(shop);
        let range = doc! { "$gte": from, "$lt": to };
        let crawls = doc! { "_id": range.clone(), "n_gone_before": { "$ne": Bson::Null } };
        doubts.push(Update::many(
            crawls,
            doc! { "$unset": { "n_gone_before": "" } },
        )?);
        let pages = doc! { "_id": range, "validators": { "$ne": Bson::Null } };
        updates.push(Update::many(
            pages,
            doc! { "$unset": { "validators": "" } },
        )?);
    }
    steps.update("crawls", doubts).await?;
    steps.update("pages", updates).await?;
    Ok(())
}

/// Stores histories, then products, since what a product counts of its history is there for readers.
async fn put_products(
    steps: &mut Steps<'_>,
    products: &BTreeMap<String, &ProductRecord>,
) -> Result<(), Fault> {
    let history_of = |key: &String| {
        let (first, end) = observation_range(key);
        doc! { "_id": { "$gte": first, "$lt": end } }
    };
    let known = known_products(steps, products).await?;
    let histories: Vec<Document> = known.iter().map(history_of).collect();
    steps.delete_each("observations", histories).await?;
    let mut rows = Vec::new();
    let mut updates = Vec::with_capacity(products.len());
    for (key, record) in products {
        let observations: BTreeMap<u64, _> = record
            .observations
            .iter()
            .map(|(n, row)| (*n, row))
            .collect();
        rows.extend(
            observations
                .into_iter()
                .map(|(n, row)| encode_observation(key, n, row)),
        );
        updates.push(Update::put(key, &product_document(record)?));
    }
    steps.insert("observations", rows).await?;
    steps.update("products", updates).await?;
    Ok(())
}

/// Returns which products may have a history already.
async fn known_products(
    steps: &mut Steps<'_>,
    products: &BTreeMap<String, &ProductRecord>,
) -> Result<Vec<String>, Fault> {
    let keys: Vec<&String> = products.keys().collect();
    // What is left of a step that was cut off has histories without products.
    if !steps.may_insert() {
        return Ok(keys.into_iter().cloned().collect());
    }
    let ids = FindArgs {
        projection: Some(doc! { "_id": 1 }),
        ..FindArgs::default()
    };
    let of_keys = doc! { "_id": { "$in": keys } };
    let found = steps.find("products", of_keys, ids).await?;
    found
        .iter()
        .map(|it| Ok(it.get_str("_id")?.to_owned()))
        .collect()
}

fn product_document(record: &ProductRecord) -> Result<RawDocumentBuf, Fault> {
    let history = &record.observations;
    let ranked = history
        .iter()
        .filter(|(_, row)| row.kind == ObservationKind::Ranked);
    let last = ranked.max_by_key(|(n, _)| *n).map(|(_, row)| row);
    let facts = Facts {
        first_seen_at: record.first_seen_at,
        stored_at: record.stored_at,
        gone_at: record.gone_at,
        n_observations: history.iter().map(|(n, _)| *n).max().unwrap_or_default(),
        last_rank: last.and_then(|row| row.rank),
        last_source: last.and_then(|row| row.source),
    };
    let hash = record.product.content_hash().to_string();
    let document = encode_product(&record.product, &hash, &facts);
    if document.as_bytes().len() > MAX_DOCUMENT_BYTES {
        let id = &record.product.id;
        return Err(Fault::Failed(format!("{id} is larger than 16 MiB")));
    }
    Ok(document)
}

async fn put_crawls(
    steps: &mut Steps<'_>,
    crawls: &BTreeMap<&CrawlKey, &CrawlRecord>,
) -> Result<(), Fault> {
    let earlier: Vec<Document> = crawls.keys().map(|key| of_crawl(key)).collect();
    steps.delete_each("pages", earlier).await?;
    let (mut pages, mut updates) = (Vec::new(), Vec::with_capacity(crawls.len()));
    for (key, record) in crawls {
        for page in &record.pages {
            pages.push(RawDocumentBuf::try_from(&page_document(
                key, page, record,
            )?)?);
        }
        let change = doc! {
            "$set": crawl_document(record)?,
            // No ticket of another store can write here; one of this store stays what it was.
            "$setOnInsert": { "epoch": 0_i64 },
        };
        updates.push(Update::upsert(doc! { "_id": crawl_key(key) }, change)?);
    }
    steps.insert("pages", pages).await?;
    steps.update("crawls", updates).await?;
    Ok(())
}

fn page_document(
    crawl: &CrawlKey,
    page: &PageRecord,
    record: &CrawlRecord,
) -> Result<Document, Fault> {
    let mut kinds = Document::new();
    for (kind, n) in &page.problems {
        kinds.insert(word(kind)?, whole(*n));
    }
    let n_problems = page.problems.iter().map(|(_, n)| *n).sum();
    let seen = page.seen.iter().map(|id| Bson::try_from(native(id)));
    let seen: Vec<Bson> = seen.collect::<Result<_, _>>()?;
    let at = date(record.report.started_at);
    Ok(doc! {
        "_id": page_key(crawl, page.page),
        "shop": crawl.shop.as_str(),
        "crawl_n": whole(crawl.n),
        "page": i64::from(page.page),
        "products": whole(page.n_products),
        "bytes": whole(page.bytes),
        "problems": whole(n_problems),
        "kinds": kinds,
        "seen": seen,
        "validators": serialize_to_bson(&page.validators)?,
        "created_at": at,
        "updated_at": at,
    })
}

fn crawl_document(record: &CrawlRecord) -> Result<Document, Fault> {
    let report = &record.report;
    let counts = &report.counts;
    let last_page = record.pages.iter().map(|page| page.page).max();
    let reason = report.outcome.as_ref().and_then(|outcome| outcome.reason());
    let next_page = report
        .checkpoint
        .map(|checkpoint| i64::from(checkpoint.next_page));
    Ok(doc! {
        "shop": report.key.shop.as_str(),
        "n": whole(report.key.n),
        "started_at": date(report.started_at),
        "finished_at": report.finished_at.map(date),
        "outcome": report.outcome.as_ref().map(|outcome| outcome.word()),
        "stop": reason.map(|reason| reason.stop.name()),
        "detail": reason.map(|reason| &reason.detail),
        "next_page": next_page,
        "place": report.checkpoint.map(|it| serialize_to_bson(&it.place)).transpose()?,
        "notes": notes_text(&report.notes)?,
        "last_page": i64::from(last_page.unwrap_or_default()),
        "currency": report.currency.code(),
        "currency_source": word(&report.currency_source)?,
        "n_known": whole(record.n_known),
        "n_gone_before": Bson::Null,
        "pages": whole(counts.pages),
        "products": whole(counts.products),
        "new": whole(counts.new),
        "changed": whole(counts.changed),
        "back": whole(counts.back),
        "gone": whole(counts.gone),
        "problems": whole(counts.problems),
        "bytes": whole(counts.bytes),
        "kept_problems": serialize_to_bson(&record.problems)?,
        "created_at": date(report.started_at),
        "updated_at": date(report.finished_at.unwrap_or(report.started_at)),
    })
}
