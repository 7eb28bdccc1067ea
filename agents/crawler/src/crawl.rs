//! The one crawl loop: a shop's pages, one after the other, into the store, to a typed end.

use std::collections::HashSet;

use catalog::{
    BegunCrawl, Checkpoint, CrawlReport, Currency, Lease, Outcome, PageCounts, PageWrite, Problem,
    ProblemKind, Reason, Shop, Start, Stop, Store, StoreError, UnixMs,
};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::contact::{Contact, first_contact};
use crate::fetch::{FetchError, Fetcher, Response};
use crate::lease::{CrawlError, LeaseTerms, ShopLease};
use crate::platforms::{Page, ReadError, shopify};

/// Products per page: the most that Shopify gives.
const PAGE_SIZE: usize = 250;

/// Shopify shows no product behind this one: `page * limit` may not exceed it.
const WALL: usize = 25_000;

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
    let crawl = Crawl {
        shop,
        options,
        fetcher,
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
    Ok(lease.hold_for(work).await?)
}

/// What a crawl was called with.
pub(crate) struct Crawl<'a> {
    pub(crate) shop: &'a Shop,
    pub(crate) options: &'a CrawlOptions<'a>,
    pub(crate) fetcher: &'a Fetcher,
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
            Ok(contact) => tokio::select! {
                outcome = pass.run(contact) => outcome?,
                () = self.cancel.cancelled() => interrupted(),
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
            if self
                .crawl
                .options
                .max_pages
                .is_some_and(|most| page_number - first_page >= most)
            {
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
            .get(url)
            .await
            .map_err(|error| outcome_of_fetch(&error))?;
        if response.url.path() == url.path() {
            contact.base = response.url.clone();
        }
        self.check_status(&response, contact, page_number)?;
        let page = shopify::read_page(&response.body, &self.begun.shop)
            .map_err(|error| outcome_of_read(&error, &response, page_number))?;
        Ok((page, response.wire_bytes))
    }

    /// Lets a 200 through and gives every other answer its outcome.
    fn check_status(
        &self,
        response: &Response,
        contact: &Contact,
        page_number: u32,
    ) -> Result<(), Outcome> {
        let url = &response.url;
        let answered = |what: &str| format!("{url} answered {}{what}", response.status);
        let blocked = |stop, what: &str| Err(Outcome::Blocked(Reason::new(stop, answered(what))));
        if url.path().ends_with("/password") {
            return blocked(Stop::Password, ": the shop is behind a password");
        }
        let is_challenge = response
            .headers
            .get("cf-mitigated")
            .is_some_and(|value| value == "challenge");
        match response.status {
            200 => Ok(()),
            403 if is_challenge => blocked(Stop::Challenge, " with an anti-bot challenge"),
            400 if is_behind_wall(page_number) => Err(wall(page_number)),
            402 | 423 => blocked(Stop::Suspended, ": the shop is frozen or locked"),
            404 | 410 if contact.has_no_meta && self.begun.n_known > 0 => Err(Outcome::Gone(
                Reason::new(Stop::ClosedFeed, answered(", and /meta.json is gone too")),
            )),
            404 | 410 => blocked(
                Stop::ClosedFeed,
                ": no Shopify shop, or its product list is closed",
            ),
            _ => blocked(Stop::ClosedFeed, ": the product list is closed"),
        }
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

pub(crate) fn interrupted() -> Outcome {
    let detail = "the next crawl goes on where this one stopped";
    Outcome::Partial(Reason::new(Stop::Interrupted, detail))
}

fn is_behind_wall(page_number: u32) -> bool {
    page_number as usize * PAGE_SIZE > WALL
}

fn wall(page_number: u32) -> Outcome {
    let detail =
        format!("page {page_number} is refused: Shopify lists no more than {WALL} products");
    Outcome::Partial(Reason::new(Stop::Wall, detail))
}

pub(crate) fn outcome_of_fetch(error: &FetchError) -> Outcome {
    let failed = |stop| Outcome::Failed(Reason::new(stop, error.to_string()));
    let blocked = |stop| Outcome::Blocked(Reason::new(stop, error.to_string()));
    match error {
        FetchError::RefusedByRobots { url } if url.ends_with("/password") => {
            blocked(Stop::Password)
        }
        FetchError::RefusedByRobots { .. } | FetchError::NoRobots(_) => blocked(Stop::Robots),
        FetchError::RateLimited { .. } | FetchError::ComeBackLater { .. } => {
            blocked(Stop::RateLimited)
        }
        FetchError::ServerError { .. } => failed(Stop::ServerError),
        FetchError::RefusedAddress { .. } | FetchError::BadRedirect { .. } => {
            failed(Stop::RefusedAddress)
        }
        FetchError::TooLarge { .. } | FetchError::Damaged { .. } | FetchError::BrokenOff { .. } => {
            failed(Stop::Damaged)
        }
        FetchError::Setup(_)
        | FetchError::Unreachable { .. }
        | FetchError::TimedOut { .. }
        | FetchError::TooManyRedirects { .. } => failed(Stop::Unreachable),
    }
}

fn outcome_of_read(error: &ReadError, response: &Response, page_number: u32) -> Outcome {
    if matches!(error, ReadError::Errors(_)) && is_behind_wall(page_number) {
        return wall(page_number);
    }
    let stop = match error {
        ReadError::NotJson(_) => Stop::NotJson,
        ReadError::Damaged(_) => Stop::Damaged,
        ReadError::NotProducts(_) | ReadError::Errors(_) => Stop::NotShopify,
    };
    Outcome::Failed(Reason::new(stop, format!("{}: {error}", response.url)))
}
