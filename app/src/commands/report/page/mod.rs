//! Writes a report as one HTML file that needs nothing else. What stands in it is [`data`](super::data)'s to say.

mod analysis;
mod changes;
mod explanation;
mod facts;
mod method;
mod shell;
mod sources;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod words;

use maud::html;

use super::data::ReportData;

/// The most bytes of a report of a thousand products: mail servers take it, and a phone opens it at once.
const MAX_BYTES: usize = 2_000_000;

/// Of a report that would be larger, only so many products are explained in full.
const N_EXPLAINED: usize = 100;

/// How much is said of each product.
#[derive(Clone, Copy)]
struct Depth {
    /// So many of the first products are explained in full, and the others in short.
    n_explained: usize,
    /// Whether an explanation says what was seen over time.
    has_signals: bool,
}

/// Returns the document. The same data gives the same bytes.
pub(super) fn page(data: &ReportData) -> String {
    let mut depth = Depth {
        n_explained: usize::MAX,
        has_signals: true,
    };
    let whole = document(data, depth);
    if whole.len() <= MAX_BYTES {
        return whole;
    }
    depth.has_signals = false;
    let without_signals = document(data, depth);
    if without_signals.len() <= MAX_BYTES {
        return without_signals;
    }
    document(
        data,
        Depth {
            n_explained: N_EXPLAINED,
            has_signals: true,
        },
    )
}

fn document(data: &ReportData, depth: Depth) -> String {
    let title = facts::heading(data);
    let content = html! {
        a class="skip" href="#ranking-heading" { "Skip to the ranking" }
        header { (facts::header(data, &title)) }
        main {
            (facts::facts(data))
            (changes::section(data))
            (table::section(data, depth))
            (analysis::pictures(data))
            (analysis::patterns(data))
            (sources::section(data))
            (method::section(data))
        }
        footer { p { (facts::footer(data)) } }
    };
    shell::document(&title, &content)
}
