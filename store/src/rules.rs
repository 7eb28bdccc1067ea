//! What both databases decide in the same way: which pass goes on, what a pass shows to be gone, what a change is.

use std::collections::{BTreeMap, HashMap, HashSet};

use catalog::{
    CrawlReport, Offer, PassNotes, ProblemKind, Product, Reason, Shop, Start, Stop, UnixMs, Variant,
};

/// Problems kept of one pass; all are counted.
pub(crate) const MAX_PROBLEMS: u32 = 1000;

/// How long a robots.txt is kept: a day, after which nobody may use it (RFC 9309, 2.4).
pub(crate) const ROBOTS_KEPT_MS: i64 = 86_400_000;

/// How long is remembered what a host taught: a month.
pub(crate) const HOSTS_KEPT_MS: i64 = 30 * 86_400_000;

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

/// Returns why a pass that read everything is too small to be believed; `None` if it is not.
///
/// A product leaves the known ones when a pass ends only, so what is missing now was known before the pass.
pub(crate) fn shrunk(n_known: u64, n_missing: u64, found_nothing: bool) -> Option<Reason> {
    let detail = match (found_nothing, n_known) {
        (false, _) if n_missing.saturating_mul(2) <= n_known => return None,
        (true, 0) => "found no products".to_owned(),
        (true, _) => {
            format!("found no products, where {n_known} were known; nothing is taken as gone")
        }
        (false, _) => {
            let n_found = n_known.saturating_sub(n_missing);
            format!("found {n_found} of {n_known} known products; nothing is taken as gone")
        }
    };
    Some(Reason::new(Stop::Shrunk, detail))
}

/// Returns what the product as a whole offers: its least price, and whether some variant is available.
pub(crate) fn whole_offer(product: &Product) -> Offer {
    Offer {
        price: product.price_range().map(|(least, _)| least),
        compare_at: None,
        available: Some(product.in_stock()),
    }
}

/// A variant's id, and what it offered before and offers now.
pub(crate) type ChangedOffer<'a> = (&'a str, Option<Offer>, Option<Offer>);

/// Returns the variants whose offers differ: those of `new` in their order, then those that disappeared.
///
/// Of variants that share an id, which no platform should send, the first counts.
pub(crate) fn changed_offers<'a>(old: &'a [Variant], new: &'a [Variant]) -> Vec<ChangedOffer<'a>> {
    let mut before: HashMap<&str, Offer> = HashMap::with_capacity(old.len());
    for variant in old {
        before
            .entry(&variant.id)
            .or_insert_with(|| Offer::of(variant));
    }
    let mut handled = HashSet::with_capacity(new.len());
    let mut changes = Vec::new();
    for variant in new {
        if !handled.insert(variant.id.as_str()) {
            continue;
        }
        let (before, after) = (before.get(variant.id.as_str()), Offer::of(variant));
        if before.is_none_or(|before| !before.same(&after)) {
            changes.push((variant.id.as_str(), before.copied(), Some(after)));
        }
    }
    for variant in old {
        if handled.insert(&variant.id) {
            changes.push((&variant.id, Some(Offer::of(variant)), None));
        }
    }
    changes
}
