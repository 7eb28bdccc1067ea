//! Writes what happens to a task: one step on its document, which another writer makes to be worked out again.
//!
//! Read, work out, and write to what was read: plain operators, which every server understands, and the same rules
//! as on the other database. Two that meet cost one of them a second try.

use catalog::{ItemLease, TaskChange, TaskEntry, TaskEvent, TaskId};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document, doc};

use super::document::{StoredTask, encode_event, held_by, json, state_fields};
use super::events::{is_long, move_events};
use super::items::{close_items, encode_new_items, move_items};
use crate::mongo::fault::Fault;
use crate::mongo::product::{date, whole};
use crate::mongo::steps::{Steps, Update};
use crate::task_rules::{self, TaskFault};

/// Tries before others are given a moment.
const MAX_TRIES: u32 = 16;

/// Calls that a task remembers. At two events a second, far more than the time for which a call is tried again.
const MAX_CALLS: i32 = 128;

/// Writes an entry; the same `call` again writes nothing more, and comes to the same.
pub(in crate::mongo) async fn append(
    steps: &mut Steps<'_>,
    entry: &TaskEntry,
    call: ObjectId,
) -> Result<Option<TaskEvent>, Fault> {
    task_rules::check_entry(entry).map_err(Fault::Failed)?;
    let event = tell(steps, entry, call).await?;
    if !entry.items.is_empty() {
        move_items(steps, &entry.task).await?;
    }
    if let Some(TaskChange::State { state, .. }) = event.as_ref().map(|event| &event.change)
        && state.is_terminal()
    {
        close_items(steps, &entry.task).await?;
    }
    Ok(event)
}

async fn tell(
    steps: &mut Steps<'_>,
    entry: &TaskEntry,
    call: ObjectId,
) -> Result<Option<TaskEvent>, Fault> {
    let event = |seq| TaskEvent {
        seq,
        at: entry.at,
        change: entry.change.clone(),
    };
    for _ in 0..MAX_TRIES {
        let task = task_for(steps, entry).await?;
        if let Some(earlier) = task.calls.iter().find(|it| it.id == call) {
            return Ok(earlier.seq.map(event));
        }
        task.check(&entry.task, entry.holder.as_ref())?;
        task_rules::check_only_at(entry, task.seq)?;
        if is_long(&task.recent) {
            move_events(steps, &entry.task).await?;
            continue;
        }
        let is_left_out = |it| task_rules::is_left_out(entry, task.state, it);
        let told = match task.newest_at {
            Some(newest_at) if is_left_out(newest_at.0) => None,
            _ => Some(event(task.seq + 1)),
        };
        if told.is_none() && entry.message.is_none() && entry.items.is_empty() {
            return Ok(None);
        }
        let changed = changes(entry, &task, told.as_ref(), call)?;
        let changed = Update::one(unchanged(entry, &task), changed)?;
        if steps.update("tasks", vec![changed]).await?.n_matched > 0 {
            return Ok(told);
        }
    }
    Err(Fault::overtaken())
}

/// Returns the task of an entry, as far as the entry has to do with it.
async fn task_for(steps: &mut Steps<'_>, entry: &TaskEntry) -> Result<StoredTask, Fault> {
    let mut wanted = doc! { "calls": 1, "n_items": 1, "recent.size": 1 };
    wanted.extend(head());
    if entry.message.is_some() || matches!(entry.change, TaskChange::Artifact { .. }) {
        wanted.extend(doc! { "messages": 1, "artifacts": 1 });
    }
    find(steps, &entry.task, wanted).await
}

/// Refuses a task that is not there or ended, and a holder whose item another one has, or that is done.
pub(super) async fn check(
    steps: &mut Steps<'_>,
    task: &TaskId,
    holder: Option<&ItemLease>,
) -> Result<StoredTask, Fault> {
    let stored = find(steps, task, head()).await?;
    stored.check(task, holder)?;
    Ok(stored)
}

/// The fields that decide whether something may be written.
fn head() -> Document {
    doc! { "state": 1, "seq": 1, "rev": 1, "newest_at": 1, "holders": 1 }
}

async fn find(steps: &mut Steps<'_>, task: &TaskId, wanted: Document) -> Result<StoredTask, Fault> {
    let named = doc! { "_id": task.as_str() };
    let found = steps.find_one("tasks", named, Some(wanted)).await?;
    let found = found.ok_or_else(|| TaskFault::Unknown(task.clone()))?;
    StoredTask::read(&found)
}

/// What the task must still be. That it did not end, its `rev` says.
fn unchanged(entry: &TaskEntry, task: &StoredTask) -> Document {
    let mut unchanged = doc! { "_id": entry.task.as_str(), "rev": whole(task.rev) };
    // Another holder takes an item without a change of `rev`, so that workers do not get in each other's way.
    unchanged.extend(entry.holder.as_ref().map(held_by).unwrap_or_default());
    unchanged
}

fn changes(
    entry: &TaskEntry,
    task: &StoredTask,
    told: Option<&TaskEvent>,
    call: ObjectId,
) -> Result<Document, Fault> {
    let mut set = doc! { "updated_at": date(entry.at) };
    let seq = told.map_or(Bson::Null, |event| whole(event.seq).into());
    let call = doc! { "$each": [{ "id": call, "seq": seq }], "$slice": -MAX_CALLS };
    let mut push = doc! { "calls": call };
    if let Some(event) = told {
        set.extend(doc! { "seq": whole(event.seq), "newest_at": date(event.at) });
        set.extend(state_fields(event)?);
        push.insert("recent", encode_event(event)?);
    }
    if let Some(artifacts) = changed_bodies(entry, task, told)? {
        set.insert("artifacts", artifacts);
    }
    if let Some(message) = &entry.message {
        push.insert("messages", json(message)?);
    }
    if !entry.items.is_empty() {
        let n_items = (task.n_items as usize).saturating_add(entry.items.len());
        task_rules::check_n_items(n_items).map_err(Fault::Failed)?;
        set.insert("n_items", whole(n_items as u64));
        let new = encode_new_items(task.n_items, &entry.items)?;
        push.insert("new_items", doc! { "$each": new });
    }
    Ok(doc! { "$set": set, "$inc": { "rev": 1_i64 }, "$push": push })
}

/// Returns the artifacts as they are now if the entry has one, and refuses what makes the task too large.
fn changed_bodies(
    entry: &TaskEntry,
    task: &StoredTask,
    told: Option<&TaskEvent>,
) -> Result<Option<Vec<String>>, Fault> {
    let change = told.map(|event| &event.change);
    let artifact = match change {
        Some(TaskChange::Artifact {
            artifact, appends, ..
        }) => Some((artifact, *appends)),
        _ => None,
    };
    if artifact.is_none() && entry.message.is_none() {
        return Ok(None);
    }
    let (mut messages, mut artifacts) = (task.messages()?, task.artifacts()?);
    messages.extend(entry.message.clone());
    if let Some((artifact, appends)) = artifact {
        task_rules::put_artifact(&mut artifacts, artifact, appends);
    }
    task_rules::check_whole(&messages, &artifacts).map_err(Fault::Failed)?;
    let changed = artifact.map(|_| artifacts.iter().map(json).collect());
    changed.transpose()
}
