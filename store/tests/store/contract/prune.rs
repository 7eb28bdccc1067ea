//! Thinning out the history.

use catalog::{
    Observation, ObservationFilter, ObservationKey, ObservationKind, ObservationOrder, Product,
    ProductId, Pruned, Start, Store,
};

use crate::made::{apply, at, begin, crawl, eur, id, page, product, products, state, variant};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// `at(MIDNIGHT)` begins a day in UTC.
const MIDNIGHT: i64 = 6_400_000;

fn with_offer(host: &str, native: u64, minor: i64, available: bool) -> Product {
    Product {
        variants: vec![variant("1", minor, available), variant("2", 2000, true)],
        ..product(host, native)
    }
}

async fn prune_all(store: &dyn Store, before: i64, limit: usize) -> (u64, u64) {
    let (mut n_old, mut n_removed, mut after) = (0, 0, None);
    loop {
        let pruned = store
            .prune(at(before), after.as_ref(), limit)
            .await
            .unwrap();
        n_old += pruned.n_old;
        n_removed += pruned.n_removed;
        after = pruned.next;
        if after.is_none() {
            return (n_old, n_removed);
        }
    }
}

/// A product whose first variant is sold out and restocked every hour of two days, and dearer once a day; its
/// place among the best sellers changes every two hours.
async fn fill(store: &dyn Store, host: &str, native: u64) {
    let begun = begin(store, host, Start::Fresh, 0).await;
    for hour in 0..48 {
        let price = if hour < 5 {
            1000
        } else if hour < 30 {
            1100
        } else {
            1200
        };
        let mut page = page(1, vec![with_offer(host, native, price, hour % 2 == 0)]);
        let now = MIDNIGHT + hour * HOUR;
        page.at = at(now);
        apply(store, &begun, page).await;
        let ranks = [(id(host, native), hour as u32 / 2)];
        store
            .observe_ranks(
                &begun.ticket,
                &ranks,
                None,
                catalog::RankSource::StorefrontApi,
                at(now),
            )
            .await
            .unwrap();
    }
}

fn shown(rows: &[Observation]) -> Vec<(ObservationKind, i64)> {
    let hour = |row: &Observation| (row.at.ms() - at(MIDNIGHT).ms()) / HOUR;
    rows.iter().map(|row| (row.kind, hour(row))).collect()
}

pub(super) async fn a_day_keeps_its_last_row_and_every_change_of_price(store: &dyn Store) {
    use ObservationKind::{Changed, New, Ranked};
    assert_eq!(at(MIDNIGHT).ms() % DAY, 0);
    fill(store, "a.example", 1).await;
    let product = id("a.example", 1);
    let before = store.observations(&product, 999).await.unwrap();
    assert_eq!(before.len(), 1 + 47 + 24);
    // Up to the 36th hour: all of day one, half of day two.
    let (n_old, n_removed) = prune_all(store, MIDNIGHT + 36 * HOUR, 10).await;
    assert_eq!(n_old, 1 + 35 + 18);
    let kept = store.observations(&product, 999).await.unwrap();
    let old = shown(&kept[..kept.len() - 18]);
    let expected = [
        (New, 0),
        // The price, whose row is not the day's last.
        (Changed, 5),
        // Without it, two rows of one kind would follow each other.
        (Changed, 22),
        (Ranked, 22),
        (Changed, 23),
        (Changed, 30),
        (Ranked, 34),
        (Changed, 35),
    ];
    assert_eq!(old, expected);
    assert_eq!(kept[kept.len() - 18..], before[before.len() - 18..]);
    assert_eq!(n_removed, (before.len() - kept.len()) as u64);
    assert!(kept.iter().all(|row| before.contains(row)));
}

pub(super) async fn pruning_again_removes_nothing(store: &dyn Store) {
    fill(store, "a.example", 1).await;
    let (_, n_removed) = prune_all(store, MIDNIGHT + 36 * HOUR, 1).await;
    assert!(n_removed > 0);
    let before = state(store).await;
    for _ in 0..2 {
        let (n_old, n_removed) = prune_all(store, MIDNIGHT + 36 * HOUR, 1).await;
        assert_eq!((n_old, n_removed), (8, 0));
    }
    assert_eq!(state(store).await, before);
}

pub(super) async fn numbers_of_pruned_rows_are_not_used_again(store: &dyn Store) {
    fill(store, "a.example", 1).await;
    let filter = ObservationFilter::default();
    let order = ObservationOrder::ByProduct;
    let numbers = async || -> Vec<u64> {
        let rows = store.observed(&filter, order, None, 999).await.unwrap();
        rows.iter().map(|row| row.n).collect()
    };
    let before = numbers().await;
    assert_eq!(before, (1..=72).collect::<Vec<u64>>());
    prune_all(store, MIDNIGHT + 999 * HOUR, 1).await;
    let kept = numbers().await;
    assert_eq!(kept.last(), Some(&72));
    let begun = begin(store, "a.example", Start::Fresh, 1).await;
    let dearer = with_offer("a.example", 1, 5000, false);
    apply(store, &begun, page(1, vec![dearer])).await;
    assert_eq!(numbers().await, [kept.as_slice(), &[73]].concat());
    // A list goes on behind a row that was pruned in the meantime.
    let after = ObservationKey {
        at: at(MIDNIGHT),
        product: id("a.example", 1),
        n: 3,
    };
    let rows = store
        .observed(&filter, order, Some(&after), 999)
        .await
        .unwrap();
    assert_eq!(rows.len(), kept.iter().filter(|n| **n > 3).count() + 1);
}

pub(super) async fn pruning_looks_at_as_many_products_as_it_may(store: &dyn Store) {
    for host in ["b.example", "a.example"] {
        crawl(store, host, products(host, 0..4), 0).await;
    }
    // Gone products have a history too; the last ones have none that is old.
    crawl(store, "a.example", products("a.example", 1..4), 5).await;
    crawl(store, "b.example", products("b.example", 0..6), 50).await;
    let prune = async |after: Option<ProductId>, limit| {
        store.prune(at(10), after.as_ref(), limit).await.unwrap()
    };
    let pruned = |n_old, next: Option<ProductId>| Pruned {
        n_old,
        n_removed: 0,
        next,
    };
    let (a, b) = (|n: u64| id("a.example", n), |n: u64| id("b.example", n));
    assert_eq!(prune(None, 3).await, pruned(4, Some(a(2))));
    assert_eq!(prune(Some(a(2)), 3).await, pruned(3, Some(b(1))));
    assert_eq!(prune(Some(b(1)), 1).await, pruned(1, Some(b(2))));
    assert_eq!(prune(Some(b(1)), 2).await, pruned(2, None));
    assert_eq!(prune(Some(b(1)), 99).await, pruned(2, None));
    assert_eq!(prune(Some(b(3)), 1).await, pruned(0, None));
    assert_eq!(prune(None, usize::MAX).await, pruned(9, None));
    assert_eq!(store.stats().await.unwrap().n_observations, 11);
}

pub(super) async fn what_is_not_old_is_not_touched(store: &dyn Store) {
    fill(store, "a.example", 1).await;
    let before = state(store).await;
    assert_eq!(prune_all(store, MIDNIGHT, 9).await, (0, 0));
    assert_eq!(state(store).await, before);
}

pub(super) async fn the_last_place_is_known_after_pruning(store: &dyn Store) {
    fill(store, "a.example", 1).await;
    prune_all(store, MIDNIGHT + 999 * HOUR, 9).await;
    let begun = begin(store, "a.example", Start::Fresh, 1).await;
    let ranks = [(id("a.example", 1), 23)];
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
    let mut dearer = with_offer("a.example", 1, 1200, false);
    dearer.variants[1].price = Some(eur(1));
    apply(store, &begun, page(1, vec![dearer])).await;
}
