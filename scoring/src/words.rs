//! Plain words for features, and for directions and centres in the space that they span.

use crate::matrix::Moments;
use crate::pca::Pca;

/// What little and much of a feature is called, by its name; classic metrics first.
const LITTLE_AND_MUCH: [(&str, [&str; 2]); 16] = [
    ("available_ratio", ["low availability", "high availability"]),
    ("num_tags", ["few tags", "many tags"]),
    ("avg_price", ["low price", "high price"]),
    ("num_images", ["few images", "many images"]),
    (
        "description_length",
        ["short description", "long description"],
    ),
    (
        "popularity_score",
        ["low simulated popularity", "high simulated popularity"],
    ),
    ("demand", ["little sold", "much sold"]),
    (
        "bestseller",
        ["low among bestsellers", "high among bestsellers"],
    ),
    ("stockout", ["seldom sold out", "often sold out"]),
    ("rating", ["poorly rated", "well rated"]),
    ("trend", ["falling trend", "rising trend"]),
    ("freshness", ["old", "fresh"]),
    ("discount", ["hardly discounted", "much discounted"]),
    ("price_position", ["unusual price", "usual price"]),
    ("listing", ["poorly presented", "well presented"]),
    ("availability", ["low availability", "high availability"]),
];

/// A picture has room for this many.
pub(crate) const MAX_WORDS: usize = 3;
/// A group is said to have much of a metric from this many standard deviations above all products' mean on.
pub(crate) const NOTABLE_DEVIATIONS: f64 = 0.5;
/// A direction is said to lead to a metric from this loading on, a sixth of its length squared.
const NOTABLE_LOADING: f64 = 0.4;

/// A direction with less of the variance than this is one of rounding errors.
const NOTABLE_SHARE: f64 = 1e-9;

/// What a group without marks is called.
pub(crate) const AVERAGE: &str = "close to the average";

/// What the group of all products is called where no feature is known of any.
pub(crate) const UNKNOWN: &str = "no feature that counts is known of them";

/// Says what marks a group with the given centre against all products, the most striking first:
/// "many images, low price".
pub(crate) fn marks(centre: &[f64], moments: &Moments, names: &[String]) -> String {
    let words = words(&deviations(centre, moments), names, NOTABLE_DEVIATIONS);
    if words.is_empty() {
        return AVERAGE.to_owned();
    }
    words
}

/// Returns how many standard deviations a centre lies above the mean in each column; 0 where products do not differ.
pub(crate) fn deviations(centre: &[f64], moments: &Moments) -> Vec<f64> {
    let of = |(j, x): (usize, &f64)| {
        let deviation = moments.covariance[j][j].sqrt();
        match deviation > 0.0 {
            true => (x - moments.mean[j]) / deviation,
            false => 0.0,
        }
    };
    centre.iter().enumerate().map(of).collect()
}

/// Says where one of the components leads: "high availability, few tags"; nothing where products do not differ.
pub(crate) fn direction(pca: &Pca, component: usize, names: &[String]) -> String {
    if pca.share[component] < NOTABLE_SHARE {
        return String::new();
    }
    words(&pca.components[component], names, NOTABLE_LOADING)
}

/// Returns what little (for a strength below 0) or much of a feature is called.
pub(crate) fn word(name: &str, strength: f64) -> String {
    let is_much = strength > 0.0;
    let known = LITTLE_AND_MUCH.iter().find(|(known, _)| *known == name);
    match known {
        Some((_, words)) => words[usize::from(is_much)].to_owned(),
        None => {
            let grade = if is_much { "high" } else { "low" };
            format!("{grade} {}", name.replace('_', " "))
        }
    }
}

/// Returns the columns in the order of their strength, whatever its sign; equals in their own order.
pub(crate) fn by_strength(strengths: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..strengths.len()).collect();
    order.sort_by(|&a, &b| strengths[b].abs().total_cmp(&strengths[a].abs()));
    order
}

fn words(strengths: &[f64], names: &[String], notable: f64) -> String {
    let notable = by_strength(strengths)
        .into_iter()
        .filter(|&j| strengths[j].abs() >= notable)
        .take(MAX_WORDS);
    let words: Vec<_> = notable.map(|j| word(&names[j], strengths[j])).collect();
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classic;

    fn names() -> Vec<String> {
        classic::FEATURES.map(str::to_owned).to_vec()
    }

    #[test]
    fn every_feature_has_words_of_its_own() {
        let features = crate::feature::Feature::ALL.map(crate::feature::Feature::name);
        for name in classic::FEATURES.into_iter().chain(features) {
            assert!(LITTLE_AND_MUCH.iter().any(|it| it.0 == name), "{name}");
            assert_ne!(word(name, 1.0), word(name, -1.0));
        }
        assert_eq!(word("shelf_life", -0.1), "low shelf life");
    }

    #[test]
    fn a_group_is_marked_by_what_sets_it_apart_the_most_striking_first() {
        let mut moments = Moments {
            mean: vec![0.5; 6],
            covariance: vec![vec![0.0; 6]; 6],
        };
        for j in 0..5 {
            moments.covariance[j][j] = 0.01;
        }
        let words = marks(&[0.5, 0.43, 0.4, 0.8, 0.56, 0.9], &moments, &names());
        assert_eq!(words, "many images, low price, few tags");
        assert_eq!(marks(&[0.5; 6], &moments, &names()), "close to the average");
    }

    #[test]
    fn a_direction_is_named_by_its_great_loadings() {
        let pca = Pca {
            mean: vec![0.0; 6],
            components: [
                vec![0.7, 0.0, 0.3, 0.0, 0.0, -0.6],
                vec![0.0, 1.0, 0.0, 0.0, 0.0, 0.0],
            ],
            variance: [1.0, 1e-17],
            share: [1.0, 1e-17],
        };
        assert_eq!(
            direction(&pca, 0, &names()),
            "high availability, low simulated popularity"
        );
        assert_eq!(direction(&pca, 1, &names()), "");
    }
}
