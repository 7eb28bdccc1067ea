//! One request over the network: one try, within its time and size, and what its failure means.
//!
//! It stands below the client library, which would try again on its own, loses the status of an error that it cannot
//! read, and writes an answer that it cannot read to the log.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use async_openai::middleware::HttpRequestFactory;
use reqwest::header::{self, HeaderMap, HeaderValue};
use serde_json::Value;

use super::LONGEST;
use super::complaint::{Complaint, one_line};
use super::secret::Secret;

/// Why one attempt brought no completion.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum AttemptError {
    #[error("it answered {status}: {}", complaint.message)]
    Status {
        status: u16,
        complaint: Complaint,
        retry_after: Option<Duration>,
    },
    #[error("it redirects to {0}")]
    Redirect(String),
    #[error("it cannot be reached: {0}")]
    Connect(String),
    #[error("the answer broke off: {0}")]
    Incomplete(String),
    #[error("no whole answer within {} s", .0.as_secs_f64())]
    Timeout(Duration),
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    #[error("the answer is no completion: {0}")]
    Malformed(String),
}

impl AttemptError {
    /// Returns a stable name.
    pub(super) const fn code(&self) -> &'static str {
        match self {
            Self::Status { status: 429, .. } => "rate_limited",
            Self::Status {
                status: 408 | 409 | 425,
                ..
            } => "busy",
            Self::Status {
                status: 500..=599, ..
            } => "server_error",
            Self::Status { .. } => "refused",
            Self::Redirect(_) => "redirect",
            Self::Connect(_) => "connect",
            Self::Incomplete(_) => "incomplete",
            Self::Timeout(_) => "timeout",
            Self::TooLarge(_) => "too_large",
            Self::Malformed(_) => "malformed",
        }
    }

    /// Returns whether nobody pays for the attempt: no provider bills an error, or what never reached it. Where a
    /// gateway lost patience, the model behind it may have written.
    pub(super) const fn is_free(&self) -> bool {
        match self {
            Self::Status { status, .. } => !matches!(status, 408 | 504 | 524),
            Self::Redirect(_) | Self::Connect(_) => true,
            Self::Incomplete(_) | Self::Timeout(_) | Self::TooLarge(_) | Self::Malformed(_) => {
                false
            }
        }
    }
}

/// Sends each request once.
#[derive(Clone)]
pub(super) struct OneAttempt {
    pub(super) http: reqwest::Client,
    pub(super) bearer: Option<HeaderValue>,
    pub(super) secret: Secret,
    pub(super) timeout: Duration,
    pub(super) max_body_bytes: usize,
}

impl tower::Service<HttpRequestFactory> for OneAttempt {
    type Response = reqwest::Response;
    type Error = tower::BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<reqwest::Response, tower::BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), tower::BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, factory: HttpRequestFactory) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let mut request = factory.build().await?;
            let headers = request.headers_mut();
            headers.remove(header::AUTHORIZATION);
            if let Some(bearer) = &this.bearer {
                headers.insert(header::AUTHORIZATION, bearer.clone());
            }
            let answer = tokio::time::timeout(this.timeout, this.send(request)).await;
            let body = answer.unwrap_or(Err(AttemptError::Timeout(this.timeout)))?;
            Ok(hyper::Response::new(body).into())
        })
    }
}

impl OneAttempt {
    /// Returns the body of a completion.
    async fn send(&self, request: reqwest::Request) -> Result<Vec<u8>, AttemptError> {
        let response = self
            .http
            .execute(request)
            .await
            .map_err(|it| of_network(&it))?;
        let status = response.status();
        let headers = response.headers().clone();
        if status.is_redirection() {
            let to = self.shown(headers.get(header::LOCATION), "nowhere");
            return Err(AttemptError::Redirect(to));
        }
        // The status counts, even where its explanation does not arrive.
        let body = self.read(response).await;
        if !status.is_success() {
            return Err(AttemptError::Status {
                status: status.as_u16(),
                complaint: Complaint::of(&body.unwrap_or_default(), &self.secret),
                retry_after: retry_after(&headers),
            });
        }
        let body = body?;
        self.check(&body, &headers)?;
        Ok(body)
    }

    async fn read(&self, mut response: reqwest::Response) -> Result<Vec<u8>, AttemptError> {
        let too_large = || AttemptError::TooLarge(self.max_body_bytes);
        let announced = response.content_length().unwrap_or(0);
        if announced > self.max_body_bytes as u64 {
            return Err(too_large());
        }
        let mut body = Vec::with_capacity(announced as usize);
        while let Some(chunk) = response.chunk().await.map_err(|it| of_network(&it))? {
            if body.len() + chunk.len() > self.max_body_bytes {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// Refuses what is no JSON object, and an error behind a status of 200, as of gateways whose provider failed.
    fn check(&self, body: &[u8], headers: &HeaderMap) -> Result<(), AttemptError> {
        let malformed = |what: String| Err(AttemptError::Malformed(what));
        let value: Value = match serde_json::from_slice(body) {
            Ok(value) => value,
            Err(error) => {
                let kind = self.shown(headers.get(header::CONTENT_TYPE), "?");
                return malformed(format!("{kind} of {} bytes, {error}", body.len()));
            }
        };
        if !value.is_object() {
            return malformed("JSON, but no object".to_owned());
        }
        if let Some(status) = Complaint::status_inside(&value) {
            return Err(AttemptError::Status {
                status,
                complaint: Complaint::of(body, &self.secret),
                retry_after: retry_after(headers),
            });
        }
        Ok(())
    }

    /// Returns what a header says, as it may be shown.
    fn shown(&self, header: Option<&HeaderValue>, otherwise: &str) -> String {
        let said = header.map(|it| String::from_utf8_lossy(it.as_bytes()));
        said.map_or_else(|| otherwise.to_owned(), |it| self.secret.line(&it))
    }
}

/// Returns what failed on the way.
fn of_network(error: &reqwest::Error) -> AttemptError {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = error.to_string();
        cause = error.source();
    }
    let text = one_line(&text);
    if error.is_connect() {
        return AttemptError::Connect(text);
    }
    AttemptError::Incomplete(text)
}

/// Reads `Retry-After`, of at most a day: seconds, or a date, which is taken against the answer's own `Date`, so that
/// neither clock matters.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Some(Duration::try_from_secs_f64(seconds).ok()?.min(LONGEST));
    }
    let date = |text: &str| -> Option<SystemTime> { httpdate::parse_http_date(text).ok() };
    let now = date(headers.get(header::DATE)?.to_str().ok()?)?;
    let pause = date(text)?.duration_since(now).unwrap_or_default();
    Some(pause.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let read = |text: &str| {
            let date = "Sat, 21 Nov 2026 10:00:00 GMT";
            let pairs = [(header::RETRY_AFTER, text), (header::DATE, date)];
            let pairs = pairs.map(|(name, value)| (name, value.parse().unwrap()));
            retry_after(&HeaderMap::from_iter(pairs)).map(|it| it.as_millis())
        };
        assert_eq!(read(" 7 "), Some(7_000));
        assert_eq!(read("0.5"), Some(500));
        assert_eq!(read("Sat, 21 Nov 2026 11:00:00 GMT"), Some(3_600_000));
        assert_eq!(read("Sat, 21 Nov 2026 09:00:00 GMT"), Some(0));
        assert_eq!(read("1e18"), Some(LONGEST.as_millis()));
        for text in ["soon", "-1", "nan", "inf", "1e300", ""] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
