//! A product as lists show it.

use catalog::{Product, ProductRow, UnixMs};
use schemars::JsonSchema;
use serde::Serialize;

use super::{discount, reference};
use crate::answer::Amount;
use crate::arguments::ResponseFormat;
use crate::untrusted;

/// So many tags of a product are shown.
pub(crate) const MAX_TAGS: usize = 20;

/// One product in a list.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct ProductLine {
    /// What every tool takes as `id`: `shop/handle`, or the product id where the handle is no plain word.
    pub(crate) id: String,
    /// The least price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) price: Option<Amount>,
    /// The greatest price, where it is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) price_max: Option<Amount>,
    /// Whether some variant can be bought; absent where its shop does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub(crate) in_stock: Option<bool>,
    /// What its shop calls it.
    pub(crate) untrusted: Texts,
    /// More, in detailed answers.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(crate) detail: Option<Detail>,
}

/// A shop's own words of a product.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Texts {
    pub(crate) title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) vendor: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) product_type: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) tags: Vec<String>,
}

/// What a detailed list says beside that.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Detail {
    product_id: String,
    shop: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    url: Option<String>,
    #[schemars(with = "String")]
    crawled_at: UnixMs,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "usize")]
    n_variants: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "f64")]
    discount: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    published_at: Option<UnixMs>,
}

impl ProductLine {
    /// Returns the line of a product in a list of that format.
    pub(crate) fn of(row: &ProductRow, format: ResponseFormat) -> Self {
        let price_max = row.price_max.filter(|it| Some(*it) != row.price_min);
        Self {
            id: reference(row),
            price: row.price_min.map(Amount::from),
            price_max: price_max.map(Amount::from),
            in_stock: row.in_stock,
            untrusted: Texts::of(row),
            detail: (format == ResponseFormat::Detailed).then(|| Detail {
                product_id: row.id.to_string(),
                shop: row.id.shop.to_string(),
                url: untrusted::url(row),
                crawled_at: row.crawled_at,
                n_variants: None,
                discount: None,
                published_at: None,
            }),
        }
    }

    /// Returns a detailed line with what only the whole product says.
    pub(crate) fn with(mut self, product: &Product) -> Self {
        if let Some(detail) = &mut self.detail {
            self.untrusted.tags = untrusted::names(&product.tags, MAX_TAGS);
            detail.n_variants = Some(product.variants.len());
            detail.discount = discount::greatest(product).map(|it| it.share);
            detail.published_at = product.published_at.or(product.created_at);
        }
        self
    }
}

impl Texts {
    pub(crate) fn of(row: &ProductRow) -> Self {
        Self {
            title: untrusted::name(&row.title),
            vendor: untrusted::name(&row.vendor),
            product_type: untrusted::name(&row.product_type),
            tags: Vec::new(),
        }
    }
}
