//! The protocol's operations, over the durable tasks.
//!
//! Holds nothing of a task itself: whatever is answered was read from the store, so that any replica answers any call.

mod caller;
mod failure;
mod idempotency;
mod list;
mod message;
mod push;
mod send;
mod tasks;
#[cfg(test)]
mod tests;

use a2a_sdk::{
    A2AError, AgentCard, CancelTaskRequest, DeleteTaskPushNotificationConfigRequest,
    GetExtendedAgentCardRequest, GetTaskPushNotificationConfigRequest, GetTaskRequest,
    ListTaskPushNotificationConfigsRequest, ListTaskPushNotificationConfigsResponse,
    ListTasksRequest, ListTasksResponse, SendMessageRequest, SendMessageResponse, StreamResponse,
    SubscribeToTaskRequest, Task, TaskPushNotificationConfig,
};
use a2a_server::RequestHandler;
use a2a_server::middleware::ServiceParams;
use async_trait::async_trait;
use futures_util::stream::BoxStream;

use crate::conformance::Conformance;
use crate::{Agent, Context};
use caller::caller;

pub(crate) use caller::{AFTER_SEQ_HEADER, CALLER_HEADER, LOCAL, READS_ONLY_HEADER};
pub(crate) use failure::{internal, invalid};
pub(crate) use idempotency::IDEMPOTENCY_KEY_HEADER;

type Answer<T> = Result<T, A2AError>;
type Stream = BoxStream<'static, Answer<StreamResponse>>;

/// One agent's answers.
#[derive(Debug)]
pub(crate) struct Handler {
    agent: &'static Agent,
    context: Context,
    conformance: Option<Conformance>,
}

impl Handler {
    /// Returns the answers of `agent`; with an extended card, those that the compatibility kit asks for, too.
    pub(crate) fn new(
        agent: &'static Agent,
        context: &Context,
        extended_card: Option<AgentCard>,
    ) -> Self {
        Self {
            agent,
            context: context.clone(),
            conformance: extended_card.map(|card| Conformance::new(card, context)),
        }
    }
}

#[async_trait]
impl RequestHandler for Handler {
    async fn send_message(
        &self,
        params: &ServiceParams,
        request: SendMessageRequest,
    ) -> Answer<SendMessageResponse> {
        self.send(params, request).await
    }

    async fn send_streaming_message(
        &self,
        params: &ServiceParams,
        request: SendMessageRequest,
    ) -> Answer<Stream> {
        self.send_and_follow(params, request).await
    }

    async fn get_task(&self, params: &ServiceParams, request: GetTaskRequest) -> Answer<Task> {
        self.get(caller(params), &request).await
    }

    async fn list_tasks(
        &self,
        params: &ServiceParams,
        request: ListTasksRequest,
    ) -> Answer<ListTasksResponse> {
        self.list(caller(params), &request).await
    }

    async fn cancel_task(
        &self,
        params: &ServiceParams,
        request: CancelTaskRequest,
    ) -> Answer<Task> {
        self.cancel(caller(params), &request.id).await
    }

    async fn subscribe_to_task(
        &self,
        params: &ServiceParams,
        request: SubscribeToTaskRequest,
    ) -> Answer<Stream> {
        self.subscribe(params, &request.id).await
    }

    async fn create_push_config(
        &self,
        params: &ServiceParams,
        request: TaskPushNotificationConfig,
    ) -> Answer<TaskPushNotificationConfig> {
        self.create_push(caller(params), request).await
    }

    async fn get_push_config(
        &self,
        params: &ServiceParams,
        request: GetTaskPushNotificationConfigRequest,
    ) -> Answer<TaskPushNotificationConfig> {
        self.get_push(caller(params), &request).await
    }

    async fn list_push_configs(
        &self,
        params: &ServiceParams,
        request: ListTaskPushNotificationConfigsRequest,
    ) -> Answer<ListTaskPushNotificationConfigsResponse> {
        self.list_push(caller(params), &request.task_id).await
    }

    async fn delete_push_config(
        &self,
        params: &ServiceParams,
        request: DeleteTaskPushNotificationConfigRequest,
    ) -> Answer<()> {
        self.delete_push(caller(params), &request).await
    }

    async fn get_extended_agent_card(
        &self,
        _params: &ServiceParams,
        _request: GetExtendedAgentCardRequest,
    ) -> Answer<AgentCard> {
        match &self.conformance {
            Some(conformance) => Ok(conformance.card.clone()),
            None => Err(A2AError::unsupported_operation(
                "this agent has no extended card: its card says all",
            )),
        }
    }
}
