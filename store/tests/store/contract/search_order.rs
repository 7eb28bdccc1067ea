//! The orders of a search result, page by page.

use catalog::{
    Currency, CurrencySource, Money, PopularitySource, Product, ProductFilter, RankedRow, Ranking,
    SearchCursor, SearchOrder, SearchPlace, SearchQuery, Shop, Start, Store,
};

use super::search::{ORDERS, found, natives, ordered, query, search};
use crate::made::{
    apply, at, begin, begin_shop, currency, eur, id, key, last_page, page, product, shop, variant,
};

/// A shop in euros and one in yen: prices, dates and ranks with gaps. Products of the same place have an order of each
/// store's own.
async fn fill(store: &dyn Store) {
    let yen = |minor| Money::new(minor, currency("JPY"));
    let with = |host: &str, native: u64, price: Option<Money>, listed: [Option<i64>; 2]| Product {
        variants: vec![catalog::Variant {
            price,
            ..variant("1", 0, native.is_multiple_of(2))
        }],
        published_at: listed[0].map(at),
        created_at: listed[1].map(at),
        ..product(host, native)
    };
    let euros = vec![
        with("b.example", 1, Some(eur(500)), [Some(5), Some(1)]),
        with("b.example", 2, Some(eur(100)), [None, Some(7)]),
        with("b.example", 3, None, [None, None]),
        with("b.example", 4, Some(eur(600)), [Some(4), Some(9)]),
        with("b.example", 10, Some(eur(0)), [Some(-5), None]),
    ];
    let begun = begin(store, "b.example", Start::Fresh, 0).await;
    apply(store, &begun, last_page(1, euros)).await;
    let in_yen = Shop {
        currency: currency("JPY"),
        ..shop("a.example")
    };
    let begun = begin_shop(store, &in_yen, Start::Fresh, 0).await;
    let products = vec![
        with("a.example", 5, Some(yen(300)), [Some(3), None]),
        with("a.example", 6, None, [Some(6), None]),
        with("a.example", 7, Some(yen(200)), [Some(-9), None]),
    ];
    apply(store, &begun, last_page(1, products)).await;
}

async fn rank(store: &dyn Store, now: i64, ranks: &[(&str, u64)]) {
    let ids: Vec<_> = ranks
        .iter()
        .map(|(host, native)| id(host, *native))
        .collect();
    let rows = store.product_rows(&ids).await.unwrap();
    let ranked = rows.into_iter().zip(1..).map(|(product, rank)| RankedRow {
        rank,
        score: 1.0,
        coverage: 1.0,
        contributions: vec![],
        rank_uncapped: None,
        popularity: None,
        stability: None,
        product,
    });
    let ranking = Ranking {
        at: at(now),
        preset: "classic".into(),
        features: vec![],
        weights: vec![],
        n_ranked: 8,
        popularity_source: PopularitySource::Simulated,
        filter: None,
        stability: None,
        rows: ranked.collect(),
    };
    store.save_ranking(&ranking).await.unwrap();
}

pub(super) async fn each_order_has_its_key_and_what_has_none_last(store: &dyn Store) {
    fill(store).await;
    for (order, natives) in [
        (SearchOrder::Cheapest, "10 2 1 4 7 5 3 6"),
        (SearchOrder::Dearest, "4 1 2 10 5 7 3 6"),
        (SearchOrder::Newest, "2 6 1 4 5 10 7 3"),
    ] {
        for text in ["product", ""] {
            let shown = found(store, &ordered(text, order)).await;
            assert_eq!(shown, natives, "{order:?}");
        }
    }
    rank(store, 1, &[("b.example", 3), ("a.example", 6)]).await;
    rank(
        store,
        3,
        &[("b.example", 10), ("a.example", 7), ("b.example", 1)],
    )
    .await;
    rank(store, 2, &[("b.example", 4)]).await;
    for text in ["product", ""] {
        let shown = found(store, &query(text)).await;
        assert!(shown.starts_with("10 7 1 "), "{shown}");
        assert_eq!(sorted(&shown), "1 2 3 4 5 6 7 10");
    }
}

/// The same native ids by number.
fn sorted(natives: &str) -> String {
    let mut natives: Vec<&str> = natives.split(' ').filter(|it| !it.is_empty()).collect();
    natives.sort_by_key(|it| it.parse::<u64>().unwrap());
    natives.join(" ")
}

pub(super) async fn any_page_size_gives_the_same_search_result(store: &dyn Store) {
    fill(store).await;
    rank(
        store,
        3,
        &[("b.example", 10), ("a.example", 7), ("b.example", 1)],
    )
    .await;
    for order in ORDERS {
        for text in ["product", ""] {
            let query = ordered(text, order);
            let all = search(store, &query).await;
            for limit in 1..=9 {
                let mut rows = vec![];
                let mut after: Option<SearchCursor> = None;
                loop {
                    let page = store.search(&query, after.as_ref(), limit).await.unwrap();
                    assert_eq!(page.total, 8);
                    assert!(page.rows.len() <= limit);
                    rows.extend(page.rows);
                    after = page.next;
                    let Some(next) = &after else { break };
                    assert_eq!(next.id, rows.last().unwrap().id);
                }
                assert_eq!(rows, all.rows, "{order:?} {limit}");
            }
            let nothing = store.search(&query, None, 0).await.unwrap();
            assert_eq!((nothing.rows, nothing.total), (vec![], 8));
        }
    }
}

pub(super) async fn a_search_goes_on_behind_a_place_that_is_not_there(store: &dyn Store) {
    fill(store).await;
    let behind = async |order, place, id| {
        let after = SearchCursor { place, id };
        let query = ordered("product", order);
        natives(&store.search(&query, Some(&after), 99).await.unwrap())
    };
    let b = |native: u64| id("b.example", native);
    let (euro, yen) = (currency("EUR"), currency("JPY"));
    use SearchOrder::{Cheapest, Dearest, Newest};
    for (order, place, id, natives) in [
        (
            Cheapest,
            SearchPlace::Price(euro, Some(100)),
            b(2),
            "1 4 7 5 3 6",
        ),
        (
            Cheapest,
            SearchPlace::Price(euro, Some(101)),
            b(99),
            "1 4 7 5 3 6",
        ),
        (Cheapest, SearchPlace::Price(yen, Some(-1)), b(0), "7 5 3 6"),
        (
            Dearest,
            SearchPlace::Price(euro, Some(500)),
            b(1),
            "2 10 5 7 3 6",
        ),
        (Dearest, SearchPlace::Price(euro, None), b(3), "6"),
        (Newest, SearchPlace::Listed(Some(at(5))), b(1), "4 5 10 7 3"),
        (Newest, SearchPlace::Listed(None), b(3), ""),
    ] {
        assert_eq!(
            behind(order, place, id).await,
            natives,
            "{order:?} {place:?}"
        );
    }
}

pub(super) async fn a_cursor_of_another_order_is_refused(store: &dyn Store) {
    fill(store).await;
    let after = SearchCursor {
        place: SearchPlace::Listed(None),
        id: id("a.example", 7),
    };
    for order in [
        SearchOrder::Rank,
        SearchOrder::Cheapest,
        SearchOrder::Dearest,
    ] {
        let refused = store.search(&ordered("", order), Some(&after), 9).await;
        let error = refused.unwrap_err().to_string();
        assert!(error.contains("cursor"), "{error}");
    }
}

pub(super) async fn a_search_is_filtered_like_a_list(store: &dyn Store) {
    fill(store).await;
    let everything = ProductFilter::default();
    for (filter, natives) in [
        (
            ProductFilter {
                shops: vec![key("a.example"), key("no.example")],
                ..everything.clone()
            },
            "5 6 7",
        ),
        (
            ProductFilter {
                in_stock: true,
                ..everything.clone()
            },
            "6 2 4 10",
        ),
        (
            ProductFilter {
                currency: Some(currency("JPY")),
                price_max: Some(250.0),
                ..everything.clone()
            },
            "7",
        ),
        (
            ProductFilter {
                price_min: Some(1.0),
                vendor: Some(" VENDOR".into()),
                product_type: Some("type".into()),
                shops: vec![key("b.example")],
                ..everything.clone()
            },
            "1 2 4",
        ),
        (
            ProductFilter {
                vendor: Some("$where".into()),
                ..everything.clone()
            },
            "",
        ),
    ] {
        for text in ["product", ""] {
            let query = SearchQuery {
                tag: None,
                filter: filter.clone(),
                ..query(text)
            };
            let shown = found(store, &query).await;
            assert_eq!(sorted(&shown), sorted(natives), "{filter:?}");
            let rows = store.products(&filter, None, 99).await.unwrap();
            let mut found = search(store, &query).await.rows;
            found.sort_by(|one, two| one.id.cmp(&two.id));
            assert_eq!(found, rows);
        }
    }
}

pub(super) async fn a_product_without_a_price_is_in_its_shops_currency_last(store: &dyn Store) {
    let unknown = Shop {
        currency: Currency::UNKNOWN,
        currency_source: CurrencySource::Unknown,
        ..shop("c.example")
    };
    fill(store).await;
    let begun = begin_shop(store, &unknown, Start::Fresh, 0).await;
    let mut unpriced = product("c.example", 8);
    unpriced.variants.clear();
    apply(store, &begun, page(1, vec![unpriced])).await;
    let cheapest = ordered("", SearchOrder::Cheapest);
    assert_eq!(found(store, &cheapest).await, "10 2 1 4 7 5 3 6 8");
    let page = store.search(&cheapest, None, 8).await.unwrap();
    let place = page.next.unwrap().place;
    assert_eq!(place, SearchPlace::Price(currency("JPY"), None));
}

pub(super) async fn a_tag_is_found_whole_and_without_regard_to_case(store: &dyn Store) {
    let tagged = |native: u64, tags: &[&str]| Product {
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        ..product("b.example", native)
    };
    let products = vec![
        tagged(1, &["Summer Sale", "x"]),
        tagged(2, &["summer", "sale"]),
        tagged(3, &["x", " SUMMER SALE "]),
        tagged(4, &["summer-sale"]),
        tagged(5, &["\u{c9}t\u{e9}"]),
        tagged(6, &["--"]),
    ];
    let begun = begin(store, "b.example", Start::Fresh, 0).await;
    apply(store, &begun, last_page(1, products)).await;
    for (tag, natives) in [
        ("summer sale", "1 3"),
        (" Summer SALE", "1 3"),
        ("summer", "2"),
        ("summ", ""),
        ("x", "1 3"),
        ("\u{e9}T\u{c9}", "5"),
        ("ete", ""),
        ("--", "6"),
        ("", ""),
    ] {
        for order in super::search::ORDERS {
            for text in ["", "prod"] {
                let query = SearchQuery {
                    tag: Some(tag.into()),
                    ..ordered(text, order)
                };
                let shown = found(store, &query).await;
                assert_eq!(sorted(&shown), natives, "{tag:?}");
            }
        }
    }
    let both = SearchQuery {
        tag: Some("x".into()),
        ..query("1")
    };
    assert_eq!(found(store, &both).await, "1");
}
