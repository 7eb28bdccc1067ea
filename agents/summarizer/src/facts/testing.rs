//! Products, histories and rankings for this room's tests.

use catalog::{
    Availability, CrawlKey, Currency, Money, Observation, ObservationKind, ObservedRow, Offer,
    PopularitySource, Product, ProductRow, RankedRow, Ranking, UnixMs, Variant,
};

use proptest::prelude::*;

use super::FactSheet;

pub(crate) fn at(day: &str) -> UnixMs {
    UnixMs::parse(&format!("{day}T09:00:00Z")).unwrap()
}

pub(crate) fn money(text: &str) -> Money {
    let (number, code) = text.split_once(' ').unwrap_or((text, "EUR"));
    Money::parse(number, Currency::parse(code).unwrap()).unwrap()
}

/// Returns a variant by its title, which is also its id and its options: `Black / M`.
pub(crate) fn variant(title: &str, price: &str, available: Option<bool>) -> Variant {
    Variant {
        id: title.to_owned(),
        title: title.to_owned(),
        options: title.split(" / ").map(str::to_owned).collect(),
        sku: None,
        price: Some(money(price)),
        compare_at: None,
        availability: available.map_or(Availability::Unknown, Availability::Stated),
        quantity: None,
    }
}

/// Returns a lamp in one form, for 49 euros.
pub(crate) fn lamp() -> Product {
    Product {
        id: "shopify:shop.example:1".parse().unwrap(),
        title: "Brass Lamp".to_owned(),
        handle: "brass-lamp".to_owned(),
        vendor: "Acme".to_owned(),
        product_type: "Lamps".to_owned(),
        body_html: "<p>A lamp of <b>solid</b> brass.</p>".to_owned(),
        tags: ["brass", "lamp", "Brass"].map(str::to_owned).to_vec(),
        options: vec!["Title".to_owned()],
        variants: vec![variant("Default Title", "49", Some(true))],
        images: vec![String::new(); 3],
        url: "https://shop.example/products/brass-lamp".to_owned(),
        created_at: None,
        published_at: Some(at("2026-03-03")),
        updated_at: None,
    }
}

/// Returns a product with nothing in it.
pub(crate) fn nothing() -> Product {
    Product {
        title: String::new(),
        vendor: String::new(),
        product_type: String::new(),
        body_html: String::new(),
        tags: vec![],
        options: vec![],
        variants: vec![],
        images: vec![],
        published_at: None,
        ..lamp()
    }
}

/// Returns a row of the lamp's history without an offer.
pub(crate) fn observed(kind: ObservationKind, day: &str) -> Observation {
    Observation {
        product: lamp().id,
        variant: None,
        kind,
        at: at(day),
        crawl: CrawlKey {
            shop: lamp().id.shop,
            n: 1,
        },
        before: None,
        after: None,
        stock: None,
        content_hash: None,
        rank: None,
        source: None,
        n_places: None,
        said_before: None,
    }
}

pub(crate) fn offer(price: &str, available: bool) -> Offer {
    Offer {
        price: Some(money(price)),
        compare_at: None,
        available: Some(available),
    }
}

/// Returns a row in which a variant changed from one offer to another.
pub(crate) fn changed(variant: &str, before: Offer, after: Offer, day: &str) -> Observation {
    Observation {
        variant: Some(variant.to_owned()),
        before: Some(before),
        after: Some(after),
        ..observed(ObservationKind::Changed, day)
    }
}

/// Returns the row of a product by its number, title, shop and price.
pub(crate) fn row(n: u32, title: &str, shop: &str, price: &str) -> ProductRow {
    let product = Product {
        id: format!("shopify:{shop}:{n}").parse().unwrap(),
        title: title.to_owned(),
        variants: vec![variant("Default Title", price, Some(true))],
        ..lamp()
    };
    let currency = money(price).currency();
    ProductRow::of(&product, currency, at("2026-05-12"))
}

/// Returns a list of these products, best first, all strong in freshness, then presentation, and weak in reduction.
pub(crate) fn ranking(day: &str, rows: Vec<ProductRow>) -> Ranking {
    let rows = rows.into_iter().zip(1..).map(|(product, rank)| RankedRow {
        rank,
        score: 0.6,
        coverage: 1.0,
        contributions: vec![0.2, -0.1, 0.1, 0.0],
        rank_uncapped: None,
        popularity: None,
        stability: None,
        product,
    });
    Ranking {
        at: at(day),
        preset: "balanced".to_owned(),
        features: ["freshness", "discount", "listing", "availability"]
            .map(str::to_owned)
            .to_vec(),
        weights: vec![0.25; 4],
        n_ranked: 120,
        popularity_source: PopularitySource::Unavailable,
        filter: None,
        stability: None,
        rows: rows.collect(),
    }
}

/// Returns a line of a list of changes for an observation.
pub(crate) fn listed(observation: Observation, product: &ProductRow) -> ObservedRow {
    ObservedRow {
        n: 1,
        observation: Observation {
            product: product.id.clone(),
            ..observation
        },
        title: product.title.clone(),
        vendor: product.vendor.clone(),
        product_type: product.product_type.clone(),
        url: product.url.clone(),
    }
}

/// Returns the sentences of a sheet behind their topics.
pub(crate) fn texts(sheet: &FactSheet) -> Vec<String> {
    let facts = sheet.facts.iter();
    facts
        .map(|fact| format!("{}: {}", fact.topic, fact.text))
        .collect()
}

/// Words of strangers: any characters, markup, invisible ones, quotes.
pub(crate) fn words() -> impl Strategy<Value = String> {
    "\\PC{0,30}|.{0,30}|[“”«»<>&;:/.@a-z0-9 \u{200b}\u{202e}\u{e0041}]{0,60}"
}

prop_compose! {
    pub(crate) fn any_variant()(
        title in words(),
        options in prop::collection::vec(words(), 0..3),
        price in prop::option::of(0..i64::MAX),
        compare_at in prop::option::of(0..i64::MAX),
        code in "EUR|JPY|XXX",
        available in prop::option::of(any::<bool>()),
    ) -> Variant {
        let currency = Currency::parse(&code).unwrap();
        let money = |minor| Money::new(minor, currency);
        Variant {
            options,
            price: price.map(money),
            compare_at: compare_at.map(money),
            ..variant(&title, "1", available)
        }
    }
}

prop_compose! {
    pub(crate) fn any_product()(
        texts in [words(), words(), words(), words()],
        tags in prop::collection::vec(words(), 0..30),
        options in prop::collection::vec(words(), 0..6),
        variants in prop::collection::vec(any_variant(), 0..20),
        published in prop::option::of(any::<i64>()),
    ) -> Product {
        let [title, vendor, product_type, body_html] = texts;
        Product {
            title,
            vendor,
            product_type,
            body_html,
            tags,
            options,
            variants,
            published_at: published.map(UnixMs::new),
            ..lamp()
        }
    }
}

/// Returns a history in which the price of each variant moves to that of the next one.
pub(crate) fn history_of(product: &Product) -> Vec<Observation> {
    let pairs = product.variants.windows(2);
    let rows = pairs.map(|two| {
        let offers = [&two[0], &two[1]].map(Offer::of);
        changed(&two[0].id, offers[0], offers[1], "2026-03-03")
    });
    rows.collect()
}
