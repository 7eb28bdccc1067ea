//! The face of the agents: their routes, and what the SDK's routers leave to do around them.

mod artifacts;
mod audit;
mod body;
mod caller;
mod cards;
mod errors;
mod extension;
mod media;
mod peek;
mod rest;
mod rpc;
mod version;

use std::sync::Arc;

use a2a_server::RequestHandler;
use a2a_server::jsonrpc::jsonrpc_router;
use a2a_server::rest::rest_router;
use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::get;

use self::artifacts::Artifacts;
use self::cards::SentCard;
pub use crate::card::CARD_PATH;
use crate::card::card;
use crate::handler::Handler;
use crate::{Agent, Context};

/// What is served.
#[derive(Debug)]
pub struct Served {
    /// The agents: each under `/agents/{name}/`, the first at the root, too.
    pub agents: Vec<&'static Agent>,
    /// Whether the server asks for a bearer token; the cards say so.
    pub has_auth: bool,
    /// Whether the behaviours of the compatibility kit are there.
    pub conformance: bool,
}

/// Returns the routes of agents. Who calls is read from [`catalog::Principal`] in the request's extensions; without
/// one, the caller is `local`.
pub fn router(served: &Served, context: &Context) -> Router {
    let mut router = Router::new();
    if let Some(first) = served.agents.first() {
        router = router.merge(agent_router(first, "", served, context));
    }
    for agent in &served.agents {
        let path = format!("/agents/{}", agent.name);
        router = router.merge(agent_router(agent, &path, served, context));
    }
    router
        .route(
            "/artifacts/{task}/{name}",
            get(artifacts::get).with_state(Artifacts::new(&served.agents, context)),
        )
        .fallback(nothing_here)
}

/// Returns the routes of one agent below `path`.
fn agent_router(agent: &'static Agent, path: &str, served: &Served, context: &Context) -> Router {
    let url = format!("{}{path}", context.public_url);
    let card = card(agent, &url, served);
    let handler = Arc::new(Handler::new(
        agent,
        context,
        served.conformance.then(|| card.clone()),
    ));
    let card = SentCard::new(&card, (context.now)());
    Router::new()
        .route(
            &format!("{path}{CARD_PATH}"),
            get(cards::get).with_state(Arc::new(card)),
        )
        .merge(bindings(agent, path, handler))
}

/// Returns the routes of both bindings below `path`.
fn bindings<H: RequestHandler>(agent: &'static Agent, path: &str, handler: Arc<H>) -> Router {
    let rpc = jsonrpc_router(Arc::clone(&handler)).layer(from_fn_with_state(agent, rpc::edge));
    let rest = rest_router(handler).layer(from_fn_with_state(agent, rest::edge));
    Router::new()
        .nest_service(&format!("{path}/a2a/v1"), rpc)
        .nest_service(&format!("{path}/a2a/rest"), rest)
}

async fn nothing_here() -> Response {
    let message = format!("nothing is served here; an agent's card is at {CARD_PATH}");
    errors::status(StatusCode::NOT_FOUND, &errors::no_method(message))
}
