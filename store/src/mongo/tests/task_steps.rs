//! Steps of tasks that are cut off, tried again, or meet others. What tasks promise, the contract says.

use catalog::{
    CreatedTask, ItemLease, NewItem, NewTask, StoreError, Task, TaskArtifact, TaskChange,
    TaskEntry, TaskEvent, TaskId, TaskState, TaskStore,
};
use futures_util::future::join_all;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, doc};
use serde_json::{Value, json};

use super::outages::with_proxy;
use super::proxy::Way;
use super::*;
use crate::mongo::steps::Steps;
use crate::mongo::tasks::{append, create};

pub(super) const BOTH: [&str; 2] = [REPLICA_SET, STANDALONE];

pub(super) fn id() -> TaskId {
    TaskId::new("t-1").unwrap()
}

pub(super) fn item(key: &str) -> NewItem {
    NewItem {
        kind: "crawl".to_owned(),
        key: key.to_owned(),
        payload: json!({ "shop": key }),
        is_last: false,
    }
}

pub(super) fn new_task(keys: &[&str]) -> NewTask {
    NewTask {
        id: id(),
        agent: "shopify".to_owned(),
        caller: "ann".to_owned(),
        context: "c".to_owned(),
        state: TaskState::Submitted,
        note: None,
        message: json!({ "text": "go" }),
        items: keys.iter().map(|key| item(key)).collect(),
        idempotency: None,
        at: at(0),
    }
}

pub(super) fn steps(store: &MongoStore) -> Steps<'_> {
    Steps::new(&store.database, None, LIMITS.answer)
}

pub(super) fn working(n: i64) -> TaskChange {
    TaskChange::State {
        state: TaskState::Working,
        note: None,
        data: Some(json!({ "n": n })),
    }
}

fn result(text: &str) -> TaskChange {
    TaskChange::Artifact {
        artifact: TaskArtifact {
            id: "result".to_owned(),
            name: None,
            description: None,
            parts: vec![Value::from(text)],
        },
        appends: true,
        is_last: false,
    }
}

pub(super) async fn make(store: &MongoStore, keys: &[&str]) -> Task {
    match store.create_task(&new_task(keys)).await.unwrap() {
        CreatedTask::New(task) => task,
        other => panic!("{other:?}"),
    }
}

pub(super) async fn seqs(store: &MongoStore, after: u64, limit: usize) -> Vec<u64> {
    let events = store.events(&id(), after, limit).await.unwrap();
    events.iter().map(|event| event.seq).collect()
}

pub(super) fn tasks(store: &MongoStore) -> mongodb::Collection<Document> {
    store.database.collection("tasks")
}

#[tokio::test]
async fn a_call_that_is_tried_again_writes_once() {
    for variable in BOTH {
        with_store(variable, "again", async |store| {
            let call = ObjectId::new();
            let new = new_task(&["a.example"]);
            for _ in 0..2 {
                let made = create::create(&mut steps(store), &new, call).await.unwrap();
                assert!(matches!(made, CreatedTask::New(_)));
            }
            let other = create::create(&mut steps(store), &new, ObjectId::new()).await;
            assert!(matches!(other.unwrap(), CreatedTask::Same(_)));

            let call = ObjectId::new();
            let mut entry = TaskEntry::new(&id(), result("a"), at(1));
            entry.message = Some(json!("more"));
            entry.items = vec![item("b.example")];
            let first = append::append(&mut steps(store), &entry, call).await;
            // Others write in between, and the event is moved away.
            for n in 0..70 {
                let entry = TaskEntry::new(&id(), working(n), at(2));
                store.append(&entry).await.unwrap().unwrap();
            }
            let second = append::append(&mut steps(store), &entry, call).await;
            let first = first.unwrap().unwrap();
            assert_eq!((first.seq, second.unwrap()), (2, Some(first)));
            let task = store.task(&id()).await.unwrap().unwrap();
            assert_eq!((task.seq, task.messages.len()), (72, 2));
            assert_eq!(task.artifacts[0].parts, ["a"]);
            assert_eq!(store.items(&id()).await.unwrap().len(), 2);
        })
        .await;
    }
}

#[tokio::test]
async fn entries_of_many_writers_are_numbered_without_gaps_wherever_they_stand() {
    for variable in BOTH {
        with_store(variable, "numbers", async |store| {
            make(store, &[]).await;
            let write = async |n: i64| {
                for k in 0..20 {
                    let entry = TaskEntry::new(&id(), working(n * 100 + k), at(k));
                    store.append(&entry).await.unwrap().unwrap();
                }
            };
            join_all((0..5).map(write)).await;
            let all: Vec<u64> = (1..=101).collect();
            assert_eq!(seqs(store, 0, 999).await, all);
            assert_eq!(seqs(store, 30, 10).await, all[30..40]);
            assert_eq!(seqs(store, 98, 10).await, all[98..]);
            assert!(seqs(store, u64::MAX, 10).await.is_empty());
            let stored = tasks(store).find_one(doc! {}).await.unwrap().unwrap();
            assert!(stored.get_array("recent").unwrap().len() <= 32);
        })
        .await;
    }
}

#[tokio::test]
async fn large_events_do_not_fill_their_task() {
    with_store(REPLICA_SET, "large", async |store| {
        make(store, &[]).await;
        for n in 0..12 {
            let mut entry = TaskEntry::new(&id(), working(n), at(n));
            if let TaskChange::State { data, .. } = &mut entry.change {
                *data = Some(Value::from("x".repeat(2_000_000)));
            }
            store.append(&entry).await.unwrap().unwrap();
        }
        assert_eq!(seqs(store, 0, 99).await.len(), 13);
    })
    .await;
}

#[tokio::test]
async fn an_entry_is_written_once_though_the_server_goes_away_in_the_middle() {
    for variable in BOTH {
        with_proxy(variable, "task_back", LIMITS, async |store, proxy| {
            make(store, &["a.example"]).await;
            let claimed = store.claim(&["crawl"], "w", 60_000).await.unwrap().unwrap();
            let entry = TaskEntry::of_holder(&claimed.lease, result("a"), at(1));
            proxy.way.send_replace(Way::Closed);
            let comes_back = async {
                proxy.has_turned_away().await;
                proxy.way.send_replace(Way::Open);
            };
            let (told, ()) = tokio::join!(store.append(&entry), comes_back);
            let expected = TaskEvent {
                seq: 2,
                at: at(1),
                change: result("a"),
            };
            assert_eq!(told.unwrap(), Some(expected));
            let task = store.task(&id()).await.unwrap().unwrap();
            assert_eq!(task.artifacts[0].parts, ["a"]);
        })
        .await;
    }
}

#[tokio::test]
async fn the_end_of_a_task_is_told_once_however_many_write_it() {
    for variable in BOTH {
        with_store(variable, "ends", async |store| {
            make(store, &["a.example"]).await;
            let end = |state| TaskChange::State {
                state,
                note: None,
                data: None,
            };
            let write = async |n: usize| {
                let state = [TaskState::Canceled, TaskState::Failed][n % 2];
                store
                    .append(&TaskEntry::new(&id(), end(state), at(1)))
                    .await
            };
            let told = join_all((0..6).map(write)).await;
            let n_told = told.iter().filter(|it| matches!(it, Ok(Some(_)))).count();
            assert_eq!(n_told, 1);
            for refused in told.into_iter().filter_map(Result::err) {
                assert!(matches!(refused, StoreError::TaskEnded { .. }), "{refused}");
            }
            assert_eq!(seqs(store, 0, 9).await, [1, 2]);
        })
        .await;
    }
}

/// Returns a lease that looks like `lease` and has another epoch.
pub(super) fn later(lease: &ItemLease) -> ItemLease {
    ItemLease {
        epoch: lease.epoch + 1,
        ..lease.clone()
    }
}
