//! Every listener of the program: binds it, says who calls, keeps within limits, ends in order.
//!
//! What is served comes from the rooms as routers, which read [`catalog::Principal`]; nothing here knows a protocol.

mod auth;
mod counted;
pub(crate) mod directory;
mod loopback;
pub(crate) mod ops;
mod patient;
mod serve;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;

use anyhow::Context;
use axum::Router;
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub(crate) use self::auth::Auth;
use crate::config::HttpConfig;
use crate::exit::UsageError;

/// Binds the address of `flag`. Without tokens to ask for, only this machine may reach it.
pub(crate) async fn bind(
    flag: &str,
    address: SocketAddr,
    auth: &Auth,
) -> anyhow::Result<TcpListener> {
    if !address.ip().is_loopback() && !auth.has_tokens() {
        return Err(UsageError(format!(
            "{flag} {address} lets other machines in, and nobody is asked who they are: set http.tokens in the \
             configuration (config/default.toml says how), or listen on 127.0.0.1"
        ))
        .into());
    }
    listen(flag, address).await
}

/// Serves `router` to the callers that `auth` lets in and `public` to everybody, until `cancel` and for as long behind it
/// as is configured; then no new request is taken, event streams end, and what still runs has the configured time to
/// finish.
pub(crate) async fn run(
    listener: TcpListener,
    (router, public): (Router, Router),
    auth: &Auth,
    config: &HttpConfig,
    cancel: &CancellationToken,
) {
    let closing = CancellationToken::new();
    let router = serve::end_streams(router, &closing);
    let router = counted::counted(auth.guard(router).merge(public));
    let router = serve::let_go(router, cancel);
    let linger = async {
        cancel.cancelled().await;
        tokio::time::sleep(config.linger()).await;
        closing.cancel();
    };
    tokio::join!(linger, serve::serve(listener, router, config, &closing));
}

async fn listen(flag: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {flag} {address}"))
}

/// Returns an answer that refuses a request before any room saw it.
fn refusal(status: StatusCode, name: &str, message: &str) -> Response {
    let error = json!({"error": {"code": status.as_u16(), "status": name, "message": message}});
    let json = HeaderValue::from_static("application/json");
    (status, [(CONTENT_TYPE, json)], error.to_string()).into_response()
}

/// Writes the audit line of a refused request. The rooms write those of the others.
fn audit_refused(request: &Request, outcome: &str, what: &str) {
    let (method, path) = (request.method(), request.uri().path());
    // It may be as long as a head may be.
    let path: String = path.chars().take(200).collect();
    tracing::info!(
        target: "trouvaille::audit",
        %method, path, outcome,
        "refused {what}: {method} {path}",
    );
}
