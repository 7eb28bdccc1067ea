//! Walks against sorted lists: with little work per call, many calls give what one call gives.

use catalog::{
    Availability, BegunCrawl, Currency, CurrencySource, LeaseAnswer, Money, PageWrite, Platform,
    PopularitySource, Product, ProductFilter, RankedRow, Ranking, SearchOrder, SearchQuery, Shop,
    Start, Store, StoreError, UnixMs, Variant,
};
use proptest::prelude::*;
use rusqlite::Connection;

use super::{Limits, PlacesCache, search};
use crate::OpenMode;
use crate::sqlite::SqliteStore;

const N_PRODUCTS: u64 = 90;

async fn begin(store: &SqliteStore, host: &str, code: &str) -> Result<BegunCrawl, StoreError> {
    let shop = Shop {
        key: host.parse().unwrap(),
        platform: Platform::Shopify,
        url: String::new(),
        currency: Currency::parse(code).unwrap(),
        currency_source: CurrencySource::Shop,
    };
    let LeaseAnswer::Granted(lease) = store.lease_shop(&shop.key, "me", 0, None).await? else {
        panic!("somebody else has the lease");
    };
    let now = UnixMs::new(0);
    store.begin_crawl(&lease, &shop, Start::Fresh, now).await
}

fn product(host: &str, code: &str, n: u64) -> Product {
    let price = |minor: u64| Money::new(minor.cast_signed(), Currency::parse(code).unwrap());
    let variant = Variant {
        id: "1".into(),
        title: String::new(),
        options: vec![],
        sku: None,
        price: (!n.is_multiple_of(7)).then(|| price(n * 13 % 5 * 100)),
        compare_at: None,
        availability: Availability::Stated(n.is_multiple_of(3)),
        quantity: None,
    };
    Product {
        id: format!("shopify:{host}:{}", n * 7919 % 1000)
            .parse()
            .unwrap(),
        title: format!("red thing{}", n % 11),
        handle: String::new(),
        vendor: ["Acme", "Other"][usize::from(n.is_multiple_of(5))].into(),
        product_type: String::new(),
        body_html: String::new(),
        tags: vec![["sale", "x"][usize::from(n.is_multiple_of(4))].into()],
        options: vec![],
        variants: vec![variant],
        images: vec![],
        url: String::new(),
        created_at: (!n.is_multiple_of(6)).then(|| UnixMs::new((n * 5 % 8).cast_signed())),
        published_at: None,
        updated_at: None,
    }
}

/// Two shops whose rows stand in several generations, and a ranking.
async fn fill(store: &SqliteStore, path: &std::path::Path) {
    for (host, code) in [("b.example", "EUR"), ("a.example", "JPY")] {
        let begun = begin(store, host, code).await.unwrap();
        for part in 0..3 {
            let from = u64::from(part) * N_PRODUCTS / 3;
            let products = from..from + N_PRODUCTS / 3;
            let page = PageWrite {
                page: part + 1,
                products: products.map(|n| product(host, code, n)).collect(),
                problems: vec![],
                next: None,
                bytes: 1,
                at: UnixMs::new(1),
                task_entry: None,
                validators: None,
                not_modified: false,
                present: vec![],
            };
            store.apply_page(&begun.ticket, page).await.unwrap();
            // The next row id is one more than the greatest.
            let leap = "INSERT INTO product_texts (product_id, title, handle, vendor, product_type, url, image_url)
                        SELECT MAX(product_id) + 9000, '', '', '', '', '', '' FROM product_texts";
            Connection::open(path).unwrap().execute_batch(leap).unwrap();
        }
    }
    Connection::open(path)
        .unwrap()
        .execute_batch("DELETE FROM product_texts WHERE native_id IS NULL")
        .unwrap();
    let rows = store.products(&ProductFilter::default(), None, 999).await;
    let ranked = (1..).zip(rows.unwrap().into_iter().step_by(8));
    let rows = ranked.map(|(rank, product)| RankedRow {
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
        at: UnixMs::new(1),
        preset: "classic".into(),
        features: vec![],
        weights: vec![],
        n_ranked: 8,
        popularity_source: PopularitySource::Simulated,
        filter: None,
        stability: None,
        rows: rows.collect(),
    };
    store.save_ranking(&ranking).await.unwrap();
}

fn queries() -> impl Strategy<Value = SearchQuery> {
    let texts = prop::sample::select(vec!["", "red", "r", "thing1", "thing1 acme", "no", "red o"]);
    let orders = prop::sample::select(vec![
        SearchOrder::Rank,
        SearchOrder::Cheapest,
        SearchOrder::Dearest,
        SearchOrder::Newest,
    ]);
    let shops = prop::sample::select(vec![
        vec![],
        vec!["a.example"],
        vec!["a.example", "b.example"],
    ]);
    let prices = prop::option::of(0..5_u32);
    let vendor = prop::option::of(Just("acme".to_owned()));
    let tag = prop::option::of(Just("SALE".to_owned()));
    let currency = prop::option::of(Just(Currency::parse("EUR").unwrap()));
    (
        texts,
        orders,
        shops,
        (prices.clone(), prices),
        vendor,
        tag,
        currency,
        any::<bool>(),
    )
        .prop_map(
            |(text, order, shops, prices, vendor, tag, currency, in_stock)| SearchQuery {
                text: text.into(),
                tag,
                filter: ProductFilter {
                    shops: shops.iter().map(|shop| shop.parse().unwrap()).collect(),
                    product_type: None,
                    vendor,
                    currency,
                    in_stock,
                    price_min: prices.0.map(f64::from),
                    price_max: prices.1.map(f64::from),
                },
                order,
            },
        )
}

fn limits() -> impl Strategy<Value = Limits> {
    (
        0..4_usize,
        0..150_usize,
        prop::bool::ANY,
        0..3_u64,
        0..400_usize,
    )
        .prop_map(|(few, collected, is_common, sample, steps)| Limits {
            few,
            collected: collected.max(few),
            common: if is_common { 0 } else { u64::MAX },
            sample,
            steps,
        })
}

#[tokio::test]
async fn walks_of_little_work_find_what_a_sorted_list_has() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    let store = SqliteStore::open(path.to_str().unwrap(), OpenMode::Create)
        .await
        .unwrap();
    fill(&store, &path).await;
    let mut raw = Connection::open(&path).unwrap();
    let tx = raw.transaction().unwrap();
    let places = PlacesCache::default();
    proptest!(|(query in queries(), limits in limits(), limit in 1..40_usize)| {
        let all = search(&tx, (&places, Limits::default()), &query, None, 999).unwrap();
        prop_assert!(all.is_total_exact && all.next.is_none());
        let (mut rows, mut found, mut after, mut n_calls) = (vec![], vec![], None, 0);
        loop {
            let page = search(&tx, (&places, limits), &query, after.as_ref(), limit).unwrap();
            prop_assert!(page.rows.len() <= limit);
            let is_right = page.total == all.total || !page.is_total_exact;
            prop_assert!(is_right && page.total >= page.rows.len() as u64);
            rows.extend(page.rows);
            found.extend(page.places);
            after = page.next;
            n_calls += 1;
            prop_assert!(n_calls < 2_000);
            if after.is_none() {
                break;
            }
        }
        prop_assert_eq!(found, all.places);
        prop_assert_eq!(rows, all.rows);
    });
}

#[tokio::test]
async fn what_is_not_counted_is_estimated_alike_on_each_page() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    let store = SqliteStore::open(path.to_str().unwrap(), OpenMode::Create)
        .await
        .unwrap();
    fill(&store, &path).await;
    let mut raw = Connection::open(&path).unwrap();
    let tx = raw.transaction().unwrap();
    let places = PlacesCache::default();
    let query = |text: &str, in_stock, order| SearchQuery {
        text: text.into(),
        tag: None,
        filter: ProductFilter {
            in_stock,
            ..ProductFilter::default()
        },
        order,
    };
    let first = |query: &SearchQuery, collected| {
        let limits = Limits {
            few: 3,
            collected,
            ..Limits::default()
        };
        search(&tx, (&places, limits), query, None, 2).unwrap()
    };
    for order in [SearchOrder::Rank, SearchOrder::Cheapest] {
        // 144 products are of Acme, and a third of these in stock.
        let decided = first(&query("acme", false, order), 999);
        assert_eq!((decided.total, decided.is_total_exact), (144, false));
        let in_stock = query("acme", true, order);
        let page = first(&in_stock, 999);
        assert!((40..=56).contains(&page.total), "{}", page.total);
        let limits = Limits {
            few: 3,
            ..Limits::default()
        };
        let next = search(&tx, (&places, limits), &in_stock, page.next.as_ref(), 2).unwrap();
        assert_eq!((next.total, next.is_total_exact), (page.total, false));
        // What the list of ids is too short for counts as that and one more.
        assert_eq!(first(&query("acme", false, order), 100).total, 101);
        // More was found than the estimate says.
        assert_eq!(first(&query("acme thing1", true, order), 3).total, 3);
        let all = search(&tx, (&places, limits), &in_stock, None, 99).unwrap();
        assert_eq!((all.total, all.is_total_exact), (48, true));
    }
}
