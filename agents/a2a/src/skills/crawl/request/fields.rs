//! The values of a request's members. Each type says once what it takes: to who reads it and to the schema.

use std::borrow::Cow;

use catalog::{Shop, UnixMs};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use url::Url;

use crate::skills::request::Whole;

/// The longest URL.
const MAX_URL: usize = 2_048;

/// The longest host, its escapes included: it names work items, too.
const MAX_KEY: usize = 200;

/// How fast a shop is asked.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rate {
    /// The most requests a second to one shop.
    #[serde(default)]
    pub(crate) rps: Option<Rps>,
    /// The most requests at once behind a pause. There is never more than one, so that any number holds.
    #[serde(default)]
    #[expect(
        dead_code,
        reason = "the crawler's own is 1, which keeps every promise"
    )]
    burst: Option<Whole<1, 1_000>>,
}

/// Requests a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rps(f64);

impl Rps {
    const MIN: f64 = 0.01;
    const MAX: f64 = 1_000.0;

    pub(crate) const fn get(self) -> f64 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Rps {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rate = f64::deserialize(deserializer)?;
        if !(Self::MIN..=Self::MAX).contains(&rate) {
            let (min, max) = (Self::MIN, Self::MAX);
            let what = format!("expected a number from {min} to {max}, not {rate}");
            return Err(D::Error::custom(what));
        }
        Ok(Self(rate))
    }
}

impl JsonSchema for Rps {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Rps".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "minimum": Self::MIN, "maximum": Self::MAX })
    }
}

/// A point in time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment(pub(crate) UnixMs);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let moment = (text.len() <= 64).then(|| UnixMs::parse(&text).ok());
        moment.flatten().map(Self).ok_or_else(|| {
            D::Error::custom("expected a time by RFC 3339, such as 2026-01-01T00:00:00Z")
        })
    }
}

impl JsonSchema for Moment {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time", "maxLength": 64 })
    }
}

/// A shop by its address.
#[derive(Debug)]
pub(crate) struct ShopAddress(pub(crate) Shop);

impl<'de> Deserialize<'de> for ShopAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        shop_of(&url_text(deserializer)?).map(Self)
    }
}

impl JsonSchema for ShopAddress {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ShopAddress".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "uri", "maxLength": MAX_URL })
    }
}

/// A product by the address of its page.
#[derive(Debug)]
pub(crate) struct ProductAddress {
    pub(crate) shop: Shop,
    /// Without query and fragment.
    pub(crate) url: Url,
}

impl<'de> Deserialize<'de> for ProductAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = url_text(deserializer)?;
        let shop = shop_of(&text)?;
        let url = product_url(&text).ok_or_else(|| {
            D::Error::custom(
                "expected a product's page, such as https://shop.example/products/lamp",
            )
        })?;
        Ok(Self { shop, url })
    }
}

impl JsonSchema for ProductAddress {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ProductAddress".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "format": "uri", "maxLength": MAX_URL, "pattern": "/products/[^/?#]+"
        })
    }
}

/// Returns the address of a product's page without query and fragment; `None` for any other page.
///
/// What stands before `/products/`, such as a language or a collection, is left out: the product is the same.
pub(crate) fn product_url(text: &str) -> Option<Url> {
    let text = text.trim();
    let with_scheme = match text.contains("://") {
        true => text.to_owned(),
        false => format!("https://{text}"),
    };
    let mut url = Url::parse(&with_scheme).ok()?;
    let path = url.path();
    let at = path.rfind("/products/")?;
    let handle = path[at + "/products/".len()..].trim_end_matches('/');
    let handle = handle.strip_suffix(".json").unwrap_or(handle);
    if handle.is_empty() || handle.contains('/') {
        return None;
    }
    let path = format!("/products/{handle}");
    url.set_path(&path);
    url.set_query(None);
    url.set_fragment(None);
    Some(url)
}

fn url_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.len() > MAX_URL {
        let what = format!("expected a URL of at most {MAX_URL} bytes");
        return Err(D::Error::custom(what));
    }
    Ok(text)
}

fn shop_of<E: Error>(text: &str) -> Result<Shop, E> {
    let shop = crawler::shop_at(text).map_err(E::custom)?;
    if shop.key.as_str().len() > MAX_KEY {
        return Err(E::custom("the host's name is too long"));
    }
    Ok(shop)
}
