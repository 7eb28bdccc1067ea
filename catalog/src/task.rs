//! Durable work: what a caller asked an agent for, and what happened to it.
//!
//! The words are those of the A2A protocol, but nothing here is its wire form: what an agent keeps in its own
//! terms is JSON that a store does not look into.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ItemLease, NewItem, UnixMs};

/// The longest name of a task, an agent, a caller, a context, a kind of work or an artifact, in bytes.
pub const MAX_TASK_NAME: usize = 200;

/// The name of a task: 1 to [`MAX_TASK_NAME`] visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TaskId(String);

/// A text that cannot be the name of a task.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a task's name has 1 to {MAX_TASK_NAME} visible ASCII characters")]
pub struct TaskIdError;

impl TaskId {
    /// Returns the name `text`.
    ///
    /// # Errors
    /// When it is empty, too long, or has another character.
    pub fn new(text: impl Into<String>) -> Result<Self, TaskIdError> {
        let text = text.into();
        let is_fine = (1..=MAX_TASK_NAME).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_fine.then_some(Self(text)).ok_or(TaskIdError)
    }

    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for TaskId {
    type Error = TaskIdError;

    fn try_from(text: String) -> Result<Self, TaskIdError> {
        Self::new(text)
    }
}

impl From<TaskId> for String {
    fn from(id: TaskId) -> Self {
        id.0
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a task is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// Accepted; nobody works on it yet.
    Submitted,
    /// Somebody works on it.
    Working,
    /// It waits for another message of its caller.
    InputRequired,
    /// It waits for a right that its caller has to get.
    AuthRequired,
    /// It ended with a result, whole or in part.
    Completed,
    /// It ended without one.
    Failed,
    /// Its caller ended it.
    Canceled,
    /// It was not taken on.
    Rejected,
}

impl TaskState {
    /// All states, in the order of a life.
    pub const ALL: [Self; 8] = [
        Self::Submitted,
        Self::Working,
        Self::InputRequired,
        Self::AuthRequired,
        Self::Completed,
        Self::Failed,
        Self::Canceled,
        Self::Rejected,
    ];

    /// Returns whether nothing can happen to the task any more.
    pub const fn is_terminal(self) -> bool {
        matches!(
            self,
            Self::Completed | Self::Failed | Self::Canceled | Self::Rejected
        )
    }

    /// Returns whether the task waits for its caller.
    pub const fn is_interrupted(self) -> bool {
        matches!(self, Self::InputRequired | Self::AuthRequired)
    }

    /// Returns the name as it stands in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Working => "working",
            Self::InputRequired => "input_required",
            Self::AuthRequired => "auth_required",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Rejected => "rejected",
        }
    }
}

/// A task as it is now: everything that its events say, put together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Its name.
    pub id: TaskId,
    /// The agent that was asked.
    pub agent: String,
    /// Who asked; nobody else may see it.
    pub caller: String,
    /// What the caller groups tasks by.
    pub context: String,
    /// Where it is in its life.
    pub state: TaskState,
    /// The words of the newest event that says the state, for people.
    pub note: Option<String>,
    /// The figures of the newest event that says the state, in the agent's terms.
    pub data: Option<Value>,
    /// When the newest event that says the state was.
    pub state_at: UnixMs,
    /// When it was made.
    pub created_at: UnixMs,
    /// The number of the newest event; 0 before the first.
    pub seq: u64,
    /// The caller's messages in the agent's terms, oldest first.
    pub messages: Vec<Value>,
    /// Its results so far, in the order in which they first came.
    pub artifacts: Vec<TaskArtifact>,
}

/// A result of a task. Large ones are kept in chunks beside it, and this says where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskArtifact {
    /// Its name within the task.
    pub id: String,
    /// What it is called, for people.
    pub name: Option<String>,
    /// What it holds, for people.
    pub description: Option<String>,
    /// Its parts, in the agent's terms.
    pub parts: Vec<Value>,
}

/// What happens to a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum TaskChange {
    /// Its state, or what is said of it, is another one.
    State {
        /// The state.
        state: TaskState,
        /// Words for people.
        note: Option<String>,
        /// Figures, in the agent's terms.
        data: Option<Value>,
    },
    /// A result is there, or more of it.
    Artifact {
        /// The result, or what comes behind its parts so far. A name and a description replace earlier ones.
        artifact: TaskArtifact,
        /// Whether the parts come behind those that are there; else they take their place.
        appends: bool,
        /// Whether it is whole now.
        is_last: bool,
    },
}

/// One thing that happened to a task. Events of a task are numbered from 1 without gaps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskEvent {
    /// Its number.
    pub seq: u64,
    /// When it happened.
    pub at: UnixMs,
    /// What happened.
    #[serde(flatten)]
    pub change: TaskChange,
}

/// Something to be written to a task: one event, in one atomic step with what belongs to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskEntry {
    /// The task.
    pub task: TaskId,
    /// What happens.
    pub change: TaskChange,
    /// On whose behalf: of the holder of one of the task's items, who must still have it; `None` for its caller.
    pub holder: Option<ItemLease>,
    /// When.
    pub at: UnixMs,
    /// Leaves the event out, and its change with it, but nothing else, if between the task's newest event and `at` is
    /// less than this, in milliseconds. Zero for an event that must not be missed. One that brings the task into
    /// another state is never left out.
    pub min_gap_ms: u64,
    /// Refuses the entry unless the task's newest event has this number: what it says was worked out from that.
    #[serde(default)]
    pub only_at: Option<u64>,
    /// A further message of the caller.
    pub message: Option<Value>,
    /// Further work; numbered behind what the task has.
    pub items: Vec<NewItem>,
}

impl TaskEntry {
    /// Returns an entry with a change alone, on behalf of the task's caller.
    pub fn new(task: &TaskId, change: TaskChange, at: UnixMs) -> Self {
        Self {
            task: task.clone(),
            change,
            holder: None,
            at,
            min_gap_ms: 0,
            only_at: None,
            message: None,
            items: Vec::new(),
        }
    }

    /// Returns an entry with a change alone, on behalf of the holder of an item.
    pub fn of_holder(holder: &ItemLease, change: TaskChange, at: UnixMs) -> Self {
        Self {
            holder: Some(holder.clone()),
            ..Self::new(&holder.task, change, at)
        }
    }
}

/// A task to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTask {
    /// Its name.
    pub id: TaskId,
    /// The agent that was asked.
    pub agent: String,
    /// Who asked.
    pub caller: String,
    /// What the caller groups tasks by.
    pub context: String,
    /// Its first state, which is event 1.
    pub state: TaskState,
    /// Words on it.
    pub note: Option<String>,
    /// The message that asked for it, in the agent's terms.
    pub message: Value,
    /// What there is to do.
    pub items: Vec<NewItem>,
    /// Keeps a repeated request from becoming a second task.
    pub idempotency: Option<Idempotency>,
    /// When.
    pub at: UnixMs,
}

/// A caller's name for a request that may come twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// The name, which is the caller's own.
    pub key: String,
    /// A hash of what was asked: one name cannot stand for two requests.
    pub request_hash: String,
    /// How long it holds, in milliseconds.
    pub kept_ms: u64,
}

/// What [`TaskStore::create_task`](crate::TaskStore::create_task) did.
#[derive(Debug, Clone, PartialEq)]
pub enum CreatedTask {
    /// The task is new.
    New(Task),
    /// The same request was made before: this is its task, as it is now.
    Same(Task),
    /// The idempotency key stands for another request.
    KeyTaken,
}

/// The two things that change first when something happens to a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskHead {
    /// The task.
    pub id: TaskId,
    /// Its state.
    pub state: TaskState,
    /// The number of its newest event.
    pub seq: u64,
}

/// Which tasks a list is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskFilter {
    /// Of this agent.
    pub agent: Option<String>,
    /// Of this caller.
    pub caller: Option<String>,
    /// In this context.
    pub context: Option<String>,
    /// In this state.
    pub state: Option<TaskState>,
    /// With a `state_at` at or behind this.
    pub since: Option<UnixMs>,
}

/// The place in a list behind which it goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskCursor {
    /// The task's `state_at`.
    pub state_at: UnixMs,
    /// The task.
    pub id: TaskId,
}

/// A page of a list of tasks.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskPage {
    /// The tasks.
    pub tasks: Vec<Task>,
    /// How many there are on all pages.
    pub n_total: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_has_a_short_visible_name() {
        assert_eq!(TaskId::new("t-1").unwrap().as_str(), "t-1");
        for text in ["", "a b", "é", "a\n", &"x".repeat(MAX_TASK_NAME + 1)] {
            assert_eq!(TaskId::new(text), Err(TaskIdError), "{text}");
        }
        assert!(serde_json::from_str::<TaskId>("\"a b\"").is_err());
    }

    #[test]
    fn states_are_named_as_in_json() {
        for state in TaskState::ALL {
            let json = serde_json::to_string(&state).unwrap();
            assert_eq!(json, format!("\"{}\"", state.name()));
            assert!(!(state.is_terminal() && state.is_interrupted()));
        }
    }

    #[test]
    fn an_event_reads_back_from_json() {
        let artifact = TaskArtifact {
            id: "summary".to_owned(),
            name: None,
            description: Some("counts".to_owned()),
            parts: vec![serde_json::json!({"data": {"n": 1.5}})],
        };
        let event = TaskEvent {
            seq: 7,
            at: UnixMs::new(1_000),
            change: TaskChange::Artifact {
                artifact,
                appends: false,
                is_last: true,
            },
        };
        let json = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<TaskEvent>(&json).unwrap(), event);
    }
}
