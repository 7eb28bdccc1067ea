//! The raw value of each feature, larger is better.

use std::f64::consts::LN_2;

use catalog::{FeatureInputs, FeatureRow, UnixMs};

use crate::feature::Feature;
use crate::history::{DAY_MS, Histories};

/// The age at which freshness has halved. Part of the definition and no setting: only the order counts, which is that
/// of the dates with any half-life.
const HALF_LIFE_DAYS: f64 = 90.0;

/// Fewer variant-days tell nothing of stock-outs.
pub(crate) const MIN_VARIANT_DAYS: f64 = 7.0;

/// How many variant-days the rate of all products counts as much as.
const PRIOR_DAYS: f64 = 30.0;

/// More images than these count no more.
pub(crate) const MAX_IMAGES: u32 = 8;

/// Characters of a description, and different tags, that give `1 - 1/e` of what is to be had.
pub(crate) const CHARS_SCALE: f64 = 600.0;
pub(crate) const TAGS_SCALE: f64 = 4.0;

/// Returns what one product tells of a feature; `None` where unknown, and where a number is not finite.
///
/// Two values need the other products: of `price_position` this is the logarithm of the price, and of `stockout`
/// the variant-days.
pub(crate) fn raw(
    feature: Feature,
    row: &FeatureRow,
    histories: &Histories,
    now: UnixMs,
) -> Option<f64> {
    let inputs = &row.inputs;
    let value = match feature {
        // Nothing that is stored yet tells of sales and ratings.
        Feature::Demand | Feature::Rating => None,
        Feature::Bestseller => histories
            .places(&row.id)
            .map(|it| -f64::from(it.latest).ln()),
        Feature::Stockout => Some(histories.watched(row).variant_days())
            .filter(|variant_days| *variant_days >= MIN_VARIANT_DAYS),
        Feature::Trend => histories.places(&row.id).and_then(|it| it.trend()),
        Feature::Freshness => inputs
            .published_at
            .map(|published_at| freshness(age_days(published_at, now))),
        Feature::Discount => inputs.discount,
        Feature::PricePosition => inputs.price.filter(|price| *price > 0.0).map(f64::ln),
        Feature::Listing => Some(listing(inputs)),
        Feature::Availability => inputs.availability,
    };
    value.filter(|it| it.is_finite())
}

/// Returns the age in days, 0 for what is published later than now.
pub(crate) fn age_days(published_at: UnixMs, now: UnixMs) -> f64 {
    (now.ms() - published_at.ms()).max(0) as f64 / DAY_MS as f64
}

fn freshness(age_days: f64) -> f64 {
    (-LN_2 * age_days / HALF_LIFE_DAYS).exp()
}

/// Returns the mean of what images, description and tags give, each from 0 to 1.
pub(crate) fn listing(inputs: &FeatureInputs) -> f64 {
    let images = f64::from(inputs.num_images.min(MAX_IMAGES)).ln_1p() / 9.0_f64.ln();
    let chars = 1.0 - (-f64::from(inputs.visible_chars) / CHARS_SCALE).exp();
    let tags = 1.0 - (-f64::from(inputs.distinct_tags) / TAGS_SCALE).exp();
    (images + chars + tags) / 3.0
}

/// Returns stock-outs and restocks per variant and day, pulled to `rate`, that of all products: the mean of a Gamma
/// distribution that was updated by a count of events. 0 without any.
///
/// Only the order counts. Those without an event would stand in that of how shortly they were watched, down to the seconds
/// between two pages of a list, and some of them above products that sold out.
pub(crate) fn stockout(n_events: u32, variant_days: f64, rate: f64) -> f64 {
    match n_events {
        0 => 0.0,
        n => (f64::from(n) + PRIOR_DAYS * rate) / (variant_days + PRIOR_DAYS),
    }
}
