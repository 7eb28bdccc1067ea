//! Products with a history for tests, made step by step as a store would make them.

use catalog::{
    Availability, CrawlKey, Currency, Money, Observation, ObservationKind, Offer, Product,
    ProductRecord, UnixMs, Variant,
};

pub(super) fn day(n: i64) -> UnixMs {
    UnixMs::new(n * 86_400_000)
}

pub(super) fn offer(price: i64, compare_at: Option<i64>, available: bool) -> Offer {
    let money = |minor| Money::new(minor, Currency::UNKNOWN);
    Offer {
        price: Some(money(price)),
        compare_at: compare_at.map(money),
        available: Some(available),
    }
}

/// Returns a product without variants that was first seen on `first_day`.
pub(super) fn seen(shop: &str, native: u64, first_day: i64) -> ProductRecord {
    let product = Product {
        id: format!("shopify:{shop}:{native}").parse().unwrap(),
        title: "Lamp".into(),
        handle: "lamp".into(),
        vendor: "Nord".into(),
        product_type: "Light".into(),
        body_html: "<p>Oak</p>".into(),
        tags: vec!["oak".into()],
        options: vec![],
        variants: vec![],
        images: vec!["https://shop.example/1.jpg".into()],
        url: String::new(),
        created_at: None,
        published_at: None,
        updated_at: None,
    };
    let mut record = ProductRecord {
        product,
        first_seen_at: day(first_day),
        stored_at: day(first_day),
        gone_at: None,
        observations: vec![],
    };
    observe(&mut record, ObservationKind::New, first_day);
    record
}

/// Appends a row to the history, and returns it.
pub(super) fn observe(
    record: &mut ProductRecord,
    kind: ObservationKind,
    on_day: i64,
) -> &mut Observation {
    let n = record.observations.len() as u64 + 1;
    let row = Observation {
        product: record.product.id.clone(),
        variant: None,
        kind,
        at: day(on_day),
        crawl: CrawlKey {
            shop: record.product.id.shop.clone(),
            n,
        },
        before: None,
        after: None,
        stock: None,
        content_hash: None,
        rank: None,
        source: None,
        n_places: None,
        said_before: None,
    };
    record.observations.push((n, row));
    &mut record.observations.last_mut().unwrap().1
}

/// Gives a variant another offer, makes it appear, or, without an offer, disappear; before the first day silently.
pub(super) fn set(record: &mut ProductRecord, id: &str, after: Option<Offer>, on_day: i64) {
    let variants = &mut record.product.variants;
    let place = variants.iter().position(|variant| variant.id == id);
    let before = place.map(|place| Offer::of(&variants[place]));
    if before == after {
        return;
    }
    let made = after.map(|offer| Variant {
        id: id.into(),
        title: String::new(),
        options: vec![],
        sku: None,
        price: offer.price,
        compare_at: offer.compare_at,
        availability: offer
            .available
            .map_or(Availability::Unknown, Availability::Stated),
        quantity: None,
    });
    match (place, made) {
        (Some(place), Some(made)) => variants[place] = made,
        (Some(place), None) => drop(variants.remove(place)),
        (None, made) => variants.extend(made),
    }
    if day(on_day) > record.first_seen_at {
        let row = observe(record, ObservationKind::Changed, on_day);
        row.variant = Some(id.into());
        (row.before, row.after) = (before, after);
    }
}

/// Appends a place in the best-selling order.
pub(super) fn place(record: &mut ProductRecord, rank: u32, on_day: i64) {
    observe(record, ObservationKind::Ranked, on_day).rank = Some(rank);
}
