use std::sync::Arc;

use catalog::{ProductFilter, UnixMs};
use scoring::explain::{Above, Explained as Feature, Explanation, Group, Input, Move};
use serde_json::{Value, json};

use super::*;
use crate::Context;
use crate::testing::{at, call, context, empty, world};

fn feature(feature: &'static str, contribution: f64, unknown: Option<&'static str>) -> Feature {
    Feature {
        feature,
        weight: 0.25,
        value: unknown.is_none().then_some(0.5),
        utility: unknown.is_none().then_some(0.75),
        contribution,
        groups: vec![Group {
            level: "shop",
            n: 3,
            quantile: 0.75,
        }],
        inputs: vec![Input {
            name: "available variants",
            value: "50 %".to_owned(),
            source: "catalogue",
            certainty: catalog::Certainty::Observed,
            at: UnixMs::new(0),
        }],
        unknown,
    }
}

/// The world, with somebody who explains that brass-lamp is third of five, behind straw-hat.
pub(in crate::tools) async fn explaining() -> Context {
    let mut world = world().await;
    world.explain = Arc::new(|order| {
        let explanation = Explanation {
            product: order.product,
            rank: 3,
            n_ranked: 5,
            n_tied: 0,
            score: 0.543_21,
            coverage: 0.5,
            features: vec![
                feature("demand", 0.0, Some("no sales were imported")),
                feature("discount", 0.01, None),
                feature("availability", -0.062_5, None),
            ],
            above: Some(Above {
                product: "shopify:hats.example:1".parse().unwrap(),
                gap: 0.012_5,
                moves: vec![Move {
                    feature: "availability",
                    value: 1.0,
                    utility: 0.9,
                    words: "availability from 50 % to 100 %".to_owned(),
                }],
            }),
        };
        let is_of_the_latest =
            order.at == at("2026-11-21") && order.filter == ProductFilter::default();
        let answer = match order.preset.as_str() {
            "balanced" | "mine" if is_of_the_latest => Ok(explanation),
            _ => Err(Refused {
                code: "unknown_preset",
                message: "nobody knows it".to_owned(),
                next: None,
            }),
        };
        Box::pin(std::future::ready(answer))
    });
    world
}

async fn explain(world: &Context, arguments: Value) -> Value {
    call(world, "explain_score", arguments).await.unwrap()
}

#[tokio::test]
async fn a_place_is_explained_part_by_part_the_greatest_first() {
    let world = explaining().await;
    let answer = explain(&world, json!({"id": "lamps.example/brass-lamp"})).await;
    assert_eq!(
        (&answer["rank"], &answer["listed_rank"]),
        (&json!(3), &json!(2))
    );
    // Two of the four others are worse.
    assert_eq!(answer["percentile"], 50.0);
    assert_eq!(answer["score"], 0.5432);
    let names: Vec<&str> = answer["features"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["feature"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["availability", "discount", "demand"]);
    let first = &answer["features"][0];
    assert_eq!(first["contribution"], -0.0625);
    let inputs = json!([{"name": "available variants", "value": "50 %"}]);
    assert_eq!(first["inputs"], inputs);
    assert_eq!(first.get("groups"), None);
    assert_eq!(answer["features"][2]["unknown"], "no sales were imported");
    let above = &answer["counterfactual"];
    assert_eq!(above["above"]["id"], "hats.example/straw-hat");
    assert_eq!(above["gap"], 0.0125);
    assert_eq!(
        above["moves"][0]["change"],
        "availability from 50 % to 100 %"
    );
    assert_eq!(answer["data"]["source"], "scores of 2026-11-21 balanced");
}

#[tokio::test]
async fn details_say_what_values_were_compared_with() {
    let world = explaining().await;
    let detailed = json!({
        "id": "lamps.example/brass-lamp", "response_format": "detailed", "preset": "mine"
    });
    let answer = explain(&world, detailed).await;
    let first = &answer["features"][0];
    let groups = json!([{"level": "shop", "n": 3, "quantile": 0.75}]);
    assert_eq!(first["groups"], groups);
    assert_eq!(first["inputs"][0]["source"], "catalogue");
    assert_eq!(answer["preset"], "mine");
}

#[tokio::test]
async fn where_nobody_explains_the_stored_parts_are_told() {
    let world = world().await;
    let answer = explain(&world, json!({"id": "lamps.example/brass-lamp"})).await;
    assert_eq!(
        (&answer["rank"], &answer["listed_rank"]),
        (&json!(2), &json!(2))
    );
    // Five of six others are worse.
    assert_eq!(answer["percentile"], 83.3);
    assert_eq!(answer["features"][0]["contribution"], 0.15);
    assert_eq!(answer["features"][0]["weight"], 0.5);
    let hint = answer["hint"].as_str().unwrap();
    assert!(hint.contains("nobody explains in these tests"), "{hint}");
    // It is in no list, so that nothing is known.
    let unlisted = json!({"id": "hats.example/rain-hat"});
    let error = call(&world, "explain_score", unlisted).await.unwrap_err();
    assert_eq!(error.code, "not_here");
}

#[tokio::test]
async fn a_product_that_is_gone_has_no_place() {
    let world = explaining().await;
    let gone = json!({"id": "lamps.example/paper-lamp"});
    let error = call(&world, "explain_score", gone).await.unwrap_err();
    assert_eq!(error.code, "gone");
    assert!(
        error.message.contains("since 2026-11-20"),
        "{}",
        error.message
    );
    assert_eq!(
        error.next.as_deref(),
        Some("get_history {\"id\":\"lamps.example/paper-lamp\"}")
    );
}

#[tokio::test]
async fn an_unknown_product_is_told_as_such() {
    let world = explaining().await;
    let wrong = json!({"id": "lamps.example/brass-lmp"});
    let error = call(&world, "explain_score", wrong).await.unwrap_err();
    assert_eq!(error.field.as_deref(), Some("id"));
    let (store, tasks) = empty().await;
    let nothing = context(store, tasks);
    let any = json!({"id": "lamps.example/brass-lamp"});
    let error = call(&nothing, "explain_score", any).await.unwrap_err();
    assert_eq!(error.code, "empty_store");
}

#[tokio::test]
async fn a_place_is_that_of_the_stored_list_where_that_is_of_the_preset() {
    let world = explaining().await;
    let mine = json!({"id": "lamps.example/brass-lamp", "preset": "mine"});
    let answer = explain(&world, mine).await;
    assert_eq!(answer.get("listed_rank"), None);
}

#[tokio::test]
async fn an_unknown_preset_is_told_with_those_that_are_known() {
    let world = explaining().await;
    let wrong = json!({"id": "lamps.example/brass-lamp", "preset": "balancd"});
    let error = call(&world, "explain_score", wrong).await.unwrap_err();
    assert_eq!(
        (error.code, error.field.as_deref()),
        ("unknown_preset", Some("preset"))
    );
    assert_eq!(error.nearest, ["balanced"]);
    let next = "explain_score {\"id\":\"lamps.example/brass-lamp\"}";
    assert_eq!(error.next.as_deref(), Some(next));
}

#[test]
fn the_percentile_is_the_share_of_others_that_are_worse() {
    assert_eq!(percentile(1, 1).to_string(), "100");
    assert_eq!(percentile(1, 5).to_string(), "100");
    assert_eq!(percentile(5, 5).to_string(), "0");
    assert_eq!(percentile(2, 5).to_string(), "75");
}
