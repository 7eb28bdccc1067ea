//! `trouvaille crawl`: shops' product lists into the store.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use catalog::{
    CrawlCounts, CrawlKey, CrawlReport, Outcome, Reason, Shop, Start, Stop, Store, StoreError,
};
use clap::Args;
use crawler::CrawlOptions;
use crawler::fetch::Fetcher;
use futures_util::{StreamExt, stream};
use indicatif::ProgressBar;
use ipnet::IpNet;
use store::OpenMode;

use super::reports;
use crate::App;
use crate::exit::{Exit, UsageError};
use crate::output;

/// The most bytes of a list of shops.
const MAX_LIST_BYTES: u64 = 16 << 20;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  trouvaille crawl allbirds.com                one shop, politely (2 requests/s)
  trouvaille crawl --from shops.txt --rps 1    a list, one address per line
  trouvaille crawl --all                       every shop in the store again
  trouvaille crawl http://127.0.0.1:8080 --allow-private 127.0.0.0/8

Each shop ends as complete, partial, blocked, gone or failed, with the reason. robots.txt is read \
first and kept. A crawl that was interrupted or killed goes on where it stopped when called again; \
--full begins at page 1.

Prices are kept in the currency that the shop states in /meta.json, else in the configured one \
([currencies] in the configuration), else in XXX (unknown). In a list of shops, # begins a comment.

Exit codes: 0 every shop complete or gone, 3 some, or interrupted, 1 none, 2 wrong usage.")]
pub(crate) struct CrawlArgs {
    /// Shops: URLs or hosts
    #[arg(value_name = "SHOP_URL")]
    pub(crate) shops: Vec<String>,
    /// Read shops from a file, one per line; - for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
    /// Crawl every shop in the store
    #[arg(long)]
    pub(crate) all: bool,
    /// Begin at page 1, also where an unfinished crawl could go on
    #[arg(long)]
    pub(crate) full: bool,
    /// Stop each shop after this many pages of 250 products
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_pages: Option<u32>,
    /// The most requests per second to one shop, or "unlimited" [default: 2]
    #[arg(long, value_name = "X|unlimited", value_parser = rate)]
    pub(crate) rps: Option<Rate>,
    /// Allow a private network, for example 127.0.0.0/8; may be repeated
    #[arg(long, value_name = "CIDR", value_parser = network)]
    pub(crate) allow_private: Vec<IpNet>,
    /// Also write the shops' reports as JSON to this file, for `rank --in`
    #[arg(long, value_name = "REPORT.json")]
    pub(crate) out: Option<PathBuf>,
}

/// The value of `--rps`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Rate {
    PerSecond(f64),
    Unlimited,
}

pub(crate) async fn run(args: &CrawlArgs, app: &App) -> Result<Exit> {
    let mut shops = named_shops(args)?;
    if shops.is_empty() && !args.all {
        return Err(UsageError(
            "no shops: name their URLs, or use --from FILE or --all".to_owned(),
        )
        .into());
    }
    let fetcher = Fetcher::new(fetch_config(args, app))?;
    let store = open_store(args, app).await?;
    if args.all {
        let stored = store.shops().await?.into_iter().map(|status| status.shop);
        shops.extend(stored.filter(|shop| !shop.url.is_empty()));
    }
    shops.sort_by(|one, two| one.key.cmp(&two.key));
    shops.dedup_by(|one, two| one.key == two.key);
    if shops.is_empty() {
        return Err(
            UsageError("the store has no shops with a URL yet: name some".to_owned()).into(),
        );
    }
    let crawl_reports =
        crawl_shops(&shops, &options(args, app), &fetcher, store.as_ref(), app).await;
    reports::print(&crawl_reports, app)?;
    if let Some(path) = &args.out {
        let json = serde_json::to_vec_pretty(&crawl_reports)?;
        output::write_to(path, |out| out.write_all(&json))?;
    }
    app.screen.note(&format!("stored in {}", store.location()));
    Ok(Exit::of_reports(&crawl_reports, app.cancel.is_cancelled()))
}

async fn open_store(args: &CrawlArgs, app: &App) -> Result<std::sync::Arc<dyn Store>> {
    let only_stored = args.all && args.shops.is_empty() && args.from.is_none();
    let mode = if only_stored {
        OpenMode::Existing
    } else {
        OpenMode::Create
    };
    super::open_store(app, mode).await
}

/// Crawls many shops at once, as many as the configuration allows, and returns their records in the given order.
pub(super) async fn crawl_shops(
    shops: &[Shop],
    options: &CrawlOptions,
    fetcher: &Fetcher,
    store: &dyn Store,
    app: &App,
) -> Vec<CrawlReport> {
    let bar = app.screen.bar(shops.len() as u64, "shops");
    let crawls = shops
        .iter()
        .map(|shop| crawl_shop(shop, options, fetcher, store, app, &bar));
    let reports = stream::iter(crawls)
        .buffered(app.config.crawl.concurrency)
        .collect()
        .await;
    bar.finish_and_clear();
    reports
}

/// Crawls one shop; a failure of the store itself becomes the shop's outcome, so that the others go on.
async fn crawl_shop(
    shop: &Shop,
    options: &CrawlOptions,
    fetcher: &Fetcher,
    store: &dyn Store,
    app: &App,
    all: &ProgressBar,
) -> CrawlReport {
    let line = app.screen.line(shop.key.to_string());
    line.set_message("asking for robots.txt");
    let n_products = std::sync::atomic::AtomicU64::new(0);
    let on_page = |progress: crawler::Progress| {
        let n_products =
            n_products.fetch_add(progress.n_products, std::sync::atomic::Ordering::Relaxed);
        let n_products = n_products + progress.n_products;
        line.set_message(format!(
            "page {}, {} products",
            progress.page,
            output::grouped(n_products)
        ));
    };
    let options = CrawlOptions {
        currency: app.config.currency_of(&shop.key),
        ..*options
    };
    let now = || app.clock.now();
    let result = crawler::crawl(shop, &options, fetcher, store, &now, &app.cancel, &on_page).await;
    line.finish_and_clear();
    all.inc(1);
    match result {
        Ok(report) => {
            let outcome = reports::outcome_words(report.outcome.as_ref());
            tracing::info!(shop = %shop.key, products = report.counts.products, "{} ended as {outcome}", shop.key);
            report
        }
        Err(error) => unstored_report(shop, &error, app),
    }
}

/// Returns the record of a pass that the store could not take.
fn unstored_report(shop: &Shop, error: &StoreError, app: &App) -> CrawlReport {
    let stop = match error {
        StoreError::Fenced { .. } => Stop::Superseded,
        _ => Stop::Store,
    };
    let now = app.clock.now();
    CrawlReport {
        key: CrawlKey {
            shop: shop.key.clone(),
            n: 0,
        },
        outcome: Some(Outcome::Failed(Reason::new(stop, error.to_string()))),
        counts: CrawlCounts::default(),
        currency: shop.currency,
        currency_source: shop.currency_source,
        started_at: now,
        finished_at: Some(now),
        checkpoint: None,
    }
}

fn named_shops(args: &CrawlArgs) -> Result<Vec<Shop>, UsageError> {
    let mut addresses = args.shops.clone();
    if let Some(path) = &args.from {
        let text = read_list(path).map_err(|error| UsageError(format!("{error:#}")))?;
        let lines = text
            .lines()
            .map(|line| line.split('#').next().unwrap_or_default().trim());
        addresses.extend(lines.filter(|line| !line.is_empty()).map(str::to_owned));
    }
    addresses
        .iter()
        .map(|address| crawler::shop_at(address).map_err(|error| UsageError(error.to_string())))
        .collect()
}

fn read_list(path: &Path) -> Result<String> {
    let mut text = String::new();
    let context = || format!("cannot read the list of shops {}", path.display());
    if path == Path::new("-") {
        std::io::stdin()
            .lock()
            .take(MAX_LIST_BYTES)
            .read_to_string(&mut text)
    } else {
        std::fs::File::open(path)
            .with_context(context)?
            .take(MAX_LIST_BYTES)
            .read_to_string(&mut text)
    }
    .with_context(context)?;
    Ok(text)
}

fn fetch_config(args: &CrawlArgs, app: &App) -> crawler::fetch::FetchConfig {
    let mut config = app.config.crawl.fetch_config();
    config.allow_private.extend(&args.allow_private);
    match args.rps {
        Some(Rate::PerSecond(rate)) => config.requests_per_second = Some(rate),
        Some(Rate::Unlimited) => config.requests_per_second = None,
        None => {}
    }
    config
}

fn options(args: &CrawlArgs, app: &App) -> CrawlOptions {
    #[expect(clippy::cast_possible_truncation, reason = "at most 1e7 hours")]
    let max_age_ms = (app.config.crawl.resume_hours * 3_600_000.0) as i64;
    CrawlOptions {
        start: if args.full {
            Start::Fresh
        } else {
            Start::Resume { max_age_ms }
        },
        max_pages: args.max_pages,
        currency: None,
    }
}

fn rate(text: &str) -> Result<Rate, String> {
    if text == "unlimited" {
        return Ok(Rate::Unlimited);
    }
    match text.parse::<f64>() {
        Ok(rate) if (0.0001..=100_000.0).contains(&rate) => Ok(Rate::PerSecond(rate)),
        _ => Err("expected requests per second, such as 2 or 0.5, or \"unlimited\"".to_owned()),
    }
}

fn network(text: &str) -> Result<IpNet, String> {
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from))
        .map_err(|_| "expected a network such as 127.0.0.0/8 or an address".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_or_unlimited() {
        assert_eq!(rate("0.5"), Ok(Rate::PerSecond(0.5)));
        assert_eq!(rate("unlimited"), Ok(Rate::Unlimited));
        for text in ["0", "-1", "fast", "NaN", "inf", ""] {
            assert!(rate(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_network_may_be_one_address() {
        assert_eq!(network("10.0.0.7").unwrap().to_string(), "10.0.0.7/32");
        assert!(network("10.0.0.0/33").is_err());
    }
}
