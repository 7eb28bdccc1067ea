//! The audit line: one for each call, when it is over. Says who, what and how it ended, never a token or a body.

use std::time::Instant;

use axum::body::{Body, HttpBody};
use axum::response::Response;
use catalog::{Called, TaskId};
use futures_util::StreamExt;
use tracing::Span;

use super::peek::{self, UNKNOWN};

/// What is said of a call. Written when it is dropped: also where the caller went away before the answer.
#[derive(Debug)]
pub(super) struct Audit {
    pub(super) agent: &'static str,
    pub(super) caller: String,
    pub(super) operation: &'static str,
    task: Option<TaskId>,
    outcome: &'static str,
    pub(super) bytes_in: usize,
    bytes_out: usize,
    start: Instant,
    /// The span of the call, of which a stream outlives what began it.
    span: Span,
}

impl Audit {
    pub(super) fn new(agent: &'static str) -> Self {
        Self {
            agent,
            caller: "?".to_owned(),
            operation: UNKNOWN,
            task: None,
            outcome: "CALLER_GONE",
            bytes_in: 0,
            bytes_out: 0,
            start: Instant::now(),
            span: Span::current(),
        }
    }

    /// Takes down what is called, here and in the span of the call.
    pub(super) fn called(&mut self, name: &'static str) {
        self.operation = name;
        self.span.record("operation", name);
    }

    /// Takes down the task, unless one is known; a text that can be no task's name is left out.
    pub(super) fn task(&mut self, id: Option<String>) {
        if self.task.is_none() {
            self.task = id.and_then(|it| TaskId::new(it).ok());
        }
    }

    /// Ends a call that is answered in one piece.
    pub(super) fn end(mut self, outcome: &'static str, response: Response) -> Response {
        self.outcome = outcome;
        let n_bytes = response.body().size_hint().exact();
        self.sent(n_bytes.map_or(0, |it| usize::try_from(it).unwrap_or(usize::MAX)));
        self.named(response)
    }

    /// Ends a call when its stream does.
    pub(super) fn end_with_stream(mut self, response: Response) -> Response {
        self.outcome = "OK";
        self.named(response).map(|body| {
            let mut audit = self;
            Body::from_stream(body.into_data_stream().inspect(move |chunk| {
                // By methods, so that the closure holds all of it.
                if let Ok(chunk) = chunk {
                    audit.began(chunk);
                    audit.sent(chunk.len());
                }
            }))
        })
    }

    /// Takes the task down from the first event of a stream.
    fn began(&mut self, chunk: &[u8]) {
        if self.bytes_out == 0 && self.task.is_none() {
            self.task(peek::first_event(chunk));
        }
    }

    fn sent(&mut self, n_bytes: usize) {
        self.bytes_out += n_bytes;
    }

    fn named(&self, mut response: Response) -> Response {
        let called = Called {
            operation: self.operation,
            outcome: self.outcome,
        };
        response.extensions_mut().insert(called);
        response
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        let Self {
            agent,
            caller,
            operation,
            task,
            outcome,
            bytes_in,
            bytes_out,
            start,
            span,
        } = self;
        let task = task.as_ref().map_or("-", TaskId::as_str);
        let ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        span.in_scope(|| {
            tracing::info!(
                target: "trouvaille::audit",
                caller, agent, operation, task, outcome, ms, bytes_in, bytes_out,
                "{caller} called {operation} of {agent}, task {task}: {outcome} after {ms} ms, {bytes_in} bytes in, {bytes_out} out",
            );
        });
    }
}
