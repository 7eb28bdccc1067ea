//! `trouvaille rank`: the products that win, from the store or straight from saved files.

mod files;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use catalog::{
    CrawlReport, Currency, MetricsRow, PopularitySource, ProductFilter, ProductRow, RankedRow,
    Ranking, ShopKey, Store, csv,
};
use clap::{Args, ValueEnum};
use scoring::classic;
use store::OpenMode;

use super::open_store;
use crate::App;
use crate::cli::FilterArgs;
use crate::exit::{Exit, UsageError};
use crate::output::{self, grouped, shortened};

/// Rows of metrics that are asked of the store at a time.
const BLOCK_ROWS: usize = 20_000;

/// Lines of the table; the CSV has all K.
const TABLE_ROWS: usize = 10;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  trouvaille rank                              the best 50 of the store
  trouvaille rank --currency EUR --in-stock -k 20 --out lists/eur.csv
  trouvaille rank --shop shop.example --type Lamp --price-max 80
  trouvaille rank products.jsonl -k 100        saved products, without a store

The preset \"classic\" is a weighted sum of six metrics, each scaled to 0..1 over the products that \
are ranked:
  0.25 available_ratio + 0.10 num_tags + 0.20 (1 - avg_price)
  + 0.15 num_images + 0.10 description_length + 0.20 popularity_score

Its popularity_score is simulated: a number made from the product's id, standing in for a signal \
that shops do not publish. Every output says so (popularity_source = simulated).

The CSV: RFC 4180, UTF-8, best first; the contrib_* columns add up to the score. A text cell that \
begins with = + - @ gets a leading ', so that no spreadsheet runs it as a formula.

Exit codes: 0 done, 1 nothing to rank or an error, 2 wrong usage.")]
pub(crate) struct RankArgs {
    /// Saved product documents to rank instead of the store's products (.jsonl or .json, plain or gzip)
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What makes a shop in saved files [default: the file]
    #[arg(long, value_name = "FIELD", requires = "files")]
    shop_by: Option<ShopBy>,
    /// The way to score [default: classic]
    #[arg(long, value_name = "PRESET")]
    preset: Option<String>,
    /// How many products the ranking has [default: 50]
    #[arg(short, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    k: Option<u32>,
    /// Where the CSV goes; - for standard output
    #[arg(long, value_name = "FILE", default_value = "top_k.csv")]
    out: PathBuf,
    /// Rank only the shops in this report of `crawl --out`
    #[arg(long = "in", value_name = "REPORT.json", conflicts_with = "files")]
    report: Option<PathBuf>,
    #[command(flatten)]
    filter: FilterArgs,
}

/// What makes a shop in saved files.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum ShopBy {
    /// The product's vendor.
    Vendor,
}

pub(crate) async fn run(args: &RankArgs, app: &App) -> Result<Exit> {
    let preset = args.preset.as_deref().unwrap_or(&app.config.rank.preset);
    if preset != "classic" {
        return Err(UsageError(format!(
            "unknown preset {preset:?}: this version has \"classic\""
        ))
        .into());
    }
    let k = args.k.map_or(app.config.rank.k, |k| k as usize);
    let filter = args.filter.to_filter(&shops_of_report(args)?)?;
    let ranking = if args.files.is_empty() {
        let store = open_store(app, OpenMode::Existing).await?;
        let ranking = rank_store(store.as_ref(), &filter, k, app).await?;
        if let Err(error) = store.save_ranking(&ranking).await {
            tracing::warn!("{error}; the list itself is written all the same");
        }
        ranking
    } else {
        files::rank(&args.files, args.shop_by.is_some(), &filter, k, app)?
    };
    output::write_to(&args.out, |out| {
        csv::write_top_k(&ranking, csv::Format::Csv, out)
    })?;
    show(&ranking, &args.out, app)?;
    Ok(Exit::All)
}

/// Ranks the products of the store that pass `filter`, and warns when prices of several currencies meet.
pub(super) async fn rank_store(
    store: &dyn Store,
    filter: &ProductFilter,
    k: usize,
    app: &App,
) -> Result<Ranking> {
    let mut rows: Vec<MetricsRow> = Vec::new();
    loop {
        let after = rows.last().map(|row| row.id.clone());
        let block = store.metrics(filter, after.as_ref(), BLOCK_ROWS).await?;
        let is_last = block.len() < BLOCK_ROWS;
        rows.extend(block);
        if is_last {
            break;
        }
    }
    if rows.is_empty() {
        bail!(
            "no product in {} passes these filters; `trouvaille check` tells what is stored",
            store.location()
        );
    }
    warn_of_currencies(&store.currencies(filter).await?);
    let scored = classic::rank(&rows, k);
    let ids: Vec<_> = scored.iter().map(|it| rows[it.index].id.clone()).collect();
    let products = store.product_rows(&ids).await?;
    Ok(ranking(&scored, products, rows.len(), app))
}

/// Joins the scores with their products, which come in the same order.
fn ranking(
    scored: &[classic::Scored],
    products: Vec<ProductRow>,
    n_ranked: usize,
    app: &App,
) -> Ranking {
    let rows = scored
        .iter()
        .zip(products)
        .zip(1..)
        .map(|((scored, product), rank)| RankedRow {
            rank,
            score: scored.score,
            coverage: 1.0,
            contributions: scored.contributions.to_vec(),
            product,
        });
    Ranking {
        at: app.clock.now(),
        preset: "classic".to_owned(),
        features: classic::FEATURES.map(str::to_owned).to_vec(),
        weights: classic::WEIGHTS.to_vec(),
        n_ranked: n_ranked as u64,
        popularity_source: PopularitySource::Simulated,
        rows: rows.collect(),
    }
}

fn warn_of_currencies(currencies: &[Currency]) {
    let [first, _, ..] = currencies else { return };
    let codes: Vec<&str> = currencies.iter().map(Currency::code).collect();
    let example = currencies.iter().find(|it| it.is_known()).unwrap_or(first);
    tracing::warn!(
        "prices in {} are compared as bare numbers here; rank one currency at a time with --currency {example}",
        codes.join(", "),
    );
}

fn shops_of_report(args: &RankArgs) -> Result<Vec<ShopKey>> {
    let Some(path) = &args.report else {
        return Ok(Vec::new());
    };
    let context = || format!("cannot read the crawl report {}", path.display());
    let bytes = std::fs::read(path).with_context(context)?;
    let reports: Vec<CrawlReport> = serde_json::from_slice(&bytes).with_context(context)?;
    if reports.is_empty() {
        bail!("the crawl report {} names no shop", path.display());
    }
    Ok(reports.into_iter().map(|report| report.key.shop).collect())
}

/// Prints the first places, unless the CSV itself went to standard output.
pub(super) fn show(ranking: &Ranking, out: &std::path::Path, app: &App) -> Result<()> {
    if out == std::path::Path::new("-") {
        return Ok(());
    }
    let path = output::absolute(out);
    if app.global.json {
        return output::print_json(&serde_json::json!({ "out": path, "ranking": ranking }));
    }
    let n_shown = ranking.rows.len().min(TABLE_ROWS);
    let n_ranked = grouped(ranking.n_ranked);
    output::print(&format!(
        "The best {n_shown} of {n_ranked} products, preset {}:",
        ranking.preset
    ))?;
    output::print(&table(&ranking.rows[..n_shown]))?;
    output::print(
        "* popularity is simulated: made from the product's id, it says nothing about sales.",
    )?;
    output::print(&format!(
        "All {} rows: {}",
        grouped(ranking.rows.len() as u64),
        path.display()
    ))
}

fn table(rows: &[RankedRow]) -> String {
    let header = [
        "#",
        "score",
        "title",
        "shop",
        "price",
        "in stock",
        "popularity*",
    ];
    let rows = rows.iter().map(|row| {
        [
            row.rank.to_string(),
            format!("{:.4}", row.score),
            shortened(&row.product.title, 34),
            shortened(row.product.id.shop.as_str(), 26),
            price_words(&row.product),
            format!("{:.0} %", row.product.metrics.available_ratio * 100.0),
            format!(
                "{:.1}",
                catalog::Metrics::simulated_popularity(&row.product.id.native)
            ),
        ]
    });
    output::table(header, &[0, 1, 4, 5, 6], rows.collect())
}

/// Returns `12.90 EUR`, or `12.90–19.90 EUR`.
fn price_words(product: &ProductRow) -> String {
    let code = match product.currency.is_known() {
        true => format!(" {}", product.currency),
        false => String::new(),
    };
    match (product.price_min, product.price_max) {
        (Some(least), Some(most)) if least != most => format!("{least}–{most}{code}"),
        (Some(price), _) => format!("{price}{code}"),
        (None, _) => "unknown".to_owned(),
    }
}
