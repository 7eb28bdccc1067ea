//! `trouvaille crawl`: shops' product lists into the store.

mod via;

use std::collections::HashSet;
use std::path::PathBuf;

use anyhow::Result;
use catalog::{CrawlReport, Shop, ShopKey, ShopStatus, Start, Stop, Store, UnixMs};
use clap::Args;
use crawler::CrawlOptions;
use crawler::fetch::{FetchConfig, Fetcher};
use futures_util::{StreamExt, stream};
use indicatif::ProgressBar;
use ipnet::IpNet;
use store::OpenMode;

use super::reports;
use crate::App;
use crate::due::Due;
use crate::exit::{Exit, UsageError};
use crate::{output, owner, shop_list};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  trouvaille crawl allbirds.com                one shop, politely (2 requests/s)
  trouvaille crawl --from shops.txt --rps 1    a list, one address per line
  trouvaille crawl --all                       the shops in the store or the configuration that are due
  trouvaille crawl --all --full                all of them, due or not, from page 1
  trouvaille crawl http://127.0.0.1:8080 --allow-private 127.0.0.0/8
  trouvaille crawl allbirds.com --via http://127.0.0.1:8800    let an agent do it

Each shop ends as complete, partial, blocked, gone or failed, with the reason. robots.txt is read \
first and kept; what it said counts for a day. A crawl that was interrupted or killed goes on \
where it stopped when called again; --full begins at page 1 and asks for robots.txt anew. A shop \
that another process is crawling is waited for, 90 s at most.

A shop is due when so long has passed since its last complete crawl that 5 % of its products have \
probably changed, judged by its crawls so far: 6 hours at least, 7 days at most, 24 hours for a shop \
that was crawled once ([recrawl] in the configuration). One that kept its last crawl from being complete is due as \
long after that, a day at most. `trouvaille shops list` tells when. Shops that \
are named are crawled in any case.

blocked: robots.txt, a password, a closed (401, 403, 404, 410) or suspended list, a challenge, or \
too many requests. gone: a known shop whose list, /meta.json and home \
page say that there is none. partial: \
interrupted, --max-pages, a failure behind page 1, a list that repeats for ever, less than half of \
the known products, or less than nine tenths where the shop itself says that it has more (then nothing is taken as gone, unless a crawl 12 hours later finds about as \
many), products behind Shopify's limit of 25,000 that were not all found, or a closed list of which \
other routes brought a part.

Prices are kept in the currency that the shop states in /meta.json, else in the configured one \
([currencies] in the configuration), else in XXX (unknown). In a list of shops, # begins a comment.

--via sends the crawl to an agent (`trouvaille agent`, or another one of A2A 1.0 with the skill \
crawl-catalog) and shows its progress. The agent stores the products, with its own configuration \
and limits; links to its results come at the end. A broken connection is tried again for 10 \
minutes and goes on without a gap. Ctrl-C makes the agent stop, and what it stored stays. Its \
token, if it asks for one, is taken from TROUVAILLE__AGENT__TOKEN and sent to that server alone.

Exit codes: 0 every shop complete or gone, 3 some, or interrupted, 1 none, 2 wrong usage. With --any-outcome, 0 also where \
some or all shops ended otherwise, and where --all finds no shop yet.")]
pub(crate) struct CrawlArgs {
    /// Shops: URLs or hosts
    #[arg(value_name = "SHOP_URL")]
    pub(crate) shops: Vec<String>,
    /// Read shops from a file, one per line; - for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
    /// Crawl the shops in the store and the configuration that are due and not paused
    #[arg(long)]
    pub(crate) all: bool,
    /// Begin at page 1, also where an unfinished crawl could go on; with --all, also shops that are not due
    #[arg(long)]
    pub(crate) full: bool,
    /// Stop each shop after this many pages of 250 products
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_pages: Option<u32>,
    /// The most requests per second to one shop, or "unlimited" [default: 2]
    #[arg(long, value_name = "X|unlimited", value_parser = rate, allow_negative_numbers = true)]
    pub(crate) rps: Option<Rate>,
    /// Allow a private network, for example 127.0.0.0/8; may be repeated
    #[arg(long, value_name = "CIDR", value_parser = network)]
    pub(crate) allow_private: Vec<IpNet>,
    /// Also write the shops' reports as JSON to this file, for `rank --in`; of shops that --all leaves out as not due,
    /// those of their last crawl
    #[arg(long, value_name = "REPORT.json")]
    pub(crate) out: Option<PathBuf>,
    /// Exit with 0 however the shops end, unless interrupted: for pipelines, which go on with what is stored
    #[arg(long, conflicts_with = "via")]
    pub(crate) any_outcome: bool,
    /// Let the agent at this address crawl, and follow it
    #[arg(long, value_name = "AGENT_URL")]
    pub(crate) via: Option<String>,
}

/// The value of `--rps`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Rate {
    PerSecond(f64),
    Unlimited,
}

pub(crate) async fn run(args: &CrawlArgs, app: &App) -> Result<Exit> {
    if let Some(address) = &args.via {
        return via::run(address, args, app).await;
    }
    let mut shops = shop_list::named(&args.shops, args.from.as_deref())?;
    if shops.is_empty() && !args.all {
        return Err(UsageError(
            "no shops: name their URLs, or use --from FILE or --all".to_owned(),
        )
        .into());
    }
    let fetcher = Fetcher::new(fetch_config(args.rps, &args.allow_private, app)?)?;
    let store = open_store(args, app).await?;
    let named: HashSet<ShopKey> = shops.iter().map(|it| it.key.clone()).collect();
    let left_out = match args.all {
        true => add_stored(&mut shops, &named, args, store.as_ref(), app).await?,
        false => LeftOut::default(),
    };
    shops.sort_by(|one, two| one.key.cmp(&two.key));
    shops.dedup_by(|one, two| one.key == two.key);
    if shops.is_empty() && left_out.is_empty() {
        let none = "the store has no shops with a URL yet: name some";
        if !args.any_outcome {
            return Err(UsageError(none.to_owned()).into());
        }
        app.screen.note(none);
    }
    let owner = owner::new_name();
    let options = options(args, &owner, app);
    let mut crawl_reports = take_done(&mut shops, &options, store.as_ref(), app).await?;
    let crawls = crawl_shops(&shops, &named, &options, &fetcher, store.as_ref(), app);
    crawl_reports.extend(crawls.await);
    crawl_reports.sort_by(|one, two| one.key.cmp(&two.key));
    reports::print(&crawl_reports, app)?;
    if let Some(path) = &args.out {
        let json = serde_json::to_vec_pretty(&left_out.with(&crawl_reports))?;
        output::write_to(path, |out| out.write_all(&json))?;
    }
    let going_on = match args.full {
        true => "run the command again without --full to go on; with it, every shop begins anew",
        false => reports::SAME_COMMAND,
    };
    reports::note_store(&crawl_reports, store.as_ref(), going_on, app);
    let interrupted = app.cancel.is_cancelled();
    Ok(match args.any_outcome && !interrupted {
        true => Exit::All,
        false => Exit::of_reports(&crawl_reports, interrupted),
    })
}

/// The stored and configured shops that `--all` leaves out.
#[derive(Debug, Default)]
struct LeftOut {
    n_paused: u64,
    /// The newest passes of those that are not due yet.
    not_due: Vec<CrawlReport>,
}

impl LeftOut {
    fn is_empty(&self) -> bool {
        self.n_paused == 0 && self.not_due.is_empty()
    }

    /// Returns the records of all shops but the paused ones: a pipeline that is called again ranks the same shops again.
    fn with<'a>(&'a self, crawl_reports: &'a [CrawlReport]) -> Vec<&'a CrawlReport> {
        let mut all: Vec<_> = crawl_reports.iter().chain(&self.not_due).collect();
        all.sort_by(|one, two| one.key.cmp(&two.key));
        all
    }
}

/// Adds the stored and configured shops that are due, and returns those that are left out.
async fn add_stored(
    shops: &mut Vec<Shop>,
    named: &HashSet<ShopKey>,
    args: &CrawlArgs,
    store: &dyn Store,
    app: &App,
) -> Result<LeftOut> {
    let stored = shop_list::stored_and_configured(store, app).await?;
    let mut due = Due::new(app.config.recrawl_terms());
    let now = app.clock.now();
    let mut left_out = LeftOut::default();
    let mut next: Option<UnixMs> = None;
    for status in stored.into_iter().filter(|it| !it.shop.url.is_empty()) {
        let is_named = named.contains(&status.shop.key);
        let due_at = due.at(&status, store, now).await?.filter(|at| *at > now);
        match due_at.filter(|_| !args.full && !is_unfinished(&status)) {
            _ if is_named => {}
            _ if status.is_paused => left_out.n_paused += 1,
            Some(at) => {
                next = Some(next.map_or(at, |it| it.min(at)));
                left_out.not_due.extend(status.last_crawl);
            }
            None => shops.push(status.shop),
        }
    }
    if left_out.n_paused > 0 {
        let paused = output::counted(left_out.n_paused, "paused shop");
        app.screen
            .note(&format!("leaving out {paused} (`trouvaille shops list`)"));
    }
    if let Some(next) = next {
        let others = output::counted(left_out.not_due.len() as u64, "shop");
        app.screen.note(&format!(
            "leaving out {others} not due yet, the next one at {next} (--full crawls all)"
        ));
    }
    Ok(left_out)
}

/// Returns whether a shop's newest pass stopped where another one can go on.
fn is_unfinished(status: &ShopStatus) -> bool {
    status.last_crawl.as_ref().is_some_and(|pass| {
        pass.outcome.as_ref().is_none_or(|outcome| {
            let reason = outcome.reason();
            reason.is_some_and(|reason| reason.stop.is_resumable())
        })
    })
}

async fn open_store(args: &CrawlArgs, app: &App) -> Result<std::sync::Arc<dyn Store>> {
    let only_stored = args.all && args.shops.is_empty() && args.from.is_none();
    // A scheduled job may come before the first shop, and the store that it is added to.
    let may_be_missing = args.any_outcome || !app.config.shops().is_empty();
    let mode = if only_stored && !may_be_missing {
        OpenMode::Existing
    } else {
        OpenMode::Create
    };
    super::open_store(app, mode).await
}

/// Takes the shops out of `shops` that a command which was cut off had already done, and returns their records.
///
/// That command's passes have one start. If one of them is unfinished, this command goes on with that work, and what
/// is complete in it needs no second pass.
async fn take_done(
    shops: &mut Vec<Shop>,
    options: &CrawlOptions<'_>,
    store: &dyn Store,
    app: &App,
) -> Result<Vec<CrawlReport>> {
    let Start::Resume { max_age_ms } = options.start else {
        return Ok(Vec::new());
    };
    let passes = store
        .shops()
        .await?
        .into_iter()
        .filter_map(|status| status.last_crawl);
    let (cut_off, mut done): (Vec<_>, Vec<_>) = passes
        .filter(|pass| shops.iter().any(|shop| shop.key == pass.key.shop))
        .filter(|pass| options.started_at.ms() - pass.started_at.ms() <= max_age_ms)
        .partition(was_cut_off);
    done.retain(|pass| {
        let is_done = pass
            .outcome
            .as_ref()
            .is_some_and(|outcome| outcome.is_done());
        is_done && cut_off.iter().any(|it| it.started_at == pass.started_at)
    });
    shops.retain(|shop| done.iter().all(|pass| pass.key.shop != shop.key));
    if !done.is_empty() {
        let n_done = output::counted(done.len() as u64, "shop");
        app.screen.note(&format!(
            "going on with a crawl that was cut off; {n_done} of it are done (--full begins anew)"
        ));
    }
    Ok(done)
}

/// Returns whether a pass ended by no doing of its shop: killed, or interrupted.
fn was_cut_off(pass: &CrawlReport) -> bool {
    pass.outcome.as_ref().is_none_or(|outcome| {
        let reason = outcome.reason();
        reason.is_some_and(|reason| reason.stop == Stop::Interrupted)
    })
}

/// Crawls many shops at once, as many as the configuration allows, and returns their records in the order of their keys.
/// One that is paused is left alone, unless it is one of the `named`.
pub(super) async fn crawl_shops(
    shops: &[Shop],
    named: &HashSet<ShopKey>,
    options: &CrawlOptions<'_>,
    fetcher: &Fetcher,
    store: &dyn Store,
    app: &App,
) -> Vec<CrawlReport> {
    let bar = app.screen.bar(shops.len() as u64, "shops");
    let crawls = shops.iter().map(|shop| {
        let options = CrawlOptions {
            currency: app.config.currency_of(&shop.key),
            spares_paused: !named.contains(&shop.key),
            ..*options
        };
        crawl_shop(shop, options, fetcher, store, app, &bar)
    });
    // Not in their order: behind a shop that takes hours no other would begin.
    let mut reports: Vec<CrawlReport> = stream::iter(crawls)
        .buffer_unordered(app.config.crawl.concurrency)
        .collect()
        .await;
    reports.sort_by(|one, two| one.key.cmp(&two.key));
    bar.finish_and_clear();
    reports
}

/// Crawls one shop; a failure of the store itself becomes the shop's outcome, so that the others go on.
async fn crawl_shop(
    shop: &Shop,
    options: CrawlOptions<'_>,
    fetcher: &Fetcher,
    store: &dyn Store,
    app: &App,
    all: &ProgressBar,
) -> CrawlReport {
    let line = app.screen.line(shop.key.shown());
    line.set_message("beginning");
    let n_products = std::sync::atomic::AtomicU64::new(0);
    let on_page = |progress: crawler::Progress| {
        let n_products =
            n_products.fetch_add(progress.n_products, std::sync::atomic::Ordering::Relaxed);
        let n_products = n_products + progress.n_products;
        tracing::info!(
            shop = %shop.key,
            page = progress.page,
            "{}: page {} stored",
            shop.key.shown(),
            progress.page
        );
        line.set_message(format!(
            "page {}, {} products",
            progress.page,
            output::grouped(n_products)
        ));
    };
    let now = || app.clock.now();
    let result = crawler::crawl(shop, &options, fetcher, store, &now, &app.cancel, &on_page).await;
    line.finish_and_clear();
    all.inc(1);
    match result {
        Ok(report) => {
            let outcome = reports::outcome_words(report.outcome.as_ref());
            tracing::info!(shop = %shop.key, products = report.counts.products, "{} ended as {outcome}", shop.key.shown());
            report
        }
        Err(error) => reports::unstored(shop, reports::outcome_of(&error), app),
    }
}

/// Returns the fetcher's settings: the configured ones, and the flags over them. Warns of headers that expire.
pub(super) fn fetch_config(
    rps: Option<Rate>,
    allow_private: &[IpNet],
    app: &App,
) -> Result<FetchConfig, UsageError> {
    let mut config = app.config.crawl.fetch_config();
    config.allow_private.extend(allow_private);
    match rps {
        Some(Rate::PerSecond(rate)) => config.requests_per_second = Some(rate),
        Some(Rate::Unlimited) => {
            config.requests_per_second = None;
            config.platform_requests_per_second = None;
            config.total_requests_per_second = None;
        }
        None => {}
    }
    config.identity = app.config.identity.load(app.clock)?;
    for notice in config.identity.iter().flat_map(|it| it.expiring()) {
        match notice.is_expired {
            true => tracing::error!("{notice}"),
            false => tracing::warn!("{notice}"),
        }
    }
    Ok(config)
}

fn options<'a>(args: &CrawlArgs, owner: &'a str, app: &App) -> CrawlOptions<'a> {
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
        started_at: app.clock.now(),
        spares_paused: true,
        lease: owner::lease_terms(owner),
        task: None,
    }
}

pub(super) fn rate(text: &str) -> Result<Rate, String> {
    if text == "unlimited" {
        return Ok(Rate::Unlimited);
    }
    match text.parse::<f64>() {
        Ok(rate) if (0.0001..=100_000.0).contains(&rate) => Ok(Rate::PerSecond(rate)),
        _ => Err("expected requests per second, such as 2 or 0.5, or \"unlimited\"".to_owned()),
    }
}

pub(super) fn network(text: &str) -> Result<IpNet, String> {
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
