//! Measures of one ranking over products that count any number of times, as a bootstrap needs them: sorted once,
//! then one pass per resample. Sums are of whole numbers, so their order does not matter.

/// Products in the order of a score, best first.
#[derive(Debug)]
pub(super) struct Sorted {
    order: Vec<u32>,
    /// Where each run of equal scores ends in `order`.
    ends: Vec<u32>,
}

impl Sorted {
    /// Sorts products by `scores`, which have no NaN.
    pub(super) fn by(scores: &[f64]) -> Self {
        let mut order: Vec<u32> = (0..).take(scores.len()).collect();
        let score = |index: u32| scores[index as usize] + 0.0;
        order.sort_by(|&a, &b| score(b).total_cmp(&score(a)));
        let is_end = |place: &u32| {
            let next = order.get(*place as usize);
            let last = order[*place as usize - 1];
            next.is_none_or(|&next| score(next).total_cmp(&score(last)).is_ne())
        };
        let ends = (1..).take(order.len()).filter(is_end).collect();
        Self { order, ends }
    }

    /// Returns the products of equal score, the best score first.
    fn runs(&self) -> impl Iterator<Item = &[u32]> {
        let starts = std::iter::once(&0).chain(&self.ends);
        let bounds = starts.zip(&self.ends);
        bounds.map(|(&start, &end)| &self.order[start as usize..end as usize])
    }

    /// Returns the probability that a product with an event has a better score than one without; ties count half.
    ///
    /// The area under the ROC curve, as Mann and Whitney's U over all pairs. `None` unless both kinds are there.
    pub(super) fn auc(&self, is_event: &[bool], counts: &[u32]) -> Option<f64> {
        let (mut n_events, mut n_others, mut doubled) = (0_u64, 0_u64, 0_u64);
        for run in self.runs() {
            let (events, others) = split(run, is_event, counts);
            doubled += others * (2 * n_events + events);
            n_events += events;
            n_others += others;
        }
        let n_pairs = n_events * n_others;
        (n_pairs > 0).then(|| doubled as f64 / (2 * n_pairs) as f64)
    }

    /// Returns the share of events among the first `k`; of a run of equal scores that does not fit, each product
    /// counts in part, as if chance decided. `None` without products.
    pub(super) fn precision(&self, is_event: &[bool], counts: &[u32], k: usize) -> Option<f64> {
        let (mut room, mut hits) = (k as u64, 0.0);
        for run in self.runs() {
            if room == 0 {
                break;
            }
            let (events, others) = split(run, is_event, counts);
            let n = events + others;
            if n <= room {
                hits += events as f64;
                room -= n;
            } else {
                hits += events as f64 * room as f64 / n as f64;
                room = 0;
            }
        }
        let n_taken = k as u64 - room;
        (n_taken > 0).then(|| hits / n_taken as f64)
    }

    /// Writes each product's mid-rank, doubled and less the mean, into `ranks`: whole numbers that sum to 0.
    pub(super) fn ranks(&self, counts: &[u32], ranks: &mut [i64]) {
        let n: i64 = counts.iter().map(|&it| i64::from(it)).sum();
        let mut n_better = 0;
        for run in self.runs() {
            let n_run: i64 = run.iter().map(|&it| i64::from(counts[it as usize])).sum();
            let rank = n - 2 * n_better - n_run;
            for &index in run {
                ranks[index as usize] = rank;
            }
            n_better += n_run;
        }
    }
}

/// Returns how often products of `run` with an event count, and how often those without.
fn split(run: &[u32], is_event: &[bool], counts: &[u32]) -> (u64, u64) {
    let (mut events, mut others) = (0, 0);
    for &index in run {
        let count = u64::from(counts[index as usize]);
        match is_event[index as usize] {
            true => events += count,
            false => others += count,
        }
    }
    (events, others)
}

/// Returns Spearman's rank correlation of a score with an amount, both given as [`Sorted::ranks`].
///
/// 0 for a score that is the same for all, which is the mean of all orders; `None` for such an amount.
pub(super) fn spearman(score: &[i64], amount: &[i64], counts: &[u32]) -> Option<f64> {
    // The sums are at most n³/3 for n products: they fit for up to three million.
    let (mut both, mut scores, mut amounts) = (0_i64, 0_i64, 0_i64);
    for ((&a, &b), &count) in score.iter().zip(amount).zip(counts) {
        let count = i64::from(count);
        both += count * a * b;
        scores += count * a * a;
        amounts += count * b * b;
    }
    let product = (scores.max(1) as f64).sqrt() * (amounts as f64).sqrt();
    (amounts > 0).then(|| both as f64 / product)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(one: Option<f64>, two: f64) {
        let one = one.unwrap();
        assert!((one - two).abs() < 1e-12, "{one} is not {two}");
    }

    fn correlation(one: &[f64], two: &[f64], counts: &[u32]) -> Option<f64> {
        let [one, two] = [one, two].map(|scores| {
            let mut ranks = vec![0; scores.len()];
            Sorted::by(scores).ranks(counts, &mut ranks);
            ranks
        });
        spearman(&one, &two, counts)
    }

    #[test]
    fn small_cases_are_those_by_hand() {
        let events = [true, false, true, false];
        // Pairs of an event and another: 4 > 3, 4 > 1, 2 < 3, 2 > 1.
        let sorted = Sorted::by(&[4.0, 3.0, 2.0, 1.0]);
        close(sorted.auc(&events, &[1; 4]), 0.75);
        close(sorted.precision(&events, &[1; 4], 1), 1.0);
        close(sorted.precision(&events, &[1; 4], 3), 2.0 / 3.0);
        close(sorted.precision(&events, &[1; 4], 9), 0.5);
        // 2 = 2 counts half.
        let sorted = Sorted::by(&[4.0, 2.0, 2.0, 1.0]);
        close(sorted.auc(&events, &[1; 4]), (1.0 + 1.0 + 0.5 + 1.0) / 4.0);
        close(sorted.precision(&events, &[1; 4], 2), 0.75);
        // All the same: chance.
        let sorted = Sorted::by(&[0.0, -0.0, 0.0, -0.0]);
        close(sorted.auc(&events, &[1; 4]), 0.5);
        close(sorted.precision(&events, &[1; 4], 1), 0.5);
        // 1 - 6 * (1 + 1) / (3 * (9 - 1)).
        close(
            correlation(&[1.0, 2.0, 3.0], &[2.0, 1.0, 3.0], &[1; 3]),
            0.5,
        );
        close(correlation(&[1.0, 2.0], &[5.0, -5.0], &[1; 2]), -1.0);
    }

    #[test]
    fn what_cannot_be_measured_is_nothing() {
        let sorted = Sorted::by(&[1.0, 2.0]);
        assert_eq!(sorted.auc(&[true, true], &[1, 1]), None);
        assert_eq!(sorted.auc(&[false, false], &[1, 1]), None);
        assert_eq!(sorted.auc(&[true, false], &[1, 0]), None);
        assert_eq!(Sorted::by(&[]).precision(&[], &[], 3), None);
        assert_eq!(correlation(&[1.0, 2.0], &[1.0, 1.0], &[1, 1]), None);
        assert_eq!(correlation(&[1.0, 1.0], &[1.0, 2.0], &[1, 1]), Some(0.0));
        assert_eq!(correlation(&[], &[], &[]), None);
    }

    fn products() -> impl Strategy<Value = Vec<(u8, u8, bool, u32)>> {
        prop::collection::vec((0_u8..6, 0_u8..6, any::<bool>(), 0_u32..4), 1..40)
    }

    proptest! {
        #[test]
        fn a_count_is_the_same_as_repeating_the_product(products in products()) {
            let repeated: Vec<_> = products
                .iter()
                .flat_map(|&it| std::iter::repeat_n(it, it.3 as usize))
                .collect();
            let columns = |rows: &[(u8, u8, bool, u32)]| {
                let one: Vec<_> = rows.iter().map(|it| f64::from(it.0)).collect();
                let two: Vec<_> = rows.iter().map(|it| f64::from(it.1)).collect();
                let is_event: Vec<_> = rows.iter().map(|it| it.2).collect();
                (one, two, is_event)
            };
            let counts: Vec<_> = products.iter().map(|it| it.3).collect();
            let (one, two, is_event) = columns(&products);
            let (long_one, long_two, long_event) = columns(&repeated);
            let ones = vec![1; repeated.len()];
            let (short, long) = (Sorted::by(&one), Sorted::by(&long_one));
            prop_assert_eq!(short.auc(&is_event, &counts), long.auc(&long_event, &ones));
            for k in [1, 3, 20] {
                let short = short.precision(&is_event, &counts, k);
                let long = long.precision(&long_event, &ones, k);
                prop_assert_eq!(short.is_some(), long.is_some());
                prop_assert!((short.unwrap_or(0.0) - long.unwrap_or(0.0)).abs() < 1e-12);
            }
            prop_assert_eq!(
                correlation(&one, &two, &counts),
                correlation(&long_one, &long_two, &ones)
            );
        }
    }
}
