//! Messages: they begin a task, go on with one, or are answered at once.

use a2a_sdk::{
    A2AError, Message, Part, Role, SendMessageConfiguration, SendMessageRequest,
    SendMessageResponse, StreamResponse,
};
use a2a_server::middleware::ServiceParams;
use catalog::{
    CreatedTask, MAX_TASK_MESSAGES, NewItem, NewTask, StoreError, Task, TaskChange, TaskEntry,
    TaskFilter, TaskId, TaskState,
};
use futures_util::{StreamExt, stream};

use super::caller::{caller, check_may_ask};
use super::failure::{at_work, ended, following, internal, invalid};
use super::message::{check, kept};
use super::tasks::history_length;
use super::{Answer, Handler, Stream, idempotency};
use crate::conformance;
use crate::skills::{self, Asked};
use crate::wire::{self, Shown};

/// The most tasks of one caller that are at work or wait for it, at all agents together.
const MAX_OPEN: u64 = 200;

/// What came of a message.
enum Begun {
    Task(Task),
    Answer(Message),
}

/// What a message makes of a task.
struct Turn {
    state: TaskState,
    note: Option<String>,
    items: Vec<NewItem>,
}

impl Handler {
    /// Takes a message, and waits until its task ends or waits for the caller, unless the caller will not wait.
    pub(super) async fn send(
        &self,
        params: &ServiceParams,
        request: SendMessageRequest,
    ) -> Answer<SendMessageResponse> {
        let configuration = request.configuration.as_ref();
        let shown = shown(configuration)?;
        let is_patient = !configuration
            .and_then(|it| it.return_immediately)
            .unwrap_or(false);
        let task = match self.begin(caller(params), params, &request).await? {
            Begun::Answer(message) => return Ok(SendMessageResponse::Message(message)),
            Begun::Task(task) if is_patient => self.settled(task).await?,
            Begun::Task(task) => task,
        };
        Ok(SendMessageResponse::Task(wire::task(
            &task,
            shown,
            &self.context.public_url,
        )))
    }

    /// Takes a message, and returns its task with all that happens to it; or the answer alone.
    pub(super) async fn send_and_follow(
        &self,
        params: &ServiceParams,
        request: SendMessageRequest,
    ) -> Answer<Stream> {
        let shown = shown(request.configuration.as_ref())?;
        Ok(match self.begin(caller(params), params, &request).await? {
            Begun::Answer(message) => {
                Box::pin(stream::iter([Ok(StreamResponse::Message(message))]))
            }
            Begun::Task(task) if is_settled(task.state) => {
                let task = wire::task(&task, shown, &self.context.public_url);
                Box::pin(stream::iter([Ok(StreamResponse::Task(task))]))
            }
            Begun::Task(task) => self.follow(&task, task.seq, shown),
        })
    }

    async fn begin(
        &self,
        caller: &str,
        params: &ServiceParams,
        request: &SendMessageRequest,
    ) -> Answer<Begun> {
        check_may_ask(params)?;
        let message = &request.message;
        check(message, self.conformance.is_some())?;
        self.check_push(request.configuration.as_ref())?;
        let begun = match &message.task_id {
            Some(id) => self.go_on(caller, id, params, request).await?,
            None => self.begin_task(caller, params, request).await?,
        };
        if let Begun::Task(task) = &begun {
            self.push_of(request.configuration.as_ref(), task)?;
        }
        Ok(begun)
    }

    /// Makes a task of a message; or finds the one that the same request made before.
    async fn begin_task(
        &self,
        caller: &str,
        params: &ServiceParams,
        request: &SendMessageRequest,
    ) -> Answer<Begun> {
        let message = &request.message;
        let idempotency = idempotency::of(self.agent, params, request)?;
        // First what is asked: a list that is too long is told by its own name.
        let turn = match turn(self.ask(message).await?) {
            Ok(turn) => turn,
            Err(parts) => return Ok(Begun::Answer(answer(message, parts))),
        };
        let kept = kept(message)?;
        if !turn.items.is_empty() {
            self.check_open(caller).await?;
        }
        let context = message.context_id.clone();
        let task = NewTask {
            id: TaskId::new(a2a_sdk::new_task_id())
                .map_err(|_| A2AError::internal("cannot name the task"))?,
            agent: self.agent.name.to_owned(),
            caller: caller.to_owned(),
            context: context.unwrap_or_else(a2a_sdk::new_context_id),
            state: turn.state,
            note: turn.note,
            message: kept,
            items: turn.items,
            idempotency,
            at: (self.context.now)(),
        };
        let made = self.context.tasks.create_task(&task).await;
        match made.map_err(|error| internal("keep the task", &error))? {
            CreatedTask::New(task) => {
                self.context.hub.wake_workers();
                Ok(Begun::Task(task))
            }
            CreatedTask::Same(task) => Ok(Begun::Task(task)),
            CreatedTask::KeyTaken => Err(invalid(
                "idempotencyKey",
                "stands for another request of the last 24 hours",
            )),
        }
    }

    /// Adds a message to a task that waits for one.
    async fn go_on(
        &self,
        caller: &str,
        id: &str,
        params: &ServiceParams,
        request: &SendMessageRequest,
    ) -> Answer<Begun> {
        let message = &request.message;
        let task = self.owned(caller, id).await?;
        if message
            .context_id
            .as_ref()
            .is_some_and(|it| *it != task.context)
        {
            return Err(invalid("message.contextId", "is not that of the task"));
        }
        if idempotency::of(self.agent, params, request)?.is_some() {
            return Err(invalid(
                "idempotencyKey",
                "is for a message that begins a task; of an answer that comes twice, one is taken",
            ));
        }
        if task.state.is_terminal() {
            return Err(ended(id));
        }
        if !task.state.is_interrupted() {
            return Err(at_work(id));
        }
        if task.messages.len() >= MAX_TASK_MESSAGES {
            return Err(A2AError::unsupported_operation(format!(
                "the task {id} has {MAX_TASK_MESSAGES} messages; begin another"
            )));
        }
        let turn = match turn(self.ask(message).await?) {
            Ok(turn) => turn,
            Err(parts) => return Ok(Begun::Answer(answer(message, parts))),
        };
        let kept = kept(message)?;
        let change = TaskChange::State {
            state: turn.state,
            note: turn.note,
            data: task.data,
        };
        let entry = TaskEntry {
            message: Some(kept),
            items: turn.items,
            // Of two answers to one question, the second one comes to a task at work.
            only_at: Some(task.seq),
            ..TaskEntry::new(&task.id, change, (self.context.now)())
        };
        match self.context.hub.append(&entry).await {
            Ok(_) => self.owned(caller, id).await.map(Begun::Task),
            Err(StoreError::TaskEnded { .. }) => Err(ended(id)),
            Err(StoreError::TaskMoved { .. }) => Err(at_work(id)),
            Err(StoreError::UnknownTask { .. }) => Err(A2AError::task_not_found(id)),
            Err(error) => Err(internal("keep the message", &error)),
        }
    }

    /// Refuses another task of a caller who has many at work. Requests at one moment may go beyond by their number.
    async fn check_open(&self, caller: &str) -> Answer<()> {
        let mut n_open = 0;
        for state in [TaskState::Submitted, TaskState::Working] {
            let filter = TaskFilter {
                caller: Some(caller.to_owned()),
                state: Some(state),
                ..TaskFilter::default()
            };
            let page = self.context.tasks.tasks(&filter, None, 1, false).await;
            n_open += page
                .map_err(|error| internal("count the tasks", &error))?
                .n_total;
        }
        if n_open >= MAX_OPEN {
            return Err(A2AError::unsupported_operation(format!(
                "{n_open} of your tasks are at work, and more than {MAX_OPEN} may not be; wait for one to end, or cancel one"
            )));
        }
        Ok(())
    }

    async fn ask(&self, message: &Message) -> Answer<Asked> {
        let asked = (self.conformance.as_ref()).and_then(|_| conformance::ask(message));
        match asked {
            Some(asked) => Ok(asked),
            None => skills::ask(self.agent, message, &self.context).await,
        }
    }

    /// Returns a task once it is terminal or waits for the caller; as it is, when this server stops before.
    async fn settled(&self, task: Task) -> Answer<Task> {
        if is_settled(task.state) {
            return Ok(task);
        }
        let mut events = self.context.hub.events(&task.id, task.seq);
        let all = async {
            while let Some(event) = events.next().await {
                event.map_err(|error| following(&task.id, &error))?;
            }
            Ok(())
        };
        tokio::select! {
            told = all => told?,
            () = self.context.stop.cancelled() => {}
        }
        self.owned(&task.caller, task.id.as_str()).await
    }
}

fn is_settled(state: TaskState) -> bool {
    state.is_terminal() || state.is_interrupted()
}

fn shown(configuration: Option<&SendMessageConfiguration>) -> Answer<Shown> {
    let history = history_length(configuration.and_then(|it| it.history_length))?;
    Ok(Shown {
        history,
        ..Shown::ALL
    })
}

/// Returns what is made of a task; or the parts of an answer that needs none.
fn turn(asked: Asked) -> Result<Turn, Vec<Part>> {
    let (state, note, items) = match asked {
        Asked::Work(items) => (TaskState::Submitted, None, items),
        Asked::Unclear(question) => (TaskState::InputRequired, Some(question), Vec::new()),
        Asked::Refused(reason) => (TaskState::Rejected, Some(reason), Vec::new()),
        Asked::Answer(parts) => return Err(parts),
    };
    Ok(Turn { state, note, items })
}

fn answer(message: &Message, parts: Vec<Part>) -> Message {
    let context = message.context_id.clone();
    Message {
        context_id: Some(context.unwrap_or_else(a2a_sdk::new_context_id)),
        task_id: message.task_id.clone(),
        ..Message::new(Role::Agent, parts)
    }
}
