//! When a host that keeps failing, or a platform that turns everybody away, is left alone, and how it is tried again.
//!
//! Pure: times are arguments, counted from any one moment. Who waits, and what is told, is not decided here.

use std::time::Duration;

/// Failures in a row behind which a host is left alone.
const FAILURES: u32 = 10;

/// The first rest of a host or a platform; each failed probe doubles it, up to the longest one.
const FIRST_REST: Duration = Duration::from_secs(60);
const LONGEST_REST: Duration = Duration::from_secs(3_600);

/// Different hosts that refuse within this time although they were asked gently: that is the platform's doing.
const HOSTS: usize = 3;
const WITHIN: Duration = Duration::from_secs(60);

/// For so long behind a platform's rest its probe is left to hosts that have not refused.
const OTHERS_FIRST: Duration = Duration::from_secs(20);

/// Hosts that are remembered as not the ones to probe with.
const MAX_SUSPECTS: usize = 64;

/// Why a host was not worth asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// 429 or 430.
    Refused,
    /// Any 5xx.
    ServerError,
    /// No answer, or half of one.
    Unreachable,
}

/// The breaker of one host. Its probes need no count: a host is asked by one at a time.
#[derive(Debug, Clone, Default)]
pub(super) struct Breaker {
    n_failures: u32,
    open: Option<(Duration, Failure)>,
}

impl Breaker {
    /// Returns the breaker of a host that failed so often in a row in an earlier run.
    pub(super) fn resumed(n_failures: u32) -> Self {
        Self {
            n_failures,
            open: None,
        }
    }

    /// Notes an answer that counts.
    pub(super) fn answered(&mut self) {
        *self = Self::default();
    }

    /// Notes a failure at `now`, and returns how long the host is left alone where it is.
    pub(super) fn failed(&mut self, failure: Failure, now: Duration) -> Option<Duration> {
        self.n_failures = self.n_failures.saturating_add(1);
        let rest = rest_behind(self.n_failures.checked_sub(FAILURES)?);
        self.open = Some((now + rest, failure));
        Some(rest)
    }

    /// Returns how long the host is still left alone, and for which failure; `None` where it may be asked.
    pub(super) fn left(&self, now: Duration) -> Option<(Duration, Failure)> {
        let (until, failure) = self.open?;
        let left = until.checked_sub(now).filter(|left| !left.is_zero())?;
        Some((left, failure))
    }

    /// Returns whether the next request is a probe, which is not repeated.
    pub(super) const fn is_probing(&self) -> bool {
        self.n_failures >= FAILURES
    }

    /// Returns the failures in a row.
    pub(super) const fn n_failures(&self) -> u32 {
        self.n_failures
    }
}

/// Returns how long is rested behind so many probes in vain.
fn rest_behind(n_probes: u32) -> Duration {
    let rest = FIRST_REST.saturating_mul(2_u32.saturating_pow(n_probes));
    rest.min(LONGEST_REST)
}

/// The breaker of a platform, whose limit counts our address and not the shop that is asked.
#[derive(Debug, Default)]
pub(super) struct PlatformBreaker {
    /// The hosts that refused lately although they were asked gently.
    refused: Vec<(String, Duration)>,
    /// The last good answer, of a host that is not among those.
    good: Option<(String, Duration)>,
    /// The hosts that closed the platform or were a probe in vain.
    suspects: Vec<String>,
    open_until: Option<Duration>,
    /// The rests without a good answer between them.
    n_rests: u32,
    is_probing: bool,
}

/// What a request says of its platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// An answer that is neither a refusal nor a server's error.
    Good,
    /// 429 or 430.
    Refused,
    /// Nothing: no answer, or the server's own error.
    Nothing,
}

/// What a request to a platform may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Go.
    Free,
    /// Go as the one probe, whose end must be told.
    Probe,
    /// Wait for so long, then ask again.
    Closed(Duration),
    /// Wait for the probe, which is on its way.
    Probing,
}

impl PlatformBreaker {
    /// Returns what a request to `host` may do at `now`.
    ///
    /// A host that may well refuse for a reason of its own is no probe while others could be.
    pub(super) fn ask(&mut self, host: &str, now: Duration) -> Way {
        let Some(until) = self.open_until else {
            return Way::Free;
        };
        let is_suspect = self.suspects.iter().any(|it| it == host);
        let probes_from = until
            + if is_suspect {
                OTHERS_FIRST
            } else {
                Duration::ZERO
            };
        if now < until {
            return Way::Closed(until - now);
        }
        if self.is_probing {
            return Way::Probing;
        }
        if now < probes_from {
            return Way::Closed(probes_from - now);
        }
        self.is_probing = true;
        self.suspect(host);
        Way::Probe
    }

    /// Returns whether requests pass.
    pub(super) const fn is_closed(&self) -> bool {
        self.open_until.is_none()
    }

    /// Returns the rests without a good answer between them, also when the last one is over.
    pub(super) const fn n_rests(&self) -> u32 {
        self.n_rests
    }

    /// Returns how long no request passes from `now` on, and zero where one may.
    pub(super) fn left(&self, now: Duration) -> Duration {
        let until = self.open_until.unwrap_or_default();
        until.saturating_sub(now)
    }

    /// Notes a good answer of `host`: where another one refuses at the same time, that is its own doing.
    pub(super) fn answered(&mut self, host: &str, now: Duration) {
        if self.refused.iter().all(|(it, _)| it != host) {
            self.refused.clear();
            if self.open_until.is_none() {
                self.n_rests = 0;
            }
            self.good = Some((host.to_owned(), now));
        }
    }

    /// Notes that `host` refused a gentle request, and returns how long the platform is left alone where it is.
    pub(super) fn refused_gently(&mut self, host: &str, now: Duration) -> Option<Duration> {
        if self.open_until.is_some() {
            return None;
        }
        self.refused
            .retain(|(it, at)| it != host && now.saturating_sub(*at) < WITHIN);
        self.refused.push((host.to_owned(), now));
        let answers_others = self.good.as_ref().is_some_and(|(it, at)| {
            now.saturating_sub(*at) < WITHIN && self.refused.iter().all(|(host, _)| host != it)
        });
        (self.refused.len() >= HOSTS && !answers_others).then(|| self.open(now))
    }

    /// Notes the end of the probe; where it told nothing, another one goes. Returns how long the platform is left
    /// alone again where it is.
    pub(super) fn probed(&mut self, told: Told, now: Duration) -> Option<Duration> {
        self.is_probing = false;
        match told {
            Told::Nothing => None,
            Told::Refused => Some(self.open(now)),
            Told::Good => {
                *self = Self::default();
                None
            }
        }
    }

    /// Goes on as an earlier run ended: behind so many rests, of the last of which `left` is left. Where that is over,
    /// nobody waits for a probe, which one shop with a limit of its own would fail for all.
    pub(super) fn reopen(&mut self, n_rests: u32, left: Duration, now: Duration) {
        if self.open_until.is_none() {
            self.n_rests = n_rests;
            self.open_until = (!left.is_zero()).then(|| now + left.min(LONGEST_REST));
        }
    }

    fn open(&mut self, now: Duration) -> Duration {
        let rest = rest_behind(self.n_rests);
        self.n_rests = self.n_rests.saturating_add(1);
        self.open_until = Some(now + rest);
        for (host, _) in std::mem::take(&mut self.refused) {
            self.suspect(&host);
        }
        rest
    }

    fn suspect(&mut self, host: &str) {
        let is_known = self.suspects.iter().any(|it| it == host);
        if !is_known && self.suspects.len() < MAX_SUSPECTS {
            self.suspects.push(host.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_host_rests_behind_ten_failures_in_a_row_and_twice_as_long_behind_each_failed_probe() {
        let mut breaker = Breaker::default();
        for _ in 0..3 {
            for _ in 0..9 {
                assert_eq!(breaker.failed(Failure::ServerError, s(0)), None);
            }
            breaker.answered();
        }
        for _ in 0..9 {
            breaker.failed(Failure::Unreachable, s(0));
        }
        assert_eq!(breaker.failed(Failure::Refused, s(5)), Some(s(60)));
        assert_eq!(breaker.left(s(64)), Some((s(1), Failure::Refused)));
        assert_eq!((breaker.left(s(65)), breaker.is_probing()), (None, true));
        let mut rests = Vec::new();
        for _ in 0..8 {
            rests.extend(breaker.failed(Failure::Refused, s(65)));
        }
        let longer = [120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600].map(s);
        assert_eq!(rests, longer);
        breaker.answered();
        assert!(!breaker.is_probing() && breaker.left(s(66)).is_none());
    }

    #[test]
    fn what_an_earlier_run_saw_makes_the_first_request_a_probe() {
        let mut breaker = Breaker::resumed(11);
        assert!(breaker.is_probing() && breaker.left(s(0)).is_none());
        assert_eq!(breaker.failed(Failure::Refused, s(0)), Some(s(240)));
        let mut many = Breaker::resumed(u32::MAX);
        assert_eq!(many.failed(Failure::Refused, s(0)), Some(s(3_600)));
    }

    #[test]
    fn three_hosts_that_refuse_gentle_requests_within_a_minute_close_the_platform() {
        let mut platform = PlatformBreaker::default();
        assert_eq!(platform.refused_gently("a", s(0)), None);
        // The same host again and again, and another one too late.
        for at in 1..59 {
            assert_eq!(platform.refused_gently("b", s(at)), None);
        }
        assert_eq!(platform.refused_gently("c", s(61)), None);
        assert_eq!(platform.ask("d", s(61)), Way::Free);
        assert_eq!(platform.refused_gently("d", s(62)), Some(s(60)));
        assert_eq!(platform.ask("f", s(63)), Way::Closed(s(59)));
        assert_eq!(platform.refused_gently("e", s(63)), None, "was on its way");
    }

    #[test]
    fn one_probe_at_a_time_opens_the_platform_again_or_closes_it_for_twice_as_long() {
        let mut platform = PlatformBreaker::default();
        platform.reopen(1, s(60), s(0));
        assert_eq!(platform.ask("a", s(60)), Way::Probe);
        assert_eq!(platform.ask("b", s(60)), Way::Probing);
        assert_eq!(platform.probed(Told::Nothing, s(61)), None);
        assert_eq!(platform.ask("b", s(61)), Way::Probe);
        assert_eq!(platform.probed(Told::Refused, s(62)), Some(s(120)));
        assert_eq!(platform.ask("c", s(62)), Way::Closed(s(120)));
        assert_eq!(platform.ask("c", s(182)), Way::Probe);
        assert_eq!(platform.probed(Told::Good, s(183)), None);
        assert_eq!(platform.ask("a", s(183)), Way::Free);
    }

    #[test]
    fn the_next_run_goes_on_behind_the_rests_of_the_one_before() {
        let mut platform = PlatformBreaker::default();
        platform.reopen(3, s(0), s(1));
        assert_eq!(platform.ask("a", s(1)), Way::Free);
        platform.reopen(3, s(5), s(2));
        assert_eq!(platform.ask("a", s(2)), Way::Closed(s(5)));
        assert_eq!(platform.ask("a", s(7)), Way::Probe);
        assert_eq!(platform.probed(Told::Refused, s(8)), Some(s(480)));
        platform.reopen(1, s(5), s(9));
        assert_eq!((platform.n_rests(), platform.left(s(9))), (4, s(479)));
        let mut many = PlatformBreaker::default();
        many.reopen(u32::MAX, Duration::MAX, s(0));
        assert_eq!(many.ask("a", s(3_600)), Way::Probe);
        assert_eq!(many.probed(Told::Refused, s(3_600)), Some(s(3_600)));
    }

    #[test]
    fn shops_that_refuse_by_themselves_close_nothing_while_others_answer() {
        let mut platform = PlatformBreaker::default();
        for at in 0..600 {
            platform.answered("healthy", s(at));
            for host in ["a", "b", "c"] {
                assert_eq!(platform.refused_gently(host, s(at)), None);
            }
            // One that refused before does not speak for others.
            platform.answered("a", s(at));
        }
        let closed = (600..700).find_map(|at| {
            let mut rests = ["a", "b", "c"].into_iter();
            rests.find_map(|host| platform.refused_gently(host, s(at)).map(|rest| (at, rest)))
        });
        assert_eq!(
            closed,
            Some((659, s(60))),
            "nobody else has answered for a minute"
        );
    }

    #[test]
    fn who_refused_is_not_the_probe_while_others_ask() {
        let mut platform = PlatformBreaker::default();
        for host in ["a", "b", "c"] {
            platform.refused_gently(host, s(0));
        }
        assert_eq!(platform.ask("a", s(60)), Way::Closed(OTHERS_FIRST));
        assert_eq!(platform.ask("d", s(60)), Way::Probe);
        assert_eq!(platform.probed(Told::Refused, s(60)), Some(s(120)));
        assert_eq!(platform.ask("d", s(180)), Way::Closed(OTHERS_FIRST));
        assert_eq!(platform.ask("d", s(200)), Way::Probe, "nobody else asked");
    }
}
