//! A running fake shop: its listener, its connections, and what it has seen.

mod answer;
mod body;
mod connection;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, header};
use axum::response::Response;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{Catalogue, FaultPlan};
use connection::Door;

/// A shop on a free port of 127.0.0.1; dropping it stops it.
#[derive(Debug)]
pub struct FakeShop {
    addr: SocketAddr,
    shared: Arc<Shared>,
    server: JoinSet<io::Result<()>>,
    stop: DropGuard,
}

/// A request that a shop has received.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SeenRequest {
    /// The method.
    pub method: String,
    /// Path and query as sent.
    pub path: String,
    /// `Host`; empty where missing, as the others are.
    pub host: String,
    /// `User-Agent`.
    pub user_agent: String,
    /// `Accept-Encoding`.
    pub accept_encoding: String,
    /// `If-None-Match`.
    pub if_none_match: String,
    /// When it arrived.
    pub at: Instant,
}

impl FakeShop {
    /// Starts a shop that serves `catalogue` and misbehaves as `plan` says.
    ///
    /// # Errors
    /// When no port of 127.0.0.1 can be bound.
    pub async fn start(catalogue: impl Into<Arc<Catalogue>>, plan: FaultPlan) -> io::Result<Self> {
        let catalogue = catalogue.into();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared {
            serving: RwLock::new(Arc::new(Serving::new(catalogue, plan))),
            seen: Mutex::default(),
            n_seen: watch::Sender::new(0),
            in_flight: AtomicUsize::new(0),
            most_in_flight: AtomicUsize::new(0),
        });
        let stop = CancellationToken::new();
        let router = Router::new()
            .fallback(respond)
            .with_state(Arc::clone(&shared));
        let server = axum::serve(Door::new(listener, stop.clone()), router)
            .with_graceful_shutdown(stop.clone().cancelled_owned());
        let mut tasks = JoinSet::new();
        tasks.spawn(server.into_future());
        Ok(Self {
            addr,
            shared,
            server: tasks,
            stop: stop.drop_guard(),
        })
    }

    /// Returns the base URL without a trailing slash: `http://127.0.0.1:41234`.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Returns the address.
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Returns the last 10,000 requests, oldest first.
    pub fn requests(&self) -> Vec<SeenRequest> {
        let seen = self
            .shared
            .seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        seen.iter().cloned().collect()
    }

    /// Waits until the shop has received `n_requests` in all.
    ///
    /// Cancel-safe: it only watches a counter.
    pub async fn wait_for_requests(&self, n_requests: usize) {
        let mut n_seen = self.shared.n_seen.subscribe();
        let reached = n_seen.wait_for(|n_seen| *n_seen >= n_requests).await;
        debug_assert!(reached.is_ok(), "the shop holds the sender");
    }

    /// Returns how many requests were being answered at the same time, at most; bodies do not count.
    pub fn most_in_flight(&self) -> usize {
        self.shared.most_in_flight.load(Ordering::Relaxed)
    }

    /// Serves another catalogue from the next request on, as a shop that has changed.
    pub fn set_catalogue(&self, catalogue: impl Into<Arc<Catalogue>>) {
        let catalogue = catalogue.into();
        self.shared
            .change(|serving| Serving::new(catalogue, serving.plan.clone()));
    }

    /// Follows another plan from the next request on; its faults count from there.
    pub fn set_plan(&self, plan: FaultPlan) {
        self.shared
            .change(|serving| Serving::new(Arc::clone(&serving.catalogue), plan));
    }

    /// Stops the shop and waits until the port is closed and every connection has ended.
    pub async fn stop(mut self) {
        drop(self.stop);
        while self.server.join_next().await.is_some() {}
    }
}

/// What the shop's handle and its connections share.
#[derive(Debug)]
struct Shared {
    serving: RwLock<Arc<Serving>>,
    seen: Mutex<VecDeque<SeenRequest>>,
    n_seen: watch::Sender<usize>,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
}

/// A catalogue, a plan, and how many requests each fault has counted.
#[derive(Debug)]
struct Serving {
    catalogue: Arc<Catalogue>,
    by_handle: HashMap<Box<str>, usize>,
    plan: FaultPlan,
    n_matched: Vec<AtomicUsize>,
}

async fn respond(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let _in_flight = InFlight::enter(&shared);
    let (request, _) = request.into_parts();
    shared.record(&request);
    let serving = Arc::clone(
        &shared
            .serving
            .read()
            .unwrap_or_else(PoisonError::into_inner),
    );
    answer::answer(&serving, &request).await
}

const MOST_SEEN: usize = 10_000;

impl Shared {
    fn record(&self, request: &Parts) {
        let text = |name: HeaderName| {
            let value = request.headers.get(name);
            value.map_or_else(String::new, |value| {
                String::from_utf8_lossy(value.as_bytes()).into_owned()
            })
        };
        let path = request.uri.path_and_query();
        let seen_request = SeenRequest {
            method: request.method.to_string(),
            path: path.map_or_else(String::new, ToString::to_string),
            host: text(header::HOST),
            user_agent: text(header::USER_AGENT),
            accept_encoding: text(header::ACCEPT_ENCODING),
            if_none_match: text(header::IF_NONE_MATCH),
            at: Instant::now(),
        };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() == MOST_SEEN {
            seen.pop_front();
        }
        seen.push_back(seen_request);
        drop(seen);
        self.n_seen.send_modify(|n_seen| *n_seen += 1);
    }

    fn change(&self, next: impl FnOnce(&Serving) -> Serving) {
        let mut serving = self.serving.write().unwrap_or_else(PoisonError::into_inner);
        *serving = Arc::new(next(&serving));
    }
}

impl Serving {
    fn new(catalogue: Arc<Catalogue>, plan: FaultPlan) -> Self {
        let by_handle = catalogue
            .handles()
            .map(|(handle, index)| (handle.into(), index));
        Self {
            by_handle: by_handle.collect(),
            n_matched: plan.faults.iter().map(|_| AtomicUsize::new(0)).collect(),
            catalogue,
            plan,
        }
    }
}

/// Counts a request for as long as it lives.
struct InFlight<'a>(&'a AtomicUsize);

impl<'a> InFlight<'a> {
    fn enter(shared: &'a Shared) -> Self {
        let n_before = shared.in_flight.fetch_add(1, Ordering::Relaxed);
        shared
            .most_in_flight
            .fetch_max(n_before + 1, Ordering::Relaxed);
        Self(&shared.in_flight)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
