//! A running fake shop: its listener, its connections, and what it has seen.

mod answer;
mod body;
mod connection;
mod seen;

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{Bucket, Catalogue, FaultPlan};
use connection::{Door, Drip};
use seen::Log;
pub use seen::{SeenRequest, early_requests};

/// A shop on a free port of 127.0.0.1; dropping it stops it.
#[derive(Debug)]
pub struct FakeShop {
    addr: SocketAddr,
    shared: Arc<Shared>,
    server: JoinSet<io::Result<()>>,
    stop: DropGuard,
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
            log: Log::default(),
            in_flight: AtomicUsize::new(0),
            most_in_flight: AtomicUsize::new(0),
        });
        let stop = CancellationToken::new();
        let router = Router::new()
            .fallback(respond)
            .with_state(Arc::clone(&shared))
            .into_make_service_with_connect_info::<Drip>();
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

    /// Returns the last 50,000 requests, oldest first.
    pub fn requests(&self) -> Vec<SeenRequest> {
        self.shared.log.requests()
    }

    /// Returns how many requests there were in all.
    pub fn n_requests(&self) -> usize {
        *self.shared.log.n_seen().borrow()
    }

    /// Waits until the shop has received `n_requests` in all.
    ///
    /// Cancel-safe: it only watches a counter.
    pub async fn wait_for_requests(&self, n_requests: usize) {
        let mut n_seen = self.shared.log.n_seen();
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
        self.shared.change(|serving| Serving {
            bucket: serving.bucket.clone(),
            ..Serving::new(catalogue, serving.plan.clone())
        });
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
    log: Log,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
}

/// A catalogue, a plan, and how many requests each fault has counted.
#[derive(Debug)]
struct Serving {
    catalogue: Arc<Catalogue>,
    by_handle: HashMap<Box<str>, usize>,
    /// The products ascending by id, once somebody asks for the sitemap.
    by_id: OnceLock<Vec<(u64, usize)>>,
    plan: FaultPlan,
    bucket: Option<Bucket>,
    n_matched: Vec<AtomicUsize>,
}

/// Longer documents are cut off.
const MOST_POSTED: usize = 1 << 20;

async fn respond(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(drip): ConnectInfo<Drip>,
    request: Request,
) -> Response {
    let _in_flight = InFlight::enter(&shared);
    let (request, body) = request.into_parts();
    let body = to_bytes(body, MOST_POSTED).await.unwrap_or_default();
    let number = shared.log.arrived(&request, &body);
    let serving = Arc::clone(
        &shared
            .serving
            .read()
            .unwrap_or_else(PoisonError::into_inner),
    );
    let response = answer::answer(&serving, &request, &body, &drip).await;
    shared.log.answered(number, &response);
    response
}

impl Shared {
    fn change(&self, next: impl FnOnce(&Serving) -> Serving) {
        let mut serving = self.serving.write().unwrap_or_else(PoisonError::into_inner);
        *serving = Arc::new(next(&serving));
    }
}

impl Serving {
    fn new(catalogue: Arc<Catalogue>, plan: FaultPlan) -> Self {
        Self {
            by_handle: catalogue.handles(),
            by_id: OnceLock::new(),
            bucket: plan.throttle.clone().map(Bucket::new),
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
