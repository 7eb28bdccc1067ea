//! The first places, under caps.

use std::collections::HashMap;
use std::hash::Hash;

use catalog::Stability;

use super::shelves::number;
use super::stability::{self, Sureness};
use super::{List, Place, Scores};

/// What a coverage may be short of the number that it is shown as.
const ROUNDING: f64 = 1e-9;

/// A product, and its place before caps, from 0.
#[derive(Debug, Clone, Copy)]
struct Listed {
    index: u32,
    before_caps: usize,
}

impl Scores {
    /// Returns the first `k` places under the preset's caps, with their stability.
    ///
    /// The stability is left out where the draws times the places, and times the products that stood there without
    /// caps, pass ten million.
    pub fn top(&self, k: usize) -> List {
        self.top_covered(k, 0.0)
    }

    /// Returns the first `k` places of products whose coverage is `least` at least, under the preset's caps; all
    /// else as [`Scores::top`]. The stability stays that of the first `k` of the whole order.
    pub fn top_covered(&self, k: usize, least: f64) -> List {
        let k = k.min(self.len());
        let scores = self.scores();
        let order = self.first(&scores, k, least);
        let listed = self.capped(&order, k, least);
        let mut tracked = order[..k].to_vec();
        tracked.extend(
            listed
                .iter()
                .filter(|it| it.before_caps >= k)
                .map(|it| it.index),
        );
        let Sureness { places, list } = stability::of(self, &tracked, k);
        let mut behind = k..;
        let places = listed.into_iter().map(|Listed { index, before_caps }| {
            let slot = match before_caps {
                first if first < k => Some(first),
                _ => behind.next(),
            };
            let stability = slot.and_then(|slot| places.get(slot)).copied();
            self.place(
                index as usize,
                before_caps,
                scores[index as usize],
                stability,
            )
        });
        List {
            places: places.collect(),
            stability: list,
        }
    }

    /// Returns the greatest `k` whose list surely has a stability; `None` where the preset draws no weights.
    ///
    /// Caps and a `least` coverage may bring in as many more products as there are places.
    pub fn most_places_drawn(&self, least: f64) -> Option<usize> {
        let most = stability::most_tracked(self)?;
        Some(match self.may_leave_out(least) {
            true => most / 2,
            false => most,
        })
    }

    fn may_leave_out(&self, least: f64) -> bool {
        let has_caps = self.settings.max_per_store > 0 || self.settings.max_per_category > 0;
        has_caps || least > 0.0
    }

    /// Returns the order of the first `k` products at least: if none is left out no more are needed.
    fn first(&self, scores: &[f64], k: usize, least: f64) -> Vec<u32> {
        let mut order: Vec<u32> = (0..number(self.len())).collect();
        if !self.may_leave_out(least) && k < order.len() {
            // The order is total, so the first k of a selection are the first k of a full sort.
            order.select_nth_unstable_by(k, |one, two| self.compare(scores, *one, *two));
            order.truncate(k);
        }
        order.sort_unstable_by(|one, two| self.compare(scores, *one, *two));
        order
    }

    /// Walks down the order and leaves out what is over a cap or covered too little, until there are `k`.
    fn capped(&self, order: &[u32], k: usize, least: f64) -> Vec<Listed> {
        let (mut of_shops, mut of_types) = (HashMap::new(), HashMap::new());
        let mut listed = Vec::with_capacity(k);
        for (before_caps, index) in order.iter().copied().enumerate() {
            if listed.len() == k {
                break;
            }
            if !self.is_covered(index as usize, least) {
                continue;
            }
            let shelf = self.shelves.shelf(self.shelf_of[index as usize]);
            let shop = room(&mut of_shops, shelf.shop, self.settings.max_per_store);
            // Products without a type have no type in common.
            let most = match shelf.type_key {
                0 => 0,
                _ => self.settings.max_per_category,
            };
            let of_type = room(&mut of_types, shelf.type_key, most);
            if let (Some(shop), Some(of_type)) = (shop, of_type) {
                *shop += 1;
                *of_type += 1;
                listed.push(Listed { index, before_caps });
            }
        }
        listed
    }

    /// Returns whether a product's coverage is `least` at least, as a list takes it.
    pub fn is_covered(&self, index: usize, least: f64) -> bool {
        self.coverage(index) >= least - ROUNDING
    }

    fn place(
        &self,
        index: usize,
        before_caps: usize,
        score: f64,
        stability: Option<Stability>,
    ) -> Place {
        Place {
            index,
            rank_uncapped: number(before_caps + 1),
            score,
            coverage: self.coverage(index),
            contributions: self.contributions(index),
            stability,
        }
    }
}

/// Returns the count of a group that has room for one more, if it has; 0 is any number.
fn room<K: Eq + Hash>(counts: &mut HashMap<K, u32>, key: K, most: u32) -> Option<&mut u32> {
    let count = counts.entry(key).or_insert(0);
    (most == 0 || *count < most).then_some(count)
}
