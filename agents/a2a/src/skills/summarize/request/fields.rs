//! The values of a request's members. Each type says once what it takes: to who reads it and to the schema.

use std::borrow::Cow;

use catalog::{Language, ProductId};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// The longest id of a product, in bytes.
const MAX_ID: usize = 500;

/// A product by its id.
#[derive(Debug)]
pub(crate) struct ProductName(pub(crate) ProductId);

impl<'de> Deserialize<'de> for ProductName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.len() > MAX_ID {
            let what = format!("expected a product's id of at most {MAX_ID} bytes");
            return Err(D::Error::custom(what));
        }
        text.parse().map(Self).map_err(D::Error::custom)
    }
}

impl JsonSchema for ProductName {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ProductName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[a-z]+:[^:]+:.+$", "maxLength": MAX_ID })
    }
}

/// A language by its code.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LanguageCode(pub(crate) Language);

impl<'de> Deserialize<'de> for LanguageCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let language = Language::ALL.into_iter().find(|it| it.code() == text);
        language
            .map(Self)
            .ok_or_else(|| D::Error::custom("expected en or fr"))
    }
}

impl JsonSchema for LanguageCode {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "LanguageCode".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let codes = Language::ALL.map(Language::code);
        json_schema!({ "type": "string", "enum": codes })
    }
}

/// An amount of money above 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Amount(f64);

impl Amount {
    /// The least one, which is more than a request costs anywhere, and the greatest.
    const MIN: f64 = 0.000_001;
    const MAX: f64 = 1_000_000.0;

    /// Returns the amount in billionths of its unit.
    pub(crate) fn nanos(self) -> u64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "from 1e3 to 1e15"
        )]
        let nanos = (self.0 * 1e9).round() as u64;
        nanos
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let amount = f64::deserialize(deserializer)?;
        if !(Self::MIN..=Self::MAX).contains(&amount) {
            let (min, max) = (Self::MIN, Self::MAX);
            let what = format!("expected a number from {min} to {max}, not {amount}");
            return Err(D::Error::custom(what));
        }
        Ok(Self(amount))
    }
}

impl JsonSchema for Amount {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Amount".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "minimum": Self::MIN, "maximum": Self::MAX })
    }
}
