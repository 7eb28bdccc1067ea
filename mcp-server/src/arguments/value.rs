//! One value, made to fit what a schema says of it.

use serde_json::{Number, Value};

use super::aliases::meant;
use super::near;
use super::wrong::Wrong;
use crate::untrusted::shown;

/// The most characters of a text of which the schema says nothing.
const MAX_TEXT_CHARS: usize = 2_000;

/// The most values of a list of which the schema says nothing.
const MAX_ITEMS: usize = 100;

/// Whole numbers up to here are exact as `f64`.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// Returns the value as `schema` has it.
pub(super) fn fitted(value: Value, schema: &Value) -> Result<Value, Wrong> {
    match schema.get("type").and_then(Value::as_str) {
        Some("integer") => whole_number(&value).and_then(|it| in_range(it, schema)),
        Some("number") => number(&value).and_then(|it| in_range(it, schema)),
        Some("boolean") => yes_or_no(&value),
        Some("array") => list(value, schema),
        Some("string") => text(value, schema),
        _ => Err(Wrong::new("cannot be given")),
    }
}

fn whole_number(value: &Value) -> Result<Number, Wrong> {
    let wrong = || Wrong::new(format!("must be a whole number, not {}", kind(value)));
    let number = number(value).map_err(|_| wrong())?;
    if !number.is_f64() {
        return Ok(number);
    }
    let float = number.as_f64().ok_or_else(wrong)?;
    if float.fract() != 0.0 || float.abs() > MAX_EXACT {
        return Err(wrong());
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it is whole and in the range where that is exact"
    )]
    Ok(Number::from(float as i64))
}

fn number(value: &Value) -> Result<Number, Wrong> {
    let wrong = || Wrong::new(format!("must be a number, not {}", kind(value)));
    match value {
        Value::Number(number) => Ok(number.clone()),
        Value::String(text) if text.len() <= 40 => {
            let text = text.trim();
            let whole = text.parse::<i64>().ok().map(Number::from);
            let float = || text.parse().ok().and_then(Number::from_f64);
            whole.or_else(float).ok_or_else(wrong)
        }
        _ => Err(wrong()),
    }
}

/// Returns a number that is in the schema's range.
fn in_range(number: Number, schema: &Value) -> Result<Value, Wrong> {
    let bound = |name| schema.get(name).filter(|it| it.is_number());
    let (least, most) = (bound("minimum"), bound("maximum"));
    let given = number.as_f64().unwrap_or(f64::NAN);
    let value = |it: Option<&Value>| it.and_then(Value::as_f64);
    let nearest = match (value(least), value(most)) {
        (Some(floor), _) if given < floor => least,
        (_, Some(ceiling)) if given > ceiling => most,
        _ => return Ok(Value::Number(number)),
    };
    let range = match (least, most) {
        (Some(least), Some(most)) => format!("from {least} to {most}"),
        (Some(least), None) => format!("at least {least}"),
        (None, most) => format!("at most {}", most.unwrap_or(&Value::Null)),
    };
    let wrong = Wrong::new(format!("must be {range}, not {number}"));
    Err(wrong.near(nearest.cloned()))
}

fn yes_or_no(value: &Value) -> Result<Value, Wrong> {
    let written = match value {
        Value::Bool(_) => return Ok(value.clone()),
        Value::String(text) => text.trim().to_ascii_lowercase(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    };
    match written.as_str() {
        "true" | "1" => Ok(true.into()),
        "false" | "0" => Ok(false.into()),
        _ => Err(Wrong::new(format!(
            "must be true or false, not {}",
            kind(value)
        ))),
    }
}

fn text(value: Value, schema: &Value) -> Result<Value, Wrong> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(it) => it.to_string(),
        Value::Array(mut items) if items.len() == 1 && !items[0].is_array() => {
            return text(items.remove(0), schema);
        }
        other => {
            let message = format!("must be text, not {}", kind(&other));
            return Err(Wrong::new(message));
        }
    };
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return one_of(&text, values);
    }
    let most = length(schema, "maxLength").unwrap_or(MAX_TEXT_CHARS);
    let n_chars = text.chars().count();
    if n_chars > most {
        let message = format!("must have at most {most} characters, not {n_chars}");
        return Err(Wrong::new(message));
    }
    let least = length(schema, "minLength").unwrap_or(0);
    if n_chars < least {
        let message = format!("must have at least {least} characters, not {n_chars}");
        return Err(Wrong::new(message));
    }
    Ok(text.into())
}

/// Returns the value that was meant: case, spaces and hyphens do not count, and other words for it do.
fn one_of(written: &str, values: &[Value]) -> Result<Value, Wrong> {
    let names: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
    if written.is_empty() {
        return Err(Wrong::new(format!("must be one of {}", names.join(", "))));
    }
    let plain = |text: &str| text.to_lowercase().replace([' ', '-'], "_");
    let written_plainly = plain(written);
    let same = names.iter().find(|it| plain(it) == written_plainly);
    match same.copied().or_else(|| meant(&written_plainly, &names)) {
        Some(name) => Ok(name.into()),
        None => {
            let all = names.join(", ");
            let message = format!("must be one of {all}, not \"{}\"", shown(written));
            let nearest = near(written, &names).into_iter().map(Value::from);
            Err(Wrong::new(message).near(nearest))
        }
    }
}

fn list(value: Value, schema: &Value) -> Result<Value, Wrong> {
    let nothing = Value::Null;
    let schema_of_item = schema.get("items").unwrap_or(&nothing);
    let least = length(schema, "minItems").unwrap_or(0);
    let has_commas = least > 1 || schema_of_item.get("enum").is_some();
    let items = items(value, has_commas)?;
    let most = length(schema, "maxItems").unwrap_or(MAX_ITEMS);
    let n_items = items.len();
    if n_items > most || n_items < least {
        let message = format!("must have {least} to {most} values, not {n_items}");
        return Err(Wrong::new(message));
    }
    let mut list = Vec::with_capacity(n_items);
    for (n, item) in items.into_iter().enumerate() {
        list.push(fitted(item, schema_of_item).map_err(|wrong| wrong.item(n))?);
    }
    Ok(list.into())
}

/// Returns the values of a list as models write them: also as JSON in a text, with commas, or one value alone.
fn items(value: Value, has_commas: bool) -> Result<Vec<Value>, Wrong> {
    let items = match value {
        Value::Array(items) => items,
        Value::Object(_) => return Err(Wrong::new("must be a list, not an object")),
        Value::String(text) => match serde_json::from_str(&text) {
            Ok(Value::Array(items)) => items,
            _ if has_commas => text.split(',').map(Value::from).collect(),
            _ => vec![text.into()],
        },
        one => vec![one],
    };
    let is_there = |it: &Value| it.as_str().is_none_or(|it| !it.trim().is_empty()) && !it.is_null();
    Ok(items.into_iter().filter(is_there).collect())
}

fn length(schema: &Value, name: &str) -> Option<usize> {
    let length = schema.get(name)?.as_u64()?;
    usize::try_from(length).ok()
}

/// Says in words what a value is.
fn kind(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(it) => it.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => format!("\"{}\"", shown(text)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}
