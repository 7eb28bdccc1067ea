//! The orders of a search result, page by page.

use catalog::{
    Currency, CurrencySource, Money, PopularitySource, Product, ProductFilter, RankedRow, Ranking,
    SearchCursor, SearchOrder, SearchPlace, SearchQuery, Shop, Start, Store,
};

use super::search::{ORDERS, found, natives, ordered, query, search};
use crate::made::{
    apply, at, begin, begin_shop, currency, eur, id, key, last_page, page, product, shop, variant,
};

/// A shop in euros and one in yen: prices, dates and ranks with ties and gaps.
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
        with("b.example", 4, Some(eur(500)), [Some(5), Some(9)]),
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
        with("a.example", 5, Some(yen(300)), [Some(5), None]),
        with("a.example", 6, None, [Some(6), None]),
        with("a.example", 7, Some(yen(200)), [None, None]),
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

pub(super) async fn each_order_has_its_key_then_the_id_and_what_has_none_last(store: &dyn Store) {
    fill(store).await;
    for (order, natives) in [
        (SearchOrder::Rank, "5 6 7 1 2 3 4 10"),
        (SearchOrder::Cheapest, "10 2 1 4 7 5 3 6"),
        (SearchOrder::Dearest, "1 4 2 10 5 7 3 6"),
        (SearchOrder::Newest, "2 6 5 1 4 10 7 3"),
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
    let by_rank = ordered("product", SearchOrder::Rank);
    assert_eq!(found(store, &by_rank).await, "10 7 1 5 6 2 3 4");
    assert_eq!(found(store, &query("")).await, "10 7 1 5 6 2 3 4");
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
    use SearchOrder::{Cheapest, Dearest, Newest, Rank};
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
        (
            Cheapest,
            SearchPlace::Price(euro, Some(500)),
            b(2),
            "4 7 5 3 6",
        ),
        (Cheapest, SearchPlace::Price(yen, Some(-1)), b(0), "7 5 3 6"),
        (
            Dearest,
            SearchPlace::Price(euro, Some(500)),
            b(1),
            "4 2 10 5 7 3 6",
        ),
        (Dearest, SearchPlace::Price(euro, None), b(3), "6"),
        (Newest, SearchPlace::Listed(Some(at(5))), b(1), "4 10 7 3"),
        (Newest, SearchPlace::Listed(None), id("a.example", 7), "3"),
        (Rank, SearchPlace::Rank(Some(7)), b(99), "5 6 7 1 2 3 4 10"),
        (Rank, SearchPlace::Rank(None), b(3), "4 10"),
        (Rank, SearchPlace::Rank(None), b(10), ""),
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
                filter: filter.clone(),
                ..query(text)
            };
            assert_eq!(found(store, &query).await, natives, "{filter:?}");
            let rows = store.products(&filter, None, 99).await.unwrap();
            assert_eq!(search(store, &query).await.rows, rows);
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
