//! Texts of the configuration that no message may show.

use std::fmt;
use std::fs::File;
use std::io::Read;

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use toml::Value;

use crate::exit::UsageError;

/// More than any key is long.
const MAX_FILE_BYTES: u64 = 64 << 10;

/// A text that is never shown.
#[derive(Clone)]
pub(super) struct Secret(pub(super) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "none" } else { "***" })
    }
}

impl<'de> Deserialize<'de> for Secret {
    /// Says what is wrong without the value, unlike serde itself.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Self(text)),
            _ => Err(D::Error::custom("expected a text in quotes")),
        }
    }
}

/// Reads the key in the file that the setting `name` names, without the blanks around it.
pub(super) fn key_in(name: &str, path: &str) -> Result<String, UsageError> {
    match text_in(name, path)?.trim() {
        "" => Err(UsageError(format!(
            "cannot read {name} {path}: it is empty"
        ))),
        key => Ok(key.to_owned()),
    }
}

/// Reads the text of the file that the setting `name` names.
pub(super) fn text_in(name: &str, path: &str) -> Result<String, UsageError> {
    let unreadable = |detail: &str| UsageError(format!("cannot read {name} {path}: {detail}"));
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_FILE_BYTES).read_to_end(&mut bytes))
        .map_err(|error| unreadable(&error.to_string()))?;
    String::from_utf8(bytes).map_err(|_| unreadable("it is no UTF-8 text"))
}
