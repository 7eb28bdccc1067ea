use catalog::{Currency, FeatureInputs};
use proptest::prelude::*;

use super::*;
use crate::balanced::tests::properties::{observation, world};
use crate::balanced::tests::{NOW, balanced, only, product, scored, table};
use crate::history::DAY_MS;

fn assert_close(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-12, "{a} is not {b}");
}

fn feature<'a>(explanation: &'a Explanation, name: &str) -> &'a Explained {
    let mut features = explanation.features.iter();
    features.find(|it| it.feature == name).unwrap()
}

fn inputs(explained: &Explained) -> Vec<String> {
    let shown = |it: &Input| format!("{}: {} ({})", it.name, it.value, it.source);
    explained.inputs.iter().map(shown).collect()
}

/// Five products of one shop, of which the last two have no type.
fn shop() -> Vec<FeatureRow> {
    let row = |native: &str, price: f64, availability: f64, num_images: u32| {
        let mut row = product("a.example", native);
        row.inputs = FeatureInputs {
            published_at: Some(catalog::UnixMs::new(NOW.ms() - 9 * DAY_MS)),
            discount: Some(0.0),
            price: Some(price),
            availability: Some(availability),
            num_images,
            type_key: 7,
            ..row.inputs
        };
        row
    };
    let mut rows = vec![
        row("1", 10.0, 1.0, 4),
        row("2", 12.0, 0.5, 2),
        row("3", 90.0, 0.0, 0),
        row("4", 11.0, 1.0, 1),
        row("5", 10.5, 0.5, 1),
    ];
    rows[3].inputs.type_key = 0;
    rows[4].inputs.type_key = 0;
    rows[4].inputs.discount = Some(0.124);
    rows
}

#[test]
fn an_explanation_shows_what_the_score_is_made_of() {
    let rows = shop();
    let scores = scored(&rows, &balanced());
    let explanation = scores.explain(1, &rows[1], &Histories::new(NOW));
    assert_eq!(explanation.product, rows[1].id);
    assert_eq!((explanation.rank, explanation.n_ranked), (4, 5));
    assert_eq!(explanation.score.to_bits(), scores.score(1).to_bits());
    assert_close(explanation.coverage, 0.31);
    assert_eq!(explanation.features.len(), 10);

    let availability = feature(&explanation, "availability");
    assert_close(availability.weight, 0.06);
    assert_eq!(availability.value, Some(0.5));
    let groups: Vec<_> = availability
        .groups
        .iter()
        .map(|it| (it.level, it.n))
        .collect();
    assert_eq!(groups, [("all", 5), ("shop", 5), ("type", 3)]);
    assert_close(availability.groups[0].quantile, 2.0 / 5.0);
    assert_close(availability.groups[2].quantile, 1.5 / 3.0);
    assert_eq!(
        inputs(availability),
        ["available variants: 50 % (catalogue)"]
    );
    assert_eq!(availability.inputs[0].at, rows[1].confirmed_at);
    assert_eq!(
        inputs(feature(&explanation, "freshness")),
        [
            "published: 1972-09-18T00:00:00Z (catalogue)",
            "age: 9.0 days (catalogue)"
        ]
    );
    assert_eq!(
        inputs(feature(&explanation, "price_position"))[0],
        "mean price: 12.00 EUR (catalogue)"
    );
    assert_eq!(
        inputs(feature(&explanation, "listing")),
        [
            "images: 2 (catalogue)",
            "readable description: 0 characters (catalogue)",
            "tags: 0 (catalogue)"
        ]
    );

    let untyped = scores.explain(3, &rows[3], &Histories::new(NOW));
    assert_eq!(feature(&untyped, "availability").groups.len(), 2);
}

#[test]
fn equal_scores_are_counted_as_ties() {
    let mut rows = shop();
    for native in ["6", "7"] {
        let id = product("a.example", native).id;
        rows.push(FeatureRow {
            id,
            ..rows[2].clone()
        });
    }
    let scores = scored(&rows, &balanced());
    let explained: Vec<Explanation> = rows
        .iter()
        .enumerate()
        .map(|(index, row)| scores.explain(index, row, &Histories::new(NOW)))
        .collect();
    let n_tied = explained.iter().map(|it| it.n_tied);
    assert_eq!(n_tied.collect::<Vec<_>>(), [0, 0, 2, 0, 0, 2, 2]);
    assert_eq!(explained[6].rank, explained[2].rank + 2);
    assert_eq!(explained[6].above.as_ref().unwrap().gap.to_bits(), 0);
}

#[test]
fn what_is_unknown_says_why() {
    let mut row = product("a.example", "1");
    row.currency = Currency::UNKNOWN;
    row.inputs.price = Some(5.0);
    let mut other = row.clone();
    other.id = product("b.example", "1").id;
    let rows = [row, other];
    let scores = scored(&rows, &balanced());
    let explanation = scores.explain(0, &rows[0], &Histories::new(NOW));
    let why = |name| feature(&explanation, name).unknown;
    assert_eq!(why("demand"), Some("no sales were imported"));
    assert_eq!(
        why("price_position"),
        Some("its currency is unknown, and that of other shops too")
    );
    assert_eq!(
        why("bestseller"),
        Some("no best-selling order of the shop was read")
    );
    assert_eq!(
        why("stockout"),
        Some("the shop does not say what is available")
    );
    assert_eq!(why("listing"), None);
    let unknown = feature(&explanation, "freshness");
    assert_eq!((unknown.value, unknown.utility), (None, None));
    assert_eq!(unknown.groups, []);
}

#[test]
fn features_without_weight_are_not_explained() {
    let rows = shop();
    let scores = scored(&rows, &only(Feature::Listing));
    let explanation = scores.explain(0, &rows[0], &Histories::new(NOW));
    assert_eq!(explanation.features.len(), 1);
    assert_eq!((explanation.rank, explanation.above), (1, None));
}

fn words(rows: &[FeatureRow], index: usize, feature: Feature) -> Option<String> {
    let scores = scored(rows, &only(feature));
    let explanation = scores.explain(index, &rows[index], &Histories::new(NOW));
    let mut moves = explanation.above.unwrap().moves;
    assert!(moves.len() <= 1);
    moves.pop().map(|it| it.words)
}

#[test]
fn moves_are_said_with_numbers_that_a_shop_knows() {
    let rows = shop();
    let said = |index, feature| words(&rows, index, feature).unwrap();
    assert_eq!(
        said(2, Feature::Availability),
        "availability from 0 % to at least 50 %"
    );
    assert_eq!(
        said(4, Feature::Availability),
        "availability from 50 % to 100 %"
    );
    assert_eq!(
        said(1, Feature::Listing),
        "images from 2 to 5, or description from 0 to 200 characters, or tags from 0 to 2"
    );
    assert!(said(0, Feature::Discount).starts_with("mean discount from 0 % to at least 12.4 %"));
}

#[test]
fn a_listing_that_no_single_change_betters_needs_all_three() {
    let mut rows = [product("a.example", "3"), product("a.example", "2")];
    rows[0].inputs.num_images = 8;
    rows[0].inputs.visible_chars = 700;
    rows[0].inputs.distinct_tags = 5;
    rows[1].inputs.num_images = 1;
    // The least number of tags whose match in characters is enough: 4 are not, 1 - exp(-4 / 4) being too little.
    assert_eq!(
        words(&rows, 1, Feature::Listing).unwrap(),
        "all three: 8 images, a description of 750 characters and 5 tags"
    );
}

#[test]
fn a_row_other_than_the_ranked_one_is_explained_wrongly_but_without_harm() {
    let rows = shop();
    let scores = scored(&rows, &balanced());
    let mut other = rows[2].clone();
    other.inputs.availability = Some(7.0);
    other.inputs.discount = Some(-3.0);
    other.inputs.price = Some(1e-9);
    other.inputs.num_images = 9;
    let explanation = scores.explain(2, &other, &Histories::new(NOW));
    assert_eq!(explanation.product, rows[2].id);
}

#[test]
fn a_price_moves_to_the_edge_of_what_is_usual() {
    let mut rows = shop();
    for row in &mut rows {
        row.inputs.type_key = 0;
    }
    // Median 11, median deviation ln(11 / 10.5) = 0.04652 or so: usual up to 11 * exp(1.4826 * 0.0870) at most.
    let settings = only(Feature::PricePosition);
    let scores = scored(&rows, &settings);
    let histories = Histories::new(NOW);
    let explanation = scores.explain(2, &rows[2], &histories);
    let words = &explanation.above.as_ref().unwrap().moves[0].words;
    let price: f64 = words
        .strip_prefix("mean price from 90.00 EUR to at most ")
        .and_then(|it| it.strip_suffix(" EUR"))
        .unwrap()
        .parse()
        .unwrap();
    let spread = scores.usual.as_ref().unwrap().spread(0).unwrap();
    let edge = (spread.median + spread.scale).exp();
    assert!(price <= edge && price > edge - 0.02, "{price} of {edge}");
}

#[test]
fn what_no_change_can_do_is_no_move() {
    let mut rows = shop();
    for row in &mut rows {
        row.inputs.availability = Some(1.0);
    }
    assert_eq!(words(&rows, 3, Feature::Availability), None);
    // Nobody makes a product younger.
    assert_eq!(words(&rows, 3, Feature::Freshness), None);
}

#[test]
fn scores_that_kept_no_values_are_explained_without_groups_and_moves() {
    let rows = shop();
    let settings = balanced();
    let histories = Histories::new(NOW);
    let mut table = crate::balanced::Table::new(NOW, &settings);
    for row in &rows {
        table.push(row, &histories);
    }
    let scores = Scores::of(table, &settings);
    let explanation = scores.explain(2, &rows[2], &histories);
    assert!(explanation.features.iter().all(|it| it.groups.is_empty()));
    assert_eq!(explanation.above.unwrap().moves, []);
}

/// Returns the numbers behind the last ` to ` of `words`.
fn number_in(words: &str) -> f64 {
    let behind = words.rsplit_once(" to ").unwrap().1;
    let digits = behind.trim_start_matches(|it: char| !it.is_ascii_digit());
    let end = digits
        .find(|it: char| !it.is_ascii_digit() && it != '.')
        .unwrap_or(digits.len());
    digits[..end].parse().unwrap()
}

/// Reads `8 images, a description of 900 characters and 6 tags`.
fn all_three(words: &str, inputs: FeatureInputs) -> FeatureInputs {
    let mut numbers = words.split(' ').filter_map(|it| it.parse().ok());
    let mut next = || numbers.next().unwrap();
    FeatureInputs {
        num_images: next(),
        visible_chars: next(),
        distinct_tags: next(),
        ..inputs
    }
}

/// Does what a move's words say; one world for each of its alternatives.
fn applied(moved: &Move, row: &FeatureRow) -> Vec<FeatureInputs> {
    let inputs = row.inputs;
    let number = || number_in(&moved.words);
    match moved.feature {
        "availability" => vec![FeatureInputs {
            availability: Some(number() / 100.0),
            ..inputs
        }],
        "discount" => vec![FeatureInputs {
            discount: Some(number() / 100.0),
            ..inputs
        }],
        "price_position" => vec![FeatureInputs {
            price: Some(number()),
            ..inputs
        }],
        "listing" => {
            let way = |way: &str| {
                let number = number_in(way) as u32;
                match way.split_once(' ').unwrap().0 {
                    "images" => FeatureInputs {
                        num_images: number,
                        ..inputs
                    },
                    "description" => FeatureInputs {
                        visible_chars: number,
                        ..inputs
                    },
                    "tags" => FeatureInputs {
                        distinct_tags: number,
                        ..inputs
                    },
                    other => panic!("{other:?} of {way:?}"),
                }
            };
            match moved.words.strip_prefix("all three: ") {
                Some(all) => vec![all_three(all, inputs)],
                None => moved.words.split(", or ").map(way).collect(),
            }
        }
        other => panic!("no shop can move {other}"),
    }
}

proptest! {
    #[test]
    fn a_move_leads_past_the_product_above((rows, histories) in world(40), of in 0_usize..40) {
        let settings = balanced();
        let scores = Scores::of(table(&rows, &histories, &settings), &settings);
        let index = of % rows.len();
        let explanation = scores.explain(index, &rows[index], &histories);
        if let Some(above) = explanation.above {
            let other = scores.position(&above.product).unwrap();
            for moved in above.moves.iter().filter(|it| it.feature != "bestseller") {
                for inputs in applied(moved, &rows[index]) {
                    let mut rows = rows.clone();
                    rows[index].inputs = inputs;
                    let after = Scores::of(table(&rows, &histories, &settings), &settings);
                    let spread = |it: &Scores| {
                        let spread = it.usual.as_ref()?.spread(it.shelf_of[index])?;
                        Some((spread.median, spread.scale))
                    };
                    // What is usual is taken to stay.
                    if moved.feature == "price_position" && spread(&scores) != spread(&after) {
                        continue;
                    }
                    prop_assert!(after.n_before(index) < after.n_before(other), "{:?}", moved);
                }
            }
        }
    }

    #[test]
    fn a_better_place_leads_past_the_product_above(places in prop::collection::vec(1_u32..30, 2..20)) {
        let rows: Vec<FeatureRow> = (0..places.len()).map(|it| product("a.example", &it.to_string())).collect();
        let settings = only(Feature::Bestseller);
        let with = |places: &[u32]| {
            let mut histories = Histories::new(NOW);
            for (row, place) in rows.iter().zip(places) {
                histories.add(&catalog::Observation {
                    kind: catalog::ObservationKind::Ranked,
                    rank: Some(*place),
                    ..observation(row, 990, 0)
                });
            }
            let scores = Scores::of(table(&rows, &histories, &settings), &settings);
            (scores, histories)
        };
        let (scores, histories) = with(&places);
        for index in 0..rows.len() {
            let Some(above) = scores.explain(index, &rows[index], &histories).above else {
                continue;
            };
            for moved in &above.moves {
                let mut places = places.clone();
                places[index] = number_in(&moved.words) as u32;
                let (after, _) = with(&places);
                let other = scores.position(&above.product).unwrap();
                prop_assert!(after.n_before(index) < after.n_before(other), "{:?}", moved);
            }
        }
    }

    #[test]
    fn an_explanation_adds_up((rows, histories) in world(40)) {
        let settings = balanced();
        let scores = Scores::of(table(&rows, &histories, &settings), &settings);
        let order = scores.sorted();
        for (place, index) in order.iter().map(|it| *it as usize).enumerate() {
            let explanation = scores.explain(index, &rows[index], &histories);
            prop_assert_eq!(explanation.rank as usize, place + 1);
            let sum: f64 = explanation.features.iter().map(|it| it.contribution).sum();
            prop_assert!((sum - (explanation.score - 0.5)).abs() <= 1e-12);
            let above = place.checked_sub(1).map(|it| scores.id(order[it] as usize));
            prop_assert_eq!(explanation.above.map(|it| it.product), above);
            for explained in explanation.features {
                prop_assert_eq!(explained.unknown.is_some(), explained.utility.is_none());
                let pulled = explained.groups.iter().fold(None, |wider: Option<f64>, group| {
                    let n = group.n as f64;
                    Some(wider.map_or(group.quantile, |it| (n * group.quantile + 20.0 * it) / (n + 20.0)))
                });
                match (pulled, explained.utility) {
                    (Some(pulled), Some(utility)) => prop_assert!((pulled - utility).abs() <= 1e-12),
                    (pulled, utility) => prop_assert_eq!(pulled, utility),
                }
            }
        }
    }
}
