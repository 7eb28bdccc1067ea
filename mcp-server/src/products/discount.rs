//! What a shop says that it took off.

use catalog::{Product, Variant};
use schemars::JsonSchema;
use serde::Serialize;

use crate::answer::Amount;

/// A reduction, as the shop states it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Discount {
    /// The share that is taken off, 0 to 1.
    pub(crate) share: f64,
    /// What it costs now.
    pub(crate) price: Amount,
    /// What it cost before, by the shop's word.
    pub(crate) compare_at: Amount,
}

/// Returns the greatest reduction among a product's variants.
pub(crate) fn greatest(product: &Product) -> Option<Discount> {
    let reduced = product.variants.iter().filter_map(of);
    reduced.max_by(|one, two| one.share.total_cmp(&two.share))
}

/// Returns the reduction of a variant.
pub(crate) fn of(variant: &Variant) -> Option<Discount> {
    Some(Discount {
        share: (variant.discount()? * 1_000.0).round() / 1_000.0,
        price: variant.price?.into(),
        compare_at: variant.compare_at?.into(),
    })
}
