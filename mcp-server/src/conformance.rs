//! What the protocol's conformance suite calls: its tools, prompts and resources beside those of the server, on the
//! transport that ships.
//!
//! There under the hidden `--conformance` alone, for whoever tests the server; what the fixtures can do, the server
//! itself neither does nor says that it does.

mod ask;
mod fixtures;
mod jobs;
mod messages;
mod rounds;
mod sessions;

use std::borrow::Cow;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, CancelTaskParams,
    CompleteRequestParams, CompleteResult, CompletionInfo, ContentBlock, CustomRequest,
    CustomResult, DiscoverResult, GetPromptRequestParams, GetPromptResponse, GetPromptResult,
    GetTaskParams, GetTaskResult, JsonObject, ListPromptsResult, ListResourceTemplatesResult,
    ListResourcesResult, ListToolsResult, PaginatedRequestParams, ProtocolVersion,
    ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult, Reference,
    ServerCapabilities, ServerConfig, SubscribeRequestParams, SubscriptionFilter, Tool,
    UnsubscribeRequestParams, UpdateTaskParams,
};
use rmcp::service::{RequestContext, SubscriptionContext};
use rmcp::task_manager::TaskManager;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::Value;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use self::fixtures::{FIXTURES, Fixture, complete_result};
use self::rounds::{Round, Seals};

pub(crate) use self::sessions::{is_of_session, sessions};

/// A server with the fixtures before its own tools, prompts and resources.
#[derive(Clone)]
pub(crate) struct Fixtures<S> {
    server: S,
    seals: Seals,
    changes: broadcast::Sender<Change>,
    tasks: TaskManager,
}

/// A list that a fixture says has changed.
#[derive(Debug, Clone, Copy)]
enum Change {
    Tools,
    Prompts,
}

type Request = RequestContext<RoleServer>;

impl<S: ServerHandler> Fixtures<S> {
    /// Returns `server` with the fixtures.
    pub(crate) fn around(server: S) -> Self {
        Self {
            server,
            seals: Seals::random(),
            changes: broadcast::Sender::new(16),
            tasks: TaskManager::new(),
        }
    }

    async fn call(
        &self,
        fixture: &'static Fixture<Tool>,
        call: CallToolRequestParams,
        request: Request,
    ) -> Result<CallToolResponse, ErrorData> {
        if let Some(job) = &fixture.job {
            jobs::may_run(job, &request)?;
        }
        let mut words = call.arguments.unwrap_or_default();
        match fixture.definition.name.as_ref() {
            "echo" => {
                let text = words.get("text").and_then(Value::as_str).unwrap_or("");
                return Ok(CallToolResult::success(vec![ContentBlock::text(text)]).into());
            }
            "test_tool_with_logging" => messages::log_thrice(&request).await,
            "test_logging_tool" => messages::log_if_asked(&request).await,
            "test_tool_with_progress" | "test_reconnection" => {
                messages::report_progress(&request).await;
            }
            "test_missing_capability" => ask::require_sampling(&request)?,
            // Nobody listening is no error.
            "test_trigger_tool_change" => drop(self.changes.send(Change::Tools)),
            "test_trigger_prompt_change" => drop(self.changes.send(Change::Prompts)),
            _ => {}
        }
        if let Some(ask) = &fixture.ask {
            let answer = match ask::ask(ask, &words, &request).await {
                Ok(answer) => answer,
                Err(error) => {
                    let text = ContentBlock::text(format!("the client does not answer: {error}"));
                    return Ok(CallToolResult::error(vec![text]).into());
                }
            };
            words.insert("answer".to_owned(), answer);
        }
        let round = self.seals.round(
            fixture.rounds(&fixture.definition.name),
            call.input_responses,
            call.request_state.as_deref(),
            request.client_capabilities().as_ref(),
        )?;
        match round {
            Round::Asks(asks) => Ok(asks.into()),
            Round::Done(answers) => {
                words.insert("answers".to_owned(), answers);
                if let Some(job) = &fixture.job {
                    return jobs::run(job, &fixture.result, words, &self.tasks, &request).await;
                }
                let result: CallToolResult = complete_result(&fixture.result, &words)?;
                Ok(result.into())
            }
        }
    }
}

impl<S: ServerHandler> ServerHandler for Fixtures<S> {
    fn get_info(&self) -> ServerConfig {
        let mut info = self.server.get_info();
        info.capabilities = ServerCapabilities::builder()
            .enable_completions()
            .enable_prompts()
            .enable_prompts_list_changed()
            .enable_resources()
            .enable_resources_subscribe()
            .enable_tools()
            .enable_tool_list_changed()
            .enable_tasks()
            .build();
        info.capabilities.logging = Some(JsonObject::new());
        info
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        self.server.supported_protocol_versions()
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        match FIXTURES.tool(name) {
            Some(fixture) => Some(fixture.definition.clone()),
            None => self.server.get_tool(name),
        }
    }

    async fn discover(&self, request: Request) -> Result<DiscoverResult, ErrorData> {
        let mut result = self.server.discover(request).await?;
        result.capabilities = self.get_info().capabilities;
        Ok(result)
    }

    async fn list_tools(
        &self,
        page: Option<PaginatedRequestParams>,
        request: Request,
    ) -> Result<ListToolsResult, ErrorData> {
        let mut result = self.server.list_tools(page, request).await?;
        let fixtures = FIXTURES.tools.iter().map(|it| it.definition.clone());
        result.tools.splice(0..0, fixtures);
        Ok(result)
    }

    async fn call_tool(
        &self,
        call: CallToolRequestParams,
        request: Request,
    ) -> Result<CallToolResponse, ErrorData> {
        match FIXTURES.tool(&call.name) {
            Some(fixture) => self.call(fixture, call, request).await,
            None => self.server.call_tool(call, request).await,
        }
    }

    async fn list_prompts(
        &self,
        page: Option<PaginatedRequestParams>,
        request: Request,
    ) -> Result<ListPromptsResult, ErrorData> {
        let mut result = self.server.list_prompts(page, request).await?;
        let fixtures = FIXTURES.prompts.iter().map(|it| it.definition.clone());
        result.prompts.splice(0..0, fixtures);
        Ok(result)
    }

    async fn get_prompt(
        &self,
        prompt: GetPromptRequestParams,
        request: Request,
    ) -> Result<GetPromptResponse, ErrorData> {
        let Some(fixture) = FIXTURES.prompt(&prompt.name) else {
            return self.server.get_prompt(prompt, request).await;
        };
        let round = self.seals.round(
            fixture.rounds(&prompt.name),
            prompt.input_responses,
            prompt.request_state.as_deref(),
            request.client_capabilities().as_ref(),
        )?;
        match round {
            Round::Asks(asks) => Ok(asks.into()),
            Round::Done(answers) => {
                let mut words = prompt.arguments.unwrap_or_default();
                words.insert("answers".to_owned(), answers);
                let result: GetPromptResult = complete_result(&fixture.result, &words)?;
                Ok(result.into())
            }
        }
    }

    async fn list_resources(
        &self,
        page: Option<PaginatedRequestParams>,
        request: Request,
    ) -> Result<ListResourcesResult, ErrorData> {
        let mut result = self.server.list_resources(page, request).await?;
        let fixtures = FIXTURES.resources.iter().map(|it| it.definition.clone());
        result.resources.splice(0..0, fixtures);
        Ok(result)
    }

    async fn list_resource_templates(
        &self,
        page: Option<PaginatedRequestParams>,
        request: Request,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let listed = self.server.list_resource_templates(page, request);
        let mut result = listed.await?;
        let fixtures = FIXTURES.templates.iter().map(|it| it.definition.clone());
        result.resource_templates.splice(0..0, fixtures);
        Ok(result)
    }

    async fn read_resource(
        &self,
        read: ReadResourceRequestParams,
        request: Request,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let Some((template, words)) = FIXTURES.resource(&read.uri) else {
            return self.server.read_resource(read, request).await;
        };
        let result: ReadResourceResult = complete_result(template, &words)?;
        Ok(result.into())
    }

    async fn subscribe(&self, _: SubscribeRequestParams, _: Request) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn unsubscribe(&self, _: UnsubscribeRequestParams, _: Request) -> Result<(), ErrorData> {
        Ok(())
    }

    #[expect(deprecated, reason = "the older revisions have it")]
    async fn set_level(
        &self,
        _: rmcp::model::SetLevelRequestParams,
        _: Request,
    ) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn complete(
        &self,
        wanted: CompleteRequestParams,
        request: Request,
    ) -> Result<CompleteResult, ErrorData> {
        let of_fixture = match &wanted.r#ref {
            Reference::Prompt(prompt) => FIXTURES.prompt(&prompt.name).is_some(),
            Reference::Resource(resource) => resource.uri.starts_with("test://"),
            _ => false,
        };
        if !of_fixture {
            return self.server.complete(wanted, request).await;
        }
        let words = ["paris", "park", "party"].map(str::to_owned);
        let typed = &wanted.argument.value;
        let words = words.into_iter().filter(|it| it.starts_with(typed));
        CompletionInfo::new(words.collect())
            .map(CompleteResult::new)
            .map_err(|error| ErrorData::internal_error(error, None))
    }

    async fn get_task(&self, get: GetTaskParams, _: Request) -> Result<GetTaskResult, ErrorData> {
        self.tasks.get_task(&get.task_id).map(GetTaskResult::new)
    }

    async fn update_task(&self, update: UpdateTaskParams, _: Request) -> Result<(), ErrorData> {
        let responses = update.input_responses;
        self.tasks.update_task(&update.task_id, responses)
    }

    async fn cancel_task(&self, cancel: CancelTaskParams, _: Request) -> Result<(), ErrorData> {
        self.tasks.cancel_task(&cancel.task_id)
    }

    async fn on_custom_request(
        &self,
        custom: CustomRequest,
        request: Request,
    ) -> Result<CustomResult, ErrorData> {
        self.server.on_custom_request(custom, request).await
    }

    fn accepted_subscription_filter(
        &self,
        requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        Some(requested.clone())
    }

    async fn listen(&self, subscription: SubscriptionContext) -> Result<(), ErrorData> {
        let mut changes = self.changes.subscribe();
        loop {
            let change = tokio::select! {
                () = subscription.cancelled() => return Ok(()),
                change = changes.recv() => change,
            };
            let sent = match change {
                Ok(Change::Tools) => subscription.sink().notify_tool_list_changed().await,
                Ok(Change::Prompts) => subscription.sink().notify_prompt_list_changed().await,
                Err(RecvError::Lagged(_)) => Ok(()),
                Err(RecvError::Closed) => return Ok(()),
            };
            // Most have not asked for this change.
            if let Err(error) = sent {
                tracing::debug!(%error, "a change is not told");
            }
        }
    }
}
