//! How often one caller may call.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::{Limits, ToolError};

/// After so many calls, callers who have not called for a while are forgotten.
const CALLS_BETWEEN_SWEEPS: u32 = 1_024;

/// The rate of each caller. There are no more of them than the configuration has tokens; the idle ones take no room.
#[derive(Debug)]
pub(super) struct Rates {
    limiter: DefaultKeyedRateLimiter<String>,
    clock: DefaultClock,
    n_calls: AtomicU32,
    calls_per_second: NonZeroU32,
}

impl Rates {
    /// Returns the rates that `limits` ask for; `None` where they set none.
    pub(super) fn new(limits: &Limits) -> Option<Self> {
        let calls_per_second = NonZeroU32::new(limits.calls_per_second)?;
        let burst = NonZeroU32::new(limits.burst).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(calls_per_second).allow_burst(burst);
        Some(Self {
            limiter: RateLimiter::keyed(quota),
            clock: DefaultClock::default(),
            n_calls: AtomicU32::new(0),
            calls_per_second,
        })
    }

    /// Counts a call.
    ///
    /// # Errors
    /// `rate_limited`, with the time after which the next one is taken.
    pub(super) fn check(&self, caller: &str) -> Result<(), ToolError> {
        let n_calls = self.n_calls.fetch_add(1, Ordering::Relaxed);
        if n_calls % CALLS_BETWEEN_SWEEPS == CALLS_BETWEEN_SWEEPS - 1 {
            self.limiter.retain_recent();
        }
        let refused = match self.limiter.check_key(&caller.to_owned()) {
            Ok(()) => return Ok(()),
            Err(refused) => refused,
        };
        let wait = refused.wait_time_from(self.clock.now()).as_secs_f64();
        let seconds = (wait * 10.0).ceil().max(1.0) / 10.0;
        let message = format!(
            "more than {} calls a second; the next one is taken in {seconds} s",
            self.calls_per_second
        );
        Err(ToolError::new("rate_limited", message).next(format!("call again in {seconds} s")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_are_counted_apart() {
        let limits = Limits {
            calls_per_second: 1,
            burst: 2,
            ..Limits::default()
        };
        let rates = Rates::new(&limits).unwrap();
        rates.check("a").unwrap();
        rates.check("a").unwrap();
        let refused = rates.check("a").unwrap_err();
        assert_eq!(refused.code, "rate_limited");
        assert!(refused.next.unwrap().ends_with(" s"));
        rates.check("b").unwrap();
    }

    #[test]
    fn idle_callers_are_forgotten() {
        let limits = Limits {
            calls_per_second: u32::MAX,
            burst: u32::MAX,
            ..Limits::default()
        };
        let rates = Rates::new(&limits).unwrap();
        for n in 0..=2 * CALLS_BETWEEN_SWEEPS {
            rates.check(&n.to_string()).unwrap();
        }
        assert!(rates.limiter.len() <= CALLS_BETWEEN_SWEEPS as usize + 1);
    }

    #[test]
    fn no_rate_is_no_limit() {
        let limits = Limits {
            calls_per_second: 0,
            ..Limits::default()
        };
        assert!(Rates::new(&limits).is_none());
    }
}
