//! The other side: an agent somewhere else, asked as any client would ask it.
//!
//! Any agent of A2A 1.0 will do. One that numbers its events, as ours do, is followed without a gap through breaks of
//! the connection; from others the newest state is read again.

mod card;
mod error;
mod follow;
mod news;

use std::fmt;
use std::time::Duration;

use a2a_client::{BoxStream, ServiceParams, Transport};
use a2a_sdk::{
    A2AError, CancelTaskRequest, GetTaskRequest, Message, Part, PartContent, Role,
    SVC_PARAM_EXTENSIONS, SVC_PARAM_VERSION, SendMessageConfiguration, SendMessageRequest,
    SendMessageResponse, StreamResponse, SubscribeToTaskRequest, Task, VERSION,
};
use futures_util::StreamExt;
use serde_json::Value;

use self::card::Found;
pub use self::error::ClientError;
pub use self::follow::Follow;
use self::news::with_counts;
pub use self::news::{News, RemoteTask};
use crate::card::CRAWL_EXTENSION as EXTENSION;
use crate::handler::{AFTER_SEQ_HEADER, IDEMPOTENCY_KEY_HEADER};

/// How often a message is sent that may have been lost, in all.
const SEND_TRIES: u32 = 5;

/// How long an agent is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// The longest time without any sign of the agent.
    pub give_up: Duration,
    /// The first pause before it is called again; it doubles with each.
    pub first_pause: Duration,
    /// The longest of these pauses.
    pub longest_pause: Duration,
    /// The longest silence of a stream before it is opened anew.
    pub silence: Duration,
    /// The longest time that one answer takes.
    pub answer: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            give_up: Duration::from_mins(10),
            first_pause: Duration::from_millis(250),
            longest_pause: Duration::from_secs(10),
            silence: Duration::from_mins(1),
            answer: Duration::from_mins(1),
        }
    }
}

/// An agent that was found, and how it is called.
pub struct RemoteAgent {
    found: Found,
    transport: Box<dyn Transport>,
    client: reqwest::Client,
    /// Headers of every call.
    params: ServiceParams,
    patience: Patience,
}

/// What an agent answers a message with.
#[derive(Debug)]
pub enum Reply<'a> {
    /// The data of its answer; texts are strings.
    Answer(Vec<Value>),
    /// A task, to be followed.
    Task(Box<Follow<'a>>),
}

impl RemoteAgent {
    /// Reads the card of the agent at `address`, and chooses how to call it.
    ///
    /// `token` is sent to the server at `address` and to no other.
    ///
    /// # Errors
    /// When there is no agent of A2A 1.0, or its card names another server to call.
    pub async fn connect(
        address: &str,
        token: Option<&str>,
        patience: Patience,
    ) -> Result<Self, ClientError> {
        let client = card::client()?;
        let found = card::find(&client, address, token, patience.answer).await?;
        let mut params = ServiceParams::from([
            (SVC_PARAM_VERSION.to_owned(), vec![VERSION.to_owned()]),
            (SVC_PARAM_EXTENSIONS.to_owned(), vec![EXTENSION.to_owned()]),
        ]);
        if let Some(token) = token {
            let bearer = format!("Bearer {token}");
            params.insert("Authorization".to_owned(), vec![bearer]);
        }
        Ok(Self {
            transport: found.transport(client.clone()),
            found,
            client,
            params,
            patience,
        })
    }

    /// Returns what the agent calls itself.
    pub fn name(&self) -> &str {
        &self.found.card.name
    }

    /// Returns the version that the agent states.
    pub fn version(&self) -> &str {
        &self.found.card.version
    }

    /// Returns where the agent is called.
    pub fn url(&self) -> &str {
        &self.found.url
    }

    /// Returns the ids of what it can do.
    pub fn skills(&self) -> impl Iterator<Item = &str> {
        self.found.card.skills.iter().map(|skill| skill.id.as_str())
    }

    /// Returns whether it numbers its events, and knows a message that comes twice.
    fn knows_extension(&self) -> bool {
        let extensions = self.found.card.capabilities.extensions.iter().flatten();
        extensions.into_iter().any(|it| it.uri == EXTENSION)
    }

    /// Asks for something that needs no task, and waits for the answer.
    ///
    /// # Errors
    /// When the agent cannot be reached, or refuses.
    pub async fn ask(&self, request: &Value) -> Result<Reply<'_>, ClientError> {
        let request = self.message(request, false);
        let call = self.transport.send_message(&self.params, &request);
        match self.bounded(call).await? {
            SendMessageResponse::Message(answer) => Ok(Reply::Answer(data_of(answer))),
            SendMessageResponse::Task(task) => Ok(self.followed(task, None)),
        }
    }

    /// Asks for something that takes its time, and has the answer followed.
    ///
    /// # Errors
    /// When the agent cannot be reached, or refuses.
    pub async fn start(&self, request: &Value) -> Result<Reply<'_>, ClientError> {
        let request = self.message(request, true);
        let mut params = self.params.clone();
        let key = request.message.message_id.clone();
        params.insert(IDEMPOTENCY_KEY_HEADER.to_owned(), vec![key]);
        // Sent twice, a message to an agent that does not know the key might start two tasks.
        let n_tries = if self.knows_extension() {
            SEND_TRIES
        } else {
            1
        };
        let mut pause = self.patience.first_pause;
        for _ in 1..n_tries {
            match self.try_start(&params, &request).await {
                Err(error) if error.is_passing() => {
                    tracing::info!("sending the request again: {error}");
                }
                ended => return ended,
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        self.try_start(&params, &request).await
    }

    async fn try_start(
        &self,
        params: &ServiceParams,
        request: &SendMessageRequest,
    ) -> Result<Reply<'_>, ClientError> {
        if self.found.card.capabilities.streaming != Some(true) {
            let call = self.transport.send_message(params, request);
            return match self.bounded(call).await? {
                SendMessageResponse::Message(answer) => Ok(Reply::Answer(data_of(answer))),
                SendMessageResponse::Task(task) => Ok(self.followed(task, None)),
            };
        }
        let call = self.transport.send_streaming_message(params, request);
        let mut stream = self.bounded(call).await?;
        let first = async { stream.next().await.unwrap_or_else(|| Err(cut_off())) };
        match self.bounded(first).await? {
            StreamResponse::Task(task) => Ok(self.followed(task, Some(stream))),
            StreamResponse::Message(answer) => Ok(Reply::Answer(data_of(answer))),
            StreamResponse::StatusUpdate(_) | StreamResponse::ArtifactUpdate(_) => Err(
                ClientError::Damaged("its stream begins with no task".to_owned()),
            ),
        }
    }

    fn followed(&self, task: Task, stream: Option<Events>) -> Reply<'_> {
        Reply::Task(Box::new(Follow::new(self, task, stream)))
    }

    fn message(&self, request: &Value, returns_at_once: bool) -> SendMessageRequest {
        let part = Part::data(request.clone()).with_media_type("application/json");
        SendMessageRequest {
            message: Message::new(Role::User, vec![part]),
            configuration: Some(SendMessageConfiguration {
                return_immediately: Some(returns_at_once),
                accepted_output_modes: None,
                task_push_notification_config: None,
                history_length: Some(0),
            }),
            metadata: None,
            tenant: self.found.tenant.clone(),
        }
    }

    async fn subscribe(&self, id: &str, after: u64) -> Result<Events, ClientError> {
        let mut params = self.params.clone();
        params.insert(AFTER_SEQ_HEADER.to_owned(), vec![after.to_string()]);
        let request = SubscribeToTaskRequest {
            id: id.to_owned(),
            tenant: self.found.tenant.clone(),
        };
        self.bounded(self.transport.subscribe_to_task(&params, &request))
            .await
    }

    async fn task(&self, id: &str) -> Result<Task, ClientError> {
        let request = GetTaskRequest {
            id: id.to_owned(),
            history_length: Some(0),
            tenant: self.found.tenant.clone(),
        };
        self.bounded(self.transport.get_task(&self.params, &request))
            .await
    }

    async fn cancel(&self, id: &str) -> Result<Task, ClientError> {
        let request = CancelTaskRequest {
            id: id.to_owned(),
            metadata: None,
            tenant: self.found.tenant.clone(),
        };
        self.bounded(self.transport.cancel_task(&self.params, &request))
            .await
    }

    /// Waits for a call as long as one answer may take, and finds out what a failure means.
    async fn bounded<T>(
        &self,
        call: impl Future<Output = Result<T, A2AError>>,
    ) -> Result<T, ClientError> {
        let error = match tokio::time::timeout(self.patience.answer, call).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => ClientError::of(&error),
            Err(_) => ClientError::Passing("it does not answer".to_owned()),
        };
        match error.is_passing() && self.found.is_refused(&self.client, &self.params).await {
            true => Err(self
                .found
                .refused(self.params.contains_key("Authorization"))),
            false => Err(error),
        }
    }
}

impl fmt::Debug for RemoteAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteAgent")
            .field("name", &self.name())
            .field("url", &self.url())
            .finish_non_exhaustive()
    }
}

/// What an agent says of a task, as it comes.
type Events = BoxStream<'static, Result<StreamResponse, A2AError>>;

fn cut_off() -> A2AError {
    A2AError::internal("the stream ended before it began")
}

/// Returns the data of a message; texts are strings.
fn data_of(message: Message) -> Vec<Value> {
    let parts = message.parts.into_iter();
    parts
        .filter_map(|part| match part.content {
            PartContent::Data(data) => Some(with_counts(data)),
            PartContent::Text(text) => Some(Value::String(text)),
            PartContent::Raw(_) | PartContent::Url(_) => None,
        })
        .collect()
}
