//! How one piece of work spaces its requests, and how long the hosts that it asked must rest behind it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use catalog::Traffic;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use url::Url;

use super::errands::{Errands, Runner};
use super::landing::Landing;
use super::lesson::Lesson;
use super::{FetchError, Response};

/// Hosts that one piece of work keeps in mind: a shop has two or three, and redirects may lead to any number.
const MAX_HOSTS: usize = 16;

/// The pace of one piece of work: a gap of its own, and what its requests came to so far.
///
/// It can only be slower than the fetcher that it is given to.
#[derive(Debug, Default)]
pub struct Pace {
    gap: Duration,
    rests: Mutex<Rests>,
    has_slowed: Notify,
    n_requests: AtomicU64,
    n_refusals: AtomicU64,
    n_retries: AtomicU64,
    n_not_modified: AtomicU64,
    n_bytes: AtomicU64,
    /// One URL of each host that was asked.
    hosts: Mutex<Vec<Url>>,
    errands: Errands,
    landing: Landing,
    /// For the answer that came last, if it is a large one.
    room: Mutex<Option<OwnedSemaphorePermit>>,
}

/// What the hosts that were asked are owed.
#[derive(Debug, Default, Clone, Copy)]
struct Rests {
    /// The longest gap behind a request so far.
    slowest: Duration,
    gap_until: Option<Instant>,
    /// The end of the pause that one of them asked for.
    pause_until: Option<Instant>,
    /// The gap that the host asked last bears for ever, as far as its answers taught; zero where none is needed.
    learned: Duration,
    /// A `Crawl-delay` that is longer than what is kept of it.
    cut_delay: Option<CutDelay>,
    /// The bytes of a robots.txt that is longer than what counts of it.
    cut_robots: Option<u64>,
    /// The longest pause that an earlier request met and a new one waits for; `None` for any.
    longest_wait: Option<Duration>,
    /// All pauses that were asked for behind answers that count.
    paused_behind_answers: Duration,
    has_lost_patience: bool,
    /// When the last request of another process may have left, which died before its hosts had rested.
    others_sent_at: Option<Instant>,
}

/// A `Crawl-delay` of robots.txt that is too long to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CutDelay {
    /// The delay that robots.txt asks for.
    pub asked: Duration,
    /// The delay that is kept.
    pub kept: Duration,
}

impl Pace {
    /// Returns a pace with at least `gap` between two requests to a host.
    pub fn new(gap: Duration) -> Self {
        Self {
            gap,
            ..Self::default()
        }
    }

    /// Returns how long the hosts that were asked are to be left alone from now on, by whomever.
    ///
    /// This is the gap of each, counted from the end of its last answer so that it holds for another machine too,
    /// and of the pause that one of them asked for, as much as `max_pause`.
    pub fn rest(&self, max_pause: Duration) -> Duration {
        let rests = *self.lock();
        let left = |until: Option<Instant>| {
            until.map_or(Duration::ZERO, |until| {
                until.saturating_duration_since(Instant::now())
            })
        };
        left(rests.gap_until).max(left(rests.pause_until).min(max_pause))
    }

    /// Returns the longest gap that a request needed behind it so far, or will need.
    pub(crate) fn slowest(&self) -> Duration {
        self.lock().slowest.max(self.gap)
    }

    /// Returns once a request needs a longer gap than `gap` behind it. Cancel-safe.
    pub(crate) async fn slower_than(&self, gap: Duration) {
        while self.slowest() <= gap {
            self.has_slowed.notified().await;
        }
    }

    /// Returns the one who runs the errands of this work from now on, for as long as it is there.
    pub(crate) fn run_errands(&self) -> Runner<'_> {
        self.errands.run()
    }

    /// Returns once it is known what is stored of the host of `url`. Cancel-safe.
    pub(super) async fn recall(&self, url: &Url) {
        self.errands.recall(url).await;
    }

    /// Has what a host taught stored at once.
    pub(super) fn keep(&self, lesson: Lesson) {
        self.errands.keep(lesson);
    }

    /// Lets no request leave any more, and returns once what the last one brought is done with, or `longest` later.
    /// Cancel-safe.
    pub(crate) async fn land(&self, longest: Duration) {
        self.landing.land(longest).await;
    }

    /// Notes that what the last request brought is done with. Never returns once the work is to land. Cancel-safe.
    pub(super) async fn has_come_back(&self) {
        drop(self.lock_room().take());
        self.landing.has_come_back().await;
    }

    /// Waits for room for an answer, until what it brings is done with.
    ///
    /// Cancel-safe. Who has room waits for no other answer, so that nobody waits for ever.
    pub(super) async fn take_room(&self, room: &Arc<Semaphore>) {
        let taken = Arc::clone(room).acquire_owned().await;
        *self.lock_room() = taken.ok();
    }

    pub(super) fn has_room(&self) -> bool {
        self.lock_room().is_some()
    }

    /// Returns the number of requests that were sent.
    pub fn n_requests(&self) -> u64 {
        self.n_requests.load(Ordering::Relaxed)
    }

    /// Returns how often the answer was 429 or 430.
    pub fn n_refusals(&self) -> u64 {
        self.n_refusals.load(Ordering::Relaxed)
    }

    /// Returns what the hosts were asked so far.
    pub fn traffic(&self) -> Traffic {
        let count = |of: &AtomicU64| of.load(Ordering::Relaxed);
        let Rests {
            learned,
            cut_delay,
            cut_robots,
            ..
        } = *self.lock();
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Traffic {
            requests: self.n_requests(),
            refusals: self.n_refusals(),
            retries: count(&self.n_retries),
            not_modified: count(&self.n_not_modified),
            bytes: count(&self.n_bytes),
            gap_ms: (!learned.is_zero()).then(|| millis(learned)),
            asked_gap_ms: cut_delay.map(|cut| millis(cut.asked)),
            robots_bytes: cut_robots,
        }
    }

    /// Returns the longest `Crawl-delay` that was met and is too long to be kept; `None` where all are.
    pub fn cut_delay(&self) -> Option<CutDelay> {
        self.lock().cut_delay
    }

    /// Fails requests to hosts that rest for longer than `longest`, for work that has no more time.
    pub(crate) fn wait_at_most(&self, longest: Duration) {
        let mut rests = self.lock();
        rests.longest_wait = Some(rests.longest_wait.map_or(longest, |it| it.min(longest)));
    }

    /// Has the first request to each host wait for its gap from now on: the owner who died may just have sent one.
    pub(crate) fn follows_a_dead_owner(&self) {
        self.lock().others_sent_at = Some(Instant::now());
    }

    pub(super) fn others_sent_at(&self) -> Option<Instant> {
        self.lock().others_sent_at
    }

    pub(super) fn longest_wait(&self) -> Duration {
        self.lock().longest_wait.unwrap_or(Duration::MAX)
    }

    /// Notes a pause behind an answer that counts. Once all of these are longer than `longest`, none is waited for.
    pub(super) fn pauses_behind_answer(&self, pause: Duration, longest: Duration) {
        let mut rests = self.lock();
        rests.paused_behind_answers = rests.paused_behind_answers.saturating_add(pause);
        if rests.paused_behind_answers > longest {
            rests.longest_wait = Some(Duration::ZERO);
            rests.has_lost_patience = true;
        }
    }

    /// Returns whether the pauses behind answers were too long.
    pub(super) fn has_lost_patience(&self) -> bool {
        self.lock().has_lost_patience
    }

    pub(super) const fn gap(&self) -> Duration {
        self.gap
    }

    /// Returns the roots of the hosts that were asked or were to be, in the order of the first time.
    pub(crate) fn hosts(&self) -> Vec<Url> {
        self.lock_hosts().clone()
    }

    /// Notes that the host of `url` is to be asked.
    pub(super) fn asks(&self, url: &Url) {
        let mut hosts = self.lock_hosts();
        let is_known = hosts.iter().any(|it| it.origin() == url.origin());
        if !is_known
            && hosts.len() < MAX_HOSTS
            && let Ok(root) = url.join("/")
        {
            hosts.push(root);
        }
    }

    /// Counts a request that is about to leave to a host that is left alone for `rest` behind it.
    pub(super) fn sent(&self, rest: Duration, is_retry: bool) -> Sent<'_> {
        self.landing.leaves();
        self.n_requests.fetch_add(1, Ordering::Relaxed);
        self.n_retries.fetch_add(is_retry.into(), Ordering::Relaxed);
        let mut rests = self.lock();
        if rest > rests.slowest {
            rests.slowest = rest;
            self.has_slowed.notify_one();
        }
        drop(rests);
        Sent { pace: self, rest }
    }

    /// Notes the gap that the host asked last bears for ever; zero where none is needed.
    pub(super) fn learned(&self, gap: Duration) {
        self.lock().learned = gap;
    }

    /// Notes a `Crawl-delay` that is cut.
    pub(super) fn cut(&self, delay: CutDelay) {
        let mut rests = self.lock();
        if rests
            .cut_delay
            .is_none_or(|earlier| earlier.asked < delay.asked)
        {
            rests.cut_delay = Some(delay);
        }
    }

    /// Notes a robots.txt of which not all of its `n_bytes` count.
    pub(super) fn cut_robots(&self, n_bytes: usize) {
        let mut rests = self.lock();
        rests.cut_robots = rests.cut_robots.max(u64::try_from(n_bytes).ok());
    }

    /// Notes a pause that a host asked for.
    pub(super) fn pause(&self, pause: Duration) {
        let until = Instant::now() + pause;
        let mut rests = self.lock();
        rests.pause_until = rests.pause_until.max(Some(until));
    }

    fn answered(&self, gap: Duration) {
        let until = Instant::now() + gap;
        let mut rests = self.lock();
        rests.gap_until = rests.gap_until.max(Some(until));
    }

    fn lock_room(&self) -> MutexGuard<'_, Option<OwnedSemaphorePermit>> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_hosts(&self) -> MutexGuard<'_, Vec<Url>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Rests> {
        self.rests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request on its way. The rest begins when it is over: answered, or dropped.
#[derive(Debug)]
pub(super) struct Sent<'a> {
    pace: &'a Pace,
    rest: Duration,
}

impl Sent<'_> {
    pub(super) fn answered(self, result: &Result<Response, FetchError>) {
        let Ok(response) = result else {
            return;
        };
        let pace = self.pace;
        pace.n_bytes
            .fetch_add(response.wire_bytes, Ordering::Relaxed);
        match response.status {
            304 => pace.n_not_modified.fetch_add(1, Ordering::Relaxed),
            429 | 430 => pace.n_refusals.fetch_add(1, Ordering::Relaxed),
            _ => 0,
        };
    }
}

impl Drop for Sent<'_> {
    fn drop(&mut self) {
        self.pace.answered(self.rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[tokio::test]
    async fn who_has_room_for_an_answer_gives_it_back_before_the_next_one() {
        let room = Arc::new(Semaphore::new(1));
        let (one, other) = (Pace::default(), Pace::default());
        one.take_room(&room).await;
        let mut waiting = Box::pin(other.take_room(&room));
        assert!(futures_util::poll!(waiting.as_mut()).is_pending());
        one.has_come_back().await;
        waiting.await;
        assert_eq!(room.available_permits(), 0);
        drop(other);
        assert_eq!(room.available_permits(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_rest_has_the_whole_gap_and_of_a_pause_no_more_than_is_kept() {
        let pace = Pace::default();
        assert_eq!(pace.rest(s(60)), s(0));
        drop(pace.sent(s(300), false));
        pace.pause(s(3_600));
        assert_eq!((pace.rest(s(60)), pace.rest(s(900))), (s(300), s(900)));
        tokio::time::advance(s(290)).await;
        assert_eq!(pace.rest(s(60)), s(60));
        assert_eq!(pace.rest(s(0)), s(10));
    }
}
