//! Weights learned from what happened, and the question whether they are any better than equal ones: answered on a
//! later period than the one that they were learned on.

use serde::Serialize;

use super::MIN_EVENTS;
use super::figures::{Figure, event_figures};
use crate::feature::Feature;

/// The utilities of one product less 0.5, by [`Feature::ALL`]; 0 where unknown.
pub type Centred = [f64; Feature::ALL.len()];

/// How strongly large weights are held back (ridge): as one product with all utilities at an end would.
const RIDGE: f64 = 1.0;

/// Passes over all weights; some ten are usual.
const MAX_PASSES: u32 = 200;

/// Passes end when no weight moves by more.
const TOLERANCE: f64 = 1e-6;

/// Products of one period, and which of them had an event.
#[derive(Debug, Clone, Copy)]
pub struct Period<'a> {
    /// The utilities.
    pub utilities: &'a [Centred],
    /// Whether the event happened, by product.
    pub is_event: &'a [bool],
    /// A number for each product's shop.
    pub shops: &'a [u32],
}

/// Learned weights and their trial.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fitted {
    /// Products of the period that the weights were learned on.
    pub n_products: usize,
    /// Events in that period.
    pub n_events: usize,
    /// Products of the later period that they were tried on.
    pub n_products_later: usize,
    /// Events in the later period.
    pub n_events_later: usize,
    /// The learned weights by [`Feature::ALL`], which sum to 1; `None` where nothing was to be learned.
    pub weights: Option<[f64; Feature::ALL.len()]>,
    /// The AUC of the learned weights in the later period.
    pub auc: Option<Figure>,
    /// The AUC of equal weights in the later period.
    pub auc_of_equal_weights: Option<Figure>,
    /// The difference of both, on the same resamples.
    pub difference: Option<Figure>,
    /// Whether the interval of the difference lies above 0: only then the weights are worth using.
    pub is_accepted: bool,
}

/// Learns weights from `earlier` and tries them on `later`.
pub fn fit(earlier: Period<'_>, later: Period<'_>) -> Fitted {
    let n_events = |period: Period<'_>| period.is_event.iter().filter(|it| **it).count();
    let mut fitted = Fitted {
        n_products: earlier.utilities.len(),
        n_events: n_events(earlier),
        n_products_later: later.utilities.len(),
        n_events_later: n_events(later),
        weights: None,
        auc: None,
        auc_of_equal_weights: None,
        difference: None,
        is_accepted: false,
    };
    if fitted.n_events < MIN_EVENTS || fitted.n_events_later < MIN_EVENTS {
        return fitted;
    }
    fitted.weights = learned(earlier.utilities, earlier.is_event);
    if let Some(weights) = fitted.weights {
        let score = |weights: Centred| -> Vec<f64> {
            let products = later.utilities.iter();
            products.map(|it| dot(&weights, it)).collect()
        };
        let (learned, equal) = (score(weights), score([1.0; Feature::ALL.len()]));
        let figures = event_figures(&[&learned, &equal], later.is_event, later.shops, 1);
        let difference = figures[1].auc_behind_first;
        fitted.auc = Some(figures[0].auc);
        fitted.auc_of_equal_weights = Some(figures[1].auc);
        fitted.is_accepted = difference.is_above_zero();
        fitted.difference = Some(difference);
    }
    fitted
}

/// Returns the weights of a logistic regression without negative ones, scaled to sum to 1; `None` if all are 0.
///
/// One weight at a time by Newton's steps, each held at 0 from below.
fn learned(utilities: &[Centred], is_event: &[bool]) -> Option<Centred> {
    let mut weights = [0.0; Feature::ALL.len()];
    let mut logits = vec![0.0; utilities.len()];
    for _ in 0..MAX_PASSES {
        let moved = newton(utilities, is_event, &logits, |_| 1.0, 0.0);
        for logit in &mut logits {
            *logit += moved;
        }
        let mut largest: f64 = 0.0;
        for (j, weight) in weights.iter_mut().enumerate() {
            let step = newton(utilities, is_event, &logits, |it| it[j], RIDGE * *weight);
            let moved = (*weight + step).max(0.0) - *weight;
            *weight += moved;
            largest = largest.max(moved.abs());
            for (logit, product) in logits.iter_mut().zip(utilities) {
                *logit += moved * product[j];
            }
        }
        if largest < TOLERANCE {
            break;
        }
    }
    let sum: f64 = weights.iter().sum();
    (sum > 0.0).then(|| weights.map(|weight| weight / sum))
}

/// Returns Newton's step of the weight of `x`, which the ridge pulls back with the slope `ridge`.
///
/// Within steps that move no logit by more than a half the curvature changes by less than a factor of two, so that
/// every step makes the likelihood greater.
fn newton(
    utilities: &[Centred],
    is_event: &[bool],
    logits: &[f64],
    x: impl Fn(&Centred) -> f64,
    ridge: f64,
) -> f64 {
    let (mut slope, mut curvature) = (-ridge, RIDGE);
    for ((product, &is_event), logit) in utilities.iter().zip(is_event).zip(logits) {
        let (x, p) = (x(product), 1.0 / (1.0 + (-logit).exp()));
        slope += (f64::from(is_event) - p) * x;
        curvature += p * (1.0 - p) * x * x;
    }
    (slope / curvature).clamp(-0.5, 0.5)
}

fn dot(weights: &Centred, product: &Centred) -> f64 {
    weights.iter().zip(product).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backtest::sorted::Sorted;
    use crate::random::Random;

    const N_FEATURES: usize = Feature::ALL.len();

    /// A world in which each feature raises the log-odds of the event as `strengths` says.
    struct World {
        utilities: Vec<Centred>,
        is_event: Vec<bool>,
        shops: Vec<u32>,
    }

    fn world(random: &mut Random, n: usize, base: f64, strengths: &Centred) -> World {
        let utilities: Vec<Centred> = (0..n)
            .map(|_| [(); N_FEATURES].map(|()| random.unit() - 0.5))
            .collect();
        let is_event = utilities
            .iter()
            .map(|product| random.unit() < 1.0 / (1.0 + (-base - dot(strengths, product)).exp()))
            .collect();
        World {
            utilities,
            is_event,
            shops: (0..).take(n).map(|it| it % 5).collect(),
        }
    }

    impl World {
        fn period(&self) -> Period<'_> {
            Period {
                utilities: &self.utilities,
                is_event: &self.is_event,
                shops: &self.shops,
            }
        }
    }

    #[test]
    fn planted_signals_are_recovered_in_their_order() {
        let strengths = [4.0, 3.0, 2.2, 1.5, 0.8, 0.0, 0.0, 0.0, 0.0, -1.0];
        for seed in 0..5 {
            let world = world(&mut Random::new(seed), 4_000, -1.0, &strengths);
            let auc = |j: usize| {
                let column: Vec<f64> = world.utilities.iter().map(|it| it[j]).collect();
                Sorted::by(&column).auc(&world.is_event, &vec![1; column.len()])
            };
            let aucs: Vec<_> = (0..N_FEATURES).map(|j| auc(j).unwrap()).collect();
            assert!(aucs[..6].is_sorted_by(|a, b| a > b), "{seed}: {aucs:?}");
            assert!(aucs[5..9].iter().all(|auc| (auc - 0.5).abs() < 0.04));
            assert!(aucs[9] < 0.49, "{aucs:?}");
            let weights = learned(&world.utilities, &world.is_event).unwrap();
            assert!(weights[..6].is_sorted_by(|a, b| a > b), "{weights:?}");
            assert!(
                weights[9] == 0.0,
                "a harmful signal gets no weight: {weights:?}"
            );
            assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn weights_are_those_of_a_fine_grid_search() {
        let mut strengths = [0.0; N_FEATURES];
        strengths[..2].copy_from_slice(&[3.0, 1.0]);
        let mut world = world(&mut Random::new(1), 3_000, -2.0, &strengths);
        for product in &mut world.utilities {
            product[2..].fill(0.0);
        }
        let loss = |base: f64, a: f64, b: f64| -> f64 {
            let products = world.utilities.iter().zip(&world.is_event);
            let likelihood = products.map(|(it, &is_event)| {
                let logit = base + a * it[0] + b * it[1];
                if is_event {
                    (-logit).exp().ln_1p()
                } else {
                    logit.exp().ln_1p()
                }
            });
            likelihood.sum::<f64>() + RIDGE * (a * a + b * b) / 2.0
        };
        let weights = learned(&world.utilities, &world.is_event).unwrap();
        let share = weights[0];
        let best = |share: f64| {
            let grid = (10..80).flat_map(|size| (-30..-10).map(move |base| (size, base)));
            let losses = grid.map(|(size, base)| {
                let size = f64::from(size) / 10.0;
                loss(f64::from(base) / 10.0, size * share, size * (1.0 - share))
            });
            losses.fold(f64::INFINITY, f64::min)
        };
        assert!(
            best(share) <= best(share - 0.05) && best(share) <= best(share + 0.05),
            "{share}"
        );
    }

    #[test]
    fn true_differences_are_accepted_on_the_later_period() {
        let mut strengths = [0.0; N_FEATURES];
        strengths[3] = 3.0;
        let mut random = Random::new(7);
        let earlier = world(&mut random, 1_000, -1.0, &strengths);
        let later = world(&mut random, 1_000, -1.0, &strengths);
        let fitted = fit(earlier.period(), later.period());
        assert!(fitted.is_accepted, "{fitted:?}");
        assert!(fitted.weights.unwrap()[3] > 0.5);
    }

    #[test]
    fn noise_is_accepted_for_at_most_one_seed_in_twenty() {
        let n_accepted = (0..200)
            .filter(|&seed| {
                let mut random = Random::new(seed);
                let earlier = world(&mut random, 120, -0.5, &[0.0; N_FEATURES]);
                let later = world(&mut random, 120, -0.5, &[0.0; N_FEATURES]);
                fit(earlier.period(), later.period()).is_accepted
            })
            .count();
        assert!(n_accepted <= 10, "{n_accepted} of 200");
    }

    #[test]
    fn without_enough_events_nothing_is_learned() {
        let mut few = world(&mut Random::new(7), 100, 0.0, &[3.0; N_FEATURES]);
        let enough = world(&mut Random::new(8), 100, 0.0, &[3.0; N_FEATURES]);
        few.is_event.fill(false);
        few.is_event[..MIN_EVENTS - 1].fill(true);
        for (earlier, later) in [(&few, &enough), (&enough, &few)] {
            let fitted = fit(earlier.period(), later.period());
            assert_eq!((fitted.weights, fitted.is_accepted), (None, false));
        }
        let nothing = Period {
            utilities: &[],
            is_event: &[],
            shops: &[],
        };
        assert!(!fit(nothing, nothing).is_accepted);
    }
}
