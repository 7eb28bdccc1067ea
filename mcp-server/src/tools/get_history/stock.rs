//! When something could be bought, and what that may say of sales.

use catalog::{ChangeKind, Observation, UnixMs, changes_of};
use schemars::JsonSchema;
use serde::Serialize;

use super::offers::State;
use super::steps::Steps;
use crate::moments::DAY_MS;

/// When something could be bought.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct StockLine {
    /// What is meant: a variant, or some variant of so many.
    source: String,
    now: State,
    /// The share of the time in which this was known.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_stock_percent: Option<f64>,
    n_intervals: usize,
    /// The newest intervals.
    intervals: Vec<Interval>,
    n_restocks: usize,
    /// The newest times at which it could be bought again.
    restocks: Vec<String>,
    /// Absent where the shop never said what can be bought.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "SalesSignal")]
    sales_signal: Option<SalesSignal>,
}

#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
struct Interval {
    from: String,
    to: String,
    state: State,
}

/// What stock-outs say of demand. No sale is seen.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
struct SalesSignal {
    /// Always: it is inferred from the stock.
    estimated: bool,
    basis: &'static str,
    /// Variants that went out of stock, each time counted.
    sold_outs: usize,
    restocks: usize,
    watched_days: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    sold_outs_per_30_days: Option<f64>,
}

/// Returns when something could be bought. `rows` are all changes of the variants in question.
pub(super) fn line(
    source: String,
    stock: &Steps<State>,
    rows: &[&Observation],
    max_intervals: usize,
) -> StockLine {
    let spans: Vec<(UnixMs, UnixMs, State)> = stock
        .spans()
        .map(|(from, to, state)| (from, to, *state))
        .collect();
    let restocks: Vec<UnixMs> = spans
        .windows(2)
        .filter_map(|two| match two {
            [(_, _, before), (at, _, State::InStock)] if *before != State::Unknown => Some(*at),
            _ => None,
        })
        .collect();
    let interval = |&(from, to, state): &(UnixMs, UnixMs, State)| Interval {
        from: from.to_string(),
        to: to.to_string(),
        state,
    };
    let newest = |n: usize| n.saturating_sub(max_intervals);
    // Time in which nothing was said of the stock was not watched.
    let said = spans.iter().filter(|it| is_said(it.2));
    let is_said = said.clone().next().is_some();
    let watched_ms = said.map(|(from, to, _)| to.ms() - from.ms()).sum();
    StockLine {
        source,
        now: spans.last().map_or(State::Unknown, |it| it.2),
        in_stock_percent: is_said.then(|| in_stock_percent(&spans)).flatten(),
        n_intervals: spans.len(),
        intervals: spans
            .iter()
            .skip(newest(spans.len()))
            .map(interval)
            .collect(),
        n_restocks: restocks.len(),
        restocks: restocks
            .iter()
            .skip(newest(restocks.len()))
            .map(ToString::to_string)
            .collect(),
        sales_signal: is_said.then(|| sales_signal(rows, watched_ms)),
    }
}

const fn is_said(state: State) -> bool {
    matches!(state, State::InStock | State::SoldOut)
}

fn in_stock_percent(spans: &[(UnixMs, UnixMs, State)]) -> Option<f64> {
    let ms = |is_counted: fn(State) -> bool| {
        let counted = spans.iter().filter(|it| is_counted(it.2));
        counted
            .map(|(from, to, _)| to.ms() - from.ms())
            .sum::<i64>()
    };
    let known = ms(|it| it != State::Unknown);
    let share = ms(|it| it == State::InStock) as f64 / known as f64;
    (known > 0).then(|| one_place(share * 100.0))
}

fn sales_signal(rows: &[&Observation], watched_ms: i64) -> SalesSignal {
    let changes: Vec<ChangeKind> = rows
        .iter()
        .flat_map(|row| changes_of(row))
        .map(|change| change.kind)
        .collect();
    let n = |kind| changes.iter().filter(|it| **it == kind).count();
    let days = watched_ms as f64 / DAY_MS as f64;
    let sold_outs = n(ChangeKind::SoldOut);
    SalesSignal {
        estimated: true,
        basis: "stock-outs of variants; no sales are seen",
        sold_outs,
        restocks: n(ChangeKind::Restocked),
        watched_days: one_place(days),
        sold_outs_per_30_days: (days >= 1.0).then(|| one_place(sold_outs as f64 / days * 30.0)),
    }
}

fn one_place(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
