//! Pages and products that are known to be as they were, and are not read again.

use catalog::{
    BegunCrawl, Currency, CurrencySource, KnownPage, Observation, Outcome, PageCounts, PageWrite,
    ProblemKind, ProductFilter, Record, RecordKind, Shop, Start, Stop, Store, StoreError,
    Validators,
};

use crate::made::{
    RESUME, apply, at, begin, begin_shop, crawl, currency, eur, finish, id, last_page, lease, page,
    partial, problem, product, products, shop, state,
};

const HOST: &str = "a.example";

const UNCHANGED: PageCounts = PageCounts {
    new: 0,
    changed: 0,
    back: 0,
    unchanged: 0,
};

fn version(page: u32, etag: &str) -> Validators {
    Validators {
        url: format!("/products.json?limit=250&page={page}"),
        etag: Some(etag.into()),
        last_modified: (page == 2).then(|| "Sat, 31 Jan 2026 12:00:00 GMT".into()),
    }
}

fn with_version(page: PageWrite, etag: &str) -> PageWrite {
    PageWrite {
        validators: Some(version(page.page, etag)),
        ..page
    }
}

/// What is stored of page `n` when its shop says that it is as it was.
fn not_modified(n: u32) -> PageWrite {
    PageWrite {
        not_modified: true,
        bytes: 7,
        at: at(1_000 + i64::from(n)),
        ..page(n, vec![])
    }
}

fn last_not_modified(n: u32) -> PageWrite {
    PageWrite {
        next: None,
        ..not_modified(n)
    }
}

/// A complete pass: 0 to 3 on page 1, with problems, 4 and 5 on page 2, and 6 on page 3, which has no version.
async fn complete(store: &dyn Store, now: i64) {
    let begun = begin(store, HOST, Start::Fresh, now).await;
    let mut first = with_version(page(1, products(HOST, 0..4)), "W/\"1\"");
    first.problems = vec![
        problem(ProblemKind::Currency, 1, None),
        problem(ProblemKind::ProductRefused, 1, Some(2)),
        problem(ProblemKind::Duplicate, 1, Some(5)),
        problem(ProblemKind::Price, 1, Some(3)),
    ];
    apply(store, &begun, first).await;
    let second = with_version(page(2, products(HOST, 4..6)), "\"2\"");
    apply(store, &begun, second).await;
    apply(store, &begun, last_page(3, products(HOST, 6..7))).await;
    finish(store, &begun, Outcome::Complete, now).await;
}

async fn known(store: &dyn Store, begun: &BegunCrawl) -> Vec<KnownPage> {
    store.page_validators(&begun.ticket).await.unwrap()
}

async fn known_numbers(store: &dyn Store, begun: &BegunCrawl) -> Vec<u32> {
    let known = known(store, begun).await;
    known.into_iter().map(|it| it.page).collect()
}

pub(super) async fn pages_of_the_last_complete_pass_are_asked_for_by_their_versions(
    store: &dyn Store,
) {
    let first = begin(store, HOST, Start::Fresh, 0).await;
    assert_eq!(known(store, &first).await, []);
    complete(store, 1).await;
    let begun = begin(store, HOST, Start::Fresh, 2).await;
    let of = |page, (n_products, n_listed), etag| KnownPage {
        page,
        n_products,
        n_listed,
        validators: version(page, etag),
    };
    // A product that could not be read and one that came twice were listed too.
    let expected = [of(1, (4, 6), "W/\"1\""), of(2, (2, 2), "\"2\"")];
    assert_eq!(known(store, &begun).await, expected);
    // A pass that ended before it changed anything is no obstacle, nor is one of another shop.
    finish(store, &begun, partial(Stop::MaxPages), 3).await;
    let other = begin(store, "b.example", Start::Fresh, 3).await;
    apply(store, &other, page(1, products("b.example", 0..2))).await;
    assert_eq!(known(store, &other).await, []);
    let begun = begin(store, HOST, RESUME, 4).await;
    assert_eq!(known(store, &begun).await, expected);
}

pub(super) async fn a_pass_without_complete_ones_before_it_knows_no_versions(store: &dyn Store) {
    let begun = begin(store, HOST, Start::Fresh, 0).await;
    let first = with_version(last_page(1, products(HOST, 0..2)), "1");
    apply(store, &begun, first).await;
    assert_eq!(known(store, &begun).await, []);
    finish(store, &begun, partial(Stop::MaxPages), 0).await;
    let begun = begin(store, HOST, Start::Fresh, 1).await;
    assert_eq!(known(store, &begun).await, []);
}

pub(super) async fn versions_of_another_currency_are_not_used(store: &dyn Store) {
    complete(store, 0).await;
    let dollars = Shop {
        currency: currency("USD"),
        ..shop(HOST)
    };
    let begun = begin_shop(store, &dollars, Start::Fresh, 1).await;
    assert_eq!(known(store, &begun).await, []);
    finish(store, &begun, partial(Stop::MaxPages), 1).await;
    let begun = begin(store, HOST, Start::Fresh, 2).await;
    assert_eq!(known_numbers(store, &begun).await, [1, 2]);
}

pub(super) async fn a_page_that_was_read_in_another_currency_has_no_version(store: &dyn Store) {
    let unknown = Shop {
        currency: Currency::UNKNOWN,
        currency_source: CurrencySource::Unknown,
        ..shop(HOST)
    };
    let begun = begin_shop(store, &unknown, Start::Fresh, 0).await;
    let first = with_version(page(1, products(HOST, 0..2)), "1");
    apply(store, &begun, first).await;
    let again = begin(store, HOST, RESUME, 1).await;
    assert!(again.resumed);
    let second = with_version(last_page(2, products(HOST, 2..4)), "2");
    apply(store, &again, second).await;
    finish(store, &again, Outcome::Complete, 1).await;
    let begun = begin(store, HOST, Start::Fresh, 2).await;
    assert_eq!(known_numbers(store, &begun).await, [2]);
}

pub(super) async fn versions_are_not_used_where_a_later_pass_changed_anything(store: &dyn Store) {
    complete(store, 0).await;
    let begun = begin(store, HOST, Start::Fresh, 1).await;
    let mut changed = products(HOST, 0..4);
    changed[1].variants[0].price = Some(eur(1));
    apply(store, &begun, page(1, changed)).await;
    finish(store, &begun, partial(Stop::MaxPages), 1).await;
    // The page may be again what it was in the complete pass, and product 1 is not.
    let begun = begin(store, HOST, Start::Fresh, 2).await;
    assert_eq!(known(store, &begun).await, []);
    apply(store, &begun, page(1, products(HOST, 0..4))).await;
    finish(store, &begun, partial(Stop::MaxPages), 2).await;
    complete(store, 3).await;
    let begun = begin(store, HOST, Start::Fresh, 4).await;
    assert_eq!(known_numbers(store, &begun).await, [1, 2]);
    let gone = Outcome::Gone(catalog::Reason::new(Stop::ClosedFeed, "410"));
    finish(store, &begun, gone, 5).await;
    let begun = begin(store, HOST, Start::Fresh, 6).await;
    assert_eq!(known(store, &begun).await, []);
}

pub(super) async fn a_resumed_pass_asks_by_version_behind_its_last_page_alone(store: &dyn Store) {
    complete(store, 0).await;
    let begun = begin(store, HOST, Start::Fresh, 1).await;
    let mut changed = page(1, products(HOST, 0..4));
    changed.products[0].title = "Changed".into();
    apply(store, &begun, changed).await;
    let again = begin(store, HOST, RESUME, 2).await;
    assert_eq!(known_numbers(store, &again).await, [2]);
    apply(store, &again, not_modified(2)).await;
    let again = begin(store, HOST, RESUME, 3).await;
    assert_eq!(again.checkpoint.next_page, 3);
    assert_eq!(known(store, &again).await, []);
}

pub(super) async fn a_page_that_is_not_modified_takes_over_what_it_held(store: &dyn Store) {
    complete(store, 0).await;
    let rows = store.products(&Default::default(), None, 99).await.unwrap();
    let begun = begin(store, HOST, Start::Fresh, 10).await;
    let counts = apply(store, &begun, not_modified(1)).await;
    let unchanged = |unchanged| PageCounts {
        unchanged,
        ..UNCHANGED
    };
    assert_eq!(counts, unchanged(4));
    assert_eq!(apply(store, &begun, not_modified(2)).await, unchanged(2));
    let crawl = store.crawls(None, 1).await.unwrap().remove(0);
    assert_eq!((crawl.counts.pages, crawl.counts.products), (2, 6));
    assert_eq!((crawl.counts.problems, crawl.counts.bytes), (3, 14));
    assert_eq!(crawl.checkpoint.unwrap().next_page, 3);
    let last = last_page(3, products(HOST, 6..7));
    apply(store, &begun, last).await;
    let report = finish(store, &begun, Outcome::Complete, 11).await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!(report.counts.gone, 0);
    // A change of currency was told by the pass that met it.
    let problems = store.problems(&report.key, 9).await.unwrap();
    let expected = [
        problem(ProblemKind::ProductRefused, 1, Some(2)),
        problem(ProblemKind::Price, 1, Some(3)),
        problem(ProblemKind::Duplicate, 1, Some(5)),
    ];
    assert_eq!(problems, expected);
    // No product was written: what stands in a row but when it was confirmed is as it was.
    for (before, after) in rows
        .iter()
        .zip(store.products(&Default::default(), None, 99).await.unwrap())
    {
        assert_eq!((&before.id, before.metrics), (&after.id, after.metrics));
        let history = store.observations(&after.id, 9).await.unwrap();
        assert_eq!(history.len(), 1);
    }
    // The next pass asks by the same versions.
    let begun = begin(store, HOST, Start::Fresh, 12).await;
    assert_eq!(known_numbers(store, &begun).await, [1, 2]);
    assert_eq!(apply(store, &begun, not_modified(1)).await, unchanged(4));
}

pub(super) async fn what_a_page_that_is_not_modified_says_besides_is_added(store: &dyn Store) {
    complete(store, 0).await;
    let begun = begin(store, HOST, Start::Fresh, 10).await;
    let of_currency = problem(ProblemKind::Currency, 1, None);
    let renewed = PageWrite {
        problems: vec![of_currency.clone()],
        validators: Some(version(1, "new")),
        ..not_modified(1)
    };
    apply(store, &begun, renewed).await;
    let problems = store.problems(&begun.ticket.crawl, 9).await.unwrap();
    assert_eq!((problems.len(), &problems[0]), (4, &of_currency));
    apply(store, &begun, last_not_modified(2)).await;
    finish(store, &begun, Outcome::Complete, 11).await;
    let begun = begin(store, HOST, Start::Fresh, 12).await;
    let known = known(store, &begun).await;
    assert_eq!(known[0].validators, version(1, "new"));
    assert_eq!(known[0].n_listed, 6);
}

pub(super) async fn what_is_on_no_page_is_gone_though_pages_are_not_modified(store: &dyn Store) {
    complete(store, 0).await;
    let begun = begin(store, HOST, Start::Fresh, 10).await;
    apply(store, &begun, not_modified(1)).await;
    apply(store, &begun, last_not_modified(2)).await;
    let report = finish(store, &begun, Outcome::Complete, 11).await;
    assert_eq!(report.counts.gone, 1);
    let rows = store.products(&Default::default(), None, 99).await.unwrap();
    assert_eq!(rows.len(), 6);
    assert!(rows.iter().all(|row| row.id != id(HOST, 6)));
}

pub(super) async fn what_no_page_saw_is_gone_though_all_that_were_read_are_as_they_were(
    store: &dyn Store,
) {
    let begun = begin(store, HOST, Start::Fresh, 0).await;
    for n in 1..=3_u32 {
        let held = products(HOST, 2 * u64::from(n)..2 * u64::from(n) + 2);
        apply(store, &begun, with_version(page(n, held), "v")).await;
    }
    finish(store, &begun, Outcome::Complete, 0).await;
    let again = async |n_pages, now| {
        let begun = begin(store, HOST, Start::Fresh, now).await;
        for n in 1..n_pages {
            apply(store, &begun, not_modified(n)).await;
        }
        apply(store, &begun, last_not_modified(n_pages)).await;
        finish(store, &begun, Outcome::Complete, now).await.counts
    };
    let counts = again(3, 10).await;
    assert_eq!((counts.products, counts.gone), (6, 0));
    // A record of another store is on no page of this shop.
    let mut records = store.records(RecordKind::Product, None, 1).await.unwrap();
    let [Record::Product(record)] = &mut records[..] else {
        panic!("{records:?}");
    };
    record.product.id = id(HOST, 9);
    store.put_records(records).await.unwrap();
    assert_eq!(again(3, 20).await.gone, 1);
    assert_eq!(again(3, 30).await.gone, 0);
    // The list ends a page earlier.
    assert_eq!(again(2, 40).await.gone, 2);
    assert_eq!(again(2, 50).await.gone, 0);
}

pub(super) async fn a_page_that_is_not_modified_changes_nothing_when_stored_again(
    store: &dyn Store,
) {
    complete(store, 0).await;
    let begun = begin(store, HOST, Start::Fresh, 10).await;
    apply(store, &begun, not_modified(1)).await;
    let before = state(store).await;
    assert_eq!(apply(store, &begun, not_modified(1)).await.unchanged, 4);
    assert_eq!(state(store).await, before);
    let again = begin(store, HOST, RESUME, 11).await;
    apply(store, &again, not_modified(1)).await;
    assert_eq!(state(store).await, before);
    // Read after all, and then not modified once more.
    let counts = apply(store, &again, page(1, products(HOST, 0..5))).await;
    assert_eq!(counts.unchanged, 5);
    apply(store, &again, not_modified(1)).await;
    let counts = store.crawls(None, 1).await.unwrap()[0].counts;
    assert_eq!((counts.pages, counts.products, counts.problems), (1, 4, 3));
}

pub(super) async fn a_page_that_no_complete_pass_has_cannot_be_not_modified(store: &dyn Store) {
    let begun = begin(store, HOST, Start::Fresh, 0).await;
    apply(store, &begun, page(1, products(HOST, 0..2))).await;
    let refused = async |begun: &BegunCrawl, page| {
        let before = state(store).await;
        let refused = store.apply_page(&begun.ticket, page).await.unwrap_err();
        assert!(matches!(refused, StoreError::Failed { .. }), "{refused}");
        let shown = refused.to_string();
        assert!(shown.contains("no complete pass has it"), "{shown}");
        assert_eq!(state(store).await, before);
    };
    // Neither in a first pass, nor behind the pages of the complete one.
    refused(&begun, not_modified(1)).await;
    complete(store, 1).await;
    let begun = begin(store, HOST, Start::Fresh, 2).await;
    refused(&begun, not_modified(4)).await;
    let fenced = lease(store, HOST).await;
    assert!(fenced.epoch > begun.ticket.epoch);
    let page = not_modified(1);
    let refused = store.apply_page(&begun.ticket, page).await;
    assert!(matches!(refused, Err(StoreError::Fenced { .. })));
}

pub(super) async fn problems_of_pages_that_are_not_modified_are_kept_up_to_a_thousand(
    store: &dyn Store,
) {
    let begun = begin(store, HOST, Start::Fresh, 0).await;
    for n in 1..=3 {
        let mut many = with_version(page(n, vec![product(HOST, u64::from(n))]), "v");
        many.problems = vec![problem(ProblemKind::Price, n, Some(n)); 600];
        apply(store, &begun, many).await;
    }
    finish(store, &begun, Outcome::Complete, 0).await;
    let begun = begin(store, HOST, Start::Fresh, 1).await;
    for n in 1..=3 {
        apply(store, &begun, not_modified(n)).await;
    }
    let report = finish(store, &begun, Outcome::Complete, 1).await;
    assert_eq!(report.counts.problems, 1_800);
    let problems = store.problems(&report.key, 9_999).await.unwrap();
    assert_eq!(problems.len(), 1_000);
    let on = |n| problems.iter().filter(|it| it.page == n).count();
    assert_eq!((on(1), on(2), on(3)), (600, 400, 0));
    let counted = store.stats().await.unwrap().problems;
    assert_eq!(counted, [(ProblemKind::Price, 1_800)]);
}

pub(super) async fn a_product_that_is_known_to_be_there_counts_as_seen(store: &dyn Store) {
    complete(store, 0).await;
    let begun = begin(store, HOST, Start::Fresh, 10).await;
    let of_sitemap = PageWrite {
        present: [0, 1, 2, 3, 4, 5, 2, 99].map(|it| id(HOST, it)).into(),
        ..last_page(1, vec![product(HOST, 1), product(HOST, 7)])
    };
    let expected = PageCounts {
        new: 1,
        unchanged: 6,
        ..UNCHANGED
    };
    assert_eq!(apply(store, &begun, of_sitemap.clone()).await, expected);
    let before = store.crawls(None, 1).await.unwrap();
    assert_eq!(before[0].counts.products, 7);
    let again = PageCounts {
        unchanged: 7,
        ..UNCHANGED
    };
    assert_eq!(apply(store, &begun, of_sitemap).await, again);
    assert_eq!(store.crawls(None, 1).await.unwrap(), before);
    let report = finish(store, &begun, Outcome::Complete, 11).await;
    // 6 was not named, and 99 is nothing that is stored.
    assert_eq!((report.counts.gone, report.counts.products), (1, 7));
    assert_eq!(store.product(&id(HOST, 99)).await.unwrap(), None);
}

pub(super) async fn a_gone_product_is_not_back_before_it_is_read(store: &dyn Store) {
    complete(store, 0).await;
    let begun = begin(store, HOST, Start::Fresh, 10).await;
    let present = (0..7).map(|it| id(HOST, it));
    let page = |n: i64, present: Vec<catalog::ProductId>| PageWrite {
        present,
        at: at(n),
        ..last_page(1, vec![])
    };
    apply(store, &begun, page(10, present.clone().skip(1).collect())).await;
    finish(store, &begun, Outcome::Complete, 11).await;
    let begun = begin(store, HOST, Start::Fresh, 12).await;
    let counts = apply(store, &begun, page(12, present.collect())).await;
    assert_eq!((counts.back, counts.unchanged), (0, 6));
    let report = finish(store, &begun, Outcome::Complete, 13).await;
    assert_eq!((report.counts.gone, report.counts.products), (0, 6));
    let rows = store.products(&Default::default(), None, 99).await.unwrap();
    assert_eq!(rows.len(), 6);
    let foreign = PageWrite {
        present: vec![id("b.example", 1)],
        ..last_page(1, vec![])
    };
    let refused = store.apply_page(&begun.ticket, foreign).await;
    assert!(matches!(refused, Err(StoreError::Failed { .. })));
}

pub(super) async fn products_put_in_place_of_others_are_of_no_known_version(store: &dyn Store) {
    complete(store, 0).await;
    let crawls = store.records(RecordKind::Crawl, None, 9).await.unwrap();
    let products = store.records(RecordKind::Product, None, 1).await.unwrap();
    store.put_records(products).await.unwrap();
    let begun = begin(store, HOST, Start::Fresh, 1).await;
    assert_eq!(known(store, &begun).await, []);
    // A record of the pass says again what its pages said.
    let [Record::Crawl(record)] = &crawls[..] else {
        panic!("{crawls:?}");
    };
    let told: Vec<_> = record.pages.iter().map(|it| &it.validators).collect();
    let (one, two) = (version(1, "W/\"1\""), version(2, "\"2\""));
    assert_eq!(told, [&Some(one), &Some(two), &None]);
    store.put_records(crawls.clone()).await.unwrap();
    assert_eq!(known_numbers(store, &begun).await, [1, 2]);
}

pub(super) async fn an_unchanged_shop_gets_no_rows(store: &dyn Store) {
    complete(store, 0).await;
    let rows = async || -> Vec<Observation> {
        let filter = Default::default();
        let order = catalog::ObservationOrder::ByProduct;
        let rows = store.observed(&filter, order, None, 99).await.unwrap();
        rows.into_iter().map(|row| row.observation).collect()
    };
    let records = async || store.records(RecordKind::Product, None, 99).await.unwrap();
    let before = (rows().await, records().await);
    for now in [10, 20] {
        let begun = begin(store, HOST, Start::Fresh, now).await;
        if now == 10 {
            apply(store, &begun, not_modified(1)).await;
        } else {
            apply(store, &begun, page(1, products(HOST, 0..4))).await;
        }
        let rest: Vec<_> = products(HOST, 4..7);
        apply(store, &begun, last_page(2, rest)).await;
        let report = finish(store, &begun, Outcome::Complete, now).await;
        assert_eq!((report.counts.new, report.counts.changed), (0, 0));
        assert_eq!((rows().await, records().await), before);
    }
}

pub(super) async fn a_shops_products_are_counted_whatever_happened_to_them(store: &dyn Store) {
    let counted = async |now| {
        let begun = begin(store, HOST, Start::Fresh, now).await;
        let all = ProductFilter::default();
        let listed = store.products(&all, None, 99).await.unwrap().len() as u64;
        let status = store.shops().await.unwrap().remove(0);
        assert_eq!((begun.n_known, status.n_products), (listed, listed));
        (begun, listed, status.n_gone)
    };
    crawl(store, HOST, products(HOST, 0..5), 1).await;
    let (begun, listed, n_gone) = counted(2).await;
    assert_eq!((listed, n_gone), (5, 0));
    let mut left = products(HOST, 0..3);
    left.push(product(HOST, 7));
    apply(store, &begun, last_page(1, left)).await;
    finish(store, &begun, Outcome::Complete, 2).await;
    let (begun, listed, n_gone) = counted(3).await;
    assert_eq!((listed, n_gone), (4, 2));
    // A pass that nobody ended brought one back.
    apply(store, &begun, page(1, products(HOST, 4..5))).await;
    let (_, listed, n_gone) = counted(4).await;
    assert_eq!((listed, n_gone), (5, 1));
    // Records of another store, of one that is new here and of one that is gone there.
    let mut records = store.records(RecordKind::Product, None, 2).await.unwrap();
    let [Record::Product(new), Record::Product(gone)] = &mut records[..] else {
        panic!("{records:?}");
    };
    new.product.id = id(HOST, 9);
    gone.gone_at = Some(at(4));
    store.put_records(records).await.unwrap();
    let (begun, listed, n_gone) = counted(5).await;
    assert_eq!((listed, n_gone), (5, 2));
    apply(store, &begun, page(1, products(HOST, 20..22))).await;
    assert_eq!(counted(6).await.1, 7);
}

pub(super) async fn pages_that_were_as_they_were_go_from_store_to_store(store: &dyn Store) {
    let begun = begin(store, HOST, Start::Fresh, 0).await;
    let first = with_version(page(1, products(HOST, 0..4)), "1");
    apply(store, &begun, first).await;
    let last = with_version(last_page(2, products(HOST, 4..7)), "2");
    apply(store, &begun, last).await;
    finish(store, &begun, Outcome::Complete, 0).await;
    let begun = begin(store, HOST, Start::Fresh, 10).await;
    apply(store, &begun, not_modified(1)).await;
    let records = store.records(RecordKind::Crawl, None, 9).await.unwrap();
    let [Record::Crawl(first), Record::Crawl(second)] = &records[..] else {
        panic!("{records:?}");
    };
    let (first, second) = (&first.pages[0], &second.pages[..]);
    assert_eq!(second.len(), 1);
    assert_eq!(
        (&second[0].seen, second[0].n_products, &second[0].validators),
        (&first.seen, first.n_products, &first.validators)
    );
    // In place of what is there, they are the same.
    store.put_records(records.clone()).await.unwrap();
    let again = store.records(RecordKind::Crawl, None, 9).await.unwrap();
    assert_eq!(again, records);
    let begun = begin(store, HOST, RESUME, 10).await;
    assert_eq!(begun.checkpoint.next_page, 2);
    apply(store, &begun, last_not_modified(2)).await;
    let ended = finish(store, &begun, Outcome::Complete, 11).await;
    assert_eq!((ended.counts.products, ended.counts.gone), (7, 0));
}
