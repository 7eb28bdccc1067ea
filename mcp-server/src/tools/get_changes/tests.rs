use catalog::{Observation, ObservationKind, ProductId, RankSource};
use serde_json::{Value, json};

use super::event::{Event, Of};
use super::*;
use crate::Context;
use crate::testing::{call, changed, context, empty, money, product, put, put_shop, world};

async fn changes(arguments: Value) -> Value {
    let world = world().await;
    call(&world, "get_changes", arguments).await.unwrap()
}

/// Returns what happened to what, such as `cheaper hats.example/straw-hat`.
fn told(answer: &Value) -> Vec<String> {
    let changes = answer["changes"].as_array().unwrap().iter();
    let text = |it: &Value, field: &str| it[field].as_str().unwrap().to_owned();
    changes
        .map(|it| format!("{} {}", text(it, "kind"), text(it, "id")))
        .collect()
}

const NEWEST: [&str; 7] = [
    "gone lamps.example/paper-lamp",
    "cheaper hats.example/straw-hat",
    "sold_out lamps.example/oak-lamp",
    "restocked hats.example/rain-hat",
    "cheaper lamps.example/brass-lamp",
    "dearer lamps.example/floor-lamp",
    "cheaper hats.example/straw-hat",
];

#[tokio::test]
async fn a_week_is_told_newest_first() {
    let answer = changes(json!({})).await;
    assert_eq!(told(&answer), NEWEST);
    assert_eq!(answer["n_changes"], 7);
    assert_eq!(answer["since"], "2026-11-14T12:00:00Z");
    let brass = &answer["changes"][4];
    assert_eq!(brass["at"], "2026-11-18T09:00:00Z");
    assert_eq!(
        brass["price_before"],
        json!({"amount": "60.00", "currency": "EUR"})
    );
    assert_eq!(brass["price_after"]["amount"], "49.00");
    assert_eq!(brass["percent"], -18.3);
    assert_eq!(brass["untrusted"]["title"], "brass lamp");
    assert_eq!(answer["data"]["source"], "crawls of 2 shops");
    assert_eq!(answer.get("groups"), None);
}

#[tokio::test]
async fn the_greatest_price_moves_come_first_on_request() {
    let answer = changes(json!({"sort": "largest", "limit": 4})).await;
    let percents: Vec<f64> = answer["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["percent"].as_f64().unwrap())
        .collect();
    // Of two moves of 20 percent the later one is first.
    assert_eq!(percents, [-25.0, 20.0, -20.0, -18.3]);
}

#[tokio::test]
async fn pages_hold_every_change_once() {
    let world = world().await;
    for sort in ["newest", "largest"] {
        for limit in [1, 2, 3] {
            let mut seen = Vec::new();
            let mut arguments = json!({"sort": sort, "limit": limit});
            loop {
                let answer = call(&world, "get_changes", arguments.clone())
                    .await
                    .unwrap();
                assert!(answer["returned"].as_u64().unwrap() <= limit);
                seen.extend(told(&answer));
                let Some(cursor) = answer.get("next_cursor") else {
                    break;
                };
                arguments["cursor"] = cursor.clone();
            }
            seen.sort();
            let mut expected = NEWEST;
            expected.sort_unstable();
            assert_eq!(seen, expected, "{sort} {limit}");
        }
    }
}

#[tokio::test]
async fn shops_are_compared_by_how_often_and_how_deep_they_cut() {
    let answer = changes(json!({"group_by": "shop"})).await;
    let [lamps, hats] = [&answer["groups"][0], &answer["groups"][1]];
    assert_eq!(lamps["shop"], "lamps.example");
    assert_eq!((&lamps["n"], &lamps["products"]), (&json!(4), &json!(4)));
    let counts = json!({"gone": 1, "cheaper": 1, "dearer": 1, "sold_out": 1});
    assert_eq!(lamps["counts"], counts);
    assert_eq!(lamps["price_rises"]["median_percent"], 20.0);
    assert_eq!((&hats["n"], &hats["products"]), (&json!(3), &json!(2)));
    let cuts = json!({
        "n": 2, "median_percent": -22.5, "mean_percent": -22.5, "greatest_percent": -25.0
    });
    assert_eq!(hats["price_cuts"], cuts);
    let deepest = changes(json!({"group_by": "shop", "sort": "largest", "limit": 1})).await;
    assert_eq!(deepest["groups"][0]["shop"], "hats.example");
    assert!(deepest.get("next_cursor").is_some());
}

#[tokio::test]
async fn words_of_shops_stand_in_fields_that_say_so() {
    for (by, expected) in [
        ("category", vec![("lamp", 4), ("hat", 3)]),
        ("vendor", vec![("Acme", 7)]),
        ("tag", vec![("gift", 7), ("new in", 7)]),
    ] {
        let answer = changes(json!({"group_by": by})).await;
        let groups = answer["groups"].as_array().unwrap().iter();
        let found: Vec<(&str, i64)> = groups
            .map(|it| {
                (
                    it["untrusted"]["key"].as_str().unwrap(),
                    it["n"].as_i64().unwrap(),
                )
            })
            .collect();
        assert_eq!(found, expected, "{by}");
    }
}

#[tokio::test]
async fn kinds_shops_categories_and_times_narrow_it_down() {
    for (arguments, expected) in [
        (
            json!({"kinds": ["gone", "restocked"]}),
            vec![NEWEST[0], NEWEST[3]],
        ),
        (
            json!({"shop": "hats.example", "kinds": ["cheaper"]}),
            vec![NEWEST[1], NEWEST[6]],
        ),
        (json!({"category": "HAT", "since": "24h"}), vec![]),
        (
            json!({"category": "HAT", "since": "2026-11-20"}),
            vec![NEWEST[1]],
        ),
        (
            json!({"vendor": " acme ", "since": "2026-11-17", "until": "2026-11-17"}),
            vec![NEWEST[5]],
        ),
        (
            json!({"since": "2026-10-01", "kinds": ["new"], "shop": "hats.example", "limit": 1}),
            vec!["new hats.example/rain-hat"],
        ),
    ] {
        let answer = changes(arguments.clone()).await;
        assert_eq!(told(&answer), expected, "{arguments}");
    }
}

#[tokio::test]
async fn nothing_says_why_that_may_be() {
    let answer = changes(json!({"since": "24h", "vendor": "Nobody"})).await;
    assert_eq!(answer["n_changes"], 0);
    let hint = answer["hint"].as_str().unwrap();
    assert!(
        hint.contains("second crawl") && hint.contains("group_by"),
        "{hint}"
    );
}

#[tokio::test]
async fn places_won_are_those_between_two_rankings() {
    let answer = changes(json!({"kinds": ["climbing"], "sort": "largest"})).await;
    let expected = [
        "climbing lamps.example/brass-lamp",
        "climbing hats.example/straw-hat",
    ];
    assert_eq!(told(&answer), expected);
    let between = json!([
        "2026-11-14T09:00:00Z_balanced",
        "2026-11-21T09:00:00Z_balanced"
    ]);
    assert_eq!(answer["climbing_between"], between);
    let brass = &answer["changes"][0];
    assert_eq!(
        (&brass["rank_before"], &brass["rank_after"]),
        (&json!(3), &json!(2))
    );
    assert_eq!(answer["changes"][1].get("rank_before"), None);
}

#[tokio::test]
async fn several_variants_that_move_at_once_are_one_change() {
    let (store, tasks) = empty().await;
    put_shop(store.as_ref(), "lamps.example", "EUR").await;
    let lamp = product("lamps.example", 1, "brass-lamp", "30.00 EUR", true);
    let of = |variant: &str, before, after| Observation {
        variant: Some(variant.to_owned()),
        ..changed(&lamp, "2026-11-18", (before, true), (after, true))
    };
    let history = vec![
        of("1", "40.00 EUR", "30.00 EUR"),
        of("2", "50.00 EUR", "25.00 EUR"),
        of("3", "20.00 EUR", "10.00 USD"),
    ];
    put(store.as_ref(), &lamp, history).await;
    let world = context(store, tasks);
    let answer = call(&world, "get_changes", json!({})).await.unwrap();
    assert_eq!(answer["n_changes"], 1);
    assert_eq!(answer["n_changes_of_variants"], 2);
    for by in ["shop", "tag"] {
        let counted = call(&world, "get_changes", json!({"group_by": by})).await;
        let group = &counted.unwrap()["groups"][0];
        assert_eq!(
            (&group["n"], &group["n_of_variants"]),
            (&json!(1), &json!(2))
        );
    }
    let change = &answer["changes"][0];
    assert_eq!(
        (&change["n_variants"], &change["percent"]),
        (&json!(2), &json!(-50.0))
    );
    assert_eq!(change["price_before"]["amount"], "50.00");
}

#[tokio::test]
async fn wrong_questions_are_answered_with_right_ones() {
    let world = world().await;
    let wrong = |arguments| call(&world, "get_changes", arguments);
    let since = wrong(json!({"since": "recently"})).await.unwrap_err();
    assert_eq!(since.field.as_deref(), Some("since"));
    let order = wrong(json!({"since": "2026-11-20", "until": "2026-11-10"})).await;
    assert_eq!(order.unwrap_err().field.as_deref(), Some("since"));
    let future = wrong(json!({"since": "2027-01-01"})).await.unwrap_err();
    let next = "call again with \"since\":\"2026-11-14\"";
    assert_eq!(
        (future.next.as_deref(), future.nearest[0].as_str()),
        (Some(next), "2026-11-14")
    );
    let shop = wrong(json!({"shop": "hat.example"})).await.unwrap_err();
    assert_eq!(shop.nearest, ["hats.example"]);
    let cursor = wrong(json!({"cursor": "forged"})).await.unwrap_err();
    assert_eq!(cursor.field.as_deref(), Some("cursor"));
    let (store, tasks) = empty().await;
    let nothing = context(store, tasks);
    let error = call(&nothing, "get_changes", json!({})).await.unwrap_err();
    assert_eq!(error.code, "empty_store");
}

async fn scanned(world: &Context, max_rows: usize) -> (scan::Scanned, Vec<ProductId>) {
    let of = Of::new(&[], None, None, None);
    let question = Question {
        since: UnixMs::parse("2026-11-01T00:00:00Z").unwrap(),
        until: UnixMs::parse("2026-11-21T00:00:00Z").unwrap(),
        filter: ObservationFilter {
            kinds: of.rows(),
            ..ObservationFilter::default()
        },
        of,
        behind: Behind::Start,
    };
    let mut found = Vec::new();
    let mut take = |event: Event| found.push(event.product);
    let store = world.data.store().await.unwrap();
    let scanned = scan::scan_within(store, &question, &mut take, max_rows)
        .await
        .unwrap();
    (scanned, found)
}

#[tokio::test]
async fn too_many_changes_are_read_from_the_newest_on_and_that_is_said() {
    let world = world().await;
    let (all, found) = scanned(&world, 100).await;
    assert_eq!((all, found.len()), (scan::Scanned::default(), 7));
    // The 20th is read whole with two rows, then of the 18th and 19th one of three.
    let (cut, found) = scanned(&world, 3).await;
    let since = UnixMs::parse("2026-11-20T00:00:00Z").unwrap();
    let expected = scan::Scanned {
        complete_since: Some(since),
        is_cut: true,
    };
    assert_eq!((cut, found.len()), (expected, 3));
    let (nothing, found) = scanned(&world, 1).await;
    let expected = scan::Scanned {
        complete_since: None,
        is_cut: true,
    };
    assert_eq!((nothing, found.len()), (expected, 1));
}

#[test]
fn percents_are_of_the_price_before() {
    let percent = |one, two| event::percent(money(one), money(two));
    assert_eq!(percent("60.00 EUR", "49.00 EUR"), Some(-18.3));
    assert_eq!(percent("100 JPY", "120 JPY"), Some(20.0));
    assert_eq!(percent("0.00 EUR", "1.00 EUR"), None);
}

#[tokio::test]
async fn moves_into_the_first_places_of_a_shops_own_order_are_told_when_asked_for() {
    let (store, tasks) = empty().await;
    put_shop(store.as_ref(), "lamps.example", "EUR").await;
    let lamp = product("lamps.example", 1, "lamp", "49.00 EUR", true);
    let ranked = |day: &str, rank| Observation {
        kind: ObservationKind::Ranked,
        rank: Some(rank),
        source: Some(RankSource::Collection),
        n_places: None,
        said_before: None,
        variant: None,
        before: None,
        after: None,
        ..changed(&lamp, day, ("49.00 EUR", true), ("49.00 EUR", true))
    };
    let lost = Observation {
        rank: None,
        n_places: Some(250),
        ..ranked("2026-11-19", 1)
    };
    let rows = vec![ranked("2026-11-10", 12), ranked("2026-11-17", 9), lost];
    put(store.as_ref(), &lamp, rows).await;
    let world = context(store, tasks);
    let asked = json!({"since": "2026-11-15", "kinds": ["bestseller"]});
    let answer = call(&world, "get_changes", asked).await.unwrap();
    let moved = |line: &Value| {
        let names = ["rank_before", "rank_after", "rank_source", "places_read"];
        names.map(|it| line[it].clone())
    };
    let [from, source] = [json!(9), json!("collection")];
    let lines = answer["changes"].as_array().unwrap();
    assert_eq!(
        lines.iter().map(moved).collect::<Vec<_>>(),
        [
            [from.clone(), json!(null), source.clone(), json!(250)],
            [json!(12), from, source, json!(null)],
        ]
    );
    assert_eq!(answer["n_changes"], 2);
    let usual = call(&world, "get_changes", json!({"since": "2026-11-15"}))
        .await
        .unwrap();
    assert_eq!(usual["n_changes"], 0);
}
