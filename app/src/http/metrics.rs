//! What is counted of the requests, for `/metrics`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use catalog::Called;

/// Calls by operation and outcome. Both are among a few names that the program itself has.
type Calls = BTreeMap<(&'static str, String), u64>;

/// The counters of all listeners of a process.
#[derive(Debug, Clone, Default)]
pub(crate) struct Metrics {
    calls: Arc<Mutex<Calls>>,
}

impl Metrics {
    pub(super) fn calls(&self) -> Calls {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.clone()
    }

    fn count(&self, operation: &'static str, outcome: String) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        *calls.entry((operation, outcome)).or_default() += 1;
    }
}

/// Returns `router` with its requests counted.
pub(super) fn counted(router: Router, metrics: &Metrics) -> Router {
    router.layer(from_fn_with_state(metrics.clone(), count))
}

/// Counts a request when its answer begins; what the room called it, else by its status alone.
async fn count(State(metrics): State<Metrics>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    match response.extensions().get::<Called>() {
        Some(called) => metrics.count(called.operation, called.outcome.to_owned()),
        None => metrics.count("other", response.status().as_u16().to_string()),
    }
    response
}
