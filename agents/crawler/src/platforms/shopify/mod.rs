//! The readers of Shopify's answers: `/products.json` in every shape that shops and exporters give it, `/meta.json`,
//! `/collections.json`, the feed of products, what sitemaps and pages say.
//!
//! One bad product never loses a page: what cannot be read is a recorded problem. Fetches nothing, and does
//! not judge the HTTP status: the crawl does.

mod atom;
mod best_seller_collections;
mod best_sellers;
mod build;
mod collections;
mod features;
mod home;
mod lenient;
mod mend;
mod plain;
mod shape;
mod sitemaps;
mod texts;
mod wire;

use catalog::{Currency, Problem, ProblemKind, Shop};
use serde::Deserialize;

pub use self::atom::{Feed, Thin, read_atom};
pub use self::best_seller_collections::read_best_seller_collections;
pub use self::best_sellers::{
    BEST_SELLERS_PER_PAGE, BestSellers, BestSellersError, STOREFRONT_API, best_sellers_query,
    read_best_sellers,
};
pub(crate) use self::build::path_segment;
pub use self::collections::{Collection, Collections, read_collections};
pub use self::features::read_features;
pub use self::home::{Home, read_home};
use self::lenient::{Object, Scalar};
pub use self::plain::read_metrics;
pub use self::sitemaps::{product_files, product_handle};
use super::{Page, ReadError};

/// Reads one answer in any of the known shapes.
///
/// These are `{"products":[…]}`, `{"product_listings":[…]}`, `{"product":{…}}`, each with any other keys
/// beside it; a bare list of products; a map from ids to products; and a single bare product.
/// A byte-order mark in front is skipped.
///
/// Fields may be missing or have a wrong type: they are empty then, with a problem where that is no habit of
/// the platform. An image without a readable address is kept as an empty text, since images are counted.
/// A variant without an id gets its place in the list, from 1. Inside texts, half of a surrogate pair and a byte
/// that is no UTF-8 become U+FFFD, and a raw control character a space. A number
/// beyond the range of floats counts as missing. Prices are whole or decimal numbers in major
/// units, read exactly in the currency of `shop`.
///
/// At most 1,000 problems are listed, and a last one says how many more there were. Memory stays within a
/// small multiple of the answer's size, whatever the answer is.
///
/// # Errors
/// [`ReadError`] when the answer is no product list at all, or breaks off. A page without products is no error.
pub fn read_page(body: &[u8], shop: &Shop) -> Result<Page, ReadError> {
    let body = without_mark(body).trim_ascii();
    match body {
        [b'{' | b'[', ..] => {}
        [] => return Err(ReadError::NotJson("the answer is empty".into())),
        [0x1f, 0x8b, ..] => return Err(ReadError::Damaged("compressed, and not said so".into())),
        _ => return Err(neither_list_nor_object(body)),
    }
    match std::str::from_utf8(body) {
        Ok(text) => shape::read(text, body.len(), shop),
        Err(error) => {
            let mut page = shape::read(&String::from_utf8_lossy(body), body.len(), shop)?;
            page.problems.push(Problem {
                kind: ProblemKind::Field,
                page: 0,
                index: None,
                product: None,
                detail: format!("text that is not UTF-8 was replaced by U+FFFD: {error}"),
            });
            Ok(page)
        }
    }
}

/// What a shop says of itself in `/meta.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meta {
    /// Its name.
    pub name: Option<String>,
    /// Its base currency, if it is well-formed.
    pub currency: Option<Currency>,
    /// How many products it sells.
    pub n_products: Option<u64>,
}

/// Reads of `/meta.json` what we know a use for. `None` when the answer is no JSON object.
pub fn read_meta(body: &[u8]) -> Option<Meta> {
    #[derive(Deserialize)]
    struct Wire<'a> {
        #[serde(borrow, default)]
        name: Scalar<'a>,
        #[serde(borrow, default)]
        currency: Scalar<'a>,
        #[serde(borrow, default)]
        published_products_count: Scalar<'a>,
    }

    let Object(wire) = serde_json::from_slice::<Object<Wire<'_>>>(without_mark(body)).ok()?;
    let currency = match wire.currency {
        Scalar::Text(code) => Currency::parse(&code).ok().filter(|it| it.is_known()),
        _ => None,
    };
    let name = match wire.name {
        Scalar::Text(name) if !name.is_empty() => Some(name.into_owned()),
        _ => None,
    };
    let n_products = match wire.published_products_count {
        Scalar::Unsigned(number) => Some(number),
        _ => None,
    };
    Some(Meta {
        name,
        currency,
        n_products,
    })
}

fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body)
}

fn neither_list_nor_object(body: &[u8]) -> ReadError {
    let start = shortened(&String::from_utf8_lossy(&body[..body.len().min(160)]));
    match serde_json::from_slice::<Scalar<'_>>(body) {
        Ok(scalar) => ReadError::NotProducts(scalar.kind().into()),
        Err(_) => ReadError::NotJson(format!("the answer starts with {start:?}")),
    }
}

/// Returns the first 80 characters, for messages.
fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}
