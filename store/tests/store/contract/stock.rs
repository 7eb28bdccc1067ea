//! What was in stock and what is: kept where a shop publishes both, beside offers that may be the same.

use catalog::{Observation, ObservationKind, Offer, Product, RecordKind, StockMove, Store};

use crate::made::{crawl, eur, id, product};

const HOST: &str = "a.example";

/// A product whose variants have these quantities.
fn stocked(quantities: [Option<i64>; 2]) -> Product {
    let mut it = product(HOST, 1);
    for (variant, quantity) in it.variants.iter_mut().zip(quantities) {
        variant.quantity = quantity;
    }
    it
}

async fn changed(store: &dyn Store) -> Vec<Observation> {
    let history = store.observations(&id(HOST, 1), 99).await.unwrap();
    let is_changed = |it: &Observation| it.kind == ObservationKind::Changed;
    history.into_iter().filter(is_changed).collect()
}

fn moved(before: i64, after: i64) -> Option<StockMove> {
    Some(StockMove { before, after })
}

pub(super) async fn stock_that_moves_is_kept_with_what_it_was(store: &dyn Store) {
    let first = stocked([Some(10), Some(3)]);
    let [one, two] = [&first.variants[0], &first.variants[1]];
    crawl(store, HOST, vec![first.clone()], 0).await;
    let mut dearer = stocked([Some(7), Some(3)]);
    dearer.variants[1].price = Some(eur(1));
    crawl(store, HOST, vec![dearer.clone()], 1).await;
    let rows = changed(store).await;
    let seen: Vec<_> = rows
        .iter()
        .map(|it| (it.variant.as_deref(), it.stock))
        .collect();
    assert_eq!(
        seen,
        [(Some(&*one.id), moved(10, 7)), (Some(&*two.id), None)]
    );
    // Nothing but the stock is another.
    let offer = Some(Offer::of(one));
    assert_eq!((rows[0].before, rows[0].after), (offer, offer));
    // A price that changes with it shares its row; any number is kept.
    let mut extreme = dearer;
    extreme.variants[0].quantity = Some(i64::MIN);
    extreme.variants[0].price = Some(eur(2));
    extreme.variants[1].quantity = Some(i64::MAX);
    crawl(store, HOST, vec![extreme.clone()], 2).await;
    let rows = changed(store).await;
    let last: Vec<_> = rows[2..].iter().map(|it| it.stock).collect();
    assert_eq!(last, [moved(7, i64::MIN), moved(3, i64::MAX)]);
    assert_eq!(rows[2].after.unwrap().price, Some(eur(2)));
    // The same again is no change.
    crawl(store, HOST, vec![extreme], 3).await;
    assert_eq!(changed(store).await.len(), 4);
}

pub(super) async fn stock_that_is_published_once_has_not_moved(store: &dyn Store) {
    crawl(store, HOST, vec![stocked([None, Some(3)])], 0).await;
    crawl(store, HOST, vec![stocked([Some(5), None])], 1).await;
    assert_eq!(changed(store).await, []);
    crawl(store, HOST, vec![stocked([Some(4), Some(3)])], 2).await;
    let rows = changed(store).await;
    let seen: Vec<_> = rows.iter().map(|it| it.stock).collect();
    assert_eq!(seen, [moved(5, 4)]);
}

pub(super) async fn moves_of_stock_go_through_an_archive(store: &dyn Store) {
    crawl(store, HOST, vec![stocked([Some(10), Some(3)])], 0).await;
    crawl(store, HOST, vec![stocked([Some(-2), Some(0)])], 1).await;
    let records = store.records(RecordKind::Product, None, 99).await.unwrap();
    store.put_records(records).await.unwrap();
    let rows = changed(store).await;
    let seen: Vec<_> = rows.iter().map(|it| it.stock).collect();
    assert_eq!(seen, [moved(10, -2), moved(3, 0)]);
}
