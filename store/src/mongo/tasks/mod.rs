//! The trait of the tasks. None of its methods needs a transaction: a task is one document, and every change of it
//! that may not be halved is one step on that document.
//!
//! What stands beside the task (its older events, its items, the right to a key) is written before the task forgets
//! it, or is put right by whoever claims next. So a single server keeps the same promises as a replica set, and a
//! process that is killed leaves no lock on a task that others work on.

pub(super) mod append;
mod chunks;
pub(super) mod claim;
pub(super) mod create;
mod document;
mod entries;
mod events;
mod exclusive;
mod forget;
mod hold;
mod items;
mod list;
pub(super) mod meter;
mod queue;

use async_trait::async_trait;
use catalog::{
    ClaimedItem, CreatedTask, ItemLease, MeterLimits, MeterStep, Metered, NewTask, StoreError,
    Task, TaskCursor, TaskEntry, TaskEvent, TaskFilter, TaskHead, TaskId, TaskPage, TaskState,
    TaskStats, TaskStore, UnixMs, WorkItem, WorkStats,
};
use mongodb::bson::oid::ObjectId;
use serde_json::Value;

use super::MongoStore;
pub(super) use entries::PageEntry;

#[async_trait]
impl TaskStore for MongoStore {
    async fn create_task(&self, task: &NewTask) -> Result<CreatedTask, StoreError> {
        let call = ObjectId::new();
        self.in_order("make a task", |steps| {
            Box::pin(create::create(steps, task, call))
        })
        .await
    }

    async fn task(&self, id: &TaskId) -> Result<Option<Task>, StoreError> {
        self.read("read a task", |steps| Box::pin(list::task(steps, id)))
            .await
    }

    async fn tasks(
        &self,
        filter: &TaskFilter,
        after: Option<&TaskCursor>,
        limit: usize,
        whole: bool,
    ) -> Result<TaskPage, StoreError> {
        self.read("list the tasks", |steps| {
            Box::pin(list::tasks(steps, filter, after, limit, whole))
        })
        .await
    }

    async fn task_heads(&self, ids: &[TaskId]) -> Result<Vec<TaskHead>, StoreError> {
        self.read("look at tasks", |steps| {
            Box::pin(list::task_heads(steps, ids))
        })
        .await
    }

    async fn append(&self, entry: &TaskEntry) -> Result<Option<TaskEvent>, StoreError> {
        let call = ObjectId::new();
        self.in_order("write to a task", |steps| {
            Box::pin(append::append(steps, entry, call))
        })
        .await
    }

    async fn events(
        &self,
        task: &TaskId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<TaskEvent>, StoreError> {
        self.read("read the events of a task", |steps| {
            Box::pin(events::events(steps, task, after, limit))
        })
        .await
    }

    async fn claim(
        &self,
        kinds: &[&str],
        owner: &str,
        ttl_ms: u64,
    ) -> Result<Option<ClaimedItem>, StoreError> {
        let claimant = claim::Claimant {
            owner,
            ttl_ms,
            claim: ObjectId::new(),
        };
        self.in_order("take an item", |steps| {
            Box::pin(claim::claim(steps, kinds, claimant))
        })
        .await
    }

    async fn renew_item(&self, lease: &ItemLease, ttl_ms: u64) -> Result<TaskState, StoreError> {
        self.in_order("renew an item's lease", |steps| {
            Box::pin(hold::renew(steps, lease, ttl_ms))
        })
        .await
    }

    async fn release_item(&self, lease: &ItemLease) -> Result<(), StoreError> {
        self.in_order("give an item back", |steps| {
            Box::pin(hold::release(steps, lease))
        })
        .await
    }

    async fn put_off_item(&self, lease: &ItemLease, pause_ms: u64) -> Result<(), StoreError> {
        self.in_order("put an item off", |steps| {
            Box::pin(hold::put_off(steps, lease, pause_ms))
        })
        .await
    }

    async fn fail_item(
        &self,
        lease: &ItemLease,
        failures: u32,
        pause_ms: u64,
    ) -> Result<(), StoreError> {
        self.in_order("note that an item failed", |steps| {
            Box::pin(hold::fail(steps, lease, failures, pause_ms))
        })
        .await
    }

    async fn finish_item(&self, lease: &ItemLease, result: &Value) -> Result<(), StoreError> {
        self.in_order("end an item", |steps| {
            Box::pin(hold::finish(steps, lease, result))
        })
        .await
    }

    async fn items(&self, task: &TaskId) -> Result<Vec<WorkItem>, StoreError> {
        self.read("list the items of a task", |steps| {
            Box::pin(items::items(steps, task))
        })
        .await
    }

    async fn meter(
        &self,
        task: &TaskId,
        step: &MeterStep,
        limits: &MeterLimits,
    ) -> Result<Metered, StoreError> {
        let call = ObjectId::new();
        self.in_order("count what a task used", |steps| {
            Box::pin(meter::meter(steps, task, (step, limits), call))
        })
        .await
    }

    async fn put_chunk(
        &self,
        holder: &ItemLease,
        artifact: &str,
        n: u32,
        bytes: Vec<u8>,
    ) -> Result<(), StoreError> {
        let bytes = &bytes;
        self.in_order("store a chunk of an artifact", |steps| {
            Box::pin(chunks::put_chunk(steps, holder, (artifact, n), bytes))
        })
        .await
    }

    async fn chunk(
        &self,
        task: &TaskId,
        artifact: &str,
        n: u32,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.read("read a chunk of an artifact", |steps| {
            Box::pin(chunks::chunk(steps, task, artifact, n))
        })
        .await
    }

    async fn forget_tasks(&self, before: UnixMs, limit: usize) -> Result<u64, StoreError> {
        self.in_order("forget tasks", |steps| {
            Box::pin(forget::forget_tasks(steps, before, limit))
        })
        .await
    }

    async fn work_stats(&self) -> Result<Vec<WorkStats>, StoreError> {
        self.read("count the work", |steps| Box::pin(queue::work_stats(steps)))
            .await
    }

    async fn task_stats(&self) -> Result<Vec<TaskStats>, StoreError> {
        self.read("count the tasks", |steps| Box::pin(list::task_stats(steps)))
            .await
    }
}
