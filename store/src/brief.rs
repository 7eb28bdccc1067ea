//! Rankings of whose products only the ids are read: what stands beside them never gets into memory.

use catalog::{
    ListStability, PopularitySource, ProductFilter, ProductId, ProductRow, RankedRow, Ranking,
    Stability, UnixMs,
};
use serde::Deserialize;

/// A ranking, as it is stored in JSON.
#[derive(Debug, Deserialize)]
pub(crate) struct BriefRanking {
    at: UnixMs,
    preset: String,
    features: Vec<String>,
    weights: Vec<f64>,
    n_ranked: u64,
    popularity_source: PopularitySource,
    #[serde(default)]
    filter: Option<ProductFilter>,
    #[serde(default)]
    stability: Option<ListStability>,
    rows: Vec<BriefRow>,
}

/// One row of it.
#[derive(Debug, Deserialize)]
pub(crate) struct BriefRow {
    rank: u32,
    score: f64,
    coverage: f64,
    contributions: Vec<f64>,
    #[serde(default)]
    rank_uncapped: Option<u32>,
    #[serde(default)]
    stability: Option<Stability>,
    #[serde(default)]
    popularity: Option<PopularitySource>,
    product: Named,
}

/// A ranking of which only the places are read.
#[derive(Debug, Deserialize)]
pub(crate) struct Places {
    pub(crate) rows: Vec<Place>,
}

/// One row of it.
#[derive(Debug, Deserialize)]
pub(crate) struct Place {
    pub(crate) rank: u32,
    score: f64,
    product: Named,
}

impl Places {
    /// Returns the place and the score of a product.
    pub(crate) fn of(&self, id: &ProductId) -> Option<(u32, f64)> {
        self.rows.iter().find_map(|row| row.of(id))
    }
}

impl Place {
    /// Returns the place and the score, if this is the product's.
    pub(crate) fn of(&self, id: &ProductId) -> Option<(u32, f64)> {
        (self.product.id == *id).then_some((self.rank, self.score))
    }

    pub(crate) fn into_key(self) -> (u32, ProductId) {
        (self.rank, self.product.id)
    }
}

#[derive(Debug, Deserialize)]
struct Named {
    id: ProductId,
}

impl From<BriefRanking> for Ranking {
    fn from(read: BriefRanking) -> Self {
        Self {
            at: read.at,
            preset: read.preset,
            features: read.features,
            weights: read.weights,
            n_ranked: read.n_ranked,
            popularity_source: read.popularity_source,
            filter: read.filter,
            stability: read.stability,
            rows: read.rows.into_iter().map(RankedRow::from).collect(),
        }
    }
}

impl From<BriefRow> for RankedRow {
    fn from(read: BriefRow) -> Self {
        Self {
            rank: read.rank,
            score: read.score,
            coverage: read.coverage,
            contributions: read.contributions,
            rank_uncapped: read.rank_uncapped,
            stability: read.stability,
            popularity: read.popularity,
            product: ProductRow::named(read.product.id),
        }
    }
}
