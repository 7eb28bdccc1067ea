//! `crawl-request/1`: what is asked of a crawling agent in a data part.
//!
//! The published JSON Schema is generated from the types that read requests, so that they cannot differ.

mod fields;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use self::fields::{Moment, ProductAddress, Rate};
pub(super) use self::fields::{ShopAddress, product_url};
use crate::Skill;
use crate::skills::request::{Form, List, Whole};

/// The most shops of one request.
pub const MAX_STORES: usize = 500;

/// The most shops of one question, which is answered at once.
const MAX_PROBED: usize = 10;

/// The most products of one request.
const MAX_PRODUCTS: usize = 20;

/// A request to an agent that crawls shops. The skill says what is wanted and which other members there are.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "skill", rename_all = "kebab-case")]
#[schemars(title = "crawl-request/1")]
pub(crate) enum Request {
    /// Crawls the whole product list of each shop.
    CrawlCatalog(CatalogRequest),
    /// Crawls the shops that were not crawled lately, and tells what changed.
    RefreshCatalog(CatalogRequest),
    /// Says at once what there is at a shop.
    ProbeStore(ProbeRequest),
    /// Reads single products as they are now, without storing them.
    FetchProduct(ProductRequest),
}

impl Form for Request {
    const NAME: &'static str = "crawl-request/1";

    const SKILLS: &'static str = "crawl-catalog, refresh-catalog, probe-store or fetch-product";

    fn smallest(skill: &str) -> Option<Value> {
        let url = match skill {
            "crawl-catalog" | "refresh-catalog" | "probe-store" => "https://shop.example",
            "fetch-product" => "https://shop.example/products/lamp",
            _ => return None,
        };
        Some(json!({ "schema": Self::NAME, "skill": skill, "stores": [url] }))
    }
}

impl Request {
    /// Returns what is asked for.
    pub(super) const fn skill(&self) -> Skill {
        match self {
            Self::CrawlCatalog(_) => Skill::CrawlCatalog,
            Self::RefreshCatalog(_) => Skill::RefreshCatalog,
            Self::ProbeStore(_) => Skill::ProbeStore,
            Self::FetchProduct(_) => Skill::FetchProduct,
        }
    }
}

/// The name of this form of request.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(crate) enum SchemaName {
    #[serde(rename = "crawl-request/1")]
    V1,
}

/// Which shops are crawled, and how.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CatalogRequest {
    #[expect(dead_code, reason = "its only value says nothing more")]
    schema: SchemaName,
    /// The shops: URLs, of which the host counts. One that is named twice is crawled once.
    pub(super) stores: List<ShopAddress, MAX_STORES>,
    /// The last page that is asked for at each shop; without it, all are.
    #[serde(default)]
    pub(super) max_pages: Option<Whole<1, 400>>,
    /// Products per page. There is one size only.
    #[serde(default)]
    #[expect(dead_code, reason = "its only value is the crawler's own")]
    page_size: Option<Whole<250, 250>>,
    /// Leaves out of the `products` artifact what was not new or changed at this time or later. What a refresh lists
    /// without it is what it found new or changed.
    #[serde(default)]
    pub(super) since: Option<Moment>,
    /// A shop whose newest crawl is complete and ended within these hours is not crawled again: 0 for crawl-catalog
    /// and 24 for refresh-catalog where nothing is said.
    #[serde(default)]
    pub(super) max_age_hours: Option<Whole<0, 8_760>>,
    /// Makes the crawl slower than the agent's own rate; never faster.
    #[serde(default)]
    pub(super) rate: Option<Rate>,
    /// Ends each shop where it is, as partial, so many seconds after the task was made.
    #[serde(default)]
    pub(super) deadline_seconds: Option<Whole<1, 604_800>>,
    /// What the task writes.
    #[serde(default)]
    pub(super) emit: Option<Emit>,
}

/// What a task writes.
#[derive(Debug, Default, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Emit {
    /// Whether the `products` artifact has CSV beside NDJSON; it has where nothing is said.
    #[serde(default)]
    pub(super) csv: Option<bool>,
    /// Leaves progress events out until a shop has so many more products; at most two a second come in any case.
    #[serde(default)]
    pub(super) every_products: Option<Whole<1, 1_000_000>>,
}

/// Which shops are looked at.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ProbeRequest {
    #[expect(dead_code, reason = "its only value says nothing more")]
    schema: SchemaName,
    /// The shops: URLs, of which the host counts.
    pub(super) stores: List<ShopAddress, MAX_PROBED>,
}

/// Which products are read.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ProductRequest {
    #[expect(dead_code, reason = "its only value says nothing more")]
    schema: SchemaName,
    /// The products' pages, such as `https://shop.example/products/lamp`.
    pub(super) stores: List<ProductAddress, MAX_PRODUCTS>,
}

/// Returns the JSON Schema of `crawl-request/1`.
pub(crate) fn crawl_request_schema() -> Value {
    schemars::schema_for!(Request).to_value()
}
