//! What all requests of a process share: the ceilings of their platform and of the process, and the platform's breaker.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use catalog::{HostRecord, UnixMs};
use tokio::sync::Notify;
use tokio::time::Instant;
use url::Url;

use super::FetchError;
use super::breaker::{PlatformBreaker, Told, Way};
use super::ceiling::Ceiling;
use super::error::Rest;
use super::lesson::{Lesson, Pause, Stored, is_recent, learned};
use super::platform::{OwnLimit, PlatformRate, Refusal};

/// The platform of every shop that is crawled so far. A second one needs a [`Shared`] of its own.
pub(crate) const PLATFORM: &str = "platform:shopify";

/// The longest wait for a platform that rests, and for its probe; a request that would wait longer fails.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// From here on a gap of all shops that an earlier run learned is worth a word.
const NOTICEABLE: Duration = Duration::from_millis(200);

/// How often it is counted again who shares a budget; more often at first, since others may begin at the same moment.
const COUNTED_AGAIN_AFTER: Duration = Duration::from_secs(5);
const COUNTED_SOON_AFTER: Duration = Duration::from_secs(1);
const AT_FIRST: Duration = Duration::from_secs(10);

/// More other processes than these are not believed.
const MOST_OTHERS: u32 = 999;

/// What the requests to all shops of the platform share, since it counts the address that they come from.
#[derive(Debug)]
pub(super) struct Shared {
    platform: Ceiling,
    total: Ceiling,
    rate: Mutex<PlatformRate>,
    /// When the last request left at that rate. Those that wait go in the order in which they came.
    last_sent: tokio::sync::Mutex<Option<Instant>>,
    breaker: Mutex<PlatformBreaker>,
    stored: Mutex<Stored>,
    has_changed: Notify,
    born: Instant,
    /// When it was counted first and last who else leaves by this address.
    counted_at: tokio::sync::Mutex<Option<[Instant; 2]>>,
}

impl Shared {
    /// Returns the shared limits with ceilings of so many requests per second.
    pub(super) fn new(platform: Option<f64>, total: Option<f64>) -> Self {
        Self {
            platform: Ceiling::new(platform),
            total: Ceiling::new(total),
            rate: Mutex::default(),
            last_sent: tokio::sync::Mutex::default(),
            breaker: Mutex::default(),
            stored: Mutex::default(),
            has_changed: Notify::new(),
            born: Instant::now(),
            counted_at: tokio::sync::Mutex::default(),
        }
    }

    /// Leaves the other processes their part of the ceilings and of what the platform bears: as many as `count` says.
    ///
    /// It is asked where nobody did in the last seconds; who comes meanwhile waits for its answer.
    pub(super) async fn share<E>(
        &self,
        count: impl Future<Output = Result<u32, E>>,
    ) -> Result<(), E> {
        let mut counted_at = self.counted_at.lock().await;
        let is_due = counted_at.is_none_or(|[first, last]| {
            let is_first_time = last - first < AT_FIRST;
            last.elapsed()
                >= match is_first_time {
                    true => COUNTED_SOON_AFTER,
                    false => COUNTED_AGAIN_AFTER,
                }
        });
        if is_due {
            let n_others = count.await?.min(MOST_OTHERS);
            if self.rate().share(n_others) != n_others {
                tracing::info!(
                    platform = PLATFORM,
                    "other processes that crawl with this store: {n_others}; each takes an equal part of what all may ask",
                );
            }
            let now = Instant::now();
            *counted_at = Some([counted_at.map_or(now, |[first, _]| first), now]);
        }
        Ok(())
    }

    fn n_others(&self) -> u32 {
        self.rate().n_others()
    }

    /// Waits until a request to `url` may leave, which its own host has to allow before: who waits for a host holds
    /// no place here.
    ///
    /// Cancel-safe: a probe that is dropped lets another one go.
    pub(super) async fn pass(&self, url: &Url) -> Result<Pass<'_>, FetchError> {
        loop {
            let changed = self.has_changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let way = self.breaker().ask(url.authority(), self.born.elapsed());
            let wait = match way {
                Way::Free | Way::Probe => {
                    let mut pass = Pass {
                        shared: self,
                        is_probe: way == Way::Probe,
                        is_paced: false,
                        sent: Duration::ZERO,
                    };
                    self.platform.wait(|| self.n_others()).await;
                    if !pass.is_probe {
                        pass.is_paced = self.keep_pace().await;
                    }
                    self.total.wait(|| self.n_others()).await;
                    pass.sent = self.born.elapsed();
                    if pass.is_probe || self.breaker().is_closed() {
                        return Ok(pass);
                    }
                    continue;
                }
                Way::Closed(left) if left > LONGEST_WAIT => return Err(left_alone(url, left)),
                Way::Closed(left) => left,
                Way::Probing => LONGEST_WAIT,
            };
            let waited = tokio::time::timeout(wait, changed).await;
            if way == Way::Probing && waited.is_err() {
                return Err(left_alone(url, LONGEST_WAIT));
            }
        }
    }

    /// Waits for a turn at the rate that the platform bears, and returns whether there was a wait; no turn is taken of a
    /// platform that rests. Cancel-safe.
    async fn keep_pace(&self) -> bool {
        let mut last_sent = self.last_sent.lock().await;
        let mut has_waited = false;
        // A refusal may make the gap longer meanwhile.
        while self.breaker().is_closed()
            && let Some(due) = last_sent.map(|it| it + self.rate().gap())
            && due > Instant::now()
        {
            tokio::time::sleep_until(due).await;
            has_waited = true;
        }
        if self.breaker().is_closed() {
            *last_sent = Some(Instant::now());
        }
        has_waited
    }

    /// Returns what the platform taught until now, for whoever stores it at once.
    pub(super) fn lesson_to_keep(&self) -> Lesson {
        self.stored().is_outdated = true;
        self.lesson()
    }

    /// Returns what the store should know of the platform, where that is another thing than it knows.
    pub(super) fn take_record(&self, now: UnixMs) -> Option<HostRecord> {
        let record = self.lesson().record(now);
        self.stored().take(record, now)
    }

    /// Takes over what an earlier run learned: a rest in any case, how many there were in a row before the first request,
    /// and a rate unless this one learned one itself.
    pub(super) fn remember(&self, record: &HostRecord, now: UnixMs) {
        let left_ms = record.not_before.map_or(0, |it| it.ms() - now.ms());
        let left_ms = u64::try_from(left_ms).unwrap_or_default();
        // What came behind a rest that is over is known here better than there.
        let is_news = left_ms > 0 || (self.stored().record.is_none() && is_recent(record, now));
        if is_news {
            let n_rests = record.n_failures.max(u32::from(left_ms > 0));
            let left = Duration::from_millis(left_ms);
            self.breaker().reopen(n_rests, left, self.born.elapsed());
        }
        if let Some(learned) = learned(record, now) {
            let is_news = self.rate().gap().is_zero();
            self.rate().remember(learned);
            if is_news && learned.gap >= NOTICEABLE {
                tracing::info!(
                    platform = PLATFORM,
                    gap_ms = learned.gap.as_millis() as u64,
                    "asking all shops of one platform together once in {:.2} s, as an earlier crawl learned",
                    learned.gap.as_secs_f64(),
                );
            }
        }
        self.stored().record = Some(record.clone());
    }

    fn lesson(&self) -> Lesson {
        let now = self.born.elapsed();
        let (left, n_rests) = {
            let breaker = self.breaker();
            (breaker.left(now), breaker.n_rests())
        };
        let learned = self.rate().learned(now);
        Lesson {
            name: PLATFORM.to_owned(),
            gap: learned.map(|it| it.gap),
            refused_gap: learned.and_then(|it| it.refused_gap),
            pause: (!left.is_zero()).then(|| Pause::of(left)),
            n_failures: n_rests,
        }
    }

    /// Returns whether the platform has shown a limit.
    pub(super) fn has_limit(&self) -> bool {
        !self.rate().gap().is_zero()
    }

    /// Returns whether the platform is left alone now.
    pub(super) fn is_left_alone(&self) -> bool {
        !self.breaker().left(self.born.elapsed()).is_zero()
    }

    fn stored(&self) -> MutexGuard<'_, Stored> {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rate(&self) -> MutexGuard<'_, PlatformRate> {
        self.rate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn breaker(&self) -> MutexGuard<'_, PlatformBreaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn left_alone(url: &Url, left: Duration) -> FetchError {
    FetchError::LeftAlone {
        url: url.to_string(),
        left,
        why: Rest::Platform,
    }
}

/// The right of one request to leave to the platform.
#[derive(Debug)]
pub(super) struct Pass<'a> {
    shared: &'a Shared,
    is_probe: bool,
    is_paced: bool,
    sent: Duration,
}

/// What a request to a host came to, as far as it concerns the platform.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outcome<'a> {
    pub(super) host: &'a str,
    pub(super) told: Told,
    /// Whether it was none too many for any host by itself.
    pub(super) is_gentle: bool,
    pub(super) own_limit: OwnLimit,
}

/// What the platform makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Whether the platform is left alone from now on.
    pub(super) is_closed: bool,
    /// Whether a refusal was the platform's doing, so that it says nothing of its host.
    pub(super) is_of_platform: bool,
}

impl Pass<'_> {
    /// Tells what became of the request.
    pub(super) fn met(mut self, outcome: Outcome<'_>) -> Verdict {
        let Outcome { host, told, .. } = outcome;
        let now = self.shared.born.elapsed();
        let is_of_platform = told == Told::Refused && self.refused(outcome, now);
        if told == Told::Good {
            self.shared.rate().answered(now);
        }
        let rest = if std::mem::take(&mut self.is_probe) {
            let mut breaker = self.shared.breaker();
            let rest = breaker.probed(told, now);
            if told == Told::Good {
                // Others that refuse now do it by themselves, as beside any good answer.
                breaker.answered(host, now);
            }
            drop(breaker);
            self.shared.has_changed.notify_waiters();
            rest
        } else {
            match told {
                Told::Refused if outcome.is_gentle => {
                    self.shared.breaker().refused_gently(host, now)
                }
                Told::Good => {
                    self.shared.breaker().answered(host, now);
                    None
                }
                Told::Refused | Told::Nothing => None,
            }
        };
        if let Some(rest) = rest {
            tracing::warn!(
                platform = PLATFORM,
                "several shops of one platform turn us away at the first request; leaving all of them alone for {} s",
                rest.as_secs(),
            );
        }
        Verdict {
            is_closed: rest.is_some(),
            is_of_platform,
        }
    }

    /// Has the platform's rate learn from a refusal, and returns whether it was the platform's doing.
    fn refused(&self, outcome: Outcome<'_>, now: Duration) -> bool {
        let refusal = Refusal {
            host: outcome.host,
            sent: self.sent,
            is_paced: self.is_paced,
            own_limit: outcome.own_limit,
        };
        let mut rate = self.shared.rate();
        let was_free = rate.gap().is_zero();
        let is_of_platform = rate.refused(refusal, now);
        let gap = rate.gap();
        drop(rate);
        if was_free && !gap.is_zero() {
            tracing::warn!(
                platform = PLATFORM,
                gap_ms = gap.as_millis() as u64,
                "several shops of one platform refuse what each alone would bear: asking all of them together once in \
                 {:.2} s, faster again as they answer",
                gap.as_secs_f64(),
            );
        }
        is_of_platform
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.is_probe {
            self.shared
                .breaker()
                .probed(Told::Nothing, self.shared.born.elapsed());
            self.shared.has_changed.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

    use super::*;

    fn url() -> Url {
        Url::parse("https://shop.example/").unwrap()
    }

    fn outcome(host: &str, told: Told, is_gentle: bool) -> Outcome<'_> {
        Outcome {
            host,
            told,
            is_gentle,
            own_limit: match is_gentle {
                true => OwnLimit::IsNot,
                false => OwnLimit::MayBe,
            },
        }
    }

    #[tokio::test(start_paused = true)]
    async fn all_hosts_share_the_ceilings_of_their_platform_and_of_the_process() {
        for (platform, total, seconds) in [
            (Some(10.0), Some(50.0), 1.9),
            (Some(50.0), Some(10.0), 1.9),
            (Some(10.0), None, 1.9),
            (None, Some(4.0), 4.75),
            (None, None, 0.0),
        ] {
            let (shared, url) = (Shared::new(platform, total), url());
            let began = Instant::now();
            let passes = join_all((0..20).map(|_| shared.pass(&url))).await;
            assert!(passes.iter().all(Result::is_ok));
            let took = began.elapsed().as_secs_f64();
            assert!((seconds..seconds + 0.1).contains(&took), "{took}");
        }
    }

    async fn share(shared: &Shared, n_others: u32) {
        let count = async { Ok::<_, ()>(n_others) };
        shared.share(count).await.unwrap();
    }

    async fn time_for(n_requests: usize, shared: &Shared) -> f64 {
        let (began, url) = (Instant::now(), url());
        for _ in 0..n_requests {
            drop(shared.pass(&url).await.unwrap());
        }
        began.elapsed().as_secs_f64()
    }

    #[tokio::test(start_paused = true)]
    async fn other_processes_have_equal_parts_of_the_ceilings() {
        for (platform, total) in [(Some(10.0), None), (None, Some(10.0))] {
            let shared = Shared::new(platform, total);
            for (n_others, seconds) in [(3, 3.6), (0, 1.0), (1, 2.0)] {
                share(&shared, n_others).await;
                let took = time_for(10, &shared).await;
                assert!((took - seconds).abs() < 0.35, "{n_others}: {took}");
                tokio::time::advance(COUNTED_AGAIN_AFTER).await;
            }
        }
    }

    /// Time in which nobody asked, or in which a host kept us, was the others'.
    #[tokio::test(start_paused = true)]
    async fn who_asks_less_often_than_its_part_waits_for_nobody() {
        let shared = Shared::new(Some(10.0), Some(50.0));
        share(&shared, 3).await;
        for _ in 0..10 {
            tokio::time::advance(Duration::from_millis(400)).await;
            assert!(time_for(1, &shared).await < 0.01);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_comes_sooner_when_others_have_gone() {
        let shared = Shared::new(Some(0.1), None);
        share(&shared, 99).await;
        assert!(time_for(1, &shared).await < 0.01);
        tokio::time::advance(COUNTED_AGAIN_AFTER).await;
        let gone = async {
            tokio::time::sleep(Duration::from_secs(20)).await;
            share(&shared, 0).await;
        };
        let (took, ()) = tokio::join!(time_for(1, &shared), gone);
        assert!((20.0..22.0).contains(&took), "{took}");
    }

    #[tokio::test(start_paused = true)]
    async fn others_are_counted_every_few_seconds_and_a_count_that_fails_changes_nothing() {
        let shared = Shared::new(Some(10.0), None);
        assert_eq!(shared.share(async { Err("down") }).await, Err("down"));
        share(&shared, 4).await;
        share(&shared, 0).await;
        assert_eq!(shared.n_others(), 4);
        tokio::time::advance(COUNTED_SOON_AFTER).await;
        assert_eq!(shared.share(async { Err("down") }).await, Err("down"));
        assert_eq!(shared.n_others(), 4);
        share(&shared, u32::MAX).await;
        assert_eq!(shared.n_others(), MOST_OTHERS);
        tokio::time::advance(AT_FIRST).await;
        share(&shared, 1).await;
        tokio::time::advance(COUNTED_SOON_AFTER).await;
        share(&shared, 2).await;
        assert_eq!(shared.n_others(), 1);
        tokio::time::advance(COUNTED_AGAIN_AFTER).await;
        share(&shared, 2).await;
        assert_eq!(shared.n_others(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_platform_that_refuses_again_in_the_next_process_rests_longer() {
        let now = UnixMs::new(1_800_000_000_000);
        let refuse = async |shared: &Shared| {
            for host in ["a", "b", "c"] {
                let pass = shared.pass(&url()).await.unwrap();
                pass.met(outcome(host, Told::Refused, true));
            }
            shared.breaker().left(shared.born.elapsed()).as_secs()
        };
        let first = Shared::new(None, None);
        assert_eq!(refuse(&first).await, 60);
        let record = first.take_record(now).unwrap();
        assert_eq!(record.n_failures, 1);
        let an_hour_later = UnixMs::new(now.ms() + 3_600_000);
        let next = || {
            let next = Shared::new(None, None);
            next.remember(&record, an_hour_later);
            next
        };
        assert_eq!(refuse(&next()).await, 120, "one shop alone closes nothing");
        let calm = next();
        let pass = calm.pass(&url()).await.unwrap();
        pass.met(outcome("d", Told::Good, true));
        // What is stored of the past is known better here by now.
        calm.remember(&record, an_hour_later);
        tokio::time::advance(Duration::from_secs(61)).await;
        assert_eq!(refuse(&calm).await, 60);
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_waiting_takes_nothing() {
        let shared = Shared::new(Some(1.0), Some(1.0));
        let (url, soon) = (url(), Duration::from_millis(100));
        drop(shared.pass(&url).await.unwrap());
        for _ in 0..5 {
            let given_up = tokio::time::timeout(soon, shared.pass(&url)).await;
            assert!(given_up.is_err());
        }
        let began = Instant::now();
        drop(shared.pass(&url).await.unwrap());
        assert!(began.elapsed() < Duration::from_millis(510));
    }

    #[tokio::test(start_paused = true)]
    async fn a_platform_that_turns_gentle_requests_away_is_waited_for_and_probed_once() {
        let (shared, url) = (Shared::new(None, None), url());
        for host in ["a", "b", "c"] {
            shared
                .pass(&url)
                .await
                .unwrap()
                .met(outcome(host, Told::Refused, true));
        }
        let began = Instant::now();
        let passed = join_all((0..4).map(|_| async {
            let pass = shared.pass(&url).await.unwrap();
            let passed = (began.elapsed().as_secs(), pass.is_probe);
            if pass.is_probe {
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
            pass.met(outcome("d", Told::Good, false));
            passed
        }));
        let mut passed = passed.await;
        passed.sort_unstable();
        // Behind the probe at the pace with which a platform begins that refused: one a second, then more.
        assert_eq!(passed, [(60, true), (65, false), (65, false), (66, false)]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_good_answer_of_a_probe_stands_against_others_that_refuse() {
        let (shared, url) = (Shared::new(None, None), url());
        let rest = Duration::from_secs(60);
        shared.breaker().reopen(1, rest, Duration::ZERO);
        let probe = shared.pass(&url).await.unwrap();
        assert!(probe.is_probe);
        probe.met(outcome("d", Told::Good, false));
        for host in ["a", "b", "c"] {
            let pass = shared.pass(&url).await.unwrap();
            pass.met(outcome(host, Told::Refused, true));
            assert!(shared.breaker().is_closed(), "{host}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_platform_that_refuses_its_probe_too_is_not_waited_for() {
        let (shared, url) = (Shared::new(None, None), url());
        shared
            .breaker()
            .reopen(1, Duration::from_secs(60), Duration::ZERO);
        // The first probe is dropped on its way, which lets the next one go.
        drop(shared.pass(&url).await.unwrap());
        shared
            .pass(&url)
            .await
            .unwrap()
            .met(outcome("a", Told::Refused, false));
        let refused = shared.pass(&url).await.map(drop).unwrap_err().to_string();
        assert!(
            refused.contains("is not asked for another 120 s"),
            "{refused}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn shops_that_refuse_what_is_too_much_for_themselves_close_nothing() {
        let (shared, url) = (Shared::new(None, None), url());
        for n in 0..20 {
            let pass = shared.pass(&url).await.unwrap();
            pass.met(outcome(&n.to_string(), Told::Refused, false));
        }
        assert_eq!(shared.take_record(UnixMs::new(0)), None);
    }
}
