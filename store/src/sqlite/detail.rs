//! The JSON of `product_details.detail`: what a product has several of. Names are short, since there are many.

use catalog::{Availability, Currency, Money, Product, Variant};
use serde::{Deserialize, Serialize};

use super::codec::{from_json, to_json};
use super::fault::Fault;

/// The lists of a product. The type parameters let one definition borrow for writing and own for reading.
#[derive(Serialize, Deserialize)]
pub(super) struct Detail<Text, List> {
    #[serde(rename = "t")]
    pub(super) tags: List,
    #[serde(rename = "o")]
    pub(super) options: List,
    #[serde(rename = "i")]
    pub(super) images: List,
    /// The currency of every price that names no other.
    #[serde(rename = "c")]
    currency: Currency,
    #[serde(rename = "v")]
    variants: Vec<VariantDetail<Text, List>>,
}

#[derive(Serialize, Deserialize)]
struct VariantDetail<Text, List> {
    #[serde(rename = "i")]
    id: Text,
    #[serde(rename = "t")]
    title: Text,
    #[serde(rename = "o")]
    options: List,
    #[serde(rename = "s", skip_serializing_if = "Option::is_none")]
    sku: Option<Text>,
    #[serde(rename = "p", skip_serializing_if = "Option::is_none")]
    price: Option<i64>,
    #[serde(rename = "pc", skip_serializing_if = "Option::is_none")]
    price_currency: Option<Currency>,
    #[serde(rename = "b", skip_serializing_if = "Option::is_none")]
    compare_at: Option<i64>,
    #[serde(rename = "bc", skip_serializing_if = "Option::is_none")]
    compare_at_currency: Option<Currency>,
    /// 0 unknown, 1 and 2 stated no and yes, 3 and 4 derived no and yes.
    #[serde(rename = "a")]
    availability: u8,
    /// What was said last, of an unknown one.
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    last_said: Option<bool>,
    #[serde(rename = "q", skip_serializing_if = "Option::is_none")]
    quantity: Option<i64>,
}

pub(super) fn encode(product: &Product) -> Result<String, Fault> {
    let mut prices = product
        .variants
        .iter()
        .filter_map(|it| it.price.or(it.compare_at));
    let currency = prices.next().map_or(Currency::UNKNOWN, Money::currency);
    let detail = Detail {
        tags: product.tags.as_slice(),
        options: product.options.as_slice(),
        images: product.images.as_slice(),
        currency,
        variants: product
            .variants
            .iter()
            .map(|it| encode_variant(it, currency))
            .collect(),
    };
    to_json(&detail)
}

fn encode_variant(variant: &Variant, usual: Currency) -> VariantDetail<&str, &[String]> {
    let unusual = |money: Option<Money>| {
        let currency = money.map(Money::currency);
        currency.filter(|currency| *currency != usual)
    };
    VariantDetail {
        id: &variant.id,
        title: &variant.title,
        options: &variant.options,
        sku: variant.sku.as_deref(),
        price: variant.price.map(Money::minor),
        price_currency: unusual(variant.price),
        compare_at: variant.compare_at.map(Money::minor),
        compare_at_currency: unusual(variant.compare_at),
        availability: match variant.availability {
            Availability::Unknown | Availability::Former(_) => 0,
            Availability::Stated(it) => 1 + u8::from(it),
            Availability::Derived(it) => 3 + u8::from(it),
        },
        last_said: match variant.availability {
            Availability::Former(said) => Some(said),
            _ => None,
        },
        quantity: variant.quantity,
    }
}

pub(super) fn decode(detail: &str) -> Result<Detail<String, Vec<String>>, Fault> {
    from_json(detail, "the detail of a product")
}

impl Detail<String, Vec<String>> {
    /// Takes out the variants.
    pub(super) fn take_variants(&mut self) -> Result<Vec<Variant>, Fault> {
        let usual = self.currency;
        std::mem::take(&mut self.variants)
            .into_iter()
            .map(|it| decode_variant(it, usual))
            .collect()
    }
}

fn decode_variant(
    variant: VariantDetail<String, Vec<String>>,
    usual: Currency,
) -> Result<Variant, Fault> {
    let money = |minor: Option<i64>, currency: Option<Currency>| {
        minor.map(|minor| Money::new(minor, currency.unwrap_or(usual)))
    };
    Ok(Variant {
        price: money(variant.price, variant.price_currency),
        compare_at: money(variant.compare_at, variant.compare_at_currency),
        availability: match variant.availability {
            0 => variant
                .last_said
                .map_or(Availability::Unknown, Availability::Former),
            it @ (1 | 2) => Availability::Stated(it == 2),
            it @ (3 | 4) => Availability::Derived(it == 4),
            it => {
                return Err(Fault::Damaged(format!(
                    "the availability of a variant: {it}"
                )));
            }
        },
        id: variant.id,
        title: variant.title,
        options: variant.options,
        sku: variant.sku,
        quantity: variant.quantity,
    })
}

/// Returns the tags alone.
pub(super) fn tags(detail: &str) -> Result<Vec<String>, Fault> {
    #[derive(Deserialize)]
    struct Tags {
        t: Vec<String>,
    }
    let read: Tags = from_json(detail, "the detail of a product")?;
    Ok(read.t)
}
