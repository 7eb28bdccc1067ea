//! What crawls count, for whoever looks at the process (docs/metrics.md). No shop is named.

use catalog::{CrawlReport, PageCounts, Platform, Problem};
use metrics::counter;

use crate::lease::CrawlError;

/// Problems of a page by kind, before it is stored.
pub(crate) struct Problems(Vec<&'static str>);

impl Problems {
    pub(crate) fn of(problems: &[Problem]) -> Self {
        Self(problems.iter().map(|it| it.kind.name()).collect())
    }
}

/// Counts a page that was stored.
pub(crate) fn page(platform: Platform, counts: PageCounts, problems: &Problems) {
    let platform = platform.name();
    counter!("trouvaille_crawl_pages_total", "platform" => platform).increment(1);
    for (change, n) in [
        ("new", counts.new),
        ("changed", counts.changed),
        ("back", counts.back),
        ("unchanged", counts.unchanged),
    ] {
        products(platform, change, n);
    }
    for kind in &problems.0 {
        counter!("trouvaille_crawl_problems_total", "kind" => *kind).increment(1);
    }
}

/// Counts a crawl that came to an end.
pub(crate) fn ended(platform: Platform, report: &CrawlReport) {
    let platform = platform.name();
    products(platform, "gone", report.counts.gone);
    if let Some(outcome) = &report.outcome {
        crawls(platform, outcome.word());
    }
}

/// Counts a crawl that came to none, unless somebody else has the shop, or the command was stopped.
pub(crate) fn cut_off(platform: Platform, error: &CrawlError) {
    if matches!(error, CrawlError::Store(_)) {
        crawls(platform.name(), "error");
    }
}

fn products(platform: &'static str, change: &'static str, n: u64) {
    counter!("trouvaille_crawl_products_total", "platform" => platform, "change" => change)
        .increment(n);
}

fn crawls(platform: &'static str, outcome: &'static str) {
    counter!("trouvaille_crawls_total", "platform" => platform, "outcome" => outcome).increment(1);
}
