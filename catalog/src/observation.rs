//! The append-only memory of what a product offered, and when that changed.

use serde::{Deserialize, Serialize};

use crate::{ContentHash, CrawlKey, Money, ProductId, RankSource, ShopKey, UnixMs, Variant};

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
    /// A variant whose offer or stock changed, that appeared (no `before`) or disappeared (no `after`).
    Changed,
    /// A product that a complete pass did not find any more.
    Gone,
    /// A product that was gone and is there again.
    Back,
    /// The product's place in the shop's own best-selling order, when it is another than before; or that it has none any
    /// more.
    Ranked,
}

/// How much of a variant was in stock at two sights of it, as its shop published it.
///
/// Any number may be meant: less than 0 where a shop sells on, and `999999` where nobody counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockMove {
    /// The units before.
    pub before: i64,
    /// The units from now on.
    pub after: i64,
}

/// One row of a product's history. Rows are only ever appended, and thinned out when they are old.
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
    /// The variant's stock before and from now on, where both were published and differ; the offers may then be the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stock: Option<StockMove>,
    /// The hash of the product's content from now on; `None` where no content was read, or by an early version.
    pub content_hash: Option<ContentHash>,
    /// The place in the shop's own best-selling order, from 1; of [`ObservationKind::Ranked`] alone.
    pub rank: Option<u32>,
    /// Where that place was read, or was not found any more; `None` for one that an early version observed.
    #[serde(default)]
    pub source: Option<RankSource>,
    /// Of a product that lost its place: how many places were read there, none of them its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n_places: Option<u32>,
    /// Where `before` says nothing of the availability and `after` does: what was said of it last, if anything was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said_before: Option<bool>,
}

/// Which observations a list is made of. The default is all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservationFilter {
    /// Shops; empty for all.
    pub shops: Vec<ShopKey>,
    /// Only this product.
    pub product: Option<ProductId>,
    /// Only what was observed at this time or later.
    pub since: Option<UnixMs>,
    /// Only what was observed before this time.
    pub until: Option<UnixMs>,
    /// Only these kinds; empty for all.
    #[serde(default)]
    pub kinds: Vec<ObservationKind>,
}

/// The order of a list of observations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObservationOrder {
    /// By product, then by number: each product's history, oldest first.
    ByProduct,
    /// By time, then product, then number: what happened, oldest first.
    ByTime,
    /// Each product's history together, oldest first; the products in whatever fixed order is read fastest.
    Grouped,
}

/// Names an observation, and the place behind which a list goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservationKey {
    /// When it was made.
    pub at: UnixMs,
    /// The product.
    pub product: ProductId,
    /// Its number in the product's history, from 1; numbers of pruned rows are not used again.
    pub n: u64,
}

/// One line of a list of observations: the row, and what a reader must know of its product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedRow {
    /// The row's number in its product's history.
    pub n: u64,
    /// The row.
    pub observation: Observation,
    /// The product's title, vendor and type as they are now.
    pub title: String,
    /// The brand; may be empty.
    pub vendor: String,
    /// The shop's own category; may be empty.
    pub product_type: String,
    /// The product's page; may be empty.
    pub url: String,
}

impl ObservedRow {
    /// Returns the place of the row in a list.
    pub fn key(&self) -> ObservationKey {
        ObservationKey {
            at: self.observation.at,
            product: self.observation.product.clone(),
            n: self.n,
        }
    }
}

impl Observation {
    /// Returns whether the variant was available before, as it was said last.
    pub fn was_available(&self) -> Option<bool> {
        let before = self.before?;
        before.available.or(self.said_before)
    }

    /// Returns whether the product lost its place in the shop's best-selling order.
    pub fn lost_its_place(&self) -> bool {
        self.kind == ObservationKind::Ranked && self.rank.is_none() && self.n_places.is_some()
    }
}

impl StockMove {
    /// Returns the move between two sights of a variant; `None` where one has no quantity, or both the same.
    pub fn between(before: &Variant, after: &Variant) -> Option<Self> {
        let (before, after) = (before.quantity?, after.quantity?);
        (before != after).then_some(Self { before, after })
    }
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

    /// Returns whether the compare-at price is above the price, which is above zero.
    pub fn is_discounted(&self) -> bool {
        matches!((self.price, self.compare_at), (Some(price), Some(compare_at))
            if price.minor() > 0 && compare_at.minor() > price.minor())
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
