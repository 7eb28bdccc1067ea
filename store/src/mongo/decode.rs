//! Documents as `catalog`'s types: shops and products. A value that does not fit is damage, never a panic.

use std::collections::HashMap;

use catalog::{
    Availability, Currency, CurrencySource, Metrics, MetricsRow, Money, Platform, Product,
    ProductRow, Shop, ShopKey, UnixMs, Variant,
};
use mongodb::bson::{DateTime, RawDocument, deserialize_from_slice};
use serde::{Deserialize, Deserializer};

use super::fault::Fault;
use super::keys::parse_product_key;

/// Reads a document's fields; those that `T` has not are left out.
pub(super) fn fields<'a, T: Deserialize<'a>>(
    document: &'a RawDocument,
    what: &str,
) -> Result<T, Fault> {
    deserialize_from_slice(document.as_bytes()).map_err(|error| {
        let id = document.get_str("_id").unwrap_or("?");
        Fault::Damaged(format!("{what} ({id}): {error}"))
    })
}

/// A time as a BSON date.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ms(pub(super) UnixMs);

impl<'de> Deserialize<'de> for Ms {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let date = DateTime::deserialize(deserializer)?;
        Ok(Self(UnixMs::new(date.timestamp_millis())))
    }
}

pub(super) fn time(date: Option<Ms>) -> Option<UnixMs> {
    date.map(|Ms(time)| time)
}

/// A document of `shops`.
#[derive(Debug, Clone)]
pub(super) struct StoredShop {
    pub(super) shop: Shop,
    pub(super) is_paused: bool,
    pub(super) is_added: bool,
    pub(super) last_complete_at: Option<UnixMs>,
}

pub(super) fn shop(document: &RawDocument) -> Result<StoredShop, Fault> {
    #[derive(Deserialize)]
    struct ShopDocument<'a> {
        #[serde(borrow, rename = "_id")]
        key: &'a str,
        platform: Platform,
        url: String,
        currency: Currency,
        currency_source: CurrencySource,
        is_paused: Option<bool>,
        is_added: Option<bool>,
        last_complete_at: Option<Ms>,
    }
    let read: ShopDocument<'_> = fields(document, "a shop")?;
    Ok(StoredShop {
        shop: Shop {
            key: shop_key(read.key)?,
            platform: read.platform,
            url: read.url,
            currency: read.currency,
            currency_source: read.currency_source,
        },
        is_paused: read.is_paused.unwrap_or(false),
        is_added: read.is_added.unwrap_or(false),
        last_complete_at: time(read.last_complete_at),
    })
}

pub(super) fn shop_key(key: &str) -> Result<ShopKey, Fault> {
    key.parse()
        .map_err(|error| Fault::Damaged(format!("the key of a shop: {error}")))
}

/// The shops whose products are read.
pub(super) type Shops = HashMap<ShopKey, StoredShop>;

/// The fields of [`product_row`].
pub(super) const ROW_FIELDS: [&str; 18] = [
    "title",
    "handle",
    "vendor",
    "product_type",
    "currency",
    "price_min",
    "price_max",
    "in_stock",
    "availability",
    "available_ratio",
    "num_tags",
    "avg_price",
    "num_images",
    "description_length",
    "url",
    "image_url",
    "stored_at",
    "gone_at",
];

/// Returns the row of a product, `None` if `shops` has not its shop: then another process is removing both.
pub(super) fn product_row(
    document: &RawDocument,
    shops: &Shops,
) -> Result<Option<ProductRow>, Fault> {
    #[derive(Deserialize)]
    struct RowDocument<'a> {
        #[serde(borrow, rename = "_id")]
        key: &'a str,
        title: String,
        handle: String,
        vendor: String,
        product_type: String,
        currency: Option<Currency>,
        price_min: Option<i64>,
        price_max: Option<i64>,
        in_stock: bool,
        availability: Option<f64>,
        available_ratio: f64,
        num_tags: u32,
        avg_price: f64,
        num_images: u32,
        description_length: u32,
        url: String,
        image_url: String,
        stored_at: Ms,
        gone_at: Option<Ms>,
    }
    let read: RowDocument<'_> = fields(document, "a product")?;
    let id = parse_product_key(read.key)?;
    let Some(shop) = shops.get(&id.shop) else {
        return Ok(None);
    };
    let currency = read.currency.unwrap_or(shop.shop.currency);
    let price = |minor: Option<i64>| minor.map(|minor| Money::new(minor, currency));
    let Ms(stored_at) = read.stored_at;
    let confirmed_at = match read.gone_at {
        None => shop.last_complete_at,
        Some(_gone) => None,
    };
    Ok(Some(ProductRow {
        id,
        title: read.title,
        handle: read.handle,
        vendor: read.vendor,
        product_type: read.product_type,
        currency,
        price_min: price(read.price_min),
        price_max: price(read.price_max),
        in_stock: read.availability.map(|_| read.in_stock),
        metrics: Metrics {
            available_ratio: read.available_ratio,
            num_tags: read.num_tags,
            avg_price: read.avg_price,
            num_images: read.num_images,
            description_length: read.description_length,
        },
        url: read.url,
        image_url: read.image_url,
        crawled_at: confirmed_at.map_or(stored_at, |at| at.max(stored_at)),
    }))
}

/// The fields of [`metrics_row`].
pub(super) const METRICS_FIELDS: [&str; 5] = [
    "available_ratio",
    "num_tags",
    "avg_price",
    "num_images",
    "description_length",
];

pub(super) fn metrics_row(document: &RawDocument) -> Result<MetricsRow, Fault> {
    #[derive(Deserialize)]
    struct MetricsDocument<'a> {
        #[serde(borrow, rename = "_id")]
        key: &'a str,
        available_ratio: f64,
        num_tags: u32,
        avg_price: f64,
        num_images: u32,
        description_length: u32,
    }
    let read: MetricsDocument<'_> = fields(document, "a product")?;
    Ok(MetricsRow {
        id: parse_product_key(read.key)?,
        metrics: Metrics {
            available_ratio: read.available_ratio,
            num_tags: read.num_tags,
            avg_price: read.avg_price,
            num_images: read.num_images,
            description_length: read.description_length,
        },
    })
}

/// A document of `products` as a whole, and what the store knows about it.
#[derive(Debug)]
pub(super) struct StoredProduct {
    pub(super) product: Product,
    pub(super) first_seen_at: UnixMs,
    pub(super) stored_at: UnixMs,
    pub(super) gone_at: Option<UnixMs>,
    pub(super) n_observations: u64,
}

pub(super) fn product(document: &RawDocument) -> Result<StoredProduct, Fault> {
    #[derive(Deserialize)]
    struct ProductDocument<'a> {
        #[serde(borrow, rename = "_id")]
        key: &'a str,
        title: String,
        handle: String,
        vendor: String,
        product_type: String,
        body_html: String,
        tags: Vec<String>,
        options: Vec<String>,
        variants: Vec<VariantDocument>,
        images: Vec<String>,
        url: String,
        shop_created_at: Option<Ms>,
        shop_published_at: Option<Ms>,
        shop_updated_at: Option<Ms>,
        first_seen_at: Ms,
        stored_at: Ms,
        gone_at: Option<Ms>,
        n_observations: u64,
    }
    let read: ProductDocument<'_> = fields(document, "a product")?;
    let variants = read.variants.into_iter().map(VariantDocument::read);
    Ok(StoredProduct {
        product: Product {
            id: parse_product_key(read.key)?,
            title: read.title,
            handle: read.handle,
            vendor: read.vendor,
            product_type: read.product_type,
            body_html: read.body_html,
            tags: read.tags,
            options: read.options,
            variants: variants.collect::<Result<_, _>>()?,
            images: read.images,
            url: read.url,
            created_at: time(read.shop_created_at),
            published_at: time(read.shop_published_at),
            updated_at: time(read.shop_updated_at),
        },
        first_seen_at: read.first_seen_at.0,
        stored_at: read.stored_at.0,
        gone_at: time(read.gone_at),
        n_observations: read.n_observations,
    })
}

/// Returns the variants of a document of `products`, of which the other fields need not be there.
pub(super) fn variants(document: &RawDocument) -> Result<Vec<Variant>, Fault> {
    #[derive(Deserialize)]
    struct VariantsAlone {
        variants: Vec<VariantDocument>,
    }
    let read: VariantsAlone = fields(document, "the variants of a product")?;
    let variants = read.variants.into_iter();
    variants.map(VariantDocument::read).collect()
}

#[derive(Deserialize)]
struct VariantDocument {
    id: String,
    title: String,
    options: Vec<String>,
    sku: Option<String>,
    price: Option<i64>,
    price_currency: Option<Currency>,
    compare_at: Option<i64>,
    compare_at_currency: Option<Currency>,
    availability: String,
    last_said: Option<bool>,
    quantity: Option<i64>,
}

impl VariantDocument {
    fn read(self) -> Result<Variant, Fault> {
        Ok(Variant {
            id: self.id,
            title: self.title,
            options: self.options,
            sku: self.sku,
            price: money(self.price, self.price_currency)?,
            compare_at: money(self.compare_at, self.compare_at_currency)?,
            availability: match self.availability.as_str() {
                "unknown" => self
                    .last_said
                    .map_or(Availability::Unknown, Availability::Former),
                "stated_no" => Availability::Stated(false),
                "stated_yes" => Availability::Stated(true),
                "derived_no" => Availability::Derived(false),
                "derived_yes" => Availability::Derived(true),
                word => {
                    let detail = format!("the availability of a variant: {word:?}");
                    return Err(Fault::Damaged(detail));
                }
            },
            quantity: self.quantity,
        })
    }
}

pub(super) fn money(
    minor: Option<i64>,
    currency: Option<Currency>,
) -> Result<Option<Money>, Fault> {
    match (minor, currency) {
        (None, _) => Ok(None),
        (Some(minor), Some(currency)) => Ok(Some(Money::new(minor, currency))),
        (Some(minor), None) => Err(Fault::Damaged(format!(
            "a price without a currency: {minor}"
        ))),
    }
}
