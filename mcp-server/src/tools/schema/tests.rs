use schemars::JsonSchema;
use serde_json::{Value, json};

use crate::arguments::ResponseFormat;

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is read")]
struct Arguments {
    /// The product
    id: String,
    /// Products in one answer
    #[serde(default)]
    #[schemars(with = "usize", range(min = 1, max = 50))]
    limit: Option<usize>,
    /// detailed adds more
    #[serde(default)]
    response_format: ResponseFormat,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is read")]
struct Output {
    /// The list.
    records: Vec<Record>,
    first: Record,
    #[serde(flatten)]
    cut: crate::answer::Cut,
}

/// One of them.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is read")]
struct Record {
    score: f64,
}

#[test]
fn arguments_are_told_without_noise() {
    let expected = json!({
        "type": "object",
        "properties": {
            "id": { "type": "string", "description": "The product" },
            "limit": { "type": "integer", "description": "Products in one answer", "minimum": 1, "maximum": 50 },
            "response_format": {
                "type": "string",
                "description": "detailed adds more",
                "enum": ["concise", "detailed"],
            },
        },
        "required": ["id"],
    });
    assert_eq!(Value::Object(super::input::<Arguments>()), expected);
}

#[test]
fn answers_are_told_by_their_fields_and_which_are_always_there() {
    let expected = json!({
        "type": "object",
        "properties": {
            "records": { "type": "array", "items": { "type": "object" } },
            "first": { "type": "object" },
            "returned": { "type": "integer" },
            "truncated": { "type": "boolean" },
            "hint": { "type": "string" },
            "next_cursor": { "type": "string" },
        },
        "required": ["records", "first", "returned", "truncated"],
    });
    assert_eq!(Value::Object(super::output::<Output>(false)), expected);
    let lean = json!({
        "type": "object",
        "properties": { "records": { "type": "array" }, "first": { "type": "object" } },
    });
    assert_eq!(Value::Object(super::output::<Output>(true)), lean);
}
