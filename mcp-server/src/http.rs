//! MCP over streamable HTTP, without sessions: any replica answers any call.

mod body;
mod names;
mod refusal;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use axum::routing::any;
use catalog::Called;
use rmcp::ServerHandler;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use tokio_util::sync::CancellationToken;

use self::names::Asked;
use self::refusal::Refusal;
use crate::Context;
use crate::audit::{CalledSlot, OK, UNKNOWN};
use crate::conformance::{self, Fixtures};
use crate::envelope::{self, Envelope};
use crate::server::Server;

/// Web pages on this machine, by any port.
const LOCAL_ORIGINS: [&str; 6] = [
    "http://localhost:*",
    "http://127.0.0.1:*",
    "http://[::1]:*",
    "https://localhost:*",
    "https://127.0.0.1:*",
    "https://[::1]:*",
];

/// This machine, by any port.
const LOCAL_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// How the server is reached over HTTP.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// Names by which it is called beside those of this machine, such as `mcp.example.com` or `trouvaille-mcp:8900`.
    pub allowed_hosts: Vec<String>,
    /// Web pages that may call it beside those of this machine, such as `https://app.example.com:443`.
    pub allowed_origins: Vec<String>,
    /// Whether the fixtures of the conformance suite are there.
    pub conformance: bool,
    /// Cancelled when nobody is answered any more: what is under way then ends.
    pub cancel: CancellationToken,
}

/// What answers at `/mcp`.
struct Endpoint<S> {
    service: StreamableHttpService<S, NeverSessionManager>,
    /// For the conformance suite alone.
    sessions: Option<StreamableHttpService<S, LocalSessionManager>>,
    max_body_bytes: usize,
}

/// Returns the routes of the server: `/mcp` alone.
///
/// Callers are [`catalog::Principal`]s in the requests' extensions;
/// without one it is `local`, who may do everything. Responses carry [`Called`] for whoever counts calls.
pub fn router(context: &Context, options: &HttpOptions) -> Router {
    let server = Server::new(context);
    if options.conformance {
        routes(Fixtures::around(server), context, options)
    } else {
        routes(server, context, options)
    }
}

fn routes<S: ServerHandler + Clone>(server: S, context: &Context, options: &HttpOptions) -> Router {
    let max_body_bytes = context.limits.max_body_bytes;
    let hosts = LOCAL_HOSTS.iter().map(|it| (*it).to_owned());
    let origins = LOCAL_ORIGINS.iter().map(|it| (*it).to_owned());
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(max_body_bytes)
        .with_allowed_hosts(hosts.chain(options.allowed_hosts.clone()))
        .with_allowed_origins(origins.chain(options.allowed_origins.clone()))
        .with_cancellation_token(options.cancel.child_token());
    let sessions = options
        .conformance
        .then(|| conformance::sessions(&server, config.clone()));
    let service = StreamableHttpService::new(
        move || Ok(server.clone()),
        Arc::new(NeverSessionManager::default()),
        config,
    );
    let endpoint = Endpoint {
        service,
        sessions,
        max_body_bytes,
    };
    Router::new().route("/mcp", any(answer::<S>).with_state(Arc::new(endpoint)))
}

async fn answer<S: ServerHandler>(
    State(endpoint): State<Arc<Endpoint<S>>>,
    request: Request,
) -> Response {
    let mut called = Called {
        operation: UNKNOWN,
        outcome: "invalid_request",
    };
    let slot = CalledSlot::default();
    let mut response = match prepare(request, endpoint.max_body_bytes, &slot, &mut called).await {
        Ok((request, envelope)) => pass_on(&endpoint, request, &envelope).await,
        Err(refusal) => refusal.into(),
    };
    if let Some(noted) = slot.called() {
        called = noted;
    } else if response.status().is_success() && called.operation != UNKNOWN {
        // What the SDK answers by itself.
        called.outcome = OK;
    }
    response.extensions_mut().insert(called);
    response
}

/// Reads a request within limits, and looks whether it is one of JSON-RPC: the SDK does not tell what is not JSON from
/// what is not its own kind of it.
async fn prepare(
    request: Request,
    max_body_bytes: usize,
    slot: &CalledSlot,
    called: &mut Called,
) -> Result<(Request, Envelope), Refusal> {
    let (mut parts, body) = request.into_parts();
    if parts.method != Method::POST || !body::is_json(&parts.headers) {
        // The SDK says what is wrong with it, and reads nothing.
        let request = Request::from_parts(parts, Body::empty());
        return Ok((request, Envelope::default()));
    }
    let bytes = body::read(&parts.headers, body, max_body_bytes).await?;
    let envelope = envelope::check(&bytes)?;
    called.operation = envelope.operation();
    parts.extensions.insert(slot.clone());
    let request = Request::from_parts(parts, Body::from(bytes));
    Ok((request, envelope))
}

async fn pass_on<S: ServerHandler>(
    endpoint: &Endpoint<S>,
    request: Request,
    envelope: &Envelope,
) -> Response {
    let is_json = body::is_json(request.headers());
    let asked = Asked::of(&request);
    let response = match &endpoint.sessions {
        Some(sessions) if conformance::is_of_session(request.headers(), envelope.operation()) => {
            sessions.handle(request).await
        }
        _ => endpoint.service.handle(request).await,
    };
    let response = response.map(Body::new);
    if is_json && response.status() == StatusCode::UNSUPPORTED_MEDIA_TYPE {
        return Refusal::from(envelope.no_message()).into();
    }
    if response.status() == StatusCode::FORBIDDEN {
        return asked.refused(response.into_body()).await;
    }
    response
}
