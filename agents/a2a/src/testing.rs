//! What the tests of this room run on: a store in memory, a hub, a worker; and a store that can be taken away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use catalog::{
    ClaimedItem, CreatedTask, ItemEnd, ItemLease, MeterLimits, MeterStep, Metered, NewItem,
    NewTask, StoreError, Task, TaskChange, TaskCursor, TaskEntry, TaskEvent, TaskFilter, TaskHead,
    TaskId, TaskPage, TaskState, TaskStats, TaskStore, UnixMs, WorkItem, WorkStats,
};
use crawler::fetch::{FetchConfig, Fetcher};
use serde_json::{Value, json};
use store::OpenMode;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{AGENTS, Context, Hub, kinds, run_item};

/// An agent's surroundings. Its hub and its worker run until it is dropped.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) context: Context,
    pub(crate) store: Arc<Broken>,
    running: JoinSet<()>,
}

impl World {
    /// Returns a world whose hub runs.
    pub(crate) async fn new() -> Self {
        let opened = store::open_with_tasks("sqlite::memory:", OpenMode::Create);
        let (products, tasks) = opened.await.unwrap();
        let store = Arc::new(Broken {
            tasks,
            is_broken: AtomicBool::new(false),
        });
        let tasks: Arc<dyn TaskStore> = Arc::clone(&store) as _;
        let now: Arc<dyn Fn() -> UnixMs + Send + Sync> = Arc::new(|| UnixMs::new(1_000));
        let context = Context {
            summaries: summarizer::Context {
                store: Arc::clone(&products),
                tasks: Arc::clone(&tasks),
                endpoint: None,
                now: Arc::clone(&now),
                tally: Arc::default(),
            },
            ranking_sheets: Arc::new(|_, _| Box::pin(async { Ok(Vec::new()) })),
            budget: MeterLimits::default(),
            store: products,
            hub: Arc::new(Hub::new(Arc::clone(&tasks))),
            tasks,
            fetcher: Arc::new(Fetcher::new(FetchConfig::default()).unwrap()),
            now,
            currency_of: Arc::new(|_| None),
            is_dead: |_| false,
            lease: Duration::from_secs(60),
            stop: CancellationToken::new(),
            public_url: "http://agent.example".to_owned(),
        };
        let mut running = JoinSet::new();
        let hub = Arc::clone(&context.hub);
        running.spawn(async move { hub.run(&CancellationToken::new()).await });
        Self {
            context,
            store,
            running,
        }
    }

    /// Returns a world with a worker, too.
    pub(crate) async fn working() -> Self {
        let mut world = Self::new().await;
        world.running.spawn(work(world.context.clone()));
        world
    }

    /// Makes a task of `local` with items of the kind `test`.
    pub(crate) async fn task(&self, id: &str, n_items: u32) -> TaskId {
        let item = |n: u32| NewItem {
            kind: "test".to_owned(),
            key: format!("{id}-{n}"),
            payload: Value::Null,
            is_last: false,
        };
        let id = TaskId::new(id).unwrap();
        let task = NewTask {
            id: id.clone(),
            agent: "shopify".to_owned(),
            caller: "local".to_owned(),
            context: "c".to_owned(),
            state: TaskState::Submitted,
            note: None,
            message: json!({}),
            items: (1..=n_items).map(item).collect(),
            idempotency: None,
            at: UnixMs::new(1_000),
        };
        self.context.tasks.create_task(&task).await.unwrap();
        id
    }
}

/// Returns an entry that says a state.
pub(crate) fn entry(task: &TaskId, state: TaskState) -> TaskEntry {
    let change = TaskChange::State {
        state,
        note: None,
        data: None,
    };
    TaskEntry::new(task, change, UnixMs::new(2_000))
}

/// Does items as they come, each beside the others.
async fn work(context: Context) {
    let kinds = kinds(&[&AGENTS[0]], true).crawls;
    let mut new_work = context.hub.new_work();
    let mut items = JoinSet::new();
    loop {
        while let Ok(Some(claimed)) = context.tasks.claim(&kinds, "worker", 60_000).await {
            items.spawn(do_item(claimed, context.clone()));
        }
        tokio::select! {
            () = new_work.comes() => {}
            Some(_) = items.join_next() => {}
        }
    }
}

async fn do_item(claimed: ClaimedItem, context: Context) {
    let cancel = CancellationToken::new();
    let end = tokio::select! {
        end = run_item(&claimed, &context, &cancel) => end,
        _ = context.hub.ended(&claimed.item.task) => return,
    };
    if let Ok(ItemEnd::Done(result)) = end {
        let finished = context.tasks.finish_item(&claimed.lease, &result).await;
        finished.unwrap();
    }
}

/// A store that can be taken away.
#[derive(Debug)]
pub(crate) struct Broken {
    tasks: Arc<dyn TaskStore>,
    is_broken: AtomicBool,
}

impl Broken {
    /// Takes the store away, or brings it back.
    pub(crate) fn breaks(&self, is_broken: bool) {
        self.is_broken.store(is_broken, Ordering::SeqCst);
    }

    fn whole(&self) -> Result<&dyn TaskStore, StoreError> {
        if self.is_broken.load(Ordering::SeqCst) {
            return Err(StoreError::Failed {
                doing: "read",
                location: "/secret/place.db".to_owned(),
                detail: "mongodb://user:secret@host".to_owned(),
            });
        }
        Ok(self.tasks.as_ref())
    }
}

#[async_trait]
impl TaskStore for Broken {
    async fn create_task(&self, task: &NewTask) -> Result<CreatedTask, StoreError> {
        self.whole()?.create_task(task).await
    }

    async fn task(&self, id: &TaskId) -> Result<Option<Task>, StoreError> {
        self.whole()?.task(id).await
    }

    async fn tasks(
        &self,
        filter: &TaskFilter,
        after: Option<&TaskCursor>,
        limit: usize,
        whole: bool,
    ) -> Result<TaskPage, StoreError> {
        self.whole()?.tasks(filter, after, limit, whole).await
    }

    async fn task_heads(&self, ids: &[TaskId]) -> Result<Vec<TaskHead>, StoreError> {
        self.whole()?.task_heads(ids).await
    }

    async fn append(&self, entry: &TaskEntry) -> Result<Option<TaskEvent>, StoreError> {
        self.whole()?.append(entry).await
    }

    async fn events(
        &self,
        task: &TaskId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<TaskEvent>, StoreError> {
        self.whole()?.events(task, after, limit).await
    }

    async fn claim(
        &self,
        kinds: &[&str],
        owner: &str,
        ttl_ms: u64,
    ) -> Result<Option<ClaimedItem>, StoreError> {
        self.whole()?.claim(kinds, owner, ttl_ms).await
    }

    async fn renew_item(&self, lease: &ItemLease, ttl_ms: u64) -> Result<TaskState, StoreError> {
        self.whole()?.renew_item(lease, ttl_ms).await
    }

    async fn release_item(&self, lease: &ItemLease) -> Result<(), StoreError> {
        self.whole()?.release_item(lease).await
    }

    async fn put_off_item(&self, lease: &ItemLease, pause_ms: u64) -> Result<(), StoreError> {
        self.whole()?.put_off_item(lease, pause_ms).await
    }

    async fn fail_item(
        &self,
        lease: &ItemLease,
        failures: u32,
        pause_ms: u64,
    ) -> Result<(), StoreError> {
        self.whole()?.fail_item(lease, failures, pause_ms).await
    }

    async fn finish_item(&self, lease: &ItemLease, result: &Value) -> Result<(), StoreError> {
        self.whole()?.finish_item(lease, result).await
    }

    async fn items(&self, task: &TaskId) -> Result<Vec<WorkItem>, StoreError> {
        self.whole()?.items(task).await
    }

    async fn meter(
        &self,
        task: &TaskId,
        step: &MeterStep,
        limits: &MeterLimits,
    ) -> Result<Metered, StoreError> {
        self.whole()?.meter(task, step, limits).await
    }

    async fn put_chunk(
        &self,
        holder: &ItemLease,
        artifact: &str,
        n: u32,
        bytes: Vec<u8>,
    ) -> Result<(), StoreError> {
        self.whole()?.put_chunk(holder, artifact, n, bytes).await
    }

    async fn chunk(
        &self,
        task: &TaskId,
        artifact: &str,
        n: u32,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.whole()?.chunk(task, artifact, n).await
    }

    async fn forget_tasks(&self, before: UnixMs, limit: usize) -> Result<u64, StoreError> {
        self.whole()?.forget_tasks(before, limit).await
    }

    async fn work_stats(&self) -> Result<Vec<WorkStats>, StoreError> {
        self.whole()?.work_stats().await
    }

    async fn task_stats(&self) -> Result<Vec<TaskStats>, StoreError> {
        self.whole()?.task_stats().await
    }
}
