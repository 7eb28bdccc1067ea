//! A text about a product, a shop or a list, with the facts that each of its claims stands on.

use serde::{Deserialize, Serialize};

use crate::{Fact, UnixMs};

/// One stored summary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// What it is about, such as `product:shopify:shop.example:1` or `shop:shop.example`.
    pub subject: String,
    /// Its language: `en` or `fr`.
    pub language: String,
    /// Who wrote it.
    pub source: SummarySource,
    /// The hash of everything that it was made from: facts, prompt, schema, model and language.
    pub input_hash: String,
    /// One line.
    pub headline: String,
    /// The text.
    pub text: String,
    /// What the text claims.
    pub claims: Vec<Claim>,
    /// What a reader should be careful about.
    pub cautions: Vec<String>,
    /// The facts that its claims name; none in summaries of old.
    #[serde(default)]
    pub facts: Vec<Fact>,
    /// The hash of the facts alone; empty in summaries of old.
    #[serde(default)]
    pub facts_hash: String,
    /// When it was made.
    pub at: UnixMs,
}

/// Who wrote a summary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SummarySource {
    /// A language model; everything it said was checked against the facts.
    Llm(Box<Written>),
    /// A fixed form filled with the facts, without a model.
    Extractive {
        /// Why no model's text stands here, where one was asked for.
        #[serde(default)]
        instead: Option<Fallback>,
    },
}

/// How a model wrote a summary.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// The model as it named itself.
    pub model: String,
    /// The version of the prompt.
    pub prompt_version: String,
    /// The model that was asked for.
    #[serde(default)]
    pub requested_model: String,
    /// The version of the answer's JSON schema.
    #[serde(default)]
    pub schema_version: String,
    /// The host of the endpoint, with its port where it is no usual one.
    #[serde(default)]
    pub endpoint: String,
    /// Tokens read, over all requests; `None` where an answer did not say.
    #[serde(default)]
    pub input_tokens: Option<u64>,
    /// Tokens written, over all requests; `None` where an answer did not say.
    #[serde(default)]
    pub output_tokens: Option<u64>,
    /// What it cost; `None` without a price or without tokens.
    #[serde(default)]
    pub cost: Option<Cost>,
    /// Requests, those that failed included.
    #[serde(default)]
    pub requests: u32,
    /// From the first request to the last answer, in milliseconds.
    #[serde(default)]
    pub latency_ms: u64,
    /// Whether the first answer was refused and this is the mended one.
    #[serde(default)]
    pub repaired: bool,
}

/// An amount of money, exact enough for a single token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Billionths of a unit.
    pub nanos: u64,
    /// The unit, as the configured prices have it, such as `USD`.
    pub currency: String,
}

/// Why a fixed form stands where a model was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fallback {
    /// The reason by a stable name, such as `number_not_in_facts`.
    pub code: String,
    /// The reason in words.
    pub detail: String,
}

/// One statement of a summary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// What it says.
    pub text: String,
    /// The facts that it stands on.
    pub fact_ids: Vec<String>,
}
