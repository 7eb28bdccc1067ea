//! `summarize-request/1`: what is asked of the summarizer in a data part.
//!
//! The published JSON Schema is generated from the types that read requests, so that they cannot differ.

mod fields;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use self::fields::{Amount, LanguageCode, ProductName};
use crate::skills::request::{Form, List, Whole};

/// The most products that a request names.
const MAX_PRODUCTS: usize = 500;

/// The most products of the latest ranking.
const MAX_TOP_K: u64 = 1_000;

/// A request to the agent that writes summaries.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "skill", rename_all = "kebab-case")]
#[schemars(title = "summarize-request/1")]
pub(crate) enum Request {
    /// Summarizes products of the store.
    SummarizeProducts(SummariesRequest),
}

impl Form for Request {
    const NAME: &'static str = "summarize-request/1";

    const SKILLS: &'static str = "summarize-products";

    fn smallest(skill: &str) -> Option<Value> {
        let is_known = skill == "summarize-products";
        is_known.then(|| json!({ "schema": Self::NAME, "skill": skill }))
    }
}

/// The name of this form of request.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(crate) enum SchemaName {
    #[serde(rename = "summarize-request/1")]
    V1,
}

/// Which products are summarized, and how.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("oneOf" = [{ "required": ["products"] }, { "required": ["topK"] }]))]
pub(crate) struct SummariesRequest {
    #[expect(dead_code, reason = "its only value says nothing more")]
    schema: SchemaName,
    /// The products by their ids, as lists and rankings have them. One that is named twice is summarized once.
    #[serde(default)]
    pub(super) products: Option<List<ProductName, MAX_PRODUCTS>>,
    /// So many products of the latest ranking, from the first one on, in place of `products`.
    #[serde(default)]
    pub(super) top_k: Option<Whole<1, MAX_TOP_K>>,
    /// The languages; English where nothing is said.
    #[serde(default)]
    pub(super) languages: Option<List<LanguageCode, 2>>,
    /// Whether the task also writes a brief in Markdown on the latest ranking as a whole.
    #[serde(default)]
    pub(super) brief: Option<bool>,
    /// What the task may cost. The agent's operator may allow less.
    #[serde(default)]
    pub(super) budget: Option<Budget>,
}

/// What a task may cost. What is left for want of it is counted, and found done when the request is sent again.
#[derive(Debug, Default, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Budget {
    /// The most requests to the model, those included that fail.
    #[serde(default)]
    pub(super) max_requests: Option<Whole<1, 1_000_000>>,
    /// The most tokens, read and written.
    #[serde(default)]
    pub(super) max_tokens: Option<Whole<1, 1_000_000_000_000>>,
    /// The most money, in the currency of the operator's prices.
    #[serde(default)]
    pub(super) max_cost: Option<Amount>,
}

/// Returns the JSON Schema of `summarize-request/1`.
pub(crate) fn summarize_request_schema() -> Value {
    schemars::schema_for!(Request).to_value()
}
