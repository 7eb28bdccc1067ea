//! The hosts of a process: as many as it deals with, and none for longer than a few minutes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use url::Url;

use super::host::Host;

/// A host that nobody asked for so long is forgotten, unless it is to be left alone for longer.
const IDLE: Duration = Duration::from_secs(600);

/// The shortest time between two searches for such hosts.
const SWEEP: Duration = Duration::from_secs(60);

/// From so many on, hosts are forgotten as soon as nobody is at them.
const MANY: usize = 10_000;

/// All hosts, by scheme, name and port.
#[derive(Debug)]
pub(super) struct Hosts {
    map: Mutex<Map>,
}

/// How the hosts of a fetcher stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HostsNow {
    /// Hosts that are dealt with.
    pub n_known: usize,
    /// Those of them that are left alone since they failed so often.
    pub n_left_alone: usize,
    /// Whether the platform is left alone since it turned us away.
    pub is_platform_left_alone: bool,
}

#[derive(Debug)]
struct Map {
    hosts: HashMap<String, Entry>,
    swept_at: Instant,
}

#[derive(Debug)]
struct Entry {
    host: Arc<Host>,
    used_at: Instant,
}

impl Hosts {
    pub(super) fn new() -> Self {
        let map = Map {
            hosts: HashMap::new(),
            swept_at: Instant::now(),
        };
        Self {
            map: Mutex::new(map),
        }
    }

    /// Returns the host of `url`, which `new` makes where it is not known.
    pub(super) fn get_or(&self, url: &Url, new: impl FnOnce() -> Host) -> Arc<Host> {
        let name = url.origin().ascii_serialization();
        let now = Instant::now();
        let mut map = self.lock();
        if let Some(entry) = map.hosts.get_mut(&name) {
            entry.used_at = now;
            return Arc::clone(&entry.host);
        }
        map.sweep(now);
        let host = Arc::new(new());
        let entry = Entry {
            host: Arc::clone(&host),
            used_at: now,
        };
        map.hosts.insert(name, entry);
        host
    }

    /// Returns the host of `url` where it is known.
    pub(super) fn get(&self, url: &Url) -> Option<Arc<Host>> {
        let map = self.lock();
        let entry = map.hosts.get(&url.origin().ascii_serialization())?;
        Some(Arc::clone(&entry.host))
    }

    /// Returns how they stand; of the platform nothing is known here.
    pub(super) fn now(&self) -> HostsNow {
        let map = self.lock();
        let left_alone = |it: &&Entry| it.host.is_left_alone();
        HostsNow {
            n_known: map.hosts.len(),
            n_left_alone: map.hosts.values().filter(left_alone).count(),
            is_platform_left_alone: false,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Map> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Map {
    /// Forgets the hosts that nobody has, that nobody asked for a while, and that need not be left alone.
    fn sweep(&mut self, now: Instant) {
        let are_many = self.hosts.len() >= MANY;
        if !are_many && now - self.swept_at < SWEEP {
            return;
        }
        self.swept_at = now;
        self.hosts.retain(|_, entry| {
            let is_idle = are_many || now - entry.used_at >= IDLE;
            let is_held = Arc::strong_count(&entry.host) > 1;
            !is_idle || is_held || !entry.host.owes_nothing()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(name: &str) -> Url {
        Url::parse(&format!("https://{name}.example/")).unwrap()
    }

    fn count(hosts: &Hosts) -> usize {
        hosts.lock().hosts.len()
    }

    #[tokio::test(start_paused = true)]
    async fn hosts_that_nobody_asks_are_forgotten_unless_they_are_owed_a_pause() {
        let hosts = Hosts::new();
        let get = |name: &str| hosts.get_or(&url(name), || Host::new(None));
        let held = get("held");
        get("idle");
        get("paused")
            .turn
            .lock()
            .await
            .pause(Duration::from_secs(3_600));
        tokio::time::advance(IDLE).await;
        get("new");
        assert!(hosts.get(&url("idle")).is_none());
        assert!(
            ["held", "paused", "new"]
                .iter()
                .all(|it| hosts.get(&url(it)).is_some())
        );
        drop(held);
        tokio::time::advance(Duration::from_secs(3_600)).await;
        get("newer");
        assert_eq!(
            count(&hosts),
            1,
            "the pause is over, and all others are idle"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_number_of_hosts_is_bounded_without_any_time_going_by() {
        let hosts = Hosts::new();
        for n in 0..2 * MANY + 10 {
            hosts.get_or(&url(&format!("h{n}")), || Host::new(None));
        }
        assert!(count(&hosts) <= MANY);
    }
}
