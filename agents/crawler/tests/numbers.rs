//! The short way to a product's numbers agrees with the long one, or leaves the product to it.

use catalog::{Metrics, NativeId};
use crawler::platforms::shopify::{read_metrics, read_page};
use crawler::shop_at;
use proptest::prelude::*;
use serde_json::{Value, json};
use testkit::{Catalogue, demo_shops};

pub(super) fn long_way(document: &[u8]) -> Option<(NativeId, Metrics)> {
    let page = read_page(document, &shop_at("shop.example").unwrap()).ok()?;
    let product = page.products.first()?;
    Some((product.id.native.clone(), Metrics::of(product)))
}

pub(super) fn short_way(document: &[u8]) -> Option<(NativeId, Metrics)> {
    read_metrics(document, &shop_at("shop.example").unwrap())
}

#[test]
fn every_ordinary_product_goes_the_short_way_to_the_same_numbers() {
    for demo in demo_shops() {
        let catalogue = Catalogue::generate(&demo.profile, 300, demo.seed);
        for index in 0..catalogue.len() {
            let document = catalogue.product(index).unwrap().to_string();
            let numbers = short_way(document.as_bytes());
            assert!(numbers.is_some(), "{document}");
            assert_eq!(numbers, long_way(document.as_bytes()), "{document}");
        }
    }
}

#[test]
fn what_is_not_plain_is_left_to_the_long_way() {
    let plain = || {
        json!({"id": 1, "title": "t", "body_html": "b", "tags": ["x"], "images": [{"src": "s"}],
               "variants": [{"id": 2, "price": "5.00", "available": true}]})
    };
    assert!(short_way(plain().to_string().as_bytes()).is_some());
    for (key, value) in [
        ("id", json!("1")),
        ("id", json!(-1)),
        ("title", Value::Null),
        ("body_html", json!(7)),
        ("tags", json!("a, b")),
        ("tags", json!([1])),
        ("images", json!({})),
        ("products", json!([])),
        ("product", json!({})),
        (
            "variants",
            json!([{"id": 2, "price": "-5.00", "available": true}]),
        ),
        (
            "variants",
            json!([{"id": 2, "price": 5, "available": true}]),
        ),
        ("variants", json!([{"id": 2, "available": true}])),
        (
            "variants",
            json!([{"id": 2, "price": "5.00", "available": "yes"}]),
        ),
        ("variants", json!([null])),
        ("variants", json!([["5.00", true]])),
    ] {
        let mut product = plain();
        product[key] = value;
        assert_eq!(short_way(product.to_string().as_bytes()), None, "{product}");
    }
    for document in [
        "",
        "[]",
        "{}",
        "null",
        "{\"id\":1",
        "\u{feff}{}",
        "{\"products\":[]}",
        "[1,\"t\",\"b\",[],[],[],null]",
    ] {
        assert_eq!(short_way(document.as_bytes()), None, "{document}");
    }
}

/// Any JSON value, but small.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[0-9.,\\- ]{0,6}".prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 12, 4, |inner| {
        let key = "id|title|price|available|src|name|x";
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn both_ways_agree_wherever_the_short_one_answers(
        index in 0..40_usize,
        key in "id|product_id|title|body_html|tags|images|variants|products|options|x",
        value in value(),
        in_variant in any::<bool>(),
        variant_key in "id|price|compare_at_price|available|inventory_quantity",
    ) {
        let catalogue = Catalogue::generate(&testkit::ATELIER_LUMEN, 40, 9);
        let mut product = catalogue.product(index).unwrap();
        if in_variant {
            product["variants"][0][variant_key.as_str()] = value;
        } else {
            product[key.as_str()] = value;
        }
        let document = product.to_string();
        if let Some(numbers) = short_way(document.as_bytes()) {
            prop_assert_eq!(Some(numbers), long_way(document.as_bytes()), "{}", document);
        }
    }
}
