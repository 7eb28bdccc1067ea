//! Counts what the work of a task used.

use catalog::{Meter, MeterLimits, MeterStep, Metered, TaskId};
use rusqlite::{OptionalExtension, Transaction, params};

use crate::sqlite::fault::Fault;
use crate::task_rules::{TaskFault, metered};

pub(super) fn meter(
    tx: &Transaction<'_>,
    task: &TaskId,
    step: &MeterStep,
    limits: &MeterLimits,
) -> Result<Metered, Fault> {
    let mut exists = tx.prepare_cached("SELECT 1 FROM tasks WHERE id = ?1")?;
    if !exists.exists([task.as_str()])? {
        return Err(TaskFault::Unknown(task.clone()).into());
    }
    let metered = metered(totals(tx, task)?, step, limits);
    if let Metered::Counted(totals) = metered {
        tx.prepare_cached(
            "INSERT OR REPLACE INTO task_meters (task, requests, tokens, cost_nanos, n_done)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            task.as_str(),
            totals.requests,
            totals.tokens,
            totals.cost_nanos,
            totals.n_done
        ])?;
    }
    Ok(metered)
}

fn totals(tx: &Transaction<'_>, task: &TaskId) -> Result<Meter, Fault> {
    let mut find = tx.prepare_cached(
        "SELECT requests, tokens, cost_nanos, n_done FROM task_meters WHERE task = ?1",
    )?;
    let found = find.query_row([task.as_str()], |row| {
        Ok(Meter {
            requests: row.get(0)?,
            tokens: row.get(1)?,
            cost_nanos: row.get(2)?,
            n_done: row.get(3)?,
        })
    });
    Ok(found.optional()?.unwrap_or_default())
}
