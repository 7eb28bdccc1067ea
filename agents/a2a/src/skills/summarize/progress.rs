//! What a task is told beside the counts of its summaries, which the work itself tells.

use std::time::Duration;

use catalog::{
    ClaimedItem, Meter, MeterLimits, MeterStep, StoreError, TaskChange, TaskEntry, TaskState,
};

use crate::Context;

/// At most two events a second come of a task, whoever works on it.
const MIN_GAP_MS: u64 = 500;

/// Returns what the work of a task used so far.
pub(super) async fn used(claimed: &ClaimedItem, context: &Context) -> Result<Meter, StoreError> {
    let (step, limits) = (MeterStep::default(), MeterLimits::default());
    let metered = context.tasks.meter(&claimed.item.task, &step, &limits);
    Ok(metered.await?.totals())
}

/// Says that the work on a task begins, if nobody did.
pub(super) async fn begins(claimed: &ClaimedItem, context: &Context) -> Result<(), StoreError> {
    if claimed.task.state == TaskState::Working {
        return Ok(());
    }
    tell("writing summaries".to_owned(), claimed, context).await
}

/// Says that nothing can be written for so long.
pub(super) async fn pauses(
    pause: Duration,
    claimed: &ClaimedItem,
    context: &Context,
) -> Result<(), StoreError> {
    let seconds = pause.as_secs();
    let note =
        format!("the model's endpoint asks for a pause of {seconds} s; the work goes on then");
    tell(note, claimed, context).await
}

async fn tell(note: String, claimed: &ClaimedItem, context: &Context) -> Result<(), StoreError> {
    let change = TaskChange::State {
        state: TaskState::Working,
        note: Some(note),
        // How far it got stays to be seen.
        data: claimed.task.data.clone(),
    };
    let entry = TaskEntry {
        min_gap_ms: MIN_GAP_MS,
        ..TaskEntry::of_holder(&claimed.lease, change, (context.now)())
    };
    context.hub.append(&entry).await.map(drop)
}
