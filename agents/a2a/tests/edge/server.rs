//! Agents on loopback, over a store in memory.

use std::net::SocketAddr;
use std::sync::Arc;

use a2a::{AGENTS, Agent, Context, Served, Skill, Trade};
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use catalog::{Platform, Principal, UnixMs};
use crawler::fetch::FetchConfig;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub(super) use super::http::Answer;
use super::http::{ask, send};

/// A server that ends with the test.
pub(super) struct Server {
    pub(super) context: Context,
    address: SocketAddr,
    _running: JoinSet<()>,
}

/// An agent beside the real one.
static OTHER: Agent = Agent {
    name: "other",
    title: "Another one",
    description: "Stands beside.",
    trade: Trade::Crawl(Platform::Shopify),
    skills: &[Skill::CrawlCatalog],
};

/// How a test wants it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wanted {
    pub(super) conformance: bool,
    pub(super) has_auth: bool,
    /// Two agents instead of one.
    pub(super) several: bool,
}

impl Server {
    pub(super) async fn start() -> Self {
        Self::wanted(Wanted::default()).await
    }

    pub(super) async fn conformance() -> Self {
        Self::wanted(Wanted {
            conformance: true,
            ..Wanted::default()
        })
        .await
    }

    pub(super) async fn wanted(wanted: Wanted) -> Self {
        let context = context().await;
        let n_agents = 1 + usize::from(wanted.several);
        let served = Served {
            agents: AGENTS
                .iter()
                .take(1)
                .chain([&OTHER])
                .take(n_agents)
                .collect(),
            has_auth: wanted.has_auth,
            conformance: wanted.conformance,
        };
        let router = a2a::router(&served, &context).layer(from_fn(principal));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut running = JoinSet::new();
        running.spawn(async move { axum::serve(listener, router).await.unwrap() });
        let hub = Arc::clone(&context.hub);
        running.spawn(async move { hub.run(&CancellationToken::new()).await });
        Self {
            context,
            address,
            _running: running,
        }
    }

    /// Sends a request as it is.
    pub(super) async fn ask(&self, line: &str, headers: &[&str], body: &[u8]) -> Answer {
        ask(self.address, line, headers, body).await
    }

    /// Sends the head of a request alone.
    pub(super) async fn ask_head(&self, line: &str, headers: &[&str]) -> Answer {
        send(self.address, line, headers, b"").await
    }

    pub(super) async fn get(&self, path: &str, headers: &[&str]) -> Answer {
        self.ask(&format!("GET {path}"), headers, b"").await
    }

    /// Calls a method of JSON-RPC as any client would.
    pub(super) async fn call(&self, method: &str, params: &Value) -> Answer {
        let headers = [super::V1, "Content-Type: application/json"];
        self.call_with("/a2a/v1", method, params, &headers).await
    }

    pub(super) async fn call_with(
        &self,
        path: &str,
        method: &str,
        params: &Value,
        headers: &[&str],
    ) -> Answer {
        let request =
            serde_json::json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params});
        let line = format!("POST {path}");
        self.ask(&line, headers, request.to_string().as_bytes())
            .await
    }
}

/// Stands for authentication: the caller is who it says it is; one whose name begins with "reader" may only read.
async fn principal(mut request: Request, next: Next) -> axum::response::Response {
    let named = request.headers_mut().remove("test-caller");
    if let Some(name) = named {
        let id = name.to_str().unwrap().to_owned();
        let scopes = match id.starts_with("reader") {
            true => vec![catalog::Scope::Read],
            false => catalog::Scope::ALL.to_vec(),
        };
        request.extensions_mut().insert(Principal { id, scopes });
    }
    next.run(request).await
}

async fn context() -> Context {
    let fetching = FetchConfig::default();
    crate::world::context(fetching, || UnixMs::new(1_800_000_000_000)).await
}
