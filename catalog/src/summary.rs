//! A text about a product, a shop or a list, with the facts that each of its claims stands on.

use serde::{Deserialize, Serialize};

use crate::UnixMs;

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
    /// When it was made.
    pub at: UnixMs,
}

/// Who wrote a summary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SummarySource {
    /// A language model; everything it said was checked against the facts.
    Llm {
        /// The model as it named itself.
        model: String,
        /// The version of the prompt.
        prompt_version: String,
    },
    /// A fixed form filled with the facts, without a model.
    Extractive,
}

/// One statement of a summary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// What it says.
    pub text: String,
    /// The facts that it stands on.
    pub fact_ids: Vec<String>,
}
