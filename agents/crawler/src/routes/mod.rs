//! The ways to a shop's products, and the order in which a pass takes them.
//!
//! The list alone where it shows all. Behind its wall, what the sitemap names is looked for in the collections, and the
//! rest is asked for one by one. Where the list is closed, other ways are tried until one is complete; but a shop that
//! has a lock on its door (a password, a challenge, robots.txt) is not entered by a window.

mod census;
mod closed;
mod collections;
mod feed;
mod list;
mod missed;
mod singles;
mod unnamed;
mod versions;

use catalog::{Outcome, Reason, Route, RouteEnd, Stop, StoreError};
use url::Url;

use self::list::{List, shortfall};
use crate::contact::{Contact, likely_places};
use crate::pass::{Ended, Pass};

pub(crate) use self::list::{PAGE_SIZE, WALL};
pub(crate) use self::versions::KnownPages;

/// Fewer products than this are asked for one by one without a look at the collections.
const FEW: usize = 50;

impl Pass<'_> {
    /// Reads the shop to its end, or to a reason to stop. Cancel-safe: every page is stored in one step or not at all.
    pub(crate) async fn run(&mut self, contact: Contact) -> Result<Outcome, StoreError> {
        self.notes.n_stated = contact.n_products;
        let outcome = if self.begun_on() == Route::List {
            self.run_from_list(&contact).await?
        } else if self.is_walled(Route::List) {
            self.behind_the_wall(&contact.base).await?
        } else {
            let closed = Outcome::Blocked(Reason::new(Stop::ClosedFeed, self.first_detail()));
            self.around_a_closed_list(&contact, closed).await?
        };
        Ok(self.softened(outcome))
    }

    async fn run_from_list(&mut self, contact: &Contact) -> Result<Outcome, StoreError> {
        let mut list = List {
            route: Route::List,
            base: contact.base.clone(),
            is_gone_when_missing: contact.has_no_meta && self.is_known().await?,
            read_at: None,
            n_stated: contact.n_products.unwrap_or(0),
            n_known: self.begun.n_known,
        };
        self.begin_route(Route::List).await?;
        let mut ended = self.read_list(&mut list).await?;
        if let Some(moved) = self.moved_to(&list.base) {
            ended.tell_first(&moved);
        }
        self.end_route(&ended);
        match stop_of(&ended.outcome) {
            Some(Stop::Wall) => self.behind_the_wall(&list.base).await,
            Some(Stop::ClosedFeed | Stop::NotJson | Stop::NotShopify) if self.next_page == 1 => {
                self.around_a_closed_list(contact, ended.outcome).await
            }
            _ => Ok(ended.outcome),
        }
    }

    /// Returns whether the shop has products in the store, or had them when it was found to be gone.
    async fn is_known(&self) -> Result<bool, StoreError> {
        if self.begun.n_known > 0 {
            return Ok(true);
        }
        let passes = self.crawl.store.crawls(Some(&self.begun.shop.key), 10);
        let last = passes.await?.into_iter().find_map(|it| it.outcome);
        Ok(matches!(last, Some(Outcome::Gone(_))))
    }

    /// Looks for what the list at `base` does not show behind its wall.
    async fn behind_the_wall(&mut self, base: &Url) -> Result<Outcome, StoreError> {
        let wall = |more: &str| {
            let detail = format!("Shopify lists no more than {WALL} products, and {more}");
            Outcome::Partial(Reason::new(Stop::Wall, detail))
        };
        let mut census = match self.census(base).await? {
            Ok(census) => census,
            Err(outcome) if ends_pass(&outcome) => return Ok(outcome),
            Err(outcome) => {
                self.note_unusable(Route::Sitemap, outcome).await?;
                let ended = self.take_collections(base, None).await?;
                if ends_pass(&ended.outcome) {
                    return Ok(ended.outcome);
                }
                let n_found = self.seen.len();
                return Ok(wall(&format!(
                    "no sitemap names the others: {n_found} were found"
                )));
            }
        };
        // A shop with so many products names no fewer of them.
        census.is_whole &= census.n_named() >= WALL;
        let names_others = census.n_named() > WALL;
        if !names_others && self.begun_on() != Route::Sitemap {
            let ended = self.take_collections(base, None).await?;
            if ends_pass(&ended.outcome) {
                return Ok(ended.outcome);
            }
            census.meet_all(&self.seen);
        }
        let next_route = match names_others {
            true => Route::Collections,
            false => Route::Sitemap,
        };
        if let Some(ended) = self.mark_present(&mut census, next_route).await? {
            return Ok(ended.outcome);
        }
        if names_others && self.begun_on() != Route::Sitemap && census.n_pending() > FEW {
            let ended = self.take_collections(base, Some(&mut census)).await?;
            if ends_pass(&ended.outcome) {
                return Ok(ended.outcome);
            }
        }
        let ended = self.take_singles(base, &mut census).await?;
        let n_found = self.seen.len();
        if ended.outcome != Outcome::Complete {
            return Ok(match ends_pass(&ended.outcome) {
                true => ended.outcome,
                false => wall(&ended.detail),
            });
        }
        let n_stated = self.notes.n_stated.unwrap_or(0);
        // Those that were known and nothing names were asked for: what is there was found.
        let are_all = n_found == WALL && n_stated <= WALL as u64;
        if !names_others && !are_all {
            return Ok(wall(&format!(
                "the sitemap names no others: {n_found} were found"
            )));
        }
        self.tell_of_route(&shortfall(n_stated, n_found as u64, "and this pass found"));
        Ok(Outcome::Complete)
    }

    /// Notes a route of which nothing could be used.
    async fn note_unusable(&mut self, route: Route, outcome: Outcome) -> Result<(), StoreError> {
        self.begin_route(route).await?;
        self.end_route(&Ended::by(outcome));
        Ok(())
    }

    /// Returns the route on which the pass goes on, or begins.
    fn begun_on(&self) -> Route {
        self.begun.checkpoint.place.route
    }

    /// Returns whether `route` ended at its wall before the pass went on.
    fn is_walled(&self, route: Route) -> bool {
        let mut routes = self.notes.routes.iter();
        routes.any(|it| it.route == route && it.end == Some(RouteEnd::Wall))
    }

    /// Returns why the list was not enough, as far as that was noted.
    fn first_detail(&self) -> String {
        let first = self.notes.routes.first().map(|it| it.detail.clone());
        first
            .filter(|it| !it.is_empty())
            .unwrap_or_else(|| "the product list is closed".to_owned())
    }

    /// Returns that the shop answered at `base`, if that is another host or port than the one that was asked. From `http`
    /// to `https` it is still at home.
    fn moved_to(&self, base: &Url) -> Option<String> {
        let asked = Url::parse(&self.crawl.shop.url).ok()?;
        let is_at = |it: &Url| it.host_str() == base.host_str() && it.port() == base.port();
        let is_known = likely_places(&asked).iter().any(is_at);
        (!is_known).then(|| {
            let origin = base.origin().ascii_serialization();
            format!("the shop has moved to {origin}")
        })
    }
}

/// Returns whether `outcome` of one route is that of the pass: the shop, or who asked, wants no more requests now.
fn ends_pass(outcome: &Outcome) -> bool {
    matches!(
        stop_of(outcome),
        Some(
            Stop::Interrupted
                | Stop::MaxPages
                | Stop::RateLimited
                | Stop::Unreachable
                | Stop::Password
                | Stop::Challenge
                | Stop::Suspended
        )
    )
}

fn stop_of(outcome: &Outcome) -> Option<Stop> {
    outcome.reason().map(|it| it.stop)
}

/// Returns the address of `path` at `base`.
fn at(base: &Url, path: &str) -> Url {
    base.join(path)
        .expect("an absolute path joins any http URL")
}
