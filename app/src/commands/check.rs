//! `trouvaille check`: is everything well, and how would one know?

use anyhow::Result;
use catalog::{CurrencySource, Outcome, Shop, ShopStatus, StoreStats, UnixMs};
use clap::Args;
use store::OpenMode;

use super::{open_store, reports};
use crate::App;
use crate::exit::Exit;
use crate::output::{self, grouped, shortened};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  trouvaille check
  trouvaille check --json | jq .stats

Tells where the store is, what it holds, how each shop's newest crawl ended, how old the data is, \
which problems were recorded, and whether the configuration is right (it is read first).

Exit codes: 0 all is well, 1 a shop needs attention or the store can't be used, 2 wrong \
configuration or usage.")]
pub(crate) struct CheckArgs {}

pub(crate) async fn run(_args: &CheckArgs, app: &App) -> Result<Exit> {
    let store = open_store(app, OpenMode::Existing).await?;
    let (shops, stats) = (store.shops().await?, store.stats().await?);
    let warnings = warnings(&shops);
    if app.global.json {
        output::print_json(&serde_json::json!({
            "store": store.location(),
            "stats": stats,
            "oldest_data": oldest_data(&shops),
            "shops": shops,
            "warnings": warnings,
        }))?;
    } else {
        output::print(&overview(store.location(), &shops, &stats, app.clock.now()))?;
        output::print(&shop_table(&shops, app.clock.now()))?;
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
    let size = stats.size_bytes.map_or("in memory".to_owned(), |bytes| {
        format!("{:.1} MB", bytes as f64 / 1e6)
    });
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
        .map(|(name, value)| format!("{name:<13} {value}\n"))
        .concat()
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
            last.map_or(String::new(), |crawl| {
                reports::outcome_words(crawl.outcome.as_ref())
            }),
        ]
    });
    output::table(header, &[1, 2], rows.collect())
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

fn warnings(shops: &[ShopStatus]) -> Vec<String> {
    let mut warnings = Vec::new();
    if shops.is_empty() {
        warnings.push(
            "the store has no shops yet: run `trouvaille crawl` or `trouvaille import`".to_owned(),
        );
    }
    for status in shops {
        let key = status.shop.key.shown();
        let Some(crawl) = &status.last_crawl else {
            warnings.push(format!("{key} was never crawled"));
            continue;
        };
        match &crawl.outcome {
            None => warnings.push(format!(
                "{key}: a crawl is running or was cut off; if none is running, crawl again to go on with it"
            )),
            Some(outcome @ (Outcome::Partial(_) | Outcome::Blocked(_) | Outcome::Failed(_))) => {
                warnings.push(format!("{key}: {outcome}"));
            }
            Some(Outcome::Complete | Outcome::Gone(_)) => {}
        }
    }
    warnings
}

/// Returns `5 minutes ago`, or `3 days ago`.
fn age(at: UnixMs, now: UnixMs) -> String {
    let seconds = (now.ms() - at.ms()).max(0) / 1000;
    let (n, unit) = match seconds {
        0..120 => return "just now".to_owned(),
        120..7200 => (seconds / 60, "minutes"),
        7200..172_800 => (seconds / 3600, "hours"),
        _ => (seconds / 86_400, "days"),
    };
    format!("{n} {unit} ago")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_told_in_whole_units() {
        let age_of = |seconds: i64| age(UnixMs::new(0), UnixMs::new(seconds * 1000));
        assert_eq!(
            [5, 600, 7_200, 86_400 * 3].map(age_of),
            ["just now", "10 minutes ago", "2 hours ago", "3 days ago"]
        );
    }
}
