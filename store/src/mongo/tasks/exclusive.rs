//! The right to a key, which at most one item has at a time: a small document that is leased as a shop is.
//!
//! It is the lease of the item that has it, too. What an item that was taken says of its holder only counts the
//! holders, so that of two that each take the other for gone, one can write.

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{DateTime, RawDocumentBuf, doc};

use crate::mongo::fault::{DUPLICATE_KEY, Fault};
use crate::mongo::lease::{end, is_over};
use crate::mongo::steps::{Change, FindAndModify, Steps, Update};

/// The right to a key, as an item has it by a claim. The key is the `_id`; kind and task are there to be counted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Right<'a> {
    pub(super) key: &'a str,
    pub(super) kind: &'a str,
    pub(super) task: &'a str,
    pub(super) claim: ObjectId,
}

/// Takes the right for `ttl_ms` from now, or prolongs it. Returns whether nobody else has it.
pub(super) async fn take(
    steps: &mut Steps<'_>,
    right: Right<'_>,
    ttl_ms: u64,
) -> Result<bool, Fault> {
    if try_take(steps, right, ttl_ms).await? {
        return Ok(true);
    }
    // Not by an upsert: of two at once some servers let both succeed.
    let free = doc! { "_id": right.key, "expires_at": DateTime::from_millis(0) };
    let free = RawDocumentBuf::try_from(&free)?;
    match steps.insert("work_rights", vec![free]).await {
        Err(fault) if fault.code() == Some(DUPLICATE_KEY) => Ok(false),
        made => {
            made?;
            try_take(steps, right, ttl_ms).await
        }
    }
}

async fn try_take(steps: &mut Steps<'_>, right: Right<'_>, ttl_ms: u64) -> Result<bool, Fault> {
    let is_ours = doc! { "$eq": [{ "$ifNull": ["$claim", ""] }, right.claim] };
    let taken = FindAndModify {
        filter: doc! { "_id": right.key, "$expr": { "$or": [is_over(), is_ours] } },
        change: Change::Pipeline(vec![doc! { "$set": {
            "kind": { "$literal": right.kind },
            "task": { "$literal": right.task },
            "claim": right.claim,
            "expires_at": end(ttl_ms),
        } }]),
        upsert: false,
        returns_new: true,
        projection: Some(doc! { "_id": 1 }),
    };
    let taken = steps.find_and_modify("work_rights", taken).await?;
    Ok(taken.is_some())
}

/// Gives the right back; does nothing when another item has it.
///
/// To a time long past: a server's clock for `$currentDate` may be ahead of that for `$$NOW`.
pub(super) async fn free(steps: &mut Steps<'_>, right: Right<'_>) -> Result<(), Fault> {
    let ours = doc! { "_id": right.key, "claim": right.claim };
    let freed = doc! { "$set": { "expires_at": DateTime::from_millis(0) } };
    let freed = Update::one(ours, freed)?;
    steps.update("work_rights", vec![freed]).await?;
    Ok(())
}
