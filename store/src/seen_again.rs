//! What both databases decide in the same way of a product that is seen again: what changed, and what stays known.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use catalog::{Availability, Offer, Product, StockMove, Variant};

/// Returns what the product as a whole offers: its least price, and whether some variant is available, where that is said.
pub(crate) fn whole_offer(product: &Product) -> Offer {
    Offer {
        price: product.price_range().map(|(least, _)| least),
        compare_at: None,
        available: product.in_stock(),
    }
}

/// What a variant offered before and offers now, and how its stock moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChangedOffer<'a> {
    pub(crate) variant: &'a str,
    pub(crate) before: Option<Offer>,
    pub(crate) after: Option<Offer>,
    pub(crate) stock: Option<StockMove>,
    pub(crate) said_before: Option<bool>,
}

impl ChangedOffer<'_> {
    fn is_same_to_buyers(&self) -> bool {
        matches!((self.before, self.after), (Some(before), Some(after)) if before.same(&after))
    }
}

/// Returns `product` as it is stored over the variants `old`: where it says nothing of a variant's availability, what was
/// said last stays known as such.
pub(crate) fn over<'a>(old: &[Variant], product: &'a Product) -> Cow<'a, Product> {
    let mut product = Cow::Borrowed(product);
    let is_unknown = |it: &Variant| it.availability == Availability::Unknown;
    if old.is_empty() || !product.variants.iter().any(is_unknown) {
        return product;
    }
    let before = by_id(old);
    for place in 0..product.variants.len() {
        let variant = &product.variants[place];
        let said = before.get(variant.id.as_str());
        if is_unknown(variant)
            && let Some(said) = said.and_then(|it| it.availability.last_said())
        {
            product.to_mut().variants[place].availability = Availability::Former(said);
        }
    }
    product
}

/// Of variants that share an id, which no platform should send, the first counts.
fn by_id(variants: &[Variant]) -> HashMap<&str, &Variant> {
    let mut by_id = HashMap::with_capacity(variants.len());
    for variant in variants {
        by_id.entry(variant.id.as_str()).or_insert(variant);
    }
    by_id
}

/// Returns the variants whose offers or stock differ: those of `new` in their order, then those that disappeared.
///
/// Of variants that share an id, which no platform should send, the first counts.
pub(crate) fn changed_offers<'a>(old: &'a [Variant], new: &'a [Variant]) -> Vec<ChangedOffer<'a>> {
    let before = by_id(old);
    let mut handled = HashSet::with_capacity(new.len());
    let mut changes = Vec::new();
    for variant in new {
        if !handled.insert(variant.id.as_str()) {
            continue;
        }
        let known = before.get(variant.id.as_str());
        let changed = ChangedOffer {
            variant: &variant.id,
            before: known.map(|it| Offer::of(it)),
            after: Some(Offer::of(variant)),
            stock: known.and_then(|it| StockMove::between(it, variant)),
            said_before: match (
                known.map(|it| it.availability),
                variant.availability.known(),
            ) {
                (Some(Availability::Former(said)), Some(_)) => Some(said),
                _ => None,
            },
        };
        if changed.stock.is_some() || !changed.is_same_to_buyers() {
            changes.push(changed);
        }
    }
    for variant in old {
        if handled.insert(&variant.id) {
            changes.push(ChangedOffer {
                variant: &variant.id,
                before: Some(Offer::of(variant)),
                after: None,
                stock: None,
                said_before: None,
            });
        }
    }
    changes
}
