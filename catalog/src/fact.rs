//! What is known for certain about a product or a list, in sentences that can be cited.

use serde::{Deserialize, Serialize};

use crate::UnixMs;

/// One thing that is known: a sentence with its number, where it comes from, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// Its number within its list: `F1`, `F2` …
    pub id: String,
    /// What it is about, such as `price`: the same for all products and in all languages.
    pub topic: String,
    /// The sentence, in the language of its list; of [`FactSource::Seller`] the seller's own words, cleaned and cut.
    pub text: String,
    /// Where it comes from.
    pub source: FactSource,
    /// When what it says was read or worked out; never part of what a summary is recognized by.
    pub at: Option<UnixMs>,
}

/// Where a fact comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactSource {
    /// The product's entry in the shop's own list.
    Catalogue,
    /// The words of whoever sells it: a stranger's text, which proves nothing but that it was written.
    Seller,
    /// The history that crawls observed.
    Observations,
    /// A stored ranking.
    Ranking,
    /// Worked out from several of the others.
    Derived,
}
