//! Passes: begin, go on, end, fence.

use catalog::{
    Checkpoint, CrawlKey, CrawlTicket, Currency, CurrencySource, Outcome, Reason, Shop, Start,
    Stop, Store, StoreError,
};

use crate::made::{
    RESUME, apply, at, begin, begin_shop, crawl, currency, finish, key, last_page, page, partial,
    products, shop, state,
};

pub(super) async fn a_new_shop_begins_at_page_1(store: &dyn Store) {
    let begun = begin(store, "a.example", RESUME, 0).await;
    assert_eq!(begun.ticket.crawl.n, 1);
    assert_eq!(begun.checkpoint, Checkpoint::page(1));
    assert!(!begun.resumed);
    assert_eq!(begun.shop, shop("a.example"));
    assert_eq!(begun.previous_currency, Currency::UNKNOWN);
    assert_eq!(begun.n_known, 0);
    let running = store.crawls(None, 9).await.unwrap().remove(0);
    assert_eq!(running.key, begun.ticket.crawl);
    assert_eq!((running.outcome, running.finished_at), (None, None));
    assert_eq!(running.started_at, at(0));
    assert_eq!(running.checkpoint, Some(begun.checkpoint));
    assert_eq!(running.currency, currency("EUR"));
    assert_eq!(running.currency_source, CurrencySource::Shop);
}

pub(super) async fn an_unfinished_pass_goes_on_at_its_checkpoint(store: &dyn Store) {
    let begun = begin(store, "a.example", Start::Fresh, 0).await;
    apply(store, &begun, page(1, products("a.example", 0..3))).await;
    apply(store, &begun, page(2, products("a.example", 3..6))).await;
    let again = begin(store, "a.example", RESUME, 1000).await;
    assert!(again.resumed);
    assert_eq!(again.ticket.crawl, begun.ticket.crawl);
    assert!(again.ticket.epoch > begun.ticket.epoch);
    assert_eq!(again.checkpoint, Checkpoint::page(3));
    assert_eq!(again.n_known, 0, "before the pass");
    apply(store, &again, last_page(3, products("a.example", 6..9))).await;
    let report = finish(store, &again, Outcome::Complete, 1001).await;
    assert_eq!((report.counts.pages, report.counts.new), (3, 9));
    assert_eq!(report.started_at, at(0));
}

pub(super) async fn a_pass_that_stopped_for_a_passing_reason_goes_on_and_is_open_again(
    store: &dyn Store,
) {
    let begun = begin(store, "a.example", Start::Fresh, 0).await;
    apply(store, &begun, page(1, products("a.example", 0..3))).await;
    let report = finish(store, &begun, partial(Stop::Interrupted), 5).await;
    assert_eq!(report.checkpoint, Some(Checkpoint::page(2)));
    let again = begin(store, "a.example", RESUME, 10).await;
    assert!(again.resumed);
    assert_eq!(again.checkpoint, Checkpoint::page(2));
    let open = store.crawls(None, 9).await.unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!((&open[0].outcome, open[0].finished_at), (&None, None));
    let ended = finish(store, &again, partial(Stop::ServerError), 20).await;
    assert_eq!(ended.outcome, Some(partial(Stop::ServerError)));
    assert_eq!(ended.finished_at, Some(at(20)));
}

pub(super) async fn a_pass_that_would_stop_there_again_begins_anew(store: &dyn Store) {
    for (n, stop) in [Stop::Wall, Stop::MaxPages, Stop::Challenge]
        .into_iter()
        .enumerate()
    {
        let begun = begin(store, "a.example", RESUME, 0).await;
        assert!(!begun.resumed);
        assert_eq!(begun.ticket.crawl.n, n as u64 + 1);
        apply(store, &begun, page(1, vec![])).await;
        finish(store, &begun, partial(stop), 1).await;
    }
}

pub(super) async fn a_complete_pass_begins_anew(store: &dyn Store) {
    crawl(store, "a.example", products("a.example", 0..3), 0).await;
    let begun = begin(store, "a.example", RESUME, 1).await;
    assert!(!begun.resumed);
    assert_eq!(begun.ticket.crawl.n, 2);
    assert_eq!(begun.n_known, 3);
}

pub(super) async fn a_pass_that_began_too_long_ago_begins_anew(store: &dyn Store) {
    let begun = begin(store, "a.example", RESUME, 0).await;
    apply(store, &begun, page(1, vec![])).await;
    assert!(begin(store, "a.example", RESUME, 1000).await.resumed);
    let late = begin(store, "a.example", RESUME, 1001).await;
    assert!(!late.resumed);
    assert_eq!(late.checkpoint, Checkpoint::page(1));
    assert_eq!(late.ticket.crawl.n, 2);
}

pub(super) async fn a_fresh_start_leaves_an_unfinished_pass_as_it_is(store: &dyn Store) {
    let begun = begin(store, "a.example", RESUME, 0).await;
    apply(store, &begun, page(1, products("a.example", 0..3))).await;
    let before = store.crawls(None, 9).await.unwrap().remove(0);
    let fresh = begin(store, "a.example", Start::Fresh, 1).await;
    assert_eq!(fresh.ticket.crawl.n, 2);
    assert_eq!(fresh.n_known, 3);
    assert_eq!(store.crawls(None, 9).await.unwrap()[1], before);
}

pub(super) async fn a_pass_whose_last_page_is_stored_goes_on_with_that_page(store: &dyn Store) {
    let begun = begin(store, "a.example", Start::Fresh, 0).await;
    apply(store, &begun, page(1, products("a.example", 0..3))).await;
    apply(store, &begun, last_page(2, products("a.example", 3..5))).await;
    assert_eq!(store.crawls(None, 9).await.unwrap()[0].checkpoint, None);
    let again = begin(store, "a.example", RESUME, 1).await;
    assert!(again.resumed);
    assert_eq!(again.checkpoint, Checkpoint::page(2));
    let counts = apply(store, &again, last_page(2, products("a.example", 3..5))).await;
    assert_eq!((counts.new, counts.unchanged), (0, 2));
    let report = finish(store, &again, Outcome::Complete, 2).await;
    assert_eq!((report.counts.pages, report.counts.products), (2, 5));
    assert_eq!(report.counts.new, 5);
}

pub(super) async fn a_later_begin_fences_off_pages_and_ends_of_the_earlier_one(store: &dyn Store) {
    let early = begin(store, "a.example", Start::Fresh, 0).await;
    let late = begin(store, "a.example", Start::Fresh, 1).await;
    let before = state(store).await;
    let page = last_page(1, products("a.example", 0..3));
    let refused = store.apply_page(&early.ticket, page.clone()).await;
    assert!(matches!(refused, Err(StoreError::Fenced { shop }) if shop == key("a.example")));
    let refused = store
        .finish_crawl(&early.ticket, Outcome::Complete, at(2))
        .await;
    assert!(matches!(refused, Err(StoreError::Fenced { .. })));
    assert_eq!(state(store).await, before);
    assert_eq!(apply(store, &late, page).await.new, 3);
}

pub(super) async fn a_resumed_pass_is_fenced_by_its_epoch(store: &dyn Store) {
    let early = begin(store, "a.example", Start::Fresh, 0).await;
    let late = begin(store, "a.example", RESUME, 1).await;
    assert_eq!(early.ticket.crawl, late.ticket.crawl);
    let refused = store.apply_page(&early.ticket, page(1, vec![])).await;
    assert!(matches!(refused, Err(StoreError::Fenced { .. })));
    begin(store, "b.example", Start::Fresh, 1).await;
    apply(store, &late, page(1, vec![])).await;
}

pub(super) async fn a_ticket_of_an_unknown_shop_is_fenced(store: &dyn Store) {
    let crawl = CrawlKey {
        shop: key("nobody.example"),
        n: 1,
    };
    let ticket = CrawlTicket { crawl, epoch: 1 };
    let refused = store.apply_page(&ticket, page(1, vec![])).await;
    assert!(matches!(refused, Err(StoreError::Fenced { .. })));
}

pub(super) async fn a_known_currency_is_never_replaced_by_a_worse_known_one(store: &dyn Store) {
    let with = |code: &str, currency_source| Shop {
        currency: currency(code),
        currency_source,
        ..shop("a.example")
    };
    for (given, previous, stored) in [
        (
            with("XXX", CurrencySource::Unknown),
            "XXX",
            with("XXX", CurrencySource::Unknown),
        ),
        (
            with("EUR", CurrencySource::Config),
            "XXX",
            with("EUR", CurrencySource::Config),
        ),
        (
            with("XXX", CurrencySource::Unknown),
            "EUR",
            with("EUR", CurrencySource::Config),
        ),
        (
            with("USD", CurrencySource::Shop),
            "EUR",
            with("USD", CurrencySource::Shop),
        ),
        (
            with("XXX", CurrencySource::Unknown),
            "USD",
            with("USD", CurrencySource::Shop),
        ),
        (
            with("EUR", CurrencySource::Config),
            "USD",
            with("USD", CurrencySource::Shop),
        ),
    ] {
        let begun = begin_shop(store, &given, RESUME, 0).await;
        assert_eq!(begun.shop, stored);
        assert_eq!(begun.previous_currency, currency(previous));
        assert_eq!(store.shops().await.unwrap()[0].shop, stored);
        let pass = store.crawls(None, 1).await.unwrap().remove(0);
        assert_eq!(pass.currency, stored.currency);
        assert_eq!(pass.currency_source, stored.currency_source);
    }
}

pub(super) async fn an_empty_url_does_not_replace_a_known_one(store: &dyn Store) {
    for (given, stored) in [
        ("", ""),
        ("http://a.example", "http://a.example"),
        ("", "http://a.example"),
        ("https://a.example", "https://a.example"),
    ] {
        let shop = Shop {
            url: given.into(),
            ..shop("a.example")
        };
        let begun = begin_shop(store, &shop, RESUME, 0).await;
        assert_eq!(begun.shop.url, stored);
    }
}

pub(super) async fn a_pass_ended_twice_gives_one_report(store: &dyn Store) {
    crawl(store, "a.example", products("a.example", 0..4), 0).await;
    let begun = begin(store, "a.example", Start::Fresh, 10).await;
    apply(store, &begun, last_page(1, products("a.example", 0..3))).await;
    let first = finish(store, &begun, Outcome::Complete, 20).await;
    let before = state(store).await;
    assert_eq!(first.counts.gone, 1);
    assert_eq!(finish(store, &begun, Outcome::Complete, 20).await, first);
    assert_eq!(finish(store, &begun, partial(Stop::Store), 30).await, first);
    assert_eq!(state(store).await, before);
}

pub(super) async fn every_outcome_reads_back_as_given(store: &dyn Store) {
    let reason = |stop| Reason::new(stop, "a sentence, \u{e9}\0\"quoted\"");
    for outcome in [
        Outcome::Partial(reason(Stop::Wall)),
        Outcome::Blocked(reason(Stop::Robots)),
        Outcome::Gone(reason(Stop::ClosedFeed)),
        Outcome::Failed(reason(Stop::NotShopify)),
        Outcome::Complete,
    ] {
        let begun = begin(store, "a.example", Start::Fresh, 0).await;
        apply(store, &begun, last_page(1, products("a.example", 0..1))).await;
        let report = finish(store, &begun, outcome.clone(), 1).await;
        assert_eq!(report.outcome, Some(outcome));
        let listed = store.crawls(Some(&key("a.example")), 1).await.unwrap();
        assert_eq!(listed, [report]);
    }
}

pub(super) async fn passes_are_listed_newest_first_then_by_shop(store: &dyn Store) {
    for (host, now) in [
        ("b.example", 1),
        ("a.example", 1),
        ("c.example", 2),
        ("a.example", 0),
    ] {
        begin(store, host, Start::Fresh, now).await;
    }
    let list = async |host: Option<&str>, limit| -> Vec<String> {
        let host = host.map(key);
        let crawls = store.crawls(host.as_ref(), limit).await.unwrap();
        let shown = |key: &CrawlKey| format!("{} {}", key.shop, key.n);
        crawls.iter().map(|crawl| shown(&crawl.key)).collect()
    };
    let all = ["c.example 1", "a.example 1", "b.example 1", "a.example 2"];
    assert_eq!(list(None, usize::MAX).await, all);
    assert_eq!(list(None, 2).await, all[..2]);
    assert_eq!(list(None, 0).await, [""; 0]);
    assert_eq!(
        list(Some("a.example"), 9).await,
        ["a.example 1", "a.example 2"]
    );
    assert_eq!(list(Some("z.example"), 9).await, [""; 0]);
}

pub(super) async fn shops_are_listed_by_key_with_their_numbers(store: &dyn Store) {
    begin(store, "b.example", Start::Fresh, 9).await;
    crawl(store, "a.example", products("a.example", 0..4), 5).await;
    let last = crawl(store, "a.example", products("a.example", 1..5), 7).await;
    let shops = store.shops().await.unwrap();
    assert_eq!(shops.len(), 2);
    assert_eq!(shops[0].shop, shop("a.example"));
    assert_eq!((shops[0].n_products, shops[0].n_gone), (4, 1));
    assert_eq!(shops[0].last_crawl.as_ref(), Some(&last));
    assert_eq!(shops[0].last_complete_at, Some(at(7)));
    assert_eq!(shops[1].shop, shop("b.example"));
    assert_eq!((shops[1].n_products, shops[1].n_gone), (0, 0));
    assert_eq!(shops[1].last_complete_at, None);
    assert_eq!(shops[1].last_crawl.as_ref().unwrap().outcome, None);
}
