//! What requests take and refuse; and that the published schema says the same.

use serde_json::{Value, json};

use super::*;
use crate::skills::request::read;

const ID: &str = "shopify:shop.example:1";

fn minimal() -> Value {
    json!({ "schema": "summarize-request/1", "skill": "summarize-products" })
}

/// Returns the fields that are wrong with the smallest request and one more member; none where it is taken.
fn wrong(name: &str, value: Value) -> Vec<String> {
    let mut document = minimal();
    document[name] = value;
    let Err(error) = read::<Request>(&document) else {
        return Vec::new();
    };
    assert_eq!(error.code, -32602);
    assert!(
        error
            .message
            .starts_with("not a valid summarize-request/1: ")
    );
    let details = serde_json::to_value(error.details.unwrap()).unwrap();
    let violations = details[0]["fieldViolations"].as_array().unwrap();
    let fields = violations.iter().map(|it| it["field"].as_str().unwrap());
    fields.map(str::to_owned).collect()
}

#[test]
fn the_whole_request_of_the_documents_is_taken() {
    let request = json!({
        "schema": "summarize-request/1", "skill": "summarize-products", "topK": 20.0,
        "languages": ["en", "fr"], "brief": true,
        "budget": { "maxRequests": 100, "maxTokens": 200_000.0, "maxCost": 0.5 },
    });
    let Request::SummarizeProducts(request) = read::<Request>(&request).unwrap();
    assert_eq!(request.top_k.unwrap().get(), 20);
    let budget = request.budget.unwrap();
    assert_eq!(budget.max_cost.unwrap().nanos(), 500_000_000);
    assert_eq!(budget.max_tokens.unwrap().get(), 200_000);
}

#[test]
fn every_violation_is_told_by_its_place() {
    for (name, value, fields) in [
        (
            "products",
            json!([ID, "", 7, "shop.example:1"]),
            &["products[1]", "products[2]", "products[3]"][..],
        ),
        ("products", json!([]), &["products"]),
        ("products", json!(ID), &["products"]),
        ("products", json!(["x".repeat(3_000)]), &["products[0]"]),
        ("topK", json!(0), &["topK"]),
        ("topK", json!(1_001), &["topK"]),
        ("topK", json!(1.5), &["topK"]),
        ("topK", json!(1e300), &["topK"]),
        ("topK", json!(true), &["topK"]),
        ("languages", json!(["de"]), &["languages[0]"]),
        ("languages", json!(["en", "EN"]), &["languages[1]"]),
        ("languages", json!(["en", "fr", "en"]), &["languages"]),
        ("brief", json!("yes"), &["brief"]),
        (
            "budget",
            json!({ "maxRequests": 0, "maxCosts": 1 }),
            &["budget.maxCosts", "budget.maxRequests"],
        ),
        ("budget", json!({ "maxCost": -1 }), &["budget.maxCost"]),
        ("top_k", json!(5), &["top_k"]),
        ("topK\n\u{1b}[2J", json!(5), &["topK  [2J"]),
        ("schema", json!("summarize-request/2"), &["schema"]),
        ("skill", json!("crawl-catalog"), &["skill"]),
    ] {
        assert_eq!(wrong(name, value.clone()), fields, "{name} {value}");
    }
    for document in [
        json!(null),
        json!([]),
        json!({}),
        json!({ "skill": 7 }),
        json!("x"),
    ] {
        assert!(read::<Request>(&document).is_err(), "{document}");
    }
}

#[test]
fn the_schema_names_the_members_that_the_reader_takes_and_their_bounds() {
    let schema = summarize_request_schema();
    let skill = &schema["oneOf"][0];
    assert_eq!(skill["properties"]["skill"]["const"], "summarize-products");
    assert_eq!(skill["additionalProperties"], false);
    // What is one of two members, the reader leaves to who makes the plan.
    assert_eq!(
        skill["oneOf"],
        json!([{ "required": ["products"] }, { "required": ["topK"] }])
    );
    for name in ["schema", "skill"] {
        assert!(skill["required"].as_array().unwrap().contains(&json!(name)));
        let mut document = minimal();
        document.as_object_mut().unwrap().remove(name);
        assert!(read::<Request>(&document).is_err(), "without {name}");
    }
    let top_k = &skill["properties"]["topK"];
    for (number, is_taken) in [
        (top_k["minimum"].as_f64().unwrap(), true),
        (top_k["maximum"].as_f64().unwrap(), true),
        (top_k["minimum"].as_f64().unwrap() - 1.0, false),
        (top_k["maximum"].as_f64().unwrap() + 1.0, false),
    ] {
        assert_eq!(
            wrong("topK", json!(number)).is_empty(),
            is_taken,
            "{number}"
        );
    }
    assert!(wrong("products", json!(vec![ID; MAX_PRODUCTS])).is_empty());
    assert_eq!(
        wrong("products", json!(vec![ID; MAX_PRODUCTS + 1])),
        ["products"]
    );
}

#[test]
fn the_published_schema_is_the_generated_one() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/summarize-request-1.schema.json"
    );
    let published = std::fs::read_to_string(path).unwrap_or_default();
    let generated = serde_json::to_string_pretty(&summarize_request_schema()).unwrap() + "\n";
    assert!(
        published == generated,
        "docs/summarize-request-1.schema.json should be:\n{generated}"
    );
}
