//! JSON values that never fail on a wrong type: they remember what stood there instead.
//!
//! Only text that is no JSON at all is an error here.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The most variants, tags or images that a product keeps. Shopify's own limits are 2,048, 250 and 250.
pub(super) const MAX_ENTRIES: usize = 10_000;

/// A single value, borrowed from the answer where it has no escapes.
#[derive(Debug, Default)]
pub(super) enum Scalar<'a> {
    #[default]
    Missing,
    Null,
    Boolean(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(Cow<'a, str>),
    List,
    Object,
}

/// What could be read of a list.
#[derive(Debug)]
pub(super) struct List<T> {
    /// The readable entries, up to the limit of the list.
    pub(super) entries: Vec<T>,
    /// Entries of a wrong type.
    pub(super) n_unreadable: usize,
    /// Entries behind the limit.
    pub(super) n_left_out: usize,
    /// What stood there instead of a list.
    pub(super) instead: Option<&'static str>,
}

/// An object read as a `T`, or what stood there instead.
#[derive(Debug)]
pub(super) struct Entry<T>(pub(super) Result<T, &'static str>);

/// A `T` that stands there as an object: what serde derives takes a list of the fields as well.
#[derive(Debug)]
pub(super) struct Object<T>(pub(super) T);

/// A type that is read from an object's members.
pub(super) trait FromObject<'de>: Sized {
    /// Reads all members of the object.
    fn from_object<A: MapAccess<'de>>(members: A) -> Result<Self, A::Error>;
}

impl Scalar<'_> {
    /// Returns what the value is, for messages.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Missing => "nothing",
            Self::Null => "null",
            Self::Boolean(_) => "a boolean",
            Self::Unsigned(_) | Self::Signed(_) | Self::Float(_) => "a number",
            Self::Text(_) => "a text",
            Self::List => "a list",
            Self::Object => "an object",
        }
    }

    /// Returns whether nobody said anything: missing or null.
    pub(super) const fn is_blank(&self) -> bool {
        matches!(self, Self::Missing | Self::Null)
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self {
            entries: vec![],
            n_unreadable: 0,
            n_left_out: 0,
            instead: None,
        }
    }
}

impl<T> List<T> {
    pub(super) fn instead(kind: &'static str) -> Self {
        Self {
            instead: Some(kind),
            ..Self::default()
        }
    }

    pub(super) fn none(_: &'static str) -> Self {
        Self::default()
    }

    pub(super) fn push(&mut self, entry: Option<T>) {
        match entry {
            Some(entry) => self.entries.push(entry),
            None => self.n_unreadable += 1,
        }
    }
}

/// Adds to a visitor the methods for values that are only named: `make(kind)`, whatever their content is.
macro_rules! name_only {
    ($make:expr => $($kind:ident),+) => { $(name_only!(@$kind $make);)+ };
    (@null $make:expr) => {
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($make("null"))
        }
    };
    (@boolean $make:expr) => {
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok($make("a boolean"))
        }
    };
    (@number $make:expr) => {
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok($make("a number"))
        }

        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok($make("a number"))
        }

        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok($make("a number"))
        }
    };
    (@text $make:expr) => {
        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok($make("a text"))
        }
    };
    (@list $make:expr) => {
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok($make("a list"))
        }
    };
    (@object $make:expr) => {
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok($make("an object"))
        }
    };
    (@expecting) => {
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("any JSON value")
        }
    };
}
pub(super) use name_only;

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ScalarVisitor;

        impl<'de> Visitor<'de> for ScalarVisitor {
            type Value = Scalar<'de>;

            name_only!(@expecting);
            name_only!(|_| Scalar::Null => null);
            name_only!(|_| Scalar::List => list);
            name_only!(|_| Scalar::Object => object);

            fn visit_bool<E>(self, it: bool) -> Result<Self::Value, E> {
                Ok(Scalar::Boolean(it))
            }

            fn visit_u64<E>(self, it: u64) -> Result<Self::Value, E> {
                Ok(Scalar::Unsigned(it))
            }

            fn visit_i64<E>(self, it: i64) -> Result<Self::Value, E> {
                Ok(Scalar::Signed(it))
            }

            fn visit_f64<E>(self, it: f64) -> Result<Self::Value, E> {
                Ok(Scalar::Float(it))
            }

            fn visit_borrowed_str<E>(self, it: &'de str) -> Result<Self::Value, E> {
                Ok(Scalar::Text(Cow::Borrowed(it)))
            }

            fn visit_str<E>(self, it: &str) -> Result<Self::Value, E> {
                Ok(Scalar::Text(Cow::Owned(it.to_owned())))
            }
        }

        deserializer.deserialize_any(ScalarVisitor)
    }
}

impl<'de, T: FromObject<'de>> Deserialize<'de> for Entry<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntryVisitor<T>(std::marker::PhantomData<T>);

        impl<'de, T: FromObject<'de>> Visitor<'de> for EntryVisitor<T> {
            type Value = Entry<T>;

            name_only!(@expecting);
            name_only!(|kind| Entry(Err(kind)) => null, boolean, number, text, list);

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::from_object(map).map(|it| Entry(Ok(it)))
            }
        }

        deserializer.deserialize_any(EntryVisitor(std::marker::PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(std::marker::PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }

        deserializer.deserialize_map(ObjectVisitor(std::marker::PhantomData))
    }
}

/// A list of objects.
impl<'de, T: FromObject<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListVisitor<T>(std::marker::PhantomData<T>);

        impl<'de, T: FromObject<'de>> Visitor<'de> for ListVisitor<T> {
            type Value = List<T>;

            name_only!(@expecting);
            name_only!(List::none => null);
            name_only!(List::instead => boolean, number, text, object);

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut list = List::default();
                while list.entries.len() < MAX_ENTRIES {
                    let Some(Entry(entry)) = seq.next_element()? else {
                        return Ok(list);
                    };
                    list.push(entry.ok());
                }
                list.n_left_out = count_rest(seq)?;
                Ok(list)
            }
        }

        deserializer.deserialize_any(ListVisitor(std::marker::PhantomData))
    }
}

/// Skips the other entries and returns how many they are.
pub(super) fn count_rest<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<usize, A::Error> {
    let mut n_entries = 0;
    while seq.next_element::<IgnoredAny>()?.is_some() {
        n_entries += 1;
    }
    Ok(n_entries)
}
