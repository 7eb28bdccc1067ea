//! The form of an answer, as endpoints are asked for it.
//!
//! A strict subset of JSON Schema that every provider takes: all fields required, none else, no bounds of lengths.
//! Those, and everything else, are checked here whatever the endpoint makes of the schema.

use serde_json::{Value, json};

/// The version of the schema: part of every cache key.
pub const SCHEMA_VERSION: &str = "1";

/// Returns the schema of a [`Draft`](crate::Draft).
pub(crate) fn schema() -> Value {
    let text = json!({ "type": "string" });
    let texts = json!({ "type": "array", "items": text });
    let claim = object(&json!({ "text": text, "fact_ids": texts }));
    object(&json!({
        "language": { "type": "string", "enum": ["en", "fr"] },
        "headline": text,
        "summary": text,
        "claims": { "type": "array", "items": claim },
        "cautions": texts,
    }))
}

fn object(properties: &Value) -> Value {
    let names = properties.as_object().into_iter().flat_map(|it| it.keys());
    let required: Vec<&String> = names.collect();
    json!({
        "type": "object",
        "required": required,
        "properties": properties,
        "additionalProperties": false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_required_and_no_other_allowed() {
        let all = schema();
        let claim = &all["properties"]["claims"]["items"];
        for object in [&all, claim] {
            let required = object["required"].as_array().unwrap();
            assert_eq!(
                required.len(),
                object["properties"].as_object().unwrap().len()
            );
            assert_eq!(object["additionalProperties"], false);
        }
        assert_eq!(claim["required"], json!(["fact_ids", "text"]));
    }

    #[test]
    fn a_change_of_the_schema_is_a_new_version() {
        let hash = crate::hash::sha256(crate::input::canonical(&schema()).as_bytes());
        assert_eq!(
            (SCHEMA_VERSION, hash.as_str()),
            (
                "1",
                "47804f50083e12903fac051b52fbf3c0ce724651e343a014dee78094495b886d"
            )
        );
    }
}
