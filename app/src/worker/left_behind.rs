//! Ends the tasks of commands whose processes are gone: their items are nobody else's, so nobody would ever.

use catalog::{
    ItemLease, StoreError, Task, TaskChange, TaskEntry, TaskFilter, TaskId, TaskState, TaskStore,
    UnixMs, WorkItem, WorkStats,
};

use crate::commands::summarize::CALLER;
use crate::owner;

/// For how long a task tells nothing new, and its leases are over, before a command that cannot be seen is taken for
/// dead: an hour, far beyond the longest pause of a worker that lives.
const QUIET_MS: i64 = 3_600_000;

/// Tasks looked at.
const BATCH: usize = 200;

/// Ends the tasks that commands left behind, and returns how many: of processes of this machine that ended, and of any
/// others, such as those of another Pod, that hold nothing and told nothing for an hour.
pub(crate) async fn end_left_behind(tasks: &dyn TaskStore, now: UnixMs) -> Result<u64, StoreError> {
    let filter = TaskFilter {
        caller: Some(CALLER.to_owned()),
        state: Some(TaskState::Working),
        ..TaskFilter::default()
    };
    let mut n_tasks = 0;
    for task in tasks.tasks(&filter, None, BATCH, false).await?.tasks {
        let is_dead = owner::is_dead(&task.context);
        if !is_dead && now.ms().saturating_sub(task.state_at.ms()) <= QUIET_MS {
            continue;
        }
        let items = tasks.items(&task.id).await?;
        if is_dead || is_quiet(&items, &tasks.work_stats().await?) {
            end_as(TaskState::Canceled, &task.id, tasks, now).await?;
            give_back(&task, items, tasks).await?;
            n_tasks += 1;
        }
    }
    Ok(n_tasks)
}

/// Returns whether nobody is at the items of a command's task, whose kind is nobody else's.
fn is_quiet(items: &[WorkItem], work: &[WorkStats]) -> bool {
    let Some(open) = items.iter().find(|it| it.result.is_none()) else {
        // A command ends its task once all is done.
        return true;
    };
    // One that lives leaves nothing lying that it could take. What it put off may be taken by nobody until then.
    work.iter().any(|it| {
        let lapsed_ms = it.lapsed_ms.map_or(i64::MAX, u64::cast_signed);
        it.kind == open.kind && it.n_held == 0 && it.n_waiting > 0 && lapsed_ms > QUIET_MS
    })
}

/// Ends a task, unless it ended meanwhile.
///
/// # Errors
/// Those of the store.
pub(crate) async fn end_as(
    state: TaskState,
    task: &TaskId,
    tasks: &dyn TaskStore,
    now: UnixMs,
) -> Result<(), StoreError> {
    let change = TaskChange::State {
        state,
        note: None,
        data: None,
    };
    match tasks.append(&TaskEntry::new(task, change, now)).await {
        Ok(_) | Err(StoreError::TaskEnded { .. } | StoreError::UnknownTask { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Gives back what the process of a task died with, so that its subjects need not wait for the end of its leases.
async fn give_back(
    task: &Task,
    items: Vec<WorkItem>,
    tasks: &dyn TaskStore,
) -> Result<(), StoreError> {
    for item in items {
        if item.result.is_some() || item.attempts == 0 {
            continue;
        }
        // Both count the holders. Of an item that another one took meanwhile, nothing comes of it.
        let lease = ItemLease {
            task: task.id.clone(),
            n: item.n,
            owner: task.context.clone(),
            epoch: item.attempts.into(),
        };
        tasks.release_item(&lease).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use catalog::{NewItem, NewTask};
    use serde_json::{Value, json};
    use store::OpenMode;

    use super::*;

    /// A process that nobody here can see.
    const ELSEWHERE: &str = "pod-1/1/7/0/pid:[1]/another-boot/0";
    const KIND: &str = "summarize/extractive/0123abcd";
    const BEGUN: i64 = 1_700_000_000_000;
    const LATER: UnixMs = UnixMs::new(BEGUN + QUIET_MS + 1);

    /// Returns a store with a task of a command with an item of each key.
    async fn stored(caller: &str, keys: &[&str]) -> (Arc<dyn TaskStore>, TaskId) {
        let uri = "sqlite::memory:";
        let (_, tasks) = store::open_with_tasks(uri, OpenMode::Create).await.unwrap();
        let item = |key: &&str| NewItem {
            kind: KIND.to_owned(),
            key: (*key).to_owned(),
            payload: Value::Null,
            is_last: false,
        };
        let task = NewTask {
            id: TaskId::new("summarizer-1").unwrap(),
            agent: "summarizer".to_owned(),
            caller: caller.to_owned(),
            context: ELSEWHERE.to_owned(),
            state: TaskState::Working,
            note: None,
            message: Value::Null,
            items: keys.iter().map(item).collect(),
            idempotency: None,
            at: UnixMs::new(BEGUN),
        };
        tasks.create_task(&task).await.unwrap();
        (tasks, task.id)
    }

    async fn state(tasks: &dyn TaskStore, task: &TaskId) -> TaskState {
        tasks.task(task).await.unwrap().unwrap().state
    }

    #[tokio::test]
    async fn a_command_elsewhere_that_nobody_heard_of_for_an_hour_is_ended() {
        let (tasks, task) = stored(CALLER, &["a", "b"]).await;
        let tasks = tasks.as_ref();
        let early = UnixMs::new(BEGUN + QUIET_MS);
        assert_eq!(end_left_behind(tasks, early).await.unwrap(), 0);
        assert_eq!(state(tasks, &task).await, TaskState::Working);
        assert_eq!(end_left_behind(tasks, LATER).await.unwrap(), 1);
        assert_eq!(state(tasks, &task).await, TaskState::Canceled);
        assert_eq!(tasks.work_stats().await.unwrap(), []);
    }

    #[tokio::test]
    async fn a_command_elsewhere_that_holds_an_item_or_put_all_off_goes_on() {
        let (tasks, task) = stored(CALLER, &["a"]).await;
        let tasks = tasks.as_ref();
        let claimed = tasks.claim(&[KIND], ELSEWHERE, 60_000).await.unwrap();
        let lease = claimed.unwrap().lease;
        assert_eq!(end_left_behind(tasks, LATER).await.unwrap(), 0);
        tasks.put_off_item(&lease, 60_000).await.unwrap();
        assert_eq!(end_left_behind(tasks, LATER).await.unwrap(), 0);
        assert_eq!(state(tasks, &task).await, TaskState::Working);
    }

    #[tokio::test]
    async fn a_command_that_died_with_all_its_work_done_is_ended() {
        let (tasks, task) = stored(CALLER, &["a"]).await;
        let tasks = tasks.as_ref();
        let claimed = tasks.claim(&[KIND], ELSEWHERE, 60_000).await.unwrap();
        let lease = claimed.unwrap().lease;
        tasks.finish_item(&lease, &json!({})).await.unwrap();
        assert_eq!(end_left_behind(tasks, LATER).await.unwrap(), 1);
        assert_eq!(state(tasks, &task).await, TaskState::Canceled);
    }

    #[tokio::test]
    async fn what_an_agent_was_asked_for_waits_as_long_as_it_takes() {
        let (tasks, task) = stored("local", &["a"]).await;
        assert_eq!(end_left_behind(tasks.as_ref(), LATER).await.unwrap(), 0);
        assert_eq!(state(tasks.as_ref(), &task).await, TaskState::Working);
    }

    #[test]
    fn leases_that_ran_out_within_the_hour_may_be_those_of_a_process_that_comes_back() {
        let item = WorkItem {
            task: TaskId::new("t").unwrap(),
            n: 1,
            kind: KIND.to_owned(),
            key: "a".to_owned(),
            payload: Value::Null,
            is_last: false,
            attempts: 1,
            failures: 0,
            result: None,
        };
        let is_quiet_after = |lapsed_ms: i64| {
            let work = WorkStats {
                kind: KIND.to_owned(),
                n_waiting: 1,
                n_held: 0,
                oldest_at: None,
                lapsed_ms: Some(lapsed_ms.unsigned_abs()),
            };
            is_quiet(std::slice::from_ref(&item), &[work])
        };
        assert!(!is_quiet_after(QUIET_MS));
        assert!(is_quiet_after(QUIET_MS + 1));
    }
}
