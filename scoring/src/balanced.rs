//! The `balanced` preset: each feature as a rank among comparable products, unknown ones left out.
//!
//! Feed a [`Table`] with products, let [`Scores::of`] work out their utilities, and take the best with
//! [`Scores::top`].

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashSet};
use std::sync::OnceLock;

use catalog::{ListStability, PopularitySource, ProductId, ShopKey, Stability, UnixMs};

use self::ladder::Ladder;
use self::price::Usual;
use self::shelves::{Groups, Shelves, number};
use crate::feature::Feature;
use crate::matrix::Matrix;
use crate::preset::Quantiles;

mod dirichlet;
mod grouped;
pub(crate) mod ladder;
pub(crate) mod price;
mod rank_within;
pub(crate) mod shelves;
mod stability;
mod table;
#[cfg(test)]
pub(crate) mod tests;
mod top;
pub(crate) mod values;

pub use self::table::Table;

/// Products with the utility of each feature.
#[derive(Debug, Clone)]
pub struct Scores {
    pub(crate) settings: Quantiles,
    pub(crate) now: UnixMs,
    natives: Vec<catalog::NativeId>,
    pub(crate) shelf_of: Vec<u32>,
    pub(crate) shelves: Shelves,
    /// The features that count and are known of some product, in the order of [`Feature::ALL`].
    pub(crate) columns: Vec<Column>,
    /// What prices are usual; `None` where none are known.
    pub(crate) usual: Option<Usual>,
    /// Stock-outs and restocks per variant and day of all products.
    pub(crate) stock_rate: f64,
    /// The shops with prices that cannot be compared, by key.
    bare_priced: Vec<ShopKey>,
    /// The shelves whose best-selling places are estimated.
    estimated: HashSet<u32>,
    sorted: OnceLock<Vec<u32>>,
}

/// A feature of all products.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) feature: Feature,
    /// The utilities, NaN where unknown.
    pub(crate) utilities: Vec<f64>,
    /// The raw values level by level; empty unless they were to be kept.
    pub(crate) ladders: Vec<Ladder>,
}

/// The first places.
#[derive(Debug, Clone, PartialEq)]
pub struct List {
    /// The places, best first.
    pub places: Vec<Place>,
    /// How sure the list is of itself; `None` without draws.
    pub stability: Option<ListStability>,
}

/// One place of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Where the product stands among those pushed into the table.
    pub index: usize,
    /// The place in the whole order, from 1, before any caps.
    pub rank_uncapped: u32,
    /// The score, from 0 to 1.
    pub score: f64,
    /// The share of the weights whose feature is known.
    pub coverage: f64,
    /// What each of [`Feature::ALL`] adds to 0.5; 0 where unknown.
    pub contributions: [f64; Feature::ALL.len()],
    /// How sure the place is; `None` without draws.
    pub stability: Option<Stability>,
}

impl Scores {
    /// Works out the utility of each known feature of each product.
    ///
    /// Needs 16 bytes per product beside the table, and `settings` must be those the table was made with.
    pub fn of(table: Table, settings: &Quantiles) -> Self {
        let Table {
            shelf_of, shelves, ..
        } = table;
        let mut usual = None;
        let mut bare_priced = Vec::new();
        let stock_rate = table.stock.rate();
        let mut columns = Vec::new();
        for (feature, mut utilities) in Feature::ALL.into_iter().zip(table.columns) {
            // The last products may all be unknown, and a feature without a known product is no column.
            if utilities.is_empty() {
                continue;
            }
            if feature == Feature::Stockout {
                table.stock.value(&mut utilities);
            }
            if feature == Feature::PricePosition {
                if !table.has_one_unknown_currency {
                    bare_priced = forget_prices(&mut utilities, &shelf_of, &shelves);
                }
                usual = Some(Usual::position(
                    &mut utilities,
                    &shelf_of,
                    &shelves,
                    settings,
                    table.keeps_values,
                ));
            }
            let levels = levels(feature, &shelves, settings);
            let known = rank_within::sorted(&utilities, &shelf_of);
            if known.is_empty() {
                continue;
            }
            rank_within::utilities(&mut utilities, &known, &levels, settings.shrinkage);
            let ladders = if table.keeps_values {
                levels
                    .into_iter()
                    .map(|it| Ladder::of(&known, it))
                    .collect()
            } else {
                Vec::new()
            };
            columns.push(Column {
                feature,
                utilities,
                ladders,
            });
        }
        Self {
            settings: settings.clone(),
            now: table.now,
            natives: table.natives,
            shelf_of,
            shelves,
            columns,
            usual,
            stock_rate,
            bare_priced,
            estimated: table.estimated,
            sorted: OnceLock::new(),
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

    /// Returns the id of product `index`, counted as they were pushed into the table.
    pub fn id(&self, index: usize) -> ProductId {
        let (platform, shop) = self.shelves.shop(self.shelf_of[index]);
        ProductId {
            platform: *platform,
            shop: shop.clone(),
            native: self.natives[index].clone(),
        }
    }

    /// Returns the index of a product. Looks at every product.
    pub fn position(&self, id: &ProductId) -> Option<usize> {
        let is_it = |index: &usize| {
            let (platform, shop) = self.shelves.shop(self.shelf_of[*index]);
            self.natives[*index] == id.native && *shop == id.shop && *platform == id.platform
        };
        (0..self.len()).find(is_it)
    }

    /// Returns the score of product `index`, from 0 to 1.
    pub fn score(&self, index: usize) -> f64 {
        0.5 + self.contributions(index).iter().sum::<f64>()
    }

    /// Returns the share of the weights whose feature is known of product `index`.
    pub fn coverage(&self, index: usize) -> f64 {
        let known = self
            .columns
            .iter()
            .filter(|column| !column.utilities[index].is_nan());
        // The sum of no floats is -0.0.
        let known = known.fold(0.0, |sum, column| sum + self.weight(column));
        known / self.total_weight()
    }

    /// Returns what each of [`Feature::ALL`] adds to 0.5 for product `index`; 0 where unknown.
    pub fn contributions(&self, index: usize) -> [f64; Feature::ALL.len()] {
        let total = self.total_weight();
        let mut parts = [0.0; Feature::ALL.len()];
        for column in &self.columns {
            let part = contribution(column.utilities[index], self.weight(column), total);
            parts[column.feature as usize] = part;
        }
        parts
    }

    /// Returns whether a feature counts and is known of some product.
    pub fn knows(&self, feature: Feature) -> bool {
        self.columns.iter().any(|it| it.feature == feature)
    }

    /// Returns how the best-selling place of product `index` is known, where that feature counts.
    pub fn popularity(&self, index: usize) -> PopularitySource {
        let mut columns = self.columns.iter();
        let places = columns.find(|it| it.feature == Feature::Bestseller);
        if places.is_none_or(|it| it.utilities[index].is_nan()) {
            return PopularitySource::Unavailable;
        }
        match self.estimated.contains(&self.shelf_of[index]) {
            true => PopularitySource::Estimated,
            false => PopularitySource::Observed,
        }
    }

    /// Returns the shops whose prices are compared with no other, since nobody knows in which currency they are; by
    /// key, and none where prices do not count.
    pub fn shops_without_price_position(&self) -> &[ShopKey] {
        &self.bare_priced
    }

    /// Returns how many other products have the very score of product `index`.
    pub(crate) fn n_tied(&self, index: usize) -> usize {
        let score = self.score(index);
        let n_up_to = |is_before: fn(Ordering) -> bool| {
            let by_score = |it: &u32| score.total_cmp(&self.score(*it as usize));
            self.sorted().partition_point(|it| is_before(by_score(it)))
        };
        (n_up_to(Ordering::is_le) - n_up_to(Ordering::is_lt)).saturating_sub(1)
    }

    /// Returns the utilities of the features that are known of some product, 0.5 where unknown, by product.
    ///
    /// # Panics
    /// Never: there are ten features, and their utilities are numbers.
    pub fn utilities(&self) -> Matrix {
        let names = self.columns.iter().map(|it| it.feature.name().to_owned());
        let or_half = |it: &f64| if it.is_nan() { 0.5 } else { *it };
        let columns = self
            .columns
            .iter()
            .map(|it| it.utilities.iter().map(or_half).collect());
        Matrix::new(self.len(), names.collect(), columns.collect())
            .expect("ten columns at most, all of one length, with numbers from 0 to 1")
    }

    /// Returns the indices of all products, best first.
    pub(crate) fn sorted(&self) -> &[u32] {
        self.sorted.get_or_init(|| {
            let scores = self.scores();
            let mut order: Vec<u32> = (0..number(self.len())).collect();
            order.sort_unstable_by(|one, two| self.compare(&scores, *one, *two));
            order
        })
    }

    /// Returns how many products stand before product `index`.
    pub(crate) fn n_before(&self, index: usize) -> usize {
        let (index, score) = (number(index), self.score(index));
        self.sorted().partition_point(|it| {
            let by_score = score.total_cmp(&self.score(*it as usize));
            by_score.then_with(|| self.compare_ids(*it, index)).is_lt()
        })
    }

    /// Returns whether two products with these scores instead of their own would stand in this order.
    pub(crate) fn are_in_order(&self, [one, two]: [(usize, f64); 2]) -> bool {
        let by_score = two.1.total_cmp(&one.1);
        by_score
            .then_with(|| self.compare_ids(number(one.0), number(two.0)))
            .is_lt()
    }

    /// Returns the score that product `index` would have with another utility of one feature.
    pub(crate) fn score_with(&self, index: usize, column: &Column, utility: f64) -> f64 {
        let mut parts = self.contributions(index);
        parts[column.feature as usize] =
            contribution(utility, self.weight(column), self.total_weight());
        0.5 + parts.iter().sum::<f64>()
    }

    /// Returns the scores of all products: the same numbers as [`Scores::score`], column by column.
    fn scores(&self) -> Vec<f64> {
        let total = self.total_weight();
        let mut scores = vec![0.0; self.len()];
        for column in &self.columns {
            let weight = self.weight(column);
            for (score, utility) in scores.iter_mut().zip(&column.utilities) {
                *score += contribution(*utility, weight, total);
            }
        }
        for score in &mut scores {
            *score += 0.5;
        }
        scores
    }

    /// Compares two products: the greater of `scores` first, then [`Scores::compare_ids`].
    fn compare(&self, scores: &[f64], one: u32, two: u32) -> Ordering {
        let [score, other] = [one, two].map(|it| scores[it as usize]);
        other
            .total_cmp(&score)
            .then_with(|| self.compare_ids(one, two))
    }

    /// Compares the native ids of two products, then their shops.
    fn compare_ids(&self, one: u32, two: u32) -> Ordering {
        let [native, other] = [one, two].map(|it| &self.natives[it as usize]);
        native.cmp(other).then_with(|| {
            let [(platform, shop), (other_platform, other_shop)] =
                [one, two].map(|it| self.shelves.shop(self.shelf_of[it as usize]));
            (shop, platform).cmp(&(other_shop, other_platform))
        })
    }

    pub(crate) fn weight(&self, column: &Column) -> f64 {
        self.settings.weights[column.feature as usize]
    }

    pub(crate) fn total_weight(&self) -> f64 {
        self.settings.weights.iter().sum()
    }
}

fn contribution(utility: f64, weight: f64, total: f64) -> f64 {
    if utility.is_nan() {
        0.0
    } else {
        weight * (utility - 0.5) / total
    }
}

/// Returns the groups that a feature's values are compared in, the widest first.
fn levels(feature: Feature, shelves: &Shelves, settings: &Quantiles) -> Vec<Groups> {
    // Prices of two currencies are no more comparable than apples and hours, at any level.
    let is_price = feature == Feature::PricePosition;
    let mut levels = vec![shelves.groups(|it| Some(is_price.then_some(it.currency)))];
    if settings.by_shop {
        levels.push(shelves.groups(|it| Some((is_price.then_some(it.currency), it.shop))));
    }
    if settings.by_type {
        levels.push(shelves.groups(|it| {
            // Products without a type have nothing in common but that, so there is no narrower group to rank them in;
            // the shop's rank stands. A price, though, must be usual somewhere: see `Usual::position`.
            let has_type = it.type_key != 0;
            has_type.then_some((is_price.then_some(it.currency), it.shop, it.type_key))
        }));
    }
    levels
}

/// Makes prices unknown that cannot be compared, and returns the shops that have them, by key.
fn forget_prices(column: &mut [f64], shelf_of: &[u32], shelves: &Shelves) -> Vec<ShopKey> {
    let have_price = shelves.have_price();
    let mut shops = BTreeSet::new();
    for (value, shelf) in column.iter_mut().zip(shelf_of) {
        if !value.is_nan() && !have_price[*shelf as usize] {
            *value = f64::NAN;
            shops.insert(&shelves.shop(*shelf).1);
        }
    }
    shops.into_iter().cloned().collect()
}
