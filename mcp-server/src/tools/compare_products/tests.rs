use serde_json::{Value, json};

use crate::economy::tokens;
use crate::testing::{call, world};
use crate::{Context, ToolError};

async fn compare(world: &Context, arguments: Value) -> Result<Value, ToolError> {
    call(world, "compare_products", arguments).await
}

fn row<'a>(answer: &'a Value, field: &str) -> &'a Value {
    let mut rows = answer["rows"].as_array().unwrap().iter();
    rows.find(|it| it["field"] == field).unwrap()
}

#[tokio::test]
async fn products_stand_side_by_side_with_the_differences_to_the_first() {
    let world = world().await;
    let ids = json!([
        "brass-lamp",
        "lamps.example/oak-lamp",
        "shopify:lamps.example:4"
    ]);
    let answer = compare(&world, json!({ "ids": ids })).await.unwrap();
    let columns = answer["products"].as_array().unwrap();
    let titles: Vec<&Value> = columns.iter().map(|it| &it["untrusted"]["title"]).collect();
    assert_eq!(titles, ["brass lamp", "oak lamp", "floor lamp"]);
    let price = row(&answer, "price");
    assert_eq!(
        price["values"][1],
        json!({"amount": "80.00", "currency": "EUR"})
    );
    assert_eq!(price["deltas"], json!(["0.00", "31.00", "71.00"]));
    assert_eq!(
        row(&answer, "in_stock")["values"],
        json!([true, false, true])
    );
    assert_eq!(row(&answer, "rank")["values"], json!([2, null, 4]));
    assert_eq!(row(&answer, "score")["deltas"], json!([0, null, -0.2]));
    assert_eq!(row(&answer, "age_days")["deltas"], json!([0, 0, 0]));
    assert!(answer["hint"].as_str().unwrap().contains("without rank"));
    for row in answer["rows"].as_array().unwrap() {
        assert_eq!(row["values"].as_array().unwrap().len(), 3, "{row}");
    }
    assert!(tokens(&answer.to_string()) <= 2_000);
}

#[tokio::test]
async fn prices_of_two_currencies_have_no_difference_and_that_is_said() {
    let world = world().await;
    let ids = json!(["brass-lamp", "straw-hat", "floor-lamp"]);
    let answer = compare(&world, json!({"ids": ids, "fields": ["price"]}))
        .await
        .unwrap();
    assert_eq!(answer["rows"].as_array().unwrap().len(), 1);
    assert_eq!(
        row(&answer, "price")["deltas"],
        json!(["0.00", null, "71.00"])
    );
    assert!(answer["hint"].as_str().unwrap().contains("two currencies"));
}

#[tokio::test]
async fn the_parts_of_scores_are_rows_of_their_own() {
    let world = world().await;
    let asked = json!({"ids": ["straw-hat", "brass-lamp"], "fields": "contributions"});
    let answer = compare(&world, asked).await.unwrap();
    assert_eq!(
        row(&answer, "contribution_newness")["values"],
        json!([0.2, 0.15])
    );
    assert_eq!(
        row(&answer, "contribution_discount")["deltas"],
        json!([0, -0.05])
    );
}

#[tokio::test]
async fn a_product_that_is_gone_is_compared_as_it_was() {
    let world = world().await;
    let answer = compare(&world, json!({"ids": ["paper-lamp", "brass-lamp"]}))
        .await
        .unwrap();
    assert_eq!(answer["products"][0]["gone_since"], "2026-11-20T09:00:00Z");
    assert_eq!(row(&answer, "in_stock")["values"], json!([false, true]));
    assert_eq!(row(&answer, "price")["deltas"], json!(["0.00", "29.00"]));
}

#[tokio::test]
async fn every_wrong_id_is_named() {
    let world = world().await;
    let twice = json!({"ids": ["brass-lamp", "shopify:lamps.example:1"]});
    let error = compare(&world, twice).await.unwrap_err();
    assert_eq!(error.field.as_deref(), Some("ids[1]"));
    assert!(error.message.contains("lamps.example/brass-lamp again"));
    let unknown = json!({"ids": ["bras-lamp", "brass-lamp", "straw-hut"]});
    let error = compare(&world, unknown).await.unwrap_err();
    assert_eq!(error.field.as_deref(), Some("ids"));
    for said in [
        "ids[0]: ",
        "lamps.example/brass-lamp",
        "ids[2]: ",
        "hats.example/straw-hat",
    ] {
        assert!(error.message.contains(said), "{error:?}");
    }
    for ids in [
        json!([]),
        json!(["brass-lamp"]),
        json!(["1", "2", "3", "4", "5", "6"]),
    ] {
        let error = compare(&world, json!({ "ids": ids })).await.unwrap_err();
        assert_eq!(error.field.as_deref(), Some("ids"), "{error:?}");
    }
}
