//! The rate that a host bears, learned from its answers: raised step by step, halved when it refuses or slows down.
//!
//! Pure: times are arguments, counted from any one moment, so that hours can be simulated. Pauses that a host asks
//! for, ceilings that the operator sets, and who waits for both are not its business.

use std::time::Duration;

use super::latency::Latency;

/// Answers, and the time that they took, that tell a rate; fewer tell of the host's patience with a burst.
const MEASURED: (u32, Duration) = (8, Duration::from_secs(2));

/// The part of an answer that a host may have had left when it refused, for want of the rest: as likely a little as nearly all.
/// What it bore since then is less by so much, until a second refusal finds it as empty.
const LEFT_OVER: f64 = 0.75;

/// Of the rate that a host bore from one refusal to the next, what is asked of it from then on.
const CRUISE: f64 = 0.95;

/// Good answers at that rate before a little more is tried; twice as many behind each refusal, up to the limit.
const HOLD: u32 = 100;
const LONGEST_HOLD: u32 = 3_200;

/// What is tried then: so much more, each time after so many answers.
const PROBE: f64 = 1.02;
const PROBE_EVERY: u32 = 10;

/// Additive increase while no rate is known that was too high: of the first one, after each good answer.
const STEP: f64 = 0.15;

/// The same for a rate that an earlier run learned.
const RESUMED_STEP: f64 = 0.05;

/// The same up to the rate that was borne: of that one.
const RECOVERY: f64 = 1.0 / 16.0;

/// A host that rested has saved something up: the first answers of a rate that was learned earlier may come this
/// much sooner than they could for ever.
const RESTED: (u32, f64) = (24, 0.87);

/// The first gap behind a refusal is the pause behind it, as far as this.
const LONGEST_FIRST_GAP: Duration = Duration::from_secs(5);

/// Slower than this a host is not asked for its rate's sake; a longer pause it asks for by itself.
pub(super) const LONGEST_GAP: Duration = Duration::from_secs(60);

/// The rate of one host.
#[derive(Debug, Clone, Default)]
pub(super) struct Rate {
    /// Requests per second; `None` while nothing limits them.
    per_second: Option<f64>,
    /// The rate that was too high: measured from one refusal to the next, else the one that was refused.
    refused: Option<f64>,
    /// The rate that is risen to quickly, and beyond which only a little is tried; `None` while none is known.
    cruise: Option<f64>,
    /// Added after each good answer while nothing is known that was too high.
    step: f64,
    /// Good answers at [`CRUISE`], and how many of them come before more is tried.
    n_held: u32,
    hold: u32,
    /// Good answers since the last refusal, or since the first request.
    n_good: u32,
    since: Option<Duration>,
    last_good: Duration,
    /// What an earlier run learned, until a refusal says otherwise.
    resumed: Option<f64>,
    /// Answers that may still come sooner, since the host rested.
    n_rested: u32,
    was_refused: bool,
    /// Whether there was no good answer since the last refusal or outage.
    is_out: bool,
    /// Less than this tells of an outage, not of the rate that the host bears.
    floor: f64,
    latency: Latency,
}

/// What is remembered of a rate from one run to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Learned {
    /// The time between two requests that the host bears for ever.
    pub(super) gap: Duration,
    /// The one that was too short; `None` where the host only ever refused a burst.
    pub(super) refused_gap: Option<Duration>,
}

impl Learned {
    /// Returns the same with gaps that are so many times as long.
    pub(super) fn times(self, factor: f64) -> Self {
        Self {
            gap: self.gap.mul_f64(factor),
            refused_gap: self.refused_gap.map(|gap| gap.mul_f64(factor)),
        }
    }
}

impl Rate {
    /// Returns the rate with which a run begins that knows what an earlier one learned.
    pub(super) fn resumed(learned: Learned) -> Self {
        let per_second = rate_of(learned.gap);
        let refused = learned.refused_gap.map(rate_of);
        Self {
            per_second: Some(per_second),
            resumed: Some(per_second),
            refused,
            cruise: refused.map(|it| (it * CRUISE).max(per_second)),
            step: per_second * RESUMED_STEP,
            hold: HOLD,
            n_rested: RESTED.0,
            was_refused: true,
            floor: per_second,
            ..Self::default()
        }
    }

    /// Returns the least time from one request to the next; zero while nothing limits them.
    pub(super) fn gap(&self) -> Duration {
        let Some(per_second) = self.per_second else {
            return Duration::ZERO;
        };
        let sooner = match self.n_rested {
            0 => per_second,
            _ => per_second / RESTED.1,
        };
        let most = self.refused.map_or(sooner, |refused| refused * CRUISE);
        gap_of(per_second.max(sooner.min(most)))
    }

    /// Asks so many times as often from now on, where another part of what the host bears is ours.
    pub(super) fn scale(&mut self, factor: f64) {
        let rates = [
            &mut self.per_second,
            &mut self.refused,
            &mut self.cruise,
            &mut self.resumed,
        ];
        rates.into_iter().flatten().for_each(|rate| *rate *= factor);
        self.step *= factor;
        self.floor *= factor;
        (self.n_good, self.since) = (0, None);
    }

    /// Rises from the rate of now as one that an earlier run learned: what was too much before may not be any more.
    pub(super) fn may_rise(&mut self) {
        (self.refused, self.cruise, self.resumed) = (None, None, None);
        self.step = self.per_second.unwrap_or_default() * RESUMED_STEP;
        self.n_rested = 0;
        (self.n_good, self.since) = (0, None);
    }

    /// Learns from an answer that came at `now`, whose headers took `latency`. Only those of one `kind` are compared.
    pub(super) fn answered(&mut self, now: Duration, latency: Duration, kind: &str) {
        let gap = self.gap();
        // A rate that was not made use of has not shown anything.
        let passed = now.saturating_sub(self.last_good);
        let is_used = passed <= gap * 2 + latency;
        let since = self.since.get_or_insert(now);
        if !is_used && !self.is_out {
            // Nor does the time in which nobody asked: others may have kept us from it.
            *since = now.min(*since + passed.saturating_sub(gap + latency));
        }
        self.last_good = now;
        self.n_good = self.n_good.saturating_add(1);
        self.is_out = false;
        if self.per_second.is_some_and(|it| it < self.floor) {
            (self.since, self.n_good) = (Some(now), 0);
        }
        self.n_rested = self.n_rested.saturating_sub(1);
        if self.latency.is_strained_by(latency, kind) {
            self.strained();
        } else if is_used {
            self.raise();
        }
    }

    /// Learns from a refusal at `now`, behind which the host is left alone for `pause`, at least for `least_gap`.
    ///
    /// Only the first one of a row tells of the host's rate, and the second where none is known: then the first pause
    /// was too short.
    pub(super) fn refused(&mut self, now: Duration, pause: Duration, least_gap: Duration) {
        if self.is_out && self.refused.is_some() {
            return self.was_out(now, pause, least_gap);
        }
        let measured = self.measured(now);
        let first = first_rate(pause, least_gap);
        // Before the first refusal a host lets a burst through, which tells nothing of its rate.
        let known = self.per_second.filter(|_| self.was_refused);
        let borne = known.map(|it| match (measured, self.refused) {
            // The time at lower rates counts as well, and the host's own one lies between that mean and this rate.
            (Some(measured), Some(_)) => (it * it.min(measured)).sqrt(),
            (Some(measured), None) => it.min(measured),
            (None, Some(earlier)) => it.min(earlier),
            (None, None) => it,
        });
        let next = borne.map_or(first, |borne| borne / 2.0);
        self.refused = borne;
        self.cruise = self.refused.map(|refused| refused * CRUISE);
        self.per_second = Some(next.max(rate_of(LONGEST_GAP)));
        self.step = next * STEP;
        self.hold = (self.hold * 2).clamp(HOLD, LONGEST_HOLD);
        (self.n_held, self.n_good, self.n_rested) = (0, 0, 0);
        self.since = Some(now);
        self.resumed = None;
        self.was_refused = true;
        self.is_out = true;
        self.floor = next / 2.0;
    }

    /// Takes the rate of now for one that was too high, where none is known yet. Then a refusal does not go by the mean
    /// since the one before alone, which a slow beginning makes too low.
    pub(super) fn take_for_too_high(&mut self) {
        self.refused = self.refused.or(self.per_second);
    }

    /// Halves the rate of a host that is out of order at `now`, behind which it is left alone as behind a refusal.
    ///
    /// It is risen from as before: how much the host bears is not learned from an outage.
    pub(super) fn was_out(&mut self, now: Duration, pause: Duration, least_gap: Duration) {
        let halved = self.per_second.map(|it| it / 2.0);
        let next = halved.unwrap_or_else(|| first_rate(pause, least_gap));
        if !self.is_out {
            self.floor = self.per_second.unwrap_or(next);
        }
        self.step = next.max(self.floor) * STEP;
        self.per_second = Some(next.max(rate_of(LONGEST_GAP)));
        (self.n_good, self.n_rested) = (0, 0);
        self.since = Some(now);
        self.is_out = true;
    }

    /// Returns whether there was a refusal, in this run or an earlier one.
    pub(super) const fn was_refused(&self) -> bool {
        self.was_refused
    }

    /// Returns whether this run met a refusal, and at `now` not yet what would tell the host's own rate.
    pub(super) fn is_unmeasured(&self, now: Duration) -> bool {
        self.was_refused && self.resumed.is_none() && self.measured(now).is_none()
    }

    /// Returns whether a rate is known that was too high.
    pub(super) const fn has_shown_its_limit(&self) -> bool {
        self.refused.is_some()
    }

    /// Returns whether what an earlier run learned still counts.
    pub(super) const fn is_resumed(&self) -> bool {
        self.resumed.is_some()
    }

    /// Returns what the next run should know at `now`; `None` where the host never refused.
    pub(super) fn learned(&self, now: Duration) -> Option<Learned> {
        let per_second = self.per_second.filter(|_| self.was_refused)?;
        let per_second = per_second.max(self.floor);
        // The rate of this moment may live on what the host had saved up. That less was asked for says nothing.
        let measured = self
            .measured(now)
            .map_or(per_second, |it| match self.refused {
                Some(_) => it,
                None => it * (1.0 - LEFT_OVER / f64::from(self.n_good)),
            });
        let lasting = measured.max(self.resumed.unwrap_or(0.0)).min(per_second);
        let lasting = self.refused.map_or(lasting, |it| lasting.min(it * CRUISE));
        Some(Learned {
            gap: gap_of(lasting),
            refused_gap: self.refused.map(gap_of),
        })
    }

    fn raise(&mut self) {
        let Some(per_second) = &mut self.per_second else {
            return;
        };
        match self.cruise {
            None if self.n_rested > 0 => {}
            None => *per_second += self.step,
            Some(cruise) if *per_second < cruise => {
                *per_second = (*per_second + cruise * RECOVERY).min(cruise);
            }
            Some(_) => {
                self.n_held += 1;
                if self.n_held > self.hold && self.n_held.is_multiple_of(PROBE_EVERY) {
                    *per_second *= PROBE;
                }
            }
        }
        // What only slowed down is free again once its rate is no limit any more.
        let is_no_limit = self
            .latency
            .most_per_second()
            .is_some_and(|most| *per_second > most);
        if is_no_limit && !self.was_refused {
            self.per_second = None;
        }
    }

    /// Halves the rate of a host that did not refuse, but whose answers take twice as long as they did.
    fn strained(&mut self) {
        let most = self.latency.most_per_second().unwrap_or(f64::MAX);
        let now = self.per_second.unwrap_or(most).min(most);
        let next = (now / 2.0).max(rate_of(LONGEST_FIRST_GAP));
        self.per_second = Some(self.per_second.unwrap_or(next).min(next));
        self.floor = self.floor.min(next);
        self.step = next * STEP;
    }

    /// Returns the rate of the good answers since the last refusal, where there are enough of them.
    ///
    /// From one refusal to the next it is the host's own: what it had saved up was gone both times.
    fn measured(&self, now: Duration) -> Option<f64> {
        let until = now.min(self.last_good + self.gap() * 2);
        let time = until.saturating_sub(self.since?);
        let is_enough = self.n_good >= MEASURED.0 && time >= MEASURED.1;
        is_enough.then(|| f64::from(self.n_good) / time.as_secs_f64())
    }
}

/// Returns the rate behind the first refusal, which is the pause's own.
fn first_rate(pause: Duration, least_gap: Duration) -> f64 {
    rate_of(pause.clamp(least_gap, LONGEST_FIRST_GAP.max(least_gap)))
}

fn gap_of(per_second: f64) -> Duration {
    Duration::from_secs_f64(1.0 / per_second.clamp(1e-4, 1e6))
}

fn rate_of(gap: Duration) -> f64 {
    1.0 / gap.as_secs_f64().clamp(1e-6, 1e4)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST_GAP: Duration = Duration::from_secs(1);

    /// A host that lets so many requests a second through, and a burst above them.
    struct Bucket {
        per_second: f64,
        burst: f64,
        excess: f64,
        last: Duration,
        latency: Duration,
        retry_after: Duration,
    }

    /// What one run came to.
    #[derive(Debug)]
    struct Run {
        wall: f64,
        n_refused: u32,
        learned: Option<Learned>,
    }

    impl Bucket {
        fn new(per_second: f64, burst: u32, latency_ms: u64) -> Self {
            Self {
                per_second,
                burst: f64::from(burst),
                excess: -1.0,
                last: Duration::ZERO,
                latency: Duration::from_millis(latency_ms),
                retry_after: Duration::from_secs(1),
            }
        }

        /// As nginx's `limit_req` with `nodelay` does.
        fn lets_through(&mut self, now: Duration) -> bool {
            let refilled = self.excess - self.per_second * (now - self.last).as_secs_f64();
            let excess = refilled.max(-1.0) + 1.0;
            if excess > self.burst + 1e-9 {
                return false;
            }
            (self.excess, self.last) = (excess, now);
            true
        }

        /// Asks for `n_pages`, from `start` on, as a crawl does: one at a time.
        fn run(&mut self, rate: &mut Rate, start: Duration, n_pages: u32) -> Run {
            let mut now = start;
            let mut n_refused = 0;
            let mut n_good = 0;
            let mut last_sent = None;
            let mut not_before = start;
            while n_good < n_pages {
                now = now.max(not_before);
                now = now.max(last_sent.map_or(start, |sent| sent + rate.gap()));
                last_sent = Some(now);
                let is_good = self.lets_through(now);
                now += self.latency;
                if is_good {
                    n_good += 1;
                    rate.answered(now, self.latency, "list");
                } else {
                    n_refused += 1;
                    not_before = now + self.retry_after;
                    rate.refused(now, self.retry_after, LEAST_GAP);
                }
            }
            Run {
                wall: (now - start).as_secs_f64(),
                n_refused,
                learned: rate.learned(now),
            }
        }

        /// Does two runs, the second one `rest` behind the first and with what that learned.
        fn two_runs(&mut self, n_pages: u32, rest: Duration) -> (Run, Run) {
            let first = self.run(&mut Rate::default(), Duration::ZERO, n_pages);
            let mut rate = first.learned.map_or_else(Rate::default, Rate::resumed);
            let start = Duration::from_secs_f64(first.wall) + rest;
            let second = self.run(&mut rate, start, n_pages);
            (first, second)
        }
    }

    #[test]
    fn a_list_behind_a_small_bucket_costs_one_refusal_and_none_in_the_next_run() {
        // The floor: what is behind the first request and the burst comes at the bucket's own rate.
        let floor = f64::from(21 - 1 - 4) / 2.0;
        for latency_ms in [1, 20, 50] {
            for rest_s in [1, 600] {
                let mut bucket = Bucket::new(2.0, 4, latency_ms);
                let (first, second) = bucket.two_runs(21, Duration::from_secs(rest_s));
                assert_eq!(
                    (first.n_refused, second.n_refused),
                    (1, 0),
                    "{latency_ms} ms"
                );
                assert!(first.wall <= 1.25 * floor, "{latency_ms} ms: {first:?}");
                assert!(second.wall <= 1.25 * floor, "{latency_ms} ms: {second:?}");
                assert_eq!(
                    second.learned, first.learned,
                    "what was borne stays as it is"
                );
            }
        }
    }

    #[test]
    fn a_run_right_behind_one_that_began_with_an_empty_bucket_is_not_refused() {
        for excess in [-1.0, 0.0, 1.0, 1.5] {
            for latency_ms in [1, 20, 50] {
                let mut bucket = Bucket::new(2.0, 4, latency_ms);
                bucket.excess = excess;
                let (first, second) = bucket.two_runs(21, Duration::from_millis(1_500));
                let about = format!("{excess}, {latency_ms} ms: {first:?} {second:?}");
                assert_eq!((first.n_refused, second.n_refused), (1, 0), "{about}");
                assert!(second.wall <= 1.25 * 8.0, "{about}");
            }
        }
    }

    #[test]
    fn long_lists_are_refused_ever_more_seldom_and_come_at_the_hosts_own_rate() {
        for per_second in [0.5, 2.0, 10.0] {
            for burst in [0, 4, 40] {
                for latency_ms in [1, 50] {
                    for n_pages in [100, 400, 2_000] {
                        let mut bucket = Bucket::new(per_second, burst, latency_ms);
                        let (first, second) = bucket.two_runs(n_pages, Duration::from_secs(600));
                        let about = format!(
                            "{per_second}/s, burst {burst}, {latency_ms} ms, {n_pages} pages: {first:?} {second:?}"
                        );
                        let share = |run: &Run| {
                            f64::from(run.n_refused) / f64::from(n_pages + run.n_refused)
                        };
                        assert!(share(&first) < 0.05 && share(&second) < 0.01, "{about}");
                        // A fast host is found out slowly.
                        let slack = if per_second > 2.0 { 3.0 } else { 1.15 };
                        let longest = slack * f64::from(n_pages) / per_second;
                        assert!(first.wall < longest && second.wall < longest, "{about}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_rate_that_was_not_made_use_of_stays_as_it_was_learned() {
        let learned = Learned {
            gap: Duration::from_millis(500),
            refused_gap: Some(Duration::from_millis(400)),
        };
        let mut rate = Rate::resumed(learned);
        for n in 1..200 {
            rate.answered(Duration::from_secs(5 * n), Duration::from_millis(5), "list");
        }
        assert_eq!(rate.learned(Duration::from_secs(1_000)), Some(learned));
    }

    #[test]
    fn a_host_that_others_kept_us_from_is_not_taken_for_a_slow_one() {
        let mut rate = Rate::default();
        rate.refused(Duration::ZERO, LEAST_GAP, LEAST_GAP);
        for n in 1..50 {
            let now = Duration::from_secs(20 * n - 19);
            rate.answered(now, Duration::from_millis(50), "list");
        }
        let learned = rate.learned(Duration::from_secs(1_100)).unwrap();
        assert!(learned.gap <= 2 * LEAST_GAP, "{learned:?}");
    }

    #[test]
    fn a_host_that_never_refuses_is_never_held_back() {
        let mut rate = Rate::default();
        for n in 0..1_000 {
            rate.answered(Duration::from_millis(n), Duration::from_micros(300), "list");
            assert_eq!(rate.gap(), Duration::ZERO);
        }
        assert_eq!(rate.learned(Duration::from_secs(1)), None);
    }

    /// Has ten requests in a row fail, from `start` on, and returns when the last one did.
    fn outage(rate: &mut Rate, start: Duration, fail: fn(&mut Rate, Duration)) -> Duration {
        let mut now = start;
        for _ in 0..10 {
            now += rate.gap().max(LEAST_GAP);
            fail(rate, now);
        }
        now
    }

    const OUTAGES: [fn(&mut Rate, Duration); 2] = [
        |rate, now| rate.refused(now, LEAST_GAP, LEAST_GAP),
        |rate, now| rate.was_out(now, LEAST_GAP, LEAST_GAP),
    ];

    #[test]
    fn an_outage_is_not_taken_for_the_rate_that_a_host_bears() {
        for fail in OUTAGES {
            for (per_second, n_pages) in [(2.0, 20), (2.0, 400), (10.0, 400)] {
                let mut bucket = Bucket::new(per_second, 4, 20);
                let mut rate = Rate::default();
                let run = bucket.run(&mut rate, Duration::ZERO, n_pages);
                let learned = run.learned.unwrap();
                // The rate of a short run lives on the burst still.
                let before = rate.gap().max(gap_of(per_second));
                let end = outage(&mut rate, Duration::from_secs_f64(run.wall), fail);
                assert!(rate.gap() >= Duration::from_secs(50), "left in peace");
                let kept = rate.learned(end).unwrap();
                assert!(kept.gap <= learned.gap * 5, "{learned:?} {kept:?}");
                let mut resumed = Rate::resumed(kept);
                for rate in [&mut rate, &mut resumed] {
                    let mut now = end;
                    answer(rate, &mut now, 30, 20);
                    let behind = rate.gap();
                    assert!(
                        behind <= before * 2,
                        "{per_second}/s, {n_pages}: {before:?} {behind:?}"
                    );
                    assert!(rate.learned(now).unwrap().gap <= learned.gap * 5);
                }
            }
        }
    }

    #[test]
    fn a_host_that_is_met_in_an_outage_is_asked_quickly_soon_behind_it() {
        for fail in OUTAGES {
            let mut rate = Rate::default();
            let mut now = outage(&mut rate, Duration::ZERO, fail);
            answer(&mut rate, &mut now, 30, 20);
            assert!(rate.gap() <= LEAST_GAP.mul_f64(1.1), "{:?}", rate.gap());
        }
    }

    #[test]
    fn what_is_busy_for_all_tells_nothing_of_a_rate() {
        let mut rate = Rate::default();
        rate.was_out(Duration::ZERO, LEAST_GAP, LEAST_GAP);
        assert_eq!(
            (rate.gap(), rate.learned(Duration::ZERO)),
            (LEAST_GAP, None)
        );
    }

    #[test]
    fn each_refusal_in_a_row_halves_the_rate_as_far_as_a_minute_between_two() {
        let mut rate = Rate::default();
        let mut gaps = Vec::new();
        for n in 0..9 {
            rate.refused(Duration::from_secs(n), LEAST_GAP, LEAST_GAP);
            gaps.push(rate.gap().as_secs());
        }
        assert_eq!(gaps, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        // A pause of no time, as a date in the past asks for, is no rate.
        let mut rate = Rate::default();
        rate.refused(Duration::ZERO, Duration::ZERO, LEAST_GAP);
        assert_eq!(rate.gap(), LEAST_GAP);
    }

    /// Answers `n` times in a row with one latency, one at a time.
    fn answer(rate: &mut Rate, now: &mut Duration, n: u32, latency_ms: u64) {
        for _ in 0..n {
            let latency = Duration::from_millis(latency_ms);
            *now += latency.max(rate.gap());
            rate.answered(*now, latency, "list");
        }
    }

    #[test]
    fn answers_that_take_twice_as_long_halve_the_rate_until_they_do_not() {
        let (mut rate, mut now) = (Rate::default(), Duration::ZERO);
        answer(&mut rate, &mut now, 20, 250);
        answer(&mut rate, &mut now, 12, 900);
        let slowed = rate.gap();
        assert!(slowed >= Duration::from_secs(1), "{slowed:?}");
        assert_eq!(rate.learned(now), None, "it refused nothing");
        answer(&mut rate, &mut now, 200, 250);
        assert_eq!(rate.gap(), Duration::ZERO);
    }

    #[test]
    fn quick_answers_noise_and_other_kinds_of_pages_are_no_sign_of_strain() {
        let (mut rate, mut now) = (Rate::default(), Duration::ZERO);
        answer(&mut rate, &mut now, 20, 2);
        answer(&mut rate, &mut now, 20, 200);
        assert_eq!(
            rate.gap(),
            Duration::ZERO,
            "a hundred times as long, and still quick"
        );
        for _ in 0..20 {
            answer(&mut rate, &mut now, 6, 200);
            answer(&mut rate, &mut now, 1, 1_500);
        }
        assert_eq!(rate.gap(), Duration::ZERO, "one slow answer now and then");
        for _ in 0..20 {
            rate.answered(now, Duration::from_secs(1), "another");
        }
        assert_eq!(rate.gap(), Duration::ZERO, "slow from the beginning");
    }
}
