//! The rank of a value among those of its groups, as a number between 0 and 1.

use super::shelves::{Groups, number};

/// A known value of a product, so that sorting puts it among its equals.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    /// The value's bits, turned so that they order as the value does.
    key: u64,
    index: u32,
    shelf: u32,
}

/// How many values of a group were met on the way up.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    n: u32,
    below: u32,
    equal: u32,
}

/// Returns the known values of a column, least first.
pub(super) fn sorted(column: &[f64], shelf_of: &[u32]) -> Vec<Known> {
    let n_known = column.iter().filter(|it| !it.is_nan()).count();
    let mut known = Vec::with_capacity(n_known);
    for (index, (value, shelf)) in column.iter().zip(shelf_of).enumerate() {
        if !value.is_nan() {
            known.push(Known {
                key: key(*value),
                index: number(index),
                shelf: *shelf,
            });
        }
    }
    known.sort_unstable_by_key(|it| it.key);
    known
}

/// Replaces the `known` values of `column` by their utilities.
///
/// The utility is the mid-rank quantile among all (the first of `levels`), pulled to that of each narrower group the
/// more members this has: `(n * quantile + shrinkage * utility so far) / (n + shrinkage)`.
pub(super) fn utilities(column: &mut [f64], known: &[Known], levels: &[Groups], shrinkage: f64) {
    let mut tallies: Vec<Vec<Tally>> = levels
        .iter()
        .map(|groups| vec![Tally::default(); groups.n_groups])
        .collect();
    for it in known {
        each(&mut tallies, levels, it.shelf, |tally| tally.n += 1);
    }
    for equals in known.chunk_by(|one, two| one.key == two.key) {
        for it in equals {
            each(&mut tallies, levels, it.shelf, |tally| tally.equal += 1);
        }
        for it in equals {
            let mut utility = None;
            each(&mut tallies, levels, it.shelf, |tally| {
                let n = f64::from(tally.n);
                utility = Some(pulled(utility, tally.quantile(), n, shrinkage));
            });
            column[it.index as usize] = utility.unwrap_or(f64::NAN);
        }
        for it in equals {
            // The second of a group finds 0 to add.
            each(&mut tallies, levels, it.shelf, |tally| {
                tally.below += std::mem::take(&mut tally.equal);
            });
        }
    }
}

/// Returns the quantile in a group of `n`, pulled to `wider`, the utility of the group around it.
pub(super) fn pulled(wider: Option<f64>, quantile: f64, n: f64, shrinkage: f64) -> f64 {
    wider.map_or(quantile, |wider| {
        (n * quantile + shrinkage * wider) / (n + shrinkage)
    })
}

fn each(
    tallies: &mut [Vec<Tally>],
    levels: &[Groups],
    shelf: u32,
    mut visit: impl FnMut(&mut Tally),
) {
    for (tallies, groups) in tallies.iter_mut().zip(levels) {
        if let Some(group) = groups.of(shelf) {
            visit(&mut tallies[group]);
        }
    }
}

impl Tally {
    fn quantile(&self) -> f64 {
        quantile(self.below, self.equal, self.n)
    }
}

/// Returns the mid-rank quantile: those below, and half of the equal ones, itself included, over all.
pub(super) fn quantile(n_below: u32, n_equal: u32, n: u32) -> f64 {
    (f64::from(n_below) + f64::from(n_equal) / 2.0) / f64::from(n)
}

fn key(value: f64) -> u64 {
    // -0.0 and 0.0 are equal; adding 0.0 leaves only the second.
    let bits = (value + 0.0).to_bits();
    if bits >> 63 == 1 {
        !bits
    } else {
        bits | 1 << 63
    }
}

impl Known {
    /// Returns the value again.
    pub(super) const fn value(self) -> f64 {
        f64::from_bits(if self.key >> 63 == 1 {
            self.key & !(1 << 63)
        } else {
            !self.key
        })
    }

    pub(super) const fn shelf(self) -> u32 {
        self.shelf
    }
}
