//! Arguments as models write them: read by the tool's own schema, leniently where no meaning is lost, and refused with
//! the field, the reason and the nearest right value.
//!
//! What a text means, such as an id, is for the tool to say; operators of databases are just text here.

mod aliases;
mod example;
mod value;
mod wrong;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use self::example::example;
use self::value::fitted;
use crate::{ToolError, untrusted};

/// The most names that are told as near to one that is not known.
const MAX_NEAREST: usize = 3;

/// How alike names must be to be told (Jaro-Winkler, 0..=1).
const LEAST_ALIKE: f64 = 0.8;

/// The same for a name that is taken for the one that was meant.
const LEAST_MEANT: f64 = 0.9;

/// How much is told
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum ResponseFormat {
    /// What a list needs.
    #[default]
    Concise,
    /// All that is known.
    Detailed,
}

/// Returns the arguments of `tool` as its input schema has them: `"3"` became 3, `null` is absent, one value became a
/// list of one.
///
/// # Errors
/// Names the field, what is wrong with it, what would be right, and a call that is.
pub(crate) fn fit(
    tool: &str,
    arguments: &Map<String, Value>,
    schema: &Map<String, Value>,
) -> Result<Map<String, Value>, ToolError> {
    let nothing = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object);
    let properties = properties.unwrap_or(&nothing);
    let mut fits = Map::new();
    let next = || example(tool, schema, arguments);
    for (field, value) in arguments {
        if value.is_null() {
            continue;
        }
        let Some(known) = properties.get(field) else {
            return Err(unknown(field, properties).next(next()));
        };
        let is_required = required(schema).any(|it| it == field);
        match fitted(value.clone(), known) {
            Ok(Value::String(text)) if text.is_empty() && !is_required => {}
            Ok(value) => {
                fits.insert(field.clone(), value);
            }
            Err(wrong) => return Err(wrong.of(field).next(next())),
        }
    }
    match required(schema).find(|&it| !fits.contains_key(it)) {
        Some(field) => Err(ToolError::invalid(field, format!("{field} is missing")).next(next())),
        None => Ok(fits),
    }
}

/// Reads arguments that fit their schema.
///
/// # Errors
/// Names the field that is not as it must be all the same.
pub(crate) fn read<A: DeserializeOwned>(arguments: Map<String, Value>) -> Result<A, ToolError> {
    serde_path_to_error::deserialize(Value::Object(arguments)).map_err(|error| {
        let field = error.path().to_string();
        let said = untrusted::shown(&error.into_inner().to_string());
        ToolError::invalid(&field, said)
    })
}

fn required(schema: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let names = schema.get("required").and_then(Value::as_array);
    names.into_iter().flatten().filter_map(Value::as_str)
}

fn unknown(field: &str, properties: &Map<String, Value>) -> ToolError {
    let names: Vec<&str> = properties.keys().map(String::as_str).collect();
    let shown = untrusted::shown(field);
    let message = match names.is_empty() {
        true => format!("there is no argument \"{shown}\": this tool takes none"),
        false => format!(
            "there is no argument \"{shown}\": this tool takes {}",
            names.join(", ")
        ),
    };
    ToolError::invalid(&shown, message).nearest(near(field, &names))
}

/// Returns the names that are near to what was written, nearest first.
pub(crate) fn near(written: &str, names: &[&str]) -> Vec<String> {
    let nearest = alike(written, names).into_iter().take(MAX_NEAREST);
    nearest.map(|(_, name)| name.to_owned()).collect()
}

/// Returns the field that was meant by a name that is not known, if that is clear.
fn meant_field<'a>(written: &str, properties: &'a Map<String, Value>) -> Option<&'a str> {
    let names: Vec<&str> = properties.keys().map(String::as_str).collect();
    let (likeness, name) = alike(written, &names).into_iter().next()?;
    (likeness >= LEAST_MEANT).then_some(name)
}

/// Returns the names that are like what was written, with how much they are, the most alike first.
fn alike<'a>(written: &str, names: &[&'a str]) -> Vec<(f64, &'a str)> {
    let written: String = written.chars().take(untrusted::MAX_SHOWN_CHARS).collect();
    let written = written.to_lowercase();
    let likeness = |name: &str| {
        let in_order = strsim::jaro_winkler(&by_word(&written), &by_word(name));
        strsim::jaro_winkler(&written, name).max(in_order)
    };
    let mut alike: Vec<(f64, &str)> = names.iter().map(|&name| (likeness(name), name)).collect();
    alike.retain(|(likeness, _)| *likeness >= LEAST_ALIKE);
    alike.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    alike
}

/// Returns the words of a name by the alphabet: `max_price` is meant for `price_max`.
fn by_word(name: &str) -> String {
    let mut words: Vec<&str> = name.split('_').collect();
    words.sort_unstable();
    words.join("_")
}

#[cfg(test)]
mod tests;
