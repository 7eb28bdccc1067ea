//! What a pass did not find: gone, back, or too much to believe.

use catalog::{
    Availability, ObservationKind, Offer, Outcome, PageWrite, PassNotes, ProblemKind, Product,
    ProductFilter, Reason, Start, Stop, Store,
};

use crate::made::{
    RESUME, apply, at, begin, crawl, eur, finish, id, key, last_page, page, partial, problem,
    product, products,
};

/// The whole of a product from `made`: its least price, and available.
const fn summary(price: catalog::Money) -> Option<Offer> {
    Some(Offer {
        price: Some(price),
        compare_at: None,
        available: Some(true),
    })
}

async fn n_products(store: &dyn Store) -> usize {
    let everything = ProductFilter::default();
    store.products(&everything, None, 1000).await.unwrap().len()
}

fn shrunk(report: &catalog::CrawlReport) -> bool {
    matches!(&report.outcome, Some(Outcome::Partial(Reason { stop: Stop::Shrunk, detail })) if !detail.is_empty())
}

pub(super) async fn what_a_complete_pass_did_not_find_is_gone_and_kept(store: &dyn Store) {
    crawl(store, "a.example", products("a.example", 0..4), 0).await;
    let report = crawl(store, "a.example", products("a.example", 1..5), 10).await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!((report.counts.gone, report.counts.new), (1, 1));
    assert_eq!(report.checkpoint, None);
    let gone = id("a.example", 0);
    assert_eq!(n_products(store).await, 4);
    assert_eq!(
        store
            .product_rows(std::slice::from_ref(&gone))
            .await
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        store.product(&gone).await.unwrap(),
        Some(product("a.example", 0))
    );
    let last = store.observations(&gone, 9).await.unwrap().pop().unwrap();
    assert_eq!(last.kind, ObservationKind::Gone);
    assert_eq!((last.before, last.after), (summary(eur(1000)), None));
    assert_eq!(
        (last.at, last.crawl, last.variant),
        (at(10), report.key, None)
    );
}

pub(super) async fn of_what_its_shop_never_said_nobody_knows_whether_it_could_be_bought(
    store: &dyn Store,
) {
    let mut silent = product("a.example", 0);
    for variant in &mut silent.variants {
        variant.availability = Availability::Unknown;
    }
    let mut first = products("a.example", 1..4);
    first.push(silent.clone());
    crawl(store, "a.example", first, 0).await;
    let rows = store.product_rows(std::slice::from_ref(&silent.id)).await;
    assert_eq!(rows.unwrap()[0].in_stock, None);
    for (in_stock, n) in [(false, 4), (true, 3)] {
        let filter = ProductFilter {
            in_stock,
            ..ProductFilter::default()
        };
        let listed = store.products(&filter, None, 9).await.unwrap();
        assert_eq!(listed.len(), n);
    }
    crawl(store, "a.example", products("a.example", 1..4), 10).await;
    let history = store.observations(&silent.id, 9).await.unwrap();
    assert_eq!(history[0].after.unwrap().available, None);
    let before = history[1].before.unwrap();
    assert_eq!(
        (history[1].kind, before.available),
        (ObservationKind::Gone, None)
    );
    assert_eq!(before.price, Some(eur(1000)));
}

pub(super) async fn a_gone_product_comes_back_with_the_same_content(store: &dyn Store) {
    crawl(store, "a.example", products("a.example", 0..4), 0).await;
    crawl(store, "a.example", products("a.example", 1..4), 10).await;
    let begun = begin(store, "a.example", Start::Fresh, 20).await;
    assert_eq!(begun.n_known, 3);
    let back = last_page(1, products("a.example", 0..4));
    let counts = apply(store, &begun, back).await;
    assert_eq!((counts.back, counts.unchanged, counts.changed), (1, 4, 0));
    let report = finish(store, &begun, Outcome::Complete, 21).await;
    assert_eq!((report.counts.back, report.counts.gone), (1, 0));
    let last = store
        .observations(&id("a.example", 0), 9)
        .await
        .unwrap()
        .pop()
        .unwrap();
    assert_eq!(last.kind, ObservationKind::Back);
    assert_eq!((last.before, last.after), (None, summary(eur(1000))));
    assert_eq!(n_products(store).await, 4);
}

pub(super) async fn a_gone_product_comes_back_with_other_content(store: &dyn Store) {
    crawl(store, "a.example", products("a.example", 0..4), 0).await;
    crawl(store, "a.example", products("a.example", 1..4), 10).await;
    let mut dearer = product("a.example", 0);
    dearer.variants[0].price = Some(eur(1500));
    let begun = begin(store, "a.example", Start::Fresh, 20).await;
    let counts = apply(store, &begun, page(1, vec![dearer])).await;
    assert_eq!((counts.back, counts.changed, counts.unchanged), (1, 1, 0));
    let history = store.observations(&id("a.example", 0), 9).await.unwrap();
    let kinds: Vec<_> = history.iter().map(|it| it.kind).collect();
    use ObservationKind::{Back, Changed, Gone, New};
    assert_eq!(kinds, [New, Gone, Back, Changed]);
    assert_eq!(history[2].after, summary(eur(1500)));
    assert_eq!(history[3].variant.as_deref(), Some("1"));
    assert_eq!(history[3].before.unwrap().price, Some(eur(1000)));
}

pub(super) async fn a_pass_that_finds_nothing_removes_nothing(store: &dyn Store) {
    crawl(store, "a.example", products("a.example", 0..2), 0).await;
    let report = crawl(store, "a.example", vec![], 10).await;
    assert!(shrunk(&report), "{report:?}");
    assert_eq!(report.counts.gone, 0);
    assert_eq!(report.finished_at, Some(at(10)));
    assert_eq!(n_products(store).await, 2);
    assert_eq!(
        store.shops().await.unwrap()[0].last_complete_at,
        Some(at(0))
    );
    let next = begin(store, "a.example", RESUME, 11).await;
    assert!(!next.resumed, "it would be as short again");
}

pub(super) async fn a_pass_without_a_page_is_not_complete(store: &dyn Store) {
    let begun = begin(store, "a.example", Start::Fresh, 0).await;
    let report = finish(store, &begun, Outcome::Complete, 1).await;
    assert!(shrunk(&report), "{report:?}");
    assert_eq!(report.checkpoint, None);
}

pub(super) async fn a_shop_of_which_nothing_is_known_may_be_empty(store: &dyn Store) {
    for now in [0, 10] {
        let report = crawl(store, "a.example", vec![], now).await;
        assert_eq!(report.outcome, Some(Outcome::Complete));
        assert_eq!(report.counts.products, 0);
    }
}

/// 12 hours.
const LATER: i64 = 12 * 3_600_000;

pub(super) async fn a_loss_that_is_found_again_12_hours_later_is_believed(store: &dyn Store) {
    for n_left in [0, 30] {
        let host = format!("{n_left}.example");
        let left = |n| products(&host, 0..n);
        crawl(store, &host, products(&host, 0..100), 0).await;
        let report = crawl(store, &host, left(n_left), 10).await;
        assert!(shrunk(&report), "{report:?}");
        let detail = &report.outcome.unwrap().reason().unwrap().detail.clone();
        let when = "a crawl from 2023-11-15T10:13:21Z on finds about as many";
        assert!(detail.contains(when), "{detail}");
        // Passes in between, whatever their end, neither confirm it nor make it younger.
        assert!(shrunk(&crawl(store, &host, left(n_left), LATER - 1).await));
        let begun = begin(store, &host, Start::Fresh, LATER).await;
        finish(store, &begun, partial(Stop::Challenge), LATER).await;
        assert!(shrunk(&crawl(store, &host, left(n_left), LATER + 9).await));
        let about_as_many = n_left - n_left / 10;
        let report = crawl(store, &host, left(about_as_many), LATER + 10).await;
        assert_eq!(report.outcome, Some(Outcome::Complete), "{n_left}");
        assert_eq!(report.counts.gone, 100 - about_as_many);
        let again = crawl(store, &host, products(&host, 0..100), 2 * LATER).await;
        assert_eq!(again.counts.back, report.counts.gone);
    }
}

pub(super) async fn a_loss_that_the_shop_contradicts_is_doubted_from_a_tenth_on(store: &dyn Store) {
    crawl(store, "a.example", products("a.example", 0..20), 0).await;
    let ends = async |found: std::ops::Range<u64>, n_stated| {
        let begun = begin(store, "a.example", Start::Fresh, 10).await;
        let notes = PassNotes {
            n_stated,
            ..PassNotes::default()
        };
        store.note_pass(&begun.ticket, &notes).await.unwrap();
        let list = last_page(1, products("a.example", found));
        apply(store, &begun, list).await;
        finish(store, &begun, Outcome::Complete, 11).await
    };
    let doubted = ends(0..17, Some(20)).await;
    assert!(shrunk(&doubted), "{:?}", doubted.outcome);
    assert_eq!(doubted.counts.gone, 0);
    // Two of twenty are no more than a tenth, and seventeen of eighteen are nearly all.
    assert_eq!(ends(0..18, Some(40)).await.counts.gone, 2);
    assert_eq!(ends(0..15, Some(16)).await.counts.gone, 3);
    assert_eq!(ends(0..12, None).await.counts.gone, 3);
}

pub(super) async fn what_could_not_be_read_is_never_missed(store: &dyn Store) {
    let unreadable = |n: u32| PageWrite {
        problems: (0..n)
            .map(|index| problem(ProblemKind::ProductRefused, 1, Some(index)))
            .collect(),
        ..last_page(1, vec![])
    };
    let read = async |host: &str, n_problems: u32, now: i64| {
        let begun = begin(store, host, Start::Fresh, now).await;
        apply(store, &begun, unreadable(n_problems)).await;
        finish(store, &begun, Outcome::Complete, now).await
    };
    crawl(store, "a.example", products("a.example", 0..9), 0).await;
    for host in ["a.example", "b.example"] {
        for days in [1, 2, 3] {
            let report = read(host, 9, days * 2 * LATER).await;
            assert!(shrunk(&report), "{report:?}");
            assert!(
                report
                    .outcome
                    .unwrap()
                    .to_string()
                    .contains("9 could not be read")
            );
        }
    }
    assert_eq!(n_products(store).await, 9);
}

pub(super) async fn a_loss_that_is_another_one_each_time_is_not_believed(store: &dyn Store) {
    let host = "a.example";
    crawl(store, host, products(host, 0..100), 0).await;
    for (n_left, days) in [(0, 1), (30, 2), (0, 3), (20, 4)] {
        let report = crawl(store, host, products(host, 0..n_left), days * 2 * LATER).await;
        assert!(shrunk(&report), "{report:?}");
        assert_eq!(report.counts.gone, 0);
    }
    // What was lost before the shop was whole again says nothing of a loss behind that.
    crawl(store, host, products(host, 0..100), 10 * LATER).await;
    assert!(shrunk(
        &crawl(store, host, products(host, 0..20), 12 * LATER).await
    ));
    assert_eq!(n_products(store).await, 100);
}

pub(super) async fn a_loss_is_not_believed_behind_a_pass_that_found_more(store: &dyn Store) {
    let host = "a.example";
    let few = || products(host, 0..10);
    crawl(store, host, products(host, 0..100), 0).await;
    assert!(shrunk(&crawl(store, host, few(), 10).await));
    // A shop behind the wall, whose passes are never complete.
    let begun = begin(store, host, Start::Fresh, LATER).await;
    apply(store, &begun, page(1, products(host, 0..100))).await;
    finish(store, &begun, partial(Stop::Wall), LATER).await;
    let report = crawl(store, host, few(), 2 * LATER).await;
    assert!(shrunk(&report), "{report:?}");
    assert_eq!(n_products(store).await, 100);
    let report = crawl(store, host, few(), 3 * LATER).await;
    assert_eq!(report.counts.gone, 90);
}

pub(super) async fn fields_that_cannot_be_read_hide_no_product(store: &dyn Store) {
    let host = "a.example";
    crawl(store, host, products(host, 0..100), 0).await;
    let mut gone = 0;
    for now in [10, LATER + 10] {
        let begun = begin(store, host, Start::Fresh, now).await;
        let untidy = PageWrite {
            problems: (0..100)
                .map(|index| problem(ProblemKind::Field, 1, Some(index % 30)))
                .collect(),
            ..last_page(1, products(host, 0..30))
        };
        apply(store, &begun, untidy).await;
        let report = finish(store, &begun, Outcome::Complete, now).await;
        gone = report.counts.gone;
    }
    assert_eq!(gone, 70);
}

pub(super) async fn a_pass_that_loses_over_half_removes_nothing(store: &dyn Store) {
    crawl(store, "a.example", products("a.example", 0..5), 0).await;
    let report = crawl(store, "a.example", products("a.example", 0..2), 10).await;
    assert!(shrunk(&report), "{report:?}");
    assert_eq!(n_products(store).await, 5);
}

pub(super) async fn a_pass_that_loses_just_half_is_believed(store: &dyn Store) {
    crawl(store, "a.example", products("a.example", 0..4), 0).await;
    let report = crawl(store, "a.example", products("a.example", 0..2), 10).await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!(report.counts.gone, 2);
    assert_eq!(n_products(store).await, 2);
}

pub(super) async fn new_products_do_not_hide_a_loss(store: &dyn Store) {
    crawl(store, "a.example", products("a.example", 0..4), 0).await;
    let report = crawl(store, "a.example", products("a.example", 3..9), 10).await;
    assert!(shrunk(&report), "{report:?}");
    assert_eq!(n_products(store).await, 9);
}

pub(super) async fn a_pass_that_is_not_complete_removes_nothing(store: &dyn Store) {
    crawl(store, "a.example", products("a.example", 0..4), 0).await;
    let reason = || Reason::new(Stop::Challenge, "why");
    for outcome in [
        partial(Stop::Wall),
        Outcome::Blocked(reason()),
        Outcome::Failed(reason()),
    ] {
        let begun = begin(store, "a.example", Start::Fresh, 10).await;
        apply(store, &begun, page(1, products("a.example", 0..3))).await;
        let report = finish(store, &begun, outcome, 11).await;
        assert_eq!(report.counts.gone, 0);
        assert_eq!(n_products(store).await, 4);
    }
}

pub(super) async fn all_products_of_a_gone_shop_are_gone(store: &dyn Store) {
    crawl(store, "a.example", products("a.example", 0..4), 0).await;
    let begun = begin(store, "a.example", Start::Fresh, 10).await;
    let outcome = Outcome::Gone(Reason::new(Stop::ClosedFeed, "404"));
    let report = finish(store, &begun, outcome.clone(), 11).await;
    assert_eq!(report.outcome, Some(outcome));
    assert_eq!((report.counts.gone, report.checkpoint), (4, None));
    assert_eq!(n_products(store).await, 0);
    let shop = store.shops().await.unwrap().remove(0);
    assert_eq!((shop.n_gone, shop.last_complete_at), (4, Some(at(0))));
}

pub(super) async fn pages_before_a_resume_count_as_seen(store: &dyn Store) {
    crawl(store, "a.example", products("a.example", 0..9), 0).await;
    let begun = begin(store, "a.example", Start::Fresh, 10).await;
    apply(store, &begun, page(1, products("a.example", 0..4))).await;
    finish(store, &begun, partial(Stop::Interrupted), 11).await;
    let again = begin(store, "a.example", RESUME, 12).await;
    assert_eq!(again.n_known, 9);
    // Meanwhile product 4 moved from page 2 to page 1, and a reader saw page 2 before and after.
    apply(store, &again, page(2, products("a.example", 4..8))).await;
    apply(store, &again, last_page(2, products("a.example", 5..8))).await;
    let report = finish(store, &again, Outcome::Complete, 13).await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!((report.counts.gone, report.counts.products), (1, 7));
    assert_eq!(n_products(store).await, 8);
}

pub(super) async fn what_a_pass_did_not_find_so_far_is_missing(store: &dyn Store) {
    crawl(store, "a.example", products("a.example", 0..13), 0).await;
    crawl(store, "b.example", products("b.example", 0..4), 1).await;
    crawl(store, "a.example", products("a.example", 0..12), 2).await;
    let begun = begin(store, "a.example", Start::Fresh, 10).await;
    let missing = async |limit| store.missing_products(&begun.ticket, limit).await.unwrap();
    let named = |n| (id("a.example", n), product("a.example", n).handle);
    assert_eq!(missing(20).await, (0..12).map(named).collect::<Vec<_>>());
    // One that is new and one that is back are no others'.
    let mut first = page(1, vec![product("a.example", 77), product("a.example", 12)]);
    first.present = vec![id("a.example", 11), id("a.example", 0)];
    apply(store, &begun, first).await;
    apply(store, &begun, page(2, products("a.example", 3..9))).await;
    assert_eq!(missing(20).await, [1, 2, 9, 10].map(named));
    assert_eq!(missing(3).await, [1, 2, 9].map(named));
    apply(
        store,
        &begun,
        last_page(3, [1, 2, 9, 10].map(|n| product("a.example", n)).into()),
    )
    .await;
    assert_eq!(missing(20).await, []);
    let report = finish(store, &begun, Outcome::Complete, 13).await;
    assert_eq!(
        (report.counts.gone, report.counts.new, report.counts.back),
        (0, 1, 1)
    );

    let again = begin(store, "a.example", Start::Fresh, 20).await;
    let fenced = store.missing_products(&begun.ticket, 1).await;
    assert!(
        matches!(fenced, Err(catalog::StoreError::Fenced { .. })),
        "{fenced:?}"
    );
    finish(store, &again, partial(Stop::Interrupted), 21).await;
}

pub(super) async fn products_of_a_pass_that_never_ended_can_become_gone(store: &dyn Store) {
    crawl(store, "a.example", products("a.example", 0..4), 0).await;
    let begun = begin(store, "a.example", Start::Fresh, 10).await;
    apply(store, &begun, page(1, vec![product("a.example", 77)])).await;
    let report = crawl(store, "a.example", products("a.example", 0..4), 20).await;
    assert_eq!(report.counts.gone, 1);
    assert_eq!(n_products(store).await, 4);
}

pub(super) async fn other_shops_keep_their_products(store: &dyn Store) {
    crawl(store, "a.example", products("a.example", 0..4), 0).await;
    crawl(store, "b.example", products("b.example", 0..4), 0).await;
    crawl(store, "a.example", products("a.example", 2..4), 10).await;
    let filter = ProductFilter {
        shops: vec![key("b.example")],
        ..ProductFilter::default()
    };
    let rows = store.products(&filter, None, 9).await.unwrap();
    assert_eq!(rows.len(), 4);
    let one: Option<Product> = store.product(&id("a.example", 9)).await.unwrap();
    assert_eq!(one, None);
}
