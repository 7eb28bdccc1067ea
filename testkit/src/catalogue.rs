//! The products that a fake shop serves, kept as the exact JSON text of each.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use crate::{ShopProfile, generate};

/// A catalogue to serve: made from a seed, or loaded from a saved products document.
///
/// Products keep their order and, unless they are edited, their bytes.
#[derive(Debug, Clone)]
pub struct Catalogue {
    /// The shop's name in `/meta.json` and on its pages.
    pub name: String,
    /// The shop's own domain in `/meta.json`.
    pub domain: String,
    /// The country in `/meta.json`, ISO 3166-1 alpha-2.
    pub country: String,
    /// The currency in `/meta.json` and on the index page; `None` makes `/meta.json` answer 404.
    pub currency: Option<String>,
    products: Vec<Entry>,
}

/// The JSON text of one product, and its handle where it has one.
#[derive(Debug, Clone)]
struct Entry {
    json: Box<RawValue>,
    handle: Option<Box<str>>,
}

/// A document of the storefront endpoint.
#[derive(Serialize, Deserialize)]
struct Document<P> {
    products: P,
}

impl Catalogue {
    /// Returns `n_products` made-up products of a shop like `profile`.
    ///
    /// The same arguments give the same bytes on every platform, and a longer catalogue of the same seed
    /// begins with the shorter one. Its dates lie before 2025-06-01.
    ///
    /// # Panics
    /// When `profile` has no departments.
    pub fn generate(profile: &ShopProfile, n_products: usize, seed: u64) -> Self {
        Self {
            name: profile.name.into(),
            domain: profile.domain.into(),
            country: profile.country.into(),
            currency: profile.currency.map(Into::into),
            products: generate::products(profile, n_products, seed)
                .into_iter()
                .map(|(handle, json)| Entry {
                    json,
                    handle: Some(handle.into()),
                })
                .collect(),
        }
    }

    /// Reads a saved `{"products":[..]}` document; products are kept as they are, whatever they hold.
    ///
    /// The document says nothing about the shop: it becomes one without a currency.
    ///
    /// # Errors
    /// When `document` is not JSON, or not an object with a list of products.
    pub fn from_json(document: &[u8]) -> Result<Self, serde_json::Error> {
        let Document { products } =
            serde_json::from_slice::<Document<Vec<Box<RawValue>>>>(document)?;
        Ok(Self {
            name: "Saved Shop".into(),
            domain: "saved-shop.example".into(),
            country: "US".into(),
            currency: None,
            products: products.into_iter().map(Entry::from).collect(),
        })
    }

    /// Returns the same catalogue of a shop that states `currency`, or none.
    #[must_use]
    pub fn with_currency(mut self, currency: Option<&str>) -> Self {
        self.currency = currency.map(Into::into);
        self
    }

    /// Returns the number of products.
    pub fn len(&self) -> usize {
        self.products.len()
    }

    /// Returns whether there are no products.
    pub fn is_empty(&self) -> bool {
        self.products.is_empty()
    }

    /// Returns the product at `index`.
    pub fn product(&self, index: usize) -> Option<Value> {
        let entry = self.products.get(index)?;
        serde_json::from_str(entry.json.get()).ok()
    }

    /// Adds a product at the end.
    pub fn push(&mut self, product: &Value) {
        self.products.push(Entry::of(product));
    }

    /// Takes out and returns the product at `index`; the later ones move up.
    ///
    /// # Panics
    /// When there is none.
    pub fn remove(&mut self, index: usize) -> Value {
        let entry = self.products.remove(index);
        serde_json::from_str(entry.json.get()).expect("raw JSON is JSON")
    }

    /// Changes the product at `index`, whose keys are in alphabetical order from then on.
    ///
    /// # Panics
    /// When there is none.
    pub fn edit(&mut self, index: usize, change: impl FnOnce(&mut Value)) {
        let entry = &mut self.products[index];
        let mut product = serde_json::from_str(entry.json.get()).expect("raw JSON is JSON");
        change(&mut product);
        *entry = Entry::of(&product);
    }

    /// Returns the whole catalogue as one `{"products":[..]}` document, such as [`Self::from_json`] reads.
    pub fn to_json(&self) -> Vec<u8> {
        document(&self.products)
    }

    /// Returns the document of page `page`, counted from 1, at `limit` products per page.
    pub fn page_json(&self, page: usize, limit: usize) -> Vec<u8> {
        let start = page.saturating_sub(1).saturating_mul(limit).min(self.len());
        let end = start.saturating_add(limit).min(self.len());
        document(&self.products[start..end])
    }

    /// Returns the handles with their products' indexes; products without a handle are left out.
    pub(crate) fn handles(&self) -> impl Iterator<Item = (&str, usize)> {
        let entries = self.products.iter().enumerate();
        entries.filter_map(|(index, entry)| Some((entry.handle.as_deref()?, index)))
    }
}

impl Entry {
    fn of(product: &Value) -> Self {
        to_raw_value(product)
            .expect("a JSON value serializes")
            .into()
    }
}

impl From<Box<RawValue>> for Entry {
    fn from(json: Box<RawValue>) -> Self {
        let product: Value = serde_json::from_str(json.get()).unwrap_or_default();
        let handle = product["handle"].as_str().map(Into::into);
        Self { json, handle }
    }
}

fn document(entries: &[Entry]) -> Vec<u8> {
    let products: Vec<&RawValue> = entries.iter().map(|entry| &*entry.json).collect();
    serde_json::to_vec(&Document { products }).expect("raw JSON serializes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saved_document_keeps_its_order_its_bytes_and_its_oddities() {
        let document = br#"{"products":[{"title":"b","id":2,"handle":"b"},{"id": "x"},7,{"id":1,"handle":"a"}]}"#;
        let catalogue = Catalogue::from_json(document).unwrap();
        assert_eq!(catalogue.to_json(), document);
        assert_eq!(
            catalogue.handles().collect::<Vec<_>>(),
            [("b", 0), ("a", 3)]
        );
    }

    #[test]
    fn a_document_without_products_is_refused() {
        assert!(Catalogue::from_json(br#"{"items":[]}"#).is_err());
        assert!(Catalogue::from_json(b"<html>").is_err());
    }

    #[test]
    fn editing_adding_and_removing_change_the_document() {
        let mut catalogue = Catalogue::from_json(br#"{"products":[{"id":1},{"id":2}]}"#).unwrap();
        catalogue.edit(0, |product| product["handle"] = "renamed".into());
        assert_eq!(catalogue.remove(1)["id"], 2);
        catalogue.push(&serde_json::json!({"id": 3}));
        let expected = br#"{"products":[{"handle":"renamed","id":1},{"id":3}]}"#;
        assert_eq!(catalogue.to_json(), expected);
    }
}
