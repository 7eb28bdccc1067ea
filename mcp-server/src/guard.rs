//! What stands around every call: how many at once, how long, how often by one caller, and no panic gets out.

mod rates;

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use self::rates::Rates;
use crate::{Limits, ToolError};

/// The code of a call whose time was over.
pub(crate) const TIMEOUT: &str = "timeout";

/// The limits of a server, shared by all its calls.
#[derive(Debug)]
pub(crate) struct Guard {
    slots: Semaphore,
    timeout: Duration,
    rates: Option<Rates>,
    /// Lists are counted apart, so that a caller who calls too often can still start a client.
    list_rates: Option<Rates>,
}

impl Guard {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            slots: Semaphore::new(limits.in_flight.min(Semaphore::MAX_PERMITS)),
            timeout: limits.timeout,
            rates: Rates::new(limits),
            list_rates: Rates::new(limits),
        }
    }

    /// Does `work` for `caller` within the limits; it is dropped when its time is over or the caller is `gone`.
    ///
    /// # Errors
    /// Of its own: `rate_limited`, `busy`, `timeout`, `internal` for a panic, `cancelled`.
    pub(crate) async fn run<T>(
        &self,
        caller: &str,
        gone: &CancellationToken,
        work: impl Future<Output = Result<T, ToolError>> + Send,
    ) -> Result<T, ToolError> {
        if let Some(rates) = &self.rates {
            rates.check(caller)?;
        }
        let _slot = self.slots.try_acquire().map_err(|_| busy())?;
        // What a panic leaves behind is dropped with the work.
        let work = AssertUnwindSafe(work).catch_unwind();
        tokio::select! {
            done = tokio::time::timeout(self.timeout, work) => match done {
                Ok(Ok(answer)) => answer,
                Ok(Err(_)) => Err(panicked()),
                Err(_) => Err(self.timed_out()),
            },
            () = gone.cancelled() => Err(ToolError::new("cancelled", "the client went away")),
        }
    }

    /// Counts a list that `caller` asks for.
    ///
    /// # Errors
    /// `rate_limited`.
    pub(crate) fn may_list(&self, caller: &str) -> Result<(), ToolError> {
        self.list_rates
            .as_ref()
            .map_or(Ok(()), |it| it.check(caller))
    }

    fn timed_out(&self) -> ToolError {
        let seconds = self.timeout.as_secs_f64();
        ToolError::new(TIMEOUT, format!("the call took longer than {seconds} s"))
            .next("ask for less: a smaller limit, one shop, a shorter period")
    }
}

fn busy() -> ToolError {
    ToolError::new("busy", "the server has as many calls under way as it takes")
        .next("call again in 1 s")
}

/// Returns the error of a bug. What the panic said goes to the log, through the panic hook.
fn panicked() -> ToolError {
    ToolError::new(
        "internal",
        "the call failed by a fault of the server; its log says where",
    )
    .next("call with other arguments, and report the fault")
}
