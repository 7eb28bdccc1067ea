//! The reader of `/collections.json`.

use catalog::UnixMs;
use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess};

use super::lenient::{FromObject, List, Object, Scalar};
use super::{ReadError, neither_list_nor_object, without_mark};

/// Longer handles are none: Shopify's have at most 255 letters.
const MAX_HANDLE_BYTES: usize = 1_100;

/// The most characters of a title that are kept.
const MAX_TITLE_CHARS: usize = 255;

/// A collection of a shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    /// The last part of its address, decoded.
    pub handle: String,
    /// Its title, cut to 255 characters; may be empty.
    pub title: String,
    /// How many products the shop says are in it.
    pub n_products: Option<u64>,
    /// When it changed last.
    pub updated_at: Option<UnixMs>,
}

/// A page of a list of collections.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Collections {
    /// The collections, in the order of the answer; those without a handle are left out.
    pub collections: Vec<Collection>,
    /// Entries of the answer's list. Tells a short page from a full one.
    pub n_listed: usize,
}

/// Reads a page of the list of collections. At most 10,000 are kept.
///
/// # Errors
/// [`ReadError`] when the answer is no such list, or breaks off.
pub fn read_collections(body: &[u8]) -> Result<Collections, ReadError> {
    #[derive(Deserialize)]
    struct Wire<'a> {
        #[serde(borrow)]
        collections: Option<List<WireCollection<'a>>>,
        #[serde(default)]
        errors: Option<IgnoredAny>,
    }

    let body = without_mark(body).trim_ascii();
    if !body.starts_with(b"{") {
        return Err(neither_list_nor_object(body));
    }
    let Object(wire) = serde_json::from_slice::<Object<Wire<'_>>>(body)
        .map_err(|error| ReadError::Damaged(error.to_string()))?;
    let Some(list) = wire.collections.filter(|it| it.instead.is_none()) else {
        return Err(match wire.errors {
            Some(_) => ReadError::Errors("instead of collections".into()),
            None => ReadError::NotProducts("an object without collections".into()),
        });
    };
    Ok(Collections {
        n_listed: list.entries.len() + list.n_unreadable + list.n_left_out,
        collections: list
            .entries
            .into_iter()
            .filter_map(WireCollection::read)
            .collect(),
    })
}

#[derive(Default)]
struct WireCollection<'a> {
    handle: Scalar<'a>,
    title: Scalar<'a>,
    products_count: Scalar<'a>,
    updated_at: Scalar<'a>,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Key {
    Handle,
    Title,
    ProductsCount,
    UpdatedAt,
    #[serde(other)]
    Other,
}

impl<'de: 'a, 'a> FromObject<'de> for WireCollection<'a> {
    fn from_object<A: MapAccess<'de>>(mut members: A) -> Result<Self, A::Error> {
        let mut collection = Self::default();
        while let Some(key) = members.next_key()? {
            match key {
                Key::Handle => collection.handle = members.next_value()?,
                Key::Title => collection.title = members.next_value()?,
                Key::ProductsCount => collection.products_count = members.next_value()?,
                Key::UpdatedAt => collection.updated_at = members.next_value()?,
                Key::Other => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(collection)
    }
}

impl WireCollection<'_> {
    fn read(self) -> Option<Collection> {
        let text = |scalar| match scalar {
            Scalar::Text(text) => text.into_owned(),
            _ => String::new(),
        };
        let handle = text(self.handle);
        let n_products = match self.products_count {
            Scalar::Unsigned(number) => Some(number),
            _ => None,
        };
        let updated_at = match &self.updated_at {
            Scalar::Text(text) => UnixMs::parse(text).ok(),
            _ => None,
        };
        (1..=MAX_HANDLE_BYTES)
            .contains(&handle.len())
            .then(|| Collection {
                handle,
                title: text(self.title).chars().take(MAX_TITLE_CHARS).collect(),
                n_products,
                updated_at,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_list_of_collections_says_so() {
        for (body, said) in [
            ("<html>", "not JSON"),
            ("{\"products\":[]}", "without collections"),
            ("{\"collections\":{}}", "without collections"),
            ("{\"errors\":\"Not Found\"}", "errors"),
            ("{\"collections\":[", "damaged"),
            ("", "not JSON"),
        ] {
            let error = read_collections(body.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(said), "{body}: {error}");
        }
    }
}
