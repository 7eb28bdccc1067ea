//! Reads products: lists, scans for scores, one whole product, its history.

use std::collections::{BTreeSet, HashMap};

use catalog::{
    CrawlKey, Currency, MetricsRow, Observation, Product, ProductFilter, ProductId, ProductRow,
    ShopKey, StoreError,
};
use mongodb::bson::{Bson, Document, RawDocument, RawDocumentBuf, doc};

use super::MongoStore;
use super::decode::{self, METRICS_FIELDS, ROW_FIELDS, Shops};
use super::decode_history;
use super::fault::Fault;
use super::keys::{observation_range, page_key, parse_product_key, product_key};
use super::scan::{Scan, is_pushed_down, pushed_down, ranges};
use super::steps::{FindArgs, Steps, number};

/// Documents read by one command: as many as make the way to the server and back not matter.
pub(super) const BLOCK: usize = 2_000;

/// Alternatives of one query, so that each is found in the index.
pub(super) const MAX_ALTERNATIVES: usize = 100;

pub(super) async fn products(
    store: &MongoStore,
    filter: &ProductFilter,
    after: Option<&ProductId>,
    limit: usize,
) -> Result<Vec<ProductRow>, StoreError> {
    store
        .read("list the products", |steps| {
            Box::pin(list_products(steps, filter, after, limit))
        })
        .await
}

pub(super) async fn metrics(
    store: &MongoStore,
    filter: &ProductFilter,
    after: Option<&ProductId>,
    limit: usize,
) -> Result<Vec<MetricsRow>, StoreError> {
    store
        .read("read the metrics", |steps| {
            Box::pin(list_metrics(steps, filter, after, limit))
        })
        .await
}

pub(super) async fn currencies(
    store: &MongoStore,
    filter: &ProductFilter,
) -> Result<Vec<Currency>, StoreError> {
    store
        .read("list the currencies", |steps| {
            Box::pin(list_currencies(steps, filter))
        })
        .await
}

pub(super) async fn product_rows(
    store: &MongoStore,
    ids: &[ProductId],
) -> Result<Vec<ProductRow>, StoreError> {
    store
        .read("look up products", |steps| Box::pin(find_rows(steps, ids)))
        .await
}

pub(super) async fn product(
    store: &MongoStore,
    id: &ProductId,
) -> Result<Option<Product>, StoreError> {
    store
        .read("look up a product", |steps| {
            Box::pin(find_product(steps, id))
        })
        .await
}

pub(super) async fn observations(
    store: &MongoStore,
    id: &ProductId,
    limit: usize,
) -> Result<Vec<Observation>, StoreError> {
    store
        .read("list the observations", |steps| {
            Box::pin(list_observations(steps, id, limit))
        })
        .await
}

pub(super) async fn products_of_handle(
    store: &MongoStore,
    handle: &str,
    shop: Option<&ShopKey>,
    limit: usize,
) -> Result<Vec<ProductRow>, StoreError> {
    store
        .read("look up a handle", |steps| {
            Box::pin(find_handle(steps, handle, shop, limit))
        })
        .await
}

pub(super) async fn products_on_page(
    store: &MongoStore,
    crawl: &CrawlKey,
    page: u32,
) -> Result<Vec<(ProductId, String)>, StoreError> {
    store
        .read("read a page of a crawl", |steps| {
            Box::pin(find_on_page(steps, crawl, page))
        })
        .await
}

async fn find_on_page(
    steps: &mut Steps<'_>,
    crawl: &CrawlKey,
    page: u32,
) -> Result<Vec<(ProductId, String)>, Fault> {
    let query = doc! { "_id": page_key(crawl, page) };
    let only = doc! { "seen": 1 };
    let Some(document) = steps.find_one("pages", query, Some(only)).await? else {
        return Ok(Vec::new());
    };
    let seen = decode_history::seen(&document)?;
    let shops = all_shops(steps).await?;
    let Some(shop) = shops.get(&crawl.shop) else {
        return Ok(Vec::new());
    };
    let of_shop = |native| ProductId {
        platform: shop.shop.platform,
        shop: crawl.shop.clone(),
        native,
    };
    let keys: Vec<String> = seen
        .into_iter()
        .map(|native| product_key(&of_shop(native)))
        .collect();
    let mut found = Vec::with_capacity(keys.len());
    for document in products_by_key(steps, &keys, &["handle"]).await? {
        let id = parse_product_key(document.get_str("_id")?)?;
        found.push((id, document.get_str("handle")?.to_owned()));
    }
    found.sort();
    Ok(found)
}

async fn find_handle(
    steps: &mut Steps<'_>,
    handle: &str,
    shop: Option<&ShopKey>,
    limit: usize,
) -> Result<Vec<ProductRow>, Fault> {
    let shops = all_shops(steps).await?;
    let mut query = doc! { "handle": handle };
    if let Some(shop) = shop {
        query.insert("shop", shop.as_str());
    }
    let args = FindArgs {
        projection: Some(projection(&ROW_FIELDS)),
        sort: Some(doc! { "_id": 1 }),
        limit: Some(limit),
        ..FindArgs::default()
    };
    // No document is what a limit of none would not say.
    if limit == 0 {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for document in steps.find("products", query, args).await? {
        found.extend(decode::product_row(&document, &shops)?);
    }
    Ok(found)
}

async fn list_products(
    steps: &mut Steps<'_>,
    filter: &ProductFilter,
    after: Option<&ProductId>,
    limit: usize,
) -> Result<Vec<ProductRow>, Fault> {
    let shops = shops_of(steps, filter).await?;
    let scan = Scan {
        query: pushed_down(filter, &shops),
        fields: &ROW_FIELDS,
        all_pass: is_pushed_down(filter),
    };
    let mut found = Vec::new();
    scan.run(steps, ranges(filter, &shops, after), limit, |document| {
        let row = decode::product_row(document, &shops)?;
        found.extend(row.filter(|row| filter.matches(row)));
        Ok(found.len())
    })
    .await?;
    found.truncate(limit);
    Ok(found)
}

async fn list_metrics(
    steps: &mut Steps<'_>,
    filter: &ProductFilter,
    after: Option<&ProductId>,
    limit: usize,
) -> Result<Vec<MetricsRow>, Fault> {
    if !is_pushed_down(filter) {
        let of_product = |it: ProductRow| MetricsRow {
            id: it.id,
            metrics: it.metrics,
        };
        let products = list_products(steps, filter, after, limit).await?;
        return Ok(products.into_iter().map(of_product).collect());
    }
    let shops = shops_of(steps, filter).await?;
    let scan = Scan {
        query: pushed_down(filter, &shops),
        fields: &METRICS_FIELDS,
        all_pass: true,
    };
    let mut found = Vec::new();
    scan.run(steps, ranges(filter, &shops, after), limit, |document| {
        let row = decode::metrics_row(document)?;
        if shops.contains_key(&row.id.shop) {
            found.push(row);
        }
        Ok(found.len())
    })
    .await?;
    found.truncate(limit);
    Ok(found)
}

async fn list_currencies(
    steps: &mut Steps<'_>,
    filter: &ProductFilter,
) -> Result<Vec<Currency>, Fault> {
    if !is_pushed_down(filter) {
        let products = list_products(steps, filter, None, usize::MAX).await?;
        let found: BTreeSet<Currency> = products.into_iter().map(|it| it.currency).collect();
        return Ok(found.into_iter().collect());
    }
    let shops = shops_of(steps, filter).await?;
    let mut found = BTreeSet::new();
    for range in ranges(filter, &shops, None) {
        let mut query = pushed_down(filter, &shops);
        query.extend(range);
        let group = doc! { "_id": { "shop": "$shop", "currency": "$currency" } };
        let pipeline = vec![doc! { "$match": query }, doc! { "$group": group }];
        for document in steps.aggregate("products", pipeline).await? {
            let group = document.get_document("_id")?;
            let Some(shop) = shops.get(&decode::shop_key(group.get_str("shop")?)?) else {
                continue;
            };
            found.insert(match group.get_str("currency") {
                Ok(code) => currency(code)?,
                Err(_none) => shop.shop.currency,
            });
        }
    }
    Ok(found.into_iter().collect())
}

fn currency(code: &str) -> Result<Currency, Fault> {
    Currency::parse(code).map_err(|error| Fault::Damaged(format!("a currency: {error}")))
}

async fn find_rows(steps: &mut Steps<'_>, ids: &[ProductId]) -> Result<Vec<ProductRow>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let shops = all_shops(steps).await?;
    let keys: Vec<String> = ids.iter().map(product_key).collect();
    let mut found: HashMap<ProductId, ProductRow> = HashMap::with_capacity(ids.len());
    for document in products_by_key(steps, &keys, &ROW_FIELDS).await? {
        if let Some(row) = decode::product_row(&document, &shops)? {
            found.insert(row.id.clone(), row);
        }
    }
    let rows = ids.iter().filter_map(|id| found.get(id).cloned());
    Ok(rows.collect())
}

/// Returns the documents of `products` with the given ids, in no order.
pub(super) async fn products_by_key(
    steps: &mut Steps<'_>,
    keys: &[String],
    fields: &[&str],
) -> Result<Vec<RawDocumentBuf>, Fault> {
    let mut found = Vec::with_capacity(keys.len());
    for keys in keys.chunks(BLOCK) {
        let args = FindArgs {
            projection: Some(projection(fields)),
            ..FindArgs::default()
        };
        let query = doc! { "_id": { "$in": keys } };
        found.extend(steps.find("products", query, args).await?);
    }
    Ok(found)
}

async fn find_product(steps: &mut Steps<'_>, id: &ProductId) -> Result<Option<Product>, Fault> {
    let query = doc! { "_id": product_key(id) };
    let leave_out = doc! { "search_tokens": 0 };
    let found = steps.find_one("products", query, Some(leave_out)).await?;
    let read = found.map(|document| decode::product(&document));
    Ok(read.transpose()?.map(|stored| stored.product))
}

async fn list_observations(
    steps: &mut Steps<'_>,
    id: &ProductId,
    limit: usize,
) -> Result<Vec<Observation>, Fault> {
    let key = product_key(id);
    let only = projection(&["n_observations"]);
    let product = steps
        .find_one("products", doc! { "_id": &key }, Some(only))
        .await?;
    let Some(product) = product else {
        return Ok(Vec::new());
    };
    let (first, end) = observation_range(&key);
    // Rows with a greater number belong to a page that was cut off while it was stored.
    let query = doc! {
        "_id": { "$gte": first, "$lt": end },
        "n": { "$lte": n_observations(&product)? },
    };
    let args = FindArgs {
        sort: Some(doc! { "_id": 1 }),
        limit: Some(limit),
        ..FindArgs::default()
    };
    let rows = steps.find("observations", query, args).await?;
    let rows = rows.iter().map(|row| decode_history::observation(row));
    rows.map(|row| row.map(|(_n, row)| row)).collect()
}

/// Returns how many rows a product's history has, pruned ones included.
pub(super) fn n_observations(product: &RawDocument) -> Result<i64, Fault> {
    let n = number(product, "n_observations")?;
    i64::try_from(n).map_err(|_| Fault::Damaged(format!("a product with {n} observations")))
}

pub(super) async fn all_shops(steps: &mut Steps<'_>) -> Result<Shops, Fault> {
    shops_of(steps, &ProductFilter::default()).await
}

/// Returns the shops that pass `filter`.
pub(super) async fn shops_of(
    steps: &mut Steps<'_>,
    filter: &ProductFilter,
) -> Result<Shops, Fault> {
    let keys: Vec<&str> = filter.shops.iter().map(ShopKey::as_str).collect();
    let query = if keys.is_empty() {
        doc! {}
    } else {
        doc! { "_id": { "$in": keys } }
    };
    let mut shops = Shops::new();
    for document in steps.find("shops", query, FindArgs::default()).await? {
        let shop = decode::shop(&document)?;
        shops.insert(shop.shop.key.clone(), shop);
    }
    Ok(shops)
}

/// Returns a query that passes what one of `queries` passes.
pub(super) fn any_of(queries: &[Document]) -> Document {
    match queries {
        [query] => query.clone(),
        _ => doc! { "$and": [{ "$or": queries }] },
    }
}

pub(super) fn projection(fields: &[&str]) -> Document {
    let fields = fields.iter();
    fields
        .map(|field| ((*field).to_owned(), Bson::Int32(1)))
        .collect()
}
