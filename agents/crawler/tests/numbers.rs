//! The short ways to a product's numbers agree with the long one, or leave the product to it.

use catalog::{FeatureInputs, Metrics, NativeId};
use crawler::platforms::shopify::{read_features, read_metrics, read_page};
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

/// The numbers of the balanced score, bit for bit, and the vendor.
type Features = (NativeId, FeatureInputs, [Option<u64>; 3], String);

fn features((native, inputs, vendor): (NativeId, FeatureInputs, &str)) -> Features {
    let floats = [inputs.discount, inputs.price, inputs.availability];
    let bits = floats.map(|it| it.map(f64::to_bits));
    (native, inputs, bits, vendor.to_owned())
}

pub(super) fn long_way_to_features(document: &[u8]) -> Option<Features> {
    let page = read_page(document, &shop_at("shop.example").unwrap()).ok()?;
    let product = page.products.first()?;
    let inputs = FeatureInputs::of(product);
    Some(features((
        product.id.native.clone(),
        inputs,
        &product.vendor,
    )))
}

pub(super) fn short_way_to_features(document: &[u8]) -> Option<Features> {
    let found = read_features(document, &shop_at("shop.example").unwrap());
    found.map(|(native, inputs, vendor)| features((native, inputs, &vendor)))
}

/// Checks that each short way gives what the long one does, or nothing.
pub(super) fn check_short_ways(document: &[u8]) {
    let text = document.escape_ascii();
    if let Some(numbers) = short_way(document) {
        assert_eq!(Some(numbers), long_way(document), "{text}");
    }
    if let Some(numbers) = short_way_to_features(document) {
        assert_eq!(Some(numbers), long_way_to_features(document), "{text}");
    }
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
            let numbers = short_way_to_features(document.as_bytes());
            assert!(numbers.is_some(), "{document}");
            assert_eq!(
                numbers,
                long_way_to_features(document.as_bytes()),
                "{document}"
            );
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
        let is_comma_text = product["tags"].is_string();
        let numbers = short_way_to_features(product.to_string().as_bytes());
        assert_eq!(numbers.is_some(), is_comma_text, "{product}");
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
        assert_eq!(
            short_way_to_features(document.as_bytes()),
            None,
            "{document}"
        );
    }
}

#[test]
fn what_exporters_write_goes_the_short_way_to_the_same_features() {
    let product = |fields: &str, variant: &str| {
        format!(
            r#"{{"id":1,"title":"t","body_html":null,"tags":" Oak,oak, ,Lin\u00e9n",
            "images":[{{"src":"s"}},null],"variants":[{{"price":"75.00"{variant}}},
            {{"price":"0.00"}}]{fields}}}"#
        )
    };
    for fields in [
        "",
        r#","vendor":null,"product_type":null,"published_at":null"#,
        r#","vendor":" Caf\u00e9 ","product_type":" Lamp ","published_at":" 2026-01-31T12:00:00.1239+05:30 ""#,
        r#","productType":"Lamp\/Shade","publishedAt":"","vendor":"""#,
    ] {
        for variant in [
            "",
            r#","compare_at_price":"100.00","available":true"#,
            r#","compare_at_price":"0.00","available":false,"inventory_management":null"#,
            r#","compare_at_price":" ","available":null,"inventory_management":"""#,
            r#","compareAtPrice":null,"inventory_quantity":3"#,
            r#","inventory_management":"shopify","inventory_quantity":-1"#,
            r#","inventory_management":"shopify","inventory_policy":"continue""#,
            r#","inventory_management":7,"inventory_policy":[],"inventory_quantity":null"#,
        ] {
            let document = product(fields, variant);
            let numbers = short_way_to_features(document.as_bytes());
            assert!(numbers.is_some(), "{document}");
            assert_eq!(
                numbers,
                long_way_to_features(document.as_bytes()),
                "{document}"
            );
        }
    }
    for (fields, variant) in [
        (r#","vendor":7"#, ""),
        (r#","product_type":[]"#, ""),
        (r#","published_at":"soon""#, ""),
        (r#","published_at":7"#, ""),
        (
            r#","published_at":null,"publishedAt":"2026-01-31T12:00:00Z""#,
            "",
        ),
        ("", r#","compare_at_price":100"#),
        ("", r#","compare_at_price":"1,50""#),
        ("", r#","inventory_quantity":"3""#),
        ("", r#","inventory_quantity":1.5"#),
        ("", r#","available":1"#),
    ] {
        let document = product(fields, variant);
        let numbers = short_way_to_features(document.as_bytes());
        assert_eq!(numbers, None, "{document}");
    }
}

#[test]
fn more_tags_than_are_kept_are_left_to_the_long_way() {
    for (n_tags, is_plain) in [(10_000, true), (10_001, false)] {
        let tags: Vec<String> = (0..n_tags).map(|it| it.to_string()).collect();
        for tags in [json!(tags), json!(tags.join(","))] {
            let document =
                json!({"id": 1, "title": "t", "tags": tags, "images": [], "variants": []});
            let document = document.to_string();
            let numbers = short_way_to_features(document.as_bytes());
            assert_eq!(numbers.is_some(), is_plain);
            if is_plain {
                assert_eq!(numbers, long_way_to_features(document.as_bytes()));
            }
        }
    }
}

/// Any JSON value, but small.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "0\\.00|continue|shopify|a, B ,b|2026-01-31T12:00:00Z| 2026-01-31T12:00:00\\.5\\+02:00|<p>a &amp; b</p>".prop_map(Value::from),
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
        key in "id|product_id|title|vendor|product_type|productType|published_at|body_html|tags|images|variants|products|options|x",
        value in value(),
        in_variant in any::<bool>(),
        variant_key in "id|price|compare_at_price|compareAtPrice|available|inventory_quantity|inventory_policy|inventory_management",
        without_available in any::<bool>(),
    ) {
        let catalogue = Catalogue::generate(&testkit::ATELIER_LUMEN, 40, 9);
        let mut product = catalogue.product(index).unwrap();
        if in_variant {
            product["variants"][0][variant_key.as_str()] = value;
        } else {
            product[key.as_str()] = value;
        }
        if without_available && let Some(variants) = product["variants"].as_array_mut() {
            for variant in variants.iter_mut().filter_map(Value::as_object_mut) {
                variant.remove("available");
            }
        }
        check_short_ways(product.to_string().as_bytes());
    }
}
