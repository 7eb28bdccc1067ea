//! k-means: groups of products whose metrics are alike.
//!
//! No randomness between runs: the seeds are fixed, and sums are taken in fixed blocks.

use std::cmp::Ordering;

use crate::matrix::{BLOCK, Matrix, Moments, blockwise};
use crate::random::Random;

#[cfg(test)]
mod tests;

/// How many groups to look for unless the user says otherwise.
pub const DEFAULT_K: usize = 5;

/// The best of this many starts is kept.
const RESTARTS: u64 = 10;
/// So many products are tried as the next centre of a start; scikit-learn's number for five clusters.
const TRIALS: usize = 3;
const MAX_ITERATIONS: usize = 300;
/// A start ends when the centres move by less than this part of the mean variance of a column in sum of
/// squares: scikit-learn's default. The last thousandths of the inertia are most of the work.
const TOLERANCE: f64 = 1e-4;
/// The first start's seed; start `n` has this one plus `n`, so that starts do not depend on each other.
const SEED: u64 = 42;
/// Distances are worked out for this many rows at a time, which fits the processor's first cache.
const STRIP: usize = 512;

/// The groups of a set of products.
#[derive(Debug, Clone, PartialEq)]
pub struct Clusters {
    /// The groups, greatest first; those of one size in the order of their centres.
    pub clusters: Vec<Cluster>,
    /// For each product, which of the clusters it is in.
    pub labels: Vec<usize>,
    /// The sum over all products of the squared distance to the centre of their cluster.
    pub inertia: f64,
}

/// A group of products.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// How many products are in it: at least one.
    pub size: usize,
    /// Their mean, by column.
    pub centre: Vec<f64>,
}

/// Returns `k` clusters of the products of `matrix`, whose moments are `moments`.
///
/// They are the best of ten starts by k-means++ (Arthur and Vassilvitskii, 2007), each improved by Lloyd's
/// iterations, the best one until no product moves.
///
/// There are fewer than `k` clusters when there are fewer different products, such as one without columns, and
/// none without products or for a `k` of 0. A cluster that loses its last product goes on with the product that is farthest from its
/// own centre.
pub fn kmeans(matrix: &Matrix, moments: &Moments, k: usize) -> Clusters {
    let covariance = &moments.covariance;
    let n_columns = covariance.len();
    let variance: f64 = (0..n_columns).map(|j| covariance[j][j]).sum();
    let tolerance = TOLERANCE * variance / (n_columns as f64).max(1.0);
    let mut best = Start::new(matrix, k, SEED);
    best.improve(tolerance);
    for n in 1..RESTARTS {
        let mut start = Start::new(matrix, k, SEED + n);
        start.improve(tolerance);
        if start.inertia() < best.inertia() {
            best = start;
        }
    }
    best.improve(0.0);
    best.finish()
}

/// One start: the centres and, for each product, the nearest of them and its squared distance.
#[derive(Clone)]
struct Start<'a> {
    matrix: &'a Matrix,
    centres: Vec<Vec<f64>>,
    labels: Vec<usize>,
    distances: Vec<f64>,
    n_iterations: usize,
}

/// The products of one cluster, summed up.
#[derive(Clone)]
struct Sum {
    size: usize,
    total: Vec<f64>,
}

impl<'a> Start<'a> {
    /// Chooses centres by k-means++: each further one is a product, drawn by its squared distance to the
    /// nearest centre so far, the best of a few drawn. Stops early when every product lies on a centre.
    fn new(matrix: &'a Matrix, k: usize, seed: u64) -> Self {
        let n = matrix.len();
        let mut random = Random::new(seed);
        let mut start = Self {
            matrix,
            centres: Vec::new(),
            labels: vec![0; n],
            distances: vec![f64::INFINITY; n],
            n_iterations: 0,
        };
        if k > 0 && n > 0 {
            start.add_centre(matrix.row((random.unit() * n as f64) as usize));
        }
        while !start.centres.is_empty() && start.centres.len() < k {
            let trials = (0..TRIALS).filter_map(|_| {
                let index = draw(&start.distances, random.unit())?;
                let mut trial = start.clone();
                trial.add_centre(matrix.row(index));
                Some((trial.inertia(), trial))
            });
            let Some((_, best)) = trials.min_by(|(a, _), (b, _)| a.total_cmp(b)) else {
                break;
            };
            start = best;
        }
        start
    }

    fn add_centre(&mut self, centre: Vec<f64>) {
        self.centres.push(centre);
        self.assign(self.centres.len() - 1);
    }

    /// Moves the centres until no product changes its cluster, or the centres move by no more than
    /// `tolerance` (a sum of squares), or there were enough iterations.
    fn improve(&mut self, tolerance: f64) {
        while self.n_iterations < MAX_ITERATIONS {
            self.n_iterations += 1;
            let moved = self.centre();
            self.distances.fill(f64::INFINITY);
            let changed = self.assign(0);
            if !changed || moved < tolerance {
                return;
            }
        }
    }

    fn inertia(&self) -> f64 {
        blockwise(&self.distances).sum()
    }

    fn finish(mut self) -> Clusters {
        self.centre();
        let sizes = self.sums();
        let mut order: Vec<usize> = (0..sizes.len()).collect();
        order.retain(|&old| sizes[old].size > 0);
        order.sort_by(|&a, &b| {
            let by_centre = || self.centres[a].partial_cmp(&self.centres[b]);
            let by_size = sizes[b].size.cmp(&sizes[a].size);
            by_size.then_with(|| by_centre().unwrap_or(Ordering::Equal))
        });
        let mut place = vec![0; sizes.len()];
        for (label, &old) in order.iter().enumerate() {
            place[old] = label;
        }
        self.distances.fill(0.0);
        // Without centres, for a `k` of 0, there is nowhere to be.
        if !self.centres.is_empty() {
            for (j, column) in self.matrix.columns().iter().enumerate() {
                let rows = self.distances.iter_mut().zip(&self.labels).zip(column);
                for ((distance, &label), x) in rows {
                    let step = x - self.centres[label][j];
                    *distance += step * step;
                }
            }
            for label in &mut self.labels {
                *label = place[*label];
            }
        }
        let cluster = |&old: &usize| Cluster {
            size: sizes[old].size,
            centre: self.centres[old].clone(),
        };
        Clusters {
            clusters: order.iter().map(cluster).collect(),
            inertia: self.inertia(),
            labels: self.labels,
        }
    }

    /// Makes each centre the mean of its products and returns how far they moved, as a sum of squares.
    fn centre(&mut self) -> f64 {
        let mut sums = self.sums();
        self.fill_empty(&mut sums);
        let mut moved = 0.0;
        for (centre, sum) in self.centres.iter_mut().zip(sums) {
            if sum.size == 0 {
                continue;
            }
            let n = sum.size as f64;
            let mean: Vec<f64> = sum.total.iter().map(|total| total / n).collect();
            moved += squared_distance(centre, &mean);
            *centre = mean;
        }
        moved
    }

    fn sums(&self) -> Vec<Sum> {
        let nothing = Sum {
            size: 0,
            total: vec![0.0; self.matrix.columns().len()],
        };
        let mut sums = vec![nothing; self.centres.len()];
        if sums.is_empty() {
            return sums;
        }
        for &label in &self.labels {
            sums[label].size += 1;
        }
        let n_columns = self.matrix.columns().len();
        let mut partial = vec![0.0; sums.len() * n_columns];
        for (range, labels) in self.matrix.ranges(BLOCK).zip(self.labels.chunks(BLOCK)) {
            partial.fill(0.0);
            let columns = self.matrix.columns().iter();
            let columns: Vec<_> = columns.map(|column| &column[range.clone()]).collect();
            for (index, &label) in labels.iter().enumerate() {
                let totals = &mut partial[label * n_columns..][..n_columns];
                for (total, column) in totals.iter_mut().zip(&columns) {
                    *total += column[index];
                }
            }
            for (sum, partial) in sums.iter_mut().zip(partial.chunks(n_columns.max(1))) {
                sum.add(partial, 1.0);
            }
        }
        sums
    }

    /// Gives each cluster without products the product that is farthest from its own centre.
    ///
    /// There is always one: with fewer other centres than different products, some product is off its centre.
    fn fill_empty(&mut self, sums: &mut [Sum]) {
        for empty in 0..sums.len() {
            if sums[empty].size > 0 {
                continue;
            }
            let mut farthest = None;
            for (index, &distance) in self.distances.iter().enumerate() {
                let least = farthest.map_or(0.0, |far| self.distances[far]);
                if distance > least && sums[self.labels[index]].size > 1 {
                    farthest = Some(index);
                }
            }
            let Some(index) = farthest else { continue };
            let row = self.matrix.row(index);
            let old = &mut sums[self.labels[index]];
            old.add(&row, -1.0);
            old.size -= 1;
            sums[empty].add(&row, 1.0);
            sums[empty].size = 1;
            self.labels[index] = empty;
            self.distances[index] = 0.0;
        }
    }

    /// Gives each product to the nearest of the centres from `first` on, unless it has a distance that is at
    /// most as long; the first of equals. Returns whether any product changed its cluster.
    fn assign(&mut self, first: usize) -> bool {
        let mut changed = false;
        let strips = self.matrix.ranges(STRIP);
        let of_strips = self
            .labels
            .chunks_mut(STRIP)
            .zip(self.distances.chunks_mut(STRIP));
        for (strip, (labels, distances)) in strips.zip(of_strips) {
            let n = labels.len();
            let mut nearest = [0; STRIP];
            nearest[..n].copy_from_slice(labels);
            for (label, centre) in self.centres.iter().enumerate().skip(first) {
                let mut squares = [0.0; STRIP];
                self.matrix
                    .add_squares(strip.clone(), centre, &mut squares[..n]);
                for ((nearest, distance), square) in
                    nearest.iter_mut().zip(&mut *distances).zip(squares)
                {
                    if square < *distance {
                        *nearest = label;
                        *distance = square;
                    }
                }
            }
            changed |= nearest[..n] != *labels;
            labels.copy_from_slice(&nearest[..n]);
        }
        changed
    }
}

impl Sum {
    fn add(&mut self, row: &[f64], sign: f64) {
        for (total, x) in self.total.iter_mut().zip(row) {
            *total += sign * x;
        }
    }
}

/// Returns an index, drawn with `weights` by a number in 0..1; none when all weights are 0.
fn draw(weights: &[f64], unit: f64) -> Option<usize> {
    let mut rest = unit * blockwise(weights).sum::<f64>();
    let mut start = 0;
    for sum in blockwise(weights) {
        if rest < sum {
            break;
        }
        rest -= sum;
        start += BLOCK;
    }
    for (index, &weight) in weights.iter().enumerate().skip(start) {
        if rest < weight {
            return Some(index);
        }
        rest -= weight;
    }
    // Rounding may have carried beyond the end.
    weights.iter().rposition(|&weight| weight > 0.0)
}

fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}
