//! New tasks, and requests that come twice.

use catalog::{
    CreatedTask, Idempotency, NewTask, TaskChange, TaskEvent, TaskFilter, TaskState, TaskStore,
    UnixMs,
};
use serde_json::{Value, json};

use crate::made::at;
use crate::made_tasks::{
    append, crawls, end, entry, item, last_item, make, new_task, progress, seqs, shown, stored,
    take, task_id,
};

const DAY: u64 = 86_400_000;

/// Texts that mean something to one database or the other.
const STRANGE: [&str; 8] = [
    "$where",
    "a.b",
    "{\"$gt\": \"\"}",
    "l'\u{e9}t\u{e9}",
    "'; DROP TABLE tasks; --",
    "a\0b",
    "a/b:c",
    "日本 \u{1f600}",
];

/// A request for a task with a key of the caller's.
fn request(name: &str, key: &str, hash: &str) -> NewTask {
    NewTask {
        idempotency: Some(Idempotency {
            key: key.into(),
            request_hash: hash.into(),
            kept_ms: DAY,
        }),
        ..new_task(name, crawls(&["a.example"]))
    }
}

pub(in super::super) async fn a_new_task_is_its_first_event(tasks: &dyn TaskStore) {
    let items = vec![item("crawl", "a.example"), last_item("crawl.close", "t")];
    let new = NewTask {
        note: Some("accepted".into()),
        ..new_task("t", items.clone())
    };
    let task = make(tasks, &new).await;
    assert_eq!((task.state, task.seq), (TaskState::Submitted, 1));
    assert_eq!((task.state_at, task.created_at), (at(0), at(0)));
    assert_eq!(task.note.as_deref(), Some("accepted"));
    assert_eq!(task.data, None);
    assert_eq!(task.messages, [new.message]);
    assert_eq!(task.artifacts, []);
    let names = [&task.agent, &task.caller, &task.context];
    assert_eq!(names, ["shopify", "caller", "context"]);
    assert_eq!(stored(tasks, "t").await, task);
    let event = TaskEvent {
        seq: 1,
        at: at(0),
        change: TaskChange::State {
            state: TaskState::Submitted,
            note: Some("accepted".into()),
            data: None,
        },
    };
    let events = tasks.events(&task.id, 0, 9).await.unwrap();
    assert_eq!(events, [event]);
    let kept = tasks.items(&task.id).await.unwrap();
    assert_eq!(kept.iter().map(|it| it.n).collect::<Vec<_>>(), [1, 2]);
    for (kept, given) in kept.iter().zip(&items) {
        assert_eq!((&kept.kind, &kept.key), (&given.kind, &given.key));
        assert_eq!(kept.payload, given.payload);
        assert_eq!((kept.is_last, kept.attempts), (given.is_last, 0));
        assert_eq!((&kept.task, &kept.result), (&task.id, &None));
    }
}

pub(in super::super) async fn a_task_that_is_stored_is_not_made_again(tasks: &dyn TaskStore) {
    make(tasks, &new_task("t", crawls(&["a.example"]))).await;
    append(tasks, &entry("t", progress(1), 5)).await;
    let before = shown(tasks, "t").await;
    let again = NewTask {
        message: json!("another"),
        ..request("t", "key", "hash")
    };
    let task = stored(tasks, "t").await;
    let created = tasks.create_task(&again).await.unwrap();
    assert_eq!(created, CreatedTask::Same(task));
    assert_eq!(shown(tasks, "t").await, before);
    make(tasks, &request("u", "key", "hash")).await;
}

pub(in super::super) async fn what_is_not_there_is_not_found(tasks: &dyn TaskStore) {
    let id = task_id("t");
    assert_eq!(tasks.task(&id).await.unwrap(), None);
    assert_eq!(tasks.events(&id, 0, 9).await.unwrap(), []);
    assert_eq!(tasks.items(&id).await.unwrap(), []);
    assert_eq!(tasks.chunk(&id, "a", 0).await.unwrap(), None);
    assert_eq!(tasks.claim(&["crawl"], "one", 0).await.unwrap(), None);
    assert_eq!(tasks.work_stats().await.unwrap(), []);
}

pub(in super::super) async fn a_task_can_be_over_when_it_is_made(tasks: &dyn TaskStore) {
    let new = NewTask {
        state: TaskState::Rejected,
        ..new_task("t", crawls(&["a.example"]))
    };
    assert_eq!(make(tasks, &new).await.state, TaskState::Rejected);
    assert_eq!(tasks.claim(&["crawl"], "one", 0).await.unwrap(), None);
}

pub(in super::super) async fn a_request_that_comes_again_is_the_same_task(tasks: &dyn TaskStore) {
    let first = make(tasks, &request("t", "key", "hash")).await;
    let again = NewTask {
        at: at(5),
        ..request("u", "key", "hash")
    };
    let created = tasks.create_task(&again).await.unwrap();
    assert_eq!(created, CreatedTask::Same(first));
    assert_eq!(tasks.task(&task_id("u")).await.unwrap(), None);
    assert_eq!(tasks.items(&task_id("u")).await.unwrap(), []);
    assert!(seqs(tasks, "u").await.is_empty());
    // Without a key, nothing is held against it.
    make(tasks, &new_task("v", vec![])).await;
    make(tasks, &new_task("w", vec![])).await;
}

pub(in super::super) async fn a_key_cannot_stand_for_two_requests(tasks: &dyn TaskStore) {
    make(tasks, &request("t", "key", "hash")).await;
    let other = tasks.create_task(&request("u", "key", "other")).await;
    assert_eq!(other.unwrap(), CreatedTask::KeyTaken);
    assert_eq!(tasks.task(&task_id("u")).await.unwrap(), None);
    make(tasks, &request("u", "other key", "other")).await;
}

pub(in super::super) async fn a_key_is_its_callers_own(tasks: &dyn TaskStore) {
    make(tasks, &request("t", "key", "hash")).await;
    let of_another = NewTask {
        caller: "another".into(),
        ..request("u", "key", "other")
    };
    make(tasks, &of_another).await;
}

pub(in super::super) async fn a_key_that_no_longer_holds_is_used_again(tasks: &dyn TaskStore) {
    make(tasks, &request("t", "key", "hash")).await;
    let at_age = |name: &str, hash: &str, age_ms: u64| NewTask {
        at: UnixMs::new(at(0).ms().saturating_add_unsigned(age_ms)),
        ..request(name, "key", hash)
    };
    let early = tasks.create_task(&at_age("u", "other", DAY - 1)).await;
    assert_eq!(early.unwrap(), CreatedTask::KeyTaken);
    make(tasks, &at_age("u", "other", DAY)).await;
    // It holds anew, for the newer request.
    let again = tasks.create_task(&at_age("v", "other", DAY + 1)).await;
    let newer = stored(tasks, "u").await;
    assert_eq!(again.unwrap(), CreatedTask::Same(newer));
    let old = tasks.create_task(&at_age("v", "hash", DAY + 1)).await;
    assert_eq!(old.unwrap(), CreatedTask::KeyTaken);
}

pub(in super::super) async fn the_same_request_finds_its_task_as_it_is_now(tasks: &dyn TaskStore) {
    make(tasks, &request("t", "key", "hash")).await;
    end(tasks, "t", TaskState::Completed, 5).await;
    let again = tasks.create_task(&request("u", "key", "hash")).await;
    let CreatedTask::Same(task) = again.unwrap() else {
        panic!("made again");
    };
    assert_eq!((task.state, task.seq), (TaskState::Completed, 2));
}

pub(in super::super) async fn what_agents_say_comes_back_as_it_was(tasks: &dyn TaskStore) {
    let mut deep = json!("end");
    for _ in 0..20 {
        deep = json!([{ "in": deep }]);
    }
    let said = json!({
        "$set": {"a.b": 1, "": null, "\0": "\0"},
        "numbers": [0, -1, 1.0, 0.1, 1e300, -0.0, i64::MIN, i64::MAX, u64::MAX],
        "texts": STRANGE,
        "deep": deep,
    });
    let mut new = new_task("t", crawls(&["a.example"]));
    new.message = said.clone();
    new.items[0].payload = said.clone();
    make(tasks, &new).await;
    let mut change = entry("t", progress(1), 5);
    change.message = Some(said.clone());
    let TaskChange::State { data, .. } = &mut change.change else {
        unreachable!("progress is a state");
    };
    *data = Some(said.clone());
    let event = append(tasks, &change).await;
    let task = stored(tasks, "t").await;
    assert_eq!(task.messages, [said.clone(), said.clone()]);
    assert_eq!(task.data.as_ref(), Some(&said));
    assert_eq!(tasks.events(&task.id, 1, 9).await.unwrap(), [event]);
    let taken = take(tasks, "one").await;
    assert_eq!((&taken.item.payload, &taken.task), (&said, &task));
    tasks.finish_item(&taken.lease, &said).await.unwrap();
    // What is done with null is done.
    let items = tasks.items(&task.id).await.unwrap();
    assert_eq!(items[0].result.as_ref(), Some(&said));
    make(tasks, &new_task("u", crawls(&["a.example"]))).await;
    let taken = take(tasks, "one").await;
    tasks.finish_item(&taken.lease, &Value::Null).await.unwrap();
    let items = tasks.items(&task_id("u")).await.unwrap();
    assert_eq!(items[0].result, Some(Value::Null));
}

pub(in super::super) async fn texts_are_only_text(tasks: &dyn TaskStore) {
    for (n, text) in STRANGE.iter().enumerate() {
        let name = format!("t{n}");
        let new = NewTask {
            agent: (*text).into(),
            caller: (*text).into(),
            context: (*text).into(),
            note: Some((*text).into()),
            ..request(&name, text, text)
        };
        let new = NewTask {
            items: vec![item(text, text)],
            ..new
        };
        let task = make(tasks, &new).await;
        assert_eq!(stored(tasks, &name).await, task);
        let filter = TaskFilter {
            caller: Some((*text).into()),
            context: Some((*text).into()),
            ..TaskFilter::default()
        };
        let page = tasks.tasks(&filter, None, 9, true).await.unwrap();
        assert_eq!((page.tasks, page.n_total), (vec![task], 1), "{text}");
        let taken = tasks.claim(&[text], text, 0).await.unwrap().unwrap();
        assert_eq!(taken.item.task.as_str(), name);
        assert_eq!(
            (taken.item.key, taken.lease.owner),
            (taken.item.kind, (*text).into())
        );
        let of_caller = NewTask {
            caller: (*text).into(),
            ..request("again", text, "other")
        };
        let again = tasks.create_task(&of_caller).await.unwrap();
        assert_eq!(again, CreatedTask::KeyTaken, "{text}");
    }
}
