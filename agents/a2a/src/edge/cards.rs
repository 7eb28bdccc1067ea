//! The card over HTTP: anybody may read it, and whoever has it already is told so.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use a2a_sdk::AgentCard;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use catalog::UnixMs;

use crate::hash::sha256;

/// A card as it is sent.
#[derive(Debug)]
pub(super) struct SentCard {
    json: Bytes,
    etag: String,
    /// In seconds: finer does not travel.
    modified_s: u64,
}

impl SentCard {
    /// Returns `card` as it is sent by a server that began to do so at `now`.
    pub(super) fn new(card: &AgentCard, now: UnixMs) -> Self {
        // Through `Value`, whose keys are in order: replicas send the same bytes.
        let json = serde_json::to_value(card).unwrap_or_default().to_string();
        Self {
            etag: etag(json.as_bytes()),
            json: json.into(),
            modified_s: u64::try_from(now.ms() / 1000).unwrap_or_default(),
        }
    }

    fn is_known(&self, headers: &HeaderMap) -> bool {
        match matches_etag(headers, &self.etag) {
            Some(matches) => matches,
            None => since(headers).is_some_and(|it| self.modified_s <= it),
        }
    }
}

pub(super) async fn get(State(card): State<Arc<SentCard>>, headers: HeaderMap) -> Response {
    let modified = UNIX_EPOCH + Duration::from_secs(card.modified_s);
    let caching = [
        (CACHE_CONTROL, "public, max-age=300".to_owned()),
        (ETAG, card.etag.clone()),
        (LAST_MODIFIED, httpdate::fmt_http_date(modified)),
    ];
    if card.is_known(&headers) {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    let json = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    (json, caching, Body::from(card.json.clone())).into_response()
}

/// Returns the tag of a content.
fn etag(content: &[u8]) -> String {
    format!("\"{}\"", sha256(content))
}

/// Returns whether a client has the content of `etag` already; `None` if it does not ask by tag.
pub(super) fn matches_etag(headers: &HeaderMap, etag: &str) -> Option<bool> {
    let mut asked = headers.get_all(IF_NONE_MATCH).iter().peekable();
    asked.peek()?;
    let mut tags = asked
        .filter_map(|it| it.to_str().ok())
        .flat_map(|it| it.split(','))
        .map(str::trim);
    Some(tags.any(|it| it == "*" || it.strip_prefix("W/").unwrap_or(it) == etag))
}

fn since(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get(IF_MODIFIED_SINCE)?.to_str().ok()?;
    let time = httpdate::parse_http_date(text).ok()?;
    Some(time.duration_since(UNIX_EPOCH).ok()?.as_secs())
}
