//! What requests take and refuse; and that the published schema says the same.

use serde_json::{Value, json};

use super::*;
use crate::skills::request::read;

const SKILLS: [&str; 4] = [
    "crawl-catalog",
    "refresh-catalog",
    "probe-store",
    "fetch-product",
];

fn minimal(skill: &str) -> Value {
    let url = match skill {
        "fetch-product" => "https://shop.example/products/lamp",
        _ => "https://shop.example",
    };
    json!({ "schema": "crawl-request/1", "skill": skill, "stores": [url] })
}

/// Returns the fields that are wrong with the smallest request and one more member; none where it is taken.
fn wrong(skill: &str, name: &str, value: Value) -> Vec<String> {
    let mut document = minimal(skill);
    document[name] = value;
    let Err(error) = read::<Request>(&document) else {
        return Vec::new();
    };
    assert_eq!(error.code, -32602);
    let details = serde_json::to_value(error.details.unwrap()).unwrap();
    let violations = details[0]["fieldViolations"].as_array().unwrap();
    let fields = violations.iter().map(|it| it["field"].as_str().unwrap());
    fields.map(str::to_owned).collect()
}

#[test]
fn the_whole_request_of_the_documents_is_taken() {
    let request = json!({
        "schema": "crawl-request/1", "skill": "crawl-catalog", "stores": ["https://a.example"],
        "maxPages": 100, "pageSize": 250, "since": "2026-01-01T00:00:00Z",
        "rate": { "rps": 1, "burst": 2 }, "deadlineSeconds": 3600,
        "emit": { "csv": true, "everyProducts": 500 },
    });
    assert!(matches!(
        read::<Request>(&request),
        Ok(Request::CrawlCatalog(_))
    ));
}

#[test]
fn whole_numbers_may_come_as_floats() {
    for (value, is_taken) in [
        (json!(5), true),
        (json!(5.0), true),
        (json!(5.5), false),
        (json!(0), false),
        (json!(-1), false),
        (json!(1e300), false),
        (json!(9_007_199_254_740_993_u64), false),
        (json!("5"), false),
    ] {
        let wrong = wrong("crawl-catalog", "maxPages", value.clone());
        assert_eq!(wrong.is_empty(), is_taken, "{value}: {wrong:?}");
    }
    assert_eq!(wrong("crawl-catalog", "pageSize", json!(100)), ["pageSize"]);
}

#[test]
fn every_violation_is_told_by_its_place() {
    let stores = json!(["https://a.example", "a b", "https://b.example", 7]);
    assert_eq!(
        wrong("crawl-catalog", "stores", stores),
        ["stores[1]", "stores[3]"]
    );
    assert_eq!(wrong("crawl-catalog", "stores", json!([])), ["stores"]);
    assert_eq!(
        wrong("crawl-catalog", "stores", json!("https://a.example")),
        ["stores"]
    );
    assert_eq!(wrong("probe-store", "maxPages", json!(1)), ["maxPages"]);
    assert_eq!(
        wrong("crawl-catalog", "rate", json!({ "burst": 0, "rpm": 1 })),
        ["rate.burst", "rate.rpm"]
    );
    assert_eq!(
        wrong("crawl-catalog", "pages", json!({ "csv": 1 })),
        ["pages"]
    );
    assert_eq!(
        wrong("crawl-catalog", "since", json!("yesterday")),
        ["since"]
    );
    assert_eq!(
        wrong("fetch-product", "stores", json!(["https://a.example"])),
        ["stores[0]"]
    );
    let long = format!("https://a.example/{}", "x".repeat(3_000));
    assert_eq!(
        wrong("crawl-catalog", "stores", json!([long])),
        ["stores[0]"]
    );
    for document in [json!(null), json!([]), json!({}), json!({ "skill": 7 })] {
        assert!(read::<Request>(&document).is_err());
    }
}

#[test]
fn a_product_is_known_by_its_page_wherever_that_stands() {
    for url in [
        "https://a.example/products/lamp",
        "https://a.example/fr/collections/all/products/lamp.json?variant=1#top",
        "a.example/products/lamp/",
    ] {
        let product = product_url(url).unwrap();
        assert_eq!(product.as_str(), "https://a.example/products/lamp");
    }
    for url in [
        "https://a.example",
        "https://a.example/products/",
        "https://a.example/products/a/b",
    ] {
        assert_eq!(product_url(url), None);
    }
}

/// Returns the schemas of the skills by their names.
fn schemas() -> Vec<(String, Value)> {
    let schema = crawl_request_schema();
    let skills = schema["oneOf"].as_array().unwrap();
    let named = skills.iter().map(|it| {
        let skill = it["properties"]["skill"]["const"].as_str().unwrap();
        (skill.to_owned(), it.clone())
    });
    named.collect()
}

#[test]
fn the_schema_names_the_members_that_the_reader_takes_and_their_bounds() {
    let schemas = schemas();
    let skills: Vec<&str> = schemas.iter().map(|(skill, _)| skill.as_str()).collect();
    assert_eq!(skills, SKILLS);
    for (skill, schema) in &schemas {
        assert_eq!(schema["additionalProperties"], false, "{skill}");
        for name in ["schema", "skill", "stores"] {
            assert!(
                schema["required"]
                    .as_array()
                    .unwrap()
                    .contains(&json!(name))
            );
            let mut document = minimal(skill);
            document.as_object_mut().unwrap().remove(name);
            assert!(
                read::<Request>(&document).is_err(),
                "{skill} without {name}"
            );
        }
        for (name, member) in schema["properties"].as_object().unwrap() {
            assert_eq!(
                wrong(skill, &format!("{name}x"), json!(1)),
                [format!("{name}x")]
            );
            let (Some(min), Some(max)) = (member["minimum"].as_f64(), member["maximum"].as_f64())
            else {
                continue;
            };
            for (value, is_taken) in [
                (min, true),
                (max, true),
                (min - 1.0, false),
                (max + 1.0, false),
            ] {
                let wrong = wrong(skill, name, json!(value));
                assert_eq!(wrong.is_empty(), is_taken, "{skill} {name} {value}");
            }
        }
        let most =
            usize::try_from(schema["properties"]["stores"]["maxItems"].as_u64().unwrap()).unwrap();
        let url = minimal(skill)["stores"][0].clone();
        assert!(wrong(skill, "stores", json!(vec![url.clone(); most])).is_empty());
        assert_eq!(
            wrong(skill, "stores", json!(vec![url; most + 1])),
            ["stores"]
        );
    }
}

#[test]
fn the_published_schema_is_the_generated_one() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/crawl-request-1.schema.json"
    );
    let published = std::fs::read_to_string(path).unwrap_or_default();
    let generated = serde_json::to_string_pretty(&crawl_request_schema()).unwrap() + "\n";
    assert!(
        published == generated,
        "docs/crawl-request-1.schema.json should be:\n{generated}"
    );
}
