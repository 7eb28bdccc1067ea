//! `trouvaille check`: is everything well, and how would one know?

use anyhow::Result;
use catalog::{CurrencySource, Outcome, Shop, ShopStatus, StoreStats, UnixMs};
use clap::Args;
use crawler::fetch::{Identity, Operator};
use store::OpenMode;

use super::{open_store, reports};
use crate::App;
use crate::config::llm::{BudgetFlags, Llm};
use crate::exit::Exit;
use crate::output::{self, grouped, shortened};
use crate::{owner, presets};

/// How far ahead a time is that no small difference of two clocks explains.
const AHEAD_MS: i64 = 3_600_000;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  trouvaille check
  trouvaille check --json | jq .stats

Tells where the store is, what it holds, how each shop's newest crawl ended, how old the data is, \
which problems were recorded, which language model writes summaries (it is not asked: whether its key is right shows when `trouvaille summarize` does), \
as whom requests are signed, which headers that merchants issued expire within 14 days, and whether the \
configuration is right (it is read first). Paused \
shops need no attention, and neither does a crawl that is under way.

Exit codes: 0 all is well, 1 a shop needs attention or the store can't be used, 2 wrong \
configuration or usage.")]
pub(crate) struct CheckArgs {}

pub(crate) async fn run(_args: &CheckArgs, app: &App) -> Result<Exit> {
    presets::preset(app, None)?;
    let llm = app.config.llm.endpoint()?;
    app.config.llm.limits(BudgetFlags::default())?;
    let identity = app.config.identity.load(app.clock)?;
    let store = open_store(app, OpenMode::Existing).await?;
    let (shops, stats) = (store.shops().await?, store.stats().await?);
    let (notes, mut warnings) = (notes(&shops), warnings(&shops, app.clock.now()));
    let expiring = identity.iter().flat_map(|it| it.expiring());
    warnings.extend(expiring.map(|it| it.to_string()));
    if app.global.json {
        output::print_json(&serde_json::json!({
            "store": store.location(),
            "stats": stats,
            "language_model": llm_json(&llm),
            "identity": identity_json(identity.as_deref()),
            "oldest_data": oldest_data(&shops),
            "shops": shops,
            "notes": notes,
            "warnings": warnings,
        }))?;
    } else {
        output::print(&overview(store.location(), &shops, &stats, app.clock.now()))?;
        output::print(&line("model", &output::printable(&llm_words(&llm))))?;
        output::print(&line("identity", &identity_words(identity.as_deref())))?;
        output::print(&shop_table(&shops, app.clock.now()))?;
        for note in &notes {
            output::print(&output::printable(note))?;
        }
        for warning in &warnings {
            output::print(&format!("attention: {}", output::printable(warning)))?;
        }
        if warnings.is_empty() {
            output::print("all is well")?;
        }
    }
    Ok(if warnings.is_empty() {
        Exit::All
    } else {
        Exit::Nothing
    })
}

fn overview(location: &str, shops: &[ShopStatus], stats: &StoreStats, now: UnixMs) -> String {
    let size = match stats.size_bytes {
        Some(bytes) => format!("{:.1} MB", bytes as f64 / 1e6),
        None if location == ":memory:" => "in memory".to_owned(),
        None => "unknown".to_owned(),
    };
    let problems: Vec<String> = stats
        .problems
        .iter()
        .map(|(kind, n)| format!("{} {}", grouped(*n), kind.name()))
        .collect();
    let oldest =
        oldest_data(shops).map_or("none".to_owned(), |at| format!("{at} ({})", age(at, now)));
    let lines = [
        ("store", location.to_owned()),
        ("size", size),
        ("schema", stats.schema_version.to_string()),
        ("shops", grouped(stats.n_shops)),
        (
            "products",
            format!(
                "{} ({} more are gone)",
                grouped(stats.n_products),
                grouped(stats.n_gone)
            ),
        ),
        ("observations", grouped(stats.n_observations)),
        ("oldest data", oldest),
        (
            "problems",
            if problems.is_empty() {
                "none".to_owned()
            } else {
                format!(
                    "{} (`trouvaille export problems` lists them)",
                    problems.join(", ")
                )
            },
        ),
    ];
    lines
        .map(|(name, value)| line(name, &value) + "\n")
        .concat()
}

fn line(name: &str, value: &str) -> String {
    format!("{name:<13} {value}")
}

/// Returns who writes summaries. The key itself is for nobody.
fn llm_words(llm: &Llm) -> String {
    match llm {
        Llm::None(why) => format!("none, summaries are made of the facts alone ({why})"),
        Llm::Endpoint(it) => {
            let key = if it.api_key.is_some() {
                "set"
            } else {
                "not set"
            };
            let price = match it.price {
                Some(_) => "known",
                None => "not known: set it in [llm.prices]",
            };
            let (model, url) = (&it.model, &it.base_url);
            format!("{model} at {url}, key {key}, price {price}; not asked")
        }
    }
}

fn llm_json(llm: &Llm) -> serde_json::Value {
    match llm {
        Llm::None(why) => serde_json::json!({ "configured": false, "why": why }),
        Llm::Endpoint(it) => serde_json::json!({
            "configured": true,
            "was_asked": false,
            "model": it.model,
            "base_url": it.base_url,
            "has_key": it.api_key.is_some(),
            "has_price": it.price.is_some(),
        }),
    }
}

/// Returns how shops can tell who crawls. What merchants issued is for nobody.
fn identity_words(identity: Option<&Identity>) -> String {
    let merchants = identity.map(Identity::merchants).unwrap_or_default();
    let issued = match merchants.as_slice() {
        [] => String::new(),
        hosts => format!("; with issued headers to {}", hosts.join(", ")),
    };
    match identity.and_then(Identity::operator) {
        Some(it) => {
            let (agent, keyid) = (it.agent(), it.keyid());
            format!("requests are signed as {agent}, key {keyid}{issued}")
        }
        None => format!("requests are not signed ([identity] in the configuration){issued}"),
    }
}

fn identity_json(identity: Option<&Identity>) -> serde_json::Value {
    let operator = identity.and_then(Identity::operator);
    serde_json::json!({
        "signature_agent": operator.map(Operator::agent),
        "keyid": operator.map(Operator::keyid),
        "merchants": identity.map(Identity::merchants).unwrap_or_default(),
    })
}

fn shop_table(shops: &[ShopStatus], now: UnixMs) -> String {
    let header = [
        "shop",
        "products",
        "gone",
        "currency",
        "last crawl",
        "outcome",
    ];
    let rows = shops.iter().map(|status| {
        let last = status.last_crawl.as_ref();
        [
            shortened(&status.shop.key.shown(), 40),
            grouped(status.n_products),
            grouped(status.n_gone),
            currency_words(&status.shop),
            last.map_or("never".to_owned(), |crawl| age(crawl.started_at, now)),
            outcome_words(status),
        ]
    });
    output::table(header, &[1, 2], rows.collect())
}

/// Returns how the newest crawl ended, and whether the shop is paused.
fn outcome_words(status: &ShopStatus) -> String {
    let outcome = status
        .last_crawl
        .as_ref()
        .map(|crawl| crawl.outcome.as_ref());
    let words = [
        outcome.map(reports::outcome_words),
        status.is_paused.then(|| "paused".to_owned()),
    ];
    words.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn currency_words(shop: &Shop) -> String {
    match shop.currency_source {
        CurrencySource::Unknown => "unknown".to_owned(),
        source => format!("{} ({})", shop.currency, source.name()),
    }
}

/// Returns the time of the oldest data that is still shown: the shop whose last complete pass is longest ago.
fn oldest_data(shops: &[ShopStatus]) -> Option<UnixMs> {
    let with_products = shops.iter().filter(|status| status.n_products > 0);
    with_products
        .filter_map(|status| {
            let started = status.last_crawl.as_ref().map(|crawl| crawl.started_at);
            status.last_complete_at.or(started)
        })
        .min()
}

/// Returns what is going on, and what somebody wanted so.
fn notes(shops: &[ShopStatus]) -> Vec<String> {
    let words = shops.iter().flat_map(|status| {
        let key = status.shop.key.shown();
        let paused = format!("{key} is paused: `crawl --all` leaves it out");
        let crawled = live_owner(status)
            .map(|owner| format!("{key}: being crawled now by {}", owner::shown(owner)));
        [status.is_paused.then_some(paused), crawled]
    });
    words.flatten().collect()
}

/// Returns what needs attention. What is wrong with a paused shop is known.
fn warnings(shops: &[ShopStatus], now: UnixMs) -> Vec<String> {
    let mut warnings = Vec::new();
    if shops.is_empty() {
        warnings.push(
            "the store has no shops yet: run `trouvaille crawl` or `trouvaille import`".to_owned(),
        );
    }
    for status in shops.iter().filter(|status| !status.is_paused) {
        let key = status.shop.key.shown();
        let is_crawled_now = live_owner(status).is_some();
        match status.last_crawl.as_ref().map(|crawl| &crawl.outcome) {
            None | Some(None) if is_crawled_now => {}
            None => warnings.push(format!("{key} was never crawled")),
            Some(None) => warnings.push(format!(
                "{key}: the crawl was cut off; crawl again to go on with it"
            )),
            Some(Some(
                outcome @ (Outcome::Partial(_) | Outcome::Blocked(_) | Outcome::Failed(_)),
            )) => warnings.push(format!("{key}: {outcome}")),
            Some(Some(Outcome::Complete | Outcome::Gone(_))) => {}
        }
        let last = status.last_crawl.as_ref().map(|crawl| crawl.started_at);
        if let Some(at) = last.filter(|at| at.ms().saturating_sub(now.ms()) >= AHEAD_MS) {
            warnings.push(format!(
                "{key}: its last crawl is dated {at}, which is still to come: the clock of this machine is behind, or that of \
                 another one was ahead"
            ));
        }
    }
    warnings
}

/// Returns who crawls the shop now, unless its process is known to have ended.
pub(super) fn live_owner(status: &ShopStatus) -> Option<&str> {
    let owner = status.lease.as_ref().map(|lease| lease.owner.as_str());
    owner.filter(|owner| !owner::is_dead(owner))
}

/// Returns `5 minutes ago`, or `3 days ago`; what is yet to come was written by a clock that was ahead.
pub(super) fn age(at: UnixMs, now: UnixMs) -> String {
    match now.ms().saturating_sub(at.ms()) {
        ..-120_000 => format!("{} ahead of now", span(now, at)),
        -120_000..120_000 => "just now".to_owned(),
        _ => format!("{} ago", span(at, now)),
    }
}

/// Returns the time between two moments in whole units.
pub(super) fn span(from: UnixMs, to: UnixMs) -> String {
    let seconds = to.ms().saturating_sub(from.ms()).max(0) / 1000;
    let (n, unit) = match seconds {
        ..120 => (seconds, "seconds"),
        120..7200 => (seconds / 60, "minutes"),
        7200..172_800 => (seconds / 3600, "hours"),
        _ => (seconds / 86_400, "days"),
    };
    format!("{n} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    use catalog::{CrawlCounts, CrawlKey, CrawlReport, Currency, LeaseHolder, Platform};
    use catalog::{Reason, Stop};

    const NOW: UnixMs = UnixMs::new(0);

    fn status(outcome: Option<Outcome>) -> ShopStatus {
        let key: catalog::ShopKey = "shop.example".parse().unwrap();
        let report = CrawlReport {
            key: CrawlKey {
                shop: key.clone(),
                n: 1,
            },
            outcome,
            counts: CrawlCounts::default(),
            currency: Currency::UNKNOWN,
            currency_source: CurrencySource::Unknown,
            started_at: UnixMs::new(0),
            finished_at: None,
            checkpoint: None,
            notes: catalog::PassNotes::default(),
        };
        ShopStatus {
            shop: Shop {
                key,
                platform: Platform::Shopify,
                url: "https://shop.example".to_owned(),
                currency: Currency::UNKNOWN,
                currency_source: CurrencySource::Unknown,
            },
            n_products: 0,
            n_gone: 0,
            last_crawl: Some(report),
            last_complete_at: None,
            is_paused: false,
            is_added: false,
            lease: None,
        }
    }

    fn leased(status: ShopStatus) -> ShopStatus {
        let lease = LeaseHolder {
            owner: "somebody elsewhere".to_owned(),
            expires_at: UnixMs::new(60_000),
            remaining_ms: 60_000,
        };
        ShopStatus {
            lease: Some(lease),
            ..status
        }
    }

    #[test]
    fn an_unfinished_crawl_is_under_way_or_was_cut_off() {
        let cut_off = [status(None)];
        assert_eq!(
            warnings(&cut_off, NOW),
            ["shop.example: the crawl was cut off; crawl again to go on with it"]
        );
        assert_eq!(notes(&cut_off), [""; 0]);
        let mut under_way = [leased(status(None))];
        assert_eq!(warnings(&under_way, NOW), [""; 0]);
        assert_eq!(
            notes(&under_way),
            ["shop.example: being crawled now by somebody elsewhere"]
        );
        under_way[0].last_crawl = None;
        assert_eq!(
            warnings(&under_way, NOW),
            [""; 0],
            "its first crawl just began"
        );
        under_way[0].lease = None;
        assert_eq!(
            warnings(&under_way, NOW),
            ["shop.example was never crawled"]
        );
    }

    #[test]
    fn a_paused_shop_is_shown_and_needs_no_attention() {
        let blocked = Outcome::Blocked(Reason::new(Stop::Password, "asks for a password"));
        let mut shops = [status(Some(blocked))];
        assert_eq!(
            warnings(&shops, NOW),
            ["shop.example: blocked (password): asks for a password"]
        );
        shops[0].is_paused = true;
        assert_eq!(warnings(&shops, NOW), [""; 0]);
        assert_eq!(
            notes(&shops),
            ["shop.example is paused: `crawl --all` leaves it out"]
        );
        assert_eq!(outcome_words(&shops[0]), "blocked (password), paused");
    }

    #[test]
    fn a_crawl_that_is_still_to_come_tells_of_a_wrong_clock() {
        let shops = [status(Some(Outcome::Complete))];
        let warned = |hours: i64| warnings(&shops, UnixMs::new(-hours * 3_600_000));
        assert_eq!([0, -48].map(warned), [vec![], Vec::<String>::new()]);
        let told = warned(30).concat();
        assert!(
            told.starts_with("shop.example: its last crawl is dated 1970-01-01T00:00:00Z"),
            "{told}"
        );
    }

    #[test]
    fn only_a_store_in_memory_says_so() {
        let mut stats = StoreStats {
            schema_version: 1,
            size_bytes: None,
            n_shops: 0,
            n_products: 0,
            n_gone: 0,
            n_observations: 0,
            problems: vec![],
        };
        let mut size = |location, size_bytes| {
            stats.size_bytes = size_bytes;
            let overview = overview(location, &[], &stats, UnixMs::new(0));
            overview.lines().nth(1).unwrap().to_owned()
        };
        assert_eq!(size(":memory:", None), "size          in memory");
        assert_eq!(size("mongodb://host/db", None), "size          unknown");
        assert_eq!(size("/data/x.db", Some(1_250_000)), "size          1.2 MB");
    }

    #[test]
    fn ages_are_told_in_whole_units() {
        let age_of = |seconds: i64| age(UnixMs::new(0), UnixMs::new(seconds * 1000));
        assert_eq!(
            [5, 600, 7_200, 86_400 * 3].map(age_of),
            ["just now", "10 minutes ago", "2 hours ago", "3 days ago"]
        );
        assert_eq!(
            [-5, -7_200].map(age_of),
            ["just now", "2 hours ahead of now"]
        );
    }
}
