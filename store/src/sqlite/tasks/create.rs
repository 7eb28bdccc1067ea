//! Makes tasks and their items.

use catalog::{CreatedTask, Idempotency, NewItem, NewTask, Task, TaskId};
use rusqlite::{OptionalExtension, Transaction, params};

use super::append::insert_event;
use super::list::task;
use crate::sqlite::codec::{Word, to_json};
use crate::sqlite::fault::Fault;
use crate::task_rules::first_of;

pub(super) fn create_task(tx: &Transaction<'_>, new: &NewTask) -> Result<CreatedTask, Fault> {
    if let Some(stored) = task(tx, &new.id)? {
        return Ok(CreatedTask::Same(stored));
    }
    if let Some(idempotency) = &new.idempotency
        && let Some(earlier) = earlier_request(tx, new, idempotency)?
    {
        return Ok(earlier);
    }
    let (made, event) = first_of(new);
    insert_task(tx, &made)?;
    insert_event(tx, &new.id, &event)?;
    insert_items(tx, &new.id, 0, &new.items, !new.state.is_terminal())?;
    if let Some(idempotency) = &new.idempotency {
        keep_key(tx, new, idempotency)?;
    }
    Ok(CreatedTask::New(made))
}

/// Returns what an earlier request of the same name, which still holds, came to.
fn earlier_request(
    tx: &Transaction<'_>,
    new: &NewTask,
    idempotency: &Idempotency,
) -> Result<Option<CreatedTask>, Fault> {
    let mut find = tx.prepare_cached(
        "SELECT task, request_hash FROM task_keys
         WHERE caller = ?1 AND key = ?2 AND expires_at > ?3",
    )?;
    let key = params![new.caller, idempotency.key, new.at.ms()];
    let found = find.query_row(key, |row| {
        Ok((row.get::<_, Word<TaskId>>(0)?.0, row.get::<_, String>(1)?))
    });
    let Some((id, request_hash)) = found.optional()? else {
        return Ok(None);
    };
    if request_hash != idempotency.request_hash {
        return Ok(Some(CreatedTask::KeyTaken));
    }
    let Some(stored) = task(tx, &id)? else {
        return Err(Fault::Damaged(format!("the task {id} of a key is missing")));
    };
    Ok(Some(CreatedTask::Same(stored)))
}

fn keep_key(tx: &Transaction<'_>, new: &NewTask, idempotency: &Idempotency) -> Result<(), Fault> {
    tx.prepare_cached(
        "INSERT OR REPLACE INTO task_keys (caller, key, request_hash, task, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        new.caller,
        idempotency.key,
        idempotency.request_hash,
        new.id.as_str(),
        new.at.ms().saturating_add_unsigned(idempotency.kept_ms),
    ])?;
    Ok(())
}

fn insert_task(tx: &Transaction<'_>, task: &Task) -> Result<(), Fault> {
    tx.prepare_cached(
        "INSERT INTO tasks
             (id, agent, caller, context, state, seq, event_at, state_at, created_at, note)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?7, ?8)",
    )?
    .execute(params![
        task.id.as_str(),
        task.agent,
        task.caller,
        task.context,
        Word(task.state),
        task.seq,
        task.created_at.ms(),
        task.note,
    ])?;
    tx.prepare_cached("INSERT INTO task_bodies (task, messages, artifacts) VALUES (?1, ?2, ?3)")?
        .execute(params![
            task.id.as_str(),
            to_json(&task.messages)?,
            to_json(&task.artifacts)?,
        ])?;
    Ok(())
}

/// Stores items behind the `n_before` that the task has.
pub(super) fn insert_items(
    tx: &Transaction<'_>,
    task: &TaskId,
    n_before: u32,
    items: &[NewItem],
    is_open: bool,
) -> Result<(), Fault> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO work_items (task, n, kind, key, payload, is_last, is_open)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for (n, item) in (n_before + 1..).zip(items) {
        insert.execute(params![
            task.as_str(),
            n,
            item.kind,
            item.key,
            to_json(&item.payload)?,
            item.is_last,
            is_open,
        ])?;
    }
    Ok(())
}
