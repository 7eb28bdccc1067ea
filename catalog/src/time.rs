//! Points in time as whole milliseconds. Reads no clock.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time: milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// Shown, and written to JSON, as RFC 3339 in UTC; a fraction appears only when it is not zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMs(i64);

/// A text that is not an RFC 3339 date and time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 date and time, such as 2026-01-31T12:00:00Z: {0:?}")]
pub struct TimeError(String);

impl UnixMs {
    const MIN: i64 = -62_135_596_800_000; // 0001-01-01T00:00:00Z
    const MAX: i64 = 253_402_207_200_000; // 9999-12-30T22:00:00Z, the last that jiff shows with any offset

    /// Returns the point `ms` milliseconds after the epoch, held between the first day of the year 1 and the last but one of 9999.
    pub const fn new(ms: i64) -> Self {
        Self(if ms < Self::MIN {
            Self::MIN
        } else if ms > Self::MAX {
            Self::MAX
        } else {
            ms
        })
    }

    /// Returns the milliseconds since the epoch.
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// Reads an RFC 3339 date and time with any offset; what is finer than a millisecond is cut off.
    ///
    /// # Errors
    /// When `text` has another form, or names no real point in time.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let timestamp: jiff::Timestamp = text
            .trim()
            .parse()
            .map_err(|_| TimeError(text.chars().take(40).collect()))?;
        Ok(Self::new(timestamp.as_millisecond()))
    }
}

impl fmt::Display for UnixMs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let timestamp = jiff::Timestamp::from_millisecond(self.0)
            .expect("UnixMs::new keeps the years 1 to 9999, which jiff covers");
        timestamp.fmt(f)
    }
}

impl std::str::FromStr for UnixMs {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        Self::parse(text)
    }
}

impl Serialize for UnixMs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for UnixMs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_offset_becomes_utc() {
        for (text, shown) in [
            ("2025-03-11T09:12:43-04:00", "2025-03-11T13:12:43Z"),
            ("2025-03-11T00:30:00+13:00", "2025-03-10T11:30:00Z"),
            ("2025-03-11T00:30:00.1239+05:30", "2025-03-10T19:00:00.123Z"),
            ("2025-03-11T00:30:00Z", "2025-03-11T00:30:00Z"),
        ] {
            assert_eq!(UnixMs::parse(text).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn the_ends_of_time_can_be_shown() {
        let shown = |ms| UnixMs::new(ms).to_string();
        assert_eq!(shown(i64::MIN), "0001-01-01T00:00:00Z");
        assert_eq!(shown(i64::MAX), "9999-12-30T22:00:00Z");
        for end in [i64::MIN, i64::MAX] {
            assert_eq!(UnixMs::parse(&shown(end)), Ok(UnixMs::new(end)));
        }
    }

    #[test]
    fn a_text_without_offset_or_with_an_impossible_day_is_refused() {
        for text in [
            "",
            "2025-03-11",
            "2025-03-11T09:12:43",
            "2025-02-30T00:00:00Z",
            "soon",
        ] {
            assert!(UnixMs::parse(text).is_err(), "{text}");
        }
    }
}
