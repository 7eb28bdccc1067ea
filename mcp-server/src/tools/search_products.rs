//! `search_products`: which products there are that match words and filters.

mod hints;
mod near;
mod order;
mod pages;
mod question;

use catalog::{ProductRow, Store, UnixMs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::near::NearValues;
use self::order::Sort;
use self::pages::Found;
use self::question::question;
use super::{Answer, Call, ToolKind};
use crate::answer::{Cut, DataAge};
use crate::arguments::ResponseFormat;
use crate::economy::{self, Budget};
use crate::products::{self, ProductLine};
use crate::rankings::Standings;
use crate::untrusted::{Fence, Notice};
use crate::{ToolError, products::rounded};

pub(crate) struct SearchProducts;

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Arguments {
    /// Words that must all begin words of title, vendor, type or tags
    #[serde(default)]
    #[schemars(with = "String")]
    query: Option<String>,
    /// Host of the shop
    #[serde(default)]
    #[schemars(with = "String")]
    shop: Option<String>,
    /// In full
    #[serde(default)]
    #[schemars(with = "String")]
    vendor: Option<String>,
    /// In full
    #[serde(default)]
    #[schemars(with = "String")]
    product_type: Option<String>,
    /// In full
    #[serde(default)]
    #[schemars(with = "String")]
    tag: Option<String>,
    /// In the product's own currency
    #[serde(default)]
    #[schemars(with = "f64", range(min = 0))]
    price_min: Option<f64>,
    /// In the product's own currency
    #[serde(default)]
    #[schemars(with = "f64", range(min = 0))]
    price_max: Option<f64>,
    /// Such as EUR
    #[serde(default)]
    #[schemars(with = "String")]
    currency: Option<String>,
    /// true: only what can be bought, false: only the rest
    #[serde(default)]
    #[schemars(with = "bool")]
    in_stock: Option<bool>,
    /// relevance, score: by the latest ranking
    #[serde(default)]
    sort: Sort,
    /// Products in one answer
    #[serde(default)]
    #[schemars(with = "usize", range(min = 1, max = 50), extend("default" = 10))]
    limit: Option<usize>,
    /// `next_cursor` of the last answer
    #[serde(default)]
    #[schemars(with = "String")]
    cursor: Option<String>,
    /// detailed adds URL, dates, discount, tags
    #[serde(default)]
    response_format: ResponseFormat,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Output {
    #[serde(rename = "_notice")]
    notice: Notice,
    products: Vec<Line>,
    /// Values of filters that are near to what was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "serde_json::Value")]
    untrusted: Option<NearValues>,
    /// Matches in all, counted or estimated up to 1000.
    total_estimate: u64,
    total_is_exact: bool,
    /// The ranking that `rank` and `score` are of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    run_id: Option<String>,
    #[serde(flatten)]
    cut: Cut,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<DataAge>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Line {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32")]
    rank: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "f64")]
    score: Option<f64>,
    #[serde(flatten)]
    product: ProductLine,
}

/// Products in one answer unless the caller says how many.
const USUAL_LIMIT: usize = 10;

impl ToolKind for SearchProducts {
    const NAME: &'static str = "search_products";
    const TITLE: &'static str = "Search products";
    const DESCRIPTION: &'static str = "Finds stored products by words and filters, best ranked first; start here \
        without a product id. Gives id, prices, stock, rank and score. For one product whole take get_product.";
    const IS_LEAN: bool = true;
    type Arguments = Arguments;
    type Output = Output;

    async fn run(arguments: Arguments, call: &Call<'_>) -> Result<Answer<Output>, ToolError> {
        let now = (call.context.now)();
        let store = call.context.data.store().await?;
        let question = question(store, &arguments).await?;
        let after = match &arguments.cursor {
            Some(cursor) => Some(call.context.cursors.open(call.query, cursor, now)?),
            None => None,
        };
        let limit = arguments.limit.unwrap_or(USUAL_LIMIT);
        let mut found = pages::search(store, &question, after, limit).await?;
        if found.rows.is_empty() && products::shops(store).await?.is_empty() {
            return Err(ToolError::empty());
        }
        let standings = call.context.data.rankings().latest(store).await?;
        let mut lines = Vec::with_capacity(found.rows.len());
        for row in &found.rows {
            let product = product(store, row, arguments.response_format).await?;
            lines.push(line(product, row, standings.as_deref()));
        }
        let notice = Fence::new().notice();
        let budget = Budget::of(arguments.limit.is_some(), arguments.response_format);
        let truncated = economy::cut(&mut lines, &notice, budget);
        found.keep(lines.len());
        let seal = |place| call.context.cursors.seal(call.query, &place, now);
        let mut cut = Cut::new(lines.len(), truncated, found.next.clone().map(seal));
        let near = near::near(store, &question, &found).await?;
        let hints = [
            cut.hint.take(),
            near.hint(),
            hints::hint(store, &question, &found).await?,
        ];
        let hints: Vec<String> = hints.into_iter().flatten().collect();
        cut.hint = (!hints.is_empty()).then(|| hints.join("; "));
        let data = match age(&found, now) {
            Some(age) => Some(age),
            None => call.context.data.age(now).await?,
        };
        let is_ranked = lines.iter().any(|it| it.rank.is_some());
        Ok(Answer {
            rows: lines.len(),
            output: Output {
                notice,
                run_id: standings.filter(|_| is_ranked).map(|it| it.run_id()),
                products: lines,
                untrusted: near.told(),
                total_estimate: found.total,
                total_is_exact: found.is_total_exact,
                cut,
                data,
            },
        })
    }
}

/// Returns a product's line, which takes a look at all of it where details are wanted.
async fn product(
    store: &dyn Store,
    row: &ProductRow,
    format: ResponseFormat,
) -> Result<ProductLine, ToolError> {
    let line = ProductLine::of(row, format);
    if format == ResponseFormat::Concise {
        return Ok(line);
    }
    Ok(match store.product(&row.id).await? {
        Some(whole) => line.with(&whole),
        None => line,
    })
}

fn line(product: ProductLine, row: &ProductRow, standings: Option<&Standings>) -> Line {
    let place = standings.and_then(|it| it.place_of(&row.id));
    Line {
        rank: place.map(|it| it.rank),
        score: place.map(|it| rounded(it.score)),
        product,
    }
}

fn age(found: &Found, now: UnixMs) -> Option<DataAge> {
    let oldest = found.rows.iter().map(|it| it.crawled_at).min()?;
    let mut shops: Vec<_> = found.rows.iter().map(|it| &it.id.shop).collect();
    shops.sort();
    shops.dedup();
    let source = match shops.as_slice() {
        [only] => format!("crawl of {only}"),
        several => format!("crawls of {} shops", several.len()),
    };
    Some(DataAge::new(oldest, now, source))
}

#[cfg(test)]
mod tests;
