//! Finds products by words, in an order that a caller can state.
//!
//! A call looks at a bounded number of rows. Few matches are sorted; of many, an order is walked until a page is full,
//! or until enough was looked at: then `next` goes on behind it. Within the same place row ids decide.

mod estimate;
mod index;
mod look;
mod merge;
mod page;
mod places;
mod ranked;
mod source;
#[cfg(test)]
mod tests;
mod walk;

use catalog::{SearchCursor, SearchOrder, SearchPage, SearchPlace, SearchQuery};
use rusqlite::Transaction;

pub(super) use self::index::{Index, fill_words, index_again, index_all};
use self::look::Look;
use self::page::{Pager, sorted};
pub(super) use self::places::PlacesCache;
use self::source::{Source, source};
use super::fault::Fault;

/// How much one search may do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Matches that are all looked at and sorted.
    pub(super) few: usize,
    /// Row ids that are kept to test others against.
    pub(super) collected: usize,
    /// Rows with a word, as estimated, from which on rows are asked for the word, not the word for its rows.
    pub(super) common: u64,
    /// Rows that are looked at to estimate how many match, where not all are.
    pub(super) sample: u64,
    /// Steps of a walk, of about a microsecond each.
    pub(super) steps: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            few: 1_200,
            collected: 12_000,
            common: 150_000,
            sample: 100,
            steps: 7_000,
        }
    }
}

/// What it costs to look up a row, in steps.
const LOOK: usize = 10;

pub(super) fn search(
    tx: &Transaction<'_>,
    (places, limits): (&PlacesCache, Limits),
    query: &SearchQuery,
    after: Option<&SearchCursor>,
    limit: usize,
) -> Result<SearchPage, Fault> {
    let order = query.order;
    if after.is_some_and(|after| !belongs_to(after.place, order)) {
        let detail = format!("the cursor is of another order than {order:?}");
        return Err(Fault::Failed(detail));
    }
    let look = Look::new(tx, query)?;
    let places = match order {
        SearchOrder::Rank => places.newest(tx)?,
        SearchOrder::Cheapest | SearchOrder::Dearest | SearchOrder::Newest => None,
    };
    let places = places.as_deref();
    let (source, sample) = source(&look, limits)?;
    if let Source::Few(ids) = &source {
        return sorted(&look, places, ids, after, limit);
    }
    let mut pager = Pager::new(limit, limits.steps);
    let estimate = sample.total(&look, &mut pager)?;
    match order {
        SearchOrder::Rank => ranked::walk(&look, &source, places, after, &mut pager)?,
        SearchOrder::Cheapest | SearchOrder::Dearest | SearchOrder::Newest => {
            walk::walk(&look, &source, after, &mut pager)?;
        }
    }
    let total = pager.total(after.is_none(), estimate);
    pager.into_page(&look, total)
}

const fn belongs_to(place: SearchPlace, order: SearchOrder) -> bool {
    matches!(
        (place, order),
        (SearchPlace::Rank(_), SearchOrder::Rank)
            | (
                SearchPlace::Price(..),
                SearchOrder::Cheapest | SearchOrder::Dearest
            )
            | (SearchPlace::Listed(_), SearchOrder::Newest)
    )
}
