//! One place as it is told.

use std::collections::BTreeMap;

use catalog::Ranking;
use schemars::JsonSchema;
use serde::Serialize;

use super::places::Place;
use crate::arguments::ResponseFormat;
use crate::products::{ProductLine, rounded};
use crate::rankings::Standings;

/// So many parts of a score are told in a concise answer.
const MAIN_PARTS: usize = 3;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct RankedLine {
    /// The place in the whole list.
    rank: u32,
    /// The place in its shop or category.
    #[serde(skip_serializing_if = "Option::is_none")]
    rank_in_group: Option<usize>,
    #[serde(flatten)]
    product: ProductLine,
    score: f64,
    /// The share of the weights whose feature was known.
    coverage: f64,
    /// What features add to the score: the greatest parts, or in detailed answers all.
    score_breakdown: BTreeMap<String, f64>,
    /// Nine of ten draws of weights around their values put it between this place and the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    rank_p5: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rank_p95: Option<u32>,
}

impl RankedLine {
    pub(super) fn of(standings: &Standings, place: &Place<'_>, format: ResponseFormat) -> Self {
        let row = place.row;
        Self {
            rank: row.rank,
            rank_in_group: place.rank_in_group,
            product: match format {
                ResponseFormat::Concise => standings.line(row),
                ResponseFormat::Detailed => ProductLine::of(&row.product, format),
            },
            score: rounded(row.score),
            coverage: rounded(row.coverage),
            score_breakdown: breakdown(&standings.ranking, &row.contributions, format),
            rank_p5: row.stability.map(|it| it.rank_p5),
            rank_p95: row.stability.map(|it| it.rank_p95),
        }
    }
}

/// Returns what features add, by name: in a concise answer the greatest that are not 0.
pub(crate) fn breakdown(
    ranking: &Ranking,
    contributions: &[f64],
    format: ResponseFormat,
) -> BTreeMap<String, f64> {
    let mut parts: Vec<(&String, f64)> = ranking
        .features
        .iter()
        .zip(contributions.iter().copied())
        .collect();
    if format == ResponseFormat::Concise {
        parts.sort_by(|(_, one), (_, two)| two.abs().total_cmp(&one.abs()));
        parts.truncate(MAIN_PARTS);
        parts.retain(|(_, part)| part.abs() > 0.0);
    }
    let shown = parts
        .into_iter()
        .map(|(name, it)| (name.clone(), rounded(it)));
    shown.collect()
}
