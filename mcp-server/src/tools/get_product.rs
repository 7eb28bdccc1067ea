//! `get_product`: one product whole.

mod core;
mod popularity;
mod variants;

use catalog::{Product, ProductRow, UnixMs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::core::Core;
use self::popularity::PopularityLine;
use self::variants::VariantLine;
use super::{Answer, Call, ToolKind};
use crate::ToolError;
use crate::answer::DataAge;
use crate::arguments::ResponseFormat;
use crate::economy::{self, Budget};
use crate::products::{self, Standing};
use crate::untrusted::{self, Fence, Notice};

pub(crate) struct GetProduct;

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Arguments {
    /// shop/handle, product id, the platform's number, or the URL of its page
    id: String,
    /// What to tell at length: all variants, description up to 8,000 characters, image URLs, parts of the score
    #[serde(default)]
    include: Vec<Include>,
    /// detailed includes all of that
    #[serde(default)]
    response_format: ResponseFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum Include {
    Variants,
    Description,
    Images,
    Score,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Output {
    #[serde(rename = "_notice")]
    notice: Notice,
    product: Core,
    variants: Vec<VariantLine>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<String>,
    /// Its place in the latest ranking.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Standing")]
    score: Option<Standing>,
    popularity: PopularityLine,
    /// When this state was last confirmed.
    #[schemars(with = "String")]
    fetched_at: UnixMs,
    /// The product's page, if it is on its shop's own host.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    source_url: Option<String>,
    /// Whether variants are missing, since the answer would be too long.
    truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    hint: Option<String>,
    data: DataAge,
}

/// So many characters of a description are told, and so many to who asks for it.
const USUAL_DESCRIPTION: usize = 1_500;
const LONG_DESCRIPTION: usize = 8_000;
/// So many images are told.
const MAX_IMAGES: usize = 20;

impl ToolKind for GetProduct {
    const NAME: &'static str = "get_product";
    const TITLE: &'static str = "Get one product";
    const DESCRIPTION: &'static str = "Gives one product whole: prices, discount, stock, dates, variants, description, \
        and its place in the latest ranking. Also finds products that are gone. For several side by side take \
        compare_products, for how prices and stock moved get_history, for why it ranks there explain_score.";
    type Arguments = Arguments;
    type Output = Output;

    async fn run(arguments: Arguments, call: &Call<'_>) -> Result<Answer<Output>, ToolError> {
        let now = (call.context.now)();
        let store = call.context.data.store().await?;
        let row = products::find(store, "id", &arguments.id).await?;
        let gone_since = products::gone_since(store, &row.id).await?;
        // Forgotten meanwhile, with its shop.
        let forgotten = || ToolError::new("unknown_product", "the product was forgotten just now");
        let product = store.product(&row.id).await?.ok_or_else(forgotten)?;
        let standings = call.context.data.rankings().latest(store).await?;

        let fence = Fence::new();
        let has = |it| arguments.has(it);
        let max_chars = match has(Include::Description) {
            true => LONG_DESCRIPTION,
            false => USUAL_DESCRIPTION,
        };
        let html = Some(&product.body_html).filter(|it| !it.trim().is_empty());
        let description = html.map(|it| fence.long(it, max_chars));
        let standing = standings.as_ref().and_then(|it| Standing::of(it, &row.id));
        let mut output = Output {
            notice: fence.notice(),
            product: Core::of(&row, &product, gone_since, description),
            variants: variants::lines(&product, has(Include::Variants)),
            images: match has(Include::Images) {
                true => images(&product),
                false => Vec::new(),
            },
            score: standing.map(|it| if has(Include::Score) { it } else { it.brief() }),
            popularity: PopularityLine::of(store, &row.id).await?,
            fetched_at: row.crawled_at,
            source_url: untrusted::url(&row),
            truncated: false,
            hint: None,
            data: age(&row, now),
        };
        let variants = std::mem::take(&mut output.variants);
        let budget = Budget::of(!arguments.include.is_empty(), arguments.response_format);
        output.fit(variants, budget);
        output.hint = hint(&output, &arguments, standings.is_some());
        Ok(Answer { rows: 1, output })
    }
}

impl Arguments {
    fn has(&self, part: Include) -> bool {
        self.response_format == ResponseFormat::Detailed || self.include.contains(&part)
    }
}

impl Output {
    /// Takes as many of the variants as there is room for beside the rest.
    fn fit(&mut self, mut variants: Vec<VariantLine>, budget: Budget) {
        self.truncated = economy::cut(&mut variants, self, budget);
        self.variants = variants;
    }
}

fn hint(output: &Output, arguments: &Arguments, is_ranked: bool) -> Option<String> {
    let mut hints = Vec::new();
    if output.product.is_gone() {
        hints.push("its shop no longer has it: what is told is how it was seen last".to_owned());
    }
    if output.truncated {
        let shown = output.variants.len();
        hints.push(match arguments.has(Include::Variants) {
            true => format!("the first {shown} variants; the answer has no room for more"),
            false => format!("the first {shown} variants; include=[\"variants\"] shows more"),
        });
    }
    if arguments.has(Include::Score) && output.score.is_none() {
        hints.push(match is_ranked {
            true => {
                "not in the list of the latest ranking; explain_score tells its place".to_owned()
            }
            false => "nothing has been ranked yet: trouvaille rank".to_owned(),
        });
    }
    (!hints.is_empty()).then(|| hints.join("; "))
}

fn images(product: &Product) -> Vec<String> {
    let shop = &product.id.shop;
    let own = product
        .images
        .iter()
        .filter_map(|it| untrusted::image(it, shop));
    own.take(MAX_IMAGES).collect()
}

fn age(row: &ProductRow, now: UnixMs) -> DataAge {
    DataAge::new(row.crawled_at, now, format!("crawl of {}", row.id.shop))
}

#[cfg(test)]
mod tests;
