//! How soon a host's answers begin, and when they begin so late that it is strained.

use std::time::Duration;

/// Answers that begin sooner than this are never slow, whatever they were before: a busy machine of ours is not theirs.
const QUICK: Duration = Duration::from_millis(300);

/// Slow answers in a row that count as a sign of the host's.
const N_SLOW: u32 = 4;

/// How soon answers of one kind begin.
#[derive(Debug, Clone, Default)]
pub(super) struct Latency {
    kind: String,
    smoothed: f64,
    baseline: f64,
    n_answers: u32,
    n_slow: u32,
}

impl Latency {
    /// Takes in an answer and returns whether the last ones took twice as long as it was usual.
    pub(super) fn is_strained_by(&mut self, latency: Duration, kind: &str) -> bool {
        let latency = latency.as_secs_f64();
        if self.kind != kind {
            *self = Self {
                kind: kind.to_owned(),
                smoothed: latency,
                baseline: latency,
                ..Self::default()
            };
        }
        self.n_answers += 1;
        self.smoothed += (latency - self.smoothed) / 4.0;
        // What stays slow becomes the usual.
        let weight = if self.smoothed < self.baseline {
            1.0
        } else {
            1.0 / 64.0
        };
        self.baseline += (self.smoothed - self.baseline) * weight;
        let is_slow = self.n_answers > N_SLOW
            && self.smoothed > 2.0 * self.baseline
            && latency.min(self.smoothed) > QUICK.as_secs_f64();
        self.n_slow = if is_slow { self.n_slow + 1 } else { 0 };
        let is_strained = self.n_slow >= N_SLOW;
        if is_strained {
            self.n_slow = 0;
        }
        is_strained
    }

    /// Returns how many requests a second one at a time can be.
    pub(super) fn most_per_second(&self) -> Option<f64> {
        (self.n_answers > 0).then(|| 1.0 / self.smoothed.max(1e-3))
    }
}
