//! The questions of a back-test put to the numbers, and the answers as JSON has them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use catalog::UnixMs;
use scoring::backtest::{
    AmountReport, Centred, Comparison, EventReport, Fitted, Known, Outcome, Period, Products,
    amount_report, event_report, fit, list_length,
};
use scoring::feature::Feature;
use scoring::preset::{Method, Preset};
use serde::Serialize;

use super::history::Frame;
use super::labels::Labels;
use crate::commands::rank::unknown;

/// A back-test on the store's own history.
#[derive(Debug)]
pub(super) struct HistoryTrial {
    pub(super) preset: Preset,
    pub(super) at: UnixMs,
    pub(super) why: &'static str,
    pub(super) until: UnixMs,
    pub(super) observed_until: UnixMs,
    pub(super) too_short: bool,
    pub(super) k: Option<usize>,
    pub(super) fit: Option<Outcome>,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub(super) struct HistoryReport {
    pub(super) preset: String,
    /// The moment that the products were put back to, and why this one.
    pub(super) at: UnixMs,
    pub(super) at_is: &'static str,
    /// Until when outcomes count, and until when somebody looked.
    pub(super) until: UnixMs,
    pub(super) observed_until: UnixMs,
    /// Whether less than half of that time was observed, so that the figures tell nothing.
    pub(super) too_short: bool,
    pub(super) n_products: usize,
    pub(super) n_shops: usize,
    /// Products left out because nobody looked at their shop again.
    pub(super) n_unwatched: u64,
    /// Features of the preset that the history does not keep.
    pub(super) not_in_history: Vec<&'static str>,
    #[serde(flatten)]
    pub(super) basis: Basis,
    pub(super) outcomes: Vec<EventReport>,
    pub(super) fit: Option<FitReport>,
}

/// What products were compared by.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Basis {
    /// Whether product types are known; else products are compared within their shop alone.
    pub(super) types_known: bool,
    /// The dates that freshness and newest go by; `None` if no product has one.
    pub(super) dates: Option<&'static str>,
}

/// What came of learning weights.
#[derive(Debug, Serialize)]
pub(super) struct FitReport {
    pub(super) outcome: &'static str,
    /// The moment at which the products stood that the weights were learned on.
    pub(super) learned_at: UnixMs,
    #[serde(flatten)]
    pub(super) fitted: Fitted,
}

/// A back-test on outside labels.
#[derive(Debug)]
pub(super) struct LabelTrial {
    pub(super) preset: Preset,
    pub(super) path: PathBuf,
    pub(super) k: Option<usize>,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub(super) struct LabelReport {
    pub(super) preset: String,
    pub(super) at: UnixMs,
    #[serde(flatten)]
    pub(super) basis: Basis,
    pub(super) labels: PathBuf,
    pub(super) n_rows: usize,
    /// Labels, the rows of one product counted once, and how many of them mean a product.
    pub(super) n_labels: usize,
    pub(super) n_matched: usize,
    /// Products that were ranked, with or without a label.
    pub(super) n_products: usize,
    /// The mean share of the preset's weights that is known of the labelled products, where it has features.
    pub(super) coverage: Option<f64>,
    /// Features of the preset that are known of no product.
    pub(super) unknown: Vec<&'static str>,
    pub(super) amount: AmountReport,
    pub(super) events: Vec<EventReport>,
}

impl HistoryTrial {
    /// Works out the figures: `frames` has the products at the moment, then, to learn on, those of one horizon before.
    pub(super) fn report(&self, frames: &[Frame]) -> HistoryReport {
        let frame = &frames[0];
        let products = &frame.products;
        let comparison = products.compare(&self.preset);
        let shops = products.shops();
        let outcome = |outcome: Outcome| {
            let known = frame.known(outcome);
            let k = list_length(self.k, known.indices.len());
            let words = [outcome.name(), outcome.words()];
            event_report(words, &known, &comparison, &shops, k)
        };
        HistoryReport {
            preset: self.preset.name.clone(),
            at: self.at,
            at_is: self.why,
            until: self.until,
            observed_until: self.observed_until,
            too_short: self.too_short,
            n_products: products.rows.len(),
            n_shops: shops.iter().collect::<BTreeSet<_>>().len(),
            n_unwatched: frame.n_unwatched,
            not_in_history: not_in_history(&self.preset),
            basis: Basis::of(products),
            outcomes: Outcome::ALL.map(outcome).into(),
            fit: self
                .fit
                .zip(frames.get(1))
                .map(|(outcome, earlier)| self.learn(outcome, earlier, frame)),
        }
    }

    fn learn(&self, outcome: Outcome, earlier: &Frame, later: &Frame) -> FitReport {
        let balanced = Preset::balanced();
        let preset = match &self.preset.method {
            Method::Quantiles(_) => &self.preset,
            Method::MinMax(_) => &balanced,
        };
        let of = |frame: &Frame| {
            let known = frame.known(outcome);
            let utilities = match &preset.method {
                Method::Quantiles(settings) => frame.products.utilities(settings),
                Method::MinMax(_) => Vec::new(),
            };
            let utilities = known.of(&utilities);
            (utilities, known.of(&frame.products.shops()), known.values)
        };
        let (earlier_values, later_values) = (of(earlier), of(later));
        let mut fitted = fit(period(&earlier_values), period(&later_values));
        fitted.is_accepted &= !self.too_short;
        FitReport {
            outcome: outcome.name(),
            learned_at: earlier.products.at,
            fitted,
        }
    }
}

impl Basis {
    fn of(products: &Products) -> Self {
        let dates = match products.is_frozen {
            true => "created_at",
            false => "published_at",
        };
        Self {
            types_known: !products.is_frozen,
            dates: products.has_dates().then_some(dates),
        }
    }
}

const fn period(values: &(Vec<Centred>, Vec<u32>, Vec<bool>)) -> Period<'_> {
    let (utilities, shops, is_event) = values;
    Period {
        utilities: utilities.as_slice(),
        is_event: is_event.as_slice(),
        shops: shops.as_slice(),
    }
}

impl LabelTrial {
    /// Works out the figures of the products that have a label.
    pub(super) fn report(
        &self,
        labels: &Labels,
        products: &Products,
        known: &Known<f64>,
    ) -> LabelReport {
        let comparison = products.compare(&self.preset);
        let shops = products.shops();
        let k = list_length(self.k, known.values.len());
        let events = events(&labels.label, known);
        let events = events.iter().map(|(words, known)| {
            let words = words.each_ref().map(String::as_str);
            event_report(words, known, &comparison, &shops, k)
        });
        let (n_matched, n_labels) = labels.n_found();
        LabelReport {
            preset: self.preset.name.clone(),
            at: products.at,
            basis: Basis::of(products),
            labels: self.path.clone(),
            n_rows: labels.n_rows,
            n_labels,
            n_matched,
            n_products: products.rows.len(),
            coverage: mean_coverage(&comparison, known),
            unknown: unknown(&self.preset, |feature| {
                let mut columns = comparison.columns.iter();
                columns.any(|column| column.name == feature.name())
            }),
            amount: amount_report(&labels.label, known, &comparison, &shops),
            events: events.collect(),
        }
    }
}

/// Returns the events that a label makes: that it is above 0, and that it is among the greatest tenth; without those
/// that say the same of all.
fn events(label: &str, known: &Known<f64>) -> Vec<([String; 2], Known<bool>)> {
    let event = |words, happened: &dyn Fn(f64) -> bool| {
        let known = Known {
            indices: known.indices.clone(),
            values: known.values.iter().map(|&value| happened(value)).collect(),
        };
        (words, known)
    };
    let mut sorted = known.values.clone();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let tenth = sorted.get(sorted.len().div_ceil(10).saturating_sub(1));
    let least = tenth.copied().unwrap_or_default();
    let above = [
        format!("{label} above 0"),
        "the label is above 0".to_owned(),
    ];
    let top = [
        format!("top tenth of {label}"),
        format!("the label is at least {least}, as a tenth of them are"),
    ];
    let mut events = vec![event(above, &|value| value > 0.0)];
    if least > 0.0 {
        events.push(event(top, &|value| value >= least));
    }
    events.retain(|(_, known)| known.values.contains(&true) && known.values.contains(&false));
    events
}

fn mean_coverage(comparison: &Comparison, known: &Known<f64>) -> Option<f64> {
    let coverage = known.of(comparison.coverage.as_ref()?);
    let n = coverage.len() as f64;
    (n > 0.0).then(|| coverage.iter().sum::<f64>() / n)
}

fn not_in_history(preset: &Preset) -> Vec<&'static str> {
    match &preset.method {
        Method::Quantiles(settings) if settings.weights[Feature::Listing as usize] > 0.0 => {
            vec![Feature::Listing.name()]
        }
        Method::Quantiles(_) => vec![],
        Method::MinMax(_) => vec!["num_tags", "num_images", "description_length"],
    }
}
