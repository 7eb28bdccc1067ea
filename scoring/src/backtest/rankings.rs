//! The rankings that a back-test compares: a preset, and what it must be better than to be worth anything.

use std::collections::HashMap;

use catalog::{Currency, FeatureRow, MetricsRow, ShopKey, UnixMs};

use super::fit::Centred;
use crate::balanced::{Scores, Table};
use crate::classic;
use crate::feature::Feature;
use crate::history::Histories;
use crate::preset::{Method, Preset, Quantiles};

/// Products as of one moment, in the order of their ids, with what was observed of them by then.
#[derive(Debug, Clone)]
pub struct Products {
    /// The moment.
    pub at: UnixMs,
    /// What the balanced score takes.
    pub rows: Vec<FeatureRow>,
    /// What the classic score takes, of the same products.
    pub metrics: Vec<MetricsRow>,
    /// What was observed by the moment.
    pub histories: Histories,
    /// Whether they were put back to the moment from a history, which keeps neither product types nor descriptions,
    /// images and tags: they are compared within shops alone, and dates are those of creation.
    pub is_frozen: bool,
}

/// A score for every product; greater is better, and there is no NaN.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking {
    /// The name.
    pub name: String,
    /// The scores, in the order of the products.
    pub scores: Vec<f64>,
}

/// The part of a score that one feature gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// The feature.
    pub name: &'static str,
    /// What it gives each product, greater is better; `None` where unknown.
    pub values: Vec<Option<f64>>,
}

/// The rankings of the same products, the preset's first, and what that one is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The rankings.
    pub rankings: Vec<Ranking>,
    /// The features that the preset weighs and that are known of some product.
    pub columns: Vec<Column>,
    /// The share of the preset's weights that is known of each product; `None` for a preset without features.
    pub coverage: Option<Vec<f64>>,
}

impl Products {
    /// Returns no products yet.
    pub fn new(at: UnixMs, is_frozen: bool) -> Self {
        Self {
            at,
            rows: Vec::new(),
            metrics: Vec::new(),
            histories: Histories::new(at),
            is_frozen,
        }
    }

    /// Returns the shop of each product as a number.
    pub fn shops(&self) -> Vec<u32> {
        let mut numbers: HashMap<&ShopKey, u32> = HashMap::new();
        let shops = self.rows.iter().map(|row| {
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            *numbers.entry(&row.id.shop).or_insert(next)
        });
        shops.collect()
    }

    /// Ranks the products by `preset`, then `random`, `newest`, `cheapest` and `classic`.
    ///
    /// `random` is the mean of all orders, as products of one score are: a single one would be luck. `newest` goes by
    /// the date of publication, or of creation where frozen; products without one come behind, by their id, which
    /// Shopify counts up; where no product has one it is named `newest (by id)`. `cheapest` compares prices within one
    /// currency; products without a price come last. A preset of the name of another ranking takes its place.
    pub fn compare(&self, preset: &Preset) -> Comparison {
        let named = |name: &str, scores| Ranking {
            name: name.to_owned(),
            scores,
        };
        let others = [
            named("random", vec![0.0; self.rows.len()]),
            named(
                match self.has_dates() {
                    true => "newest",
                    false => "newest (by id)",
                },
                self.newest(),
            ),
            named("cheapest", self.cheapest()),
            named("classic", self.classic(&classic::WEIGHTS)),
        ];
        let (first, columns, coverage) = match &preset.method {
            Method::MinMax(weights) => (self.classic(weights), self.metrics(weights), None),
            Method::Quantiles(settings) => {
                let scores = self.scores(&self.settings(settings));
                let of_all = |of: &dyn Fn(usize) -> f64| (0..scores.len()).map(of).collect();
                (
                    of_all(&|index| scores.score(index)),
                    columns(&scores),
                    Some(of_all(&|index| scores.coverage(index))),
                )
            }
        };
        let mut rankings = vec![named(&preset.name, first)];
        rankings.extend(others.into_iter().filter(|it| it.name != preset.name));
        Comparison {
            rankings,
            columns,
            coverage,
        }
    }

    /// Returns the utilities of all features less 0.5, 0 where unknown, whatever `settings` weighs.
    pub fn utilities(&self, settings: &Quantiles) -> Vec<Centred> {
        let settings = Quantiles {
            weights: [1.0; Feature::ALL.len()],
            ..settings.clone()
        };
        let scores = self.scores(&self.settings(&settings));
        let mut utilities = vec![[0.0; Feature::ALL.len()]; scores.len()];
        for column in &scores.columns {
            for (product, utility) in utilities.iter_mut().zip(&column.utilities) {
                if !utility.is_nan() {
                    product[column.feature as usize] = utility - 0.5;
                }
            }
        }
        utilities
    }

    /// Returns the settings without what a history does not keep.
    fn settings(&self, settings: &Quantiles) -> Quantiles {
        let mut settings = settings.clone();
        if self.is_frozen {
            settings.weights[Feature::Listing as usize] = 0.0;
            settings.by_type = false;
        }
        settings
    }

    fn scores(&self, settings: &Quantiles) -> Scores {
        let mut table = Table::new(self.at, settings);
        for row in &self.rows {
            table.push(row, &self.histories);
        }
        Scores::of(table, settings)
    }

    /// Returns the metrics that are weighed, a lower price as a greater number.
    fn metrics(&self, weights: &[f64; classic::FEATURES.len()]) -> Vec<Column> {
        let features = classic::FEATURES.into_iter().enumerate();
        let weighed = features.filter(|(j, _)| weights[*j] > 0.0);
        let columns = weighed.map(|(j, name)| {
            let sign = if name == "avg_price" { -1.0 } else { 1.0 };
            let value = |row| Some(sign * classic::columns(row)[j]);
            Column {
                name,
                values: self.metrics.iter().map(value).collect(),
            }
        });
        columns.collect()
    }

    fn classic(&self, weights: &[f64; classic::FEATURES.len()]) -> Vec<f64> {
        let mut scores = vec![0.0; self.metrics.len()];
        for scored in classic::rank(&self.metrics, weights, self.metrics.len()) {
            scores[scored.index] = scored.score;
        }
        scores
    }

    /// Returns whether any product has a date that `newest` goes by.
    pub fn has_dates(&self) -> bool {
        let mut rows = self.rows.iter();
        rows.any(|row| row.inputs.published_at.is_some())
    }

    fn newest(&self) -> Vec<f64> {
        let age = |row: &FeatureRow| (row.inputs.published_at, row.id.native.clone());
        places(&self.rows, |a, b| age(a).cmp(&age(b)))
    }

    /// Returns minus the share of the products of the same currency that are cheaper.
    fn cheapest(&self) -> Vec<f64> {
        let mut prices: HashMap<Currency, Vec<f64>> = HashMap::new();
        for row in &self.rows {
            prices
                .entry(row.currency)
                .or_default()
                .extend(row.inputs.price);
        }
        for prices in prices.values_mut() {
            prices.sort_by(f64::total_cmp);
        }
        let score = |row: &FeatureRow| {
            let (price, prices) = (row.inputs.price?, prices.get(&row.currency)?);
            let n_cheaper = prices.partition_point(|it| *it < price);
            let n_not_dearer = prices.partition_point(|it| *it <= price);
            Some(-((n_cheaper + n_not_dearer) as f64) / (2 * prices.len()) as f64)
        };
        let scores = self.rows.iter().map(|row| score(row).unwrap_or(-2.0));
        scores.collect()
    }
}

fn columns(scores: &Scores) -> Vec<Column> {
    let known = |utility: &f64| (!utility.is_nan()).then_some(*utility);
    let columns = scores.columns.iter().map(|column| Column {
        name: column.feature.name(),
        values: column.utilities.iter().map(known).collect(),
    });
    columns.collect()
}

/// Returns the place of each row in the order of `compare`, from 0.
fn places(
    rows: &[FeatureRow],
    compare: impl Fn(&FeatureRow, &FeatureRow) -> std::cmp::Ordering,
) -> Vec<f64> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(|&a, &b| compare(&rows[a], &rows[b]));
    let mut scores = vec![0.0; rows.len()];
    for (place, index) in order.into_iter().enumerate() {
        scores[index] = place as f64;
    }
    scores
}

#[cfg(test)]
mod tests {
    use catalog::FeatureInputs;

    use super::*;
    use crate::backtest::testing::{day, seen};

    fn products(rows: &[(u64, Option<i64>, &str, Option<f64>)]) -> Products {
        let mut products = Products::new(day(9), false);
        for (native, published, currency, price) in rows {
            let product = seen("a.example", *native, 1).product;
            products.rows.push(FeatureRow {
                inputs: FeatureInputs {
                    published_at: published.map(day),
                    price: *price,
                    ..FeatureInputs::of(&product)
                },
                id: product.id.clone(),
                currency: Currency::parse(currency).unwrap(),
                first_seen_at: day(1),
                confirmed_at: day(9),
            });
            products.metrics.push(MetricsRow {
                metrics: catalog::Metrics::of(&product),
                id: product.id,
            });
        }
        products
    }

    fn scores(products: &Products, name: &str) -> Vec<f64> {
        let comparison = products.compare(&Preset::balanced());
        let ranking = comparison.rankings.into_iter().find(|it| it.name == name);
        ranking.unwrap().scores
    }

    #[test]
    fn the_newest_have_the_latest_date_then_the_greatest_id() {
        let products = products(&[
            (1, Some(3), "EUR", None),
            (2, None, "EUR", None),
            (3, None, "EUR", None),
            (4, Some(2), "EUR", None),
        ]);
        assert_eq!(scores(&products, "newest"), [3.0, 0.0, 1.0, 2.0]);
    }

    #[test]
    fn without_any_date_the_newest_are_named_after_their_ids() {
        let products = products(&[(1, None, "EUR", None), (2, None, "EUR", None)]);
        assert_eq!(scores(&products, "newest (by id)"), [0.0, 1.0]);
    }

    #[test]
    fn the_cheapest_are_cheap_in_their_own_currency() {
        let products = products(&[
            (1, None, "EUR", Some(10.0)),
            (2, None, "EUR", Some(20.0)),
            (3, None, "JPY", Some(900.0)),
            (4, None, "JPY", Some(3000.0)),
            (5, None, "EUR", None),
        ]);
        let scores = scores(&products, "cheapest");
        assert_eq!(scores, [-0.25, -0.75, -0.25, -0.75, -2.0]);
    }

    #[test]
    fn the_preset_comes_first_and_takes_the_place_of_its_namesake() {
        let products = products(&[
            (1, Some(1), "EUR", Some(10.0)),
            (2, None, "EUR", Some(20.0)),
        ]);
        let names = |preset: &Preset| -> Vec<String> {
            let rankings = products.compare(preset).rankings.into_iter();
            rankings.map(|ranking| ranking.name).collect()
        };
        let others = ["random", "newest", "cheapest"];
        assert_eq!(names(&Preset::balanced())[0], "balanced");
        assert_eq!(names(&Preset::balanced())[1..4], others);
        assert_eq!(
            names(&Preset::classic()),
            [&["classic"], &others[..]].concat()
        );
    }

    #[test]
    fn nothing_at_all_can_be_compared() {
        let comparison = Products::new(day(1), false).compare(&Preset::balanced());
        assert!(comparison.rankings.iter().all(|it| it.scores.is_empty()));
        assert!(comparison.columns.is_empty());
    }
}
