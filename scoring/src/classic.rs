//! The `classic` preset: a weighted sum of six metrics, each scaled to 0..=1 over the set that is ranked.
//!
//! ```text
//! score = .25*available_ratio + .10*num_tags + .20*(1 - avg_price) + .15*num_images
//!       + .10*description_length + .20*popularity_score         (every column scaled first)
//! ```
//!
//! The scale is the one of scikit-learn's [`MinMaxScaler`] with its default range, operation by operation,
//! so that scores agree with it to the last printed digit. The popularity is simulated (see
//! [`Metrics::simulated_popularity`]): it is a function of the id and says nothing about demand.
//!
//! [`MinMaxScaler`]: https://scikit-learn.org/stable/modules/generated/sklearn.preprocessing.MinMaxScaler.html

use std::cmp::Ordering;

use catalog::{Metrics, MetricsRow};

#[cfg(test)]
mod tests;

/// The names of the features, in the order of [`WEIGHTS`] and of [`Scored::contributions`].
pub const FEATURES: [&str; 6] = [
    "available_ratio",
    "num_tags",
    "avg_price",
    "num_images",
    "description_length",
    "popularity_score",
];

/// The weights of [`FEATURES`] in the preset `classic`; they sum to 1. A lower price counts as better, all else as
/// more is better.
pub const WEIGHTS: [f64; 6] = [0.25, 0.10, 0.20, 0.15, 0.10, 0.20];

/// The place of the price in [`FEATURES`]: the one column that enters the score upside down.
const PRICE: usize = 2;

/// One product of a ranking.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// Where the product stands in the rows that were ranked.
    pub index: usize,
    /// The score, from 0 to the sum of the weights to within rounding.
    pub score: f64,
    /// What each feature adds: their sum from left to right is the score, bit for bit.
    pub contributions: [f64; 6],
}

/// Returns the best `k` of `rows` under the weights of [`FEATURES`], best first; all of them if there are fewer.
///
/// Products of equal score are ordered by native id, then shop, both ascending, so that the order of `rows`
/// does not matter where ids are unique. A column that is the same for all products scales to 0, and so a
/// price that is the same for all gives each its whole weight. The metrics must be finite, as those of
/// [`Metrics::of`] are. Takes 16 bytes per row beside `rows`.
pub fn rank(rows: &[MetricsRow], weights: &[f64; 6], k: usize) -> Vec<Scored> {
    let k = k.min(rows.len());
    if k == 0 {
        return Vec::new();
    }
    let scales = scales(rows);
    let mut places: Vec<Place> = rows
        .iter()
        .enumerate()
        .map(|(index, row)| Place {
            score: contributions(row, weights, &scales).iter().sum(),
            index,
        })
        .collect();
    // The order is total, so the first k of a selection are the first k of a full sort.
    places.select_nth_unstable_by(k - 1, |a, b| a.order(b, rows));
    places.truncate(k);
    places.sort_unstable_by(|a, b| a.order(b, rows));
    places
        .into_iter()
        .map(|Place { score, index }| Scored {
            index,
            score,
            contributions: contributions(&rows[index], weights, &scales),
        })
        .collect()
}

/// What is kept of each row while ranking.
struct Place {
    score: f64,
    index: usize,
}

/// How one column becomes 0..=1: `x * factor + offset`.
#[derive(Clone, Copy)]
pub(crate) struct Scale {
    factor: f64,
    offset: f64,
}

impl Place {
    fn order(&self, other: &Self, rows: &[MetricsRow]) -> Ordering {
        other.score.total_cmp(&self.score).then_with(|| {
            let (a, b) = (&rows[self.index].id, &rows[other.index].id);
            (&a.native, &a.shop, a.platform).cmp(&(&b.native, &b.shop, b.platform))
        })
    }
}

/// Returns the scale of each column, fitted on `rows`.
pub(crate) fn scales(rows: &[MetricsRow]) -> [Scale; 6] {
    let mut extremes = [(f64::INFINITY, f64::NEG_INFINITY); 6];
    for row in rows {
        for ((lo, hi), x) in extremes.iter_mut().zip(columns(row)) {
            *lo = lo.min(x);
            *hi = hi.max(x);
        }
    }
    extremes.map(|(lo, hi)| Scale::fit(lo, hi))
}

impl Scale {
    /// Fits a column as scikit-learn 1.9.1 does; `_handle_zeros_in_scale` has the threshold for "constant".
    fn fit(lo: f64, hi: f64) -> Self {
        let range = match hi - lo {
            range if range < 10.0 * f64::EPSILON => 1.0,
            range => range,
        };
        let factor = 1.0 / range;
        Self {
            factor,
            offset: 0.0 - lo * factor,
        }
    }

    /// Two roundings, as in scikit-learn: neither `(x - lo) / range` nor `mul_add` gives the same digits.
    pub(crate) fn apply(self, x: f64) -> f64 {
        x * self.factor + self.offset
    }
}

fn contributions(row: &MetricsRow, weights: &[f64; 6], scales: &[Scale; 6]) -> [f64; 6] {
    let mut parts = columns(row);
    for (j, part) in parts.iter_mut().enumerate() {
        let z = scales[j].apply(*part);
        *part = weights[j] * if j == PRICE { 1.0 - z } else { z };
    }
    parts
}

/// Returns the six metrics of `row`, unscaled, in the order of [`FEATURES`].
pub(crate) fn columns(row: &MetricsRow) -> [f64; 6] {
    let metrics = &row.metrics;
    [
        metrics.available_ratio,
        metrics.num_tags.into(),
        metrics.avg_price,
        metrics.num_images.into(),
        metrics.description_length.into(),
        Metrics::simulated_popularity(&row.id.native),
    ]
}
