//! A shop as it is listed.

use catalog::{CrawlReport, Outcome, Platform, ShopStatus, UnixMs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::answer;

/// A shop that was read completely so long ago at most is fresh: two of the usual intervals between crawls.
const FRESH_HOURS: f64 = 48.0;

/// How things stand with a shop; of several that hold, the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum State {
    /// Crawls leave it out.
    Paused,
    /// Its last crawl found that the shop no longer exists.
    Gone,
    /// Its last crawl was refused.
    Blocked,
    /// Its last crawl read nothing.
    Failed,
    /// No crawl of it has ended.
    Never,
    /// Read completely not long ago.
    Fresh,
    /// Read completely too long ago, or never completely.
    Stale,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ShopLine {
    /// The argument `shop` of other tools.
    pub(super) shop: String,
    #[schemars(with = "String")]
    pub(super) platform: Platform,
    pub(super) status: State,
    /// Of all its prices; absent where the shop does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    currency: Option<String>,
    /// Products that it has.
    products: u64,
    /// Products that it no longer has.
    gone: u64,
    /// When it was last read completely.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub(super) last_complete_at: Option<UnixMs>,
    /// Hours since then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "f64")]
    age_hours: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "LastCrawl")]
    last_crawl: Option<LastCrawl>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct LastCrawl {
    /// complete, partial, blocked, gone, failed; running, or unfinished where nobody goes on with it now.
    outcome: &'static str,
    /// Why it ended so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    reason: Option<&'static str>,
    /// Where it has not ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    started_at: Option<UnixMs>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    finished_at: Option<UnixMs>,
    /// What could not be read as it stood.
    problems: u64,
}

impl ShopLine {
    pub(super) fn of(status: &ShopStatus, now: UnixMs) -> Self {
        let hours = |at: UnixMs| now.ms().saturating_sub(at.ms()).max(0) as f64 / 3_600_000.0;
        let age_hours = status.last_complete_at.map(hours);
        let is_running = status.lease.is_some();
        Self {
            shop: status.shop.key.to_string(),
            platform: status.shop.platform,
            status: State::of(status, age_hours),
            currency: answer::known(status.shop.currency),
            products: status.n_products,
            gone: status.n_gone,
            last_complete_at: status.last_complete_at,
            age_hours: age_hours.map(|it| (it * 10.0).round() / 10.0),
            last_crawl: status
                .last_crawl
                .as_ref()
                .map(|it| LastCrawl::of(it, is_running)),
        }
    }
}

impl State {
    fn of(status: &ShopStatus, age_hours: Option<f64>) -> Self {
        let outcome = status
            .last_crawl
            .as_ref()
            .and_then(|it| it.outcome.as_ref());
        match (status.is_paused, outcome, age_hours) {
            (true, ..) => Self::Paused,
            (_, Some(Outcome::Gone(_)), _) => Self::Gone,
            (_, Some(Outcome::Blocked(_)), _) => Self::Blocked,
            (_, Some(Outcome::Failed(_)), _) => Self::Failed,
            (_, _, Some(hours)) if hours <= FRESH_HOURS => Self::Fresh,
            (_, None, None) => Self::Never,
            _ => Self::Stale,
        }
    }
}

impl LastCrawl {
    fn of(report: &CrawlReport, is_running: bool) -> Self {
        let unfinished = if is_running { "running" } else { "unfinished" };
        let outcome = report.outcome.as_ref();
        Self {
            outcome: outcome.map_or(unfinished, Outcome::word),
            reason: outcome.and_then(Outcome::reason).map(|it| it.stop.name()),
            started_at: Some(report.started_at).filter(|_| report.finished_at.is_none()),
            finished_at: report.finished_at,
            problems: report.counts.problems,
        }
    }
}
