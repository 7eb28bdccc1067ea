//! The behaviours that the kit asks for, as what they write to their task one after the other.

use std::time::Duration;

use a2a_sdk::Part;
use catalog::{ClaimedItem, ItemEnd, StoreError, TaskArtifact, TaskChange, TaskEntry, TaskState};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::Context;

/// The beginnings of message ids that choose a behaviour; of two that fit, the longer one.
const BEHAVIOURS: [&str; 13] = [
    "tck-complete-task",
    "tck-artifact-text",
    "tck-artifact-file-url",
    "tck-artifact-file",
    "tck-artifact-data",
    "tck-stream-001",
    "tck-stream-002",
    "tck-stream-003",
    "tck-stream-ordering-001",
    "tck-stream-artifact-text",
    "tck-stream-artifact-file",
    "tck-stream-artifact-chunked",
    "test-resubscribe-message-id",
];

/// How long a task stays at work for whoever subscribes to it anew.
const RESUBSCRIBE: Duration = Duration::from_secs(4);

/// Returns the behaviour that a message's id chooses.
pub(super) fn behaviour_of(id: &str) -> Option<&'static str> {
    let fitting = BEHAVIOURS.into_iter().filter(|name| id.starts_with(name));
    fitting.max_by_key(|name| name.len())
}

enum Step {
    Work,
    Wait(Duration),
    /// A whole result.
    Artifact(Part),
    /// A piece of a result: its part, whether it comes behind another, and whether it is the last.
    Chunk(Part, bool, bool),
    Complete(Option<&'static str>),
}

fn steps_of(behaviour: &str) -> Vec<Step> {
    use Step::{Artifact, Chunk, Complete, Wait, Work};
    let text = |text: &str| Artifact(Part::text(text));
    let file = || {
        let file = Part::raw(b"Generated file content".to_vec());
        Artifact(
            file.with_filename("output.txt")
                .with_media_type("text/plain"),
        )
    };
    match behaviour {
        "tck-complete-task" => vec![Complete(Some("Hello from TCK"))],
        "tck-artifact-text" => vec![text("Generated text content"), Complete(None)],
        "tck-artifact-file" => vec![file(), Complete(None)],
        "tck-artifact-file-url" => {
            let url = Part::url("https://example.com/output.txt");
            let url = url
                .with_filename("output.txt")
                .with_media_type("text/plain");
            vec![Artifact(url), Complete(None)]
        }
        "tck-artifact-data" => {
            let data = Part::data(json!({"key": "value", "count": 42}));
            vec![Artifact(data), Complete(None)]
        }
        "tck-stream-001" => vec![Work, text("Stream hello from TCK"), Complete(None)],
        "tck-stream-003" => vec![Work, text("Stream task lifecycle"), Complete(None)],
        "tck-stream-ordering-001" => vec![Work, text("Ordered output"), Complete(None)],
        "tck-stream-artifact-text" => vec![Work, text("Streamed text content"), Complete(None)],
        "tck-stream-artifact-file" => vec![Work, file(), Complete(None)],
        "tck-stream-artifact-chunked" => vec![
            Work,
            Chunk(Part::text("chunk-1 "), false, false),
            Chunk(Part::text("chunk-2"), true, true),
            Complete(None),
        ],
        "test-resubscribe-message-id" => vec![Work, Wait(RESUBSCRIBE), Complete(None)],
        _ => vec![Complete(None)],
    }
}

/// The doing of one item.
pub(super) struct Steps<'a> {
    pub(super) claimed: &'a ClaimedItem,
    pub(super) context: &'a Context,
    pub(super) cancel: &'a CancellationToken,
}

impl Steps<'_> {
    /// Shows a behaviour.
    pub(super) async fn behave(&self, name: &str) -> Result<ItemEnd, StoreError> {
        for step in steps_of(name) {
            match step {
                Step::Work => self.state(TaskState::Working, None, None).await?,
                Step::Wait(time) if self.is_cancelled_in(time).await => {
                    return Ok(ItemEnd::Unfinished);
                }
                Step::Wait(_) => {}
                Step::Artifact(part) => self.artifact(&part, false, true).await?,
                Step::Chunk(part, appends, is_last) => {
                    self.artifact(&part, appends, is_last).await?;
                }
                Step::Complete(note) => self.state(TaskState::Completed, note, None).await?,
            }
        }
        Ok(ItemEnd::Done(Value::Null))
    }

    /// Turns `pages` pages, each of which takes `page_ms` milliseconds; goes on where another holder left off.
    pub(super) async fn turn_pages(&self, pages: u64, page_ms: u64) -> Result<ItemEnd, StoreError> {
        let data = self.claimed.task.data.as_ref();
        let done = data.and_then(|data| data["page"].as_u64()).unwrap_or(0);
        for page in done + 1..=pages {
            if self.is_cancelled_in(Duration::from_millis(page_ms)).await {
                return Ok(ItemEnd::Unfinished);
            }
            let data = json!({ "page": page, "pages": pages });
            self.state(TaskState::Working, None, Some(data)).await?;
        }
        let part = Part::data(json!({ "pages": pages }));
        self.artifact(&part, false, true).await?;
        self.state(TaskState::Completed, None, None).await?;
        Ok(ItemEnd::Done(Value::Null))
    }

    async fn is_cancelled_in(&self, time: Duration) -> bool {
        tokio::select! {
            () = self.cancel.cancelled() => true,
            () = tokio::time::sleep(time) => false,
        }
    }

    async fn state(
        &self,
        state: TaskState,
        note: Option<&str>,
        data: Option<Value>,
    ) -> Result<(), StoreError> {
        self.write(TaskChange::State {
            state,
            note: note.map(str::to_owned),
            data,
        })
        .await
    }

    async fn artifact(&self, part: &Part, appends: bool, is_last: bool) -> Result<(), StoreError> {
        let artifact = TaskArtifact {
            id: "result".to_owned(),
            name: Some("result".to_owned()),
            description: None,
            parts: serde_json::to_value(part).into_iter().collect(),
        };
        self.write(TaskChange::Artifact {
            artifact,
            appends,
            is_last,
        })
        .await
    }

    async fn write(&self, change: TaskChange) -> Result<(), StoreError> {
        let entry = TaskEntry::of_holder(&self.claimed.lease, change, (self.context.now)());
        self.context.hub.append(&entry).await.map(drop)
    }
}
