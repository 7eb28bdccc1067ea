//! Lines of prices and places, as they are told.

use catalog::{Currency, Money, Observation, PlaceInRanking, RankSource, UnixMs};
use schemars::JsonSchema;
use serde::Serialize;

use super::Granularity;
use super::steps::{Steps, weighted_median};
use super::thin::{Point, bucketed, thinned};
use crate::answer;
use crate::moments::shown_date;
use crate::untrusted;

/// A line: each value holds until the next point.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct Series {
    /// `price` or `rank`.
    of: &'static str,
    /// Whose numbers they are, such as `variant`, `least of 5 variants` or `ranking balanced`.
    source: String,
    /// The variant's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    untrusted: Option<VariantName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
    points: Vec<PointLine>,
    #[serde(skip_serializing_if = "is_none")]
    points_left_out: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    min: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<Number>,
    /// Of prices what held for the middle of the time.
    #[serde(skip_serializing_if = "Option::is_none")]
    median: Option<Number>,
    n_changes: usize,
    /// The newest of them.
    changes: Vec<ChangeLine>,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
struct VariantName {
    variant: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
struct PointLine {
    at: String,
    /// Absent while there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Number>,
}

/// An exact price as text, or a place.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
enum Number {
    Price(String),
    Place(u32),
}

#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
struct ChangeLine {
    at: String,
    from: Number,
    to: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    percent: Option<f64>,
}

/// How a line is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) granularity: Granularity,
    pub(super) max_points: usize,
    pub(super) max_changes: usize,
}

/// Of what a line of prices is.
#[derive(Debug, Clone)]
pub(super) struct PriceOf {
    pub(super) source: String,
    pub(super) variant: Option<String>,
    pub(super) title: Option<String>,
    pub(super) currency: Currency,
}

/// Returns a line of prices in minor units.
pub(super) fn prices(of: PriceOf, steps: &Steps<Option<i64>>, shape: Shape) -> Series {
    let shown = |minor: i64| {
        let money = Money::new(minor, of.currency).to_string();
        Number::Price(money.split(' ').next().unwrap_or_default().to_owned())
    };
    let mut points: Vec<Point<i64>> = steps.steps.clone();
    // The end of what is known, so that a line does not seem to stop at its last change.
    if let Some(&(last, value)) = points.last().filter(|it| it.0.ms() < steps.until.ms() - 1) {
        let end = UnixMs::new((steps.until.ms() - 1).max(last.ms()));
        points.push((end, value));
    }
    let held = steps.spans().filter_map(|(since, until, value)| {
        let ms = u64::try_from(until.ms() - since.ms()).unwrap_or_default();
        Some((value.as_ref().copied()? as f64, ms, (*value)?))
    });
    let values = || steps.steps.iter().filter_map(|(_, value)| *value);
    let changes = changes(&steps.steps, |one, two| {
        let money = |minor| Money::new(minor, of.currency);
        crate::tools::get_changes::percent(money(one), money(two))
    });
    let (points, points_left_out) = told(points, shape, |minor| minor as f64, shown);
    Series {
        of: "price",
        points,
        points_left_out,
        min: values().min().map(shown),
        max: values().max().map(shown),
        median: weighted_median(held.collect()).map(shown),
        n_changes: changes.len(),
        changes: newest(&changes, shape, shown),
        currency: answer::known(of.currency),
        source: of.source,
        variant: of.variant,
        untrusted: of.title.map(|it| VariantName {
            variant: untrusted::name(&it),
        }),
    }
}

/// Returns a line of places, oldest first.
pub(super) fn places(source: String, places: &[Point<u32>], shape: Shape) -> Series {
    let all = || places.iter().filter_map(|(_, place)| *place);
    let weighed = all().map(|place| (f64::from(place), 1, place));
    let changes = changes(places, |_, _| None);
    let (points, points_left_out) = told(places.to_vec(), shape, f64::from, Number::Place);
    Series {
        of: "rank",
        source,
        variant: None,
        untrusted: None,
        currency: None,
        min: all().min().map(Number::Place),
        max: all().max().map(Number::Place),
        median: weighted_median(weighed.collect()).map(Number::Place),
        n_changes: changes.len(),
        changes: newest(&changes, shape, Number::Place),
        points,
        points_left_out,
    }
}

/// Returns a product's places in our rankings, apart for each preset, and in its shop's best-selling order, where a line
/// has a point without a place when the product fell out of it.
pub(super) fn all_places(
    mut in_rankings: Vec<PlaceInRanking>,
    rows: &[Observation],
    (since, until): (UnixMs, UnixMs),
) -> Vec<(String, Vec<Point<u32>>)> {
    in_rankings.retain(|it| it.at >= since && it.at < until);
    in_rankings.sort_by(|one, two| (&one.preset, one.at).cmp(&(&two.preset, two.at)));
    let mut lines: Vec<_> = in_rankings
        .chunk_by(|one, two| one.preset == two.preset)
        .filter_map(|of_preset| {
            let preset = &of_preset.first()?.preset;
            let places = of_preset.iter().map(|it| (it.at, Some(it.rank))).collect();
            Some((format!("ranking {preset}"), places))
        })
        .collect();
    for source in SOURCES {
        let in_shop: Vec<Point<u32>> = rows
            .iter()
            .filter(|row| row.at < until && row.source == source)
            .filter(|row| row.rank.is_some() || row.lost_its_place())
            .map(|row| (row.at, row.rank))
            .collect();
        if !in_shop.is_empty() {
            lines.push((order_of(source), in_shop));
        }
    }
    lines
}

/// Where places in shops' own orders are read: those of two cannot be compared.
const SOURCES: [Option<RankSource>; 4] = [
    Some(RankSource::StorefrontApi),
    Some(RankSource::SortedList),
    Some(RankSource::Collection),
    None,
];

fn order_of(source: Option<RankSource>) -> String {
    let order = "the shop's own best-selling order";
    match source {
        Some(it) => format!("{order}, {} ({})", it.certainty().name(), it.name()),
        None => order.to_owned(),
    }
}

type Changed<V> = (UnixMs, V, V, Option<f64>);

fn changes<V: Copy + PartialEq>(
    points: &[Point<V>],
    percent: impl Fn(V, V) -> Option<f64>,
) -> Vec<Changed<V>> {
    let mut changes = Vec::new();
    let mut before: Option<V> = None;
    for (at, value) in points {
        let Some(value) = *value else { continue };
        if let Some(before) = before.filter(|it| *it != value) {
            changes.push((*at, before, value, percent(before, value)));
        }
        before = Some(value);
    }
    changes
}

fn newest<V: Copy>(
    changes: &[Changed<V>],
    shape: Shape,
    shown: impl Fn(V) -> Number,
) -> Vec<ChangeLine> {
    let n_older = changes.len().saturating_sub(shape.max_changes);
    let newest = changes.iter().skip(n_older);
    let line = |&(at, from, to, percent): &Changed<V>| ChangeLine {
        at: at.to_string(),
        from: shown(from),
        to: shown(to),
        percent,
    };
    newest.map(line).collect()
}

/// Returns the points of a line, and how many were left out for being too many.
fn told<V: Copy>(
    points: Vec<Point<V>>,
    shape: Shape,
    number: impl Fn(V) -> f64,
    shown: impl Fn(V) -> Number,
) -> (Vec<PointLine>, usize) {
    let points = bucketed(points, shape.granularity);
    let n_all = points.len();
    let points = thinned(points, shape.max_points, number);
    let point = |(at, value): Point<V>| PointLine {
        at: match shape.granularity {
            Granularity::Day => shown_date(at),
            Granularity::Hour | Granularity::Raw => at.to_string(),
        },
        value: value.map(&shown),
    };
    let points: Vec<PointLine> = points.into_iter().map(point).collect();
    let n_left_out = n_all - points.len();
    (points, n_left_out)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_none(n: &usize) -> bool {
    *n == 0
}
