//! Files that an earlier version wrote.

use std::path::{Path, PathBuf};

use catalog::{
    ObservationFilter, ObservationOrder, ProductFilter, RecordKind, SearchOrder, SearchQuery,
    Start, Stop, Store,
};
use rusqlite::Connection;
use store::OpenMode;
use tempfile::TempDir;

use crate::made::{
    RESUME, apply, at, begin, crawl, eur, finish, last_page, page, partial, product, products,
    state,
};
use crate::sqlite::{file, open_at};

const VERSION_1: &str = include_str!("../../src/sqlite/schema_1.sql");

async fn fill(store: &dyn Store) {
    for host in ["b.example", "a.example"] {
        let mut first = products(host, 0..6);
        first.push(product(host, "\u{e9}t\u{e9}"));
        first[2].published_at = Some(at(-1000));
        first[3].created_at = None;
        first[4].tags = vec!["L'\u{c9}t\u{e9}".into()];
        crawl(store, host, first.clone(), 1).await;
        first.remove(0);
        first[0].variants[0].price = Some(eur(1));
        crawl(store, host, first, 2).await;
        let begun = begin(store, host, Start::Fresh, 3).await;
        apply(store, &begun, page(1, products(host, 1..3))).await;
        finish(store, &begun, partial(Stop::Interrupted), 4).await;
    }
}

/// A file as version 1 wrote it, with the rows of the file at `newer`.
fn version_1(newer: &Path) -> PathBuf {
    let path = newer.with_extension("v1.db");
    let raw = Connection::open(&path).unwrap();
    raw.execute_batch(&format!(
        "PRAGMA journal_mode = wal; {VERSION_1}
         PRAGMA application_id = 0x54726f75; PRAGMA user_version = 1;"
    ))
    .unwrap();
    let newer = newer.to_str().unwrap();
    raw.execute("ATTACH ?1 AS newer", [newer]).unwrap();
    let mut tables = raw
        .prepare("SELECT name FROM main.sqlite_schema WHERE type = 'table'")
        .unwrap();
    let names = tables.query_map([], |row| row.get::<_, String>(0)).unwrap();
    for table in names.map(Result::unwrap) {
        let sql = "SELECT group_concat(name) FROM pragma_table_info(?1, 'main')";
        let columns: String = raw.query_row(sql, [&table], |row| row.get(0)).unwrap();
        let epoch = "(SELECT l.epoch FROM newer.leases l WHERE l.shop = key)";
        let values = columns.replace(",epoch,", &format!(",{epoch},"));
        raw.execute_batch(&format!(
            "INSERT INTO main.{table} ({columns}) SELECT {values} FROM newer.{table}"
        ))
        .unwrap();
    }
    path
}

async fn newer_and_older() -> (TempDir, PathBuf, PathBuf) {
    let (folder, newer) = file();
    let store = open_at(&newer, OpenMode::Create).await.unwrap();
    fill(&*store).await;
    drop(store);
    let older = version_1(&newer);
    (folder, newer, older)
}

/// What `state` shows, but for the content hashes of observations, which version 1 did not keep.
async fn comparable(store: &dyn Store) -> String {
    let mut shown = state(store).await;
    while let Some(begin) = shown.find("content_hash: Some(") {
        let end = begin + shown[begin..].find("))").unwrap() + 2;
        shown.replace_range(begin..end, "content_hash: None");
    }
    shown
}

#[tokio::test]
async fn a_file_of_version_1_keeps_all_that_it_held() {
    let (_folder, newer, older) = newer_and_older().await;
    let newer = open_at(&newer, OpenMode::Existing).await.unwrap();
    assert!(state(&*newer).await.contains("content_hash: Some("));
    for _ in 0..2 {
        let older = open_at(&older, OpenMode::Existing).await.unwrap();
        assert_eq!(comparable(&*older).await, comparable(&*newer).await);
        for kind in [RecordKind::Shop, RecordKind::Crawl] {
            let records = older.records(kind, None, 99).await.unwrap();
            assert_eq!(records, newer.records(kind, None, 99).await.unwrap());
            assert!(!records.is_empty());
        }
    }
}

#[tokio::test]
async fn a_file_of_version_1_is_searched_and_listed_like_a_new_one() {
    let (_folder, newer, older) = newer_and_older().await;
    let newer = open_at(&newer, OpenMode::Existing).await.unwrap();
    let older = open_at(&older, OpenMode::Create).await.unwrap();
    for (text, n_found) in [("product", 12), ("lete", 2), ("", 12), ("no", 0)] {
        for order in [SearchOrder::Rank, SearchOrder::Newest, SearchOrder::Dearest] {
            let query = SearchQuery {
                text: text.into(),
                filter: ProductFilter::default(),
                order,
            };
            let found = older.search(&query, None, 99).await.unwrap();
            assert_eq!(found, newer.search(&query, None, 99).await.unwrap());
            assert_eq!(found.total, n_found, "{text}");
        }
    }
    let by_time = async |store: &dyn Store| {
        let filter = ObservationFilter::default();
        let rows = store
            .observed(&filter, ObservationOrder::ByTime, None, 99)
            .await;
        let rows = rows.unwrap();
        rows.iter()
            .map(|row| (row.key(), row.title.clone()))
            .collect::<Vec<_>>()
    };
    let rows = by_time(&*older).await;
    assert_eq!(rows, by_time(&*newer).await);
    assert!(rows.len() > 14);
}

#[tokio::test]
async fn a_pass_that_version_1_began_goes_on() {
    let (_folder, newer, older) = newer_and_older().await;
    let before = begin(
        &*open_at(&newer, OpenMode::Existing).await.unwrap(),
        "a.example",
        RESUME,
        9,
    )
    .await;
    let older = open_at(&older, OpenMode::Existing).await.unwrap();
    let begun = begin(&*older, "a.example", RESUME, 9).await;
    assert_eq!(begun, before);
    assert!(begun.resumed);
    let rest = last_page(2, products("a.example", 3..6));
    apply(&*older, &begun, rest).await;
    let report = finish(&*older, &begun, catalog::Outcome::Complete, 10).await;
    assert_eq!((report.key.n, report.counts.gone), (3, 1));
}
