//! The rate that a platform bears from our address, learned when different shops refuse what each alone would bear.
//!
//! Pure, like the rate of a host that it makes use of: times are arguments, counted from any one moment. Where other
//! processes ask from the same address, all rates here are those of this one; what runs leave each other is of all together.

use std::time::Duration;

use super::rate::{Learned, Rate};

/// So many different shops must refuse: one may have a limit of its own.
const HOSTS: usize = 2;

/// They must within this time.
const SOON: Duration = Duration::from_secs(10);

/// Or within so many good answers and the longer time: what is a little too much is seldom refused.
const FEW_ANSWERS: u32 = 50;
const LATEST: Duration = Duration::from_secs(120);

/// From a refusal on, so much time tells what the platform bears at least: if it was its own, nothing was saved up.
const SHOWN: Duration = Duration::from_secs(2);

/// So much more than the rate of now must have been shown to speak against two shops that refuse.
const CLEARLY_MORE: f64 = 1.1;

/// What is left of it each time: shops with limits of their own learn them and are silent, a platform goes on.
const DOUBT: f64 = 0.8;

/// The rate of one platform; no limit until its shops have shown one.
#[derive(Debug, Default)]
pub(super) struct PlatformRate {
    rate: Option<Rate>,
    /// The shops that refused lately, each with its last time and the good answers up to then.
    refused: Vec<(String, Duration, u32)>,
    n_good: u32,
    /// When the time began that shows what is borne, and the good answers up to then.
    showing: Option<(Duration, u32)>,
    /// The most that it has shown so far, in requests a second.
    shown: f64,
    /// Requests that left earlier tell nothing new.
    taught_at: Option<Duration>,
    /// The other processes, which have as large a part each.
    n_others: u32,
}

/// A request that was refused.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refusal<'a> {
    pub(super) host: &'a str,
    pub(super) sent: Duration,
    /// Whether it waited for the platform's pace, not for its host's alone.
    pub(super) is_paced: bool,
    pub(super) own_limit: OwnLimit,
}

/// Whether a limit of the host's own may be why it refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OwnLimit {
    /// It has shown one, and was asked not much more slowly.
    Is,
    /// Nobody knows.
    MayBe,
    /// It was asked no more than any host bears, or than it bore before.
    IsNot,
}

impl PlatformRate {
    /// Returns the least time from one request to the next; zero while nothing limits them.
    pub(super) fn gap(&self) -> Duration {
        self.rate.as_ref().map_or(Duration::ZERO, Rate::gap)
    }

    /// Leaves so many other processes their part from now on, and returns for how many that was done before.
    pub(super) fn share(&mut self, n_others: u32) -> u32 {
        let before = self.n_parts();
        let n_others_before = std::mem::replace(&mut self.n_others, n_others);
        let factor = before / self.n_parts();
        if n_others == n_others_before {
            return n_others;
        }
        self.showing = None;
        if factor < 1.0 {
            self.rate.iter_mut().for_each(|rate| rate.scale(factor));
            self.shown *= factor;
        } else {
            // Those who went may have asked for less than their part: what is free now shows step by step.
            self.rate.iter_mut().for_each(Rate::may_rise);
        }
        n_others_before
    }

    /// Returns how many other processes have a part.
    pub(super) const fn n_others(&self) -> u32 {
        self.n_others
    }

    fn n_parts(&self) -> f64 {
        f64::from(self.n_others) + 1.0
    }

    /// Learns from a good answer that came at `now`.
    pub(super) fn answered(&mut self, now: Duration) {
        self.n_good = self.n_good.wrapping_add(1);
        if let Some((since, n_good)) = self.showing
            && now.saturating_sub(since) >= SHOWN
        {
            self.showing = None;
            let n_good = f64::from(self.n_good.wrapping_sub(n_good));
            self.shown = self
                .shown
                .max(n_good / now.saturating_sub(since).as_secs_f64());
        }
        if let Some(rate) = &mut self.rate {
            // Latencies of many shops cannot be compared.
            rate.answered(now, Duration::ZERO, "");
        }
    }

    /// Learns from a refusal at `now`, and returns whether it is the platform's doing: then it says nothing of its host.
    pub(super) fn refused(&mut self, refusal: Refusal<'_>, now: Duration) -> bool {
        let (since, n_good) = *self.showing.get_or_insert((now, self.n_good));
        if self.taught_at.is_some_and(|at| refusal.sent <= at) {
            return true;
        }
        let counts = match refusal.own_limit {
            OwnLimit::Is => false,
            OwnLimit::MayBe => refusal.is_paced && self.rate.is_some(),
            OwnLimit::IsNot => true,
        };
        if !counts || !self.is_one_of_several(refusal.host, now) {
            return false;
        }
        self.refused.clear();
        let Some(rate) = &mut self.rate else {
            let time = now.saturating_sub(since).as_secs_f64().max(1.0);
            let n_good = self.n_good.wrapping_sub(n_good).max(1);
            let borne = (f64::from(n_good) / time).max(self.shown);
            let mut rate = Rate::default();
            rate.refused(now, Duration::from_secs_f64(1.0 / borne), Duration::ZERO);
            self.rate = Some(rate);
            self.taught_at = Some(now);
            return true;
        };
        if self.shown * rate.gap().as_secs_f64() > CLEARLY_MORE {
            self.shown *= DOUBT;
            return false;
        }
        rate.take_for_too_high();
        rate.refused(now, Duration::ZERO, Duration::ZERO);
        self.taught_at = Some(now);
        true
    }

    /// Takes over what an earlier run learned, unless this one learned something itself.
    pub(super) fn remember(&mut self, learned: Learned) {
        let n_parts = self.n_parts();
        self.rate
            .get_or_insert_with(|| Rate::resumed(learned.times(n_parts)));
    }

    /// Returns what the next run should know at `now`; `None` where no limit was met.
    pub(super) fn learned(&self, now: Duration) -> Option<Learned> {
        let own = self.rate.as_ref()?.learned(now)?;
        Some(own.times(1.0 / self.n_parts()))
    }

    /// Notes that `host` refused, and returns whether enough others did.
    fn is_one_of_several(&mut self, host: &str, now: Duration) -> bool {
        let n_good = self.n_good;
        let is_recent = |at: Duration, n: u32| {
            let longest = match n_good.wrapping_sub(n) < FEW_ANSWERS {
                true => LATEST,
                false => SOON,
            };
            now.saturating_sub(at) < longest
        };
        self.refused
            .retain(|(it, at, n)| it != host && is_recent(*at, *n));
        self.refused.push((host.to_owned(), now, n_good));
        self.refused.len() >= HOSTS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// A refusal of what left at `sent`, first or behind others.
    fn refusal(host: &str, sent: Duration, is_paced: bool) -> Refusal<'_> {
        Refusal {
            host,
            sent,
            is_paced,
            own_limit: OwnLimit::IsNot,
        }
    }

    /// Has two shops refuse at 100 s, and eight answers come in the four seconds before.
    fn begun() -> PlatformRate {
        let mut platform = PlatformRate::default();
        assert!(!platform.refused(refusal("a", s(95), false), s(96)));
        (0..8).for_each(|_| platform.answered(s(97)));
        assert!(platform.refused(refusal("b", s(99), false), s(100)));
        platform
    }

    #[test]
    fn two_shops_that_refuse_without_a_reason_show_the_platforms_rate() {
        assert_eq!(begun().gap(), Duration::from_millis(500));
        let mut platform = PlatformRate::default();
        for at in 0..20 {
            // One alone, those that may have been asked too often, and those of long ago.
            assert!(!platform.refused(refusal("a", s(at), false), s(at)));
            let reasonable = Refusal {
                own_limit: OwnLimit::MayBe,
                ..refusal("b", s(at), false)
            };
            assert!(!platform.refused(reasonable, s(at)));
        }
        (0..50).for_each(|_| platform.answered(s(20)));
        assert!(!platform.refused(refusal("c", s(29), false), s(29)));
        assert!(!platform.refused(refusal("d", s(149), false), s(149)));
        assert_eq!((platform.gap(), platform.learned(s(150))), (s(0), None));
    }

    #[test]
    fn two_shops_that_refuse_at_its_pace_halve_it_once() {
        let mut platform = begun();
        for (host, sent, is_paced) in [
            ("a", 100, true),
            ("b", 100, true),
            ("a", 101, false),
            ("b", 101, false),
            ("a", 102, true),
            ("a", 102, true),
        ] {
            let reasonable = Refusal {
                own_limit: OwnLimit::MayBe,
                ..refusal(host, s(sent), is_paced)
            };
            platform.refused(reasonable, s(103));
        }
        let of_its_own = Refusal {
            own_limit: OwnLimit::Is,
            ..refusal("b", s(102), true)
        };
        platform.refused(of_its_own, s(103));
        assert_eq!(platform.gap(), Duration::from_millis(500));
        platform.refused(refusal("b", s(102), true), s(103));
        assert_eq!(platform.gap(), s(1));
        // Those that were on their way say nothing, and nothing of their hosts.
        for host in ["c", "d"] {
            assert!(platform.refused(refusal(host, s(103), true), s(104)));
        }
        assert_eq!(platform.gap(), s(1));
    }

    #[test]
    fn what_it_has_shown_to_bear_is_doubted_slowly() {
        let mut platform = PlatformRate::default();
        platform.refused(refusal("a", s(0), false), s(0));
        // Thirty a second, behind a refusal.
        (0..59).for_each(|_| platform.answered(s(1)));
        platform.answered(s(2));
        let mut at = 20;
        let mut per_second = || {
            at += 1;
            for host in ["a", "b"] {
                platform.refused(refusal(host, s(at), true), s(at));
            }
            1.0 / platform.gap().as_secs_f64()
        };
        let rates: Vec<f64> = (0..6).map(|_| per_second().round()).collect();
        assert_eq!(rates, [30.0, 15.0, 15.0, 15.0, 15.0, 8.0]);
    }

    #[test]
    fn the_next_run_begins_with_what_was_learned() {
        let learned = begun().learned(s(100)).unwrap();
        assert_eq!(learned.gap, Duration::from_millis(500));
        let mut platform = PlatformRate::default();
        platform.remember(learned);
        assert!(!platform.gap().is_zero());
        let other = Learned {
            gap: s(9),
            ..learned
        };
        platform.remember(other);
        assert_eq!(platform.learned(s(1)), Some(learned), "it knows better");
    }

    #[test]
    fn each_of_several_processes_has_an_equal_part_and_all_keep_one_record() {
        let (mut platform, learned) = (begun(), begun().learned(s(100)).unwrap());
        for (n_others, before, gap_ms) in [(1, 0, 1_000), (3, 1, 2_000)] {
            assert_eq!(platform.share(n_others), before);
            assert_eq!(platform.gap(), Duration::from_millis(gap_ms));
            assert_eq!(platform.learned(s(100)), Some(learned), "{n_others}");
        }
        let mut other = PlatformRate::default();
        other.share(2);
        other.remember(learned);
        other.share(4);
        assert_eq!(other.learned(s(0)), Some(learned));
    }

    #[test]
    fn a_process_whose_others_are_gone_takes_their_part_step_by_step() {
        let mut platform = begun();
        platform.share(3);
        assert_eq!(platform.share(0), 3);
        assert_eq!(platform.gap(), s(2));
        let mut now = s(200);
        let mut per_second = Vec::new();
        for _ in 0..60 {
            now += platform.gap();
            platform.answered(now);
            per_second.push(1.0 / platform.gap().as_secs_f64());
        }
        assert!(per_second[0] < 0.6, "{per_second:?}");
        assert!(per_second[59] > 1.8, "{per_second:?}");
    }
}
