//! How sure places are: where products stand when the weights are drawn at random around those of the preset.

use std::cmp::Ordering;

use catalog::{ListStability, Stability};

use super::Scores;
use super::dirichlet::dirichlet;
use super::shelves::number;
use crate::random::Random;

/// The most places times draws that are kept, at 4 bytes each.
const MAX_RANKS: usize = 10_000_000;

/// The most places times draws that are worked on at a time, at 24 bytes each.
const BATCH: usize = 400_000;

/// Products per block: its ten columns and its scores stay in the fastest cache for all draws.
const BLOCK: usize = 256;

/// How sure each tracked product and the whole list are; nothing without draws, or with too many.
#[derive(Debug, Default)]
pub(super) struct Sureness {
    pub(super) places: Vec<Stability>,
    pub(super) list: Option<ListStability>,
}

/// One draw of weights.
struct Draw {
    weights: Vec<f64>,
    /// The score and the product of each that is tracked, with its place among `tracked`, best first.
    tracked: Vec<Tracked>,
    /// Before how many of these each product would stand: `reached[p]` counts products behind exactly `p`.
    reached: Vec<u32>,
}

#[derive(Clone, Copy)]
struct Tracked {
    score: f64,
    index: u32,
    slot: u32,
}

/// Returns how sure the places of `tracked` are, whose first `k` are the first of the whole order.
pub(super) fn of(scores: &Scores, tracked: &[u32], k: usize) -> Sureness {
    let n_draws = scores.settings.draws;
    let n_different = n_different(scores);
    let n_ranks = n_different.saturating_mul(tracked.len());
    if n_ranks == 0 || n_ranks > MAX_RANKS {
        return Sureness::default();
    }
    let mut ranks = vec![0; n_ranks];
    let per_batch = (BATCH / tracked.len()).max(1);
    for start in (0..n_different).step_by(per_batch) {
        let numbers = start..(start + per_batch).min(n_different);
        let mut draws: Vec<Draw> = numbers
            .map(|number| Draw::new(scores, tracked, number as u64))
            .collect();
        count(scores, &mut draws);
        for (at, draw) in draws.iter().enumerate() {
            for (rank, slot) in draw.ranks() {
                ranks[slot * n_different + start + at] = rank;
            }
        }
    }
    summed_up(&mut ranks, n_different, n_draws, k)
}

/// Returns how many products can be tracked; `None` without draws.
pub(super) fn most_tracked(scores: &Scores) -> Option<usize> {
    MAX_RANKS.checked_div(n_different(scores))
}

/// Returns how many draws can differ: with one feature, any weight gives the same order.
fn n_different(scores: &Scores) -> usize {
    let n_draws = scores.settings.draws as usize;
    match scores.columns.len() {
        0 | 1 => n_draws.min(1),
        _ => n_draws,
    }
}

fn summed_up(ranks: &mut [u32], n_different: usize, n_draws: u32, k: usize) -> Sureness {
    let mut kept = vec![0_u32; n_different];
    let mut places = Vec::with_capacity(ranks.len() / n_different);
    for (slot, ranks) in ranks.chunks_mut(n_different).enumerate() {
        if slot < k {
            for (kept, rank) in kept.iter_mut().zip(&*ranks) {
                *kept += u32::from(*rank as usize <= k);
            }
        }
        ranks.sort_unstable();
        let n_inside = ranks.partition_point(|rank| *rank as usize <= k);
        let nearest = |percent: usize| ranks[(percent * ranks.len()).div_ceil(100) - 1];
        places.push(Stability {
            p_top_k: n_inside as f64 / n_different as f64,
            rank_p5: nearest(5),
            rank_p95: nearest(95),
        });
    }
    let share = |kept: f64| kept / k as f64;
    let n_kept: u64 = kept.iter().copied().map(u64::from).sum();
    let least = kept.iter().copied().min().unwrap_or(0);
    Sureness {
        places,
        list: Some(ListStability {
            draws: n_draws,
            overlap_mean: share(n_kept as f64 / n_different as f64),
            overlap_min: share(least.into()),
        }),
    }
}

/// Lets every product find its place among the tracked ones, draw by draw.
fn count(scores: &Scores, draws: &mut [Draw]) {
    let mut block = Vec::new();
    let mut drawn = [0.0; BLOCK];
    for start in (0..scores.len()).step_by(BLOCK) {
        let len = BLOCK.min(scores.len() - start);
        block.clear();
        for column in &scores.columns {
            let utilities = &column.utilities[start..start + len];
            block.extend(utilities.iter().map(|it| centred(*it)));
        }
        for draw in &mut *draws {
            draw.score(&block, &mut drawn[..len]);
            let Some(least) = draw.tracked.last().copied() else {
                continue;
            };
            for (at, score) in drawn[..len].iter().enumerate() {
                // Nearly all are refused here.
                if *score >= least.score {
                    draw.place(scores, *score, number(start + at));
                }
            }
        }
    }
}

/// What is unknown costs and earns nothing with any weights.
fn centred(utility: f64) -> f64 {
    if utility.is_nan() { 0.0 } else { utility - 0.5 }
}

impl Draw {
    /// Draws weights; each draw has its own seed, so that no draw depends on another.
    fn new(scores: &Scores, tracked: &[u32], number: u64) -> Self {
        let settings = &scores.settings;
        let weights: Vec<f64> = scores.columns.iter().map(|it| scores.weight(it)).collect();
        let total: f64 = weights.iter().sum();
        let parameters: Vec<f64> = weights
            .iter()
            .map(|weight| (settings.concentration * (weight / total)).max(f64::MIN_POSITIVE))
            .collect();
        let mut random = Random::new(settings.seed.wrapping_add(number));
        let weights = dirichlet(&mut random, &parameters);
        let tracked = (0..).zip(tracked).map(|(slot, index)| Tracked {
            score: drawn_score(scores, &weights, *index as usize),
            index: *index,
            slot,
        });
        let mut tracked: Vec<Tracked> = tracked.collect();
        tracked.sort_unstable_by(|one, two| compare(scores, one, two.score, two.index));
        Self {
            reached: vec![0; tracked.len()],
            weights,
            tracked,
        }
    }

    /// Scores a block of products, whose columns come one behind the other.
    fn score(&self, block: &[f64], drawn: &mut [f64]) {
        drawn.fill(0.0);
        for (weight, column) in self.weights.iter().zip(block.chunks_exact(drawn.len())) {
            for (score, utility) in drawn.iter_mut().zip(column) {
                *score += weight * utility;
            }
        }
    }

    /// Counts a product where it stands among the tracked ones.
    fn place(&mut self, scores: &Scores, score: f64, index: u32) {
        let is_ahead = |it: &Tracked| compare(scores, it, score, index).is_lt();
        // Where many have the score of the last, one comparison of ids refuses most of them.
        if self.tracked.last().is_none_or(is_ahead) {
            return;
        }
        let n_ahead = self.tracked.partition_point(is_ahead);
        self.reached[n_ahead] += 1;
    }

    /// Returns the rank of each tracked product, with its slot.
    ///
    /// Those that stand behind at most as many tracked products as it does are itself and all that are before it.
    fn ranks(&self) -> impl Iterator<Item = (u32, usize)> {
        let mut rank = 0;
        self.tracked
            .iter()
            .zip(&self.reached)
            .map(move |(it, reached)| {
                rank += reached;
                (rank, it.slot as usize)
            })
    }
}

/// Returns the score of one product, added up in the order of [`Draw::score`], to the same digits.
fn drawn_score(scores: &Scores, weights: &[f64], index: usize) -> f64 {
    let mut score = 0.0;
    for (weight, column) in weights.iter().zip(&scores.columns) {
        score += weight * centred(column.utilities[index]);
    }
    score
}

fn compare(scores: &Scores, one: &Tracked, score: f64, index: u32) -> Ordering {
    score
        .total_cmp(&one.score)
        .then_with(|| scores.compare_ids(one.index, index))
}
