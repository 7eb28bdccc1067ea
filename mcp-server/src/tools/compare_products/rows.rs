//! The rows of a comparison: a field, its value for each product, and how far each is from the first.

use catalog::{Money, UnixMs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::column::Whole;
use crate::answer::Amount;
use crate::arguments::ResponseFormat;
use crate::products::{discount, rounded};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum Field {
    Price,
    PriceMax,
    Discount,
    InStock,
    Availability,
    Variants,
    Images,
    Tags,
    AgeDays,
    Rank,
    Score,
    Contributions,
}

/// One row of the table.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub(super) struct Row {
    /// `contribution_X` is what the feature X adds to the score.
    field: String,
    /// In the products' order; null where unknown.
    values: Vec<Value>,
    /// To the first value; null where there is nothing to compare. Absent where values are no numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<Value>")]
    deltas: Option<Vec<Value>>,
}

const MS_PER_DAY: f64 = 86_400_000.0;

impl Field {
    const ALL: [Self; 12] = [
        Self::Price,
        Self::PriceMax,
        Self::Discount,
        Self::InStock,
        Self::Availability,
        Self::Variants,
        Self::Images,
        Self::Tags,
        Self::AgeDays,
        Self::Rank,
        Self::Score,
        Self::Contributions,
    ];

    /// Returns the fields that were asked for, each once, in the order of the table.
    pub(super) fn wanted(given: &[Self], format: ResponseFormat) -> Vec<Self> {
        let is_wanted = |it: &Self| match (given.is_empty(), format) {
            (true, ResponseFormat::Concise) => *it != Self::Contributions,
            (true, ResponseFormat::Detailed) => true,
            (false, _) => given.contains(it),
        };
        Self::ALL.into_iter().filter(is_wanted).collect()
    }
}

/// Returns the table's rows.
pub(super) fn table(fields: &[Field], compared: &[Whole], now: UnixMs) -> Vec<Row> {
    let mut rows = Vec::new();
    for field in fields {
        match field {
            Field::Price => rows.push(money("price", compared, |it| it.row.price_min)),
            Field::PriceMax => rows.push(money("price_max", compared, |it| it.row.price_max)),
            Field::InStock => rows.push(Row {
                field: "in_stock".to_owned(),
                values: compared.iter().map(|it| json!(is_in_stock(it))).collect(),
                deltas: None,
            }),
            Field::Discount => rows.push(numbers("discount", compared, |it| {
                Some(discount::greatest(&it.product).map_or(0.0, |it| it.share))
            })),
            Field::Availability => rows.push(numbers("availability", compared, |it| {
                it.row.in_stock.map(|_| it.row.metrics.available_ratio)
            })),
            Field::Variants => rows.push(numbers("variants", compared, |it| {
                Some(it.product.variants.len() as f64)
            })),
            Field::Images => rows.push(numbers("images", compared, |it| {
                Some(f64::from(it.row.metrics.num_images))
            })),
            Field::Tags => rows.push(numbers("tags", compared, |it| {
                Some(f64::from(it.row.metrics.num_tags))
            })),
            Field::AgeDays => rows.push(numbers("age_days", compared, |it| {
                let since = it.product.published_at.or(it.product.created_at)?;
                let days = now.ms().saturating_sub(since.ms()) as f64 / MS_PER_DAY;
                Some((days.max(0.0) * 10.0).round() / 10.0)
            })),
            Field::Rank => rows.push(numbers("rank", compared, |it| {
                it.standing.as_ref().map(|it| f64::from(it.rank))
            })),
            Field::Score => rows.push(numbers("score", compared, |it| {
                it.standing.as_ref().map(|it| it.score)
            })),
            Field::Contributions => rows.extend(contributions(compared)),
        }
    }
    rows
}

fn is_in_stock(whole: &Whole) -> Option<bool> {
    whole.gone_since.map_or(whole.row.in_stock, |_| Some(false))
}

/// Returns a row of prices. Those of two currencies have no difference.
fn money(field: &str, compared: &[Whole], of: impl Fn(&Whole) -> Option<Money>) -> Row {
    let prices: Vec<Option<Money>> = compared.iter().map(of).collect();
    let first = compared.first().zip(prices.first().copied().flatten());
    let deltas = compared.iter().zip(&prices).map(|(whole, price)| {
        let ((of_first, first), price) = (first?, (*price)?);
        are_comparable(of_first, whole).then(|| difference(first, price))
    });
    Row {
        field: field.to_owned(),
        deltas: Some(deltas.map(|it| json!(it)).collect()),
        values: prices
            .iter()
            .map(|it| json!(it.map(Amount::from)))
            .collect(),
    }
}

/// Returns whether prices of two products are of one currency. Two shops that do not say which one they mean may mean
/// two.
pub(super) fn are_comparable(one: &Whole, two: &Whole) -> bool {
    let (one, two) = (&one.row, &two.row);
    one.currency == two.currency && (one.currency.is_known() || one.id.shop == two.id.shop)
}

/// Returns how much more `price` is than `first`, as a decimal number.
fn difference(first: Money, price: Money) -> String {
    let minor = price.minor().saturating_sub(first.minor());
    let size = i64::try_from(minor.unsigned_abs()).unwrap_or(i64::MAX);
    let sign = if minor < 0 { "-" } else { "" };
    format!("{sign}{}", Money::new(size, price.currency()))
}

fn numbers(field: &str, compared: &[Whole], of: impl Fn(&Whole) -> Option<f64>) -> Row {
    let values: Vec<Option<f64>> = compared.iter().map(of).collect();
    let first = values.first().copied().flatten();
    let deltas = values
        .iter()
        .map(|it| number((*it).zip(first).map(|(it, first)| it - first)));
    Row {
        field: field.to_owned(),
        deltas: Some(deltas.collect()),
        values: values.iter().map(|it| number(*it)).collect(),
    }
}

/// Returns a number as it is shown: whole ones without a fraction.
fn number(value: Option<f64>) -> Value {
    let Some(value) = value.map(rounded) else {
        return Value::Null;
    };
    match value.fract() == 0.0 && value.abs() < 1e15 {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "whole and small, as was just seen"
        )]
        true => json!(value as i64),
        false => json!(value),
    }
}

/// Returns a row for each feature that adds something to a score, the one that adds most to the first product first.
fn contributions(compared: &[Whole]) -> Vec<Row> {
    let mut features: Vec<&String> = Vec::new();
    for standing in compared.iter().filter_map(|it| it.standing.as_ref()) {
        let parts = standing.contributions.iter().map(|it| &it.feature);
        let new: Vec<&String> = parts.filter(|it| !features.contains(it)).collect();
        features.extend(new);
    }
    let row = |feature: &String| {
        numbers(&format!("contribution_{feature}"), compared, |it| {
            let mut parts = it.standing.as_ref()?.contributions.iter();
            let part = parts.find(|it| it.feature == *feature);
            Some(part.map_or(0.0, |it| it.contribution))
        })
    };
    features.into_iter().map(row).collect()
}
