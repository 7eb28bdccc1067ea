//! What a summary is recognized by: a hash of everything that it is made from, so that an unchanged product is never
//! paid for again.

use serde_json::{Value, json};

use crate::facts::FactSheet;
use crate::hash::sha256;
use crate::openai::Endpoint;
use crate::prompt::PROMPT_VERSION;
use crate::schema::SCHEMA_VERSION;

/// The version of the fixed form. To be raised with every change of what it makes of a sheet.
const EXTRACTIVE_VERSION: u32 = 1;

/// Returns the hash of what a summary of `sheet` is made from.
///
/// That is by a model with the settings of `endpoint`, or in the fixed form. 64 hexadecimal digits of SHA-256 over JSON
/// with sorted keys; no time is in it, and nothing of a run.
pub fn input_hash(sheet: &FactSheet, endpoint: Option<&Endpoint>) -> String {
    hash(sheet, endpoint.map(Endpoint::parameters))
}

/// Returns 8 hexadecimal digits that stand for who writes: the same for all processes with the same settings.
pub fn fingerprint(endpoint: Option<&Endpoint>) -> String {
    let Some(endpoint) = endpoint else {
        return "extractive".to_owned();
    };
    let mut hash = sha256(canonical(&endpoint.parameters()).as_bytes());
    hash.truncate(8);
    hash
}

fn hash(sheet: &FactSheet, parameters: Option<Value>) -> String {
    let made_from = match parameters {
        Some(parameters) => json!({
            "parameters": parameters,
            "prompt": PROMPT_VERSION,
            "schema": SCHEMA_VERSION,
            "sheet": sheet.hash(),
        }),
        None => json!({ "extractive": EXTRACTIVE_VERSION, "sheet": sheet.hash() }),
    };
    sha256(canonical(&made_from).as_bytes())
}

/// Returns JSON with sorted keys and without spaces.
///
/// Today's maps of `serde_json` are sorted, too; one crate of the build that asks for the order of insertion changes
/// that for all.
pub(crate) fn canonical(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
            fields.sort_unstable_by_key(|(name, _)| *name);
            let of =
                |(name, value): (&String, &Value)| format!("{}:{}", json!(name), canonical(value));
            let fields: Vec<String> = fields.into_iter().map(of).collect();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(values) => {
            let values: Vec<String> = values.iter().map(canonical).collect();
            format!("[{}]", values.join(","))
        }
        plain => plain.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use catalog::{Fact, FactSource, Language, UnixMs};

    use super::*;

    fn sheet(at: i64) -> FactSheet {
        FactSheet {
            subject: "product:shopify:shop.example:1".to_owned(),
            language: Language::En,
            title: "Brass lamp".to_owned(),
            facts: vec![Fact {
                id: "F1".to_owned(),
                topic: "price".to_owned(),
                text: "Its price is 49.00 EUR.".to_owned(),
                source: FactSource::Catalogue,
                at: Some(UnixMs::new(at)),
            }],
        }
    }

    #[test]
    fn keys_are_sorted_at_every_depth() {
        let value: Value =
            serde_json::from_str(r#"{"b": [{"z": 1, "a": 0.5}], "a\"": null}"#).unwrap();
        assert_eq!(canonical(&value), r#"{"a\"":null,"b":[{"a":0.5,"z":1}]}"#);
    }

    /// A change here makes every stored summary one of another input: all is paid again.
    #[test]
    fn the_hash_of_an_input_does_not_drift() {
        let parameters = json!({"model": "m", "temperature": 0.0});
        // printf %s '{"parameters":{"model":"m","temperature":0.0},"prompt":"1","schema":"1","sheet":"<hash of the sheet>"}' |
        // sha256sum, and the same of '{"extractive":1,"sheet":"<hash of the sheet>"}'.
        assert_eq!(
            hash(&sheet(1), Some(parameters)),
            "e8de45490c44acefcd70d9688caaedb03c25f0ea9cbd60de34a1842e4f74a03b"
        );
        assert_eq!(
            hash(&sheet(1), None),
            "2d2756ed4613d997017c9e74290a283855d04dfbfb09c02a8a86b1dcc85a1755"
        );
    }

    #[test]
    fn a_time_is_no_input_and_everything_else_is() {
        let parameters = || Some(json!({"model": "m"}));
        let first = hash(&sheet(1), parameters());
        assert_eq!(first, hash(&sheet(2), parameters()));
        let mut others = vec![
            hash(&sheet(1), Some(json!({"model": "n"}))),
            hash(&sheet(1), None),
        ];
        let mut change = |change: fn(&mut FactSheet)| {
            let mut sheet = sheet(1);
            change(&mut sheet);
            others.push(hash(&sheet, parameters()));
        };
        change(|it| it.language = Language::Fr);
        change(|it| it.title.push('s'));
        change(|it| it.facts[0].text.push('!'));
        change(|it| it.facts[0].source = FactSource::Seller);
        change(|it| it.facts[0].topic = "title".to_owned());
        change(|it| it.facts[0].id = "F2".to_owned());
        change(|it| it.facts.clear());
        others.push(first);
        let n = others.len();
        others.sort_unstable();
        others.dedup();
        assert_eq!(others.len(), n);
    }
}
