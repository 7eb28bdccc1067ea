//! The history: what each row says, and lists of rows in two orders.

use catalog::{
    Observation, ObservationFilter, ObservationKey, ObservationKind, ObservationOrder, ObservedRow,
    Product, Start, Store,
};

use crate::made::{
    apply, at, begin, crawl, eur, finish, id, key, last_page, page, product, products, shop,
};

const BOTH: [ObservationOrder; 2] = [ObservationOrder::ByProduct, ObservationOrder::ByTime];

fn everything() -> ObservationFilter {
    ObservationFilter::default()
}

fn dearer(host: &str, native: u64, by: i64) -> Product {
    let mut product = product(host, native);
    for variant in &mut product.variants {
        variant.price = variant.price.map(|price| eur(price.minor() + by));
    }
    product
}

pub(super) async fn list(
    store: &dyn Store,
    filter: &ObservationFilter,
    order: ObservationOrder,
) -> Vec<ObservedRow> {
    let rows = store.observed(filter, order, None, usize::MAX).await;
    rows.unwrap()
}

/// Three shops, several times, the same moment in two of them, numbers and texts as ids.
pub(super) async fn pages(
    store: &dyn Store,
    filter: &ObservationFilter,
    order: ObservationOrder,
    limit: usize,
) -> Vec<ObservedRow> {
    let mut rows: Vec<ObservedRow> = vec![];
    loop {
        let after = rows.last().map(ObservedRow::key);
        let page = store.observed(filter, order, after.as_ref(), limit).await;
        let page = page.unwrap();
        let is_last = page.len() < limit;
        rows.extend(page);
        if is_last {
            return rows;
        }
    }
}

async fn fill(store: &dyn Store) {
    for host in ["b.example", "b-.example", "a.example"] {
        let mut first = products(host, 0..4);
        for native in ["zebra", "\u{e9}", "$where", "a.b", "{$gt: 1}", "007"] {
            first.push(product(host, native));
        }
        crawl(store, host, first.clone(), 10).await;
        first.remove(0);
        first[0] = dearer(host, 1, 5);
        let now = if host == "a.example" { 20 } else { 30 };
        crawl(store, host, first.clone(), now).await;
        first.push(product(host, 0));
        first[0] = dearer(host, 1, 6);
        crawl(store, host, first, 40).await;
    }
}

fn sort_key(row: &ObservedRow, order: ObservationOrder) -> (Option<i64>, catalog::ProductId, u64) {
    let time = match order {
        ObservationOrder::ByProduct | ObservationOrder::Grouped => None,
        ObservationOrder::ByTime => Some(row.observation.at.ms()),
    };
    (time, row.observation.product.clone(), row.n)
}

pub(super) async fn lists_have_every_row_once_in_their_order(store: &dyn Store) {
    fill(store).await;
    let by_product = list(store, &everything(), ObservationOrder::ByProduct).await;
    let by_time = list(store, &everything(), ObservationOrder::ByTime).await;
    // 10 new, 1 gone, 2 changed, 1 back, 2 changed in each shop.
    assert_eq!(by_product.len(), 3 * 16);
    assert!(by_product.is_sorted_by_key(|row| sort_key(row, ObservationOrder::ByProduct)));
    assert!(by_time.is_sorted_by_key(|row| sort_key(row, ObservationOrder::ByTime)));
    let mut sorted = by_time.clone();
    sorted.sort_by_key(|row| sort_key(row, ObservationOrder::ByProduct));
    assert_eq!(sorted, by_product);
    for product in [id("a.example", 1), id("b-.example", "$where")] {
        let history = store.observations(&product, 99).await.unwrap();
        let listed: Vec<Observation> = by_product
            .iter()
            .filter(|row| row.observation.product == product)
            .map(|row| row.observation.clone())
            .collect();
        assert_eq!(listed, history);
    }
}

pub(super) async fn any_page_size_gives_the_same_history(store: &dyn Store) {
    fill(store).await;
    let one_shop = ObservationFilter {
        shops: vec![key("b-.example")],
        ..everything()
    };
    let one_product = ObservationFilter {
        product: Some(id("b.example", 1)),
        ..everything()
    };
    for order in BOTH {
        for filter in [&everything(), &one_shop, &one_product] {
            let all = list(store, filter, order).await;
            for limit in (1..=all.len() + 1).rev().step_by(3).chain([1, 2]) {
                let rows = pages(store, filter, order, limit).await;
                assert_eq!(rows, all, "{order:?} {limit}");
            }
            assert_eq!(store.observed(filter, order, None, 0).await.unwrap(), []);
        }
    }
}

pub(super) async fn a_history_goes_on_behind_a_row_that_is_not_there(store: &dyn Store) {
    fill(store).await;
    for order in BOTH {
        let all = list(store, &everything(), order).await;
        for (now, host, native, n) in [
            (10, "a.example", 2, 7),
            (15, "b-.example", 77, 1),
            (10, "aa.example", 1, 1),
            (99, "z.example", 1, 1),
            (-1, "0.example", 1, 1),
        ] {
            let after = ObservationKey {
                at: at(now),
                product: id(host, native),
                n,
            };
            let wanted: Vec<ObservedRow> = all
                .iter()
                .filter(|row| {
                    let key = (after.at.ms(), after.product.clone(), after.n);
                    let (time, product, n) = sort_key(row, order);
                    (time.unwrap_or(key.0), product, n) > key
                })
                .cloned()
                .collect();
            let found = store
                .observed(&everything(), order, Some(&after), 999)
                .await;
            assert_eq!(found.unwrap(), wanted, "{after:?}");
            // The same place in the history of one product.
            let product = id("a.example", 1);
            let filter = ObservationFilter {
                product: Some(product.clone()),
                ..everything()
            };
            let found = store.observed(&filter, order, Some(&after), 999).await;
            let of_product = wanted
                .into_iter()
                .filter(|row| row.observation.product == product);
            assert_eq!(found.unwrap(), of_product.collect::<Vec<_>>(), "{after:?}");
        }
    }
}

pub(super) async fn a_history_is_filtered_by_shop_product_and_time(store: &dyn Store) {
    fill(store).await;
    let moved = |since: Option<i64>, until: Option<i64>| ObservationFilter {
        since: since.map(at),
        until: until.map(at),
        ..everything()
    };
    let of = |shops: &[&str], product: Option<catalog::ProductId>| ObservationFilter {
        shops: shops.iter().map(|host| key(host)).collect(),
        product,
        ..everything()
    };
    for (filter, n_rows) in [
        (moved(Some(20), None), 3 * 6),
        (moved(Some(21), None), 3 * 6 - 3),
        (moved(Some(20), Some(30)), 3),
        (moved(None, Some(10)), 0),
        (moved(None, Some(11)), 30),
        (moved(Some(30), Some(30)), 0),
        (of(&["a.example", "no.example"], None), 16),
        (of(&["a.example", "b.example"], None), 32),
        (of(&["no.example"], None), 0),
        (of(&[], Some(id("a.example", 0))), 3),
        (of(&["a.example"], Some(id("a.example", 0))), 3),
        (of(&["b.example"], Some(id("a.example", 0))), 0),
        (of(&[], Some(id("a.example", "{$gt: 1}"))), 1),
        (of(&[], Some(id("a.example", 999))), 0),
    ] {
        for order in BOTH {
            let rows = list(store, &filter, order).await;
            assert_eq!(rows.len(), n_rows, "{filter:?}");
            let all = list(store, &everything(), order).await;
            assert!(rows.iter().all(|row| all.contains(row)));
        }
    }
}

pub(super) async fn rows_show_their_product_as_it_is_now_gone_or_not(store: &dyn Store) {
    crawl(store, "a.example", products("a.example", 0..3), 0).await;
    let mut renamed = product("a.example", 1);
    renamed.title = "L'\u{c9}t\u{e9}".into();
    renamed.vendor = "$where".into();
    renamed.product_type = String::new();
    renamed.url = "https://a.example/new".into();
    crawl(
        store,
        "a.example",
        vec![renamed, product("a.example", 2)],
        1,
    )
    .await;
    for order in BOTH {
        let rows = list(store, &everything(), order).await;
        assert_eq!(rows.len(), 4);
        for row in rows {
            let is_renamed = row.observation.product == id("a.example", 1);
            assert_eq!(row.title == "L'\u{c9}t\u{e9}", is_renamed);
            assert_eq!(row.vendor == "$where", is_renamed);
            assert_eq!(row.product_type.is_empty(), is_renamed);
            assert_eq!(row.url == "https://a.example/new", is_renamed);
        }
    }
}

pub(super) async fn rows_have_the_content_hash_where_content_was_read(store: &dyn Store) {
    use ObservationKind::{Back, Changed, Gone, New, Ranked};
    let first = product("a.example", 1);
    let changed = dearer("a.example", 1, 5);
    let others = products("a.example", 2..4);
    let with = |product: &Product| [vec![product.clone()], others.clone()].concat();
    crawl(store, "a.example", with(&first), 0).await;
    crawl(store, "a.example", others.clone(), 1).await;
    let begun = begin(store, "a.example", Start::Fresh, 2).await;
    apply(store, &begun, last_page(1, with(&changed))).await;
    let ranks = [(first.id.clone(), 7)];
    store
        .observe_ranks(
            &begun.ticket,
            &ranks,
            None,
            catalog::RankSource::StorefrontApi,
            at(3),
        )
        .await
        .unwrap();
    let history = store.observations(&first.id, 99).await.unwrap();
    let shown: Vec<_> = history
        .iter()
        .map(|it| (it.kind, it.content_hash))
        .collect();
    let (before, after) = (Some(first.content_hash()), Some(changed.content_hash()));
    let expected = [
        (New, before),
        (Gone, None),
        (Back, after),
        (Changed, after),
        (Changed, after),
        (Ranked, None),
    ];
    assert_eq!(shown, expected);
    assert!(history[..5].iter().all(|it| it.rank.is_none()));
}

pub(super) async fn a_rank_is_observed_when_it_is_another_than_before(store: &dyn Store) {
    crawl(store, "a.example", products("a.example", 0..4), 0).await;
    crawl(store, "a.example", products("a.example", 1..4), 1).await;
    let begun = begin(store, "a.example", Start::Fresh, 2).await;
    let of = |native: u64| id("a.example", native);
    let observe = async |ranks: &[(catalog::ProductId, u32)], now: i64| {
        let observed = store
            .observe_ranks(
                &begun.ticket,
                ranks,
                None,
                catalog::RankSource::StorefrontApi,
                at(now),
            )
            .await;
        observed.unwrap()
    };
    // 0 is gone, 99 unknown, and the shop of the last another one.
    let ranks = [
        (of(2), 1),
        (of(0), 2),
        (of(99), 3),
        (of(1), 4),
        (id("b.example", 1), 5),
    ];
    assert_eq!(observe(&ranks, 10).await, 2);
    assert_eq!(observe(&ranks, 11).await, 0);
    assert_eq!(
        observe(&[(of(1), 1), (of(2), 1), (of(3), u32::MAX)], 12).await,
        2
    );
    assert_eq!(observe(&[], 13).await, 0);
    let history = store.observations(&of(1), 9).await.unwrap();
    let expected = |rank, now| Observation {
        product: of(1),
        variant: None,
        kind: ObservationKind::Ranked,
        at: at(now),
        crawl: begun.ticket.crawl.clone(),
        before: None,
        after: None,
        stock: None,
        content_hash: None,
        rank: Some(rank),
        source: Some(catalog::RankSource::StorefrontApi),
        n_places: None,
        said_before: None,
    };
    assert_eq!(history[1..], [expected(4, 10), expected(1, 12)]);
    let last = store.observations(&of(3), 9).await.unwrap().pop().unwrap();
    assert_eq!(last.rank, Some(u32::MAX));
    assert_eq!(store.observations(&of(0), 9).await.unwrap().len(), 2);
}

pub(super) async fn a_list_of_ranks_given_twice_is_observed_once(store: &dyn Store) {
    let begun = begin(store, "a.example", Start::Fresh, 0).await;
    apply(store, &begun, page(1, products("a.example", 0..3))).await;
    // A product that comes twice has its first place.
    let ranks = [
        (id("a.example", 1), 1),
        (id("a.example", 2), 2),
        (id("a.example", 1), 3),
    ];
    for n_observed in [2, 0] {
        let observed = store
            .observe_ranks(
                &begun.ticket,
                &ranks,
                None,
                catalog::RankSource::StorefrontApi,
                at(1),
            )
            .await;
        assert_eq!(observed.unwrap(), n_observed);
    }
    let history = store.observations(&id("a.example", 1), 9).await.unwrap();
    assert_eq!(history.last().unwrap().rank, Some(1));
}

pub(super) async fn a_rank_is_observed_again_when_it_was_read_at_another_source(store: &dyn Store) {
    use catalog::RankSource::{Collection, SortedList, StorefrontApi};
    crawl(store, "a.example", products("a.example", 0..3), 0).await;
    let begun = begin(store, "a.example", Start::Fresh, 2).await;
    let ranks = [(id("a.example", 1), 1), (id("a.example", 2), 2)];
    let observe = async |source, now: i64| {
        let observed = store.observe_ranks(&begun.ticket, &ranks, None, source, at(now));
        observed.await.unwrap()
    };
    assert_eq!(observe(Collection, 10).await, 2);
    assert_eq!(observe(Collection, 11).await, 0);
    assert_eq!(observe(StorefrontApi, 12).await, 2);
    // A change of the content in between does not make the source forgotten.
    apply(
        store,
        &begun,
        page(1, vec![dearer("a.example", 1, 5), product("a.example", 2)]),
    )
    .await;
    assert_eq!(observe(StorefrontApi, 13).await, 0);
    assert_eq!(observe(SortedList, 14).await, 2);
    let history = store.observations(&ranks[0].0, 99).await.unwrap();
    let sources: Vec<_> = history.iter().filter_map(|it| it.source).collect();
    assert_eq!(sources, [Collection, StorefrontApi, SortedList]);
    let of_kind = |it: &&Observation| it.kind == ObservationKind::Ranked;
    assert_eq!(history.iter().filter(of_kind).count(), 3);
}

pub(super) async fn times_are_kept_to_the_millisecond(store: &dyn Store) {
    for now in [-1_i64, 1, 999, 86_399_999] {
        let product = dearer("a.example", 1, now.abs());
        crawl(store, "a.example", vec![product], now).await;
    }
    let rows = list(store, &everything(), ObservationOrder::ByTime).await;
    let times: Vec<i64> = rows.iter().map(|row| row.observation.at.ms()).collect();
    let expected = [-1, 999, 999, 86_399_999, 86_399_999].map(|ms| at(ms).ms());
    assert_eq!(times, expected);
    let since = ObservationFilter {
        since: Some(at(86_399_999)),
        ..everything()
    };
    assert_eq!(list(store, &since, ObservationOrder::ByTime).await.len(), 2);
    let shop_status = store.shops().await.unwrap().remove(0);
    assert_eq!(shop_status.last_complete_at, Some(at(86_399_999)));
    assert_eq!(shop_status.shop, shop("a.example"));
}

pub(super) async fn a_history_is_paged_while_pages_are_written(store: &dyn Store) {
    crawl(store, "a.example", products("a.example", 0..40), 0).await;
    let all = list(store, &everything(), ObservationOrder::ByTime).await;
    let begun = begin(store, "a.example", Start::Fresh, 1).await;
    let mut rows: Vec<ObservedRow> = vec![];
    for n in 0..10 {
        let after = rows.last().map(ObservedRow::key);
        let order = ObservationOrder::ByTime;
        let filter = everything();
        // Later rows come behind all that is listed.
        let natives = u64::from(n) * 4..u64::from(n) * 4 + 4;
        let changed: Vec<Product> = natives.map(|it| dearer("a.example", it, 1)).collect();
        let (page, _) = futures_util::future::join(
            store.observed(&filter, order, after.as_ref(), 4),
            apply(store, &begun, page(n + 1, changed)),
        )
        .await;
        rows.extend(page.unwrap());
    }
    let places = |rows: &[ObservedRow]| rows.iter().map(ObservedRow::key).collect::<Vec<_>>();
    assert_eq!(places(&rows), places(&all));
    finish(
        store,
        &begun,
        crate::made::partial(catalog::Stop::MaxPages),
        99,
    )
    .await;
}

pub(super) async fn an_empty_store_has_no_history(store: &dyn Store) {
    for order in BOTH {
        assert_eq!(list(store, &everything(), order).await, []);
    }
}
