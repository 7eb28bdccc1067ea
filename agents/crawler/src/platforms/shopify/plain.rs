//! The numbers of a product that stands alone and is plain, without making the product.
//!
//! Ranking a file of products needs six numbers of each, and the rest of the few that win. Whatever is not
//! plain is left to the reader that takes everything, so that both always agree.

use std::borrow::Cow;
use std::fmt;

use catalog::{Metrics, Money, NativeId, Shop};
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, de};

use super::lenient::{MAX_ENTRIES, Object};

/// Reads the metrics of a single bare product: those of the product that `read_page` makes of it.
///
/// `None` where the document is anything else, or where there is something to note about it: read it with
/// [`read_page`](super::read_page) then.
pub fn read_metrics(document: &[u8], shop: &Shop) -> Option<(NativeId, Metrics)> {
    let Object(product) = serde_json::from_slice::<Object<Plain<'_>>>(document).ok()?;
    let n_variants = product.variants.len();
    let is_wrapper = product.products.is_some();
    if is_wrapper || product.title.is_none() || n_variants > MAX_ENTRIES {
        return None;
    }
    let (mut sum, mut n_available) = (0.0, 0);
    for Object(variant) in &product.variants {
        sum += Money::parse(&variant.price, shop.currency).ok()?.to_f64();
        n_available += u32::from(variant.available == Some(true));
    }
    let over_variants = |value: f64| match n_variants {
        0 => 0.0,
        n_variants => value / n_variants as f64,
    };
    let metrics = Metrics {
        available_ratio: over_variants(n_available.into()),
        num_tags: product.tags.0,
        avg_price: over_variants(sum),
        num_images: product.images.0,
        description_length: product.body_html.map_or(0, |length| length.0),
    };
    Some((product.id.into(), metrics))
}

#[derive(Deserialize)]
struct Plain<'a> {
    id: u64,
    title: Option<IgnoredAny>,
    body_html: Option<Length>,
    tags: Count<Text>,
    images: Count<IgnoredAny>,
    #[serde(borrow)]
    variants: Vec<Object<PlainVariant<'a>>>,
    /// A key that holds products: this is a wrapper around them.
    #[serde(default, alias = "product", alias = "product_listings")]
    products: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct PlainVariant<'a> {
    #[serde(borrow)]
    price: Cow<'a, str>,
    #[serde(default)]
    available: Option<bool>,
}

/// The length of a text in code points.
struct Length(u32);

/// Any text.
struct Text;

/// The length of a list of `T`.
pub(super) struct Count<T>(pub(super) u32, std::marker::PhantomData<T>);

struct LengthVisitor;

impl Visitor<'_> for LengthVisitor {
    type Value = Length;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Length, E> {
        u32::try_from(text.chars().count())
            .map(Length)
            .map_err(E::custom)
    }
}

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(LengthVisitor)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(LengthVisitor).map(|_| Self)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Count<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CountVisitor<T>(std::marker::PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for CountVisitor<T> {
            type Value = Count<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Count<T>, A::Error> {
                let mut n_entries = 0;
                while list.next_element::<T>()?.is_some() {
                    n_entries += 1;
                    if n_entries as usize > MAX_ENTRIES {
                        return Err(de::Error::custom("too long to be plain"));
                    }
                }
                Ok(Count(n_entries, self.0))
            }
        }

        deserializer.deserialize_seq(CountVisitor(std::marker::PhantomData))
    }
}
