//! What is known of a host while the process runs: its rate, its pauses, its failures, its robots.txt.

use std::time::Duration;

use catalog::{HostRecord, UnixMs};
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use super::FetchError;
use super::breaker::{Breaker, Failure};
use super::error::Rest;
use super::limits::Ceiling;
use super::rate::{Learned, Rate};
use super::robots::Known;

/// The longest pause that is remembered, whatever a host asks for.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);

/// Of a pause that an earlier request met, what a new one waits for; a longer one it fails with.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// A host that was left alone for so long has no reason of its own to refuse the next request.
const GENTLE: Duration = Duration::from_secs(10);

/// What a host bore longer ago than this says nothing of today.
const MAX_AGE_MS: i64 = 7 * 24 * 3_600_000;

/// One host. Its two locks are what keeps it to one request at a time.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) turn: Mutex<Turn>,
    pub(super) robots: Mutex<Known>,
}

/// The right to send to a host, held for one request and its further tries.
#[derive(Debug)]
pub(super) struct Turn {
    ceiling: Ceiling,
    born: Instant,
    last_sent: Option<Instant>,
    not_before: Option<Instant>,
    rate: Rate,
    breaker: Breaker,
    /// What the store knows of the host.
    stored: Option<HostRecord>,
}

/// What became of a request, as far as it says something of its host.
#[derive(Debug, Clone, Copy)]
pub(super) enum Met<'a> {
    /// An answer, whose headers took so long; such of one kind can be compared.
    Answer { latency: Duration, kind: &'a str },
    /// 429, 430 or 503: too many requests, or for a while any at all. The pause is the host's or ours.
    Refusal { failure: Failure, pause: Duration },
    /// Anything else that failed.
    Failure(Failure),
    /// Nothing: it was not the host's doing.
    Nothing,
}

impl Host {
    pub(super) fn new(requests_per_second: Option<f64>) -> Self {
        let turn = Turn {
            ceiling: Ceiling::new(requests_per_second),
            born: Instant::now(),
            last_sent: None,
            not_before: None,
            rate: Rate::default(),
            breaker: Breaker::default(),
            stored: None,
        };
        Self {
            turn: Mutex::new(turn),
            robots: Mutex::default(),
        }
    }

    /// Returns whether nothing is lost when the host is forgotten: no pause, and nobody is at it.
    pub(super) fn owes_nothing(&self) -> bool {
        let turn = self.turn.try_lock();
        turn.is_ok_and(|turn| {
            turn.pause_left().is_zero() && turn.breaker.left(turn.now()).is_none()
        })
    }
}

impl Turn {
    /// Lets a request begin, or says for how long the host is left alone. Short pauses are let through: they are
    /// waited for.
    pub(super) fn admit(&self, url: &Url) -> Result<(), FetchError> {
        let pause = self.pause_left();
        let (left, why) = match self.breaker.left(self.now()) {
            Some((left, failure)) => (left.max(pause), Rest::Failing(failure)),
            None if pause > LONGEST_WAIT => (pause, Rest::Asked),
            None => return Ok(()),
        };
        Err(FetchError::LeftAlone {
            url: url.to_string(),
            left,
            why,
        })
    }

    /// Returns whether the request is not to be repeated, since the host failed so often that it is only a probe.
    pub(super) const fn is_probe(&self) -> bool {
        self.breaker.is_probing()
    }

    /// Returns the time between two requests that the host's answers taught: the one that is kept now, and the one
    /// that it bears for ever. Both are zero while nothing limits them.
    pub(super) fn learned_gaps(&self) -> (Duration, Duration) {
        let gap = self.rate.gap();
        let lasting = self.rate.learned(self.now()).map_or(gap, |it| it.gap);
        (gap, lasting)
    }

    /// Waits until the host may be asked again: its pause, the `gap` that is asked for or the learned one, then its
    /// ceiling.
    ///
    /// Cancel-safe: nothing is taken before the last wait is over.
    pub(super) async fn wait(&self, gap: Duration) {
        if let Some(not_before) = self.not_before {
            tokio::time::sleep_until(not_before).await;
        }
        let gap = gap.max(self.rate.gap());
        // Even a sleep of no time waits for the timer's next tick.
        if let Some(last_sent) = self.last_sent.filter(|_| !gap.is_zero()) {
            tokio::time::sleep_until(last_sent + gap).await;
        }
        self.ceiling.wait().await;
    }

    /// Notes that a request leaves, and returns whether it is a gentle one: no reason for the host itself to refuse.
    pub(super) fn leaves(&mut self) -> bool {
        let last_sent = self.last_sent.replace(Instant::now());
        // One that was refused in an earlier run may still be at its limit.
        let is_new = self.rate.gap().is_zero();
        last_sent.map_or(is_new, |it| it.elapsed() >= GENTLE)
    }

    /// Sends nothing to this host for `pause`, or an hour where that is shorter.
    pub(super) fn pause(&mut self, pause: Duration) {
        let until = Instant::now() + pause.min(LONGEST_PAUSE);
        self.not_before = self.not_before.max(Some(until));
    }

    /// Learns from a request. Refusals slow the host's requests down to at most one in `least_gap`.
    pub(super) fn learn(&mut self, met: Met<'_>, least_gap: Duration) -> Option<Duration> {
        let now = self.now();
        match met {
            Met::Answer { latency, kind } => {
                self.rate.answered(now, latency, kind);
                self.breaker.answered();
                None
            }
            Met::Refusal { failure, pause } => {
                match failure {
                    Failure::Refused => self.rate.refused(now, pause, least_gap),
                    _ => self.rate.was_out(now, pause, least_gap),
                }
                self.breaker.failed(failure, now)
            }
            Met::Failure(failure) => self.breaker.failed(failure, now),
            Met::Nothing => None,
        }
    }

    /// Takes over what an earlier run learned, unless this one learned something itself.
    pub(super) fn remember(&mut self, record: &HostRecord, now: UnixMs) {
        if self.stored.is_none() && !self.rate.was_refused() && self.breaker.n_failures() == 0 {
            let is_recent = now.ms() - record.at.ms() <= MAX_AGE_MS;
            if let Some(gap_ms) = record.gap_ms.filter(|_| is_recent) {
                self.rate = Rate::resumed(Learned {
                    gap: Duration::from_millis(gap_ms),
                    refused_gap: record.refused_gap_ms.map(Duration::from_millis),
                });
            }
            self.breaker = Breaker::resumed(if is_recent { record.n_failures } else { 0 });
        }
        let left_ms = record.not_before.map_or(0, |it| it.ms() - now.ms());
        if let Ok(left_ms @ 1..) = u64::try_from(left_ms) {
            self.pause(Duration::from_millis(left_ms));
        }
        self.stored = Some(record.clone());
    }

    /// Returns what the store should know of the host, where that is another thing than it knows.
    pub(super) fn take_record(&mut self, name: &str, now: UnixMs) -> Option<HostRecord> {
        let learned = self.rate.learned(self.now());
        let record = HostRecord {
            name: name.to_owned(),
            gap_ms: learned.map(|it| millis(it.gap)),
            refused_gap_ms: learned.and_then(|it| it.refused_gap).map(millis),
            not_before: self.kept_pause().map(|left| later(now, left)),
            n_failures: self.breaker.n_failures(),
            at: now,
        };
        let differs = match &self.stored {
            None => record.gap_ms.is_some() || record.n_failures > 0 || record.not_before.is_some(),
            Some(stored) => !says_the_same(stored, &record, now),
        };
        if !differs {
            return None;
        }
        self.stored = Some(record.clone());
        Some(record)
    }

    /// Returns the pause that another process has to keep too. That nobody answers may be this machine's own fault,
    /// so it is tried again.
    fn kept_pause(&self) -> Option<Duration> {
        let broken = self.breaker.left(self.now());
        let broken = broken.filter(|(_, failure)| *failure != Failure::Unreachable);
        let left = self
            .pause_left()
            .max(broken.map_or(Duration::ZERO, |(left, _)| left));
        (!left.is_zero()).then_some(left)
    }

    fn pause_left(&self) -> Duration {
        self.not_before.map_or(Duration::ZERO, |it| {
            it.saturating_duration_since(Instant::now())
        })
    }

    fn now(&self) -> Duration {
        self.born.elapsed()
    }
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
pub(super) fn later(now: UnixMs, time: Duration) -> UnixMs {
    let ms = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    UnixMs::new(now.ms().saturating_add(ms).saturating_add(1))
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX)
}
