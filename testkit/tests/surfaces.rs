//! What a shop shows beside its product list.

use std::collections::{BTreeSet, HashSet};

use serde_json::{Value, json};
use testkit::{Catalogue, Collection, FakeShop, Fault, FaultPlan, NORTH_LOFT, Surface};

use crate::client::{faulty_shop, get, get_at, post, shop};

/// What stands between `<loc>` and `</loc>`, with its path and query alone.
fn locations(xml: &str) -> Vec<String> {
    let parts = xml.split("<loc>").skip(1);
    let all = parts.map(|it| it.split_once("</loc>").unwrap().0.replace("&amp;", "&"));
    all.map(|it| it.strip_prefix("http://shop.example").unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn the_sitemap_names_every_product_once_by_ranges_of_ids() {
    let shop = faulty_shop(110, FaultPlan::none().sitemap_file_size(40)).await;
    let index = get(&shop, "/sitemap.xml").await.text();
    let files = locations(&index);
    let files: Vec<&String> = files.iter().filter(|it| it.contains("products")).collect();
    assert_eq!(files.len(), 3, "{index}");
    let mut handles = HashSet::new();
    for file in files {
        let text = get(&shop, file).await.text();
        let pages = locations(&text);
        assert_eq!(pages[0], "/");
        assert_eq!(text.matches("<lastmod>20").count(), pages.len() - 1);
        for page in &pages[1..] {
            assert_eq!(get(&shop, &format!("{page}.json")).await.status, 200);
            assert!(handles.insert(page.clone()), "{page} comes twice");
        }
        let without_range = file.split_once('?').unwrap().0;
        assert_eq!(get(&shop, without_range).await.status, 400);
    }
    assert_eq!(handles.len(), 110);
}

#[tokio::test]
async fn a_language_has_the_same_products_again_in_its_own_folder() {
    let shop = faulty_shop(5, FaultPlan::none().locale("fr")).await;
    let files = locations(&get(&shop, "/sitemap.xml").await.text());
    let french = files
        .iter()
        .find(|it| it.starts_with("/fr/sitemap_products_1.xml"));
    let pages = locations(&get(&shop, french.unwrap()).await.text());
    assert!(pages[1].starts_with("/fr/products/"), "{pages:?}");
    assert_eq!(get(&shop, &pages[1]).await.status, 200);
    assert_eq!(
        get(&shop, "/de/sitemap_products_1.xml?from=1&to=9")
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn collections_are_listed_in_pages_and_show_their_products() {
    let catalogue = Catalogue::generate(&NORTH_LOFT, 40, 1);
    let ids: Vec<u64> = (0..40)
        .map(|index| catalogue.product(index).unwrap()["id"].as_u64().unwrap())
        .collect();
    let own = vec![
        Collection::new("lamps", [3, 1, 70]),
        Collection::new("chairs", 5..9),
    ];
    let shop = FakeShop::start(catalogue.with_collections(own), FaultPlan::none())
        .await
        .unwrap();
    let second = get(&shop, "/collections.json?limit=1&page=2").await.json();
    let second = second["collections"].as_array().unwrap();
    assert_eq!(second.len(), 1);
    assert_eq!(
        (&second[0]["handle"], &second[0]["products_count"]),
        (&"chairs".into(), &4.into())
    );
    let path = "/collections/lamps/products.json";
    assert_eq!(get(&shop, path).await.ids(), [ids[3], ids[1]]);
    let page = get(&shop, "/collections/chairs/products.json?limit=3&page=2").await;
    assert_eq!(page.ids(), [ids[8]]);
    assert_eq!(
        get(&shop, "/collections/all/products.json?limit=250")
            .await
            .ids(),
        ids
    );
    assert_eq!(
        get(&shop, "/collections/sofas/products.json").await.status,
        404
    );
    let beyond = get(&shop, "/collections/all/products.json?limit=250&page=101").await;
    assert_eq!(beyond.status, 400);
}

#[tokio::test]
async fn collections_may_be_empty_whatever_they_count() {
    let shop = faulty_shop(40, FaultPlan::none().empty_collections()).await;
    let listed = get(&shop, "/collections.json").await.json();
    assert_eq!(listed["collections"][0]["products_count"], 8);
    assert!(
        get(&shop, "/collections/frontpage/products.json")
            .await
            .ids()
            .is_empty()
    );
}

#[tokio::test]
async fn the_feed_has_the_newest_products_in_shopifys_own_words() {
    let catalogue = Catalogue::generate(&NORTH_LOFT, 60, 1);
    let newest = catalogue.product(59).unwrap();
    let shop = FakeShop::start(catalogue, FaultPlan::none()).await.unwrap();
    let answer = get(&shop, "/collections/all.atom").await;
    assert_eq!(
        answer.header("content-type"),
        Some("application/atom+xml; charset=utf-8")
    );
    let text = answer.text();
    assert_eq!(text.matches("<entry>").count(), 50);
    let first = text.split("<entry>").nth(1).unwrap();
    let id = format!("/products/{}</id>", newest["id"]);
    let price = newest["variants"][0]["price"].as_str().unwrap();
    let price = format!("<s:price currency=\"GBP\">{price}</s:price>");
    let vendor = format!(
        "<s:vendor>{}</s:vendor>",
        newest["vendor"].as_str().unwrap()
    );
    for part in [id, price, vendor] {
        assert!(first.contains(&part), "{part} is not in {first}");
    }
}

const QUERY: &str =
    "query ($n: Int!, $after: String) { products(first: $n, sortKey: BEST_SELLING, after: $after) {
    edges { cursor node { id handle } } pageInfo { hasNextPage endCursor } } }";

async fn best_sellers(shop: &FakeShop, n: u64, after: Option<&str>) -> Value {
    let document = json!({"query": QUERY, "variables": {"n": n, "after": after}});
    let answer = post(shop, "/api/2026-01/graphql.json", &document).await;
    assert_eq!(answer.status, 200);
    answer.json()
}

#[tokio::test]
async fn the_storefront_api_pages_through_the_best_selling_order() {
    let catalogue = Catalogue::generate(&NORTH_LOFT, 7, 1);
    let expected: Vec<String> = (0..7)
        .map(|place| catalogue.best_seller(place).unwrap())
        .map(|index| catalogue.product(index).unwrap()["id"].to_string())
        .collect();
    let shop = FakeShop::start(catalogue, FaultPlan::none()).await.unwrap();
    let (mut found, mut after): (Vec<String>, Option<String>) = (vec![], None);
    loop {
        let page = best_sellers(&shop, 3, after.as_deref()).await["data"]["products"].take();
        for edge in page["edges"].as_array().unwrap() {
            let id = edge["node"]["id"].as_str().unwrap();
            found.push(id.strip_prefix("gid://shopify/Product/").unwrap().into());
            assert_eq!(edge["node"].as_object().unwrap().len(), 2);
        }
        after = page["pageInfo"]["endCursor"].as_str().map(Into::into);
        if page["pageInfo"]["hasNextPage"] != true {
            break;
        }
    }
    assert_eq!(found, expected);
    assert_eq!(shop.requests().len(), 3);
}

#[tokio::test]
async fn the_storefront_api_refuses_what_is_too_much_or_needs_a_token() {
    let shop = shop(3).await;
    let error = best_sellers(&shop, 251, None).await;
    assert_eq!(
        error["errors"][0]["extensions"]["code"],
        "MAX_COMPLEXITY_EXCEEDED"
    );
    let error = best_sellers(&shop, 2, Some("elsewhere")).await;
    assert_eq!(error["errors"][0]["extensions"]["code"], "INVALID_CURSOR");
    let tags = json!({"query": "{ products(first: 2) { nodes { id tags } } }"});
    let error = post(&shop, "/api/2026-01/graphql.json", &tags).await.json();
    assert_eq!(error["errors"][0]["extensions"]["code"], "ACCESS_DENIED");
    let listed = json!({"query": "{ products(first: 2) { nodes { id } } }"});
    let listed = post(&shop, "/api/2026-01/graphql.json", &listed)
        .await
        .json();
    assert_eq!(
        listed["data"]["products"]["nodes"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(get(&shop, "/api/2026-01/graphql.json").await.status, 404);
    assert_eq!(
        post(&shop, "/api/newest/graphql.json", &tags).await.status,
        404
    );
}

#[tokio::test]
async fn what_is_closed_is_not_found() {
    let paths = [
        (Surface::Sitemap, "/sitemap.xml"),
        (Surface::Sitemap, "/sitemap_products_1.xml?from=1&to=9"),
        (Surface::Collections, "/collections.json"),
        (Surface::Collections, "/collections/all/products.json"),
        (Surface::Atom, "/collections/all.atom"),
    ];
    for (surface, path) in paths {
        assert_eq!(get(&shop(1).await, path).await.status, 200, "{path}");
        let closed = faulty_shop(1, FaultPlan::none().without(surface)).await;
        assert_eq!(get(&closed, path).await.status, 404, "{path}");
    }
    let closed = FaultPlan::none()
        .without(Surface::StorefrontApi)
        .without(Surface::ProductJson);
    let catalogue = Catalogue::generate(&NORTH_LOFT, 1, 1);
    let handle = catalogue.product(0).unwrap()["handle"]
        .as_str()
        .unwrap()
        .to_owned();
    let closed = FakeShop::start(catalogue, closed).await.unwrap();
    let query = json!({"query": QUERY, "variables": {"n": 1}});
    assert_eq!(
        post(&closed, "/api/2026-01/graphql.json", &query)
            .await
            .status,
        404
    );
    assert_eq!(
        get(&closed, &format!("/products/{handle}.json"))
            .await
            .status,
        404
    );
    assert_eq!(
        get(&closed, &format!("/products/{handle}")).await.status,
        200
    );
}

#[tokio::test]
async fn a_closed_list_is_open_at_the_name_that_the_platform_gave() {
    let catalogue =
        Catalogue::generate(&NORTH_LOFT, 3, 1).with_platform_domain("nl-7.myshopify.com");
    let plan = FaultPlan::none().closed_list(Fault::status(403));
    let shop = FakeShop::start(catalogue, plan).await.unwrap();
    assert_eq!(get(&shop, "/products.json").await.status, 403);
    assert!(
        get(&shop, "/")
            .await
            .text()
            .contains("Shopify.shop = \"nl-7.myshopify.com\"")
    );
    for host in ["nl-7.myshopify.com", "nl-7.myshopify.com:4433"] {
        assert_eq!(get_at(&shop, host, "/products.json").await.ids().len(), 3);
    }
}

#[tokio::test]
async fn behind_a_password_everything_leads_to_its_page() {
    let shop = faulty_shop(3, FaultPlan::none().password()).await;
    for path in ["/", "/products.json", "/meta.json", "/sitemap.xml"] {
        let answer = get(&shop, path).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (302, Some("/password"))
        );
    }
    assert_eq!(get(&shop, "/robots.txt").await.status, 200);
    assert!(
        get(&shop, "/password")
            .await
            .text()
            .contains("Opening soon")
    );
}

#[tokio::test]
async fn a_single_product_tells_how_many_there_are_where_the_shop_wants_it() {
    let catalogue = Catalogue::generate(&NORTH_LOFT, 1, 1);
    let handle = catalogue.product(0).unwrap()["handle"]
        .as_str()
        .unwrap()
        .to_owned();
    for (plan, is_told) in [
        (FaultPlan::none(), false),
        (FaultPlan::none().inventory(), true),
    ] {
        let shop = FakeShop::start(catalogue.clone(), plan).await.unwrap();
        let json = get(&shop, &format!("/products/{handle}.json")).await.json();
        let variant = &json["product"]["variants"][0];
        assert_eq!(variant["inventory_quantity"].is_u64(), is_told, "{variant}");
    }
}

#[tokio::test]
async fn the_themes_form_of_a_product_has_prices_in_hundredths() {
    let document = br#"{"products":[{"id":5,"handle":"mug","title":"Mug","product_type":"Cups","body_html":"<p>",
        "variants":[{"id":6,"available":true,"price":"4.50","compare_at_price":null}]}]}"#;
    let catalogue = Catalogue::from_json(document).unwrap();
    let shop = FakeShop::start(catalogue, FaultPlan::none()).await.unwrap();
    let product = get(&shop, "/products/mug.js").await.json();
    let expected = json!({"id": 5, "handle": "mug", "title": "Mug", "type": "Cups", "description": "<p>",
        "price": 450, "available": true,
        "variants": [{"id": 6, "available": true, "price": 450, "compare_at_price": null}]});
    assert_eq!(product, expected);
}

#[tokio::test]
async fn a_large_shop_shows_all_of_its_products_by_the_sitemap() {
    let large = Catalogue::large(&NORTH_LOFT, 60_000, 9);
    let last = large.product(59_999).unwrap();
    let shop = FakeShop::start(large, FaultPlan::none()).await.unwrap();
    let first = get(&shop, "/products.json?limit=250&page=100").await.ids();
    assert_eq!(
        (first.len(), first[249]),
        (250, 7_000_000_000_000 + 25_000 * 1_000_003)
    );
    let files = locations(&get(&shop, "/sitemap.xml").await.text());
    let mut pages = BTreeSet::new();
    for file in files.iter().filter(|it| it.contains("products")) {
        pages.extend(locations(&get(&shop, file).await.text()));
    }
    assert_eq!(pages.len(), 60_001, "with the front page of each file");
    let handle = last["handle"].as_str().unwrap();
    let product = get(&shop, &format!("/products/{handle}.json")).await.json();
    assert_eq!(product["product"]["id"], last["id"]);
}
