//! A ceiling of requests per second: of a host, of a platform, of all.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::time::Instant;

/// How often who waits for a turn looks whether others have come or gone.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// A ceiling of requests per second with a burst of one. Those that wait go in the order in which they came.
#[derive(Debug)]
pub(super) struct Ceiling {
    limiter: Option<RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Nanos>>>,
    gap: Duration,
    last_sent: tokio::sync::Mutex<Option<Instant>>,
}

/// The clock of everything else here, which tests can step.
#[derive(Debug, Clone)]
struct TokioClock(Instant);

impl Clock for TokioClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.0.elapsed().into()
    }
}

impl Ceiling {
    /// Returns a ceiling of so many requests per second; `None` for none.
    pub(super) fn new(requests_per_second: Option<f64>) -> Self {
        let gap = requests_per_second.map_or(Duration::ZERO, gap_of);
        let limiter = requests_per_second.map(|_| {
            let quota = Quota::with_period(gap).expect("a gap of at least a microsecond");
            let quota = quota.allow_burst(NonZeroU32::MIN);
            RateLimiter::direct_with_clock(quota, TokioClock(Instant::now()))
        });
        Self {
            limiter,
            gap,
            last_sent: tokio::sync::Mutex::default(),
        }
    }

    /// Waits for one request's turn, of which each of `n_others` has one before our next. Cancel-safe: nothing is taken
    /// before the wait is over.
    pub(super) async fn wait(&self, n_others: impl Fn() -> u32) {
        let Some(limiter) = &self.limiter else {
            return;
        };
        let mut last_sent = self.last_sent.lock().await;
        let own_gap = || self.gap.saturating_mul(n_others().saturating_add(1));
        while let Some(due) = last_sent.map(|it| it + own_gap())
            && n_others() > 0
            && due > Instant::now()
        {
            tokio::time::sleep_until(due.min(Instant::now() + LOOK_AGAIN)).await;
        }
        while let Err(not_until) = limiter.check() {
            let now = limiter.clock().now();
            let wait: Duration = not_until.earliest_possible().duration_since(now).into();
            tokio::time::sleep(wait).await;
        }
        *last_sent = Some(Instant::now());
    }
}

/// Returns the time between two requests at a rate of so many a second.
pub(super) fn gap_of(requests_per_second: f64) -> Duration {
    Duration::from_secs_f64(1.0 / requests_per_second.clamp(1e-4, 1e6))
}
