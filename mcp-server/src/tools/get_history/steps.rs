//! Values that hold until the next one, as a history of changes has them.

use catalog::UnixMs;

/// A value from `since` to `until`, and at which times it became another.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Steps<V> {
    /// The first at the beginning, then one for each change; times rise.
    pub(super) steps: Vec<(UnixMs, V)>,
    /// The end, behind the last.
    pub(super) until: UnixMs,
}

impl<V: PartialEq> Steps<V> {
    /// Returns the value that is `first` at `since` and changes as told, oldest first; what is told of a time before
    /// or after leaves only what holds at the beginning.
    pub(super) fn new(
        (since, until): (UnixMs, UnixMs),
        first: V,
        changes: impl IntoIterator<Item = (UnixMs, V)>,
    ) -> Self {
        let mut steps = vec![(since, first)];
        for (at, value) in changes {
            let at = at.max(since);
            if at >= until {
                break;
            }
            if steps.last().is_some_and(|(last, _)| *last == at) {
                steps.pop();
            }
            if steps.last().is_none_or(|(_, last)| *last != value) {
                steps.push((at, value));
            }
        }
        Self { steps, until }
    }

    /// Returns each value with the time from which and to which it held.
    pub(super) fn spans(&self) -> impl Iterator<Item = (UnixMs, UnixMs, &V)> {
        let ends = self.steps.iter().skip(1).map(|(at, _)| *at);
        let ends = ends.chain([self.until]);
        let spans = self.steps.iter().zip(ends);
        spans.map(|((since, value), until)| (*since, until, value))
    }
}

/// Returns the value in the middle of what is given with its weight: half of all the weight is at or below it.
pub(super) fn weighted_median<V: Copy>(mut weighed: Vec<(f64, u64, V)>) -> Option<V> {
    weighed.sort_by(|(one, ..), (two, ..)| one.total_cmp(two));
    let is_weightless = weighed.iter().all(|(_, weight, _)| *weight == 0);
    let weight = |weight: u64| u128::from(if is_weightless { 1 } else { weight });
    let all: u128 = weighed.iter().map(|(_, it, _)| weight(*it)).sum();
    let mut below = 0;
    let middle = weighed.iter().find(|(_, it, _)| {
        below += weight(*it);
        below * 2 >= all
    });
    middle.map(|(_, _, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> UnixMs {
        UnixMs::new(ms)
    }

    #[test]
    fn a_value_holds_until_the_next() {
        let changes = [(at(5), 'b'), (at(7), 'b'), (at(9), 'c'), (at(20), 'd')];
        let steps = Steps::new((at(0), at(10)), 'a', changes);
        let spans: Vec<_> = steps
            .spans()
            .map(|(from, to, it)| (from.ms(), to.ms(), *it))
            .collect();
        assert_eq!(spans, [(0, 5, 'a'), (5, 9, 'b'), (9, 10, 'c')]);
    }

    #[test]
    fn what_is_told_of_a_time_before_holds_at_the_beginning() {
        let steps = Steps::new((at(10), at(20)), 'a', [(at(1), 'b'), (at(2), 'c')]);
        assert_eq!(steps.steps, [(at(10), 'c')]);
    }

    #[test]
    fn two_changes_at_once_are_one() {
        let steps = Steps::new((at(0), at(20)), 'a', [(at(5), 'b'), (at(5), 'a')]);
        assert_eq!(steps.steps, [(at(0), 'a')]);
    }

    #[test]
    fn the_median_is_what_held_for_the_middle_of_the_time() {
        let of = |weighed: &[(f64, u64)]| {
            weighted_median(
                weighed
                    .iter()
                    .map(|&(it, weight)| (it, weight, it))
                    .collect(),
            )
        };
        assert_eq!(of(&[(60.0, 17), (49.0, 3)]), Some(60.0));
        assert_eq!(of(&[(1.0, 1), (2.0, 1), (9.0, 1)]), Some(2.0));
        assert_eq!(of(&[(5.0, 0), (3.0, 0)]), Some(3.0));
        assert_eq!(of(&[]), None);
    }
}
