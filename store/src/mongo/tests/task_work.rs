//! Items and pages of tasks whose holders are cut off, or come at once.

use catalog::{ClaimedItem, Lease, PageWrite, StoreError, TaskEntry, TaskState, TaskStore};
use futures_util::future::join_all;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, doc};
use serde_json::json;

use super::task_steps::{BOTH, id, item, later, make, new_task, seqs, steps, tasks, working};
use super::*;
use crate::mongo::page::{self as pages, HashedPage};
use crate::mongo::schema::SCHEMA_VERSION;
use crate::mongo::steps::Steps;
use crate::mongo::tasks::append;
use crate::mongo::tasks::claim::{self as claims, Claimant};

const LONG_MS: u64 = 3_600_000;

async fn claim(store: &MongoStore, owner: &str, ttl_ms: u64) -> Option<ClaimedItem> {
    store.claim(&["crawl"], owner, ttl_ms).await.unwrap()
}

fn work_items(store: &MongoStore) -> mongodb::Collection<Document> {
    store.database.collection("work_items")
}

async fn count(store: &MongoStore, query: Document) -> u64 {
    work_items(store).count_documents(query).await.unwrap()
}

fn told_by(claimed: &ClaimedItem, n: u32) -> PageWrite {
    let mut page = page(n, products(u64::from(n) * 10..u64::from(n) * 10 + 3, 1000));
    let entry = TaskEntry::of_holder(&claimed.lease, working(n.into()), at(n.into()));
    page.task_entry = Some(entry);
    page
}

#[tokio::test]
async fn many_who_claim_at_once_never_have_the_same_item_nor_the_same_key() {
    for variable in BOTH {
        with_store(variable, "at_once", async |store| {
            make(store, &["a", "b", "a", "c", "b", "a"]).await;
            let work = async |owner: usize| {
                let mut taken = Vec::new();
                while let Some(claimed) = claim(store, &format!("w{owner}"), LONG_MS).await {
                    taken.push((claimed.item.key, claimed.item.n, claimed.lease.epoch));
                }
                taken
            };
            let taken = join_all((0..8).map(work)).await.concat();
            let mut keys: Vec<&str> = taken.iter().map(|it| it.0.as_str()).collect();
            keys.sort_unstable();
            assert_eq!(keys, ["a", "b", "c"]);
            assert!(taken.iter().all(|it| it.2 == 1), "{taken:?}");
        })
        .await;
    }
}

#[tokio::test]
async fn items_that_were_not_moved_yet_are_listed_and_taken() {
    for variable in BOTH {
        with_store(variable, "unmoved", async |store| {
            make(store, &["a", "b"]).await;
            let moved = work_items(store).find_one(doc! { "n": 2 }).await.unwrap();
            let mut unmoved = moved.unwrap();
            work_items(store).delete_one(doc! { "n": 2 }).await.unwrap();
            for field in ["_id", "task", "is_open", "attempts", "epoch", "owner"] {
                unmoved.remove(field);
            }
            let mut first = unmoved.clone();
            first.extend(doc! { "n": 1_i64, "key": "a" });
            let left = doc! { "$set": { "new_items": [first, unmoved] } };
            tasks(store).update_one(doc! {}, left).await.unwrap();

            let listed = store.items(&id()).await.unwrap();
            assert_eq!(listed.len(), 2);
            for key in ["a", "b"] {
                assert_eq!(claim(store, "w", LONG_MS).await.unwrap().item.key, key);
            }
            assert_eq!(claim(store, "w", LONG_MS).await, None);
            let left = tasks(store).find_one(doc! {}).await.unwrap().unwrap();
            assert!(!left.contains_key("new_items"));
            assert_eq!(store.items(&id()).await.unwrap().len(), 2);
        })
        .await;
    }
}

#[tokio::test]
async fn what_a_task_that_ended_or_is_forgotten_left_open_is_not_taken_and_goes_away() {
    with_store(REPLICA_SET, "left", async |store| {
        make(store, &["a"]).await;
        let ended = doc! { "$set": { "state": "canceled", "is_ended": true } };
        tasks(store).update_one(doc! {}, ended).await.unwrap();
        assert_eq!(store.work_stats().await.unwrap(), []);
        assert_eq!(claim(store, "w", LONG_MS).await, None);
        assert_eq!(count(store, doc! { "is_open": true }).await, 0);

        let open = doc! { "$set": { "is_open": true } };
        work_items(store).update_one(doc! {}, open).await.unwrap();
        tasks(store).delete_one(doc! {}).await.unwrap();
        assert_eq!(claim(store, "w", LONG_MS).await, None);
        assert_eq!(count(store, doc! {}).await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_holder_who_was_taken_over_writes_nothing_with_what_it_read_before() {
    for variable in BOTH {
        with_store(variable, "late", async |store| {
            make(store, &["a"]).await;
            let first = claim(store, "first", 0).await.unwrap();
            let second = claim(store, "second", LONG_MS).await.unwrap();
            assert_eq!(
                second.lease,
                catalog::ItemLease {
                    owner: "second".to_owned(),
                    ..later(&first.lease)
                }
            );
            let late = TaskEntry::of_holder(&first.lease, working(1), at(1));
            let refused = store.append(&late).await;
            assert!(matches!(refused, Err(StoreError::ItemFenced { .. })));
            let held = TaskEntry::of_holder(&second.lease, working(2), at(2));
            assert_eq!(store.append(&held).await.unwrap().unwrap().seq, 2);
            store
                .put_chunk(&second.lease, "products", 0, vec![2])
                .await
                .unwrap();
            // As one that is between its look at the task and its write.
            let holder = doc! { "$set": { "holders.n1": { "owner": "first", "epoch": 1_i64 } } };
            tasks(store).update_one(doc! {}, holder).await.unwrap();
            let refused = store.put_chunk(&first.lease, "products", 0, vec![1]).await;
            assert!(matches!(refused, Err(StoreError::ItemFenced { .. })));
            let kept = store.chunk(&id(), "products", 0).await.unwrap();
            assert_eq!(kept, Some(vec![2]));
        })
        .await;
    }
}

#[tokio::test]
async fn what_a_page_tells_is_told_once_by_the_next_holder_if_its_own_was_killed_behind_the_page() {
    for variable in BOTH {
        with_store(variable, "page_left", async |store| {
            make(store, &["shop.example"]).await;
            let killed = claim(store, "killed", 0).await.unwrap();
            let ticket = begin(store, "killed").await.ticket;
            apply(store, &ticket, told_by(&killed, 1)).await;
            assert_eq!(seqs(store, 0, 9).await, [1, 2]);
            // The page is stored, and nobody told the task.
            let page = told_by(&killed, 2);
            let hashed = HashedPage::new(&page);
            let (ticket, hashed) = (&ticket, &hashed);
            let stored = store.write("store a page", |steps| {
                Box::pin(pages::apply(steps, ticket, hashed))
            });
            stored.await.unwrap();
            assert_eq!(seqs(store, 0, 9).await, [1, 2]);

            let next = claim(store, "next", LONG_MS).await.unwrap();
            assert_eq!(next.task.seq, 3);
            let told = store.events(&id(), 2, 9).await.unwrap();
            assert_eq!((told[0].seq, &told[0].change), (3, &working(2)));
            // By whoever was about to, too.
            hashed
                .entry
                .as_ref()
                .unwrap()
                .tell(&mut steps(store))
                .await
                .unwrap();
            assert_eq!(seqs(store, 0, 9).await, [1, 2, 3]);
        })
        .await;
    }
}

#[tokio::test]
async fn an_item_or_an_entry_that_cannot_be_read_keeps_nobody_from_the_others() {
    for variable in BOTH {
        with_store(variable, "unreadable", async |store| {
            make(store, &["shop.example", "b", "c"]).await;
            let killed = claim(store, "killed", 0).await.unwrap();
            let ticket = begin(store, "killed").await.ticket;
            let page = told_by(&killed, 1);
            let hashed = HashedPage::new(&page);
            let (ticket, hashed) = (&ticket, &hashed);
            let stored = store.write("store a page", |steps| {
                Box::pin(pages::apply(steps, ticket, hashed))
            });
            stored.await.unwrap();
            let passes = store.database.collection::<Document>("crawls");
            let damage = doc! { "$set": { "entries.0.entry": "{" } };
            passes.update_one(doc! {}, damage).await.unwrap();
            let damage = doc! { "$set": { "payload": "[" } };
            let second = doc! { "n": 2 };
            work_items(store).update_one(second, damage).await.unwrap();

            for n in [1, 3] {
                assert_eq!(claim(store, "next", LONG_MS).await.unwrap().item.n, n);
            }
            assert_eq!(claim(store, "next", LONG_MS).await, None);
            assert_eq!(count(store, doc! { "n": 2, "is_open": false }).await, 1);
        })
        .await;
    }
}

#[tokio::test]
async fn what_a_page_left_for_a_task_is_forgotten_with_it() {
    with_store(REPLICA_SET, "entry_left", async |store| {
        make(store, &["shop.example"]).await;
        let killed = claim(store, "killed", 0).await.unwrap();
        let ticket = begin(store, "killed").await.ticket;
        let page = told_by(&killed, 1);
        let hashed = HashedPage::new(&page);
        let (ticket, hashed) = (&ticket, &hashed);
        let stored = store.write("store a page", |steps| {
            Box::pin(pages::apply(steps, ticket, hashed))
        });
        stored.await.unwrap();
        store.append(&canceled()).await.unwrap();
        let passes = store.database.collection::<Document>("crawls");
        let left = async || {
            let left = doc! { "entries.task": id().as_str() };
            passes.count_documents(left).await.unwrap()
        };
        assert_eq!(left().await, 1);
        assert_eq!(store.forget_tasks(at(99), 9).await.unwrap(), 1);
        assert_eq!(left().await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_page_whose_task_refuses_its_entry_is_not_stored() {
    for variable in BOTH {
        with_store(variable, "page_refused", async |store| {
            make(store, &["shop.example"]).await;
            let killed = claim(store, "killed", 0).await.unwrap();
            let next = claim(store, "next", LONG_MS).await.unwrap();
            let ticket = begin(store, "next").await.ticket;
            let refused = store.apply_page(&ticket, told_by(&killed, 1)).await;
            assert!(matches!(refused, Err(StoreError::ItemFenced { .. })));
            store.append(&canceled()).await.unwrap();
            let refused = store.apply_page(&ticket, told_by(&next, 1)).await;
            assert!(matches!(refused, Err(StoreError::TaskEnded { .. })));
            assert_eq!(store.stats().await.unwrap().n_products, 0);
            assert_eq!(seqs(store, 0, 9).await, [1, 2]);
        })
        .await;
    }
}

fn canceled() -> TaskEntry {
    let change = catalog::TaskChange::State {
        state: TaskState::Canceled,
        note: None,
        data: None,
    };
    TaskEntry::new(&id(), change, at(5))
}

/// Who is killed within a page keeps nobody from the task: not its next holder, not the others, not who cancels.
#[tokio::test]
async fn a_page_left_open_by_a_killed_holder_does_not_keep_others_from_its_task() {
    with_store(REPLICA_SET, "task_open", async |store| {
        make(store, &["shop.example", "b.example"]).await;
        let killed = claim(store, "killed", 0).await.unwrap();
        let granted = store.lease_shop(&shop().key, "killed", LONG_MS, None).await;
        let LeaseAnswer::Granted(lease) = granted.unwrap() else {
            panic!("it is free");
        };
        let ticket = begin_under(store, &lease).await;
        let page = told_by(&killed, 1);
        let mut session = store.sessions.take(&lease.shop, lease.epoch).unwrap();
        session.start_transaction().await.unwrap();
        let mut open = Steps::new(&store.database, Some(session), LIMITS.answer);
        let hashed = HashedPage::new(&page);
        pages::apply(&mut open, &ticket, &hashed).await.unwrap();
        let mut open = open.into_session().unwrap();

        let next = claim(store, "next", LONG_MS).await.unwrap();
        assert_eq!(next.item.key, "shop.example");
        let entry = TaskEntry::of_holder(&next.lease, working(1), at(1));
        store.append(&entry).await.unwrap().unwrap();
        let other = claim(store, "other", LONG_MS).await.unwrap();
        assert_eq!(other.item.key, "b.example");
        let key = shop().key;
        let leased = store.lease_shop(&key, "next", LONG_MS, Some("killed"));
        let LeaseAnswer::Granted(lease) = leased.await.unwrap() else {
            panic!("its owner is dead");
        };
        let ticket = begin_under(store, &lease).await;
        apply(store, &ticket, told_by(&next, 1)).await;
        open.commit_transaction().await.unwrap_err();
        store.append(&canceled()).await.unwrap().unwrap();
        assert_eq!(seqs(store, 0, 9).await, [1, 2, 3, 4]);
    })
    .await;
}

async fn begin_under(store: &MongoStore, lease: &Lease) -> CrawlTicket {
    let begun = store.begin_crawl(lease, &shop(), Start::Fresh, at(0)).await;
    begun.unwrap().ticket
}

#[tokio::test]
async fn a_claim_that_was_cut_off_leaves_a_right_that_expires() {
    for variable in BOTH {
        with_store(variable, "cut_off", async |store| {
            make(store, &["a"]).await;
            let in_2100 = mongodb::bson::DateTime::from_millis(4_102_444_800_000);
            let free = doc! { "$set": { "expires_at": in_2100 } };
            let rights = store.database.collection::<Document>("work_rights");
            let first = claim(store, "first", 0).await.unwrap();
            rights.update_one(doc! {}, free).await.unwrap();
            assert_eq!(claim(store, "second", LONG_MS).await, None);
            store.release_item(&first.lease).await.unwrap();
            let second = claim(store, "second", LONG_MS).await.unwrap();
            assert_eq!((second.lease.epoch, second.item.attempts), (2, 2));
            let renewed = store.renew_item(&first.lease, LONG_MS).await;
            assert!(matches!(renewed, Err(StoreError::ItemFenced { .. })));
            store
                .finish_item(&second.lease, &json!({ "n": 1 }))
                .await
                .unwrap();
            let entry = TaskEntry::of_holder(&second.lease, working(1), at(1));
            let refused = store.append(&entry).await;
            assert!(matches!(refused, Err(StoreError::ItemFenced { .. })));
        })
        .await;
    }
}

#[tokio::test]
async fn a_claim_that_is_tried_again_takes_one_item_once() {
    for variable in BOTH {
        with_store(variable, "claim_again", async |store| {
            make(store, &["a", "b"]).await;
            let claimant = Claimant {
                owner: "w",
                ttl_ms: LONG_MS,
                claim: ObjectId::new(),
            };
            let again = async || claims::claim(&mut steps(store), &["crawl"], claimant).await;
            let first = again().await.unwrap().unwrap();
            let second = again().await.unwrap().unwrap();
            assert_eq!((&first.lease, &first.item), (&second.lease, &second.item));
            assert_eq!((first.item.n, first.item.attempts), (1, 1));
            let entry = TaskEntry::of_holder(&first.lease, working(1), at(1));
            store.append(&entry).await.unwrap().unwrap();
            assert_eq!(claim(store, "w", LONG_MS).await.unwrap().item.n, 2);
        })
        .await;
    }
}

#[tokio::test]
async fn a_database_of_version_2_gets_room_for_tasks() {
    for variable in BOTH {
        let (uri, options) = options(variable, "version_2").await;
        with_options(&uri, options.clone(), LIMITS, async |store| {
            for name in [
                "tasks",
                "task_events",
                "task_chunks",
                "work_items",
                "work_rights",
            ] {
                store
                    .database
                    .collection::<Document>(name)
                    .drop()
                    .await
                    .unwrap();
            }
            let meta = store.database.collection::<Document>("meta");
            let version = doc! { "$set": { "version": 2_i64 } };
            meta.update_one(doc! {}, version).await.unwrap();
            let opened = (0..4)
                .map(|_| MongoStore::open_with(&uri, options.clone(), LIMITS, OpenMode::Existing));
            for opened in join_all(opened).await {
                let stats = opened.unwrap().stats().await.unwrap();
                assert_eq!(stats.schema_version, SCHEMA_VERSION);
            }
            let names = tasks(store).list_index_names().await.unwrap();
            assert_eq!(names.len(), 5, "{names:?}");
            let mut again = new_task(&["a"]);
            again.items.push(item("b"));
            store.create_task(&again).await.unwrap();
            let entry = TaskEntry::new(&id(), working(1), at(1));
            let call = ObjectId::new();
            append::append(&mut steps(store), &entry, call)
                .await
                .unwrap();
        })
        .await;
    }
}
