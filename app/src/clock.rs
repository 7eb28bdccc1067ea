//! The one reader of the wall clock.

use catalog::UnixMs;

/// Gives the times that are recorded: the wall clock's, or a fixed one for comparable runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    fixed: Option<UnixMs>,
}

impl Clock {
    pub(crate) const fn new(fixed: Option<UnixMs>) -> Self {
        Self { fixed }
    }

    pub(crate) fn now(&self) -> UnixMs {
        self.fixed.unwrap_or_else(wall_clock)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "app::clock is the one reader of the wall clock"
)]
fn wall_clock() -> UnixMs {
    UnixMs::new(jiff::Timestamp::now().as_millisecond())
}
