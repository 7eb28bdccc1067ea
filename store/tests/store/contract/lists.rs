//! Lists of products: order, pages, filters.

use catalog::{Currency, CurrencySource, Product, ProductFilter, ProductRow, Shop, Start, Store};

use crate::made::{
    apply, at, begin, begin_shop, crawl, currency, id, key, last_page, page, product, products,
    shop, variant,
};

fn everything() -> ProductFilter {
    ProductFilter::default()
}

/// Three shops whose products came in no order, with prices from 1.00 on, some gone, some sold out.
async fn fill(store: &dyn Store) -> Vec<ProductRow> {
    for (place, host) in ["b.example", "b-.example", "a.example"]
        .into_iter()
        .enumerate()
    {
        let natives = [
            "10",
            "9",
            "zebra",
            "007",
            "18446744073709551615",
            "5",
            "\u{e9}",
            "1",
        ];
        let mut products: Vec<Product> = natives.map(|it| product(host, it)).into();
        for (n, product) in products.iter_mut().enumerate() {
            product.vendor = ["ACME", "acme ", "Other"][n % 3].into();
            product.product_type = ["Shoe", "\u{c9}charpe"][n % 2].into();
            product.variants = match n {
                0 => vec![],
                _ => vec![variant("1", 100 * n as i64, n % 2 == 0)],
            };
        }
        let now = 10 * place as i64;
        crawl(store, host, products.clone(), now).await;
        products.remove(4);
        crawl(store, host, products, now + 1).await;
    }
    store.products(&everything(), None, 1000).await.unwrap()
}

pub(super) async fn products_come_by_shop_then_number_then_text(store: &dyn Store) {
    let rows = fill(store).await;
    let shown: Vec<String> = rows.iter().map(|row| row.id.to_string()).collect();
    let natives = ["1", "5", "9", "10", "007", "zebra", "\u{e9}"];
    let mut expected = vec![];
    for host in ["a.example", "b-.example", "b.example"] {
        expected.extend(natives.map(|native| format!("shopify:{host}:{native}")));
    }
    assert_eq!(shown, expected);
    assert!(rows.is_sorted_by_key(|row| &row.id));
}

pub(super) async fn any_page_size_gives_the_same_list(store: &dyn Store) {
    let all = fill(store).await;
    let in_stock = ProductFilter {
        in_stock: true,
        ..everything()
    };
    for filter in [everything(), in_stock] {
        let wanted: Vec<_> = all
            .iter()
            .filter(|row| filter.matches(row))
            .cloned()
            .collect();
        for limit in 1..=all.len() + 1 {
            let (mut rows, mut metrics) = (vec![], vec![]);
            loop {
                let after = rows.last().map(|row: &ProductRow| row.id.clone());
                let page = store
                    .products(&filter, after.as_ref(), limit)
                    .await
                    .unwrap();
                metrics.extend(store.metrics(&filter, after.as_ref(), limit).await.unwrap());
                let is_last = page.len() < limit;
                rows.extend(page);
                if is_last {
                    break;
                }
            }
            assert_eq!(rows, wanted);
            assert_eq!(metrics.len(), wanted.len());
            for (metrics, row) in metrics.iter().zip(&rows) {
                assert_eq!((&metrics.id, metrics.metrics), (&row.id, row.metrics));
            }
        }
    }
    assert_eq!(store.products(&everything(), None, 0).await.unwrap(), []);
    assert_eq!(store.metrics(&everything(), None, 0).await.unwrap(), []);
}

pub(super) async fn a_list_goes_on_behind_an_id_that_is_not_stored(store: &dyn Store) {
    fill(store).await;
    for (after, first) in [
        (id("a.example", 2), Some("shopify:a.example:5")),
        (id("a.example", u64::MAX), Some("shopify:a.example:zebra")),
        (id("a.example", "\u{fffd}"), Some("shopify:b-.example:1")),
        (id("aa.example", 7), Some("shopify:b-.example:1")),
        (id("0.example", 7), Some("shopify:a.example:1")),
        (id("c.example", 0), None),
    ] {
        let rows = store
            .products(&everything(), Some(&after), 1)
            .await
            .unwrap();
        let found = rows.first().map(|row| row.id.to_string());
        assert_eq!(found.as_deref(), first, "after {after}");
    }
}

pub(super) async fn every_filter_keeps_what_it_matches(store: &dyn Store) {
    let all = fill(store).await;
    let text = |it: &str| Some(it.to_owned());
    for (filter, n_rows) in [
        (
            ProductFilter {
                shops: vec![key("b.example"), key("no.example")],
                ..everything()
            },
            7,
        ),
        (
            ProductFilter {
                vendor: text("Acme"),
                ..everything()
            },
            3 * 5,
        ),
        (
            ProductFilter {
                product_type: text("\u{e9}CHARPE"),
                ..everything()
            },
            3 * 4,
        ),
        (
            ProductFilter {
                currency: Some(currency("EUR")),
                ..everything()
            },
            3 * 7,
        ),
        (
            ProductFilter {
                currency: Some(currency("USD")),
                ..everything()
            },
            0,
        ),
        (
            ProductFilter {
                in_stock: true,
                ..everything()
            },
            3 * 2,
        ),
        (
            ProductFilter {
                price_min: Some(3.0),
                ..everything()
            },
            3 * 4,
        ),
        (
            ProductFilter {
                price_max: Some(3.0),
                ..everything()
            },
            3 * 3,
        ),
        (
            ProductFilter {
                price_min: Some(f64::NAN),
                ..everything()
            },
            0,
        ),
        (
            ProductFilter {
                price_min: Some(2.0),
                price_max: Some(5.0),
                in_stock: true,
                ..everything()
            },
            3,
        ),
    ] {
        let rows = store.products(&filter, None, 1000).await.unwrap();
        let wanted: Vec<_> = all
            .iter()
            .filter(|row| filter.matches(row))
            .cloned()
            .collect();
        assert_eq!(rows, wanted);
        assert_eq!(rows.len(), n_rows, "{filter:?}");
        let metrics = store.metrics(&filter, None, 1000).await.unwrap();
        assert_eq!(metrics.len(), n_rows);
    }
}

pub(super) async fn an_empty_store_has_empty_lists(store: &dyn Store) {
    assert_eq!(store.products(&everything(), None, 9).await.unwrap(), []);
    assert_eq!(store.metrics(&everything(), None, 9).await.unwrap(), []);
    assert_eq!(store.currencies(&everything()).await.unwrap(), []);
    assert_eq!(store.shops().await.unwrap(), []);
    assert_eq!(store.crawls(None, 9).await.unwrap(), []);
    assert_eq!(store.latest_ranking().await.unwrap(), None);
    let nothing = id("a.example", 1);
    assert_eq!(store.product(&nothing).await.unwrap(), None);
    assert_eq!(store.observations(&nothing, 9).await.unwrap(), []);
    assert_eq!(store.product_rows(&[nothing]).await.unwrap(), []);
}

pub(super) async fn rows_come_in_the_order_asked_for(store: &dyn Store) {
    crawl(store, "a.example", products("a.example", 0..3), 0).await;
    crawl(store, "b.example", products("b.example", 0..3), 0).await;
    let wanted = [
        id("b.example", 2),
        id("a.example", 1),
        id("b.example", 0),
        id("b.example", 2),
    ];
    let mut asked = wanted.to_vec();
    asked.insert(1, id("a.example", 99));
    asked.insert(3, id("c.example", 1));
    let rows = store.product_rows(&asked).await.unwrap();
    let found: Vec<_> = rows.iter().map(|row| row.id.clone()).collect();
    assert_eq!(found, wanted);
    assert_eq!(store.product_rows(&[]).await.unwrap(), []);
}

pub(super) async fn a_row_was_confirmed_by_the_last_complete_pass_or_when_stored(
    store: &dyn Store,
) {
    crawl(store, "a.example", products("a.example", 0..3), 10).await;
    crawl(store, "a.example", products("a.example", 0..2), 20).await;
    let begun = begin(store, "a.example", Start::Fresh, 30).await;
    let mut changed = page(1, products("a.example", 0..1));
    changed.products[0].title = "New".into();
    changed.at = at(31);
    apply(store, &begun, changed).await;
    let ids = [0, 1, 2].map(|native| id("a.example", native as u64));
    let rows = store.product_rows(&ids).await.unwrap();
    let confirmed: Vec<_> = rows.iter().map(|row| row.crawled_at).collect();
    assert_eq!(confirmed, [at(31), at(20), at(10)]);
}

pub(super) async fn currencies_are_those_of_the_products_that_pass(store: &dyn Store) {
    let in_currency = async |host: &str, code: &str| {
        let shop = Shop {
            currency: currency(code),
            ..shop(host)
        };
        let begun = begin_shop(store, &shop, Start::Fresh, 0).await;
        let mut product = product(host, 1);
        let price = catalog::Money::new(100, currency(code));
        product.variants[0].price = Some(price);
        product.variants[1].price = Some(price);
        apply(store, &begun, last_page(1, vec![product])).await;
    };
    for (host, code) in [
        ("a.example", "USD"),
        ("b.example", "JPY"),
        ("c.example", "USD"),
    ] {
        in_currency(host, code).await;
    }
    let codes = async |filter: ProductFilter| store.currencies(&filter).await.unwrap();
    assert_eq!(
        codes(everything()).await,
        [currency("JPY"), currency("USD")]
    );
    let shops = vec![key("b.example")];
    assert_eq!(
        codes(ProductFilter {
            shops,
            ..everything()
        })
        .await,
        [currency("JPY")]
    );
    let price_max = Some(50.0);
    assert_eq!(
        codes(ProductFilter {
            price_max,
            ..everything()
        })
        .await,
        [currency("USD")]
    );
    let begun = begin(store, "b.example", Start::Fresh, 1).await;
    let reason = catalog::Reason::new(catalog::Stop::ClosedFeed, "404");
    let gone = catalog::Outcome::Gone(reason);
    store
        .finish_crawl(&begun.ticket, gone, at(2))
        .await
        .unwrap();
    assert_eq!(codes(everything()).await, [currency("USD")]);
}

pub(super) async fn a_product_without_a_price_is_in_its_shops_currency(store: &dyn Store) {
    let unknown = Shop {
        currency: Currency::UNKNOWN,
        currency_source: CurrencySource::Unknown,
        ..shop("a.example")
    };
    let mut free = product("a.example", 1);
    free.variants.clear();
    for (shop, code) in [(unknown, "XXX"), (shop("a.example"), "EUR")] {
        let begun = begin_shop(store, &shop, Start::Fresh, 0).await;
        apply(store, &begun, last_page(1, vec![free.clone()])).await;
        let row = store
            .products(&everything(), None, 1)
            .await
            .unwrap()
            .remove(0);
        assert_eq!((row.currency, row.price_min), (currency(code), None));
        assert_eq!(
            store.currencies(&everything()).await.unwrap(),
            [currency(code)]
        );
    }
}
