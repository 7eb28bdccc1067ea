//! The append-only memory of what a product offered, and when that changed.

use serde::{Deserialize, Serialize};

use crate::{CrawlKey, Money, ProductId, UnixMs, Variant};

/// What a variant (or, without one, the whole product) offered at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The price.
    pub price: Option<Money>,
    /// The compare-at price.
    pub compare_at: Option<Money>,
    /// Whether it could be bought, where known.
    pub available: Option<bool>,
}

/// What an observation records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObservationKind {
    /// A product seen for the first time: `after` has its least price and whether some variant is available.
    New,
    /// A variant whose offer changed, appeared (no `before`) or disappeared (no `after`).
    Changed,
    /// A product that a complete pass did not find any more.
    Gone,
    /// A product that was gone and is there again.
    Back,
}

/// One row of a product's history. Rows are only ever appended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// The product.
    pub product: ProductId,
    /// The variant's id; `None` for the product as a whole.
    pub variant: Option<String>,
    /// What it records.
    pub kind: ObservationKind,
    /// When the answer was read.
    pub at: UnixMs,
    /// The crawl that saw it.
    pub crawl: CrawlKey,
    /// The offer before.
    pub before: Option<Offer>,
    /// The offer from now on.
    pub after: Option<Offer>,
}

impl Offer {
    /// Returns what `variant` offers.
    pub fn of(variant: &Variant) -> Self {
        Self {
            price: variant.price,
            compare_at: variant.compare_at,
            available: variant.availability.known(),
        }
    }

    /// Returns whether both offers are the same to a buyer.
    ///
    /// Amounts are compared as numbers where one currency is unknown, so that learning a shop's currency
    /// is no change.
    pub fn same(&self, other: &Self) -> bool {
        let same_money = |one: Option<Money>, two: Option<Money>| match (one, two) {
            (Some(one), Some(two)) if !one.currency().is_known() || !two.currency().is_known() => {
                one.same_number(two)
            }
            _ => one == two,
        };
        self.available == other.available
            && same_money(self.price, other.price)
            && same_money(self.compare_at, other.compare_at)
    }
}
