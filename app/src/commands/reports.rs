//! What `crawl`, `import` and `demo` say when they are done: one line per shop.

use anyhow::Result;
use catalog::{
    CrawlCounts, CrawlKey, CrawlReport, Currency, Outcome, PassNotes, Reason, Route, RouteEnd,
    RouteUse, Shop, Stop, Store, StoreError,
};
use crawler::CrawlError;

use crate::App;
use crate::output::{self, grouped, shortened};
use crate::owner;

/// Prints the records of some passes, as a table or as JSON.
pub(super) fn print(reports: &[CrawlReport], app: &App) -> Result<()> {
    if app.global.json {
        return output::print_json(&reports);
    }
    output::print(&table(reports))?;
    for report in reports {
        let reason = report.outcome.as_ref().and_then(Outcome::reason);
        let mut lines: Vec<String> = reason
            .map(|it| output::printable(&it.detail))
            .into_iter()
            .chain(told(&report.notes, report.currency))
            .collect();
        // A list that failed may tell the pass's own reason.
        lines.dedup();
        for line in lines {
            output::print(&format!("{}: {line}", report.key.shop.shown()))?;
        }
    }
    Ok(())
}

/// Returns what a pass tells of itself that is out of the ordinary, in lines.
fn told(notes: &PassNotes, currency: Currency) -> Vec<String> {
    let mut lines = Vec::new();
    let routes = &notes.routes;
    if routes.iter().any(|it| it.route != Route::List) {
        let routes: Vec<_> = routes.iter().map(route_words).collect();
        lines.push(routes.join(", then "));
    } else if let [list] = routes.as_slice()
        && !list.detail.is_empty()
    {
        // Such as that it was read at another address.
        lines.push(output::printable(&list.detail));
    }
    if let Some(before) = notes.currency_before {
        lines.push(format!(
            "the shop's currency was {before} and is now {currency}: prices of both are not compared"
        ));
    }
    if let Some(traffic) = notes.traffic.filter(|it| it.refusals > 0) {
        let pace = traffic.gap_ms.filter(|gap| *gap > 0).map(|gap_ms| {
            let rate = 1_000.0 / gap_ms as f64;
            format!("; it takes about {rate:.2} a second")
        });
        lines.push(format!(
            "{} of {} were refused as too many{}",
            grouped(traffic.refusals),
            output::counted(traffic.requests, "request"),
            pace.unwrap_or_default(),
        ));
    }
    if let Some(asked_ms) = notes.traffic.and_then(|it| it.asked_gap_ms) {
        lines.push(format!(
            "robots.txt asks for {:.0} s between requests (Crawl-delay), longer than is kept",
            asked_ms as f64 / 1_000.0
        ));
    }
    if let Some(n_bytes) = notes.traffic.and_then(|it| it.robots_bytes) {
        lines.push(format!(
            "robots.txt has {} bytes, more than count of one (RFC 9309): rules at its end are not known",
            grouped(n_bytes)
        ));
    }
    lines
}

/// Returns `25,000 products by list (wall)`.
fn route_words(used: &RouteUse) -> String {
    let products = output::counted(used.products, "product");
    let name = used.route.name();
    let end = used.end.map_or("under way", RouteEnd::name);
    match used.detail.as_str() {
        "" => format!("{products} by {name} ({end})"),
        detail => format!(
            "{products} by {name} ({end}: {})",
            output::printable(detail)
        ),
    }
}

/// Returns a table with one line per pass.
pub(super) fn table(reports: &[CrawlReport]) -> String {
    let header = [
        "shop", "outcome", "pages", "products", "new", "changed", "back", "gone", "problems",
        "currency",
    ];
    let rows = reports.iter().map(|report| {
        let counts = &report.counts;
        let currency = match report.currency.is_known() {
            true => report.currency.to_string(),
            false => "unknown".to_owned(),
        };
        [
            shortened(&report.key.shop.shown(), 40),
            outcome_words(report.outcome.as_ref()),
            grouped(counts.pages),
            grouped(counts.products),
            grouped(counts.new),
            grouped(counts.changed),
            grouped(counts.back),
            grouped(counts.gone),
            grouped(counts.problems),
            currency,
        ]
    });
    output::table(header, &[2, 3, 4, 5, 6, 7, 8], rows.collect())
}

/// Returns the record of a pass that has none in the store.
pub(super) fn unstored(shop: &Shop, outcome: Outcome, app: &App) -> CrawlReport {
    let now = app.clock.now();
    CrawlReport {
        key: CrawlKey {
            shop: shop.key.clone(),
            n: 0,
        },
        outcome: Some(outcome),
        counts: CrawlCounts::default(),
        currency: shop.currency,
        currency_source: shop.currency_source,
        started_at: now,
        finished_at: Some(now),
        checkpoint: None,
        notes: catalog::PassNotes::default(),
    }
}

/// Returns how a shop ended whose crawl the store has no end of.
pub(super) fn outcome_of(error: &CrawlError) -> Outcome {
    match error {
        CrawlError::Interrupted { .. } => {
            Outcome::Partial(Reason::new(Stop::Interrupted, error.to_string()))
        }
        CrawlError::Held {
            shop,
            holder,
            waited,
        } => {
            let detail = format!(
                "{} is still being crawled by {} after {} s of waiting",
                shop.shown(),
                owner::shown(&holder.owner),
                waited.as_secs(),
            );
            Outcome::Failed(Reason::new(Stop::Superseded, detail))
        }
        CrawlError::Store(StoreError::Fenced { .. }) => {
            Outcome::Failed(Reason::new(Stop::Superseded, error.to_string()))
        }
        CrawlError::Store(_) => Outcome::Failed(Reason::new(Stop::Store, error.to_string())),
    }
}

pub(super) const SAME_COMMAND: &str = "run the same command again to go on";

/// Says where the data went, if there is any, and `going_on`, how an interrupted command goes on.
pub(super) fn note_store(reports: &[CrawlReport], store: &dyn Store, going_on: &str, app: &App) {
    if reports.iter().any(|report| report.counts.pages > 0) {
        app.screen.note(&format!("stored in {}", store.location()));
    }
    if app.cancel.is_cancelled() {
        let is_done = |it: &CrawlReport| it.outcome.as_ref().is_some_and(Outcome::is_done);
        app.screen.note(&match reports.iter().all(is_done) {
            true => "interrupted when all shops were done".to_owned(),
            false => format!("interrupted: {going_on}"),
        });
    }
}

/// Returns `complete`, `partial (wall)`, or `unfinished` for a pass without an end.
pub(super) fn outcome_words(outcome: Option<&Outcome>) -> String {
    match outcome {
        None => "unfinished".to_owned(),
        Some(outcome) => match outcome.reason() {
            None => outcome.word().to_owned(),
            Some(reason) => format!("{} ({})", outcome.word(), reason.stop.name()),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use catalog::{LeaseHolder, ShopKey, Traffic, UnixMs};

    use super::*;

    #[test]
    fn a_pass_tells_its_routes_and_refusals_where_they_are_out_of_the_ordinary() {
        let used = |route, products, end, detail: &str| RouteUse {
            route,
            products,
            end: Some(end),
            detail: detail.to_owned(),
        };
        let mut notes = PassNotes {
            routes: vec![used(Route::List, 25_000, RouteEnd::Wall, "")],
            traffic: Some(Traffic {
                requests: 240,
                gap_ms: Some(500),
                ..Traffic::default()
            }),
            ..PassNotes::default()
        };
        let euro = Currency::parse("EUR").unwrap();
        assert!(told(&notes, euro).is_empty());
        let moved = PassNotes {
            routes: vec![used(
                Route::List,
                9,
                RouteEnd::Exhausted,
                "the shop has moved to https://new.example",
            )],
            currency_before: Some(Currency::parse("GBP").unwrap()),
            ..PassNotes::default()
        };
        assert_eq!(
            told(&moved, euro),
            [
                "the shop has moved to https://new.example",
                "the shop's currency was GBP and is now EUR: prices of both are not compared",
            ]
        );
        notes.routes.push(used(
            Route::Collections,
            1,
            RouteEnd::Exhausted,
            "3 collections",
        ));
        if let Some(traffic) = &mut notes.traffic {
            traffic.refusals = 12;
        }
        assert_eq!(
            told(&notes, euro),
            [
                "25,000 products by list (wall), then 1 product by collections (exhausted: 3 collections)",
                "12 of 240 requests were refused as too many; it takes about 2.00 a second",
            ]
        );
    }

    #[test]
    fn a_crawl_that_had_no_turn_says_who_had_it() {
        let shop: ShopKey = "shop.example".parse().unwrap();
        let holder = LeaseHolder {
            owner: "north/12/3456/0/pid:[1]/boot/9".to_owned(),
            expires_at: UnixMs::new(0),
            remaining_ms: 0,
        };
        let waited = Duration::from_secs(90);
        let held = CrawlError::Held {
            shop: shop.clone(),
            holder,
            waited,
        };
        let told = "failed (superseded): shop.example is still being crawled by process 12 on north \
                    after 90 s of waiting";
        assert_eq!(outcome_of(&held).to_string(), told);
        let fenced = CrawlError::Store(StoreError::Fenced { shop: shop.clone() });
        let told = "failed (superseded): another crawl of shop.example took over, or the shop was paused or \
                    forgotten meanwhile; `trouvaille shops list` tells";
        assert_eq!(outcome_of(&fenced).to_string(), told);
        let interrupted = outcome_of(&CrawlError::Interrupted { shop });
        assert_eq!(outcome_words(Some(&interrupted)), "partial (interrupted)");
    }
}
