//! What both databases decide in the same way of a pass: which one goes on, and what one shows to be gone.

use std::collections::BTreeMap;

use catalog::{CrawlReport, PassNotes, ProblemKind, Reason, Shop, Start, Stop, UnixMs};

/// Problems kept of one pass; all are counted.
pub(crate) const MAX_PROBLEMS: u32 = 1000;

/// How long a robots.txt is kept: a day, after which nobody may use it (RFC 9309, 2.4).
pub(crate) const ROBOTS_KEPT_MS: i64 = 86_400_000;

/// How long is remembered what a host taught: a month.
pub(crate) const HOSTS_KEPT_MS: i64 = 30 * 86_400_000;

/// How long after a pass that lost over half of a shop another one must begin to confirm it.
const CONFIRMED_AFTER_MS: i64 = 12 * 3_600_000;

/// The most passes before one that are asked whether they confirm it.
pub(crate) const MOST_DOUBTED: usize = 1_000;

/// More routes than any pass takes.
const MAX_ROUTES: usize = 32;

/// The most bytes of a detail: details have words of strangers in them.
const MAX_DETAIL_BYTES: usize = 1_000;

/// Returns what is stored of what a pass tells of itself.
pub(crate) fn bounded_notes(notes: &PassNotes) -> PassNotes {
    let cut = |detail: &mut String| detail.truncate(detail.floor_char_boundary(MAX_DETAIL_BYTES));
    let mut notes = notes.clone();
    notes.routes.truncate(MAX_ROUTES);
    for route in &mut notes.routes {
        cut(&mut route.detail);
    }
    if let Some(popularity) = &mut notes.popularity {
        cut(&mut popularity.detail);
    }
    notes
}

/// Returns how many products the answer listed of which a page's row tells what could be read, and the problems.
pub(crate) fn n_listed(n_products: u64, problems: &BTreeMap<ProblemKind, u64>) -> u64 {
    let not_read = [ProblemKind::ProductRefused, ProblemKind::Duplicate];
    n_products
        + not_read
            .iter()
            .filter_map(|kind| problems.get(kind))
            .sum::<u64>()
}

/// Returns whether a new crawl goes on with `pass`.
pub(crate) fn goes_on(pass: &CrawlReport, shop: &Shop, start: Start, now: UnixMs) -> bool {
    let Start::Resume { max_age_ms } = start else {
        return false;
    };
    let can_go_on = pass.outcome.as_ref().is_none_or(|outcome| {
        let reason = outcome.reason();
        reason.is_some_and(|reason| reason.stop.is_resumable())
    });
    // What was read in another currency must be read anew.
    let is_another_currency = pass.currency.is_known() && pass.currency != shop.currency;
    can_go_on && !is_another_currency && now.ms().saturating_sub(pass.started_at.ms()) <= max_age_ms
}

/// What a pass that read everything found, beside what was known.
pub(crate) struct Found {
    pub(crate) began_at: UnixMs,
    pub(crate) n_pages: u64,
    /// As records count: a product on two pages counts twice.
    pub(crate) n_products: u64,
    /// Products that could not be read, so that they may be there.
    pub(crate) n_refused: u64,
    /// As many as the shop says that it has; 0 where it does not.
    pub(crate) n_stated: u64,
    /// Products known and not gone before the pass.
    pub(crate) n_known: u64,
    /// Those of them that it did not find.
    pub(crate) n_missing: u64,
}

/// An earlier pass that read everything and was too small to be believed.
pub(crate) struct Doubted {
    pub(crate) ended_at: UnixMs,
    pub(crate) n_products: u64,
}

impl Found {
    /// Returns whether the pass alone is too small to be believed. A list that is empty, and of which nothing was known, is
    /// not.
    ///
    /// A product leaves the known ones when a pass ends only, so what is missing now was known before the pass.
    pub(crate) const fn is_doubtful(&self) -> bool {
        let is_unread = self.n_pages == 0 || (self.n_products == 0 && self.n_refused > 0);
        // The shop itself says that its list is not all.
        let n_listed = self.n_products + self.n_refused;
        let is_contradicted = n_listed < self.n_stated - self.n_stated / 10;
        let most = if is_contradicted { 10 } else { 2 };
        is_unread || self.n_missing.saturating_mul(most) > self.n_known
    }

    /// Returns why a doubtful pass that ends `now` is not believed; `None` if passes before it, the newest first, were as
    /// small for long enough: no outage of a list is. Products that may be there and could not be read are never missed.
    pub(crate) fn doubt(&self, before: &[Doubted], now: UnixMs) -> Option<Reason> {
        let (known, refused) = (self.n_known, self.n_refused);
        let found = match known.saturating_sub(self.n_missing) {
            _ if self.n_pages == 0 => "stored no page".to_owned(),
            0 if known == 0 => "found no products".to_owned(),
            0 if self.n_products == 0 => format!("found no products, where {known} were known"),
            n_found => format!("found {n_found} of {known} known products"),
        };
        let shrunk = |detail: String| Some(Reason::new(Stop::Shrunk, detail));
        if self.n_pages == 0 {
            return shrunk(format!("{found}; nothing is taken as gone"));
        }
        if refused >= self.n_missing {
            return shrunk(format!(
                "{found}, and {refused} could not be read; nothing is taken as gone"
            ));
        }
        let alike = before.iter().take_while(|it| self.is_like(it));
        let seen_at = alike.last().map_or(now, |first| first.ended_at);
        let believed_from = seen_at.ms().saturating_add(CONFIRMED_AFTER_MS);
        if self.began_at.ms() >= believed_from {
            return None;
        }
        // Up to a whole second.
        let from = UnixMs::new(believed_from.saturating_add(999).div_euclid(1_000) * 1_000);
        shrunk(format!(
            "{found}; nothing is taken as gone unless a crawl from {from} on finds about as many"
        ))
    }

    /// Returns the most products of a pass that is like this one.
    pub(crate) const fn most_alike(&self) -> u64 {
        self.n_products.saturating_mul(10).div_ceil(9)
    }

    /// Returns whether `other` found as many products, give or take a tenth.
    fn is_like(&self, other: &Doubted) -> bool {
        let most = self.n_products.max(other.n_products);
        self.n_products.abs_diff(other.n_products) <= most / 10
    }
}
