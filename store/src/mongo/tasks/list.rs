//! Reads tasks: one, a list, the heads of many.

use catalog::{Task, TaskCursor, TaskFilter, TaskHead, TaskId, TaskPage, TaskState, TaskStats};
use mongodb::bson::{Bson, Document, RawDocumentBuf, doc};
use serde::Deserialize;

use super::document::{StoredTask, task_id};
use crate::mongo::decode::{Ms, fields};
use crate::mongo::fault::Fault;
use crate::mongo::product::date;
use crate::mongo::steps::{FindArgs, Steps};

/// The fields of a task that a reader of tasks does not need.
const LEFT_OUT: [&str; 5] = ["recent", "new_items", "calls", "holders", "used"];

pub(super) async fn task(steps: &mut Steps<'_>, id: &TaskId) -> Result<Option<Task>, Fault> {
    let named = doc! { "_id": id.as_str() };
    let found = steps.find_one("tasks", named, Some(without(&LEFT_OUT)));
    found.await?.map(|found| read(&found)).transpose()
}

pub(super) async fn tasks(
    steps: &mut Steps<'_>,
    filter: &TaskFilter,
    after: Option<&TaskCursor>,
    limit: usize,
    whole: bool,
) -> Result<TaskPage, Fault> {
    let passes = conditions(filter);
    let n_total = steps.count("tasks", passes.clone()).await?;
    let mut query = passes;
    if let Some(after) = after {
        let at = date(after.state_at);
        query.insert(
            "$or",
            vec![
                doc! { "state_at": { "$lt": at } },
                doc! { "state_at": at, "_id": { "$lt": after.id.as_str() } },
            ],
        );
    }
    let mut projection = without(&LEFT_OUT);
    if !whole {
        projection.extend(without(&["messages", "artifacts"]));
    }
    let args = FindArgs {
        projection: Some(projection),
        sort: Some(doc! { "state_at": -1, "_id": -1 }),
        limit: Some(limit),
        ..FindArgs::default()
    };
    let found = steps.find("tasks", query, args).await?;
    let tasks = found.iter().map(read).collect::<Result<_, _>>()?;
    Ok(TaskPage { tasks, n_total })
}

pub(super) async fn task_heads(
    steps: &mut Steps<'_>,
    ids: &[TaskId],
) -> Result<Vec<TaskHead>, Fault> {
    let ids: Vec<&str> = ids.iter().map(TaskId::as_str).collect();
    let args = FindArgs {
        projection: Some(doc! { "state": 1, "seq": 1 }),
        ..FindArgs::default()
    };
    let query = doc! { "_id": { "$in": ids } };
    let found = steps.find("tasks", query, args).await?;
    let read = |found: &RawDocumentBuf| {
        let task = StoredTask::read(found)?;
        Ok(TaskHead {
            id: task_id(&task.id)?,
            state: task.state,
            seq: task.seq,
        })
    };
    found.iter().map(read).collect()
}

pub(super) async fn task_stats(steps: &mut Steps<'_>) -> Result<Vec<TaskStats>, Fault> {
    #[derive(Deserialize)]
    struct Counted {
        #[serde(rename = "_id")]
        state: TaskState,
        n: u64,
        since: Ms,
    }
    let group = doc! { "$group": {
        "_id": "$state",
        "n": { "$sum": 1 },
        "since": { "$min": "$state_at" },
    } };
    let mut stats = Vec::new();
    for found in steps.aggregate("tasks", vec![group]).await? {
        let counted: Counted = fields(&found, "a number of tasks")?;
        stats.push(TaskStats {
            state: counted.state,
            n_tasks: counted.n,
            since: counted.since.0,
        });
    }
    Ok(stats)
}

fn read(found: &RawDocumentBuf) -> Result<Task, Fault> {
    StoredTask::read(found)?.into_task()
}

fn without(fields: &[&str]) -> Document {
    let left_out = |field: &&str| ((*field).to_owned(), Bson::from(0));
    fields.iter().map(left_out).collect()
}

/// Returns what a task must be to pass `filter`.
fn conditions(filter: &TaskFilter) -> Document {
    let mut conditions = doc! {};
    let state = filter.state.map(|state| state.name().to_owned());
    for (field, wanted) in [
        ("agent", &filter.agent),
        ("caller", &filter.caller),
        ("context", &filter.context),
        ("state", &state),
    ] {
        if let Some(wanted) = wanted {
            conditions.insert(field, doc! { "$eq": wanted });
        }
    }
    if let Some(since) = filter.since {
        conditions.insert("state_at", doc! { "$gte": date(since) });
    }
    conditions
}
