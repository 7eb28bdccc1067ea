//! What the work of a task used so far, over all processes that work on it.

use serde::{Deserialize, Serialize};

/// The totals of a task.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meter {
    /// Requests that cost something, begun or done.
    pub requests: u64,
    /// Tokens, reserved or used.
    pub tokens: u64,
    /// Money, reserved or spent, in billionths of a unit of the prices' currency.
    pub cost_nanos: u64,
    /// Pieces of the work that are done.
    pub n_done: u64,
}

/// What is added to the totals; a negative number gives back what was reserved and not used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MeterStep {
    /// Requests.
    pub requests: i64,
    /// Tokens.
    pub tokens: i64,
    /// Billionths of a unit of money.
    pub cost_nanos: i64,
    /// Pieces of work.
    pub n_done: i64,
}

/// The most that the totals may be; `None` for no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeterLimits {
    /// Requests.
    pub requests: Option<u64>,
    /// Tokens.
    pub tokens: Option<u64>,
    /// Billionths of a unit of money.
    pub cost_nanos: Option<u64>,
}

/// What [`TaskStore::meter`](crate::TaskStore::meter) did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metered {
    /// The step was added; these are the totals now.
    Counted(Meter),
    /// A total would have become greater than its limit: nothing was added, and these are the totals.
    Over(Meter),
}

impl Metered {
    /// Returns the totals, whether or not the step was added.
    pub const fn totals(self) -> Meter {
        match self {
            Self::Counted(totals) | Self::Over(totals) => totals,
        }
    }
}
