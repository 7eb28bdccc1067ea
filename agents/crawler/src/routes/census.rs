//! What a shop's sitemap names: every product by its handle, and when it changed last.
//!
//! Shopify makes the sitemap itself, in files that are ranges of product ids, so it names all products, however many the
//! list shows. It tells when a pass is complete, and which products need not be read again.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use catalog::{
    CrawlReport, Outcome, ProductFilter, ProductId, Reason, Route, Stop, StoreError, UnixMs,
};
use url::Url;

use super::{at, ends_pass};
use crate::outcome::{check_status, outcome_of_read};
use crate::pass::{Ended, NewPage, Pass, Seen, behind};
use crate::platforms::shopify::{product_files, product_handle};
use crate::platforms::sitemap::{Listed, read_sitemap, sitemaps_of_robots};

/// The most products that are kept in mind; 60 bytes each.
const MAX_NAMED: usize = 500_000;

/// The most bytes of their handles.
const MAX_HANDLE_BYTES: usize = 24 << 20;

/// Longer handles are none: Shopify's have at most 255 letters.
const MAX_HANDLE: usize = 1_100;

/// The most files of a sitemap: Shopify has some 2,500 products in each.
const MAX_FILES: usize = 1_000;

/// How deep an index may stand in an index.
const MAX_DEPTH: u32 = 3;

/// Products that one page marks as present.
const PRESENT_PER_PAGE: usize = 2_000;

/// Rows that one look into the store reads.
const ROWS: usize = 1_000;

/// What changed so shortly before a pass may not have been in its answers: sitemaps and pages are cached, and the shop's
/// clock is not ours.
const MARGIN_MS: i64 = 24 * 3_600_000;

/// What stands for a handle that the pass has met already.
const MET: u32 = u32::MAX;

/// What a sitemap names, and what of it the pass has not met yet.
#[derive(Default)]
pub(super) struct Census {
    /// The handles, one behind the other.
    text: String,
    named: Vec<Named>,
    /// By the number of a handle, its place in `named`.
    places: HashMap<u64, u32>,
    n_pending: usize,
    /// Whether everything that the sitemap names is here.
    pub(super) is_whole: bool,
}

struct Named {
    start: u32,
    len: u16,
    is_met: bool,
    /// Seconds; 0 where unknown.
    lastmod: u32,
}

/// Where the reading of a sitemap stands.
struct Walk {
    census: Census,
    /// The files still to be read, with their depth; the next one last.
    files: Vec<(Url, u32)>,
    known: HashSet<Url>,
    first_error: Option<Outcome>,
}

impl Pass<'_> {
    /// Reads the sitemap of the shop at `base`. The inner error is why there is none to use.
    pub(super) async fn census(
        &mut self,
        base: &Url,
    ) -> Result<Result<Census, Outcome>, StoreError> {
        self.know_all_handles().await?;
        let mut walk = Walk {
            census: Census {
                is_whole: true,
                ..Census::default()
            },
            files: Vec::new(),
            known: HashSet::new(),
            first_error: None,
        };
        walk.add(self.first_sitemaps(base).await?, 0);
        while let Some((file, depth)) = walk.files.pop() {
            if let Err(outcome) = self.read_file(base, &file, depth, &mut walk).await {
                if ends_pass(&outcome) {
                    return Ok(Err(outcome));
                }
                walk.census.is_whole = false;
                walk.first_error.get_or_insert(outcome);
            }
        }
        if walk.census.n_named() == 0 {
            return Ok(Err(walk.first_error.unwrap_or_else(|| {
                let detail = "the sitemap names no products";
                Outcome::Failed(Reason::new(Stop::NotShopify, detail))
            })));
        }
        Ok(Ok(walk.census))
    }

    /// Returns the addresses that robots.txt names, or else the usual one.
    async fn first_sitemaps(&self, base: &Url) -> Result<Vec<Url>, StoreError> {
        let origin = base.origin().ascii_serialization();
        let robots = self.crawl.store.robots(&origin, UnixMs::new(0)).await?;
        let named = robots.map_or_else(Vec::new, |it| sitemaps_of_robots(&it.body));
        let mut named: Vec<Url> = named.iter().map(|it| moved(base, it)).collect();
        if named.is_empty() {
            named.push(at(base, "/sitemap.xml"));
        }
        Ok(named)
    }

    async fn read_file(
        &self,
        base: &Url,
        file: &Url,
        depth: u32,
        walk: &mut Walk,
    ) -> Result<(), Outcome> {
        let response = self.ask_beside(file).await?;
        check_status(&response, 1, false)?;
        let mut files: Vec<Url> = Vec::new();
        let mut is_cut = false;
        let mut is_readable = true;
        let census = &mut walk.census;
        let read = read_sitemap(&response.body, &mut |entry| {
            // Sitemaps are to name whole addresses. Some name paths.
            let Ok(url) = response.url.join(entry.loc) else {
                is_readable = false;
                return true;
            };
            match entry.listed {
                Listed::Pages => census.add(&url, entry.lastmod, &self.seen),
                Listed::Files => {
                    files.push(moved(base, &url));
                    is_cut = files.len() == 4 * MAX_FILES;
                    !is_cut
                }
            }
        });
        walk.census.is_whole &= !is_cut && is_readable;
        if depth < MAX_DEPTH {
            walk.add(product_files(files), depth + 1);
        } else if !files.is_empty() {
            walk.census.is_whole = false;
        }
        read.map(drop)
            .map_err(|error| outcome_of_read(&error, &response, 1))
    }

    /// Stores, as there and unchanged, what the shop's last complete pass knew and the sitemap says did not change since
    /// that began. Returns the end of a pass that was asked not to go so far.
    ///
    /// Nothing is taken as unchanged by a fresh start, where the currency is another one now, or where everything is to be read
    /// once again.
    pub(super) async fn mark_present(
        &mut self,
        census: &mut Census,
        next_route: Route,
    ) -> Result<Option<Ended>, StoreError> {
        let Some(since) = self.last_complete().await? else {
            return Ok(None);
        };
        let filter = ProductFilter {
            shops: vec![self.begun.shop.key.clone()],
            ..ProductFilter::default()
        };
        let mut after: Option<ProductId> = None;
        let mut present = Vec::new();
        loop {
            let store = self.crawl.store;
            let rows = store.products(&filter, after.as_ref(), ROWS).await?;
            let is_last = rows.len() < ROWS;
            after = rows.last().map(|row| row.id.clone());
            for row in rows {
                if census.is_unchanged(&row.handle, since, &self.seen) {
                    census.meet(self.seen.number_of(&row.handle));
                    // As when the pass goes on later: what is marked here is not read and counted a second time.
                    self.seen.add_one(&row.id, &row.handle);
                    present.push(row.id);
                }
            }
            while present.len() >= PRESENT_PER_PAGE || (is_last && !present.is_empty()) {
                if let Some(ended) = self.over_budget(self.next_page) {
                    return Ok(Some(ended));
                }
                self.begin_route(Route::Sitemap).await?;
                let n_taken = present.len().min(PRESENT_PER_PAGE);
                let taken: Vec<ProductId> = present.drain(..n_taken).collect();
                self.store_present(taken, next_route).await?;
            }
            if is_last {
                return Ok(None);
            }
        }
    }

    async fn store_present(
        &mut self,
        present: Vec<ProductId>,
        next_route: Route,
    ) -> Result<(), StoreError> {
        let number = self.next_page;
        self.n_unchanged += present.len() as u64;
        let new = NewPage {
            present,
            next: Some(behind(number, next_route, 0, 0)),
            ..NewPage::default()
        };
        self.store(number, new).await
    }

    /// Returns the moment until which the shop's last complete pass knew all changes, if what it knew may be taken as it is.
    async fn last_complete(&self) -> Result<Option<UnixMs>, StoreError> {
        if !self.known.believes_shop() {
            return Ok(None);
        }
        let last = self.crawl.newest_complete(self.begun).await?;
        let same = last.filter(|it| it.currency == self.begun.shop.currency);
        let since = |it: CrawlReport| it.started_at.ms().saturating_sub(MARGIN_MS);
        Ok(same.map(|it| UnixMs::new(since(it))))
    }
}

impl Census {
    /// Adds the product whose page is at `url`; `false` when no more fits.
    fn add(&mut self, url: &Url, lastmod: Option<UnixMs>, seen: &Seen) -> bool {
        match product_handle(url.as_str()) {
            Some(handle) => self.name(&handle, lastmod, seen),
            None => true,
        }
    }

    /// Adds a product that changed last at `lastmod`, as far as that is known; `false` when no more fits.
    pub(super) fn name(&mut self, handle: &str, lastmod: Option<UnixMs>, seen: &Seen) -> bool {
        if handle.len() > MAX_HANDLE {
            return true;
        }
        let number = seen.number_of(handle);
        if self.places.contains_key(&number) {
            return true;
        }
        let has_room = self.text.len() + handle.len() <= MAX_HANDLE_BYTES;
        if self.places.len() == MAX_NAMED || !has_room {
            self.is_whole = false;
            return false;
        }
        if seen.has_handle(handle) {
            self.places.insert(number, MET);
            return true;
        }
        // Nothing was changed in 1970: who says so has no date.
        let seconds = lastmod.map(|it| it.ms().div_euclid(1_000));
        let seconds = seconds.filter(|it| *it > 0);
        self.places.insert(number, self.named.len() as u32);
        self.named.push(Named {
            start: self.text.len() as u32,
            len: handle.len() as u16,
            is_met: false,
            // Up, so that a change within the second before a reading is not taken for one before it.
            lastmod: seconds.map_or(0, |it| u32::try_from(it + 1).unwrap_or(0)),
        });
        self.text.push_str(handle);
        self.n_pending += 1;
        true
    }

    /// Notes that a product was met, or is none, by the number of its handle.
    pub(super) fn meet(&mut self, number: u64) {
        let Some(place) = self.places.get(&number) else {
            return;
        };
        if let Some(named) = self.named.get_mut(*place as usize)
            && !named.is_met
        {
            named.is_met = true;
            self.n_pending -= 1;
        }
    }

    /// Notes what the pass has met by now.
    pub(super) fn meet_all(&mut self, seen: &Seen) {
        for place in self.pending() {
            let handle = self.handle(place);
            if seen.has_handle(handle) {
                self.meet(seen.number_of(handle));
            }
        }
    }

    /// Returns whether a product is named, by the number of its handle.
    pub(super) fn names(&self, number: u64) -> bool {
        self.places.contains_key(&number)
    }

    /// Returns whether a product is named that was not met and did not change since `since`.
    fn is_unchanged(&self, handle: &str, since: UnixMs, seen: &Seen) -> bool {
        let place = self.places.get(&seen.number_of(handle));
        place
            .and_then(|place| self.named.get(*place as usize))
            .is_some_and(|it| {
                !it.is_met && it.lastmod > 0 && i64::from(it.lastmod) * 1_000 <= since.ms()
            })
    }

    /// Returns the places of the products that were not met, the last changed ones first.
    pub(super) fn pending(&self) -> Vec<u32> {
        let places = 0..self.named.len() as u32;
        let mut pending: Vec<u32> = places.filter(|it| self.is_pending(*it)).collect();
        pending.sort_by_key(|it| Reverse(self.named[*it as usize].lastmod));
        pending
    }

    pub(super) fn is_pending(&self, place: u32) -> bool {
        self.named.get(place as usize).is_some_and(|it| !it.is_met)
    }

    pub(super) fn handle(&self, place: u32) -> &str {
        let Named { start, len, .. } = self.named[place as usize];
        &self.text[start as usize..start as usize + usize::from(len)]
    }

    pub(super) fn n_pending(&self) -> usize {
        self.n_pending
    }

    pub(super) fn n_named(&self) -> usize {
        self.places.len()
    }
}

impl Walk {
    /// Adds files that were not known, to be read in their order.
    fn add(&mut self, files: Vec<Url>, depth: u32) {
        let mut new = Vec::new();
        for file in files {
            if self.known.len() == MAX_FILES {
                self.census.is_whole = false;
                break;
            }
            if self.known.insert(file.clone()) {
                new.push((file, depth));
            }
        }
        self.files.extend(new.into_iter().rev());
    }
}

/// Returns `url` at the host of `base`: shops name their sitemaps by another of their hosts, and nobody makes us ask a
/// stranger's.
fn moved(base: &Url, url: &Url) -> Url {
    let mut moved = base.clone();
    moved.set_path(url.path());
    moved.set_query(url.query());
    moved.set_fragment(None);
    moved
}
