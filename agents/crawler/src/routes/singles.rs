//! Products one by one: the last resort for what a sitemap names and nothing else shows.

use catalog::{Outcome, Reason, Route, RouteEnd, Stop, StoreError};
use url::Url;

use super::census::Census;
use super::{at, ends_pass, stop_of};
use crate::outcome::{check_status, outcome_of_read};
use crate::pass::{Ended, NewPage, Pass, behind};
use crate::platforms::Page;
use crate::platforms::shopify;

/// Products that are stored together.
const PER_PAGE: usize = 25;

/// Products that cannot be read, one after the other, before the others are left alone.
pub(super) const MAX_FAILED: u32 = 5;

/// Products that are not there, one after the other, after which the shop may show none of them: one tells that was met
/// elsewhere. A sitemap may name some that are no more.
const MAX_MISSING: u32 = 25;

/// Products that were met, of which one tells whether the shop shows them by themselves: one may have gone since.
const MAX_TOLD: usize = 3;

/// Products that were read and are about to be stored.
#[derive(Default)]
pub(super) struct Batch {
    page: Page,
    bytes: u64,
}

impl Pass<'_> {
    /// Takes what `census` still misses, the last changed products first.
    pub(super) async fn take_singles(
        &mut self,
        base: &Url,
        census: &mut Census,
    ) -> Result<Ended, StoreError> {
        self.begin_route(Route::Sitemap).await?;
        let mut ended = self.read_singles(base, census).await?;
        if ended.outcome == Outcome::Complete {
            ended = self.look_for_unnamed(base, census, ended).await?;
        }
        self.end_route(&ended);
        Ok(ended)
    }

    async fn read_singles(&mut self, base: &Url, census: &mut Census) -> Result<Ended, StoreError> {
        let mut batch = Batch::default();
        let (mut n_failed, mut n_missing, mut n_refused) = (0, 0, 0);
        // Behind the last one that was found, if any was: the shop may have closed since.
        let mut n_missing_since = 0;
        let mut n_found = 0;
        let (mut last_error, mut refused) = (None, None);
        let mut pending = census.pending();
        if !pending.is_empty() && self.follows_one_that_was_cut().await? {
            // Those on which that spent its patience keep nobody from the others.
            let turn = turn_of(self.begun.ticket.epoch, pending.len());
            pending.rotate_left(turn);
        }
        for place in spread(pending) {
            if !census.is_pending(place) {
                continue;
            }
            if batch.page.products.is_empty()
                && let Some(ended) = self.over_budget(self.next_page)
            {
                return Ok(ended);
            }
            let handle = census.handle(place).to_owned();
            match self.single(base, &handle).await {
                Ok(None) => {
                    n_failed = 0;
                    n_missing += 1;
                    n_missing_since += 1;
                    if n_missing_since % MAX_MISSING == 0 {
                        // What tells is what is stored.
                        if !batch.page.products.is_empty() {
                            self.store_batch(std::mem::take(&mut batch)).await?;
                        }
                        if let Some(ended) = self.shows_none(base).await? {
                            return Ok(ended);
                        }
                    }
                    census.meet(self.seen.number_of(&handle));
                }
                Ok(Some((page, bytes))) => {
                    (n_failed, n_missing_since) = (0, 0);
                    n_found += 1;
                    census.meet(self.seen.number_of(&handle));
                    for product in &page.products {
                        census.meet(self.seen.number_of(&product.handle));
                    }
                    batch.add(page, bytes);
                }
                // It cost no request, and says nothing of the others.
                Err(outcome) if stop_of(&outcome) == Some(Stop::Robots) => {
                    n_refused += 1;
                    refused = Some(outcome);
                }
                Err(outcome) => {
                    n_failed += 1;
                    let is_over = ends_pass(&outcome) || n_failed == MAX_FAILED;
                    last_error = Some(outcome);
                    if is_over {
                        break;
                    }
                }
            }
            if batch.page.products.len() >= PER_PAGE {
                self.store_batch(std::mem::take(&mut batch)).await?;
            }
        }
        if !batch.page.products.is_empty() {
            self.store_batch(batch).await?;
        }
        if n_failed > 0
            && let Some(outcome) = last_error
            && (ends_pass(&outcome) || n_failed == MAX_FAILED)
        {
            return Ok(Ended::by(outcome));
        }
        if let Some(refused) = refused.filter(|_| n_found + n_missing + n_failed == 0) {
            return Ok(Ended::by(refused));
        }
        if n_missing_since > 0
            && let Some(ended) = self.shows_none(base).await?
        {
            return Ok(ended);
        }
        let (n_named, n_pending) = (census.n_named(), census.n_pending());
        if n_pending == 0 && census.is_whole {
            return Ok(Ended {
                detail: match n_missing {
                    0 => format!("{n_named} products are named, and were found"),
                    _ => format!(
                        "{n_named} products are named, of which {n_missing} are none any more"
                    ),
                },
                ..Ended::complete(RouteEnd::Covered)
            });
        }
        Ok(Ended::not_all(if n_refused > 0 {
            format!(
                "{n_pending} of {n_named} products that are named could not be read, \
                 {n_refused} as robots.txt does not allow it"
            )
        } else if n_pending > 0 {
            format!("{n_pending} of {n_named} products that are named could not be read")
        } else {
            format!("of the sitemap only {n_named} products could be read")
        }))
    }

    /// Returns whether an earlier call, or the pass before this one, was turned away before its end.
    async fn follows_one_that_was_cut(&self) -> Result<bool, StoreError> {
        if self.begun.resumed {
            return Ok(true);
        }
        let passes = self.crawl.store.crawls(Some(&self.begun.shop.key), 2);
        let before = passes
            .await?
            .into_iter()
            .find(|it| it.key != self.begun.ticket.crawl);
        let outcome = before.and_then(|it| it.outcome);
        Ok(outcome.is_some_and(|it| stop_of(&it) == Some(Stop::RateLimited)))
    }

    /// Returns how the route ends if the shop shows no products by themselves: then one that it does not show may be there.
    async fn shows_none(&self, base: &Url) -> Result<Option<Ended>, StoreError> {
        Ok(match self.shows_what_was_met(base).await? {
            Ok(true) => None,
            Ok(false) => {
                let detail = "the shop shows single products on pages alone";
                let reason = Reason::new(Stop::ClosedFeed, detail);
                Some(Ended::by(Outcome::Blocked(reason)))
            }
            Err(outcome) => Some(Ended::by(outcome)),
        })
    }

    /// Returns whether the shop shows a product by itself that the pass has met elsewhere: then one that it does not show is
    /// none. The inner error ends the pass.
    pub(super) async fn shows_what_was_met(
        &self,
        base: &Url,
    ) -> Result<Result<bool, Outcome>, StoreError> {
        let crawl = &self.begun.ticket.crawl;
        let mut met = Vec::new();
        // The newest: what was just shown by itself is shown again.
        for number in (1..self.next_page).rev() {
            met = self.crawl.store.products_on_page(crawl, number).await?;
            met.retain(|(_, handle)| !handle.is_empty());
            if !met.is_empty() {
                break;
            }
        }
        let step = met.len().div_ceil(MAX_TOLD).max(1);
        for (_, handle) in met.iter().step_by(step) {
            match self.single(base, handle).await {
                Ok(Some(_)) => return Ok(Ok(true)),
                Err(outcome) if ends_pass(&outcome) => return Ok(Err(outcome)),
                Ok(None) | Err(_) => {}
            }
        }
        Ok(Ok(false))
    }

    pub(super) async fn store_batch(&mut self, batch: Batch) -> Result<(), StoreError> {
        let number = self.next_page;
        let new = NewPage {
            page: batch.page,
            bytes: batch.bytes,
            next: Some(behind(number, Route::Sitemap, 0, 0)),
            ..NewPage::default()
        };
        self.store(number, new).await
    }

    /// Gets one product; `None` where there is none any more. A page without it is one that the pass has met. An answer
    /// that is damaged is asked for once more.
    pub(super) async fn single(
        &self,
        base: &Url,
        handle: &str,
    ) -> Result<Option<(Page, u64)>, Outcome> {
        let segment = shopify::path_segment(handle);
        let url = at(base, &format!("/products/{segment}.json"));
        let mut result = self.try_single(&url).await;
        if let Err(outcome) = &result
            && stop_of(outcome) == Some(Stop::Damaged)
        {
            tracing::warn!(url = %url, "{outcome}; asking once more");
            result = self.try_single(&url).await;
        }
        result
    }

    async fn try_single(&self, url: &Url) -> Result<Option<(Page, u64)>, Outcome> {
        let response = self.ask_beside(url).await?;
        // What another page answers, to which a shop redirects for a while, says nothing of this one.
        if matches!(response.status, 404 | 410) && response.url.path().ends_with(url.path()) {
            return Ok(None);
        }
        check_status(&response, 1, false)?;
        let mut page = shopify::read_page(&response.body, &self.begun.shop)
            .map_err(|error| outcome_of_read(&error, &response, 1))?;
        if page.products.is_empty() {
            let detail = format!("{} holds no product that can be read", response.url);
            return Err(Outcome::Failed(Reason::new(Stop::NotShopify, detail)));
        }
        page.products.retain(|it| !self.seen.has(it));
        Ok(Some((page, response.wire_bytes)))
    }
}

/// Returns `places` with some from all over them first: products that were deleted together stand together.
fn spread(places: Vec<u32>) -> Vec<u32> {
    let step = places.len().div_ceil(MAX_MISSING as usize).max(1);
    let (first, others): (Vec<_>, Vec<_>) = places
        .into_iter()
        .enumerate()
        .partition(|(n, _)| n % step == 0);
    let all = first.into_iter().chain(others);
    all.map(|(_, place)| place).collect()
}

/// Returns the place of `n` at which the call of this number begins: far from those of the calls before it.
pub(super) fn turn_of(epoch: u64, n: usize) -> usize {
    // Steps of the golden section.
    let part = epoch.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((u128::from(part) * n as u128) >> 64) as usize
}

impl Batch {
    pub(super) fn add(&mut self, page: Page, bytes: u64) {
        self.bytes += bytes;
        for mut problem in page.problems {
            problem.index = u32::try_from(self.page.n_listed).ok();
            self.page.problems.push(problem);
        }
        for product in page.products {
            if self.page.products.iter().all(|it| it.id != product.id) {
                self.page.products.push(product);
            }
        }
        self.page.n_listed += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_has_its_turn_soon() {
        for n in [1, 2, 40, 1_000] {
            let mut turns: Vec<usize> = (1..=20).map(|it| turn_of(it, n)).collect();
            turns.sort_unstable();
            turns.insert(0, 0);
            turns.push(n);
            let longest = turns.windows(2).map(|it| it[1] - it[0]).max().unwrap();
            assert!(longest <= n.div_ceil(10), "{n}: {turns:?}");
        }
    }

    #[test]
    fn the_first_places_are_from_all_over_them_and_none_is_lost() {
        for n in [0, 1, 24, 25, 26, 60, 1_000] {
            let spread = spread((0..n).collect());
            let probed = spread.iter().take(MAX_MISSING as usize).max();
            assert!(
                probed.is_none_or(|it| (it + 1) * 5 >= n * 4),
                "{n}: {probed:?}"
            );
            let mut sorted = spread;
            sorted.sort_unstable();
            assert!(sorted.into_iter().eq(0..n));
        }
    }
}
