//! The one crawl: a shop's products into the store, under its lease, to a typed end.
//!
//! The pass itself stands in `pass`, the ways to the products in `routes`.

use std::fmt;
use std::time::Duration;

use catalog::{
    BegunCrawl, CrawlReport, Currency, Lease, Outcome, PageCounts, Popularity, Shop, Start, Store,
    StoreError, TaskEntry, UnixMs,
};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::contact::first_contact;
use crate::fetch::{Fetcher, Pace};
use crate::figures;
use crate::lease::{CrawlError, LeaseTerms, ShopLease};
use crate::memory::Memory;
use crate::outcome::interrupted;
use crate::pass::Pass;
use crate::popularity;
use crate::share;

/// How long a cancelled crawl waits for the answer that is on its way. Who cancels it gives it a little more.
const LONGEST_LANDING: Duration = Duration::from_secs(3);

/// How a shop is crawled.
#[derive(Debug, Clone, Copy)]
pub struct CrawlOptions<'a> {
    /// Whether an unfinished pass goes on. A fresh one asks for robots.txt anew, too.
    pub start: Start,
    /// The most pages of one call.
    pub max_pages: Option<u32>,
    /// The currency to use where the shop does not state one.
    pub currency: Option<Currency>,
    /// When the command that crawls began: the start of all its passes, by which they are known to belong together.
    pub started_at: UnixMs,
    /// Whether a shop that was paused is left alone: not where somebody named it.
    pub spares_paused: bool,
    /// How the shop's lease is taken.
    pub lease: LeaseTerms<'a>,
    /// What the crawl does for the task that it is part of; `None` where there is none.
    pub task: Option<&'a TaskPart<'a>>,
}

/// What a crawl does for the task that it is part of.
pub struct TaskPart<'a> {
    /// The last page that is asked for, in all calls together.
    pub last_page: Option<u32>,
    /// Whether the shop is crawled because it is stored: not any more once it is forgotten.
    pub only_stored: bool,
    /// The crawl's own pace, which also counts its requests.
    pub pace: &'a Pace,
    /// Makes what the task is told of a page, in one atomic step with the page.
    pub entry: &'a (dyn Fn(PageRead) -> Option<TaskEntry> + Sync),
}

impl fmt::Debug for TaskPart<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskPart")
            .field("last_page", &self.last_page)
            .field("pace", &self.pace)
            .finish_non_exhaustive()
    }
}

/// A page that was read and is about to be stored.
#[derive(Debug, Clone, Copy)]
pub struct PageRead {
    /// The page's number.
    pub page: u32,
    /// Products on it.
    pub n_products: u64,
    /// Its size on the wire.
    pub bytes: u64,
}

/// What a crawl tells while it runs, after each stored page.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// The page's number.
    pub page: u32,
    /// Products on it.
    pub n_products: u64,
    /// What storing it changed.
    pub counts: PageCounts,
}

/// Crawls `shop` into `store` until its natural end, a reason to stop, or `cancel`, and returns the record.
///
/// The shop's lease is taken before the first request and held to the end. A pass that another owner completed
/// while this one waited for the lease is returned as it is, unless [`Start::Fresh`] asks for more.
///
/// The shop's own failures end in the report's outcome. After each page the store holds everything up to it,
/// so a process killed here goes on at the next page. `now` gives the times that are recorded.
///
/// At the end the shop's lease goes on for as long as the hosts that were asked must rest, so that the next owner's
/// first request comes no sooner than this one's next would have.
///
/// Cancel-safe: a dropped call leaves the pass as a killed process would.
///
/// # Errors
/// When the store fails, or another owner has the shop's lease for too long or took it; also where the shop is to be
/// left alone. The pass goes on next time.
#[tracing::instrument(skip_all, fields(shop = %shop.key, crawl = tracing::field::Empty))]
pub async fn crawl(
    shop: &Shop,
    options: &CrawlOptions<'_>,
    fetcher: &Fetcher,
    store: &dyn Store,
    now: &(dyn Fn() -> UnixMs + Sync),
    cancel: &CancellationToken,
    on_page: &(dyn Fn(Progress) + Sync),
) -> Result<CrawlReport, CrawlError> {
    let lease = ShopLease::take(&shop.key, &options.lease, store, cancel).await?;
    let own_pace = Pace::default();
    let pace = options.task.map_or(&own_pace, |task| task.pace);
    let crawl = Crawl {
        shop,
        options,
        fetcher,
        pace,
        store,
        now,
        cancel,
        on_page,
    };
    let work = async {
        // Either may have happened while this waited for its lease.
        let is_left = match store.is_paused(&shop.key).await? {
            Some(is_paused) => is_paused && options.spares_paused,
            None => options.task.is_some_and(|it| it.only_stored),
        };
        if is_left {
            let shop = shop.key.clone();
            return Err(StoreError::Fenced { shop });
        }
        let ended = lease.ended_meanwhile().await?;
        match ended.filter(|it| it.outcome == Some(Outcome::Complete)) {
            Some(report) if options.start != Start::Fresh => Ok(report),
            _ => crawl.run_and_learn(lease.lease()).await,
        }
    };
    let work = share::beside(fetcher, store, &options.lease, work);
    let ended = lease.hold_at(pace, work).await.map_err(CrawlError::from);
    ended.inspect_err(|error| figures::cut_off(shop.platform, error))
}

impl CrawlOptions<'_> {
    /// Returns whether a call that began at `first_page` was asked not to go as far as `page`.
    pub(crate) fn ends_before(&self, page: u32, first_page: u32) -> bool {
        let last_page = self.task.and_then(|task| task.last_page);
        self.max_pages.is_some_and(|most| page - first_page >= most)
            || last_page.is_some_and(|last| page > last)
    }
}

/// What a crawl was called with.
pub(crate) struct Crawl<'a> {
    pub(crate) shop: &'a Shop,
    pub(crate) options: &'a CrawlOptions<'a>,
    pub(crate) fetcher: &'a Fetcher,
    pub(crate) pace: &'a Pace,
    pub(crate) store: &'a dyn Store,
    pub(crate) now: &'a (dyn Fn() -> UnixMs + Sync),
    pub(crate) cancel: &'a CancellationToken,
    pub(crate) on_page: &'a (dyn Fn(Progress) + Sync),
}

impl Crawl<'_> {
    /// Runs with what earlier crawls learned of the shop's hosts, and keeps what this one learns, however it ends.
    async fn run_and_learn(&self, lease: &Lease) -> Result<CrawlReport, StoreError> {
        self.memory()
            .with(async {
                let report = self.run(lease).await;
                self.memory().keep().await?;
                report
            })
            .await
    }

    /// Returns what is remembered from one crawl to the next. A fresh crawl asks for robots.txt anew.
    pub(crate) fn memory(&self) -> Memory<'_> {
        Memory {
            fetcher: self.fetcher,
            pace: self.pace,
            store: self.store,
            now: self.now,
            has_robots: self.options.start != Start::Fresh,
        }
    }

    async fn run(&self, lease: &Lease) -> Result<CrawlReport, StoreError> {
        let contact = first_contact(self).await?;
        let shop = match &contact {
            Ok(contact) => contact.shop.clone(),
            Err(_) => unanswered(self.shop, self.store).await?,
        };
        let (start, started_at) = (self.options.start, self.options.started_at);
        let begun = self
            .store
            .begin_crawl(lease, &shop, start, started_at)
            .await?;
        tracing::Span::current().record("crawl", begun.ticket.crawl.n);
        let mut pass = Pass::of(self, &begun).await?;
        let mut base = None;
        let outcome = match contact {
            Err(outcome) => pass.softened_contact(outcome),
            // Biased: behind a cancellation no request leaves.
            Ok(contact) => {
                base = Some(contact.base.clone());
                tokio::select! {
                    biased;
                    () = self.told_to_stop() => interrupted(),
                    outcome = pass.run(contact) => outcome?,
                }
            }
        };
        let popularity = self.popularity(base.as_ref(), &outcome, &begun).await?;
        pass.close_notes(&outcome, popularity).await?;
        let ticket = &begun.ticket;
        let report = self
            .store
            .finish_crawl(ticket, outcome, (self.now)())
            .await?;
        figures::ended(self.shop.platform, &report);
        Ok(report)
    }

    /// Returns the last complete pass over the shop, of those that are not too long ago.
    pub(crate) async fn newest_complete(
        &self,
        begun: &BegunCrawl,
    ) -> Result<Option<CrawlReport>, StoreError> {
        // It is among the first few, or far behind.
        for most in [3, 100] {
            let passes = self.store.crawls(Some(&begun.shop.key), most).await?;
            let is_complete = |it: &CrawlReport| it.outcome == Some(Outcome::Complete);
            if let Some(found) = passes.into_iter().find(is_complete) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Returns once the crawl is cancelled and the page that is under way is stored: nobody has to ask for it again.
    async fn told_to_stop(&self) {
        self.cancel.cancelled().await;
        self.pace.land(LONGEST_LANDING).await;
    }

    /// Looks at the shop's best-selling order, where there may be one and nobody has cancelled.
    async fn popularity(
        &self,
        base: Option<&Url>,
        outcome: &Outcome,
        begun: &BegunCrawl,
    ) -> Result<Option<Popularity>, StoreError> {
        let is_wanted =
            self.fetcher.observes_best_sellers() && popularity::is_worth_a_look(outcome);
        let Some(base) = base.filter(|_| is_wanted) else {
            return Ok(None);
        };
        // Biased: behind a cancellation no request leaves.
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Ok(None),
            found = popularity::observe(self, base, begun) => found.map(Some),
        }
    }
}

/// Returns what is stored of a shop that did not answer: an address that works is not replaced by one that does not.
async fn unanswered(shop: &Shop, store: &dyn Store) -> Result<Shop, StoreError> {
    let is_known = !store.crawls(Some(&shop.key), 1).await?.is_empty();
    let url = if is_known {
        String::new()
    } else {
        shop.url.clone()
    };
    Ok(Shop {
        url,
        ..shop.clone()
    })
}
