//! What is special about tasks in a SQLite file: other processes, damage.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use catalog::{
    Idempotency, MeterLimits, MeterStep, NewTask, StoreError, TaskChange, TaskFilter, TaskState,
    TaskStore, UnixMs,
};
use futures_util::future::join_all;
use rusqlite::Connection;
use serde_json::json;
use store::{OpenMode, open_with_tasks};
use tempfile::TempDir;

use crate::live::Opened;
use crate::made::at;
use crate::made_tasks::{
    HOUR, append, artifact, claim, crawls, entry, make, new_task, place, progress, says, seqs,
    shown, take, task_id,
};
use crate::sqlite::file;

async fn open(path: &Path, mode: OpenMode) -> Result<Opened, StoreError> {
    open_with_tasks(&format!("sqlite:{}", path.display()), mode).await
}

/// A closed store with one task of two items, of which one is taken, with an artifact in one chunk.
async fn filled() -> (TempDir, PathBuf) {
    let (folder, path) = file();
    let (_, tasks) = open(&path, OpenMode::Create).await.unwrap();
    make(&*tasks, &request("t")).await;
    let holder = take(&*tasks, "one").await.lease;
    let result = TaskChange::Artifact {
        artifact: artifact("a", &["1"]),
        appends: false,
        is_last: true,
    };
    append(&*tasks, &entry("t", result, 1)).await;
    append(&*tasks, &entry("t", progress(1), 2)).await;
    tasks.put_chunk(&holder, "a", 0, vec![1]).await.unwrap();
    tasks.release_item(&holder).await.unwrap();
    (folder, path)
}

fn request(name: &str) -> NewTask {
    NewTask {
        idempotency: Some(Idempotency {
            key: "key".into(),
            request_hash: "hash".into(),
            kept_ms: HOUR,
        }),
        ..new_task(name, crawls(&["a.example", "b.example"]))
    }
}

#[tokio::test]
async fn a_reopened_file_holds_the_same_tasks() {
    let (_folder, path) = filled().await;
    let mut states = BTreeSet::new();
    for mode in [OpenMode::Existing, OpenMode::Create, OpenMode::Existing] {
        let (_, tasks) = open(&path, mode).await.unwrap();
        states.insert(shown(&*tasks, "t").await);
        let chunk = tasks.chunk(&task_id("t"), "a", 0).await.unwrap();
        assert_eq!(chunk, Some(vec![1]));
    }
    assert_eq!(states.len(), 1, "{states:?}");
}

#[tokio::test]
async fn writers_of_two_stores_number_one_tasks_events_without_gaps() {
    let (_folder, path) = filled().await;
    let one = open(&path, OpenMode::Existing).await.unwrap();
    let two = open(&path, OpenMode::Existing).await.unwrap();
    let write = async |tasks: &dyn TaskStore| {
        for n in 0..10 {
            append(tasks, &entry("t", progress(n), 5)).await;
        }
    };
    let writers = [&one, &two, &one, &two, &one, &two, &one, &two];
    join_all(writers.map(|(_, tasks)| write(&**tasks))).await;
    for (_, tasks) in [one, two] {
        assert_eq!(seqs(&*tasks, "t").await, (1..=83).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn of_many_stores_on_one_file_one_gets_each_item() {
    let (_folder, path) = filled().await;
    let mut stores = vec![];
    for _ in 0..4 {
        stores.push(open(&path, OpenMode::Existing).await.unwrap());
    }
    let keys: Vec<String> = (0..38).map(|n| n.to_string()).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    make(&*stores[0].1, &new_task("u", crawls(&keys))).await;
    let work = async |tasks: &dyn TaskStore| {
        let mut taken = vec![];
        while let Some(it) = tasks.claim(&["crawl"], "one", HOUR).await.unwrap() {
            taken.push(it.item);
        }
        taken
    };
    let taken = join_all(stores.iter().map(|(_, tasks)| work(&**tasks))).await;
    let taken: Vec<_> = taken.into_iter().flatten().collect();
    let places: BTreeSet<_> = taken.iter().map(place).collect();
    assert_eq!((taken.len(), places.len()), (40, 40));
}

/// Tries everything; returns the first damage that is reported.
async fn first_damage(tasks: &dyn TaskStore) -> Option<StoreError> {
    let id = task_id("t");
    let all = TaskFilter::default();
    let mut answers = vec![
        tasks.task(&id).await.err(),
        tasks.tasks(&all, None, 9, true).await.err(),
        tasks.task_heads(std::slice::from_ref(&id)).await.err(),
        tasks.events(&id, 0, 9).await.err(),
        tasks.items(&id).await.err(),
        tasks.chunk(&id, "a", 0).await.err(),
        tasks.work_stats().await.err(),
        tasks
            .meter(&id, &MeterStep::default(), &MeterLimits::default())
            .await
            .err(),
        tasks.create_task(&request("u")).await.err(),
    ];
    let claimed = tasks.claim(&["crawl"], "one", 0).await;
    if let Ok(Some(it)) = &claimed {
        answers.push(tasks.renew_item(&it.lease, 0).await.err());
        let chunk = tasks.put_chunk(&it.lease, "a", 0, vec![1]).await;
        answers.push(chunk.err());
        let finished = tasks.finish_item(&it.lease, &json!(1)).await;
        answers.push(finished.err());
    }
    answers.push(claimed.err());
    let more = entry("t", progress(1), 9);
    answers.push(tasks.append(&more).await.err());
    answers.push(tasks.forget_tasks(UnixMs::new(0), 9).await.err());
    let is_damage = |it: &StoreError| matches!(it, StoreError::Damaged { .. });
    answers.into_iter().flatten().find(is_damage)
}

#[tokio::test]
async fn damaged_tasks_are_errors_that_name_the_store() {
    for damage in [
        "UPDATE tasks SET state = 'tired'",
        "UPDATE tasks SET seq = -1",
        "UPDATE tasks SET data = '{'",
        "UPDATE tasks SET agent = CAST(x'ff' AS TEXT)",
        "UPDATE tasks SET id = 'a b'",
        "UPDATE task_bodies SET messages = '{}'",
        "UPDATE task_bodies SET artifacts = '[1]'",
        "DELETE FROM task_bodies",
        "UPDATE task_events SET change = '{\"change\":\"weather\"}'",
        "UPDATE task_keys SET task = 'u'",
        "UPDATE work_items SET payload = '['",
        "UPDATE work_items SET result = ''",
        "UPDATE work_items SET attempts = -1",
        "UPDATE work_items SET failures = -1",
        "UPDATE work_items SET n = -n",
        "INSERT INTO task_meters VALUES ('t', 1, -1, 0, 0)",
    ] {
        let (_folder, path) = filled().await;
        let raw = Connection::open(&path).unwrap();
        raw.execute_batch(damage).unwrap();
        drop(raw);
        let (store, tasks) = open(&path, OpenMode::Existing).await.unwrap();
        let error = first_damage(&*tasks).await;
        let names_the_store = matches!(
            &error,
            Some(StoreError::Damaged { location, .. }) if location == store.location()
        );
        assert!(names_the_store, "{damage}: {error:?}");
    }
    let (_folder, path) = filled().await;
    let (_, tasks) = open(&path, OpenMode::Existing).await.unwrap();
    assert_eq!(first_damage(&*tasks).await.map(|it| it.to_string()), None);
}

#[tokio::test]
async fn an_item_that_cannot_be_read_keeps_nobody_from_the_others() {
    for damage in [
        "UPDATE work_items SET payload = '[' WHERE n = 1",
        "UPDATE work_items SET attempts = -7 WHERE n = 1",
        "UPDATE work_items SET epoch = -7 WHERE n = 1",
    ] {
        let (_folder, path) = file();
        let (_, tasks) = open(&path, OpenMode::Create).await.unwrap();
        make(&*tasks, &new_task("t", crawls(&["a", "b"]))).await;
        let raw = Connection::open(&path).unwrap();
        raw.execute_batch(damage).unwrap();
        assert_eq!(take(&*tasks, "one").await.item.n, 2);
        assert_eq!(claim(&*tasks, "one", HOUR).await, None);
    }
}

#[tokio::test]
async fn overwritten_pages_of_a_file_with_tasks_never_panic() {
    let (_folder, path) = filled().await;
    let whole = fs::read(&path).unwrap();
    for page in 1..whole.len() / 4096 {
        let mut damaged = whole.clone();
        damaged[page * 4096..][..2048].fill(0xa5);
        fs::write(&path, &damaged).unwrap();
        let Ok((_, tasks)) = open(&path, OpenMode::Existing).await else {
            continue;
        };
        first_damage(&*tasks).await;
        let end = entry("t", says(TaskState::Failed), 9);
        tasks.append(&end).await.ok();
        tasks.forget_tasks(at(99), 9).await.ok();
    }
}
