//! What is told of a product's variants.

use catalog::{Product, Variant};
use schemars::JsonSchema;
use serde::Serialize;

use crate::answer::Amount;
use crate::products::discount;
use crate::untrusted::{self, is_plain};

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct VariantLine {
    /// The platform's id of it: the argument `variant` of `get_history`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<Amount>,
    /// The price before a reduction, by the shop's word.
    #[serde(skip_serializing_if = "Option::is_none")]
    compare_at: Option<Amount>,
    /// Whether it can be bought, where the shop says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    available: Option<bool>,
    /// The stock, where published; shops may publish numbers that mean "not tracked".
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    quantity: Option<i64>,
    untrusted: VariantTexts,
}

#[derive(Debug, Serialize, JsonSchema)]
struct VariantTexts {
    /// Its options' values, such as `Black / M`.
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    sku: Option<String>,
}

/// Returns the variants in their shop's order, in full with stock and stock-keeping unit.
pub(super) fn lines(product: &Product, in_full: bool) -> Vec<VariantLine> {
    let variants = product.variants.iter();
    variants.map(|it| line(it, in_full)).collect()
}

fn line(variant: &Variant, in_full: bool) -> VariantLine {
    let sku = variant.sku.as_deref().filter(|_| in_full);
    VariantLine {
        id: Some(variant.id.clone()).filter(|it| is_plain(it)),
        price: variant.price.map(Amount::from),
        compare_at: discount::of(variant).map(|it| it.compare_at),
        available: variant.availability.known(),
        quantity: variant.quantity.filter(|_| in_full),
        untrusted: VariantTexts {
            title: untrusted::name(&variant.title),
            sku: sku.map(untrusted::name),
        },
    }
}
