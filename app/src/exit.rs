//! Exit codes: 0 all is well, 1 nothing worked, 2 wrong usage, 3 some of it worked.

use std::process::ExitCode;

use catalog::CrawlReport;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All that was asked for was done.
    All,
    /// Nothing was.
    Nothing,
    /// Some of it was; also an interrupted command.
    Some,
    /// The call or the configuration was wrong.
    Usage,
}

/// A mistake in how the program was called or configured.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

impl Exit {
    /// Returns the exit of a command over several shops.
    pub(crate) fn of_reports(reports: &[CrawlReport], interrupted: bool) -> Self {
        let is_done = |report: &CrawlReport| report.outcome.as_ref().is_some_and(|it| it.is_done());
        let has_something = |report: &CrawlReport| is_done(report) || report.counts.products > 0;
        if interrupted {
            Self::Some
        } else if reports.iter().all(is_done) {
            Self::All
        } else if reports.iter().any(has_something) {
            Self::Some
        } else {
            Self::Nothing
        }
    }
}

impl From<&anyhow::Error> for Exit {
    fn from(error: &anyhow::Error) -> Self {
        match error.downcast_ref::<UsageError>() {
            Some(_) => Self::Usage,
            None => Self::Nothing,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::All => 0,
            Exit::Nothing => 1,
            Exit::Usage => 2,
            Exit::Some => 3,
        })
    }
}
