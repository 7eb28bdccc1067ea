//! Many at once.

use std::collections::BTreeSet;

use catalog::{
    ClaimedItem, CreatedTask, Idempotency, NewTask, StoreError, TaskEntry, TaskState, TaskStore,
};
use futures_util::future::join_all;

use crate::made::at;
use crate::made_tasks::{
    HOUR, append, crawls, entry, finish, is_ended, make, new_task, place, progress, says, seqs,
    take,
};

pub(in super::super) async fn appends_at_once_are_numbered_without_gaps(tasks: &dyn TaskStore) {
    let keys: Vec<String> = (0..8).map(|n| n.to_string()).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    make(tasks, &new_task("t", crawls(&keys))).await;
    let mut holders = vec![];
    for key in keys {
        holders.push(take(tasks, key).await.lease);
    }
    let write = async |holder| {
        let mut written = vec![];
        for n in 0..10 {
            let entry = TaskEntry::of_holder(holder, progress(n), at(1));
            written.push(append(tasks, &entry).await.seq);
        }
        written
    };
    let written = join_all(holders.iter().map(write)).await;
    for of_one in &written {
        assert!(of_one.is_sorted());
    }
    let numbers: BTreeSet<u64> = written.into_iter().flatten().collect();
    assert_eq!(numbers, (2..=81).collect());
    assert_eq!(seqs(tasks, "t").await, (1..=81).collect::<Vec<_>>());
}

pub(in super::super) async fn no_item_is_taken_twice(tasks: &dyn TaskStore) {
    let keys: Vec<String> = (0..40).map(|n| n.to_string()).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    for (name, keys) in [("t", &keys[..20]), ("u", &keys[20..])] {
        make(tasks, &new_task(name, crawls(keys))).await;
    }
    let work = async |owner: String| {
        let mut taken: Vec<ClaimedItem> = vec![];
        // Another may have been quicker, so that nothing is left.
        while let Some(it) = tasks.claim(&["crawl"], &owner, HOUR).await.unwrap() {
            if taken.len().is_multiple_of(2) {
                finish(tasks, &it.lease).await;
            }
            taken.push(it);
        }
        taken
    };
    let taken = join_all((0..8).map(|n| work(format!("owner {n}")))).await;
    let taken: Vec<ClaimedItem> = taken.into_iter().flatten().collect();
    assert_eq!(taken.len(), 40);
    let places: BTreeSet<_> = taken.iter().map(|it| place(&it.item)).collect();
    assert_eq!(places.len(), 40);
    assert!(taken.iter().all(|it| it.lease.epoch == 1));
}

pub(in super::super) async fn of_many_requests_with_one_key_one_makes_a_task(
    tasks: &dyn TaskStore,
) {
    for round in 0..5 {
        let request = |n: usize| NewTask {
            idempotency: Some(Idempotency {
                key: format!("key {round}"),
                request_hash: "hash".into(),
                kept_ms: HOUR,
            }),
            ..new_task(&format!("t{round}-{n}"), crawls(&["a"]))
        };
        let requests: Vec<NewTask> = (0..8).map(request).collect();
        let created = join_all(requests.iter().map(|it| tasks.create_task(it))).await;
        let mut ids = BTreeSet::new();
        let mut n_new = 0;
        for created in created {
            match created.unwrap() {
                CreatedTask::New(task) => {
                    n_new += 1;
                    ids.insert(task.id);
                }
                CreatedTask::Same(task) => {
                    ids.insert(task.id);
                }
                CreatedTask::KeyTaken => panic!("another request"),
            }
        }
        assert_eq!((n_new, ids.len()), (1, 1));
    }
}

pub(in super::super) async fn of_many_that_end_a_task_one_does(tasks: &dyn TaskStore) {
    make(tasks, &new_task("t", crawls(&["a"]))).await;
    let ends: Vec<TaskEntry> = [
        TaskState::Canceled,
        TaskState::Completed,
        TaskState::Failed,
        TaskState::Canceled,
    ]
    .into_iter()
    .map(|state| entry("t", says(state), 5))
    .collect();
    let ended = join_all(ends.iter().map(|it| tasks.append(it))).await;
    let task = tasks.task(&ends[0].task).await.unwrap().unwrap();
    let n_written = ended.iter().filter(|it| it.is_ok()).count();
    assert_eq!((n_written, task.seq), (1, 2));
    for refused in ended.iter().filter(|it| it.is_err()) {
        assert!(is_ended(refused, task.state));
    }
}

pub(in super::super) async fn of_two_holders_of_one_key_one_works(tasks: &dyn TaskStore) {
    for n in 0..20 {
        make(tasks, &new_task(&format!("t{n}"), crawls(&["same"]))).await;
    }
    for _ in 0..10 {
        let owners: Vec<String> = (0..8).map(|n| format!("owner {n}")).collect();
        let claims = owners.iter().map(|it| tasks.claim(&["crawl"], it, HOUR));
        let claims: Vec<Result<_, StoreError>> = join_all(claims).await;
        let taken: Vec<ClaimedItem> = claims.into_iter().filter_map(Result::unwrap).collect();
        assert_eq!(taken.len(), 1, "{taken:?}");
        finish(tasks, &taken[0].lease).await;
    }
}
