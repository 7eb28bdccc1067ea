//! What is too large, too long, too deep or too many.

use catalog::{
    MAX_ENTRY_BYTES, MAX_JSON_DEPTH, MAX_TASK_BYTES, MAX_TASK_ITEMS, MAX_TASK_MESSAGES,
    MAX_TASK_NAME, NewItem, NewTask, StoreError, TaskChange, TaskEntry, TaskState, TaskStore,
};
use serde_json::{Value, json};

use crate::made_tasks::{
    append, artifact, crawls, entry, item, make, new_task, progress, says, shown, stored, take,
    task_id,
};

fn is_refused<T>(answer: &Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Failed { .. }))
}

fn too_large() -> Value {
    json!("x".repeat(MAX_ENTRY_BYTES))
}

fn result(part: Value) -> TaskChange {
    let mut artifact = artifact("a", &[]);
    artifact.parts.push(part);
    TaskChange::Artifact {
        artifact,
        appends: true,
        is_last: false,
    }
}

fn nested(depth: usize) -> Value {
    (0..depth).fold(json!(1), |inner, _| json!([inner]))
}

/// Entries that say `value` in each place that has room for it.
fn saying(value: &Value) -> Vec<TaskEntry> {
    let said = entry("t", progress(1), 5);
    let in_payload = NewItem {
        payload: value.clone(),
        ..item("crawl", "b.example")
    };
    let data = TaskChange::State {
        state: TaskState::Working,
        note: None,
        data: Some(value.clone()),
    };
    vec![
        entry("t", data, 5),
        entry("t", result(value.clone()), 5),
        TaskEntry {
            message: Some(value.clone()),
            ..said.clone()
        },
        TaskEntry {
            items: vec![in_payload],
            ..said
        },
    ]
}

async fn are_refused(tasks: &dyn TaskStore, value: &Value) {
    let before = shown(tasks, "t").await;
    for entry in saying(value) {
        assert!(is_refused(&tasks.append(&entry).await));
    }
    let taken = take(tasks, "one").await;
    let finished = tasks.finish_item(&taken.lease, value).await;
    assert!(is_refused(&finished));
    tasks.release_item(&taken.lease).await.unwrap();
    let after = shown(tasks, "t").await;
    assert_eq!(after.replace("attempts: 1", "attempts: 0"), before);
    let new = NewTask {
        message: value.clone(),
        ..new_task("u", vec![])
    };
    assert!(is_refused(&tasks.create_task(&new).await));
    assert_eq!(tasks.task(&task_id("u")).await.unwrap(), None);
}

pub(in super::super) async fn what_is_too_large_is_refused_whole(tasks: &dyn TaskStore) {
    make(tasks, &new_task("t", crawls(&["a.example"]))).await;
    are_refused(tasks, &too_large()).await;
    let large = json!("x".repeat(MAX_TASK_BYTES / 4 - 1_000));
    for _ in 0..4 {
        append(tasks, &entry("t", result(large.clone()), 5)).await;
    }
    let before = shown(tasks, "t").await;
    let one_more = entry("t", result(large.clone()), 5);
    assert!(is_refused(&tasks.append(&one_more).await));
    assert!(shown(tasks, "t").await == before, "too long to be shown");
    // What is large in other places can be replaced, and the task goes on.
    let mut small = entry("t", result(json!("small")), 5);
    if let TaskChange::Artifact { appends, .. } = &mut small.change {
        *appends = false;
    }
    append(tasks, &small).await;
    append(tasks, &entry("t", result(large), 5)).await;
}

pub(in super::super) async fn names_are_short(tasks: &dyn TaskStore) {
    let (fine, long) = ("x".repeat(MAX_TASK_NAME), "x".repeat(MAX_TASK_NAME + 1));
    let named = |name: &str, id: &str| NewTask {
        agent: name.into(),
        caller: name.into(),
        context: name.into(),
        items: vec![item(name, "a.example")],
        ..new_task(id, vec![])
    };
    let task = make(tasks, &named(&fine, &fine)).await;
    assert_eq!(stored(tasks, &fine).await, task);
    let new = || new_task("t", vec![]);
    for refused in [
        NewTask {
            agent: long.clone(),
            ..new()
        },
        NewTask {
            caller: long.clone(),
            ..new()
        },
        NewTask {
            context: long.clone(),
            ..new()
        },
        new_task("t", vec![item(&long, "a.example")]),
    ] {
        assert!(is_refused(&tasks.create_task(&refused).await));
    }
    make(tasks, &new()).await;
    let named = |id: &str| TaskChange::Artifact {
        artifact: artifact(id, &[]),
        appends: false,
        is_last: true,
    };
    append(tasks, &entry("t", named(&fine), 5)).await;
    let refused = tasks.append(&entry("t", named(&long), 5)).await;
    assert!(is_refused(&refused));
}

pub(in super::super) async fn a_task_has_a_bounded_number_of_messages_and_items(
    tasks: &dyn TaskStore,
) {
    let some = |n_items: usize| vec![item("crawl", "a.example"); n_items];
    let too_many = new_task("t", some(MAX_TASK_ITEMS + 1));
    assert!(is_refused(&tasks.create_task(&too_many).await));
    make(tasks, &new_task("t", some(MAX_TASK_ITEMS - 1))).await;
    let more = |n_items, message| TaskEntry {
        items: some(n_items),
        message,
        ..entry("t", says(TaskState::Working), 5)
    };
    assert!(is_refused(&tasks.append(&more(2, None)).await));
    append(tasks, &more(1, None)).await;
    assert!(is_refused(&tasks.append(&more(1, None)).await));
    for n in 1..MAX_TASK_MESSAGES {
        append(tasks, &more(0, Some(json!(n)))).await;
    }
    let before = stored(tasks, "t").await;
    assert_eq!(before.messages.len(), MAX_TASK_MESSAGES);
    assert!(is_refused(
        &tasks.append(&more(0, Some(json!("one more")))).await
    ));
    assert_eq!(stored(tasks, "t").await, before);
    let items = tasks.items(&before.id).await.unwrap();
    assert_eq!(items.len(), MAX_TASK_ITEMS);
}

pub(in super::super) async fn json_has_a_bounded_depth(tasks: &dyn TaskStore) {
    make(tasks, &new_task("t", crawls(&["a.example"]))).await;
    are_refused(tasks, &nested(MAX_JSON_DEPTH + 1)).await;
    for entry in saying(&nested(MAX_JSON_DEPTH)) {
        append(tasks, &entry).await;
    }
    let task = stored(tasks, "t").await;
    assert_eq!(task.messages[1], nested(MAX_JSON_DEPTH));
    let events = tasks.events(&task.id, 0, 99).await.unwrap();
    assert_eq!(events.len(), 5);
    let taken = take(tasks, "one").await;
    let result = nested(MAX_JSON_DEPTH);
    tasks.finish_item(&taken.lease, &result).await.unwrap();
    assert_eq!(tasks.items(&task.id).await.unwrap()[0].result, Some(result));
}
