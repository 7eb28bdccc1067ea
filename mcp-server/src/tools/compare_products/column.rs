//! A product that is compared.

use catalog::{Product, ProductRow, UnixMs};
use schemars::JsonSchema;
use serde::Serialize;

use crate::products::{Standing, Texts, reference};
use crate::untrusted;

/// All that is known of a product.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) row: ProductRow,
    pub(super) product: Product,
    pub(super) gone_since: Option<UnixMs>,
    pub(super) standing: Option<Standing>,
}

/// The head of its column.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Column {
    id: String,
    shop: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    source_url: Option<String>,
    #[schemars(with = "String")]
    crawled_at: UnixMs,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    gone_since: Option<UnixMs>,
    untrusted: Texts,
}

impl Column {
    pub(super) fn of(whole: &Whole) -> Self {
        let row = &whole.row;
        Self {
            id: reference(row),
            shop: row.id.shop.to_string(),
            source_url: untrusted::url(row),
            crawled_at: row.crawled_at,
            gone_since: whole.gone_since,
            untrusted: Texts::of(row),
        }
    }
}
