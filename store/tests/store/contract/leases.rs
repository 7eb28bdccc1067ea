//! Leases: who may crawl a shop, and whose tickets are fenced off.

use catalog::{
    Lease, LeaseAnswer, LeaseHolder, Outcome, ShopKey, Start, Store, StoreError, UnixMs,
};

use crate::made::{
    apply, at, begin, finish, granted, id, key, last_page, lease, page, products, shop, state,
};

const HOUR: u64 = 3_600_000;

/// Owners that could be taken for something else.
const STRANGE: [&str; 6] = [
    "$where",
    "a.b",
    "{$gt: 1}",
    "l'\u{e9}t\u{e9}",
    "",
    "日本 \u{1f600}",
];

async fn ask(store: &dyn Store, host: &str, owner: &str, ttl_ms: u64) -> LeaseAnswer {
    let answer = store.lease_shop(&key(host), owner, ttl_ms, None).await;
    answer.unwrap()
}

fn held(answer: LeaseAnswer) -> LeaseHolder {
    match answer {
        LeaseAnswer::Held(holder) => holder,
        LeaseAnswer::Granted(lease) => panic!("granted to {lease:?}"),
    }
}

fn is_fenced<T>(answer: Result<T, StoreError>, host: &str) -> bool {
    matches!(answer, Err(StoreError::Fenced { shop }) if shop == key(host))
}

pub(super) async fn a_free_lease_is_granted_and_then_held_against_others(store: &dyn Store) {
    let lease = granted(ask(store, "a.example", "one", HOUR).await);
    assert_eq!(lease.shop, key("a.example"));
    assert_eq!(lease.owner, "one");
    let holder = held(ask(store, "a.example", "two", HOUR).await);
    assert_eq!(holder.owner, "one");
    assert_eq!(holder.expires_at, lease.expires_at);
    assert!(holder.remaining_ms > 0 && holder.remaining_ms <= HOUR);
    granted(ask(store, "b.example", "two", HOUR).await);
}

pub(super) async fn a_leased_shop_is_no_stored_shop(store: &dyn Store) {
    granted(ask(store, "a.example", "one", HOUR).await);
    assert_eq!(store.shops().await.unwrap(), []);
    assert_eq!(store.stats().await.unwrap().n_shops, 0);
}

pub(super) async fn an_expired_lease_goes_to_the_next_owner_with_the_next_epoch(store: &dyn Store) {
    let mut before = granted(ask(store, "a.example", "one", 0).await);
    for owner in ["two", "three", "two"] {
        let lease = granted(ask(store, "a.example", owner, 0).await);
        assert_eq!(
            (lease.owner.as_str(), lease.epoch),
            (owner, before.epoch + 1)
        );
        before = lease;
    }
}

pub(super) async fn an_owner_who_asks_again_gets_the_same_lease_prolonged(store: &dyn Store) {
    let first = granted(ask(store, "a.example", "one", HOUR).await);
    let again = granted(ask(store, "a.example", "one", 2 * HOUR).await);
    assert_eq!(again.epoch, first.epoch);
    assert!(again.expires_at > first.expires_at);
    let begun = store
        .begin_crawl(&first, &shop("a.example"), Start::Fresh, at(0))
        .await
        .unwrap();
    granted(ask(store, "a.example", "one", HOUR).await);
    apply(store, &begun, page(1, products("a.example", 0..2))).await;
}

pub(super) async fn an_owner_whose_lease_expired_gets_a_new_one(store: &dyn Store) {
    let first = granted(ask(store, "a.example", "one", 0).await);
    let again = granted(ask(store, "a.example", "one", HOUR).await);
    assert_eq!(again.epoch, first.epoch + 1);
}

pub(super) async fn a_dead_owner_loses_its_lease_at_once(store: &dyn Store) {
    let dead = granted(ask(store, "a.example", "dead", HOUR).await);
    let shop = key("a.example");
    let answer = store.lease_shop(&shop, "heir", HOUR, Some("other")).await;
    assert_eq!(held(answer.unwrap()).owner, "dead");
    let answer = store.lease_shop(&shop, "heir", HOUR, Some("dead")).await;
    let heir = granted(answer.unwrap());
    assert_eq!((heir.owner.as_str(), heir.epoch), ("heir", dead.epoch + 1));
    assert!(is_fenced(store.renew_lease(&dead, HOUR).await, "a.example"));
    // Said again, it is the heir's own lease that is prolonged.
    let answer = store.lease_shop(&shop, "heir", HOUR, Some("dead")).await;
    assert_eq!(granted(answer.unwrap()).epoch, heir.epoch);
}

pub(super) async fn a_renewed_lease_is_prolonged_also_after_it_expired(store: &dyn Store) {
    let lease = granted(ask(store, "a.example", "one", 0).await);
    let renewed = store.renew_lease(&lease, HOUR).await.unwrap();
    assert_eq!((&renewed.owner, renewed.epoch), (&lease.owner, lease.epoch));
    assert!(renewed.expires_at > lease.expires_at);
    assert_eq!(held(ask(store, "a.example", "two", 0).await).owner, "one");
    let shortened = store.renew_lease(&renewed, 0).await.unwrap();
    assert!(shortened.expires_at < renewed.expires_at);
    granted(ask(store, "a.example", "two", 0).await);
    assert!(is_fenced(
        store.renew_lease(&shortened, HOUR).await,
        "a.example"
    ));
    assert!(is_fenced(
        store.renew_lease(&lease, HOUR).await,
        "a.example"
    ));
}

pub(super) async fn a_lease_that_nobody_ever_had_cannot_be_renewed(store: &dyn Store) {
    let made_up = Lease {
        shop: key("a.example"),
        owner: "one".into(),
        epoch: 1,
        expires_at: UnixMs::new(0),
    };
    assert!(is_fenced(
        store.renew_lease(&made_up, HOUR).await,
        "a.example"
    ));
    store.release_lease(&made_up).await.unwrap();
    granted(ask(store, "a.example", "two", HOUR).await);
    assert!(is_fenced(
        store.renew_lease(&made_up, HOUR).await,
        "a.example"
    ));
}

pub(super) async fn a_lease_that_is_given_back_is_free_and_its_tickets_write_until_then(
    store: &dyn Store,
) {
    let one = granted(ask(store, "a.example", "one", HOUR).await);
    let begun = store
        .begin_crawl(&one, &shop("a.example"), Start::Fresh, at(0))
        .await
        .unwrap();
    for _ in 0..2 {
        store.release_lease(&one).await.unwrap();
    }
    assert_eq!(store.shops().await.unwrap()[0].lease, None);
    apply(store, &begun, page(1, products("a.example", 0..2))).await;
    let two = granted(ask(store, "a.example", "two", HOUR).await);
    assert_eq!(two.epoch, one.epoch + 1);
    let refused = store.apply_page(&begun.ticket, page(2, vec![])).await;
    assert!(is_fenced(refused, "a.example"));
    // What was taken since is not given back by the one before.
    store.release_lease(&one).await.unwrap();
    assert_eq!(held(ask(store, "a.example", "three", 0).await).owner, "two");
}

pub(super) async fn a_stale_lease_can_neither_begin_nor_write_nor_end_nor_observe(
    store: &dyn Store,
) {
    let early = lease(store, "a.example").await;
    let begun = store
        .begin_crawl(&early, &shop("a.example"), Start::Fresh, at(0))
        .await
        .unwrap();
    apply(store, &begun, page(1, products("a.example", 0..2))).await;
    // An end alone fences nothing off: only another owner does.
    apply(store, &begun, page(2, products("a.example", 2..4))).await;
    lease(store, "a.example").await;
    let before = state(store).await;
    let shop = shop("a.example");
    for start in [Start::Fresh, Start::Resume { max_age_ms: 1000 }] {
        let refused = store.begin_crawl(&early, &shop, start, at(9)).await;
        assert!(is_fenced(refused, "a.example"));
    }
    let ticket = &begun.ticket;
    let late = last_page(3, products("a.example", 4..6));
    assert!(is_fenced(store.apply_page(ticket, late).await, "a.example"));
    let ended = store.finish_crawl(ticket, Outcome::Complete, at(9)).await;
    assert!(is_fenced(ended, "a.example"));
    let ranks = [(id("a.example", 1), 1)];
    let observed = store
        .observe_ranks(
            ticket,
            &ranks,
            None,
            catalog::RankSource::StorefrontApi,
            at(9),
        )
        .await;
    assert!(is_fenced(observed, "a.example"));
    assert_eq!(state(store).await, before);
}

pub(super) async fn a_lease_of_another_shop_begins_nothing(store: &dyn Store) {
    let lease = lease(store, "a.example").await;
    let begun = store
        .begin_crawl(&lease, &shop("b.example"), Start::Fresh, at(0))
        .await;
    assert!(begun.is_err());
    assert_eq!(store.shops().await.unwrap(), []);
}

pub(super) async fn a_pass_behind_which_its_owner_began_another_cannot_write(store: &dyn Store) {
    let lease = lease(store, "a.example").await;
    let shop = shop("a.example");
    let begin = async |now| {
        store
            .begin_crawl(&lease, &shop, Start::Fresh, at(now))
            .await
    };
    let first = begin(0).await.unwrap();
    apply(store, &first, page(1, products("a.example", 0..4))).await;
    let second = begin(1).await.unwrap();
    assert_eq!(first.ticket.epoch, second.ticket.epoch);
    let refused = store.apply_page(&first.ticket, page(2, vec![])).await;
    assert!(is_fenced(refused, "a.example"));
    apply(store, &second, last_page(1, products("a.example", 0..4))).await;
    let report = finish(store, &second, Outcome::Complete, 2).await;
    assert_eq!((report.counts.gone, report.key.n), (0, 2));
}

pub(super) async fn shops_say_who_has_their_lease(store: &dyn Store) {
    begin(store, "a.example", Start::Fresh, 0).await;
    begin(store, "b.example", Start::Fresh, 0).await;
    let lease = granted(ask(store, "b.example", "one", HOUR).await);
    let shops = store.shops().await.unwrap();
    assert_eq!(shops[0].lease, None, "it has expired");
    let holder = shops[1].lease.as_ref().unwrap();
    assert_eq!(holder.owner, "one");
    assert_eq!(holder.expires_at, lease.expires_at);
    assert!(holder.remaining_ms > 0 && holder.remaining_ms <= HOUR);
}

pub(super) async fn owners_of_leases_are_named_once(store: &dyn Store) {
    assert_eq!(store.lease_owners().await.unwrap(), Vec::<String>::new());
    for (host, owner, ttl_ms) in [
        ("a.example", "two", HOUR),
        ("b.example", "one/1", HOUR),
        ("c.example", "two", HOUR),
        ("d.example", "expired", 0),
    ] {
        granted(ask(store, host, owner, ttl_ms).await);
    }
    let given_back = granted(ask(store, "e.example", "done", HOUR).await);
    store.release_lease(&given_back).await.unwrap();
    assert_eq!(store.lease_owners().await.unwrap(), ["one/1", "two"]);
}

pub(super) async fn owners_are_plain_texts(store: &dyn Store) {
    for owner in STRANGE {
        let first = granted(ask(store, "a.example", owner, HOUR).await);
        assert_eq!(first.owner, owner);
        let holder = held(ask(store, "a.example", "other", HOUR).await);
        assert_eq!(holder.owner, owner);
        let renewed = store.renew_lease(&first, HOUR).await.unwrap();
        store.release_lease(&renewed).await.unwrap();
    }
}

pub(super) async fn the_longest_lease_ends_in_the_far_future(store: &dyn Store) {
    let lease = granted(ask(store, "a.example", "one", u64::MAX).await);
    let holder = held(ask(store, "a.example", "two", u64::MAX).await);
    assert_eq!(holder.expires_at, lease.expires_at);
    assert!(holder.remaining_ms > 1000 * HOUR);
}

pub(super) async fn of_many_that_ask_at_once_one_gets_the_lease(store: &dyn Store) {
    let shops: Vec<ShopKey> = (0..10).map(|n| key(&format!("{n}.example"))).collect();
    for shop in &shops {
        let owners: Vec<String> = (0..8).map(|n| format!("owner {n}")).collect();
        let asking = owners
            .iter()
            .map(|owner| store.lease_shop(shop, owner, HOUR, None));
        let answers = futures_util::future::join_all(asking).await;
        let mut n_granted = 0;
        for answer in answers {
            n_granted += usize::from(matches!(answer.unwrap(), LeaseAnswer::Granted(_)));
        }
        assert_eq!(n_granted, 1);
    }
}
