//! Which shops are worth another crawl, and when: `crawl --all`, the scheduler and `shops list` ask here.

use std::collections::HashMap;
use std::time::Duration;

use catalog::{CrawlReport, ShopKey, ShopStatus, Stop, Store, StoreError, UnixMs};
use crawler::{RecrawlTerms, recrawl_after};

/// The passes of a shop that tell how often it changes.
pub(crate) const MOST_PASSES: usize = 20;

pub(crate) const DAY_MS: i64 = 24 * 3_600_000;

/// When shops are due. Keeps what it worked out of a shop until that is crawled again.
#[derive(Debug)]
pub(crate) struct Due {
    terms: RecrawlTerms,
    known: HashMap<ShopKey, (UnixMs, Duration)>,
}

impl Due {
    /// Returns one that knows of no shop yet.
    pub(crate) fn new(terms: RecrawlTerms) -> Self {
        Self {
            terms,
            known: HashMap::new(),
        }
    }

    /// Returns the time between two crawls of a shop, by how often it changed.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn interval(
        &mut self,
        status: &ShopStatus,
        store: &dyn Store,
    ) -> Result<Duration, StoreError> {
        let key = &status.shop.key;
        let Some(complete_at) = status.last_complete_at else {
            return Ok(self.terms.first);
        };
        if let Some((known_at, interval)) = self.known.get(key)
            && *known_at == complete_at
        {
            return Ok(*interval);
        }
        let passes = store.crawls(Some(key), MOST_PASSES).await?;
        let interval = recrawl_after(&passes, &self.terms);
        self.known.insert(key.clone(), (complete_at, interval));
        Ok(interval)
    }

    /// Returns when a shop is due; `None` for one that is due in any case, as one that was never crawled.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn at(
        &mut self,
        status: &ShopStatus,
        store: &dyn Store,
        now: UnixMs,
    ) -> Result<Option<UnixMs>, StoreError> {
        let interval = self.interval(status, store).await?;
        Ok(due_at(status, interval, now))
    }
}

/// Returns when a shop is due that is crawled at this interval; `None` if it is in any case.
///
/// A shop that was found to be gone, or kept the newest pass from being complete, is asked once a day at most where it is not
/// to be asked more often anyway: it may have been out for a while.
///
/// A crawl that ended in the future was recorded by a clock that was set back since: nobody waits for that day.
pub(crate) fn due_at(status: &ShopStatus, interval: Duration, now: UnixMs) -> Option<UnixMs> {
    let interval_ms = i64::try_from(interval.as_millis()).unwrap_or(i64::MAX);
    let kept_from_at = kept_from_at(status);
    let interval_ms = kept_from_at.map_or(interval_ms, |_| interval_ms.min(DAY_MS));
    let settled_at = status.last_complete_at.max(kept_from_at)?;
    if settled_at.ms().saturating_sub(now.ms()) > interval_ms {
        return None;
    }
    Some(UnixMs::new(settled_at.ms().saturating_add(interval_ms)))
}

/// Returns when the newest pass ended, if the shop kept it from being complete and it does not go on: the next one would come
/// as far. `None` for one that was asked to stop, too.
pub(crate) fn kept_from_at(status: &ShopStatus) -> Option<UnixMs> {
    kept_from(status.last_crawl.as_ref()?)
}

/// Does as [`kept_from_at`], for one pass.
pub(crate) fn kept_from(pass: &CrawlReport) -> Option<UnixMs> {
    let stop = pass.outcome.as_ref()?.reason()?.stop;
    let is_by_us = stop.is_resumable() || matches!(stop, Stop::MaxPages | Stop::Superseded);
    pass.finished_at.filter(|_| !is_by_us)
}
