//! A call that would be right: the caller's own, with what is wrong in it put right.

use serde_json::{Map, Value};

use super::value::fitted;
use super::{meant_field, required};
use crate::untrusted::shown;

/// The most characters of it. Ids of ten products are more; the caller knows them.
const MAX_CHARS: usize = 300;

/// What stands for a text that the caller knows, or has to find.
const TEXT: &str = "...";

/// Returns a call with the caller's arguments: the nearest right value for one that is wrong, without it where none is
/// near, and a placeholder for what must be there, and for what should not be repeated.
pub(super) fn example(
    tool: &str,
    schema: &Map<String, Value>,
    given: &Map<String, Value>,
) -> String {
    let nothing = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object);
    let properties = properties.unwrap_or(&nothing);
    let mut arguments = Map::new();
    for (field, value) in given.iter().filter(|(_, value)| !value.is_null()) {
        let field = match properties.contains_key(field) {
            true => Some(field.as_str()),
            false => meant_field(field, properties).filter(|it| !given.contains_key(*it)),
        };
        let known = field.and_then(|it| Some((it, properties.get(it)?)));
        if let Some((field, value)) =
            known.and_then(|(it, schema)| Some((it, mended(value, schema)?)))
        {
            arguments.insert(field.to_owned(), value);
        }
    }
    for field in required(schema) {
        let missing = || properties.get(field).map_or(TEXT.into(), placeholder);
        arguments.entry(field).or_insert_with(missing);
    }
    shortened(&mut arguments, properties);
    format!("{tool} {}", Value::Object(arguments))
}

/// Returns the value as it would be right, if that can be told.
fn mended(value: &Value, schema: &Value) -> Option<Value> {
    let is_list = schema["type"] == "array";
    let is_free_text = schema["type"] == "string" && schema.get("enum").is_none();
    match fitted(value.clone(), schema) {
        Ok(Value::String(text)) if text.is_empty() => None,
        Ok(fits) if is_plain(&fits) => Some(fits),
        Ok(_) if !is_list => Some(placeholder(schema)),
        Err(wrong) if !is_list => {
            let nearest = wrong.nearest().first().cloned();
            nearest.or_else(|| is_free_text.then(|| placeholder(schema)))
        }
        _ => list(value, schema),
    }
}

/// Returns a list with those of its values that are right or can be put right.
fn list(value: &Value, schema: &Value) -> Option<Value> {
    let of_item = schema.get("items")?;
    let items = match value {
        Value::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    let length = |name| {
        schema[name]
            .as_u64()
            .and_then(|it| usize::try_from(it).ok())
    };
    let most = length("maxItems").unwrap_or(MAX_CHARS);
    let mut mended: Vec<Value> = items
        .iter()
        .filter_map(|it| mended_item(it, of_item))
        .take(most)
        .collect();
    if mended.is_empty() {
        return None;
    }
    let least = length("minItems").unwrap_or(0);
    while mended.len() < least {
        mended.push(placeholder(of_item));
    }
    Some(mended.into())
}

/// Returns one value of a list; lists in lists are nothing that a tool takes.
fn mended_item(value: &Value, schema: &Value) -> Option<Value> {
    mended(value, schema).filter(|it| !it.is_array())
}

/// Puts placeholders for the longest values until the whole is short enough.
fn shortened(arguments: &mut Map<String, Value>, properties: &Map<String, Value>) {
    let length = |value: &Value| value.to_string().chars().count();
    for _ in 0..arguments.len() {
        let n_chars: usize = arguments
            .iter()
            .map(|(name, value)| name.len() + length(value) + 4)
            .sum();
        let longest = arguments.iter_mut().max_by_key(|(_, value)| length(value));
        let Some((field, value)) = longest.filter(|_| n_chars > MAX_CHARS) else {
            return;
        };
        *value = properties.get(field).map_or(TEXT.into(), placeholder);
    }
}

/// Returns whether a value can be repeated: a text may be a stranger's that was passed on.
fn is_plain(value: &Value) -> bool {
    match value {
        Value::String(text) => shown(text) == *text,
        Value::Array(items) => items.iter().all(is_plain),
        other => !other.is_object(),
    }
}

/// Returns a value that stands for one that a schema allows. Of several none is taken for the caller.
fn placeholder(schema: &Value) -> Value {
    if let Some(default) = schema.get("default") {
        return default.clone();
    }
    match schema["type"].as_str() {
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| 1.into()),
        Some("boolean") => true.into(),
        Some("array") => {
            let n_items = schema["minItems"].as_u64().unwrap_or(1).clamp(1, 3);
            let items = (0..n_items).map(|_| schema.get("items").map_or(TEXT.into(), placeholder));
            items.collect::<Vec<_>>().into()
        }
        _ => match schema.get("enum").and_then(Value::as_array) {
            Some(values) => {
                let names: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
                names.join("|").into()
            }
            None => TEXT.into(),
        },
    }
}
