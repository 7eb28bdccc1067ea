//! What an agent says of a task, in our own terms.

use std::collections::HashMap;

use a2a_sdk::{Artifact, StreamResponse, Task, TaskStatus};
use catalog::{TaskArtifact, TaskChange, TaskState};
use serde_json::Value;

use crate::card::CRAWL_EXTENSION as EXTENSION;
use crate::wire::{self, whole::whole_of};

/// The most bytes of results that are kept of one task; what is larger belongs behind a link.
const MAX_RESULT_BYTES: usize = 4 << 20;

/// The most words of a note.
const MAX_NOTE_CHARS: usize = 2_000;

/// What is new about a followed task.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// Something happened to it. Events with a number come in their order, each once.
    Change {
        /// The agent's own number of the event, where it numbers them.
        seq: Option<u64>,
        /// What happened.
        change: TaskChange,
    },
    /// The task as a whole was read; what happened to it before is not told one by one.
    Snapshot,
    /// The connection broke, for this reason; it is tried again.
    Broken(String),
}

/// A task of another agent, as far as it is known.
#[derive(Debug, Clone, PartialEq)]
pub struct RemoteTask {
    /// Its name.
    pub id: String,
    /// Where it is in its life.
    pub state: TaskState,
    /// The newest words on the state.
    pub note: Option<String>,
    /// The newest figures of an agent that tells them as ours do.
    pub progress: Option<Value>,
    /// Its results so far, their parts as they stand in the protocol.
    pub artifacts: Vec<TaskArtifact>,
}

impl RemoteTask {
    /// Returns the data of the result `id`, if it has some.
    pub fn data(&self, id: &str) -> Option<&Value> {
        let artifact = self.artifacts.iter().find(|it| it.id == id)?;
        artifact.parts.iter().find_map(|part| part.get("data"))
    }

    /// Returns the links of the results, each with its file's name where it has one.
    pub fn links(&self) -> impl Iterator<Item = (Option<&str>, &str)> {
        let parts = self.artifacts.iter().flat_map(|it| &it.parts);
        parts.filter_map(|part| {
            let name = part.get("filename").and_then(Value::as_str);
            Some((name, part.get("url")?.as_str()?))
        })
    }

    /// Takes over what a change says.
    pub(super) fn apply(&mut self, change: &TaskChange) {
        match change {
            TaskChange::State { state, note, data } => {
                self.state = *state;
                self.note.clone_from(note);
                if data.is_some() {
                    self.progress.clone_from(data);
                }
            }
            TaskChange::Artifact {
                artifact, appends, ..
            } => self.add(artifact, *appends),
        }
    }

    fn add(&mut self, new: &TaskArtifact, appends: bool) {
        let n_kept: usize = self.artifacts.iter().map(size).sum();
        if n_kept + size(new) > MAX_RESULT_BYTES {
            tracing::warn!("the result {:?} is too large to be kept here", new.id);
            return;
        }
        match self.artifacts.iter_mut().find(|it| it.id == new.id) {
            Some(artifact) if appends => artifact.parts.extend_from_slice(&new.parts),
            Some(artifact) => artifact.clone_from(new),
            None => self.artifacts.push(new.clone()),
        }
    }
}

/// Returns about how much memory a result takes; many empty ones take some, too.
fn size(artifact: &TaskArtifact) -> usize {
    const EMPTY: usize = 100;
    let parts = artifact.parts.iter();
    let parts: usize = parts.map(|it| EMPTY + it.to_string().len()).sum();
    let texts = [&artifact.name, &artifact.description];
    let texts: usize = texts.into_iter().flatten().map(String::len).sum();
    EMPTY + artifact.id.len() + texts + parts
}

/// Reads a task, and the number of the newest event that is in it.
pub(super) fn read_task(task: Task) -> (Option<u64>, RemoteTask) {
    let mut read = RemoteTask {
        id: task.id,
        state: state_of(&task.status.state),
        note: note_of(&task.status),
        progress: progress_of(task.metadata.as_ref()),
        artifacts: Vec::new(),
    };
    for artifact in task.artifacts.into_iter().flatten() {
        read.add(&artifact_of(artifact), false);
    }
    (seq_of(task.metadata.as_ref()), read)
}

/// Reads an event of a stream; `None` for a whole task, which is none.
pub(super) fn read_event(event: StreamResponse) -> Option<(Option<u64>, TaskChange)> {
    match event {
        StreamResponse::StatusUpdate(update) => {
            let change = TaskChange::State {
                state: state_of(&update.status.state),
                note: note_of(&update.status),
                data: progress_of(update.metadata.as_ref()),
            };
            Some((seq_of(update.metadata.as_ref()), change))
        }
        StreamResponse::ArtifactUpdate(update) => {
            let change = TaskChange::Artifact {
                artifact: artifact_of(update.artifact),
                appends: update.append == Some(true),
                is_last: update.last_chunk != Some(false),
            };
            Some((seq_of(update.metadata.as_ref()), change))
        }
        StreamResponse::Task(_) | StreamResponse::Message(_) => None,
    }
}

type Metadata = HashMap<String, Value>;

fn figures<'a>(metadata: Option<&'a Metadata>, name: &str) -> Option<&'a Value> {
    metadata?.get(&format!("{EXTENSION}/{name}"))
}

fn seq_of(metadata: Option<&Metadata>) -> Option<u64> {
    whole_of(figures(metadata, "seq")?)
}

fn progress_of(metadata: Option<&Metadata>) -> Option<Value> {
    figures(metadata, "progress").cloned().map(with_counts)
}

/// Turns whole numbers back into what they were: on the way, all numbers of the protocol's data are floats.
pub(super) fn with_counts(value: Value) -> Value {
    match value {
        Value::Number(_) => whole_of(&value).map_or(value, Value::from),
        Value::Array(items) => items.into_iter().map(with_counts).collect(),
        Value::Object(map) => {
            let entries = map.into_iter();
            entries.map(|(key, it)| (key, with_counts(it))).collect()
        }
        other => other,
    }
}

fn note_of(status: &TaskStatus) -> Option<String> {
    let text = status.message.as_ref()?.text()?;
    Some(text.chars().take(MAX_NOTE_CHARS).collect())
}

fn artifact_of(artifact: Artifact) -> TaskArtifact {
    let parts = artifact.parts.iter();
    let parts = parts.filter_map(|part| Some(with_counts(serde_json::to_value(part).ok()?)));
    TaskArtifact {
        id: artifact.artifact_id,
        name: artifact.name,
        description: artifact.description,
        parts: parts.collect(),
    }
}

/// Returns our word for a state. One that says nothing is taken as work: only a named end is an end.
fn state_of(state: &a2a_sdk::TaskState) -> TaskState {
    wire::state_of(state).unwrap_or(TaskState::Working)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn artifact(id: String, description: &str, parts: Vec<Value>) -> TaskArtifact {
        let description = Some(description.to_owned());
        TaskArtifact {
            id,
            name: None,
            description,
            parts,
        }
    }

    fn empty_task() -> RemoteTask {
        RemoteTask {
            id: "task".to_owned(),
            state: TaskState::Working,
            note: None,
            progress: None,
            artifacts: Vec::new(),
        }
    }

    #[test]
    fn no_agent_fills_the_memory_with_results_of_any_shape() {
        let words = "x".repeat(1 << 20);
        let shapes: [&dyn Fn(usize) -> TaskArtifact; 3] = [
            &|n| artifact(n.to_string(), &words, Vec::new()),
            &|n| artifact(n.to_string(), "", vec![json!({ "text": words })]),
            &|n| artifact(n.to_string(), "", vec![json!(null); 10_000]),
        ];
        for shape in shapes {
            let mut task = empty_task();
            for n in 0..8 {
                task.add(&shape(n), false);
            }
            assert!((1..=4).contains(&task.artifacts.len()));
        }
    }
}
