//! What a user fills in: on the wire all of it is text, and some clients send numbers anyway.

use catalog::Language;
use serde_json::{Map, Value};

use super::ArgumentInfo;
use crate::ToolError;

const USUAL_K: u64 = 10;
const MAX_K: u64 = 50;

/// The longest id, shop or URL: a handle of 100 characters behind its shop.
const MAX_BYTES: usize = 160;

/// A prompt's arguments, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Filled {
    pub(super) shop: Option<String>,
    pub(super) id: String,
    pub(super) k: u64,
    pub(super) language: Language,
}

impl Filled {
    /// Reads the arguments that a prompt has; what is empty is not said yet.
    ///
    /// # Errors
    /// Names the argument that is wrong, and what would be right.
    pub(super) fn read(
        given: &Map<String, Value>,
        known: &[ArgumentInfo],
    ) -> Result<Self, ToolError> {
        let names = || known.iter().map(|it| it.name.to_owned()).collect();
        if given
            .keys()
            .any(|name| known.iter().all(|it| it.name != name))
        {
            let message = "this prompt has no such argument";
            return Err(ToolError::new("invalid_argument", message).nearest(names()));
        }
        // Clients have forms: a field left empty is a question for the user, not a mistake of the client.
        let missing = known
            .iter()
            .find(|it| it.required && given.get(it.name).is_none_or(Value::is_null));
        if let Some(missing) = missing {
            let message = format!("{} is missing: {}", missing.name, missing.description);
            return Err(ToolError::invalid(missing.name, message));
        }
        Ok(Self {
            shop: text(given, "shop").map(|it| name("shop", it)).transpose()?,
            id: text(given, "id").map_or(Ok(String::new()), |it| name("id", it))?,
            k: text(given, "k").map_or(Ok(USUAL_K), |it| number(&it))?,
            language: text(given, "language").map_or(Ok(Language::En), |it| language(&it))?,
        })
    }
}

/// Returns an argument as text, also a number; `None` for an empty one.
fn text(given: &Map<String, Value>, name: &str) -> Option<String> {
    let text = match given.get(name)? {
        Value::Null => return None,
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    };
    (!text.is_empty()).then_some(text)
}

/// Takes what can be a host, an id or a URL, and no sentence: it goes into instructions.
fn name(field: &'static str, text: String) -> Result<String, ToolError> {
    let is_plain = |it: u8| it.is_ascii_alphanumeric() || b"-_.:/%?=&#~@".contains(&it);
    if text.len() <= MAX_BYTES && text.bytes().all(is_plain) && !hides_signs(&text) {
        return Ok(text);
    }
    let message = match field {
        "shop" => "this names no shop: expected its host, such as lamps.example",
        _ => "this names no product: expected shop/handle, a product id, a number or a URL",
    };
    Err(ToolError::invalid(field, message))
}

/// Returns whether `%20` and the like stand for signs that are refused: no ASCII but the colon before a port, as letters of
/// other alphabets are written.
fn hides_signs(text: &str) -> bool {
    let mut escaped = text.split('%').skip(1);
    escaped.any(|it| {
        let is_letter =
            it.starts_with(|it: char| matches!(it.to_ascii_lowercase(), '8' | '9' | 'a'..='f'));
        !is_letter && !it.starts_with("3A") && !it.starts_with("3a")
    })
}

fn number(text: &str) -> Result<u64, ToolError> {
    let number: Option<f64> = text.parse().ok();
    let whole = number.filter(|it| it.fract() == 0.0 && (1.0..=MAX_K as f64).contains(it));
    whole.map(|it| it as u64).ok_or_else(|| {
        let message = format!("k is a whole number from 1 to {MAX_K}");
        ToolError::invalid("k", message).nearest(vec![USUAL_K.to_string()])
    })
}

fn language(text: &str) -> Result<Language, ToolError> {
    let word = text.to_lowercase();
    let known = match word.as_str() {
        "en" | "english" | "anglais" => Ok(Language::En),
        "fr" | "french" | "français" | "francais" => Ok(Language::Fr),
        // Such as fr-FR.
        other => other.split(['-', '_']).next().unwrap_or_default().parse(),
    };
    known.map_err(|_| {
        ToolError::invalid("language", "the result can be written in en or fr")
            .nearest(vec!["en".to_owned(), "fr".to_owned()])
    })
}
