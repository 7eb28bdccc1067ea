//! Tasks in the form of the protocol.
//!
//! Whatever a task holds, its JSON stays below 256 KB: messages and parts that go beyond are left out.

pub(crate) mod sizes;
#[cfg(test)]
mod tests;
pub(crate) mod whole;

use std::collections::HashMap;

use a2a_sdk::{
    Artifact, Message, Part, PartContent, Role, StreamResponse, Task, TaskArtifactUpdateEvent,
    TaskState, TaskStatus, TaskStatusUpdateEvent,
};
use catalog::{TaskArtifact, TaskChange, TaskEvent, TaskId, UnixMs};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::card::extension_of;
use sizes::{MAX_DATA, MAX_HISTORY, MAX_PARTS, Room, cut};

/// What is shown of a task.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown {
    /// The most messages, the newest ones; `None` for all.
    pub(crate) history: Option<usize>,
    /// Whether the results are shown.
    pub(crate) artifacts: bool,
}

impl Shown {
    /// All there is.
    pub(crate) const ALL: Self = Self {
        history: None,
        artifacts: true,
    };
}

/// Returns a task as it is now. Its metadata say the number of its newest event.
///
/// Of the results that this server gives out only paths are kept: callers reach them below `public_url`, wherever they
/// were written.
pub(crate) fn task(task: &catalog::Task, shown: Shown, public_url: &str) -> Task {
    let mut room = Room::new(MAX_PARTS);
    let artifacts = shown.artifacts.then(|| {
        let artifacts = task.artifacts.iter();
        artifacts
            .map(|it| artifact(it, &mut room, public_url))
            .collect()
    });
    Task {
        id: task.id.to_string(),
        context_id: task.context.clone(),
        status: status(
            (&task.id, &task.context),
            task.state,
            task.note.as_deref(),
            task.state_at,
        ),
        artifacts: artifacts.filter(|artifacts: &Vec<_>| !artifacts.is_empty()),
        history: history(task, shown.history),
        metadata: Some(metadata(
            extension_of(&task.agent),
            task.seq,
            task.data.as_ref(),
        )),
    }
}

/// Whose events are told.
#[derive(Debug, Clone)]
pub(crate) struct Whose {
    task: TaskId,
    context: String,
    extension: &'static str,
}

impl Whose {
    pub(crate) fn of(task: &catalog::Task) -> Self {
        Self {
            task: task.id.clone(),
            context: task.context.clone(),
            extension: extension_of(&task.agent),
        }
    }
}

/// Returns an event of a task, with its number in the metadata.
pub(crate) fn event(whose: &Whose, event: &TaskEvent, public_url: &str) -> StreamResponse {
    let Whose {
        task,
        context,
        extension,
    } = whose;
    let (task_id, context_id) = (task.to_string(), context.clone());
    match &event.change {
        TaskChange::State { state, note, data } => {
            StreamResponse::StatusUpdate(TaskStatusUpdateEvent {
                task_id,
                context_id,
                status: status((task, context), *state, note.as_deref(), event.at),
                metadata: Some(metadata(extension, event.seq, data.as_ref())),
            })
        }
        TaskChange::Artifact {
            artifact: new,
            appends,
            is_last,
        } => StreamResponse::ArtifactUpdate(TaskArtifactUpdateEvent {
            task_id,
            context_id,
            artifact: artifact(new, &mut Room::new(MAX_PARTS), public_url),
            append: Some(*appends),
            last_chunk: Some(*is_last),
            metadata: Some(metadata(extension, event.seq, None)),
        }),
    }
}

/// Returns our state for the protocol's; `None` where it names none.
pub(crate) fn state_of(state: &TaskState) -> Option<catalog::TaskState> {
    let all = catalog::TaskState::ALL.into_iter();
    all.into_iter().find(|it| state_on_wire(*it) == *state)
}

fn state_on_wire(state: catalog::TaskState) -> TaskState {
    match state {
        catalog::TaskState::Submitted => TaskState::Submitted,
        catalog::TaskState::Working => TaskState::Working,
        catalog::TaskState::InputRequired => TaskState::InputRequired,
        catalog::TaskState::AuthRequired => TaskState::AuthRequired,
        catalog::TaskState::Completed => TaskState::Completed,
        catalog::TaskState::Failed => TaskState::Failed,
        catalog::TaskState::Canceled => TaskState::Canceled,
        catalog::TaskState::Rejected => TaskState::Rejected,
    }
}

fn status(
    (task, context): (&TaskId, &str),
    state: catalog::TaskState,
    note: Option<&str>,
    at: UnixMs,
) -> TaskStatus {
    let message = note.map(|note| Message {
        // The same for all who read it, whenever they do.
        message_id: format!("{task}-{}-{}", state.name(), at.ms()),
        context_id: Some(context.to_owned()),
        task_id: Some(task.to_string()),
        ..Message::new(Role::Agent, vec![Part::text(cut(note))])
    });
    TaskStatus {
        state: state_on_wire(state),
        message,
        timestamp: DateTime::<Utc>::from_timestamp_millis(at.ms()),
    }
}

fn metadata(extension: &str, seq: u64, data: Option<&Value>) -> HashMap<String, Value> {
    let mut metadata = HashMap::from([(format!("{extension}/seq"), json!(seq))]);
    let data = data.filter(|data| Room::new(MAX_DATA).takes(data));
    if let Some(Value::Object(figures)) = data {
        let mut progress = figures.clone();
        progress.insert("seq".to_owned(), json!(seq));
        metadata.insert(format!("{extension}/progress"), Value::Object(progress));
    }
    metadata
}

/// Returns the newest messages in the order in which they came.
fn history(task: &catalog::Task, most: Option<usize>) -> Option<Vec<Message>> {
    let mut room = Room::new(MAX_HISTORY);
    let mut messages: Vec<Message> = (task.messages.iter().rev())
        .take(most.unwrap_or(usize::MAX))
        .take_while(|message| room.takes(message))
        .filter_map(|message| serde_json::from_value(message.clone()).ok())
        .map(|message| Message {
            task_id: Some(task.id.to_string()),
            context_id: Some(task.context.clone()),
            ..message
        })
        .collect();
    messages.reverse();
    (!messages.is_empty()).then_some(messages)
}

fn artifact(artifact: &TaskArtifact, room: &mut Room, public_url: &str) -> Artifact {
    let all = artifact.parts.iter();
    let fitting: Vec<_> = all.take_while(|part| room.takes(part)).collect();
    let is_cut = fitting.len() < artifact.parts.len();
    let rest = is_cut.then(|| Part::text("the rest is left out: too large for a task's JSON"));
    let parts = fitting
        .into_iter()
        .filter_map(|part| serde_json::from_value(part.clone()).ok())
        .map(|part| reachable(part, public_url))
        .chain(rest);
    Artifact {
        artifact_id: artifact.id.clone(),
        name: artifact.name.clone(),
        description: artifact.description.clone(),
        parts: parts.collect(),
        metadata: None,
        extensions: None,
    }
}

fn reachable(part: Part, public_url: &str) -> Part {
    let content = match part.content {
        PartContent::Url(path) if path.starts_with('/') => {
            PartContent::Url(format!("{public_url}{path}"))
        }
        content => content,
    };
    Part { content, ..part }
}
