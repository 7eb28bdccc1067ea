//! The products themselves: held as JSON text, or made each time that they are asked for.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use crate::ShopProfile;
use crate::generate::{self, Card};

/// The products of a catalogue, in the order of its list.
#[derive(Debug, Clone)]
pub(super) enum Products {
    Held(Vec<Entry>),
    Made {
        profile: Box<ShopProfile>,
        seed: u64,
        n_products: usize,
        edited: BTreeMap<usize, Entry>,
    },
}

/// The JSON text of one product, and its handle where it has one.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) json: Box<RawValue>,
    handle: Option<Box<str>>,
}

impl Products {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Held(entries) => entries.len(),
            Self::Made { n_products, .. } => *n_products,
        }
    }

    pub(super) fn get(&self, index: usize) -> Option<Cow<'_, RawValue>> {
        match self {
            Self::Held(entries) => entries.get(index).map(|it| Cow::Borrowed(&*it.json)),
            Self::Made { edited, .. } if edited.contains_key(&index) => {
                edited.get(&index).map(|it| Cow::Borrowed(&*it.json))
            }
            Self::Made {
                profile,
                seed,
                n_products,
                ..
            } => (index < *n_products).then(|| Cow::Owned(generate::alone(profile, *seed, index))),
        }
    }

    /// Puts `product` in the place of another one.
    pub(super) fn replace(&mut self, index: usize, product: &Value) {
        let entry = Entry::of(product);
        match self {
            Self::Held(entries) => entries[index] = entry,
            Self::Made { edited, .. } => drop(edited.insert(index, entry)),
        }
    }

    /// Returns the products as a list that can grow and shrink; made ones are held from then on.
    pub(super) fn held(&mut self) -> &mut Vec<Entry> {
        if let Self::Made { n_products, .. } = *self {
            let entries = (0..n_products).filter_map(|index| self.get(index));
            *self = Self::Held(entries.map(|json| Entry::from(json.into_owned())).collect());
        }
        match self {
            Self::Held(entries) => entries,
            Self::Made { .. } => unreachable!("they were made above"),
        }
    }

    /// Returns the indexes of the products that have an id, ascending by it.
    pub(super) fn by_id(&self) -> Vec<(u64, usize)> {
        let mut ids: Vec<(u64, usize)> = match self {
            Self::Held(entries) => {
                let read = |(index, entry): (usize, &Entry)| Some((wire(&entry.json)?.id?, index));
                entries.iter().enumerate().filter_map(read).collect()
            }
            Self::Made { n_products, .. } => (0..*n_products)
                .map(|index| (generate::id_of(index), index))
                .collect(),
        };
        ids.sort_unstable();
        ids
    }

    /// Returns what a list of all products names of one; `None` where it has no handle.
    pub(super) fn card(&self, index: usize) -> Option<Card> {
        if let Self::Made {
            profile,
            seed,
            edited,
            ..
        } = self
            && !edited.contains_key(&index)
        {
            return (index < self.len()).then(|| generate::card(profile, *seed, index));
        }
        let json = self.get(index)?;
        let product = wire(&json)?;
        Some(Card {
            handle: product.handle?.into_owned(),
            title: product.title.unwrap_or_default().into_owned(),
            updated_at: product.updated_at.unwrap_or_default().into_owned(),
        })
    }

    /// Returns where the products with these handles are that cannot be told from the handle alone.
    pub(super) fn handles(&self) -> HashMap<Box<str>, usize> {
        let handle = |index: usize, entry: &Entry| Some((entry.handle.clone()?, index));
        match self {
            Self::Held(entries) => entries
                .iter()
                .enumerate()
                .filter_map(|(index, entry)| handle(index, entry))
                .collect(),
            Self::Made { edited, .. } => edited
                .iter()
                .filter_map(|(index, entry)| handle(*index, entry))
                .collect(),
        }
    }

    /// Returns the place of a made product, which its handle ends with.
    pub(super) fn made_at(&self, handle: &str) -> Option<usize> {
        let Self::Made { edited, .. } = self else {
            return None;
        };
        let index: usize = handle.rsplit_once('-')?.1.parse().ok()?;
        let is_it = !edited.contains_key(&index) && self.card(index)?.handle == handle;
        is_it.then_some(index)
    }
}

impl Entry {
    pub(super) fn of(product: &Value) -> Self {
        to_raw_value(product)
            .expect("a JSON value serializes")
            .into()
    }

    pub(super) fn made(handle: String, json: Box<RawValue>) -> Self {
        Self {
            json,
            handle: Some(handle.into()),
        }
    }
}

impl From<Box<RawValue>> for Entry {
    fn from(json: Box<RawValue>) -> Self {
        let handle = wire(&json).and_then(|it| Some(it.handle?.into()));
        Self { json, handle }
    }
}

/// What is read of a product; nothing of one whose fields are of other types.
#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(default)]
    id: Option<u64>,
    #[serde(borrow, default)]
    handle: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    title: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    updated_at: Option<Cow<'a, str>>,
}

fn wire(json: &RawValue) -> Option<Wire<'_>> {
    serde_json::from_str(json.get()).ok()
}
