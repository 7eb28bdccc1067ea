//! One part of a score as it is told, and what would lead past the product above.

use catalog::Store;
use schemars::JsonSchema;
use scoring::explain::{Above, Explained, Group, Input, Move};
use serde::Serialize;

use crate::ToolError;
use crate::arguments::ResponseFormat;
use crate::products::{ProductLine, rounded};

/// What one feature gives.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct Part {
    feature: String,
    /// Its share of all weights.
    weight: f64,
    /// The raw value, larger is better.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<f64>,
    /// The rank of the value among comparable products, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    utility: Option<f64>,
    /// What it adds to the score.
    contribution: f64,
    /// Why it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown: Option<&'static str>,
    /// The numbers behind the value, with where they come from in detailed answers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    inputs: Vec<InputLine>,
    /// What the value was compared with.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    groups: Vec<GroupLine>,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
struct InputLine {
    name: &'static str,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'static str>,
    /// Of a best-selling place.
    #[serde(skip_serializing_if = "Option::is_none")]
    certainty: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    at: Option<catalog::UnixMs>,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
struct GroupLine {
    level: &'static str,
    n: u64,
    quantile: f64,
}

/// What would lead past the product one place above.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct Counterfactual {
    /// The product above, before a list's caps.
    #[serde(skip_serializing_if = "Option::is_none")]
    above: Option<ProductLine>,
    /// How much greater its score is.
    gap: f64,
    /// Each alone is enough, if all else stays as it is.
    moves: Vec<MoveLine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'static str>,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
struct MoveLine {
    feature: &'static str,
    change: String,
    value: f64,
    utility: f64,
}

impl Part {
    pub(super) fn of(explained: Explained, format: ResponseFormat) -> Self {
        let is_detailed = format == ResponseFormat::Detailed;
        let is_of_place = matches!(explained.feature, "bestseller" | "trend");
        let input = |it: Input| InputLine {
            name: it.name,
            value: it.value,
            source: (is_detailed || is_of_place).then_some(it.source),
            certainty: is_of_place.then_some(it.certainty.name()),
            at: (is_detailed || is_of_place).then_some(it.at),
        };
        let group = |it: Group| GroupLine {
            level: it.level,
            n: it.n,
            quantile: rounded(it.quantile),
        };
        Self {
            feature: explained.feature.to_owned(),
            weight: rounded(explained.weight),
            value: explained.value.map(rounded),
            utility: explained.utility.map(rounded),
            contribution: rounded(explained.contribution),
            unknown: explained.unknown,
            inputs: explained.inputs.into_iter().map(input).collect(),
            groups: match is_detailed {
                true => explained.groups.into_iter().map(group).collect(),
                false => Vec::new(),
            },
        }
    }

    /// Returns what a stored ranking knows of a part.
    pub(super) fn stored(feature: &str, weight: f64, contribution: f64) -> Self {
        Self {
            feature: feature.to_owned(),
            weight: rounded(weight),
            value: None,
            utility: None,
            contribution: rounded(contribution),
            unknown: None,
            inputs: Vec::new(),
            groups: Vec::new(),
        }
    }
}

impl Counterfactual {
    pub(super) async fn of(store: &dyn Store, above: Above) -> Result<Self, ToolError> {
        let ids = std::slice::from_ref(&above.product);
        let row = store.product_rows(ids).await?.pop();
        let line = |it: Move| MoveLine {
            feature: it.feature,
            change: it.words,
            value: rounded(it.value),
            utility: rounded(it.utility),
        };
        let nothing = "no change of one feature that a shop can make is enough";
        Ok(Self {
            above: row.map(|row| ProductLine::of(&row, ResponseFormat::Concise)),
            gap: rounded_gap(above.gap),
            hint: above.moves.is_empty().then_some(nothing),
            moves: above.moves.into_iter().map(line).collect(),
        })
    }
}

/// Puts the greatest part first, and what is not known last, the weightier first.
pub(super) fn sort(parts: &mut [Part]) {
    parts.sort_by(|one, two| {
        let by_known = one.unknown.is_some().cmp(&two.unknown.is_some());
        let by_part = two.contribution.abs().total_cmp(&one.contribution.abs());
        let by_weight = two.weight.total_cmp(&one.weight);
        by_known.then(by_part).then(by_weight)
    });
}

/// Returns a gap, which may be less than any part, with eight decimal places.
fn rounded_gap(gap: f64) -> f64 {
    (gap * 1e8).round() / 1e8
}
