//! Takes work, in this order: the right to the item's key, the item, and the right to write to its task.
//!
//! Whoever is cut off in between leaves a right that expires, and the next one goes on from there. Only the last step
//! takes the right to write from the holder before. A claim that is tried again finds what it has taken already.

use catalog::{ClaimedItem, ItemLease};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, doc};

use super::document::{StoredTask, holder_field, item_key, task_id};
use super::entries::tell_left;
use super::exclusive::{self, Right};
use super::items::{StoredItem, close_items, move_all_items};
use super::list;
use super::queue::{BLOCK, OpenItem, Standing, judge, open_items, tasks_with_held};
use crate::mongo::fault::Fault;
use crate::mongo::product::whole;
use crate::mongo::steps::{Change, FindAndModify, Steps, Update};

/// Who wants work, and for how long.
#[derive(Debug, Clone, Copy)]
pub(in crate::mongo) struct Claimant<'a> {
    pub(in crate::mongo) owner: &'a str,
    pub(in crate::mongo) ttl_ms: u64,
    /// Names this claim, and no other.
    pub(in crate::mongo) claim: ObjectId,
}

pub(in crate::mongo) async fn claim(
    steps: &mut Steps<'_>,
    kinds: &[&str],
    claimant: Claimant<'_>,
) -> Result<Option<ClaimedItem>, Fault> {
    move_all_items(steps).await?;
    let held = tasks_with_held(steps, claimant.claim).await?;
    let ids = |tasks: &[(String, u64)]| -> Vec<String> {
        tasks.iter().map(|(task, _)| task.clone()).collect()
    };
    let others = doc! { "kind": { "$in": kinds }, "task": { "$nin": ids(&held) } };
    if let Some(claimed) = take_oldest(steps, &others, claimant).await? {
        return Ok(Some(claimed));
    }
    for equal in held.chunk_by(|one, other| one.1 == other.1) {
        let of_these = doc! { "kind": { "$in": kinds }, "task": { "$in": ids(equal) } };
        if let Some(claimed) = take_oldest(steps, &of_these, claimant).await? {
            return Ok(Some(claimed));
        }
    }
    Ok(None)
}

/// Takes the oldest item that passes `wanted` and may be taken.
async fn take_oldest(
    steps: &mut Steps<'_>,
    wanted: &Document,
    claimant: Claimant<'_>,
) -> Result<Option<ClaimedItem>, Fault> {
    let mut behind = None;
    loop {
        // Looked at first and taken one by one: to some servers, changing the first of a sorted list costs a look
        // at all of it.
        let block = open_items(steps, wanted, behind).await?;
        let standings = judge(steps, &block, Some(claimant.claim)).await?;
        for (item, standing) in block.iter().zip(standings) {
            match standing {
                Standing::Free => {
                    if let Some(claimed) = take(steps, item, claimant).await? {
                        return Ok(Some(claimed));
                    }
                }
                Standing::Waits => {}
                Standing::Over => end_leftover(steps, item).await?,
            }
        }
        match block.last() {
            Some(last) if block.len() == BLOCK => behind = Some(last.order),
            _ => return Ok(None),
        }
    }
}

/// Closes what a task left open whose end, or whose removal, was cut off.
async fn end_leftover(steps: &mut Steps<'_>, item: &OpenItem) -> Result<(), Fault> {
    let task = task_id(&item.task)?;
    close_items(steps, &task).await?;
    if list::task(steps, &task).await?.is_none() {
        // A task comes before its items, so this one is forgotten.
        steps.delete("work_items", doc! { "_id": &item.id }).await?;
    }
    Ok(())
}

/// Takes an item; `None` if another one was faster, or it was closed.
async fn take(
    steps: &mut Steps<'_>,
    open: &OpenItem,
    claimant: Claimant<'_>,
) -> Result<Option<ClaimedItem>, Fault> {
    let right = Right {
        key: &open.key,
        kind: &open.kind,
        task: &open.task,
        claim: claimant.claim,
    };
    if !exclusive::take(steps, right, claimant.ttl_ms).await? {
        return Ok(None);
    }
    let task = task_id(&open.task)?;
    // What the holder before stored with its pages, while it may still be told.
    tell_left(steps, &task).await?;
    let taken = match count_holder(steps, open, claimant).await {
        Ok(Some(item)) => let_write(steps, item, claimant).await,
        Ok(None) => Ok(None),
        Err(fault) => Err(fault),
    };
    let taken = match taken {
        Err(Fault::Damaged(detail)) => {
            leave(steps, open, &detail).await?;
            None
        }
        taken => taken?,
    };
    if taken.is_none() {
        exclusive::free(steps, right).await?;
    }
    Ok(taken)
}

/// Closes an item that nobody can take: it must not keep everybody from the others.
async fn leave(steps: &mut Steps<'_>, open: &OpenItem, detail: &str) -> Result<(), Fault> {
    tracing::warn!(
        task = open.task,
        "item {} of the task {} is left undone, until that is canceled: {detail}",
        open.n,
        open.task,
    );
    let closed = Update::one(
        doc! { "_id": &open.id },
        doc! { "$set": { "is_open": false } },
    )?;
    steps.update("work_items", vec![closed]).await?;
    Ok(())
}

/// Notes one more holder of an item, unless it was closed; a claim is one holder, however often it is tried.
async fn count_holder(
    steps: &mut Steps<'_>,
    open: &OpenItem,
    claimant: Claimant<'_>,
) -> Result<Option<StoredItem>, Fault> {
    let counted = FindAndModify {
        filter: doc! {
            "_id": &open.id,
            "is_open": true,
            "claim": { "$ne": claimant.claim },
        },
        change: Change::Operators(doc! {
            "$set": { "owner": claimant.owner, "claim": claimant.claim },
            "$inc": { "epoch": 1_i64, "attempts": 1_i64 },
        }),
        upsert: false,
        returns_new: true,
        projection: None,
    };
    let counted = match steps.find_and_modify("work_items", counted).await? {
        Some(counted) => Some(counted),
        None => {
            let ours = doc! { "_id": &open.id, "is_open": true, "claim": claimant.claim };
            steps.find_one("work_items", ours, None).await?
        }
    };
    counted.map(|it| StoredItem::read(&it)).transpose()
}

/// Lets the new holder write to the task, and nobody before.
async fn let_write(
    steps: &mut Steps<'_>,
    item: StoredItem,
    claimant: Claimant<'_>,
) -> Result<Option<ClaimedItem>, Fault> {
    let lease = ItemLease {
        task: task_id(&item.task)?,
        n: item.n,
        owner: claimant.owner.to_owned(),
        epoch: item.epoch,
    };
    let Some(task) = note_holder(steps, &lease).await? else {
        return Ok(None);
    };
    // One that was slow may be behind others by now, who have even ended the item.
    let mine = doc! {
        "_id": item_key(&lease.task, lease.n),
        "is_open": true,
        "claim": claimant.claim,
        "epoch": whole(lease.epoch),
    };
    let still = steps.find_one("work_items", mine, Some(doc! { "_id": 1 }));
    if still.await?.is_none() {
        unnote_holder(steps, &lease).await?;
        return Ok(None);
    }
    Ok(Some(ClaimedItem {
        item: item.into_item()?,
        task: task.into_task()?,
        lease,
    }))
}

/// Writes the holder into the task, unless that ended or knows a later one.
async fn note_holder(
    steps: &mut Steps<'_>,
    lease: &ItemLease,
) -> Result<Option<StoredTask>, Fault> {
    let field = format!("holders.{}", holder_field(lease.n));
    let holder = doc! { "owner": &lease.owner, "epoch": whole(lease.epoch) };
    let noted = FindAndModify {
        filter: doc! {
            "_id": lease.task.as_str(),
            "is_ended": false,
            "$or": [
                { &field: { "$exists": false } },
                { format!("{field}.epoch"): { "$lte": whole(lease.epoch) } },
            ],
        },
        change: Change::Operators(doc! { "$set": { field: holder } }),
        upsert: false,
        returns_new: true,
        projection: Some(doc! { "recent": 0, "new_items": 0, "calls": 0, "used": 0 }),
    };
    let noted = steps.find_and_modify("tasks", noted).await?;
    noted.map(|it| StoredTask::read(&it)).transpose()
}

/// Takes a holder out of the task, where it stands there.
pub(super) async fn unnote_holder(steps: &mut Steps<'_>, lease: &ItemLease) -> Result<(), Fault> {
    let field = format!("holders.{}", holder_field(lease.n));
    let mut noted = doc! { "_id": lease.task.as_str() };
    noted.extend(super::document::held_by(lease));
    let removed = Update::one(noted, doc! { "$unset": { field: "" } })?;
    steps.update("tasks", vec![removed]).await?;
    Ok(())
}
