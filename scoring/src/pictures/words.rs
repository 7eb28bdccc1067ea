//! Plain words for directions and centres in the space of the six metrics.

use crate::matrix::Moments;
use crate::pca::Pca;

/// What little and much of each metric is called.
const LITTLE_AND_MUCH: [[&str; 2]; 6] = [
    ["low availability", "high availability"],
    ["few tags", "many tags"],
    ["low price", "high price"],
    ["few images", "many images"],
    ["short description", "long description"],
    ["low simulated popularity", "high simulated popularity"],
];

/// A picture has room for this many.
const MAX_WORDS: usize = 3;
/// A group is said to have much of a metric from this many standard deviations above all products' mean on.
const NOTABLE_DEVIATIONS: f64 = 0.5;
/// A direction is said to lead to a metric from this loading on, a sixth of its length squared.
const NOTABLE_LOADING: f64 = 0.4;

/// A direction with less of the variance than this is one of rounding errors.
const NOTABLE_SHARE: f64 = 1e-9;

/// Says what marks a group with the given centre against all products, the most striking first:
/// "many images, low price".
pub(super) fn marks(centre: &[f64; 6], moments: &Moments) -> String {
    let deviations = std::array::from_fn(|j| {
        let deviation = moments.covariance[j][j].sqrt();
        match deviation > 0.0 {
            true => (centre[j] - moments.mean[j]) / deviation,
            false => 0.0,
        }
    });
    let words = words(deviations, NOTABLE_DEVIATIONS);
    if words.is_empty() {
        return "close to the average".to_owned();
    }
    words
}

/// Says where one of the components leads: "high availability, few tags"; nothing where products do not differ.
pub(super) fn direction(pca: &Pca, component: usize) -> String {
    if pca.share[component] < NOTABLE_SHARE {
        return String::new();
    }
    words(pca.components[component], NOTABLE_LOADING)
}

fn words(strengths: [f64; 6], notable: f64) -> String {
    let mut order = [0, 1, 2, 3, 4, 5];
    order.sort_by(|&a, &b| strengths[b].abs().total_cmp(&strengths[a].abs()));
    let notable = order
        .into_iter()
        .filter(|&j| strengths[j].abs() >= notable)
        .take(MAX_WORDS);
    let words: Vec<_> = notable
        .map(|j| LITTLE_AND_MUCH[j][usize::from(strengths[j] > 0.0)])
        .collect();
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_marked_by_what_sets_it_apart_the_most_striking_first() {
        let mut moments = Moments {
            mean: [0.5; 6],
            covariance: [[0.0; 6]; 6],
        };
        for j in 0..5 {
            moments.covariance[j][j] = 0.01;
        }
        let words = marks(&[0.5, 0.43, 0.4, 0.8, 0.56, 0.9], &moments);
        assert_eq!(words, "many images, low price, few tags");
        assert_eq!(marks(&[0.5; 6], &moments), "close to the average");
    }

    #[test]
    fn a_direction_is_named_by_its_great_loadings() {
        let pca = Pca {
            mean: [0.0; 6],
            components: [
                [0.7, 0.0, 0.3, 0.0, 0.0, -0.6],
                [0.0, 1.0, 0.0, 0.0, 0.0, 0.0],
            ],
            variance: [1.0, 1e-17],
            share: [1.0, 1e-17],
        };
        assert_eq!(
            direction(&pca, 0),
            "high availability, low simulated popularity"
        );
        assert_eq!(direction(&pca, 1), "");
    }
}
