//! Tells subscribers and workers of what happened to their tasks, wherever it happened.
//!
//! The store is the source of truth: one loop asks it for the heads of all watched tasks at once, and what happens in
//! this process only makes it ask sooner.

mod tail;
#[cfg(test)]
mod tests;
mod watched;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use catalog::{StoreError, TaskEntry, TaskEvent, TaskHead, TaskId, TaskState, TaskStore};
use futures_util::stream::BoxStream;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use tail::Tail;
use watched::{Silence, Watched};

/// How often the store is asked for what other processes wrote.
pub(crate) const POLL: Duration = Duration::from_millis(100);

/// How long a store may be silent before subscribers are sent away; they come back when it is there again.
const PATIENCE: Duration = Duration::from_secs(10);

/// The most tasks that the store is asked for in one question, and the most events that are read at once.
const MAX_HEADS: usize = 500;
const MAX_EVENTS: usize = 64;

/// Where all that wait for news of a task meet.
#[derive(Debug)]
pub struct Hub {
    tasks: Arc<dyn TaskStore>,
    watched: Arc<Watched>,
    work: watch::Sender<()>,
}

/// Tells one worker of new work.
#[derive(Debug)]
pub struct NewWork(watch::Receiver<()>);

impl NewWork {
    /// Returns once there may be some.
    ///
    /// Cancel-safe: what a dropped call missed is told to the next one.
    pub async fn comes(&mut self) {
        if self.0.changed().await.is_err() {
            // The hub is gone, and nothing comes any more.
            std::future::pending::<()>().await;
        }
    }
}

impl Hub {
    /// Returns a hub over `tasks`. Nobody hears anything before [`Hub::run`] runs.
    pub fn new(tasks: Arc<dyn TaskStore>) -> Self {
        Self {
            tasks,
            watched: Arc::default(),
            work: watch::Sender::new(()),
        }
    }

    /// Asks the store for news of watched tasks until `cancel`; then all streams end.
    pub async fn run(&self, cancel: &CancellationToken) {
        let mut ticks = tokio::time::interval(POLL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut failing_since = None;
        loop {
            let ids = tokio::select! {
                () = cancel.cancelled() => break,
                () = self.watched.woken() => self.watched.take_woken(),
                _ = ticks.tick() => self.watched.all(),
            };
            let looked = tokio::select! {
                () = cancel.cancelled() => break,
                looked = tokio::time::timeout(PATIENCE, self.look(&ids)) => looked,
            };
            let failed = match looked {
                Ok(looked) => looked.err().map(|error| error.to_string()),
                Err(_) => Some("the store does not answer".to_owned()),
            };
            self.bear(failed, &mut failing_since);
        }
        self.watched.silence(Silence::Stopped);
    }

    /// Writes an entry, and tells all here who wait for it.
    ///
    /// # Errors
    /// Those of [`TaskStore::append`].
    pub async fn append(&self, entry: &TaskEntry) -> Result<Option<TaskEvent>, StoreError> {
        let event = self.tasks.append(entry).await?;
        self.wake(&entry.task);
        if !entry.items.is_empty() {
            self.wake_workers();
        }
        Ok(event)
    }

    /// Makes the hub look for news of a task now.
    pub fn wake(&self, task: &TaskId) {
        self.watched.wake(task);
    }

    /// Makes the workers of this process look for work now: whoever makes a task calls it.
    pub fn wake_workers(&self) {
        self.work.send_replace(());
    }

    /// Returns what tells a worker that there may be work which was made in this process, from now on.
    pub fn new_work(&self) -> NewWork {
        NewWork(self.work.subscribe())
    }

    /// Returns a task's events with a greater number than `after`, as they come, up to one with a state that is
    /// terminal, or that waits for the caller and is the newest.
    ///
    /// After an outage of the store the last one is an error; when the hub stops, the stream just ends. Whoever wants
    /// the rest asks again. Cancel-safe: nothing is lost with a dropped stream but the stream.
    pub fn events(
        &self,
        task: &TaskId,
        after: u64,
    ) -> BoxStream<'static, Result<Arc<TaskEvent>, StoreError>> {
        let watch = Watched::watch(&self.watched, task);
        Tail::new(Arc::clone(&self.tasks), watch, after).into_stream()
    }

    /// Returns once the task is in a terminal state, which is returned. One that is removed counts as canceled.
    ///
    /// Cancel-safe.
    pub async fn ended(&self, task: &TaskId) -> TaskState {
        let mut watch = Watched::watch(&self.watched, task);
        loop {
            if let Some(state) = watch.look(|news| news.end()) {
                return state;
            }
            watch.changed().await;
        }
    }

    /// Asks the store for news of these tasks, and tells those who wait for them.
    async fn look(&self, ids: &[TaskId]) -> Result<(), StoreError> {
        for ids in ids.chunks(MAX_HEADS) {
            let heads = self.tasks.task_heads(ids).await?;
            let heads: HashMap<_, _> = heads.iter().map(|head| (&head.id, head)).collect();
            for id in ids {
                match heads.get(id) {
                    Some(head) => self.look_at(head).await?,
                    None => self
                        .watched
                        .tell(id, |news| news.silence = Some(Silence::Gone)),
                }
            }
        }
        Ok(())
    }

    async fn look_at(&self, head: &TaskHead) -> Result<(), StoreError> {
        let Some(known) = self.watched.known(&head.id) else {
            return Ok(());
        };
        if known == Some(head.seq) {
            self.watched.heard(&head.id);
            return Ok(());
        }
        let events = match known {
            // Who comes newly has what was before.
            None => Vec::new(),
            Some(known) => {
                let after = known.max(head.seq.saturating_sub(MAX_EVENTS as u64));
                self.tasks.events(&head.id, after, MAX_EVENTS).await?
            }
        };
        self.watched.tell(&head.id, |news| news.learn(head, events));
        Ok(())
    }

    /// Reports an outage of the store once, and sends subscribers away when it lasts.
    fn bear(&self, failed: Option<String>, failing_since: &mut Option<Instant>) {
        match (failed, *failing_since) {
            (None, None) => {}
            (None, Some(_)) => {
                tracing::info!("the store tells the news of tasks again");
                *failing_since = None;
            }
            (Some(error), None) => {
                tracing::warn!("{error}; trying on: subscribers of tasks wait");
                *failing_since = Some(Instant::now());
            }
            (Some(_), Some(since)) if since.elapsed() >= PATIENCE => {
                self.watched.silence(Silence::Outage);
            }
            (Some(_), Some(_)) => {}
        }
    }
}
