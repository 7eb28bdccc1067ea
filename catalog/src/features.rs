//! What the balanced score takes of a catalogue, worked out once when a product is stored.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::{Currency, Offer, Product, ProductId, UnixMs, visible_chars};

/// The raw numbers of one product that its own catalogue entry gives.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FeatureInputs {
    /// When the shop published it.
    pub published_at: Option<UnixMs>,
    /// The mean over all variants of `1 - price / compare_at` where that is above 0, and 0 elsewhere; from 0 to 1.
    /// `None` without variants.
    pub discount: Option<f64>,
    /// The mean price of the variants whose price is above 0, in major units; `None` where there is none.
    pub price: Option<f64>,
    /// Available variants over those of which it is known; `None` where it is known of none.
    pub availability: Option<f64>,
    /// The length of the description as a reader sees it ([`visible_chars`]), in Unicode code points.
    pub visible_chars: u32,
    /// The number of different tags, trimmed, in lower case, not empty.
    pub distinct_tags: u32,
    /// The number of images.
    pub num_images: u32,
    /// The number of variants.
    pub num_variants: u32,
    /// The product type as a number that two types have in common only if they are the same text; 0 for none.
    pub type_key: u64,
}

/// One line of the scan that the balanced score is computed from.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureRow {
    /// The product.
    pub id: ProductId,
    /// The currency of its prices.
    pub currency: Currency,
    /// What its catalogue entry gives.
    pub inputs: FeatureInputs,
    /// When it was first stored: its history begins here.
    pub first_seen_at: UnixMs,
    /// When this state was last confirmed, as [`ProductRow::crawled_at`](crate::ProductRow::crawled_at).
    pub confirmed_at: UnixMs,
}

impl FeatureInputs {
    /// Works out the numbers of `product`.
    pub fn of(product: &Product) -> Self {
        let offers: Vec<Offer> = product.variants.iter().map(Offer::of).collect();
        Self {
            published_at: product.published_at,
            visible_chars: count(visible_chars(&product.body_html)),
            distinct_tags: Self::distinct_tags(product.tags.iter().map(String::as_str)),
            num_images: count(product.images.len()),
            type_key: Self::type_key(&product.product_type),
            ..Self::of_offers(&offers)
        }
    }

    /// Works out what the offers of a product's variants give; all else is empty.
    pub fn of_offers(offers: &[Offer]) -> Self {
        let mean = |sum: f64, n: usize| (n > 0).then(|| sum / n as f64);
        let discounts = offers
            .iter()
            .map(|offer| match (offer.price, offer.compare_at) {
                (Some(price), Some(compare_at)) if compare_at.minor() > 0 => {
                    (1.0 - price.to_f64() / compare_at.to_f64()).max(0.0)
                }
                _ => 0.0,
            });
        let prices = offers.iter().filter_map(|offer| offer.price);
        let prices: Vec<f64> = prices
            .filter(|price| price.minor() > 0)
            .map(|price| price.to_f64())
            .collect();
        let known = offers.iter().filter_map(|offer| offer.available);
        let (n_known, n_available) = known.fold((0, 0_u32), |(n, n_available), it| {
            (n + 1, n_available + u32::from(it))
        });
        Self {
            published_at: None,
            discount: mean(discounts.sum(), offers.len()),
            price: mean(prices.iter().sum(), prices.len()),
            availability: mean(n_available.into(), n_known),
            visible_chars: 0,
            distinct_tags: 0,
            num_images: 0,
            num_variants: count(offers.len()),
            type_key: 0,
        }
    }

    /// Returns the number of different tags, trimmed, in lower case, not empty.
    pub fn distinct_tags<'a>(tags: impl Iterator<Item = &'a str>) -> u32 {
        let tags = tags.map(str::trim).filter(|tag| !tag.is_empty());
        let mut tags: Vec<Cow<'_, str>> = tags.map(in_lower_case).collect();
        tags.sort_unstable();
        tags.dedup();
        count(tags.len())
    }

    /// Returns the number that stands for a product type: XXH3 of its text, 0 for an empty one.
    pub fn type_key(product_type: &str) -> u64 {
        match product_type {
            "" => 0,
            text => xxh3_64(text.as_bytes()),
        }
    }
}

fn in_lower_case(text: &str) -> Cow<'_, str> {
    let is_lower_ascii = |byte: u8| byte.is_ascii() && !byte.is_ascii_uppercase();
    if text.bytes().all(is_lower_ascii) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.to_lowercase())
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Availability, Money, Variant};

    fn variant(
        price: Option<&str>,
        compare_at: Option<&str>,
        availability: Availability,
    ) -> Variant {
        let money = |text: &str| Money::parse(text, Currency::UNKNOWN).unwrap();
        Variant {
            id: "1".into(),
            title: String::new(),
            options: vec![],
            sku: None,
            price: price.map(money),
            compare_at: compare_at.map(money),
            availability,
            quantity: None,
        }
    }

    fn product(variants: Vec<Variant>) -> Product {
        Product {
            id: "shopify:shop.example:1".parse().unwrap(),
            title: String::new(),
            handle: String::new(),
            vendor: String::new(),
            product_type: "Lamp".into(),
            body_html: "<p>Oak &amp; linen</p>".into(),
            tags: ["Oak", " oak ", "", "Linen"].map(String::from).to_vec(),
            options: vec![],
            variants,
            images: vec![String::new(); 3],
            url: String::new(),
            created_at: None,
            published_at: Some(UnixMs::new(5)),
            updated_at: None,
        }
    }

    #[test]
    fn every_number_is_the_one_worked_out_by_hand() {
        use Availability::{Derived, Stated, Unknown};
        let inputs = FeatureInputs::of(&product(vec![
            variant(Some("75.00"), Some("100.00"), Stated(true)),
            variant(Some("25.00"), Some("20.00"), Derived(false)),
            variant(Some("0.00"), None, Unknown),
            variant(None, Some("20.00"), Stated(true)),
        ]));
        let by_hand = FeatureInputs {
            published_at: Some(UnixMs::new(5)),
            discount: Some(0.0625),
            price: Some(50.0),
            availability: Some(2.0 / 3.0),
            visible_chars: 11,
            distinct_tags: 2,
            num_images: 3,
            num_variants: 4,
            type_key: FeatureInputs::type_key("Lamp"),
        };
        assert_eq!(inputs, by_hand);
        assert_ne!(inputs.type_key, 0);
    }

    #[test]
    fn without_variants_there_is_nothing_to_know_of_them() {
        let inputs = FeatureInputs::of(&product(vec![]));
        assert_eq!(
            (inputs.discount, inputs.price, inputs.availability),
            (None, None, None)
        );
    }
}
