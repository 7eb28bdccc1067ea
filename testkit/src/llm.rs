//! A running endpoint as OpenAI's, without a model: what it was asked, and what it answers.
//!
//! It knows chat completions alone, and the form of our own prompts: a fact is a line with a JSON object.

mod answer;
mod fault;
mod http;
mod plan;
mod prompt;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use fault::Reply;
use prompt::Prompt;

pub use plan::{LlmFault, LlmOn, LlmPlan, Manner};

/// An endpoint on a free port of 127.0.0.1; dropping it stops it.
#[derive(Debug)]
pub struct FakeLlm {
    addr: SocketAddr,
    shared: Arc<Shared>,
    server: JoinSet<()>,
}

/// A request that an endpoint has received.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SeenChat {
    /// The path.
    pub path: String,
    /// `Authorization`; empty where missing.
    pub authorization: String,
    /// What the prompt calls its subject; empty where it does not.
    pub subject: String,
    /// The whole request; null where it was no JSON.
    pub body: Value,
}

impl FakeLlm {
    /// Starts an endpoint that answers as `plan` says.
    ///
    /// # Errors
    /// When no port of 127.0.0.1 can be bound.
    pub async fn start(plan: LlmPlan) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared::new(plan));
        let mut server = JoinSet::new();
        server.spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self {
            addr,
            shared,
            server,
        })
    }

    /// Returns the base URL without a trailing slash: `http://127.0.0.1:41234/v1`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.addr)
    }

    /// Returns the address.
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Returns how many requests it received.
    pub fn n_requests(&self) -> usize {
        *self.shared.n_seen.borrow()
    }

    /// Returns how many requests it received about each subject, under any name of at most 200 bytes.
    pub fn requests_by_subject(&self) -> HashMap<String, usize> {
        self.shared.lock().by_subject.clone()
    }

    /// Returns how many requests it answered with status 200 and a whole body, by subject: what a provider bills.
    pub fn answered_by_subject(&self) -> HashMap<String, usize> {
        self.shared.lock().answered.clone()
    }

    /// Returns the last 1,000 requests, oldest first.
    pub fn requests(&self) -> Vec<SeenChat> {
        self.shared.lock().seen.iter().cloned().collect()
    }

    /// Returns how many requests it was answering at the same time, at most.
    pub fn most_in_flight(&self) -> usize {
        self.shared.lock().most_in_flight
    }

    /// Waits until it has received `n_requests` in all.
    ///
    /// Cancel-safe: it only watches a counter.
    pub async fn wait_for_requests(&self, n_requests: usize) {
        let mut n_seen = self.shared.n_seen.subscribe();
        let reached = n_seen.wait_for(|n_seen| *n_seen >= n_requests).await;
        debug_assert!(reached.is_ok(), "the endpoint holds the sender");
    }

    /// Follows another plan from the next request on; its faults and lies count from there.
    pub fn set_plan(&self, plan: LlmPlan) {
        let mut state = self.shared.lock();
        state.matched = vec![0; plan.faults.len()];
        state.turns.clear();
        state.plan = Arc::new(plan);
    }

    /// Stops the endpoint, whatever it is in the middle of.
    ///
    /// Cancel-safe: dropping it stops it as well.
    pub async fn stop(mut self) {
        self.server.shutdown().await;
    }
}

/// What the endpoint's handle and its connections share.
#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    n_seen: watch::Sender<usize>,
}

#[derive(Debug)]
struct State {
    plan: Arc<LlmPlan>,
    /// How many requests each fault has counted.
    matched: Vec<usize>,
    /// How many requests there were about a subject since the plan was set.
    turns: HashMap<String, usize>,
    by_subject: HashMap<String, usize>,
    answered: HashMap<String, usize>,
    seen: VecDeque<SeenChat>,
    in_flight: usize,
    most_in_flight: usize,
}

const MOST_SEEN: usize = 1_000;
const MOST_SUBJECTS: usize = 100_000;

impl Shared {
    fn new(plan: LlmPlan) -> Self {
        let state = State {
            matched: vec![0; plan.faults.len()],
            plan: Arc::new(plan),
            turns: HashMap::new(),
            by_subject: HashMap::new(),
            answered: HashMap::new(),
            seen: VecDeque::new(),
            in_flight: 0,
            most_in_flight: 0,
        };
        Self {
            state: Mutex::new(state),
            n_seen: watch::Sender::new(0),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request, and returns the plan, what is due by it, and how many there were about its subject before.
    fn record(&self, seen: SeenChat) -> (Arc<LlmPlan>, Option<LlmFault>, usize) {
        let mut state = self.lock();
        let subject = seen.subject.clone();
        count(&mut state.by_subject, &subject);
        let turn = count(&mut state.turns, &subject);
        if state.seen.len() == MOST_SEEN {
            state.seen.pop_front();
        }
        state.seen.push_back(seen);
        let plan = Arc::clone(&state.plan);
        let fault = plan.due(&mut state.matched, &subject, turn);
        drop(state);
        self.n_seen.send_modify(|n_seen| *n_seen += 1);
        (plan, fault, turn - 1)
    }
}

/// Counts up what is known by `name`, and returns the count.
fn count(counts: &mut HashMap<String, usize>, name: &str) -> usize {
    if counts.len() >= MOST_SUBJECTS && !counts.contains_key(name) {
        return 1;
    }
    let n = counts.entry(name.to_owned()).or_default();
    *n += 1;
    *n
}

/// Counts a request for as long as it lives.
struct InFlight<'a>(&'a Shared);

impl<'a> InFlight<'a> {
    fn enter(shared: &'a Shared) -> Self {
        let mut state = shared.lock();
        state.in_flight += 1;
        state.most_in_flight = state.most_in_flight.max(state.in_flight);
        Self(shared)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.lock().in_flight -= 1;
    }
}

/// Serves connections until it is dropped, and they with it.
async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(serve(stream, Arc::clone(&shared)));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    // Without it a small answer waits for an acknowledgement. Where that cannot be set, it does.
    drop(stream.set_nodelay(true));
    let mut buffer = Vec::new();
    while let Ok(Some(request)) = http::read(&mut stream, &mut buffer).await {
        if !matches!(respond(&mut stream, &shared, request).await, Ok(true)) {
            return;
        }
    }
}

/// Answers one request; false once the connection is to be closed.
async fn respond(
    stream: &mut TcpStream,
    shared: &Shared,
    request: http::Request,
) -> io::Result<bool> {
    let in_flight = InFlight::enter(shared);
    let body = serde_json::from_slice(&request.body).unwrap_or_default();
    let prompt = Prompt::of(&body);
    let (plan, fault, n_before) = shared.record(SeenChat {
        path: request.path.clone(),
        authorization: request.authorization,
        subject: prompt.subject.clone(),
        body: body.clone(),
    });
    if !plan.latency.is_zero() {
        tokio::time::sleep(plan.latency).await;
    }
    let healthy = || answer::completion(&body, &prompt, &plan.manner, n_before);
    let reply = match fault {
        _ if request.path != "/v1/chat/completions" => Reply::text(404, "404 page not found\n"),
        Some(fault) => fault::reply(&fault, &body, healthy),
        None => Reply::json(200, &healthy()),
    };
    // A client that has its answer may ask again before this task goes on.
    if reply.is_whole() {
        count(&mut shared.lock().answered, &prompt.subject);
    }
    drop(in_flight);
    http::write(stream, reply).await
}
