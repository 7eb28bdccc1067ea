//! What happened to a product behind a moment.

use std::fmt;

use catalog::{ChangeKind, ObservationKind, ProductRecord, UnixMs, changes_of};

use super::frozen::{Frozen, past};

/// The first places of a shop's best-selling order that count as its best-sellers.
pub const BESTSELLERS: u32 = 20;

/// What can happen to a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// A variant that could be bought can't be any more.
    Stockout,
    /// A variant that couldn't be bought can be again.
    Restock,
    /// It is among the first [`BESTSELLERS`] of its shop's best-selling order, and was not.
    BestsellerEntry,
    /// A variant's price rose.
    PriceRise,
    /// A variant's price fell.
    PriceCut,
    /// A complete pass does not find it any more: a bad outcome.
    Delisted,
}

/// What happened to one product, by [`Outcome::ALL`]: `None` where it could not happen.
pub type Outcomes = [Option<bool>; Outcome::ALL.len()];

impl Outcome {
    /// All outcomes, in order.
    pub const ALL: [Self; 6] = [
        Self::Stockout,
        Self::Restock,
        Self::BestsellerEntry,
        Self::PriceRise,
        Self::PriceCut,
        Self::Delisted,
    ];

    /// Returns the name as tables and JSON have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stockout => "stockout",
            Self::Restock => "restock",
            Self::BestsellerEntry => "bestseller_entry",
            Self::PriceRise => "price_rise",
            Self::PriceCut => "price_cut",
            Self::Delisted => "delisted",
        }
    }

    /// Returns what happens, to which products, in a reader's words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Stockout => "a variant sold out, of products with something in stock",
            Self::Restock => "a variant came back, of products with something sold out",
            Self::BestsellerEntry => {
                "came among the first 20 of its shop's best-selling order, of products that were not there"
            }
            Self::PriceRise => "a price rose, of products with a price",
            Self::PriceCut => "a price fell, of products with a price",
            Self::Delisted => "disappeared from its shop: here a low AUC is good",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Returns what happened to `record` behind `at`, up to `until` inclusive, where `frozen` is its state at `at`.
///
/// [`Outcome::BestsellerEntry`] is told as if the shop's order had been observed before; where no product of the
/// shop has a place yet, the caller knows better.
pub fn outcomes(record: &ProductRecord, frozen: &Frozen, at: UnixMs, until: UnixMs) -> Outcomes {
    let rows = record.observations.iter().map(|(_, row)| row);
    let rows = rows.filter(|row| row.at > at && row.at <= until);
    let mut changes = Vec::new();
    let mut is_bestseller = false;
    for row in rows {
        changes.extend(changes_of(row).into_iter().map(|change| change.kind));
        is_bestseller |= is_bestseller_place(row.kind, row.rank);
    }
    let place = past(record, at).filter(|row| row.kind == ObservationKind::Ranked);
    let was_bestseller = place
        .last()
        .is_some_and(|row| is_bestseller_place(row.kind, row.rank));
    let stock = |is_there| {
        let mut offers = frozen.offers.iter();
        offers.any(|offer| offer.available == Some(is_there))
    };
    let has_price = frozen.offers.iter().any(|offer| offer.price.is_some());
    Outcome::ALL.map(|outcome| {
        let happened = |kind| changes.contains(&kind);
        let (can_happen, happens) = match outcome {
            Outcome::Stockout => (stock(true), happened(ChangeKind::SoldOut)),
            Outcome::Restock => (stock(false), happened(ChangeKind::Restocked)),
            Outcome::BestsellerEntry => (!was_bestseller, is_bestseller),
            Outcome::PriceRise => (has_price, happened(ChangeKind::Dearer)),
            Outcome::PriceCut => (has_price, happened(ChangeKind::Cheaper)),
            Outcome::Delisted => (true, happened(ChangeKind::Gone)),
        };
        can_happen.then_some(happens)
    })
}

fn is_bestseller_place(kind: ObservationKind, rank: Option<u32>) -> bool {
    kind == ObservationKind::Ranked && rank.is_some_and(|rank| rank <= BESTSELLERS)
}
