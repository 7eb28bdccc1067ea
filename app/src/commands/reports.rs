//! What `crawl`, `import` and `demo` say when they are done: one line per shop.

use anyhow::Result;
use catalog::{CrawlReport, Outcome};

use crate::App;
use crate::output::{self, grouped, shortened};

/// Prints the records of some passes, as a table or as JSON.
pub(super) fn print(reports: &[CrawlReport], app: &App) -> Result<()> {
    if app.global.json {
        return output::print_json(&reports);
    }
    output::print(&table(reports))?;
    for report in reports {
        if let Some(reason) = report.outcome.as_ref().and_then(Outcome::reason) {
            output::print(&format!(
                "{}: {}",
                report.key.shop,
                output::printable(&reason.detail)
            ))?;
        }
    }
    Ok(())
}

/// Returns a table with one line per pass.
pub(super) fn table(reports: &[CrawlReport]) -> String {
    let header = [
        "shop", "outcome", "pages", "products", "new", "changed", "gone", "problems", "currency",
    ];
    let rows = reports.iter().map(|report| {
        let counts = &report.counts;
        let currency = match report.currency.is_known() {
            true => report.currency.to_string(),
            false => "unknown".to_owned(),
        };
        [
            shortened(report.key.shop.as_str(), 40),
            outcome_words(report.outcome.as_ref()),
            grouped(counts.pages),
            grouped(counts.products),
            grouped(counts.new),
            grouped(counts.changed),
            grouped(counts.gone),
            grouped(counts.problems),
            currency,
        ]
    });
    output::table(header, &[2, 3, 4, 5, 6, 7], rows.collect())
}

/// Returns `complete`, `partial (wall)`, or `unfinished` for a pass without an end.
pub(super) fn outcome_words(outcome: Option<&Outcome>) -> String {
    match outcome {
        None => "unfinished".to_owned(),
        Some(outcome) => match outcome.reason() {
            None => outcome.word().to_owned(),
            Some(reason) => format!("{} ({})", outcome.word(), reason.stop.name()),
        },
    }
}
