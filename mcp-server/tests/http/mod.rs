//! The server over HTTP: real listeners on loopback, and a client that speaks every revision.

mod audit;
mod callers;
mod conformance;
mod edge;
mod eras;
mod limits;
mod replicas;
mod stores;

use std::sync::{Arc, Mutex};

use axum::extract::Request;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use catalog::{Called, Principal};
use mcp_server::{Context, HttpOptions, router};
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::world;

/// The revision without a handshake.
const NEWEST: &str = "2026-07-28";

/// The revisions with one.
const OLDER: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

/// A server on a port of its own; dropped, it stops.
struct Served {
    url: String,
    client: Client,
    called: Arc<Mutex<Vec<Called>>>,
    _task: JoinSet<()>,
}

/// An answer.
#[derive(Debug)]
struct Answered {
    status: u16,
    body: Value,
}

impl Served {
    async fn new(context: &Context) -> Self {
        Self::to(context, None).await
    }

    /// Serves a caller whom the server's edge let in.
    async fn to(context: &Context, principal: Option<Principal>) -> Self {
        Self::serving(context, principal, false).await
    }

    /// Serves the fixtures of the conformance suite, too.
    async fn with_fixtures(context: &Context) -> Self {
        Self::serving(context, None, true).await
    }

    async fn serving(context: &Context, principal: Option<Principal>, conformance: bool) -> Self {
        let options = HttpOptions {
            allowed_hosts: vec!["mcp.example.com".to_owned()],
            allowed_origins: vec!["https://app.example.com:443".to_owned()],
            conformance,
            cancel: CancellationToken::new(),
        };
        let called = Arc::new(Mutex::new(Vec::new()));
        let router = router(context, &options)
            .layer(from_fn(move |request, next| {
                let_in(principal.clone(), request, next)
            }))
            .layer(from_fn_with_state(Arc::clone(&called), count));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        let mut task = JoinSet::new();
        task.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url,
            client: world::client(),
            called,
            _task: task,
        }
    }

    /// Sends a request of a revision, with all that the revision asks for.
    async fn ask(&self, revision: &str, method: &str, params: Value) -> Answered {
        self.request(revision, method, params).answered().await
    }

    fn request(&self, revision: &str, method: &str, mut params: Value) -> RequestBuilder {
        let mut request = self.post();
        if method != "initialize" {
            request = request.header("MCP-Protocol-Version", revision);
        }
        if revision == NEWEST {
            params["_meta"] = meta();
            request = request.header("Mcp-Method", method);
            let name = params.get("name").or_else(|| params.get("uri"));
            if let Some(name) = name.and_then(Value::as_str) {
                request = request.header("Mcp-Name", name);
            }
        }
        request.body(message(method, &params))
    }

    /// Calls a tool by the newest revision.
    async fn call(&self, tool: &str, arguments: Value) -> Answered {
        let params = json!({"name": tool, "arguments": arguments});
        self.ask(NEWEST, "tools/call", params).await
    }

    fn post(&self) -> RequestBuilder {
        self.client
            .post(&self.url)
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json, text/event-stream")
    }

    fn called(&self) -> Vec<(&'static str, &'static str)> {
        let called = self.called.lock().unwrap();
        called.iter().map(|it| (it.operation, it.outcome)).collect()
    }
}

impl Answered {
    /// Returns the structured answer of a tool that did what it was asked for.
    fn answer(&self) -> &Value {
        assert_eq!(self.body["result"]["isError"], false, "{self:?}");
        &self.body["result"]["structuredContent"]
    }

    /// Returns what a tool that did not do what it was asked for says.
    fn tool_error(&self) -> Value {
        assert_eq!(self.body["result"]["isError"], true, "{self:?}");
        let text = self.body["result"]["content"][0]["text"].as_str();
        serde_json::from_str(text.unwrap()).unwrap()
    }

    /// Returns the code of the protocol's error.
    fn code(&self) -> i64 {
        self.body["error"]["code"].as_i64().unwrap_or_default()
    }
}

/// Sends a request.
trait Ask {
    async fn answered(self) -> Answered;
}

impl Ask for RequestBuilder {
    async fn answered(self) -> Answered {
        let response = self.send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Answered { status, body }
    }
}

fn message(method: &str, params: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string()
}

/// Returns what every request of the newest revision carries.
fn meta() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": NEWEST,
        "io.modelcontextprotocol/clientInfo": {"name": "tests", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    })
}

async fn let_in(principal: Option<Principal>, mut request: Request, next: Next) -> Response {
    if let Some(principal) = principal {
        request.extensions_mut().insert(principal);
    }
    next.run(request).await
}

async fn count(
    called: axum::extract::State<Arc<Mutex<Vec<Called>>>>,
    request: Request,
    next: Next,
) -> Response {
    let response = next.run(request).await;
    let was = response.extensions().get::<Called>().copied();
    called.lock().unwrap().extend(was);
    response
}
