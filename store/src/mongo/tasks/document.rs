//! A task as a document, and the ids of what belongs to it. JSON stays text: BSON's numbers are not JSON's.

use std::collections::HashMap;

use catalog::{ItemLease, Task, TaskArtifact, TaskChange, TaskEvent, TaskId, TaskState};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, RawDocument, doc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::mongo::decode::{Ms, fields};
use crate::mongo::fault::Fault;
use crate::mongo::product::{date, whole};
use crate::task_rules::TaskFault;

/// A document of `tasks`, as far as it was read.
#[derive(Debug, Deserialize)]
pub(super) struct StoredTask {
    #[serde(rename = "_id")]
    pub(super) id: String,
    #[serde(default)]
    agent: String,
    #[serde(default)]
    caller: String,
    #[serde(default)]
    context: String,
    pub(super) state: TaskState,
    note: Option<String>,
    data: Option<String>,
    state_at: Option<Ms>,
    created_at: Option<Ms>,
    pub(super) seq: u64,
    /// Of the newest event.
    pub(super) newest_at: Option<Ms>,
    #[serde(default)]
    messages: Vec<String>,
    #[serde(default)]
    artifacts: Vec<String>,
    /// Counts the changes by entries: an entry is written to what it was worked out from, or worked out again.
    #[serde(default)]
    pub(super) rev: u64,
    /// The newest calls that wrote, so that a call that is tried again writes once.
    #[serde(default)]
    pub(super) calls: Vec<Call>,
    /// The newest holders of items that are held, by the names of [`holder_field`].
    #[serde(default)]
    pub(super) holders: HashMap<String, Holder>,
    /// The events that are not in `task_events` yet.
    #[serde(default)]
    pub(super) recent: Vec<StoredEvent>,
    /// The number of its items, those included that are not in `work_items` yet.
    #[serde(default)]
    pub(super) n_items: u32,
    pub(super) request: Option<Request>,
}

/// A call that wrote, and the number of the event if it was not left out.
#[derive(Debug, Deserialize)]
pub(super) struct Call {
    pub(super) id: ObjectId,
    pub(super) seq: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Holder {
    pub(super) owner: String,
    pub(super) epoch: u64,
}

/// What a caller called a request.
#[derive(Debug, Deserialize)]
pub(super) struct Request {
    /// How many requests of the name came up to this one.
    pub(super) n: u64,
    pub(super) hash: String,
    /// By recorded time.
    pub(super) until: Ms,
}

/// An event in its task, or of `task_events`. A reader may leave out all but its size.
#[derive(Debug, Deserialize)]
pub(super) struct StoredEvent {
    #[serde(default)]
    pub(super) seq: u64,
    pub(super) at: Option<Ms>,
    #[serde(default)]
    pub(super) change: String,
    /// The bytes of the change.
    #[serde(default)]
    pub(super) size: u64,
}

impl StoredTask {
    pub(super) fn read(document: &RawDocument) -> Result<Self, Fault> {
        fields(document, "a task")
    }

    pub(super) fn messages(&self) -> Result<Vec<Value>, Fault> {
        parse_each(&self.messages, "a message of a task")
    }

    pub(super) fn artifacts(&self) -> Result<Vec<TaskArtifact>, Fault> {
        parse_each(&self.artifacts, "an artifact of a task")
    }

    pub(super) fn into_task(self) -> Result<Task, Fault> {
        let missing = || Fault::Damaged(format!("a task ({}): a time is missing", self.id));
        let data = self.data.as_deref().map(|json| parse(json, "a task"));
        Ok(Task {
            id: task_id(&self.id)?,
            state: self.state,
            data: data.transpose()?,
            state_at: self.state_at.ok_or_else(missing)?.0,
            created_at: self.created_at.ok_or_else(missing)?.0,
            seq: self.seq,
            messages: self.messages()?,
            artifacts: self.artifacts()?,
            agent: self.agent,
            caller: self.caller,
            context: self.context,
            note: self.note,
        })
    }

    /// Refuses a task that ended, and a holder who is not the newest one of an item of it.
    pub(super) fn check(&self, task: &TaskId, holder: Option<&ItemLease>) -> Result<(), Fault> {
        if self.state.is_terminal() {
            return Err(TaskFault::Ended(task.clone(), self.state).into());
        }
        let Some(lease) = holder else {
            return Ok(());
        };
        let has_it = self
            .holders
            .get(&holder_field(lease.n))
            .is_some_and(|it| it.owner == lease.owner && it.epoch == lease.epoch);
        if lease.task != *task || !has_it {
            return Err(TaskFault::fenced(lease).into());
        }
        Ok(())
    }
}

impl StoredEvent {
    pub(super) fn into_event(self) -> Result<TaskEvent, Fault> {
        let what = "an event of a task";
        let at = self
            .at
            .ok_or_else(|| Fault::Damaged(format!("{what}: no time")))?;
        Ok(TaskEvent {
            seq: self.seq,
            at: at.0,
            change: parse(&self.change, what)?,
        })
    }
}

pub(super) fn encode_event(event: &TaskEvent) -> Result<Document, Fault> {
    let change = json(&event.change)?;
    Ok(doc! {
        "seq": whole(event.seq),
        "at": date(event.at),
        "size": whole(change.len() as u64),
        "change": change,
    })
}

/// Returns what a change of the state makes of a task's fields.
pub(super) fn state_fields(event: &TaskEvent) -> Result<Document, Fault> {
    let TaskChange::State { state, note, data } = &event.change else {
        return Ok(doc! {});
    };
    Ok(doc! {
        "state": state.name(),
        "is_ended": state.is_terminal(),
        "note": note.as_deref(),
        "data": data.as_ref().map(json).transpose()?,
        "state_at": date(event.at),
    })
}

/// Returns the name of the field that says who holds an item.
///
/// A name of digits alone would be a place in a list to some commands.
pub(super) fn holder_field(n: u32) -> String {
    format!("n{n}")
}

/// Returns what a task must be for the holder to write to it.
pub(super) fn held_by(lease: &ItemLease) -> Document {
    let field = holder_field(lease.n);
    doc! {
        format!("holders.{field}.owner"): &lease.owner,
        format!("holders.{field}.epoch"): whole(lease.epoch),
    }
}

pub(super) fn task_id(text: &str) -> Result<TaskId, Fault> {
    TaskId::new(text).map_err(|error| Fault::Damaged(format!("{text:?}: {error}")))
}

/// Returns the `_id` of an event.
pub(super) fn event_key(task: &TaskId, seq: u64) -> String {
    format!("{task} {seq:020}")
}

/// Returns the `_id` of an item.
pub(super) fn item_key(task: &TaskId, n: u32) -> String {
    format!("{task} {n:010}")
}

/// Returns the `_id` of a chunk.
pub(super) fn chunk_key(task: &TaskId, artifact: &str, n: u32) -> String {
    format!("{task} {n:010} {artifact}")
}

/// Returns the bounds of the ids of what belongs to a task: from the first, to below the second.
///
/// A space comes before every character of a task's name, and `!` is the character behind it.
pub(super) fn range(task: &str) -> Document {
    doc! { "$gte": format!("{task} "), "$lt": format!("{task}!") }
}

pub(super) fn json(value: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|error| Fault::Failed(error.to_string()))
}

pub(super) fn parse<T: DeserializeOwned>(json: &str, what: &str) -> Result<T, Fault> {
    serde_json::from_str(json).map_err(|error| Fault::Damaged(format!("{what}: {error}")))
}

fn parse_each<T: DeserializeOwned>(list: &[String], what: &str) -> Result<Vec<T>, Fault> {
    list.iter().map(|json| parse(json, what)).collect()
}
