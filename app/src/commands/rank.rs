//! `trouvaille rank`: the products that win, from the store or straight from saved files.

mod chosen;
mod currencies;
mod explained;
mod files;
mod limits;
mod show;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use catalog::{CrawlReport, MetricsRow, ProductFilter, ShopKey, Store, csv};
use clap::{Args, ValueEnum};
use scoring::Analysis;
use scoring::balanced::Scores;
use scoring::kmeans::DEFAULT_K;
use scoring::preset::{Method, Preset};
use store::OpenMode;

use self::chosen::Chosen;
pub(crate) use self::chosen::{Ranked, unknown};
pub(crate) use self::explained::rank_explained;
pub(crate) use self::show::{json, show, stability_words};
use super::{no_products, open_store};
use crate::App;
use crate::cli::FilterArgs;
use crate::exit::{Exit, UsageError};
use crate::output;
use crate::{presets, scores};

/// Rows of metrics that are asked of the store at a time.
const BLOCK_ROWS: usize = 20_000;

#[derive(Debug, Args)]
#[expect(clippy::doc_markdown, reason = "clap shows these lines as they are")]
#[command(after_help = "Examples:
  trouvaille rank                              the best 50 of the store
  trouvaille rank --currency EUR --in-stock -k 20 --out lists/eur.csv
  trouvaille rank --shop shop.example --type Lamp --price-max 80
  trouvaille rank --preset my.toml             your own weights: a copy of config/presets/balanced.toml, changed and renamed
  trouvaille rank --min-coverage 0.4           only products of which that share is known
  trouvaille rank products.jsonl -k 100        saved products, without a store
  trouvaille rank --plots pictures             also three pictures of what is ranked

The preset \"balanced\" compares each feature of a product with the same product type of the same shop, in one \
currency, and adds the ranks up by their weights; 0.5 is average. What nobody knows of a product (sales, ratings, \
a history that is still short) neither costs nor earns: \"coverage\" is the share of the weights that is known: \
demand and rating have no import yet, bestseller and trend need a shop whose best-selling order can be read. \
The weights are drawn anew 200 times to tell how sure each place is: p_top_k is how often a product is among the \
first K of all, rank_p5 to rank_p95 are its places in nine draws of ten, each before the preset's caps and \
--min-coverage leave anything out. `trouvaille explain ID` tells the rest of one \
product, docs/scoring.md that of all features.

The preset \"classic\" adds six metrics, each scaled to 0..1 between the least and the greatest of the products \
that are ranked. Its popularity_score is simulated: a number made from the product's id, standing in for a signal \
that shops do not publish. Every output says so (popularity_source = simulated). A product without a readable \
price counts with a price of 0 there.

The CSV: RFC 4180, UTF-8, best first. rank, id, title, score, six metrics, the product (product_id to crawled_at), \
coverage, p_top_k, rank_p5, rank_p95, and one contrib_* per feature: they add up to the score, with \"balanced\" to \
the score less 0.5, to within the rounding of its 12 decimals. A text cell that begins with = + - @ gets a leading ', so that no spreadsheet runs it as a \
formula.

Exit codes: 0 done, 1 nothing to rank or an error, 2 wrong usage.")]
pub(crate) struct RankArgs {
    /// Saved product documents to rank instead of the store's products (.jsonl or .json, plain or gzip)
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What makes a shop in saved files [default: the file]
    #[arg(long, value_name = "FIELD", requires = "files")]
    shop_by: Option<ShopBy>,
    /// The way to score: balanced, classic, or the file of a preset [default: balanced]
    #[arg(long, value_name = "PRESET|FILE")]
    preset: Option<String>,
    #[command(flatten)]
    list: ListArgs,
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

/// How long the list is, and what is left out of it.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// How many products the list has [default: 50]
    #[arg(short, value_name = "N", value_parser = places, allow_negative_numbers = true)]
    pub(crate) k: Option<usize>,
    /// Only products of whose weights at least this share is known, from 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share, hide_default_value = true, allow_negative_numbers = true)]
    pub(crate) min_coverage: f64,
}

/// What a user wants to see ranked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) preset: &'a Preset,
    pub(crate) filter: &'a ProductFilter,
    /// How many places.
    pub(crate) k: usize,
    /// The least coverage of a place in the list.
    pub(crate) min_coverage: f64,
}

/// What makes a shop in saved files.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum ShopBy {
    /// The product's vendor.
    Vendor,
}

pub(crate) async fn run(args: &RankArgs, app: &App) -> Result<Exit> {
    let preset = presets::preset(app, args.preset.as_deref())?;
    let filter = filter(args)?;
    if let Some(folder) = &args.plots {
        check_folder(folder, &args.out)?;
    }
    let wanted = Wanted {
        preset: &preset,
        filter: &filter,
        k: args.list.k.unwrap_or(app.config.rank.k),
        min_coverage: args.list.min_coverage,
    };
    let ranked = if args.files.is_empty() {
        let store = open_store(app, OpenMode::Existing).await?;
        let ranked = rank_store(store.as_ref(), &wanted, app).await?;
        if let Err(error) = store.save_ranking(&ranked.ranking).await {
            tracing::warn!("{error}; the list itself is written all the same");
        }
        ranked
    } else {
        files::rank(&args.files, args.shop_by.is_some(), &wanted, app)?
    };
    if !(app.global.json && args.out == Path::new("-")) {
        output::write_to(&args.out, |out| {
            csv::write_top_k(&ranked.ranking, csv::Format::Csv, out)
        })?;
    }
    show(&ranked, &args.out, app)?;
    if let Some(folder) = &args.plots {
        draw(ranked, folder).await?;
        let folder = output::absolute(folder);
        app.screen
            .note(&format!("three pictures in {}", folder.display()));
    }
    Ok(Exit::All)
}

/// Refuses a folder for pictures that is a file, or will be: the list would be written before anybody noticed.
fn check_folder(folder: &Path, list: &Path) -> Result<()> {
    let nearest = folder.ancestors().find(|it| it.exists());
    if nearest.is_some_and(|it| !it.is_dir()) || output::absolute(folder) == output::absolute(list)
    {
        let file = nearest.filter(|it| !it.is_dir()).unwrap_or(list);
        return Err(UsageError(format!(
            "cannot draw into --plots {}: {} is a file; name a folder",
            folder.display(),
            file.display()
        ))
        .into());
    }
    Ok(())
}

pub(crate) fn places(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(k) if (1..=1_000_000).contains(&k) => Ok(k),
        _ => Err("expected a whole number from 1 to 1000000".to_owned()),
    }
}

pub(crate) fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("expected a share from 0 to 1, such as 0.5".to_owned()),
    }
}

/// Ranks products of the store, and warns of prices that cannot be compared.
pub(crate) async fn rank_store(
    store: &dyn Store,
    wanted: &Wanted<'_>,
    app: &App,
) -> Result<Ranked> {
    let filter = wanted.filter;
    super::warn_of_unknown_shops(filter, store).await?;
    let chosen = match &wanted.preset.method {
        Method::MinMax(weights) => {
            let rows = metrics(store, filter).await?;
            if !rows.is_empty() {
                let currencies = store.currencies(filter).await?;
                currencies::warn_of_bare_numbers(&currencies, &store.shops().await?);
            }
            Chosen::of_metrics(rows, weights, wanted.k)
        }
        Method::Quantiles(settings) => {
            let scores = scores::score(store, filter, settings, app.clock.now()).await?;
            warn_of_unknown_currencies(&scores);
            Chosen::of_scores(scores, wanted)?
        }
    };
    with_products(chosen, store, wanted, app).await
}

/// Looks up the products of the chosen places.
async fn with_products(
    chosen: Chosen,
    store: &dyn Store,
    wanted: &Wanted<'_>,
    app: &App,
) -> Result<Ranked> {
    let ids = chosen.ids();
    if ids.is_empty() {
        return Err(no_products(store, wanted.filter));
    }
    let products = store.product_rows(&ids).await?;
    if products.len() < ids.len() {
        bail!("a shop was forgotten while it was ranked; rank again");
    }
    Ok(chosen.ranking(products, wanted, app))
}

pub(super) async fn metrics(store: &dyn Store, filter: &ProductFilter) -> Result<Vec<MetricsRow>> {
    let mut rows: Vec<MetricsRow> = Vec::new();
    loop {
        let after = rows.last().map(|row| row.id.clone());
        let block = store.metrics(filter, after.as_ref(), BLOCK_ROWS).await?;
        let is_last = block.len() < BLOCK_ROWS;
        rows.extend(block);
        if is_last {
            return Ok(rows);
        }
    }
}

/// Warns of prices of the store's products that are compared with no other.
fn warn_of_unknown_currencies(scores: &Scores) {
    let shops = scores.shops_without_price_position();
    currencies::warn_of_unknown(shops, ", and crawl or import it again");
}

/// Draws a ranking's three pictures into `folder`.
pub(crate) async fn draw(ranked: Ranked, folder: &Path) -> Result<()> {
    let preset = ranked.ranking.preset.clone();
    let drawing = tokio::task::spawn_blocking(move || {
        let analysis = Analysis::of(ranked.matrix(), DEFAULT_K);
        scoring::pictures(&analysis, &ranked.top, &preset, scoring::MAX_POINTS)
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
