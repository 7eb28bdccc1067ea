//! What passes tell of themselves, where their routes stand, and what hosts taught.

use catalog::{
    Certainty, Checkpoint, HostRecord, Outcome, PageWrite, PassNotes, Place, Popularity,
    RankSource, Route, RouteEnd, RouteUse, Start, Stop, Store, StoreError, Traffic,
};

use crate::made::{
    RESUME, apply, at, begin, finish, last_page, lease, page, partial, product, products, state,
};

pub(super) fn notes() -> PassNotes {
    let of = |route, products, end, detail: &str| RouteUse {
        route,
        products,
        end,
        detail: detail.into(),
    };
    PassNotes {
        routes: vec![
            of(Route::List, 25_000, Some(RouteEnd::Wall), ""),
            of(Route::Sitemap, 7, None, "\u{e9}t\u{e9} $where a.b \0 \"{\""),
        ],
        popularity: Some(Popularity {
            source: Some(RankSource::Collection),
            certainty: Certainty::Estimated,
            n_places: 3,
            at: at(5),
            detail: "best-sellers".into(),
            refused: None,
        }),
        traffic: Some(Traffic {
            requests: 102,
            refusals: 1,
            retries: 2,
            not_modified: 3,
            bytes: u64::MAX,
            gap_ms: Some(500),
            asked_gap_ms: Some(2_000),
            robots_bytes: Some(600_000),
        }),
        n_stated: Some(1_100),
        currency_before: catalog::Currency::parse("GBP").ok(),
        kept_page: Some(4),
        read_whole_at: Some(at(-7)),
    }
}

const fn place(route: Route, part: u32, item: u32) -> Place {
    Place { route, part, item }
}

/// Page `n`, behind which the pass goes on at `place`.
fn page_to(n: u32, place: Place) -> PageWrite {
    PageWrite {
        next: Some(Checkpoint {
            next_page: n + 1,
            place,
        }),
        ..page(n, vec![product("a.example", u64::from(n))])
    }
}

async fn checkpoint(store: &dyn Store) -> Option<Checkpoint> {
    store.crawls(None, 1).await.unwrap()[0].checkpoint
}

pub(super) async fn a_pass_goes_on_where_its_route_stood(store: &dyn Store) {
    let begun = begin(store, "a.example", Start::Fresh, 0).await;
    assert_eq!(begun.checkpoint, Checkpoint::page(1));
    let sitemap = place(Route::Sitemap, 3, u32::MAX);
    apply(store, &begun, page_to(1, Place::default())).await;
    apply(store, &begun, page_to(2, sitemap)).await;
    let expected = Checkpoint {
        next_page: 3,
        place: sitemap,
    };
    // Of a pass that was killed, and of one that ended for a passing reason.
    for now in [1, 2] {
        let again = begin(store, "a.example", RESUME, now).await;
        assert_eq!((again.resumed, again.checkpoint), (true, expected));
        assert_eq!(checkpoint(store).await, Some(expected));
        let report = finish(store, &again, partial(Stop::RateLimited), now).await;
        assert_eq!(report.checkpoint, Some(expected));
    }
    let last_crawl = store.shops().await.unwrap().remove(0).last_crawl;
    assert_eq!(last_crawl.unwrap().checkpoint, Some(expected));
    let fresh = begin(store, "a.example", Start::Fresh, 3).await;
    assert_eq!(fresh.checkpoint, Checkpoint::page(1));
}

pub(super) async fn an_old_page_again_moves_no_route_back(store: &dyn Store) {
    let begun = begin(store, "a.example", Start::Fresh, 0).await;
    let (early, late) = (
        place(Route::Collections, 0, 2),
        place(Route::Collections, 1, 0),
    );
    apply(store, &begun, page_to(1, early)).await;
    apply(store, &begun, page_to(2, late)).await;
    apply(store, &begun, page_to(1, early)).await;
    assert_eq!(checkpoint(store).await.unwrap().place, late);
    let ended = finish(store, &begun, partial(Stop::MaxPages), 5).await;
    apply(store, &begun, page_to(2, early)).await;
    assert_eq!(checkpoint(store).await, ended.checkpoint);
}

pub(super) async fn a_last_page_that_nobody_followed_up_is_asked_for_where_it_was(
    store: &dyn Store,
) {
    let begun = begin(store, "a.example", Start::Fresh, 0).await;
    let there = place(Route::Atom, 0, 1);
    apply(store, &begun, page_to(1, there)).await;
    let last = || last_page(2, vec![product("a.example", 2)]);
    apply(store, &begun, last()).await;
    assert_eq!(checkpoint(store).await, None);
    let again = begin(store, "a.example", RESUME, 1).await;
    let expected = Checkpoint {
        next_page: 2,
        place: there,
    };
    assert_eq!(again.checkpoint, expected);
    apply(store, &again, last()).await;
    let report = finish(store, &again, Outcome::Complete, 2).await;
    assert_eq!((report.checkpoint, report.counts.products), (None, 2));
}

pub(super) async fn a_pass_tells_what_it_noted_last(store: &dyn Store) {
    let begun = begin(store, "a.example", Start::Fresh, 0).await;
    apply(store, &begun, page(1, products("a.example", 0..2))).await;
    let told = async || store.crawls(None, 1).await.unwrap().remove(0).notes;
    assert!(told().await.is_empty());
    let mut early = notes();
    early.routes.truncate(1);
    for noted in [early, notes(), notes()] {
        store.note_pass(&begun.ticket, &noted).await.unwrap();
        assert_eq!(told().await, noted);
    }
    let report = finish(store, &begun, Outcome::Complete, 1).await;
    assert_eq!(report.notes, notes());
    assert_eq!(store.crawls(None, 9).await.unwrap()[0], report);
    let shops = store.shops().await.unwrap();
    assert_eq!(shops[0].last_crawl, Some(report));
    // Each pass has its own, and one that goes on keeps them.
    let second = begin(store, "a.example", Start::Fresh, 2).await;
    assert!(told().await.is_empty());
    store.note_pass(&second.ticket, &notes()).await.unwrap();
    begin(store, "a.example", RESUME, 3).await;
    assert_eq!(told().await, notes());
    let third = begin(store, "a.example", RESUME, 4).await;
    let nothing = PassNotes::default();
    store.note_pass(&third.ticket, &nothing).await.unwrap();
    assert!(told().await.is_empty());
}

pub(super) async fn a_fenced_pass_notes_nothing(store: &dyn Store) {
    let begun = begin(store, "a.example", Start::Fresh, 0).await;
    let other = begin(store, "b.example", Start::Fresh, 0).await;
    lease(store, "a.example").await;
    begin(store, "b.example", Start::Fresh, 1).await;
    let before = state(store).await;
    for ticket in [&begun.ticket, &other.ticket] {
        let noted = store.note_pass(ticket, &notes()).await;
        assert!(matches!(noted, Err(StoreError::Fenced { .. })));
        let known = store.page_validators(ticket).await;
        assert!(matches!(known, Err(StoreError::Fenced { .. })));
    }
    assert_eq!(state(store).await, before);
}

pub(super) async fn notes_of_any_length_are_cut(store: &dyn Store) {
    let begun = begin(store, "a.example", Start::Fresh, 0).await;
    let mut long = notes();
    long.routes[0].detail = "\u{1f600}".repeat(100_000);
    long.popularity.as_mut().unwrap().detail = "x".repeat(100_000);
    long.routes = long.routes.into_iter().cycle().take(10_000).collect();
    store.note_pass(&begun.ticket, &long).await.unwrap();
    let told = store.crawls(None, 1).await.unwrap().remove(0).notes;
    assert_eq!(told.routes.len(), 32);
    assert_eq!(told.routes[0].detail, "\u{1f600}".repeat(250));
    assert_eq!(told.popularity.as_ref().unwrap().detail.len(), 1_000);
    store.note_pass(&begun.ticket, &told).await.unwrap();
    assert_eq!(store.crawls(None, 1).await.unwrap()[0].notes, told);
}

fn host(name: &str, now: i64) -> HostRecord {
    HostRecord {
        name: name.into(),
        gap_ms: None,
        refused_gap_ms: None,
        not_before: None,
        n_failures: 0,
        at: at(now),
    }
}

pub(super) async fn what_hosts_taught_is_found_by_their_names(store: &dyn Store) {
    let one = HostRecord {
        gap_ms: Some(250),
        refused_gap_ms: Some(125),
        not_before: Some(at(99)),
        n_failures: u32::MAX,
        ..host("https://a.example", 1)
    };
    let two = host("platform:shopify", 2);
    let names = |names: &[&str]| -> Vec<String> { names.iter().map(|it| (*it).into()).collect() };
    let both = names(&["platform:shopify", "$where", "https://a.example", ""]);
    assert_eq!(store.hosts(&both).await.unwrap(), []);
    store.save_hosts(&[]).await.unwrap();
    for _ in 0..2 {
        store.save_hosts(&[one.clone(), two.clone()]).await.unwrap();
        let found = store.hosts(&both).await.unwrap();
        assert_eq!(found, [two.clone(), one.clone()]);
    }
    let later = host("https://a.example", 3);
    let changed = std::slice::from_ref(&later);
    store.save_hosts(changed).await.unwrap();
    assert_eq!(store.hosts(&both).await.unwrap(), [two, later]);
    assert_eq!(store.hosts(&[]).await.unwrap(), []);
}

pub(super) async fn a_host_is_forgotten_after_a_month(store: &dyn Store) {
    const MONTH_MS: i64 = 30 * 86_400_000;
    let names = ["a", "b", "c"].map(String::from);
    store.save_hosts(&[host("a", 0)]).await.unwrap();
    let later = [host("b", 1), host("c", MONTH_MS)];
    store.save_hosts(&later).await.unwrap();
    assert_eq!(store.hosts(&names).await.unwrap().len(), 3);
    store.save_hosts(&[host("c", MONTH_MS + 1)]).await.unwrap();
    let left = store.hosts(&names).await.unwrap();
    assert_eq!(left, [host("b", 1), host("c", MONTH_MS + 1)]);
}
