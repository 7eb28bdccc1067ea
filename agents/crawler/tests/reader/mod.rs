//! The Shopify reader: every shape and quirk, from small answers that were written by hand.

pub(super) mod properties;
pub(super) mod real_answers;

use catalog::{
    Availability, Currency, CurrencySource, Metrics, Platform, ProblemKind, Product, Shop, ShopKey,
};
use crawler::platforms::shopify::{read_meta, read_page};
use crawler::platforms::{Page, ReadError};
use insta::assert_json_snapshot;

pub(super) fn shop() -> Shop {
    Shop {
        key: ShopKey::encode("shop.example").unwrap(),
        platform: Platform::Shopify,
        url: "https://shop.example".into(),
        currency: Currency::parse("EUR").unwrap(),
        currency_source: CurrencySource::Shop,
    }
}

pub(super) fn read(body: impl AsRef<[u8]>) -> Result<Page, ReadError> {
    read_page(body.as_ref(), &shop())
}

pub(super) fn page(body: impl AsRef<[u8]>) -> Page {
    read(body).unwrap()
}

fn the_product(body: impl AsRef<[u8]>) -> Product {
    let mut page = page(body);
    assert_eq!((page.products.len(), page.n_listed), (1, 1));
    page.products.remove(0)
}

fn titles(body: impl AsRef<[u8]>) -> Vec<String> {
    page(body).products.into_iter().map(|it| it.title).collect()
}

pub(super) fn problems(page: &Page) -> Vec<(ProblemKind, Option<u32>, &str)> {
    let problems = page.problems.iter();
    problems
        .map(|it| (it.kind, it.index, it.detail.as_str()))
        .collect()
}

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../testdata/shopify/", $name))
    };
}

#[test]
fn a_storefront_page_is_read_whole() {
    let page = page(fixture!("storefront.json"));
    assert_eq!((page.n_listed, &page.problems[..]), (3, &[][..]));
    assert_json_snapshot!("storefront", page.products);
}

#[test]
fn stock_decides_where_availability_is_not_stated() {
    let product = the_product(fixture!("admin.json"));
    assert_json_snapshot!("admin", product);
    let availability: Vec<_> = product.variants.iter().map(|it| it.availability).collect();
    assert_eq!(
        availability,
        [
            Availability::Derived(true),
            Availability::Derived(false),
            Availability::Derived(true),
            Availability::Derived(true),
            Availability::Unknown,
            Availability::Unknown,
            Availability::Derived(true),
        ]
    );
    assert_eq!(Metrics::of(&product).num_tags, 3);
}

#[test]
fn product_listings_are_read_inside_their_wrapper() {
    let product = the_product(fixture!("listings.json"));
    assert_json_snapshot!("listings", product);
}

#[test]
fn a_map_from_ids_to_products_is_read_and_its_other_keys_are_not() {
    let page = page(fixture!("map.json"));
    assert_eq!((page.n_listed, &page.problems[..]), (2, &[][..]));
    let ids: Vec<_> = page.products.iter().map(|it| it.id.to_string()).collect();
    assert_eq!(
        ids,
        [
            "shopify:shop.example:7000000000031",
            "shopify:shop.example:7000000000032"
        ]
    );
}

#[test]
fn float_prices_text_ids_and_option_objects_are_read_exactly() {
    let page = page(fixture!("ajax.json"));
    assert_eq!(page.problems, []);
    assert_json_snapshot!("ajax", page.products);
}

#[test]
fn camel_case_names_are_known_and_a_price_without_variant_is_no_variant() {
    let page = page(fixture!("camel.json"));
    assert_eq!(page.problems, []);
    assert_json_snapshot!("camel", page.products);
}

#[test]
fn every_fault_is_a_recorded_problem_and_costs_no_other_product() {
    let page = page(fixture!("faults.json"));
    assert_eq!(page.n_listed, 14);
    assert_json_snapshot!("faults_problems", page.problems);
    assert_json_snapshot!("faults_products", page.products);
}

#[test]
fn other_shapes_are_read_too() {
    for body in [
        r#"[{"id":1,"title":"A"}]"#,
        r#"{"id":1,"title":"A"}"#,
        r#"{"product_id":"1","title":"A","variants":[]}"#,
        r#"{"products":{"1":{"id":1,"title":"A"}}}"#,
        r#"{"shop":{"id":9,"title":"x"},"product":[{"id":1,"title":"A"}]}"#,
        r#"{"error":null,"errors":"old","data":[{"id":2}],"products":[{"id":1,"title":"A"}],"product":{"id":3}}"#,
        "\u{feff} \n{\"products\":[{\"id\":1,\"title\":\"A\"}]}\n ",
        r#"{"products":[{"id":1,"title":"first","title":"A","product_id":5}]}"#,
    ] {
        let page = page(body);
        assert_eq!((page.n_listed, &page.problems[..]), (1, &[][..]), "{body}");
        assert_eq!(page.products[0].title, "A", "{body}");
        assert_eq!(page.products[0].id.to_string(), "shopify:shop.example:1");
    }
}

#[test]
fn an_empty_list_is_an_empty_page() {
    for body in [r#"{"products":[]}"#, "[]", r#"{"product_listings":[]}"#] {
        assert_eq!(page(body), Page::default(), "{body}");
    }
}

#[test]
fn what_is_no_product_list_is_named() {
    let not_json = |it: &str| ReadError::NotJson(it.into());
    let not_products = |it: &str| ReadError::NotProducts(it.into());
    let errors = |it: &str| ReadError::Errors(it.into());
    for (body, error) in [
        ("", not_json("the answer is empty")),
        ("\u{feff} \n", not_json("the answer is empty")),
        (
            "\n<!doctype html>",
            not_json("the answer starts with \"<!doctype html>\""),
        ),
        (
            "Not Found",
            not_json("the answer starts with \"Not Found\""),
        ),
        ("null", not_products("null")),
        ("\"products\"", not_products("a text")),
        ("{}", not_products("an empty object")),
        (
            r#"{"collections":[{"id":1,"title":"x"}],"pagination":{}}"#,
            not_products(r#"an object with "collections", "pagination""#),
        ),
        (
            r#"{"collection":{"id":1,"title":"x"}}"#,
            not_products(r#"an object with "collection""#),
        ),
        (
            r#"{"products":null,"errors":null}"#,
            not_products(r#"an object with "products", "errors""#),
        ),
        (
            r#"{"products":{"edges":[]}}"#,
            not_products(r#"an object with "products""#),
        ),
        (
            r#"{"id":1,"name":"x"}"#,
            not_products(r#"an object with "id", "name""#),
        ),
        ("[1,\"a\",null]", not_products("no entry is an object")),
        (r#"{"1":2}"#, not_products("no entry is an object")),
        (
            r#"{"errors":"Page * Limit exceeds the 25000 limit."}"#,
            errors("Page * Limit exceeds the 25000 limit."),
        ),
        (
            r#"{"errors":{"base":["Not Found"]}}"#,
            errors(r#"{"base":["Not Found"]}"#),
        ),
        (r#"{"error":"Not Found"}"#, errors("Not Found")),
    ] {
        assert_eq!(read(body), Err(error), "{body}");
    }
}

#[test]
fn json_that_breaks_off_is_damaged_wherever_it_does() {
    let body = fixture!("storefront.json").trim_ascii();
    for end in 1..body.len() {
        let result = read(&body[..end]);
        assert!(
            matches!(result, Err(ReadError::Damaged(_))),
            "{end}: {result:?}"
        );
    }
    for body in [
        &b"{\"products\":[{\"id\":1,}]}"[..],
        b"{\"products\":[]} trailing",
        b"{{ template }}",
        b"{\"products\":[{\"id\":1},\0{\"id\":2}]}",
        b"\x1f\x8b\x08\x00\x00",
    ] {
        assert!(matches!(read(body), Err(ReadError::Damaged(_))));
    }
}

#[test]
fn half_a_surrogate_pair_is_mended_and_costs_no_product() {
    for (start, end) in [("{\"products\":[", "]}"), ("[", "]")] {
        let body = format!(
            r#"{start}{{"id":1,"title":"A"}},{{"id":2,"title":"cut \ud83d"}},{{"id":3,"title":"\ud83d\ude00"}},5{end}"#
        );
        let page = page(&body);
        assert_eq!(titles(&body), ["A", "cut \u{fffd}", "\u{1f600}"]);
        assert_eq!(
            problems(&page),
            [
                (
                    ProblemKind::Field,
                    Some(1),
                    "half of a surrogate pair was replaced by U+FFFD"
                ),
                (
                    ProblemKind::ProductRefused,
                    Some(3),
                    "a number instead of a product"
                ),
            ]
        );
        assert_eq!(page.problems[0].product.as_deref(), Some("2"));
    }
    for body in [
        r#"{"product":{"id":1,"title":"\udead"}}"#,
        r#"{"product":[{"id":1,"title":"\udead"}]}"#,
        r#"{"1":{"id":1,"title":"\udead"}}"#,
        r#"{"id":1,"title":"\udead"}"#,
    ] {
        assert_eq!(titles(body), ["\u{fffd}"], "{body}");
    }
}

#[test]
fn a_number_beyond_all_floats_is_left_out_and_costs_no_product() {
    let page = page(
        r#"{"products":[{"id":1,"title":"A"},{"id":2,"title":1e999},{"id":1e999,"title":"C"},{"id":4,"title":"\ud83d","x":[-1e999]}]}"#,
    );
    let n_kept = page.products.len();
    assert_eq!((n_kept, page.n_listed), (3, 4));
    let left_out = "a number beyond the range of floats was left out";
    let half = "half of a surrogate pair was replaced by U+FFFD";
    assert_eq!(
        problems(&page),
        [
            (ProblemKind::Field, Some(1), left_out),
            (ProblemKind::Field, Some(1), "title: missing"),
            (ProblemKind::Field, Some(2), left_out),
            (ProblemKind::ProductRefused, Some(2), "no id"),
            (ProblemKind::Field, Some(3), half),
            (ProblemKind::Field, Some(3), left_out),
        ]
    );
    assert_eq!(page.problems[0].product.as_deref(), Some("2"));
}

#[test]
fn text_that_is_not_utf8_is_replaced_and_said() {
    let page = page(b"{\"products\":[{\"id\":1,\"title\":\"caf\xe9\"}]}");
    assert_eq!(page.products[0].title, "caf\u{fffd}");
    assert_eq!(page.problems.len(), 1);
    assert_eq!(page.problems[0].index, None);
}

#[test]
fn a_page_address_is_percent_encoded() {
    for (handle, end) in [
        ("tall-vase", "/products/tall-vase"),
        (
            "grün™ 100%/cup?#",
            "/products/gr%C3%BCn%E2%84%A2%20100%25%2Fcup%3F%23",
        ),
        ("a'b(c)", "/products/a'b(c)"),
    ] {
        let product = the_product(format!(r#"[{{"id":1,"title":"A","handle":"{handle}"}}]"#));
        assert_eq!(product.url, format!("https://shop.example{end}"));
        assert_eq!(product.handle, handle);
    }
    assert_eq!(the_product(r#"[{"id":1,"title":"A","handle":""}]"#).url, "");
    let saved = Shop {
        url: String::new(),
        ..shop()
    };
    let body = br#"[{"id":1,"title":"A","handle":"a"}]"#;
    assert_eq!(read_page(body, &saved).unwrap().products[0].url, "");
}

#[test]
fn prices_are_exact_in_the_currency_of_the_shop() {
    let price = |code: &str, price: &str| {
        let shop = Shop {
            currency: Currency::parse(code).unwrap(),
            ..shop()
        };
        let body = format!(r#"[{{"id":1,"title":"A","variants":[{{"id":1,"price":{price}}}]}}]"#);
        let page = read_page(body.as_bytes(), &shop).unwrap();
        page.products[0].variants[0].price.map(|it| it.minor())
    };
    assert_eq!(price("JPY", r#""1200.00""#), Some(1200));
    assert_eq!(price("JPY", r#""12.50""#), None);
    assert_eq!(price("KWD", "1.234"), Some(1234));
    assert_eq!(price("EUR", "1.1"), Some(110));
    assert_eq!(price("EUR", "0.30000000000000004"), None);
    assert_eq!(price("EUR", "19"), Some(1900));
    assert_eq!(price("XXX", r#"" 8078.00 ""#), Some(807_800));
}

#[test]
fn a_hostile_page_lists_a_thousand_problems_and_counts_the_rest() {
    let page = page(format!("{{\"products\":[{}1]}}", "1,".repeat(4_999)));
    assert_eq!((page.products.len(), page.n_listed), (0, 5_000));
    assert_eq!(page.problems.len(), 1_001);
    let last = page.problems.last().unwrap();
    assert_eq!(last.detail, "4000 more problems are not listed");
}

#[test]
fn tiny_products_by_the_million_are_cut_where_memory_would_grow() {
    let mut body = String::from("[");
    for id in 0..150_000 {
        body.push_str(&format!("{{\"id\":{id},\"title\":\"\"}},"));
    }
    body.push_str("{\"id\":150000}]");
    let page = page(&body);
    assert_eq!(page.n_listed, 150_001);
    let n_bytes = page.products.len() * size_of::<Product>();
    assert!(n_bytes < (17 << 20) + 4 * body.len(), "{n_bytes}");
    assert!(page.products.len() > 40_000);
}

#[test]
fn endless_lists_within_a_product_are_cut() {
    let product = the_product(format!(
        r#"[{{"id":1,"title":"A","variants":[{}{{}}],"tags":[{}""],"images":[{}""],"options":[{}""]}}]"#,
        "{},".repeat(20_000),
        "\"\",".repeat(20_000),
        "0,".repeat(20_000),
        "\"\",".repeat(20_000),
    ));
    assert_eq!(product.variants.len(), 10_000);
    assert_eq!(product.tags.len(), 10_000);
    assert_eq!(product.images.len(), 10_000);
    assert_eq!(product.options.len(), 100);
    let tags = "a,".repeat(20_000);
    let product = the_product(format!(r#"[{{"id":1,"title":"A","tags":"{tags}"}}]"#));
    assert_eq!(product.tags.len(), 10_000);
}

#[test]
fn deep_nesting_nul_and_very_long_text_are_survived() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        for field in ["title", "tags", "variants", "images", "options", "unknown"] {
            let body = format!(r#"{{"products":[{{"id":1,"{field}":{deep}}},{{"id":2}}]}}"#);
            assert_eq!(page(body).products.len(), 2, "{field}");
        }
        assert!(read(&deep).is_err());
        let body = format!(r#"{{"products":[{{"id":1,"variants":[{deep}],"images":[{deep}]}}]}}"#);
        assert_eq!(page(body).products.len(), 1);
    }
    let body = format!(
        r#"[{{"id":1,"title":"a\u0000b","body_html":"{}"}}]"#,
        "x".repeat(10_000_000)
    );
    let product = the_product(body);
    assert_eq!(product.title, "a\0b");
    assert_eq!(product.body_html.len(), 10_000_000);
}

#[test]
fn meta_states_the_base_currency() {
    let code = |body: &str| {
        let meta = read_meta(body.as_bytes())?;
        meta.currency.map(|it| it.to_string())
    };
    assert_eq!(
        code(r#"{"id":1,"name":"Shop","currency":"GBP","money_format":"£{{amount}}"}"#).as_deref(),
        Some("GBP")
    );
    assert_eq!(
        code("\u{feff}{\"currency\":\" jpy \"}").as_deref(),
        Some("JPY")
    );
    for body in [
        "",
        "<html>",
        "{}",
        "[]",
        r#"["EUR"]"#,
        r#"{"currency":null}"#,
        r#"{"currency":{"code":"EUR"}}"#,
        r#"{"currency":"EURO"}"#,
        r#"{"currency":"XXX"}"#,
        r#"{"currency":"EUR""#,
    ] {
        assert_eq!(code(body), None, "{body}");
    }
}
