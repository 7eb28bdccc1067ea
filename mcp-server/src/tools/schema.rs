//! The schemas of arguments and answers, as lean as they can be: models read all of them at every start.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// What a schema says that no caller needs: names of types, formats of numbers, defaults that are nothing.
const NOISE: [&str; 2] = ["title", "format"];

/// Returns the schema of a tool's arguments: an object of plain fields.
pub(super) fn input<T: JsonSchema>() -> Map<String, Value> {
    let mut schema = Value::Object(schema::<T>(SchemaSettings::draft2020_12()));
    without_noise(&mut schema);
    object(schema)
}

/// Returns the schema of a tool's answers: which fields there are, of what kind, and which of them always.
///
/// What stands deeper is seen in the first answer; single values, too, where the schema is to be lean.
pub(super) fn output<T: JsonSchema>(is_lean: bool) -> Map<String, Value> {
    let schema = answer::<T>();
    let is_part = |kind: &Value| kind["type"] == "object" || kind["type"] == "array";
    let fields = schema.get("properties").and_then(Value::as_object);
    let fields = fields.into_iter().flatten();
    let mut kinds: Map<String, Value> = fields
        .map(|(name, it)| (name.clone(), kind(it)))
        .filter(|(_, kind)| !is_lean || is_part(kind))
        .collect();
    if is_lean {
        let parts = kinds.values_mut().filter_map(Value::as_object_mut);
        parts.for_each(|it| drop(it.remove("items")));
        return object(json!({ "type": "object", "properties": kinds }));
    }
    let always = schema.get("required").cloned().unwrap_or_else(|| json!([]));
    object(json!({ "type": "object", "properties": kinds, "required": always }))
}

/// Returns the whole schema of answers: fields that may be left out are not required.
pub(super) fn answer<T: JsonSchema>() -> Map<String, Value> {
    schema::<T>(SchemaSettings::draft2020_12().for_serialize())
}

fn schema<T: JsonSchema>(settings: SchemaSettings) -> Map<String, Value> {
    let settings = settings.with(|it| {
        it.inline_subschemas = true;
        it.meta_schema = None;
    });
    let mut schema = object(
        settings
            .into_generator()
            .into_root_schema_for::<T>()
            .to_value(),
    );
    schema.remove("description");
    schema
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// Returns what kind of value a schema is of, where it is there; anything where it is of several kinds.
fn kind(schema: &Value) -> Value {
    match (kinds(schema).as_slice(), schema.get("items")) {
        (["array"], Some(items)) => json!({ "type": "array", "items": kind(items) }),
        ([kind], _) => json!({ "type": kind }),
        _ => json!({}),
    }
}

/// Returns the kinds of value that a schema is of; answers leave out what is not there, so `null` is none.
fn kinds(schema: &Value) -> Vec<&str> {
    let mut kinds = match (
        schema.get("type"),
        schema.get("anyOf").or(schema.get("oneOf")),
    ) {
        (Some(Value::String(kind)), _) => vec![kind.as_str()],
        (Some(Value::Array(names)), _) => names.iter().filter_map(Value::as_str).collect(),
        (_, Some(Value::Array(schemas))) => schemas.iter().flat_map(kinds).collect(),
        _ => Vec::new(),
    };
    kinds.retain(|it| *it != "null");
    kinds.dedup();
    kinds
}

/// Takes out what no caller needs, and writes documented values as a list of values.
fn without_noise(schema: &mut Value) {
    let Value::Object(map) = schema else {
        return;
    };
    for name in NOISE {
        map.remove(name);
    }
    if map.get("default").is_some_and(is_nothing) {
        map.remove("default");
    }
    if let Some(values) = map.get("oneOf").and_then(constants) {
        map.remove("oneOf");
        map.insert("type".to_owned(), "string".into());
        map.insert("enum".to_owned(), values);
    }
    if let Some(Value::Object(properties)) = map.get_mut("properties") {
        properties.values_mut().for_each(without_noise);
    }
    if let Some(items) = map.get_mut("items") {
        without_noise(items);
        items.as_object_mut().map(|it| it.remove("description"));
    }
}

/// Returns whether a default is what anybody expects of an argument that is left out.
fn is_nothing(default: &Value) -> bool {
    match default {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// Returns the values of a schema that is one of several constants.
fn constants(schemas: &Value) -> Option<Value> {
    let schemas = schemas.as_array()?.iter();
    let values: Option<Vec<Value>> = schemas
        .map(|it| match (it.get("const"), it.get("enum")) {
            (Some(value), _) => Some(vec![value.clone()]),
            (None, values) => values?.as_array().cloned(),
        })
        .collect::<Option<Vec<Vec<Value>>>>()
        .map(|it| it.concat());
    values.map(Value::Array)
}

#[cfg(test)]
mod tests;
