//! An agent on loopback that says what a test tells it to, and cuts its streams where the test wants.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// The beginning of our keys in metadata.
pub(crate) const EXTENSION: &str = "https://trouvaille.example/ext/crawl/v1";

/// What the agent does; the default is one of ours without any fault.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    /// How many events each of the next streams sends before it breaks; later ones send all.
    pub(crate) cuts: Vec<usize>,
    /// Whether a stream that is cut falls silent instead of breaking.
    pub(crate) falls_silent: bool,
    /// The status of answers to the next calls; later ones are well.
    pub(crate) failures: Vec<u16>,
    /// Whether events have numbers, and what was missed is sent again.
    pub(crate) numbers: bool,
    pub(crate) streams: bool,
    pub(crate) subscribes: bool,
    pub(crate) n_events: u64,
    pub(crate) token: Option<&'static str>,
    /// The address in the card; its own without one.
    pub(crate) url: Option<String>,
    /// The server that calls are led on to.
    pub(crate) leads_to: Option<String>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            cuts: Vec::new(),
            falls_silent: false,
            failures: Vec::new(),
            numbers: true,
            streams: true,
            subscribes: true,
            n_events: 9,
            token: None,
            url: None,
            leads_to: None,
        }
    }
}

/// A call as it came.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) params: Value,
    pub(crate) after: Option<u64>,
    pub(crate) key: Option<String>,
}

/// Ends with the test that owns it.
pub(crate) struct Scripted {
    pub(crate) url: String,
    state: Arc<Mutex<Now>>,
    _server: JoinSet<()>,
}

#[derive(Debug)]
struct Now {
    script: Script,
    url: String,
    cuts: VecDeque<usize>,
    failures: VecDeque<u16>,
    calls: Vec<Call>,
    /// How many of its events have happened.
    n_happened: u64,
    is_cancelled: bool,
}

impl Scripted {
    pub(crate) async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(Now {
            url: script.url.clone().unwrap_or_else(|| url.clone()),
            cuts: script.cuts.iter().copied().collect(),
            failures: script.failures.iter().copied().collect(),
            calls: Vec::new(),
            n_happened: 0,
            is_cancelled: false,
            script,
        }));
        let router = Router::new()
            .route("/.well-known/agent-card.json", get(card))
            .route("/a2a/v1", post(call))
            .with_state(Arc::clone(&state));
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url,
            state,
            _server: server,
        }
    }

    /// Returns the calls of a method so far.
    pub(crate) fn calls(&self, method: &str) -> Vec<Call> {
        let now = self.state.lock().unwrap();
        now.calls
            .iter()
            .filter(|it| it.method == method)
            .cloned()
            .collect()
    }
}

type Shared = State<Arc<Mutex<Now>>>;

async fn card(State(state): Shared) -> Response {
    let now = state.lock().unwrap();
    let extensions = match now.script.numbers {
        true => json!([{ "uri": EXTENSION }]),
        false => json!([]),
    };
    axum::Json(json!({
        "name": "A scripted agent",
        "description": "Does what a test says.",
        "version": "7",
        "supportedInterfaces": [
            { "url": format!("{}/a2a/v1", now.url), "protocolBinding": "JSONRPC", "protocolVersion": "1.0" }
        ],
        "capabilities": { "streaming": now.script.streams, "extensions": extensions },
        "defaultInputModes": ["application/json"],
        "defaultOutputModes": ["application/json"],
        "skills": [{ "id": "crawl-catalog", "name": "Crawl", "description": "Crawls.", "tags": ["crawl"] }],
    }))
    .into_response()
}

async fn call(State(state): Shared, headers: HeaderMap, body: Bytes) -> Response {
    let now = &mut *state.lock().unwrap();
    let request: Value = serde_json::from_slice(&body).unwrap();
    let told = |name: &str| Some(headers.get(name)?.to_str().unwrap().to_owned());
    let bearer = now.script.token.map(|token| format!("Bearer {token}"));
    if bearer.is_some() && told("authorization") != bearer {
        return (StatusCode::UNAUTHORIZED, "who are you?").into_response();
    }
    let method = request["method"].as_str().unwrap().to_owned();
    let after = told("a2a-after-seq").map(|text| text.parse().unwrap());
    now.calls.push(Call {
        method: method.clone(),
        params: request["params"].clone(),
        after,
        key: told("idempotency-key"),
    });
    if let Some(other) = &now.script.leads_to {
        let to = [(header::LOCATION, format!("{other}/a2a/v1"))];
        return (StatusCode::TEMPORARY_REDIRECT, to).into_response();
    }
    if let Some(status) = now.failures.pop_front() {
        return (StatusCode::from_u16(status).unwrap(), "not now").into_response();
    }
    let id = &request["id"];
    match method.as_str() {
        "SendStreamingMessage" => now.stream(id, 0),
        "SubscribeToTask"
            if !now.script.subscribes || now.is_over() && after == Some(now.n_happened) =>
        {
            answer(
                id,
                "error",
                &json!({ "code": -32004, "message": "no stream of this task" }),
            )
        }
        "SubscribeToTask" => {
            let after = after
                .filter(|_| now.script.numbers)
                .unwrap_or(now.n_happened);
            now.stream(id, after)
        }
        "SendMessage" => answer(id, "result", &json!({ "task": now.task() })),
        "CancelTask" => {
            now.is_cancelled = true;
            answer(id, "result", &now.task())
        }
        _ => {
            // Who reads the task again and again sees it go on.
            now.n_happened = (now.n_happened + 3).min(now.script.n_events);
            answer(id, "result", &now.task())
        }
    }
}

impl Now {
    fn is_over(&self) -> bool {
        self.n_happened == self.script.n_events
    }

    fn task(&self) -> Value {
        let state = match (self.is_cancelled, self.n_happened) {
            (true, _) => "TASK_STATE_CANCELED",
            _ if self.is_over() => "TASK_STATE_COMPLETED",
            (_, 0) => "TASK_STATE_SUBMITTED",
            _ => "TASK_STATE_WORKING",
        };
        let mut task =
            json!({ "id": "task-1", "contextId": "context-1", "status": { "state": state } });
        if self.n_happened + 1 >= self.script.n_events {
            task["artifacts"] = json!([summary()]);
        }
        if self.script.numbers {
            task["metadata"] = json!({ format!("{EXTENSION}/seq"): self.n_happened });
        }
        task
    }

    /// Sends the task, and then its events behind `after`, up to where this stream is cut.
    fn stream(&mut self, id: &Value, after: u64) -> Response {
        let n_more = self.cuts.pop_front();
        let last = match n_more {
            Some(n) => (after + n as u64).min(self.script.n_events),
            None => self.script.n_events,
        };
        let mut frames = vec![frame(id, &json!({ "task": self.task() }))];
        frames.extend((after + 1..=last).map(|seq| frame(id, &self.event(seq))));
        self.n_happened = self.n_happened.max(last);
        let half = n_more.map(|_| Ok("data: {\"jsonrpc\"".to_owned()));
        let whole = frames.into_iter().map(Ok).chain(half);
        let falls_silent = self.script.falls_silent;
        let cut = stream::iter(n_more).then(move |_| async move {
            // What was sent goes out while this waits.
            tokio::task::yield_now().await;
            if falls_silent {
                std::future::pending::<()>().await;
            }
            Err(io::Error::other("cut"))
        });
        let body = Body::from_stream(stream::iter(whole).chain(cut));
        ([(header::CONTENT_TYPE, "text/event-stream")], body).into_response()
    }

    fn event(&self, seq: u64) -> Value {
        let n_events = self.script.n_events;
        let mut event = if seq + 1 == n_events {
            json!({ "artifactUpdate": { "artifact": summary(), "append": false, "lastChunk": true } })
        } else {
            let state = if seq == n_events {
                "TASK_STATE_COMPLETED"
            } else {
                "TASK_STATE_WORKING"
            };
            json!({ "statusUpdate": { "status": { "state": state } } })
        };
        let inner = event.as_object_mut().unwrap().values_mut().next().unwrap();
        inner["taskId"] = json!("task-1");
        inner["contextId"] = json!("context-1");
        if self.script.numbers {
            let progress = json!({ "page": seq, "products": seq * 250 });
            inner["metadata"] = json!({ format!("{EXTENSION}/seq"): seq, format!("{EXTENSION}/progress"): progress });
        }
        event
    }
}

fn summary() -> Value {
    json!({ "artifactId": "summary", "parts": [
        { "data": { "pages": 4 }, "mediaType": "application/json" },
        { "url": "http://a.example/products.csv", "filename": "products.csv" },
    ] })
}

fn frame(id: &Value, result: &Value) -> String {
    format!(
        "data: {}\n\n",
        json!({ "jsonrpc": "2.0", "id": id, "result": result })
    )
}

fn answer(id: &Value, kind: &str, content: &Value) -> Response {
    axum::Json(json!({ "jsonrpc": "2.0", "id": id, kind: content })).into_response()
}
