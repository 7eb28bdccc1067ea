//! The wall between past and future, on histories made by hand and at random.

use catalog::{Currency, ObservationKind, Offer, ProductRecord};
use proptest::prelude::*;

use super::frozen::{Frozen, freeze};
use super::outcome::{Outcome, Outcomes, outcomes};
use super::rankings::{Comparison, Products};
use super::testing::{day, observe, offer, place, seen, set};
use crate::preset::Preset;

const T: i64 = 100;

fn frozen(record: &ProductRecord) -> Option<Frozen> {
    freeze(record, Currency::UNKNOWN, day(T), day(T))
}

fn known_from_day_1() -> ProductRecord {
    let mut record = seen("a.example", 1, 1);
    set(&mut record, "a", Some(offer(1000, Some(2000), true)), 1);
    set(&mut record, "b", Some(offer(3000, None, false)), 1);
    record
}

#[test]
fn a_product_is_known_from_its_first_sight_until_it_is_gone() {
    assert_eq!(frozen(&seen("a.example", 1, T + 1)), None);
    let mut record = seen("a.example", 1, T);
    assert!(frozen(&record).is_some());
    observe(&mut record, ObservationKind::Gone, T + 1);
    assert!(frozen(&record).is_some(), "it is gone later");
    let mut record = seen("a.example", 1, 1);
    observe(&mut record, ObservationKind::Gone, T);
    assert_eq!(frozen(&record), None);
    observe(&mut record, ObservationKind::Back, T + 1);
    assert_eq!(frozen(&record), None, "it comes back later");
    let mut record = seen("a.example", 1, 1);
    observe(&mut record, ObservationKind::Gone, 2);
    observe(&mut record, ObservationKind::Back, T);
    assert!(frozen(&record).is_some());
}

#[test]
fn variants_offer_what_they_did_then() {
    let mut record = known_from_day_1();
    set(&mut record, "a", Some(offer(1500, Some(2000), true)), T);
    let then = frozen(&record).unwrap();
    assert_eq!(then.row.inputs.discount, Some(0.125));
    assert_eq!(then.row.inputs.price, Some(22.5));
    assert_eq!(then.row.inputs.availability, Some(0.5));
    assert_eq!(then.row.inputs.num_variants, 2);
    set(&mut record, "a", Some(offer(1, None, false)), T + 1);
    set(&mut record, "a", Some(offer(2, None, true)), T + 2);
    set(&mut record, "b", None, T + 3);
    set(&mut record, "c", Some(offer(9, None, true)), T + 4);
    set(&mut record, "c", None, T + 5);
    set(&mut record, "d", Some(offer(9, None, true)), T + 5);
    assert_eq!(frozen(&record), Some(then));
}

#[test]
fn a_row_without_offers_says_nothing() {
    let mut record = known_from_day_1();
    let then = frozen(&record);
    observe(&mut record, ObservationKind::Changed, T + 1).variant = Some("a".into());
    observe(&mut record, ObservationKind::Changed, T + 1).variant = Some("new".into());
    assert_eq!(frozen(&record), then);
}

#[test]
fn what_the_history_does_not_keep_is_not_known() {
    let mut record = known_from_day_1();
    record.product.published_at = Some(day(2));
    let then = frozen(&record).unwrap();
    let inputs = then.row.inputs;
    let unknown = [
        inputs.visible_chars,
        inputs.distinct_tags,
        inputs.num_images,
        then.metrics.metrics.num_tags,
        then.metrics.metrics.num_images,
        then.metrics.metrics.description_length,
    ];
    assert_eq!((unknown, inputs.type_key), ([0; 6], 0));
    assert_eq!(inputs.published_at, None);
}

#[test]
fn a_product_is_as_old_as_its_creation_if_that_is_past() {
    let mut record = known_from_day_1();
    for (created, known) in [(T - 1, true), (T, true), (T + 1, false)] {
        record.product.created_at = Some(day(created));
        let published_at = frozen(&record).unwrap().row.inputs.published_at;
        assert_eq!(published_at, known.then_some(day(created)));
    }
}

fn happened(record: &ProductRecord) -> Outcomes {
    outcomes(record, &frozen(record).unwrap(), day(T), day(T + 10))
}

#[test]
fn outcomes_lie_behind_the_moment_and_inside_the_horizon() {
    let nothing = [Some(false); 6];
    let mut record = known_from_day_1();
    set(&mut record, "a", Some(offer(1000, None, false)), T - 1);
    set(&mut record, "a", Some(offer(1000, None, true)), T);
    set(&mut record, "a", Some(offer(1000, None, false)), T + 11);
    assert_eq!(happened(&record), nothing);
    let mut record = known_from_day_1();
    set(&mut record, "a", Some(offer(900, Some(2000), false)), T + 1);
    set(&mut record, "b", Some(offer(3100, None, true)), T + 10);
    observe(&mut record, ObservationKind::Gone, T + 10);
    place(&mut record, 20, T + 10);
    assert_eq!(happened(&record), [Some(true); 6]);
}

#[test]
fn what_cannot_happen_does_not_count() {
    let mut record = seen("a.example", 1, 1);
    place(&mut record, 20, T);
    place(&mut record, 21, T + 1);
    let expected = [None, None, None, None, None, Some(false)];
    assert_eq!(happened(&record), expected);
    set(&mut record, "a", Some(offer(1000, None, true)), 2);
    let of =
        |outcome| happened(&record)[Outcome::ALL.iter().position(|it| *it == outcome).unwrap()];
    assert_eq!(of(Outcome::Stockout), Some(false));
    assert_eq!(of(Outcome::Restock), None);
    let mut record = seen("a.example", 1, 1);
    place(&mut record, 20, T - 1);
    place(&mut record, 21, T);
    place(&mut record, 1, T + 1);
    assert_eq!(happened(&record)[2], Some(true), "it had lost its place");
}

/// A step in the life of a product.
#[derive(Debug, Clone)]
enum Step {
    Set(u8, Option<Offer>),
    Gone,
    Back,
    Place(u32),
}

fn steps() -> impl Strategy<Value = Vec<(i64, Step)>> {
    let some_offer = (1_i64..9, prop::option::of(1_i64..9), any::<bool>())
        .prop_map(|(price, compare_at, is_there)| offer(price, compare_at, is_there));
    let step = prop_oneof![
        6 => (0_u8..5, prop::option::of(some_offer)).prop_map(|(id, it)| Step::Set(id, it)),
        1 => Just(Step::Gone),
        1 => Just(Step::Back),
        1 => (1_u32..40).prop_map(Step::Place),
    ];
    prop::collection::vec((0_i64..60, step), 0..20).prop_map(|mut steps| {
        steps.sort_by_key(|it| it.0);
        steps
    })
}

fn live(record: &mut ProductRecord, steps: &[(i64, Step)], from_day: i64) {
    for (on_day, step) in steps {
        let on_day = from_day + on_day;
        match step {
            Step::Set(id, offer) => set(record, &id.to_string(), *offer, on_day),
            Step::Gone => drop(observe(record, ObservationKind::Gone, on_day).rank.take()),
            Step::Back => drop(observe(record, ObservationKind::Back, on_day).rank.take()),
            Step::Place(rank) => place(record, *rank, on_day),
        }
    }
}

/// What a shop may write anew of a product at any time.
fn rewritten(mut record: ProductRecord, seed: u64) -> ProductRecord {
    let product = &mut record.product;
    let word = ["", "Light", "Chair"][seed as usize % 3];
    product.product_type = word.into();
    product.published_at = (!seed.is_multiple_of(5)).then(|| day((seed % 50) as i64 * 4));
    product.updated_at = product.published_at;
    product.tags = vec![word.into(); seed as usize % 7];
    product.images = vec![format!("https://shop.example/{seed}.jpg"); seed as usize % 11];
    for text in [
        &mut product.title,
        &mut product.handle,
        &mut product.vendor,
        &mut product.body_html,
    ] {
        *text = word.repeat(seed as usize % 9);
    }
    record
}

/// Returns the rankings of what was known then, and what the preset's is made of.
fn compared(records: &[ProductRecord]) -> Comparison {
    let mut products = Products::new(day(T), true);
    for record in records {
        let Some(frozen) = frozen(record) else {
            continue;
        };
        for row in super::frozen::past(record, day(T)) {
            products.histories.add(row);
        }
        products.rows.push(frozen.row);
        products.metrics.push(frozen.metrics);
    }
    products.compare(&Preset::balanced())
}

proptest! {
    #[test]
    fn no_ranking_knows_the_future(
        pasts in prop::collection::vec((steps(), prop::option::of(1_i64..T)), 2..6),
        futures in prop::collection::vec((steps(), any::<u64>()), 6),
    ) {
        let record = |(native, (past, created)): (u64, &(Vec<_>, Option<i64>))| {
            let mut record = seen("a.example", native, 1);
            record.product.created_at = created.map(day);
            live(&mut record, past, 1);
            record
        };
        let records: Vec<_> = (1..).zip(&pasts).map(record).collect();
        let later = records.iter().zip(&futures).map(|(record, (future, seed))| {
            let mut record = rewritten(record.clone(), *seed);
            live(&mut record, future, T + 1);
            record
        });
        prop_assert_eq!(compared(&later.collect::<Vec<_>>()), compared(&records));
    }

    #[test]
    fn shuffling_the_future_changes_no_feature(
        past in steps(),
        futures in [steps(), steps()],
        times in prop::collection::vec(1_i64..99, 40),
    ) {
        let mut record = seen("a.example", 1, 1);
        live(&mut record, &past, 1);
        let then = frozen(&record);
        let rows_then: Vec<_> = super::frozen::past(&record, day(T)).cloned().collect();
        for future in futures {
            let mut record = record.clone();
            live(&mut record, &future, T + 1);
            prop_assert_eq!(&frozen(&record), &then);
            let later = record.observations.iter_mut().filter(|(_, row)| row.at > day(T));
            for ((_, row), days) in later.zip(&times) {
                row.at = day(T + days);
            }
            prop_assert_eq!(&frozen(&record), &then);
            let rows: Vec<_> = super::frozen::past(&record, day(T)).cloned().collect();
            prop_assert_eq!(&rows, &rows_then);
        }
    }
}
