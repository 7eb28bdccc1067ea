//! Products on their way to scores.

use std::collections::HashSet;

use catalog::{Certainty, FeatureRow, NativeId, UnixMs};

use super::shelves::{Shelves, number};
use super::values;
use crate::feature::Feature;
use crate::history::Histories;
use crate::preset::Quantiles;

/// Products to be scored, and their raw values, column by column.
///
/// Takes 20 bytes per product, and 8 for each feature that is known of some product.
#[derive(Debug, Clone)]
pub struct Table {
    pub(super) now: UnixMs,
    /// The features that count.
    features: Vec<Feature>,
    pub(super) natives: Vec<NativeId>,
    pub(super) shelf_of: Vec<u32>,
    pub(super) shelves: Shelves,
    /// The raw values of [`Feature::ALL`], NaN where unknown; empty for a feature that is known of nobody.
    pub(super) columns: [Vec<f64>; Feature::ALL.len()],
    pub(super) stock: Stock,
    /// The shelves whose best-selling places are estimated.
    pub(super) estimated: HashSet<u32>,
    pub(super) keeps_values: bool,
    pub(super) has_one_unknown_currency: bool,
    n_expected: usize,
}

/// What all stocks together tell, and those few that had events.
#[derive(Debug, Clone, Default)]
pub(super) struct Stock {
    events: Vec<(u32, u32)>,
    n_events: u64,
    variant_ms: u128,
}

impl Table {
    /// Returns a table without products, for scores at the time `now`.
    pub fn new(now: UnixMs, settings: &Quantiles) -> Self {
        let weighed = Feature::ALL.into_iter().zip(settings.weights);
        Self {
            now,
            features: weighed
                .filter(|(_, weight)| *weight > 0.0)
                .map(|(feature, _)| feature)
                .collect(),
            natives: Vec::new(),
            shelf_of: Vec::new(),
            shelves: Shelves::default(),
            columns: Default::default(),
            stock: Stock::default(),
            estimated: HashSet::new(),
            keeps_values: false,
            has_one_unknown_currency: false,
            n_expected: 0,
        }
    }

    /// Makes room for so many products at once: columns that grow step by step leave holes as large as they are.
    #[must_use]
    pub fn expecting(mut self, n_products: usize) -> Self {
        self.natives.reserve_exact(n_products);
        self.shelf_of.reserve_exact(n_products);
        self.n_expected = n_products;
        self
    }

    /// Adds a product, with what is known of its history.
    ///
    /// A number that is not finite makes its feature unknown.
    pub fn push(&mut self, row: &FeatureRow, histories: &Histories) {
        let index = self.natives.len();
        self.natives.push(row.id.native.clone());
        let shelf = self.shelves.number(row);
        self.shelf_of.push(shelf);
        for feature in &self.features {
            let value = values::raw(*feature, row, histories, self.now);
            let column = &mut self.columns[*feature as usize];
            match value {
                Some(value) => {
                    if column.is_empty() {
                        column.reserve_exact(self.n_expected);
                    }
                    column.resize(index, f64::NAN);
                    column.push(value);
                }
                None if column.is_empty() => (),
                None => column.push(f64::NAN),
            }
            match feature {
                Feature::Stockout => self.stock.add(number(index), row, histories),
                // A shop's places are all of one source.
                Feature::Bestseller if value.is_some() && !self.estimated.contains(&shelf) => {
                    let places = histories.places(&row.id);
                    let is_estimated =
                        places.is_some_and(|it| it.certainty() == Certainty::Estimated);
                    self.estimated.extend(is_estimated.then_some(shelf));
                }
                _ => (),
            }
        }
    }

    /// Returns the number of products.
    pub fn len(&self) -> usize {
        self.natives.len()
    }

    /// Returns whether there are no products.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Keeps the raw values, as [`Scores::explain`](crate::balanced::Scores::explain) needs: 24 more bytes for each
    /// known value.
    #[must_use]
    pub fn keeping_values(mut self) -> Self {
        self.keeps_values = true;
        self
    }

    /// Takes prices whose currency nobody knows as of one currency, also where they are of several shops.
    ///
    /// Without this the price position of such products is unknown. For one shop's products that are told apart by
    /// vendor as if these were shops.
    #[must_use]
    pub fn with_one_unknown_currency(mut self) -> Self {
        self.has_one_unknown_currency = true;
        self
    }
}

impl Stock {
    fn add(&mut self, index: u32, row: &FeatureRow, histories: &Histories) {
        let watched = histories.watched(row);
        self.variant_ms += u128::from(watched.variant_ms);
        self.n_events += u64::from(watched.n_events);
        if watched.n_events > 0 {
            self.events.push((index, watched.n_events));
        }
    }

    /// Replaces the known variant-days of `column` by the rate of stock-outs and restocks.
    pub(super) fn value(&self, column: &mut [f64]) {
        let rate = self.rate();
        let mut events = self.events.iter().peekable();
        for (index, value) in column.iter_mut().enumerate() {
            let its = events.next_if(|(of, _)| *of as usize == index);
            let n_events = its.map_or(0, |(_, n_events)| *n_events);
            if !value.is_nan() {
                *value = values::stockout(n_events, *value, rate);
            }
        }
    }

    /// Returns the stock-outs and restocks per variant and day of all products together.
    pub(super) fn rate(&self) -> f64 {
        let variant_days = self.variant_ms as f64 / crate::history::DAY_MS as f64;
        if variant_days > 0.0 {
            self.n_events as f64 / variant_days
        } else {
            0.0
        }
    }
}
