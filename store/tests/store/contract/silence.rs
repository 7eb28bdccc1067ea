//! Answers that say less of a product than others did: what was said last stays known.

use catalog::{
    Availability, ChangeKind, CrawlReport, Observation, ObservationKind, Offer, Product,
    RecordKind, Store, changes_of,
};

use crate::made::{crawl, eur, id, product};

const HOST: &str = "a.example";

/// A product whose two variants are available as told.
fn said(availability: [Availability; 2]) -> Product {
    let mut it = product(HOST, 1);
    for (variant, availability) in it.variants.iter_mut().zip(availability) {
        variant.availability = availability;
    }
    it
}

async fn see(store: &dyn Store, product: &Product, now: i64) -> CrawlReport {
    crawl(store, HOST, vec![product.clone()], now).await
}

async fn stored(store: &dyn Store) -> [Availability; 2] {
    let product = store.product(&id(HOST, 1)).await.unwrap().unwrap();
    [0, 1].map(|place: usize| product.variants[place].availability)
}

async fn changed(store: &dyn Store) -> Vec<Observation> {
    let history = store.observations(&id(HOST, 1), 99).await.unwrap();
    let is_changed = |it: &Observation| it.kind == ObservationKind::Changed;
    history.into_iter().filter(is_changed).collect()
}

fn availability(rows: &[Observation]) -> Vec<(Option<bool>, Option<bool>)> {
    let of = |offer: Option<Offer>| offer.unwrap().available;
    rows.iter()
        .map(|row| (of(row.before), of(row.after)))
        .collect()
}

fn kinds(rows: &[Observation]) -> Vec<ChangeKind> {
    let changes = rows.iter().flat_map(changes_of);
    changes.map(|change| change.kind).collect()
}

pub(super) async fn what_sold_out_in_a_silence_is_sold_out_behind_it(store: &dyn Store) {
    use Availability::{Former, Stated, Unknown};
    see(store, &said([Stated(true), Stated(false)]), 0).await;
    for (now, n_changed) in [(1, 1), (2, 0)] {
        let report = see(store, &said([Unknown, Unknown]), now).await;
        assert_eq!(report.counts.changed, n_changed);
        assert_eq!(stored(store).await, [Former(true), Former(false)]);
        assert_eq!(
            availability(&changed(store).await),
            [(Some(true), None), (Some(false), None)]
        );
    }
    assert_eq!(kinds(&changed(store).await), []);
    // A change of something else in the silence keeps what was said.
    let mut dearer = said([Unknown, Unknown]);
    dearer.variants[0].price = Some(eur(1100));
    assert_eq!(see(store, &dearer, 3).await.counts.changed, 1);
    assert_eq!(stored(store).await, [Former(true), Former(false)]);
    let mut again = said([Stated(false), Stated(false)]);
    again.variants[0].price = Some(eur(1100));
    assert_eq!(see(store, &again, 4).await.counts.changed, 1);
    assert_eq!(stored(store).await, [Stated(false), Stated(false)]);
    let rows = changed(store).await;
    assert_eq!(
        availability(&rows)[2..],
        [(None, None), (None, Some(false)), (None, Some(false))]
    );
    let said: Vec<_> = rows.iter().map(|row| row.said_before).collect();
    assert_eq!(said, [None, None, None, Some(true), Some(false)]);
    assert_eq!(kinds(&rows), [ChangeKind::Dearer, ChangeKind::SoldOut]);
}

pub(super) async fn an_answer_that_says_more_or_less_of_the_same_is_no_event(store: &dyn Store) {
    use Availability::{Derived, Former, Stated, Unknown};
    let sights = [
        [Unknown, Unknown],
        [Stated(true), Stated(false)],
        [Derived(true), Derived(false)],
        [Stated(true), Unknown],
        [Stated(true), Stated(false)],
        [Unknown, Derived(true)],
    ];
    for (now, availability) in sights.into_iter().enumerate() {
        see(store, &said(availability), now as i64).await;
    }
    assert_eq!(stored(store).await, [Former(true), Derived(true)]);
    let archive = store.records(RecordKind::Product, None, 9).await.unwrap();
    store.put_records(archive).await.unwrap();
    assert_eq!(stored(store).await, [Former(true), Derived(true)]);
    assert_eq!(kinds(&changed(store).await), [ChangeKind::Restocked]);
    // A variant that comes, or comes again, says so for the first time.
    let mut fewer = said([Unknown, Unknown]);
    fewer.variants.pop();
    see(store, &fewer, 90).await;
    see(store, &said([Stated(true), Stated(false)]), 91).await;
    assert_eq!(kinds(&changed(store).await), [ChangeKind::Restocked]);
    assert_eq!(stored(store).await, [Stated(true), Stated(false)]);
}
