//! The union of a shop's collections: 250 products a request, and the same ones again and again.
//!
//! A collection has a list of its own with a wall of its own. Collections that a search app fills show nothing here: an
//! empty one says nothing about the shop.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use catalog::{Outcome, Reason, Route, RouteEnd, Stop, StoreError};
use url::Url;

use super::census::Census;
use super::list::PAGE_SIZE;
use super::{at, ends_pass, stop_of};
use crate::outcome::{check_status, outcome_of_read};
use crate::pass::{Ended, NewPage, Pass, Seen, behind};
use crate::platforms::Page;
use crate::platforms::shopify::{self, Collection};

/// The most pages of the list of collections: as many as its wall allows.
const MAX_INDEX_PAGES: u32 = 100;

/// The most pages of all collections together.
const MAX_PAGES: u32 = 4_000;

/// Pages that bring nothing new, one after the other, before the others are left alone, if a sitemap names what is
/// missing. Fewer if less is missing: that costs no more one by one.
const MAX_BARREN: usize = 300;

/// The most collections of a shop, some 2 KB each.
const MAX_COLLECTIONS: usize = 25_000;

/// Collections that fail, one after the other, before the others are left alone.
const MAX_FAILED: u32 = 5;

/// What reading collections is about.
struct Union<'c> {
    base: &'c Url,
    /// What is missing, where that is known.
    census: Option<&'c mut Census>,
    n_pages: u32,
    /// Pages behind the last one that brought anything new.
    n_barren: usize,
    /// Pages that are read once more and bring nothing.
    n_again: usize,
}

impl Pass<'_> {
    /// Takes the collections of the shop at `base`, biggest first, until `census` is covered or none is left.
    pub(super) async fn take_collections(
        &mut self,
        base: &Url,
        census: Option<&mut Census>,
    ) -> Result<Ended, StoreError> {
        self.know_all_seen().await?;
        self.begin_route(Route::Collections).await?;
        let mut union = Union {
            base,
            census,
            n_pages: 0,
            n_barren: 0,
            n_again: 0,
        };
        let ended = match self.collections(base).await {
            Ok(collections) => self.read_union(&mut union, &collections).await?,
            Err(outcome) => Ended::by(outcome),
        };
        self.end_route(&ended);
        Ok(ended)
    }

    /// Returns the shop's collections, biggest first; those that the shop says are empty are left out.
    async fn collections(&self, base: &Url) -> Result<Vec<Collection>, Outcome> {
        let mut collections = Vec::new();
        let mut known = HashSet::new();
        for page in 1..=MAX_INDEX_PAGES {
            let mut url = at(base, "/collections.json");
            url.set_query(Some(&format!("limit={PAGE_SIZE}&page={page}")));
            let response = self.ask_beside(&url).await?;
            match check_status(&response, page, false) {
                Err(outcome) if page > 1 && !ends_pass(&outcome) => break,
                other => other?,
            }
            let read = shopify::read_collections(&response.body)
                .map_err(|error| outcome_of_read(&error, &response, page))?;
            let n_before = known.len();
            let mut new = read.collections;
            new.retain(|it| known.insert(it.handle.clone()));
            collections.extend(new);
            // A list that repeats itself has no other end.
            let is_last = read.n_listed < PAGE_SIZE || known.len() == n_before;
            if is_last || collections.len() >= MAX_COLLECTIONS {
                break;
            }
        }
        // Where all are said to be empty, that is no count.
        if collections.iter().any(|it| it.n_products != Some(0)) {
            collections.retain(|it| it.n_products != Some(0));
        }
        collections.sort_by(|a, b| {
            let size = |it: &Collection| Reverse(it.n_products.unwrap_or(u64::MAX));
            (size(a), &a.handle).cmp(&(size(b), &b.handle))
        });
        Ok(collections)
    }

    async fn read_union(
        &mut self,
        union: &mut Union<'_>,
        collections: &[Collection],
    ) -> Result<Ended, StoreError> {
        let place = self.begun.checkpoint.place;
        let parts = parts(collections);
        // Where it, or those before it, are not those that were read, all are read again.
        let resumed = parts.iter().position(|it| *it == place.part);
        let (first, mut page) = match (place.route, resumed) {
            (Route::Collections, Some(first)) => (first, place.item.max(1)),
            _ => (0, 1),
        };
        if place.route == Route::Collections && resumed.is_none() {
            union.n_again = self.next_page as usize;
        }
        let (mut n_read, mut n_empty, mut n_failed) = (first, 0, 0);
        let (mut n_refused, mut refused) = (0, None);
        for (collection, part) in collections.iter().zip(parts.windows(2)).skip(first) {
            let first_page = std::mem::replace(&mut page, 1);
            if union.is_over() {
                break;
            }
            if !union.is_worth(collection) {
                continue;
            }
            match self
                .read_collection(union, collection, [part[0], part[1]], first_page)
                .await?
            {
                Err(outcome) if ends_pass(&outcome) => return Ok(Ended::by(outcome)),
                // It cost no request, and says nothing of the others.
                Err(outcome) if stop_of(&outcome) == Some(Stop::Robots) => {
                    n_refused += 1;
                    refused = Some(outcome);
                }
                Err(outcome) => {
                    n_failed += 1;
                    if n_failed == MAX_FAILED {
                        return Ok(Ended::by(outcome));
                    }
                }
                Ok(n_listed) => {
                    n_failed = 0;
                    n_read += 1;
                    n_empty += u32::from(n_listed == 0);
                }
            }
        }
        if union.is_covered() {
            return Ok(Ended::complete(RouteEnd::Covered));
        }
        if let Some(refused) = refused.filter(|_| n_read == 0) {
            return Ok(Ended::by(refused));
        }
        let n_collections = collections.len();
        let mut detail = format!("{n_read} of {n_collections} collections read");
        if n_empty > 0 {
            detail.push_str(&format!(", {n_empty} show nothing"));
        }
        if n_refused > 0 {
            detail.push_str(&format!(", {n_refused} robots.txt does not allow"));
        }
        Ok(Ended::not_all(detail))
    }

    /// Reads one collection from `first_page` to its end or its wall, and returns how many products it listed. In the
    /// pass it is the first of `parts`, and what comes next is the second.
    async fn read_collection(
        &mut self,
        union: &mut Union<'_>,
        collection: &Collection,
        parts: [u32; 2],
        first_page: u32,
    ) -> Result<Result<usize, Outcome>, StoreError> {
        let mut n_listed = 0;
        let mut last_first = None;
        for page_number in first_page.. {
            if let Some(ended) = self.over_budget(self.next_page) {
                return Ok(Err(ended.outcome));
            }
            let (mut page, bytes) = match self.collection_page(union, collection, page_number).await
            {
                Ok(it) => it,
                Err(outcome) if stop_of(&outcome) == Some(Stop::Wall) => return Ok(Ok(n_listed)),
                Err(outcome) => return Ok(Err(outcome)),
            };
            n_listed += page.n_listed;
            // One that shows the same page again and again has no other end.
            let first = page.products.first().map(|it| it.id.clone());
            let is_last = page.n_listed < PAGE_SIZE || (first.is_some() && first == last_first);
            last_first = first;
            page.products.retain(|it| !self.seen.has(it));
            if page.products.is_empty() {
                page.problems.clear();
            }
            union.count(&page, &self.seen);
            let (next_part, next_page) = if is_last {
                (parts[1], 1)
            } else {
                (parts[0], page_number + 1)
            };
            let number = self.next_page;
            let new = NewPage {
                page,
                bytes,
                next: Some(behind(number, Route::Collections, next_part, next_page)),
                ..NewPage::default()
            };
            self.store(number, new).await?;
            if is_last || union.is_over() {
                return Ok(Ok(n_listed));
            }
        }
        unreachable!("a list ends at its wall")
    }

    async fn collection_page(
        &self,
        union: &Union<'_>,
        collection: &Collection,
        page_number: u32,
    ) -> Result<(Page, u64), Outcome> {
        if page_number as usize * PAGE_SIZE > super::WALL {
            let detail = "a collection shows no more either";
            return Err(Outcome::Partial(Reason::new(Stop::Wall, detail)));
        }
        let segment = shopify::path_segment(&collection.handle);
        let mut url = at(union.base, &format!("/collections/{segment}/products.json"));
        url.set_query(Some(&format!("limit={PAGE_SIZE}&page={page_number}")));
        let response = self.ask_beside(&url).await?;
        check_status(&response, page_number, false)?;
        let page = shopify::read_page(&response.body, &self.begun.shop)
            .map_err(|error| outcome_of_read(&error, &response, page_number))?;
        Ok((page, response.wire_bytes))
    }
}

/// Returns a number for each collection, and one for the end, that stands for it and all before it in their order: the
/// sizes by which they are ordered may be others when a pass goes on. Another release may have other numbers.
fn parts(collections: &[Collection]) -> Vec<u32> {
    let mut so_far = DefaultHasher::new();
    let handles = collections.iter().map(|it| it.handle.as_str());
    // No collection has an empty name.
    let handles = handles.chain([""]);
    let number = |handle: &str| {
        handle.hash(&mut so_far);
        so_far.finish() as u32
    };
    handles.map(number).collect()
}

impl Union<'_> {
    fn is_covered(&self) -> bool {
        self.census.as_ref().is_some_and(|it| it.n_pending() == 0)
    }

    /// Counts a page of products that are new.
    fn count(&mut self, page: &Page, seen: &Seen) {
        self.n_pages += 1;
        self.n_barren = if page.products.is_empty() {
            self.n_barren + 1
        } else {
            0
        };
        if let Some(census) = &mut self.census {
            for product in &page.products {
                census.meet(seen.number_of(&product.handle));
            }
        }
    }

    /// Returns whether enough was read: nothing is missing, or to look further costs more than it may bring.
    fn is_over(&self) -> bool {
        let n_pending = self.census.as_ref().map(|it| it.n_pending());
        let most_barren = n_pending.map_or(MAX_BARREN, |it| it.min(MAX_BARREN));
        self.is_covered()
            || self.n_pages >= MAX_PAGES
            || self.n_barren >= most_barren + self.n_again
    }

    /// Returns whether a collection may cost fewer requests than what is missing does one by one.
    fn is_worth(&self, collection: &Collection) -> bool {
        let Some(census) = &self.census else {
            return true;
        };
        let n_products = collection.n_products.unwrap_or(1);
        n_products.div_ceil(PAGE_SIZE as u64) < census.n_pending() as u64
    }
}
