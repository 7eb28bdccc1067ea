//! When a shop is worth another crawl: how often its products were seen to change decides. No I/O, no clock.

use std::time::Duration;

use catalog::{CrawlReport, Outcome, Route, RouteUse, UnixMs};

/// How much a pair of passes counts against the next newer one: shops change their ways.
const FADE: f64 = 0.8;

const HOUR_MS: f64 = 3_600_000.0;

/// The bounds of the time between two crawls of a shop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RecrawlTerms {
    /// The time for a shop whose changes are not known yet.
    pub first: Duration,
    /// The least time.
    pub least: Duration,
    /// The greatest time.
    pub most: Duration,
    /// The share of a shop's products, above 0 and below 1, that may have changed unseen when it is crawled again.
    pub stale_share: f64,
}

/// Returns how long after the start of its last complete pass a shop is due, from its passes in any order.
///
/// Each pair of successive complete passes tells how many of `n` products changed, X, in the time between them, t.
/// A change is one new, changed, back or gone product. If each product changes at random with the rate λ, the
/// estimator of Cho and Garcia-Molina (Estimating frequency of change, 2003) for it is -ln((n - X + 0.5) / (n + 0.5)) / t,
/// which stays finite where all changed, and is above 0 where none did. Pairs are added up, newer ones with more weight.
/// The interval is that in which the share `stale_share` changes: -ln(1 - share) / λ, within the bounds.
///
/// A pass that was made less than a tenth of the least time after the one before tells little and is passed over. So does
/// one in which the shop's lists closed, or opened: single products say less than lists do, and count as changed then.
pub fn recrawl_after(passes: &[CrawlReport], terms: &RecrawlTerms) -> Duration {
    let mut complete: Vec<&CrawlReport> = passes
        .iter()
        .filter(|pass| pass.outcome == Some(Outcome::Complete))
        .collect();
    complete.sort_by_key(|pass| (pass.started_at, pass.key.n));
    let least_hours = terms.least.as_secs_f64() / 3_600.0 / 10.0;
    let (mut changes, mut hours) = (0.0, 0.0);
    let mut before: Option<&CrawlReport> = None;
    for pass in complete {
        let Some(earlier) = before.replace(pass) else {
            continue;
        };
        let between = hours_between(earlier.started_at, pass.started_at);
        if between <= 0.0 || between < least_hours {
            before = Some(earlier);
            continue;
        }
        if shows_a_list(earlier) != shows_a_list(pass) {
            continue;
        }
        changes = FADE * changes + changes_per_product(pass);
        hours = FADE * hours + between;
    }
    if hours <= 0.0 {
        return terms.first.clamp(terms.least, terms.most);
    }
    let rate = changes / hours;
    let wanted = -(1.0 - terms.stale_share).ln() / rate * 3_600.0;
    let bounded = wanted.clamp(terms.least.as_secs_f64(), terms.most.as_secs_f64());
    Duration::from_secs_f64(bounded)
}

/// Returns whether lists of whole products showed the shop, which say what can be bought.
fn shows_a_list(pass: &CrawlReport) -> bool {
    let is_list = |it: &RouteUse| match it.route {
        Route::List | Route::Myshopify | Route::Collections => it.products > 0,
        Route::Atom | Route::Sitemap => false,
    };
    let routes = &pass.notes.routes;
    routes.is_empty() || routes.iter().any(is_list)
}

/// Returns the expected number of changes of one product between a pass and the one before.
fn changes_per_product(pass: &CrawlReport) -> f64 {
    let counts = &pass.counts;
    let n_products = (counts.products + counts.gone) as f64;
    let n_changed = (counts.new + counts.changed + counts.back + counts.gone) as f64;
    let n_same = (n_products - n_changed).max(0.0);
    -((n_same + 0.5) / (n_products + 0.5)).ln()
}

fn hours_between(one: UnixMs, other: UnixMs) -> f64 {
    other.ms().saturating_sub(one.ms()) as f64 / HOUR_MS
}

#[cfg(test)]
mod tests {
    use catalog::{CrawlCounts, CrawlKey, Currency, CurrencySource, PassNotes, Reason, Stop};

    use super::*;

    const TERMS: RecrawlTerms = RecrawlTerms {
        first: Duration::from_secs(24 * 3_600),
        least: Duration::from_secs(6 * 3_600),
        most: Duration::from_secs(168 * 3_600),
        stale_share: 0.05,
    };

    /// Returns a complete pass over 1,000 products.
    fn pass(hour: i64, changed: u64) -> CrawlReport {
        CrawlReport {
            key: CrawlKey {
                shop: "shop.example".parse().unwrap(),
                n: 1,
            },
            outcome: Some(Outcome::Complete),
            counts: CrawlCounts {
                products: 1_000,
                changed,
                ..CrawlCounts::default()
            },
            currency: Currency::UNKNOWN,
            currency_source: CurrencySource::Unknown,
            started_at: UnixMs::new(hour * 3_600_000),
            finished_at: None,
            checkpoint: None,
            notes: PassNotes::default(),
        }
    }

    fn after(passes: &[CrawlReport]) -> Duration {
        recrawl_after(passes, &TERMS)
    }

    fn hours(passes: &[CrawlReport]) -> f64 {
        after(passes).as_secs_f64() / 3_600.0
    }

    #[test]
    fn a_shop_that_is_hardly_known_has_the_first_interval() {
        assert_eq!(after(&[]), TERMS.first);
        assert_eq!(after(&[pass(0, 1_000)]), TERMS.first);
        let cut_off = CrawlReport {
            outcome: Some(Outcome::Partial(Reason::new(Stop::Interrupted, ""))),
            ..pass(48, 10)
        };
        assert_eq!(after(&[pass(0, 0), cut_off]), TERMS.first);
    }

    #[test]
    fn the_interval_is_that_in_which_the_allowed_share_changes() {
        // By hand: -ln(950.5 / 1000.5) / 24 h = 0.0021361 per hour; -ln(0.95) / 0.0021361 = 24.012 h.
        let found = hours(&[pass(24, 50), pass(0, 1_000)]);
        assert!((found - 24.012).abs() < 0.01, "{found}");
        // Half as many changes, about twice the time: -ln(975.5 / 1000.5) / 24 = 0.0010544; 48.65 h.
        let found = hours(&[pass(0, 1_000), pass(24, 25)]);
        assert!((found - 48.65).abs() < 0.01, "{found}");
    }

    #[test]
    fn the_interval_stays_within_its_bounds() {
        assert_eq!(after(&[pass(0, 0), pass(24, 1_000)]), TERMS.least);
        assert_eq!(after(&[pass(0, 0), pass(24, 0)]), TERMS.most);
    }

    #[test]
    fn newer_passes_count_for_more() {
        let calm_now = hours(&[pass(0, 0), pass(24, 200), pass(48, 10)]);
        let busy_now = hours(&[pass(0, 0), pass(24, 10), pass(48, 200)]);
        assert!(busy_now < calm_now, "{busy_now} {calm_now}");
    }

    #[test]
    fn a_pass_right_behind_another_tells_nothing() {
        let twice = [pass(0, 0), pass(24, 50), pass(24, 0)];
        assert_eq!(after(&twice), after(&[pass(0, 0), pass(24, 50)]));
    }

    #[test]
    fn a_list_that_is_closed_for_a_while_does_not_make_its_shop_a_busy_one() {
        let by = |route, pass: CrawlReport| {
            let used = |route, products| RouteUse {
                route,
                products,
                end: None,
                detail: String::new(),
            };
            let routes = vec![used(Route::List, 0), used(route, 1_000)];
            let notes = PassNotes {
                routes,
                ..PassNotes::default()
            };
            CrawlReport { notes, ..pass }
        };
        let closed = [
            pass(0, 0),
            pass(24, 50),
            by(Route::Sitemap, pass(48, 1_000)),
            by(Route::Sitemap, pass(72, 50)),
            by(Route::List, pass(96, 1_000)),
        ];
        assert_eq!(after(&closed), after(&[pass(0, 0), pass(24, 50)]));
        // Behind the wall the list shows its part of the shop all the time.
        let busy = |route| {
            let mut it = by(route, pass(24, 500));
            it.notes.routes[0].products = 600;
            it
        };
        let walled = [Route::Sitemap, Route::Collections].map(|it| after(&[pass(0, 0), busy(it)]));
        assert_eq!(walled, [after(&[pass(0, 0), pass(24, 500)]); 2]);
    }
}
