//! The one crawl loop: a shop's pages, one after the other, into the store, to a typed end.

use std::collections::HashSet;
use std::fmt;

use catalog::{
    BegunCrawl, Checkpoint, CrawlReport, Currency, Lease, Outcome, PageCounts, PageWrite, Problem,
    ProblemKind, Reason, Shop, Start, Stop, Store, StoreError, TaskEntry, UnixMs,
};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::contact::{Contact, first_contact};
use crate::fetch::{Fetcher, Pace};
use crate::lease::{CrawlError, LeaseTerms, ShopLease};
use crate::outcome::{check_status, interrupted, outcome_of_fetch, outcome_of_read};
use crate::platforms::{Page, shopify};

/// Products per page: the most that Shopify gives.
pub(crate) const PAGE_SIZE: usize = 250;

/// Shopify shows no product behind this one: `page * limit` may not exceed it.
pub(crate) const WALL: usize = 25_000;

/// A resumed pass never begins behind the wall, or it would stand there for ever.
const LAST_RESUMABLE_PAGE: u32 = (WALL / PAGE_SIZE) as u32;

/// More pages than any Shopify list has: what goes on here makes products up.
const MOST_PAGES: u32 = 4 * LAST_RESUMABLE_PAGE;

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
    /// How the shop's lease is taken.
    pub lease: LeaseTerms<'a>,
    /// What the crawl does for the task that it is part of; `None` where there is none.
    pub task: Option<&'a TaskPart<'a>>,
}

/// What a crawl does for the task that it is part of.
pub struct TaskPart<'a> {
    /// The last page that is asked for, in all calls together.
    pub last_page: Option<u32>,
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
/// When the store fails, or another owner has the shop's lease for too long or took it. The pass goes on next time.
#[tracing::instrument(skip_all, fields(shop = %shop.key))]
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
        let ended = lease.ended_meanwhile().await?;
        match ended.filter(|it| it.outcome == Some(Outcome::Complete)) {
            Some(report) if options.start != Start::Fresh => Ok(report),
            _ => crawl.run(lease.lease()).await,
        }
    };
    Ok(lease.hold_at(pace, work).await?)
}

impl CrawlOptions<'_> {
    /// Returns whether a call that began at `first_page` was asked not to go as far as `page`.
    fn ends_before(&self, page: u32, first_page: u32) -> bool {
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
    on_page: &'a (dyn Fn(Progress) + Sync),
}

impl Crawl<'_> {
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
        let mut pass = Pass {
            crawl: self,
            begun: &begun,
            seen: HashSet::new(),
        };
        let outcome = match contact {
            Err(outcome) => pass.softened(outcome),
            // Biased: behind a cancellation no request leaves.
            Ok(contact) => tokio::select! {
                biased;
                () = self.cancel.cancelled() => interrupted(),
                outcome = pass.run(contact) => outcome?,
            },
        };
        self.store
            .finish_crawl(&begun.ticket, outcome, (self.now)())
            .await
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

/// One pass over one shop, while it runs.
struct Pass<'a> {
    crawl: &'a Crawl<'a>,
    begun: &'a BegunCrawl,
    /// The ids of this call's pages as numbers, to notice a list that repeats for ever.
    seen: HashSet<u64>,
}

impl Pass<'_> {
    /// Reads page after page. Cancel-safe: every page is stored in one step or not at all.
    async fn run(&mut self, mut contact: Contact) -> Result<Outcome, StoreError> {
        let first_page = self.begun.checkpoint.next_page;
        for page_number in first_page.. {
            if page_number > MOST_PAGES {
                let detail = format!("more than {MOST_PAGES} pages: no Shopify shop lists so many");
                return Ok(Outcome::Partial(Reason::new(Stop::Endless, detail)));
            }
            if self.crawl.options.ends_before(page_number, first_page) {
                let detail = format!("stopped behind page {}, as asked", page_number - 1);
                return Ok(Outcome::Partial(Reason::new(Stop::MaxPages, detail)));
            }
            let (page, bytes) = match self.read_page(&mut contact, page_number).await {
                Ok(it) => it,
                Err(outcome) => return Ok(self.softened_at(page_number, outcome)),
            };
            let brings_nothing_new = page
                .products
                .iter()
                .all(|product| self.seen.contains(&product.id.native.to_u64()));
            if brings_nothing_new && !page.products.is_empty() && page_number > first_page {
                let detail = format!("page {page_number} only repeats products of earlier pages");
                return Ok(Outcome::Partial(Reason::new(Stop::Endless, detail)));
            }
            let is_last = page.n_listed < PAGE_SIZE;
            self.store_page(page_number, page, is_last, bytes).await?;
            if is_last {
                return Ok(Outcome::Complete);
            }
        }
        unreachable!("the loop above ends at MOST_PAGES")
    }

    async fn store_page(
        &mut self,
        page_number: u32,
        page: Page,
        is_last: bool,
        bytes: u64,
    ) -> Result<(), StoreError> {
        self.seen.extend(
            page.products
                .iter()
                .map(|product| product.id.native.to_u64()),
        );
        let n_products = page.products.len() as u64;
        let read = PageRead {
            page: page_number,
            n_products,
            bytes,
        };
        let task = self.crawl.options.task;
        let mut problems = page.problems;
        if page_number == 1 {
            problems.extend(self.currency_problem());
        }
        for problem in &mut problems {
            problem.page = page_number;
        }
        let next_page = (page_number + 1).min(LAST_RESUMABLE_PAGE);
        let write = PageWrite {
            page: page_number,
            products: page.products,
            problems,
            next: (!is_last).then_some(Checkpoint { next_page }),
            bytes,
            at: (self.crawl.now)(),
            task_entry: task.and_then(|task| (task.entry)(read)),
        };
        let ticket = &self.begun.ticket;
        let counts = self.crawl.store.apply_page(ticket, write).await?;
        (self.crawl.on_page)(Progress {
            page: page_number,
            n_products,
            counts,
        });
        Ok(())
    }

    /// Gets and reads one page; an answer that is damaged is asked for once more.
    async fn read_page(
        &self,
        contact: &mut Contact,
        page_number: u32,
    ) -> Result<(Page, u64), Outcome> {
        let mut url = contact
            .base
            .join("/products.json")
            .expect("an absolute path joins any http URL");
        url.set_query(Some(&format!("limit={PAGE_SIZE}&page={page_number}")));
        let mut result = self.try_page(contact, &url, page_number).await;
        if let Err(outcome) = &result
            && outcome
                .reason()
                .is_some_and(|reason| reason.stop == Stop::Damaged)
        {
            tracing::warn!(url = %url, "{outcome}; asking once more");
            result = self.try_page(contact, &url, page_number).await;
        }
        result
    }

    async fn try_page(
        &self,
        contact: &mut Contact,
        url: &Url,
        page_number: u32,
    ) -> Result<(Page, u64), Outcome> {
        let response = self
            .crawl
            .fetcher
            .get_at(url, self.crawl.pace)
            .await
            .map_err(|error| outcome_of_fetch(&error))?;
        if response.url.path() == url.path() {
            contact.base = response.url.clone();
        }
        let is_gone = contact.has_no_meta && self.begun.n_known > 0;
        check_status(&response, page_number, is_gone)?;
        let page = shopify::read_page(&response.body, &self.begun.shop)
            .map_err(|error| outcome_of_read(&error, &response, page_number))?;
        Ok((page, response.wire_bytes))
    }

    fn currency_problem(&self) -> Option<Problem> {
        let (before, now) = (self.begun.previous_currency, self.begun.shop.currency);
        (before.is_known() && before != now).then(|| Problem {
            kind: ProblemKind::Currency,
            page: 0,
            index: None,
            product: None,
            detail: format!("the shop's currency was {before} and is now {now}"),
        })
    }

    /// Turns the end of a pass that has stored pages into a partial one.
    fn softened(&self, outcome: Outcome) -> Outcome {
        self.softened_at(self.begun.checkpoint.next_page, outcome)
    }

    fn softened_at(&self, page_number: u32, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Blocked(reason) | Outcome::Gone(reason) | Outcome::Failed(reason)
                if page_number > 1 =>
            {
                Outcome::Partial(reason)
            }
            other => other,
        }
    }
}
