//! `trouvaille rank`: the products that win, from the store or straight from saved files.

mod files;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use catalog::{
    CrawlReport, Currency, MetricsRow, PopularitySource, ProductFilter, ProductRow, RankedRow,
    Ranking, ShopKey, ShopStatus, Store, csv,
};
use clap::{Args, ValueEnum};
use scoring::classic;
use store::OpenMode;

use super::open_store;
use crate::App;
use crate::cli::FilterArgs;
use crate::config::check_preset;
use crate::exit::Exit;
use crate::output::{self, counted, shortened};

/// Rows of metrics that are asked of the store at a time.
const BLOCK_ROWS: usize = 20_000;

/// Lines of the table; the CSV has all K.
const TABLE_ROWS: usize = 10;

#[derive(Debug, Args)]
#[expect(clippy::doc_markdown, reason = "clap shows these lines as they are")]
#[command(after_help = "Examples:
  trouvaille rank                              the best 50 of the store
  trouvaille rank --currency EUR --in-stock -k 20 --out lists/eur.csv
  trouvaille rank --shop shop.example --type Lamp --price-max 80
  trouvaille rank products.jsonl -k 100        saved products, without a store
  trouvaille rank --plots pictures             also three pictures of what is ranked

The preset \"classic\" is a weighted sum of six metrics, each scaled to 0..1 over the products that \
are ranked:
  0.25 available_ratio + 0.10 num_tags + 0.20 (1 - avg_price)
  + 0.15 num_images + 0.10 description_length + 0.20 popularity_score

A product without a readable price counts with a price of 0 there, as the definition says.

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
    #[arg(short, value_name = "N", value_parser = places, allow_negative_numbers = true)]
    k: Option<usize>,
    /// Where the CSV goes; - for standard output
    #[arg(long, value_name = "FILE", default_value = "top_k.csv")]
    out: PathBuf,
    /// Draw three pictures into this folder: heatmap_correlation.svg, pca_clusters.svg, pca_topk.svg
    #[arg(long, value_name = "DIR")]
    plots: Option<PathBuf>,
    /// Rank only the shops in this report of `crawl --out`
    #[arg(long = "in", value_name = "REPORT.json", conflicts_with = "files")]
    report: Option<PathBuf>,
    #[command(flatten)]
    filter: FilterArgs,
}

/// A ranking, with the numbers of all products that it was made of.
#[derive(Debug)]
pub(super) struct Ranked {
    pub(super) ranking: Ranking,
    metrics: Vec<MetricsRow>,
    /// The places of the ranking's rows in `metrics`.
    top: Vec<usize>,
}

/// What makes a shop in saved files.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum ShopBy {
    /// The product's vendor.
    Vendor,
}

pub(crate) async fn run(args: &RankArgs, app: &App) -> Result<Exit> {
    if let Some(preset) = &args.preset {
        check_preset(preset)?;
    }
    let k = args.k.unwrap_or(app.config.rank.k);
    let filter = filter(args)?;
    let ranked = if args.files.is_empty() {
        let store = open_store(app, OpenMode::Existing).await?;
        let ranked = rank_store(store.as_ref(), &filter, k, app).await?;
        if let Err(error) = store.save_ranking(&ranked.ranking).await {
            tracing::warn!("{error}; the list itself is written all the same");
        }
        ranked
    } else {
        files::rank(&args.files, args.shop_by.is_some(), &filter, k, app)?
    };
    if !(app.global.json && args.out == Path::new("-")) {
        output::write_to(&args.out, |out| {
            csv::write_top_k(&ranked.ranking, csv::Format::Csv, out)
        })?;
    }
    show(&ranked.ranking, &args.out, app)?;
    if let Some(folder) = &args.plots {
        draw(ranked, folder).await?;
        let folder = output::absolute(folder);
        app.screen
            .note(&format!("three pictures in {}", folder.display()));
    }
    Ok(Exit::All)
}

fn places(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(k) if (1..=1_000_000).contains(&k) => Ok(k),
        _ => Err("expected a whole number from 1 to 1000000".to_owned()),
    }
}

/// Ranks the products of the store that pass `filter`, and warns when prices of several currencies meet.
pub(super) async fn rank_store(
    store: &dyn Store,
    filter: &ProductFilter,
    k: usize,
    app: &App,
) -> Result<Ranked> {
    super::warn_of_unknown_shops(filter, store).await?;
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
        let why = if *filter == ProductFilter::default() {
            "is there"
        } else {
            "passes these filters"
        };
        bail!(
            "no product in {} {why}; `trouvaille check` tells what is stored",
            store.location()
        );
    }
    warn_of_currencies(&store.currencies(filter).await?, &store.shops().await?);
    let scored = classic::rank(&rows, k);
    let ids: Vec<_> = scored.iter().map(|it| rows[it.index].id.clone()).collect();
    let products = store.product_rows(&ids).await?;
    Ok(ranked(rows, &scored, products, app))
}

/// Joins the scores with their products, which come in the same order.
fn ranked(
    metrics: Vec<MetricsRow>,
    scored: &[classic::Scored],
    products: Vec<ProductRow>,
    app: &App,
) -> Ranked {
    let rows = scored.iter().zip(products).zip(1..);
    let rows = rows.map(|((scored, product), rank)| RankedRow {
        rank,
        score: scored.score,
        coverage: 1.0,
        contributions: scored.contributions.to_vec(),
        product,
    });
    let ranking = Ranking {
        at: app.clock.now(),
        preset: "classic".to_owned(),
        features: classic::FEATURES.map(str::to_owned).to_vec(),
        weights: classic::WEIGHTS.to_vec(),
        n_ranked: metrics.len() as u64,
        popularity_source: PopularitySource::Simulated,
        rows: rows.collect(),
    };
    Ranked {
        ranking,
        top: scored.iter().map(|it| it.index).collect(),
        metrics,
    }
}

/// Draws a ranking's three pictures into `folder`.
pub(super) async fn draw(ranked: Ranked, folder: &Path) -> Result<()> {
    let preset = ranked.ranking.preset.clone();
    let drawing = tokio::task::spawn_blocking(move || {
        scoring::pictures(&ranked.metrics, &ranked.top, &preset)
    });
    let pictures = drawing.await.context("cannot draw the pictures")?;
    for (name, svg) in [
        ("heatmap_correlation.svg", pictures.heatmap),
        ("pca_clusters.svg", pictures.clusters),
        ("pca_topk.svg", pictures.top_k),
    ] {
        output::write_to(&folder.join(name), |out| out.write_all(svg.as_bytes()))?;
    }
    Ok(())
}

/// Warns where prices of several currencies meet, and names the one that most products have.
fn warn_of_currencies(currencies: &[Currency], shops: &[ShopStatus]) {
    if currencies.len() < 2 {
        return;
    }
    let n_products = |currency: Currency| -> u64 {
        let priced_in_it = shops
            .iter()
            .filter(|status| status.shop.currency == currency);
        priced_in_it.map(|status| status.n_products).sum()
    };
    let known = currencies
        .iter()
        .copied()
        .filter(|currency| currency.is_known());
    let Some(most_used) = known.max_by_key(|&currency| n_products(currency)) else {
        return;
    };
    let names = currencies
        .iter()
        .map(|it| if it.is_known() { it.code() } else { "unknown" });
    tracing::warn!(
        "prices in several currencies ({}) are compared as bare numbers here; rank one at a time: --currency {most_used}",
        names.collect::<Vec<_>>().join(", "),
    );
}

/// Returns what passes: of the shops in the report, if there is one, those that `--shop` names, if it is there.
fn filter(args: &RankArgs) -> Result<ProductFilter> {
    let mut filter = args.filter.to_filter()?;
    if let Some(path) = &args.report {
        let mut shops = shops_of_report(path)?;
        shops.retain(|shop| filter.shops.is_empty() || filter.shops.contains(shop));
        if shops.is_empty() {
            bail!(
                "the crawl report {} has none of the shops of --shop",
                path.display()
            );
        }
        filter.shops = shops;
    }
    Ok(filter)
}

fn shops_of_report(path: &Path) -> Result<Vec<ShopKey>> {
    let context = || format!("cannot read the crawl report {}", path.display());
    let bytes = std::fs::read(path).with_context(context)?;
    let reports: Vec<CrawlReport> = serde_json::from_slice(&bytes).with_context(context)?;
    if reports.is_empty() {
        bail!("the crawl report {} names no shop", path.display());
    }
    Ok(reports.into_iter().map(|report| report.key.shop).collect())
}

/// Prints the first places, unless the CSV itself went to standard output.
pub(super) fn show(ranking: &Ranking, out: &Path, app: &App) -> Result<()> {
    let is_printed = out == Path::new("-");
    if app.global.json {
        return output::print_json(&json(ranking, (!is_printed).then_some(out)));
    }
    if is_printed {
        return Ok(());
    }
    let n_shown = ranking.rows.len().min(TABLE_ROWS);
    output::print(&format!(
        "The best {n_shown} of {}, preset {}:",
        counted(ranking.n_ranked, "product"),
        ranking.preset
    ))?;
    output::print(&table(&ranking.rows[..n_shown]))?;
    output::print(
        "* popularity is simulated: made from the product's id, it says nothing about sales.",
    )?;
    output::print(&format!(
        "The whole list ({}): {}",
        counted(ranking.rows.len() as u64, "row"),
        output::absolute(out).display()
    ))
}

/// Returns a ranking as JSON: its facts, and rows with the columns of the CSV.
pub(super) fn json(ranking: &Ranking, out: Option<&Path>) -> serde_json::Value {
    let weights: serde_json::Map<_, _> = ranking
        .features
        .iter()
        .cloned()
        .zip(ranking.weights.iter().map(|&it| it.into()))
        .collect();
    serde_json::json!({
        "out": out.map(output::absolute),
        "at": ranking.at,
        "preset": ranking.preset,
        "weights": weights,
        "n_ranked": ranking.n_ranked,
        "popularity_source": ranking.popularity_source,
        "rows": csv::top_k_objects(ranking),
    })
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
            shortened(&row.product.id.shop.shown(), 26),
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
