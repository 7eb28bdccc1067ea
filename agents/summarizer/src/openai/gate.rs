//! Who may ask now: slots, rates, pauses that the endpoint asked for, and a breaker for one that is down.
//!
//! All calls of a process share it. It judges no answer; the calls tell it what came of them.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until};

use super::rates::Rates;
use super::{EndpointConfig, LONGEST};

/// The shortest pause of one that is down, also where no pause is waited for: a breaker that never holds is none.
const MIN_PAUSE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Gate {
    slots: Semaphore,
    rates: Rates,
    state: Mutex<State>,
    /// It was closed: whoever waits for a place need not.
    closing: Notify,
    max_failures: u32,
    /// How long it stays closed once the breaker is open.
    pause: Duration,
}

#[derive(Debug, Default)]
struct State {
    /// Nothing is sent before; whoever can wait, waits.
    not_before: Option<Instant>,
    /// Nothing is sent before, and nobody waits.
    closed: Option<(Instant, Shut)>,
    n_failed: u32,
    is_probing: bool,
}

/// Why nobody may ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shut {
    /// It wants a long pause, or is down.
    Closed(String),
    /// The account is empty.
    NoMoney(String),
    /// It knows neither the key nor the model.
    Refused {
        /// Its status.
        status: u16,
        /// What it said.
        message: String,
    },
}

/// The right to send one request.
#[derive(Debug)]
pub(super) struct Pass<'a> {
    gate: &'a Gate,
    _slot: SemaphorePermit<'a>,
    is_probe: bool,
    /// How long our own slots and rates were waited for.
    pub(super) waited: Duration,
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.is_probe {
            self.gate.lock().is_probing = false;
        }
    }
}

impl Gate {
    pub(super) fn new(config: &EndpointConfig) -> Self {
        Self {
            slots: Semaphore::new(config.in_flight.clamp(1, Semaphore::MAX_PERMITS)),
            rates: Rates::new(config.requests_per_minute, config.tokens_per_minute),
            state: Mutex::default(),
            closing: Notify::new(),
            max_failures: config.max_failures,
            pause: config.max_retry_after.max(MIN_PAUSE),
        }
    }

    /// Waits for the right to send a request of so many tokens. The error comes with the time for which it holds.
    ///
    /// A pause that the endpoint asked for is waited for until the deadline at most. Our own slots and rates are waited
    /// for as long as it takes, and move the deadline: they are no fault of the endpoint.
    ///
    /// Cancel-safe: what was waited for is let go; a turn in the rates may be lost.
    pub(super) async fn enter(
        &self,
        tokens: u64,
        deadline: Instant,
    ) -> Result<Pass<'_>, (Shut, Duration)> {
        let began = Instant::now();
        let slot = self.place(tokens).await?;
        let waited = began.elapsed();
        while let Some(not_before) = self.not_before() {
            if not_before > deadline + waited {
                let wait = not_before.saturating_duration_since(Instant::now());
                let message = format!("it asks for a pause of {} s", wait.as_secs());
                return Err((Shut::Closed(message), wait));
            }
            sleep_until(not_before).await;
        }
        Ok(Pass {
            gate: self,
            is_probe: self.begin()?,
            _slot: slot,
            waited,
        })
    }

    /// Waits for a slot and a turn in the rates, unless it is closed.
    async fn place(&self, tokens: u64) -> Result<SemaphorePermit<'_>, (Shut, Duration)> {
        loop {
            // Before the look, so that nothing is missed behind it.
            let closing = self.closing.notified();
            self.check()?;
            let place = async {
                let Ok(slot) = self.slots.acquire().await else {
                    return Err((Shut::Closed("it has been shut down".to_owned()), LONGEST));
                };
                // Whoever is not first would only wait for the probe.
                self.check()?;
                self.rates.wait(tokens).await;
                Ok(slot)
            };
            tokio::select! {
                biased;
                place = place => return place,
                () = closing => {}
            }
        }
    }

    /// Sends nothing for a while; whoever can, waits.
    pub(super) fn pause(&self, pause: Duration) {
        let not_before = Instant::now() + pause.min(LONGEST);
        let mut state = self.lock();
        state.not_before = state.not_before.max(Some(not_before));
    }

    /// Sends nothing for a while, and nobody waits.
    pub(super) fn close(&self, wait: Duration, shut: Shut) {
        let until = Instant::now() + wait.min(LONGEST);
        let mut state = self.lock();
        let now = Instant::now();
        let closed = state.closed.as_ref().map(|(until, _)| *until);
        if closed.is_none_or(|closed| closed <= now) {
            let seconds = wait.as_secs();
            tracing::warn!(
                seconds,
                "the model's endpoint is left alone for {seconds} s"
            );
        }
        if closed.is_none_or(|closed| closed < until) {
            state.closed = Some((until, shut));
        }
        drop(state);
        self.closing.notify_waiters();
    }

    /// Sends nothing for the pause of one that is down: what is wrong with the settings stays so.
    pub(super) fn refuses(&self, shut: Shut) {
        self.close(self.pause, shut);
    }

    /// Counts an answer, whatever it says: the endpoint is up.
    pub(super) fn answered(&self) {
        self.lock().n_failed = 0;
    }

    /// Counts a call without an answer; enough of them in a row close the gate, and so does one behind that.
    pub(super) fn failed(&self, message: &str) {
        let mut state = self.lock();
        state.n_failed = state.n_failed.saturating_add(1);
        let n_failed = state.n_failed;
        drop(state);
        if self.max_failures > 0 && n_failed >= self.max_failures {
            let message =
                format!("{n_failed} requests in a row failed, the last one so: {message}");
            self.close(self.pause, Shut::Closed(message));
        }
    }

    /// Returns why it is closed, and for how long.
    fn check(&self) -> Result<(), (Shut, Duration)> {
        self.lock().check(self.max_failures, self.pause)
    }

    /// Takes the last look, and returns whether this request shows if the endpoint is up again.
    fn begin(&self) -> Result<bool, (Shut, Duration)> {
        let mut state = self.lock();
        state.check(self.max_failures, self.pause)?;
        state.is_probing = state.is_down(self.max_failures);
        Ok(state.is_probing)
    }

    fn not_before(&self) -> Option<Instant> {
        let not_before = self.lock().not_before;
        not_before.filter(|not_before| *not_before > Instant::now())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn check(&mut self, max_failures: u32, pause: Duration) -> Result<(), (Shut, Duration)> {
        let now = Instant::now();
        match &self.closed {
            Some((until, shut)) if *until > now => return Err((shut.clone(), *until - now)),
            _ => self.closed = None,
        }
        if self.is_probing && self.is_down(max_failures) {
            let message = "it was down, and one request is finding out whether it still is";
            return Err((Shut::Closed(message.to_owned()), pause));
        }
        Ok(())
    }

    const fn is_down(&self, max_failures: u32) -> bool {
        max_failures > 0 && self.n_failed >= max_failures
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::super::testing::config;
    use super::*;

    fn gate(max_failures: u32) -> Gate {
        Gate::new(&EndpointConfig {
            max_failures,
            in_flight: 2,
            max_retry_after: Duration::from_secs(60),
            ..config("http://127.0.0.1/v1")
        })
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_is_down_is_left_alone_also_where_no_pause_is_waited_for() {
        let gate = Gate::new(&EndpointConfig {
            max_failures: 1,
            max_retry_after: Duration::ZERO,
            ..config("http://127.0.0.1/v1")
        });
        gate.failed("connect");
        let (_, wait) = gate.enter(1, soon()).await.unwrap_err();
        assert_eq!(wait, MIN_PAUSE);
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

    #[tokio::test(start_paused = true)]
    async fn a_short_pause_is_waited_for_by_all_and_a_long_one_by_nobody() {
        let gate = gate(0);
        gate.pause(Duration::from_secs(5));
        let began = Instant::now();
        drop(gate.enter(1, soon()).await.unwrap());
        assert_eq!(began.elapsed().as_secs(), 5);
        gate.pause(Duration::from_secs(11));
        let (shut, _) = gate.enter(1, soon()).await.unwrap_err();
        assert_eq!(shut, Shut::Closed("it asks for a pause of 11 s".to_owned()));
        gate.close(Duration::MAX, Shut::Closed("come back".to_owned()));
        let (shut, wait) = gate.enter(1, soon()).await.unwrap_err();
        assert_eq!(
            (shut, wait),
            (Shut::Closed("come back".to_owned()), LONGEST)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn our_own_slots_are_waited_for_beyond_the_deadline_and_a_pause_is_not() {
        let gate = gate(0);
        let both = (gate.enter(1, soon()).await, gate.enter(1, soon()).await);
        let later = async {
            tokio::time::sleep(Duration::from_secs(3_600)).await;
            gate.pause(Duration::from_secs(9));
            drop(both);
        };
        let deadline = soon();
        let (pass, ()) = tokio::join!(gate.enter(1, deadline), later);
        assert_eq!(pass.unwrap().waited.as_secs(), 3_600);
        assert_eq!(deadline.elapsed().as_secs(), 3_599);
        gate.pause(Duration::from_secs(11));
        assert!(gate.enter(1, soon()).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_for_a_place_learns_that_it_was_closed() {
        let gate = Gate::new(&EndpointConfig {
            requests_per_minute: NonZeroU32::new(1),
            in_flight: 2,
            ..config("http://127.0.0.1/v1")
        });
        drop(gate.enter(1, soon()).await.unwrap());
        let began = Instant::now();
        let closed = Shut::Closed("come back".to_owned());
        let (first, second, third, ()) = tokio::join!(
            gate.enter(1, soon()),
            gate.enter(1, soon()),
            gate.enter(1, soon()),
            async { gate.close(LONGEST, closed.clone()) },
        );
        for result in [first, second, third] {
            assert_eq!(result.unwrap_err().0, closed);
        }
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_row_of_failures_closes_until_one_request_has_succeeded() {
        let gate = gate(2);
        gate.failed("connect");
        gate.answered();
        gate.failed("connect");
        drop(gate.enter(1, soon()).await.unwrap());
        gate.failed("connect");
        let (shut, wait) = gate.enter(1, soon()).await.unwrap_err();
        assert!(matches!(shut, Shut::Closed(message) if message.contains("connect")));
        assert_eq!(wait.as_secs(), 60);
        tokio::time::advance(Duration::from_secs(61)).await;
        let probe = gate.enter(1, soon()).await.unwrap();
        assert!(gate.enter(1, soon()).await.is_err(), "one at a time");
        drop(probe);
        let probe = gate.enter(1, soon()).await.unwrap();
        gate.failed("connect");
        drop(probe);
        assert!(gate.enter(1, soon()).await.is_err(), "still down");
        tokio::time::advance(Duration::from_secs(61)).await;
        let probe = gate.enter(1, soon()).await.unwrap();
        gate.answered();
        let second = gate.enter(1, soon()).await.unwrap();
        drop((probe, second));
    }
}
