//! The orders of a search.

use catalog::SearchOrder;
use schemars::JsonSchema;
use serde::Deserialize;

/// The order that a caller asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum Sort {
    /// All words must match anyway, so that the ranking decides.
    #[default]
    Relevance,
    PriceAsc,
    PriceDesc,
    Newest,
    Score,
}

impl Sort {
    pub(super) const fn order(self) -> SearchOrder {
        match self {
            Self::Relevance | Self::Score => SearchOrder::Rank,
            Self::PriceAsc => SearchOrder::Cheapest,
            Self::PriceDesc => SearchOrder::Dearest,
            Self::Newest => SearchOrder::Newest,
        }
    }
}
