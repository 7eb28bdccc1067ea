//! Asks a store for so many products, page by page: a search looks at so many at most, and then stops before its end.

use catalog::{ProductRow, SearchCursor, SearchPage, SearchQuery, Store};

use super::question::Question;
use crate::ToolError;

/// So many pages are asked for.
const MAX_PAGES: usize = 5;
/// So many rows a page has at least where only some of them may be wanted.
const MIN_PAGE_OF_SOME: usize = 200;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) rows: Vec<ProductRow>,
    /// The place behind each row.
    places: Vec<SearchCursor>,
    pub(super) total: u64,
    pub(super) is_total_exact: bool,
    /// Where the list goes on.
    pub(super) next: Option<SearchCursor>,
    /// Whether fewer were found than asked for, and there may be more.
    pub(super) has_stopped: bool,
    /// Whether it is the beginning of the list.
    pub(super) is_first: bool,
}

/// Returns the first `limit` matches behind `after`.
pub(super) async fn search(
    store: &dyn Store,
    question: &Question,
    after: Option<SearchCursor>,
    limit: usize,
) -> Result<Found, ToolError> {
    let (query, is_first) = (&question.query, after.is_none());
    let size = |missing: usize| match question.only_sold_out {
        true => missing.max(MIN_PAGE_OF_SOME),
        false => missing,
    };
    let mut page = store.search(query, after.as_ref(), size(limit)).await?;
    let mut found = Found {
        rows: Vec::new(),
        places: Vec::new(),
        total: page.total,
        is_total_exact: page.is_total_exact,
        next: None,
        has_stopped: false,
        is_first,
    };
    for n in 1..=MAX_PAGES {
        found.next = page.next.clone();
        found.take(page, |row| {
            !(question.only_sold_out && row.in_stock == Some(true))
        });
        let missing = limit - found.rows.len().min(limit);
        if missing == 0 || found.next.is_none() || n == MAX_PAGES {
            break;
        }
        page = store
            .search(query, found.next.as_ref(), size(missing))
            .await?;
    }
    if question.only_sold_out {
        count_sold_out(store, query, &mut found).await?;
    }
    found.count_known();
    found.keep(limit);
    found.has_stopped = found.next.is_some() && found.rows.len() < limit;
    Ok(found)
}

/// Counts what cannot be bought: all but what can, where both are known.
async fn count_sold_out(
    store: &dyn Store,
    query: &SearchQuery,
    found: &mut Found,
) -> Result<(), ToolError> {
    let mut in_stock = query.clone();
    in_stock.filter.in_stock = true;
    let in_stock = store.search(&in_stock, None, 1).await?;
    let n_found = found.rows.len() as u64;
    found.is_total_exact &= in_stock.is_total_exact;
    found.total = match found.is_total_exact {
        true => found.total.saturating_sub(in_stock.total),
        false => n_found,
    };
    Ok(())
}

impl Found {
    /// Counts what is known to be there: a store may stop before it counted that much.
    fn count_known(&mut self) {
        if !self.is_total_exact {
            let n_known = self.rows.len() + usize::from(self.next.is_some());
            self.total = self.total.max(n_known as u64);
        }
    }

    /// Takes those rows of a page that are wanted.
    fn take(&mut self, page: SearchPage, is_wanted: impl Fn(&ProductRow) -> bool) {
        let places: Vec<_> = (0..page.rows.len())
            .map(|it| page.cursor_behind(it))
            .collect();
        let rows = page.rows.into_iter().zip(places);
        for (row, place) in rows.filter(|(row, _)| is_wanted(row)) {
            self.places.extend(place);
            self.rows.push(row);
        }
    }

    /// Returns whether the prices that are shown may be compared. Two shops that do not say in which currency theirs
    /// are may mean two.
    pub(super) fn is_of_one_currency(&self) -> bool {
        let Some(first) = self.rows.first() else {
            return true;
        };
        self.rows.iter().all(|it| {
            let is_same = it.currency == first.currency;
            is_same && (it.currency.is_known() || it.id.shop == first.id.shop)
        })
    }

    /// Returns whether there is nothing at all.
    pub(super) fn is_nothing(&self) -> bool {
        self.rows.is_empty() && self.is_first && !self.has_stopped
    }

    /// Keeps the first `n` rows; the list then goes on behind them.
    pub(super) fn keep(&mut self, n: usize) {
        if n < self.rows.len() {
            self.next = n.checked_sub(1).and_then(|it| self.places.get(it)).cloned();
            self.rows.truncate(n);
            self.places.truncate(n);
        }
    }
}

#[cfg(test)]
mod tests {
    use catalog::{ProductFilter, SearchOrder};

    use super::*;
    use crate::testing::world;

    #[tokio::test]
    async fn a_total_is_no_less_than_what_is_shown_unless_it_is_exact() {
        let world = world().await;
        let store = world.data.store().await.unwrap();
        let query = SearchQuery {
            text: String::new(),
            tag: None,
            filter: ProductFilter::default(),
            order: SearchOrder::Newest,
        };
        let mut found = Found::default();
        for (n, total) in [(2, 3), (2, 5), (9, 6)] {
            let page = store.search(&query, found.next.as_ref(), n).await.unwrap();
            found.next = page.next.clone();
            found.take(page, |_| true);
            // As a store says it that stopped after a few steps.
            (found.total, found.is_total_exact) = (1, false);
            found.count_known();
            assert_eq!(found.total, total, "{n} more");
        }
        assert_eq!(found.rows.len(), 6);
    }
}
