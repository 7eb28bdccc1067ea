//! Density outliers: products that have hardly any others near them.
//!
//! A product's neighbourhood is the mean distance to its ten nearest neighbours (Angiulli and Pizzuti, "Fast outlier
//! detection in high dimensional spaces", 2002). It is empty where that is far above what is usual: by more than six
//! robust standard deviations above the median (Iglewicz and Hoaglin, "How to detect and handle outliers", 1993).

use self::tree::Tree;
use crate::matrix::Matrix;
use crate::sample::sample;
use crate::words;

mod tree;

#[cfg(test)]
mod tests;

/// The distances to so many nearest neighbours are averaged.
const N_NEIGHBOURS: usize = 10;
/// Neighbours are looked for among so many products at most.
const MAX_CANDIDATES: usize = 20_000;
/// Among fewer products nothing is usual enough to stand out from.
const MIN_PRODUCTS: usize = 30;
/// No more than one in so many products is an outlier.
const ONE_IN: usize = 20;
/// Distances are skewed to the right, so that the usual limit of 3.5 would flag far too many.
const N_DEVIATIONS: f64 = 6.0;
/// The standard deviation of normal numbers over the median of their absolute deviations, and over their mean.
const OF_MEDIAN: f64 = 1.4826;
const OF_MEAN: f64 = 1.2533;
/// Distances that differ by less than this differ by rounding.
const ROUNDING: f64 = 1e-9;

/// Which products stand alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Outliers {
    /// The products that stand alone, the loneliest first; equals by index.
    pub outliers: Vec<Outlier>,
    /// Beyond this distance a product stands alone; `None` for fewer than 30 products, none of which does.
    pub limit: Option<f64>,
    /// For each product, the mean distance to its ten nearest neighbours; 0 for a product without any other.
    pub distances: Vec<f64>,
}

/// A product that stands alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Outlier {
    /// The product's index.
    pub index: usize,
    /// The mean distance to its ten nearest neighbours.
    pub distance: f64,
    /// The feature in which the fewest products are as high, or as low, as this one.
    pub feature: String,
    /// What it is like in this feature.
    pub words: String,
}

/// Returns which products of `matrix` stand alone: at most one in twenty, none of fewer than 30.
///
/// `groups` has a group for each product, such as [`Segments::labels`](crate::segments::Segments::labels): of more
/// than 20,000 products the neighbours are looked for in a fixed sample of these, drawn by group.
pub fn outliers(matrix: &Matrix, groups: &[usize]) -> Outliers {
    let tree = Tree::new(matrix, sample(groups, MAX_CANDIDATES));
    let distances: Vec<f64> = (0..matrix.len())
        .map(|index| mean_distance(&tree.nearest(&matrix.row(index), index, N_NEIGHBOURS)))
        .collect();
    let limit = limit(&distances);
    let mut flagged: Vec<usize> = (0..distances.len())
        .filter(|&index| limit.is_some_and(|limit| distances[index] > limit))
        .collect();
    flagged.sort_by(|&a, &b| distances[b].total_cmp(&distances[a]));
    flagged.truncate(distances.len() / ONE_IN);
    let outlier = |(&index, rarest): (&usize, Rarest)| {
        let name = &matrix.names()[rarest.column];
        Outlier {
            index,
            distance: distances[index],
            feature: name.clone(),
            words: words::word(name, if rarest.is_high { 1.0 } else { -1.0 }),
        }
    };
    let rarest = rarest(matrix, &flagged);
    Outliers {
        outliers: flagged.iter().zip(rarest).map(outlier).collect(),
        limit,
        distances,
    }
}

fn mean_distance(neighbours: &[(f64, usize)]) -> f64 {
    // The sum of no floats is -0.
    let distances = neighbours.iter().map(|(square, _)| square.sqrt());
    distances.fold(0.0, |sum, it| sum + it) / (neighbours.len() as f64).max(1.0)
}

/// Returns the distance beyond which a product stands alone.
fn limit(distances: &[f64]) -> Option<f64> {
    if distances.len() < MIN_PRODUCTS {
        return None;
    }
    let median = median(distances.to_vec());
    let deviations: Vec<f64> = distances.iter().map(|it| (it - median).abs()).collect();
    let mean = deviations.iter().sum::<f64>() / deviations.len() as f64;
    // Where more than half of the products are duplicates, the median of the deviations says nothing.
    let deviation = match self::median(deviations) {
        median if median > ROUNDING => OF_MEDIAN * median,
        _ => OF_MEAN * mean,
    };
    Some(median + (N_DEVIATIONS * deviation).max(ROUNDING))
}

/// Returns the median of numbers, the upper of two; there must be some.
fn median(mut numbers: Vec<f64>) -> f64 {
    let middle = numbers.len() / 2;
    *numbers.select_nth_unstable_by(middle, f64::total_cmp).1
}

/// Where a product is rarest.
#[derive(Clone, Copy)]
struct Rarest {
    column: usize,
    /// How many products are as far out there, itself included.
    n_as_far: usize,
    /// How far it is from the median there.
    from_median: f64,
    /// Whether it is high there, and not low.
    is_high: bool,
}

/// Returns for each of `products` the column in which the fewest of all are as high or higher, or as low or lower; of
/// such columns the one in which it is farthest from the median.
fn rarest(matrix: &Matrix, products: &[usize]) -> Vec<Rarest> {
    let nowhere = Rarest {
        column: 0,
        n_as_far: usize::MAX,
        from_median: 0.0,
        is_high: false,
    };
    let mut rarest = vec![nowhere; products.len()];
    if products.is_empty() {
        return rarest;
    }
    for (column, values) in matrix.columns().iter().enumerate() {
        let mut sorted = values.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        for (rarest, &product) in rarest.iter_mut().zip(products) {
            let x = values[product];
            let n_as_low = sorted.partition_point(|it| *it <= x);
            let n_as_high = sorted.len() - sorted.partition_point(|it| *it < x);
            let here = Rarest {
                column,
                n_as_far: n_as_low.min(n_as_high),
                from_median: (x - sorted[sorted.len() / 2]).abs(),
                is_high: n_as_high <= n_as_low,
            };
            let is_as_rare = here.n_as_far == rarest.n_as_far;
            if here.n_as_far < rarest.n_as_far
                || is_as_rare && here.from_median > rarest.from_median
            {
                *rarest = here;
            }
        }
    }
    rarest
}
