//! What is remembered of a host while the process runs: its rate, its pause, its robots.txt.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::robots::Known;

/// One host. Its two locks are what keeps it to one request at a time.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) turn: Mutex<Turn>,
    pub(super) robots: Mutex<Known>,
}

/// The right to send to a host, held for one request and its further tries.
#[derive(Debug)]
pub(super) struct Turn {
    limiter: Option<DefaultDirectRateLimiter>,
    last_sent: Option<Instant>,
    not_before: Option<Instant>,
}

impl Host {
    pub(super) fn new(requests_per_second: Option<f64>) -> Self {
        let limiter = requests_per_second.map(|rate| {
            let quota = Quota::with_period(gap_of(rate)).expect("a gap of at least a microsecond");
            RateLimiter::direct(quota.allow_burst(NonZeroU32::MIN))
        });
        let turn = Turn {
            limiter,
            last_sent: None,
            not_before: None,
        };
        Self {
            turn: Mutex::new(turn),
            robots: Mutex::default(),
        }
    }
}

/// Returns the time between two requests at a rate of so many a second.
pub(super) fn gap_of(requests_per_second: f64) -> Duration {
    Duration::from_secs_f64(1.0 / requests_per_second.clamp(1e-4, 1e6))
}

impl Turn {
    /// Waits until the host may be asked again: its pause, the `gap` that is asked for, then the rate.
    ///
    /// Cancel-safe: nothing is taken before the last wait is over.
    pub(super) async fn wait(&mut self, gap: Duration) {
        if let Some(not_before) = self.not_before {
            tokio::time::sleep_until(not_before).await;
        }
        // Even a sleep of no time waits for the timer's next tick.
        if let Some(last_sent) = self.last_sent.filter(|_| !gap.is_zero()) {
            tokio::time::sleep_until(last_sent + gap).await;
        }
        if let Some(limiter) = &self.limiter {
            while let Err(wait) = limiter.check() {
                tokio::time::sleep(wait.wait_time_from(DefaultClock::default().now())).await;
            }
        }
        self.last_sent = Some(Instant::now());
    }

    /// Sends nothing to this host for `pause`.
    pub(super) fn pause(&mut self, pause: Duration) {
        self.not_before = Some(Instant::now() + pause);
    }
}
