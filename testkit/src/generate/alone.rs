//! Products that are made one at a time, each from its own number: a shop of any size costs no memory.

use serde_json::value::RawValue;

use crate::ShopProfile;

use super::{Head, Maker};

/// Between two product ids; variants and images have room for the most that a product has.
const ID_STEP: u64 = 1_000_003;
const VARIANT_STEP: u64 = 2_000_000_000;
const IMAGE_STEP: u64 = 400_000_000;

/// What a list of all products names of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Card {
    pub(crate) handle: String,
    pub(crate) title: String,
    pub(crate) updated_at: String,
}

/// Returns the id of product `index`, without making it.
pub(crate) const fn id_of(index: usize) -> u64 {
    7_000_000_000_000 + (index as u64 + 1) * ID_STEP
}

/// Returns the names of product `index`, without making the rest of it.
pub(crate) fn card(profile: &ShopProfile, seed: u64, index: usize) -> Card {
    let (_, head) = begun(profile, seed, index);
    Card {
        handle: head.handle,
        title: head.title,
        updated_at: head.dates.updated,
    }
}

/// Returns the JSON text of product `index`.
pub(crate) fn alone(profile: &ShopProfile, seed: u64, index: usize) -> Box<RawValue> {
    let (mut maker, head) = begun(profile, seed, index);
    maker.rest(&head)
}

fn begun(profile: &ShopProfile, seed: u64, index: usize) -> (Maker<'_>, Head) {
    let n = index as u64;
    let own_seed = (seed.rotate_left(32) ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut maker = Maker::new(profile, own_seed);
    maker.last_variant_id += n * VARIANT_STEP;
    maker.last_image_id += n * IMAGE_STEP;
    let mut head = maker.head();
    head.id = id_of(index);
    head.handle = format!("{}-{index}", head.handle);
    (maker, head)
}
