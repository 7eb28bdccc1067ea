//! Reads tasks: one, a list, the heads of many, and what happened to one.

use catalog::{
    Task, TaskArtifact, TaskCursor, TaskEvent, TaskFilter, TaskHead, TaskId, TaskPage, TaskState,
    TaskStats,
};
use rusqlite::types::Value as SqlValue;
use rusqlite::{OptionalExtension, Row, Transaction, params, params_from_iter};
use serde_json::Value;

use crate::sqlite::codec::{Ms, Word, from_json, to_json};
use crate::sqlite::fault::Fault;
use crate::sqlite::read::sql_limit;

const COLUMNS: &str = "id, agent, caller, context, state, note, data, state_at, created_at, seq";

pub(super) fn task(tx: &Transaction<'_>, id: &TaskId) -> Result<Option<Task>, Fault> {
    let mut find = tx.prepare_cached(&format!("SELECT {COLUMNS} FROM tasks WHERE id = ?1"))?;
    let mut rows = find.query([id.as_str()])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let mut task = head_of(row)?;
    (task.messages, task.artifacts) = bodies(tx, id)?;
    Ok(Some(task))
}

/// Reads a task without its messages and artifacts.
fn head_of(row: &Row<'_>) -> Result<Task, Fault> {
    let data: Option<String> = row.get(6)?;
    let data = data.map(|json| from_json(&json, "the figures of a task"));
    Ok(Task {
        id: row.get::<_, Word<TaskId>>(0)?.0,
        agent: row.get(1)?,
        caller: row.get(2)?,
        context: row.get(3)?,
        state: row.get::<_, Word<TaskState>>(4)?.0,
        note: row.get(5)?,
        data: data.transpose()?,
        state_at: row.get::<_, Ms>(7)?.0,
        created_at: row.get::<_, Ms>(8)?.0,
        seq: row.get(9)?,
        messages: Vec::new(),
        artifacts: Vec::new(),
    })
}

/// Returns the messages and artifacts of a stored task.
pub(super) fn bodies(
    tx: &Transaction<'_>,
    id: &TaskId,
) -> Result<(Vec<Value>, Vec<TaskArtifact>), Fault> {
    let mut find =
        tx.prepare_cached("SELECT messages, artifacts FROM task_bodies WHERE task = ?1")?;
    let found = find.query_row([id.as_str()], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
    });
    let Some((messages, artifacts)) = found.optional()? else {
        return Err(Fault::Damaged(format!("the task {id} has no messages")));
    };
    Ok((
        from_json(&messages, "the messages of a task")?,
        from_json(&artifacts, "the artifacts of a task")?,
    ))
}

pub(super) fn tasks(
    tx: &Transaction<'_>,
    filter: &TaskFilter,
    after: Option<&TaskCursor>,
    limit: usize,
    whole: bool,
) -> Result<TaskPage, Fault> {
    let (conditions, mut values) = conditions(filter);
    let count = format!("SELECT COUNT(*) FROM tasks WHERE {conditions}");
    let n_total = tx
        .prepare_cached(&count)?
        .query_row(params_from_iter(&values), |row| row.get(0))?;
    let mut list = format!("SELECT {COLUMNS} FROM tasks WHERE {conditions}");
    if let Some(after) = after {
        list.push_str(" AND (state_at, id) < (?, ?)");
        values.push(after.state_at.ms().into());
        values.push(after.id.as_str().to_owned().into());
    }
    list.push_str(" ORDER BY state_at DESC, id DESC LIMIT ?");
    values.push(sql_limit(limit).into());
    let mut list = tx.prepare_cached(&list)?;
    let mut rows = list.query(params_from_iter(&values))?;
    let mut tasks = Vec::new();
    while let Some(row) = rows.next()? {
        let mut task = head_of(row)?;
        if whole {
            (task.messages, task.artifacts) = bodies(tx, &task.id)?;
        }
        tasks.push(task);
    }
    Ok(TaskPage { tasks, n_total })
}

/// Returns what a task must be to pass `filter`.
fn conditions(filter: &TaskFilter) -> (String, Vec<SqlValue>) {
    let mut conditions = vec!["TRUE"];
    let mut values = Vec::new();
    let state = filter.state.map(|state| state.name().to_owned());
    for (condition, wanted) in [
        ("agent = ?", &filter.agent),
        ("caller = ?", &filter.caller),
        ("context = ?", &filter.context),
        ("state = ?", &state),
    ] {
        if let Some(wanted) = wanted {
            conditions.push(condition);
            values.push(wanted.clone().into());
        }
    }
    if let Some(since) = filter.since {
        conditions.push("state_at >= ?");
        values.push(since.ms().into());
    }
    (conditions.join(" AND "), values)
}

pub(super) fn task_heads(tx: &Transaction<'_>, ids: &[TaskId]) -> Result<Vec<TaskHead>, Fault> {
    let mut find = tx.prepare_cached(
        "SELECT id, state, seq FROM tasks WHERE id IN (SELECT value FROM json_each(?1))",
    )?;
    let heads = find.query_map([to_json(&ids)?], |row| {
        Ok(TaskHead {
            id: row.get::<_, Word<TaskId>>(0)?.0,
            state: row.get::<_, Word<TaskState>>(1)?.0,
            seq: row.get(2)?,
        })
    })?;
    Ok(heads.collect::<Result<_, _>>()?)
}

pub(super) fn task_stats(tx: &Transaction<'_>) -> Result<Vec<TaskStats>, Fault> {
    let mut count =
        tx.prepare_cached("SELECT state, COUNT(*), MIN(state_at) FROM tasks GROUP BY state")?;
    let stats = count.query_map([], |row| {
        Ok(TaskStats {
            state: row.get::<_, Word<TaskState>>(0)?.0,
            n_tasks: row.get(1)?,
            since: row.get::<_, Ms>(2)?.0,
        })
    })?;
    Ok(stats.collect::<Result<_, _>>()?)
}

pub(super) fn events(
    tx: &Transaction<'_>,
    task: &TaskId,
    after: u64,
    limit: usize,
) -> Result<Vec<TaskEvent>, Fault> {
    let mut find = tx.prepare_cached(
        "SELECT seq, at, change FROM task_events WHERE task = ?1 AND seq > ?2
         ORDER BY seq LIMIT ?3",
    )?;
    // Greater numbers than SQLite has, no event has.
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let mut rows = find.query(params![task.as_str(), after, sql_limit(limit)])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        let change = row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?;
        events.push(TaskEvent {
            seq: row.get(0)?,
            at: row.get::<_, Ms>(1)?.0,
            change: from_json(change, "an event of a task")?,
        });
    }
    Ok(events)
}
