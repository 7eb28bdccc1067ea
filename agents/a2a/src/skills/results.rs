//! What a task's last item tells: artifacts, and the end.

use catalog::{ClaimedItem, StoreError, TaskArtifact, TaskChange, TaskEntry, TaskState};
use serde_json::{Value, json};

use crate::Context;

/// Returns the part of an artifact that is JSON.
pub(super) fn data(value: &Value) -> Value {
    json!({ "data": value, "mediaType": "application/json" })
}

/// Writes an artifact, whatever an earlier attempt wrote under its name.
pub(super) async fn artifact(
    id: &str,
    description: &str,
    parts: Vec<Value>,
    claimed: &ClaimedItem,
    context: &Context,
) -> Result<(), StoreError> {
    let artifact = TaskArtifact {
        id: id.to_owned(),
        name: Some(id.to_owned()),
        description: Some(description.to_owned()),
        parts,
    };
    let change = TaskChange::Artifact {
        artifact,
        appends: false,
        is_last: true,
    };
    append(change, claimed, context).await
}

/// Says the state in which the task ends, with words on it.
pub(super) async fn end(
    state: TaskState,
    note: String,
    claimed: &ClaimedItem,
    context: &Context,
) -> Result<(), StoreError> {
    let change = TaskChange::State {
        state,
        note: Some(note),
        data: None,
    };
    append(change, claimed, context).await
}

async fn append(
    change: TaskChange,
    claimed: &ClaimedItem,
    context: &Context,
) -> Result<(), StoreError> {
    let entry = TaskEntry::of_holder(&claimed.lease, change, (context.now)());
    context.hub.append(&entry).await.map(drop)
}

/// Returns the first entries that together are no longer than `max_bytes` of JSON.
pub(super) fn within(entries: Vec<Value>, max_bytes: usize) -> Vec<Value> {
    let mut left = max_bytes;
    let mut fits = |entry: &Value| {
        let size = entry.to_string().len() + 1;
        let fits = size <= left;
        left = left.saturating_sub(size);
        fits
    };
    entries.into_iter().take_while(|it| fits(it)).collect()
}
