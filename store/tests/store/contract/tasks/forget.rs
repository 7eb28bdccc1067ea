//! Tasks that are forgotten.

use catalog::{CreatedTask, Idempotency, NewTask, TaskFilter, TaskState, TaskStore};

use crate::made::at;
use crate::made_tasks::{
    append, claim, crawls, end, entry, is_fenced, make, new_task, progress, says, seqs, shown,
    take, task_id,
};

async fn names(tasks: &dyn TaskStore) -> Vec<String> {
    let page = tasks.tasks(&TaskFilter::default(), None, 99, false).await;
    let tasks = page.unwrap().tasks;
    tasks.into_iter().map(|task| task.id.into()).collect()
}

pub(in super::super) async fn old_tasks_that_ended_are_forgotten_with_all_that_is_theirs(
    tasks: &dyn TaskStore,
) {
    for name in ["t", "u"] {
        make(tasks, &new_task(name, crawls(&[name, "other"]))).await;
    }
    let of_t = take(tasks, "one").await.lease;
    tasks.put_chunk(&of_t, "a", 0, vec![1]).await.unwrap();
    append(tasks, &entry("t", progress(1), 1)).await;
    end(tasks, "t", TaskState::Completed, 5).await;
    let other = shown(tasks, "u").await;
    assert_eq!(tasks.forget_tasks(at(6), 99).await.unwrap(), 1);
    let id = task_id("t");
    assert_eq!(tasks.task(&id).await.unwrap(), None);
    assert!(seqs(tasks, "t").await.is_empty());
    assert_eq!(tasks.items(&id).await.unwrap(), []);
    assert_eq!(tasks.chunk(&id, "a", 0).await.unwrap(), None);
    assert_eq!(
        tasks.task_heads(std::slice::from_ref(&id)).await.unwrap(),
        []
    );
    assert!(is_fenced(&tasks.renew_item(&of_t, 9).await, &of_t));
    assert_eq!(shown(tasks, "u").await, other);
    assert_eq!(tasks.forget_tasks(at(6), 99).await.unwrap(), 0);
    // The name is free, and nothing of the one before comes back.
    make(tasks, &new_task("t", vec![])).await;
    assert_eq!(seqs(tasks, "t").await, [1]);
    assert_eq!(tasks.items(&id).await.unwrap(), []);
    assert_eq!(take(tasks, "one").await.item.task, task_id("u"));
}

pub(in super::super) async fn what_goes_on_or_is_younger_stays(tasks: &dyn TaskStore) {
    for state in TaskState::ALL {
        let name = state.name();
        make(tasks, &new_task(name, vec![])).await;
        append(tasks, &entry(name, says(state), 5)).await;
    }
    assert_eq!(tasks.forget_tasks(at(5), 99).await.unwrap(), 0);
    assert_eq!(tasks.forget_tasks(at(6), 99).await.unwrap(), 4);
    let mut left = names(tasks).await;
    left.sort_unstable();
    let expected = ["auth_required", "input_required", "submitted", "working"];
    assert_eq!(left, expected);
}

pub(in super::super) async fn the_oldest_are_forgotten_first(tasks: &dyn TaskStore) {
    for (name, ended) in [("t", 3), ("u", 1), ("v", 4), ("w", 2)] {
        make(tasks, &new_task(name, vec![])).await;
        end(tasks, name, TaskState::Failed, ended).await;
    }
    assert_eq!(tasks.forget_tasks(at(9), 0).await.unwrap(), 0);
    assert_eq!(tasks.forget_tasks(at(9), 2).await.unwrap(), 2);
    assert_eq!(names(tasks).await, ["v", "t"]);
    assert_eq!(tasks.forget_tasks(at(9), 9).await.unwrap(), 2);
    assert!(names(tasks).await.is_empty());
}

pub(in super::super) async fn a_forgotten_task_frees_its_key(tasks: &dyn TaskStore) {
    let request = |name: &str, hash: &str| NewTask {
        idempotency: Some(Idempotency {
            key: "key".into(),
            request_hash: hash.into(),
            kept_ms: 1_000,
        }),
        ..new_task(name, vec![])
    };
    make(tasks, &request("t", "hash")).await;
    end(tasks, "t", TaskState::Completed, 5).await;
    let taken = tasks.create_task(&request("u", "other")).await.unwrap();
    assert_eq!(taken, CreatedTask::KeyTaken);
    tasks.forget_tasks(at(6), 9).await.unwrap();
    make(tasks, &request("u", "other")).await;
    assert_eq!(claim(tasks, "one", 0).await, None);
}
