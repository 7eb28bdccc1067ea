//! What a healthy shop answers.

use serde_json::Value;
use testkit::{Catalogue, FakeShop, FaultPlan, KUMO_STATIONERY, NORTH_LOFT, Wall};

use crate::client::{faulty_shop, get, get_with, inflated, shop};

#[tokio::test]
async fn limit_and_page_are_corrected_as_the_real_endpoint_does() {
    let shop = shop(300).await;
    for (query, n_products) in [
        ("", 30),
        ("?limit=250", 250),
        ("?limit=251", 250),
        ("?limit=99999999999999999999", 250),
        ("?limit=0", 30),
        ("?limit=-5", 30),
        ("?limit=many", 30),
        ("?limit=7&page=2", 7),
        ("?limit=250&page=2", 50),
        ("?limit=250&page=3", 0),
        ("?page=11", 0),
    ] {
        let answer = get(&shop, &format!("/products.json{query}")).await;
        assert_eq!(
            (answer.status, answer.ids().len()),
            (200, n_products),
            "{query}"
        );
    }
    let first = get(&shop, "/products.json?limit=5").await.body;
    for query in [
        "limit=5&page=0",
        "limit=5&page=-1",
        "limit=5&page=x",
        "page=1&limit=5",
    ] {
        let answer = get(&shop, &format!("/products.json?{query}")).await;
        assert_eq!(answer.body, first, "{query}");
    }
}

#[tokio::test]
async fn the_pages_together_are_the_catalogue_in_its_order() {
    let catalogue = Catalogue::generate(&NORTH_LOFT, 110, 1);
    let expected: Vec<u64> = (0..catalogue.len())
        .map(|index| catalogue.product(index).unwrap()["id"].as_u64().unwrap())
        .collect();
    let shop = FakeShop::start(catalogue, FaultPlan::none()).await.unwrap();
    let mut ids = vec![];
    for page in 1..=4 {
        ids.extend(
            get(&shop, &format!("/products.json?limit=50&page={page}"))
                .await
                .ids(),
        );
    }
    assert_eq!(ids, expected);
}

#[tokio::test]
async fn a_page_past_the_end_is_an_empty_list_of_the_right_type() {
    let shop = shop(3).await;
    let answer = get(&shop, "/products.json?page=2").await;
    assert_eq!(answer.text(), r#"{"products":[]}"#);
    assert_eq!(
        answer.header("content-type"),
        Some("application/json; charset=utf-8")
    );
}

#[tokio::test]
async fn the_wall_stands_above_25_000_in_three_forms() {
    let text = r#"{"errors":"Page * Limit exceeds the 25000 limit."}"#;
    for (wall, status, body) in [
        (Wall::BadRequest, 400, text),
        (Wall::Ok, 200, text),
        (Wall::None, 200, r#"{"products":[]}"#),
    ] {
        let shop = faulty_shop(1, FaultPlan::none().wall(wall)).await;
        let last = get(&shop, "/products.json?limit=250&page=100").await;
        assert_eq!(
            (last.status, last.text().as_str()),
            (200, r#"{"products":[]}"#)
        );
        for page in ["101", "18446744073709551615"] {
            let beyond = get(&shop, &format!("/products.json?limit=250&page={page}")).await;
            assert_eq!((beyond.status, beyond.text().as_str()), (status, body));
        }
    }
}

#[tokio::test]
async fn gzip_comes_only_when_asked_for_and_inflates_to_the_same_bytes() {
    let shop = shop(20).await;
    let plain = get(&shop, "/products.json").await;
    assert_eq!(plain.header("content-encoding"), None);
    let headers = "Accept-Encoding: br, gzip\r\n";
    let zipped = get_with(shop.addr(), "/products.json", headers).await;
    assert_eq!(zipped.header("content-encoding"), Some("gzip"));
    assert!(zipped.body.len() * 2 < plain.body.len());
    assert_eq!(inflated(&zipped.body), plain.body);
}

#[tokio::test]
async fn a_single_product_has_one_text_of_tags_and_no_word_on_availability() {
    let document = r#"{"products":[{"id":5,"handle":"alder™-mug","title":"Mug <1>","tags":["a","b"],
        "variants":[{"id":6,"available":true,"price":"4.00"}]}]}"#;
    let catalogue = Catalogue::from_json(document.as_bytes()).unwrap();
    let shop = FakeShop::start(catalogue, FaultPlan::none()).await.unwrap();

    let product = get(&shop, "/products/alder%E2%84%A2-mug.json").await.json()["product"].take();
    assert_eq!(
        (&product["id"], &product["tags"]),
        (&Value::from(5), &Value::from("a, b"))
    );
    assert_eq!(product["variants"][0]["price"], "4.00");
    assert_eq!(product["variants"][0].get("available"), None);

    let page = get(&shop, "/products/alder%E2%84%A2-mug").await;
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert!(page.text().contains("<h1>Mug &lt;1&gt;</h1>"));

    for path in [
        "/products/none.json",
        "/products/none",
        "/products",
        "/nowhere",
    ] {
        assert_eq!(get(&shop, path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn the_currency_stands_in_meta_json_and_on_the_front_page() {
    let catalogue = Catalogue::generate(&KUMO_STATIONERY, 2, 1);
    let shop = FakeShop::start(catalogue.clone(), FaultPlan::none())
        .await
        .unwrap();
    let meta = get(&shop, "/meta.json").await.json();
    assert_eq!(
        (&meta["currency"], &meta["country"]),
        (&"JPY".into(), &"JP".into())
    );
    assert!(
        get(&shop, "/")
            .await
            .text()
            .contains(r#"Shopify.currency = {"active":"JPY","rate":"1.0"}"#)
    );

    shop.set_catalogue(catalogue.with_currency(None));
    assert_eq!(get(&shop, "/meta.json").await.status, 404);
    assert!(!get(&shop, "/").await.text().contains("Shopify.currency"));
}

#[tokio::test]
async fn robots_txt_is_the_plans_and_lets_products_be_read_by_default() {
    let robots = get(&shop(1).await, "/robots.txt").await;
    assert!(robots.text().contains("Disallow: /collections/*sort_by*\n"));
    assert!(!robots.text().contains("Disallow: /products"));
    let refusing = faulty_shop(1, FaultPlan::none().robots("User-agent: *\nDisallow: /\n")).await;
    assert_eq!(
        get(&refusing, "/robots.txt").await.text(),
        "User-agent: *\nDisallow: /\n"
    );
}

#[tokio::test]
async fn validators_answer_304_until_the_catalogue_changes() {
    let shop = faulty_shop(2, FaultPlan::none().validators()).await;
    let etag = get(&shop, "/products.json")
        .await
        .header("etag")
        .unwrap()
        .to_string();
    let conditional = format!("If-None-Match: {etag}\r\n");
    let again = get_with(shop.addr(), "/products.json", &conditional).await;
    assert_eq!((again.status, again.body.len()), (304, 0));

    let mut changed = Catalogue::generate(&NORTH_LOFT, 2, 1);
    changed.edit(0, |product| product["variants"][0]["price"] = "1.00".into());
    shop.set_catalogue(changed);
    let after = get_with(shop.addr(), "/products.json", &conditional).await;
    assert_eq!(after.json()["products"][0]["variants"][0]["price"], "1.00");
    assert_ne!(after.header("etag"), Some(etag.as_str()));
}
