//! The values of each group, least first: what `explain` looks others up in.

use super::grouped::Grouped;
use super::rank_within::{Known, pulled, quantile};
use super::shelves::{Groups, number};

/// The known values of one feature, group by group of one level, least first.
#[derive(Debug, Clone)]
pub(crate) struct Ladder(Grouped);

impl Ladder {
    /// Sets up the values of `known`, which are sorted.
    pub(super) fn of(known: &[Known], groups: Groups) -> Self {
        Self(Grouped::of(groups, || {
            known.iter().map(|it| (it.shelf(), it.value()))
        }))
    }

    /// Returns the values of the group of a shelf, least first; `None` where it belongs to none.
    pub(crate) fn group(&self, shelf: u32) -> Option<&[f64]> {
        self.0.group(shelf)
    }

    /// Returns how many values the group of a shelf has, and the quantile that one of them, `value`, has after a
    /// change.
    pub(crate) fn quantile(&self, shelf: u32, value: f64, change: Change) -> Option<(u32, f64)> {
        let group = self.group(shelf)?;
        let mut n_below = group.partition_point(|it| *it < value);
        let mut n_up_to = group.partition_point(|it| *it <= value);
        if self.0.have_one_group(shelf, change.shelf) {
            // Saturating, for a row that is not the one ranked.
            let moved = |n: usize, is_in: bool, was_in: bool| {
                (n + usize::from(is_in)).saturating_sub(was_in.into())
            };
            n_below = moved(n_below, change.to < value, change.from < value);
            n_up_to = moved(n_up_to, change.to <= value, change.from <= value);
        }
        let [n_below, n_equal, n] =
            [n_below, n_up_to.saturating_sub(n_below), group.len()].map(number);
        Some((n, quantile(n_below, n_equal, n)))
    }
}

/// A known value that another one takes the place of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change {
    pub(crate) shelf: u32,
    pub(crate) from: f64,
    pub(crate) to: f64,
}

impl Change {
    /// Returns a change that leaves all as it is.
    pub(crate) const fn none(shelf: u32, value: f64) -> Self {
        Self {
            shelf,
            from: value,
            to: value,
        }
    }
}

/// Returns the utility that `value`, one of the shelf's known values, has after a change.
pub(crate) fn utility(
    ladders: &[Ladder],
    shelf: u32,
    value: f64,
    change: Change,
    shrinkage: f64,
) -> Option<f64> {
    let quantiles = ladders
        .iter()
        .filter_map(|it| it.quantile(shelf, value, change));
    quantiles.fold(None, |wider, (n, quantile)| {
        Some(pulled(wider, quantile, n.into(), shrinkage))
    })
}

/// Returns the value of a shelf that has a utility. Utilities grow with values, so there is no other.
pub(crate) fn value_of(
    ladders: &[Ladder],
    shelf: u32,
    utility: f64,
    shrinkage: f64,
) -> Option<f64> {
    let narrowest = ladders.iter().rev().find_map(|it| it.group(shelf))?;
    let is_less = |value: &f64| {
        let none = Change::none(shelf, *value);
        self::utility(ladders, shelf, *value, none, shrinkage)
            .is_some_and(|it| it < utility - ROUNDING)
    };
    narrowest.get(narrowest.partition_point(is_less)).copied()
}

/// Utilities of two values differ by more: at least by one over the number of products.
const ROUNDING: f64 = 1e-11;
