//! What the balanced score takes of a product that stands alone and is plain, without making the product.
//!
//! The counterpart of [`read_metrics`](super::read_metrics): whatever is not plain is left to the reader that
//! takes everything.

use std::borrow::Cow;
use std::fmt;

use catalog::{Currency, FeatureInputs, Money, NativeId, Offer, Shop, UnixMs, visible_chars};
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, de};

use super::build::derived_availability;
use super::lenient::{MAX_ENTRIES, Object, Scalar};
use super::plain::Count;

/// Reads what the balanced score takes of a single bare product, and its vendor, which is empty where missing:
/// both are those of the product that `read_page` makes of it.
///
/// `None` where the document is anything else, or where there is something to note about what was read: read it
/// with [`read_page`](super::read_page) then.
pub fn read_features<'a>(
    document: &'a [u8],
    shop: &Shop,
) -> Option<(NativeId, FeatureInputs, Cow<'a, str>)> {
    let Object(product) = serde_json::from_slice::<Object<Plain<'_>>>(document).ok()?;
    let is_wrapper = product.products.is_some();
    if is_wrapper || product.title.is_none() || product.variants.len() > MAX_ENTRIES {
        return None;
    }
    let offers = product.variants.iter().map(|it| it.0.offer(shop.currency));
    let offers: Vec<Offer> = offers.collect::<Option<_>>()?;
    let published_at = match product.published_at {
        Some(Text(text)) if !text.trim().is_empty() => Some(UnixMs::parse(&text).ok()?),
        _ => None,
    };
    let inputs = FeatureInputs {
        published_at,
        visible_chars: product.body_html.map_or(0, |it| it.0),
        distinct_tags: product.tags.0,
        num_images: product.images.0,
        type_key: product.product_type.map_or(0, |it| it.0),
        ..FeatureInputs::of_offers(&offers)
    };
    let vendor = product.vendor.map_or(Cow::Borrowed(""), |it| it.0);
    Some((product.id.into(), inputs, vendor))
}

#[derive(Deserialize)]
struct Plain<'a> {
    id: u64,
    title: Option<IgnoredAny>,
    #[serde(borrow, default)]
    vendor: Option<Text<'a>>,
    #[serde(default, alias = "productType")]
    product_type: Option<TypeKey>,
    body_html: Option<VisibleChars>,
    #[serde(borrow, default, alias = "publishedAt")]
    published_at: Option<Text<'a>>,
    tags: DistinctTags,
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
    price: Text<'a>,
    #[serde(borrow, default, alias = "compareAtPrice")]
    compare_at_price: Option<Text<'a>>,
    #[serde(default)]
    available: Option<bool>,
    #[serde(borrow, default)]
    inventory_management: Scalar<'a>,
    #[serde(borrow, default)]
    inventory_policy: Scalar<'a>,
    #[serde(default)]
    inventory_quantity: Option<i64>,
}

impl PlainVariant<'_> {
    /// Returns what it offers; `None` where an amount is none.
    fn offer(&self, currency: Currency) -> Option<Offer> {
        let compare_at = match &self.compare_at_price {
            Some(Text(text)) if !text.trim().is_empty() => Some(Money::parse(text, currency).ok()?),
            _ => None,
        };
        let derived = || {
            let (management, policy) = (&self.inventory_management, &self.inventory_policy);
            derived_availability(management, policy, self.inventory_quantity).known()
        };
        Some(Offer {
            price: Some(Money::parse(&self.price.0, currency).ok()?),
            compare_at: compare_at.filter(|price| price.minor() != 0),
            available: self.available.or_else(derived),
        })
    }
}

/// A text, borrowed from the document where it has no escapes: serde borrows no `Cow` inside an `Option` or a list.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// The length of a description as a reader sees it, in code points.
struct VisibleChars(u32);

/// The number that stands for a product type.
struct TypeKey(u64);

/// The number of different tags, of a list of texts or one text with commas.
struct DistinctTags(u32);

impl<'de> Deserialize<'de> for VisibleChars {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let count = |text: &str| visible_chars(text);
        from_text(deserializer, |text| {
            Self(u32::try_from(count(text)).unwrap_or(u32::MAX))
        })
    }
}

impl<'de> Deserialize<'de> for TypeKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, |text| Self(FeatureInputs::type_key(text)))
    }
}

/// Makes a `T` of a text without keeping the text.
fn from_text<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    make: impl FnOnce(&str) -> T,
) -> Result<T, D::Error> {
    struct TextVisitor<F>(F);

    impl<T, F: FnOnce(&str) -> T> Visitor<'_> for TextVisitor<F> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text")
        }

        fn visit_str<E>(self, text: &str) -> Result<T, E> {
            Ok((self.0)(text))
        }
    }

    deserializer.deserialize_str(TextVisitor(make))
}

impl<'de> Deserialize<'de> for DistinctTags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TagsVisitor;

        impl<'de> Visitor<'de> for TagsVisitor {
            type Value = DistinctTags;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of texts, or one text")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<DistinctTags, E> {
                distinct_tags(text.split(','))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<DistinctTags, A::Error> {
                let mut tags: Vec<Text<'de>> = vec![];
                while tags.len() <= MAX_ENTRIES
                    && let Some(tag) = list.next_element()?
                {
                    tags.push(tag);
                }
                distinct_tags(tags.iter().map(|tag| tag.0.as_ref()))
            }
        }

        deserializer.deserialize_any(TagsVisitor)
    }
}

fn distinct_tags<'a, E: de::Error>(
    tags: impl Iterator<Item = &'a str> + Clone,
) -> Result<DistinctTags, E> {
    if tags.clone().count() > MAX_ENTRIES {
        return Err(E::custom("too many tags to be plain"));
    }
    Ok(DistinctTags(FeatureInputs::distinct_tags(tags)))
}
