//! The numbers behind a value, in a reader's words.

use catalog::{Certainty, FeatureRow, UnixMs};

use super::{Input, Subject};
use crate::balanced::{Scores, values};
use crate::feature::Feature;
use crate::signals::{self, NOT_SAID};

const CATALOGUE: &str = "catalogue";
const OBSERVATIONS: &str = "observations";

/// Returns what the value of a feature is made of, as far as it is there.
pub(super) fn inputs(scores: &Scores, feature: Feature, subject: Subject<'_>) -> Vec<Input> {
    let Subject { row, histories, .. } = subject;
    let inputs = &row.inputs;
    let (source, at, given) = match feature {
        Feature::Demand | Feature::Rating => return Vec::new(),
        Feature::Bestseller => {
            let Some(places) = histories.places(&row.id) else {
                return Vec::new();
            };
            let place = ("best-selling place", places.latest.to_string());
            (signals::source(&places), places.ranked_at, vec![place])
        }
        Feature::Stockout => (OBSERVATIONS, row.confirmed_at, stock(scores, subject)),
        Feature::Trend => {
            let Some(places) = histories.places(&row.id) else {
                return Vec::new();
            };
            let weeks = (
                "weeks with a best-selling place",
                places.n_weeks().to_string(),
            );
            (signals::source(&places), places.ranked_at, vec![weeks])
        }
        Feature::Freshness => (CATALOGUE, row.confirmed_at, age(scores, row)),
        Feature::Discount => {
            let discount = inputs.discount.map(|it| ("mean discount", percent(it)));
            (CATALOGUE, row.confirmed_at, Vec::from_iter(discount))
        }
        Feature::PricePosition => (CATALOGUE, row.confirmed_at, prices(scores, subject)),
        Feature::Listing => {
            let numbers = vec![
                ("images", inputs.num_images.to_string()),
                (
                    "readable description",
                    counted(inputs.visible_chars, "character"),
                ),
                ("tags", inputs.distinct_tags.to_string()),
            ];
            (CATALOGUE, row.confirmed_at, numbers)
        }
        Feature::Availability => {
            let share = inputs
                .availability
                .map(|it| ("available variants", percent(it)));
            (CATALOGUE, row.confirmed_at, Vec::from_iter(share))
        }
    };
    let certainty = match feature {
        Feature::Bestseller | Feature::Trend => {
            let places = histories.places(&row.id);
            places.map_or(Certainty::Unavailable, |it| it.certainty())
        }
        _ => Certainty::Observed,
    };
    let input = |(name, value)| Input {
        name,
        value,
        source,
        certainty,
        at,
    };
    given.into_iter().map(input).collect()
}

fn stock(scores: &Scores, subject: Subject<'_>) -> Vec<(&'static str, String)> {
    let watched = subject.histories.watched(subject.row);
    let days = format!("{:.1} variant-days", watched.variant_days());
    let per_year = format!("{:.2} a variant and year", scores.stock_rate * 365.0);
    vec![
        ("stock-outs and restocks", watched.n_events.to_string()),
        ("watched for", days),
        ("rate of all products", per_year),
    ]
}

fn age(scores: &Scores, row: &FeatureRow) -> Vec<(&'static str, String)> {
    let age = |published_at: UnixMs| {
        let days = values::age_days(published_at, scores.now);
        [
            ("published", published_at.to_string()),
            ("age", format!("{days:.1} days")),
        ]
    };
    let published_at = row.inputs.published_at;
    published_at.into_iter().flat_map(age).collect()
}

fn prices(scores: &Scores, subject: Subject<'_>) -> Vec<(&'static str, String)> {
    let mut numbers = Vec::new();
    if let Some(price) = subject.row.inputs.price {
        numbers.push(("mean price", amount(price, subject.row)));
    }
    let shelf = scores.shelf_of[subject.index];
    let usual = scores.usual.as_ref().and_then(|it| it.band(shelf));
    if let Some([low, high]) = usual.filter(|band| band.iter().all(|it| it.is_finite())) {
        let [low, high] = [low, high].map(f64::exp);
        let band = format!("{low:.2} to {}", amount(high, subject.row));
        numbers.push(("usual in its group", band));
    }
    numbers
}

/// Returns why a feature is unknown of a product.
pub(super) fn why_unknown(feature: Feature, subject: Subject<'_>) -> &'static str {
    let Subject { row, histories, .. } = subject;
    let inputs = &row.inputs;
    let is_estimated = || {
        let places = histories.places(&row.id);
        places.is_some_and(|it| it.certainty() == Certainty::Estimated)
    };
    match feature {
        Feature::Demand => "no sales were imported",
        Feature::Bestseller if !histories.has_order(&row.id) => {
            "no best-selling order of the shop was read"
        }
        Feature::Bestseller => "not in the shop's best-selling order, as far as it was read",
        Feature::Stockout
            if histories.watched(row).variant_ms == 0 && inputs.availability.is_none() =>
        {
            NOT_SAID
        }
        Feature::Stockout => "stock watched for less than 7 variant-days",
        Feature::Rating => "no ratings are stored",
        Feature::Trend if is_estimated() => "its places are of an order that may be made by hand",
        Feature::Trend => "fewer than 8 weeks with a best-selling place",
        Feature::Freshness => "no publication date",
        Feature::Discount => "no variants",
        Feature::PricePosition if !inputs.price.is_some_and(|it| it > 0.0) => "no price above 0",
        Feature::PricePosition => "its currency is unknown, and that of other shops too",
        Feature::Listing => "its numbers cannot be used",
        Feature::Availability => NOT_SAID,
    }
}

/// Returns a share as per cent, with one decimal where it has one.
pub(super) fn percent(share: f64) -> String {
    let tenths = (share * 1000.0).round() / 10.0;
    format!("{tenths} %")
}

/// Returns an amount of the product's currency.
pub(super) fn amount(amount: f64, row: &FeatureRow) -> String {
    let decimals = row.currency.exponent() as usize;
    if row.currency.is_known() {
        format!("{amount:.decimals$} {}", row.currency.code())
    } else {
        format!("{amount:.decimals$}")
    }
}

/// Returns a number with its noun, such as `1 tag`, `4 tags`.
pub(super) fn counted(n: u32, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}
