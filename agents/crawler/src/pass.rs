//! One pass over one shop while it runs: what it has seen, what it stores, what it notes of its routes.
//!
//! Which routes it takes, and how each is read, stands in `routes`.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use catalog::{
    BegunCrawl, Checkpoint, CrawlReport, Outcome, PageWrite, PassNotes, Place, Popularity, Problem,
    ProblemKind, Product, ProductId, Reason, Route, RouteEnd, RouteUse, Stop, StoreError, UnixMs,
    Validators,
};
use url::Url;

use crate::crawl::{Crawl, PageRead, Progress};
use crate::fetch::{Ask, FetchError, Response};
use crate::figures::{self, Problems};
use crate::outcome::{end_of, outcome_of_fetch, outcome_under_way};
use crate::platforms::Page;
use crate::routes::KnownPages;

/// One pass over one shop, while it runs.
pub(crate) struct Pass<'a> {
    pub(crate) crawl: &'a Crawl<'a>,
    pub(crate) begun: &'a BegunCrawl,
    pub(crate) seen: Seen,
    pub(crate) known: KnownPages,
    /// When the pass began, perhaps in an earlier call.
    started_at: UnixMs,
    pub(crate) notes: PassNotes,
    /// The number of the page to store next.
    pub(crate) next_page: u32,
    /// Products that this call did not read, as the sitemap says that they did not change.
    pub(crate) n_unchanged: u64,
    /// The pages that hold what `seen` may not know: an earlier call stored them, or they were not read.
    unseen: Vec<u32>,
}

/// What the pass has met so far, by numbers that stand for it.
#[derive(Default)]
pub(crate) struct Seen {
    ids: HashSet<u64>,
    /// `None` until a sitemap is read: a list needs none.
    handles: Option<HashSet<u64>>,
    /// Drawn at random, so that nobody can make two handles that look the same here.
    hasher: RandomState,
}

/// A page that is ready to store.
#[derive(Default)]
pub(crate) struct NewPage {
    pub(crate) page: Page,
    pub(crate) bytes: u64,
    /// Where the pass goes on behind it; `None` if nothing is left to be asked.
    pub(crate) next: Option<Checkpoint>,
    /// Products that are there unchanged without being read.
    pub(crate) present: Vec<ProductId>,
    pub(crate) validators: Option<Validators>,
    /// The number of products on it, if it is what it was in the last complete pass and was not read.
    pub(crate) not_modified: Option<u64>,
}

/// How a route ended, and what the pass would end with if there were no other.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) end: RouteEnd,
    pub(crate) outcome: Outcome,
    /// What the notes say of it; empty where the end says it all.
    pub(crate) detail: String,
}

impl<'a> Pass<'a> {
    /// Returns the pass that `begun` began, with what it told of itself if it goes on.
    pub(crate) async fn of(
        crawl: &'a Crawl<'a>,
        begun: &'a BegunCrawl,
    ) -> Result<Self, StoreError> {
        let mut notes = PassNotes::default();
        let mut started_at = crawl.options.started_at;
        if begun.resumed {
            let newest = crawl.store.crawls(Some(&begun.shop.key), 1).await?;
            let earlier = newest.into_iter().find(|it| it.key == begun.ticket.crawl);
            started_at = earlier.as_ref().map_or(started_at, |it| it.started_at);
            notes = earlier.map(notes_until_now).unwrap_or_default();
            // The last page of a pass that nobody ended is stored, and read once more.
            let (key, page) = (&begun.ticket.crawl, begun.checkpoint.next_page);
            let n_again = crawl.store.products_on_page(key, page).await?.len() as u64;
            if let Some(route) = notes.routes.last_mut().filter(|it| it.end.is_none()) {
                route.products = route.products.saturating_sub(n_again);
            }
        }
        Ok(Self {
            crawl,
            begun,
            seen: Seen::default(),
            known: KnownPages::of(crawl, begun, started_at).await?,
            started_at,
            notes,
            next_page: begun.checkpoint.next_page,
            n_unchanged: 0,
            unseen: (1..begun.checkpoint.next_page).collect(),
        })
    }

    /// Asks for `url`, unless it is still what these validators are of.
    pub(crate) async fn ask_by_version(
        &self,
        url: &Url,
        validators: Option<&Validators>,
    ) -> Result<Response, Outcome> {
        let ask = Ask {
            validators,
            ..Ask::get(url)
        };
        let answer = self.crawl.fetcher.ask(ask, self.crawl.pace).await;
        answer.map_err(|error| match self.next_page {
            1 => outcome_of_fetch(&error),
            _ => outcome_under_way(&error),
        })
    }

    /// Asks for `url`, where one address that leads in circles, or to a host that does not answer, or that takes too long,
    /// says nothing of the shop. No answer that counts is an outcome.
    pub(crate) async fn ask_beside(&self, url: &Url) -> Result<Response, Outcome> {
        let answer = self.crawl.fetcher.get_at(url, self.crawl.pace).await;
        let is_elsewhere = |at: &str| Url::parse(at).is_ok_and(|it| it.origin() != url.origin());
        answer.map_err(|error| match &error {
            FetchError::TooManyRedirects { .. } => {
                Outcome::Failed(Reason::new(Stop::RefusedAddress, error.to_string()))
            }
            FetchError::Unreachable { url, .. }
            | FetchError::TimedOut { url, .. }
            | FetchError::LeftAlone { url, .. }
                if is_elsewhere(url) =>
            {
                Outcome::Failed(Reason::new(Stop::RefusedAddress, error.to_string()))
            }
            FetchError::TimedOut { .. } => {
                Outcome::Failed(Reason::new(Stop::ServerError, error.to_string()))
            }
            _ => outcome_under_way(&error),
        })
    }

    /// Returns the end of a pass that was asked not to store page `number`.
    pub(crate) fn over_budget(&self, number: u32) -> Option<Ended> {
        let first_page = self.begun.checkpoint.next_page;
        self.crawl.options.ends_before(number, first_page).then(|| {
            let detail = format!("stopped behind page {}, as asked", number - 1);
            Ended::by(Outcome::Partial(Reason::new(Stop::MaxPages, detail)))
        })
    }

    /// Stores page `number` in one step, with what its task is told, and tells of it.
    ///
    /// Cancel-safe: the page is stored whole or not at all.
    pub(crate) async fn store(&mut self, number: u32, new: NewPage) -> Result<(), StoreError> {
        let route = self.notes.routes.last().map(|it| it.route);
        self.store_for(route.unwrap_or_default(), number, new).await
    }

    /// Does as [`Self::store`], for what `route` brought before another one began.
    pub(crate) async fn store_for(
        &mut self,
        route: Route,
        number: u32,
        new: NewPage,
    ) -> Result<(), StoreError> {
        let mut page = new.page;
        let n_unread = new.not_modified.unwrap_or_default();
        let n_unseen = self.seen.add(&page.products) + new.present.len() as u64 + n_unread;
        if let Some(used) = self.notes.routes.iter_mut().rfind(|it| it.route == route) {
            used.products += n_unseen;
        }
        if new.not_modified.is_some() {
            self.unseen.push(number);
        }
        let n_products = page.products.len() as u64 + n_unread;
        let read = PageRead {
            page: number,
            n_products,
            bytes: new.bytes,
        };
        if number == 1 {
            let changed = self.currency_problem();
            if changed.is_some() {
                self.notes.currency_before = Some(self.begun.previous_currency);
            }
            page.problems.extend(changed);
        }
        for problem in &mut page.problems {
            problem.page = number;
        }
        let problems = Problems::of(&page.problems);
        let task = self.crawl.options.task;
        let write = PageWrite {
            page: number,
            products: page.products,
            problems: page.problems,
            next: new.next,
            bytes: new.bytes,
            at: (self.crawl.now)(),
            task_entry: task.and_then(|task| (task.entry)(read)),
            validators: new.validators,
            not_modified: new.not_modified.is_some(),
            present: new.present,
        };
        let ticket = &self.begun.ticket;
        let counts = self.crawl.store.apply_page(ticket, write).await?;
        figures::page(self.crawl.shop.platform, counts, &problems);
        self.next_page = number + 1;
        (self.crawl.on_page)(Progress {
            page: number,
            n_products,
            counts,
        });
        Ok(())
    }

    /// Asks the store for what the pass has stored, so that `seen` knows all handles too.
    pub(crate) async fn know_all_handles(&mut self) -> Result<(), StoreError> {
        if self.seen.handles.is_none() {
            self.seen.handles = Some(HashSet::new());
            self.unseen = (1..self.next_page).collect();
        }
        self.know_all_seen().await
    }

    /// Asks the store for what is on the pages that this call did not read.
    pub(crate) async fn know_all_seen(&mut self) -> Result<(), StoreError> {
        let crawl = &self.begun.ticket.crawl;
        for page in std::mem::take(&mut self.unseen) {
            let products = self.crawl.store.products_on_page(crawl, page).await?;
            for (id, handle) in products {
                self.seen.add_one(&id, &handle);
            }
        }
        Ok(())
    }

    /// Notes that `route` begins, unless it is the one that goes on.
    pub(crate) async fn begin_route(&mut self, route: Route) -> Result<(), StoreError> {
        if let Some(last) = self.notes.routes.last_mut().filter(|it| it.end.is_none()) {
            if last.route == route {
                return Ok(());
            }
            // As where the sitemap shows what is as it was, and collections the rest.
            last.end = Some(RouteEnd::Exhausted);
        }
        self.notes.routes.push(RouteUse {
            route,
            products: 0,
            end: None,
            detail: String::new(),
        });
        self.keep_notes().await
    }

    /// Notes how the route under way ended. Stored with what is noted next: a pass that goes on begins with the route of its
    /// checkpoint, as if that had not ended.
    pub(crate) fn end_route(&mut self, ended: &Ended) {
        if let Some(route) = self.notes.routes.last_mut() {
            route.end = Some(ended.end);
            route.detail.clone_from(&ended.detail);
        }
    }

    /// Adds `what`, if that is anything, to what is told of the last route.
    pub(crate) fn tell_of_route(&mut self, what: &str) {
        if let Some(route) = self.notes.routes.last_mut().filter(|_| !what.is_empty()) {
            append(&mut route.detail, what);
        }
    }

    /// Notes how the pass ended for a route that is still under way, and what its requests came to.
    pub(crate) async fn close_notes(
        &mut self,
        outcome: &Outcome,
        popularity: Option<Popularity>,
    ) -> Result<(), StoreError> {
        if let Some(route) = self.notes.routes.last_mut().filter(|it| it.end.is_none()) {
            let ended = Ended::by(outcome.clone());
            route.end = Some(ended.end);
            route.detail = ended.detail;
        }
        if popularity.is_some() {
            self.notes.popularity = popularity;
        }
        let earlier = self.notes.traffic.take().unwrap_or_default();
        self.notes.traffic = Some(earlier.and_then(self.crawl.pace.traffic()));
        let n_not_read = self.n_unchanged + self.notes.traffic.map_or(0, |it| it.not_modified);
        self.notes.read_whole_at = (*outcome == Outcome::Complete).then(|| {
            let known = &self.known;
            known.read_whole_at(self.begun, self.started_at, n_not_read)
        });
        self.keep_notes().await
    }

    async fn keep_notes(&self) -> Result<(), StoreError> {
        let ticket = &self.begun.ticket;
        self.crawl.store.note_pass(ticket, &self.notes).await
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

    /// Does as [`Self::softened`] where the shop could not even be reached: a pass that has stored pages goes on at its
    /// checkpoint. All that is known of robots.txt is that it could not be read.
    pub(crate) fn softened_contact(&self, outcome: Outcome) -> Outcome {
        match self.softened(outcome) {
            Outcome::Partial(reason) if reason.stop == Stop::Robots => {
                Outcome::Partial(Reason::new(Stop::ServerError, reason.detail))
            }
            outcome => outcome,
        }
    }

    /// Turns the end of a pass that has stored pages into a partial one.
    pub(crate) fn softened(&self, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Blocked(reason) | Outcome::Gone(reason) | Outcome::Failed(reason)
                if self.next_page > 1 =>
            {
                Outcome::Partial(reason)
            }
            other => other,
        }
    }
}

/// Returns the notes of a pass as they were when its checkpoint was stored, with the route of that under way. What this
/// brought was not noted after each page.
fn notes_until_now(report: CrawlReport) -> PassNotes {
    let mut notes = report.notes;
    let route = report.checkpoint.unwrap_or(Checkpoint::page(1)).place.route;
    // Products that are marked as present are stored before the route behind them begins.
    let Some(place) = notes.routes.iter().rposition(|it| it.route == route) else {
        return notes;
    };
    notes.routes.truncate(place + 1);
    if let Some((last, earlier)) = notes.routes.split_last_mut() {
        let n_earlier = earlier.iter().map(|it| it.products).sum();
        last.products = report.counts.products.saturating_sub(n_earlier);
        last.end = None;
        last.detail.clear();
    }
    notes
}

impl Seen {
    /// Adds products, and returns how many were not among them.
    pub(crate) fn add(&mut self, products: &[Product]) -> u64 {
        let are_new = products
            .iter()
            .map(|it| u64::from(self.add_one(&it.id, &it.handle)));
        are_new.sum()
    }

    pub(crate) fn add_one(&mut self, id: &ProductId, handle: &str) -> bool {
        if let Some(handles) = &mut self.handles {
            handles.insert(self.hasher.hash_one(handle));
        }
        self.ids.insert(id.native.to_u64())
    }

    pub(crate) fn has(&self, product: &Product) -> bool {
        self.ids.contains(&product.id.native.to_u64())
    }

    /// Returns whether a product of this handle was met; [`Pass::know_all_handles`] comes before.
    pub(crate) fn has_handle(&self, handle: &str) -> bool {
        let number = self.number_of(handle);
        (self.handles.as_ref()).is_some_and(|it| it.contains(&number))
    }

    /// Returns the number that stands for a handle in this pass.
    pub(crate) fn number_of(&self, handle: &str) -> u64 {
        self.hasher.hash_one(handle)
    }

    /// Returns how many products the pass has met.
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }
}

impl Ended {
    /// Returns the end that `outcome` is, in its own words.
    pub(crate) fn by(outcome: Outcome) -> Self {
        let detail = outcome.reason().map(|it| it.detail.clone());
        Self {
            end: end_of(&outcome),
            outcome,
            detail: detail.unwrap_or_default(),
        }
    }

    /// Returns the natural end of a route on which everything was read.
    pub(crate) fn complete(end: RouteEnd) -> Self {
        Self {
            end,
            outcome: Outcome::Complete,
            detail: String::new(),
        }
    }

    /// Tells `what` too.
    pub(crate) fn tell_last(&mut self, what: &str) {
        append(&mut self.detail, what);
    }

    /// Tells `what` too, unless the detail has to say why the route is not complete.
    pub(crate) fn tell_first(&mut self, what: &str) {
        if self.detail.is_empty() {
            what.clone_into(&mut self.detail);
        } else if self.outcome == Outcome::Complete {
            self.detail = format!("{what}; {}", self.detail);
        }
    }
}

impl Ended {
    /// Returns the end of a route that was read whole and may not be all that the shop has.
    pub(crate) fn not_all(detail: String) -> Self {
        Self {
            end: RouteEnd::Exhausted,
            outcome: Outcome::Partial(Reason::new(Stop::Wall, detail.clone())),
            detail,
        }
    }
}

/// Adds `what` to what a route already tells.
fn append(detail: &mut String, what: &str) {
    if !detail.is_empty() {
        detail.push_str("; ");
    }
    detail.push_str(what);
}

/// Returns the checkpoint behind page `number` of the pass, at a place of a route.
pub(crate) const fn behind(number: u32, route: Route, part: u32, item: u32) -> Checkpoint {
    Checkpoint {
        next_page: number + 1,
        place: Place { route, part, item },
    }
}
