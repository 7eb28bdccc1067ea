//! The numbers of the balanced score: kept with each product, and read in one scan.

use std::collections::HashMap;

use catalog::{Currency, FeatureInputs, FeatureRow, ProductFilter, ProductId, StoreError, UnixMs};
use mongodb::bson::raw::cstr;
use mongodb::bson::{RawDocument, RawDocumentBuf, doc};
use serde::Deserialize;

use super::MongoStore;
use super::decode::{self, Ms, ROW_FIELDS, Shops, fields, time};
use super::fault::Fault;
use super::keys::{parse_product_key, product_key};
use super::product::some;
use super::read::shops_of;
use super::scan::{Scan, is_pushed_down, pushed_down, ranges};
use super::steps::{FindArgs, Steps};

/// Whole products read at a time, where the numbers are worked out anew.
pub(super) const WHOLE_BLOCK: usize = 500;

/// The field that each document with the numbers has, and none without them.
pub(super) const MARK: &str = "visible_chars";

/// Appends the numbers that a product's document has for nothing but the score.
pub(super) fn append(document: &mut RawDocumentBuf, inputs: &FeatureInputs) {
    document.append(cstr!("visible_chars"), i64::from(inputs.visible_chars));
    document.append(cstr!("distinct_tags"), i64::from(inputs.distinct_tags));
    document.append(cstr!("num_variants"), i64::from(inputs.num_variants));
    // The same 64 bits: BSON has no numbers without a sign.
    document.append(cstr!("type_key"), inputs.type_key.cast_signed());
    some(document, cstr!("discount"), inputs.discount);
    some(document, cstr!("mean_price"), inputs.price);
    some(document, cstr!("availability"), inputs.availability);
}

/// The fields of [`Found`].
pub(super) const FIELDS: [&str; 12] = [
    "currency",
    "first_seen_at",
    "stored_at",
    "shop_published_at",
    "num_images",
    MARK,
    "distinct_tags",
    "num_variants",
    "type_key",
    "discount",
    "mean_price",
    "availability",
];

pub(super) async fn features(
    store: &MongoStore,
    filter: &ProductFilter,
    after: Option<&ProductId>,
    limit: usize,
) -> Result<Vec<FeatureRow>, StoreError> {
    store
        .read("read the features", |steps| {
            Box::pin(list(steps, filter, after, limit))
        })
        .await
}

async fn list(
    steps: &mut Steps<'_>,
    filter: &ProductFilter,
    after: Option<&ProductId>,
    limit: usize,
) -> Result<Vec<FeatureRow>, Fault> {
    let shops = shops_of(steps, filter).await?;
    let mut after = after.cloned();
    let mut rows = Vec::new();
    loop {
        let wanted = limit - rows.len();
        let found = find(steps, filter, &shops, after.as_ref(), wanted).await?;
        let is_end = found.len() < wanted;
        after = found.last().map(|it| it.id.clone());
        rows.extend(with_inputs(steps, found).await?);
        // Products may have been removed in between; a list that is too short would be taken as the last one.
        if is_end || rows.len() >= limit {
            return Ok(rows);
        }
    }
}

/// A row as it is stored.
pub(super) struct Found {
    id: ProductId,
    currency: Currency,
    /// `None` in a document that an earlier version of the program wrote.
    pub(super) inputs: Option<FeatureInputs>,
    first_seen_at: UnixMs,
    confirmed_at: UnixMs,
}

async fn find(
    steps: &mut Steps<'_>,
    filter: &ProductFilter,
    shops: &Shops,
    after: Option<&ProductId>,
    limit: usize,
) -> Result<Vec<Found>, Fault> {
    let all_pass = is_pushed_down(filter);
    let of_row: &[&str] = if all_pass { &[] } else { &ROW_FIELDS };
    let scan = Scan {
        query: pushed_down(filter, shops),
        fields: &[&FIELDS, of_row].concat(),
        all_pass,
    };
    let mut found = Vec::new();
    scan.run(steps, ranges(filter, shops, after), limit, |document| {
        let passes = all_pass
            || decode::product_row(document, shops)?.is_some_and(|row| filter.matches(&row));
        if passes {
            found.extend(read(document, shops)?);
        }
        Ok(found.len())
    })
    .await?;
    found.truncate(limit);
    Ok(found)
}

/// Returns what a product's document has for the score, `None` if `shops` has not its shop.
pub(super) fn read(document: &RawDocument, shops: &Shops) -> Result<Option<Found>, Fault> {
    #[derive(Deserialize)]
    struct FeatureDocument<'a> {
        #[serde(borrow, rename = "_id")]
        key: &'a str,
        currency: Option<Currency>,
        first_seen_at: Ms,
        stored_at: Ms,
        shop_published_at: Option<Ms>,
        num_images: u32,
        visible_chars: Option<u32>,
        distinct_tags: Option<u32>,
        num_variants: Option<u32>,
        type_key: Option<i64>,
        discount: Option<f64>,
        mean_price: Option<f64>,
        availability: Option<f64>,
    }
    let read: FeatureDocument<'_> = fields(document, "a product")?;
    let id = parse_product_key(read.key)?;
    let Some(shop) = shops.get(&id.shop) else {
        return Ok(None);
    };
    let counts = (read.visible_chars, read.distinct_tags, read.num_variants);
    let inputs = match (counts, read.type_key) {
        ((Some(visible_chars), Some(distinct_tags), Some(num_variants)), Some(type_key))
            if read.discount.is_some() == (num_variants > 0) =>
        {
            Some(FeatureInputs {
                published_at: time(read.shop_published_at),
                discount: read.discount,
                price: read.mean_price,
                availability: read.availability,
                visible_chars,
                distinct_tags,
                num_images: read.num_images,
                num_variants,
                type_key: type_key.cast_unsigned(),
            })
        }
        ((None, None, None), None) => None,
        _ => {
            let detail = format!("a product ({id}): some of its numbers for the score are missing");
            return Err(Fault::Damaged(detail));
        }
    };
    let stored_at = read.stored_at.0;
    Ok(Some(Found {
        id,
        currency: read.currency.unwrap_or(shop.shop.currency),
        inputs,
        first_seen_at: read.first_seen_at.0,
        confirmed_at: shop
            .last_complete_at
            .map_or(stored_at, |at| at.max(stored_at)),
    }))
}

/// Completes rows by working out from whole products what is not stored; those that were removed since are left out.
async fn with_inputs(steps: &mut Steps<'_>, found: Vec<Found>) -> Result<Vec<FeatureRow>, Fault> {
    let lacking = found.iter().filter(|it| it.inputs.is_none());
    let lacking: Vec<String> = lacking.map(|it| product_key(&it.id)).collect();
    let mut worked_out = HashMap::with_capacity(lacking.len());
    for keys in lacking.chunks(WHOLE_BLOCK) {
        let args = FindArgs {
            projection: Some(doc! { "search_tokens": 0 }),
            ..FindArgs::default()
        };
        let query = doc! { "_id": { "$in": keys } };
        for document in steps.find("products", query, args).await? {
            let product = decode::product(&document)?.product;
            let inputs = FeatureInputs::of(&product);
            worked_out.insert(product.id, inputs);
        }
    }
    let rows = found.into_iter().filter_map(|it| {
        Some(FeatureRow {
            currency: it.currency,
            inputs: it.inputs.or_else(|| worked_out.remove(&it.id))?,
            first_seen_at: it.first_seen_at,
            confirmed_at: it.confirmed_at,
            id: it.id,
        })
    });
    Ok(rows.collect())
}
