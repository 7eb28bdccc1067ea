//! SQLite files that are damaged, newer, or not ours.

use std::fs;
use std::sync::Arc;

use catalog::{
    LeaseAnswer, ObservationFilter, ObservationOrder, Outcome, ProductFilter, RecordKind,
    SearchOrder, SearchQuery, Start, Store, StoreError,
};
use rusqlite::Connection;
use store::OpenMode;
use tempfile::TempDir;

use crate::made::{at, id, last_page, products, shop};
use crate::sqlite::{file, filled, open_at, refusal};

/// Returns a store over a file in which `damage` was done; the file lives as long as the folder.
async fn filled_and(damage: &str) -> (TempDir, Arc<dyn Store>) {
    let (folder, path) = filled().await;
    Connection::open(&path)
        .unwrap()
        .execute_batch(damage)
        .unwrap();
    let store = open_at(&path, OpenMode::Existing).await.unwrap();
    (folder, store)
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_as_it_is() {
    let (_folder, path) = filled().await;
    let raw = Connection::open(&path).unwrap();
    raw.pragma_update(None, "user_version", 13).unwrap();
    drop(raw);
    let before = fs::read(&path).unwrap();
    for mode in [OpenMode::Create, OpenMode::Existing] {
        let error = refusal(&path, mode).await;
        assert!(matches!(
            error,
            StoreError::NewerSchema {
                found: 13,
                known: 12,
                ..
            }
        ));
        assert!(fs::read(&path).unwrap() == before);
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
    let (folder, _) = file();
    let path = folder.path().join("notes.txt");
    fs::write(&path, "Not a database. ".repeat(100)).unwrap();
    for mode in [OpenMode::Create, OpenMode::Existing] {
        let error = refusal(&path, mode).await;
        assert!(matches!(error, StoreError::Open { .. }));
        assert!(
            error
                .to_string()
                .contains("is not a SQLite database, or it is damaged")
        );
    }
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        "Not a database. ".repeat(100)
    );
    let error = refusal(folder.path(), OpenMode::Create).await.to_string();
    assert!(error.contains("is a folder"), "{error}");
}

#[tokio::test]
async fn a_database_of_another_program_is_refused_and_left_as_it_is() {
    let (folder, _) = file();
    let with_table = "CREATE TABLE photos (id); INSERT INTO photos VALUES (1)";
    for (n, sql) in [
        with_table,
        "PRAGMA application_id = 7",
        "PRAGMA user_version = 1",
    ]
    .into_iter()
    .enumerate()
    {
        let path = folder.path().join(format!("{n}.db"));
        let raw = Connection::open(&path).unwrap();
        raw.execute_batch(&format!("PRAGMA journal_mode = wal; {sql}"))
            .unwrap();
        drop(raw);
        let before = fs::read(&path).unwrap();
        for mode in [OpenMode::Create, OpenMode::Existing] {
            let error = refusal(&path, mode).await;
            assert!(matches!(error, StoreError::Open { .. }));
            assert!(error.to_string().contains("another program"), "{error}");
        }
        assert!(fs::read(&path).unwrap() == before);
    }
}

#[tokio::test]
async fn an_empty_file_becomes_a_store() {
    let (folder, _) = file();
    let path = folder.path().join("x.db");
    fs::write(&path, "").unwrap();
    let store = open_at(&path, OpenMode::Create).await.unwrap();
    assert_eq!(store.stats().await.unwrap().schema_version, 12);
}

#[tokio::test]
async fn damaged_values_are_errors_that_name_the_store() {
    for (damage, is_list) in [
        ("UPDATE products SET currency = 'E'", true),
        ("UPDATE products SET num_tags = -1", true),
        (
            "UPDATE products SET native_id = x'00' WHERE native_id = 0",
            true,
        ),
        ("DELETE FROM product_texts", true),
        ("UPDATE shops SET platform = 'ebay'", true),
        ("UPDATE product_texts SET title = CAST(x'ff' AS TEXT)", true),
        ("UPDATE product_details SET detail = '{'", false),
        (
            "UPDATE product_details SET detail = replace(detail, '\"a\":2', '\"a\":9')",
            false,
        ),
        ("DELETE FROM product_details", false),
    ] {
        let (_folder, store) = filled_and(damage).await;
        let error = if is_list {
            store
                .products(&ProductFilter::default(), None, 9)
                .await
                .unwrap_err()
        } else {
            store.product(&id("a.example", 1)).await.unwrap_err()
        };
        assert!(
            matches!(&error, StoreError::Damaged { location, .. } if location == store.location()),
            "{damage}: {error}"
        );
    }
}

#[tokio::test]
async fn damaged_records_are_errors_too() {
    for damage in [
        "UPDATE crawls SET outcome = 'well'",
        "UPDATE crawls SET outcome = 'partial', stop = 'tired', detail = ''",
        "UPDATE crawls SET n = -1",
        "UPDATE crawls SET next_page = 2, place = '{'",
        "UPDATE crawls SET notes = '7'",
        "UPDATE shops SET key = 'a b'",
        "UPDATE shops SET currency_source = ''",
    ] {
        let (_folder, store) = filled_and(damage).await;
        let error = store.shops().await.unwrap_err();
        assert!(
            matches!(error, StoreError::Damaged { .. }),
            "{damage}: {error}"
        );
    }
    let (_folder, path) = filled().await;
    let raw = Connection::open(&path).unwrap();
    raw.execute_batch("UPDATE pages SET seen = '[\"a\"]', kinds = '[]', problems = 1")
        .unwrap();
    raw.execute_batch("UPDATE observations SET after_available = 5")
        .unwrap();
    raw.execute_batch("INSERT INTO rankings VALUES (1, 'a', 'null')")
        .unwrap();
    let store = open_at(&path, OpenMode::Existing).await.unwrap();
    let damaged = |error| matches!(error, StoreError::Damaged { .. });
    assert!(damaged(store.stats().await.unwrap_err()));
    assert!(damaged(store.latest_ranking().await.unwrap_err()));
    let product = id("a.example", 1);
    assert!(damaged(store.observations(&product, 9).await.unwrap_err()));
}

#[tokio::test]
async fn damaged_features_are_errors_too() {
    for damage in [
        "UPDATE products SET currency = 'E'",
        "UPDATE products SET visible_chars = -1",
        "UPDATE products SET distinct_tags = 1 << 40",
        "UPDATE products SET num_variants = -1",
        "UPDATE products SET native_id = x'00' WHERE native_id = 0",
        "UPDATE shops SET platform = 'ebay'",
    ] {
        let (_folder, store) = filled_and(damage).await;
        let in_stock = ProductFilter {
            in_stock: true,
            ..ProductFilter::default()
        };
        for filter in [ProductFilter::default(), in_stock] {
            let found = store.features(&filter, None, 9).await;
            let is_damaged = matches!(found, Err(StoreError::Damaged { .. }));
            assert!(is_damaged, "{damage}: {found:?}");
        }
    }
}

const ORDERS: [ObservationOrder; 3] = [
    ObservationOrder::ByTime,
    ObservationOrder::ByProduct,
    ObservationOrder::Grouped,
];

#[tokio::test]
async fn damaged_history_and_search_are_errors_too() {
    let filter = ObservationFilter::default();
    let query = SearchQuery {
        tag: None,
        text: "product".into(),
        filter: ProductFilter::default(),
        order: SearchOrder::Rank,
    };
    for (damage, is_in_search) in [
        ("UPDATE observations SET hash = x'00' WHERE n = 1", false),
        ("UPDATE observations SET rank = -4294967296", false),
        ("UPDATE observations SET kind = 'told'", false),
        (
            "UPDATE product_texts SET title = CAST(x'ff' AS TEXT)",
            false,
        ),
        (
            "INSERT INTO rankings VALUES (1, 'a', '{}'); INSERT INTO ranking_heads VALUES (1, 'a', 1, 1)",
            true,
        ),
        ("DELETE FROM search_data WHERE id > 10", true),
    ] {
        let (_folder, path) = filled().await;
        let raw = Connection::open(&path).unwrap();
        raw.execute_batch(damage).unwrap();
        drop(raw);
        let store = open_at(&path, OpenMode::Existing).await.unwrap();
        for order in ORDERS {
            let found = store.observed(&filter, order, None, 9).await;
            let is_damaged = matches!(found, Err(StoreError::Damaged { .. }));
            assert_eq!(is_damaged, !is_in_search, "{damage}: {found:?}");
        }
        let found = store.search(&query, None, 9).await;
        if is_in_search {
            assert!(
                matches!(found, Err(StoreError::Damaged { .. })),
                "{damage}: {found:?}"
            );
        }
    }
}

#[tokio::test]
async fn damaged_records_are_not_taken_to_another_store() {
    for (damage, kind) in [
        ("UPDATE leases SET epoch = -1", RecordKind::Shop),
        (
            "UPDATE product_details SET detail = '{'",
            RecordKind::Product,
        ),
        ("UPDATE pages SET seen = '[77]'", RecordKind::Crawl),
        (
            "INSERT INTO rankings VALUES (1, 'a', 'null')",
            RecordKind::Ranking,
        ),
        (
            "INSERT INTO summaries VALUES ('a', 'en', 'b', 1, 'null')",
            RecordKind::Summary,
        ),
        (
            "INSERT INTO robots VALUES ('http://a.example', 99999, '', 1)",
            RecordKind::Robots,
        ),
    ] {
        let (_folder, path) = filled().await;
        let raw = Connection::open(&path).unwrap();
        raw.execute_batch(damage).unwrap();
        drop(raw);
        let store = open_at(&path, OpenMode::Existing).await.unwrap();
        let error = store.records(kind, None, 9).await.unwrap_err();
        assert!(
            matches!(error, StoreError::Damaged { .. }),
            "{damage}: {error}"
        );
    }
}

#[tokio::test]
async fn overwritten_pages_of_the_file_never_panic() {
    let (_folder, path) = filled().await;
    let whole = fs::read(&path).unwrap();
    for page in 1..whole.len() / 4096 {
        let mut damaged = whole.clone();
        damaged[page * 4096..][..2048].fill(0xa5);
        fs::write(&path, &damaged).unwrap();
        let Ok(store) = open_at(&path, OpenMode::Existing).await else {
            continue;
        };
        store
            .products(&ProductFilter::default(), None, 9)
            .await
            .ok();
        store.shops().await.ok();
        store.stats().await.ok();
        store.product(&id("a.example", 1)).await.ok();
        store.observations(&id("a.example", 1), 9).await.ok();
        let everything = ProductFilter::default();
        store.features(&everything, None, 9).await.ok();
        for order in ORDERS {
            let filter = ObservationFilter::default();
            store.observed(&filter, order, None, 9).await.ok();
        }
        let query = SearchQuery {
            tag: None,
            text: "product".into(),
            filter: ProductFilter::default(),
            order: SearchOrder::Rank,
        };
        store.search(&query, None, 9).await.ok();
        for kind in RecordKind::ALL {
            store.records(kind, None, 9).await.ok();
        }
        store.prune(at(9), None, 9).await.ok();
        let shop = shop("a.example");
        let Ok(LeaseAnswer::Granted(lease)) = store.lease_shop(&shop.key, "me", 0, None).await
        else {
            continue;
        };
        let begun = store.begin_crawl(&lease, &shop, Start::Fresh, at(9)).await;
        if let Ok(begun) = begun {
            let page = last_page(1, products("a.example", 1..9));
            store.apply_page(&begun.ticket, page).await.ok();
            store
                .finish_crawl(&begun.ticket, Outcome::Complete, at(9))
                .await
                .ok();
        }
        assert_eq!(store.location(), path.to_str().unwrap());
    }
}
