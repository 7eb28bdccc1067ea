//! Numbers put together group by group.

use super::shelves::Groups;

/// The numbers of each group of shelves, in the order in which they were given.
#[derive(Debug, Clone)]
pub(crate) struct Grouped {
    groups: Groups,
    /// Where the numbers of each group end.
    ends: Vec<usize>,
    numbers: Vec<f64>,
}

impl Grouped {
    /// Puts together what `given` has, shelves with numbers; it is asked twice.
    pub(super) fn of<I: Iterator<Item = (u32, f64)>>(
        groups: Groups,
        given: impl Fn() -> I,
    ) -> Self {
        let placed = || given().filter_map(|(shelf, it)| Some((groups.of(shelf)?, it)));
        let mut ends = vec![0; groups.n_groups];
        for (group, _) in placed() {
            ends[group] += 1;
        }
        let mut next = 0;
        for end in &mut ends {
            next += std::mem::replace(end, next);
        }
        let mut numbers = vec![0.0; next];
        for (group, number) in placed() {
            numbers[ends[group]] = number;
            ends[group] += 1;
        }
        Self {
            groups,
            ends,
            numbers,
        }
    }

    /// Returns the numbers of the group of a shelf; `None` where it belongs to none.
    pub(super) fn group(&self, shelf: u32) -> Option<&[f64]> {
        let group = self.groups.of(shelf)?;
        Some(&self.numbers[self.start(group)..self.ends[group]])
    }

    /// Returns whether two shelves belong to one group.
    pub(super) fn have_one_group(&self, one: u32, two: u32) -> bool {
        let group = self.groups.of(one);
        group.is_some() && group == self.groups.of(two)
    }

    /// Calls `with` for the numbers of each group in turn, which it may change.
    pub(super) fn each<T>(&mut self, with: impl Fn(&mut [f64]) -> T) -> Vec<T> {
        let groups = (0..self.ends.len()).map(|group| {
            let range = self.start(group)..self.ends[group];
            with(&mut self.numbers[range])
        });
        groups.collect()
    }

    fn start(&self, group: usize) -> usize {
        group.checked_sub(1).map_or(0, |before| self.ends[before])
    }
}
