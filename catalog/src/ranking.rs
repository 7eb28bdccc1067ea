//! A ranked list as it was made, with the parts of each score.

use serde::{Deserialize, Serialize};

use crate::{PopularitySource, ProductFilter, ProductRow, UnixMs};

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
    /// Where the popularity came from: of products that differ in this, the best that one of them has.
    pub popularity_source: PopularitySource,
    /// Which products were ranked; `None` in rankings of old.
    #[serde(default)]
    pub filter: Option<ProductFilter>,
    /// How sure the list is of itself; `None` where nobody drew weights.
    #[serde(default)]
    pub stability: Option<ListStability>,
    /// The rows, best first.
    pub rows: Vec<RankedRow>,
}

/// How many rankings a store keeps, newest first.
pub const MAX_RANKINGS: u32 = 50;

/// What names a stored ranking, and how long it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RankingHead {
    /// When it was made.
    pub at: UnixMs,
    /// The preset's name.
    pub preset: String,
    /// How many places it has.
    pub n_places: u64,
    /// A mark of its content: another one once a ranking of the same time and preset has replaced it. It says nothing
    /// across stores.
    pub stamp: u64,
}

/// A product's place in a stored ranking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlaceInRanking {
    /// When the ranking was made.
    pub at: UnixMs,
    /// Its preset.
    pub preset: String,
    /// The place, from 1.
    pub rank: u32,
    /// The score.
    pub score: f64,
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
    /// What each feature adds: their sum is the score, or with a preset of quantiles the score less 0.5, to
    /// within rounding. 0 for an unknown feature.
    pub contributions: Vec<f64>,
    /// The place without the caps per shop and type; equals `rank` without caps. `None` in rankings of old.
    #[serde(default)]
    pub rank_uncapped: Option<u32>,
    /// How sure the place is; `None` where nobody drew weights.
    #[serde(default)]
    pub stability: Option<Stability>,
    /// Where this product's popularity came from; `None` where the ranking says it for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub popularity: Option<PopularitySource>,
    /// The product as it was when ranked.
    pub product: ProductRow,
}

/// How sure a place is when the weights are drawn at random around their values.
///
/// Places are those of the whole order, before any caps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Stability {
    /// The share of draws in which the product is among the first K.
    pub p_top_k: f64,
    /// The place that a twentieth of the draws reach or better (nearest rank).
    pub rank_p5: u32,
    /// The place that nineteen twentieths of the draws reach or better (nearest rank).
    pub rank_p95: u32,
}

/// How sure a list is of itself when the weights are drawn at random around their values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ListStability {
    /// The number of draws.
    pub draws: u32,
    /// The mean share of the first K that a draw keeps.
    pub overlap_mean: f64,
    /// The least share of the first K that a draw keeps.
    pub overlap_min: f64,
}
