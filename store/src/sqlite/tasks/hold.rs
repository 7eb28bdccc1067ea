//! Items and the right to them, by SQLite's own clock.

use catalog::{ItemLease, TaskId, TaskState, WorkItem};
use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde_json::Value;

use crate::sqlite::codec::{Word, from_json, to_json};
use crate::sqlite::fault::Fault;
use crate::sqlite::leases::{clock, end_of};
use crate::task_rules::TaskFault;

/// The columns of [`item_of`].
pub(super) const ITEM_COLUMNS: &str =
    "task, n, kind, key, payload, is_last, attempts, failures, result";

pub(super) fn item_of(row: &Row<'_>) -> Result<WorkItem, Fault> {
    let json = |column| -> Result<Option<Value>, Fault> {
        let json: Option<String> = row.get(column)?;
        json.map(|json| from_json(&json, "a work item")).transpose()
    };
    Ok(WorkItem {
        task: row.get::<_, Word<TaskId>>(0)?.0,
        n: row.get(1)?,
        kind: row.get(2)?,
        key: row.get(3)?,
        payload: json(4)?.unwrap_or_default(),
        is_last: row.get(5)?,
        attempts: row.get(6)?,
        failures: row.get(7)?,
        result: json(8)?,
    })
}

pub(super) fn items(tx: &Transaction<'_>, task: &TaskId) -> Result<Vec<WorkItem>, Fault> {
    let mut find = tx.prepare_cached(&format!(
        "SELECT {ITEM_COLUMNS} FROM work_items WHERE task = ?1 ORDER BY n"
    ))?;
    let mut rows = find.query([task.as_str()])?;
    let mut items = Vec::new();
    while let Some(row) = rows.next()? {
        items.push(item_of(row)?);
    }
    Ok(items)
}

/// Refuses an item that another holder took, or that is done.
pub(super) fn check(tx: &Transaction<'_>, lease: &ItemLease) -> Result<(), Fault> {
    match is_done(tx, lease)? {
        Some(false) => Ok(()),
        Some(true) | None => Err(TaskFault::fenced(lease).into()),
    }
}

/// Returns whether the item is done; `None` if the holder has it no more.
fn is_done(tx: &Transaction<'_>, lease: &ItemLease) -> Result<Option<bool>, Fault> {
    let mut find = tx.prepare_cached(
        "SELECT result IS NOT NULL FROM work_items
         WHERE task = ?1 AND n = ?2 AND owner = ?3 AND epoch = ?4 AND epoch > 0",
    )?;
    let key = params![lease.task.as_str(), lease.n, lease.owner, lease.epoch];
    Ok(find.query_row(key, |row| row.get(0)).optional()?)
}

pub(super) fn renew_item(
    tx: &Transaction<'_>,
    lease: &ItemLease,
    ttl_ms: u64,
) -> Result<TaskState, Fault> {
    check(tx, lease)?;
    let now = clock(tx)?;
    if is_key_taken(tx, lease, now)? {
        return Err(TaskFault::fenced(lease).into());
    }
    set_end(tx, lease, end_of(now, ttl_ms).ms())?;
    let mut find = tx.prepare_cached("SELECT state FROM tasks WHERE id = ?1")?;
    let Word(state) = find.query_row([lease.task.as_str()], |row| row.get(0))?;
    Ok(state)
}

/// Returns whether another item of the same key was taken, which it can be once the lease has expired.
fn is_key_taken(tx: &Transaction<'_>, lease: &ItemLease, now: i64) -> Result<bool, Fault> {
    let mut find = tx.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM work_items i JOIN work_items h ON h.key = i.key AND h.lease_until > ?3 AND h.lease_until > 0 AND h.id <> i.id
         WHERE i.task = ?1 AND i.n = ?2)",
    )?;
    let key = params![lease.task.as_str(), lease.n, now];
    Ok(find.query_row(key, |row| row.get(0))?)
}

pub(super) fn release_item(tx: &Transaction<'_>, lease: &ItemLease) -> Result<(), Fault> {
    if is_done(tx, lease)? == Some(false) {
        set_end(tx, lease, 0)?;
    }
    Ok(())
}

pub(super) fn put_off_item(
    tx: &Transaction<'_>,
    lease: &ItemLease,
    pause_ms: u64,
) -> Result<(), Fault> {
    if is_done(tx, lease)? != Some(false) {
        return Ok(());
    }
    let until = end_of(clock(tx)?, pause_ms).ms();
    tx.prepare_cached(
        "UPDATE work_items SET lease_until = 0, not_before = ?3, attempts = 0
         WHERE task = ?1 AND n = ?2",
    )?
    .execute(params![lease.task.as_str(), lease.n, until])?;
    Ok(())
}

pub(super) fn fail_item(
    tx: &Transaction<'_>,
    lease: &ItemLease,
    failures: u32,
    pause_ms: u64,
) -> Result<(), Fault> {
    renew_item(tx, lease, pause_ms)?;
    tx.prepare_cached("UPDATE work_items SET failures = ?3 WHERE task = ?1 AND n = ?2")?
        .execute(params![lease.task.as_str(), lease.n, failures])?;
    Ok(())
}

pub(super) fn finish_item(
    tx: &Transaction<'_>,
    lease: &ItemLease,
    result: &Value,
) -> Result<(), Fault> {
    match is_done(tx, lease)? {
        Some(true) => return Ok(()),
        Some(false) => {}
        None => return Err(TaskFault::fenced(lease).into()),
    }
    tx.prepare_cached(
        "UPDATE work_items SET result = ?3, is_open = 0, lease_until = 0
         WHERE task = ?1 AND n = ?2",
    )?
    .execute(params![lease.task.as_str(), lease.n, to_json(result)?])?;
    Ok(())
}

fn set_end(tx: &Transaction<'_>, lease: &ItemLease, lease_until: i64) -> Result<(), Fault> {
    tx.prepare_cached("UPDATE work_items SET lease_until = ?3 WHERE task = ?1 AND n = ?2")?
        .execute(params![lease.task.as_str(), lease.n, lease_until])?;
    Ok(())
}
