//! Back-tests: does a high score come before what one would want to foresee?
//!
//! Features are frozen at a moment T, outcomes are what happened behind T, and every figure has an interval.

mod figures;
mod fit;
mod frozen;
mod outcome;
mod rankings;
mod report;
mod resample;
mod sorted;

#[cfg(test)]
mod simulator;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use figures::{AmountFigures, EventFigures, Figure, amount_figures, event_figures};
pub use fit::{Centred, Fitted, Period, fit};
pub use frozen::{Frozen, freeze, past};
pub use outcome::{BESTSELLERS, Outcome, Outcomes, outcomes};
pub use rankings::{Column, Comparison, Products, Ranking};
pub use report::{
    AmountReport, EventReport, FeatureReport, Known, RankedAmount, RankedEvent, amount_report,
    event_report, list_length,
};
pub use resample::n_resamples;

/// With fewer events than these no figure tells anything.
pub const MIN_EVENTS: usize = 30;
