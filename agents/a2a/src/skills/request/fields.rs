//! Values of members that all forms of requests have. Each type says once what it takes: to who reads it and to the
//! schema.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::wire::whole::whole;

/// A whole number from `MIN` to `MAX`.
///
/// It may come as a float without a fraction: clients that keep JSON as protobuf know no other numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Whole<const MIN: u64, const MAX: u64>(u64);

impl<const MIN: u64, const MAX: u64> Whole<MIN, MAX> {
    pub(crate) const fn get(self) -> u64 {
        self.0
    }
}

impl<'de, const MIN: u64, const MAX: u64> Deserialize<'de> for Whole<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = f64::deserialize(deserializer)?;
        let expected = || match MIN == MAX {
            true => format!("expected {MIN}, not {number}"),
            false => format!("expected a whole number from {MIN} to {MAX}, not {number}"),
        };
        let whole = whole(number).filter(|whole| (MIN..=MAX).contains(whole));
        whole.map(Self).ok_or_else(|| D::Error::custom(expected()))
    }
}

impl<const MIN: u64, const MAX: u64> JsonSchema for Whole<MIN, MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Whole_{MIN}_{MAX}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": MIN, "maximum": MAX })
    }
}

/// From 1 to `MAX` entries.
#[derive(Debug)]
pub(crate) struct List<T, const MAX: usize>(pub(crate) Vec<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for List<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T, const MAX: usize>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for Entries<T, MAX> {
            type Value = Vec<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a list of 1 to {MAX} entries")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
                if let Some(n_entries) = list.size_hint().filter(|it| *it > MAX) {
                    return Err(too_many(n_entries, MAX));
                }
                let mut entries = Vec::new();
                while let Some(entry) = list.next_element()? {
                    if entries.len() == MAX {
                        return Err(too_many(MAX + 1, MAX));
                    }
                    entries.push(entry);
                }
                if entries.is_empty() {
                    return Err(A::Error::custom("the list is empty: name at least one"));
                }
                Ok(entries)
            }
        }

        deserializer
            .deserialize_seq(Entries::<T, MAX>(PhantomData))
            .map(Self)
    }
}

fn too_many<E: Error>(n_entries: usize, most: usize) -> E {
    E::custom(format!(
        "{n_entries} entries, and a request takes {most} at most: send several"
    ))
}

impl<T: JsonSchema, const MAX: usize> JsonSchema for List<T, MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("List_{}_{MAX}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let items = generator.subschema_for::<T>();
        json_schema!({ "type": "array", "items": items, "minItems": 1, "maxItems": MAX })
    }
}
