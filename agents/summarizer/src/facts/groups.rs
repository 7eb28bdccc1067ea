//! Counting what products have in common: shops, types, brands.

use std::collections::HashMap;
use std::hash::Hash;

/// How often something occurs, and at which place first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Group<K> {
    pub(super) key: K,
    pub(super) n: usize,
    /// Where it occurs first, from 1.
    pub(super) first: usize,
}

/// Counts the keys; most frequent first, equals by where they occur first.
pub(super) fn groups<K: Hash + Eq + Copy>(keys: impl Iterator<Item = K>) -> Vec<Group<K>> {
    let mut positions: HashMap<K, usize> = HashMap::new();
    let mut groups: Vec<Group<K>> = Vec::new();
    for (key, place) in keys.zip(1..) {
        let at = *positions.entry(key).or_insert(groups.len());
        match groups.get_mut(at) {
            Some(group) => group.n += 1,
            None => groups.push(Group {
                key,
                n: 1,
                first: place,
            }),
        }
    }
    groups.sort_by(|one, two| two.n.cmp(&one.n).then(one.first.cmp(&two.first)));
    groups
}
