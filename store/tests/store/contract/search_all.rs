//! Search against a look at each product, for every order and many filters.

use std::collections::{BTreeMap, BTreeSet};

use catalog::{
    Currency, Money, Product, ProductFilter, ProductId, ProductRow, SearchOrder, SearchPlace,
    SearchQuery, Shop, Start, Store, query_words, search_words,
};

use super::rankings::ranking_of;
use super::search::ORDERS;
use crate::made::{
    at, begin_shop, crawl, currency, finish, key, last_page, product, shop, variant,
};

const HOSTS: [(&str, &str); 3] = [
    ("b.example", "EUR"),
    ("a.example", "JPY"),
    ("c.example", "EUR"),
];

/// A number that looks random, below `below`.
fn number(seed: u64, below: u64) -> u64 {
    let mixed = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ (mixed >> 32)) % below
}

fn made(host: &str, code: &str, native: u64, seed: u64) -> Product {
    let pick = |n: u64, texts: &[&str]| {
        let at = number(seed * 31 + n, texts.len() as u64);
        texts[usize::try_from(at).unwrap()].to_owned()
    };
    let mut only = variant("1", 0, number(seed * 31 + 5, 2) == 0);
    let minor = i64::try_from(number(seed * 31 + 6, 5) * 700).unwrap();
    let priced = number(seed * 31 + 7, 5) > 0;
    only.price = priced.then(|| Money::new(minor, currency(code)));
    let listed = number(seed * 31 + 8, 6);
    Product {
        title: format!(
            "{} {}",
            pick(1, &["Red", "blue", "Reddish", "r\u{e9}d"]),
            pick(2, &["shoe", "shoes", "hat", ""])
        ),
        vendor: pick(3, &["Acme", "ACME ", "Acme Corp", ""]),
        product_type: pick(4, &["Shoes", "Hat", ""]),
        tags: vec![
            pick(9, &["sale", "Summer Sale", "x"]),
            pick(10, &["red", "y"]),
        ],
        variants: vec![only],
        published_at: (listed > 0).then(|| at(listed.cast_signed())),
        created_at: None,
        ..product(host, native)
    }
}

async fn fill(store: &dyn Store) -> Vec<Product> {
    let mut all = Vec::new();
    for (n_shop, (host, code)) in (0..).zip(HOSTS) {
        let of_shop = Shop {
            currency: currency(code),
            ..shop(host)
        };
        let made: Vec<_> = (0..24_u64)
            .map(|n| {
                made(
                    host,
                    code,
                    number(n + n_shop, 1_000) * 100 + n,
                    n_shop * 100 + n,
                )
            })
            .collect();
        let begun = begin_shop(store, &of_shop, Start::Fresh, 0).await;
        crate::made::apply(store, &begun, last_page(1, made.clone())).await;
        finish(store, &begun, catalog::Outcome::Complete, 0).await;
        all.extend(made);
    }
    // One is gone, and one changed its price and its words.
    let host = HOSTS[0].0;
    all.remove(3);
    let changed = Product {
        title: "green hat".into(),
        variants: vec![variant("1", 1_400, true)],
        ..all[5].clone()
    };
    all[5] = changed;
    let of_host = all.iter().filter(|it| it.id.shop == key(host)).cloned();
    crawl(store, host, of_host.collect(), 1).await;
    all
}

fn queries() -> Vec<SearchQuery> {
    let everything = ProductFilter::default();
    let filters = [
        everything.clone(),
        ProductFilter {
            shops: vec![key("a.example"), key("c.example"), key("no.example")],
            ..everything.clone()
        },
        ProductFilter {
            shops: vec![key("no.example")],
            ..everything.clone()
        },
        ProductFilter {
            vendor: Some("acme".into()),
            ..everything.clone()
        },
        ProductFilter {
            product_type: Some(" SHOES".into()),
            in_stock: true,
            ..everything.clone()
        },
        ProductFilter {
            currency: Some(currency("EUR")),
            price_min: Some(7.0),
            price_max: Some(14.0),
            ..everything.clone()
        },
        ProductFilter {
            price_max: Some(700.0),
            ..everything.clone()
        },
        ProductFilter {
            currency: Some(currency("JPY")),
            ..everything.clone()
        },
        ProductFilter {
            price_min: Some(f64::NAN),
            ..everything
        },
    ];
    let mut queries = Vec::new();
    for order in ORDERS {
        for filter in &filters {
            for text in ["", "red", "re sho", "sho", "blue hat acme", "nothing"] {
                for tag in [None, Some("summer sale"), Some("SALE")] {
                    queries.push(SearchQuery {
                        text: text.into(),
                        tag: tag.map(str::to_owned),
                        filter: filter.clone(),
                        order,
                    });
                }
            }
        }
    }
    queries
}

/// What matches, each with its place.
fn expected(
    products: &[Product],
    ranks: &BTreeMap<ProductId, u32>,
    query: &SearchQuery,
) -> BTreeMap<ProductId, SearchPlace> {
    let of_host: BTreeMap<_, _> = HOSTS
        .iter()
        .map(|(host, code)| (key(host), currency(code)))
        .collect();
    let matching = products.iter().filter_map(|product| {
        let words = search_words(product);
        let has_words = query_words(&query.text)
            .iter()
            .all(|wanted| words.iter().any(|word| word.starts_with(wanted.as_str())));
        let row = ProductRow::of(product, of_host[&product.id.shop], at(0));
        let matches = has_words && query.filter.matches(&row) && query.has_tag(&product.tags);
        let place = match query.order {
            SearchOrder::Rank => SearchPlace::Rank(ranks.get(&product.id).copied()),
            SearchOrder::Cheapest | SearchOrder::Dearest => {
                SearchPlace::Price(row.currency, row.price_min.map(Money::minor))
            }
            SearchOrder::Newest => SearchPlace::Listed(product.published_at),
        };
        matches.then(|| (product.id.clone(), place))
    });
    matching.collect()
}

/// What orders places: those with nothing last.
fn order_key(order: SearchOrder, place: SearchPlace) -> (bool, Option<Currency>, i64) {
    let (currency, number) = match place {
        SearchPlace::Rank(rank) => (None, rank.map(i64::from)),
        SearchPlace::Price(currency, minor) => (Some(currency), minor),
        SearchPlace::Listed(at) => (None, at.map(catalog::UnixMs::ms)),
    };
    let is_descending = matches!(order, SearchOrder::Dearest | SearchOrder::Newest);
    let number_key = number.map_or(0, |it| if is_descending { -it } else { it });
    (number.is_none(), currency, number_key)
}

pub(super) async fn every_query_finds_what_a_look_at_each_product_finds(store: &dyn Store) {
    let products = fill(store).await;
    let mut ranking = ranking_of(store, 1, &[]).await;
    let ids: Vec<_> = products.iter().step_by(9).map(|it| it.id.clone()).collect();
    let rows = store.product_rows(&ids).await.unwrap();
    ranking.rows = (1..)
        .zip(rows)
        .map(|(rank, product)| catalog::RankedRow {
            rank,
            score: 1.0,
            coverage: 1.0,
            contributions: vec![],
            rank_uncapped: None,
            popularity: None,
            stability: None,
            product,
        })
        .collect();
    store.save_ranking(&ranking).await.unwrap();
    let ranks = ranking
        .rows
        .iter()
        .map(|row| (row.product.id.clone(), row.rank));
    let ranks: BTreeMap<_, _> = ranks.collect();
    for query in queries() {
        let expected = expected(&products, &ranks, &query);
        let mut found = BTreeMap::new();
        let mut keys = Vec::new();
        let mut after = None;
        loop {
            let page = store.search(&query, after.as_ref(), 7).await.unwrap();
            assert!(page.rows.len() <= 7 && page.rows.len() == page.places.len());
            assert_eq!(
                (page.total, page.is_total_exact),
                (expected.len() as u64, true)
            );
            if let (Some(next), Some(last)) = (&page.next, page.rows.len().checked_sub(1)) {
                assert_eq!(page.cursor_behind(last).as_ref(), Some(next));
            }
            for (row, place) in page.rows.into_iter().zip(page.places) {
                keys.push(order_key(query.order, place));
                let before = found.insert(row.id, place);
                assert_eq!(before, None, "{query:?}");
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(found, expected, "{query:?}");
        assert!(keys.is_sorted(), "{query:?}");
    }
    let n_found: BTreeSet<_> = queries()
        .iter()
        .map(|query| expected(&products, &ranks, query).len())
        .collect();
    assert!(n_found.len() > 10, "{n_found:?}");
}
