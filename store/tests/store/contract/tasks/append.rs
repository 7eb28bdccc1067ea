//! What happens to a task, in which order, and what it makes of the task.

use std::collections::BTreeSet;

use catalog::{StoreError, TaskArtifact, TaskChange, TaskEntry, TaskHead, TaskState, TaskStore};
use serde_json::json;

use crate::made::at;
use crate::made_tasks::{
    append, artifact, crawls, end, entry, is_ended, is_unknown, item, make, new_task, progress,
    says, seqs, shown, stored, take, task_id,
};

fn result(id: &str, parts: &[&str], appends: bool) -> TaskChange {
    TaskChange::Artifact {
        artifact: artifact(id, parts),
        appends,
        is_last: false,
    }
}

pub(in super::super) async fn events_are_numbered_from_1_without_gaps(tasks: &dyn TaskStore) {
    for name in ["t", "u"] {
        make(tasks, &new_task(name, vec![])).await;
    }
    for n in 2..=20 {
        let event = append(tasks, &entry("t", progress(n), 0)).await;
        assert_eq!((event.seq, event.at), (n, at(0)));
    }
    assert_eq!(append(tasks, &entry("u", progress(1), 0)).await.seq, 2);
    assert_eq!(seqs(tasks, "t").await, (1..=20).collect::<Vec<_>>());
    assert_eq!(stored(tasks, "t").await.seq, 20);
}

pub(in super::super) async fn the_task_is_what_its_events_say(tasks: &dyn TaskStore) {
    make(tasks, &new_task("t", vec![])).await;
    append(tasks, &entry("t", progress(1), 5)).await;
    let task = stored(tasks, "t").await;
    assert_eq!((task.state, task.seq), (TaskState::Working, 2));
    assert_eq!((task.created_at, task.state_at), (at(0), at(5)));
    assert_eq!(task.note.as_deref(), Some("page 1"));
    assert_eq!(task.data, Some(json!({"page": 1})));
    end(tasks, "t", TaskState::Completed, 9).await;
    let task = stored(tasks, "t").await;
    assert_eq!((task.state, task.state_at), (TaskState::Completed, at(9)));
}

pub(in super::super) async fn the_newest_event_replaces_note_and_figures(tasks: &dyn TaskStore) {
    make(tasks, &new_task("t", vec![])).await;
    append(tasks, &entry("t", progress(1), 5)).await;
    append(tasks, &entry("t", says(TaskState::InputRequired), 6)).await;
    let task = stored(tasks, "t").await;
    assert_eq!((task.note, task.data), (None, None));
}

pub(in super::super) async fn artifacts_are_put_in_place_or_behind(tasks: &dyn TaskStore) {
    make(tasks, &new_task("t", vec![])).await;
    let named = TaskChange::Artifact {
        artifact: TaskArtifact {
            name: Some("Summary".into()),
            description: Some("counts".into()),
            ..artifact("a", &["1"])
        },
        appends: false,
        is_last: false,
    };
    for change in [
        named,
        result("b", &["2"], true),
        result("a", &["3", "4"], true),
        result("b", &["5"], false),
    ] {
        let event = append(tasks, &entry("t", change.clone(), 5)).await;
        assert_eq!(event.change, change);
    }
    let one = TaskArtifact {
        name: Some("Summary".into()),
        description: Some("counts".into()),
        ..artifact("a", &["1", "3", "4"])
    };
    let task = stored(tasks, "t").await;
    assert_eq!(task.artifacts, [one, artifact("b", &["5"])]);
    let renamed = TaskChange::Artifact {
        artifact: TaskArtifact {
            name: Some("All".into()),
            ..artifact("a", &[])
        },
        appends: true,
        is_last: true,
    };
    append(tasks, &entry("t", renamed, 6)).await;
    append(tasks, &entry("t", result("b", &[], false), 6)).await;
    let task = stored(tasks, "t").await;
    let names = [&task.artifacts[0].name, &task.artifacts[0].description];
    assert_eq!(names.map(Option::as_deref), [Some("All"), Some("counts")]);
    assert_eq!(task.artifacts[1], artifact("b", &[]));
}

pub(in super::super) async fn an_artifact_does_not_move_the_state(tasks: &dyn TaskStore) {
    make(tasks, &new_task("t", vec![])).await;
    append(tasks, &entry("t", progress(1), 5)).await;
    let before = stored(tasks, "t").await;
    append(tasks, &entry("t", result("a", &["1"], false), 9)).await;
    let after = stored(tasks, "t").await;
    assert_eq!(
        (after.state, after.state_at),
        (before.state, before.state_at)
    );
    assert_eq!((after.note, after.data), (before.note, before.data));
    assert_eq!(after.seq, before.seq + 1);
}

pub(in super::super) async fn messages_and_items_come_with_an_event(tasks: &dyn TaskStore) {
    let first = new_task("t", crawls(&["a.example"]));
    make(tasks, &first).await;
    let more = TaskEntry {
        message: Some(json!({"text": "and b"})),
        items: crawls(&["b.example", "c.example"]),
        ..entry("t", says(TaskState::Working), 5)
    };
    append(tasks, &more).await;
    let task = stored(tasks, "t").await;
    assert_eq!(task.messages, [first.message, json!({"text": "and b"})]);
    let items = tasks.items(&task.id).await.unwrap();
    let items: Vec<_> = items.iter().map(|it| (it.n, it.key.as_str())).collect();
    assert_eq!(
        items,
        [(1, "a.example"), (2, "b.example"), (3, "c.example")]
    );
}

pub(in super::super) async fn nothing_can_be_written_to_an_unknown_task(tasks: &dyn TaskStore) {
    let refused = tasks.append(&entry("t", progress(1), 5)).await;
    assert!(is_unknown(&refused, "t"));
    assert!(seqs(tasks, "t").await.is_empty());
}

pub(in super::super) async fn nothing_can_be_written_to_a_task_that_ended(tasks: &dyn TaskStore) {
    for state in TaskState::ALL.into_iter().filter(|it| it.is_terminal()) {
        let name = state.name();
        make(tasks, &new_task(name, crawls(&[name]))).await;
        let taken = take(tasks, "one").await;
        end(tasks, name, state, 5).await;
        let before = shown(tasks, name).await;
        let entries = [
            entry(name, progress(1), 6),
            entry(name, result("a", &["1"], false), 6),
            entry(name, says(state), 6),
            TaskEntry::of_holder(&taken.lease, progress(1), at(6)),
            TaskEntry {
                message: Some(json!("more")),
                items: vec![item("crawl", "more")],
                min_gap_ms: 500,
                ..entry(name, progress(1), 6)
            },
        ];
        for refused in entries {
            assert!(
                is_ended(&tasks.append(&refused).await, state),
                "{refused:?}"
            );
        }
        assert_eq!(shown(tasks, name).await, before);
    }
}

pub(in super::super) async fn an_event_too_close_behind_another_is_left_out(tasks: &dyn TaskStore) {
    make(tasks, &new_task("t", vec![])).await;
    let coalesced = |n, ms| TaskEntry {
        min_gap_ms: 500,
        ..entry("t", progress(n), ms)
    };
    append(tasks, &entry("t", progress(0), 0)).await;
    let before = shown(tasks, "t").await;
    assert_eq!(tasks.append(&coalesced(1, 499)).await.unwrap(), None);
    assert_eq!(shown(tasks, "t").await, before);
    assert_eq!(append(tasks, &coalesced(2, 500)).await.seq, 3);
    assert_eq!(tasks.append(&coalesced(3, 999)).await.unwrap(), None);
    // Any event counts, and one without a gap is never left out.
    append(tasks, &entry("t", result("a", &["1"], false), 999)).await;
    assert_eq!(tasks.append(&coalesced(4, 1_400)).await.unwrap(), None);
    append(tasks, &entry("t", progress(5), 1_400)).await;
    append(tasks, &entry("t", progress(6), 1_400)).await;
    assert_eq!(append(tasks, &coalesced(7, 1_900)).await.seq, 7);
    assert_eq!(seqs(tasks, "t").await, [1, 2, 3, 4, 5, 6, 7]);
    let left_out = tasks.append(&coalesced(8, 1_901)).await.unwrap();
    assert_eq!(left_out, None);
    assert_eq!(stored(tasks, "t").await.note.as_deref(), Some("page 7"));
}

pub(in super::super) async fn of_many_first_events_one_is_told(tasks: &dyn TaskStore) {
    make(tasks, &new_task("t", vec![])).await;
    let first = |n| TaskEntry {
        min_gap_ms: 500,
        ..entry("t", progress(n), 1)
    };
    assert_eq!(append(tasks, &first(1)).await.seq, 2);
    for n in 2..=16 {
        assert_eq!(tasks.append(&first(n)).await.unwrap(), None, "{n}");
    }
    assert_eq!(stored(tasks, "t").await.note.as_deref(), Some("page 1"));
}

pub(in super::super) async fn an_entry_for_an_earlier_event_is_refused_whole(
    tasks: &dyn TaskStore,
) {
    make(tasks, &new_task("t", vec![])).await;
    append(tasks, &entry("t", says(TaskState::InputRequired), 1)).await;
    let answer = |key| TaskEntry {
        message: Some(json!(key)),
        items: crawls(&[key]),
        only_at: Some(2),
        ..entry("t", says(TaskState::Submitted), 2)
    };
    // Two answers to one question.
    assert_eq!(append(tasks, &answer("a.example")).await.seq, 3);
    let before = shown(tasks, "t").await;
    let late = tasks.append(&answer("b.example")).await;
    assert!(
        matches!(late, Err(StoreError::TaskMoved { .. })),
        "{late:?}"
    );
    assert_eq!(shown(tasks, "t").await, before);
    assert_eq!(stored(tasks, "t").await.messages.len(), 2);
    assert_eq!(tasks.items(&task_id("t")).await.unwrap().len(), 1);
}

pub(in super::super) async fn what_belongs_to_an_event_that_is_left_out_is_written(
    tasks: &dyn TaskStore,
) {
    make(tasks, &new_task("t", vec![])).await;
    let left_out = TaskEntry {
        min_gap_ms: 500,
        message: Some(json!("more")),
        items: crawls(&["a.example"]),
        ..entry("t", result("a", &["1"], false), 1)
    };
    assert_eq!(tasks.append(&left_out).await.unwrap(), None);
    let task = stored(tasks, "t").await;
    assert_eq!((task.seq, task.artifacts.len()), (1, 0));
    assert_eq!(task.messages[1..], [json!("more")]);
    assert_eq!(take(tasks, "one").await.item.n, 1);
}

pub(in super::super) async fn clocks_that_differ_hold_no_event_back(tasks: &dyn TaskStore) {
    make(tasks, &new_task("t", vec![])).await;
    append(tasks, &entry("t", progress(1), 3_600_000)).await;
    let coalesced = |n, ms| TaskEntry {
        min_gap_ms: 500,
        ..entry("t", progress(n), ms)
    };
    // Also from a clock that is behind by far more than the gap: else two replicas would tell by turns.
    for ms in [3_599_600, 3_599_000, 3_540_100] {
        assert_eq!(tasks.append(&coalesced(2, ms)).await.unwrap(), None);
    }
    let event = append(tasks, &coalesced(3, 1_000)).await;
    assert_eq!((event.seq, event.at), (3, at(1_000)));
    assert_eq!(stored(tasks, "t").await.state_at, at(1_000));
}

pub(in super::super) async fn events_come_in_order_in_pages_of_any_size(tasks: &dyn TaskStore) {
    make(tasks, &new_task("t", vec![])).await;
    make(tasks, &new_task("u", vec![])).await;
    for n in 2..=7 {
        append(tasks, &entry("t", progress(n), 0)).await;
        append(tasks, &entry("u", progress(n), 0)).await;
    }
    let id = task_id("t");
    let all = tasks.events(&id, 0, 100).await.unwrap();
    assert_eq!(all.len(), 7);
    for limit in 1..=8 {
        let mut paged = vec![];
        loop {
            let after = paged
                .last()
                .map_or(0, |event: &catalog::TaskEvent| event.seq);
            let page = tasks.events(&id, after, limit).await.unwrap();
            let is_last = page.len() < limit;
            paged.extend(page);
            if is_last {
                break;
            }
        }
        assert_eq!(paged, all, "{limit}");
    }
    for after in [7, 8, u64::MAX] {
        assert_eq!(tasks.events(&id, after, 9).await.unwrap(), []);
    }
    assert_eq!(tasks.events(&id, 5, usize::MAX).await.unwrap(), all[5..]);
}

pub(in super::super) async fn heads_are_those_of_the_tasks_that_are_stored(tasks: &dyn TaskStore) {
    let mut ids = vec![];
    for n in 0..30 {
        let name = format!("t{n}");
        make(tasks, &new_task(&name, vec![])).await;
        ids.push(task_id(&name));
    }
    append(tasks, &entry("t3", progress(1), 0)).await;
    end(tasks, "t4", TaskState::Failed, 0).await;
    assert_eq!(tasks.task_heads(&[]).await.unwrap(), []);
    ids.extend((0..500).map(|n| task_id(&format!("unknown{n}"))));
    ids.push(task_id("t3"));
    let heads = tasks.task_heads(&ids).await.unwrap();
    assert_eq!(heads.len(), 30, "each once");
    let names: BTreeSet<&str> = heads.iter().map(|head| head.id.as_str()).collect();
    assert_eq!(names.len(), 30);
    for (name, state, seq) in [
        ("t0", TaskState::Submitted, 1),
        ("t3", TaskState::Working, 2),
        ("t4", TaskState::Failed, 2),
    ] {
        let id = task_id(name);
        assert!(heads.contains(&TaskHead { id, state, seq }));
    }
}
