//! `get_top_products`: the best products of a stored ranking, each with what its score is made of.

mod line;
mod places;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use catalog::{Currency, ListStability, Store, UnixMs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Call, ToolKind};
use crate::ToolError;
use crate::answer::{Cut, DataAge};
use crate::arguments::ResponseFormat;
use crate::economy::{self, Budget};
use crate::moments::{self, Edge, moment};
use crate::products;
use crate::rankings::Standings;
use crate::untrusted::{Fence, Notice};
use line::RankedLine;
use places::{Filter, Found, Near};

const USUAL_K: usize = 10;

pub(crate) struct GetTopProducts;

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Arguments {
    /// Places in one answer, default 10; with by, places of each group
    #[serde(default)]
    #[schemars(with = "usize", range(min = 1, max = 100))]
    k: Option<usize>,
    /// The best of all, or of the stored places the first k of each shop or category
    #[serde(default)]
    by: By,
    /// Only this shop, by its host
    #[serde(default)]
    #[schemars(with = "String")]
    shop: Option<String>,
    /// Only this product type, in any case
    #[serde(default)]
    #[schemars(with = "String")]
    category: Option<String>,
    /// The way to score, such as balanced
    #[serde(default)]
    #[schemars(with = "String")]
    preset: Option<String>,
    /// The newest ranking made at or before this date or RFC 3339 time
    #[serde(default)]
    #[schemars(with = "String")]
    as_of: Option<String>,
    /// Only prices in this currency, such as EUR
    #[serde(default)]
    #[schemars(with = "String")]
    currency: Option<String>,
    /// true: only what could be bought when it was ranked, false: only the rest
    #[serde(default)]
    #[schemars(with = "bool")]
    in_stock: Option<bool>,
    /// `next_cursor` of the answer before, with the same arguments
    #[serde(default)]
    #[schemars(with = "String")]
    cursor: Option<String>,
    /// detailed adds all parts of scores, ids and links
    #[serde(default)]
    response_format: ResponseFormat,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum By {
    #[default]
    All,
    Shop,
    Category,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Output {
    #[serde(rename = "_notice")]
    notice: Notice,
    /// Names the ranking: `trouvaille://rankings/{run_id}` has all of it.
    run_id: String,
    /// The preset, and a mark that changes with its weights.
    formula_version: String,
    /// Where the popularity in the scores came from.
    popularity_source: &'static str,
    /// How many products were ranked.
    n_ranked: u64,
    /// How many places the stored list has.
    n_places: usize,
    /// How sure the list is of itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    stability: Option<ListStability>,
    ranked: Vec<RankedLine>,
    /// Categories that are near to the one that was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "serde_json::Value")]
    untrusted: Option<Near>,
    #[serde(flatten)]
    cut: Cut,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<DataAge>,
}

/// Where a list goes on: a newer ranking does not change it.
#[derive(Debug, Serialize, Deserialize)]
struct Place {
    run_id: String,
    n_shown: usize,
}

impl ToolKind for GetTopProducts {
    const NAME: &'static str = "get_top_products";
    const TITLE: &'static str = "Get top products";
    const DESCRIPTION: &'static str = "Returns the best products of a stored ranking, overall or of its stored \
        places the first of each shop or category, with score and main reasons. Give as_of for an earlier ranking. For one product's score take \
        explain_score, to look for words search_products.";
    const IS_LEAN: bool = true;
    type Arguments = Arguments;
    type Output = Output;

    async fn run(arguments: Arguments, call: &Call<'_>) -> Result<Answer<Output>, ToolError> {
        let now = (call.context.now)();
        let store = call.context.data.store().await?;
        let place: Option<Place> = match &arguments.cursor {
            Some(cursor) => Some(call.context.cursors.open(call.query, cursor, now)?),
            None => None,
        };
        let standings = ranking(&arguments, place.as_ref(), call).await?;
        let filter = Filter {
            shop: match &arguments.shop {
                Some(shop) => Some(products::shop(store, "shop", shop).await?),
                None => None,
            },
            category: arguments.category.as_deref().map(products::folded),
            currency: currency(arguments.currency.as_deref(), &standings, store).await?,
            in_stock: arguments.in_stock,
        };
        let k = arguments.k.unwrap_or(USUAL_K);
        let n_shown = place.map_or(0, |it| it.n_shown);
        let found = places::find(&standings.ranking.rows, &filter, arguments.by, k, n_shown);
        let newest_crawl = call.context.data.rankings().newest_crawl(store).await?;
        let near = places::near(&standings.ranking.rows, &filter, &found);
        let mut hints = hints(&arguments, &standings, &filter, &found, newest_crawl);
        if arguments.by == By::Shop && filter.shop.is_none() {
            let n_shops = products::shops(store).await?.len();
            hints.extend(places::without_places(&standings.ranking.rows, n_shops));
        }
        if near.is_some() {
            hints.push(
                "untrusted.near has categories of the stored places that are near".to_owned(),
            );
        }
        let mut answer = answer(&arguments, call, &standings, &found, n_shown, hints, now);
        answer.output.untrusted = near;
        Ok(answer)
    }
}

/// Returns the ranking that is asked for: of the cursor, or the newest of the preset and the date.
async fn ranking(
    arguments: &Arguments,
    place: Option<&Place>,
    call: &Call<'_>,
) -> Result<Arc<Standings>, ToolError> {
    let store = call.context.data.store().await?;
    let rankings = call.context.data.rankings();
    if let Some(Place { run_id, .. }) = place {
        return rankings.by_run_id(store, run_id).await?.ok_or_else(|| {
            ToolError::invalid(
                "cursor",
                "the ranking of this cursor is not stored any more",
            )
            .next("call again without cursor")
        });
    }
    if arguments.preset.is_none() && arguments.as_of.is_none() {
        return call.context.data.latest_ranking().await;
    }
    let now = (call.context.now)();
    let until = match &arguments.as_of {
        Some(as_of) => Some(moment("as_of", as_of, Edge::Behind, now)?),
        None => None,
    };
    let in_time = |at: UnixMs| until.is_none_or(|until| at < until);
    let preset = arguments.preset.as_deref().map(str::trim);
    let of_preset = |it: &str| preset.is_none_or(|preset| preset.eq_ignore_ascii_case(it));
    let found = rankings
        .newest(store, |it| in_time(it.at) && of_preset(&it.preset))
        .await?;
    match found {
        Some(found) => Ok(found),
        None => Err(places::none_such(rankings.heads(store).await?, of_preset)),
    }
}

/// Returns the currency that is asked for: of a place, which in an early ranking no shop may have any more, or of a shop.
async fn currency(
    text: Option<&str>,
    standings: &Standings,
    store: &dyn Store,
) -> Result<Option<Currency>, ToolError> {
    let Some(text) = text else { return Ok(None) };
    let mut rows = standings.ranking.rows.iter();
    match Currency::parse(text) {
        Ok(it) if it.is_known() && rows.any(|row| row.product.currency == it) => Ok(Some(it)),
        _ => {
            let currency = products::currency(store, GetTopProducts::NAME, text);
            currency.await.map(Some)
        }
    }
}

/// Returns what a reader must know of the list besides its places.
fn hints(
    arguments: &Arguments,
    standings: &Standings,
    filter: &Filter,
    found: &Found<'_>,
    newest_crawl: Option<UnixMs>,
) -> Vec<String> {
    let ranking = &standings.ranking;
    let n_places = ranking.rows.len();
    let mut hints = Vec::new();
    if found.rows.is_empty() && filter.is_any() {
        hints.push(format!(
            "none of the {n_places} places pass the filters; search_products looks through all products, and \
             trouvaille rank -k 1000 stores a longer list"
        ));
    } else if !found.has_more && n_places < usize::try_from(ranking.n_ranked).unwrap_or(usize::MAX)
    {
        let is_short = arguments.by != By::All || found.rows.len() < arguments.k.unwrap_or(USUAL_K);
        if is_short {
            hints.push(format!(
                "the stored list has {n_places} of {} places, and filters and groups are of those; trouvaille rank -k 1000 \
                 stores a longer one",
                ranking.n_ranked
            ));
        }
    }
    if ranking
        .filter
        .as_ref()
        .is_some_and(|it| *it != catalog::ProductFilter::default())
    {
        hints.push("it was made with a filter: not all stored products were ranked".to_owned());
    }
    if arguments.as_of.is_none()
        && let Some(crawled) = newest_crawl.filter(|it| *it > ranking.at)
    {
        hints.push(format!(
            "there was a crawl at {crawled}, after this ranking: trouvaille rank makes a new one"
        ));
    }
    hints
}

fn answer(
    arguments: &Arguments,
    call: &Call<'_>,
    standings: &Standings,
    found: &Found<'_>,
    n_before: usize,
    mut hints: Vec<String>,
    now: UnixMs,
) -> Answer<Output> {
    let ranking = &standings.ranking;
    let format = arguments.response_format;
    let rows = found.rows.iter();
    let mut ranked: Vec<RankedLine> = rows
        .map(|place| RankedLine::of(standings, place, format))
        .collect();
    let budget = Budget::of(arguments.k.is_some(), format);
    let truncated = economy::cut(&mut ranked, &hints, budget);
    let has_more = truncated || found.has_more;
    let place = Place {
        run_id: standings.run_id(),
        n_shown: n_before + ranked.len(),
    };
    let next = has_more.then(|| call.context.cursors.seal(call.query, &place, now));
    let mut cut = Cut::new(ranked.len(), truncated, next);
    hints.extend(cut.hint.take());
    let shown = found.rows.iter().take(ranked.len());
    let oldest = shown.map(|it| it.row.product.crawled_at).min();
    let source = format!(
        "ranking {} {}",
        moments::shown_date(ranking.at),
        ranking.preset
    );
    Answer {
        rows: ranked.len(),
        output: Output {
            notice: Fence::new().notice(),
            run_id: standings.run_id(),
            formula_version: standings.formula.clone(),
            popularity_source: ranking.popularity_source.name(),
            n_ranked: ranking.n_ranked,
            n_places: ranking.rows.len(),
            stability: ranking.stability,
            cut: Cut {
                hint: (!hints.is_empty()).then(|| hints.join("; ")),
                ..cut
            },
            data: Some(DataAge::new(oldest.unwrap_or(ranking.at), now, source)),
            ranked,
            untrusted: None,
        },
    }
}
