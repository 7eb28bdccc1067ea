//! Where a signal of popularity comes from, and how far it can be trusted.

use serde::{Deserialize, Serialize};

use crate::UnixMs;

/// How a value is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// The shop or its platform says so, or we saw it.
    Observed,
    /// Worked out from something that only points to it.
    Estimated,
    /// Not to be had.
    Unavailable,
}

/// Where a place in a shop's best-selling order was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RankSource {
    /// The Storefront API's own order by sales.
    StorefrontApi,
    /// A collection that the shop calls its best sellers, whose order may be made by hand.
    Collection,
    /// A list of the shop that was asked for in this order, which its operator allowed.
    SortedList,
}

/// What a pass learned of a shop's best-selling order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Popularity {
    /// Where it was read; `None` where there is none to have.
    pub source: Option<RankSource>,
    /// How it is known.
    pub certainty: Certainty,
    /// Products whose place was read.
    pub n_places: u64,
    /// When.
    pub at: UnixMs,
    /// The collection that was read, or why there is nothing, in one line; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// That the Storefront API refused to be asked; `None` where it did not, the last time that it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<ApiRefusals>,
}

/// How often a shop's Storefront API refused to be asked, one time after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiRefusals {
    /// The number of times.
    pub n: u32,
    /// The last of them.
    pub at: UnixMs,
}

impl Certainty {
    /// Returns the name as it stands in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Observed => "observed",
            Self::Estimated => "estimated",
            Self::Unavailable => "unavailable",
        }
    }
}

impl RankSource {
    /// Returns how a place that was read there is known.
    pub const fn certainty(self) -> Certainty {
        match self {
            Self::StorefrontApi | Self::SortedList => Certainty::Observed,
            Self::Collection => Certainty::Estimated,
        }
    }

    /// Returns the name as it stands in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::StorefrontApi => "storefront_api",
            Self::Collection => "collection",
            Self::SortedList => "sorted_list",
        }
    }
}
