//! What a host taught, between the clock of this process and the one that stores it.

use std::time::Duration;

use catalog::{HostRecord, UnixMs};
use tokio::time::Instant;

use super::rate::{LONGEST_GAP, Learned};

/// What a host bore longer ago than this says nothing of today. Far longer than the longest interval of recrawls.
const MAX_AGE_MS: i64 = 30 * 24 * 3_600_000;

/// What a host was asked by is stored anew after this time, so that what crawls go by never becomes too old.
const KEPT_FRESH_AFTER_MS: i64 = 24 * 3_600_000;

/// What a host or a platform taught up to one moment of this process. A [`HostRecord`] says the same by the wall clock,
/// which nobody here reads.
#[derive(Debug, Clone)]
pub(crate) struct Lesson {
    /// The name of its record.
    pub(super) name: String,
    /// The gap that it bears for ever, and the one that it refused.
    pub(super) gap: Option<Duration>,
    pub(super) refused_gap: Option<Duration>,
    /// The pause that others have to keep too.
    pub(super) pause: Option<Pause>,
    /// Failures in a row.
    pub(super) n_failures: u32,
}

/// A time in which nobody asks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pause {
    pub(super) since: Instant,
    pub(super) until: Instant,
}

/// What the store knows of a host or a platform.
#[derive(Debug, Default)]
pub(super) struct Stored {
    pub(super) record: Option<HostRecord>,
    /// Whether it was told something else since.
    pub(super) is_outdated: bool,
}

impl Stored {
    /// Returns what the store should know, where that is another thing than it knows.
    pub(super) fn take(&mut self, record: HostRecord, now: UnixMs) -> Option<HostRecord> {
        let differs = match &self.record {
            None => record.gap_ms.is_some() || record.n_failures > 0 || record.not_before.is_some(),
            Some(stored) => {
                let is_old = now.ms().saturating_sub(stored.at.ms()) > KEPT_FRESH_AFTER_MS;
                !says_the_same(stored, &record, now) || (is_old && record.gap_ms.is_some())
            }
        };
        if !differs && !self.is_outdated {
            return None;
        }
        self.is_outdated = false;
        self.record = Some(record.clone());
        Some(record)
    }
}

impl Lesson {
    /// Returns the name of its record.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Returns the record to be stored, where it is `now` by the wall clock.
    ///
    /// While a pause runs, it is of the moment at which this began: so its length is known too.
    pub(crate) fn record(&self, now: UnixMs) -> HostRecord {
        let pause = self.pause.filter(|pause| !pause.left().is_zero());
        let since = pause.map_or(Duration::ZERO, |pause| pause.since.elapsed());
        let since_ms = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        HostRecord {
            name: self.name.clone(),
            gap_ms: self.gap.map(millis),
            refused_gap_ms: self.refused_gap.map(millis),
            not_before: pause.map(|pause| later(now, pause.left())),
            n_failures: self.n_failures,
            at: UnixMs::new(now.ms().saturating_sub(since_ms)),
        }
    }
}

impl Pause {
    /// Returns one of so long from now on.
    pub(super) fn of(length: Duration) -> Self {
        let since = Instant::now();
        Self {
            since,
            until: since + length,
        }
    }

    /// Returns one of which so much is over and so much is left.
    pub(super) fn left_over(over: Duration, left: Duration) -> Self {
        let now = Instant::now();
        Self {
            since: now.checked_sub(over).unwrap_or(now),
            until: now + left,
        }
    }

    pub(super) fn left(self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }
}

/// Returns whether what a record says of a host's answers still counts.
pub(super) fn is_recent(record: &HostRecord, now: UnixMs) -> bool {
    now.ms() - record.at.ms() <= MAX_AGE_MS
}

/// Returns the rate that a record tells, where it still counts.
pub(super) fn learned(record: &HostRecord, now: UnixMs) -> Option<Learned> {
    let gap_ms = record.gap_ms.filter(|_| is_recent(record, now))?;
    let gap = |ms| Duration::from_millis(ms).min(LONGEST_GAP);
    Some(Learned {
        gap: gap(gap_ms),
        refused_gap: record.refused_gap_ms.map(gap),
    })
}

/// Returns whether two records have the same consequences from `now` on.
fn says_the_same(one: &HostRecord, other: &HostRecord, now: UnixMs) -> bool {
    let pause = |it: &HostRecord| it.not_before.filter(|until| *until > now);
    // Two ways to one moment differ by what a clock's milliseconds cut off.
    let is_same_pause = match (pause(one), pause(other)) {
        (Some(one), Some(other)) => one.ms().abs_diff(other.ms()) < 1_000,
        (one, other) => one == other,
    };
    is_same_pause
        && (one.gap_ms, one.refused_gap_ms, one.n_failures)
            == (other.gap_ms, other.refused_gap_ms, other.n_failures)
}

/// Returns the moment `time` behind `now`, rounded up: nobody comes a part of a millisecond too early.
fn later(now: UnixMs, time: Duration) -> UnixMs {
    let ms = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    UnixMs::new(now.ms().saturating_add(ms).saturating_add(1))
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs::new(1_800_000_000_000);

    #[tokio::test(start_paused = true)]
    async fn a_record_has_the_end_of_a_pause_whenever_it_is_made_and_none_of_one_that_is_over() {
        let lesson = Lesson {
            name: "https://shop.example".to_owned(),
            gap: Some(Duration::from_micros(1_500)),
            refused_gap: None,
            pause: Some(Pause::of(Duration::from_secs(30))),
            n_failures: 1,
        };
        let record = lesson.record(NOW);
        let end = UnixMs::new(NOW.ms() + 30_001);
        assert_eq!((record.not_before, record.at), (Some(end), NOW));
        assert_eq!((record.gap_ms, record.n_failures), (Some(2), 1));
        tokio::time::advance(Duration::from_secs(20)).await;
        let after = UnixMs::new(NOW.ms() + 20_000);
        let record = lesson.record(after);
        assert_eq!((record.not_before, record.at), (Some(end), NOW));
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(lesson.record(NOW).not_before, None);
    }

    #[test]
    fn gaps_of_a_store_that_somebody_else_wrote_are_bounded() {
        let record = HostRecord {
            name: "https://shop.example".to_owned(),
            gap_ms: Some(u64::MAX),
            refused_gap_ms: Some(u64::MAX),
            not_before: None,
            n_failures: 0,
            at: NOW,
        };
        let learned = learned(&record, NOW).unwrap();
        assert_eq!(learned.gap, LONGEST_GAP);
        assert_eq!(learned.refused_gap, Some(LONGEST_GAP));
    }
}
