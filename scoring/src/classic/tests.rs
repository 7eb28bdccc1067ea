use catalog::{Metrics, MetricsRow, NativeId, Platform, ProductId, ShopKey};
use proptest::prelude::*;

use super::*;

/// Ranks as the preset `classic` does.
fn rank(rows: &[MetricsRow], k: usize) -> Vec<Scored> {
    super::rank(rows, &WEIGHTS, k)
}

fn row(id: &str, shop: &str, metrics: [f64; 5]) -> MetricsRow {
    let [
        available_ratio,
        num_tags,
        avg_price,
        num_images,
        description_length,
    ] = metrics;
    MetricsRow {
        id: ProductId {
            platform: Platform::Shopify,
            shop: ShopKey::encode(shop).unwrap(),
            native: NativeId::from(id),
        },
        metrics: Metrics {
            available_ratio,
            num_tags: num_tags as u32,
            avg_price,
            num_images: num_images as u32,
            description_length: description_length as u32,
        },
    }
}

fn ids(rows: &[MetricsRow], ranked: &[Scored]) -> Vec<String> {
    let shown = |it: &Scored| {
        let id = &rows[it.index].id;
        format!("{}@{}", id.native, id.shop)
    };
    ranked.iter().map(shown).collect()
}

fn assert_close(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-12, "{a} is not {b}");
}

#[test]
fn three_products_score_as_by_hand() {
    // Simulated popularity: 0 -> 0.0, 1 -> 7919 % 1000 / 10 = 91.9, 2 -> 15838 % 1000 / 10 = 83.8.
    let rows = [
        row("0", "a", [1.0, 10.0, 5.0, 4.0, 0.0]),
        row("1", "a", [0.5, 0.0, 15.0, 2.0, 500.0]),
        row("2", "a", [0.0, 5.0, 25.0, 0.0, 1000.0]),
    ];
    let ranked = rank(&rows, 3);
    assert_eq!(ids(&rows, &ranked), ["0@a", "1@a", "2@a"]);
    let by_hand = [
        [0.25, 0.10, 0.20, 0.15, 0.0, 0.0],
        [0.125, 0.0, 0.10, 0.075, 0.05, 0.20],
        [0.0, 0.05, 0.0, 0.0, 0.10, 0.20 * 83.8 / 91.9],
    ];
    for (scored, by_hand) in ranked.iter().zip(by_hand) {
        assert_close(scored.score, by_hand.iter().sum());
        for (part, by_hand) in scored.contributions.into_iter().zip(by_hand) {
            assert_close(part, by_hand);
        }
    }
}

#[test]
fn other_weights_give_other_parts() {
    let rows = [
        row("0", "a", [1.0, 10.0, 5.0, 4.0, 0.0]),
        row("1", "a", [0.5, 0.0, 15.0, 2.0, 500.0]),
    ];
    let ranked = super::rank(&rows, &[0.0, 0.0, 0.0, 0.0, 2.0, 0.0], 2);
    assert_eq!(ids(&rows, &ranked), ["1@a", "0@a"]);
    assert_close(ranked[0].contributions[4], 2.0);
    assert_close(ranked[0].score, 2.0);
}

#[test]
fn the_weights_sum_to_one() {
    assert_close(WEIGHTS.iter().sum(), 1.0);
}

#[test]
fn a_single_product_has_only_the_weight_of_its_price() {
    let ranked = rank(&[row("7", "a", [1.0, 3.0, 9.99, 2.0, 80.0])], 10);
    assert_eq!(ranked.len(), 1);
    assert_close(ranked[0].score, 0.20);
    assert_close(ranked[0].contributions[PRICE], 0.20);
}

#[test]
fn a_column_whose_values_differ_by_rounding_only_counts_as_constant() {
    let nearly = 1.0 - f64::EPSILON;
    let rows = [
        row("0", "a", [1.0, 0.0, 1.0, 0.0, 0.0]),
        row("0", "b", [nearly, 0.0, 1.0, 0.0, 0.0]),
    ];
    for scored in rank(&rows, 2) {
        assert_close(scored.score, 0.20);
    }
}

#[test]
fn nothing_is_asked_or_nothing_is_there() {
    assert_eq!(rank(&[], 5), []);
    assert_eq!(rank(&[row("1", "a", [1.0; 5])], 0), []);
}

#[test]
fn equal_scores_are_ordered_by_id_then_shop() {
    // Ids that differ by a multiple of 1,000,003 have one popularity; this text is beyond 63 bits.
    let beyond = (1_000_003_u64 * 18_000_000_000_000 + 5).to_string();
    let rows = [
        (beyond.as_str(), "a"),
        ("5", "b"),
        ("1000008", "a"),
        ("5", "a"),
    ]
    .map(|(id, shop)| row(id, shop, [1.0; 5]));
    let order = ids(&rows, &rank(&rows, 4));
    assert_eq!(order, ["5@a", "5@b", "1000008@a", &format!("{beyond}@a")]);
}

/// A line of `testdata/classic_200.csv`: a product, and scikit-learn's rank and score of it.
struct Line {
    row: MetricsRow,
    rank: usize,
    score: f64,
}

/// Reads the fixture with the answer in the given columns.
fn scikit_learn(rank_column: usize, score_column: usize) -> Vec<Line> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/classic_200.csv");
    let mut reader = csv::Reader::from_path(file).unwrap();
    let lines = reader.records().map(|record| {
        let record = record.unwrap();
        let number = |column: usize| record[column].parse::<f64>().unwrap();
        Line {
            row: row(&record[0], &record[1], [2, 3, 4, 5, 6].map(number)),
            rank: record[rank_column].parse().unwrap(),
            score: number(score_column),
        }
    });
    lines.collect()
}

fn assert_agrees(lines: &[Line]) {
    let rows: Vec<_> = lines.iter().map(|line| line.row.clone()).collect();
    let ranked = rank(&rows, rows.len());
    assert_eq!(ranked.len(), 200);
    for (place, scored) in ranked.iter().enumerate() {
        let line = &lines[scored.index];
        assert_eq!(line.rank, place + 1, "rank of {}", line.row.id);
        assert_close(scored.score, line.score);
    }
}

#[test]
fn scores_and_order_are_those_of_scikit_learn() {
    assert_agrees(&scikit_learn(7, 8));
}

#[test]
fn constant_columns_are_those_of_scikit_learn() {
    let mut lines = scikit_learn(9, 10);
    for line in &mut lines {
        line.row.metrics.num_tags = 3;
        line.row.metrics.avg_price = 19.99;
    }
    assert_agrees(&lines);
}

prop_compose! {
    /// Up to 60 products with unique ids and few distinct values, so that ties are common.
    fn products()(
        rows in prop::collection::vec(
            (0_u32..=4, 0_u32..4, prop_oneof![Just(0.0), 0.01_f64..1e7], 0_u32..4, 0_u32..3, 0_usize..3),
            0..60,
        ),
    ) -> Vec<MetricsRow> {
        let shops = ["a", "b", "c"];
        let rows = rows.into_iter().enumerate().map(|(n, (ratio, tags, price, images, length, shop))| {
            let id = (n / 3 * 1_000_003).to_string();
            let counts = [tags, images, length * 700].map(f64::from);
            let metrics = [f64::from(ratio) / 4.0, counts[0], price, counts[1], counts[2]];
            row(&id, &format!("{}{}", shops[shop], n % 3), metrics)
        });
        rows.collect()
    }
}

proptest! {
    #[test]
    fn contributions_sum_to_the_score_bit_for_bit(rows in products()) {
        for scored in rank(&rows, rows.len()) {
            let mut sum = 0.0;
            for part in scored.contributions {
                sum += part;
            }
            prop_assert_eq!(sum.to_bits(), scored.score.to_bits());
        }
    }

    #[test]
    fn scores_stay_between_0_and_1(rows in products()) {
        for scored in rank(&rows, rows.len()) {
            prop_assert!((-1e-12..=1.0 + 1e-12).contains(&scored.score), "{}", scored.score);
        }
    }

    #[test]
    fn the_top_k_are_the_beginning_of_a_full_sort(rows in products(), k in 0_usize..70) {
        let mut all = rank(&rows, rows.len());
        let in_order = |a: &Scored, b: &Scored| a.score > b.score || {
            let (a, b) = (&rows[a.index].id, &rows[b.index].id);
            (&a.native, &a.shop) < (&b.native, &b.shop)
        };
        prop_assert!(all.is_sorted_by(in_order));
        all.truncate(k);
        prop_assert_eq!(rank(&rows, k), all);
    }

    #[test]
    fn the_order_of_the_input_does_not_matter(
        (rows, shuffled) in products().prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
        k in 0_usize..70,
    ) {
        prop_assert_eq!(ids(&rows, &rank(&rows, k)), ids(&shuffled, &rank(&shuffled, k)));
    }
}
