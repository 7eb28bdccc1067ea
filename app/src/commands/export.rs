//! `trouvaille export`: what is stored, as a list.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Context, Result};
use catalog::csv::{self, Cell, Format, ProductWriter};
use catalog::{CrawlReport, Outcome, Problem, ProductFilter, ProductRow, ShopKey, Store};
use clap::{Args, ValueEnum};
use store::OpenMode;

use super::open_store;
use crate::App;
use crate::cli::FilterArgs;
use crate::exit::{Exit, UsageError};
use crate::output;

/// Products that are asked of the store at a time.
const BLOCK_ROWS: usize = 2_000;

/// The most problems of one pass; the store keeps no more.
const MAX_PROBLEMS: usize = 1_000;

/// The most passes of a list of crawls.
const MAX_CRAWLS: usize = 1_000_000;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  trouvaille export products --out products.csv
  trouvaille export products --shop shop.example --format excel --out shop.csv
  trouvaille export top-k                      the latest ranking, as it was made
  trouvaille export crawls --format jsonl      every pass over every shop
  trouvaille export problems                   what could not be read, and why

products: what is in the shops now, in the order of product_id, with the columns of top_k.csv but \
rank, score, coverage and contrib_*; avg_price is not rounded. Its popularity_score is simulated \
(popularity_source = simulated).

csv: RFC 4180, UTF-8. excel: with a byte-order mark, semicolons and decimal commas; opens by a \
double click where Excel expects those, as in most of Europe. In both, a text cell that begins with = + - @ gets a leading ', so that no spreadsheet runs \
it as a formula. jsonl: one JSON object per line, texts as they are.

Exit codes: 0 done, 1 an error, 2 wrong usage.")]
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
    filter: FilterArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Every product that is not gone
    Products,
    /// The latest ranking
    TopK,
    /// Every pass over every shop, with its outcome
    Crawls,
    /// What could not be read in each shop's newest pass
    Problems,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FormatArg {
    Csv,
    Excel,
    Jsonl,
}

pub(crate) async fn run(args: &ExportArgs, app: &App) -> Result<Exit> {
    let filter = args.filter.to_filter()?;
    if args.what != What::Products && filter != ProductFilter::default() {
        return Err(UsageError("filters are for `export products` alone".to_owned()).into());
    }
    let store = open_store(app, OpenMode::Existing).await?;
    let format = match args.format {
        _ if app.global.json => Format::Jsonl,
        FormatArg::Csv => Format::Csv,
        FormatArg::Excel => Format::Excel,
        FormatArg::Jsonl => Format::Jsonl,
    };
    let n_rows = match args.what {
        What::Products => {
            super::warn_of_unknown_shops(&filter, store.as_ref()).await?;
            products(store.as_ref(), &filter, format, &args.out).await?
        }
        What::TopK => {
            let ranking = store
                .latest_ranking()
                .await?
                .context("there is no ranking yet: run `trouvaille rank`")?;
            output::write_to(&args.out, |out| csv::write_top_k(&ranking, format, out))?;
            ranking.rows.len()
        }
        What::Crawls => {
            let reports = store.crawls(None, MAX_CRAWLS).await?;
            output::write_to(&args.out, |out| write_crawls(&reports, format, out))?;
            reports.len()
        }
        What::Problems => {
            let problems = problems(store.as_ref()).await?;
            output::write_to(&args.out, |out| write_problems(&problems, format, out))?;
            problems.len()
        }
    };
    if args.out != std::path::Path::new("-") {
        let path = output::absolute(&args.out);
        let rows = output::counted(n_rows as u64, "row");
        app.screen.note(&format!("{rows} in {}", path.display()));
    }
    Ok(Exit::All)
}

/// Writes the products that pass `filter`, block by block, so that memory does not grow with the store.
pub(super) async fn products(
    store: &dyn Store,
    filter: &ProductFilter,
    format: Format,
    path: &std::path::Path,
) -> Result<usize> {
    // The blocks come from an async store and plain code writes the file: a few blocks at a time go over. A
    // failure goes over too, so that the file is not taken for whole.
    let (sender, mut receiver) = tokio::sync::mpsc::channel::<Option<Vec<ProductRow>>>(2);
    let read = async move {
        let mut after = None;
        loop {
            let block = store.products(filter, after.as_ref(), BLOCK_ROWS).await;
            let (rows, failure) = match block {
                Ok(rows) => (Some(rows), Ok(())),
                Err(error) => (None, Err(error)),
            };
            let is_last = rows.as_ref().is_none_or(|rows| rows.len() < BLOCK_ROWS);
            after = rows
                .as_ref()
                .and_then(|rows| rows.last())
                .map(|row| row.id.clone());
            if sender.send(rows).await.is_err() || is_last {
                return failure;
            }
        }
    };
    let path = path.to_owned();
    let write = tokio::task::spawn_blocking(move || {
        let mut n_rows = 0;
        output::write_to(&path, |out| {
            let mut writer = ProductWriter::new(format, out)?;
            while let Some(block) = receiver.blocking_recv() {
                let block = block.ok_or_else(|| io::Error::other("the store failed"))?;
                n_rows += block.len();
                block.iter().try_for_each(|row| writer.write(row))?;
            }
            writer.finish()
        })?;
        Ok::<usize, anyhow::Error>(n_rows)
    });
    let (read, written) = tokio::join!(read, write);
    read?;
    written.context("the writer of the list failed")?
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
