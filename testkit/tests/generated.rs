//! What made-up catalogues hold.

use std::collections::HashSet;

use catalog::UnixMs;
use serde_json::Value;
use testkit::{
    Catalogue, KUMO_STATIONERY, NORTH_LOFT, SCREE_AND_SUMMIT, WALDKAUZ_WERKSTATT, demo_shops,
};

fn products(catalogue: &Catalogue) -> Vec<Value> {
    (0..catalogue.len())
        .map(|index| catalogue.product(index).unwrap())
        .collect()
}

/// All products of all demo shops.
fn all() -> Vec<Value> {
    demo_shops()
        .iter()
        .flat_map(|shop| products(&shop.catalogue()))
        .collect()
}

fn variants(products: &[Value]) -> impl Iterator<Item = &Value> {
    products
        .iter()
        .flat_map(|it| it["variants"].as_array().unwrap())
}

#[test]
fn the_same_arguments_give_the_same_bytes() {
    let bytes = |seed| Catalogue::generate(&SCREE_AND_SUMMIT, 200, seed).to_json();
    assert_eq!(bytes(7), bytes(7));
    assert_ne!(bytes(7), bytes(8));
}

#[test]
fn the_bytes_are_those_of_every_earlier_version_and_platform() {
    // FNV-1a, 64 bits. A change of words or of the generator changes it, and with it the demo's output.
    let fnv = |bytes: Vec<u8>| {
        bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        })
    };
    let sums: Vec<u64> = demo_shops()
        .iter()
        .map(|shop| fnv(shop.catalogue().to_json()))
        .collect();
    assert_eq!(
        sums,
        [
            1_180_990_482_502_557_835_u64,
            7_394_047_717_062_070_022,
            351_692_282_704_885_000,
            6_062_951_470_552_640_361,
            285_105_351_860_775_703,
            4_910_791_732_496_642_753
        ]
    );
}

#[test]
fn a_longer_catalogue_begins_with_the_shorter_one() {
    let short = Catalogue::generate(&KUMO_STATIONERY, 20, 3);
    let long = Catalogue::generate(&KUMO_STATIONERY, 50, 3);
    assert_eq!(short.to_json(), long.page_json(1, 20));
}

#[test]
fn a_document_loads_again_byte_for_byte() {
    let document = Catalogue::generate(&WALDKAUZ_WERKSTATT, 40, 5).to_json();
    assert_eq!(Catalogue::from_json(&document).unwrap().to_json(), document);
}

#[test]
fn fields_stand_in_the_storefronts_order() {
    let document = String::from_utf8(Catalogue::generate(&NORTH_LOFT, 1, 1).to_json()).unwrap();
    let mut rest = document.as_str();
    for field in [
        "id",
        "title",
        "handle",
        "body_html",
        "published_at",
        "created_at",
        "updated_at",
        "vendor",
        "product_type",
        "tags",
        "variants",
        "images",
        "options",
    ] {
        let key = format!("\"{field}\":");
        let found = rest
            .find(&key)
            .unwrap_or_else(|| panic!("{field} in its place"));
        rest = &rest[found + key.len()..];
    }
}

#[test]
fn ids_and_handles_are_unique_even_in_a_large_shop() {
    let products = products(&Catalogue::generate(&NORTH_LOFT, 2_000, 1));
    let ids: HashSet<u64> = products
        .iter()
        .map(|it| it["id"].as_u64().unwrap())
        .collect();
    let handles: HashSet<&str> = products
        .iter()
        .map(|it| it["handle"].as_str().unwrap())
        .collect();
    let variant_ids: HashSet<u64> = variants(&products)
        .map(|it| it["id"].as_u64().unwrap())
        .collect();
    assert_eq!((ids.len(), handles.len()), (2_000, 2_000));
    assert_eq!(variant_ids.len(), variants(&products).count());
    assert!(ids.iter().all(|id| id.to_string().len() == 13));
}

#[test]
fn prices_are_amounts_of_their_currency_on_the_shops_ladder() {
    for shop in demo_shops() {
        let currency = shop.profile.currency.unwrap_or("XXX");
        let currency = catalog::Currency::parse(currency).unwrap();
        for variant in variants(&products(&shop.catalogue())) {
            let price = variant["price"].as_str().unwrap();
            let (whole, ending) = price.split_once('.').unwrap();
            assert_eq!(whole.parse::<u32>().unwrap() % shop.profile.prices.step, 0);
            assert!(
                shop.profile
                    .prices
                    .endings
                    .contains(&ending.parse().unwrap())
            );
            assert!(catalog::Money::parse(price, currency).unwrap().minor() > 0);
        }
    }
}

#[test]
fn dates_are_real_and_before_june_2025() {
    let end = UnixMs::parse("2025-06-01T00:00:00Z").unwrap();
    let mut offsets = HashSet::new();
    for product in all() {
        let time = |field: &str| UnixMs::parse(product[field].as_str().unwrap()).unwrap();
        assert!(time("created_at") <= time("updated_at") && time("updated_at") < end);
        offsets.insert(product["created_at"].as_str().unwrap()[19..].to_string());
    }
    assert!(offsets.len() >= 8, "{offsets:?}");
}

#[test]
fn the_oddities_of_real_catalogues_occur() {
    let products = all();
    let has = |odd: fn(&Value) -> bool| products.iter().any(odd);
    assert!(has(|it| it["body_html"].is_null()));
    assert!(has(|it| it["body_html"] == ""));
    assert!(has(|it| it["published_at"].is_null()));
    assert!(has(|it| it["product_type"] == ""));
    assert!(has(|it| it["images"] == Value::Array(vec![])));
    assert!(has(|it| it["tags"] == Value::Array(vec![])));
    assert!(has(|it| it["variants"][0]["title"] == "Default Title"));
    assert!(has(|it| !it["handle"].as_str().unwrap().is_ascii()));
    assert!(has(|it| it["title"].as_str().unwrap().trim() != it["title"]));
    assert!(has(|it| it["variants"]
        .as_array()
        .unwrap()
        .iter()
        .all(|it| it["available"] == false)));
    assert!(has(|it| it["variants"].as_array().unwrap().len() >= 20));

    let has = |odd: fn(&Value) -> bool| variants(&products).any(odd);
    assert!(has(|it| it["compare_at_price"].is_null()));
    assert!(has(|it| it["compare_at_price"] == "0.00"));
    assert!(has(|it| it["compare_at_price"] == it["price"]));
    assert!(has(|it| it["sku"].is_null()));
    assert!(has(|it| it["sku"] == ""));
    assert!(has(|it| it["grams"] == 0));
    assert!(has(|it| it["featured_image"].is_object()));
}
