//! `trouvaille report`: one file that says what wins and why, to be mailed and opened offline.

mod command;
mod data;
mod page;
mod patterns;
mod texts;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use catalog::{ProductFilter, ShopStatus, Store};
use clap::Args;
use store::OpenMode;

use self::data::{Changes, ReportData};
use super::open_store;
use super::rank::{self, Wanted};
use crate::cli::FilterArgs;
use crate::exit::Exit;
use crate::{App, output, presets, previous, seen};

/// The most places: a longer page takes a browser seconds to open.
const MAX_PLACES: usize = 5_000;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  trouvaille report                                     the best 50 of the store, in ./report.html
  trouvaille report -k 1000 --out reports/november.html
  trouvaille report --currency EUR --in-stock --title \"What sells in euros\"
  trouvaille report --out - | gzip > report.html.gz

Ranks afresh, as `trouvaille rank` with the same options does, stores the ranking, and writes one HTML file: the \
list, to be sorted and filtered, why each product has its place, its stored summary (`trouvaille summarize`) and whether that is of earlier facts, what changed since the last ranking, pictures, \
patterns, the age of the data, and how all was computed.

It is compared with the newest stored ranking of the same preset, weights and filters that was made before the \
newest crawl ended, or else with the newest such one of all; of the longer list only as many places as the other has.

The file holds all it shows and asks nobody for anything: pictures of products are links. It opens without a \
network, can be read without JavaScript, and can be printed. Texts of shops are shown as text, whatever they are.

Exit codes: 0 done, 1 nothing to rank or an error, 2 wrong usage.")]
pub(crate) struct ReportArgs {
    /// Where the report goes; - for standard output
    #[arg(long, value_name = "FILE", default_value = "report.html")]
    out: PathBuf,
    /// The report's heading [default: what was ranked]
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// The way to score: balanced, classic, or the file of a preset [default: balanced]
    #[arg(long, value_name = "PRESET|FILE")]
    preset: Option<String>,
    /// How many products the list has [default: 50]
    #[arg(short, value_name = "N", value_parser = places, allow_negative_numbers = true)]
    k: Option<usize>,
    /// Only products of whose weights at least this share is known, from 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = rank::share, hide_default_value = true, allow_negative_numbers = true)]
    min_coverage: f64,
    #[command(flatten)]
    filter: FilterArgs,
}

pub(crate) async fn run(args: &ReportArgs, app: &App) -> Result<Exit> {
    let preset = presets::preset(app, args.preset.as_deref())?;
    let filter = args.filter.to_filter()?;
    let store = open_store(app, OpenMode::Existing).await?;
    let wanted = Wanted {
        preset: &preset,
        filter: &filter,
        k: args.k.unwrap_or(app.config.rank.k).min(MAX_PLACES),
        min_coverage: args.min_coverage,
    };
    let data = gather(args, &wanted, store.as_ref(), app).await?;
    let writing = tokio::task::spawn_blocking(move || page::page(&data));
    let page = writing.await.context("cannot write the report")?;
    output::write_to(&args.out, |out| out.write_all(page.as_bytes()))?;
    tell(&args.out, page.len(), app)?;
    Ok(Exit::All)
}

/// Ranks, stores the ranking, and finds out what else the report says.
async fn gather(
    args: &ReportArgs,
    wanted: &Wanted<'_>,
    store: &dyn Store,
    app: &App,
) -> Result<ReportData> {
    let (ranked, reasons) = rank::rank_explained(store, wanted, app).await?;
    let ranking = ranked.ranking.clone();
    let shops = shops(store, wanted.filter).await?;
    let previous = previous::ranking(store, &ranking, &shops).await?;
    if let Err(error) = store.save_ranking(&ranking).await {
        tracing::warn!("{error}; the report itself is written all the same");
    }
    let patterns = patterns::patterns(ranked, store).await?;
    let location = without_folders(store.location());
    Ok(ReportData {
        title: args.title.clone(),
        command: command::line(args, wanted, &location, app),
        store: location,
        filters: command::filters(wanted),
        method: wanted.preset.method.clone(),
        unknown_of_all: data::unknown_of_all(&reasons.explanations),
        explanations: reasons.explanations,
        signals: reasons.signals,
        shops,
        changes: previous.map(|old| Changes::between(&old, &ranking)),
        pictures: patterns.pictures,
        segments: patterns.segments,
        outliers: patterns.outliers,
        rules: patterns::rules(store, wanted.filter).await?,
        texts: texts::texts(store, &ranking).await?,
        ranking,
    })
}

/// Returns a store's location as others may read it: of a file its name. That of a server has no user.
fn without_folders(location: &str) -> String {
    match location.starts_with("mongodb") {
        true => location.to_owned(),
        false => command::file_name(location),
    }
}

fn places(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(k) if (1..=MAX_PLACES).contains(&k) => Ok(k),
        _ => Err(format!("expected a whole number from 1 to {MAX_PLACES}")),
    }
}

/// Returns the shops that pass the filter and have products.
async fn shops(store: &dyn Store, filter: &ProductFilter) -> Result<Vec<ShopStatus>> {
    let is_meant = |it: &ShopStatus| {
        it.n_products > 0 && (filter.shops.is_empty() || filter.shops.contains(&it.shop.key))
    };
    let mut shops = store.shops().await?;
    shops.retain(is_meant);
    for shop in &mut shops {
        if let Some(last) = &mut shop.last_crawl
            && last.notes.popularity.is_none()
        {
            // Its pass did not look: the places that count are of one before.
            last.notes.popularity = seen::popularity(store, &shop.shop.key).await?;
        }
    }
    Ok(shops)
}

fn tell(out: &Path, n_bytes: usize, app: &App) -> Result<()> {
    if out == Path::new("-") {
        return Ok(());
    }
    let path = output::absolute(out);
    if app.global.json {
        return output::print_json(&serde_json::json!({ "out": path, "bytes": n_bytes }));
    }
    let size = output::grouped(n_bytes.div_ceil(1_000) as u64);
    output::print(&format!("The report ({size} kB): {}", path.display()))
}
