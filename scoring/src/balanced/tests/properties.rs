use catalog::{CrawlKey, Observation, ObservationKind, Offer};
use proptest::prelude::*;

use super::*;

const SHOPS: [&str; 3] = ["a.example", "b.example", "c.example"];

/// What a product is made of in these worlds, from few different numbers, so that ties are common.
type Parts = (usize, u64, u8, Option<f64>, Option<f64>, Option<f64>, u32);

fn parts() -> impl Strategy<Value = Parts> {
    let some = |numbers: Vec<f64>| prop::option::of(prop::sample::select(numbers));
    (
        0..SHOPS.len(),
        0..3_u64,
        0..6_u8,
        some(vec![0.0, 0.1, 0.25, 0.5]),
        some(vec![1.0, 9.0, 9.5, 10.0, 12.0, 25.0, 99.0]),
        some(vec![0.0, 0.5, 1.0]),
        0..12_u32,
    )
}

fn row(native: usize, parts: Parts) -> FeatureRow {
    let (shop, type_key, age, discount, price, availability, images) = parts;
    let mut row = product(SHOPS[shop], &native.to_string());
    if shop == 2 && type_key == 2 {
        row.currency = Currency::parse("USD").unwrap();
    }
    row.first_seen_at = UnixMs::new(NOW.ms() - 30 * DAY_MS);
    row.inputs = FeatureInputs {
        published_at: (age > 0).then(|| UnixMs::new(NOW.ms() - i64::from(age) * 40 * DAY_MS)),
        discount,
        price,
        availability,
        num_images: images,
        type_key,
        ..row.inputs
    };
    row
}

pub(crate) fn observation(row: &FeatureRow, day: i64, what: u32) -> Observation {
    let offer = |available| {
        Some(Offer {
            price: None,
            compare_at: None,
            available: Some(available),
        })
    };
    let is_ranked = what > 1;
    Observation {
        product: row.id.clone(),
        variant: None,
        kind: if is_ranked {
            ObservationKind::Ranked
        } else {
            ObservationKind::Changed
        },
        at: UnixMs::new(day * DAY_MS),
        crawl: CrawlKey {
            shop: row.id.shop.clone(),
            n: 1,
        },
        before: offer(what == 0),
        after: offer(what == 1),
        stock: None,
        content_hash: None,
        rank: is_ranked.then_some(what),
        source: None,
        n_places: None,
        said_before: None,
    }
}

fn observed(rows: &[FeatureRow], seen: &[(usize, i64, u32)]) -> Histories {
    let mut histories = Histories::new(NOW);
    let mut seen = seen.to_vec();
    seen.sort_by_key(|(_, day, _)| *day);
    for (product, day, what) in seen {
        if let Some(row) = rows.get(product) {
            histories.add(&observation(row, day, what));
        }
    }
    histories
}

fn seen(n: usize) -> impl Strategy<Value = Vec<(usize, i64, u32)>> {
    prop::collection::vec((0..n, 900..1_000_i64, 0..30_u32), 0..2 * n)
}

/// Up to `n` products of three shops, and what was observed of them.
pub(crate) fn world(n: usize) -> impl Strategy<Value = (Vec<FeatureRow>, Histories)> {
    (prop::collection::vec(parts(), 1..n), seen(n)).prop_map(|(parts, seen)| {
        let rows: Vec<FeatureRow> = parts
            .into_iter()
            .enumerate()
            .map(|(n, it)| row(n, it))
            .collect();
        let histories = observed(&rows, &seen);
        (rows, histories)
    })
}

/// The same, with the products in another order too.
pub(super) fn shuffled_world(
    n: usize,
) -> impl Strategy<Value = (Vec<FeatureRow>, Vec<FeatureRow>, Histories)> {
    world(n).prop_flat_map(|(rows, histories)| {
        (
            Just(rows.clone()),
            Just(rows).prop_shuffle(),
            Just(histories),
        )
    })
}

fn scores_of(rows: &[FeatureRow], histories: &Histories) -> Scores {
    let settings = balanced();
    Scores::of(table(rows, histories, &settings), &settings)
}

proptest! {
    /// By the definition: the weight's share times the utility less a half, which another test has by hand.
    #[test]
    fn contributions_are_shares_of_weights_and_sum_to_the_score_less_a_half((rows, histories) in world(60)) {
        let scores = scores_of(&rows, &histories);
        let weights = balanced().weights;
        let sum_of_weights: f64 = weights.iter().sum();
        let list = scores.top(rows.len());
        prop_assert_eq!(list.places.len(), rows.len());
        for place in list.places {
            let mut parts = [0.0; Feature::ALL.len()];
            for column in &scores.columns {
                let utility = column.utilities[place.index];
                let or_half = if utility.is_nan() { 0.5 } else { utility };
                let share = weights[column.feature as usize] / sum_of_weights;
                parts[column.feature as usize] = share * (or_half - 0.5);
            }
            for (part, by_definition) in place.contributions.iter().zip(&parts) {
                prop_assert!((part - by_definition).abs() <= 1e-15);
            }
            let by_definition: f64 = parts.iter().sum();
            prop_assert!((place.score - (0.5 + by_definition)).abs() <= 1e-12);
            let explained = scores.explain(place.index, &rows[place.index], &histories);
            prop_assert_eq!(explained.score.to_bits(), place.score.to_bits());
            for it in explained.features {
                let at = Feature::ALL.iter().position(|one| one.name() == it.feature).unwrap();
                prop_assert_eq!(it.contribution.to_bits(), place.contributions[at].to_bits());
            }
            prop_assert!((0.0..=1.0).contains(&place.score));
            prop_assert!((0.0..=1.0 + 1e-12).contains(&place.coverage));
        }
    }

    #[test]
    fn the_first_places_are_the_beginning_of_the_whole_order((rows, histories) in world(60), k in 0_usize..70) {
        let scores = scores_of(&rows, &histories);
        let order = scores.sorted();
        let list = scores.top(k);
        let first: Vec<u32> = list.places.iter().map(|it| it.index as u32).collect();
        prop_assert_eq!(&first[..], &order[..k.min(rows.len())]);
        let in_order = |a: &u32, b: &u32| {
            let [one, two] = [*a, *b].map(|it| (scores.score(it as usize), scores.id(it as usize)));
            let by_id = (&one.1.native, &one.1.shop).cmp(&(&two.1.native, &two.1.shop));
            two.0.total_cmp(&one.0).then(by_id).is_lt()
        };
        prop_assert!(order.is_sorted_by(in_order));
    }

    /// Beyond all others in its currency even where others' groups are narrow.
    #[test]
    fn an_absurd_price_made_more_absurd_changes_no_other_score((mut rows, histories) in world(60), of in 0_usize..60) {
        let of = of % rows.len();
        rows[of].inputs.price = Some(1e300);
        let absurd = scores_of(&rows, &histories);
        rows[of].inputs.price = Some(1e305);
        let more = scores_of(&rows, &histories);
        for index in 0..rows.len() {
            prop_assert_eq!(absurd.score(index).to_bits(), more.score(index).to_bits(), "product {}", index);
        }
    }

    #[test]
    fn replacing_a_value_moves_others_by_at_most_one_over_their_number(
        (mut rows, histories) in world(60),
        of in 0_usize..60,
        value in prop::sample::select(vec![0.0, 0.3, 0.5, 0.7, 1.0]),
    ) {
        let of = of % rows.len();
        rows[of].inputs.availability = Some(0.2);
        let column = |rows: &[FeatureRow]| {
            let scores = scores_of(rows, &histories);
            let column = scores.columns.iter().find(|it| it.feature == Feature::Availability);
            column.map(|it| it.utilities.clone()).unwrap()
        };
        let before = column(&rows);
        rows[of].inputs.availability = Some(value);
        let after = column(&rows);
        for index in (0..rows.len()).filter(|it| *it != of && !before[*it].is_nan()) {
            let near = |other: &&FeatureRow| {
                let (one, two) = (&rows[index], other);
                let is_type = one.inputs.type_key == 0 || one.inputs.type_key == two.inputs.type_key;
                one.id.shop == two.id.shop && is_type && two.inputs.availability.is_some()
            };
            let n = rows.iter().filter(near).count();
            let moved = (after[index] - before[index]).abs();
            prop_assert!(moved <= 1.0 / n as f64 + 1e-12, "{} of {}", moved, n);
        }
    }

    #[test]
    fn what_is_observed_after_now_changes_no_feature(
        (rows, _) in world(40),
        past in seen(40),
        future in prop::collection::vec((0_usize..40, 1_001..1_100_i64, 0..30_u32), 0..40),
    ) {
        let settings = balanced();
        let columns = |histories: &Histories| table(&rows, histories, &settings).columns.map(|it| {
            it.into_iter().map(f64::to_bits).collect::<Vec<_>>()
        });
        let both: Vec<_> = past.iter().chain(&future).copied().collect();
        prop_assert_eq!(columns(&observed(&rows, &past)), columns(&observed(&rows, &both)));
    }

    #[test]
    fn values_are_kept_or_not_without_a_difference((rows, histories) in world(40)) {
        let settings = balanced();
        let mut plain = Table::new(NOW, &settings);
        for row in &rows {
            plain.push(row, &histories);
        }
        prop_assert_eq!(plain.len(), rows.len());
        let plain = Scores::of(plain, &settings);
        let kept = scores_of(&rows, &histories);
        for index in 0..rows.len() {
            let bits = |it: &Scores| it.contributions(index).map(f64::to_bits);
            prop_assert_eq!(bits(&plain), bits(&kept));
        }
    }

    #[test]
    fn utilities_are_shown_with_a_half_where_unknown((rows, histories) in world(40)) {
        let scores = scores_of(&rows, &histories);
        let matrix = scores.utilities();
        prop_assert_eq!(matrix.len(), rows.len());
        for index in 0..rows.len() {
            for (shown, column) in matrix.row(index).iter().zip(&scores.columns) {
                let utility = column.utilities[index];
                let or_half = if utility.is_nan() { 0.5 } else { utility };
                prop_assert_eq!(shown.to_bits(), or_half.to_bits());
            }
        }
    }
}
