//! `[recrawl]`: how the time between two crawls of a shop is found.

use std::time::Duration;

use crawler::RecrawlTerms;
use serde::Deserialize;

use crate::exit::UsageError;

/// As written; see `config/default.toml`.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct RecrawlConfig {
    first_hours: f64,
    least_hours: f64,
    most_hours: f64,
    stale_share: f64,
}

impl RecrawlConfig {
    pub(super) fn terms(self) -> RecrawlTerms {
        let hours = |hours: f64| Duration::from_secs_f64(hours * 3_600.0);
        RecrawlTerms {
            first: hours(self.first_hours),
            least: hours(self.least_hours),
            most: hours(self.most_hours),
            stale_share: self.stale_share,
        }
    }

    pub(super) fn check(self) -> Result<(), UsageError> {
        let hours = [
            ("first_hours", self.first_hours),
            ("least_hours", self.least_hours),
            ("most_hours", self.most_hours),
        ];
        for (key, value) in hours {
            // Less than a minute would be less than the scheduler's own pause.
            if !(0.02..=1e5).contains(&value) {
                return Err(UsageError(format!(
                    "recrawl.{key} = {value}: expected a number from 0.02 to 100000"
                )));
            }
        }
        let (least, most) = (self.least_hours, self.most_hours);
        if least > most {
            return Err(UsageError(format!(
                "recrawl.least_hours = {least} is more than recrawl.most_hours = {most}"
            )));
        }
        let share = self.stale_share;
        if !(0.001..=0.9).contains(&share) {
            return Err(UsageError(format!(
                "recrawl.stale_share = {share}: expected a number from 0.001 to 0.9"
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: RecrawlConfig = RecrawlConfig {
        first_hours: 24.0,
        least_hours: 6.0,
        most_hours: 168.0,
        stale_share: 0.05,
    };

    #[test]
    fn intervals_that_make_no_sense_are_refused_by_key() {
        assert!(DEFAULT.check().is_ok());
        for (config, key) in [
            (
                RecrawlConfig {
                    first_hours: f64::NAN,
                    ..DEFAULT
                },
                "first_hours",
            ),
            (
                RecrawlConfig {
                    least_hours: 0.0,
                    ..DEFAULT
                },
                "least_hours",
            ),
            (
                RecrawlConfig {
                    most_hours: 5.0,
                    ..DEFAULT
                },
                "more than recrawl.most_hours",
            ),
            (
                RecrawlConfig {
                    stale_share: 1.0,
                    ..DEFAULT
                },
                "stale_share",
            ),
        ] {
            let error = config.check().unwrap_err().to_string();
            assert!(error.contains(key), "{error}");
        }
    }
}
