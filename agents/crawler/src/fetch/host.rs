//! What is known of a host while the process runs: its rate, its pauses, its failures, its robots.txt.

use std::time::Duration;

use catalog::{HostRecord, UnixMs};
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use super::FetchError;
use super::breaker::{Breaker, Failure};
use super::ceiling::Ceiling;
use super::error::Rest;
use super::lesson::{Lesson, Pause, Stored, is_recent, learned};
use super::platform::OwnLimit;
use super::rate::Rate;
use super::robots::Known;

/// The longest pause that is remembered, whatever a host asks for.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);

/// Of a pause that an earlier request of this process met, what a new one waits for; a longer one it fails with, since
/// that one has waited as long as a request may.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// From here on a gap that was learned is worth a word, and a wait for a pause that an earlier request met.
const NOTICEABLE: Duration = Duration::from_secs(2);

/// A host that was left alone for so long has no reason of its own to refuse the next request.
const GENTLE: Duration = Duration::from_secs(10);

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
    /// The time from the request before the last one to that.
    interval: Duration,
    pause: Option<Pause>,
    /// Whether the pause is waited for however long it is: a request of an earlier process would have, had it lived, or it came
    /// with an answer that counts, and not with a refusal.
    is_waited_for: bool,
    rate: Rate,
    n_answers: u32,
    breaker: Breaker,
    stored: Stored,
    is_slowness_told: bool,
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
            interval: Duration::MAX,
            pause: None,
            is_waited_for: false,
            rate: Rate::default(),
            n_answers: 0,
            breaker: Breaker::default(),
            stored: Stored::default(),
            is_slowness_told: false,
        };
        Self {
            turn: Mutex::new(turn),
            robots: Mutex::default(),
        }
    }

    /// Returns whether the host is left alone since it failed so often; one that is being asked is not.
    pub(super) fn is_left_alone(&self) -> bool {
        let turn = self.turn.try_lock();
        turn.is_ok_and(|turn| turn.breaker.left(turn.now()).is_some())
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
    /// waited for. So is one that an earlier process was waiting for when it ended, and one behind an answer that counts, up to
    /// `longest_pause`: neither is a reason to give up.
    pub(super) fn admit(&self, url: &Url, longest_pause: Duration) -> Result<(), FetchError> {
        let pause = self.pause_left();
        let longest = match self.is_waited_for {
            true => longest_pause,
            false => longest_pause.min(LONGEST_WAIT),
        };
        let (left, why) = match self.breaker.left(self.now()) {
            Some((left, failure)) => (left.max(pause), Rest::Failing(failure)),
            None if pause > longest => (pause, self.why_paused()),
            None => return Ok(()),
        };
        Err(FetchError::LeftAlone {
            url: url.to_string(),
            left,
            why,
        })
    }

    /// Returns who wanted the pause. Of the rest of a host that kept failing, an earlier process only left how often it did.
    fn why_paused(&self) -> Rest {
        match (self.breaker.is_probing(), self.rate.was_refused()) {
            (false, _) => Rest::Asked,
            (true, true) => Rest::Failing(Failure::Refused),
            (true, false) => Rest::Failing(Failure::ServerError),
        }
    }

    /// Returns how long the next request waits for a pause, where that is long enough to wonder about.
    pub(super) fn long_wait(&self) -> Option<Duration> {
        Some(self.pause_left()).filter(|left| *left >= NOTICEABLE)
    }

    /// Returns the learned gap once it is noticeable, and whether an earlier run learned it: the first time only.
    pub(super) fn slowness_to_tell(&mut self) -> Option<(Duration, bool)> {
        let gap = self.rate.gap();
        let is_to_tell = gap >= NOTICEABLE && !self.is_slowness_told;
        self.is_slowness_told |= is_to_tell;
        is_to_tell.then_some((gap, self.rate.is_resumed()))
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
    /// ceiling. The gap counts from the last request, or from when others may have sent theirs.
    ///
    /// Cancel-safe: nothing is taken before the last wait is over.
    pub(super) async fn wait(&self, gap: Duration, others_sent_at: Option<Instant>) {
        if let Some(pause) = self.pause {
            tokio::time::sleep_until(pause.until).await;
        }
        let gap = gap.max(self.rate.gap());
        // Even a sleep of no time waits for the timer's next tick.
        let last_sent = self.last_sent.max(others_sent_at);
        if let Some(last_sent) = last_sent.filter(|_| !gap.is_zero()) {
            tokio::time::sleep_until(last_sent + gap).await;
        }
        self.ceiling.wait(|| 0).await;
    }

    /// Notes that a request leaves, and returns whether it is a gentle one: no reason for the host itself to refuse.
    pub(super) fn leaves(&mut self) -> bool {
        self.is_waited_for = false;
        let last_sent = self.last_sent.replace(Instant::now());
        self.interval = last_sent.map_or(Duration::MAX, |it| it.elapsed());
        // One that was refused in an earlier run may still be at its limit.
        let is_new = self.rate.gap().is_zero();
        last_sent.map_or(is_new, |it| it.elapsed() >= GENTLE)
    }

    /// Returns whether a limit of the host's own may be why it refused the last request.
    pub(super) fn own_limit(&self) -> OwnLimit {
        if self.rate.has_shown_its_limit() && self.interval <= self.rate.gap() * 2 {
            return OwnLimit::Is;
        }
        match self.rate.is_unmeasured(self.now()) {
            true => OwnLimit::IsNot,
            false => OwnLimit::MayBe,
        }
    }

    /// Returns whether the host has answered more than a request for robots.txt.
    pub(super) const fn has_given_pages(&self) -> bool {
        self.n_answers > 1
    }

    /// Does as [`Self::pause`] behind an answer that counts, as where a closed list asks for one.
    pub(super) fn pause_behind_answer(&mut self, pause: Duration) {
        self.pause(pause);
        self.is_waited_for = true;
    }

    /// Sends nothing to this host for `pause`, or an hour where that is shorter.
    pub(super) fn pause(&mut self, pause: Duration) {
        self.rest(Pause::of(pause.min(LONGEST_PAUSE)));
    }

    fn rest(&mut self, pause: Pause) {
        if self.pause.is_none_or(|earlier| earlier.until < pause.until) {
            self.pause = Some(pause);
        }
    }

    /// Learns from a request. Refusals slow the host's requests down to at most one in `least_gap`.
    pub(super) fn learn(&mut self, met: Met<'_>, least_gap: Duration) -> Option<Duration> {
        let now = self.now();
        match met {
            Met::Answer { latency, kind } => {
                self.rate.answered(now, latency, kind);
                self.n_answers = self.n_answers.saturating_add(1);
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
        if self.stored.record.is_none()
            && !self.rate.was_refused()
            && self.breaker.n_failures() == 0
        {
            let is_recent = is_recent(record, now);
            if let Some(learned) = learned(record, now) {
                self.rate = Rate::resumed(learned);
            }
            self.breaker = Breaker::resumed(if is_recent { record.n_failures } else { 0 });
        }
        if let Some(until) = record.not_before {
            let left = between(now, until).min(LONGEST_PAUSE);
            // What this fetcher stored itself comes back a little longer than it is: its clock went on meanwhile.
            if left > self.pause_left() + Duration::from_secs(1) {
                // The longest one was cut: too long for whoever met it, as is the rest of a host that keeps failing.
                let was_too_long = between(record.at, until) >= LONGEST_PAUSE;
                let is_failing = Breaker::resumed(record.n_failures).is_probing();
                self.is_waited_for = !was_too_long && !is_failing;
                self.rest(Pause::left_over(between(record.at, now), left));
            }
        }
        self.stored.record = Some(record.clone());
    }

    /// Returns what the host taught until now, for whoever stores it at once.
    pub(super) fn lesson_to_keep(&mut self, name: String) -> Lesson {
        self.stored.is_outdated = true;
        self.lesson(name)
    }

    /// Returns what the store should know of the host, where that is another thing than it knows.
    pub(super) fn take_record(&mut self, name: String, now: UnixMs) -> Option<HostRecord> {
        let record = self.lesson(name).record(now);
        self.stored.take(record, now)
    }

    fn lesson(&self, name: String) -> Lesson {
        let learned = self.rate.learned(self.now());
        Lesson {
            name,
            gap: learned.map(|it| it.gap),
            refused_gap: learned.and_then(|it| it.refused_gap),
            pause: self.kept_pause(),
            n_failures: self.breaker.n_failures(),
        }
    }

    /// Returns the pause that another process has to keep too. That nobody answers may be this machine's own fault,
    /// so it is tried again.
    fn kept_pause(&self) -> Option<Pause> {
        let broken = self.breaker.left(self.now());
        let broken = broken.filter(|(_, failure)| *failure != Failure::Unreachable);
        let left = broken.map_or(Duration::ZERO, |(left, _)| left);
        let asked = self.pause.filter(|pause| pause.left() >= left);
        let longest = asked.unwrap_or_else(|| Pause::of(left));
        (!longest.left().is_zero()).then_some(longest)
    }

    fn pause_left(&self) -> Duration {
        self.pause.map_or(Duration::ZERO, Pause::left)
    }

    fn now(&self) -> Duration {
        self.born.elapsed()
    }
}

/// Returns the time from one moment to a later one; zero where it is none.
fn between(one: UnixMs, later: UnixMs) -> Duration {
    let ms = later.ms().saturating_sub(one.ms());
    Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs::new(1_800_000_000_000);

    #[tokio::test(start_paused = true)]
    async fn a_pause_is_waited_for_longer_only_if_another_process_met_it() {
        let url = Url::parse("https://shop.example/").unwrap();
        let hour = Duration::from_secs(3_600);
        let host = Host::new(None);
        let mut turn = host.turn.lock().await;
        turn.pause(Duration::from_secs(1_800));
        let record = turn.take_record("https://shop.example".to_owned(), NOW);
        let record = record.unwrap();
        turn.remember(&record, NOW);
        assert!(turn.admit(&url, hour).is_err());
        let other = Host::new(None);
        let mut other = other.turn.lock().await;
        other.remember(&record, NOW);
        assert!(other.admit(&url, hour).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_rest_that_an_earlier_process_left_was_not_asked_for() {
        let url = Url::parse("https://shop.example/").unwrap();
        for (gap_ms, failure) in [
            (None, Failure::ServerError),
            (Some(1_000), Failure::Refused),
        ] {
            let record = HostRecord {
                name: "https://shop.example".to_owned(),
                gap_ms,
                refused_gap_ms: gap_ms,
                not_before: Some(UnixMs::new(NOW.ms() + 120_000)),
                n_failures: 10,
                at: NOW,
            };
            let host = Host::new(None);
            let mut turn = host.turn.lock().await;
            turn.remember(&record, NOW);
            let error = turn.admit(&url, Duration::from_secs(3_600)).unwrap_err();
            let FetchError::LeftAlone { why, .. } = error else {
                panic!("{error}");
            };
            assert_eq!(why, Rest::Failing(failure));
        }
    }
}
