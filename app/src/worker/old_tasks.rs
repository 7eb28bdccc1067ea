//! What ended long ago is removed, with its artifacts; a question that long unanswered ends its task, and so does a
//! command that is gone.

use std::time::Duration;

use catalog::{
    StoreError, Task, TaskChange, TaskCursor, TaskEntry, TaskFilter, TaskId, TaskState, TaskStore,
    UnixMs,
};
use tokio_util::sync::CancellationToken;

use super::end_left_behind;
use crate::clock::Clock;

/// How long an ended task is kept, with all that it made, and how long one waits for its caller: 7 days.
pub(crate) const KEPT_MS: i64 = 7 * 24 * 3_600_000;

/// How often it is looked for such tasks.
const PAUSE: Duration = Duration::from_secs(3600);

/// Tasks removed in one call of the store.
const BATCH: usize = 200;

/// Ends and removes old tasks every hour until `stop`.
pub(crate) async fn forget_old_tasks(
    tasks: &dyn TaskStore,
    clock: Clock,
    stop: &CancellationToken,
) {
    let forget = async {
        loop {
            let now = clock.now();
            if let Err(error) = look(tasks, now).await {
                tracing::warn!("{error}; old tasks stay for another hour");
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::select! {
        () = forget => {}
        () = stop.cancelled() => {}
    }
}

async fn look(tasks: &dyn TaskStore, now: UnixMs) -> Result<(), StoreError> {
    let n_tasks = end_left_behind(tasks, now).await?;
    if n_tasks > 0 {
        tracing::info!("ended {n_tasks} tasks of commands that are gone");
    }
    let before = UnixMs::new(now.ms().saturating_sub(KEPT_MS));
    for state in [TaskState::InputRequired, TaskState::AuthRequired] {
        let n_tasks = end_unanswered(tasks, state, before, now).await?;
        if n_tasks > 0 {
            tracing::info!("ended {n_tasks} tasks whose callers did not answer for a week");
        }
    }
    let n_tasks = forget(tasks, before).await?;
    if n_tasks > 0 {
        tracing::info!("removed {n_tasks} tasks that ended a week ago");
    }
    Ok(())
}

/// Ends the tasks that wait for their callers since before `before`; they are forgotten a week later.
async fn end_unanswered(
    tasks: &dyn TaskStore,
    state: TaskState,
    before: UnixMs,
    now: UnixMs,
) -> Result<u64, StoreError> {
    let filter = TaskFilter {
        state: Some(state),
        ..TaskFilter::default()
    };
    let Ok(first_name) = TaskId::new("!") else {
        return Ok(0);
    };
    // Behind the last task of that moment.
    let mut after = TaskCursor {
        state_at: before,
        id: first_name,
    };
    let mut n_tasks = 0;
    loop {
        let page = tasks.tasks(&filter, Some(&after), BATCH, false).await?;
        for task in &page.tasks {
            n_tasks += u64::from(end(tasks, task, now).await?);
        }
        match page.tasks.last() {
            Some(last) if page.tasks.len() == BATCH => {
                after = TaskCursor {
                    state_at: last.state_at,
                    id: last.id.clone(),
                };
            }
            _ => return Ok(n_tasks),
        }
    }
}

/// Ends a task, unless its caller answered meanwhile; returns whether it did.
async fn end(tasks: &dyn TaskStore, task: &Task, now: UnixMs) -> Result<bool, StoreError> {
    let change = TaskChange::State {
        state: TaskState::Failed,
        note: Some("no answer for 7 days".to_owned()),
        data: None,
    };
    let entry = TaskEntry {
        only_at: Some(task.seq),
        ..TaskEntry::new(&task.id, change, now)
    };
    match tasks.append(&entry).await {
        Ok(_) => Ok(true),
        Err(
            StoreError::TaskMoved { .. }
            | StoreError::TaskEnded { .. }
            | StoreError::UnknownTask { .. },
        ) => Ok(false),
        Err(error) => Err(error),
    }
}

async fn forget(tasks: &dyn TaskStore, before: UnixMs) -> Result<u64, StoreError> {
    let mut n_tasks = 0;
    loop {
        let n_batch = tasks.forget_tasks(before, BATCH).await?;
        n_tasks += n_batch;
        if n_batch < BATCH as u64 {
            return Ok(n_tasks);
        }
    }
}

#[cfg(test)]
mod tests {
    use catalog::NewTask;
    use store::OpenMode;

    use super::*;

    const NOW: i64 = 3 * KEPT_MS;

    async fn stored(made: &[(&str, TaskState, i64)]) -> std::sync::Arc<dyn TaskStore> {
        let uri = "sqlite::memory:";
        let (_, tasks) = store::open_with_tasks(uri, OpenMode::Create).await.unwrap();
        for &(id, state, at) in made {
            tasks.create_task(&task(id, state, at)).await.unwrap();
        }
        tasks
    }

    fn task(id: &str, state: TaskState, at: i64) -> NewTask {
        NewTask {
            id: TaskId::new(id).unwrap(),
            agent: "tester".to_owned(),
            caller: "local".to_owned(),
            context: "c".to_owned(),
            state,
            note: None,
            message: serde_json::Value::Null,
            items: Vec::new(),
            idempotency: None,
            at: UnixMs::new(at),
        }
    }

    async fn state(tasks: &dyn TaskStore, id: &str) -> Option<TaskState> {
        let task = tasks.task(&TaskId::new(id).unwrap()).await.unwrap();
        task.map(|it| it.state)
    }

    #[tokio::test]
    async fn a_task_whose_caller_does_not_answer_for_a_week_is_ended_and_a_week_later_forgotten() {
        let old = NOW - KEPT_MS - 1;
        let tasks = stored(&[
            ("question", TaskState::InputRequired, old),
            ("password", TaskState::AuthRequired, old),
            ("young", TaskState::InputRequired, old + 1),
            ("busy", TaskState::Working, old),
            ("done", TaskState::Completed, old),
        ])
        .await;
        let tasks = tasks.as_ref();
        look(tasks, UnixMs::new(NOW)).await.unwrap();
        for id in ["question", "password"] {
            assert_eq!(state(tasks, id).await, Some(TaskState::Failed), "{id}");
        }
        let young = state(tasks, "young").await;
        assert_eq!(young, Some(TaskState::InputRequired));
        assert_eq!(state(tasks, "busy").await, Some(TaskState::Working));
        assert_eq!(state(tasks, "done").await, None);

        look(tasks, UnixMs::new(NOW + KEPT_MS + 1)).await.unwrap();
        assert_eq!(state(tasks, "question").await, None);
        assert_eq!(state(tasks, "young").await, Some(TaskState::Failed));
        assert_eq!(state(tasks, "busy").await, Some(TaskState::Working));
    }

    #[tokio::test]
    async fn what_a_command_left_behind_is_ended_without_another_one() {
        let tasks = stored(&[]).await;
        let left_behind = NewTask {
            caller: crate::commands::summarize::CALLER.to_owned(),
            ..task("left-behind", TaskState::Working, 0)
        };
        tasks.create_task(&left_behind).await.unwrap();
        look(tasks.as_ref(), UnixMs::new(NOW)).await.unwrap();
        let state = state(tasks.as_ref(), "left-behind").await;
        assert_eq!(state, Some(TaskState::Canceled));
    }

    #[tokio::test]
    async fn any_number_of_questions_is_ended() {
        let names: Vec<String> = (0..2 * BATCH + 1).map(|n| format!("t{n}")).collect();
        let made: Vec<_> = names
            .iter()
            .map(|name| (name.as_str(), TaskState::InputRequired, 0))
            .collect();
        let tasks = stored(&made).await;
        look(tasks.as_ref(), UnixMs::new(NOW)).await.unwrap();
        for name in &names {
            let state = state(tasks.as_ref(), name).await;
            assert_eq!(state, Some(TaskState::Failed), "{name}");
        }
    }
}
