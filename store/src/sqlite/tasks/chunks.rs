//! Artifacts in chunks, and the end of everything that belongs to a task.

use catalog::{ItemLease, TaskId, UnixMs};
use rusqlite::{OptionalExtension, Transaction, params};

use super::append::check_live;
use super::hold;
use crate::sqlite::fault::Fault;
use crate::sqlite::read::sql_limit;

pub(super) fn put_chunk(
    tx: &Transaction<'_>,
    holder: &ItemLease,
    artifact: &str,
    n: u32,
    bytes: &[u8],
) -> Result<(), Fault> {
    check_live(tx, &holder.task)?;
    hold::check(tx, holder)?;
    tx.prepare_cached(
        "INSERT INTO task_chunks (task, artifact, n, bytes) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (task, artifact, n) DO UPDATE SET bytes = excluded.bytes",
    )?
    .execute(params![holder.task.as_str(), artifact, n, bytes])?;
    Ok(())
}

pub(super) fn chunk(
    tx: &Transaction<'_>,
    task: &TaskId,
    artifact: &str,
    n: u32,
) -> Result<Option<Vec<u8>>, Fault> {
    let mut find = tx.prepare_cached(
        "SELECT bytes FROM task_chunks WHERE task = ?1 AND artifact = ?2 AND n = ?3",
    )?;
    let key = params![task.as_str(), artifact, n];
    Ok(find.query_row(key, |row| row.get(0)).optional()?)
}

pub(super) fn forget_tasks(
    tx: &Transaction<'_>,
    before: UnixMs,
    limit: usize,
) -> Result<u64, Fault> {
    let mut find = tx.prepare_cached(
        "SELECT id FROM tasks
         WHERE state IN ('completed', 'failed', 'canceled', 'rejected') AND state_at < ?1
         ORDER BY state_at LIMIT ?2",
    )?;
    let ids = find.query_map(params![before.ms(), sql_limit(limit)], |row| row.get(0))?;
    let ids: Vec<String> = ids.collect::<Result<_, _>>()?;
    for from in [
        "task_bodies WHERE task",
        "task_events WHERE task",
        "task_keys WHERE task",
        "work_items WHERE task",
        "task_chunks WHERE task",
        "task_meters WHERE task",
        "tasks WHERE id",
    ] {
        let mut remove = tx.prepare_cached(&format!("DELETE FROM {from} = ?1"))?;
        for id in &ids {
            remove.execute([id])?;
        }
    }
    Ok(ids.len() as u64)
}
