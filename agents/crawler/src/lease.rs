//! The exclusive right to a shop: taken before its first request, renewed while work goes on, given back.

use std::future::Future;
use std::time::Duration;

use catalog::{CrawlReport, Lease, LeaseAnswer, LeaseHolder, ShopKey, Store, StoreError};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The longest pause between two questions for a lease that another owner has, who may give it back at any time.
const MAX_POLL: Duration = Duration::from_secs(1);

/// The shortest one, and the shortest pause between renewals.
const MIN_POLL: Duration = Duration::from_millis(100);

/// The longest wait for the end of a lease to be written; an unwritten one ends by itself.
const MAX_RELEASE: Duration = Duration::from_secs(5);

/// How a shop's lease is taken.
#[derive(Debug, Clone, Copy)]
pub struct LeaseTerms<'a> {
    /// The owner's name, which nobody else has who may want the same shop.
    pub owner: &'a str,
    /// Tells whether an owner is known to be gone, so that nobody need wait for the end of its lease.
    pub is_dead: fn(&str) -> bool,
    /// How long the lease lasts when it is not renewed; it is, after each third of this time.
    pub ttl: Duration,
    /// The longest wait for another owner. One that is longer than `ttl` outlasts any owner who does not renew.
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
        let deadline = Instant::now() + terms.max_wait;
        let mut newest_before_wait = None;
        loop {
            let holder = match ask(shop, terms, store).await? {
                LeaseAnswer::Granted(lease) => {
                    return Ok(Self {
                        store,
                        lease,
                        ttl: terms.ttl,
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
                tracing::warn!(
                    shop = %shop,
                    owner = holder.owner,
                    "{} is being crawled by another process; waiting until it is done or its lease ends",
                    shop.shown(),
                );
                newest_before_wait = Some(store.crawls(Some(shop), 1).await?);
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
        let result = tokio::select! {
            biased;
            result = work => result,
            fenced = self.renew() => Err(E::from(fenced)),
        };
        self.release().await;
        result
    }

    /// Renews the lease again and again, until another owner took it.
    async fn renew(&self) -> StoreError {
        loop {
            tokio::time::sleep((self.ttl / 3).max(MIN_POLL)).await;
            match self.store.renew_lease(&self.lease, millis(self.ttl)).await {
                Ok(_) => {}
                Err(fenced @ StoreError::Fenced { .. }) => return fenced,
                Err(error) => tracing::warn!(shop = %self.lease.shop, "{error}; trying again"),
            }
        }
    }

    async fn release(&self) {
        let released = self.store.release_lease(&self.lease);
        match tokio::time::timeout(MAX_RELEASE, released).await {
            Ok(Ok(())) => {}
            // Whoever holds the work's own result tells what is wrong with the store.
            Ok(Err(error)) => tracing::debug!(shop = %self.lease.shop, "{error}"),
            Err(_) => tracing::debug!(shop = %self.lease.shop, "the lease ends by itself"),
        }
    }
}

/// Asks for the lease, a second time if its owner is dead.
async fn ask(
    shop: &ShopKey,
    terms: &LeaseTerms<'_>,
    store: &dyn Store,
) -> Result<LeaseAnswer, StoreError> {
    let ttl_ms = millis(terms.ttl);
    let answer = store.lease_shop(shop, terms.owner, ttl_ms, None).await?;
    match answer {
        LeaseAnswer::Held(holder) if (terms.is_dead)(&holder.owner) => {
            let dead_owner = Some(holder.owner.as_str());
            store
                .lease_shop(shop, terms.owner, ttl_ms, dead_owner)
                .await
        }
        answer => Ok(answer),
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
