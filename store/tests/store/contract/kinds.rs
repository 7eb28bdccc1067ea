//! The history by kind, and in the order that is read fastest.

use catalog::{
    ObservationFilter, ObservationKey, ObservationKind, ObservationOrder, ObservedRow, ProductId,
    Start, Store, StoreError,
};

use super::observed::{list, pages};
use crate::made::{apply, at, begin, crawl, eur, finish, id, key, last_page, product, products};

const ORDERS: [ObservationOrder; 3] = [
    ObservationOrder::ByProduct,
    ObservationOrder::ByTime,
    ObservationOrder::Grouped,
];

const KINDS: [ObservationKind; 5] = [
    ObservationKind::New,
    ObservationKind::Changed,
    ObservationKind::Gone,
    ObservationKind::Back,
    ObservationKind::Ranked,
];

fn everything() -> ObservationFilter {
    ObservationFilter::default()
}

fn of_kinds(kinds: &[ObservationKind]) -> ObservationFilter {
    ObservationFilter {
        kinds: kinds.to_vec(),
        ..everything()
    }
}

/// Every kind of row in three shops that were crawled in turns, so that their products lie mixed.
async fn fill(store: &dyn Store) {
    let hosts = ["b.example", "b-.example", "a.example"];
    for host in hosts {
        let mut first = products(host, 0..3);
        first.push(product(host, "zebra"));
        crawl(store, host, first, 10).await;
    }
    for host in hosts {
        let mut later = products(host, 1..6);
        later.push(product(host, "zebra"));
        later[0].variants[0].price = Some(eur(5));
        later[0].variants[1].price = Some(eur(6));
        crawl(store, host, later.clone(), 20).await;
        later.push(product(host, 0));
        later[0].variants[0].price = Some(eur(7));
        let now = if host == "a.example" { 20 } else { 30 };
        let begun = begin(store, host, Start::Fresh, now).await;
        apply(store, &begun, last_page(now as u32, later)).await;
        let ranks = [(id(host, 1), 1), (id(host, "zebra"), 2)];
        let observed = store.observe_ranks(
            &begun.ticket,
            &ranks,
            None,
            catalog::RankSource::StorefrontApi,
            at(now),
        );
        assert_eq!(observed.await.unwrap(), 2);
        finish(store, &begun, catalog::Outcome::Complete, now).await;
    }
}

fn filters() -> [ObservationFilter; 5] {
    [
        everything(),
        ObservationFilter {
            shops: vec![key("b-.example"), key("no.example")],
            ..everything()
        },
        ObservationFilter {
            product: Some(id("b.example", 1)),
            ..everything()
        },
        ObservationFilter {
            since: Some(at(20)),
            until: Some(at(30)),
            ..everything()
        },
        ObservationFilter {
            shops: vec![key("no.example")],
            ..everything()
        },
    ]
}

fn places(rows: &[ObservedRow]) -> Vec<ObservationKey> {
    rows.iter().map(ObservedRow::key).collect()
}

pub(super) async fn a_history_of_some_kinds_is_the_history_without_the_others(store: &dyn Store) {
    fill(store).await;
    for order in ORDERS {
        for filter in filters() {
            let all = list(store, &filter, order).await;
            for subset in 0..1 << KINDS.len() {
                let is_in = |kind: &ObservationKind| subset & (1 << (*kind as u32)) != 0;
                let kinds: Vec<_> = KINDS.into_iter().filter(is_in).collect();
                let mut wanted = all.clone();
                wanted.retain(|row| kinds.is_empty() || kinds.contains(&row.observation.kind));
                let filter = ObservationFilter {
                    kinds: kinds.clone(),
                    ..filter.clone()
                };
                let found = list(store, &filter, order).await;
                assert_eq!(found, wanted, "{order:?} {filter:?}");
            }
        }
    }
    for (kind, n_rows) in KINDS.into_iter().zip([7, 3, 1, 1, 2]) {
        let rows = list(store, &of_kinds(&[kind, kind]), ObservationOrder::Grouped).await;
        assert_eq!(rows.len(), 3 * n_rows, "{kind:?}");
        assert!(rows.iter().all(|row| row.observation.kind == kind));
    }
}

pub(super) async fn a_grouped_history_has_each_products_rows_together_and_every_row_once(
    store: &dyn Store,
) {
    fill(store).await;
    for filter in filters() {
        let grouped = list(store, &filter, ObservationOrder::Grouped).await;
        let mut done: Vec<ProductId> = vec![];
        for rows in grouped.chunk_by(|one, two| one.observation.product == two.observation.product)
        {
            let product = &rows[0].observation.product;
            assert!(!done.contains(product), "{product} comes twice");
            done.push(product.clone());
            assert!(rows.is_sorted_by_key(|row| row.n));
            assert!(rows.is_sorted_by_key(|row| row.observation.at));
        }
        let mut sorted = grouped;
        sorted.sort_by_key(|row| (row.observation.product.clone(), row.n));
        let by_product = list(store, &filter, ObservationOrder::ByProduct).await;
        assert_eq!(sorted, by_product);
    }
}

pub(super) async fn any_page_size_gives_the_same_history_of_some_kinds(store: &dyn Store) {
    use ObservationKind::{Back, Changed, Gone, New, Ranked};
    fill(store).await;
    for order in ORDERS {
        for filter in filters() {
            for kinds in [&[][..], &[New], &[Ranked], &[Changed, Gone, Back, Ranked]] {
                let filter = ObservationFilter {
                    kinds: kinds.to_vec(),
                    ..filter.clone()
                };
                let all = list(store, &filter, order).await;
                for limit in 1..=all.len() + 1 {
                    let rows = pages(store, &filter, order, limit).await;
                    assert_eq!(places(&rows), places(&all), "{order:?} {limit} {filter:?}");
                }
                assert_eq!(store.observed(&filter, order, None, 0).await.unwrap(), []);
            }
        }
    }
}

pub(super) async fn a_grouped_history_goes_on_behind_any_row_of_any_kind(store: &dyn Store) {
    fill(store).await;
    let order = ObservationOrder::Grouped;
    let all = list(store, &everything(), order).await;
    let gone = of_kinds(&[ObservationKind::Gone]);
    for (n_before, row) in (1..).zip(&all) {
        let is_gone = |row: &&ObservedRow| row.observation.kind == ObservationKind::Gone;
        let wanted: Vec<_> = all[n_before..].iter().filter(is_gone).cloned().collect();
        let found = store.observed(&gone, order, Some(&row.key()), 99).await;
        assert_eq!(found.unwrap(), wanted);
    }
    // Behind a number that no row has, and behind the history of a product that has the cursor's time.
    let last_of = |product: &ProductId| {
        let is_of = |row: &ObservedRow| row.observation.product == *product;
        all.iter().rposition(is_of).unwrap() + 1
    };
    for product in [id("a.example", 1), id("b.example", "zebra")] {
        let after = ObservationKey {
            at: at(-99),
            n: 77,
            product,
        };
        let wanted = all[last_of(&after.product)..].to_vec();
        let found = store.observed(&everything(), order, Some(&after), 99).await;
        assert_eq!(found.unwrap(), wanted);
    }
}

pub(super) async fn a_grouped_history_is_never_wrong_when_its_shop_is_forgotten_meanwhile(
    store: &dyn Store,
) {
    fill(store).await;
    let order = ObservationOrder::Grouped;
    let first = store.observed(&everything(), order, None, 1).await.unwrap();
    let after = first[0].key();
    store.forget_shop(&after.product.shop).await.unwrap();
    let rest = list(store, &everything(), order).await;
    assert!(!rest.is_empty());
    // A store that can't tell where it was must say so, not begin anew or end.
    match store.observed(&everything(), order, Some(&after), 99).await {
        Ok(found) => assert_eq!(found, rest),
        Err(error) => {
            assert!(matches!(error, StoreError::Failed { .. }), "{error}");
            assert!(error.to_string().contains("begin the list anew"), "{error}");
        }
    }
}

pub(super) async fn a_grouped_history_is_paged_while_pages_are_written(store: &dyn Store) {
    crawl(store, "a.example", products("a.example", 0..20), 0).await;
    let begun = begin(store, "b.example", Start::Fresh, 1).await;
    let order = ObservationOrder::Grouped;
    let filter = ObservationFilter {
        shops: vec![key("a.example")],
        ..everything()
    };
    let before = list(store, &filter, order).await;
    let mut rows: Vec<ObservedRow> = vec![];
    for n in 0..5 {
        let after = rows.last().map(ObservedRow::key);
        let natives = u64::from(n) * 4..u64::from(n) * 4 + 4;
        let more = crate::made::page(n + 1, products("b.example", natives));
        let (page, _) = futures_util::future::join(
            store.observed(&filter, order, after.as_ref(), 4),
            apply(store, &begun, more),
        )
        .await;
        rows.extend(page.unwrap());
    }
    assert_eq!(places(&rows), places(&before));
}
