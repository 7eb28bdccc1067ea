//! Connections: as many as allowed at once, none that costs without asking, and an orderly end.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::{CONNECTION, CONTENT_TYPE};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use futures_util::StreamExt;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::patient::Patient;
use crate::config::HttpConfig;

/// The longest wait for a request's head, which is also the longest rest of an idle connection. Clients give their
/// idle connections up earlier.
const HEAD_WAIT: Duration = Duration::from_secs(95);

/// The longest wait for a reader that takes nothing.
const WRITE_WAIT: Duration = Duration::from_secs(60);

/// The largest head of a request, and what is gathered of an answer before it is sent.
const BUFFER_BYTES: usize = 64 << 10;

/// The pause after a connection could not be taken, as where all file handles are in use.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves connections until `cancel`, then drains them.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    config: &HttpConfig,
    cancel: &CancellationToken,
) {
    let permits = Arc::new(Semaphore::new(config.max_connections));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = cancel.cancelled() => break,
            Some(_) = connections.join_next() => {}
            (stream, permit) = accept(&listener, &permits) => {
                connections.spawn(connection(stream, permit, router.clone(), cancel.clone()));
            }
        }
    }
    drop(listener);
    let drained = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(config.drain(), drained).await.is_err() {
        tracing::warn!(
            "{} connections did not end in time and are cut",
            connections.len()
        );
    }
    connections.shutdown().await;
}

/// Takes the next connection once there is room for it.
///
/// Cancel-safe: a connection that nobody took waits in the system's queue.
async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> (TcpStream, OwnedSemaphorePermit) {
    let permit = Arc::clone(permits).acquire_owned().await;
    let permit = permit.expect("nobody closes the semaphore");
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (stream, permit),
            Err(error) => {
                tracing::warn!("cannot take a connection: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection(
    stream: TcpStream,
    _permit: OwnedSemaphorePermit,
    router: Router,
    cancel: CancellationToken,
) {
    // Events are small, and are to arrive when they happen.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!("cannot set TCP_NODELAY: {error}");
    }
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WAIT)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(
            TokioIo::new(Patient::new(stream, WRITE_WAIT)),
            TowerToHyperService::new(router),
        );
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = cancel.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!("a connection broke: {error}");
    }
}

/// Returns `router` with answers that, from `cancel` on, ask for another connection next time: it is one to somebody
/// else where several processes serve one address.
pub(super) fn let_go(router: Router, cancel: &CancellationToken) -> Router {
    router.layer(from_fn_with_state(cancel.clone(), close_behind))
}

async fn close_behind(
    State(cancel): State<CancellationToken>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    if cancel.is_cancelled() {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    response
}

/// Returns `router` with event streams that end at `cancel`: they would go on for as long as their tasks.
pub(super) fn end_streams(router: Router, cancel: &CancellationToken) -> Router {
    router.layer(from_fn_with_state(cancel.clone(), end_stream))
}

async fn end_stream(
    State(cancel): State<CancellationToken>,
    request: Request,
    next: Next,
) -> Response {
    let response = next.run(request).await;
    let content_type = response.headers().get(CONTENT_TYPE);
    let is_stream = content_type.is_some_and(|it| it.as_bytes().starts_with(b"text/event-stream"));
    if !is_stream {
        return response;
    }
    response
        .map(|body| Body::from_stream(body.into_data_stream().take_until(cancel.cancelled_owned())))
}
