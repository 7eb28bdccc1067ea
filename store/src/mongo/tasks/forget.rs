//! The end of everything that belongs to a task.

use catalog::UnixMs;
use mongodb::bson::doc;

use super::document::range;
use super::entries::forget_entries;
use crate::mongo::fault::Fault;
use crate::mongo::product::date;
use crate::mongo::steps::{FindArgs, Steps};

/// Tasks that are removed together.
const BLOCK: usize = 256;

/// Removes tasks that ended before `before`, each after what belongs to it: who is cut off finds it again.
pub(super) async fn forget_tasks(
    steps: &mut Steps<'_>,
    before: UnixMs,
    limit: usize,
) -> Result<u64, Fault> {
    let ended = doc! { "is_ended": true, "state_at": { "$lt": date(before) } };
    let mut n_forgotten = 0;
    loop {
        let left = limit.saturating_sub(usize::try_from(n_forgotten).unwrap_or(usize::MAX));
        let args = FindArgs {
            projection: Some(doc! { "_id": 1 }),
            sort: Some(doc! { "state_at": 1, "_id": 1 }),
            limit: Some(left.min(BLOCK)),
            ..FindArgs::default()
        };
        let found = steps.find("tasks", ended.clone(), args).await?;
        if found.is_empty() {
            return Ok(n_forgotten);
        }
        let ids: Vec<&str> = found
            .iter()
            .map(|document| document.get_str("_id"))
            .collect::<Result<_, _>>()?;
        for collection in ["task_events", "task_chunks", "work_items"] {
            let ranges = ids.iter().map(|id| doc! { "_id": range(id) });
            steps.delete_each(collection, ranges.collect()).await?;
        }
        forget_entries(steps, &ids).await?;
        let named = doc! { "_id": { "$in": ids } };
        // Another process may be removing the same ones.
        let n_removed = steps.delete("tasks", named).await?;
        n_forgotten += n_removed;
        if n_removed == 0 {
            return Ok(n_forgotten);
        }
    }
}
