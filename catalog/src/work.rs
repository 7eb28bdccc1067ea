//! The items that a task is split into, and who does them.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Task, TaskId, TaskState, UnixMs};

/// Work that is to be done by whoever takes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewItem {
    /// What kind of work, by which a worker chooses.
    pub kind: String,
    /// What it is done to: of the items of one key, whatever their kinds, one at a time has a holder.
    pub key: String,
    /// What is to be done, in the terms of the kind.
    pub payload: Value,
    /// Whether it waits until all other items of its task are done; of several such items, each waits for those
    /// before it.
    pub is_last: bool,
}

/// A piece of work as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkItem {
    /// Whose it is part of.
    pub task: TaskId,
    /// Its number in the task, from 1.
    pub n: u32,
    /// What kind of work.
    pub kind: String,
    /// What it is done to.
    pub key: String,
    /// What is to be done.
    pub payload: Value,
    /// Whether it waits until all other items of its task are done.
    pub is_last: bool,
    /// How often it was taken, the running time included; being put off forgets the times before.
    pub attempts: u32,
    /// How often an attempt ended in an error; those that were given back, or whose holder died, are not among them.
    pub failures: u32,
    /// What came of it; `None` until it is done.
    pub result: Option<Value>,
}

/// The right of one holder to do one item, until it expires or is released.
///
/// The epoch grows with every holder, so that one who lost it without noticing can write nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemLease {
    /// The task.
    pub task: TaskId,
    /// The item's number.
    pub n: u32,
    /// The holder's name, which nobody else has.
    pub owner: String,
    /// How often the item had a new holder.
    pub epoch: u64,
}

/// An item that was just taken.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimedItem {
    /// The right to it.
    pub lease: ItemLease,
    /// The item.
    pub item: WorkItem,
    /// Its task, as it is now.
    pub task: Task,
}

/// How the doing of an item ended.
#[derive(Debug, Clone, PartialEq)]
pub enum ItemEnd {
    /// It is done, with this result.
    Done(Value),
    /// It was cancelled on the way: whoever takes it next goes on.
    Unfinished,
    /// Nothing can be done for so long, and that is nobody's failure: whoever takes it then goes on.
    Later(Duration),
}

/// How much work of a kind there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkStats {
    /// The kind.
    pub kind: String,
    /// Items that could be taken now, were somebody free.
    pub n_waiting: u64,
    /// Items that somebody holds.
    pub n_held: u64,
    /// When the oldest task was made of which an item could be taken now.
    pub oldest_at: Option<UnixMs>,
    /// How long ago the right to an item that could be taken now ran out, at most, by the store's clock; `None` where
    /// nobody left one behind.
    pub lapsed_ms: Option<u64>,
}

/// How many tasks are in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskStats {
    /// The state.
    pub state: TaskState,
    /// Tasks in it.
    pub n_tasks: u64,
    /// Since when the oldest of them is in it.
    pub since: UnixMs,
}
