//! How an item ended, as it is kept and told; and what that makes of the task.

use catalog::{CrawlReport, CurrencySource, Outcome, Reason, Stop, TaskState, WorkItem};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::plan::{ProductWork, ShopWork};
use super::{PRODUCT, SHOP};
use crate::skills::words::one_line;
use crate::skills::work_of;

/// The most characters of a sentence on why something ended.
const MAX_DETAIL_CHARS: usize = 240;

/// Why a shop or a product has not been read to its end: the word that callers branch on.
///
/// | code | when |
/// |---|---|
/// | `PRODUCTS_JSON_DISABLED` | the product list is closed (401, 403, 404, 410) |
/// | `ROBOTS_DENIED` | robots.txt forbids it, or could not be read (`BLOCKED` behind a challenge) |
/// | `RATE_LIMITED` | 429 or 430, also after waiting |
/// | `BLOCKED` | an anti-bot challenge |
/// | `PASSWORD` | the shop asks for a password |
/// | `SUSPENDED` | the shop is frozen or locked (402, 423) |
/// | `TLS` | its certificate or its TLS is not right |
/// | `UNREACHABLE` | no connection: name, network or time-out |
/// | `SERVER_ERROR` | 5xx, also after waiting |
/// | `NOT_SHOPIFY` | the answer to the first page is no product list, and the shop never told its currency as one |
/// | `SCHEMA` | any other answer that is no product list, or damaged |
/// | `ADDRESS_REFUSED` | the address, or one it redirects to, is private or not http(s) |
/// | `PAUSED` | the agent's operator paused the shop, or removed it meanwhile |
/// | `NOT_FOUND` | the product's page does not exist |
/// | `PLATFORM_LIMIT` | the platform lists no more than it did |
/// | `ENDLESS` | the same products came again and again |
/// | `SHRUNK` | less than half of the known products, or far fewer than the shop says: not believed until a later crawl finds as many |
/// | `MAX_PAGES`, `DEADLINE` | as the request asked |
/// | `BUSY` | another process crawled the shop for too long |
/// | `INTERRUPTED`, `ERROR` | the agent could not finish it |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Code {
    ProductsJsonDisabled,
    RobotsDenied,
    RateLimited,
    Blocked,
    Password,
    Suspended,
    Tls,
    Unreachable,
    ServerError,
    NotShopify,
    Schema,
    AddressRefused,
    Paused,
    NotFound,
    PlatformLimit,
    Endless,
    Shrunk,
    MaxPages,
    Deadline,
    Busy,
    Interrupted,
    Error,
}

impl Code {
    fn of(outcome: &Outcome) -> Option<Self> {
        let reason = outcome.reason()?;
        let is_unknown = matches!(outcome, Outcome::Failed(_))
            && matches!(reason.stop, Stop::NotJson | Stop::NotShopify);
        // What gave pages before is a Shopify shop.
        Some(if is_unknown {
            Self::NotShopify
        } else {
            Self::of_reason(reason)
        })
    }

    fn of_reason(reason: &Reason) -> Self {
        let speaks_of_tls = || {
            ["certificate", "TLS"]
                .iter()
                .any(|it| reason.detail.contains(it))
        };
        match reason.stop {
            Stop::Interrupted => Self::Interrupted,
            Stop::MaxPages => Self::MaxPages,
            Stop::Wall => Self::PlatformLimit,
            Stop::Endless => Self::Endless,
            Stop::Shrunk => Self::Shrunk,
            Stop::Robots => Self::RobotsDenied,
            Stop::Password => Self::Password,
            Stop::ClosedFeed => Self::ProductsJsonDisabled,
            Stop::Suspended => Self::Suspended,
            Stop::Challenge => Self::Blocked,
            Stop::RateLimited => Self::RateLimited,
            Stop::NotJson | Stop::NotShopify | Stop::Damaged => Self::Schema,
            Stop::ServerError => Self::ServerError,
            Stop::Unreachable if speaks_of_tls() => Self::Tls,
            Stop::Unreachable => Self::Unreachable,
            Stop::RefusedAddress => Self::AddressRefused,
            Stop::Superseded => Self::Busy,
            Stop::Store => Self::Error,
        }
    }
}

/// How an item ended: its result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ended {
    /// The shop or the product as a URL.
    pub(super) store: String,
    /// How it ended, with a word and a sentence on why.
    #[serde(flatten)]
    pub(super) outcome: Outcome,
    /// Why; `None` when it is complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<Code>,
    /// Requests that the last attempt sent.
    pub(super) requests: u64,
    /// How many of them were answered with 429 or 430.
    pub(super) retries429: u64,
    /// How long the last attempt took.
    pub(super) ms: u64,
    /// Whether an earlier crawl was taken as it is.
    #[serde(default)]
    pub(super) is_stored: bool,
    /// The record of the pass; `None` where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) report: Option<CrawlReport>,
    /// The product that was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) product: Option<Value>,
}

impl Ended {
    /// Returns an end without figures.
    pub(super) fn new(store: &str, outcome: Outcome) -> Self {
        let outcome = tellable(outcome);
        Self {
            store: store.to_owned(),
            code: Code::of(&outcome),
            outcome,
            requests: 0,
            retries429: 0,
            ms: 0,
            is_stored: false,
            report: None,
            product: None,
        }
    }

    /// Returns the end of a shop or a product of a shop that the operator paused: nothing is asked of it.
    pub(super) fn paused(store: &str) -> Self {
        Self::refused(
            store,
            "the operator of this agent paused the shop; ask the operator, or name other shops",
        )
    }

    /// Returns the end of a crawl whose shop was removed while it waited or ran.
    pub(super) fn forgotten(store: &str) -> Self {
        Self::refused(
            store,
            "the operator of this agent removed the shop meanwhile; ask the operator, or name other shops",
        )
    }

    fn refused(store: &str, detail: &str) -> Self {
        let outcome = Outcome::Blocked(Reason::new(Stop::RefusedAddress, detail));
        Self {
            code: Some(Code::Paused),
            outcome: outcome.clone(),
            ..Self::new(store, outcome)
        }
    }

    /// Returns the end of a pass.
    pub(super) fn of_report(store: &str, report: CrawlReport) -> Self {
        let failed = || Outcome::Failed(Reason::new(Stop::Store, "the pass has no end"));
        let outcome = report.outcome.clone().unwrap_or_else(failed);
        let ended = Self::new(store, outcome);
        let is_known = report.currency_source == CurrencySource::Shop;
        Self {
            code: match ended.code {
                Some(Code::NotShopify) if is_known => Some(Code::Schema),
                code => code,
            },
            report: Some(CrawlReport {
                outcome: Some(ended.outcome.clone()),
                ..report
            }),
            ..ended
        }
    }

    /// Returns the end that an item's result tells; one that a worker gave up has an error of its own.
    pub(super) fn of_item(item: &WorkItem) -> Option<Self> {
        let store = match item.kind.as_str() {
            SHOP => work_of::<ShopWork>(&item.payload).map(|work| work.shop.url),
            PRODUCT => work_of::<ProductWork>(&item.payload).map(|work| work.url),
            _ => return None,
        };
        let ended = item.result.as_ref().and_then(work_of);
        Some(ended.unwrap_or_else(|| {
            let store = store.unwrap_or_else(|| item.key.clone());
            let detail = "the agent could not finish it; its operator's log says why";
            Self::new(&store, Outcome::Failed(Reason::new(Stop::Store, detail)))
        }))
    }

    /// Returns whether there is something to have of it.
    pub(super) fn has_something(&self) -> bool {
        let n_products = self.report.as_ref().map_or(0, |it| it.counts.products);
        match &self.outcome {
            Outcome::Complete | Outcome::Gone(_) => true,
            Outcome::Partial(_) => n_products > 0,
            Outcome::Blocked(_) | Outcome::Failed(_) => false,
        }
    }
}

/// Returns an outcome as a caller may read it: in bounds, and without what is known of the agent's own network.
fn tellable(outcome: Outcome) -> Outcome {
    let told = |reason: Reason| match reason.stop {
        Stop::RefusedAddress => {
            let detail = "the shop's address, or one it redirects to, is private or not http(s)";
            Reason::new(Stop::RefusedAddress, detail)
        }
        stop => Reason::new(stop, one_line(&reason.detail, MAX_DETAIL_CHARS)),
    };
    match outcome {
        Outcome::Complete => Outcome::Complete,
        Outcome::Partial(reason) => Outcome::Partial(told(reason)),
        Outcome::Blocked(reason) => Outcome::Blocked(told(reason)),
        Outcome::Gone(reason) => Outcome::Gone(told(reason)),
        Outcome::Failed(reason) => Outcome::Failed(told(reason)),
    }
}

/// Returns the state in which a task ends whose items ended so, with words on it.
pub(super) fn verdict(ends: &[Ended]) -> (TaskState, String) {
    let all = |codes: &[Code]| {
        let mut ends = ends.iter();
        ends.all(|end| end.code.is_some_and(|code| codes.contains(&code)))
    };
    let n_all = ends.len();
    let n_done = ends.iter().filter(|end| end.outcome.is_done()).count();
    if ends.iter().any(Ended::has_something) {
        let partial = if n_done < n_all {
            ", the rest in part or not at all"
        } else {
            ""
        };
        return (
            TaskState::Completed,
            format!("{n_done} of {n_all} complete{partial}"),
        );
    }
    let why = ends.first().map(|end| match (n_all, end.outcome.reason()) {
        (1, Some(reason)) => reason.detail.clone(),
        _ => format!("none of {n_all}; see the artifact errors"),
    });
    let why = why.unwrap_or_else(|| "there was nothing to do".to_owned());
    let refused = [
        Code::RobotsDenied,
        Code::AddressRefused,
        Code::NotShopify,
        Code::Paused,
    ];
    if all(&refused) {
        return (TaskState::Rejected, format!("not to be crawled: {why}"));
    }
    if all(&[Code::Password]) {
        let what = "behind a password, which this agent does not take; name other shops, or cancel";
        return (TaskState::AuthRequired, format!("{what}: {why}"));
    }
    (TaskState::Failed, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(outcome: fn(Reason) -> Outcome, stop: Stop) -> Ended {
        Ended::new("https://a.example", outcome(Reason::new(stop, "why")))
    }

    fn complete() -> Ended {
        Ended::new("https://a.example", Outcome::Complete)
    }

    #[test]
    fn a_task_ends_as_its_shops_did() {
        let robots = || ended(Outcome::Blocked, Stop::Robots);
        let private = || ended(Outcome::Failed, Stop::RefusedAddress);
        let password = || ended(Outcome::Blocked, Stop::Password);
        let broken = || ended(Outcome::Failed, Stop::ServerError);
        let other = || ended(Outcome::Failed, Stop::NotJson);
        let strange = || ended(Outcome::Failed, Stop::Damaged);
        let gone = || ended(Outcome::Gone, Stop::ClosedFeed);
        let empty = || ended(Outcome::Partial, Stop::Interrupted);
        for (ends, state) in [
            (vec![complete()], TaskState::Completed),
            (vec![gone()], TaskState::Completed),
            (vec![complete(), broken()], TaskState::Completed),
            (vec![robots(), private(), other()], TaskState::Rejected),
            (vec![other(), strange()], TaskState::Failed),
            (vec![password(), password()], TaskState::AuthRequired),
            (vec![password(), robots()], TaskState::Failed),
            (vec![broken()], TaskState::Failed),
            (vec![empty()], TaskState::Failed),
        ] {
            assert_eq!(verdict(&ends).0, state, "{ends:?}");
        }
    }

    #[test]
    fn an_end_reads_back_from_its_result() {
        for end in [complete(), ended(Outcome::Partial, Stop::Wall)] {
            let json = serde_json::to_value(&end).unwrap();
            assert_eq!(serde_json::from_value::<Ended>(json).unwrap(), end);
        }
        let json = serde_json::to_value(ended(Outcome::Blocked, Stop::ClosedFeed)).unwrap();
        assert_eq!(json["outcome"], "blocked");
        assert_eq!(json["stop"], "closed_feed");
        assert_eq!(json["code"], "PRODUCTS_JSON_DISABLED");
    }

    #[test]
    fn nothing_is_told_of_the_agents_own_network() {
        let reason = Reason::new(
            Stop::RefusedAddress,
            "refused to connect to http://x: 10.1.2.3 is private",
        );
        let end = Ended::new("http://x", Outcome::Failed(reason));
        assert!(!serde_json::to_string(&end).unwrap().contains("10.1.2.3"));
    }
}
