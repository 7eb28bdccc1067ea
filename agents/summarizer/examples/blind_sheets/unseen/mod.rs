//! A second list of products and shops, for summaries written later than those of the first.

mod lists;
mod products;

use catalog::Language;
use summarizer::facts::FactSheet;

/// Returns the sheets of all its products and lists.
pub(crate) fn sheets(language: Language) -> Vec<(String, FactSheet)> {
    let mut sheets = products::sheets(language);
    sheets.extend(lists::sheets(language));
    sheets
}
