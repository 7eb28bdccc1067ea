//! What is told of the product itself.

use catalog::{Product, ProductRow, UnixMs};
use schemars::JsonSchema;
use serde::Serialize;

use crate::answer::Amount;
use crate::products::discount::{self, Discount};
use crate::products::{MAX_TAGS, Texts, reference};
use crate::untrusted;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Core {
    id: String,
    product_id: String,
    shop: String,
    /// Since when its shop no longer has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    gone_since: Option<UnixMs>,
    /// The least price.
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<Amount>,
    /// The greatest price, where it is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    price_max: Option<Amount>,
    /// The greatest reduction among the variants, by the shop's word.
    #[serde(skip_serializing_if = "Option::is_none")]
    discount: Option<Discount>,
    /// Whether some variant can be bought; absent where its shop does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    in_stock: Option<bool>,
    n_variants: usize,
    /// Variants known to be available; absent where its shop does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "usize")]
    n_available: Option<usize>,
    n_images: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    created_at: Option<UnixMs>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    published_at: Option<UnixMs>,
    untrusted: OwnWords,
}

#[derive(Debug, Serialize, JsonSchema)]
struct OwnWords {
    #[serde(flatten)]
    names: Texts,
    /// The names of the options, such as Colour and Size.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    options: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
}

/// So many names of options are told; no shop has more than three.
const MAX_OPTIONS: usize = 10;

impl Core {
    pub(super) const fn is_gone(&self) -> bool {
        self.gone_since.is_some()
    }

    pub(super) fn of(
        row: &ProductRow,
        product: &Product,
        gone_since: Option<UnixMs>,
        description: Option<String>,
    ) -> Self {
        let is_available = |it: &&catalog::Variant| it.availability.known() == Some(true);
        Self {
            id: reference(row),
            product_id: row.id.to_string(),
            shop: row.id.shop.to_string(),
            gone_since,
            price: row.price_min.map(Amount::from),
            price_max: row
                .price_max
                .filter(|it| Some(*it) != row.price_min)
                .map(Amount::from),
            discount: discount::greatest(product),
            in_stock: gone_since.map_or(row.in_stock, |_| Some(false)),
            n_variants: product.variants.len(),
            n_available: (row.in_stock)
                .map(|_| product.variants.iter().filter(is_available).count()),
            n_images: product.images.len(),
            created_at: product.created_at,
            published_at: product.published_at,
            untrusted: OwnWords {
                names: Texts {
                    tags: untrusted::names(&product.tags, MAX_TAGS),
                    ..Texts::of(row)
                },
                options: untrusted::names(&product.options, MAX_OPTIONS),
                description,
            },
        }
    }
}
