//! Texts of the configuration that no message may show.

use std::fmt;

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use toml::Value;

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
