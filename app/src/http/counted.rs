//! What is counted of the requests (docs/metrics.md).

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use catalog::Called;
use metrics::counter;

/// Returns `router` with its requests counted.
pub(super) fn counted(router: Router) -> Router {
    router.layer(from_fn(count))
}

/// Counts a request when its answer begins; what the room called it, else by its status alone. Both are among a few
/// names that the program itself has.
async fn count(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let (operation, code) = match response.extensions().get::<Called>() {
        Some(called) => (called.operation, called.outcome.to_owned()),
        None => ("other", response.status().as_u16().to_string()),
    };
    counter!("trouvaille_http_requests_total", "operation" => operation, "code" => code)
        .increment(1);
    response
}
