//! A shop, its products and their variants, as every platform's reader delivers them.

use serde::{Deserialize, Serialize};

use crate::{Currency, CurrencySource, Metrics, Money, Platform, ProductId, ShopKey, UnixMs};

/// A shop to crawl, or one that was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shop {
    /// The key; see [`ShopKey`].
    pub key: ShopKey,
    /// The shop's software.
    pub platform: Platform,
    /// The base URL without a trailing slash; empty for a shop known from saved files only.
    pub url: String,
    /// The currency of all its prices.
    pub currency: Currency,
    /// Where the currency came from.
    pub currency_source: CurrencySource,
}

/// Whether a variant can be bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    /// The shop's answer says so itself.
    Stated(bool),
    /// Worked out from stock quantity and policy, where the answer has no such field.
    Derived(bool),
    /// The newest answer does not say. An earlier one said this.
    Former(bool),
    /// Nobody said.
    Unknown,
}

impl Availability {
    /// Returns whether it can be bought, where that is known.
    pub const fn known(self) -> Option<bool> {
        match self {
            Self::Stated(it) | Self::Derived(it) => Some(it),
            Self::Former(_) | Self::Unknown => None,
        }
    }

    /// Returns what was said of it last, now or earlier.
    pub const fn last_said(self) -> Option<bool> {
        match self {
            Self::Stated(it) | Self::Derived(it) | Self::Former(it) => Some(it),
            Self::Unknown => None,
        }
    }
}

/// One buyable form of a product.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    /// The platform's id of the variant.
    pub id: String,
    /// The title, such as `Black / M`.
    pub title: String,
    /// The values of [`Product::options`], in their order.
    pub options: Vec<String>,
    /// The stock-keeping unit; `None` where missing or empty.
    pub sku: Option<String>,
    /// The price; `None` where it could not be read, which is then a recorded problem.
    pub price: Option<Money>,
    /// The price before a reduction as the shop states it; `None` where missing or zero.
    pub compare_at: Option<Money>,
    /// Whether it can be bought.
    pub availability: Availability,
    /// The stock, where published. Shops may publish numbers that mean "not tracked".
    pub quantity: Option<i64>,
}

impl Variant {
    /// Returns the reduction as a share of the compare-at price, above 0 and at most 1.
    ///
    /// `None` unless both prices are known and compare-at > price > 0: a compare-at price that is zero,
    /// equal or lower is no discount.
    pub fn discount(&self) -> Option<f64> {
        let (price, compare_at) = (self.price?, self.compare_at?);
        let is_reduced = price.minor() > 0 && compare_at.minor() > price.minor();
        is_reduced.then(|| 1.0 - price.to_f64() / compare_at.to_f64())
    }
}

/// A product as its shop shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Product {
    /// The id; see [`ProductId`].
    pub id: ProductId,
    /// The title, trimmed.
    pub title: String,
    /// The last part of the product's URL, decoded.
    pub handle: String,
    /// The brand; may be empty.
    pub vendor: String,
    /// The shop's own category; may be empty.
    pub product_type: String,
    /// The description as the shop sent it: HTML from a stranger. Empty where missing.
    pub body_html: String,
    /// The tags as sent, repetitions included.
    pub tags: Vec<String>,
    /// The names of the options, such as `Colour` and `Size`, in the shop's order.
    pub options: Vec<String>,
    /// The variants in the shop's order; may be none.
    pub variants: Vec<Variant>,
    /// The images' URLs in the shop's order.
    pub images: Vec<String>,
    /// The product's page; empty for a shop known from saved files only.
    pub url: String,
    /// When the shop made it, published it and last touched it. `updated_at` is no sign of a change.
    pub created_at: Option<UnixMs>,
    /// When it went on sale.
    pub published_at: Option<UnixMs>,
    /// When the shop says it changed; shops move it without any change.
    pub updated_at: Option<UnixMs>,
}

impl Product {
    /// Returns the least and the greatest price; `None` where no variant has a price.
    pub fn price_range(&self) -> Option<(Money, Money)> {
        let prices = || self.variants.iter().filter_map(|variant| variant.price);
        let least = prices().min_by_key(|price| price.minor())?;
        let greatest = prices().max_by_key(|price| price.minor())?;
        Some((least, greatest))
    }

    /// Returns whether some variant is known to be available; `None` where the shop says it of none.
    pub fn in_stock(&self) -> Option<bool> {
        let said = self
            .variants
            .iter()
            .filter_map(|it| it.availability.known());
        said.reduce(|one, other| one || other)
    }
}

/// What a list or a CSV shows of a stored product: everything but descriptions and variants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProductRow {
    /// The id.
    pub id: ProductId,
    /// The title.
    pub title: String,
    /// The handle.
    pub handle: String,
    /// The brand; may be empty.
    pub vendor: String,
    /// The shop's own category; may be empty.
    pub product_type: String,
    /// The currency of the prices.
    pub currency: Currency,
    /// The least price of its variants.
    pub price_min: Option<Money>,
    /// The greatest price of its variants.
    pub price_max: Option<Money>,
    /// Whether some variant is known to be available; `None` where the shop says it of none.
    pub in_stock: Option<bool>,
    /// The metrics that scores are made of.
    pub metrics: Metrics,
    /// The product's page; may be empty.
    pub url: String,
    /// The first image; may be empty.
    pub image_url: String,
    /// When this state was last confirmed: the end of the shop's last complete pass, or the time at which
    /// the product was stored, whichever is later.
    pub crawled_at: UnixMs,
}

impl ProductRow {
    /// Returns a row that says who a product is and nothing else of it.
    pub const fn named(id: ProductId) -> Self {
        Self {
            id,
            title: String::new(),
            handle: String::new(),
            vendor: String::new(),
            product_type: String::new(),
            currency: Currency::UNKNOWN,
            price_min: None,
            price_max: None,
            in_stock: None,
            metrics: Metrics {
                available_ratio: 0.0,
                num_tags: 0,
                avg_price: 0.0,
                num_images: 0,
                description_length: 0,
            },
            url: String::new(),
            image_url: String::new(),
            crawled_at: UnixMs::new(0),
        }
    }

    /// Returns the row of `product`, seen at `crawled_at`, in a shop whose currency is `currency`.
    pub fn of(product: &Product, currency: Currency, crawled_at: UnixMs) -> Self {
        let prices = product.price_range();
        Self {
            id: product.id.clone(),
            title: product.title.clone(),
            handle: product.handle.clone(),
            vendor: product.vendor.clone(),
            product_type: product.product_type.clone(),
            currency,
            price_min: prices.map(|(least, _)| least),
            price_max: prices.map(|(_, greatest)| greatest),
            in_stock: product.in_stock(),
            metrics: Metrics::of(product),
            url: product.url.clone(),
            image_url: product.images.first().cloned().unwrap_or_default(),
            crawled_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variant(price: &str, compare_at: Option<&str>) -> Variant {
        let money = |text| Money::parse(text, Currency::UNKNOWN).unwrap();
        Variant {
            id: "1".into(),
            title: String::new(),
            options: vec![],
            sku: None,
            price: Some(money(price)),
            compare_at: compare_at.map(money),
            availability: Availability::Unknown,
            quantity: None,
        }
    }

    #[test]
    fn only_a_higher_compare_at_price_is_a_discount() {
        assert_eq!(variant("75.00", Some("100.00")).discount(), Some(0.25));
        for compare_at in [None, Some("0.00"), Some("75.00"), Some("74.99")] {
            assert_eq!(variant("75.00", compare_at).discount(), None);
        }
        assert_eq!(variant("0.00", Some("10.00")).discount(), None);
    }
}
