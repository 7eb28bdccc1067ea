//! Rankings by their names, places in them, and products by their handles.

use catalog::{PopularitySource, RankedRow, Ranking, RankingHead, Record, Store};

use crate::made::{at, crawl, id, key, products};

/// A ranking of product 1 of each host, in this order, made at `at(now)`.
pub(crate) async fn ranking_of(store: &dyn Store, now: i64, hosts: &[&str]) -> Ranking {
    let ids: Vec<_> = hosts.iter().map(|host| id(host, 1)).collect();
    let rows = store.product_rows(&ids).await.unwrap();
    assert_eq!(rows.len(), hosts.len());
    let rows = rows.into_iter().zip(1..).map(|(product, rank)| RankedRow {
        rank,
        score: 1.0 / f64::from(rank) + now as f64,
        coverage: 1.0,
        contributions: vec![],
        rank_uncapped: None,
        popularity: None,
        stability: None,
        product,
    });
    Ranking {
        at: at(now),
        preset: "classic".into(),
        features: vec![],
        weights: vec![],
        n_ranked: 8,
        popularity_source: PopularitySource::Simulated,
        filter: None,
        stability: None,
        rows: rows.collect(),
    }
}

async fn fill(store: &dyn Store) -> Vec<Ranking> {
    for host in ["b.example", "a.example", "c.example"] {
        crawl(store, host, products(host, 0..3), 0).await;
    }
    let mut rankings = vec![
        ranking_of(store, 5, &["a.example", "b.example"]).await,
        ranking_of(store, 7, &["b.example"]).await,
        ranking_of(store, 5, &["c.example", "b.example", "a.example"]).await,
        ranking_of(store, 6, &[]).await,
    ];
    rankings[2].preset = "balanced".into();
    for ranking in &rankings {
        store.save_ranking(ranking).await.unwrap();
    }
    rankings
}

pub(super) async fn rankings_are_listed_newest_first_then_by_preset(store: &dyn Store) {
    assert_eq!(store.ranking_heads(9).await.unwrap(), []);
    let rankings = fill(store).await;
    let expected = [1, 3, 2, 0].map(|n: usize| {
        let ranking = &rankings[n];
        (
            ranking.at,
            ranking.preset.clone(),
            ranking.rows.len() as u64,
        )
    });
    let named = |head: RankingHead| (head.at, head.preset, head.n_places);
    for limit in 0..6 {
        let heads = store.ranking_heads(limit).await.unwrap();
        let heads: Vec<_> = heads.into_iter().map(named).collect();
        assert_eq!(heads, expected[..limit.min(4)]);
    }
    let shorter = ranking_of(store, 5, &["c.example"]).await;
    store.save_ranking(&shorter).await.unwrap();
    let heads = store.ranking_heads(9).await.unwrap();
    assert_eq!((heads.len(), heads[3].n_places), (4, 1));
    let restored = ranking_of(store, 9, &["a.example", "c.example"]).await;
    let record = Record::Ranking(Box::new(restored));
    store.put_records(vec![record]).await.unwrap();
    let heads = store.ranking_heads(1).await.unwrap();
    assert_eq!((heads[0].at, heads[0].n_places), (at(9), 2));
    for now in 100..160 {
        let ranking = ranking_of(store, now, &[]).await;
        store.save_ranking(&ranking).await.unwrap();
    }
    let heads = store.ranking_heads(99).await.unwrap();
    assert_eq!((heads.len(), heads[49].at), (50, at(110)));
}

pub(super) async fn a_ranking_that_replaces_another_one_has_another_stamp(store: &dyn Store) {
    let rankings = fill(store).await;
    let newest = async || store.ranking_heads(1).await.unwrap().remove(0);
    let first = newest().await;
    store.save_ranking(&rankings[1]).await.unwrap();
    assert_eq!(newest().await, first, "the same again");
    let mut other = rankings[1].clone();
    other.weights = vec![0.5];
    other.features = vec!["reviews".into()];
    let mut reordered = rankings[1].clone();
    reordered.rows[0].score += 0.25;
    let mut stamps = vec![first.stamp];
    for ranking in [other, reordered] {
        store.save_ranking(&ranking).await.unwrap();
        let head = newest().await;
        assert_eq!((head.at, head.n_places), (first.at, first.n_places));
        assert!(!stamps.contains(&head.stamp));
        stamps.push(head.stamp);
    }
}

pub(super) async fn a_ranking_is_found_by_its_time_and_preset(store: &dyn Store) {
    assert_eq!(store.ranking(at(5), "classic").await.unwrap(), None);
    for ranking in fill(store).await {
        let found = store.ranking(ranking.at, &ranking.preset).await.unwrap();
        assert_eq!(found, Some(ranking));
    }
    for (now, preset) in [(4, "classic"), (6, "balanced"), (5, "Classic"), (5, "")] {
        assert_eq!(store.ranking(at(now), preset).await.unwrap(), None);
    }
}

pub(super) async fn places_of_a_product_are_those_of_each_ranking_that_has_it(store: &dyn Store) {
    let rankings = fill(store).await;
    let places = async |host: &str, since: i64, limit| {
        let places = store.places_of(&id(host, 1), at(since), limit).await;
        let places = places.unwrap().into_iter();
        places
            .map(|it| (it.at, it.preset, it.rank, it.score))
            .collect::<Vec<_>>()
    };
    let place = |n: usize, rank: u32| {
        let row = &rankings[n].rows[rank as usize - 1];
        let preset = rankings[n].preset.clone();
        (rankings[n].at, preset, rank, row.score)
    };
    let of_b = [place(1, 1), place(2, 2), place(0, 2)];
    assert_eq!(places("b.example", 0, 9).await, of_b);
    assert_eq!(places("b.example", 5, 9).await, of_b);
    assert_eq!(places("b.example", 6, 9).await, of_b[..1]);
    assert_eq!(places("b.example", 8, 9).await, []);
    assert_eq!(places("b.example", 0, 2).await, of_b[..2]);
    assert_eq!(places("b.example", 0, 0).await, []);
    assert_eq!(places("c.example", 0, 9).await, [place(2, 1)]);
    let never = store.places_of(&id("b.example", 2), at(0), 9).await;
    assert_eq!(never.unwrap(), []);
}

pub(super) async fn products_are_found_by_exactly_their_handle(store: &dyn Store) {
    let found = async |handle: &str, host: Option<&str>, limit| {
        let shop = host.map(key);
        let rows = store.products_of_handle(handle, shop.as_ref(), limit).await;
        let rows = rows.unwrap().into_iter();
        rows.map(|row| row.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(found("product-1", None, 9).await, [""; 0]);
    for host in ["b.example", "a.example"] {
        crawl(store, host, products(host, 0..3), 0).await;
    }
    let mut twin = products("b.example", 0..3);
    twin.remove(1);
    twin[1].handle = "product-0".into();
    crawl(store, "b.example", twin, 1).await;
    let (a, b) = ("shopify:a.example:", "shopify:b.example:");
    let both = |n: u64| vec![format!("{a}{n}"), format!("{b}{n}")];
    // The one of b.example is gone.
    assert_eq!(found("product-1", None, 9).await, both(1));
    assert_eq!(found("product-1", None, 1).await, both(1)[..1]);
    assert_eq!(found("product-1", None, 0).await, [""; 0]);
    assert_eq!(found("product-1", Some("b.example"), 9).await, both(1)[1..]);
    assert_eq!(found("product-1", Some("no.example"), 9).await, [""; 0]);
    let twins = [format!("{b}0"), format!("{b}2")];
    assert_eq!(found("product-0", Some("b.example"), 9).await, twins);
    assert_eq!(found("product-2", Some("b.example"), 9).await, [""; 0]);
    for handle in ["Product-1", "product", "product-1 ", "", "%"] {
        assert_eq!(found(handle, None, 9).await, [""; 0], "{handle}");
    }
}
