//! How much more an endpoint counts than was estimated: tokens of emoji, and of thoughts that nobody reads.

use std::sync::atomic::{AtomicU64, Ordering};

/// The most that an estimate is multiplied with: one wrong report must not end a run.
const MOST: u64 = 20;

/// The highest ratios so far, in thousandths; nothing for none above one.
#[derive(Debug, Default)]
pub(super) struct Excess {
    input: AtomicU64,
    output: AtomicU64,
}

impl Excess {
    /// Returns estimates of tokens read and written, raised to what the endpoint would say.
    pub(super) fn raised(&self, input: u64, output: u64) -> (u64, u64) {
        let raised = |estimate: u64, ratio: &AtomicU64| {
            let thousandths = ratio.load(Ordering::Relaxed).max(1_000);
            estimate.saturating_mul(thousandths).div_ceil(1_000)
        };
        (raised(input, &self.input), raised(output, &self.output))
    }

    /// Takes down what the endpoint said where so much had been estimated.
    pub(super) fn note(&self, estimated: (u64, u64), said: (Option<u64>, Option<u64>)) {
        let note = |ratio: &AtomicU64, estimated: u64, said: Option<u64>| {
            let thousandths = said.unwrap_or_default().saturating_mul(1_000);
            let thousandths = thousandths.div_ceil(estimated.max(1));
            ratio.fetch_max(thousandths.min(MOST * 1_000), Ordering::Relaxed);
        };
        note(&self.input, estimated.0, said.0);
        note(&self.output, estimated.1, said.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_is_raised_by_the_highest_ratio_and_never_lowered() {
        let excess = Excess::default();
        excess.note((1_000, 800), (Some(10), Some(0)));
        assert_eq!(excess.raised(1_000, 800), (1_000, 800));
        excess.note((1_000, 800), (Some(1_500), Some(2_400)));
        excess.note((1_000, 800), (Some(1_100), None));
        assert_eq!(excess.raised(100, 800), (150, 2_400));
        excess.note((1, 0), (Some(u64::MAX), Some(u64::MAX)));
        assert_eq!(
            excess.raised(100, u64::MAX),
            (2_000, u64::MAX.div_ceil(1_000))
        );
    }
}
