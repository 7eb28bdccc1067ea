//! Records: everything that a store holds, out of one and into another.

use catalog::{
    Checkpoint, CrawlRecord, NativeId, Observation, ObservationFilter, ObservationKind,
    ObservationOrder, Offer, Outcome, PageRecord, Place, PopularitySource, ProblemKind, Product,
    ProductFilter, ProductRecord, RankedRow, Ranking, Record, RecordKey, RecordKind, Route,
    SearchOrder, SearchQuery, ShopRecord, Start, Stop, Store, StoreError, Validators,
};
use store::OpenMode;

use super::admin::{robots, summary};
use crate::made::{
    RESUME, apply, at, begin, crawl, eur, finish, id, key, last_page, lease, page, partial,
    problem, product, products, shop, state, variant,
};

/// Passes of every kind, gone products, ranks, problems, texts that look like operators.
async fn fill(store: &dyn Store) {
    for host in ["b.example", "a.example"] {
        let mut first = products(host, 0..3);
        for native in ["$where", "a.b", "{$gt: 1}", "\u{e9}\0", "007"] {
            first.push(product(host, native));
        }
        crawl(store, host, first.clone(), 1).await;
        first.remove(1);
        first[0].variants[1].price = None;
        crawl(store, host, first.clone(), 2).await;
        let begun = begin(store, host, Start::Fresh, 3).await;
        let mut with_problems = page(1, first[..4].to_vec());
        with_problems.products[3].tags.push("$set".into());
        with_problems.problems = vec![
            problem(ProblemKind::Price, 1, Some(2)),
            problem(ProblemKind::ProductRefused, 1, None),
            problem(ProblemKind::Price, 1, Some(0)),
        ];
        with_problems.validators = Some(version());
        apply(store, &begun, with_problems).await;
        let mut second = page(2, first[4..].to_vec());
        second.next = Some(there());
        apply(store, &begun, second).await;
        let noted = super::notes::notes();
        store.note_pass(&begun.ticket, &noted).await.unwrap();
        let ranks = [(id(host, 2), 1), (id(host, "$where"), 2)];
        store
            .observe_ranks(
                &begun.ticket,
                &ranks,
                None,
                catalog::RankSource::StorefrontApi,
                at(4),
            )
            .await
            .unwrap();
        if host == "a.example" {
            finish(store, &begun, partial(Stop::RateLimited), 5).await;
        }
    }
    store.add_shop(&shop("c.example"), at(0)).await.unwrap();
    store.pause_shop(&key("c.example"), true).await.unwrap();
    for (now, preset) in [(2, "classic"), (1, "classic"), (2, "$a.b")] {
        let ranking = ranking(store, now, preset).await;
        store.save_ranking(&ranking).await.unwrap();
    }
    for (subject, language, hash) in [("s", "fr", "1"), ("s", "en", "2"), ("$s.t", "en", "3")] {
        let summary = summary(subject, language, hash, 1);
        store.save_summary(&summary).await.unwrap();
    }
    for origin in [
        "https://b.example",
        "https://a.example",
        "http://a.example:80",
    ] {
        store.save_robots(&robots(origin, 1)).await.unwrap();
    }
}

fn version() -> Validators {
    Validators {
        url: "/products.json?limit=250&page=1".into(),
        etag: Some("W/\"$a.b\"".into()),
        last_modified: Some("Sat, 31 Jan 2026 12:00:00 GMT".into()),
    }
}

fn there() -> Checkpoint {
    Checkpoint {
        next_page: 3,
        place: Place {
            route: Route::Sitemap,
            part: 2,
            item: 7,
        },
    }
}

async fn ranking(store: &dyn Store, now: i64, preset: &str) -> Ranking {
    let rows = store.products(&ProductFilter::default(), None, 2).await;
    let ranked = rows.unwrap().into_iter().zip(1..);
    Ranking {
        at: at(now),
        preset: preset.into(),
        features: vec!["price".into()],
        weights: vec![0.1 + 0.2],
        n_ranked: 2,
        popularity_source: PopularitySource::Simulated,
        filter: None,
        stability: None,
        rows: ranked
            .map(|(product, rank)| RankedRow {
                rank,
                score: 0.849_703_447_523_829_2,
                coverage: 1.0 / 3.0,
                contributions: vec![1e-300],
                rank_uncapped: None,
                popularity: None,
                stability: None,
                product,
            })
            .collect(),
    }
}

async fn read(store: &dyn Store, kind: RecordKind) -> Vec<Record> {
    store.records(kind, None, usize::MAX).await.unwrap()
}

async fn copy(from: &dyn Store, to: &dyn Store, limit: usize) {
    for kind in RecordKind::ALL {
        let mut after: Option<RecordKey> = None;
        loop {
            let records = from.records(kind, after.as_ref(), limit).await.unwrap();
            let is_last = records.len() < limit;
            after = records.last().map(Record::key).or(after);
            to.put_records(records).await.unwrap();
            if is_last {
                break;
            }
        }
    }
}

async fn memory() -> std::sync::Arc<dyn Store> {
    let store = store::open("sqlite::memory:", OpenMode::Create).await;
    store.unwrap()
}

/// Everything that `state` shows, and the lists that go over all shops.
async fn whole_state(store: &dyn Store) -> String {
    let mut shown = state(store).await;
    let version = format!(
        "schema_version: {}",
        store.stats().await.unwrap().schema_version
    );
    shown = shown.replacen(&version, "", 1);
    for order in [ObservationOrder::ByProduct, ObservationOrder::ByTime] {
        let filter = ObservationFilter::default();
        let rows = store.observed(&filter, order, None, usize::MAX).await;
        shown.push_str(&format!("{:?}\n", rows.unwrap()));
    }
    let everything = ProductFilter::default();
    let features = store.features(&everything, None, usize::MAX).await;
    shown.push_str(&format!("{:?}\n", features.unwrap()));
    for (text, order) in [
        ("product", SearchOrder::Rank),
        ("set", SearchOrder::Rank),
        ("", SearchOrder::Newest),
        ("", SearchOrder::Cheapest),
    ] {
        let query = SearchQuery {
            tag: None,
            text: text.into(),
            filter: ProductFilter::default(),
            order,
        };
        let found = store.search(&query, None, 100).await.unwrap();
        // Products of the same place have an order of each store's own.
        let mut placed: Vec<_> = found.rows.iter().zip(&found.places).collect();
        placed.sort_by(|one, two| one.0.id.cmp(&two.0.id));
        shown.push_str(&format!("{} {:?} {placed:?}\n", found.total, found.next));
    }
    let ranking = store.latest_ranking().await.unwrap();
    let summary = store.summary("$s.t", "en").await.unwrap();
    shown.push_str(&format!("{ranking:?} {summary:?}"));
    shown
}

pub(super) async fn a_copied_store_is_the_same_both_ways(store: &dyn Store) {
    let source = memory().await;
    fill(&*source).await;
    copy(&*source, store, 3).await;
    let back = memory().await;
    copy(store, &*back, 2).await;
    for kind in RecordKind::ALL {
        let records = read(&*source, kind).await;
        assert_eq!(read(store, kind).await, records);
        assert_eq!(read(&*back, kind).await, records);
        assert!(records.len() >= 3, "{kind:?}");
        assert!(records.is_sorted_by_key(Record::key));
    }
    let expected = whole_state(&*source).await;
    assert_eq!(whole_state(store).await, expected);
    assert_eq!(whole_state(&*back).await, expected);
}

pub(super) async fn records_put_again_change_nothing(store: &dyn Store) {
    fill(store).await;
    let before = whole_state(store).await;
    for limit in [1, 100] {
        let copied = memory().await;
        copy(store, &*copied, 100).await;
        copy(&*copied, store, limit).await;
        assert_eq!(whole_state(store).await, before);
    }
}

pub(super) async fn any_page_size_gives_the_same_records(store: &dyn Store) {
    fill(store).await;
    for kind in RecordKind::ALL {
        let all = read(store, kind).await;
        for limit in 1..=all.len() + 1 {
            let mut records: Vec<Record> = vec![];
            loop {
                let after = records.last().map(Record::key);
                let page = store.records(kind, after.as_ref(), limit).await.unwrap();
                let is_last = page.len() < limit;
                records.extend(page);
                if is_last {
                    break;
                }
            }
            assert_eq!(records, all, "{kind:?} {limit}");
        }
        assert_eq!(store.records(kind, None, 0).await.unwrap(), []);
    }
}

pub(super) async fn records_go_on_behind_a_key_that_is_not_there(store: &dyn Store) {
    fill(store).await;
    let behind = async |after: RecordKey| -> Vec<RecordKey> {
        let records = store.records(after.kind(), Some(&after), 99).await.unwrap();
        records.iter().map(Record::key).collect()
    };
    let shops = behind(RecordKey::Shop(key("aa.example"))).await;
    let expected = ["b.example", "c.example"].map(|host| RecordKey::Shop(key(host)));
    assert_eq!(shops, expected);
    let products = behind(RecordKey::Product(id("b.example", 999))).await;
    assert_eq!(products.len(), 5);
    let crawls = behind(RecordKey::Crawl(catalog::CrawlKey {
        shop: key("a.example"),
        n: 2,
    }))
    .await;
    assert_eq!(crawls.len(), 4);
    let rankings = behind(RecordKey::Ranking(at(2), "a".into())).await;
    assert_eq!(rankings, [RecordKey::Ranking(at(2), "classic".into())]);
    let summaries = behind(RecordKey::Summary("s".into(), "en".into(), "9".into())).await;
    let last = RecordKey::Summary("s".into(), "fr".into(), "1".into());
    assert_eq!(summaries, [last]);
    let robots = behind(RecordKey::Robots("https://a.example".into())).await;
    assert_eq!(robots, [RecordKey::Robots("https://b.example".into())]);
}

pub(super) async fn an_empty_store_has_no_records(store: &dyn Store) {
    for kind in RecordKind::ALL {
        assert_eq!(read(store, kind).await, []);
    }
    store.put_records(vec![]).await.unwrap();
    assert_eq!(store.stats().await.unwrap().n_shops, 0);
}

pub(super) async fn a_record_replaces_the_one_with_its_key(store: &dyn Store) {
    crawl(store, "a.example", products("a.example", 0..3), 0).await;
    let row = |n: u64, rank| {
        let observation = Observation {
            product: id("a.example", 1),
            variant: None,
            kind: ObservationKind::Ranked,
            at: at(n as i64),
            crawl: catalog::CrawlKey {
                shop: key("a.example"),
                n: 7,
            },
            before: None,
            after: None,
            stock: None,
            content_hash: None,
            rank: Some(rank),
            source: Some(catalog::RankSource::StorefrontApi),
            n_places: None,
            said_before: None,
        };
        (n, observation)
    };
    let other = Product {
        title: "Other".into(),
        variants: vec![variant("9", 7, true)],
        ..product("a.example", 1)
    };
    let record = Record::Product(Box::new(ProductRecord {
        product: other.clone(),
        first_seen_at: at(-50),
        stored_at: at(-40),
        gone_at: Some(at(-30)),
        observations: vec![row(3, 5), row(9, 6)],
    }));
    for _ in 0..2 {
        store.put_records(vec![record.clone()]).await.unwrap();
        let records = read(store, RecordKind::Product).await;
        assert_eq!(records.len(), 3);
        assert_eq!(records[1], record);
    }
    let shop = store.shops().await.unwrap().remove(0);
    assert_eq!((shop.n_products, shop.n_gone), (2, 1));
    // It goes on like any other product: the same content is back, behind the last number.
    let begun = begin(store, "a.example", Start::Fresh, 1).await;
    let counts = apply(store, &begun, page(1, vec![other])).await;
    assert_eq!((counts.back, counts.unchanged), (1, 1));
    let ranks = [(id("a.example", 1), 6)];
    let observed = store
        .observe_ranks(
            &begun.ticket,
            &ranks,
            None,
            catalog::RankSource::StorefrontApi,
            at(2),
        )
        .await;
    assert_eq!(observed.unwrap(), 0);
    let rows = store.observations(&id("a.example", 1), 9).await.unwrap();
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[2].kind, ObservationKind::Back);
}

pub(super) async fn a_restored_epoch_never_falls_and_a_greater_one_fences(store: &dyn Store) {
    let begun = begin(store, "a.example", Start::Fresh, 0).await;
    lease(store, "a.example").await;
    let begun = begin(store, "a.example", RESUME, begun.ticket.epoch as i64).await;
    let epoch = begun.ticket.epoch;
    assert_eq!(epoch, 3);
    let with_epoch = |epoch| {
        Record::Shop(ShopRecord {
            shop: shop("a.example"),
            is_paused: false,
            is_added: false,
            epoch,
            last_complete_at: Some(at(5)),
        })
    };
    store.put_records(vec![with_epoch(1)]).await.unwrap();
    assert_eq!(read(store, RecordKind::Shop).await, [with_epoch(3)]);
    apply(store, &begun, page(1, products("a.example", 0..2))).await;
    store.put_records(vec![with_epoch(9)]).await.unwrap();
    assert_eq!(read(store, RecordKind::Shop).await, [with_epoch(9)]);
    let refused = store.apply_page(&begun.ticket, page(2, vec![])).await;
    assert!(matches!(refused, Err(StoreError::Fenced { .. })));
    assert_eq!(lease(store, "a.example").await.epoch, 10);
}

pub(super) async fn a_record_without_what_it_needs_is_refused_with_all_beside_it(
    store: &dyn Store,
) {
    let source = memory().await;
    crawl(&*source, "a.example", products("a.example", 0..2), 0).await;
    let shops = read(&*source, RecordKind::Shop).await;
    let products = read(&*source, RecordKind::Product).await;
    let crawls = read(&*source, RecordKind::Crawl).await;
    let robots = Record::Robots(Box::new(robots("https://a.example", 0)));
    for (given, missing) in [
        (vec![robots.clone(), products[0].clone()], "a.example"),
        (vec![robots.clone(), crawls[0].clone()], "a.example"),
        (
            [robots.clone()]
                .into_iter()
                .chain(shops)
                .chain(crawls)
                .collect(),
            "is not stored",
        ),
    ] {
        let error = store.put_records(given).await.unwrap_err().to_string();
        assert!(error.contains(missing), "{error}");
        for kind in RecordKind::ALL {
            assert_eq!(read(store, kind).await, [], "{error}");
        }
    }
}

pub(super) async fn a_record_tells_what_pages_held(store: &dyn Store) {
    fill(store).await;
    let records = read(store, RecordKind::Crawl).await;
    let of = |host: &str, n: u64| -> CrawlRecord {
        let wanted = RecordKey::Crawl(catalog::CrawlKey { shop: key(host), n });
        let record = records.iter().find(|record| record.key() == wanted);
        match record.unwrap() {
            Record::Crawl(record) => (**record).clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(of("a.example", 1).pages, []);
    assert_eq!(of("a.example", 2).pages.len(), 1);
    let newest = of("a.example", 3);
    let natives = |texts: &[&str]| texts.iter().map(|it| NativeId::from(*it)).collect();
    let first = PageRecord {
        page: 1,
        n_products: 4,
        bytes: 100,
        problems: vec![(ProblemKind::ProductRefused, 1), (ProblemKind::Price, 2)],
        seen: natives(&["0", "2", "$where", "a.b"]),
        validators: Some(version()),
    };
    let second = PageRecord {
        page: 2,
        n_products: 3,
        bytes: 100,
        problems: vec![],
        seen: natives(&["007", "{$gt: 1}", "\u{e9}\0"]),
        validators: None,
    };
    assert_eq!(newest.pages, [first, second]);
    assert_eq!(newest.n_known, 7);
    assert_eq!(newest.report.notes, super::notes::notes());
    assert_eq!(newest.report.checkpoint, Some(there()));
    let indices: Vec<_> = newest.problems.iter().map(|it| it.index).collect();
    assert_eq!(indices, [None, Some(0), Some(2)]);
    assert_eq!(newest.report.outcome, Some(partial(Stop::RateLimited)));
    assert_eq!(of("b.example", 3).report.outcome, None);
}

pub(super) async fn a_restored_pass_goes_on_where_it_stopped(store: &dyn Store) {
    let source = memory().await;
    crawl(&*source, "a.example", products("a.example", 0..9), 0).await;
    let begun = begin(&*source, "a.example", Start::Fresh, 10).await;
    apply(&*source, &begun, page(1, products("a.example", 0..4))).await;
    copy(&*source, store, 100).await;
    let again = begin(store, "a.example", RESUME, 11).await;
    assert!(again.resumed);
    assert_eq!((again.checkpoint.next_page, again.n_known), (2, 9));
    assert_eq!(again.ticket.crawl, begun.ticket.crawl);
    assert!(again.ticket.epoch > begun.ticket.epoch);
    let counts = apply(store, &again, last_page(2, products("a.example", 4..8))).await;
    assert_eq!((counts.unchanged, counts.new), (4, 0));
    // What page 1 held was seen, though another store saw it.
    let report = finish(store, &again, Outcome::Complete, 12).await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!((report.counts.gone, report.counts.pages), (1, 2));
}

pub(super) async fn a_product_with_ten_thousand_variants_goes_from_store_to_store(
    store: &dyn Store,
) {
    let source = memory().await;
    let mut huge = product("a.example", 1);
    huge.body_html = "<p>long \u{e9}</p>".repeat(50_000);
    let of = |n: i64| variant(&n.to_string(), n, n % 2 == 0);
    huge.variants = (0..10_000).map(of).collect();
    crawl(&*source, "a.example", vec![huge.clone()], 0).await;
    for variant in &mut huge.variants {
        variant.price = variant.price.map(|price| eur(price.minor() + 1));
    }
    crawl(&*source, "a.example", vec![huge.clone()], 1).await;
    copy(&*source, store, 10).await;
    let records = read(store, RecordKind::Product).await;
    assert!(records == read(&*source, RecordKind::Product).await);
    assert!(store.product(&huge.id).await.unwrap() == Some(huge.clone()));
    let history = store.observations(&huge.id, usize::MAX).await.unwrap();
    assert_eq!(history.len(), 10_001);
    let last = Offer::of(huge.variants.last().unwrap());
    assert_eq!(history[10_000].after, Some(last));
}
