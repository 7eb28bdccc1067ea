//! `trouvaille export`: what is stored, as a list.

mod blocks;
mod changes;
mod found;
mod help;
mod history;
mod rules;
mod segments;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use catalog::csv::{self, Cell, Format, ProductWriter};
use catalog::{
    CrawlReport, ObservationFilter, Outcome, Problem, ProductFilter, ProductId, ProductRow,
    SearchQuery, ShopKey, Store,
};
use clap::{Args, ValueEnum};
use store::OpenMode;

use self::blocks::{BLOCK_ROWS, write_blocks};
use self::found::SearchArgs;
pub(crate) use self::rules::rules;
use self::segments::SegmentArgs;
use super::{no_products, open_store};
use crate::App;
use crate::cli::FilterArgs;
use crate::exit::{Exit, UsageError};
use crate::moment::{Age, Moment};
use crate::output;

/// The most problems of one pass; the store keeps no more.
const MAX_PROBLEMS: usize = 1_000;

/// The most passes of a list of crawls.
const MAX_CRAWLS: usize = 1_000_000;

/// How far back `export changes` goes where nobody says.
const RECENT_DAYS: i64 = 7;

#[derive(Debug, Args)]
#[command(after_help = help::TEXT)]
pub(crate) struct ExportArgs {
    /// Which list
    what: What,
    /// Its form
    #[arg(long, value_name = "FORM", default_value = "csv")]
    format: FormatArg,
    /// Where it goes; - for standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
    #[command(flatten)]
    search: SearchArgs,
    #[command(flatten)]
    segments: SegmentArgs,
    #[command(flatten)]
    observed: ObservedArgs,
    #[command(flatten)]
    filter: FilterArgs,
}

/// Which observations `history` and `changes` are made of.
#[derive(Debug, Args)]
#[command(next_help_heading = "History and changes")]
struct ObservedArgs {
    /// Only what was observed at T or later: a time, a date, or an age such as 7d, 36h or 2w
    #[arg(long, value_name = "T", value_parser = Moment::parse)]
    since: Option<Moment>,
    /// history: only this product
    #[arg(long, value_name = "PRODUCT_ID")]
    product: Option<ProductId>,
    /// changes: only this kind; may be repeated
    #[arg(long = "kind", value_name = "KIND", value_parser = changes::kind_parser())]
    kinds: Vec<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Every product that is not gone
    Products,
    /// The latest ranking
    TopK,
    /// Every observation: what each product offered, and when that changed
    History,
    /// What became new, gone, cheaper, dearer, sold out, …
    Changes,
    /// Every pass over every shop, with its outcome
    Crawls,
    /// What could not be read in each shop's newest pass
    Problems,
    /// Every product with its group of similar ones, and whether it stands alone
    Segments,
    /// Types and tags that come together more often than by chance, across shops
    Rules,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FormatArg {
    Csv,
    Excel,
    Jsonl,
}

pub(crate) async fn run(args: &ExportArgs, app: &App) -> Result<Exit> {
    let filter = args.filter.to_filter()?;
    check_options(args, &filter)?;
    let store = open_store(app, OpenMode::Existing).await?;
    super::warn_of_unknown_shops(&filter, store.as_ref()).await?;
    let n_rows = write_list(args, filter, store.as_ref(), app).await?;
    if args.out != Path::new("-") {
        let path = output::absolute(&args.out);
        let rows = output::counted(n_rows as u64, "row");
        app.screen.note(&format!("{rows} in {}", path.display()));
    }
    Ok(Exit::All)
}

/// Refuses an option that the list would not obey.
fn check_options(args: &ExportArgs, filter: &ProductFilter) -> Result<(), UsageError> {
    let is_observed = matches!(args.what, What::History | What::Changes);
    let shops_alone = ProductFilter {
        shops: filter.shops.clone(),
        ..ProductFilter::default()
    };
    let allowed = match args.what {
        What::Products | What::Segments | What::Rules => filter,
        What::History | What::Changes => &shops_alone,
        What::TopK | What::Crawls | What::Problems => &ProductFilter::default(),
    };
    let wrong = if args.what != What::Products && args.search.is_given() {
        "--search and --sort are for `export products` alone"
    } else if filter != allowed {
        "filters are for `export products`, `segments` and `rules`; `history` and `changes` take --shop"
    } else if args.what != What::Segments && args.segments.is_given() {
        "--preset and --segments are for `export segments` alone"
    } else if !is_observed && args.observed.since.is_some() {
        "--since is for `export history` and `export changes`"
    } else if args.what != What::History && args.observed.product.is_some() {
        "--product is for `export history` alone"
    } else if args.what != What::Changes && !args.observed.kinds.is_empty() {
        "--kind is for `export changes` alone"
    } else {
        return Ok(());
    };
    Err(UsageError(wrong.to_owned()))
}

/// Writes the list, and returns its number of lines.
async fn write_list(
    args: &ExportArgs,
    filter: ProductFilter,
    store: &dyn Store,
    app: &App,
) -> Result<usize> {
    let format = match args.format {
        _ if app.global.json => Format::Jsonl,
        FormatArg::Csv => Format::Csv,
        FormatArg::Excel => Format::Excel,
        FormatArg::Jsonl => Format::Jsonl,
    };
    let path = args.out.as_path();
    match args.what {
        What::Products if args.search.is_given() => {
            let query = SearchQuery {
                tag: None,
                text: args.search.search.clone().unwrap_or_default(),
                filter,
                order: args.search.order(),
            };
            found::write(store, &query, format, path).await
        }
        What::Products => products(store, &filter, format, path).await,
        What::TopK => {
            let ranking = store
                .latest_ranking()
                .await?
                .context("there is no ranking yet: run `trouvaille rank`")?;
            output::write_to(path, |out| csv::write_top_k(&ranking, format, out))?;
            Ok(ranking.rows.len())
        }
        What::History => {
            let filter = observation_filter(args, filter, app);
            history::write(store, &filter, format, path).await
        }
        What::Changes => {
            let filter = observation_filter(args, filter, app);
            changes::write(store, &filter, &args.observed.kinds, format, path).await
        }
        What::Crawls => {
            let reports = store.crawls(None, MAX_CRAWLS).await?;
            output::write_to(path, |out| write_crawls(&reports, format, out))?;
            Ok(reports.len())
        }
        What::Problems => {
            let problems = problems(store).await?;
            output::write_to(path, |out| write_problems(&problems, format, out))?;
            Ok(problems.len())
        }
        What::Segments => segments::write(store, &args.segments, &filter, format, path, app).await,
        What::Rules => rules::write(store, &filter, format, path, app).await,
    }
}

/// Returns which observations are meant; changes without `--since` are recent ones, which is said.
fn observation_filter(args: &ExportArgs, filter: ProductFilter, app: &App) -> ObservationFilter {
    let now = app.clock.now();
    let mut since = args.observed.since.map(|moment| moment.at(now));
    if args.what == What::Changes && since.is_none() {
        let recent = Age::of_days(RECENT_DAYS).before(now);
        app.screen.note(&format!(
            "changes of the last {RECENT_DAYS} days, since {recent}; --since T for another time"
        ));
        since = Some(recent);
    }
    ObservationFilter {
        shops: filter.shops,
        product: args.observed.product.clone(),
        since,
        ..ObservationFilter::default()
    }
}

/// Writes the products that pass `filter` in the order of their ids.
pub(super) async fn products(
    store: &dyn Store,
    filter: &ProductFilter,
    format: Format,
    path: &Path,
) -> Result<usize> {
    let mut after = None;
    let next_block = async || {
        let rows = store.products(filter, after.as_ref(), BLOCK_ROWS).await?;
        after = rows.last().map(|row| row.id.clone());
        Ok(rows)
    };
    write_blocks(path, next_block, move |rows, out| {
        write_products(rows, format, out)
    })
    .await
}

fn write_products(
    rows: &mut dyn Iterator<Item = ProductRow>,
    format: Format,
    out: &mut dyn Write,
) -> io::Result<usize> {
    let mut writer = ProductWriter::new(format, out)?;
    let mut n_lines = 0;
    for row in rows {
        writer.write(&row)?;
        n_lines += 1;
    }
    writer.finish()?;
    Ok(n_lines)
}

async fn problems(store: &dyn Store) -> Result<Vec<(ShopKey, Problem)>> {
    let mut all = Vec::new();
    for status in store.shops().await? {
        let Some(crawl) = status.last_crawl else {
            continue;
        };
        let problems = store.problems(&crawl.key, MAX_PROBLEMS).await?;
        all.extend(
            problems
                .into_iter()
                .map(|problem| (crawl.key.shop.clone(), problem)),
        );
    }
    Ok(all)
}

fn write_problems(
    problems: &[(ShopKey, Problem)],
    format: Format,
    out: &mut dyn Write,
) -> io::Result<()> {
    let columns = ["shop", "page", "index", "product", "kind", "detail"];
    let cells = problems.iter().map(|(shop, problem)| {
        vec![
            Cell::text(shop.as_str()),
            Cell::Whole(problem.page.into()),
            problem
                .index
                .map_or(Cell::Empty, |index| Cell::Whole(index.into())),
            problem.product.as_deref().map_or(Cell::Empty, Cell::text),
            Cell::text(problem.kind.name()),
            Cell::text(&problem.detail),
        ]
    });
    csv::write_rows(&columns, cells, format, out)
}

fn write_crawls(reports: &[CrawlReport], format: Format, out: &mut dyn Write) -> io::Result<()> {
    let columns = [
        "shop",
        "n",
        "outcome",
        "reason",
        "detail",
        "pages",
        "products",
        "new",
        "changed",
        "back",
        "gone",
        "problems",
        "bytes",
        "currency",
        "currency_source",
        "started_at",
        "finished_at",
    ];
    csv::write_rows(&columns, reports.iter().map(crawl_cells), format, out)
}

fn crawl_cells(report: &CrawlReport) -> Vec<Cell<'_>> {
    let reason = report.outcome.as_ref().and_then(Outcome::reason);
    let counts = &report.counts;
    vec![
        Cell::text(report.key.shop.as_str()),
        Cell::Whole(report.key.n),
        Cell::text(report.outcome.as_ref().map_or("unfinished", Outcome::word)),
        reason.map_or(Cell::Empty, |reason| Cell::text(reason.stop.name())),
        reason.map_or(Cell::Empty, |reason| Cell::text(&reason.detail)),
        Cell::Whole(counts.pages),
        Cell::Whole(counts.products),
        Cell::Whole(counts.new),
        Cell::Whole(counts.changed),
        Cell::Whole(counts.back),
        Cell::Whole(counts.gone),
        Cell::Whole(counts.problems),
        Cell::Whole(counts.bytes),
        Cell::text(report.currency.code()),
        Cell::text(report.currency_source.name()),
        Cell::shown(&report.started_at),
        report.finished_at.as_ref().map_or(Cell::Empty, Cell::shown),
    ]
}
