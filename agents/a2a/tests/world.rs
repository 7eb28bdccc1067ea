//! An agent on loopback with a worker, a store in memory, and a way to fake shops and models.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use a2a::{AGENTS, Agent, Context, Hub, Served, kinds, run_item};
use catalog::{ClaimedItem, ItemEnd, MeterLimits, Task, TaskEvent, TaskId, UnixMs};
use crawler::fetch::{FetchConfig, Fetcher};
use serde_json::{Value, json};
use store::OpenMode;
use testkit::{Catalogue, FakeShop, FaultPlan, NORTH_LOFT};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::edge::http::{Answer, ask};

/// All ends with the test.
pub(crate) struct World {
    pub(crate) context: Context,
    address: SocketAddr,
    now: Arc<AtomicI64>,
    running: JoinSet<()>,
}

/// Returns what agents need over a store in memory, without a model.
pub(crate) async fn context(
    fetching: FetchConfig,
    now: impl Fn() -> UnixMs + Send + Sync + 'static,
) -> Context {
    let opened = store::open_with_tasks("sqlite::memory:", OpenMode::Create);
    let (store, tasks) = opened.await.unwrap();
    let now: Arc<dyn Fn() -> UnixMs + Send + Sync> = Arc::new(now);
    Context {
        summaries: summarizer::Context {
            store: Arc::clone(&store),
            tasks: Arc::clone(&tasks),
            endpoint: None,
            now: Arc::clone(&now),
            tally: Arc::default(),
        },
        ranking_sheets: Arc::new(|_, _| Box::pin(async { Ok(Vec::new()) })),
        budget: MeterLimits::default(),
        store,
        hub: Arc::new(Hub::new(Arc::clone(&tasks))),
        tasks,
        fetcher: Arc::new(Fetcher::new(fetching).unwrap()),
        now,
        currency_of: Arc::new(|_| None),
        is_dead: |_| false,
        lease: Duration::from_secs(60),
        stop: CancellationToken::new(),
        public_url: "https://agents.example".to_owned(),
    }
}

/// Returns the kinds of items of all agents.
pub(crate) fn all_kinds(conformance: bool) -> Vec<&'static str> {
    let agents: Vec<&Agent> = AGENTS.iter().collect();
    let kinds = kinds(&agents, conformance);
    [kinds.crawls, kinds.summaries].concat()
}

/// Returns a shop with so many products.
pub(crate) async fn shop(n_products: usize, plan: FaultPlan) -> FakeShop {
    let catalogue = Catalogue::generate(&NORTH_LOFT, n_products, 3);
    FakeShop::start(catalogue, plan).await.unwrap()
}

/// Returns a request to crawl shops.
pub(crate) fn crawl(shops: &[&FakeShop], more: Value) -> Value {
    let urls: Vec<String> = shops.iter().map(|shop| shop.url()).collect();
    let mut request =
        json!({ "schema": "crawl-request/1", "skill": "crawl-catalog", "stores": urls });
    let Value::Object(more) = more else {
        panic!("no object: {more}");
    };
    request.as_object_mut().unwrap().extend(more);
    request
}

fn fetching(requests_per_second: Option<f64>) -> FetchConfig {
    FetchConfig {
        requests_per_second,
        platform_requests_per_second: None,
        total_requests_per_second: None,
        allow_private: vec!["127.0.0.0/8".parse().unwrap()],
        backoff: Duration::from_millis(1),
        max_tries: 3,
        ..FetchConfig::default()
    }
}

impl World {
    /// Returns an agent whose tasks are worked on, as fast as the shops are.
    pub(crate) async fn new() -> Self {
        Self::idle(None).await.working()
    }

    /// Has its tasks worked on.
    pub(crate) fn working(mut self) -> Self {
        self.running.spawn(work(self.context.clone(), false));
        self
    }

    /// Returns an agent whose tasks nobody works on.
    pub(crate) async fn idle(requests_per_second: Option<f64>) -> Self {
        Self::serving("shopify", requests_per_second, |_| {}).await
    }

    /// Returns the agent of a name, with a context that `change` changed, whose tasks nobody works on.
    pub(crate) async fn serving(
        agent: &str,
        requests_per_second: Option<f64>,
        change: impl FnOnce(&mut Context),
    ) -> Self {
        let now = Arc::new(AtomicI64::new(1_800_000_000_000));
        let clock = Arc::clone(&now);
        // Each look at the clock is a second later than the last, so that no event is left out.
        let look = move || UnixMs::new(clock.fetch_add(1_000, Ordering::SeqCst));
        let mut context = context(fetching(requests_per_second), look).await;
        change(&mut context);
        let served = Served {
            agents: vec![a2a::agent(agent).unwrap()],
            has_auth: false,
            conformance: false,
        };
        let router = a2a::router(&served, &context);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut running = JoinSet::new();
        running.spawn(async move { axum::serve(listener, router).await.unwrap() });
        let hub = Arc::clone(&context.hub);
        running.spawn(async move { hub.run(&CancellationToken::new()).await });
        Self {
            context,
            address,
            now,
            running,
        }
    }

    /// Lets time pass for all that is recorded.
    pub(crate) fn pass(&self, ms: i64) {
        self.now.fetch_add(ms, Ordering::SeqCst);
    }

    pub(crate) async fn call(&self, method: &str, params: &Value) -> Value {
        let call = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
        let headers = ["A2A-Version: 1.0", "Content-Type: application/json"];
        let body = call.to_string();
        let answer = ask(self.address, "POST /a2a/v1", &headers, body.as_bytes());
        whole(answer.await.json())
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        ask(self.address, &format!("GET {path}"), &[], b"").await
    }

    /// Sends a request in a data part, waits until it ends if `waits`, and returns the answer or the error.
    pub(crate) async fn send(&self, request: &Value, waits: bool) -> Value {
        self.send_part(&json!({ "data": request }), waits).await
    }

    pub(crate) async fn send_text(&self, text: &str) -> Value {
        self.send_part(&json!({ "text": text }), true).await
    }

    async fn send_part(&self, part: &Value, waits: bool) -> Value {
        let message = json!({ "messageId": "m", "role": "ROLE_USER", "parts": [part] });
        let configuration = json!({ "returnImmediately": !waits });
        let params = json!({ "message": message, "configuration": configuration });
        self.call("SendMessage", &params).await
    }

    /// Has a request done, and returns its task as it is then.
    pub(crate) async fn done(&self, request: &Value) -> Value {
        let answer = self.send(request, true).await;
        let task = answer["result"]["task"].clone();
        assert!(task.is_object(), "{answer}");
        task
    }

    /// Has a request begun, and returns its task's name.
    pub(crate) async fn begun(&self, request: &Value) -> TaskId {
        let answer = self.send(request, false).await;
        let id = answer["result"]["task"]["id"].as_str();
        TaskId::new(id.unwrap_or_else(|| panic!("{answer}"))).unwrap()
    }

    /// Takes the next item.
    pub(crate) async fn claim(&self) -> ClaimedItem {
        let claimed = self
            .context
            .tasks
            .claim(&all_kinds(false), "worker", 60_000)
            .await;
        claimed.unwrap().expect("there is something to do")
    }

    /// Does an item to its end, and writes it down.
    pub(crate) async fn do_item(&self, claimed: &ClaimedItem) -> Value {
        let cancel = CancellationToken::new();
        let end = run_item(claimed, &self.context, &cancel).await.unwrap();
        let ItemEnd::Done(result) = end else {
            panic!("{end:?}");
        };
        let finished = self.context.tasks.finish_item(&claimed.lease, &result);
        finished.await.unwrap();
        result
    }

    /// Does all items one after the other.
    pub(crate) async fn do_all(&self) {
        while let Some(claimed) = (self.context.tasks)
            .claim(&all_kinds(false), "worker", 60_000)
            .await
            .unwrap()
        {
            self.do_item(&claimed).await;
        }
    }

    /// Does items as they come, as another process with a way of its own to the shops, until none is left open.
    pub(crate) async fn replica(&self, name: &str, requests_per_second: f64) -> u64 {
        let context = Context {
            fetcher: Arc::new(Fetcher::new(fetching(Some(requests_per_second))).unwrap()),
            ..self.context.clone()
        };
        let mut n_done = 0;
        loop {
            let claimed = context
                .tasks
                .claim(&all_kinds(false), name, 60_000)
                .await
                .unwrap();
            let Some(claimed) = claimed else {
                if context.tasks.work_stats().await.unwrap().is_empty() {
                    return n_done;
                }
                tokio::task::yield_now().await;
                continue;
            };
            let cancel = CancellationToken::new();
            let end = run_item(&claimed, &context, &cancel).await.unwrap();
            let ItemEnd::Done(result) = end else {
                panic!("{end:?}");
            };
            let finished = context.tasks.finish_item(&claimed.lease, &result);
            finished.await.unwrap();
            n_done += u64::from(claimed.item.kind == "crawl");
        }
    }

    pub(crate) async fn task(&self, id: &TaskId) -> Task {
        self.context.tasks.task(id).await.unwrap().unwrap()
    }

    pub(crate) async fn events(&self, id: &TaskId) -> Vec<TaskEvent> {
        self.context.tasks.events(id, 0, 10_000).await.unwrap()
    }
}

/// Returns JSON with whole numbers, which the protocol sends as floats in data parts.
fn whole(json: Value) -> Value {
    match json {
        Value::Object(members) => members.into_iter().map(|(k, v)| (k, whole(v))).collect(),
        Value::Array(entries) => entries.into_iter().map(whole).collect(),
        Value::Number(number) => match number.as_f64() {
            Some(float) if float.fract() == 0.0 => json!(float as i64),
            _ => Value::Number(number),
        },
        other => other,
    }
}

/// Returns the parts of an artifact of a task in the protocol's JSON; none where there is no such artifact.
pub(crate) fn parts<'a>(task: &'a Value, artifact: &str) -> &'a [Value] {
    let artifacts = task["artifacts"].as_array();
    let mut artifacts = artifacts.into_iter().flatten();
    let found = artifacts.find(|it| it["artifactId"] == artifact);
    found.map_or(&[], |it| it["parts"].as_array().unwrap())
}

/// Returns the data of an artifact of a task in the protocol's JSON.
pub(crate) fn data<'a>(task: &'a Value, artifact: &str) -> &'a Value {
    &parts(task, artifact)[0]["data"]
}

/// Does items as they come, four at once, as a worker does.
pub(crate) async fn work(context: Context, conformance: bool) {
    let kinds = all_kinds(conformance);
    let mut new_work = context.hub.new_work();
    let mut items = JoinSet::new();
    loop {
        while items.len() < 4
            && let Some(claimed) = (context.tasks)
                .claim(&kinds, "worker", 60_000)
                .await
                .unwrap()
        {
            items.spawn(work_on(claimed, context.clone()));
        }
        tokio::select! {
            () = new_work.comes() => {}
            Some(done) = items.join_next() => done.unwrap(),
        }
    }
}

async fn work_on(claimed: ClaimedItem, context: Context) {
    let cancel = CancellationToken::new();
    let run = run_item(&claimed, &context, &cancel);
    let mut run = std::pin::pin!(run);
    let end = tokio::select! {
        end = &mut run => end,
        _ = context.hub.ended(&claimed.item.task) => {
            cancel.cancel();
            run.await
        }
    };
    match end {
        Ok(ItemEnd::Done(result)) => {
            let finished = context.tasks.finish_item(&claimed.lease, &result).await;
            finished.unwrap();
        }
        _ => context.tasks.release_item(&claimed.lease).await.unwrap(),
    }
}
