//! The contract of a database of durable work, in plain data types. Implemented in the room `store` alone.

use std::fmt;

use async_trait::async_trait;
use serde_json::Value;

use crate::{
    ClaimedItem, CreatedTask, ItemLease, MeterLimits, MeterStep, Metered, NewTask, StoreError,
    Task, TaskCursor, TaskEntry, TaskEvent, TaskFilter, TaskHead, TaskId, TaskPage, TaskState,
    TaskStats, UnixMs, WorkItem, WorkStats,
};

/// The longest chunk of an artifact, in bytes as stored.
pub const MAX_CHUNK_BYTES: usize = 1 << 20;

/// The most chunks of an artifact.
pub const MAX_CHUNKS: u32 = 4_096;

/// The most messages of a task.
pub const MAX_TASK_MESSAGES: usize = 64;

/// The most items of a task.
pub const MAX_TASK_ITEMS: usize = 2_000;

/// The longest entry, with all that it brings, and the longest result of an item, in bytes of JSON.
pub const MAX_ENTRY_BYTES: usize = 2 << 20;

/// The longest messages and artifacts of a task together, in bytes of JSON.
pub const MAX_TASK_BYTES: usize = 4 << 20;

/// How deep the agents' own JSON may be nested.
pub const MAX_JSON_DEPTH: usize = 64;

/// A database of tasks, their events, their work items and their artifacts.
///
/// Every list is bounded by its `limit` and has the order that its method states. Recorded times are arguments;
/// leases go by the store's own clock. A task's items are open until they have a result or the task is terminal.
///
/// What is longer, more or deeper than the bounds above, or has a longer name than
/// [`MAX_TASK_NAME`](crate::MAX_TASK_NAME), is refused whole with [`StoreError::Failed`].
#[async_trait]
pub trait TaskStore: Send + Sync + fmt::Debug {
    /// Makes a task with its items and its event 1, in one atomic step.
    ///
    /// With an idempotency key that its caller used before, and that still holds, nothing is made.
    /// Repeated with the id of a stored task, it returns that task as [`CreatedTask::Same`].
    async fn create_task(&self, task: &NewTask) -> Result<CreatedTask, StoreError>;

    /// Returns a task as it is now.
    async fn task(&self, id: &TaskId) -> Result<Option<Task>, StoreError>;

    /// Returns the tasks that pass `filter`, newest `state_at` first, then by falling id, from the first behind
    /// `after` on. At most `limit`. Their artifacts and messages are left out: `artifacts` and `messages` are empty
    /// unless `whole`.
    async fn tasks(
        &self,
        filter: &TaskFilter,
        after: Option<&TaskCursor>,
        limit: usize,
        whole: bool,
    ) -> Result<TaskPage, StoreError>;

    /// Returns the heads of the tasks that are stored among `ids`, in any order.
    async fn task_heads(&self, ids: &[TaskId]) -> Result<Vec<TaskHead>, StoreError>;

    /// Writes an entry in one atomic step: the event with the next number, the task as it is then, the message and
    /// the items. Returns the event; `None` where its `min_gap_ms` left it out.
    ///
    /// An event with a terminal state closes the task's open items.
    ///
    /// # Errors
    /// - [`StoreError::UnknownTask`].
    /// - [`StoreError::TaskEnded`] when the task is terminal.
    /// - [`StoreError::ItemFenced`] when the holder's item was taken by another one, or is done, or is none of this
    ///   task.
    /// - [`StoreError::TaskMoved`] when the newest event is another one than the entry's `only_at`.
    ///
    /// Nothing is written then. The first that is true of them is told.
    async fn append(&self, entry: &TaskEntry) -> Result<Option<TaskEvent>, StoreError>;

    /// Returns a task's events with a greater number than `after`, in order. At most `limit`; fewer mean the end.
    async fn events(
        &self,
        task: &TaskId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<TaskEvent>, StoreError>;

    /// Takes an open item of one of `kinds` that nobody holds, for `ttl_ms` from now by the store's clock: the oldest one
    /// of the tasks with the fewest items that are held, so that a long task keeps no other one waiting for its end.
    ///
    /// Left out are items of tasks that wait for their callers, items whose key another held item has, of whatever kind,
    /// and those that wait for others ([`WorkItem::is_last`]). The epoch and `attempts` are one more than before. `None`
    /// if there is nothing to do. A claim whose answer nobody waits for may leave its item taken until that expires.
    async fn claim(
        &self,
        kinds: &[&str],
        owner: &str,
        ttl_ms: u64,
    ) -> Result<Option<ClaimedItem>, StoreError>;

    /// Prolongs the right to an item to `ttl_ms` from now, also after it expired, and returns the state of its task,
    /// which may be terminal: the item's key stays taken until its holder gives it back.
    ///
    /// # Errors
    /// [`StoreError::ItemFenced`] when another holder took it; when, after it expired, another item of its key
    /// has a holder; when it is done, or there is none.
    async fn renew_item(&self, lease: &ItemLease, ttl_ms: u64) -> Result<TaskState, StoreError>;

    /// Gives an item back undone, so that anybody may take it at once; does nothing when another holder took it.
    async fn release_item(&self, lease: &ItemLease) -> Result<(), StoreError>;

    /// Gives an item back undone, so that nobody takes it for `pause_ms` from now, while its key is free; does nothing when
    /// another holder took it. Its `attempts` are forgotten: whoever puts an item off lives.
    async fn put_off_item(&self, lease: &ItemLease, pause_ms: u64) -> Result<(), StoreError>;

    /// Notes that attempts at an item failed `failures` times so far, and keeps the item from everybody for `pause_ms`
    /// from now. Repeated, it changes nothing but the pause's end.
    ///
    /// # Errors
    /// As [`TaskStore::renew_item`].
    async fn fail_item(
        &self,
        lease: &ItemLease,
        failures: u32,
        pause_ms: u64,
    ) -> Result<(), StoreError>;

    /// Records what came of an item, which is done then, also behind the end of its task. Repeated by the same holder
    /// it changes nothing.
    ///
    /// # Errors
    /// [`StoreError::ItemFenced`] when another holder took it, or there is none.
    async fn finish_item(&self, lease: &ItemLease, result: &Value) -> Result<(), StoreError>;

    /// Returns all items of a task by number.
    async fn items(&self, task: &TaskId) -> Result<Vec<WorkItem>, StoreError>;

    /// Adds `step` to what the work of a task used so far, in one atomic step over all processes, unless a total that
    /// the step raises would become greater than its limit. A total never falls below 0. A step of zeros tells the totals.
    ///
    /// Terminal tasks are counted too: what was under way when one ended was paid. Repeated, it counts twice.
    ///
    /// # Errors
    /// [`StoreError::UnknownTask`].
    async fn meter(
        &self,
        task: &TaskId,
        step: &MeterStep,
        limits: &MeterLimits,
    ) -> Result<Metered, StoreError>;

    /// Stores chunk `n`, from 0, of an artifact of a task, in place of an earlier one.
    ///
    /// # Errors
    /// As [`TaskStore::append`]; and [`StoreError::Failed`] for more than [`MAX_CHUNK_BYTES`] or [`MAX_CHUNKS`].
    async fn put_chunk(
        &self,
        holder: &ItemLease,
        artifact: &str,
        n: u32,
        bytes: Vec<u8>,
    ) -> Result<(), StoreError>;

    /// Returns a chunk of an artifact.
    async fn chunk(
        &self,
        task: &TaskId,
        artifact: &str,
        n: u32,
    ) -> Result<Option<Vec<u8>>, StoreError>;

    /// Removes terminal tasks whose `state_at` is before `before`, oldest first, with all that belongs to them: events,
    /// items, chunks and idempotency keys. At most `limit`; returns their number.
    async fn forget_tasks(&self, before: UnixMs, limit: usize) -> Result<u64, StoreError>;

    /// Returns how much work there is, by kind, in the order of the kinds' names; kinds without any are left out.
    async fn work_stats(&self) -> Result<Vec<WorkStats>, StoreError>;

    /// Returns how many tasks are in which state, in any order; states without any are left out.
    async fn task_stats(&self) -> Result<Vec<TaskStats>, StoreError>;
}
