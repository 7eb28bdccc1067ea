//! Sessions for the suite's clients of the older revisions: a server that asks its client during a call has to know
//! the answer for one. The server itself has none.

use std::sync::Arc;

use axum::http::HeaderMap;
use rmcp::ServerHandler;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};

/// Returns a service that is `server` with sessions.
pub(crate) fn sessions<S: ServerHandler + Clone>(
    server: &S,
    config: StreamableHttpServerConfig,
) -> StreamableHttpService<S, LocalSessionManager> {
    let server = server.clone();
    StreamableHttpService::new(
        move || Ok(server.clone()),
        Arc::new(LocalSessionManager::default()),
        config.with_legacy_session_mode(true),
    )
}

/// Returns whether a request begins a session or is of one; all others are answered as without sessions.
pub(crate) fn is_of_session(headers: &HeaderMap, operation: &str) -> bool {
    operation == "mcp.initialize" || headers.contains_key("mcp-session-id")
}
