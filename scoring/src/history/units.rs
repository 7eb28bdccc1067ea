//! Units that left a product's stock, where its shop publishes quantities.

use catalog::{StockMove, UnixMs};

use super::DAY_MS;

/// How many days are looked back.
const DAYS: i64 = 28;

/// A greater drop at once is a correction: who counts anew, or begins or ends to count, sets any number.
const MAX_UNITS: i128 = 1_000;

/// Stands where nobody counts.
const UNCOUNTED: i64 = 999_999;

/// What moved in a product's stock lately, its variants together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Units {
    /// The units of all drops but corrections. What was put in again between two sights is not known.
    pub(crate) n_out: u64,
    pub(crate) n_drops: u32,
    pub(crate) n_rises: u32,
    pub(crate) n_corrections: u32,
}

impl Units {
    /// Takes in a move that was seen at `at`; one of long ago says only that the shop counts.
    pub(super) fn add(&mut self, moved: StockMove, at: UnixMs, now: UnixMs) {
        if now.ms() - at.ms() > DAYS * DAY_MS {
            return;
        }
        let is_counted = ![moved.before, moved.after].contains(&UNCOUNTED);
        match i128::from(moved.before) - i128::from(moved.after) {
            ..=0 => self.n_rises = self.n_rises.saturating_add(1),
            n @ 1..=MAX_UNITS if is_counted => {
                self.n_out = self.n_out.saturating_add(n.unsigned_abs() as u64);
                self.n_drops = self.n_drops.saturating_add(1);
            }
            _ => self.n_corrections = self.n_corrections.saturating_add(1),
        }
    }
}
