//! What answers have in common: money, times, how old the data is, and how a list was cut.

use catalog::{Currency, Money, UnixMs};
use schemars::JsonSchema;
use serde::Serialize;

/// An amount of money, exact, with its currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Amount {
    /// The decimal number, such as `19.99`.
    pub(crate) amount: String,
    /// The ISO 4217 code; absent where the shop does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub(crate) currency: Option<String>,
}

impl From<Money> for Amount {
    fn from(money: Money) -> Self {
        let shown = money.to_string();
        let amount = shown.split(' ').next().unwrap_or_default();
        Self {
            amount: amount.to_owned(),
            currency: known(money.currency()),
        }
    }
}

/// Returns a currency's code, where there is one.
pub(crate) fn known(currency: Currency) -> Option<String> {
    currency.is_known().then(|| currency.code().to_owned())
}

/// How old an answer's data is, and where it comes from.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct DataAge {
    /// When the oldest of what is shown was last confirmed.
    #[schemars(with = "String")]
    pub(crate) as_of: UnixMs,
    /// Hours since then.
    pub(crate) age_hours: f64,
    /// Where it comes from, such as `crawls of 3 shops` or `ranking 2026-11-21T09:00:00Z balanced`.
    pub(crate) source: String,
}

impl DataAge {
    pub(crate) fn new(as_of: UnixMs, now: UnixMs, source: impl Into<String>) -> Self {
        let hours = (now.ms().saturating_sub(as_of.ms())) as f64 / 3_600_000.0;
        Self {
            as_of,
            age_hours: (hours.max(0.0) * 10.0).round() / 10.0,
            source: source.into(),
        }
    }
}

/// How a list was cut; part of every list's answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Cut {
    /// Records in this answer.
    pub(crate) returned: usize,
    /// Whether there are more records behind these: hint says why, and what to do for them.
    pub(crate) truncated: bool,
    /// What to do for the rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<String>,
    /// Where the list goes on: the argument `cursor` of the next call. Absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
}

impl Cut {
    /// Returns how a list was cut of which so many records are shown; `is_full` says whether some that were asked for
    /// are left out since the answer would be too long.
    pub(crate) fn new(returned: usize, is_full: bool, next_cursor: Option<String>) -> Self {
        let hint = match (is_full, &next_cursor) {
            (true, Some(_)) => Some(
                "the answer is full: call again with next_cursor as cursor, or narrow the question",
            ),
            (true, None) => Some("the answer is full: narrow the question, or name a limit"),
            (false, Some(_)) => Some("there is more: call again with next_cursor as cursor"),
            (false, None) => None,
        };
        Self {
            returned,
            truncated: hint.is_some(),
            hint: hint.map(str::to_owned),
            next_cursor,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_with_more_behind_it_says_so_whatever_ended_it() {
        let next = || Some("x".to_owned());
        for (is_full, next_cursor) in [(true, None), (true, next()), (false, next())] {
            let cut = Cut::new(1, is_full, next_cursor);
            assert!(cut.truncated && cut.hint.is_some(), "{cut:?}");
        }
        let whole = Cut::new(1, false, None);
        assert!(!whole.truncated && whole.hint.is_none(), "{whole:?}");
    }
}
