//! Problems, rankings, and the numbers of the whole store.

use catalog::{
    ListStability, PopularitySource, ProblemKind, ProductFilter, ProductRow, RankedRow, Ranking,
    Record, RecordKind, Stability, Start, Store,
};

use crate::made::{apply, at, begin, crawl, last_page, page, problem, products};

pub(super) async fn problems_come_by_page_then_index(store: &dyn Store) {
    use ProblemKind::{Date, Duplicate, Field, Price, ProductRefused};
    let begun = begin(store, "a.example", Start::Fresh, 0).await;
    let mut second = page(2, vec![]);
    second.problems = vec![problem(Price, 2, Some(0))];
    let mut first = page(1, vec![]);
    first.problems = vec![
        problem(Price, 1, Some(11)),
        problem(Date, 1, Some(2)),
        problem(Field, 1, None),
        problem(Duplicate, 1, Some(2)),
        problem(ProductRefused, 1, Some(1)),
    ];
    apply(store, &begun, second).await;
    apply(store, &begun, first).await;
    let expected = [
        problem(Field, 1, None),
        problem(ProductRefused, 1, Some(1)),
        problem(Date, 1, Some(2)),
        problem(Duplicate, 1, Some(2)),
        problem(Price, 1, Some(11)),
        problem(Price, 2, Some(0)),
    ];
    let crawl = &begun.ticket.crawl;
    assert_eq!(store.problems(crawl, 99).await.unwrap(), expected);
    assert_eq!(store.problems(crawl, 2).await.unwrap(), expected[..2]);
    assert_eq!(store.problems(crawl, 0).await.unwrap(), []);
    let mut other = crawl.clone();
    other.n = 2;
    assert_eq!(store.problems(&other, 9).await.unwrap(), []);
}

pub(super) async fn all_problems_are_counted_and_a_thousand_kept(store: &dyn Store) {
    let begun = begin(store, "a.example", Start::Fresh, 0).await;
    let with_problems = |n: u32, n_problems: u32| {
        let mut page = page(n, vec![]);
        let of = |index| problem(ProblemKind::Price, n, Some(index));
        page.problems = (0..n_problems).map(of).collect();
        page
    };
    let pages = [
        with_problems(1, 900),
        with_problems(2, 300),
        with_problems(3, 5),
    ];
    for page in pages.iter().chain(&pages) {
        apply(store, &begun, page.clone()).await;
        let kept = store.problems(&begun.ticket.crawl, 9999).await.unwrap();
        assert!(kept.len() <= 1000);
    }
    let kept = store.problems(&begun.ticket.crawl, 9999).await.unwrap();
    assert_eq!(kept.len(), 1000);
    assert_eq!(kept.last(), Some(&problem(ProblemKind::Price, 2, Some(99))));
    let counts = store.crawls(None, 1).await.unwrap()[0].counts;
    assert_eq!(counts.problems, 1205);
    let stats = store.stats().await.unwrap();
    assert_eq!(stats.problems, [(ProblemKind::Price, 1205)]);
}

async fn ranking(store: &dyn Store, now: i64, preset: &str, score: f64) -> Ranking {
    let everything = ProductFilter::default();
    let product = store
        .products(&everything, None, 1)
        .await
        .unwrap()
        .remove(0);
    Ranking {
        at: at(now),
        preset: preset.into(),
        features: vec!["price".into()],
        weights: vec![0.1 + 0.2],
        n_ranked: 1,
        popularity_source: PopularitySource::Simulated,
        filter: None,
        stability: None,
        rows: vec![RankedRow {
            rank: 1,
            score,
            coverage: 1.0 / 3.0,
            contributions: vec![1e-300],
            rank_uncapped: None,
            popularity: None,
            stability: None,
            product,
        }],
    }
}

pub(super) async fn the_newest_ranking_is_found_and_the_same_one_replaced(store: &dyn Store) {
    crawl(store, "a.example", products("a.example", 0..1), 0).await;
    // This number differs in its last bit when it is read back carelessly.
    let exact = 0.849_703_447_523_829_2;
    for (now, score) in [(1, 0.1), (3, exact), (2, 0.2)] {
        let ranking = ranking(store, now, "classic", score).await;
        store.save_ranking(&ranking).await.unwrap();
    }
    let newest = ranking(store, 3, "classic", exact).await;
    assert_eq!(store.latest_ranking().await.unwrap(), Some(newest));
    let replaced = ranking(store, 3, "classic", 0.7).await;
    for _ in 0..2 {
        store.save_ranking(&replaced).await.unwrap();
        assert_eq!(
            store.latest_ranking().await.unwrap().as_ref(),
            Some(&replaced)
        );
    }
}

pub(super) async fn a_ranking_keeps_how_sure_it_is_and_its_places_without_caps(store: &dyn Store) {
    crawl(store, "a.example", products("a.example", 0..1), 0).await;
    let mut ranking = ranking(store, 1, "balanced", 0.6).await;
    ranking.stability = Some(LIST_STABILITY);
    ranking.filter = Some(ProductFilter {
        shops: vec![crate::made::key("a.example")],
        product_type: Some("Lamp".to_owned()),
        price_max: Some(0.1),
        in_stock: true,
        ..ProductFilter::default()
    });
    let first = &ranking.rows[0];
    let second = RankedRow {
        rank: 2,
        rank_uncapped: Some(u32::MAX),
        popularity: None,
        stability: Some(STABILITY),
        ..first.clone()
    };
    let third = RankedRow {
        rank: 3,
        rank_uncapped: Some(3),
        popularity: None,
        ..first.clone()
    };
    ranking.rows.extend([second, third]);
    store.save_ranking(&ranking).await.unwrap();
    assert_eq!(
        store.latest_ranking().await.unwrap().as_ref(),
        Some(&ranking)
    );
    let kept = store.records(RecordKind::Ranking, None, 9).await.unwrap();
    assert_eq!(kept, [Record::Ranking(Box::new(ranking.clone()))]);
    ranking.at = at(2);
    let records = vec![Record::Ranking(Box::new(ranking.clone()))];
    store.put_records(records).await.unwrap();
    assert_eq!(store.latest_ranking().await.unwrap(), Some(ranking));
}

/// These numbers differ in their last bits when they are read back carelessly.
const LIST_STABILITY: ListStability = ListStability {
    draws: 200,
    overlap_mean: 0.849_703_447_523_829_2,
    overlap_min: 1e-300,
};

const STABILITY: Stability = Stability {
    p_top_k: 1.0 / 3.0,
    rank_p5: 1,
    rank_p95: u32::MAX,
};

pub(super) async fn a_ranking_in_brief_has_no_more_of_its_products_than_their_ids(
    store: &dyn Store,
) {
    assert_eq!(store.latest_ranking_in_brief().await.unwrap(), None);
    a_ranking_keeps_how_sure_it_is_and_its_places_without_caps(store).await;
    let mut ranking = store.latest_ranking().await.unwrap().unwrap();
    assert!(!ranking.rows.is_empty());
    for row in &mut ranking.rows {
        row.product = ProductRow::named(row.product.id.clone());
    }
    let brief = store.latest_ranking_in_brief().await.unwrap();
    assert_eq!(brief, Some(ranking));
}

pub(super) async fn a_ranking_that_cannot_be_read_back_is_refused(store: &dyn Store) {
    crawl(store, "a.example", products("a.example", 0..1), 0).await;
    let finite = ranking(store, 1, "classic", 1.0).await;
    let mut refused = [finite.clone(), finite.clone(), finite];
    refused[0].rows[0].score = f64::NAN;
    refused[1].rows[0].stability = Some(Stability {
        p_top_k: f64::NAN,
        ..STABILITY
    });
    refused[2].stability = Some(ListStability {
        overlap_mean: f64::INFINITY,
        ..LIST_STABILITY
    });
    for ranking in refused {
        let error = store.save_ranking(&ranking).await.unwrap_err().to_string();
        assert!(error.contains("not finite"), "{error}");
    }
    assert_eq!(store.latest_ranking().await.unwrap(), None);
}

pub(super) async fn stats_count_the_whole_store(store: &dyn Store) {
    use ProblemKind::{Duplicate, Price};
    for host in ["a.example", "b.example"] {
        let begun = begin(store, host, Start::Fresh, 0).await;
        let mut page = last_page(1, products(host, 0..4));
        page.problems = vec![problem(Price, 1, None), problem(Duplicate, 1, Some(1))];
        apply(store, &begun, page).await;
    }
    crawl(store, "a.example", products("a.example", 0..3), 5).await;
    let begun = begin(store, "c.example", Start::Fresh, 6).await;
    let mut empty = page(1, vec![]);
    empty.problems = vec![problem(Price, 1, None)];
    apply(store, &begun, empty).await;
    let stats = store.stats().await.unwrap();
    assert!(stats.schema_version > 0);
    assert_eq!((stats.n_shops, stats.n_products, stats.n_gone), (3, 7, 1));
    assert_eq!(stats.n_observations, 9);
    assert_eq!(stats.problems, [(Duplicate, 1), (Price, 2)]);
    let in_memory = store.location() == ":memory:";
    assert_eq!(stats.size_bytes.is_none(), in_memory);
    assert!(stats.size_bytes.is_none_or(|size| size > 0));
}
