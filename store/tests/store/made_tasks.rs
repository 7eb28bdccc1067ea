//! Tasks, entries and items to store, and short ways to store them.

use std::fmt::Write;

use catalog::{
    ClaimedItem, CreatedTask, ItemLease, NewItem, NewTask, StoreError, Task, TaskArtifact,
    TaskChange, TaskEntry, TaskEvent, TaskId, TaskState, TaskStore, WorkItem,
};
use serde_json::json;

use crate::made::at;

pub(crate) const HOUR: u64 = 3_600_000;

/// The kind of most items.
pub(crate) const CRAWL: &str = "crawl";

pub(crate) fn task_id(name: &str) -> TaskId {
    TaskId::new(name).unwrap()
}

/// A task of one caller, asked for at `at(0)`.
pub(crate) fn new_task(name: &str, items: Vec<NewItem>) -> NewTask {
    NewTask {
        id: task_id(name),
        agent: "shopify".into(),
        caller: "caller".into(),
        context: "context".into(),
        state: TaskState::Submitted,
        note: None,
        message: json!({"text": format!("do {name}")}),
        items,
        idempotency: None,
        at: at(0),
    }
}

pub(crate) fn item(kind: &str, key: &str) -> NewItem {
    NewItem {
        kind: kind.into(),
        key: key.into(),
        payload: json!({"key": key, "rate": 1.5}),
        is_last: false,
    }
}

pub(crate) fn last_item(kind: &str, key: &str) -> NewItem {
    NewItem {
        is_last: true,
        ..item(kind, key)
    }
}

/// Items of one kind, one for each key.
pub(crate) fn crawls(keys: &[&str]) -> Vec<NewItem> {
    keys.iter().map(|key| item(CRAWL, key)).collect()
}

pub(crate) async fn make(tasks: &dyn TaskStore, new: &NewTask) -> Task {
    match tasks.create_task(new).await.unwrap() {
        CreatedTask::New(task) => task,
        other => panic!("not new: {other:?}"),
    }
}

pub(crate) async fn stored(tasks: &dyn TaskStore, name: &str) -> Task {
    tasks.task(&task_id(name)).await.unwrap().unwrap()
}

pub(crate) fn says(state: TaskState) -> TaskChange {
    TaskChange::State {
        state,
        note: None,
        data: None,
    }
}

/// A word on the progress of a task.
pub(crate) fn progress(n: u64) -> TaskChange {
    TaskChange::State {
        state: TaskState::Working,
        note: Some(format!("page {n}")),
        data: Some(json!({"page": n})),
    }
}

pub(crate) fn artifact(id: &str, parts: &[&str]) -> TaskArtifact {
    TaskArtifact {
        id: id.into(),
        name: None,
        description: None,
        parts: parts.iter().map(|part| json!({"text": part})).collect(),
    }
}

/// An entry of the task's caller at `at(ms)`.
pub(crate) fn entry(name: &str, change: TaskChange, ms: i64) -> TaskEntry {
    TaskEntry::new(&task_id(name), change, at(ms))
}

pub(crate) async fn append(tasks: &dyn TaskStore, entry: &TaskEntry) -> TaskEvent {
    tasks.append(entry).await.unwrap().unwrap()
}

/// Ends a task at `at(ms)`.
pub(crate) async fn end(tasks: &dyn TaskStore, name: &str, state: TaskState, ms: i64) {
    append(tasks, &entry(name, says(state), ms)).await;
}

/// Takes the next item of the kind [`CRAWL`].
pub(crate) async fn claim(tasks: &dyn TaskStore, owner: &str, ttl_ms: u64) -> Option<ClaimedItem> {
    tasks.claim(&[CRAWL], owner, ttl_ms).await.unwrap()
}

/// Takes the next item of the kind [`CRAWL`], which there must be, for longer than the test takes.
pub(crate) async fn take(tasks: &dyn TaskStore, owner: &str) -> ClaimedItem {
    claim(tasks, owner, HOUR).await.unwrap()
}

pub(crate) async fn finish(tasks: &dyn TaskStore, lease: &ItemLease) {
    tasks.finish_item(lease, &json!("done")).await.unwrap();
}

/// The task and the number of an item.
pub(crate) fn place(item: &WorkItem) -> (&str, u32) {
    (item.task.as_str(), item.n)
}

pub(crate) fn is_fenced<T>(answer: &Result<T, StoreError>, lease: &ItemLease) -> bool {
    matches!(answer, Err(StoreError::ItemFenced { task, n })
        if *task == lease.task && *n == lease.n)
}

pub(crate) fn is_ended<T>(answer: &Result<T, StoreError>, ended_as: TaskState) -> bool {
    matches!(answer, Err(StoreError::TaskEnded { state, .. }) if *state == ended_as)
}

pub(crate) fn is_unknown<T>(answer: &Result<T, StoreError>, name: &str) -> bool {
    matches!(answer, Err(StoreError::UnknownTask { task }) if task.as_str() == name)
}

/// The numbers of a task's events.
pub(crate) async fn seqs(tasks: &dyn TaskStore, name: &str) -> Vec<u64> {
    let events = tasks.events(&task_id(name), 0, 10_000).await.unwrap();
    events.iter().map(|event| event.seq).collect()
}

/// Everything that a store shows of a task, as text to compare.
pub(crate) async fn shown(tasks: &dyn TaskStore, name: &str) -> String {
    let id = task_id(name);
    let mut shown = String::new();
    writeln!(shown, "{:?}", tasks.task(&id).await.unwrap()).unwrap();
    for event in tasks.events(&id, 0, 10_000).await.unwrap() {
        writeln!(shown, "{event:?}").unwrap();
    }
    for item in tasks.items(&id).await.unwrap() {
        writeln!(shown, "{item:?}").unwrap();
    }
    shown
}
