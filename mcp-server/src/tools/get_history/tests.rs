use catalog::{Availability, Observation, ObservationKind, RankSource};
use serde_json::{Value, json};

use crate::testing::{at, call, changed, context, empty, product, put, put_shop, seen, world};

async fn history(arguments: Value) -> Value {
    let world = world().await;
    call(&world, "get_history", arguments).await.unwrap()
}

/// Returns points such as `2026-11-18 49.00`; `-` where a line breaks off.
fn points(series: &Value) -> Vec<String> {
    let points = series["points"].as_array().unwrap().iter();
    let point = |it: &Value| {
        let value = match it.get("value") {
            Some(Value::String(price)) => price.clone(),
            Some(place) => place.to_string(),
            None => "-".to_owned(),
        };
        format!("{} {value}", it["at"].as_str().unwrap())
    };
    points.map(point).collect()
}

#[tokio::test]
async fn a_price_is_told_with_its_least_greatest_and_usual_value() {
    let answer = history(json!({"id": "lamps.example/brass-lamp"})).await;
    assert_eq!(answer["watched_since"], "2026-11-01T09:00:00Z");
    assert_eq!(answer["to"], "2026-11-21T09:00:00Z");
    let [price] = answer["series"].as_array().unwrap().as_slice() else {
        panic!("{answer}");
    };
    let expected = ["2026-11-01 60.00", "2026-11-18 49.00", "2026-11-21 49.00"];
    assert_eq!(points(price), expected);
    assert_eq!(price["currency"], "EUR");
    assert_eq!(
        (&price["min"], &price["max"]),
        (&json!("49.00"), &json!("60.00"))
    );
    // 17 days at 60, 3 at 49.
    assert_eq!(price["median"], "60.00");
    let change = json!({
        "at": "2026-11-18T09:00:00Z", "from": "60.00", "to": "49.00", "percent": -18.3
    });
    assert_eq!(price["changes"], json!([change]));
    assert_eq!(answer["data"]["source"], "observations of lamps.example");
}

#[tokio::test]
async fn stock_is_told_as_intervals_and_sales_are_only_estimated() {
    let answer = history(json!({"id": "lamps.example/oak-lamp", "of": ["stock"]})).await;
    assert_eq!(answer["series"], json!([]));
    let stock = &answer["stock"];
    assert_eq!(stock["now"], "sold_out");
    let intervals = json!([
        {"from": "2026-11-01T09:00:00Z", "to": "2026-11-19T09:00:00Z", "state": "in_stock"},
        {"from": "2026-11-19T09:00:00Z", "to": "2026-11-21T09:00:00.001Z", "state": "sold_out"},
    ]);
    assert_eq!(stock["intervals"], intervals);
    assert_eq!(stock["in_stock_percent"], 90.0);
    let signal = json!({
        "estimated": true,
        "basis": "stock-outs of variants; no sales are seen",
        "sold_outs": 1,
        "restocks": 0,
        "watched_days": 20.0,
        "sold_outs_per_30_days": 1.5,
    });
    assert_eq!(stock["sales_signal"], signal);
    let rain = history(json!({"id": "hats.example/rain-hat"})).await;
    assert_eq!(rain["stock"]["restocks"], json!(["2026-11-19T09:00:00Z"]));
    assert_eq!(rain["stock"]["now"], "in_stock");
}

#[tokio::test]
async fn places_are_told_by_ranking_and_by_the_shops_own_order() {
    let answer = history(json!({"id": "lamps.example/brass-lamp", "of": "rank"})).await;
    let rank = &answer["series"][0];
    assert_eq!(rank["source"], "ranking balanced");
    assert_eq!(points(rank), ["2026-11-14 3", "2026-11-21 2"]);
    assert_eq!((&rank["min"], &rank["max"]), (&json!(2), &json!(3)));
    assert_eq!(answer.get("stock"), None);
    let unranked = history(json!({"id": "hats.example/rain-hat", "of": "rank"})).await;
    let hint = unranked["hint"].as_str().unwrap();
    assert!(hint.contains("in no stored ranking"), "{hint}");

    let (store, tasks) = empty().await;
    put_shop(store.as_ref(), "lamps.example", "EUR").await;
    let lamp = product("lamps.example", 1, "brass-lamp", "49.00 EUR", true);
    let ranked = |day, rank| Observation {
        rank: Some(rank),
        ..seen(&lamp, ObservationKind::Ranked, day)
    };
    let rows = vec![ranked("2026-11-10", 7), ranked("2026-11-12", 4)];
    put(store.as_ref(), &lamp, rows).await;
    let world = context(store, tasks);
    let question = json!({"id": "lamps.example/brass-lamp", "of": ["rank"]});
    let answer = call(&world, "get_history", question).await.unwrap();
    let rank = &answer["series"][0];
    assert_eq!(rank["source"], "the shop's own best-selling order");
    assert_eq!(points(rank), ["2026-11-10 7", "2026-11-12 4"]);
}

#[tokio::test]
async fn places_of_two_sources_are_two_lines() {
    let (store, tasks) = empty().await;
    put_shop(store.as_ref(), "lamps.example", "EUR").await;
    let lamp = product("lamps.example", 1, "brass-lamp", "49.00 EUR", true);
    let ranked = |day, rank, source| Observation {
        rank: Some(rank),
        source: Some(source),
        ..seen(&lamp, ObservationKind::Ranked, day)
    };
    let rows = vec![
        ranked("2026-11-10", 7, RankSource::StorefrontApi),
        ranked("2026-11-12", 4, RankSource::Collection),
    ];
    put(store.as_ref(), &lamp, rows).await;
    let world = context(store, tasks);
    let question = json!({"id": "lamps.example/brass-lamp", "of": ["rank"]});
    let answer = call(&world, "get_history", question).await.unwrap();
    let order = "the shop's own best-selling order";
    let observed = format!("{order}, observed (storefront_api)");
    assert_eq!(answer["series"][0]["source"], observed);
    assert_eq!(points(&answer["series"][0]), ["2026-11-10 7"]);
    let estimated = format!("{order}, estimated (collection)");
    assert_eq!(answer["series"][1]["source"], estimated);
    let lamp = json!({"id": "lamps.example/brass-lamp"});
    let whole = call(&world, "get_product", lamp).await.unwrap();
    let popularity = &whole["popularity"];
    assert_eq!(
        (&popularity["place"], &popularity["certainty"]),
        (&json!(4), &json!("estimated"))
    );
}

#[tokio::test]
async fn a_line_of_places_breaks_off_where_the_product_fell_out_of_the_order() {
    let (store, tasks) = empty().await;
    put_shop(store.as_ref(), "lamps.example", "EUR").await;
    let lamp = product("lamps.example", 1, "brass-lamp", "49.00 EUR", true);
    let ranked = |day, rank: Option<u32>| Observation {
        rank,
        n_places: rank.is_none().then_some(250),
        source: Some(RankSource::StorefrontApi),
        ..seen(&lamp, ObservationKind::Ranked, day)
    };
    let rows = vec![ranked("2026-11-10", Some(7)), ranked("2026-11-12", None)];
    put(store.as_ref(), &lamp, rows).await;
    let world = context(store, tasks);
    let question = json!({"id": "lamps.example/brass-lamp", "of": ["rank"]});
    let answer = call(&world, "get_history", question).await.unwrap();
    let rank = &answer["series"][0];
    assert_eq!((&rank["min"], &rank["max"]), (&json!(7), &json!(7)));
    let last = &rank["points"][1];
    assert_eq!(
        (&last["at"], last.get("value")),
        (&json!("2026-11-12"), None)
    );
    let lamp = json!({"id": "lamps.example/brass-lamp"});
    let whole = call(&world, "get_product", lamp).await.unwrap();
    let expected = json!({
        "certainty": "unavailable", "source": "storefront_api", "at": "2026-11-12T09:00:00Z"
    });
    assert_eq!(whole["popularity"], expected);
}

#[tokio::test]
async fn a_time_within_begins_with_what_held_then() {
    let arguments = json!({
        "id": "hats.example/straw-hat", "of": ["price"], "from": "2026-11-17", "to": "2026-11-19"
    });
    let answer = history(arguments).await;
    let price = &answer["series"][0];
    assert_eq!(points(price), ["2026-11-17 40.00", "2026-11-19 40.00"]);
    assert_eq!(price["n_changes"], 0);
    let world = world().await;
    let early = json!({"id": "hats.example/straw-hat", "to": "2026-10-01"});
    let error = call(&world, "get_history", early).await.unwrap_err();
    assert_eq!(error.field.as_deref(), Some("to"));
    assert_eq!(error.nearest, ["2026-11-01"]);
    let next = "get_history {\"id\":\"hats.example/straw-hat\"}";
    assert_eq!(error.next.as_deref(), Some(next));
    let turned = json!({
        "id": "hats.example/straw-hat", "from": "2026-11-19", "to": "2026-11-17"
    });
    let error = call(&world, "get_history", turned).await.unwrap_err();
    assert_eq!(error.field.as_deref(), Some("from"));
    assert!(error.message.contains("after to"), "{}", error.message);
    let next = "call again with \"from\":\"2026-11-17\",\"to\":\"2026-11-19\"";
    assert_eq!(error.next.as_deref(), Some(next));
}

#[tokio::test]
async fn a_line_breaks_off_where_the_product_is_gone() {
    let answer = history(json!({"id": "lamps.example/paper-lamp"})).await;
    assert_eq!(answer["gone_since"], "2026-11-20T09:00:00Z");
    let expected = ["2026-11-01 20.00", "2026-11-20 -"];
    assert_eq!(points(&answer["series"][0]), expected);
    assert_eq!(answer["stock"]["now"], "gone");
}

/// Its stock was never told, and that it is gone says nothing of sales.
#[tokio::test]
async fn a_silent_product_that_is_gone_has_no_signal_of_sales() {
    let (store, tasks) = empty().await;
    put_shop(store.as_ref(), "lamps.example", "EUR").await;
    let mut lamp = product("lamps.example", 1, "brass-lamp", "49.00 EUR", true);
    lamp.variants[0].availability = Availability::Unknown;
    let gone = seen(&lamp, ObservationKind::Gone, "2026-11-20");
    put(store.as_ref(), &lamp, vec![gone]).await;
    let world = context(store, tasks);
    let question = json!({"id": "lamps.example/brass-lamp", "of": ["stock"]});
    let answer = call(&world, "get_history", question).await.unwrap();
    let stock = &answer["stock"];
    let states = stock["intervals"].as_array().unwrap().iter();
    let states: Vec<&Value> = states.map(|it| &it["state"]).collect();
    assert_eq!(states, ["unknown", "gone"]);
    for untold in ["sales_signal", "in_stock_percent"] {
        assert_eq!(stock.get(untold), None, "{stock}");
    }
}

#[tokio::test]
async fn a_product_that_never_changed_says_since_when_that_is_known() {
    let answer = history(json!({"id": "hats.example/felt-hat"})).await;
    let hint = answer["hint"].as_str().unwrap();
    assert!(
        hint.contains("no change was seen since 2026-11-01"),
        "{hint}"
    );
    let expected = ["2026-11-01 60.00", "2026-11-21 60.00"];
    assert_eq!(points(&answer["series"][0]), expected);
}

#[tokio::test]
async fn of_many_variants_the_least_price_is_told() {
    let (store, tasks) = empty().await;
    put_shop(store.as_ref(), "lamps.example", "EUR").await;
    let mut lamp = product("lamps.example", 1, "brass-lamp", "40.00 EUR", true);
    let first = lamp.variants[0].clone();
    for (id, price) in [
        ("12", "50.00 EUR"),
        ("13", "60.00 EUR"),
        ("14", "70.00 EUR"),
    ] {
        let mut variant = first.clone();
        id.clone_into(&mut variant.id);
        variant.title = format!("Size {id}");
        variant.price = Some(crate::testing::money(price));
        lamp.variants.push(variant);
    }
    let of = |variant: &str, day, before, after| Observation {
        variant: Some(variant.to_owned()),
        ..changed(&lamp, day, (before, true), (after, true))
    };
    // The least is 45 until the second variant falls to 30, which it leaves again.
    let rows = vec![
        of("12", "2026-11-10", "50.00 EUR", "30.00 EUR"),
        of("11", "2026-11-11", "45.00 EUR", "40.00 EUR"),
        of("12", "2026-11-15", "30.00 EUR", "50.00 EUR"),
    ];
    put(store.as_ref(), &lamp, rows).await;
    let world = context(store, tasks);
    let id = "lamps.example/brass-lamp";
    let answer = call(&world, "get_history", json!({"id": id}))
        .await
        .unwrap();
    let price = &answer["series"][0];
    assert_eq!(price["source"], "least of 4 variants");
    let expected = [
        "2026-11-01 45.00",
        "2026-11-10 30.00",
        "2026-11-15 40.00",
        "2026-11-21 40.00",
    ];
    assert_eq!(points(price), expected);
    for variant in ["12", "size 12"] {
        let question = json!({"id": id, "variant": variant});
        let answer = call(&world, "get_history", question).await.unwrap();
        let price = &answer["series"][0];
        assert_eq!(price["variant"], "12");
        assert_eq!(price["untrusted"]["variant"], "Size 12");
        assert_eq!(
            (&price["min"], &price["max"]),
            (&json!("30.00"), &json!("50.00"))
        );
    }
    let question = json!({"id": id, "variant": "Size 99"});
    let error = call(&world, "get_history", question).await.unwrap_err();
    assert_eq!(error.field.as_deref(), Some("variant"));
    assert_eq!(error.nearest, ["11", "12", "13", "14"]);
    let next = r#"get_product {"id":"lamps.example/brass-lamp","include":["variants"]}"#;
    assert_eq!(error.next.as_deref(), Some(next));
}

#[tokio::test]
async fn prices_of_two_currencies_are_two_lines() {
    let (store, tasks) = empty().await;
    put_shop(store.as_ref(), "lamps.example", "EUR").await;
    let lamp = product("lamps.example", 1, "brass-lamp", "40.00 EUR", true);
    let row = changed(
        &lamp,
        "2026-11-10",
        ("45.00 USD", true),
        ("40.00 EUR", true),
    );
    put(store.as_ref(), &lamp, vec![row]).await;
    let world = context(store, tasks);
    let question = json!({"id": "lamps.example/brass-lamp", "of": ["price"]});
    let answer = call(&world, "get_history", question).await.unwrap();
    let [euros, dollars] = answer["series"].as_array().unwrap().as_slice() else {
        panic!("{answer}");
    };
    assert_eq!(
        (&euros["currency"], &euros["max"]),
        (&json!("EUR"), &json!("40.00"))
    );
    assert_eq!(
        (&dollars["currency"], &dollars["min"]),
        (&json!("USD"), &json!("45.00"))
    );
    assert_eq!(
        points(dollars),
        ["2026-11-01 45.00", "2026-11-10 -", "2026-11-21 -"]
    );
}

#[tokio::test]
async fn a_long_history_is_thinned_to_a_short_answer() {
    let (store, tasks) = empty().await;
    put_shop(store.as_ref(), "lamps.example", "EUR").await;
    let mut lamp = product("lamps.example", 1, "brass-lamp", "11.00 EUR", true);
    let mut second = lamp.variants[0].clone();
    "12".clone_into(&mut second.id);
    lamp.variants.push(second);
    let rows = (0..800).map(|n: i64| {
        let price = |n: i64| format!("{}.00 EUR", 10 + n / 2 % 7);
        let (before, after) = (price(n), price(n + 2));
        Observation {
            at: catalog::UnixMs::new(at("2026-11-02").ms() + n / 2 * 3_600_000),
            variant: Some(format!("1{}", 1 + n % 2)),
            ..changed(&lamp, "2026-11-02", (&before, true), (&after, true))
        }
    });
    put(store.as_ref(), &lamp, rows.collect()).await;
    let world = context(store, tasks);
    let ask = |arguments| call(&world, "get_history", arguments);
    let id = "lamps.example/brass-lamp";
    let usual = ask(json!({"id": id, "granularity": "raw"})).await.unwrap();
    assert!(usual.to_string().len() / 3 <= 2_000);
    assert_eq!(usual["truncated"], true);
    let price = &usual["series"][1];
    assert_eq!(
        (&price["min"], &price["max"]),
        (&json!("10.00"), &json!("16.00"))
    );
    assert_eq!(price["n_changes"], 400);
    let more = ask(json!({"id": id, "granularity": "raw", "max_points": 300}))
        .await
        .unwrap();
    let price = &more["series"][1];
    assert_eq!(price["points"].as_array().unwrap().len(), 300);
    // 400 changes, the first value and the end.
    assert_eq!(price["points_left_out"], 102);
    assert_eq!(more["truncated"], false);
}
