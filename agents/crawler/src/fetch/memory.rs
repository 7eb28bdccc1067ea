//! What a fetcher hands over to be kept, and takes over again: robots.txt, and what hosts taught of their limits.

use std::sync::Arc;
use std::time::Duration;

use catalog::{HostRecord, UnixMs};
use url::Url;

use super::limits::PLATFORM;
use super::robots::Robots;
use super::{Fetcher, RobotsAnswer};

/// How often a host is tried that somebody looks at in just this moment.
const MAX_LOOKS: u32 = 1_000;

impl Fetcher {
    /// Takes over what the host of `url` answered `age` ago when it was asked for robots.txt.
    ///
    /// The host is not asked again until that is a day old. What this fetcher read itself is not replaced, nor what it
    /// is reading right now.
    pub fn remember_robots(&self, url: &Url, answer: &RobotsAnswer, age: Duration) {
        let host = self.host(url);
        // Never waited for: whoever reads it may be waiting for what is remembered of the host that it leads to.
        if let Ok(mut known) = host.robots.try_lock()
            && known.fresh().is_none()
        {
            known.robots = Some(Arc::new(Robots::of(answer, age)));
        }
    }

    /// Returns what the host of `url` answered when this fetcher asked it for robots.txt: once, and `None` from
    /// then on until it is asked again.
    pub async fn take_robots(&self, url: &Url) -> Option<RobotsAnswer> {
        let host = self.hosts.get(url)?;
        host.robots.lock().await.answer.take()
    }

    /// Returns the names of the records that are worth remembering before the host of `url` is asked.
    pub fn names_to_remember(url: &Url) -> [String; 2] {
        [url.origin().ascii_serialization(), PLATFORM.to_owned()]
    }

    /// Takes over what an earlier process learned of a host or of the platform. `now` is the time of its clock.
    ///
    /// A pause is kept in any case. What this fetcher learned itself is not replaced, and a host that is being asked
    /// right now knows better.
    pub fn remember_host(&self, record: &HostRecord, now: UnixMs) {
        if record.name == PLATFORM {
            self.shared.remember(record, now);
        } else if let Ok(url) = Url::parse(&record.name) {
            let host = self.host(&url);
            // Who only looks at a host lets go of it at once; who asks it does not.
            let turn = (0..MAX_LOOKS).find_map(|_| host.turn.try_lock().ok());
            if let Some(mut turn) = turn {
                turn.remember(record, now);
            }
        }
    }

    /// Leaves the other processes that ask from this address their part of its budget: as many as `count` says, which is
    /// asked every few seconds at most.
    ///
    /// # Errors
    /// Those of `count`; then the parts stay as they are.
    pub async fn share_budget<E>(
        &self,
        count: impl Future<Output = Result<u32, E>>,
    ) -> Result<(), E> {
        self.shared.share(count).await
    }

    /// Returns what the hosts of `places` and the platform taught since it was remembered or taken last; nothing of
    /// those that taught nothing.
    pub fn take_hosts(&self, places: &[Url], now: UnixMs) -> Vec<HostRecord> {
        let mut records = Vec::new();
        for place in places {
            let host = self.hosts.get(place);
            if let Some(mut turn) = host.as_ref().and_then(|host| host.turn.try_lock().ok()) {
                let name = place.origin().ascii_serialization();
                records.extend(turn.take_record(name, now));
            }
        }
        records.extend(self.shared.take_record(now));
        records
    }
}
