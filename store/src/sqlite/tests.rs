//! What only a look inside shows: a lock held for too long, without waiting that long; a disk without room.

use std::path::PathBuf;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use catalog::{
    BegunCrawl, Currency, CurrencySource, PageWrite, Platform, Problem, ProblemKind, Shop, Start,
    Store, StoreError, UnixMs,
};
use rusqlite::Connection;
use tempfile::TempDir;

use super::SqliteStore;
use super::fault::Fault;
use crate::OpenMode;

async fn new_store() -> (TempDir, PathBuf, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    let store = SqliteStore::open(path.to_str().unwrap(), OpenMode::Create).await;
    (folder, path, store.unwrap())
}

async fn begin(store: &SqliteStore) -> Result<BegunCrawl, StoreError> {
    let shop = Shop {
        key: "a.example".parse().unwrap(),
        platform: Platform::Shopify,
        url: String::new(),
        currency: Currency::UNKNOWN,
        currency_source: CurrencySource::Unknown,
    };
    let start = Start::Resume { max_age_ms: 1 };
    store.begin_crawl(&shop, start, UnixMs::new(0)).await
}

/// A page that takes a megabyte.
fn large_page(page: u32) -> PageWrite {
    let problem = |index| Problem {
        kind: ProblemKind::ProductRefused,
        page,
        index: Some(index),
        product: None,
        detail: "x".repeat(10_000),
    };
    PageWrite {
        page,
        products: vec![],
        problems: (0..100).map(problem).collect(),
        next: None,
        bytes: 1,
        at: UnixMs::new(0),
    }
}

#[tokio::test]
async fn a_write_waits_for_the_lock_and_says_so_when_that_takes_too_long() {
    let (_folder, path, store) = new_store().await;
    let other = Connection::open(&path).unwrap();

    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    {
        let mut waiting = pin!(begin(&store));
        let mut context = Context::from_waker(Waker::noop());
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        other.execute_batch("COMMIT").unwrap();
        waiting.await.unwrap();
    }

    let impatient = |connection: &mut Connection| {
        connection.busy_timeout(Duration::from_millis(1))?;
        Ok(())
    };
    let patience_ms = || {
        store.writer.run(|connection| {
            let patience = connection.pragma_query_value(None, "busy_timeout", |row| row.get(0));
            Ok::<i64, Fault>(patience?)
        })
    };
    assert_eq!(patience_ms().await.unwrap(), 10_000);
    store.writer.run(impatient).await.unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = begin(&store).await.unwrap_err();
    assert!(matches!(error, StoreError::Failed { .. }));
    let message = format!(
        "cannot begin a crawl in the store {}: another process holds it locked; \
         try again when that one is done",
        path.display()
    );
    assert_eq!(error.to_string(), message);
    assert_eq!(store.stats().await.unwrap().n_shops, 1);
    // The next write has not as much patience, until one finds the store free.
    assert_eq!(patience_ms().await.unwrap(), 100);

    other.execute_batch("COMMIT").unwrap();
    assert!(begin(&store).await.unwrap().resumed);
    assert_eq!(patience_ms().await.unwrap(), 10_000);
}

#[tokio::test]
async fn a_page_that_finds_no_room_is_not_stored_and_goes_in_when_there_is_room() {
    let (_folder, _, store) = new_store().await;
    let begun = begin(&store).await.unwrap();
    store
        .apply_page(&begun.ticket, large_page(1))
        .await
        .unwrap();
    let room_for = |n_more: i64| {
        store.writer.run(move |connection| {
            let n_pages: i64 =
                connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
            let most = n_pages + n_more;
            connection.pragma_update_and_check(None, "max_page_count", most, |_| Ok(()))?;
            Ok(())
        })
    };
    room_for(3).await.unwrap();
    for _ in 0..2 {
        let refused = store.apply_page(&begun.ticket, large_page(2)).await;
        let error = refused.unwrap_err().to_string();
        assert!(
            error.starts_with("cannot store a page in the store "),
            "{error}"
        );
        assert!(error.ends_with(": the disk is full"), "{error}");
        let crawls = store.crawls(None, 9).await.unwrap();
        assert_eq!(
            (crawls[0].counts.pages, crawls[0].counts.problems),
            (1, 100)
        );
    }
    room_for(1_000).await.unwrap();
    store
        .apply_page(&begun.ticket, large_page(2))
        .await
        .unwrap();
    let problems = store.problems(&begun.ticket.crawl, 999).await.unwrap();
    assert_eq!(problems.len(), 200);
}
