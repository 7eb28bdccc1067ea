//! Makes a page: of all matches, sorted, or of those that a walk meets.

use std::ops::ControlFlow;

use catalog::{
    Currency, MAX_TOTAL, ProductId, SearchCursor, SearchOrder, SearchPage, SearchPlace, UnixMs,
};

use super::look::Look;
use super::places::Placed;
use crate::sqlite::fault::Fault;
use crate::sqlite::read::product_rows;

/// What decides about a product's place, in the order in which it does.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    is_missing: bool,
    currency: Currency,
    number: i64,
    row_id: i64,
}

impl Key {
    pub(super) fn new(order: SearchOrder, place: SearchPlace, row_id: Option<i64>) -> Self {
        let (currency, number) = match place {
            SearchPlace::Rank(rank) => (Currency::UNKNOWN, rank.map(i64::from)),
            SearchPlace::Price(currency, minor) => (currency, minor),
            SearchPlace::Listed(at) => (Currency::UNKNOWN, at.map(UnixMs::ms)),
        };
        let turned = is_descending(order, number.is_some());
        let turn = |number: i64| if turned { !number } else { number };
        Self {
            is_missing: number.is_none(),
            currency,
            number: number.map_or(0, turn),
            // A place of a product that is not there any more begins with all that are at the place.
            row_id: row_id.map_or(i64::MIN, turn),
        }
    }
}

/// Returns whether the greatest numbers, and of the same number the greatest row ids, come first.
pub(super) const fn is_descending(order: SearchOrder, has_number: bool) -> bool {
    match order {
        SearchOrder::Rank | SearchOrder::Cheapest => false,
        SearchOrder::Dearest => has_number,
        SearchOrder::Newest => true,
    }
}

/// Returns a page of the matches among a few rows, all of which are looked at.
pub(super) fn sorted(
    look: &Look<'_>,
    places: Option<&Placed>,
    ids: &[i64],
    after: Option<&SearchCursor>,
    limit: usize,
) -> Result<SearchPage, Fault> {
    let order = look.query.order;
    let mut found = Vec::new();
    for &row_id in ids {
        let Some(seen) = look.texts(row_id)?.filter(|seen| seen.matches) else {
            continue;
        };
        let Some((_, numbers)) = look.numbers(seen.shop_id, &seen.id.native)? else {
            continue;
        };
        if let Some(shop) = look.shops.get(&seen.shop_id)
            && look.has_numbers(shop, &seen.id, &numbers)
        {
            let rank = places.and_then(|places| places.rank(&seen.id));
            let place = look.place(shop, &numbers, rank);
            found.push((Key::new(order, place, Some(row_id)), place, seen.id));
        }
    }
    let total = found.len() as u64;
    if let Some(after) = after {
        let after = Key::new(order, after.place, look.row_id(&after.id)?);
        found.retain(|(key, ..)| *key > after);
    }
    found.sort_by(|one, two| one.0.cmp(&two.0));
    let has_more = found.len() > limit;
    found.truncate(limit);
    let mut pager = Pager::new(limit, 0);
    pager.found = found
        .into_iter()
        .map(|(_, place, id)| (place, id))
        .collect();
    pager.has_more = has_more;
    pager.into_page(look, (total.min(MAX_TOTAL), total <= MAX_TOTAL))
}

/// A page that is being filled.
pub(super) struct Pager {
    limit: usize,
    steps: usize,
    found: Vec<(SearchPlace, ProductId)>,
    /// The last that was looked at.
    last: Option<(SearchPlace, ProductId)>,
    has_more: bool,
    is_cut: bool,
}

impl Pager {
    pub(super) const fn new(limit: usize, steps: usize) -> Self {
        Self {
            limit,
            steps,
            found: Vec::new(),
            last: None,
            has_more: false,
            is_cut: false,
        }
    }

    pub(super) const fn spend(&mut self, steps: usize) {
        self.steps = self.steps.saturating_sub(steps);
    }

    /// Returns how many rows may still be looked up: always one.
    pub(super) fn room(&self) -> usize {
        (self.steps / super::LOOK).max(1)
    }

    /// Takes what was looked at, and breaks where enough was found or looked at.
    pub(super) fn take(
        &mut self,
        place: SearchPlace,
        id: ProductId,
        matches: bool,
    ) -> ControlFlow<()> {
        if matches {
            if self.found.len() >= self.limit {
                self.has_more = true;
                return ControlFlow::Break(());
            }
            self.found.push((place, id.clone()));
        }
        self.last = Some((place, id));
        if self.steps == 0 {
            self.is_cut = true;
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    /// Returns how many match, and whether that is exact: it is where a walk from the beginning came to the end.
    pub(super) fn total(&self, is_first: bool, estimate: u64) -> (u64, bool) {
        let n_found = self.found.len() as u64 + u64::from(self.has_more);
        if is_first && !self.has_more && !self.is_cut && n_found <= MAX_TOTAL {
            return (n_found, true);
        }
        (n_found.max(estimate).min(MAX_TOTAL), false)
    }

    pub(super) fn into_page(
        self,
        look: &Look<'_>,
        (total, is_total_exact): (u64, bool),
    ) -> Result<SearchPage, Fault> {
        let behind = match (self.has_more, self.is_cut) {
            (true, _) => self.found.last(),
            (false, true) => self.last.as_ref(),
            (false, false) => None,
        };
        let next = behind.map(|(place, id)| SearchCursor {
            place: *place,
            id: id.clone(),
        });
        let ids: Vec<ProductId> = self.found.iter().map(|(_, id)| id.clone()).collect();
        Ok(SearchPage {
            rows: product_rows(look.tx, &ids)?,
            places: self.found.into_iter().map(|(place, _)| place).collect(),
            total,
            is_total_exact,
            next,
        })
    }
}
