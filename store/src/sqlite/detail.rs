//! The JSON of `product_details.detail`: what a product has several of. Names are short, since there are many.

use catalog::{Availability, Currency, Money, Product, Variant};
use serde::{Deserialize, Serialize};

use super::codec::{from_json, to_json};
use super::fault::Fault;

/// What shops put between the options in a variant's title.
const BETWEEN_OPTIONS: &str = " / ";

/// The lists of a product. The type parameters let one definition borrow for writing and own for reading.
#[derive(Serialize, Deserialize)]
pub(super) struct Detail<Text, List> {
    #[serde(rename = "t")]
    pub(super) tags: List,
    #[serde(rename = "o")]
    pub(super) options: List,
    /// What the addresses of all images begin with, if there are several; [`Self::images`] has the rest of each.
    #[serde(rename = "ib", default, skip_serializing_if = "Option::is_none")]
    images_begin: Option<Text>,
    #[serde(rename = "i")]
    images: Vec<Text>,
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
    /// `None` if it is [`joined`] of the options.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    title: Option<Text>,
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
    let images_begin = common_beginning(&product.images);
    let detail = Detail {
        tags: product.tags.as_slice(),
        options: product.options.as_slice(),
        images_begin: (!images_begin.is_empty()).then_some(images_begin),
        images: (product.images.iter())
            .map(|it| &it[images_begin.len()..])
            .collect(),
        currency,
        variants: product
            .variants
            .iter()
            .map(|it| encode_variant(it, currency))
            .collect(),
    };
    to_json(&detail)
}

/// Returns what all of several texts begin with.
fn common_beginning(texts: &[String]) -> &str {
    let [first, others @ ..] = texts else {
        return "";
    };
    let lengths = others.iter().map(|other| {
        let pairs = first.bytes().zip(other.bytes());
        pairs.take_while(|(one, other)| one == other).count()
    });
    let length = lengths.min().unwrap_or_default();
    &first[..first.floor_char_boundary(length)]
}

/// Returns the title that shops make of a variant's options.
fn joined(options: &[String]) -> String {
    options.join(BETWEEN_OPTIONS)
}

/// Returns whether `title` is [`joined`] of the options.
fn is_joined(title: &str, options: &[String]) -> bool {
    let mut rest = Some(title);
    for (number, option) in options.iter().enumerate() {
        if number > 0 {
            rest = rest.and_then(|it| it.strip_prefix(BETWEEN_OPTIONS));
        }
        rest = rest.and_then(|it| it.strip_prefix(option.as_str()));
    }
    rest == Some("")
}

fn encode_variant(variant: &Variant, usual: Currency) -> VariantDetail<&str, &[String]> {
    let unusual = |money: Option<Money>| {
        let currency = money.map(Money::currency);
        currency.filter(|currency| *currency != usual)
    };
    VariantDetail {
        id: &variant.id,
        title: (!is_joined(&variant.title, &variant.options)).then_some(&variant.title),
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
    /// Takes out the addresses of the images.
    pub(super) fn take_images(&mut self) -> Vec<String> {
        let mut images = std::mem::take(&mut self.images);
        if let Some(begin) = &self.images_begin {
            for image in &mut images {
                image.insert_str(0, begin);
            }
        }
        images
    }

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
        title: variant.title.unwrap_or_else(|| joined(&variant.options)),
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

#[cfg(test)]
mod tests {
    use catalog::{NativeId, Platform, ProductId};
    use proptest::prelude::*;

    use super::*;

    const IMAGES: [&str; 3] = [
        "https://cdn.example/files/\u{e9}charpe-1.jpg?v=7",
        "https://cdn.example/files/\u{e8}ve.jpg",
        "https://cdn.example/files/\u{e9}charpe-2.jpg?v=7",
    ];

    fn texts(of: &[&str]) -> Vec<String> {
        of.iter().map(|it| (*it).to_owned()).collect()
    }

    fn variant(title: &str, options: &[&str]) -> Variant {
        Variant {
            id: "1".to_owned(),
            title: title.to_owned(),
            options: texts(options),
            sku: None,
            price: Some(Money::new(990, Currency::parse("EUR").unwrap())),
            compare_at: None,
            availability: Availability::Stated(true),
            quantity: None,
        }
    }

    fn product(images: Vec<String>, variants: Vec<Variant>) -> Product {
        Product {
            id: ProductId {
                platform: Platform::Shopify,
                shop: "a.example".parse().unwrap(),
                native: NativeId::from(1_u64),
            },
            title: String::new(),
            handle: String::new(),
            vendor: String::new(),
            product_type: String::new(),
            body_html: String::new(),
            tags: vec![],
            options: texts(&["Colour", "Size"]),
            variants,
            images,
            url: String::new(),
            created_at: None,
            published_at: None,
            updated_at: None,
        }
    }

    fn assert_kept(product: &Product) {
        let mut read = decode(&encode(product).unwrap()).unwrap();
        assert_eq!(read.take_images(), product.images);
        assert_eq!(read.take_variants().unwrap(), product.variants);
    }

    #[test]
    fn what_all_addresses_begin_with_and_what_options_say_is_written_once() {
        let variants = vec![
            variant("Rouge / XS", &["Rouge", "XS"]),
            variant("Rouge, XS", &["Rouge", "XS"]),
        ];
        let product = product(texts(&IMAGES), variants);
        // The two accents begin with the same byte.
        let expected = r#"{"t":[],"o":["Colour","Size"],"ib":"https://cdn.example/files/","i":["écharpe-1.jpg?v=7","ève.jpg","écharpe-2.jpg?v=7"],"c":"EUR","v":[{"i":"1","o":["Rouge","XS"],"p":990,"a":2},{"i":"1","t":"Rouge, XS","o":["Rouge","XS"],"p":990,"a":2}]}"#;
        assert_eq!(encode(&product).unwrap(), expected);
        assert_kept(&product);
    }

    #[test]
    fn what_version_10_wrote_is_read() {
        let written = r#"{"t":[],"o":["Colour","Size"],"i":["https://cdn.example/1.jpg","https://cdn.example/2.jpg"],"c":"EUR","v":[{"i":"1","t":"Rouge / XS","o":["Rouge","XS"],"p":990,"a":2},{"i":"1","t":"","o":["Rouge"],"p":990,"a":2}]}"#;
        let mut read = decode(written).unwrap();
        let variants = [
            variant("Rouge / XS", &["Rouge", "XS"]),
            variant("", &["Rouge"]),
        ];
        assert_eq!(read.take_variants().unwrap(), variants);
        let images = ["https://cdn.example/1.jpg", "https://cdn.example/2.jpg"];
        assert_eq!(read.take_images(), images);
    }

    proptest! {
        #[test]
        fn titles_and_images_come_back_as_they_were(
            images in prop::collection::vec("[a\u{e8}\u{e9}]{0,4}", 0..4),
            variants in prop::collection::vec(
                ("[a /]{0,6}", prop::collection::vec("[a /]{0,2}", 0..3)),
                0..4,
            ),
        ) {
            let variants = variants.iter().map(|(title, options)| {
                let options: Vec<&str> = options.iter().map(String::as_str).collect();
                variant(title, &options)
            });
            assert_kept(&product(images, variants.collect()));
        }
    }
}
