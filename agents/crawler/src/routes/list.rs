//! The product list, page after page: the shop's own, or the one at the address that its platform gave it.

use catalog::{Checkpoint, Outcome, Place, Reason, Route, RouteEnd, Stop, StoreError};
use url::{Origin, Url};

use super::stop_of;
use super::versions::says_unchanged;
use crate::fetch::Response;
use crate::outcome::{check_status, outcome_of_read};
use crate::pass::{Ended, NewPage, Pass, Seen};
use crate::platforms::{Page, shopify};

/// Products per page: the most that Shopify gives.
pub(crate) const PAGE_SIZE: usize = 250;

/// Shopify shows no product behind this one: `page * limit` may not exceed it.
pub(crate) const WALL: usize = 25_000;

/// A resumed pass never begins behind the wall, or it would stand there for ever.
const LAST_RESUMABLE_PAGE: u32 = (WALL / PAGE_SIZE) as u32;

/// More pages than any Shopify list has: what goes on here makes products up.
const MOST_PAGES: u32 = 4 * LAST_RESUMABLE_PAGE;

/// The problems of a page that its reader lists.
const MAX_LISTED_PROBLEMS: usize = 1_000;

/// A product list.
pub(crate) struct List {
    pub(crate) route: Route,
    /// Where it is, after redirects.
    pub(crate) base: Url,
    /// Whether a list that does not exist means that the shop does not either.
    pub(crate) is_gone_when_missing: bool,
    /// Where the last page was read.
    pub(crate) read_at: Option<Url>,
    /// How many products the shop says that it has; 0 where it does not.
    pub(crate) n_stated: u64,
    /// How many are known of it; 0 where it is not known.
    pub(crate) n_known: u64,
}

/// A page of a list as it was answered.
struct ListPage {
    body: ListBody,
    response: Response,
    /// Whether products were left out that an earlier page of the pass had.
    has_repeated: bool,
}

enum ListBody {
    Read(Page),
    /// As it was, and not sent: products on it, and what it listed.
    Unchanged {
        n_products: u64,
        n_listed: usize,
    },
}

impl Pass<'_> {
    /// Reads page after page of a list that has nothing stored before it, so that its pages have the pass's numbers.
    pub(super) async fn read_list(&mut self, list: &mut List) -> Result<Ended, StoreError> {
        let first_page = self.next_page;
        // What was put on top since moves products of pages that another call read, or nobody, onto later ones: a page repeats
        // only what this call read. Where it reads them all, that is what the pass has seen.
        let reads_all = first_page == 1 && self.known.is_empty();
        let mut read = (!reads_all).then(Seen::default);
        for number in first_page.. {
            if number > MOST_PAGES {
                let detail = format!("more than {MOST_PAGES} pages: no Shopify shop lists so many");
                return Ok(Ended::by(endless(detail)));
            }
            if let Some(ended) = self.over_budget(number) {
                return Ok(ended);
            }
            let mut answer = match self.list_page(list, number).await {
                Ok(it) => it,
                Err(outcome) => return Ok(Ended::by(outcome)),
            };
            if answer.ends_early(list, number) {
                answer = match self.once_more(list, number, answer).await {
                    Ok(it) => it,
                    Err(outcome) => return Ok(Ended::by(outcome)),
                };
            }
            if answer.is_repetition(read.as_ref().unwrap_or(&self.seen)) {
                let detail = format!("page {number} only repeats products of earlier pages");
                return Ok(Ended::by(endless(detail)));
            }
            if let ListBody::Read(page) = &answer.body {
                if let Some(read) = &mut read {
                    read.add(&page.products);
                }
                self.know_all_seen().await?;
            }
            answer.drop_repeated(&self.seen);
            let n_listed = answer.n_listed();
            let next = (n_listed >= PAGE_SIZE).then(|| list.behind(number));
            self.store(number, answer.into_new(next)).await?;
            if n_listed < PAGE_SIZE {
                let end = if n_listed == 0 {
                    RouteEnd::EmptyPage
                } else {
                    RouteEnd::ShortPage
                };
                let mut ended = Ended::complete(end);
                ended.detail = shortfall(
                    list.n_stated,
                    n_listed_until(number, n_listed),
                    "its list shows",
                );
                return self.look_for_missed(list, first_page, ended).await;
            }
        }
        unreachable!("the loop above ends at MOST_PAGES")
    }

    /// Gets and reads one page. An answer that is damaged is asked for once more, and so is one that is no list, where pages
    /// before it were: a shop is closed for a moment, or a redirect leads elsewhere for a while.
    async fn list_page(&self, list: &mut List, number: u32) -> Result<ListPage, Outcome> {
        let url = list.page_url(number);
        let mut result = self.try_page(list, &url, number).await;
        if let Err(outcome) = &result
            && match stop_of(outcome) {
                Some(Stop::Damaged) => true,
                Some(Stop::NotJson | Stop::NotShopify | Stop::ClosedFeed) => number > 1,
                _ => false,
            }
        {
            let url = list.page_url(number);
            tracing::warn!(url = %url, "{outcome}; asking once more");
            result = self.try_page(list, &url, number).await;
        }
        result
    }

    /// Asks once more for a page with which the list ends sooner than is expected, and returns the one that shows more:
    /// a single answer may be a bad one.
    async fn once_more(
        &self,
        list: &mut List,
        number: u32,
        first: ListPage,
    ) -> Result<ListPage, Outcome> {
        tracing::debug!(
            shop = %self.begun.shop.key,
            page = number,
            "the list ends early: the shop says that it has {}, and {} are known; asking once more",
            list.n_stated,
            list.n_known,
        );
        let second = self.list_page(list, number).await?;
        Ok(match second.n_listed() > first.n_listed() {
            true => second,
            false => first,
        })
    }

    async fn try_page(&self, list: &mut List, url: &Url, number: u32) -> Result<ListPage, Outcome> {
        let known = self.known.at(number, url);
        let validators = known.map(|it| &it.validators);
        let response = self.ask_by_version(url, validators).await?;
        let is_itself = response.url.path() == url.path();
        // Where one page leads for a while is not the list that the others are of.
        let is_same_list = response.has_moved
            || (list.read_at.as_ref()).is_none_or(|it| place_of(it) == place_of(&response.url));
        if is_itself && is_same_list {
            list.base = response.url.clone();
        }
        let body = match known {
            Some(known) if says_unchanged(&response, url) => ListBody::Unchanged {
                n_products: known.n_products,
                n_listed: usize::try_from(known.n_listed).unwrap_or(usize::MAX),
            },
            _ => {
                check_status(&response, number, list.is_gone_when_missing && is_itself)?;
                let page = shopify::read_page(&response.body, &self.begun.shop)
                    .map_err(|error| outcome_of_read(&error, &response, number))?;
                if !(is_same_list && names_page(&response.url, number)) {
                    let there = &response.url;
                    let detail =
                        format!("{url} leads to {there}, which is not that page of the list");
                    return Err(Outcome::Failed(Reason::new(Stop::Damaged, detail)));
                }
                ListBody::Read(page)
            }
        };
        let page = ListPage {
            body,
            response,
            has_repeated: false,
        };
        // Some shops refuse with an empty page, which says nothing of what is behind it.
        if number == LAST_RESUMABLE_PAGE + 1 && page.n_listed() == 0 {
            let detail =
                format!("page {number} is empty: Shopify lists no more than {WALL} products");
            return Err(Outcome::Partial(Reason::new(Stop::Wall, detail)));
        }
        list.read_at = Some(page.response.url.clone());
        Ok(page)
    }
}

impl ListPage {
    /// Returns whether a full page has no product that `read` has not. A shorter one is the end of a list, whatever moved
    /// there while that was read.
    fn is_repetition(&self, read: &Seen) -> bool {
        match &self.body {
            ListBody::Read(page) => {
                page.n_listed >= PAGE_SIZE
                    && !page.products.is_empty()
                    && page.products.iter().all(|it| read.has(it))
            }
            ListBody::Unchanged { .. } => false,
        }
    }

    /// Returns whether the page ends `list` before as many products were listed as the shop says that it has, or a tenth below
    /// what is known. One that is what it was in a complete pass is believed.
    fn ends_early(&self, list: &List, number: u32) -> bool {
        let ListBody::Read(page) = &self.body else {
            return false;
        };
        let n_expected = list.n_stated.max(list.n_known - list.n_known / 10);
        page.n_listed < PAGE_SIZE && n_listed_until(number, page.n_listed) < n_expected
    }

    /// Leaves out what the pass has met: with two states of a product, each crawl would find both to be a change.
    fn drop_repeated(&mut self, seen: &Seen) {
        if let ListBody::Read(page) = &mut self.body {
            let n_before = page.products.len();
            page.products.retain(|it| !seen.has(it));
            self.has_repeated = page.products.len() < n_before;
        }
    }

    fn n_listed(&self) -> usize {
        match &self.body {
            ListBody::Read(page) => page.n_listed,
            ListBody::Unchanged { n_listed, .. } => *n_listed,
        }
    }

    /// Returns the page as it is stored; the pass goes on at `next`.
    fn into_new(self, next: Option<Checkpoint>) -> NewPage {
        let new = NewPage {
            bytes: self.response.wire_bytes,
            next,
            ..NewPage::default()
        };
        match self.body {
            ListBody::Read(page) => NewPage {
                // Beyond the last listed problem nobody counts what the page left out, nor what it repeated: its length would be
                // unknown when it is not sent again.
                validators: (page.problems.len() < MAX_LISTED_PROBLEMS && !self.has_repeated)
                    .then(|| self.response.validators())
                    .flatten(),
                page,
                ..new
            },
            // Its version stays what it was, which the answer need not repeat.
            ListBody::Unchanged { n_products, .. } => NewPage {
                not_modified: Some(n_products),
                ..new
            },
        }
    }
}

impl List {
    fn page_url(&self, number: u32) -> Url {
        let mut url = self
            .base
            .join("/products.json")
            .expect("an absolute path joins any http URL");
        url.set_query(Some(&format!("limit={PAGE_SIZE}&page={number}")));
        url
    }

    /// Returns where the pass goes on behind page `number`: by the number alone, never behind the wall.
    pub(super) fn behind(&self, number: u32) -> Checkpoint {
        Checkpoint {
            next_page: (number + 1).min(LAST_RESUMABLE_PAGE),
            place: Place {
                route: self.route,
                ..Place::default()
            },
        }
    }
}

/// Returns what is to be told where `n_found` products are all that `what` says: nothing, unless the shop says that it has
/// clearly more.
pub(super) fn shortfall(n_stated: u64, n_found: u64, what: &str) -> String {
    match n_found < n_stated - n_stated / 10 {
        true => format!("the shop says that it has {n_stated} products, {what} {n_found}"),
        false => String::new(),
    }
}

/// Returns how many products a list has shown up to page `number`, which shows `n_listed`; those before it are full.
fn n_listed_until(number: u32, n_listed: usize) -> u64 {
    u64::from(number - 1) * PAGE_SIZE as u64 + n_listed as u64
}

fn place_of(url: &Url) -> (Origin, &str) {
    (url.origin(), url.path())
}

/// Returns whether `url` asks for as many products as a page has, and for page `number`: a redirect may have lost that, and
/// then a short answer is no end.
fn names_page(url: &Url, number: u32) -> bool {
    let says = |name: &str, wanted: &str| {
        let mut pairs = url.query_pairs();
        pairs.find(|(it, _)| it == name).map(|(_, it)| it == wanted)
    };
    says("limit", &PAGE_SIZE.to_string()) == Some(true)
        && says("page", &number.to_string()).unwrap_or(number == 1)
}

fn endless(detail: String) -> Outcome {
    Outcome::Partial(Reason::new(Stop::Endless, detail))
}
