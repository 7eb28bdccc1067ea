//! Small worlds, and what holds for all of them. The tests of the single parts stand beside these.

use std::sync::LazyLock;

use catalog::{Currency, FeatureInputs, FeatureRow, UnixMs};

use super::*;
use crate::history::{DAY_MS, Histories};
use crate::preset::{Method, Preset};

mod by_hand;
mod hostile;
pub(crate) mod properties;
mod reference;
mod sureness;

pub(crate) const NOW: UnixMs = UnixMs::new(1_000 * DAY_MS);

/// Returns a product of which nothing is known but that it is there; it has one variant and is of today.
pub(crate) fn product(shop: &str, native: &str) -> FeatureRow {
    FeatureRow {
        id: format!("shopify:{shop}:{native}").parse().unwrap(),
        currency: Currency::parse("EUR").unwrap(),
        inputs: FeatureInputs {
            published_at: None,
            discount: None,
            price: None,
            availability: None,
            visible_chars: 0,
            distinct_tags: 0,
            num_images: 0,
            num_variants: 1,
            type_key: 0,
        },
        first_seen_at: NOW,
        confirmed_at: NOW,
    }
}

/// The settings of `balanced` without draws.
static BALANCED: LazyLock<Quantiles> = LazyLock::new(|| match Preset::balanced().method {
    Method::Quantiles(settings) => Quantiles {
        draws: 0,
        ..settings
    },
    Method::MinMax(_) => panic!("balanced is a preset of quantiles"),
});

/// Returns the settings of `balanced` without draws.
pub(crate) fn balanced() -> Quantiles {
    BALANCED.clone()
}

/// Returns settings under which one feature is all that counts.
pub(crate) fn only(feature: Feature) -> Quantiles {
    let mut weights = [0.0; Feature::ALL.len()];
    weights[feature as usize] = 2.0;
    Quantiles {
        weights,
        ..balanced()
    }
}

/// Returns the table of `rows`, which keeps their values.
pub(crate) fn table(rows: &[FeatureRow], histories: &Histories, settings: &Quantiles) -> Table {
    let mut table = Table::new(NOW, settings).keeping_values();
    for row in rows {
        table.push(row, histories);
    }
    table
}

/// Scores products without a history.
pub(crate) fn scored(rows: &[FeatureRow], settings: &Quantiles) -> Scores {
    Scores::of(table(rows, &Histories::new(NOW), settings), settings)
}

/// Returns the utilities of the one feature that counts; `None` where unknown.
fn utilities(rows: &[FeatureRow], settings: &Quantiles) -> Vec<Option<f64>> {
    let scores = scored(rows, settings);
    let of = |index: usize| {
        let column = scores.columns.first()?;
        Some(column.utilities[index]).filter(|it: &f64| !it.is_nan())
    };
    (0..rows.len()).map(of).collect()
}

fn natives(scores: &Scores, list: &List) -> Vec<String> {
    let native = |it: &Place| scores.id(it.index).native.to_string();
    list.places.iter().map(native).collect()
}

fn assert_close(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-12, "{a} is not {b}");
}
