//! Lists of texts: tags, options and images, each with the habits of its exporters.

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::lenient::{List, MAX_ENTRIES, Scalar, count_rest, name_only};

/// The most options that a product or a variant keeps. Shopify's own limit is 3.
const MAX_OPTIONS: usize = 100;

/// The lists of texts in a product, each with its own habits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Texts {
    /// Texts, or one text with commas.
    Tags,
    /// Texts, objects with a `name`, or an object whose keys are the names.
    OptionNames,
    /// Texts, or objects with a `value`.
    OptionValues,
    /// Texts, or objects with a `src`. An unreadable entry is kept as an empty text.
    Images,
}

impl Texts {
    const fn limit(self) -> usize {
        match self {
            Self::Tags | Self::Images => MAX_ENTRIES,
            Self::OptionNames | Self::OptionValues => MAX_OPTIONS,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Texts {
    type Value = List<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Texts {
    type Value = List<String>;

    name_only!(@expecting);
    name_only!(List::none => null);
    name_only!(List::instead => boolean, number);

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        if self != Self::Tags {
            return Ok(List::instead("a text"));
        }
        let mut list = List::default();
        for tag in text.split(',').map(str::trim).filter(|tag| !tag.is_empty()) {
            if list.entries.len() < self.limit() {
                list.entries.push(tag.to_owned());
            } else {
                list.n_left_out += 1;
            }
        }
        Ok(list)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut list = List::default();
        while list.entries.len() < self.limit() {
            let Some(entry) = seq.next_element_seed(TextEntry(self))? else {
                return Ok(list);
            };
            if entry.is_none() && self == Self::Images {
                list.entries.push(String::new());
            }
            list.push(entry);
        }
        list.n_left_out = count_rest(seq)?;
        Ok(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut list = List::default();
        if self != Self::OptionNames {
            list.instead = Some("an object");
        }
        while list.instead.is_none() && list.entries.len() < self.limit() {
            let Some((name, IgnoredAny)) = map.next_entry()? else {
                return Ok(list);
            };
            list.entries.push(name);
        }
        let mut n_entries = 0;
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            n_entries += 1;
        }
        if list.instead.is_none() {
            list.n_left_out = n_entries;
        }
        Ok(list)
    }
}

/// One entry of such a list; `None` where it is unreadable.
struct TextEntry(Texts);

impl<'de> DeserializeSeed<'de> for TextEntry {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for TextEntry {
    type Value = Option<String>;

    name_only!(@expecting);
    name_only!(|_| None => null, boolean, number, list);

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let member = match self.0 {
            Texts::Images => "src",
            Texts::OptionNames => "name",
            Texts::OptionValues => "value",
            Texts::Tags => "",
        };
        let mut found = None;
        while let Some(is_member) = map.next_key_seed(KeyIs(member))? {
            if !is_member {
                map.next_value::<IgnoredAny>()?;
            } else if let Scalar::Text(text) = map.next_value()? {
                found = Some(text.into_owned());
            }
        }
        Ok(found)
    }
}

/// Tells whether a key is this one; nothing is if this one is empty.
struct KeyIs(&'static str);

impl<'de> DeserializeSeed<'de> for KeyIs {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for KeyIs {
    type Value = bool;

    name_only!(@expecting);

    fn visit_str<E>(self, key: &str) -> Result<bool, E> {
        Ok(!self.0.is_empty() && key == self.0)
    }
}
