//! The stored summary of a product: a text that a model or a fixed form wrote from a shop's words and figures.

use maud::{Markup, html};

use super::super::data::ProductText;
use super::words::{day, foreign};

/// The most characters of each part of a text that are shown.
const HEADLINE_CHARS: usize = 200;
const TEXT_CHARS: usize = 1_200;
const CAUTION_CHARS: usize = 300;

/// The most cautions that are shown.
const N_CAUTIONS: usize = 5;

/// The most characters of who wrote it.
const BY_CHARS: usize = 120;

/// Returns a summary with its cautions and who wrote it; one of earlier facts says so before all else.
pub(super) fn block(text: &ProductText) -> Markup {
    html! {
        div class="text" lang=(text.language.code()) {
            @if let Some(earlier) = text.earlier { p { em { (text.careful) " " (earlier) "." } } }
            p { strong { (foreign(&text.headline, HEADLINE_CHARS)) } }
            @if !text.text.is_empty() { p { (foreign(&text.text, TEXT_CHARS)) } }
            @for caution in text.cautions.iter().take(N_CAUTIONS) {
                p { (text.careful) " " (foreign(caution, CAUTION_CHARS)) }
            }
            small { "(" (foreign(&text.by, BY_CHARS)) ", " (day(text.at)) ")" }
        }
    }
}
