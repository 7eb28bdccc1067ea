//! The events of a task: the newest stand in the task itself, the others beside it.

use catalog::{TaskEvent, TaskId};
use mongodb::bson::{RawDocumentBuf, doc};

use super::document::{StoredEvent, StoredTask, event_key};
use crate::mongo::decode::fields;
use crate::mongo::fault::Fault;
use crate::mongo::product::{date, whole};
use crate::mongo::steps::{FindArgs, Steps, Update};

/// Events that stand in their task.
const MAX_RECENT: usize = 32;

/// The bytes of those events. One more event may come to them, and the document stays far below 16 MB.
const MAX_RECENT_BYTES: u64 = 1 << 18;

/// Returns whether events must be moved out of their task before one more comes.
pub(super) fn is_long(recent: &[StoredEvent]) -> bool {
    let bytes: u64 = recent.iter().map(|it| it.size).sum();
    recent.len() >= MAX_RECENT || bytes > MAX_RECENT_BYTES
}

/// Moves the events of a task to `task_events`: stored there first, so that a reader who looks at the task first
/// finds each in one place at least.
pub(super) async fn move_events(steps: &mut Steps<'_>, task: &TaskId) -> Result<(), Fault> {
    let recent = recent(steps, task).await?;
    let Some(last) = recent.last().map(|it| it.seq) else {
        return Ok(());
    };
    let mut updates = Vec::with_capacity(recent.len());
    for event in recent {
        let at = event.at.map(|it| date(it.0));
        let key = event_key(task, event.seq);
        let document = RawDocumentBuf::try_from(&doc! {
            "_id": &key,
            "seq": whole(event.seq),
            "at": at,
            "change": event.change,
        })?;
        updates.push(Update::put(&key, &document));
    }
    steps.update("task_events", updates).await?;
    let moved = doc! { "$pull": { "recent": { "seq": { "$lte": whole(last) } } } };
    let moved = Update::one(doc! { "_id": task.as_str() }, moved)?;
    steps.update("tasks", vec![moved]).await?;
    Ok(())
}

pub(super) async fn events(
    steps: &mut Steps<'_>,
    task: &TaskId,
    after: u64,
    limit: usize,
) -> Result<Vec<TaskEvent>, Fault> {
    let recent = recent(steps, task).await?;
    let next = after.saturating_add(1);
    let has_next = recent.first().is_some_and(|first| first.seq <= next);
    let mut events = if has_next {
        Vec::new()
    } else {
        moved_events(steps, task, after, limit).await?
    };
    let last = events.last().map_or(after, |event| event.seq);
    for event in recent.into_iter().filter(|event| event.seq > last) {
        events.push(event.into_event()?);
    }
    events.truncate(limit);
    Ok(events)
}

async fn recent(steps: &mut Steps<'_>, task: &TaskId) -> Result<Vec<StoredEvent>, Fault> {
    let wanted = doc! { "state": 1, "seq": 1, "recent": 1 };
    let named = doc! { "_id": task.as_str() };
    match steps.find_one("tasks", named, Some(wanted)).await? {
        Some(found) => Ok(StoredTask::read(&found)?.recent),
        None => Ok(Vec::new()),
    }
}

async fn moved_events(
    steps: &mut Steps<'_>,
    task: &TaskId,
    after: u64,
    limit: usize,
) -> Result<Vec<TaskEvent>, Fault> {
    let args = FindArgs {
        sort: Some(doc! { "_id": 1 }),
        limit: Some(limit),
        ..FindArgs::default()
    };
    let range = doc! { "_id": { "$gt": event_key(task, after), "$lt": format!("{task}!") } };
    let found = steps.find("task_events", range, args).await?;
    let read = |document: &RawDocumentBuf| {
        let event: StoredEvent = fields(document, "an event of a task")?;
        event.into_event()
    };
    found.iter().map(read).collect()
}
