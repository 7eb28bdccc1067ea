//! The exclusive right to a shop: taken before its first request, renewed while work goes on, given back.

use std::future::Future;
use std::time::Duration;

use catalog::{CrawlReport, Lease, LeaseAnswer, LeaseHolder, RESTING, ShopKey, Store, StoreError};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::fetch::Pace;

/// The longest pause between two questions for a lease that another owner has, who may give it back at any time.
const MAX_POLL: Duration = Duration::from_secs(1);

/// The shortest one, and the shortest pause between renewals.
const MIN_POLL: Duration = Duration::from_millis(100);

/// The wait that nobody is told of: behind each crawl of a shop its hosts rest for a second or so, under its lease.
const QUIET_WAIT: Duration = Duration::from_secs(3);

/// Whoever waits no longer than this is told by [`CrawlError::Held`] soon enough.
const LONG_WAIT: Duration = Duration::from_secs(10);

/// The longest wait for the end of a lease to be written; an unwritten one ends by itself.
const MAX_RELEASE: Duration = Duration::from_secs(5);

/// Of a pause that a shop asked for, the longest time for which a lease goes on behind the work.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// How a shop's lease is taken.
#[derive(Debug, Clone, Copy)]
pub struct LeaseTerms<'a> {
    /// The owner's name, which nobody else has who may want the same shop. Those of one process are the same up to the
    /// last slash; a name without any is of somebody who asks too little to be counted.
    pub owner: &'a str,
    /// Tells whether an owner is known to be gone, so that nobody need wait for the end of its lease.
    pub is_dead: fn(&str) -> bool,
    /// How long the lease lasts when it is not renewed; it is, after each third of this time. One of a crawl whose
    /// requests are further apart lasts longer: who takes it over sends no sooner than its owner would have.
    pub ttl: Duration,
    /// The longest wait for another owner. One that is longer than the lease lasts outlasts any owner who does not
    /// renew.
    pub max_wait: Duration,
}

/// Why a shop was not crawled to an end that the store has on record.
#[derive(Debug, thiserror::Error)]
pub enum CrawlError {
    /// Another owner kept the shop's lease for longer than the caller would wait.
    #[error("{} is still being crawled by {} after {} s of waiting", shop.shown(), holder.owner, waited.as_secs())]
    Held {
        /// The shop.
        shop: ShopKey,
        /// Who has its lease.
        holder: LeaseHolder,
        /// How long the caller would wait.
        waited: Duration,
    },
    /// The crawl was cancelled while it waited for another owner.
    #[error("interrupted while waiting for another crawl of {}", shop.shown())]
    Interrupted {
        /// The shop.
        shop: ShopKey,
    },
    /// The store failed, or another owner took the lease.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A shop's lease while it is held. Dropped instead of used, it ends after its time.
#[derive(Debug)]
pub struct ShopLease<'a> {
    store: &'a dyn Store,
    lease: Lease,
    ttl: Duration,
    /// Whether its owner died with it.
    is_taken_over: bool,
    /// The shop's newest pass when this owner began to wait; `None` if it had not to.
    newest_before_wait: Option<Vec<CrawlReport>>,
}

impl<'a> ShopLease<'a> {
    /// Takes the lease of `shop`, after waiting for another owner where there is one.
    ///
    /// A dead owner is not waited for. Cancel-safe: what a dropped call was granted ends after its time.
    ///
    /// # Errors
    /// See [`CrawlError`].
    pub async fn take(
        shop: &ShopKey,
        terms: &LeaseTerms<'_>,
        store: &'a dyn Store,
        cancel: &CancellationToken,
    ) -> Result<Self, CrawlError> {
        let began = Instant::now();
        let deadline = began + terms.max_wait;
        let waits_long = terms.max_wait >= LONG_WAIT;
        let mut is_told = false;
        let mut newest_before_wait = None;
        loop {
            let (answer, is_taken_over) = ask(shop, terms, store).await?;
            let holder = match answer {
                LeaseAnswer::Granted(lease) => {
                    return Ok(Self {
                        store,
                        lease,
                        ttl: terms.ttl,
                        is_taken_over,
                        newest_before_wait,
                    });
                }
                LeaseAnswer::Held(holder) => holder,
            };
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(CrawlError::Held {
                    shop: shop.clone(),
                    holder,
                    waited: terms.max_wait,
                });
            }
            if newest_before_wait.is_none() {
                newest_before_wait = Some(store.crawls(Some(shop), 1).await?);
            }
            if !is_told && waits_long && began.elapsed() >= QUIET_WAIT {
                let why = match holder.owner.as_str() {
                    RESTING => "was asked by another process just now; waiting until it has rested",
                    _ => {
                        "is being crawled by another process; waiting until it is done or its lease ends"
                    }
                };
                tracing::warn!(shop = %shop, owner = holder.owner, "{} {why}", shop.shown());
                is_told = true;
            }
            let until_it_ends = Duration::from_millis(holder.remaining_ms);
            let pause = until_it_ends.clamp(MIN_POLL, MAX_POLL).min(left);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = cancel.cancelled() => {
                    return Err(CrawlError::Interrupted { shop: shop.clone() });
                }
            }
        }
    }

    /// Returns the lease, for [`Store::begin_crawl`].
    pub const fn lease(&self) -> &Lease {
        &self.lease
    }

    /// Returns the shop's newest pass if it is another than before this owner waited for its lease.
    pub(crate) async fn ended_meanwhile(&self) -> Result<Option<CrawlReport>, StoreError> {
        let Some(before) = &self.newest_before_wait else {
            return Ok(None);
        };
        let newest = self.store.crawls(Some(&self.lease.shop), 1).await?;
        Ok(newest.into_iter().find(|pass| !before.contains(pass)))
    }

    /// Does `work` with the lease renewed beside it, and gives the lease back.
    ///
    /// Another owner who took the lease ends the work where it stands. A renewal that fails for another reason
    /// does not: if the store is really gone, the next write tells.
    ///
    /// Cancel-safe as far as `work` is; the lease of a dropped call ends after its time.
    ///
    /// # Errors
    /// Those of `work`, and [`StoreError::Fenced`].
    pub async fn hold_for<T, E: From<StoreError>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.hold_at(&Pace::default(), work).await
    }

    /// Does as [`ShopLease::hold_for`], for work that asks hosts at `pace`: the lease ends when these have rested.
    ///
    /// Nobody waits for that here. It lasts for the gap between two requests in any case, of a pause that a host asked
    /// for only for the first minute.
    ///
    /// # Errors
    /// As [`ShopLease::hold_for`].
    pub(crate) async fn hold_at<T, E: From<StoreError>>(
        &self,
        pace: &Pace,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        if self.is_taken_over {
            pace.follows_a_dead_owner();
        }
        let result = tokio::select! {
            biased;
            result = work => result,
            fenced = self.renew(pace) => Err(E::from(fenced)),
        };
        self.release(pace.rest(MAX_PAUSE)).await;
        result
    }

    /// Renews the lease again and again, until another owner took it.
    async fn renew(&self, pace: &Pace) -> StoreError {
        let mut gap_kept = self.ttl.saturating_sub(renewed_after(self.ttl));
        loop {
            tokio::select! {
                () = tokio::time::sleep(renewed_after(self.ttl)) => {}
                () = pace.slower_than(gap_kept) => {}
            }
            gap_kept = gap_kept.max(pace.slowest());
            let lasts_ms = millis(lasting(self.ttl, pace));
            match self.store.renew_lease(&self.lease, lasts_ms).await {
                Ok(_) => {}
                Err(fenced @ StoreError::Fenced { .. }) => return fenced,
                Err(error) => tracing::warn!(shop = %self.lease.shop, "{error}; trying again"),
            }
        }
    }

    async fn release(&self, rest: Duration) {
        let released = async {
            if rest.is_zero() {
                return self.store.release_lease(&self.lease).await;
            }
            // One more millisecond, since the store's clock counts none in part. Under a name of its own: this owner's
            // process may end, and whoever sees that would not wait.
            let (shop, rest_ms) = (&self.lease.shop, millis(rest) + 1);
            let own = Some(self.lease.owner.as_str());
            let resting = self.store.lease_shop(shop, RESTING, rest_ms, own);
            resting.await.map(drop)
        };
        match tokio::time::timeout(MAX_RELEASE, released).await {
            Ok(Ok(())) => {}
            // Whoever holds the work's own result tells what is wrong with the store.
            Ok(Err(error)) => tracing::debug!(shop = %self.lease.shop, "{error}"),
            Err(_) => tracing::debug!(shop = %self.lease.shop, "the lease ends by itself"),
        }
    }
}

/// Asks for the lease, a second time if its owner is dead; tells whether that one answers.
async fn ask(
    shop: &ShopKey,
    terms: &LeaseTerms<'_>,
    store: &dyn Store,
) -> Result<(LeaseAnswer, bool), StoreError> {
    let ttl_ms = millis(terms.ttl);
    let answer = store.lease_shop(shop, terms.owner, ttl_ms, None).await?;
    match answer {
        LeaseAnswer::Held(holder) if holder.owner != RESTING && (terms.is_dead)(&holder.owner) => {
            let dead_owner = Some(holder.owner.as_str());
            let answer = store.lease_shop(shop, terms.owner, ttl_ms, dead_owner);
            Ok((answer.await?, true))
        }
        answer => Ok((answer, false)),
    }
}

/// Returns the part of an owner's name that all owners of its process have.
pub(crate) fn process_of(owner: &str) -> Option<&str> {
    owner.rsplit_once('/').map(|(process, _)| process)
}

fn renewed_after(ttl: Duration) -> Duration {
    (ttl / 3).max(MIN_POLL)
}

/// Returns how long a lease lasts from a renewal: just before the next one, the hosts' whole rest is still to come.
fn lasting(ttl: Duration, pace: &Pace) -> Duration {
    let gap = pace.slowest();
    let needed = if gap.is_zero() {
        gap
    } else {
        gap + renewed_after(ttl)
    };
    ttl.max(needed).max(pace.rest(MAX_PAUSE))
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_outlasts_the_gap_of_a_slow_crawl() {
        let lasting_s = |gap_s| {
            let pace = Pace::new(Duration::from_secs(gap_s));
            lasting(Duration::from_secs(30), &pace).as_secs()
        };
        // Renewed after each ten seconds.
        assert_eq!([0, 5, 20].map(lasting_s), [30, 30, 30]);
        assert_eq!([21, 120].map(lasting_s), [31, 130]);
    }

    #[tokio::test]
    async fn a_pace_tells_at_once_when_it_needs_longer_than_the_lease() {
        let pace = Pace::new(Duration::from_secs(40));
        pace.slower_than(Duration::from_secs(20)).await;
        let waits = pace.slower_than(Duration::from_secs(40));
        let waited = tokio::time::timeout(Duration::ZERO, waits).await;
        assert!(waited.is_err());
    }
}
