//! Limits of requests, as token buckets in tokio's time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// A limit of requests: so many at once, and then so many per second. Refused ones cost nothing.
#[derive(Debug, Clone)]
pub struct Throttle {
    per_second: f64,
    burst: f64,
    status: u16,
    retry_after: RetryAfter,
    anger: Duration,
}

/// What a refusal says of when to come back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum RetryAfter {
    /// Nothing.
    #[default]
    Missing,
    /// The whole seconds until the next request would pass.
    Honest,
    /// This text.
    Text(String),
}

/// A running limit. Its clones are the same one.
#[derive(Debug, Clone)]
pub struct Bucket {
    throttle: Throttle,
    level: Arc<Mutex<Level>>,
}

#[derive(Debug)]
struct Level {
    tokens: f64,
    at: Instant,
    closed_until: Instant,
}

/// A request that was one too many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<String>,
}

impl Throttle {
    /// Returns a limit of `per_second` requests, `burst` (at least 1) of them at once; the others are answered with 429.
    pub fn new(per_second: f64, burst: u32) -> Self {
        Self {
            per_second,
            burst: f64::from(burst.max(1)),
            status: 429,
            retry_after: RetryAfter::Missing,
            anger: Duration::ZERO,
        }
    }

    /// Sets the status of refusals: 429, 430 or 503.
    #[must_use]
    pub const fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Sets what refusals say of when to come back.
    #[must_use]
    pub fn retry_after(mut self, retry_after: RetryAfter) -> Self {
        self.retry_after = retry_after;
        self
    }

    /// Lets nothing pass for so long behind each refusal.
    #[must_use]
    pub const fn angry_for(mut self, anger: Duration) -> Self {
        self.anger = anger;
        self
    }
}

impl Bucket {
    /// Returns a full bucket for several shops.
    pub fn new(throttle: Throttle) -> Self {
        let now = Instant::now();
        let level = Level {
            tokens: throttle.burst,
            at: now,
            closed_until: now,
        };
        Self {
            throttle,
            level: Arc::new(Mutex::new(level)),
        }
    }

    /// Takes a token for a request at this moment.
    pub(crate) fn pass(&self) -> Result<(), Refusal> {
        let now = Instant::now();
        let mut level = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        let since = (now - level.at).as_secs_f64();
        level.tokens = (level.tokens + since * self.throttle.per_second).min(self.throttle.burst);
        level.at = now;
        if now >= level.closed_until && level.tokens >= 1.0 {
            level.tokens -= 1.0;
            return Ok(());
        }
        if !self.throttle.anger.is_zero() {
            level.closed_until = now + self.throttle.anger;
        }
        let until_token = (1.0 - level.tokens).max(0.0) / self.throttle.per_second;
        let until_open = (level.closed_until - now).as_secs_f64();
        Err(Refusal {
            status: self.throttle.status,
            retry_after: match &self.throttle.retry_after {
                RetryAfter::Missing => None,
                RetryAfter::Honest => Some(format!("{}", until_token.max(until_open).ceil())),
                RetryAfter::Text(text) => Some(text.clone()),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n_passed(bucket: &Bucket, n_requests: usize) -> usize {
        (0..n_requests).filter(|_| bucket.pass().is_ok()).count()
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_at_once_and_the_rest_at_the_rate() {
        let throttle = Throttle::new(2.0, 3).retry_after(RetryAfter::Honest);
        let bucket = Bucket::new(throttle);
        assert_eq!(n_passed(&bucket, 10), 3);
        let refusal = bucket.pass().unwrap_err();
        assert_eq!(
            (refusal.status, refusal.retry_after.as_deref()),
            (429, Some("1"))
        );
        tokio::time::advance(Duration::from_millis(500)).await;
        assert_eq!(n_passed(&bucket, 10), 1);
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(n_passed(&bucket.clone(), 10), 3);
        assert_eq!(n_passed(&bucket, 10), 0, "a clone is the same bucket");
    }

    #[tokio::test(start_paused = true)]
    async fn an_angry_limit_stays_closed_as_long_as_it_is_asked() {
        let bucket = Bucket::new(
            Throttle::new(10.0, 1)
                .status(430)
                .angry_for(Duration::from_secs(5)),
        );
        assert_eq!(n_passed(&bucket, 2), 1);
        tokio::time::advance(Duration::from_secs(4)).await;
        assert_eq!(bucket.pass().unwrap_err().status, 430);
        tokio::time::advance(Duration::from_secs(4)).await;
        assert_eq!(n_passed(&bucket, 1), 0);
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(n_passed(&bucket, 1), 1);
    }
}
