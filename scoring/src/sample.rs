//! Which products stand for all of them where all would be too many.

use crate::random::Random;

const SEED: u64 = 42;

/// Returns at most `limit` indices into `groups`, ascending: from each group in proportion to its size, by a
/// fixed seed; all indices if they are not more.
pub(crate) fn sample(groups: &[usize], limit: usize) -> Vec<usize> {
    let n = groups.len();
    if n <= limit {
        return (0..n).collect();
    }
    let mut sizes = vec![0_usize; groups.iter().max().map_or(0, |last| last + 1)];
    for &group in groups {
        sizes[group] += 1;
    }
    let mut wanted = quotas(&sizes, limit);
    let mut left = sizes;
    let mut random = Random::new(SEED);
    // Knuth, "The Art of Computer Programming" 3.4.2, algorithm S, once per group.
    let chosen = (0..n).filter(|&index| {
        let group = groups[index];
        let take = random.unit() * (left[group] as f64) < wanted[group] as f64;
        left[group] -= 1;
        wanted[group] -= usize::from(take);
        take
    });
    chosen.collect()
}

/// Shares `limit` out by size; what rounding leaves goes to the greatest fractions, the first of equals.
fn quotas(sizes: &[usize], limit: usize) -> Vec<usize> {
    let n: usize = sizes.iter().sum();
    let mut quotas: Vec<_> = sizes.iter().map(|size| size * limit / n).collect();
    let mut order: Vec<_> = (0..sizes.len()).collect();
    order.sort_by_key(|&group| std::cmp::Reverse(sizes[group] * limit % n));
    let rest = limit - quotas.iter().sum::<usize>();
    for group in order.into_iter().take(rest) {
        quotas[group] += 1;
    }
    quotas
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shares_are_proportional() {
        assert_eq!(quotas(&[50, 30, 20], 10), [5, 3, 2]);
        assert_eq!(quotas(&[1, 1, 1], 2), [1, 1, 0]);
    }

    proptest! {
        #[test]
        fn each_group_gives_its_share_to_within_one(
            groups in prop::collection::vec(0_usize..6, 0..300), limit in 0_usize..200,
        ) {
            let chosen = sample(&groups, limit);
            prop_assert_eq!(chosen.len(), limit.min(groups.len()));
            prop_assert!(chosen.is_sorted_by(|a, b| a < b));
            for group in 0..6 {
                let size = groups.iter().filter(|&&it| it == group).count() as f64;
                let n_chosen = chosen.iter().filter(|&&index| groups[index] == group).count() as f64;
                let share = size * chosen.len() as f64 / groups.len().max(1) as f64;
                prop_assert!((n_chosen - share).abs() < 1.0);
            }
        }
    }
}
