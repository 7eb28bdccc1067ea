//! What a task is told while its items are done.

use catalog::{
    ClaimedItem, Meter, MeterLimits, MeterStep, StoreError, TaskChange, TaskEntry, TaskState,
};
use serde_json::json;

use super::{ANY, Context};

/// At most two events a second come of a task, whoever works on it.
const MIN_GAP_MS: u64 = 500;

/// Counts so many subjects as done, and returns the totals of the task.
///
/// The count is for progress: the items' results are the truth. What a process did in the half second before it was
/// killed is not in it, and what an item had found in place is counted at its end alone, so that one that is taken again
/// counts nothing twice.
pub(super) async fn count(
    n_done: u64,
    claimed: &ClaimedItem,
    context: &Context,
) -> Result<Meter, StoreError> {
    let step = MeterStep {
        n_done: i64::try_from(n_done).unwrap_or(i64::MAX),
        ..MeterStep::default()
    };
    let (tasks, limits) = (&context.tasks, MeterLimits::default());
    let metered = tasks.meter(&claimed.item.task, &step, &limits).await?;
    Ok(metered.totals())
}

/// Tells the readers of a task for agents how many of its summaries are there. Who runs a command sees that there, and
/// nobody reads its task.
pub(super) async fn tell(
    subject: &str,
    (totals, n_in_task): (Meter, u64),
    claimed: &ClaimedItem,
    context: &Context,
) -> Result<(), StoreError> {
    if claimed.item.kind != ANY {
        return Ok(());
    }
    // What is done again after a kill is counted again.
    let n_done = totals.n_done.min(n_in_task);
    let change = TaskChange::State {
        state: TaskState::Working,
        note: Some(format!("{n_done} of {n_in_task} summaries")),
        data: Some(json!({
            "subject": subject,
            "summaries": n_in_task,
            "summariesDone": n_done,
            "requests": totals.requests,
            "tokens": totals.tokens,
        })),
    };
    let entry = TaskEntry {
        min_gap_ms: MIN_GAP_MS,
        ..TaskEntry::of_holder(&claimed.lease, change, (context.now)())
    };
    context.tasks.append(&entry).await.map(drop)
}
