//! Finds the products in an answer, whatever is wrapped around them, and reads them one by one.
//!
//! The whole answer is read once, typed and without a copy. Only where that fails is it read again entry by
//! entry, so that one entry that is no clean JSON costs no other.

use std::borrow::Cow;
use std::collections::HashSet;

use catalog::{NativeId, ProblemKind, Shop};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::build::{self, Log, Notes};
use super::lenient::{Entry, Object, Scalar, name_only};
use super::mend::{mend_controls, mend_numbers, mend_surrogates};
use super::{Page, ReadError, shortened, wire};

/// Bytes of products, without the letters of their texts, that any answer may fill.
const BASE_BUDGET: usize = 16 << 20;

/// Further bytes of products, without the letters of their texts, that each byte of the answer may fill. Real
/// answers stay below 1.
const BUDGET_PER_BYTE: usize = 4;

/// The least that an allocator takes for a text, measured with glibc.
const ALLOCATION: usize = 32;

/// Reads `text`, which begins with `{` or `[`, of an answer of `n_bytes`.
pub(super) fn read(text: &str, n_bytes: usize, shop: &Shop) -> Result<Page, ReadError> {
    let damaged = |error: serde_json::Error| ReadError::Damaged(error.to_string());
    let mut reading = Reading::new(n_bytes, shop, Care::Quick);
    match reading.all(text) {
        Err(error) if error.is_eof() => return Err(damaged(error)),
        Err(_) => {
            reading = Reading::new(n_bytes, shop, Care::EntryByEntry);
            let mended = mend_controls(text);
            reading
                .all(mended.as_deref().unwrap_or(text))
                .map_err(damaged)?;
            if mended.is_some() {
                reading.log.add_to_page(
                    ProblemKind::Field,
                    "control characters inside texts were replaced by spaces",
                );
            }
        }
        Ok(()) => {}
    }
    reading.finish()
}

/// One way through an answer, and what was found on it.
struct Reading<'s> {
    shop: &'s Shop,
    care: Care,
    page: Page,
    log: Log,
    ids: HashSet<u64>,
    /// Bytes of products that may still be kept.
    budget: usize,
    place: Place,
    n_objects: usize,
    errors: Option<String>,
    /// The first keys of an answer that is an object, for messages.
    keys: Vec<String>,
    has_id: bool,
    has_product_key: bool,
}

/// Whether an entry that is no clean JSON ends the reading, or is read on its own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Care {
    Quick,
    EntryByEntry,
}

/// Where the products stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Nowhere so far.
    Nowhere,
    /// Under a key that says so.
    Named,
    /// In a bare list, or in a map by their ids: they must look like products.
    Bare,
}

/// What a key of the outermost object may mean.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    Products,
    Product,
    Errors,
    Id,
    TitleOrVariants,
    Number,
    Other,
}

impl<'s> Reading<'s> {
    fn new(n_bytes: usize, shop: &'s Shop, care: Care) -> Self {
        Self {
            shop,
            care,
            page: Page::default(),
            log: Log::default(),
            ids: HashSet::new(),
            budget: BASE_BUDGET.saturating_add(n_bytes.saturating_mul(BUDGET_PER_BYTE)),
            place: Place::Nowhere,
            n_objects: 0,
            errors: None,
            keys: vec![],
            has_id: false,
            has_product_key: false,
        }
    }

    fn all(&mut self, text: &str) -> serde_json::Result<()> {
        if self.care == Care::Quick && begins_like_a_product(text) && self.bare_product(text) {
            return Ok(());
        }
        let mut json = serde_json::Deserializer::from_str(text);
        json.deserialize_any(Outermost(self))?;
        json.end()?;
        if self.place == Place::Nowhere && self.has_id && self.has_product_key {
            self.place = Place::Named;
            match self.care {
                Care::Quick => self.take(serde_json::from_str(text)?),
                Care::EntryByEntry => self.take_alone(serde_json::from_str(text)?),
            }
        }
        Ok(())
    }

    /// Takes `text` as a single product in one go; `false` if it is none, or not at first sight.
    fn bare_product(&mut self, text: &str) -> bool {
        let Ok(Entry(Ok(product))) = serde_json::from_str::<Entry<wire::Product<'_>>>(text) else {
            return false;
        };
        if !product.is_likely() {
            return false;
        }
        self.place = Place::Named;
        self.take(Entry(Ok(product)));
        true
    }

    fn finish(mut self) -> Result<Page, ReadError> {
        let is_found = match self.place {
            Place::Nowhere => false,
            Place::Named => true,
            Place::Bare => self.n_objects > 0 || self.page.n_listed == 0,
        };
        if is_found {
            self.page.problems = self.log.finish();
            return Ok(self.page);
        }
        if let Some(errors) = self.errors {
            return Err(ReadError::Errors(errors));
        }
        let found = match self.place {
            Place::Bare => "no entry is an object".into(),
            _ if self.keys.is_empty() => "an empty object".into(),
            _ => format!("an object with {}", self.keys.join(", ")),
        };
        Err(ReadError::NotProducts(found))
    }

    /// Reads the next entry of a list; `false` at its end.
    fn next_of_list<'de, A: SeqAccess<'de>>(&mut self, list: &mut A) -> Result<bool, A::Error> {
        if self.budget == 0 {
            let next = list.next_element::<IgnoredAny>()?;
            return Ok(next.map(|_| self.refuse_unread()).is_some());
        }
        let next = match self.care {
            Care::Quick => list.next_element()?.map(|entry| self.take(entry)),
            Care::EntryByEntry => list.next_element()?.map(|raw| self.take_alone(raw)),
        };
        Ok(next.is_some())
    }

    /// Reads the value that is next in an object as an entry.
    fn next_of_map<'de, A: MapAccess<'de>>(&mut self, map: &mut A) -> Result<(), A::Error> {
        if self.budget == 0 {
            map.next_value::<IgnoredAny>()?;
            self.refuse_unread();
            return Ok(());
        }
        match self.care {
            Care::Quick => self.take(map.next_value()?),
            Care::EntryByEntry => self.take_alone(map.next_value()?),
        }
        Ok(())
    }

    fn take(&mut self, Entry(entry): Entry<wire::Product<'_>>) {
        let mut notes = Notes {
            log: &mut self.log,
            index: self.page.n_listed,
            id: None,
        };
        self.page.n_listed += 1;
        let wire = match entry {
            Ok(wire) => wire,
            Err(kind) => {
                let detail = format_args!("{kind} instead of a product");
                return notes.add(ProblemKind::ProductRefused, detail);
            }
        };
        self.n_objects += 1;
        let id = match build::read_id(&wire) {
            Ok(id) => id,
            Err(detail) => return notes.add(ProblemKind::ProductRefused, detail),
        };
        notes.id = Some(id.into());
        if !self.ids.insert(id) {
            return notes.add(ProblemKind::Duplicate, "stood earlier on the same page");
        }
        let product = build::product(wire, id, self.shop, &mut notes);
        self.budget = self.budget.saturating_sub(size_without_letters(&product));
        self.page.products.push(product);
    }

    /// Takes an entry that may be no clean JSON, mended if need be.
    fn take_alone(&mut self, raw: &RawValue) {
        let error = match serde_json::from_str(raw.get()) {
            Ok(entry) => return self.take(entry),
            Err(error) => error,
        };
        let mut json = Cow::Borrowed(raw.get());
        let mut details = vec![];
        if let Some(mended) = mend_surrogates(&json) {
            json = Cow::Owned(mended);
            details.push("half of a surrogate pair was replaced by U+FFFD");
        }
        if let Some(mended) = mend_numbers(&json) {
            json = Cow::Owned(mended);
            details.push("a number beyond the range of floats was left out");
        }
        let mut notes = Notes {
            log: &mut self.log,
            index: self.page.n_listed,
            id: readable_id(raw),
        };
        let Ok(entry) = serde_json::from_str::<Entry<wire::Product<'_>>>(&json) else {
            notes.add(ProblemKind::ProductRefused, error);
            self.page.n_listed += 1;
            self.n_objects += 1;
            return;
        };
        for detail in details {
            notes.add(ProblemKind::Field, detail);
        }
        self.take(entry);
    }

    fn refuse_unread(&mut self) {
        let mut notes = Notes {
            log: &mut self.log,
            index: self.page.n_listed,
            id: None,
        };
        let detail = "left out: the products take far more room than the answer";
        notes.add(ProblemKind::ProductRefused, detail);
        self.page.n_listed += 1;
    }
}

/// Returns whether the first key is an id, as in one product per line.
fn begins_like_a_product(text: &str) -> bool {
    let first_key = text.trim_start_matches('{').trim_ascii_start();
    first_key.starts_with("\"id\"") || first_key.starts_with("\"product_id\"")
}

/// Returns the id of a product whose other fields are unreadable.
fn readable_id(raw: &RawValue) -> Option<NativeId> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Ids<'a> {
        #[serde(borrow)]
        id: Scalar<'a>,
        #[serde(borrow)]
        product_id: Scalar<'a>,
    }

    let Object(ids) = serde_json::from_str::<Object<Ids<'_>>>(raw.get()).ok()?;
    let product = wire::Product {
        id: ids.id,
        product_id: ids.product_id,
        ..wire::Product::default()
    };
    build::read_id(&product).ok().map(NativeId::from)
}

fn size_without_letters(product: &catalog::Product) -> usize {
    let n_variants = product.variants.len();
    let n_options: usize = product.variants.iter().map(|it| it.options.len()).sum();
    let n_texts = product.tags.len() + product.options.len() + product.images.len() + n_options;
    // Of a variant's own texts the id is the one that is never empty.
    size_of::<catalog::Product>()
        + n_variants * (size_of::<catalog::Variant>() + ALLOCATION)
        + n_texts * (size_of::<String>() + ALLOCATION)
}

/// The outermost list or object.
struct Outermost<'r, 's>(&'r mut Reading<'s>);

impl<'de> Visitor<'de> for Outermost<'_, '_> {
    type Value = ();

    name_only!(@expecting);

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.0.place = Place::Bare;
        while self.0.next_of_list(&mut list)? {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let reading = self.0;
        while let Some(key) = map.next_key_seed(KeyOf(&mut reading.keys))? {
            match key {
                Key::Products | Key::Product if reading.place != Place::Named => {
                    let is_one = key == Key::Product;
                    map.next_value_seed(Listed { reading, is_one })?;
                }
                Key::Number if reading.place != Place::Named => {
                    reading.place = Place::Bare;
                    reading.next_of_map(&mut map)?;
                }
                Key::Errors => {
                    let errors: &RawValue = map.next_value()?;
                    reading.errors = readable_errors(errors);
                }
                Key::Id | Key::TitleOrVariants => {
                    reading.has_id |= key == Key::Id;
                    reading.has_product_key |= key == Key::TitleOrVariants;
                    map.next_value::<IgnoredAny>()?;
                }
                Key::Products | Key::Product | Key::Number | Key::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

fn readable_errors(raw: &RawValue) -> Option<String> {
    match serde_json::from_str(raw.get()) {
        Ok(Scalar::Missing | Scalar::Null) => None,
        Ok(Scalar::Text(text)) => Some(shortened(&text)),
        _ => Some(shortened(raw.get())),
    }
}

/// The value of a key that names products: a list, a map by ids, or one product.
struct Listed<'r, 's> {
    reading: &'r mut Reading<'s>,
    /// Whether an object is a product itself.
    is_one: bool,
}

impl<'de> DeserializeSeed<'de> for Listed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.is_one && self.reading.care == Care::EntryByEntry {
            let raw = <&RawValue>::deserialize(deserializer)?;
            if raw.get().starts_with('{') {
                self.reading.place = Place::Named;
                self.reading.take_alone(raw);
                return Ok(());
            }
            let mut json = serde_json::Deserializer::from_str(raw.get());
            return json.deserialize_any(self).map_err(D::Error::custom);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Listed<'_, '_> {
    type Value = ();

    name_only!(@expecting);
    name_only!(|_| () => null, boolean, number, text);

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.reading.place = Place::Named;
        while self.reading.next_of_list(&mut list)? {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let reading = self.reading;
        if self.is_one {
            reading.place = Place::Named;
            let map = serde::de::value::MapAccessDeserializer::new(map);
            reading.take(Entry::deserialize(map)?);
            return Ok(());
        }
        let mut keys = vec![];
        while let Some(key) = map.next_key_seed(KeyOf(&mut keys))? {
            if key == Key::Number {
                reading.place = Place::Named;
                reading.next_of_map(&mut map)?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// Reads a key, and remembers the first few.
struct KeyOf<'k>(&'k mut Vec<String>);

impl<'de> DeserializeSeed<'de> for KeyOf<'_> {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for KeyOf<'_> {
    type Value = Key;

    name_only!(@expecting);

    fn visit_str<E>(self, key: &str) -> Result<Key, E> {
        if self.0.len() < 5 {
            self.0.push(format!("{:?}", shortened(key)));
        }
        Ok(match key {
            "products" | "product_listings" => Key::Products,
            "product" => Key::Product,
            "errors" | "error" => Key::Errors,
            "id" | "product_id" => Key::Id,
            "title" | "variants" => Key::TitleOrVariants,
            _ if !key.is_empty() && key.bytes().all(|it| it.is_ascii_digit()) => Key::Number,
            _ => Key::Other,
        })
    }
}
