//! What a call goes through, whatever it asks for: the caller's scopes, the limits, the audit line.

use catalog::Scope;
use rmcp::RoleServer;
use rmcp::service::RequestContext;
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::audit::{self, Audit, OK, tool_operation};
use crate::caller::Caller;
use crate::guard::{Guard, TIMEOUT};
use crate::prompts::{self, PromptText};
use crate::resources::{self, ResourceText};
use crate::tools::{Call, Told, tool, unknown};
use crate::{Context, ToolError};

/// The longest document or prompt.
const MAX_TEXT_BYTES: usize = 1 << 20;

/// The calls of a server.
#[derive(Debug)]
pub(crate) struct Calls {
    context: Context,
    guard: Guard,
}

/// What a call came to, with what the audit line says of it.
struct Done<T> {
    what: T,
    rows: usize,
    bytes: usize,
}

type Request = RequestContext<RoleServer>;

impl Calls {
    pub(crate) fn new(context: &Context) -> Self {
        Self {
            context: context.clone(),
            guard: Guard::new(&context.limits),
        }
    }

    /// Calls a tool, which need not be there: that is a call, too.
    pub(crate) async fn call(
        &self,
        name: &str,
        arguments: Map<String, Value>,
        request: &Request,
    ) -> Result<Told, ToolError> {
        let audit = self.audit(request, tool_operation(name), &arguments);
        let work = self.call_tool(name, arguments, Caller::of(request));
        self.guarded(request, audit, work).await
    }

    /// Counts a list, for which there is neither a slot nor an audit line: it is made already.
    pub(crate) fn may_list(&self, request: &Request) -> Result<(), ToolError> {
        self.guard.may_list(Caller::of(request).id())
    }

    /// Reads a document.
    pub(crate) async fn read(
        &self,
        uri: &str,
        request: &Request,
    ) -> Result<ResourceText, ToolError> {
        let audit = self.audit(request, "mcp.resources/read", &uri);
        let work = self.read_resource(uri, Caller::of(request));
        self.guarded(request, audit, work).await
    }

    /// Fills a prompt in.
    pub(crate) async fn prompt(
        &self,
        name: &str,
        arguments: Map<String, Value>,
        request: &Request,
    ) -> Result<PromptText, ToolError> {
        let audit = self.audit(request, "mcp.prompts/get", &(name, &arguments));
        let work = self.get_prompt(name, arguments, Caller::of(request));
        self.guarded(request, audit, work).await
    }

    fn audit<'a>(
        &self,
        request: &'a Request,
        operation: &'static str,
        asked: &impl Serialize,
    ) -> Audit<'a> {
        let keeps = self.context.audits_arguments;
        Audit {
            caller: Caller::of(request).id(),
            operation,
            arguments: keeps.then(|| serde_json::to_string(asked).unwrap_or_default()),
            start: Instant::now(),
        }
    }

    #[tracing::instrument(name = "call", skip_all, fields(operation = audit.operation, request = id_of(request)))]
    async fn guarded<T>(
        &self,
        request: &Request,
        audit: Audit<'_>,
        work: impl Future<Output = Result<Done<T>, ToolError>> + Send,
    ) -> Result<T, ToolError> {
        let done = self.guard.run(audit.caller, &request.ct, work).await;
        let done = done.map_err(|error| match error.code {
            TIMEOUT if self.context.data.is_opening() => store_opening(),
            _ => error,
        });
        let outcome = done.as_ref().map_or_else(|error| error.code, |_| OK);
        audit::note(request, audit.operation, outcome);
        let (rows, bytes) = done.as_ref().map_or((0, 0), |it| (it.rows, it.bytes));
        audit.end(outcome, rows, bytes);
        done.map(|it| it.what)
    }

    async fn call_tool(
        &self,
        name: &str,
        arguments: Map<String, Value>,
        caller: Caller<'_>,
    ) -> Result<Done<Told>, ToolError> {
        let tool = tool(name).ok_or_else(|| unknown(name))?;
        may(caller, tool.scope)?;
        let what = tool.run(arguments, &self.context, caller.id()).await?;
        let (rows, bytes) = (what.rows, what.text.len());
        Ok(Done { what, rows, bytes })
    }

    async fn read_resource(
        &self,
        uri: &str,
        caller: Caller<'_>,
    ) -> Result<Done<ResourceText>, ToolError> {
        may(caller, Scope::Read)?;
        let what = resources::read(uri, &self.of_caller(caller)).await?;
        let bytes = what.text.len();
        within(bytes)?;
        let rows = 1;
        Ok(Done { what, rows, bytes })
    }

    async fn get_prompt(
        &self,
        name: &str,
        arguments: Map<String, Value>,
        caller: Caller<'_>,
    ) -> Result<Done<PromptText>, ToolError> {
        may(caller, Scope::Read)?;
        let what = prompts::get(name, arguments, &self.of_caller(caller)).await?;
        let bytes = what.messages.iter().map(String::len).sum();
        within(bytes)?;
        let rows = what.messages.len();
        Ok(Done { what, rows, bytes })
    }

    /// Returns the call as resources and prompts see it, which have no lists to go on with.
    fn of_caller<'a>(&'a self, caller: Caller<'a>) -> Call<'a> {
        Call {
            context: &self.context,
            caller: caller.id(),
            query: "",
        }
    }
}

/// # Errors
/// `forbidden`, when the caller may not do that.
fn may(caller: Caller<'_>, scope: Scope) -> Result<(), ToolError> {
    if caller.may(scope) {
        return Ok(());
    }
    let name = match scope {
        Scope::Read => "read",
        Scope::Crawl => "crawl",
    };
    let message = format!("the caller's token lacks the scope {name}");
    Err(ToolError::new("forbidden", message).next("use a token with that scope"))
}

/// Returns the beginning of what the client calls its request.
fn id_of(request: &Request) -> String {
    let id = request.id.to_string();
    id.chars().take(64).collect()
}

fn within(bytes: usize) -> Result<(), ToolError> {
    if bytes > MAX_TEXT_BYTES {
        return Err(ToolError::too_long());
    }
    Ok(())
}

/// Returns the error of a call that waited for the store to open until its time was over.
fn store_opening() -> ToolError {
    ToolError::new("store_opening", "the store is still being opened")
        .next("call again in a moment")
}
