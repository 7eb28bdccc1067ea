//! One item, from the claim to its end.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use catalog::{ClaimedItem, ItemEnd, ItemLease, StoreError, TaskChange, TaskEntry, TaskState};
use futures_util::FutureExt;
use metrics::counter;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{Outage, Worker, millis};
use crate::figures::work_kind;

/// The error that comes as this one is the item's result.
const MOST_FAILURES: u32 = 5;

/// An item that was taken so often without an end may be what ends its processes, and is not tried again.
const MOST_TAKES: u32 = 50;

/// The pause behind the first error, which doubles with each, and the longest.
const MIN_BACKOFF: Duration = Duration::from_secs(1);
const MAX_BACKOFF: Duration = Duration::from_secs(30);

/// The longest time for which an item can be put off.
const MAX_PAUSE: Duration = Duration::from_secs(24 * 3600);

/// The shortest pause between two renewals.
const MIN_RENEWAL: Duration = Duration::from_millis(50);

/// The longest wait for an item's end to be written.
const MAX_SETTLE: Duration = Duration::from_secs(60);

/// How the doing of an item ended.
#[derive(Debug)]
enum End {
    Done(Value),
    /// The process stops, or the task ended.
    Stopped,
    /// Nothing can be done for so long.
    Later(Duration),
    Failed(String),
    /// Another attempt would end no better.
    Hopeless(String),
}

impl End {
    /// Returns the word for it in figures, where an item that failed has done so `failures` times.
    const fn word(&self, failures: u32) -> &'static str {
        match self {
            Self::Done(_) => "done",
            Self::Stopped => "released",
            Self::Later(_) => "put_off",
            Self::Failed(_) if failures < MOST_FAILURES => "failed",
            Self::Failed(_) | Self::Hopeless(_) => "given_up",
        }
    }
}

/// Counts an item that this process lets go (docs/metrics.md).
fn count(kind: &str, outcome: &'static str) {
    let kind = work_kind(kind);
    counter!("trouvaille_work_total", "kind" => kind, "outcome" => outcome).increment(1);
}

impl Worker {
    /// Does an item and writes down its end, unless another holder takes it; stops when `cancel` says so, or when the
    /// item's task ended.
    #[tracing::instrument(name = "task", skip_all, fields(task = %claimed.item.task, n = claimed.item.n, kind = claimed.item.kind))]
    pub(super) async fn do_item(self: Arc<Self>, claimed: ClaimedItem, cancel: CancellationToken) {
        let (lease, failures) = (claimed.lease.clone(), claimed.item.failures);
        let kind = claimed.item.kind.clone();
        if claimed.item.attempts > 1 {
            let (n, task, attempts) = (lease.n, &lease.task, claimed.item.attempts);
            tracing::info!(
                target: "trouvaille::note",
                "taking over item {n} of the task {task} (attempt {attempts})"
            );
        }
        let end = tokio::select! {
            biased;
            end = self.end_of(claimed, &cancel) => end,
            () = self.lost(&lease) => {
                count(&kind, "lost");
                tracing::warn!("another worker took over item {} of the task {}", lease.n, lease.task);
                return;
            }
        };
        // What is given back, or left to its pause, is renewed no more: that would undo it.
        let is_done = matches!(end, End::Done(_));
        count(&kind, end.word(failures + 1));
        let kept = async {
            if is_done {
                self.lost(&lease).await;
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            biased;
            () = self.settle(&lease, failures, end) => {}
            () = kept => {}
        }
    }

    /// Does an item to its end, at most its grace beyond a reason to stop.
    async fn end_of(&self, claimed: ClaimedItem, cancel: &CancellationToken) -> End {
        if claimed.item.attempts > MOST_TAKES {
            return End::Hopeless(format!("it was begun {MOST_TAKES} times without an end"));
        }
        let kind = claimed.item.kind.as_str();
        let Some(work) = self
            .work
            .iter()
            .find(|it| it.kinds.iter().any(|it| it == kind))
        else {
            return End::Failed(format!("nobody here does items of the kind {kind}"));
        };
        let task = claimed.item.task.clone();
        let run = (work.run)(claimed, cancel.clone());
        let run = AssertUnwindSafe(run).catch_unwind();
        let too_long = async {
            tokio::select! {
                _ = self.hub.ended(&task) => cancel.cancel(),
                () = cancel.cancelled() => {}
            }
            tokio::time::sleep(work.grace).await;
        };
        tokio::select! {
            biased;
            end = run => match end {
                Ok(Ok(ItemEnd::Done(result))) => End::Done(result),
                Ok(Err(StoreError::TaskEnded { .. })) => End::Stopped,
                _ if cancel.is_cancelled() => End::Stopped,
                Ok(Ok(ItemEnd::Later(pause))) => End::Later(pause),
                Ok(Ok(ItemEnd::Unfinished)) => End::Failed("it stopped before its end".to_owned()),
                Ok(Err(error)) => End::Failed(error.to_string()),
                Err(panic) => End::Failed(format!("panicked: {}", words_of(panic.as_ref()))),
            },
            () = too_long => End::Stopped,
        }
    }

    /// Renews an item again and again, until another holder has it or it is done.
    async fn lost(&self, lease: &ItemLease) {
        let mut outage = Outage::default();
        loop {
            tokio::time::sleep((self.lease / 3).max(MIN_RENEWAL)).await;
            match self.tasks.renew_item(lease, self.ttl_ms()).await {
                Ok(_) => outage.ended("renewing work"),
                Err(StoreError::ItemFenced { .. } | StoreError::UnknownTask { .. }) => return,
                // If the store is really gone, the next write of the item tells.
                Err(error) => outage.goes_on(&error),
            }
        }
    }

    /// Writes down how an item ended; where the store fails for long, whoever takes the item next finds it undone.
    async fn settle(&self, lease: &ItemLease, failures: u32, end: End) {
        let settled = async {
            match end {
                End::Done(result) => self.finish(lease, &result).await,
                End::Stopped => self.tasks.release_item(lease).await,
                End::Later(pause) => {
                    let pause_ms = millis(pause.min(MAX_PAUSE));
                    self.tasks.put_off_item(lease, pause_ms).await
                }
                End::Hopeless(why) => self.give_up(lease, &why).await,
                End::Failed(why) => self.failed(lease, failures + 1, &why).await,
            }
        };
        match tokio::time::timeout(MAX_SETTLE, settled).await {
            Ok(Ok(()) | Err(StoreError::ItemFenced { .. } | StoreError::TaskEnded { .. })) => {}
            Ok(Err(error)) => tracing::warn!("{error}; item {} is done anew", lease.n),
            Err(_) => tracing::warn!("the end of item {} could not be written", lease.n),
        }
    }

    async fn finish(&self, lease: &ItemLease, result: &Value) -> Result<(), StoreError> {
        self.tasks.finish_item(lease, result).await?;
        // The last item of the task may have waited for this one.
        self.hub.wake_workers();
        Ok(())
    }

    /// Leaves an item to the next attempt after a pause, during which nobody has it but its lease; or gives it up.
    async fn failed(&self, lease: &ItemLease, failures: u32, why: &str) -> Result<(), StoreError> {
        if failures >= MOST_FAILURES {
            return self.give_up(lease, why).await;
        }
        let backoff = backoff(failures);
        let seconds = backoff.as_secs();
        let (n, task) = (lease.n, &lease.task);
        tracing::warn!("item {n} of the task {task} failed: {why}; trying again in {seconds} s");
        let pause_ms = millis(backoff);
        self.tasks.fail_item(lease, failures, pause_ms).await
    }

    /// Ends an item without success: its task goes on without it, or, if it was the last, fails.
    async fn give_up(&self, lease: &ItemLease, why: &str) -> Result<(), StoreError> {
        tracing::error!(
            "giving up item {} of the task {}: {why}",
            lease.n,
            lease.task
        );
        let items = self.tasks.items(&lease.task).await?;
        let others_are_open = items
            .iter()
            .any(|it| it.n != lease.n && it.result.is_none());
        if others_are_open {
            return self.finish(lease, &json!({ "failed": why })).await;
        }
        let change = TaskChange::State {
            state: TaskState::Failed,
            note: Some("the agent could not finish the work; see its log".to_owned()),
            data: None,
        };
        let entry = TaskEntry::of_holder(lease, change, self.clock.now());
        self.hub.append(&entry).await?;
        Ok(())
    }
}

fn backoff(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    (MIN_BACKOFF * 2_u32.pow(doublings)).min(MAX_BACKOFF)
}

fn words_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without words")
}
