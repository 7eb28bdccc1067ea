//! The audit line: one for each call, when it is over. Says who, what and how it ended; what was asked only if wanted.

use std::sync::{Arc, LazyLock, OnceLock};
use std::time::Duration;

use axum::http::request::Parts;
use catalog::Called;
use metrics::{counter, histogram};
use rmcp::RoleServer;
use rmcp::service::RequestContext;
use tokio::time::Instant;

use crate::tools::TOOLS;

/// The outcome of a call that did what it was asked for.
pub(crate) const OK: &str = "OK";

/// The operation of what the protocol does not know.
pub(crate) const UNKNOWN: &str = "mcp.unknown";

/// The most bytes of arguments in a line.
const MAX_ARGUMENT_BYTES: usize = 2_000;

/// The operations of the tools: their names behind `mcp.`, since other protocols count their calls beside these.
static TOOL_OPERATIONS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let names = TOOLS.iter().map(|it| format!("mcp.{}", it.name));
    names.map(|it| &*it.leak()).collect()
});

/// Returns the operation of a tool's calls, one of a fixed set.
pub(crate) fn tool_operation(name: &str) -> &'static str {
    let of_tool = |it: &&&'static str| it.strip_prefix("mcp.") == Some(name);
    let operation = TOOL_OPERATIONS.iter().find(of_tool);
    operation.copied().unwrap_or("mcp.tools/call")
}

/// Where a call's outcome is put for whoever counts calls; it travels with a request over HTTP.
#[derive(Debug, Clone, Default)]
pub(crate) struct CalledSlot(Arc<OnceLock<Called>>);

impl CalledSlot {
    /// Returns what the call was, if it got as far as to the server.
    pub(crate) fn called(&self) -> Option<Called> {
        self.0.get().copied()
    }
}

/// Notes what a call was.
pub(crate) fn note(
    request: &RequestContext<RoleServer>,
    operation: &'static str,
    outcome: &'static str,
) {
    let parts = request.extensions.get::<Parts>();
    if let Some(slot) = parts.and_then(|it| it.extensions.get::<CalledSlot>()) {
        // The first word is kept: a request is one call.
        let _ = slot.0.set(Called { operation, outcome });
    }
}

/// A call under way.
#[derive(Debug)]
pub(crate) struct Audit<'a> {
    pub(crate) caller: &'a str,
    pub(crate) operation: &'static str,
    /// What was asked, where that is to be kept.
    pub(crate) arguments: Option<String>,
    pub(crate) start: Instant,
}

impl Audit<'_> {
    /// Ends the call.
    pub(crate) fn end(self, outcome: &'static str, rows: usize, bytes: usize) {
        let Self {
            caller,
            operation,
            arguments,
            start,
        } = self;
        let tool = operation.strip_prefix("mcp.").unwrap_or(operation);
        let ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        count(tool, outcome, start.elapsed());
        let arguments = arguments.as_deref().map(cut);
        tracing::info!(
            target: "trouvaille::audit",
            caller, tool, outcome, rows, ms, bytes, arguments,
            "{caller} called {tool}: {outcome}, {rows} rows, {bytes} bytes after {ms} ms",
        );
    }
}

/// Counts a call (docs/metrics.md).
fn count(tool: &'static str, outcome: &'static str, took: Duration) {
    let tool = if tool == "tools/call" { "other" } else { tool };
    let outcome = if outcome == OK { "ok" } else { outcome };
    counter!("trouvaille_mcp_tool_total", "tool" => tool, "outcome" => outcome).increment(1);
    histogram!("trouvaille_mcp_tool_seconds", "tool" => tool).record(took);
}

fn cut(arguments: &str) -> &str {
    &arguments[..arguments.floor_char_boundary(MAX_ARGUMENT_BYTES)]
}
