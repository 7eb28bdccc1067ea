//! What a back-test says: for each outcome how many products and events, and how well each ranking and each feature
//! foretold it.

use serde::Serialize;

use super::MIN_EVENTS;
use super::figures::{AmountFigures, EventFigures, Figure, amount_figures, event_figures};
use super::rankings::{Column, Comparison, Ranking};
use super::resample::n_resamples;

/// Products that an outcome is known of: which, and what happened.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Known<T> {
    /// The products' places among all, in order.
    pub indices: Vec<usize>,
    /// What happened to each of them.
    pub values: Vec<T>,
}

/// How well rankings foretold an event.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventReport {
    /// The event's name.
    pub outcome: String,
    /// The event in a reader's words.
    pub meaning: String,
    /// Products to which it could happen.
    pub n_products: usize,
    /// Products to which it happened.
    pub n_events: usize,
    /// Whether there are too few events, or too few products without, for the figures to tell anything.
    pub too_few: bool,
    /// The length of the lists whose precision is measured.
    pub k: usize,
    /// Resamples behind each interval.
    pub n_resamples: usize,
    /// The rankings, the preset's first; none without events.
    pub rankings: Vec<RankedEvent>,
    /// The features of the preset, best AUC first; none without events.
    pub features: Vec<FeatureReport>,
}

/// How well one ranking foretold an event.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RankedEvent {
    /// The ranking.
    pub ranking: String,
    /// The figures.
    #[serde(flatten)]
    pub figures: EventFigures,
}

/// How well rankings foretold an amount.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AmountReport {
    /// The amount's name.
    pub label: String,
    /// Products whose amount is known.
    pub n_products: usize,
    /// The sum of the amounts.
    pub sum: f64,
    /// Resamples behind each interval.
    pub n_resamples: usize,
    /// The rankings, the preset's first.
    pub rankings: Vec<RankedAmount>,
    /// The features of the preset, best correlation first.
    pub features: Vec<FeatureReport>,
}

/// How well one ranking foretold an amount.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RankedAmount {
    /// The ranking.
    pub ranking: String,
    /// The figures.
    #[serde(flatten)]
    pub figures: AmountFigures,
}

/// How well one feature alone foretold an outcome, among the products of which it is known.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FeatureReport {
    /// The feature.
    pub feature: &'static str,
    /// The products of which it is known.
    pub n_known: usize,
    /// Whether there are too few of them, or too few events among them, for the figure to tell anything.
    pub too_few: bool,
    /// The AUC for an event, or the rank correlation with an amount.
    pub figure: Figure,
}

/// Returns the length of the list that precision is measured on: as wanted, else a tenth of the `n` products and at
/// most 50; never more than there are.
pub fn list_length(wanted: Option<usize>, n: usize) -> usize {
    wanted.unwrap_or(n.div_ceil(10).min(50)).min(n)
}

/// Returns how well the rankings of `comparison` foretold the event `outcome`, and how well each feature alone.
///
/// `shops` numbers the shop of every product, and `k` is the length of the list that precision is measured on.
pub fn event_report(
    [outcome, meaning]: [&str; 2],
    known: &Known<bool>,
    comparison: &Comparison,
    shops: &[u32],
    k: usize,
) -> EventReport {
    let n_products = known.indices.len();
    let n_events = known.values.iter().filter(|it| **it).count();
    let (rankings, features) = match n_events {
        0 => (Vec::new(), Vec::new()),
        _ => (
            ranked_events(known, &comparison.rankings, shops, k),
            event_features(known, &comparison.columns, shops, k),
        ),
    };
    EventReport {
        outcome: outcome.to_owned(),
        meaning: meaning.to_owned(),
        n_products,
        n_events,
        too_few: known.is_too_few(),
        k: k.min(n_products),
        n_resamples: n_resamples(n_products),
        rankings,
        features,
    }
}

fn ranked_events(
    known: &Known<bool>,
    rankings: &[Ranking],
    shops: &[u32],
    k: usize,
) -> Vec<RankedEvent> {
    let scores: Vec<Vec<f64>> = rankings.iter().map(|it| known.of(&it.scores)).collect();
    let scores: Vec<&[f64]> = scores.iter().map(Vec::as_slice).collect();
    let figures = event_figures(&scores, &known.values, &known.of(shops), k);
    named(rankings, figures, |ranking, figures| RankedEvent {
        ranking,
        figures,
    })
}

fn event_features(
    known: &Known<bool>,
    columns: &[Column],
    shops: &[u32],
    k: usize,
) -> Vec<FeatureReport> {
    let feature = |column: &Column| {
        let (of_column, values) = known.with(column);
        let figures = event_figures(&[&values], &of_column.values, &of_column.of(shops), k);
        FeatureReport {
            feature: column.name,
            n_known: values.len(),
            too_few: of_column.is_too_few(),
            figure: figures[0].auc,
        }
    };
    best_first(columns.iter().map(feature).collect())
}

/// Returns how well the rankings of `comparison` foretold the amount `label`, and how well each feature alone.
pub fn amount_report(
    label: &str,
    known: &Known<f64>,
    comparison: &Comparison,
    shops: &[u32],
) -> AmountReport {
    let Comparison {
        rankings, columns, ..
    } = comparison;
    let scores: Vec<Vec<f64>> = rankings.iter().map(|it| known.of(&it.scores)).collect();
    let scores: Vec<&[f64]> = scores.iter().map(Vec::as_slice).collect();
    let figures = amount_figures(&scores, &known.values, &known.of(shops));
    let feature = |column: &Column| {
        let (of_column, values) = known.with(column);
        let figures = amount_figures(&[&values], &of_column.values, &of_column.of(shops));
        FeatureReport {
            feature: column.name,
            n_known: values.len(),
            too_few: values.len() < MIN_EVENTS,
            figure: figures[0].spearman,
        }
    };
    AmountReport {
        label: label.to_owned(),
        n_products: known.values.len(),
        sum: known.values.iter().sum(),
        n_resamples: n_resamples(known.values.len()),
        rankings: named(rankings, figures, |ranking, figures| RankedAmount {
            ranking,
            figures,
        }),
        features: best_first(columns.iter().map(feature).collect()),
    }
}

impl<T: Copy> Known<T> {
    /// Adds a product's outcome.
    pub fn push(&mut self, index: usize, value: T) {
        self.indices.push(index);
        self.values.push(value);
    }

    /// Returns `all` for these products alone.
    pub fn of<V: Copy>(&self, all: &[V]) -> Vec<V> {
        self.indices.iter().map(|&index| all[index]).collect()
    }

    /// Returns those of the products of which `column` is known, and its values.
    fn with(&self, column: &Column) -> (Self, Vec<f64>) {
        let products = self.indices.iter().zip(&self.values);
        let with = products.filter_map(|(&index, &value)| {
            column.values[index].map(|of_column| ((index, value), of_column))
        });
        let (products, values): (Vec<_>, _) = with.unzip();
        let (indices, outcomes) = products.into_iter().unzip();
        (
            Self {
                indices,
                values: outcomes,
            },
            values,
        )
    }
}

impl Known<bool> {
    /// Returns whether there are too few events, or too few products without.
    fn is_too_few(&self) -> bool {
        let n_events = self.values.iter().filter(|it| **it).count();
        n_events < MIN_EVENTS || self.values.len() - n_events < MIN_EVENTS
    }
}

fn named<F, R>(rankings: &[Ranking], figures: Vec<F>, report: impl Fn(String, F) -> R) -> Vec<R> {
    let names = rankings.iter().map(|ranking| ranking.name.clone());
    names
        .zip(figures)
        .map(|(name, it)| report(name, it))
        .collect()
}

/// Sorts by figure, those without one last.
fn best_first(mut features: Vec<FeatureReport>) -> Vec<FeatureReport> {
    let value = |it: &FeatureReport| it.figure.value.unwrap_or(f64::NEG_INFINITY);
    features.sort_by(|a, b| value(b).total_cmp(&value(a)));
    features
}
