//! Files that an earlier version wrote.

use std::path::{Path, PathBuf};

use catalog::{
    Checkpoint, Claim, FeatureInputs, FeatureRow, MeterLimits, MeterStep, Metered,
    ObservationFilter, ObservationOrder, PassNotes, ProductFilter, RankSource, RecordKind,
    SearchOrder, SearchQuery, Start, StockMove, Stop, Store, StoreError, Summary, SummarySource,
    Traffic, UnixMs, Written,
};
use rusqlite::Connection;
use store::OpenMode;
use tempfile::TempDir;

use crate::made::{
    RESUME, apply, at, begin, crawl, eur, finish, id, last_page, page, partial, product, products,
    state,
};
use crate::made_tasks::{self, crawls, make, new_task, shown, take, task_id};
use crate::sqlite::{file, open_at, refusal};

/// What each version added to the schema.
const VERSIONS: [&str; 8] = [
    include_str!("../../src/sqlite/schema_1.sql"),
    include_str!("../../src/sqlite/schema_2.sql"),
    include_str!("../../src/sqlite/schema_3.sql"),
    include_str!("../../src/sqlite/schema_4.sql"),
    include_str!("../../src/sqlite/schema_5.sql"),
    include_str!("../../src/sqlite/schema_6.sql"),
    include_str!("../../src/sqlite/schema_7.sql"),
    include_str!("../../src/sqlite/schema_8.sql"),
];

async fn fill(store: &dyn Store) {
    for host in ["b.example", "a.example"] {
        let mut first = products(host, 0..6);
        first.push(product(host, "\u{e9}t\u{e9}"));
        first[2].published_at = Some(at(-1000));
        first[3].created_at = None;
        first[4].tags = vec!["L'\u{c9}t\u{e9}".into()];
        first[4].published_at = Some(at(-500));
        first[4].variants[1].compare_at = Some(eur(3000));
        first[5].variants.clear();
        first[5].product_type.clear();
        first[6].body_html = "<p>\u{c9}t\u{e9} &amp; hiver</p>".into();
        first[6].product_type = "\u{c9}charpe".into();
        crawl(store, host, first.clone(), 1).await;
        first.remove(0);
        first[0].variants[0].price = Some(eur(1));
        crawl(store, host, first, 2).await;
        let begun = begin(store, host, Start::Fresh, 3).await;
        apply(store, &begun, page(1, products(host, 1..3))).await;
        finish(store, &begun, partial(Stop::Interrupted), 4).await;
    }
}

/// A file as `version` wrote it, with the rows of the file at `newer`.
fn older(newer: &Path, version: usize) -> PathBuf {
    let path = newer.with_extension(format!("v{version}.db"));
    let raw = Connection::open(&path).unwrap();
    raw.execute_batch(&format!(
        "PRAGMA journal_mode = wal; {}
         PRAGMA application_id = 0x54726f75; PRAGMA user_version = {version};",
        VERSIONS[..version].join("\n")
    ))
    .unwrap();
    let newer = newer.to_str().unwrap();
    raw.execute("ATTACH ?1 AS newer", [newer]).unwrap();
    // What holds the words is tables too.
    let tables = "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name <> 'search'";
    let mut tables = raw.prepare(tables).unwrap();
    let names = tables.query_map([], |row| row.get::<_, String>(0)).unwrap();
    for table in names.map(Result::unwrap) {
        let sql = "SELECT group_concat(name) FROM pragma_table_info(?1, 'main')";
        let columns: String = raw.query_row(sql, [&table], |row| row.get(0)).unwrap();
        let epoch = "(SELECT l.epoch FROM newer.leases l WHERE l.shop = key)";
        let values = match table.as_str() {
            "shops" => columns.replace(",epoch,", &format!(",{epoch},")),
            _ => columns.clone(),
        };
        raw.execute_batch(&format!(
            "INSERT OR REPLACE INTO main.{table} ({columns}) SELECT {values} FROM newer.{table}"
        ))
        .unwrap();
    }
    path
}

async fn newer_and_older(version: usize) -> (TempDir, PathBuf, PathBuf) {
    let (folder, newer) = file();
    let store = open_at(&newer, OpenMode::Create).await.unwrap();
    fill(&*store).await;
    drop(store);
    let older = older(&newer, version);
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
    let (_folder, newer, older) = newer_and_older(1).await;
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
    let (_folder, newer, older) = newer_and_older(1).await;
    let newer = open_at(&newer, OpenMode::Existing).await.unwrap();
    let older = open_at(&older, OpenMode::Create).await.unwrap();
    for (text, n_found) in [("product", 12), ("lete", 2), ("", 12), ("no", 0)] {
        for order in [SearchOrder::Rank, SearchOrder::Newest, SearchOrder::Dearest] {
            let query = SearchQuery {
                tag: None,
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
    let (_folder, newer, older) = newer_and_older(1).await;
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

#[tokio::test]
async fn a_file_of_version_2_keeps_all_that_it_held() {
    let (_folder, newer, older) = newer_and_older(2).await;
    let newer = open_at(&newer, OpenMode::Existing).await.unwrap();
    for _ in 0..2 {
        let older = open_at(&older, OpenMode::Existing).await.unwrap();
        assert_eq!(state(&*older).await, state(&*newer).await);
        for kind in RecordKind::ALL {
            let records = older.records(kind, None, 99).await.unwrap();
            assert_eq!(records, newer.records(kind, None, 99).await.unwrap());
        }
        let query = SearchQuery {
            tag: None,
            text: "lete".into(),
            filter: ProductFilter::default(),
            order: SearchOrder::Rank,
        };
        assert_eq!(older.search(&query, None, 9).await.unwrap().total, 2);
    }
}

#[tokio::test]
async fn a_file_of_version_3_keeps_all_that_it_held_and_takes_tasks() {
    let (_folder, newer, older) = newer_and_older(3).await;
    let newer = open_at(&newer, OpenMode::Existing).await.unwrap();
    let uri = format!("sqlite:{}", older.display());
    for mode in [OpenMode::Existing, OpenMode::Create] {
        let (older, tasks) = store::open_with_tasks(&uri, mode).await.unwrap();
        assert_eq!(state(&*older).await, state(&*newer).await);
        assert_eq!(features(&*older).await, features(&*newer).await);
        let new = new_task(&format!("{mode:?}"), crawls(&["a.example"]));
        let task = make(&*tasks, &new).await;
        let taken = take(&*tasks, "one").await;
        assert_eq!(taken.task, task);
        made_tasks::finish(&*tasks, &taken.lease).await;
    }
}

#[tokio::test]
async fn tasks_of_version_4_go_on_and_are_counted() {
    let (_folder, newer) = file();
    let uri = |path: &Path| format!("sqlite:{}", path.display());
    let (store, tasks) = store::open_with_tasks(&uri(&newer), OpenMode::Create)
        .await
        .unwrap();
    fill(&*store).await;
    make(&*tasks, &new_task("t", crawls(&["a.example"]))).await;
    let before = (state(&*store).await, shown(&*tasks, "t").await);
    drop((store, tasks));
    let older = older(&newer, 4);
    for n in 1..=2 {
        let (store, tasks) = store::open_with_tasks(&uri(&older), OpenMode::Existing)
            .await
            .unwrap();
        assert_eq!((state(&*store).await, shown(&*tasks, "t").await), before);
        let step = MeterStep {
            requests: 1,
            ..MeterStep::default()
        };
        let limits = MeterLimits::default();
        let counted = tasks.meter(&task_id("t"), &step, &limits).await.unwrap();
        assert!(matches!(counted, Metered::Counted(it) if it.requests == n));
    }
}

#[tokio::test]
async fn rankings_and_handles_of_version_5_are_found() {
    let (_folder, newer) = file();
    let store = open_at(&newer, OpenMode::Create).await.unwrap();
    fill(&*store).await;
    for now in [1, 2] {
        let ranking = crate::contract::ranking_of(&*store, now, &["a.example", "b.example"]).await;
        store.save_ranking(&ranking).await.unwrap();
    }
    let shown = async |store: &dyn Store| {
        let mut heads = store.ranking_heads(9).await.unwrap();
        assert_eq!(heads.len(), 2);
        // Of rankings that were there before, none has a mark yet.
        heads.iter_mut().for_each(|head| head.stamp = 0);
        assert_eq!(heads[0].n_places, 2);
        let places = store.places_of(&id("a.example", 1), at(0), 9).await;
        let rows = store.products_of_handle("product-1", None, 9).await;
        assert_eq!(rows.as_ref().unwrap().len(), 2);
        let query = SearchQuery {
            tag: Some("l'\u{e9}t\u{e9}".into()),
            text: "prod".into(),
            filter: ProductFilter::default(),
            order: SearchOrder::Rank,
        };
        let found = store.search(&query, None, 9).await.unwrap();
        assert_eq!(found.rows.len(), 2);
        (heads, places.unwrap(), rows.unwrap(), found)
    };
    let wanted = shown(&*store).await;
    drop(store);
    let older = older(&newer, 5);
    for _ in 0..2 {
        let older = open_at(&older, OpenMode::Existing).await.unwrap();
        assert_eq!(shown(&*older).await, wanted);
    }
}

#[tokio::test]
async fn a_file_of_version_6_keeps_all_that_it_held_and_takes_what_is_new() {
    let (_folder, newer, older) = newer_and_older(6).await;
    let newer = open_at(&newer, OpenMode::Existing).await.unwrap();
    let older = open_at(&older, OpenMode::Existing).await.unwrap();
    assert_eq!(state(&*older).await, state(&*newer).await);
    for kind in RecordKind::ALL {
        let records = older.records(kind, None, 99).await.unwrap();
        assert_eq!(records, newer.records(kind, None, 99).await.unwrap());
    }
    for store in [&newer, &older] {
        // An unfinished pass of the earlier version goes on at the same page, and knows no versions.
        let begun = begin(&**store, "a.example", RESUME, 5).await;
        let expected = (true, Checkpoint::page(2));
        assert_eq!((begun.resumed, begun.checkpoint), expected);
        assert_eq!(store.page_validators(&begun.ticket).await.unwrap(), []);
        let notes = PassNotes {
            traffic: Some(Traffic::default()),
            ..PassNotes::default()
        };
        store.note_pass(&begun.ticket, &notes).await.unwrap();
        let ranks = [(id("a.example", 1), 1)];
        let source = RankSource::StorefrontApi;
        let observed = store.observe_ranks(&begun.ticket, &ranks, None, source, at(6));
        assert_eq!(observed.await.unwrap(), 1);
        apply(&**store, &begun, last_page(2, products("a.example", 3..6))).await;
        finish(&**store, &begun, partial(Stop::MaxPages), 7).await;
    }
    assert_eq!(state(&*older).await, state(&*newer).await);
}

/// A place in an order that the earlier version observed, which did not say where it had read it.
#[tokio::test]
async fn ranks_of_version_6_have_no_source_until_they_are_read_again() {
    let (_folder, newer) = file();
    let store = open_at(&newer, OpenMode::Create).await.unwrap();
    fill(&*store).await;
    let begun = begin(&*store, "a.example", RESUME, 5).await;
    let ranks = [(id("a.example", 1), 1)];
    let source = RankSource::StorefrontApi;
    let observe = async |store: &dyn Store| {
        let observed = store.observe_ranks(&begun.ticket, &ranks, None, source, at(6));
        observed.await.unwrap()
    };
    assert_eq!(observe(&*store).await, 1);
    drop(store);
    let older = older(&newer, 6);
    let store = open_at(&older, OpenMode::Existing).await.unwrap();
    let last = async || {
        let history = store.observations(&ranks[0].0, 99).await.unwrap();
        history.last().map(|row| (row.rank, row.source))
    };
    assert_eq!(last().await, Some((Some(1), None)));
    assert_eq!(observe(&*store).await, 1);
    assert_eq!(last().await, Some((Some(1), Some(source))));
    assert_eq!(observe(&*store).await, 0);
}

/// A product whose quantities version 8 stored, and no moves of them.
#[tokio::test]
async fn stock_of_version_8_moves_from_now_on() {
    let (_folder, newer) = file();
    let store = open_at(&newer, OpenMode::Create).await.unwrap();
    let stocked = |quantity| {
        let mut it = product("a.example", 1);
        it.variants[0].quantity = Some(quantity);
        vec![it]
    };
    crawl(&*store, "a.example", stocked(9), 1).await;
    crawl(&*store, "a.example", stocked(7), 2).await;
    drop(store);
    let older = older(&newer, 8);
    let store = open_at(&older, OpenMode::Existing).await.unwrap();
    crawl(&*store, "a.example", stocked(4), 3).await;
    let id = id("a.example", 1);
    let moves = store.observations(&id, 9).await.unwrap();
    let moves: Vec<_> = moves.iter().map(|it| it.stock).collect();
    let moved = StockMove {
        before: 7,
        after: 4,
    };
    assert_eq!(moves, [None, None, Some(moved)]);
}

/// Summaries as the program wrote them before they named their facts.
#[tokio::test]
async fn summaries_of_an_earlier_version_are_read() {
    let (_folder, path) = file();
    let store = open_at(&path, OpenMode::Create).await.unwrap();
    let raw = Connection::open(&path).unwrap();
    let sources = [
        r#"{"kind":"llm","model":"m","prompt_version":"1"}"#,
        r#"{"kind":"extractive"}"#,
    ];
    for (hash, source) in ["a", "b"].into_iter().zip(sources) {
        let summary = format!(
            r#"{{"subject":"s","language":"en","source":{source},"input_hash":"{hash}","headline":"h",
                "text":"t","claims":[{{"text":"c","fact_ids":["F1"]}}],"cautions":["x"],"at":"1970-01-01T00:00:00.007Z"}}"#
        );
        let insert = "INSERT INTO summaries VALUES ('s', 'en', ?1, 7, ?2)";
        raw.execute(insert, [hash, &summary]).unwrap();
    }
    let expected = earlier_summaries();
    for summary in &expected {
        let hash = &summary.input_hash;
        let found = store.summary_of_input("s", "en", hash).await.unwrap();
        assert_eq!(found.as_ref(), Some(summary));
    }
    let records = store.records(RecordKind::Summary, None, 9).await.unwrap();
    assert_eq!(records.len(), expected.len());
}

/// The two summaries that an earlier version stored: one of each kind.
fn earlier_summaries() -> [Summary; 2] {
    let summary = |input_hash: &str, source| Summary {
        subject: "s".into(),
        language: "en".into(),
        source,
        input_hash: input_hash.into(),
        headline: "h".into(),
        text: "t".into(),
        claims: vec![Claim {
            text: "c".into(),
            fact_ids: vec!["F1".into()],
        }],
        cautions: vec!["x".into()],
        facts: vec![],
        facts_hash: String::new(),
        at: UnixMs::new(7),
    };
    let written = Written {
        model: "m".into(),
        prompt_version: "1".into(),
        ..Written::default()
    };
    [
        summary("a", SummarySource::Llm(Box::new(written))),
        summary("b", SummarySource::Extractive { instead: None }),
    ]
}

#[tokio::test]
async fn products_of_an_earlier_version_get_their_features_when_the_file_is_opened() {
    for version in [1, 2] {
        let (_folder, newer, older) = newer_and_older(version).await;
        let newer = open_at(&newer, OpenMode::Existing).await.unwrap();
        let wanted = features(&*newer).await;
        assert_eq!(wanted.len(), 12);
        for mode in [OpenMode::Existing, OpenMode::Create] {
            let older = open_at(&older, mode).await.unwrap();
            let found = features(&*older).await;
            assert_eq!(found, wanted, "{version}");
            for row in found {
                let product = older.product(&row.id).await.unwrap().unwrap();
                assert_eq!(row.inputs, FeatureInputs::of(&product));
            }
        }
        let shown: Vec<_> = wanted[3..6].iter().map(|row| row.inputs).collect();
        let prices: Vec<_> = shown.iter().map(|it| it.price).collect();
        assert_eq!(prices, [Some(15.0), None, Some(15.0)]);
        let discounts: Vec<_> = shown.iter().map(|it| it.discount).collect();
        assert_eq!(discounts, [Some((1.0 - 2.0 / 3.0) / 2.0), None, Some(0.0)]);
        assert_eq!(shown[0].published_at, Some(at(-500)));
        assert_eq!((shown[1].availability, shown[1].type_key), (None, 0));
        assert_eq!((shown[2].visible_chars, shown[2].distinct_tags), (11, 2));
    }
}

#[tokio::test]
async fn a_gone_product_of_an_earlier_version_has_its_features_when_it_is_back() {
    let (_folder, _, older) = newer_and_older(2).await;
    let older = open_at(&older, OpenMode::Existing).await.unwrap();
    let gone = older.product(&id("b.example", 0)).await.unwrap().unwrap();
    crawl(&*older, "b.example", products("b.example", 0..6), 20).await;
    let rows = features(&*older).await;
    let row = rows.into_iter().find(|row| row.id == gone.id).unwrap();
    assert_eq!(row.inputs, FeatureInputs::of(&gone));
    assert_eq!(row.first_seen_at, at(1));
}

#[tokio::test]
async fn many_products_of_an_earlier_version_get_their_features_too() {
    let (folder, newer) = file();
    let store = open_at(&newer, OpenMode::Create).await.unwrap();
    for (host, n_products) in [("a.example", 1001), ("b.example", 500), ("c.example", 1)] {
        let mut products = products(host, 0..n_products);
        for (product, n) in products.iter_mut().zip(1..) {
            product.images = vec![String::new(); n % 7];
            product.body_html = "x".repeat(n);
        }
        crawl(&*store, host, products, 1).await;
    }
    let wanted = features(&*store).await;
    drop(store);
    let older = open_at(&older(&newer, 2), OpenMode::Existing)
        .await
        .unwrap();
    assert_eq!(features(&*older).await, wanted);
    let lengths: Vec<_> = wanted.iter().map(|row| row.inputs.visible_chars).collect();
    let of_shop = |n_products: u32| 1..=n_products;
    let expected = of_shop(1001).chain(of_shop(500)).chain(of_shop(1));
    assert_eq!(lengths, expected.collect::<Vec<_>>());
    drop(folder);
}

#[tokio::test]
async fn a_damaged_product_of_an_earlier_version_is_named_and_the_file_stays_as_it_is() {
    for (damage, said) in [
        (
            "UPDATE product_details SET detail = '{' WHERE product_id = 3",
            "the detail of a product: ",
        ),
        (
            "DELETE FROM product_details WHERE product_id = 3",
            "has no texts",
        ),
    ] {
        let (_folder, _, older) = newer_and_older(2).await;
        let raw = Connection::open(&older).unwrap();
        raw.execute_batch("CREATE TABLE kept AS SELECT * FROM product_details")
            .unwrap();
        raw.execute_batch(damage).unwrap();
        for _ in 0..2 {
            let error = refusal(&older, OpenMode::Existing).await;
            assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
            assert!(error.to_string().contains(said), "{error}");
        }
        let version: i64 = raw
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap();
        assert_eq!(version, 2);
        raw.execute_batch("INSERT OR REPLACE INTO product_details SELECT * FROM kept")
            .unwrap();
        let repaired = open_at(&older, OpenMode::Existing).await.unwrap();
        assert_eq!(features(&*repaired).await.len(), 12);
    }
}

async fn features(store: &dyn Store) -> Vec<FeatureRow> {
    let everything = ProductFilter::default();
    store.features(&everything, None, usize::MAX).await.unwrap()
}
