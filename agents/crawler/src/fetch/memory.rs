//! What a fetcher hands over to be kept, and takes over again: robots.txt, and what hosts taught of their limits.

use std::sync::Arc;
use std::time::Duration;

use catalog::{HostRecord, UnixMs};
use url::Url;

use super::host::later;
use super::limits::PLATFORM;
use super::robots::Robots;
use super::{Fetcher, RobotsAnswer};

impl Fetcher {
    /// Takes over what the host of `url` answered `age` ago when it was asked for robots.txt.
    ///
    /// The host is not asked again until that is a day old. What this fetcher read itself is not replaced.
    pub async fn remember_robots(&self, url: &Url, answer: &RobotsAnswer, age: Duration) {
        let host = self.host(url);
        let mut known = host.robots.lock().await;
        if known.fresh().is_none() {
            known.robots = Some(Arc::new(Robots::of(answer, age)));
        }
    }

    /// Returns what the host of `url` answered when this fetcher asked it for robots.txt: once, and `None` from
    /// then on until it is asked again.
    pub async fn take_robots(&self, url: &Url) -> Option<RobotsAnswer> {
        let host = self.hosts.get(url)?;
        host.robots.lock().await.answer.take()
    }

    /// Returns the names of the records that are worth remembering before the hosts of `places` are asked.
    pub fn names_to_remember(places: &[Url]) -> Vec<String> {
        let hosts = places.iter().map(|it| it.origin().ascii_serialization());
        hosts.chain([PLATFORM.to_owned()]).collect()
    }

    /// Takes over what an earlier process learned of a host or of the platform. `now` is the time of its clock.
    ///
    /// A pause is kept in any case. What this fetcher learned itself is not replaced, and a host that is being asked
    /// right now knows better.
    pub fn remember_host(&self, record: &HostRecord, now: UnixMs) {
        if record.name == PLATFORM {
            let left_ms = record.not_before.map_or(0, |it| it.ms() - now.ms());
            let left_ms = u64::try_from(left_ms).unwrap_or_default();
            self.shared.reopen(Duration::from_millis(left_ms));
        } else if let Ok(url) = Url::parse(&record.name)
            && let Ok(mut turn) = self.host(&url).turn.try_lock()
        {
            turn.remember(record, now);
        }
    }

    /// Returns what the hosts of `places` and the platform taught since it was remembered or taken last; nothing of
    /// those that taught nothing.
    pub fn take_hosts(&self, places: &[Url], now: UnixMs) -> Vec<HostRecord> {
        let mut records = Vec::new();
        for place in places {
            let host = self.hosts.get(place);
            if let Some(mut turn) = host.as_ref().and_then(|host| host.turn.try_lock().ok()) {
                let name = place.origin().ascii_serialization();
                records.extend(turn.take_record(&name, now));
            }
        }
        let left = self.shared.left();
        if !left.is_zero() {
            records.push(HostRecord {
                name: PLATFORM.to_owned(),
                gap_ms: None,
                refused_gap_ms: None,
                not_before: Some(later(now, left)),
                n_failures: 1,
                at: now,
            });
        }
        records
    }
}
