//! The work of one command: tasks of its own, which are done here and ended here, whatever becomes of the process.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use a2a::Hub;
use anyhow::{Context as _, Result};
use catalog::{
    ItemEnd, Meter, MeterLimits, MeterStep, NewItem, NewTask, StoreError, TaskId, TaskState,
    TaskStore, UnixMs,
};
use indicatif::ProgressBar;
use serde_json::json;
use summarizer::{Context, Order, Tally};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::Outcome;
use crate::output::counted;
use crate::worker::{KEPT_MS, Work, Worker, end_as, end_left_behind};
use crate::{App, owner, summaries};

/// The agent whose tasks these are.
const AGENT: &str = "summarizer";

/// The name in whose tasks the work of commands is.
pub(crate) const CALLER: &str = "cli";

/// The most summaries of one task, which is what a task takes.
const MOST_OF_A_TASK: usize = 10_000;

/// How often the store is asked for what other processes did of the work.
const POLL: Duration = Duration::from_secs(1);

/// How often the progress is shown anew.
const SHOW: Duration = Duration::from_millis(200);

/// Tasks removed at a time.
const BATCH: usize = 200;

/// Does what is ordered, until all of it has an end or the command is cancelled.
pub(crate) async fn carry_out(order: &Order, context: &Context, app: &App) -> Result<Outcome> {
    let tasks = context.tasks.as_ref();
    if let Err(error) = tidy(tasks, app.clock.now()).await {
        tracing::warn!("{error}; what earlier commands left behind stays for now");
    }
    let mut outcome = Outcome::new(order);
    let bar = app.screen.bar(outcome.n_wanted() as u64, "summaries");
    let mut limits = order.limits;
    for subjects in order
        .subjects
        .chunks(MOST_OF_A_TASK / order.languages.len().max(1))
    {
        let part = Order {
            subjects: subjects.to_vec(),
            languages: order.languages.clone(),
            limits,
            only: order.only.clone(),
        };
        for items in summarizer::plan(&part) {
            if app.cancel.is_cancelled() {
                break;
            }
            let task = begin(items, context, app).await?;
            let done = work(&task, context, &bar, app).await;
            // It is ended also where it could not be done.
            let ended = end(&task, &mut outcome, context, app).await;
            done.and(ended)?;
            let used = used(&task.id, tasks).await?;
            outcome.count(&used);
            limits = rest(limits, &used);
        }
    }
    bar.finish_and_clear();
    outcome.is_interrupted = app.cancel.is_cancelled();
    Ok(outcome)
}

/// Returns what a task used, whichever processes did its items.
async fn used(task: &TaskId, tasks: &dyn TaskStore) -> Result<Meter> {
    let (nothing, no_limits) = (MeterStep::default(), MeterLimits::default());
    Ok(tasks.meter(task, &nothing, &no_limits).await?.totals())
}

/// Returns what is left of limits for the next task: the budget is one for the whole run.
fn rest(limits: MeterLimits, used: &Meter) -> MeterLimits {
    let less = |limit: Option<u64>, used: u64| limit.map(|it| it.saturating_sub(used));
    MeterLimits {
        requests: less(limits.requests, used.requests),
        tokens: less(limits.tokens, used.tokens),
        cost_nanos: less(limits.cost_nanos, used.cost_nanos),
    }
}

/// A task of this command.
struct OwnTask {
    id: TaskId,
    owner: String,
    /// The kind of its items, which is nobody else's.
    kind: String,
    n_items: usize,
}

async fn begin(items: Vec<NewItem>, context: &Context, app: &App) -> Result<OwnTask> {
    // Its context says whose it is: once that process is gone, nobody waits for the task any more.
    let owner = owner::new_name();
    let nonce = RandomState::new().hash_one(&owner);
    let kind = items.first().map(|it| it.kind.clone()).unwrap_or_default();
    let n_items = items.len();
    let task = NewTask {
        id: TaskId::new(format!("{AGENT}-{nonce:016x}"))?,
        agent: AGENT.to_owned(),
        caller: CALLER.to_owned(),
        context: owner.clone(),
        state: TaskState::Working,
        note: None,
        message: json!({ "command": "summarize" }),
        items,
        idempotency: None,
        at: app.clock.now(),
    };
    context.tasks.create_task(&task).await?;
    Ok(OwnTask {
        id: task.id,
        owner,
        kind,
        n_items,
    })
}

/// Does the items of a task until none is open or the command is cancelled.
async fn work(task: &OwnTask, context: &Context, bar: &ProgressBar, app: &App) -> Result<()> {
    let hub = Arc::new(Hub::new(Arc::clone(&context.tasks)));
    let (stop, hub_stop) = (app.cancel.child_token(), CancellationToken::new());
    let ended = Arc::new(Ended::default());
    let worker = Worker {
        tasks: Arc::clone(&context.tasks),
        hub: Arc::clone(&hub),
        clock: app.clock,
        owner: task.owner.clone(),
        lease: app.config.agent.lease(),
        concurrency: app.config.llm.in_flight,
        work: vec![counted_work(task, context, &ended)],
    };
    let watched = async {
        let watched = tokio::select! {
            watched = all_done(task, context.tasks.as_ref(), &ended) => watched,
            () = show(&context.tally, bar) => Ok(()),
            () = stop.cancelled() => Ok(()),
        };
        stop.cancel();
        watched
    };
    let worked = async {
        let ((), watched) = tokio::join!(worker.run(&stop), watched);
        hub_stop.cancel();
        watched
    };
    let (watched, ()) = tokio::join!(worked, hub.run(&hub_stop));
    Ok(watched?)
}

/// The items of a task that had their end in this process.
#[derive(Debug, Default)]
struct Ended {
    n_items: AtomicUsize,
    news: Notify,
}

/// Returns the work of this task alone, and counts what is done of it. What another command asked for is for that one:
/// the end of this run would drop what is under way, and it would be paid twice.
fn counted_work(task: &OwnTask, context: &Context, ended: &Arc<Ended>) -> Work {
    let work = summaries::work(vec![task.kind.clone()], context);
    let ended = Arc::clone(ended);
    Work {
        kinds: work.kinds,
        run: Box::new(move |claimed, cancel| {
            let (run, ended) = ((work.run)(claimed, cancel), Arc::clone(&ended));
            Box::pin(async move {
                let end = run.await;
                if matches!(end, Ok(ItemEnd::Done(_))) {
                    ended.n_items.fetch_add(1, Ordering::Relaxed);
                    ended.news.notify_one();
                }
                end
            })
        }),
        grace: work.grace,
    }
}

/// Returns once all items of a task were done here, or the store says that none is open.
async fn all_done(task: &OwnTask, tasks: &dyn TaskStore, ended: &Ended) -> Result<(), StoreError> {
    while ended.n_items.load(Ordering::Relaxed) < task.n_items {
        if tokio::time::timeout(POLL, ended.news.notified())
            .await
            .is_ok()
        {
            continue;
        }
        let head = tasks.task_heads(std::slice::from_ref(&task.id)).await?;
        let is_over = head.first().is_none_or(|it| it.state.is_terminal());
        let items = tasks.items(&task.id).await?;
        if is_over || items.iter().all(|it| it.result.is_some()) {
            return Ok(());
        }
    }
    Ok(())
}

/// Shows how far the work is, until it is dropped.
async fn show(tally: &Tally, bar: &ProgressBar) {
    let count = |number: &std::sync::atomic::AtomicU64| number.load(Ordering::Relaxed);
    loop {
        tokio::time::sleep(SHOW).await;
        let ends = [&tally.written, &tally.kept, &tally.extractive, &tally.left];
        bar.set_position(ends.map(count).iter().sum());
        let n_requests = count(&tally.requests);
        if n_requests > 0 {
            bar.set_message(counted(n_requests, "request"));
        }
    }
}

/// Takes down what came of a task's items, and ends it.
async fn end(task: &OwnTask, outcome: &mut Outcome, context: &Context, app: &App) -> Result<()> {
    let items = context.tasks.items(&task.id).await?;
    let is_whole = items.iter().all(|it| it.result.is_some());
    for item in items {
        outcome.take(item.result);
    }
    let state = match is_whole {
        true => TaskState::Completed,
        false => TaskState::Canceled,
    };
    end_as(state, &task.id, context.tasks.as_ref(), app.clock.now())
        .await
        .context("the task of this command could not be ended")
}

/// Ends what commands left behind, so that nobody goes on with it, and removes what ended long ago.
async fn tidy(tasks: &dyn TaskStore, now: UnixMs) -> Result<(), StoreError> {
    end_left_behind(tasks, now).await?;
    let before = UnixMs::new(now.ms().saturating_sub(KEPT_MS));
    tasks.forget_tasks(before, BATCH).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_task_has_what_the_one_before_it_left() {
        let limits = MeterLimits {
            requests: Some(10),
            tokens: Some(500),
            cost_nanos: None,
        };
        let used = Meter {
            requests: 4,
            tokens: 600,
            cost_nanos: 7,
            n_done: 4,
        };
        let rest = rest(limits, &used);
        assert_eq!(
            (rest.requests, rest.tokens, rest.cost_nanos),
            (Some(6), Some(0), None)
        );
    }
}
