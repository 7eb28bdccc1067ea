//! The collections of a shop: which of its products each one shows, and in which order.

use super::Catalogue;

/// A named list of some of a shop's products.
#[derive(Debug, Clone)]
pub struct Collection {
    /// The name in addresses.
    pub handle: String,
    /// The name on pages.
    pub title: String,
    picks: Picks,
}

#[derive(Debug, Clone)]
enum Picks {
    First(usize),
    BestSellers(usize),
    EveryNth { n: usize, at: usize },
    These(Vec<usize>),
}

/// Products per shelf of a large shop, so that the wall cuts none of them off.
const SHELF: usize = 10_000;

impl Collection {
    /// Returns a collection of the products at `indexes`, in that order; those that there are not are left out.
    pub fn new(handle: &str, indexes: impl IntoIterator<Item = usize>) -> Self {
        Self::of(handle, Picks::These(indexes.into_iter().collect()))
    }

    fn of(handle: &str, picks: Picks) -> Self {
        Self {
            handle: handle.into(),
            title: handle.replace('-', " "),
            picks,
        }
    }

    /// Returns the number of products in it.
    pub fn len(&self, catalogue: &Catalogue) -> usize {
        let n_products = catalogue.len();
        match &self.picks {
            Picks::First(most) | Picks::BestSellers(most) => n_products.min(*most),
            Picks::EveryNth { n, at } => n_products.saturating_sub(*at).div_ceil(*n),
            Picks::These(indexes) => indexes.iter().filter(|it| **it < n_products).count(),
        }
    }

    /// Returns the index in the catalogue of the product at `place`.
    pub(crate) fn index(&self, catalogue: &Catalogue, place: usize) -> Option<usize> {
        if place >= self.len(catalogue) {
            return None;
        }
        match &self.picks {
            Picks::First(_) => Some(place),
            Picks::BestSellers(_) => catalogue.best_seller(place),
            Picks::EveryNth { n, at } => Some(at + place * n),
            Picks::These(indexes) => {
                let mut there = indexes.iter().filter(|it| **it < catalogue.len());
                there.nth(place).copied()
            }
        }
    }
}

/// Returns the collections of an ordinary shop: some overlap, and together they show everything.
pub(super) fn ordinary(n_products: usize) -> Vec<Collection> {
    let n_shelves = n_products.div_ceil(SHELF).max(3);
    let shelves = (0..n_shelves).map(|at| {
        let picks = Picks::EveryNth { n: n_shelves, at };
        Collection::of(&format!("shelf-{}", at + 1), picks)
    });
    [
        Collection::of("frontpage", Picks::First(8)),
        Collection::of("best-sellers", Picks::BestSellers(24)),
        Collection::of("new-in", Picks::First(n_products.div_ceil(10))),
    ]
    .into_iter()
    .chain(shelves)
    .collect()
}

/// Returns the collection `all`, which every shop has and none lists.
pub(super) fn all() -> Collection {
    Collection::of("all", Picks::First(usize::MAX))
}
