//! `trouvaille explain`: why one product stands where it stands, and what would move it.

pub(crate) mod find;
mod show;

use anyhow::{Context, Result, bail};
use catalog::{ProductFilter, ProductRow, Stability, Store};
use clap::Args;
use scoring::balanced::Scores;
use scoring::explain::Explanation;
use scoring::preset::{Method, Quantiles};
use scoring::signals::Signal;
use store::OpenMode;

use super::open_store;
use super::rank::ListArgs;
use crate::App;
use crate::cli::FilterArgs;
use crate::exit::{Exit, UsageError};
use crate::scores::Explainable;
use crate::{output, presets, scores, seen};

#[derive(Debug, Args)]
#[expect(clippy::doc_markdown, reason = "clap shows these lines as they are")]
#[command(after_help = "Examples:
  trouvaille explain shopify:shop.example:1234567890
  trouvaille explain brass-lamp --shop shop.example
  trouvaille explain https://shop.example/products/brass-lamp
  trouvaille explain brass-lamp -k 20 --min-coverage 0.4
  trouvaille explain shopify:shop.example:1234567890 --currency EUR --in-stock
  trouvaille explain shopify:shop.example:1234567890 --json | jq .features

The product is compared with the products that pass the filters, as `trouvaille rank` with the same filters does it. \
The points of all features add up to the score less 0.5: each is the feature's weight times its utility \
less 0.5. The utility is the product's rank among comparable products, from 0 to 1: within its product type and \
shop, but the fewer these are, the more the whole shop counts, and all shops. A feature that is not known gives no \
points and costs none. The columns type, shop and all shops say how far up it stands among how many products of which \
the feature is known (a price: of those in its currency). Equal values share the middle of their places: where all are equal, each stands 50 % of the \
way up. Of several products that PRODUCT_ID means, the one that passes the filters is taken.

Exit codes: 0 done, 1 no such product, gone, or left out by the filters, 2 wrong usage.")]
pub(crate) struct ExplainArgs {
    /// The product: its product_id, the platform's own id, its page, or its handle
    #[arg(value_name = "PRODUCT_ID")]
    product: String,
    /// The way to score: balanced, or the file of a preset [default: balanced]
    #[arg(long, value_name = "PRESET|FILE")]
    preset: Option<String>,
    #[command(flatten)]
    list: ListArgs,
    #[command(flatten)]
    filter: FilterArgs,
}

/// All that is told of a product.
#[derive(Debug)]
struct Told {
    product: ProductRow,
    /// The product one place above.
    above: Option<ProductRow>,
    explanation: Explanation,
    /// What was seen of the product over time.
    signals: Vec<Signal>,
    preset: String,
    listed: Listed,
}

/// A product and the list that `trouvaille rank` makes with the same options.
#[derive(Debug)]
struct Listed {
    /// How many places were asked for.
    k: usize,
    min_coverage: f64,
    /// How many places the list has.
    n_places: usize,
    /// The product's place in it.
    rank: Option<usize>,
    /// What keeps the product out, though it or a worse one has a place before that.
    left_out_by: Option<&'static str>,
    stability: Option<Stability>,
}

impl Listed {
    fn of(scores: &Scores, index: usize, rank_uncapped: u32, list: &ListArgs, app: &App) -> Self {
        let (k, least) = (list.k.unwrap_or(app.config.rank.k), list.min_coverage);
        let places = scores.top_covered(k, least).places;
        let at = places.iter().position(|place| place.index == index);
        let is_full = places.len() == k.min(scores.len());
        let is_passed = places
            .last()
            .is_some_and(|it| rank_uncapped < it.rank_uncapped);
        let left_out_by = match at {
            Some(_) => None,
            None if !scores.is_covered(index, least) => Some("min_coverage"),
            None => (is_passed || !is_full).then_some("caps"),
        };
        Self {
            k,
            min_coverage: least,
            n_places: places.len(),
            rank: at.map(|at| at + 1),
            left_out_by,
            stability: at.and_then(|at| places[at].stability),
        }
    }
}

pub(crate) async fn run(args: &ExplainArgs, app: &App) -> Result<Exit> {
    let preset = presets::preset(app, args.preset.as_deref())?;
    let Method::Quantiles(settings) = &preset.method else {
        return Err(UsageError(format!(
            "the preset {:?} scores between extremes, and its parts stand in the contrib_* columns of \
             `trouvaille rank`; to explain a product, take --preset balanced",
            preset.name
        ))
        .into());
    };
    let filter = args.filter.to_filter()?;
    let store = open_store(app, OpenMode::Existing).await?;
    super::warn_of_unknown_shops(&filter, store.as_ref()).await?;
    let product = find::product(store.as_ref(), &args.product, &filter).await?;
    if let Some(since) = find::gone_since(store.as_ref(), &product.id).await? {
        bail!(
            "{} ({}) is gone from its shop since {since}: only what is there is ranked; `trouvaille export history \
             --product {}` has its past",
            product.id,
            product.title,
            product.id
        );
    }
    let (name, store) = (&preset.name, store.as_ref());
    let told = tell(store, (args, &filter), (name, settings), product, app).await?;
    match app.global.json {
        true => output::print_json(&show::json(&told)?)?,
        false => output::print(&show::text(&told))?,
    }
    Ok(Exit::All)
}

async fn tell(
    store: &dyn Store,
    (args, filter): (&ExplainArgs, &ProductFilter),
    (preset, settings): (&str, &Quantiles),
    product: ProductRow,
    app: &App,
) -> Result<Told> {
    let Explainable { scores, histories } =
        scores::explainable(store, filter, settings, app.clock.now()).await?;
    let ids = std::slice::from_ref(&product.id);
    let rows = scores::rows_of(store, filter, ids).await?;
    let (Some(index), [row]) = (scores.position(&product.id), rows.as_slice()) else {
        bail!(
            "{} ({}) does not pass these filters, so it has no place among what does",
            product.id,
            product.title
        );
    };
    let explanation = scores.explain(index, row, &histories);
    let signals = seen::signals(store, row, &histories).await?;
    let listed = Listed::of(&scores, index, explanation.rank, &args.list, app);
    let above = match &explanation.above {
        Some(above) => {
            let mut rows = store
                .product_rows(std::slice::from_ref(&above.product))
                .await?;
            Some(
                rows.pop()
                    .context("a shop was forgotten meanwhile; ask again")?,
            )
        }
        None => None,
    };
    Ok(Told {
        product,
        above,
        explanation,
        signals,
        preset: preset.to_owned(),
        listed,
    })
}
