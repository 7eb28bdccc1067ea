//! The products that a fake shop serves, kept as the exact JSON text of each, and how the shop presents them.

mod collection;
mod products;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::generate::Card;
use crate::{ShopProfile, generate};

pub use collection::Collection;
use products::{Entry, Products};

/// A catalogue to serve: made from a seed, or loaded from a saved products document.
///
/// Products keep their order and, unless they are edited, their bytes.
#[derive(Debug, Clone)]
pub struct Catalogue {
    /// The shop's name in `/meta.json` and on its pages.
    pub name: String,
    /// The shop's own domain in `/meta.json`.
    pub domain: String,
    /// The name that the platform gave the shop, in `/meta.json` and on its pages.
    ///
    /// The usual one, `<label>.myshopify.example`, exists nowhere (RFC 2606) and is none of the platform's.
    pub platform_domain: String,
    /// The country in `/meta.json`, ISO 3166-1 alpha-2.
    pub country: String,
    /// The currency in `/meta.json` and on the index page; `None` makes `/meta.json` answer 404.
    pub currency: Option<String>,
    products: Products,
    collections: Option<Vec<Collection>>,
    best_sellers: Option<Vec<usize>>,
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
        let products = generate::products(profile, n_products, seed).into_iter();
        let entries = products.map(|(handle, json)| Entry::made(handle, json));
        Self::of(profile, Products::Held(entries.collect()))
    }

    /// Returns as many products of a shop too large to hold: each is made when it is asked for, from `seed` and its
    /// own number, so none of them is one of [`Self::generate`]'s. Ids ascend.
    ///
    /// # Panics
    /// When a product is asked for and `profile` has no departments.
    pub fn large(profile: &ShopProfile, n_products: usize, seed: u64) -> Self {
        let made = Products::Made {
            profile: Box::new(*profile),
            seed,
            n_products,
            edited: BTreeMap::new(),
        };
        Self::of(profile, made)
    }

    fn of(profile: &ShopProfile, products: Products) -> Self {
        Self {
            name: profile.name.into(),
            domain: profile.domain.into(),
            platform_domain: platform_domain(profile.domain),
            country: profile.country.into(),
            currency: profile.currency.map(Into::into),
            products,
            collections: None,
            best_sellers: None,
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
            platform_domain: platform_domain("saved-shop.example"),
            country: "US".into(),
            currency: None,
            products: Products::Held(products.into_iter().map(Entry::from).collect()),
            collections: None,
            best_sellers: None,
        })
    }

    /// Returns the same catalogue of a shop that states `currency`, or none.
    #[must_use]
    pub fn with_currency(mut self, currency: Option<&str>) -> Self {
        self.currency = currency.map(Into::into);
        self
    }

    /// Returns the same catalogue of a shop to which the platform gave the name `host`.
    #[must_use]
    pub fn with_platform_domain(mut self, host: &str) -> Self {
        self.platform_domain = host.into();
        self
    }

    /// Returns the same catalogue in these collections alone. Usually there are a few that overlap and together show
    /// everything, `best-sellers` among them.
    #[must_use]
    pub fn with_collections(mut self, collections: Vec<Collection>) -> Self {
        self.collections = Some(collections);
        self
    }

    /// Returns the same catalogue with these products as its best-selling ones, best first, and no others.
    #[must_use]
    pub fn with_best_sellers(mut self, indexes: Vec<usize>) -> Self {
        self.best_sellers = Some(indexes);
        self
    }

    /// Returns the collections that the shop lists.
    pub fn collections(&self) -> Vec<Collection> {
        let usual = || collection::ordinary(self.len());
        self.collections.clone().unwrap_or_else(usual)
    }

    /// Returns the index of the product at `place` of the best-selling order, counted from 0.
    ///
    /// Usually the order holds every product once and has nothing to do with that of the list.
    pub fn best_seller(&self, place: usize) -> Option<usize> {
        if let Some(indexes) = &self.best_sellers {
            return indexes.get(place).copied().filter(|it| *it < self.len());
        }
        // A step that shares no factor with the number of products visits each once.
        let n_products = self.len();
        let step = (n_products / 3 + 1..).find(|step| gcd(*step, n_products) == 1)?;
        (place < n_products).then(|| (place * step + n_products / 2) % n_products)
    }

    /// Returns the number of products.
    pub fn len(&self) -> usize {
        self.products.len()
    }

    /// Returns whether there are no products.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the product at `index`.
    pub fn product(&self, index: usize) -> Option<Value> {
        let json = self.products.get(index)?;
        serde_json::from_str(json.get()).ok()
    }

    /// Adds a product at the end.
    pub fn push(&mut self, product: &Value) {
        self.products.held().push(Entry::of(product));
    }

    /// Takes out and returns the product at `index`; the later ones move up.
    ///
    /// # Panics
    /// When there is none.
    pub fn remove(&mut self, index: usize) -> Value {
        let entry = self.products.held().remove(index);
        serde_json::from_str(entry.json.get()).expect("raw JSON is JSON")
    }

    /// Changes the product at `index`, whose keys are in alphabetical order from then on.
    ///
    /// # Panics
    /// When there is none.
    pub fn edit(&mut self, index: usize, change: impl FnOnce(&mut Value)) {
        let json = self.products.get(index).expect("there is such a product");
        let mut product = serde_json::from_str(json.get()).expect("raw JSON is JSON");
        change(&mut product);
        self.products.replace(index, &product);
    }

    /// Returns the whole catalogue as one `{"products":[..]}` document, such as [`Self::from_json`] reads.
    pub fn to_json(&self) -> Vec<u8> {
        self.document(0..self.len())
    }

    /// Returns the document of page `page`, counted from 1, at `limit` products per page.
    pub fn page_json(&self, page: usize, limit: usize) -> Vec<u8> {
        let start = page.saturating_sub(1).saturating_mul(limit).min(self.len());
        let end = start.saturating_add(limit).min(self.len());
        self.document(start..end)
    }

    /// Returns the same of a collection; `None` where there is none of this name. Every shop has `all`.
    pub(crate) fn collection_page(
        &self,
        handle: &str,
        page: usize,
        limit: usize,
    ) -> Option<Vec<u8>> {
        let listed = self.collections();
        let found = listed.into_iter().find(|it| it.handle == handle);
        let collection = found.or_else(|| (handle == "all").then(collection::all))?;
        let start = page.saturating_sub(1).saturating_mul(limit);
        let places = start..start.saturating_add(limit).min(collection.len(self));
        Some(self.document(places.filter_map(|place| collection.index(self, place))))
    }

    /// Returns where products are by their handles, those left out that [`Self::made_at`] finds.
    pub(crate) fn handles(&self) -> HashMap<Box<str>, usize> {
        self.products.handles()
    }

    /// Returns where the product with this handle is, if it is made when it is asked for.
    pub(crate) fn made_at(&self, handle: &str) -> Option<usize> {
        self.products.made_at(handle)
    }

    /// Returns the indexes of all products that have an id, ascending by it.
    pub(crate) fn by_id(&self) -> Vec<(u64, usize)> {
        self.products.by_id()
    }

    /// Returns what a list of all products names of one; `None` where it has no handle.
    pub(crate) fn card(&self, index: usize) -> Option<Card> {
        self.products.card(index)
    }

    fn document(&self, indexes: impl Iterator<Item = usize>) -> Vec<u8> {
        let products: Vec<Cow<'_, RawValue>> = indexes
            .filter_map(|index| self.products.get(index))
            .collect();
        serde_json::to_vec(&Document { products }).expect("raw JSON serializes")
    }
}

fn platform_domain(domain: &str) -> String {
    let label = domain.split('.').next().unwrap_or_default();
    format!("{label}.myshopify.example")
}

const fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saved_document_keeps_its_order_its_bytes_and_its_oddities() {
        let document = br#"{"products":[{"title":"b","id":2,"handle":"b"},{"id": "x"},7,{"id":1,"handle":"a"}]}"#;
        let catalogue = Catalogue::from_json(document).unwrap();
        assert_eq!(catalogue.to_json(), document);
        let handles = HashMap::from([("b".into(), 0), ("a".into(), 3)]);
        assert_eq!(catalogue.handles(), handles);
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

    #[test]
    fn a_large_shop_makes_the_same_products_again_and_keeps_what_is_changed() {
        let mut large = Catalogue::large(&crate::NORTH_LOFT, 60_000, 3);
        let product = large.product(59_999).unwrap();
        assert_eq!(large.product(59_999).unwrap(), product);
        assert_eq!(large.by_id()[59_999].0, product["id"].as_u64().unwrap());
        let handle = product["handle"].as_str().unwrap();
        assert_eq!(large.card(59_999).unwrap().handle, handle);
        assert_eq!(large.made_at(handle), Some(59_999));
        assert_eq!(large.product(60_000), None);

        large.edit(59_999, |product| product["handle"] = "renamed".into());
        assert_eq!(large.made_at(handle), None);
        assert_eq!(large.handles()["renamed"], 59_999);
        assert_eq!(large.product(59_999).unwrap()["id"], product["id"]);
    }

    #[test]
    fn the_best_selling_order_holds_every_product_once() {
        for n_products in [1, 2, 30, 1_000] {
            let catalogue = Catalogue::large(&crate::NORTH_LOFT, n_products, 1);
            let places = (0..n_products + 1).map_while(|place| catalogue.best_seller(place));
            let mut order: Vec<usize> = places.collect();
            order.sort_unstable();
            assert_eq!(order, (0..n_products).collect::<Vec<_>>());
        }
        let none = Catalogue::from_json(br#"{"products":[]}"#).unwrap();
        assert_eq!(none.best_seller(0), None);
    }

    #[test]
    fn the_usual_collections_overlap_and_show_everything() {
        let catalogue = Catalogue::large(&crate::NORTH_LOFT, 25_001, 1);
        let mut n_shown = 0;
        let mut seen = std::collections::HashSet::new();
        for collection in catalogue.collections() {
            let n_products = collection.len(&catalogue);
            assert!(n_products < 25_000);
            n_shown += n_products;
            seen.extend((0..n_products).filter_map(|place| collection.index(&catalogue, place)));
        }
        assert!(n_shown > seen.len());
        assert_eq!(seen.len(), catalogue.len());
    }
}
