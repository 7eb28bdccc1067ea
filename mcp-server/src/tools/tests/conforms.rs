//! A checker of so much JSON Schema as the schemas of answers have.

use serde_json::Value;

/// Asserts that a value is as its schema says.
pub(super) fn conforms(at: &str, value: &Value, schema: &Value) {
    let fault = fault(at, value, schema);
    assert_eq!(fault, None, "{schema}");
}

fn fault(at: &str, value: &Value, schema: &Value) -> Option<String> {
    for (name, words) in schema.as_object().into_iter().flatten() {
        let fault = match (name.as_str(), words) {
            ("type", kinds) => (!is_of(value, kinds)).then(|| format!("{at} is no {kinds}")),
            ("enum", Value::Array(values)) => {
                (!values.contains(value)).then(|| format!("{at} is none of {values:?}"))
            }
            ("const", constant) => (value != constant).then(|| format!("{at} is not {constant}")),
            ("anyOf" | "oneOf", Value::Array(schemas)) => {
                let faults: Option<Vec<_>> =
                    schemas.iter().map(|it| fault(at, value, it)).collect();
                faults.map(|it| it.join(" and "))
            }
            ("required", Value::Array(names)) => {
                let mut names = names.iter().filter_map(Value::as_str);
                let missing = names.find(|&it| value.get(it).is_none());
                missing.map(|it| format!("{at} has no {it}"))
            }
            ("properties", Value::Object(_)) => fault_of_field(at, value, schema),
            ("items", items) => {
                let elements = value.as_array().into_iter().flatten();
                let mut elements = elements.enumerate();
                elements.find_map(|(n, it)| fault(&format!("{at}[{n}]"), it, items))
            }
            ("description" | "format" | "minimum" | "minItems" | "maxItems", _)
            | ("additionalProperties" | "maximum" | "title", _) => None,
            (name, _) => Some(format!("the checker does not know {name}, of {at}")),
        };
        if fault.is_some() {
            return fault;
        }
    }
    None
}

fn fault_of_field(at: &str, value: &Value, schema: &Value) -> Option<String> {
    let fields = value.as_object().into_iter().flatten();
    let mut fields = fields.map(|(name, it)| (format!("{at}.{name}"), name, it));
    fields.find_map(|(at, name, it)| fault(&at, it, schema["properties"].get(name)?))
}

fn is_of(value: &Value, kinds: &Value) -> bool {
    match (kinds, value) {
        (Value::Array(kinds), _) => kinds.iter().any(|it| is_of(value, it)),
        (Value::String(kind), Value::Null) => kind == "null",
        (Value::String(kind), Value::Bool(_)) => kind == "boolean",
        (Value::String(kind), Value::String(_)) => kind == "string",
        (Value::String(kind), Value::Array(_)) => kind == "array",
        (Value::String(kind), Value::Object(_)) => kind == "object",
        (Value::String(kind), Value::Number(number)) => {
            kind == "number" || kind == "integer" && !number.is_f64()
        }
        _ => false,
    }
}
