//! One bad product among good ones: it is kept as far as it can be, told, and costs no neighbour.

use catalog::{ProblemKind, Product};
use serde::de::IgnoredAny;

use crate::reader::{page, problems};

const FIRST: &str =
    r#"{"id":9000000000000000001,"title":"first","variants":[{"id":1,"price":"1.00"}]}"#;
const LAST: &str =
    r#"{"id":9000000000000000002,"title":"last","variants":[{"id":2,"price":"2.00"}]}"#;

/// Checks that both neighbours of `entry` are kept, in every shape that lists products, if it is a JSON value.
pub(super) fn check_neighbours(entry: &[u8]) {
    let entry = String::from_utf8_lossy(entry);
    let is_json = serde_json::from_str::<IgnoredAny>(&entry).is_ok();
    // The ids of the neighbours are theirs.
    if !is_json || entry.contains("900000000000000000") {
        return;
    }
    for body in [
        format!("{{\"products\":[{FIRST},{entry},{LAST}]}}"),
        format!("[{FIRST},{entry},{LAST}]"),
        format!("{{\"1\":{FIRST},\"2\":{entry},\"3\":{LAST}}}"),
    ] {
        let page = page(&body);
        assert_eq!(page.n_listed, 3);
        let titles: Vec<_> = page.products.iter().map(|it| it.title.as_str()).collect();
        assert_eq!(titles.first(), Some(&"first"), "{body}");
        assert_eq!(titles.last(), Some(&"last"), "{body}");
    }
}

/// Reads a page with `entry` between two good products, checks those, and returns what became of it.
fn between_neighbours(entry: &str) -> (Option<Product>, Vec<(ProblemKind, String)>) {
    let body = format!("{{\"products\":[{FIRST},{entry},{LAST}]}}");
    let mut page = page(body);
    assert_eq!(page.n_listed, 3);
    let found: Vec<_> = problems(&page)
        .into_iter()
        .map(|(kind, index, detail)| {
            assert_eq!(index, Some(1), "{detail}");
            (kind, detail.to_owned())
        })
        .collect();
    let last = page.products.pop().unwrap();
    let first = page.products.remove(0);
    assert_eq!(
        (first.title.as_str(), last.title.as_str()),
        ("first", "last")
    );
    for neighbour in [first, last] {
        assert_eq!(neighbour.variants.len(), 1);
        assert!(neighbour.variants[0].price.is_some());
    }
    assert!(page.products.len() <= 1);
    (page.products.pop(), found)
}

fn kept(entry: &str) -> (Product, Vec<(ProblemKind, String)>) {
    let (product, problems) = between_neighbours(entry);
    (product.unwrap(), problems)
}

fn refused(entry: &str) -> String {
    let (product, problems) = between_neighbours(entry);
    assert_eq!(product, None);
    let [(ProblemKind::ProductRefused, detail)] = &problems[..] else {
        panic!("{problems:?}");
    };
    detail.clone()
}

#[test]
fn a_description_of_10_mb_is_kept_whole() {
    let text = "<p>long</p>\\n".repeat(10_000_000 / 13);
    let (product, problems) = kept(&format!(r#"{{"id":1,"title":"A","body_html":"{text}"}}"#));
    assert_eq!(product.body_html.len(), 12 * (10_000_000 / 13));
    assert_eq!(problems, []);
}

#[test]
fn of_100_000_variants_the_first_10_000_are_kept() {
    let variants: Vec<_> = (1..=100_000)
        .map(|id| format!(r#"{{"id":{id},"price":"9.90"}}"#))
        .collect();
    let (product, problems) = kept(&format!(
        r#"{{"id":1,"title":"A","variants":[{}]}}"#,
        variants.join(",")
    ));
    assert_eq!(product.variants.len(), 10_000);
    assert_eq!(product.variants[9_999].id, "10000");
    let detail = "variants: left out behind the first 10000: 90000".to_owned();
    assert_eq!(problems, [(ProblemKind::Field, detail)]);
}

#[test]
fn prices_of_40_digits_are_empty_and_told() {
    let digits = "1234567890123456789012345678901234567890";
    for (price, detail) in [
        (format!("\"{digits}\""), format!("too large: \"{digits}\"")),
        (
            format!("\"{digits}.00\""),
            format!("too large: \"{digits}\""),
        ),
        (
            digits.to_owned(),
            "too large: \"1234567890123456800000000000000000000000\"".to_owned(),
        ),
        (
            format!("\"0.{digits}\""),
            "more decimal places than EUR has: \"0.12345678901234567890123456789012345678\""
                .to_owned(),
        ),
        (
            format!("-{digits}"),
            "too large: \"-123456789012345680000000000000000000000\"".to_owned(),
        ),
        ("1e-40".to_owned(), {
            let zeros = "0".repeat(38);
            format!("more decimal places than EUR has: \"0.{zeros}\"")
        }),
    ] {
        let (product, problems) = kept(&format!(
            r#"{{"id":1,"title":"A","variants":[{{"id":7,"price":{price},"compare_at_price":"5.00"}}]}}"#
        ));
        assert_eq!(product.variants[0].price, None);
        assert_eq!(product.variants[0].compare_at.unwrap().minor(), 500);
        let detail = format!("price of variant 1: {detail}");
        assert_eq!(problems, [(ProblemKind::Price, detail)], "{price}");
    }
    let (product, problems) = kept(
        r#"{"id":1,"title":"A","variants":[{"id":7,"price":1e999,"compare_at_price":"5.00"}]}"#,
    );
    assert_eq!(product.variants[0].compare_at.unwrap().minor(), 500);
    let details: Vec<_> = problems.iter().map(|(_, detail)| detail.as_str()).collect();
    let left_out = "a number beyond the range of floats was left out";
    assert_eq!(details, [left_out, "price of variant 1: missing"]);
}

#[test]
fn ids_beyond_64_bits_refuse_the_product_alone() {
    for (id, detail) in [
        (
            "18446744073709551616",
            "no whole id of 64 bits: 1.8446744073709552e19",
        ),
        (
            "\"18446744073709551616\"",
            "no id of 64 bits: \"18446744073709551616\"",
        ),
        ("1e19", "no whole id of 64 bits: 1e19"),
        (
            "-9223372036854775809",
            "no whole id of 64 bits: -9.223372036854776e18",
        ),
    ] {
        assert_eq!(refused(&format!(r#"{{"id":{id},"title":"A"}}"#)), detail);
    }
    let (product, problems) = kept(r#"{"id":18446744073709551615,"title":"A"}"#);
    assert_eq!(product.id.native.to_string(), "18446744073709551615");
    assert_eq!(problems, []);
    let (product, problems) =
        kept(r#"{"id":1,"title":"A","variants":[{"id":18446744073709551616,"price":"1.00"}]}"#);
    assert_eq!(product.variants[0].id, "1");
    let detail = "id of variant 1: a number, so its place stands for it".to_owned();
    assert_eq!(problems, [(ProblemKind::Field, detail)]);
}

#[test]
fn a_lone_surrogate_is_mended_wherever_it_stands() {
    let told = "half of a surrogate pair was replaced by U+FFFD";
    for half in ["\\ud83d", "\\udfff", "\\uDBFF\\u0041", "\\ud83d\\ud83d"] {
        for entry in [
            format!(r#"{{"id":1,"title":"A{half}"}}"#),
            format!(r#"{{"id":1,"title":"A","{half}":1}}"#),
            format!(r#"{{"id":1,"title":"A","tags":["{half}"]}}"#),
            format!(r#"{{"id":1,"title":"A","options":{{"{half}":[]}}}}"#),
            format!(
                r#"{{"id":1,"title":"A","variants":[{{"id":2,"price":"3.00","sku":"{half}"}}]}}"#
            ),
            format!(r#"{{"id":1,"title":"A","handle":"{half}"}}"#),
        ] {
            let (product, problems) = kept(&entry);
            assert!(product.title.starts_with('A'), "{entry}");
            assert_eq!(problems, [(ProblemKind::Field, told.to_owned())], "{entry}");
        }
    }
    // In a field that nobody reads, nobody needs to mend it.
    let (_, problems) = kept(r#"{"id":1,"title":"A","unread":"\ud83d"}"#);
    assert_eq!(problems, []);
}

#[test]
fn a_raw_nul_byte_inside_a_text_is_mended_and_costs_no_product() {
    let body =
        format!("[{FIRST},\n{{\"id\":1,\"title\":\"a\0b\",\"body_html\":\"<p>\n\t</p>\"}},{LAST}]");
    let page = page(body);
    let titles: Vec<_> = page.products.iter().map(|it| it.title.as_str()).collect();
    assert_eq!(titles, ["first", "a b", "last"]);
    assert_eq!(page.products[1].body_html, "<p>  </p>");
    let told = "control characters inside texts were replaced by spaces";
    assert_eq!(problems(&page), [(ProblemKind::Field, None, told)]);
}

#[test]
fn an_escaped_nul_byte_is_a_character_like_any_other() {
    let (product, problems) = kept(
        r#"{"id":1,"title":"a\u0000b","handle":"c\u0000","tags":["\u0000"],"variants":[{"id":"\u0000","price":"1.00"}]}"#,
    );
    assert_eq!(
        (product.title.as_str(), product.handle.as_str()),
        ("a\0b", "c\0")
    );
    assert_eq!(product.url, "https://shop.example/products/c%00");
    assert_eq!(
        (product.tags, product.variants[0].id.as_str()),
        (vec!["\0".to_owned()], "\0")
    );
    assert_eq!(problems, []);
    let (product, problems) =
        kept(r#"{"id":2,"title":"A","variants":[{"id":3,"price":"1\u0000"}]}"#);
    assert_eq!(product.variants[0].price, None);
    assert_eq!(
        problems[0].1,
        "price of variant 1: not a decimal number: \"1\\0\""
    );
}
