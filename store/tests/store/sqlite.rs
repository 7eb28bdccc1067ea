//! What is special about a SQLite file: other files, other processes, permissions, damage.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use catalog::{
    LeaseAnswer, Outcome, ProductFilter, SearchOrder, SearchQuery, Start, Store, StoreError,
};
use rusqlite::{Connection, TransactionBehavior};
use store::{OpenMode, open};
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::made::{apply, at, begin, crawl, finish, key, page, product, products, shop, state};

pub(crate) fn file() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new folder/x # 50%.db");
    (folder, path)
}

pub(crate) async fn open_at(path: &Path, mode: OpenMode) -> Result<Arc<dyn Store>, StoreError> {
    open(&format!("sqlite:{}", path.display()), mode).await
}

/// A closed store with the products 0 to 3 of one shop.
pub(crate) async fn filled() -> (TempDir, PathBuf) {
    let (folder, path) = file();
    let store = open_at(&path, OpenMode::Create).await.unwrap();
    crawl(&*store, "a.example", products("a.example", 0..4), 0).await;
    (folder, path)
}

pub(crate) async fn refusal(path: &Path, mode: OpenMode) -> StoreError {
    open_at(path, mode).await.unwrap_err()
}

#[tokio::test]
async fn a_missing_file_is_refused_and_not_made() {
    let (folder, path) = file();
    let error = refusal(&path, OpenMode::Existing).await;
    assert!(matches!(error, StoreError::Missing { .. }));
    assert!(
        error
            .to_string()
            .contains("run `trouvaille crawl` or `trouvaille import` first")
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_reopened_file_holds_the_same() {
    let (_folder, path) = file();
    let store = open_at(&path, OpenMode::Create).await.unwrap();
    crawl(&*store, "a.example", products("a.example", 0..4), 0).await;
    let before = state(&*store).await;
    drop(store);
    for mode in [OpenMode::Create, OpenMode::Existing] {
        let store = open_at(&path, mode).await.unwrap();
        assert_eq!(store.location(), path.to_str().unwrap());
        assert_eq!(state(&*store).await, before);
    }
}

#[tokio::test]
async fn a_closed_store_is_one_file() {
    let (_folder, path) = filled().await;
    let names: Vec<_> = fs::read_dir(path.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["x # 50%.db"]);
}

#[tokio::test]
async fn a_relative_path_is_shown_as_an_absolute_one() {
    let store = open("sqlite:../target/tmp-x.db", OpenMode::Existing).await;
    let shown = store.unwrap_err().to_string();
    let here = std::env::current_dir().unwrap();
    assert!(shown.contains(here.to_str().unwrap()), "{shown}");
    let memory = open("sqlite::memory:", OpenMode::Existing).await.unwrap();
    assert_eq!(memory.location(), ":memory:");
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_can_only_be_read_is_read() {
    use std::os::unix::fs::PermissionsExt;
    let allow = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    // The file, its folder, or both.
    for (file_mode, folder_mode) in [(0o444, 0o755), (0o644, 0o555), (0o444, 0o555)] {
        let (_folder, path) = filled().await;
        let folder = path.parent().unwrap();
        allow(&path, file_mode);
        allow(folder, folder_mode);
        let may_write_anyway = fs::write(folder.join("probe"), "").is_ok() && folder_mode == 0o555
            || fs::OpenOptions::new().append(true).open(&path).is_ok() && file_mode == 0o444;
        if !may_write_anyway {
            let store = open_at(&path, OpenMode::Existing).await.unwrap();
            let rows = store
                .products(&ProductFilter::default(), None, 9)
                .await
                .unwrap();
            assert_eq!(rows.len(), 4);
            let shop = shop("a.example");
            let refused = store.add_shop(&shop, at(9)).await;
            let error = refused.unwrap_err();
            assert!(matches!(error, StoreError::Failed { .. }));
            assert!(error.to_string().contains("it can only be read"), "{error}");
            drop(store);
            let error = refusal(&path, OpenMode::Create).await;
            assert!(matches!(error, StoreError::Open { .. }));
            assert!(error.to_string().contains("permissions"), "{error}");
        }
        allow(folder, 0o755);
    }
}

#[tokio::test]
async fn readers_go_on_while_another_process_writes() {
    let (_folder, path) = filled().await;
    let store = open_at(&path, OpenMode::Existing).await.unwrap();
    let mut other = Connection::open(&path).unwrap();
    let transaction = other.transaction().unwrap();
    transaction
        .execute("UPDATE products SET gone_at = 1", [])
        .unwrap();
    let everything = ProductFilter::default();
    for _ in 0..4 {
        assert_eq!(store.products(&everything, None, 9).await.unwrap().len(), 4);
    }
    transaction.commit().unwrap();
    for _ in 0..4 {
        assert_eq!(store.products(&everything, None, 9).await.unwrap().len(), 0);
    }
}

#[tokio::test]
async fn a_store_opens_and_is_read_while_another_process_holds_the_write_lock() {
    let (_folder, path) = filled().await;
    let mut other = Connection::open(&path).unwrap();
    let lock = other.transaction_with_behavior(TransactionBehavior::Immediate);
    let lock = lock.unwrap();
    for mode in [OpenMode::Existing, OpenMode::Create] {
        let store = open_at(&path, mode).await.unwrap();
        assert_eq!(store.stats().await.unwrap().n_products, 4);
    }
    lock.commit().unwrap();
}

#[tokio::test]
async fn two_stores_on_one_file_see_each_others_writes() {
    let (_folder, path) = file();
    let one = open_at(&path, OpenMode::Create).await.unwrap();
    let two = open_at(&path, OpenMode::Create).await.unwrap();
    let begun = begin(&*one, "a.example", Start::Fresh, 0).await;
    apply(&*one, &begun, page(1, products("a.example", 0..4))).await;
    assert_eq!(state(&*one).await, state(&*two).await);
    begin(&*two, "a.example", Start::Fresh, 1).await;
    let refused = one.apply_page(&begun.ticket, page(2, vec![])).await;
    assert!(matches!(refused, Err(StoreError::Fenced { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_stores_on_one_file_one_gets_each_lease() {
    let (_folder, path) = file();
    open_at(&path, OpenMode::Create).await.unwrap();
    let mut asking = JoinSet::new();
    for owner in 0..4 {
        let path = path.clone();
        asking.spawn(async move {
            let store = open_at(&path, OpenMode::Existing).await.unwrap();
            let mut n_granted = 0;
            for n in 0..50 {
                let shop = key(&format!("{n}.example"));
                let owner = format!("owner {owner}");
                let answer = store.lease_shop(&shop, &owner, 3_600_000, None).await;
                n_granted += usize::from(matches!(answer.unwrap(), LeaseAnswer::Granted(_)));
            }
            n_granted
        });
    }
    let n_granted: usize = asking.join_all().await.into_iter().sum();
    assert_eq!(n_granted, 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_that_make_one_file_at_once_all_get_a_store() {
    for _ in 0..20 {
        let (_folder, path) = file();
        let mut opening = JoinSet::new();
        for _ in 0..4 {
            let path = path.clone();
            opening.spawn(async move { open_at(&path, OpenMode::Create).await.map(|_| ()) });
        }
        for opened in opening.join_all().await {
            opened.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_crawls_at_once_keep_every_page() {
    let (_folder, path) = file();
    let store = open_at(&path, OpenMode::Create).await.unwrap();
    let mut crawls = JoinSet::new();
    for n in 0..8 {
        let store = Arc::clone(&store);
        crawls.spawn(async move {
            let host = format!("{n}.example");
            let begun = begin(&*store, &host, Start::Fresh, 0).await;
            for n in 0..20 {
                let natives = u64::from(n) * 10..u64::from(n) * 10 + 10;
                apply(&*store, &begun, page(n + 1, products(&host, natives))).await;
                store
                    .products(&ProductFilter::default(), None, 50)
                    .await
                    .unwrap();
            }
            finish(&*store, &begun, Outcome::Complete, 9)
                .await
                .counts
                .new
        });
    }
    assert_eq!(crawls.join_all().await, [200; 8]);
    assert_eq!(store.stats().await.unwrap().n_products, 1600);
}

#[tokio::test]
async fn a_page_that_was_sent_is_stored_though_nobody_waits() {
    let (_folder, path) = file();
    let store = open_at(&path, OpenMode::Create).await.unwrap();
    let begun = begin(&*store, "a.example", Start::Fresh, 0).await;
    {
        let page = page(1, products("a.example", 0..4));
        let mut waiting = std::pin::pin!(store.apply_page(&begun.ticket, page));
        let sent = poll_once(waiting.as_mut());
        assert!(sent.is_pending() || matches!(sent, std::task::Poll::Ready(Ok(_))));
    }
    drop(store);
    let store = open_at(&path, OpenMode::Existing).await.unwrap();
    assert_eq!(store.stats().await.unwrap().n_products, 4);
}

/// Polls once.
fn poll_once<F: Future>(future: std::pin::Pin<&mut F>) -> std::task::Poll<F::Output> {
    future.poll(&mut std::task::Context::from_waker(std::task::Waker::noop()))
}

#[tokio::test]
async fn fifty_rankings_are_kept() {
    let (_folder, path) = filled().await;
    let store = open_at(&path, OpenMode::Existing).await.unwrap();
    for n in 0..60 {
        let ranking = catalog::Ranking {
            at: at(n),
            preset: "classic".into(),
            features: vec![],
            weights: vec![],
            n_ranked: 0,
            popularity_source: catalog::PopularitySource::Simulated,
            filter: None,
            stability: None,
            rows: vec![],
        };
        store.save_ranking(&ranking).await.unwrap();
    }
    let raw = Connection::open(&path).unwrap();
    let count = "SELECT COUNT(*), MIN(at) FROM rankings";
    let kept = raw.query_row(count, [], |row| Ok((row.get(0)?, row.get(1)?)));
    assert_eq!(kept, Ok((50_i64, at(10).ms())));
}

#[tokio::test]
async fn a_ranking_that_an_earlier_version_stored_is_read() {
    let (_folder, path) = filled().await;
    let product = r#"{"id":"shopify:a.example:1","title":"Lamp","handle":"lamp","vendor":"V","product_type":"T",
        "currency":"EUR","price_min":null,"price_max":null,"in_stock":true,"metrics":{"available_ratio":0.5,
        "num_tags":2,"avg_price":15.0,"num_images":1,"description_length":11},"url":"","image_url":"",
        "crawled_at":"2023-11-14T22:13:20Z"}"#;
    let ranking = format!(
        r#"{{"at":"2023-11-14T22:13:20Z","preset":"classic","features":["price"],"weights":[1.0],"n_ranked":7,
        "popularity_source":"simulated","rows":[{{"rank":1,"score":0.25,"coverage":1.0,"contributions":[0.25],
        "product":{product}}}]}}"#
    );
    let raw = Connection::open(&path).unwrap();
    let insert = "INSERT INTO rankings VALUES (1700000000000, 'classic', ?1)";
    raw.execute(insert, [&ranking]).unwrap();
    // As a file of that version is brought along.
    let head = "INSERT INTO ranking_heads VALUES (1700000000000, 'classic', 1, 0)";
    raw.execute(head, []).unwrap();
    let store = open_at(&path, OpenMode::Existing).await.unwrap();
    let read = store.latest_ranking().await.unwrap().unwrap();
    assert_eq!((read.n_ranked, read.stability), (7, None));
    let row = &read.rows[0];
    assert_eq!(
        (row.score, row.rank_uncapped, row.stability),
        (0.25, None, None)
    );
    assert_eq!(row.product.title, "Lamp");
    let query = SearchQuery {
        tag: None,
        text: String::new(),
        filter: ProductFilter::default(),
        order: SearchOrder::Rank,
    };
    let found = store.search(&query, None, 1).await.unwrap();
    assert_eq!(found.rows[0].id, row.product.id);
}

#[tokio::test]
async fn pages_are_kept_of_the_newest_and_the_last_complete_pass() {
    let (_folder, path) = file();
    let store = open_at(&path, OpenMode::Create).await.unwrap();
    let raw = Connection::open(&path).unwrap();
    let kept = || -> Vec<i64> {
        let sql = "SELECT DISTINCT crawl_n FROM pages ORDER BY 1";
        let mut statement = raw.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    crawl(&*store, "a.example", products("a.example", 0..4), 0).await;
    for now in 1..=3 {
        let begun = begin(&*store, "a.example", Start::Fresh, now).await;
        apply(&*store, &begun, page(1, vec![product("a.example", 1)])).await;
    }
    assert_eq!(kept(), [1, 4]);
    crawl(&*store, "a.example", products("a.example", 0..4), 5).await;
    assert_eq!(kept(), [5]);
}
