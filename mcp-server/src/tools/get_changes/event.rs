//! A change as people name it: of one product at one time, however many of its variants it befell.

use catalog::{
    Change, ChangeKind, Money, ObservationKind, ObservedRow, ProductId, RankSource, ShopKey,
    UnixMs, changes_of,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::products::folded;

/// What may be asked for.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum Kind {
    New,
    Gone,
    Back,
    Cheaper,
    Dearer,
    Discounted,
    SoldOut,
    Restocked,
    Climbing,
    Bestseller,
}

/// Which changes are asked for.
#[derive(Debug)]
pub(super) struct Of {
    pub(super) kinds: Vec<Kind>,
    shop: Option<ShopKey>,
    category: Option<String>,
    vendor: Option<String>,
}

/// A change of a product.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Event {
    pub(super) at: UnixMs,
    pub(super) product: ProductId,
    pub(super) kind: Kind,
    /// The variant, where it was one.
    pub(super) variant: Option<String>,
    pub(super) n_variants: usize,
    /// Of several variants, those of the greatest move.
    pub(super) price_before: Option<Money>,
    pub(super) price_after: Option<Money>,
    /// By how much the price moved; of prices that moved alone.
    pub(super) percent: Option<f64>,
    /// The places before and after, in our rankings or in the shop's own order; none where it was not in it.
    pub(super) places: Option<(Option<u32>, Option<u32>)>,
    /// Where places of the shop's own order were read.
    pub(super) rank_source: Option<RankSource>,
    /// How many places were read there, where it has none after.
    pub(super) places_read: Option<u32>,
    pub(super) title: String,
    pub(super) vendor: String,
    pub(super) product_type: String,
}

impl Kind {
    const ALL: [Self; 10] = [
        Self::New,
        Self::Gone,
        Self::Back,
        Self::Cheaper,
        Self::Dearer,
        Self::Discounted,
        Self::SoldOut,
        Self::Restocked,
        Self::Climbing,
        Self::Bestseller,
    ];

    /// Returns what a change is called here; nothing for the end of a discount, which is told as a price that rose.
    const fn of(kind: ChangeKind) -> Option<Self> {
        Some(match kind {
            ChangeKind::New => Self::New,
            ChangeKind::Gone => Self::Gone,
            ChangeKind::Back => Self::Back,
            ChangeKind::Cheaper => Self::Cheaper,
            ChangeKind::Dearer => Self::Dearer,
            ChangeKind::DiscountStart => Self::Discounted,
            ChangeKind::DiscountEnd => return None,
            ChangeKind::SoldOut => Self::SoldOut,
            ChangeKind::Restocked => Self::Restocked,
        })
    }

    /// Returns whether it is of places, which single rows do not tell.
    const fn is_of_places(self) -> bool {
        matches!(self, Self::Climbing | Self::Bestseller)
    }

    /// Returns the rows of histories that can show it.
    const fn row(self) -> Option<ObservationKind> {
        Some(match self {
            Self::New => ObservationKind::New,
            Self::Gone => ObservationKind::Gone,
            Self::Back => ObservationKind::Back,
            Self::Climbing | Self::Bestseller => return None,
            _ => ObservationKind::Changed,
        })
    }
}

impl Of {
    /// Returns what is asked for; without kinds all but what is new, which a first crawl is full of, and all places.
    pub(super) fn new(
        kinds: &[Kind],
        shop: Option<ShopKey>,
        category: Option<&str>,
        vendor: Option<&str>,
    ) -> Self {
        let is_usual = |it: &Kind| *it != Kind::New && !it.is_of_places();
        let is_wanted = |it: &Kind| match kinds {
            [] => is_usual(it),
            _ => kinds.contains(it),
        };
        Self {
            kinds: Kind::ALL.into_iter().filter(is_wanted).collect(),
            shop,
            category: category.map(folded),
            vendor: vendor.map(folded),
        }
    }

    pub(super) fn wants(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }

    /// Returns the rows of histories that can show what is asked for; none where no row can.
    pub(super) fn rows(&self) -> Vec<ObservationKind> {
        let mut rows = Vec::new();
        for row in self.kinds.iter().filter_map(|it| it.row()) {
            if !rows.contains(&row) {
                rows.push(row);
            }
        }
        rows
    }

    /// Returns whether a text of shops decides what is in it, which may be written otherwise.
    pub(super) const fn is_by_text(&self) -> bool {
        self.category.is_some() || self.vendor.is_some()
    }

    /// Returns whether a product is asked for.
    pub(super) fn passes(&self, id: &ProductId, vendor: &str, product_type: &str) -> bool {
        let same = |wanted: &Option<String>, text: &str| {
            wanted.as_ref().is_none_or(|it| *it == folded(text))
        };
        self.shop.as_ref().is_none_or(|it| *it == id.shop)
            && same(&self.vendor, vendor)
            && same(&self.category, product_type)
    }
}

impl Event {
    /// Returns how many changes it is where each variant's is one.
    pub(super) fn n_rows(&self) -> u64 {
        self.n_variants.max(1) as u64
    }
}

/// Puts what a row shows to the changes of the same product at the same time.
pub(super) fn add_row(events: &mut Vec<Event>, row: &ObservedRow, of: &Of) {
    for change in changes_of(&row.observation) {
        let Some(kind) = Kind::of(change.kind).filter(|it| of.wants(*it)) else {
            continue;
        };
        let event = event(row, kind, &change);
        let Some(same) = events.iter_mut().find(|it| it.kind == kind) else {
            events.push(event);
            continue;
        };
        let n_variants = same.n_variants + 1;
        if size(event.percent) > size(same.percent) {
            *same = event;
        }
        same.n_variants = n_variants;
        same.variant = None;
    }
}

fn event(row: &ObservedRow, kind: Kind, change: &Change) -> Event {
    let observation = &row.observation;
    let prices = change.price_before.zip(change.price_after);
    let moved = prices.filter(|_| matches!(kind, Kind::Cheaper | Kind::Dearer));
    Event {
        at: observation.at,
        product: observation.product.clone(),
        kind,
        variant: observation.variant.clone(),
        n_variants: usize::from(observation.variant.is_some()),
        price_before: change.price_before,
        price_after: change.price_after,
        percent: moved.and_then(|(before, after)| percent(before, after)),
        places: None,
        rank_source: None,
        places_read: None,
        title: row.title.clone(),
        vendor: row.vendor.clone(),
        product_type: row.product_type.clone(),
    }
}

fn size(percent: Option<f64>) -> f64 {
    percent.map_or(0.0, f64::abs)
}

/// Returns by how many percent a price moved, with one decimal place; of a price of 0 nobody can say.
pub(crate) fn percent(before: Money, after: Money) -> Option<f64> {
    let is_known = before.minor() > 0;
    let percent = (after.to_f64() / before.to_f64() - 1.0) * 100.0;
    is_known.then(|| (percent * 10.0).round() / 10.0)
}
