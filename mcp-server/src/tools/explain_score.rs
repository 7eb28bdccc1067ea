//! `explain_score`: why a product has its place, part by part, and what would lead past the product above.

mod part;
#[cfg(test)]
pub(super) mod tests;

use catalog::{ProductRow, RankingHead, Store, UnixMs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Call, ToolKind};
use crate::answer::DataAge;
use crate::arguments::ResponseFormat;
use crate::moments::shown_date;
use crate::products::rounded;
use crate::products::{self, ProductLine};
use crate::rankings::Standings;
use crate::untrusted::{Fence, Notice};
use crate::{ExplainOrder, Refused, ToolError};
use part::{Counterfactual, Part};
use scoring::explain::Explanation;

pub(crate) struct ExplainScore;

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Arguments {
    /// The product: shop/handle, product id, number or URL
    id: String,
    /// The way to score, such as balanced; default that of the newest ranking
    #[serde(default)]
    #[schemars(with = "String")]
    preset: Option<String>,
    /// detailed adds what values were made of and compared with
    #[serde(default)]
    response_format: ResponseFormat,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Output {
    #[serde(rename = "_notice")]
    notice: Notice,
    product: ProductLine,
    preset: String,
    /// The place among all that were ranked, before a list's caps of shops and types.
    #[serde(skip_serializing_if = "Option::is_none")]
    rank: Option<u32>,
    /// The place in the list as `get_top_products` shows it; absent where it is not in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    listed_rank: Option<u32>,
    n_ranked: u64,
    /// It is better than this share of the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    percentile: Option<f64>,
    /// Others with the very same score.
    #[serde(skip_serializing_if = "Option::is_none")]
    n_tied: Option<u64>,
    score: f64,
    /// The share of the weights whose feature is known.
    coverage: f64,
    /// What adds to the score, the greatest part first, then what is not known.
    features: Vec<Part>,
    /// What would lead past the product one place above, each alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    counterfactual: Option<Counterfactual>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    data: DataAge,
}

impl ToolKind for ExplainScore {
    const NAME: &'static str = "explain_score";
    const TITLE: &'static str = "Explain a score";
    const DESCRIPTION: &'static str = "Explains why one product has its rank: each feature's value, weight and what it \
        adds, what is unknown, and which change would lead past the product above. The parts add up to the score less \
        0.5. To compare products take compare_products.";
    type Arguments = Arguments;
    type Output = Output;

    async fn run(arguments: Arguments, call: &Call<'_>) -> Result<Answer<Output>, ToolError> {
        let now = (call.context.now)();
        let store = call.context.data.store().await?;
        let row = products::find(store, "id", &arguments.id).await?;
        if let Some(since) = products::gone_since(store, &row.id).await? {
            return Err(gone(&row, since));
        }
        let standings = call.context.data.latest_ranking().await?;
        let order = order(&row, &arguments, &standings, call).await?;
        let explained = Explained {
            row: &row,
            standings: &standings,
            preset: order.preset.clone(),
            format: arguments.response_format,
        };
        let output = match (call.context.explain)(order).await {
            Ok(explanation) => explained.output(explanation, store, now).await?,
            Err(refused) => stored(&explained, refused, call).await?,
        };
        Ok(Answer {
            rows: output.features.len(),
            output,
        })
    }
}

fn gone(row: &ProductRow, since: UnixMs) -> ToolError {
    let id = products::reference(row);
    let message = format!(
        "{id} is gone from its shop since {}: only what is there is ranked",
        shown_date(since)
    );
    ToolError {
        field: Some("id".to_owned()),
        ..ToolError::new("gone", message)
    }
    .next(format!("get_history {{\"id\":\"{id}\"}}"))
}

/// Returns what is to be explained: the product among those that the latest ranking looked at.
async fn order(
    row: &ProductRow,
    arguments: &Arguments,
    standings: &Standings,
    call: &Call<'_>,
) -> Result<ExplainOrder, ToolError> {
    let store = call.context.data.store().await?;
    let ranking = &standings.ranking;
    let is_other = |it: &&str| !(it.is_empty() || it.eq_ignore_ascii_case(&ranking.preset));
    let other = arguments.preset.as_deref().map(str::trim).filter(is_other);
    Ok(ExplainOrder {
        product: row.id.clone(),
        preset: other.unwrap_or(&ranking.preset).to_owned(),
        at: ranking.at,
        filter: ranking.filter.clone().unwrap_or_default(),
        crawled_at: call.context.data.rankings().newest_crawl(store).await?,
    })
}

/// What is explained, and how it is told.
struct Explained<'a> {
    row: &'a ProductRow,
    standings: &'a Standings,
    preset: String,
    format: ResponseFormat,
}

impl Explained<'_> {
    async fn output(
        &self,
        explanation: Explanation,
        store: &dyn Store,
        now: UnixMs,
    ) -> Result<Output, ToolError> {
        let above = match explanation.above {
            Some(above) => Some(Counterfactual::of(store, above).await?),
            None => None,
        };
        let features = explanation.features.into_iter();
        let mut features: Vec<Part> = features.map(|it| Part::of(it, self.format)).collect();
        part::sort(&mut features);
        let ranking = &self.standings.ranking;
        let place = self.standings.place_of(&self.row.id);
        let listed_rank = place
            .filter(|_| ranking.preset == self.preset)
            .map(|it| it.rank);
        let hint = listed_rank.is_none().then(|| {
            "it is not in the stored list: that is shorter, or has caps of shops and types"
                .to_owned()
        });
        Ok(Output {
            notice: Fence::new().notice(),
            product: ProductLine::of(self.row, ResponseFormat::Concise),
            rank: Some(explanation.rank),
            listed_rank,
            n_ranked: explanation.n_ranked,
            percentile: Some(percentile(explanation.rank, explanation.n_ranked)),
            n_tied: Some(explanation.n_tied).filter(|n| *n > 0),
            score: rounded(explanation.score),
            coverage: rounded(explanation.coverage),
            features,
            counterfactual: above,
            hint,
            data: DataAge::new(
                self.row.crawled_at,
                now,
                format!("scores of {} {}", shown_date(ranking.at), self.preset),
            ),
            preset: self.preset.clone(),
        })
    }
}

/// Returns the parts that the newest ranking has stored, where nobody can work them out.
async fn stored(
    explained: &Explained<'_>,
    refused: Refused,
    call: &Call<'_>,
) -> Result<Output, ToolError> {
    let now = (call.context.now)();
    let store = call.context.data.store().await?;
    let rankings = call.context.data.rankings();
    let is_wanted = |it: &RankingHead| it.preset.eq_ignore_ascii_case(&explained.preset);
    let standings = rankings.newest(store, is_wanted).await?;
    match standings.and_then(|it| of_list(explained.row, &it, &refused, now)) {
        Some(output) => Ok(output),
        None if refused.code == "unknown_preset" => Err(unknown_preset(explained, refused)),
        None => Err(refused.into()),
    }
}

fn unknown_preset(explained: &Explained<'_>, refused: Refused) -> ToolError {
    let id = products::reference(explained.row);
    let mut known = vec![
        explained.standings.ranking.preset.clone(),
        "balanced".to_owned(),
    ];
    known.dedup();
    ToolError {
        field: Some("preset".to_owned()),
        ..refused.into()
    }
    .nearest(known)
    .next(format!("explain_score {{\"id\":\"{id}\"}}"))
}

fn of_list(
    row: &ProductRow,
    standings: &Standings,
    refused: &Refused,
    now: UnixMs,
) -> Option<Output> {
    let ranking = &standings.ranking;
    let place = standings.place_of(&row.id)?;
    let total: f64 = ranking.weights.iter().sum();
    let parts = ranking
        .features
        .iter()
        .zip(&ranking.weights)
        .zip(&place.contributions);
    let mut features: Vec<Part> = parts
        .map(|((feature, weight), part)| Part::stored(feature, weight / total, *part))
        .collect();
    part::sort(&mut features);
    let hint = format!(
        "these are the parts as the ranking stored them, without values and counterfactual, since {}",
        refused.message
    );
    Some(Output {
        notice: Fence::new().notice(),
        product: ProductLine::of(row, ResponseFormat::Concise),
        preset: ranking.preset.clone(),
        rank: place.rank_uncapped,
        listed_rank: Some(place.rank),
        n_ranked: ranking.n_ranked,
        percentile: place
            .rank_uncapped
            .map(|rank| percentile(rank, ranking.n_ranked)),
        n_tied: None,
        score: rounded(place.score),
        coverage: rounded(place.coverage),
        features,
        counterfactual: None,
        hint: Some(hint),
        data: DataAge::new(
            place.product.crawled_at,
            now,
            format!("ranking {} {}", shown_date(ranking.at), ranking.preset),
        ),
    })
}

/// Returns the share of the others that a place is better than, in percent.
fn percentile(rank: u32, n_ranked: u64) -> f64 {
    let n_others = n_ranked.saturating_sub(1);
    if n_others == 0 {
        return 100.0;
    }
    let n_worse = n_ranked.saturating_sub(u64::from(rank));
    (n_worse as f64 / n_others as f64 * 1_000.0).round() / 10.0
}
