//! The operations on a store in memory, with the work of the compatibility kit.

mod follow;
mod lists;
mod sending;
mod webhooks;

use std::collections::HashMap;

use a2a_sdk::{
    A2AError, AgentCapabilities, AgentCard, CancelTaskRequest, GetTaskRequest, ListTasksRequest,
    Message, Part, Role, SendMessageConfiguration, SendMessageRequest, SendMessageResponse,
    StreamResponse, SubscribeToTaskRequest, Task, TaskState,
};
use a2a_server::RequestHandler;
use a2a_server::middleware::ServiceParams;
use futures_util::StreamExt;
use serde_json::json;

use super::Handler;
use crate::AGENTS;
use crate::card::CRAWL_EXTENSION as EXTENSION;
use crate::testing::World;

/// An agent with a worker.
struct Agent {
    world: World,
    handler: Handler,
}

impl Agent {
    async fn new() -> Self {
        let world = World::working().await;
        let handler = Handler::new(&AGENTS[0], &world.context, Some(card()));
        Self { world, handler }
    }

    /// Sends a message of `local`, and waits for its task to settle.
    async fn send(&self, request: SendMessageRequest) -> Result<Task, A2AError> {
        match self
            .handler
            .send_message(&ServiceParams::new(), request)
            .await?
        {
            SendMessageResponse::Task(task) => Ok(task),
            SendMessageResponse::Message(message) => panic!("{message:?}"),
        }
    }

    async fn stream(&self, request: SendMessageRequest) -> Vec<StreamResponse> {
        let params = ServiceParams::new();
        let stream = self.handler.send_streaming_message(&params, request);
        let told = stream.await.unwrap().collect::<Vec<_>>().await;
        told.into_iter().map(Result::unwrap).collect()
    }

    async fn get(&self, caller: &str, id: &str) -> Result<Task, A2AError> {
        let request = GetTaskRequest {
            id: id.to_owned(),
            history_length: None,
            tenant: None,
        };
        self.handler.get_task(&of(caller), request).await
    }

    async fn cancel(&self, caller: &str, id: &str) -> Result<Task, A2AError> {
        let request = CancelTaskRequest {
            id: id.to_owned(),
            metadata: None,
            tenant: None,
        };
        self.handler.cancel_task(&of(caller), request).await
    }

    async fn subscribe(&self, params: &ServiceParams, id: &str) -> Result<super::Stream, A2AError> {
        let request = SubscribeToTaskRequest {
            id: id.to_owned(),
            tenant: None,
        };
        self.handler.subscribe_to_task(params, request).await
    }
}

/// Returns the headers of a caller.
fn of(caller: &str) -> ServiceParams {
    ServiceParams::from([("x-trouvaille-caller".to_owned(), vec![caller.to_owned()])])
}

/// Returns a message with a text, whose id chooses a behaviour.
fn message(id: &str) -> SendMessageRequest {
    SendMessageRequest {
        message: Message {
            message_id: id.to_owned(),
            ..Message::new(Role::User, vec![Part::text("hello")])
        },
        configuration: None,
        metadata: None,
        tenant: None,
    }
}

/// Returns a message that asks for a self-test.
fn pages(pages: u32, page_ms: u32) -> SendMessageRequest {
    let part = Part::data(json!({ "pages": f64::from(pages), "pageMs": f64::from(page_ms) }));
    let mut request = message("self-test");
    request.message.parts = vec![part];
    request
}

/// Returns the same request by a caller who does not wait.
fn at_once(mut request: SendMessageRequest) -> SendMessageRequest {
    request.configuration = Some(SendMessageConfiguration {
        accepted_output_modes: None,
        task_push_notification_config: None,
        history_length: None,
        return_immediately: Some(true),
    });
    request
}

/// Returns the number that the metadata of a task or an event say.
fn seq_of(told: &StreamResponse) -> u64 {
    let metadata = match told {
        StreamResponse::Task(task) => &task.metadata,
        StreamResponse::StatusUpdate(update) => &update.metadata,
        StreamResponse::ArtifactUpdate(update) => &update.metadata,
        StreamResponse::Message(message) => &message.metadata,
    };
    let metadata: &HashMap<_, _> = metadata.as_ref().unwrap();
    metadata[&format!("{EXTENSION}/seq")].as_u64().unwrap()
}

fn card() -> AgentCard {
    AgentCard {
        name: "tested".to_owned(),
        description: String::new(),
        version: "1".to_owned(),
        supported_interfaces: Vec::new(),
        capabilities: AgentCapabilities::default(),
        default_input_modes: Vec::new(),
        default_output_modes: Vec::new(),
        skills: Vec::new(),
        provider: None,
        documentation_url: None,
        icon_url: None,
        security_schemes: None,
        security_requirements: None,
        signatures: None,
    }
}
