//! The bootstrap: products drawn again with replacement inside their shops, so that each resample has as many
//! products of each shop as there are (Davison and Hinkley, "Bootstrap methods and their application", 1997, 3.2).

use crate::random::Random;

/// Resamples of up to [`ALL_RESAMPLED`] products.
const RESAMPLES: usize = 1_000;

/// The least number of resamples, for any number of products.
const FEWEST_RESAMPLES: usize = 100;

/// Above so many products there are fewer resamples, so that the work stays the same.
const ALL_RESAMPLED: usize = 20_000;

const SEED: u64 = 42;

/// Returns how many resamples are drawn of `n` products.
pub fn n_resamples(n: usize) -> usize {
    (RESAMPLES * ALL_RESAMPLED / n.max(1)).clamp(FEWEST_RESAMPLES, RESAMPLES)
}

/// Calls `measure` with how often each product counts in each resample, and then with every product counted once.
///
/// `shops` names the shop of each product by a number of the caller's.
pub(super) fn resample(shops: &[u32], mut measure: impl FnMut(&[u32])) {
    let mut members: Vec<u32> = (0..).take(shops.len()).collect();
    members.sort_by_key(|&index| shops[index as usize]);
    let same_shop = |a: &u32, b: &u32| shops[*a as usize] == shops[*b as usize];
    let mut random = Random::new(SEED);
    let mut counts = vec![0; shops.len()];
    for _ in 0..n_resamples(shops.len()) {
        counts.fill(0);
        for shop in members.chunk_by(same_shop) {
            for _ in shop {
                let drawn = shop[(random.unit() * shop.len() as f64) as usize];
                counts[drawn as usize] += 1;
            }
        }
        measure(&counts);
    }
    counts.fill(1);
    measure(&counts);
}

/// Returns the middle 95 % of `values`, interpolated between neighbours; `None` for fewer than 2.
pub(super) fn middle_95(mut values: Vec<f64>) -> Option<(f64, f64)> {
    if values.len() < 2 {
        return None;
    }
    values.sort_by(f64::total_cmp);
    let quantile = |p: f64| {
        let place = p * (values.len() - 1) as f64;
        let (below, above) = (place.floor() as usize, place.ceil() as usize);
        values[below] + (values[above] - values[below]) * place.fract()
    };
    Some((quantile(0.025), quantile(0.975)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resample_keeps_the_size_of_each_shop_and_no_two_are_the_same() {
        let shops = [7, 3, 7, 7, 3, 9, 7, 7];
        let mut drawn = Vec::new();
        resample(&shops, |counts| drawn.push(counts.to_vec()));
        assert_eq!(drawn.pop(), Some(vec![1; 8]));
        assert_eq!(drawn.len(), 1_000);
        for counts in &drawn {
            let of = |shop| {
                let both = shops.iter().zip(counts);
                both.filter(|it| *it.0 == shop).map(|it| *it.1).sum::<u32>()
            };
            assert_eq!([of(3), of(7), of(9)], [2, 5, 1]);
        }
        drawn.sort();
        drawn.dedup();
        assert!(drawn.len() > 200, "{}", drawn.len());
    }

    #[test]
    fn many_products_are_resampled_less_often() {
        let expected = [1_000, 1_000, 500, 100, 100];
        assert_eq!(
            [0, 20_000, 40_000, 200_000, 1_000_000].map(n_resamples),
            expected
        );
    }

    #[test]
    fn the_middle_is_that_of_numpy() {
        // numpy.percentile([0, 1, 2, 3, 10], [2.5, 97.5])
        let (low, high) = middle_95(vec![10.0, 3.0, 1.0, 0.0, 2.0]).unwrap();
        assert!((low - 0.1).abs() < 1e-12 && (high - 9.3).abs() < 1e-12);
        assert_eq!(middle_95(vec![1.0]), None);
    }
}
