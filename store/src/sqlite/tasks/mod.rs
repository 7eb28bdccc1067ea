//! The trait of the tasks: every method is one transaction, whose work stands in the module that it names.

mod append;
mod chunks;
mod claim;
mod create;
mod hold;
mod list;
mod meter;

use async_trait::async_trait;
use catalog::{
    ClaimedItem, CreatedTask, ItemLease, MeterLimits, MeterStep, Metered, NewTask, StoreError,
    Task, TaskCursor, TaskEntry, TaskEvent, TaskFilter, TaskHead, TaskId, TaskPage, TaskState,
    TaskStats, TaskStore, UnixMs, WorkItem, WorkStats,
};
use serde_json::Value;

pub(super) use self::append::append;
use super::SqliteStore;
use super::fault::Fault;
use crate::task_rules;

#[async_trait]
impl TaskStore for SqliteStore {
    async fn create_task(&self, task: &NewTask) -> Result<CreatedTask, StoreError> {
        let task = task.clone();
        self.write("make a task", move |tx| {
            task_rules::check_new(&task).map_err(Fault::Failed)?;
            create::create_task(tx, &task)
        })
        .await
    }

    async fn task(&self, id: &TaskId) -> Result<Option<Task>, StoreError> {
        let id = id.clone();
        self.read("read a task", move |tx| list::task(tx, &id))
            .await
    }

    async fn tasks(
        &self,
        filter: &TaskFilter,
        after: Option<&TaskCursor>,
        limit: usize,
        whole: bool,
    ) -> Result<TaskPage, StoreError> {
        let (filter, after) = (filter.clone(), after.cloned());
        self.read("list the tasks", move |tx| {
            list::tasks(tx, &filter, after.as_ref(), limit, whole)
        })
        .await
    }

    async fn task_heads(&self, ids: &[TaskId]) -> Result<Vec<TaskHead>, StoreError> {
        let ids = ids.to_vec();
        self.read("look at tasks", move |tx| list::task_heads(tx, &ids))
            .await
    }

    async fn append(&self, entry: &TaskEntry) -> Result<Option<TaskEvent>, StoreError> {
        let entry = entry.clone();
        self.write("write to a task", move |tx| append(tx, &entry))
            .await
    }

    async fn events(
        &self,
        task: &TaskId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<TaskEvent>, StoreError> {
        let task = task.clone();
        self.read("read the events of a task", move |tx| {
            list::events(tx, &task, after, limit)
        })
        .await
    }

    async fn claim(
        &self,
        kinds: &[&str],
        owner: &str,
        ttl_ms: u64,
    ) -> Result<Option<ClaimedItem>, StoreError> {
        let kinds: Vec<String> = kinds.iter().map(|&kind| kind.to_owned()).collect();
        let (asked, owner) = (kinds.clone(), owner.to_owned());
        // Whoever has nothing to do asks often, and should not keep writers waiting.
        let next = self.read("look for work", move |tx| claim::next(tx, &asked));
        if next.await?.is_none() {
            return Ok(None);
        }
        self.write("take an item", move |tx| {
            claim::claim(tx, &kinds, &owner, ttl_ms)
        })
        .await
    }

    async fn renew_item(&self, lease: &ItemLease, ttl_ms: u64) -> Result<TaskState, StoreError> {
        let lease = lease.clone();
        self.write("renew an item's lease", move |tx| {
            hold::renew_item(tx, &lease, ttl_ms)
        })
        .await
    }

    async fn release_item(&self, lease: &ItemLease) -> Result<(), StoreError> {
        let lease = lease.clone();
        self.write("give an item back", move |tx| {
            hold::release_item(tx, &lease)
        })
        .await
    }

    async fn put_off_item(&self, lease: &ItemLease, pause_ms: u64) -> Result<(), StoreError> {
        let lease = lease.clone();
        self.write("put an item off", move |tx| {
            hold::put_off_item(tx, &lease, pause_ms)
        })
        .await
    }

    async fn fail_item(
        &self,
        lease: &ItemLease,
        failures: u32,
        pause_ms: u64,
    ) -> Result<(), StoreError> {
        let lease = lease.clone();
        self.write("note that an item failed", move |tx| {
            hold::fail_item(tx, &lease, failures, pause_ms)
        })
        .await
    }

    async fn finish_item(&self, lease: &ItemLease, result: &Value) -> Result<(), StoreError> {
        let (lease, result) = (lease.clone(), result.clone());
        self.write("end an item", move |tx| {
            task_rules::check_result(&result).map_err(Fault::Failed)?;
            hold::finish_item(tx, &lease, &result)
        })
        .await
    }

    async fn items(&self, task: &TaskId) -> Result<Vec<WorkItem>, StoreError> {
        let task = task.clone();
        self.read("list the items of a task", move |tx| hold::items(tx, &task))
            .await
    }

    async fn meter(
        &self,
        task: &TaskId,
        step: &MeterStep,
        limits: &MeterLimits,
    ) -> Result<Metered, StoreError> {
        let (task, step, limits) = (task.clone(), *step, *limits);
        self.write("count what a task used", move |tx| {
            meter::meter(tx, &task, &step, &limits)
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
        let (holder, artifact) = (holder.clone(), artifact.to_owned());
        self.write("store a chunk of an artifact", move |tx| {
            task_rules::check_chunk(&artifact, n, bytes.len()).map_err(Fault::Failed)?;
            chunks::put_chunk(tx, &holder, &artifact, n, &bytes)
        })
        .await
    }

    async fn chunk(
        &self,
        task: &TaskId,
        artifact: &str,
        n: u32,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let (task, artifact) = (task.clone(), artifact.to_owned());
        self.read("read a chunk of an artifact", move |tx| {
            chunks::chunk(tx, &task, &artifact, n)
        })
        .await
    }

    async fn forget_tasks(&self, before: UnixMs, limit: usize) -> Result<u64, StoreError> {
        self.write("forget tasks", move |tx| {
            chunks::forget_tasks(tx, before, limit)
        })
        .await
    }

    async fn work_stats(&self) -> Result<Vec<WorkStats>, StoreError> {
        self.read("count the work", claim::work_stats).await
    }

    async fn task_stats(&self) -> Result<Vec<TaskStats>, StoreError> {
        self.read("count the tasks", list::task_stats).await
    }
}
