//! Walks over products in the order of their ids, and what of a filter the server checks on the way.

use catalog::{ProductFilter, ProductId};
use mongodb::bson::{Document, RawDocument, doc};

use super::decode::Shops;
use super::fault::Fault;
use super::keys::{product_key, shop_range};
use super::read::{BLOCK, MAX_ALTERNATIVES, any_of, projection};
use super::steps::{FindArgs, Steps};

/// A walk over products in the order of their ids.
pub(super) struct Scan<'a> {
    pub(super) query: Document,
    pub(super) fields: &'a [&'a str],
    /// Whether every document that the server sends is wanted.
    pub(super) all_pass: bool,
}

impl Scan<'_> {
    /// Hands documents to `take`, which returns how many are found by then, until `limit` are.
    pub(super) async fn run(
        self,
        steps: &mut Steps<'_>,
        ranges: Vec<Document>,
        limit: usize,
        mut take: impl FnMut(&RawDocument) -> Result<usize, Fault> + Send,
    ) -> Result<(), Fault> {
        let mut n_found = 0;
        for range in ranges {
            let mut last: Option<String> = None;
            while n_found < limit {
                let block = if self.all_pass {
                    BLOCK.min(limit - n_found)
                } else {
                    BLOCK
                };
                let mut query = doc! { "$and": [&self.query, &range] };
                if let Some(last) = &last {
                    query.insert("_id", doc! { "$gt": last });
                }
                let documents = steps.find("products", query, self.args(block)).await?;
                for document in &documents {
                    n_found = take(document)?;
                }
                match documents.last() {
                    Some(document) if documents.len() == block => {
                        last = Some(document.get_str("_id")?.to_owned());
                    }
                    _ => break,
                }
            }
        }
        Ok(())
    }

    fn args(&self, block: usize) -> FindArgs {
        FindArgs {
            projection: Some(projection(self.fields)),
            sort: Some(doc! { "_id": 1 }),
            limit: Some(block),
            batch_size: u32::try_from(block).ok(),
        }
    }
}

/// Returns what the server itself can check of `filter`, but for the shops.
///
/// Texts and prices are left to [`ProductFilter::matches`]: the server's rules of case are not Rust's.
pub(super) fn pushed_down(filter: &ProductFilter, shops: &Shops) -> Document {
    let mut query = doc! { "gone_at": null };
    if filter.in_stock {
        query.insert("in_stock", true);
    }
    if let Some(wanted) = filter.currency {
        // A product without a price has its shop's currency.
        let of_shop = shops.values().filter(|shop| shop.shop.currency == wanted);
        let of_shop: Vec<&str> = of_shop.map(|shop| shop.shop.key.as_str()).collect();
        query.insert(
            "$or",
            vec![
                doc! { "currency": wanted.code() },
                doc! { "currency": null, "shop": { "$in": of_shop } },
            ],
        );
    }
    query
}

/// Returns whether [`pushed_down`] and [`ranges`] say all that `filter` does.
pub(super) fn is_pushed_down(filter: &ProductFilter) -> bool {
    let rest = ProductFilter {
        shops: Vec::new(),
        currency: None,
        in_stock: false,
        ..filter.clone()
    };
    rest == ProductFilter::default()
}

/// Returns queries for the ids that pass `filter` and stand behind `after`; one after the other they keep the order.
pub(super) fn ranges(
    filter: &ProductFilter,
    shops: &Shops,
    after: Option<&ProductId>,
) -> Vec<Document> {
    let after = after.map(product_key);
    if filter.shops.is_empty() {
        return match after {
            Some(after) => vec![doc! { "_id": { "$gt": after } }],
            None => vec![doc! {}],
        };
    }
    let mut bounds: Vec<(String, String)> = shops
        .values()
        .map(|shop| shop_range(shop.shop.platform, &shop.shop.key))
        .filter(|(_, end)| after.as_ref().is_none_or(|after| after < end))
        .collect();
    bounds.sort();
    let behind = |first: String, end: String| match &after {
        Some(after) if *after >= first => doc! { "_id": { "$gt": after, "$lt": end } },
        _ => doc! { "_id": { "$gte": first, "$lt": end } },
    };
    let ranges: Vec<Document> = bounds
        .into_iter()
        .map(|(first, end)| behind(first, end))
        .collect();
    ranges.chunks(MAX_ALTERNATIVES).map(any_of).collect()
}
