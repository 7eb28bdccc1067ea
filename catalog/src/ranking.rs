//! A ranked list as it was made, with the parts of each score.

use serde::{Deserialize, Serialize};

use crate::{PopularitySource, ProductRow, UnixMs};

/// The result of one ranking: the first K products of a set, best first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ranking {
    /// When it was made.
    pub at: UnixMs,
    /// The preset's name, such as `classic`.
    pub preset: String,
    /// The features' names, in the order of `weights` and of each row's `contributions`.
    pub features: Vec<String>,
    /// The features' weights.
    pub weights: Vec<f64>,
    /// How many products were ranked.
    pub n_ranked: u64,
    /// Where the popularity came from.
    pub popularity_source: PopularitySource,
    /// The rows, best first.
    pub rows: Vec<RankedRow>,
}

/// One place of a ranking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RankedRow {
    /// The place, from 1.
    pub rank: u32,
    /// The score.
    pub score: f64,
    /// The share of the weights whose feature was known, 0 to 1.
    pub coverage: f64,
    /// What each feature adds to the score; the sum is the score to within rounding.
    pub contributions: Vec<f64>,
    /// The product as it was when ranked.
    pub product: ProductRow,
}
