//! A shop market with planted signals, from histories to figures: the back-test must find them in their order.

use catalog::{Currency, ProductRecord, UnixMs};

use super::outcome::{Outcome, outcomes};
use super::rankings::Products;
use super::report::{EventReport, Known, event_report, list_length};
use super::testing::{day, offer, seen, set};
use super::{freeze, past};
use crate::preset::Preset;
use crate::random::Random;

const T: i64 = 200;

/// How strongly freshness, discount, availability and the usual price raise the log-odds of a price cut.
type Strengths = [f64; 4];

/// Makes a product whose raw values are random, and cuts its price behind T as likely as they say.
fn made(random: &mut Random, native: u64, strengths: Strengths) -> ProductRecord {
    let [freshness, discount, availability, price] = [(); 4].map(|()| random.unit());
    let shop = ["a.example", "b.example", "c.example"][native as usize % 3];
    let mut record = seen(shop, native, 1);
    record.product.created_at = Some(UnixMs::new(day(T).ms() - ((1.0 - freshness) * 3e10) as i64));
    // The further from the middle, the less usual.
    let side = if random.unit() < 0.5 { -1.0 } else { 1.0 };
    let minor = (10_000.0 * (side * (1.0 - price) * 2.0).exp()) as i64;
    let compare_at = (minor as f64 / (1.0 - discount * 0.9)) as i64;
    let n_available = (availability * 20.0) as usize;
    for variant in 0..20 {
        let offer = offer(minor, Some(compare_at), variant < n_available);
        set(&mut record, &variant.to_string(), Some(offer), 1);
    }
    let raised = [freshness, discount, availability, price]
        .into_iter()
        .zip(strengths);
    let logit: f64 = raised
        .map(|(value, strength)| (value - 0.5) * strength)
        .sum();
    if random.unit() < 1.0 / (1.0 + (1.0 - logit).exp()) {
        let cheaper = offer(minor / 2, Some(compare_at), true);
        set(&mut record, "0", Some(cheaper), T + 1);
    }
    record
}

/// Returns what the back-test of the balanced preset says of price cuts.
fn tried(seed: u64, n: u64, strengths: Strengths) -> EventReport {
    let mut random = Random::new(seed);
    let mut products = Products::new(day(T), true);
    let mut known = Known::default();
    let mut records: Vec<_> = (0..n).map(|it| made(&mut random, it, strengths)).collect();
    records.sort_by(|a, b| a.product.id.cmp(&b.product.id));
    for (index, record) in records.iter().enumerate() {
        let frozen = freeze(record, Currency::UNKNOWN, day(T), day(T)).unwrap();
        let outcomes = outcomes(record, &frozen, day(T), day(T + 28));
        known.push(index, outcomes[Outcome::PriceCut as usize].unwrap());
        for row in past(record, day(T)) {
            products.histories.add(row);
        }
        products.rows.push(frozen.row);
        products.metrics.push(frozen.metrics);
    }
    let words = [Outcome::PriceCut.name(), Outcome::PriceCut.words()];
    let k = list_length(None, records.len());
    event_report(
        words,
        &known,
        &products.compare(&Preset::balanced()),
        &products.shops(),
        k,
    )
}

#[test]
fn planted_signals_come_out_in_their_order() {
    for seed in 0..2 {
        let report = tried(seed, 900, [3.0, 1.8, 0.8, 0.0]);
        let found = |name| report.features.iter().position(|it| it.feature == name);
        let order = ["freshness", "discount", "availability"].map(found);
        assert!(
            order.is_sorted() && order[0] == Some(0),
            "{seed}: {:#?}",
            report.features
        );
        let first = &report.rankings[0];
        assert_eq!(first.ranking, "balanced");
        assert!(first.figures.auc.low.unwrap() > 0.6, "{first:?}");
        let [random, newest] = [1, 2].map(|it| report.rankings[it].figures);
        assert!(random.auc_behind_first.is_above_zero(), "{random:?}");
        assert!(
            newest.auc.low.unwrap() > 0.6,
            "freshness is what newest goes by: {newest:?}"
        );
    }
}

#[test]
fn without_signals_nothing_beats_chance() {
    let report = tried(7, 900, [0.0; 4]);
    let first = report.rankings[0].figures.auc;
    assert!(
        first.low.unwrap() < 0.5 && first.high.unwrap() > 0.5,
        "{first:?}"
    );
    assert!(report.n_events > 150 && !report.too_few, "{report:#?}");
}
