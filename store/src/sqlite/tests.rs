//! What only a look inside shows: a lock held for too long, without waiting that long; a disk without room.

use std::path::PathBuf;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use catalog::{
    BegunCrawl, Checkpoint, CrawlTicket, Currency, CurrencySource, LeaseAnswer, NewTask,
    ObservationFilter, ObservationKind, ObservedRow, Outcome, PageWrite, Platform, Problem,
    ProblemKind, Product, ProductFilter, SearchOrder, SearchQuery, Shop, Start, Store, StoreError,
    TaskChange, TaskEntry, TaskId, TaskState, TaskStore, UnixMs, Validators,
};
use rusqlite::Connection;
use tempfile::TempDir;

use super::SqliteStore;
use super::fault::Fault;
use super::observed::by_time;
use super::read::{ID_AND_HANDLE, shops_from};
use crate::OpenMode;

async fn new_store() -> (TempDir, PathBuf, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    let store = SqliteStore::open(path.to_str().unwrap(), OpenMode::Create).await;
    (folder, path, store.unwrap())
}

async fn begin(store: &SqliteStore) -> Result<BegunCrawl, StoreError> {
    begin_at(store, "a.example").await
}

async fn begin_with(store: &SqliteStore, start: Start) -> Result<BegunCrawl, StoreError> {
    begin_shop(store, "a.example", start).await
}

async fn begin_at(store: &SqliteStore, host: &str) -> Result<BegunCrawl, StoreError> {
    begin_shop(store, host, Start::Resume { max_age_ms: 1 }).await
}

async fn begin_shop(
    store: &SqliteStore,
    host: &str,
    start: Start,
) -> Result<BegunCrawl, StoreError> {
    let shop = Shop {
        key: host.parse().unwrap(),
        platform: Platform::Shopify,
        url: String::new(),
        currency: Currency::UNKNOWN,
        currency_source: CurrencySource::Unknown,
    };
    let LeaseAnswer::Granted(lease) = store.lease_shop(&shop.key, "me", 0, None).await? else {
        panic!("somebody else has the lease");
    };
    store
        .begin_crawl(&lease, &shop, start, UnixMs::new(0))
        .await
}

fn product(host: &str, native: u64) -> Product {
    Product {
        id: format!("shopify:{host}:{native}").parse().unwrap(),
        title: format!("Product {native}"),
        handle: String::new(),
        vendor: String::new(),
        product_type: String::new(),
        body_html: String::new(),
        tags: vec![],
        options: vec![],
        variants: vec![],
        images: vec![],
        url: String::new(),
        created_at: None,
        published_at: None,
        updated_at: None,
    }
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
        task_entry: None,
        validators: None,
        not_modified: false,
        present: vec![],
    }
}

#[tokio::test]
async fn a_page_whose_products_are_as_they_were_changes_its_own_row_and_the_passs_alone() {
    let (_folder, _path, store) = new_store().await;
    let full = || PageWrite {
        products: (1..=250).map(|n| product("a.example", n)).collect(),
        problems: vec![],
        validators: Some(Validators {
            url: "/products.json".into(),
            etag: Some("1".into()),
            last_modified: None,
        }),
        ..large_page(1)
    };
    let first = begin(&store).await.unwrap().ticket;
    let new = store.apply_page(&first, full()).await.unwrap();
    assert_eq!(new.new, 250);
    let now = UnixMs::new(9);
    let ended = store.finish_crawl(&first, Outcome::Complete, now).await;
    ended.unwrap();
    let n_changes = || {
        store
            .writer
            .run(|connection| Ok::<u64, Fault>(connection.total_changes()))
    };
    let not_read = || PageWrite {
        products: vec![],
        not_modified: true,
        ..full()
    };
    let known = || PageWrite {
        products: vec![],
        present: full().products.into_iter().map(|it| it.id).collect(),
        ..full()
    };
    let ticket = begin(&store).await.unwrap().ticket;
    for page in [full(), not_read(), known(), not_read()] {
        let before = n_changes().await.unwrap();
        let counts = store.apply_page(&ticket, page).await.unwrap();
        assert_eq!(counts.unchanged, 250);
        assert_eq!(n_changes().await.unwrap() - before, 2);
    }
    let before = n_changes().await.unwrap();
    let ended = store.finish_crawl(&ticket, Outcome::Complete, now).await;
    assert_eq!(ended.unwrap().counts.gone, 0);
    // The pass, the shop, and the page of the pass before that nobody needs any more.
    assert_eq!(n_changes().await.unwrap() - before, 3);
}

#[tokio::test]
async fn pages_that_are_as_they_were_are_not_written_again() {
    let (_folder, _path, store) = new_store().await;
    let read = |n, ids: std::ops::RangeInclusive<u64>| PageWrite {
        products: ids.map(|n| product("a.example", n)).collect(),
        problems: vec![],
        next: Some(Checkpoint::page(n + 1)),
        validators: Some(Validators {
            url: "/products.json".into(),
            etag: Some("1".into()),
            last_modified: None,
        }),
        ..large_page(n)
    };
    let same = |n| PageWrite {
        products: vec![],
        not_modified: true,
        validators: None,
        ..read(n, 1..=1)
    };
    let rows = || {
        store.writer.run(|connection| {
            let sql = "SELECT crawl_n, page FROM pages ORDER BY crawl_n, page";
            let mut find = connection.prepare(sql)?;
            let rows = find.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok::<Vec<(i64, i64)>, Fault>(rows.collect::<Result<_, _>>()?)
        })
    };
    let n_changes = || {
        store
            .writer
            .run(|connection| Ok::<u64, Fault>(connection.total_changes()))
    };
    let apply = async |ticket: &CrawlTicket, pages: Vec<PageWrite>| {
        for page in pages {
            store.apply_page(ticket, page).await.unwrap();
        }
    };
    let end = async |ticket: &CrawlTicket, outcome| {
        let ended = store.finish_crawl(ticket, outcome, UnixMs::new(9)).await;
        let counts = ended.unwrap().counts;
        (counts.pages, counts.products, counts.gone)
    };
    let on_page = async |ticket: &CrawlTicket, page| {
        let found = store.products_on_page(&ticket.crawl, page).await;
        found.unwrap().len()
    };

    let ticket = begin(&store).await.unwrap().ticket;
    let three = vec![read(1, 1..=3), read(2, 4..=6), read(3, 7..=8)];
    apply(&ticket, three).await;
    assert_eq!(end(&ticket, Outcome::Complete).await, (3, 8, 0));

    // All of them: the pass alone is written, and has its pages all the same.
    let ticket = begin(&store).await.unwrap().ticket;
    for n in 1..=3 {
        let before = n_changes().await.unwrap();
        apply(&ticket, vec![same(n)]).await;
        assert_eq!(n_changes().await.unwrap() - before, 1);
        assert_eq!(on_page(&ticket, n).await, [3, 3, 2][n as usize - 1]);
    }
    assert_eq!(rows().await.unwrap(), [(1, 1), (1, 2), (1, 3)]);
    assert_eq!(end(&ticket, Outcome::Complete).await, (3, 8, 0));
    assert_eq!(rows().await.unwrap(), [(2, 1), (2, 2), (2, 3)]);

    // Around one that was read, and killed: the pass that goes on has rows of its own for all.
    let ticket = begin(&store).await.unwrap().ticket;
    apply(&ticket, vec![same(1), read(2, 4..=7), same(3)]).await;
    assert_eq!(rows().await.unwrap(), [(2, 1), (2, 2), (2, 3), (3, 2)]);
    let begun = begin(&store).await.unwrap();
    assert_eq!((begun.ticket.crawl.n, begun.checkpoint.next_page), (3, 4));
    let all = [(2, 1), (2, 2), (2, 3), (3, 1), (3, 2), (3, 3)];
    assert_eq!(rows().await.unwrap(), all);
    // What either reading of a page saw was seen.
    apply(&begun.ticket, vec![read(3, 9..=9)]).await;
    assert_eq!(on_page(&begun.ticket, 3).await, 3);
    assert_eq!(end(&begun.ticket, Outcome::Complete).await, (3, 8, 0));
    assert_eq!(rows().await.unwrap(), [(3, 1), (3, 2), (3, 3)]);

    // A page that is read again, and one that comes out of turn, in a pass that nobody goes on with.
    let ticket = begin(&store).await.unwrap().ticket;
    apply(&ticket, vec![same(1), read(1, 20..=20), same(3)]).await;
    assert_eq!(on_page(&ticket, 1).await, 4);
    assert_eq!(on_page(&ticket, 2).await, 0);
    assert_eq!(rows().await.unwrap()[3..], [(4, 1), (4, 3)]);
    let ticket = begin_with(&store, Start::Fresh).await.unwrap().ticket;
    assert_eq!(rows().await.unwrap(), [(3, 1), (3, 2), (3, 3)]);
    apply(&ticket, vec![same(1), same(2)]).await;
    assert_eq!(end(&ticket, Outcome::Complete).await, (2, 7, 3));
    assert_eq!(rows().await.unwrap(), [(5, 1), (5, 2)]);
}

#[tokio::test]
async fn a_product_that_a_page_lists_twice_is_stored_once_and_as_it_was_listed_last() {
    let (_folder, _path, store) = new_store().await;
    let begun = begin(&store).await.unwrap();
    let mut page = large_page(1);
    page.products = [7, 8, 7, 9].map(|id| product("a.example", id)).into();
    page.products[2].title = "Listed last".to_owned();
    let counts = store.apply_page(&begun.ticket, page).await.unwrap();
    assert_eq!((counts.new, counts.changed), (3, 1));
    let rows = store.products(&ProductFilter::default(), None, 9).await;
    let titles: Vec<String> = rows.unwrap().into_iter().map(|row| row.title).collect();
    assert_eq!(titles, ["Listed last", "Product 8", "Product 9"]);
    for (text, n_found) in [("last", 1), ("7", 0), ("8", 1)] {
        let query = SearchQuery {
            text: text.to_owned(),
            tag: None,
            filter: ProductFilter::default(),
            order: SearchOrder::Newest,
        };
        assert_eq!(store.search(&query, None, 9).await.unwrap().total, n_found);
    }
}

#[tokio::test]
async fn a_product_of_a_page_is_looked_up_by_its_key() {
    let store = SqliteStore::in_memory().unwrap();
    let plan = store.writer.run(|connection| {
        let explain = format!("EXPLAIN QUERY PLAN {ID_AND_HANDLE}");
        let mut explain = connection.prepare(&explain)?;
        let steps = explain.query_map([1], |row| row.get::<_, String>(3))?;
        Ok(steps.collect::<Result<Vec<_>, _>>()?)
    });
    let plan = plan.await.unwrap();
    assert!(plan.iter().all(|it| it.starts_with("SEARCH")), "{plan:?}");
}

fn task() -> NewTask {
    NewTask {
        id: TaskId::new("t").unwrap(),
        agent: String::new(),
        caller: String::new(),
        context: String::new(),
        state: TaskState::Submitted,
        note: None,
        message: serde_json::Value::Null,
        items: vec![],
        idempotency: None,
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
    assert!(matches!(error, StoreError::Locked { .. }));
    let message = format!(
        "cannot lease a shop in the store {}: another process holds it locked; \
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
async fn a_store_that_is_kept_locked_is_told_as_locked_by_opening_and_by_reading() {
    let (_folder, path, store) = new_store().await;
    let patience = store.readers.as_ref().unwrap().read(|tx| {
        let patience = tx.pragma_query_value(None, "busy_timeout", |row| row.get(0));
        Ok::<i64, Fault>(patience?)
    });
    // A tool's caller waits 10 seconds, and is to learn of the lock before.
    assert_eq!(patience.await.unwrap(), 3_000);
    drop(store);
    let other = Connection::open(&path).unwrap();
    let exclusive = "PRAGMA journal_mode = delete; BEGIN EXCLUSIVE";
    other.execute_batch(exclusive).unwrap();
    let opened = SqliteStore::open(path.to_str().unwrap(), OpenMode::Existing).await;
    let error = opened.unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }), "{error}");
}

#[tokio::test]
async fn a_page_that_finds_no_room_is_not_stored_and_goes_in_when_there_is_room() {
    let (_folder, _, store) = new_store().await;
    let begun = begin(&store).await.unwrap();
    store
        .apply_page(&begun.ticket, large_page(1))
        .await
        .unwrap();
    store.create_task(&task()).await.unwrap();
    let told = TaskChange::State {
        state: TaskState::Working,
        note: None,
        data: None,
    };
    let told_page = || PageWrite {
        task_entry: Some(TaskEntry::new(&task().id, told.clone(), UnixMs::new(1))),
        validators: None,
        not_modified: false,
        present: vec![],
        ..large_page(2)
    };
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
        let refused = store.apply_page(&begun.ticket, told_page()).await;
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
        let task = store.task(&task().id).await.unwrap().unwrap();
        assert_eq!((task.seq, task.state), (1, TaskState::Submitted));
    }
    room_for(1_000).await.unwrap();
    store.apply_page(&begun.ticket, told_page()).await.unwrap();
    let task = store.task(&task().id).await.unwrap().unwrap();
    assert_eq!((task.seq, task.state), (2, TaskState::Working));
    let problems = store.problems(&begun.ticket.crawl, 999).await.unwrap();
    assert_eq!(problems.len(), 200);
}

#[tokio::test]
async fn a_crowded_moment_is_listed_as_others_are() {
    use ObservationKind::{Changed, Gone, New, Ranked};
    let (_folder, _, store) = new_store().await;
    for host in ["b.example", "a.example"] {
        let begun = begin_at(&store, host).await.unwrap();
        for (page, moment) in [(1, 5), (2, 5), (3, 6), (4, 7)] {
            let natives = u64::from(page) * 10..u64::from(page) * 10 + 4;
            let page = PageWrite {
                products: natives.map(|native| product(host, native)).collect(),
                problems: vec![],
                at: UnixMs::new(moment),
                ..large_page(page)
            };
            let ranks = [(page.products[1].id.clone(), 1)];
            store.apply_page(&begun.ticket, page).await.unwrap();
            let at = UnixMs::new(moment);
            let observed = store
                .observe_ranks(
                    &begun.ticket,
                    &ranks,
                    None,
                    catalog::RankSource::StorefrontApi,
                    at,
                )
                .await;
            assert_eq!(observed.unwrap(), 1);
        }
    }
    let list = async |crowd: usize, limit: usize, shops: &[&str], kinds: &[ObservationKind]| {
        let filter = ProductFilter {
            shops: shops.iter().map(|host| host.parse().unwrap()).collect(),
            ..ProductFilter::default()
        };
        let mut rows: Vec<ObservedRow> = vec![];
        loop {
            let (filter, after) = (filter.clone(), rows.last().map(ObservedRow::key));
            let of_kinds = ObservationFilter {
                kinds: kinds.to_vec(),
                ..ObservationFilter::default()
            };
            let page = store.read("list", move |tx| {
                let shops = shops_from(tx, &filter, None)?;
                by_time(tx, &shops, &of_kinds, after.as_ref(), (limit, crowd))
            });
            let page = page.await.unwrap();
            let is_last = page.len() < limit;
            rows.extend(page);
            if is_last {
                return rows;
            }
        }
    };
    for shops in [&[][..], &["a.example"], &["b.example"]] {
        let all = list(usize::MAX, 99, shops, &[]).await;
        assert_eq!(all.len(), if shops.is_empty() { 40 } else { 20 });
        for kinds in [&[][..], &[New], &[Ranked], &[Changed, Ranked], &[Gone]] {
            let mut sorted = all.clone();
            sorted.retain(|row| kinds.is_empty() || kinds.contains(&row.observation.kind));
            for limit in 1..=41 {
                // Every moment, the first of the three, and none is a crowd.
                for crowd in [1, 11, 21] {
                    let listed = list(crowd, limit, shops, kinds).await;
                    assert_eq!(listed, sorted, "{crowd} {limit} {kinds:?}");
                }
            }
        }
    }
}
