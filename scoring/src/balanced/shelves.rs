//! Among whom a product is compared: its shop, currency and type as one small number.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use catalog::{Currency, FeatureRow, Platform, ProductId, ShopKey};

/// What products have in common that are compared most closely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Shelf {
    pub(super) shop: u32,
    pub(super) currency: Currency,
    /// 0 for products without a type.
    pub(super) type_key: u64,
}

/// All shelves, in the order in which they were first seen.
///
/// A product keeps one number of 32 bits; every group that it belongs to follows from its shelf.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shelves {
    shops: Vec<(Platform, ShopKey)>,
    shop_numbers: HashMap<(Platform, ShopKey), u32>,
    shelves: Vec<Shelf>,
    shelf_numbers: HashMap<Shelf, u32>,
    /// The one asked for last: products of a shop come together.
    last_shop: u32,
}

/// Groups of one kind: to which each shelf belongs.
#[derive(Debug, Clone)]
pub(crate) struct Groups {
    of_shelf: Vec<u32>,
    pub(super) n_groups: usize,
}

/// The group of shelves that belong to none.
const NONE: u32 = u32::MAX;

impl Shelves {
    /// Returns the number of the shelf of `row`, a new one if need be.
    pub(super) fn number(&mut self, row: &FeatureRow) -> u32 {
        let shelf = Shelf {
            shop: self.shop_number(&row.id),
            currency: row.currency,
            type_key: row.inputs.type_key,
        };
        let next = number(self.shelves.len());
        let found = *self.shelf_numbers.entry(shelf).or_insert(next);
        if found == next {
            self.shelves.push(shelf);
        }
        found
    }

    fn shop_number(&mut self, id: &ProductId) -> u32 {
        let last = self.shops.get(self.last_shop as usize);
        if last.is_none_or(|(platform, shop)| *shop != id.shop || *platform != id.platform) {
            let next = number(self.shops.len());
            let shop = (id.platform, id.shop.clone());
            self.last_shop = *self.shop_numbers.entry(shop.clone()).or_insert(next);
            if self.last_shop == next {
                self.shops.push(shop);
            }
        }
        self.last_shop
    }

    pub(super) fn shelf(&self, number: u32) -> &Shelf {
        &self.shelves[number as usize]
    }

    pub(super) fn shop(&self, shelf: u32) -> &(Platform, ShopKey) {
        &self.shops[self.shelf(shelf).shop as usize]
    }

    /// Returns whether a shelf's prices can be compared: not if nobody knows their currency and several shops
    /// are so.
    pub(super) fn have_price(&self) -> Vec<bool> {
        let unknown = self.shelves.iter().filter(|it| !it.currency.is_known());
        let n_shops = unknown.map(|it| it.shop).collect::<HashSet<_>>().len();
        let has_price = |it: &Shelf| it.currency.is_known() || n_shops <= 1;
        self.shelves.iter().map(has_price).collect()
    }

    /// Puts the shelves with the same key into one group; those without a key belong to none.
    pub(super) fn groups<K: Eq + Hash>(&self, key: impl Fn(&Shelf) -> Option<K>) -> Groups {
        let mut numbers = HashMap::new();
        let of_shelf = self.shelves.iter().map(|shelf| {
            key(shelf).map_or(NONE, |key| {
                let next = number(numbers.len());
                *numbers.entry(key).or_insert(next)
            })
        });
        Groups {
            of_shelf: of_shelf.collect(),
            n_groups: numbers.len(),
        }
    }
}

impl Groups {
    /// Returns the group of a shelf.
    pub(super) fn of(&self, shelf: u32) -> Option<usize> {
        match self.of_shelf[shelf as usize] {
            NONE => None,
            group => Some(group as usize),
        }
    }
}

/// Products, shops and shelves are counted in 32 bits: four billion of them fit into no memory.
pub(super) fn number(n: usize) -> u32 {
    u32::try_from(n).expect("a table of four billion products fits into no memory")
}
