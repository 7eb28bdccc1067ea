//! How many requests and tokens a minute allows.

use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::Mutex;

/// Limits over all calls of a process; `None` where there is none.
#[derive(Debug)]
pub(super) struct Rates {
    requests: Option<DefaultDirectRateLimiter>,
    tokens: Option<(DefaultDirectRateLimiter, NonZeroU32)>,
    /// First come, first served: else a large request would wait for as long as there are small ones.
    turn: Mutex<()>,
}

impl Rates {
    pub(super) fn new(requests: Option<NonZeroU32>, tokens: Option<NonZeroU32>) -> Self {
        let limiter = |per_minute| RateLimiter::direct(Quota::per_minute(per_minute));
        Self {
            requests: requests.map(limiter),
            tokens: tokens.map(|per_minute| (limiter(per_minute), per_minute)),
            turn: Mutex::new(()),
        }
    }

    /// Waits until a request of so many tokens is within the limits. One that is larger than what a minute allows
    /// takes a whole minute's.
    ///
    /// Cancel-safe: at most a request's share of a minute is lost.
    pub(super) async fn wait(&self, tokens: u64) {
        if self.requests.is_none() && self.tokens.is_none() {
            return;
        }
        let _turn = self.turn.lock().await;
        if let Some(limiter) = &self.requests {
            take(limiter, NonZeroU32::MIN).await;
        }
        if let Some((limiter, most)) = &self.tokens {
            let wanted = u32::try_from(tokens).unwrap_or(u32::MAX).min(most.get());
            take(limiter, NonZeroU32::new(wanted).unwrap_or(NonZeroU32::MIN)).await;
        }
    }
}

async fn take(limiter: &DefaultDirectRateLimiter, n: NonZeroU32) {
    // The outer error is for more than a minute's, which is not asked for.
    while let Ok(Err(wait)) = limiter.check_n(n) {
        tokio::time::sleep(wait.wait_time_from(DefaultClock::default().now())).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(n: u32) -> Option<NonZeroU32> {
        NonZeroU32::new(n)
    }

    /// Returns whether there is no wait.
    async fn is_free(rates: &Rates, tokens: u64) -> bool {
        tokio::select! {
            biased;
            () = rates.wait(tokens) => true,
            () = std::future::ready(()) => false,
        }
    }

    #[tokio::test]
    async fn a_minute_allows_its_requests_and_no_more() {
        let rates = Rates::new(limit(2), None);
        assert!(is_free(&rates, 1).await && is_free(&rates, u64::MAX).await);
        assert!(!is_free(&rates, 1).await);
    }

    #[tokio::test]
    async fn a_request_larger_than_a_minutes_tokens_takes_them_all() {
        let rates = Rates::new(None, limit(1_000));
        assert!(is_free(&rates, u64::MAX).await);
        assert!(!is_free(&rates, 900).await);
    }

    #[tokio::test]
    async fn without_limits_nothing_waits() {
        let rates = Rates::new(None, None);
        for _ in 0..1_000 {
            assert!(is_free(&rates, u64::MAX).await);
        }
    }
}
