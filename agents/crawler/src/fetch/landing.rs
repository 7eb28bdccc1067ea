//! The end of a piece of work that is told to stop: what is under way is taken and stored, and nothing new is asked.

use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

/// Whether a request is under way, from when it leaves to when the next one would.
#[derive(Debug, Default)]
pub(super) struct Landing {
    is_under_way: AtomicBool,
    is_wanted: AtomicBool,
    is_done: Notify,
}

impl Landing {
    /// Notes that a request leaves.
    pub(super) fn leaves(&self) {
        self.is_under_way.store(true, Ordering::Relaxed);
    }

    /// Notes that what came before is done with. Never returns once the work is to land. Cancel-safe.
    pub(super) async fn has_come_back(&self) {
        self.is_under_way.store(false, Ordering::Relaxed);
        if self.is_wanted.load(Ordering::Relaxed) {
            self.is_done.notify_one();
            pending::<()>().await;
        }
    }

    /// Lets no request leave any more, and returns once none is under way, or `longest` later.
    ///
    /// Cancel-safe: no request leaves behind it either.
    pub(super) async fn land(&self, longest: Duration) {
        self.is_wanted.store(true, Ordering::Relaxed);
        if self.is_under_way.load(Ordering::Relaxed) {
            let done = self.is_done.notified();
            tokio::time::timeout(longest, done).await.ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    const LONGEST: Duration = Duration::from_secs(3);

    async fn waited(landing: &Landing) -> Duration {
        let began = Instant::now();
        landing.land(LONGEST).await;
        began.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_under_way_is_waited_for_and_nothing_leaves_behind_it() {
        let landing = Landing::default();
        landing.has_come_back().await;
        landing.leaves();
        let work = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            landing.has_come_back().await;
            unreachable!("nothing is asked any more");
        };
        tokio::select! {
            waited = waited(&landing) => assert_eq!(waited, Duration::from_secs(1)),
            () = work => {}
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_takes_too_long_is_left_and_one_that_is_not_asked_for_is_not_awaited() {
        let landing = Landing::default();
        assert_eq!(waited(&landing).await, Duration::ZERO);
        let landing = Landing::default();
        landing.leaves();
        assert_eq!(waited(&landing).await, LONGEST);
    }
}
