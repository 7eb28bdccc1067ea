//! What a killed process left open, and the owner who comes after it.

use std::time::Duration;

use mongodb::ClientSession;
use mongodb::bson::doc;

use super::*;
use crate::mongo::crawl;
use crate::mongo::page::{self as pages, HashedPage};
use crate::mongo::steps::{Steps, Update};

/// Less than the time for which servers keep what was left open.
const HASTY: Limits = Limits {
    conflicts: Duration::from_secs(2),
    ..LIMITS
};

const LONG_MS: u64 = 3_600_000;

async fn lease(store: &MongoStore, owner: &str, dead_owner: Option<&str>) -> catalog::Lease {
    let key = shop().key;
    let leased = store.lease_shop(&key, owner, LONG_MS, dead_owner).await;
    match leased.unwrap() {
        LeaseAnswer::Granted(lease) => lease,
        LeaseAnswer::Held(holder) => panic!("{holder:?}"),
    }
}

async fn begin_under(store: &MongoStore, lease: &catalog::Lease) -> CrawlTicket {
    let begun = store.begin_crawl(lease, &shop(), Start::Fresh, at(0)).await;
    begun.unwrap().ticket
}

/// Runs `work` in a transaction of the lease's session, and stops before its end, as a process does that is killed.
async fn leave_open(
    store: &MongoStore,
    lease: &catalog::Lease,
    work: impl AsyncFnOnce(&mut Steps<'_>),
) -> ClientSession {
    let mut session = store.sessions.take(&lease.shop, lease.epoch).unwrap();
    session.start_transaction().await.unwrap();
    let mut steps = Steps::new(&store.database, Some(session), LIMITS.answer);
    work(&mut steps).await;
    steps.into_session().unwrap()
}

/// Has a first owner begin a pass and leave something open, and a second one crawl the shop at once.
async fn takes_over(
    name: &str,
    work: impl AsyncFnOnce(&mut Steps<'_>, &catalog::Lease, &CrawlTicket),
) {
    let (uri, options) = options(REPLICA_SET, name).await;
    with_options(&uri, options.clone(), HASTY, async |first| {
        let opened = MongoStore::open_with(&uri, options, HASTY, OpenMode::Existing).await;
        let second = opened.unwrap();
        let killed = lease(first, "killed", None).await;
        let ticket = begin_under(first, &killed).await;
        let mut open = leave_open(first, &killed, async |steps| {
            work(steps, &killed, &ticket).await;
        })
        .await;

        let next = lease(&second, "next", Some("killed")).await;
        let ticket = begin_under(&second, &next).await;
        let counts = apply(&second, &ticket, page(1, products(0..3, 1000))).await;
        assert_eq!(counts.new, 3);

        open.commit_transaction().await.unwrap_err();
        let kept = second.product(&product(0, 0).id).await.unwrap();
        assert_eq!(kept, Some(product(0, 1000)));
        let crawls = second.crawls(None, 10).await.unwrap();
        assert_eq!(crawls[0].key, ticket.crawl);
        assert_eq!(crawls[0].counts.pages, 1);
    })
    .await;
}

#[tokio::test]
async fn a_page_left_open_by_a_killed_owner_does_not_keep_the_next_one_waiting() {
    takes_over("open_page", async |steps, _lease, ticket| {
        let page = page(1, products(0..3, 999));
        pages::apply(steps, ticket, &HashedPage::new(&page))
            .await
            .unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_pass_left_open_by_a_killed_owner_does_not_keep_the_next_one_waiting() {
    takes_over("open_pass", async |steps, lease, _ticket| {
        crawl::begin(steps, lease, &shop(), Start::Fresh, at(0))
            .await
            .unwrap();
    })
    .await;
}

#[tokio::test]
async fn what_is_in_the_way_of_a_pass_and_not_of_its_lease_does_not_keep_the_next_owner_waiting() {
    takes_over("open_shop", async |steps, _lease, _ticket| {
        let named = doc! { "_id": shop().key.as_str() };
        let changed = Update::one(
            named,
            doc! { "$set": { "url": "https://elsewhere.example" } },
        );
        steps.update("shops", vec![changed.unwrap()]).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_shop_is_forgotten_at_once_though_a_killed_owner_left_a_page_open() {
    let (uri, options) = options(REPLICA_SET, "forgotten").await;
    with_options(&uri, options.clone(), HASTY, async |first| {
        let killed = lease(first, "killed", None).await;
        let ticket = begin_under(first, &killed).await;
        let page = page(1, products(0..3, 1000));
        let mut open = leave_open(first, &killed, async |steps| {
            let applied = pages::apply(steps, &ticket, &HashedPage::new(&page)).await;
            applied.unwrap();
        })
        .await;
        let opened = MongoStore::open_with(&uri, options, HASTY, OpenMode::Existing).await;
        let forgotten = opened.unwrap().forget_shop(&shop().key).await.unwrap();
        assert_eq!(forgotten.unwrap().n_crawls, 1);
        open.commit_transaction().await.unwrap_err();
        assert_eq!(first.shops().await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn every_write_of_a_lease_takes_place_in_the_session_that_it_names_until_it_is_released() {
    with_store(REPLICA_SET, "named", async |store| {
        let held = lease(store, "owner", None).await;
        let named = async || {
            let leases = store
                .database
                .collection::<mongodb::bson::Document>("leases");
            let document = leases.find_one(doc! {}).await.unwrap().unwrap();
            document.get("session").cloned()
        };
        let before = named().await.unwrap();
        let in_map = || {
            let session = store.sessions.take(&held.shop, held.epoch)?;
            let id = session.id().get("id").cloned();
            store.sessions.put(&held.shop, held.epoch, session);
            id
        };
        let ticket = begin_under(store, &held).await;
        apply(store, &ticket, page(1, products(0..3, 1000))).await;
        assert_eq!(in_map(), Some(before.clone()));
        // The same owner asks again.
        assert_eq!(lease(store, "owner", None).await.epoch, held.epoch);
        assert_eq!(in_map(), Some(before.clone()));
        assert_eq!(named().await, Some(before));
        store.release_lease(&held).await.unwrap();
        assert_eq!((in_map(), named().await), (None, None));
    })
    .await;
}
