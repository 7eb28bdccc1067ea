//! Pure readers, one per platform: bytes of an answer in, products and problems out. No I/O, no clock.

pub mod shopify;
pub mod sitemap;

mod html;
mod xml;

use catalog::{Problem, Product};

/// What one answer of a product list held.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// The products, each id once, in the order of the answer.
    pub products: Vec<Product>,
    /// What could not be read, by index. `Problem::page` is 0: the crawl fills it in.
    pub problems: Vec<Problem>,
    /// Entries of the answer's list, repeated and refused ones included. Tells a short page from a full one.
    pub n_listed: usize,
}

/// Why an answer is no product list at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Not JSON: HTML, or nothing.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// Not XML of the kind that was asked for.
    #[error("not the XML that was asked for: {0}")]
    NotXml(String),
    /// JSON that breaks off or has a syntax error inside.
    #[error("damaged JSON: {0}")]
    Damaged(String),
    /// XML that breaks off, has a syntax error inside, or declares what it could mean.
    #[error("damaged XML: {0}")]
    DamagedXml(String),
    /// JSON without products.
    #[error("JSON without products: {0}")]
    NotProducts(String),
    /// Shopify's answer behind its 25,000th product, or another `errors` answer.
    #[error("the shop answers with errors: {0}")]
    Errors(String),
}
