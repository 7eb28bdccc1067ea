//! Places in a shop's best-selling order that products lost: told once, and only where the order was read far enough.

use catalog::RankSource::{Collection, StorefrontApi};
use catalog::{
    BegunCrawl, Observation, ObservationKind, ProductId, RankSource, RecordKind, Start, Store,
};

use crate::made::{apply, at, begin, crawl, eur, id, page, product, products};

const HOST: &str = "a.example";

/// Has a pass read an order: the products with these numbers, best first.
async fn observe(
    store: &dyn Store,
    begun: &BegunCrawl,
    natives: &[u64],
    n_read: Option<u32>,
    (source, now): (RankSource, i64),
) -> u64 {
    let places = natives.iter().zip(1..);
    let ranks: Vec<(ProductId, u32)> = places.map(|(it, place)| (id(HOST, *it), place)).collect();
    let observed = store.observe_ranks(&begun.ticket, &ranks, n_read, source, at(now));
    observed.await.unwrap()
}

async fn places(store: &dyn Store, native: u64) -> Vec<Observation> {
    let history = store.observations(&id(HOST, native), 99).await.unwrap();
    let is_ranked = |it: &Observation| it.kind == ObservationKind::Ranked;
    history.into_iter().filter(is_ranked).collect()
}

/// Each row's place, what was read where it has none, and the time.
async fn shown(store: &dyn Store, native: u64) -> Vec<(Option<u32>, Option<u32>, i64)> {
    let rows = places(store, native).await;
    let shown = rows.iter();
    shown
        .map(|it| (it.rank, it.n_places, it.at.ms() - at(0).ms()))
        .collect()
}

pub(super) async fn a_product_that_is_not_in_a_new_reading_lost_its_place(store: &dyn Store) {
    crawl(store, HOST, products(HOST, 0..5), 0).await;
    let begun = begin(store, HOST, Start::Fresh, 1).await;
    let read = async |natives: &[u64], n_read, now| {
        observe(store, &begun, natives, n_read, (StorefrontApi, now)).await
    };
    assert_eq!(read(&[1, 2, 3], Some(3), 10).await, 3);
    assert_eq!(read(&[3, 2], Some(u32::MAX), 11).await, 2);
    // It is told once, however often and however far the order is read.
    assert_eq!(read(&[3, 2], Some(u32::MAX), 12).await, 0);
    assert_eq!(read(&[3, 2], Some(7), 13).await, 0);
    let lost = Observation {
        product: id(HOST, 1),
        variant: None,
        kind: ObservationKind::Ranked,
        at: at(11),
        crawl: begun.ticket.crawl.clone(),
        before: None,
        after: None,
        stock: None,
        content_hash: None,
        rank: None,
        source: Some(StorefrontApi),
        n_places: Some(u32::MAX),
        said_before: None,
    };
    assert_eq!(places(store, 1).await[1..], [lost]);
    assert_eq!(
        shown(store, 3).await,
        [(Some(3), None, 10), (Some(1), None, 11)]
    );
    // What never had a place has none to lose.
    assert_eq!(shown(store, 4).await, []);
    // It comes back, and may go again.
    assert_eq!(read(&[3, 2, 1], Some(3), 14).await, 1);
    assert_eq!(read(&[3], Some(1), 15).await, 2);
    let last = [(Some(3), None, 14), (None, Some(1), 15)];
    assert_eq!(shown(store, 1).await[2..], last);
}

pub(super) async fn a_reading_that_broke_off_or_read_nothing_loses_nobody_a_place(
    store: &dyn Store,
) {
    crawl(store, HOST, products(HOST, 0..5), 0).await;
    let begun = begin(store, HOST, Start::Fresh, 1).await;
    let of = async |natives: &[u64], n_read, now| {
        observe(store, &begun, natives, n_read, (StorefrontApi, now)).await
    };
    assert_eq!(of(&[1, 2, 3], Some(3), 10).await, 3);
    assert_eq!(of(&[2], None, 11).await, 1);
    assert_eq!(of(&[], None, 12).await, 0);
    assert_eq!(of(&[], Some(0), 13).await, 0);
    assert_eq!(shown(store, 1).await, [(Some(1), None, 10)]);
}

pub(super) async fn a_place_that_was_read_elsewhere_is_not_lost(store: &dyn Store) {
    for host in [HOST, "b.example"] {
        crawl(store, host, products(host, 0..5), 0).await;
    }
    let other = begin(store, "b.example", Start::Fresh, 1).await;
    let ranks = [(id("b.example", 1), 1)];
    let observed = store.observe_ranks(&other.ticket, &ranks, Some(1), StorefrontApi, at(9));
    assert_eq!(observed.await.unwrap(), 1);
    let begun = begin(store, HOST, Start::Fresh, 1).await;
    let read = async |natives: &[u64], source, now| {
        let n_read = u32::try_from(natives.len()).ok();
        observe(store, &begun, natives, n_read, (source, now)).await
    };
    assert_eq!(read(&[1, 2], StorefrontApi, 10).await, 2);
    assert_eq!(read(&[3], Collection, 11).await, 1);
    assert_eq!(read(&[2], Collection, 12).await, 2);
    // Product 2 was last seen in the collection, so that the other order has nothing to say of it.
    assert_eq!(read(&[4], StorefrontApi, 13).await, 2);
    assert_eq!(shown(store, 1).await.last(), Some(&(None, Some(1), 13)));
    assert_eq!(shown(store, 2).await.last(), Some(&(Some(1), None, 12)));
    assert_eq!(shown(store, 3).await.last(), Some(&(None, Some(1), 12)));
    let elsewhere = store.observations(&id("b.example", 1), 9).await.unwrap();
    assert_eq!(elsewhere.last().unwrap().rank, Some(1));
}

pub(super) async fn products_that_are_gone_lose_no_place(store: &dyn Store) {
    crawl(store, HOST, products(HOST, 0..5), 0).await;
    let begun = begin(store, HOST, Start::Fresh, 1).await;
    let all = [0, 1, 2, 3, 4];
    let n = observe(store, &begun, &all, Some(5), (StorefrontApi, 10)).await;
    assert_eq!(n, 5);
    crawl(store, HOST, products(HOST, 1..5), 20).await;
    let begun = begin(store, HOST, Start::Fresh, 21).await;
    let left = [4, 3, 2, 1];
    let n = observe(store, &begun, &left, Some(4), (StorefrontApi, 22)).await;
    assert_eq!(n, 3);
    assert_eq!(shown(store, 0).await, [(Some(1), None, 10)]);
}

pub(super) async fn a_lost_place_stays_lost_through_new_content_and_an_archive(store: &dyn Store) {
    crawl(store, HOST, products(HOST, 0..3), 0).await;
    let begun = begin(store, HOST, Start::Fresh, 1).await;
    let read = async |natives: &[u64], now| {
        observe(store, &begun, natives, Some(250), (Collection, now)).await
    };
    assert_eq!(read(&[1, 2], 10).await, 2);
    assert_eq!(read(&[1], 11).await, 1);
    let mut dearer = product(HOST, 2);
    dearer.variants[0].price = Some(eur(1));
    apply(store, &begun, page(1, vec![dearer])).await;
    assert_eq!(read(&[1], 12).await, 0);
    let records = store.records(RecordKind::Product, None, 99).await.unwrap();
    store.put_records(records.clone()).await.unwrap();
    let again = store.records(RecordKind::Product, None, 99).await.unwrap();
    assert_eq!(again, records);
    assert_eq!(read(&[1], 13).await, 0);
    assert_eq!(read(&[1, 2], 14).await, 1);
}
