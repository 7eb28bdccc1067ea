//! Does the work items of tasks, whatever their kind: takes them, renews them, gives them back.
//!
//! Any number of processes run a worker on one store; an item that one of them leaves behind goes to another. What is
//! done to an item is not known here.

mod item;
mod left_behind;
mod old_tasks;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use a2a::Hub;
use catalog::{ClaimedItem, ItemEnd, StoreError, TaskStore};
use futures_util::future::BoxFuture;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub(crate) use self::left_behind::{end_as, end_left_behind};
pub(crate) use self::old_tasks::{KEPT_MS, forget_old_tasks};
use crate::clock::Clock;

/// How often an idle worker asks for work that other processes made.
const IDLE_POLL: Duration = Duration::from_millis(200);

/// The same while the store fails.
const OUTAGE_POLL: Duration = Duration::from_secs(1);

/// The grace of work that ends soon once it is told to.
pub(crate) const SHORT_GRACE: Duration = Duration::from_secs(5);

/// The longest time from the end of the longest grace to the end of the worker.
const MAX_STOP: Duration = Duration::from_secs(5);

/// Does an item until its end or the token; see [`a2a::run_item`], whose promises are asked of all kinds.
pub(crate) type RunItem = Box<
    dyn Fn(ClaimedItem, CancellationToken) -> BoxFuture<'static, Result<ItemEnd, StoreError>>
        + Send
        + Sync,
>;

/// Kinds of items, and who does them.
pub(crate) struct Work {
    pub(crate) kinds: Vec<String>,
    pub(crate) run: RunItem,
    /// How long an item may go on after it was told to stop; then it is dropped.
    pub(crate) grace: Duration,
}

/// What a worker is made of.
pub(crate) struct Worker {
    pub(crate) tasks: Arc<dyn TaskStore>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) clock: Clock,
    /// The name that no other worker has.
    pub(crate) owner: String,
    /// How long an item is kept without a renewal.
    pub(crate) lease: Duration,
    /// The most items at a time.
    pub(crate) concurrency: usize,
    pub(crate) work: Vec<Work>,
}

impl Worker {
    /// Does items as they come, until `stop`; then gives back those under way, at most their grace later.
    pub(crate) async fn run(self, stop: &CancellationToken) {
        let worker = Arc::new(self);
        let mut items = JoinSet::new();
        let graces = worker.work.iter().map(|it| it.grace);
        let max_stop = graces.max().unwrap_or_default() + MAX_STOP;
        let stopped_for_long = async {
            stop.cancelled().await;
            tokio::time::sleep(max_stop).await;
        };
        let work = async {
            worker.take_items(&mut items, stop).await;
            while items.join_next().await.is_some() {}
        };
        tokio::select! {
            () = work => {}
            () = stopped_for_long => {
                tracing::warn!("work was left where it stands: its leases end by themselves");
            }
        }
    }

    async fn take_items(self: &Arc<Self>, items: &mut JoinSet<()>, stop: &CancellationToken) {
        let kinds = self.work.iter().flat_map(|it| &it.kinds);
        let kinds: Vec<&str> = kinds.map(String::as_str).collect();
        let mut new_work = self.hub.new_work();
        let mut outage = Outage::default();
        while !stop.is_cancelled() {
            if items.len() < self.concurrency {
                // Not raced with anything: what a dropped call took would wait for the end of its lease.
                match self.tasks.claim(&kinds, &self.owner, self.ttl_ms()).await {
                    Ok(claimed) => {
                        outage.ended("taking work");
                        if let Some(claimed) = claimed {
                            items.spawn(Arc::clone(self).do_item(claimed, stop.child_token()));
                            continue;
                        }
                    }
                    Err(error) => outage.goes_on(&error),
                }
            }
            let pause = if outage.is_on { OUTAGE_POLL } else { IDLE_POLL };
            tokio::select! {
                () = stop.cancelled() => {}
                Some(_) = items.join_next() => {}
                () = new_work.comes(), if items.len() < self.concurrency => {}
                () = tokio::time::sleep(pause), if items.len() < self.concurrency => {}
            }
        }
    }

    fn ttl_ms(&self) -> u64 {
        millis(self.lease)
    }
}

/// A time in which the store fails, which is told once.
#[derive(Debug, Default)]
struct Outage {
    is_on: bool,
}

impl Outage {
    fn goes_on(&mut self, error: &StoreError) {
        if !self.is_on {
            tracing::warn!("{error}; trying again until it works");
            self.is_on = true;
        }
    }

    fn ended(&mut self, doing: &str) {
        if self.is_on {
            tracing::warn!("{doing} works again");
            self.is_on = false;
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
