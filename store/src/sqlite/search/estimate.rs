//! Estimates how many products match where not all that may are looked at: by the share of a few that do.

use catalog::MAX_TOTAL;

use super::LOOK;
use super::look::Look;
use super::page::Pager;
use crate::sqlite::fault::Fault;

/// Some of the rows that may match. The same for every page of a search, so that the estimate is.
#[derive(Debug)]
pub(super) struct Sample {
    /// How many rows may match; there may be more.
    n_rows: u64,
    ids: Vec<i64>,
}

impl Sample {
    /// Takes `most` of these rows.
    pub(super) fn of(ids: &[i64], most: u64) -> Self {
        let n_rows = ids.len() as u64;
        let places = spread(n_rows, most).filter_map(|place| usize::try_from(place).ok());
        Self {
            n_rows,
            ids: places.filter_map(|place| ids.get(place).copied()).collect(),
        }
    }

    /// Takes `most` of the row ids from `first` to `last`; one that is no row counts as one that does not match.
    pub(super) fn between(first: i64, last: i64, most: u64) -> Self {
        let n_rows = last.saturating_sub(first).saturating_add(1).max(0);
        let places = spread(n_rows.unsigned_abs(), most);
        Self {
            n_rows: n_rows.unsigned_abs(),
            ids: places
                .map(|place| first.saturating_add_unsigned(place))
                .collect(),
        }
    }

    /// Returns about how many products match, at most [`MAX_TOTAL`].
    pub(super) fn total(&self, look: &Look<'_>, pager: &mut Pager) -> Result<u64, Fault> {
        if look.is_one_condition() {
            return Ok(self.n_rows.min(MAX_TOTAL));
        }
        let mut n_matches = 0;
        for &row_id in &self.ids {
            pager.spend(LOOK);
            n_matches += u64::from(look.matches(row_id)?);
        }
        let looked_at = (self.ids.len() as u64).max(1);
        Ok((self.n_rows.saturating_mul(n_matches) / looked_at).min(MAX_TOTAL))
    }
}

/// Returns at most `most` places below `n`, one in each of as many stretches, but not the same place in each: what comes
/// in turns would be met always or never.
fn spread(n: u64, most: u64) -> impl Iterator<Item = u64> {
    let n_places = n.min(most);
    let stretch = n.checked_div(n_places).unwrap_or(1);
    (0..n_places).map(move |k| k.saturating_mul(n) / n_places + k * 40_503 % stretch)
}
