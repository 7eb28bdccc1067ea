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

/// Returns the document. The same data gives the same bytes.
pub(super) fn page(data: &ReportData) -> String {
    let whole = document(data, usize::MAX);
    match whole.len() <= MAX_BYTES {
        true => whole,
        false => document(data, N_EXPLAINED),
    }
}

/// Returns the document with whole explanations for the first `n_explained` products, and short ones for the others.
fn document(data: &ReportData, n_explained: usize) -> String {
    let title = facts::heading(data);
    let content = html! {
        a class="skip" href="#ranking-heading" { "Skip to the ranking" }
        header { (facts::header(data, &title)) }
        main {
            (facts::facts(data))
            (changes::section(data))
            (table::section(data, n_explained))
            (analysis::pictures(data))
            (analysis::patterns(data))
            (sources::section(data))
            (method::section(data))
        }
        footer { p { (facts::footer(data)) } }
    };
    shell::document(&title, &content)
}
