//! `get_history`: a product's prices, stock and places over time, as few points as show their shape.

mod lines;
mod offers;
mod series;
mod steps;
mod stock;
#[cfg(test)]
mod tests;
mod thin;
mod watched;

use catalog::{ObservationKind, ProductRow, UnixMs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Call, ToolKind};
use crate::answer::DataAge;
use crate::arguments::ResponseFormat;
use crate::economy::Budget;
use crate::moments::shown_date;
use crate::products::{self, ProductLine};
use crate::untrusted::{Fence, Notice};
use crate::{ToolError, untrusted};
use lines::Lines;
use offers::VariantOffers;
use series::{Series, Shape};
use stock::StockLine;
use watched::{MAX_ROWS, Watched, watched};

const USUAL_POINTS: usize = 60;
/// So many stored rankings are looked through.
const MAX_RANKINGS: usize = 500;

pub(crate) struct GetHistory;

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Arguments {
    /// The product: shop/handle, product id, number or URL
    id: String,
    /// One variant, by its id or title
    #[serde(default)]
    #[schemars(with = "String")]
    variant: Option<String>,
    /// Default price and stock
    #[serde(default)]
    of: Vec<Of>,
    /// From then on: a date, an RFC 3339 time, or how long ago, such as 90d; default first sight
    #[serde(default)]
    #[schemars(with = "String")]
    from: Option<String>,
    /// Up to then, in the same forms; default now
    #[serde(default)]
    #[schemars(with = "String")]
    to: Option<String>,
    /// The last value of each day or hour, or every change
    #[serde(default)]
    granularity: Granularity,
    /// Points of each series, default 60; ends, least and greatest stay
    #[serde(default)]
    #[schemars(with = "usize", range(min = 1, max = 500))]
    max_points: Option<usize>,
    #[serde(default)]
    response_format: ResponseFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum Of {
    Price,
    Stock,
    Rank,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum Granularity {
    #[default]
    Day,
    Hour,
    Raw,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Output {
    #[serde(rename = "_notice")]
    notice: Notice,
    product: ProductLine,
    /// When it was first seen: nothing is known of the time before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    watched_since: Option<UnixMs>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    gone_since: Option<UnixMs>,
    #[schemars(with = "String")]
    from: UnixMs,
    #[schemars(with = "String")]
    to: UnixMs,
    n_variants: usize,
    /// Lines of prices and places; each value holds until the next point.
    series: Vec<Series>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stock: Option<StockLine>,
    truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    data: DataAge,
}

impl ToolKind for GetHistory {
    const NAME: &'static str = "get_history";
    const TITLE: &'static str = "Get history";
    const DESCRIPTION: &'static str = "Returns how one product's price, stock or rank developed: few points, least, \
        greatest and median, single changes, restocks. Use it for has it been cheaper, how often does it sell out. \
        For changes of many products take get_changes.";
    const IS_LEAN: bool = true;
    type Arguments = Arguments;
    type Output = Output;

    async fn run(arguments: Arguments, call: &Call<'_>) -> Result<Answer<Output>, ToolError> {
        let store = call.context.data.store().await?;
        let row = products::find(store, "id", &arguments.id).await?;
        let watched = watched(row, &arguments, call).await?;
        let variants = offers::of_variants(
            &watched.product,
            watched.gone_since.is_some(),
            &watched.rows,
            watched.span,
        );
        let chosen = chosen(&watched.row, &variants, arguments.variant.as_deref())?;
        let places = match arguments.wants(Of::Rank) {
            true => {
                let id = &watched.row.id;
                store.places_of(id, watched.span.0, MAX_RANKINGS).await?
            }
            false => Vec::new(),
        };
        let lines = Lines::of(&arguments, &watched, &chosen, places);
        let is_unranked = arguments.wants(Of::Rank) && lines.places.is_empty();
        let is_detailed = arguments.response_format == ResponseFormat::Detailed;
        let budget = Budget::of(arguments.max_points.is_some(), arguments.response_format);
        let mut shape = Shape {
            granularity: arguments.granularity,
            max_points: arguments.max_points.unwrap_or(USUAL_POINTS),
            max_changes: if is_detailed { 100 } else { 10 },
        };
        let mut is_thinned = false;
        let now = (call.context.now)();
        loop {
            let mut output = output(&watched, lines.shaped(shape), is_thinned, now);
            if is_unranked {
                output.hint = Some(with_unranked(output.hint.take()));
            }
            if budget.allows(&output) || shape.max_points <= 4 {
                return Ok(Answer {
                    rows: watched.rows.len(),
                    output,
                });
            }
            is_thinned = true;
            shape.max_points = (shape.max_points * 2 / 3).max(4);
            shape.max_changes = (shape.max_changes * 2 / 3).max(3);
        }
    }
}

impl Arguments {
    fn wants(&self, of: Of) -> bool {
        match self.of.as_slice() {
            [] => of != Of::Rank,
            asked => asked.contains(&of),
        }
    }
}

/// Says why there is no line of places.
fn with_unranked(hint: Option<String>) -> String {
    let unranked = "it is in no stored ranking of this time (explain_score has its place all the same), and its \
                    shop's best-selling order was not observed";
    let hints = hint.into_iter().chain([unranked.to_owned()]);
    hints.collect::<Vec<String>>().join("; ")
}

/// Returns the variants that are asked for.
fn chosen<'a>(
    row: &ProductRow,
    variants: &'a [VariantOffers],
    wanted: Option<&str>,
) -> Result<Vec<&'a VariantOffers>, ToolError> {
    let Some(wanted) = wanted else {
        return Ok(variants.iter().collect());
    };
    let wanted = wanted.trim();
    let folded = wanted.to_lowercase();
    let is_title = |it: &&VariantOffers| {
        let title = it.title.as_ref();
        title.is_some_and(|title| untrusted::name(title).to_lowercase() == folded)
    };
    let by_id = variants.iter().find(|it| it.id == wanted);
    let Some(found) = by_id.or_else(|| variants.iter().find(is_title)) else {
        let ids = variants.iter().map(|it| it.id.clone());
        let plain = ids.filter(|it| untrusted::is_plain(it));
        return Err(
            ToolError::invalid("variant", "the product has no such variant")
                .nearest(plain.take(10).collect())
                .next(format!(
                    "get_product {{\"id\":\"{}\",\"include\":[\"variants\"]}}",
                    products::reference(row)
                )),
        );
    };
    Ok(vec![found])
}

fn output(
    watched: &Watched,
    (series, stock): (Vec<Series>, Option<StockLine>),
    is_thinned: bool,
    now: UnixMs,
) -> Output {
    let (row, rows) = (&watched.row, &watched.rows);
    let mut hints = Vec::new();
    if !rows.iter().any(|it| it.kind != ObservationKind::New) {
        hints.push(format!(
            "no change was seen since {}; prices and stock before that are not known",
            shown_date(watched.span.0)
        ));
    }
    if is_thinned {
        hints.push("points were left out to keep this short: max_points gives more".to_owned());
    }
    if watched.is_cut {
        hints.push(format!(
            "only the first {MAX_ROWS} changes are in it: give a later from"
        ));
    }
    let last = UnixMs::new(watched.span.1.ms() - 1);
    Output {
        notice: Fence::new().notice(),
        product: ProductLine::of(row, ResponseFormat::Concise),
        watched_since: watched.since,
        gone_since: watched.gone_since,
        from: watched.span.0,
        to: last,
        n_variants: watched.product.variants.len(),
        series,
        stock,
        truncated: is_thinned || watched.is_cut,
        hint: (!hints.is_empty()).then(|| hints.join("; ")),
        data: DataAge::new(
            row.crawled_at,
            now,
            format!("observations of {}", row.id.shop),
        ),
    }
}
