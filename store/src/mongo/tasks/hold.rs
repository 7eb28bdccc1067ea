//! What the holder of an item may do with it.

use catalog::{ItemLease, TaskState};
use mongodb::bson::{Document, doc};
use serde_json::Value;

use super::claim::unnote_holder;
use super::document::{StoredTask, item_key, json};
use super::exclusive::{self, Right};
use super::items::StoredItem;
use crate::mongo::fault::Fault;
use crate::mongo::lease::end;
use crate::mongo::product::whole;
use crate::mongo::steps::{Change, FindAndModify, Steps, Update};
use crate::task_rules::{TaskFault, check_result};

pub(super) async fn renew(
    steps: &mut Steps<'_>,
    lease: &ItemLease,
    ttl_ms: u64,
) -> Result<TaskState, Fault> {
    let fenced = || Fault::from(TaskFault::fenced(lease));
    let held = held(steps, lease).await?.filter(|item| !item.is_done());
    let item = held.ok_or_else(fenced)?;
    let right = right(&item).ok_or_else(fenced)?;
    if !exclusive::take(steps, right, ttl_ms).await? {
        return Err(fenced());
    }
    let named = doc! { "_id": lease.task.as_str() };
    let wanted = doc! { "state": 1, "seq": 1 };
    let task = steps.find_one("tasks", named, Some(wanted)).await?;
    let task = task.ok_or_else(fenced)?;
    Ok(StoredTask::read(&task)?.state)
}

pub(super) async fn release(steps: &mut Steps<'_>, lease: &ItemLease) -> Result<(), Fault> {
    let held = held(steps, lease).await?.filter(|item| !item.is_done());
    if let Some(right) = held.as_ref().and_then(right) {
        exclusive::free(steps, right).await?;
    }
    Ok(())
}

/// Notes the time first: who is cut off behind that leaves the key to its lease.
pub(super) async fn put_off(
    steps: &mut Steps<'_>,
    lease: &ItemLease,
    pause_ms: u64,
) -> Result<(), Fault> {
    let mut undone = of(lease);
    undone.insert("result", doc! { "$exists": false });
    let noted = FindAndModify {
        filter: undone,
        change: Change::Pipeline(vec![doc! { "$set": {
            "attempts": 0_i64,
            "not_before": end(pause_ms),
        } }]),
        upsert: false,
        returns_new: true,
        projection: None,
    };
    if let Some(noted) = steps.find_and_modify("work_items", noted).await?
        && let Some(right) = right(&StoredItem::read(&noted)?)
    {
        exclusive::free(steps, right).await?;
    }
    Ok(())
}

/// Notes the failures first: who is cut off behind that leaves the item to its lease.
pub(super) async fn fail(
    steps: &mut Steps<'_>,
    lease: &ItemLease,
    failures: u32,
    pause_ms: u64,
) -> Result<(), Fault> {
    let mut undone = of(lease);
    undone.insert("result", doc! { "$exists": false });
    let noted = doc! { "$set": { "failures": i64::from(failures) } };
    let noted = Update::one(undone, noted)?;
    steps.update("work_items", vec![noted]).await?;
    renew(steps, lease, pause_ms).await?;
    Ok(())
}

/// Records a result: first of all, since what comes behind it only makes room, and is done again by who repeats it.
pub(super) async fn finish(
    steps: &mut Steps<'_>,
    lease: &ItemLease,
    result: &Value,
) -> Result<(), Fault> {
    check_result(result).map_err(Fault::Failed)?;
    let mut undone = of(lease);
    undone.insert("result", doc! { "$exists": false });
    let done = doc! { "$set": { "result": json(result)?, "is_open": false } };
    let done = Update::one(undone, done)?;
    steps.update("work_items", vec![done]).await?;
    let Some(item) = held(steps, lease).await? else {
        return Err(TaskFault::fenced(lease).into());
    };
    unnote_holder(steps, lease).await?;
    if let Some(right) = right(&item) {
        exclusive::free(steps, right).await?;
    }
    Ok(())
}

/// Returns the item if the holder is its newest one.
async fn held(steps: &mut Steps<'_>, lease: &ItemLease) -> Result<Option<StoredItem>, Fault> {
    let found = steps.find_one("work_items", of(lease), None).await?;
    found.map(|found| StoredItem::read(&found)).transpose()
}

fn of(lease: &ItemLease) -> Document {
    doc! {
        "_id": item_key(&lease.task, lease.n),
        "owner": &lease.owner,
        "epoch": whole(lease.epoch),
    }
}

fn right(item: &StoredItem) -> Option<Right<'_>> {
    Some(Right {
        key: &item.key,
        kind: &item.kind,
        task: &item.task,
        claim: item.claim?,
    })
}
