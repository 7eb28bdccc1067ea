//! Requests in data parts and texts: strict forms, whose JSON Schemas are made from the types that read them.

mod fields;
mod violations;

use a2a_sdk::{A2AError, Part, PartContent};
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) use self::fields::{List, Whole};
pub(crate) use self::violations::{invalid, violation};

/// A form of requests: the type that reads them.
pub(crate) trait Form: DeserializeOwned {
    /// What stands in `schema`.
    const NAME: &'static str;

    /// What may stand in `skill`, in words.
    const SKILLS: &'static str;

    /// Returns the smallest request for a skill; `None` if there is no such skill.
    fn smallest(skill: &str) -> Option<Value>;
}

/// Reads a request.
///
/// # Errors
/// Invalid params, with every member that breaks the schema by name.
pub(crate) fn read<F: Form>(document: &Value) -> Result<F, A2AError> {
    serde_json::from_value(document.clone())
        .map_err(|error| invalid::<F>(violations::of::<F>(document, &error)))
}

/// Returns the request in a message, or what has to be asked first.
///
/// Text beside a data part is for people. Without one, all texts together are the request, by `read_text`.
///
/// # Errors
/// For parts that no agent reads, and for more than one request.
pub(crate) fn document<F: Form>(
    parts: &[Part],
    read_text: fn(&str) -> Result<Value, String>,
) -> Result<Result<Value, String>, A2AError> {
    let mut data = Vec::new();
    let mut texts = Vec::new();
    for part in parts {
        match &part.content {
            PartContent::Data(value) => data.push(value),
            PartContent::Text(text) => texts.push(text.as_str()),
            PartContent::Url(_) | PartContent::Raw(_) => {
                return Err(A2AError::content_type_not_supported());
            }
        }
    }
    match data.as_slice() {
        [] => Ok(read_text(&texts.join("\n"))),
        [document] => Ok(Ok((*document).clone())),
        _ => {
            let what = "more than one data part: send one message for each request";
            Err(invalid::<F>(vec![violation("message.parts", what)]))
        }
    }
}
