//! What a model answers, and what the fixed form is: a text that is not yet anybody's summary.

use catalog::{Claim, Summary};
use serde::{Deserialize, Serialize};

/// A text about a fact sheet, in the terms of the answer's schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// `en` or `fr`, as whoever wrote it says.
    pub language: String,
    /// One line.
    pub headline: String,
    /// The text, a few sentences.
    pub summary: String,
    /// What it claims, each with the facts that it stands on.
    pub claims: Vec<Claim>,
    /// What a reader should be careful about.
    pub cautions: Vec<String>,
}

impl Draft {
    /// Returns what a summary was before it was stored.
    pub(crate) fn of(summary: &Summary) -> Self {
        Self {
            language: summary.language.clone(),
            headline: summary.headline.clone(),
            summary: summary.text.clone(),
            claims: summary.claims.clone(),
            cautions: summary.cautions.clone(),
        }
    }
}
