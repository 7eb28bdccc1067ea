//! What a shop has seen of its visitors, enough to judge their manners.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::Response;
use tokio::sync::watch;
use tokio::time::Instant;

/// A request that a shop has received, and how it was answered.
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
    /// All headers.
    pub headers: HeaderMap,
    /// The body, such as the document of a POST; bytes that are no UTF-8 are replaced.
    pub body: String,
    /// When it arrived.
    pub at: Instant,
    /// The status of the answer; 0 while there is none.
    pub status: u16,
    /// When the answer began to leave.
    pub answered_at: Option<Instant>,
    /// The answer's `Retry-After`, if it was in seconds.
    pub retry_after: Option<Duration>,
}

impl SeenRequest {
    /// Returns the first header of this name, if it is a text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns whether the answer was a refusal to one who asks too often: 429, 430 or 503.
    pub const fn is_refused(&self) -> bool {
        matches!(self.status, 429 | 430 | 503)
    }
}

/// Returns the requests that came while the `Retry-After` of an earlier answer still ran.
pub fn early_requests(requests: &[SeenRequest]) -> Vec<SeenRequest> {
    let mut not_before: Option<Instant> = None;
    let mut early = vec![];
    for request in requests {
        if not_before.is_some_and(|it| request.at < it) {
            early.push(request.clone());
        }
        let until = request.answered_at.zip(request.retry_after);
        not_before = not_before.max(until.map(|(at, pause)| at + pause));
    }
    early
}

/// Older requests are forgotten.
const MOST_SEEN: usize = 50_000;

/// The requests in the order of their arrival.
#[derive(Debug, Default)]
pub(super) struct Log {
    seen: Mutex<Kept>,
    n_seen: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Kept {
    n_forgotten: usize,
    requests: VecDeque<SeenRequest>,
}

impl Log {
    /// Notes a request and returns its number.
    pub(super) fn arrived(&self, request: &Parts, body: &[u8]) -> usize {
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
            headers: request.headers.clone(),
            body: String::from_utf8_lossy(body).into_owned(),
            at: Instant::now(),
            status: 0,
            answered_at: None,
            retry_after: None,
        };
        let mut kept = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.requests.len() == MOST_SEEN {
            kept.requests.pop_front();
            kept.n_forgotten += 1;
        }
        kept.requests.push_back(seen_request);
        let number = kept.n_forgotten + kept.requests.len() - 1;
        drop(kept);
        self.n_seen.send_modify(|n_seen| *n_seen += 1);
        number
    }

    /// Notes how request `number` is answered.
    pub(super) fn answered(&self, number: usize, response: &Response) {
        let retry_after = response.headers().get(header::RETRY_AFTER);
        let seconds = retry_after.and_then(|it| it.to_str().ok()?.parse().ok());
        let pause = seconds.and_then(|it| Duration::try_from_secs_f64(it).ok());
        let mut kept = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let index = number.checked_sub(kept.n_forgotten);
        if let Some(request) = index.and_then(|index| kept.requests.get_mut(index)) {
            request.status = response.status().as_u16();
            request.answered_at = Some(Instant::now());
            request.retry_after = pause;
        }
    }

    pub(super) fn requests(&self) -> Vec<SeenRequest> {
        let kept = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        kept.requests.iter().cloned().collect()
    }

    pub(super) fn n_seen(&self) -> watch::Receiver<usize> {
        self.n_seen.subscribe()
    }
}
