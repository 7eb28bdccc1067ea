//! One task: to see it, to cancel it, to follow it.

use std::sync::Arc;

use a2a_sdk::{A2AError, GetTaskRequest, StreamResponse};
use a2a_server::middleware::ServiceParams;
use catalog::{StoreError, Task, TaskChange, TaskEntry, TaskEvent, TaskId, TaskState};
use futures_util::{StreamExt, stream};

use super::caller::{after_seq, caller};
use super::failure::{following, internal, invalid};
use super::{Answer, Handler, Stream};
use crate::wire::{self, Shown};

impl Handler {
    pub(super) async fn get(
        &self,
        caller: &str,
        request: &GetTaskRequest,
    ) -> Answer<a2a_sdk::Task> {
        let shown = Shown {
            history: history_length(request.history_length)?,
            ..Shown::ALL
        };
        let task = self.owned(caller, &request.id).await?;
        Ok(wire::task(&task, shown, &self.context.public_url))
    }

    /// Returns a task of the caller at this agent; any other is not found.
    pub(super) async fn owned(&self, caller: &str, id: &str) -> Answer<Task> {
        let not_found = || A2AError::task_not_found(&shown_id(id));
        let name = TaskId::new(id).map_err(|_| not_found())?;
        let task = self.context.tasks.task(&name).await;
        task.map_err(|error| internal("read the task", &error))?
            .filter(|task| task.caller == caller && task.agent == self.agent.name)
            .ok_or_else(not_found)
    }

    /// Ends a task. Whoever works on it hears of it from the store.
    pub(super) async fn cancel(&self, caller: &str, id: &str) -> Answer<a2a_sdk::Task> {
        let task = self.owned(caller, id).await?;
        let change = TaskChange::State {
            state: TaskState::Canceled,
            note: None,
            // How far it got stays to be seen.
            data: task.data.clone(),
        };
        let entry = TaskEntry::new(&task.id, change, (self.context.now)());
        let is_terminal = task.state.is_terminal();
        match self.append_unless(is_terminal, &entry).await {
            Ok(()) => Ok(wire::task(
                &self.owned(caller, id).await?,
                Shown::ALL,
                &self.context.public_url,
            )),
            Err(StoreError::TaskEnded { .. }) => Err(A2AError::task_not_cancelable(id)),
            Err(StoreError::UnknownTask { .. }) => Err(A2AError::task_not_found(id)),
            Err(error) => Err(internal("cancel the task", &error)),
        }
    }

    /// Returns a task as it is, and then what happens to it; or first what the subscriber says that it missed.
    pub(super) async fn subscribe(&self, params: &ServiceParams, id: &str) -> Answer<Stream> {
        let after = after_seq(params)?;
        let task = self.owned(caller(params), id).await?;
        if after.is_some_and(|after| after > task.seq) {
            return Err(invalid("A2A-After-Seq", "is of no event yet"));
        }
        let missed = after.is_some_and(|after| after < task.seq);
        if task.state.is_terminal() && !missed {
            return Err(A2AError::unsupported_operation(format!(
                "the task {id} has ended: get it instead"
            )));
        }
        Ok(self.follow(&task, after.unwrap_or(task.seq), Shown::ALL))
    }

    /// Returns a task as it is, and then its events behind `after`.
    pub(super) fn follow(&self, task: &Task, after: u64, shown: Shown) -> Stream {
        let (id, whose) = (task.id.clone(), wire::Whose::of(task));
        let url = self.context.public_url.clone();
        let first = StreamResponse::Task(wire::task(task, shown, &url));
        let events = self.context.hub.events(&id, after);
        let rest = events.map(
            move |event: Result<Arc<TaskEvent>, StoreError>| match event {
                Ok(event) => Ok(wire::event(&whose, &event, &url)),
                Err(error) => Err(following(&id, &error)),
            },
        );
        Box::pin(stream::once(async { Ok(first) }).chain(rest))
    }

    async fn append_unless(&self, is_ended: bool, entry: &TaskEntry) -> Result<(), StoreError> {
        if is_ended {
            let (task, state) = (entry.task.clone(), TaskState::Canceled);
            return Err(StoreError::TaskEnded { task, state });
        }
        self.context.hub.append(entry).await.map(drop)
    }
}

/// Returns how many messages are asked for; `None` for all.
///
/// # Errors
/// Invalid params for less than none.
pub(super) fn history_length(asked: Option<i32>) -> Result<Option<usize>, A2AError> {
    let length = asked.map(usize::try_from).transpose();
    length.map_err(|_| invalid("historyLength", "must not be negative"))
}

/// Returns a name that came from outside, short enough to be said again.
fn shown_id(id: &str) -> String {
    id.chars().take(80).collect()
}
