//! Lists observations of many products, with what a reader must know of each.

use std::collections::{BTreeSet, HashMap};

use catalog::{
    ObservationFilter, ObservationKey, ObservationOrder, ObservedRow, ProductFilter, StoreError,
};
use mongodb::bson::{Document, RawDocumentBuf, doc};
use serde::Deserialize;

use super::MongoStore;
use super::fault::Fault;
use super::keys::{observation_key, observation_range, product_key, shop_range};
use super::product::{date, kind_word};
use super::read::{BLOCK, MAX_ALTERNATIVES, any_of, products_by_key, shops_of};
use super::steps::{FindArgs, Steps};
use super::{decode, decode_history};

pub(super) async fn observed(
    store: &MongoStore,
    filter: &ObservationFilter,
    order: ObservationOrder,
    after: Option<&ObservationKey>,
    limit: usize,
) -> Result<Vec<ObservedRow>, StoreError> {
    store
        .read("list what was observed", |steps| {
            Box::pin(list(steps, filter, order, after, limit))
        })
        .await
}

async fn list(
    steps: &mut Steps<'_>,
    filter: &ObservationFilter,
    order: ObservationOrder,
    after: Option<&ObservationKey>,
    limit: usize,
) -> Result<Vec<ObservedRow>, Fault> {
    let queries = queries(steps, filter, order).await?;
    let mut found = Vec::new();
    for query in queries {
        let mut last = after.map(Place::of);
        while found.len() < limit {
            let block = BLOCK.min(limit - found.len());
            let mut conditions = vec![query.clone()];
            conditions.extend(last.as_ref().map(|last| last.behind(order)));
            let args = FindArgs {
                sort: Some(sort(order)),
                limit: Some(block),
                batch_size: u32::try_from(block).ok(),
                ..FindArgs::default()
            };
            let all = doc! { "$and": conditions };
            let rows = steps.find("observations", all, args).await?;
            found.extend(with_products(steps, &rows).await?);
            match rows.last() {
                Some(row) if rows.len() == block => last = Some(decode::fields(row, "a row")?),
                _ => break,
            }
        }
    }
    Ok(found)
}

/// Returns queries that give the rows of `filter` in `order`, one after the other.
async fn queries(
    steps: &mut Steps<'_>,
    filter: &ObservationFilter,
    order: ObservationOrder,
) -> Result<Vec<Document>, Fault> {
    let mut shared = within(filter);
    if let Some(product) = &filter.product {
        let product = product_key(product);
        let (first, end) = observation_range(&product);
        shared.insert("_id", doc! { "$gte": first, "$lt": end });
        shared.insert("product", product);
    }
    if filter.shops.is_empty() {
        return Ok(vec![shared]);
    }
    if order == ObservationOrder::ByTime {
        let shops: Vec<&str> = filter.shops.iter().map(|shop| shop.as_str()).collect();
        shared.insert("shop", doc! { "$in": shops });
        return Ok(vec![shared]);
    }
    let of_shops = ProductFilter {
        shops: filter.shops.clone(),
        ..ProductFilter::default()
    };
    let shops = shops_of(steps, &of_shops).await?;
    let ranges: BTreeSet<(String, String)> = shops
        .values()
        .map(|shop| shop_range(shop.shop.platform, &shop.shop.key))
        .collect();
    let ranges: Vec<Document> = ranges
        .into_iter()
        .map(|(first, end)| doc! { "_id": { "$gte": first, "$lt": end } })
        .collect();
    let with_shared = |ranges| doc! { "$and": [&shared, any_of(ranges)] };
    Ok(ranges.chunks(MAX_ALTERNATIVES).map(with_shared).collect())
}

fn within(filter: &ObservationFilter) -> Document {
    let mut query = Document::new();
    if !filter.kinds.is_empty() {
        let kinds: Vec<&str> = filter.kinds.iter().copied().map(kind_word).collect();
        query.insert("kind", doc! { "$in": kinds });
    }
    let mut at = Document::new();
    if let Some(since) = filter.since {
        at.insert("$gte", date(since));
    }
    if let Some(until) = filter.until {
        at.insert("$lt", date(until));
    }
    if !at.is_empty() {
        query.insert("at", at);
    }
    query
}

fn sort(order: ObservationOrder) -> Document {
    match order {
        ObservationOrder::ByProduct | ObservationOrder::Grouped => doc! { "_id": 1 },
        ObservationOrder::ByTime => doc! { "at": 1, "product": 1, "n": 1 },
    }
}

/// Where a row stands in both orders.
#[derive(Deserialize)]
struct Place {
    at: decode::Ms,
    product: String,
    n: u64,
}

impl Place {
    fn of(key: &ObservationKey) -> Self {
        Self {
            at: decode::Ms(key.at),
            product: product_key(&key.product),
            n: key.n,
        }
    }

    fn behind(&self, order: ObservationOrder) -> Document {
        if order != ObservationOrder::ByTime {
            return doc! { "_id": { "$gt": observation_key(&self.product, self.n) } };
        }
        let at = date(self.at.0);
        let n = i64::try_from(self.n).unwrap_or(i64::MAX);
        doc! {
            // Says again what follows from the rest, so that the walk through the index begins here.
            "at": { "$gte": at },
            "$or": [
                { "at": { "$gt": at } },
                { "at": at, "product": { "$gt": &self.product } },
                { "at": at, "product": &self.product, "n": { "$gt": n } },
            ],
        }
    }
}

/// What a line of the list shows of its product.
#[derive(Deserialize)]
struct Shown<'a> {
    #[serde(borrow, rename = "_id")]
    key: &'a str,
    title: String,
    vendor: String,
    product_type: String,
    url: String,
    n_observations: u64,
}

const SHOWN_FIELDS: [&str; 5] = ["title", "vendor", "product_type", "url", "n_observations"];

/// Returns the lines of `rows`, but for those of a page that was cut off while it was stored.
async fn with_products(
    steps: &mut Steps<'_>,
    rows: &[RawDocumentBuf],
) -> Result<Vec<ObservedRow>, Fault> {
    let keys = rows.iter().map(|row| row.get_str("product"));
    let keys: BTreeSet<&str> = keys.collect::<Result<_, _>>().map_err(|error| {
        let detail = format!("the product of an observation: {error}");
        Fault::Damaged(detail)
    })?;
    let keys: Vec<String> = keys.into_iter().map(str::to_owned).collect();
    let documents = products_by_key(steps, &keys, &SHOWN_FIELDS).await?;
    let mut products = HashMap::with_capacity(documents.len());
    for document in &documents {
        let shown: Shown<'_> = decode::fields(document, "a product")?;
        products.insert(shown.key, shown);
    }
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let product = row
            .get_str("product")
            .ok()
            .and_then(|key| products.get(key));
        let Some(product) = product else {
            continue;
        };
        let (n, observation) = decode_history::observation(row)?;
        if n <= product.n_observations {
            found.push(ObservedRow {
                n,
                observation,
                title: product.title.clone(),
                vendor: product.vendor.clone(),
                product_type: product.product_type.clone(),
                url: product.url.clone(),
            });
        }
    }
    Ok(found)
}
