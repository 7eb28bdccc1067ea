//! Artifacts in chunks.

use catalog::{ItemLease, TaskId};
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, RawDocumentBuf, doc};

use super::append::check;
use super::document::chunk_key;
use crate::mongo::fault::{DUPLICATE_KEY, Fault};
use crate::mongo::product::whole;
use crate::mongo::steps::{Steps, Update};
use crate::task_rules::{TaskFault, check_chunk};

/// Stores a chunk.
///
/// A holder who lost its item between the look at the task and the write may still store a new chunk, which nobody
/// will name, but none in the place of one by a later holder.
pub(super) async fn put_chunk(
    steps: &mut Steps<'_>,
    holder: &ItemLease,
    (artifact, n): (&str, u32),
    bytes: &[u8],
) -> Result<(), Fault> {
    check_chunk(artifact, n, bytes.len()).map_err(Fault::Failed)?;
    check(steps, &holder.task, Some(holder)).await?;
    let key = chunk_key(&holder.task, artifact, n);
    let content = doc! {
        "artifact": artifact,
        "n": i64::from(n),
        "item": i64::from(holder.n),
        "epoch": whole(holder.epoch),
        "bytes": Binary { subtype: BinarySubtype::Generic, bytes: bytes.to_vec() },
    };
    let mut new = doc! { "_id": &key };
    new.extend(content.clone());
    match steps
        .insert("task_chunks", vec![RawDocumentBuf::try_from(&new)?])
        .await
    {
        Err(fault) if fault.code() == Some(DUPLICATE_KEY) => {}
        inserted => return inserted,
    }
    let not_later = doc! { "_id": &key, "$or": [
        { "item": { "$ne": i64::from(holder.n) } },
        { "epoch": { "$lte": whole(holder.epoch) } },
    ] };
    let put = Update::one(not_later, doc! { "$set": content })?;
    match steps.update("task_chunks", vec![put]).await?.n_matched {
        0 => Err(TaskFault::fenced(holder).into()),
        _ => Ok(()),
    }
}

pub(super) async fn chunk(
    steps: &mut Steps<'_>,
    task: &TaskId,
    artifact: &str,
    n: u32,
) -> Result<Option<Vec<u8>>, Fault> {
    let named = doc! { "_id": chunk_key(task, artifact, n) };
    let wanted = doc! { "bytes": 1 };
    let found = steps.find_one("task_chunks", named, Some(wanted)).await?;
    let bytes = found.map(|found| Ok(found.get_binary("bytes")?.bytes.to_vec()));
    bytes.transpose()
}
