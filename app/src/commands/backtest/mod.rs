//! `trouvaille backtest`: would the ranking have foretold what happened, or does it agree with outside labels?

mod history;
mod joined;
mod labels;
mod show;
mod trial;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use catalog::{Currency, ProductFilter, Store, UnixMs};
use clap::Args;
use scoring::backtest::Outcome;
use scoring::feature::Feature;
use scoring::preset::{Method, Preset};
use store::OpenMode;

use self::history::{Frame, Passes};
use self::labels::Labels;
use self::trial::{HistoryTrial, LabelTrial};
use super::rank::places;
use super::{open_store, warn_of_unknown_shops};
use crate::App;
use crate::cli::FilterArgs;
use crate::exit::{Exit, UsageError};
use crate::moment::{Age, Moment};
use crate::{output, presets};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  trouvaille backtest                          what the ranking of four weeks ago foretold
  trouvaille backtest --at 2026-10-01 --horizon 14d
  trouvaille backtest --labels sold.csv        today's ranking against units sold, or other numbers
  trouvaille backtest --labels sold.csv --label units -k 20 --json
  trouvaille backtest --fit stockout           are learned weights any better than equal ones?

Without --labels the products are put back to what was known at --at, ranked, and compared with what happened \
in the time behind it. Nothing observed later enters a feature. The history does not keep descriptions, images and \
tags: the feature \"listing\" is unknown there, and \"classic\" counts 0 for them. Nor does it keep product types \
and dates of publication: products are compared within their shop alone, and are as old as the shop's date of their \
creation, which never changes. Only --type and --vendor go by what is stored now. The outcomes, each among the \
products that it can happen to:
  stockout          a variant sold out
  restock           a variant came back
  bestseller_entry  came among the first 20 of its shop's best-selling order
  price_rise        a price rose
  price_cut         a price fell
  delisted          disappeared from its shop: here a low AUC is good

Compared with the preset: random (the mean of all orders); newest (by date of creation, without one by id; \
called \"newest (by id)\" if no product has one); cheapest (within one currency); classic. What the figures mean:
  AUC          how often a product with the outcome ranks above one without; 0.5 is chance, 1 is perfect
  Spearman     the correlation of the order with the outcome or the label, from -1 to 1; 0 is chance
  precision@K  the share of the first K that have the outcome
  lift@K       that share over the share among all; 1 is chance
  95 %         where the figure lies in 95 % of 1,000 resamples of the products of each shop (fewer resamples above \
20,000 products)
Under 30 events the figures tell nothing, and the output says so. The same goes for a history that ends before half of \
the horizon. An interval that holds chance is no evidence.

JSON has the same figures, and beside them:
  auc_behind_first, spearman_behind_first   the figure of the preset less that of the ranking, on the same resamples: \
the preset is better if \"low\" is above 0, worse if \"high\" is below
  until, observed_until                     the end of the horizon, and the last pass in it: later nobody looked
  too_short                                 less than half of the horizon was observed
  too_few                                   under 30 events, or under 30 products without

--labels FILE is a CSV (commas, semicolons or tabs) with a column product_id, id, handle or url (the first of these that is there), if need be a \
column shop, and a column of numbers that are not below 0. Several rows of one product are added up. Without --at \
products are taken as they are now: all features count, types are compared and newest goes by date of publication.

--fit learns weights from the horizon before --at and tries them on the one behind it. Only if the interval of their \
AUC less that of equal weights lies above 0 they are printed, as the [weights] of a preset.

Exit codes: 0 done, also where nothing happened, 1 an error or no history, 2 wrong usage, 3 interrupted.")]
pub(crate) struct BacktestArgs {
    /// The moment to go back to: a date, a time or an age [default: one horizon ago, else the middle of the history;
    /// with --labels: now]
    #[arg(long, value_name = "DATE", value_parser = Moment::parse)]
    at: Option<Moment>,
    /// How far to look ahead
    #[arg(long, value_name = "AGE", default_value = "28d", value_parser = Age::parse)]
    horizon: Age,
    /// The way to score: balanced, classic, or the file of a preset [default: balanced]
    #[arg(long, value_name = "PRESET|FILE")]
    preset: Option<String>,
    /// The length of the list for precision and lift [default: a tenth of the products, at most 50]
    #[arg(short, value_name = "N", value_parser = places, allow_negative_numbers = true)]
    k: Option<usize>,
    /// Compare with the numbers in this CSV, such as units sold, instead of with what happened
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// The column of the numbers [default: the only one that has numbers]
    #[arg(long, value_name = "COLUMN", requires = "labels")]
    label: Option<String>,
    /// Learn weights for this outcome, and try them on a later period
    #[arg(long, value_name = "OUTCOME", value_parser = outcome, conflicts_with = "labels")]
    fit: Option<Outcome>,
    /// Only this shop: its key, host or URL; may be repeated
    #[arg(long = "shop", value_name = "SHOP")]
    shops: Vec<String>,
    /// Only this product type, in any case
    #[arg(long = "type", value_name = "TYPE")]
    product_type: Option<String>,
    /// Only this vendor, in any case
    #[arg(long, value_name = "VENDOR")]
    vendor: Option<String>,
    /// Only prices of this currency, for example EUR
    #[arg(long, value_name = "CODE", value_parser = Currency::parse)]
    currency: Option<Currency>,
}

pub(crate) async fn run(args: &BacktestArgs, app: &App) -> Result<Exit> {
    let preset = presets::preset(app, args.preset.as_deref())?;
    let filter = filter(args)?;
    let store = open_store(app, OpenMode::Existing).await?;
    warn_of_unknown_shops(&filter, store.as_ref()).await?;
    let work = async {
        match &args.labels {
            Some(path) => with_labels(path, args, preset, &filter, store.as_ref(), app).await,
            None => with_history(args, preset, &filter, store.as_ref(), app).await,
        }
    };
    // Nothing is written, so that the work may end anywhere.
    tokio::select! {
        done = work => done,
        () = app.cancel.cancelled() => Ok(Exit::Some),
    }
}

/// Compares the ranking of a moment with what happened behind it.
async fn with_history(
    args: &BacktestArgs,
    preset: Preset,
    filter: &ProductFilter,
    store: &dyn Store,
    app: &App,
) -> Result<Exit> {
    needs_history(&preset)?;
    let now = app.clock.now();
    let horizon_ms = now.ms().saturating_sub(args.horizon.before(now).ms());
    if horizon_ms == 0 {
        return Err(UsageError("--horizon: it must be longer than 0".to_owned()).into());
    }
    let passes = Passes::read(store, filter).await?;
    let wanted = args.at.map(|at| at.at(now));
    let (at, why) = passes.moment(wanted, horizon_ms, now)?;
    let until = UnixMs::new(at.ms().saturating_add(horizon_ms));
    let mut moments = vec![(at, until)];
    if args.fit.is_some() {
        moments.push((passes.earlier(at, horizon_ms)?, at));
    }
    let frames = history::frames(store, filter, &passes, &moments, app, |_| Ok(())).await?;
    if frames[0].products.rows.is_empty() {
        return Err(nothing_observed(&frames[0], until.min(now)));
    }
    let observed_until = passes.last_within(at, until).unwrap_or(at);
    let trial = HistoryTrial {
        preset,
        at,
        why,
        until,
        observed_until,
        too_short: observed_until.ms() - at.ms() < horizon_ms / 2,
        k: args.k,
        fit: args.fit,
    };
    let report = blocking(move || trial.report(&frames)).await?;
    match app.global.json {
        true => output::print_json(&report)?,
        false => output::print(&show::history(&report))?,
    }
    Ok(Exit::All)
}

/// Returns why no product has an outcome, and what to do.
fn nothing_observed(frame: &Frame, until: UnixMs) -> anyhow::Error {
    let at = frame.products.at;
    match frame.n_unwatched {
        0 => anyhow!(
            "no product that passes was known at {at}: name a later moment with --at, or loosen the filters"
        ),
        n => anyhow!(
            "{} were known at {at}, and none of their shops was crawled again by {until}: crawl again after some days, \
             or name another --at or a longer --horizon",
            output::counted(n, "product")
        ),
    }
}

/// Compares the ranking of now, or of another moment, with outside labels.
async fn with_labels(
    path: &Path,
    args: &BacktestArgs,
    preset: Preset,
    filter: &ProductFilter,
    store: &dyn Store,
    app: &App,
) -> Result<Exit> {
    let mut labels = Labels::read(path, args.label.as_deref())?;
    let at = args.at.map(|at| at.at(app.clock.now()));
    let (products, known) = match at {
        None => joined::now(store, filter, &mut labels, app).await?,
        Some(at) => {
            needs_history(&preset)?;
            joined::then(store, filter, &mut labels, at, app).await?
        }
    };
    let trial = LabelTrial {
        preset,
        path: output::absolute(path),
        k: args.k,
    };
    let report = blocking(move || trial.report(&labels, &products, &known)).await?;
    match app.global.json {
        true => output::print_json(&report)?,
        false => output::print(&show::labels(&report))?,
    }
    Ok(Exit::All)
}

/// Runs what takes the processor for long beside the runtime.
async fn blocking<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> Result<R> {
    let working = tokio::task::spawn_blocking(work);
    working.await.context("cannot work out the figures")
}

/// Refuses a preset of which the history knows nothing.
fn needs_history(preset: &Preset) -> Result<(), UsageError> {
    let Method::Quantiles(settings) = &preset.method else {
        return Ok(());
    };
    let weights = Feature::ALL.into_iter().zip(settings.weights);
    let mut others = weights.filter(|(feature, _)| *feature != Feature::Listing);
    match others.any(|(_, weight)| weight > 0.0) {
        true => Ok(()),
        false => Err(UsageError(format!(
            "the preset {} weighs listing alone, and the history keeps no descriptions, images and tags: test it with \
             --labels, without --at",
            preset.name
        ))),
    }
}

fn filter(args: &BacktestArgs) -> Result<ProductFilter, UsageError> {
    let filter = FilterArgs {
        shops: args.shops.clone(),
        product_type: args.product_type.clone(),
        vendor: args.vendor.clone(),
        currency: args.currency,
        ..FilterArgs::default()
    };
    filter.to_filter()
}

fn outcome(text: &str) -> Result<Outcome, String> {
    let found = Outcome::ALL.into_iter().find(|it| it.name() == text);
    let names = Outcome::ALL.map(Outcome::name).join(", ");
    found.ok_or_else(|| format!("expected one of {names}"))
}
