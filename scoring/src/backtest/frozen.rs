//! A product as it was known at a moment, from its history alone: nothing that was observed later can enter.

use std::collections::{HashMap, HashSet};

use catalog::{
    Availability, Currency, FeatureInputs, FeatureRow, Metrics, MetricsRow, Observation,
    ObservationKind, Offer, Product, ProductRecord, UnixMs, Variant,
};

/// What features are made of, as of a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Frozen {
    /// What the balanced score takes. The history keeps neither descriptions nor images nor tags: these are 0. Nor does
    /// it keep the product type and the date of publication: there is no type, and the date is that of creation.
    pub row: FeatureRow,
    /// What the classic score takes; tags, images and description are 0 here too.
    pub metrics: MetricsRow,
    /// What the variants offered, by variant id.
    pub offers: Vec<Offer>,
}

/// Returns `record` as it was known at `at`; `None` if it was not known then, or was gone.
///
/// Each variant offers what it had before its first change behind `at`, or what it has now. Variants that appeared
/// later are left out, and those that disappeared later are there. Of everything else that is stored now only the date
/// of creation is taken, which no platform changes, and only if it is not behind `at`. `currency` is the shop's, and
/// `confirmed_at` the end of the last pass that confirmed the product by then.
pub fn freeze(
    record: &ProductRecord,
    currency: Currency,
    confirmed_at: UnixMs,
    at: UnixMs,
) -> Option<Frozen> {
    if record.first_seen_at > at || is_gone(record, at) {
        return None;
    }
    let offers = offers(record, at);
    let now = &record.product;
    let product = Product {
        id: now.id.clone(),
        title: String::new(),
        handle: String::new(),
        vendor: String::new(),
        product_type: String::new(),
        body_html: String::new(),
        tags: Vec::new(),
        options: Vec::new(),
        variants: offers.iter().map(variant).collect(),
        images: Vec::new(),
        url: String::new(),
        created_at: None,
        // Shops publish a product anew at any time: that may have been behind `at`.
        published_at: now.created_at.filter(|&created| created <= at),
        updated_at: None,
    };
    Some(Frozen {
        metrics: MetricsRow {
            id: product.id.clone(),
            metrics: Metrics::of(&product),
        },
        row: FeatureRow {
            inputs: FeatureInputs::of(&product),
            currency,
            first_seen_at: record.first_seen_at,
            confirmed_at: confirmed_at.clamp(record.first_seen_at, at),
            id: product.id,
        },
        offers,
    })
}

/// Returns what was observed of the product at `at` or before, oldest first.
pub fn past(record: &ProductRecord, at: UnixMs) -> impl Iterator<Item = &Observation> {
    let rows = record.observations.iter().map(|(_, row)| row);
    rows.filter(move |row| row.at <= at)
}

fn is_gone(record: &ProductRecord, at: UnixMs) -> bool {
    let kinds = past(record, at).map(|row| row.kind);
    let comings = kinds.filter(|it| matches!(it, ObservationKind::Gone | ObservationKind::Back));
    comings.last() == Some(ObservationKind::Gone)
}

/// Returns the variants' offers at `at` by variant id, so that their order says nothing of what came later.
fn offers(record: &ProductRecord, at: UnixMs) -> Vec<Offer> {
    let later = record.observations.iter().map(|(_, row)| row);
    let later = later.filter(|row| row.at > at && row.kind == ObservationKind::Changed);
    let mut before: HashMap<&str, Option<Offer>> = HashMap::new();
    for row in later {
        // A row without either offer says nothing of what was there before.
        let is_empty = row.before.is_none() && row.after.is_none();
        if let (Some(variant), false) = (&row.variant, is_empty) {
            before.entry(variant).or_insert(row.before);
        }
    }
    let mut seen = HashSet::new();
    let mut offers: Vec<(&str, Offer)> = Vec::new();
    for variant in &record.product.variants {
        // Of variants that share an id the first counts, as when they were observed.
        if seen.insert(variant.id.as_str()) && !before.contains_key(variant.id.as_str()) {
            offers.push((&variant.id, Offer::of(variant)));
        }
    }
    let changed = before.into_iter();
    offers.extend(changed.filter_map(|(variant, offer)| Some((variant, offer?))));
    offers.sort_by_key(|(variant, _)| *variant);
    offers.into_iter().map(|(_, offer)| offer).collect()
}

/// Returns a variant with this offer. The history does not tell what a shop stated from what was worked out.
fn variant(offer: &Offer) -> Variant {
    Variant {
        id: String::new(),
        title: String::new(),
        options: Vec::new(),
        sku: None,
        price: offer.price,
        compare_at: offer.compare_at,
        availability: offer
            .available
            .map_or(Availability::Unknown, Availability::Stated),
        quantity: None,
    }
}
