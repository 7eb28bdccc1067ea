//! Writes what happens to a task: the next event, and the task as it is then.

use catalog::{TaskChange, TaskEntry, TaskEvent, TaskId, TaskState, UnixMs};
use rusqlite::{OptionalExtension, Transaction, params};

use super::create::insert_items;
use super::hold;
use super::list::bodies;
use crate::sqlite::codec::{Ms, Word, to_json};
use crate::sqlite::fault::Fault;
use crate::task_rules::{self, TaskFault};

pub(in crate::sqlite) fn append(
    tx: &Transaction<'_>,
    entry: &TaskEntry,
) -> Result<Option<TaskEvent>, Fault> {
    task_rules::check_entry(entry).map_err(Fault::Failed)?;
    let newest = live(tx, &entry.task)?;
    if let Some(holder) = &entry.holder {
        if holder.task != entry.task {
            return Err(TaskFault::fenced(holder).into());
        }
        hold::check(tx, holder)?;
    }
    task_rules::check_only_at(entry, newest.seq)?;
    let is_left_out = task_rules::is_left_out(entry, newest.state, newest.at);
    write_body(tx, entry, is_left_out)?;
    if !entry.items.is_empty() {
        add_items(tx, entry)?;
    }
    if is_left_out {
        return Ok(None);
    }
    let event = TaskEvent {
        seq: newest.seq + 1,
        at: entry.at,
        change: entry.change.clone(),
    };
    insert_event(tx, &entry.task, &event)?;
    write_head(tx, &entry.task, &event)?;
    Ok(Some(event))
}

/// The newest event of a task.
struct Newest {
    /// The state of the task behind it.
    state: TaskState,
    seq: u64,
    at: UnixMs,
}

/// Returns the newest event of a task to which something can happen.
fn live(tx: &Transaction<'_>, task: &TaskId) -> Result<Newest, Fault> {
    let mut find = tx.prepare_cached("SELECT state, seq, event_at FROM tasks WHERE id = ?1")?;
    let found = find.query_row([task.as_str()], |row| {
        Ok(Newest {
            state: row.get::<_, Word<TaskState>>(0)?.0,
            seq: row.get(1)?,
            at: row.get::<_, Ms>(2)?.0,
        })
    });
    match found.optional()? {
        None => Err(TaskFault::Unknown(task.clone()).into()),
        Some(newest) if newest.state.is_terminal() => {
            Err(TaskFault::Ended(task.clone(), newest.state).into())
        }
        Some(newest) => Ok(newest),
    }
}

/// Refuses a task that is not there, or ended.
pub(super) fn check_live(tx: &Transaction<'_>, task: &TaskId) -> Result<(), Fault> {
    live(tx, task).map(|_| ())
}

/// Moves messages and artifacts on, where the entry says something of them.
fn write_body(tx: &Transaction<'_>, entry: &TaskEntry, is_left_out: bool) -> Result<(), Fault> {
    let artifact = match &entry.change {
        TaskChange::Artifact {
            artifact, appends, ..
        } if !is_left_out => Some((artifact, *appends)),
        _ => None,
    };
    if artifact.is_none() && entry.message.is_none() {
        return Ok(());
    }
    let (mut messages, mut artifacts) = bodies(tx, &entry.task)?;
    messages.extend(entry.message.clone());
    if let Some((artifact, appends)) = artifact {
        task_rules::put_artifact(&mut artifacts, artifact, appends);
    }
    task_rules::check_whole(&messages, &artifacts).map_err(Fault::Failed)?;
    tx.prepare_cached("UPDATE task_bodies SET messages = ?2, artifacts = ?3 WHERE task = ?1")?
        .execute(params![
            entry.task.as_str(),
            to_json(&messages)?,
            to_json(&artifacts)?,
        ])?;
    Ok(())
}

fn add_items(tx: &Transaction<'_>, entry: &TaskEntry) -> Result<(), Fault> {
    let mut count =
        tx.prepare_cached("SELECT COALESCE(MAX(n), 0) FROM work_items WHERE task = ?1")?;
    let n_before: u32 = count.query_row([entry.task.as_str()], |row| row.get(0))?;
    let n_items = (n_before as usize).saturating_add(entry.items.len());
    task_rules::check_n_items(n_items).map_err(Fault::Failed)?;
    insert_items(tx, &entry.task, n_before, &entry.items, true)
}

pub(super) fn insert_event(
    tx: &Transaction<'_>,
    task: &TaskId,
    event: &TaskEvent,
) -> Result<(), Fault> {
    tx.prepare_cached("INSERT INTO task_events (task, seq, at, change) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![
            task.as_str(),
            event.seq,
            event.at.ms(),
            to_json(&event.change)?,
        ])?;
    Ok(())
}

/// Makes the task what it is behind `event`.
fn write_head(tx: &Transaction<'_>, task: &TaskId, event: &TaskEvent) -> Result<(), Fault> {
    let TaskChange::State { state, note, data } = &event.change else {
        tx.prepare_cached("UPDATE tasks SET seq = ?2, event_at = ?3 WHERE id = ?1")?
            .execute(params![task.as_str(), event.seq, event.at.ms()])?;
        return Ok(());
    };
    tx.prepare_cached(
        "UPDATE tasks SET seq = ?2, event_at = ?3, state_at = ?3, state = ?4, note = ?5, data = ?6
         WHERE id = ?1",
    )?
    .execute(params![
        task.as_str(),
        event.seq,
        event.at.ms(),
        Word(state),
        note,
        data.as_ref().map(to_json).transpose()?,
    ])?;
    if state.is_terminal() {
        tx.prepare_cached("UPDATE work_items SET is_open = 0 WHERE task = ?1 AND is_open = 1")?
            .execute([task.as_str()])?;
    }
    Ok(())
}
