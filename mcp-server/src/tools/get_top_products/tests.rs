use serde_json::{Value, json};

use super::places::{Filter, find};
use super::*;
use crate::testing::{call, context, empty, world};

async fn top(arguments: Value) -> Value {
    let world = world().await;
    call(&world, "get_top_products", arguments).await.unwrap()
}

fn ids(answer: &Value) -> Vec<&str> {
    let ranked = answer["ranked"].as_array().unwrap().iter();
    ranked.map(|it| it["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_newest_ranking_is_told_with_what_scores_are_made_of() {
    let answer = top(json!({})).await;
    assert_eq!(answer["run_id"], "2026-11-21T09:00:00Z_balanced");
    assert_eq!(answer["n_ranked"], 7);
    assert_eq!(answer["popularity_source"], "unavailable");
    let first = &answer["ranked"][0];
    assert_eq!(first["id"], "hats.example/straw-hat");
    assert_eq!(first["rank"], 1);
    assert_eq!(first["score"], 0.9);
    assert_eq!(
        first["price"],
        json!({"amount": "30.00", "currency": "USD"})
    );
    assert_eq!(first["untrusted"]["title"], "straw hat");
    let parts = json!({"newness": 0.2, "discount": 0.2});
    assert_eq!(first["score_breakdown"], parts);
    assert_eq!(answer["returned"], 4);
    assert_eq!(answer["truncated"], false);
    assert_eq!(answer["data"]["source"], "ranking 2026-11-21 balanced");
    let hint = answer["hint"].as_str().unwrap();
    assert!(hint.contains("4 of 7 places"), "{hint}");
}

#[tokio::test]
async fn pages_hold_every_place_once_though_the_ranking_changes_meanwhile() {
    let world = world().await;
    let mut seen = Vec::new();
    let mut arguments = json!({"k": 3});
    loop {
        let answer = call(&world, "get_top_products", arguments.clone())
            .await
            .unwrap();
        seen.extend(ids(&answer).into_iter().map(ToOwned::to_owned));
        let Some(cursor) = answer.get("next_cursor") else {
            break;
        };
        arguments["cursor"] = cursor.clone();
        let store = world.data.store().await.unwrap();
        let only = "shopify:hats.example:2".parse().unwrap();
        crate::testing::rank(store, "2026-11-22", &[&only]).await;
    }
    let expected = [
        "hats.example/straw-hat",
        "lamps.example/brass-lamp",
        "hats.example/felt-hat",
        "lamps.example/floor-lamp",
    ];
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn an_earlier_ranking_is_that_of_its_day() {
    for as_of in ["2026-11-14", "2026-11-20", "2026-11-14T09:00:00Z", "7d"] {
        let answer = top(json!({"as_of": as_of})).await;
        assert_eq!(answer["run_id"], "2026-11-14T09:00:00Z_balanced", "{as_of}");
    }
    let world = world().await;
    let early = json!({"as_of": "2026-11-14T08:59:59Z"});
    let error = call(&world, "get_top_products", early).await.unwrap_err();
    assert_eq!(error.code, "no_ranking");
    assert_eq!(error.nearest, ["2026-11-14"]);
}

#[tokio::test]
async fn a_ranking_is_as_of_its_own_time_to_the_millisecond() {
    let world = world().await;
    let store = world.data.store().await.unwrap();
    let mut later = store.latest_ranking().await.unwrap().unwrap();
    for at in ["2026-11-21T10:00:00.419Z", "2026-11-21T23:59:59.999Z"] {
        later.at = UnixMs::parse(at).unwrap();
        store.save_ranking(&later).await.unwrap();
    }
    for (as_of, run_id) in [
        (
            "2026-11-21T10:00:00.419Z",
            "2026-11-21T10:00:00.419Z_balanced",
        ),
        (
            "2026-11-21T11:00:00.419+01:00",
            "2026-11-21T10:00:00.419Z_balanced",
        ),
        ("2026-11-21T10:00:00.418Z", "2026-11-21T09:00:00Z_balanced"),
        ("2026-11-21", "2026-11-21T23:59:59.999Z_balanced"),
    ] {
        let arguments = json!({"as_of": as_of});
        let answer = call(&world, "get_top_products", arguments).await.unwrap();
        assert_eq!(answer["run_id"], run_id, "{as_of}");
    }
}

#[tokio::test]
async fn filters_apply_to_the_stored_list() {
    let lamps = top(json!({"shop": "https://lamps.example"})).await;
    let expected = ["lamps.example/brass-lamp", "lamps.example/floor-lamp"];
    assert_eq!(ids(&lamps), expected);
    assert_eq!(ids(&top(json!({"category": " Lamp"})).await), expected);
    assert_eq!(ids(&top(json!({"currency": "eur"})).await), expected);
    assert_eq!(top(json!({"in_stock": true})).await["returned"], 4);
    assert_eq!(top(json!({"in_stock": false})).await["returned"], 0);
    let near = top(json!({"category": "Lamps"})).await;
    assert_eq!(near["untrusted"], json!({"near": ["lamp"]}));
    let none = top(json!({"category": "sofa"})).await;
    assert_eq!(none.get("untrusted"), None);
    assert_eq!(none["returned"], 0);
    let hint = none["hint"].as_str().unwrap();
    assert!(hint.contains("none of the 4 places"), "{hint}");
}

#[tokio::test]
async fn groups_have_their_first_places_the_better_group_first() {
    let answer = top(json!({"by": "shop", "k": 1})).await;
    let expected = ["hats.example/straw-hat", "lamps.example/brass-lamp"];
    assert_eq!(ids(&answer), expected);
    assert_eq!(answer["ranked"][1]["rank"], 2);
    assert_eq!(answer["ranked"][1]["rank_in_group"], 1);
    let answer = top(json!({"by": "category", "k": 2})).await;
    assert_eq!(answer["returned"], 4);
    assert_eq!(answer["ranked"][1]["id"], "hats.example/felt-hat");
    assert_eq!(answer["ranked"][1]["rank"], 3);
}

#[tokio::test]
async fn shops_without_a_stored_place_are_counted() {
    let world = world().await;
    let store = world.data.store().await.unwrap();
    crate::testing::put_shop(store, "new.example", "EUR").await;
    let answer = call(&world, "get_top_products", json!({"by": "shop"})).await;
    let answer = answer.unwrap();
    let hint = answer["hint"].as_str().unwrap();
    assert!(
        hint.contains("1 of 3 shops have none of the 4 stored places"),
        "{hint}"
    );
}

#[tokio::test]
async fn what_is_not_there_says_what_is() {
    let world = world().await;
    let wrong = |arguments| call(&world, "get_top_products", arguments);
    let preset = wrong(json!({"preset": "classic"})).await.unwrap_err();
    assert_eq!(preset.field.as_deref(), Some("preset"));
    assert_eq!(preset.nearest, ["balanced"]);
    let shop = wrong(json!({"shop": "lamp.example"})).await.unwrap_err();
    assert_eq!(shop.nearest, ["lamps.example"]);
    let currency = wrong(json!({"currency": "euro"})).await.unwrap_err();
    assert_eq!(currency.field.as_deref(), Some("currency"));
    assert_eq!(currency.nearest, ["EUR", "USD"]);
    let next = "get_top_products {\"currency\":\"EUR\"}";
    assert_eq!(currency.next.as_deref(), Some(next));
    let (store, tasks) = empty().await;
    let nothing = context(Arc::clone(&store), tasks);
    let ask = async || call(&nothing, "get_top_products", json!({})).await;
    assert_eq!(ask().await.unwrap_err().code, "empty_store");
    crate::testing::put_shop(store.as_ref(), "lamps.example", "EUR").await;
    let error = ask().await.unwrap_err();
    assert_eq!(error.code, "no_ranking");
    assert_eq!(error.next.as_deref(), Some("trouvaille rank"));
}

#[tokio::test]
async fn a_list_without_filters_is_not_read_to_its_end() {
    let world = world().await;
    let standings = world.data.latest_ranking().await.unwrap();
    let rows = &standings.ranking.rows;
    let found = find(rows, &Filter::default(), By::All, 2, 1);
    let ranks: Vec<u32> = found.rows.iter().map(|it| it.row.rank).collect();
    assert_eq!(
        (ranks.as_slice(), found.has_more),
        ([2, 3].as_slice(), true)
    );
    let found = find(rows, &Filter::default(), By::All, 2, 2);
    assert!(!found.has_more);
}

#[tokio::test]
async fn the_newest_ranking_is_read_once() {
    let world = world().await;
    let one = world.data.latest_ranking().await.unwrap();
    let two = world.data.latest_ranking().await.unwrap();
    assert!(Arc::ptr_eq(&one, &two));
    let id = "shopify:lamps.example:1".parse().unwrap();
    assert_eq!(one.place_of(&id).map(|it| it.rank), Some(2));
}
