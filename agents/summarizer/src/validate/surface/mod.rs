//! What no summary has whatever its facts are: links, markup, hidden characters, words to a reader or a model.

mod instruction;
mod link;

pub(super) use link::is_host;

use super::Reject;
use super::evidence::Pool;
use super::extract::{Passage, Token};

/// Checks one text of a draft; `part` says which.
pub(super) fn check(part: &str, text: &str, passage: &Passage, pool: &Pool<'_>) -> Vec<Reject> {
    let mut found = Vec::new();
    let mut refuse = |code, what: &str| found.push(Reject::new(code, format!("{part} {what}")));
    if text.chars().any(is_hidden) {
        refuse(
            "hidden_character",
            "has control or invisible characters; write plain text",
        );
    }
    if has_markup(text) {
        refuse("markup", "has markup or delimiters; write plain text");
    }
    let is_underscore = |it: &Token| it.is_mark('_') && it.quote.is_none();
    if passage.tokens.iter().any(is_underscore) {
        refuse("markup", "has an underscore as code has; write plain text");
    }
    if link::has_link(text, pool) {
        refuse(
            "link",
            "has a link, an address, a handle or a phone number; leave it out",
        );
    }
    if text.split_whitespace().any(is_code) {
        refuse(
            "encoded_text",
            "has a run of letters and digits that is no word; leave it out",
        );
    }
    if instruction::instructs(passage, pool) {
        refuse(
            "instruction",
            "speaks to a reader or a model; only say what the facts say",
        );
    }
    if names_fact_id(passage, pool) {
        refuse(
            "fact_id_in_text",
            "has the id of a fact; ids stand in fact_ids alone",
        );
    }
    found
}

/// Control characters, marks of direction, characters without width, tags, and those of private use.
pub(super) fn is_hidden(char: char) -> bool {
    (char.is_control() && char != '\n')
        || matches!(char,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffd}' | '\u{e000}'..='\u{f8ff}'
            | '\u{e0000}'..='\u{e0fff}' | '\u{f0000}'..='\u{10ffff}')
}

const MARKUP: &[&str] = &[
    "<<", ">>", "](", "![", "**", "__", "~~", "`", "{{", "}}", "[[", "]]", "|||", "===", "---",
    "###", "</", "<!", "-->", "&lt;", "&#", "BEGIN ", "END OF", "[INST", "\\n",
];

fn has_markup(text: &str) -> bool {
    let is_heading = text
        .lines()
        .any(|it| it.starts_with("# ") || it.starts_with("## "));
    let opens_tag = |(at, _): (usize, &str)| {
        text[at + 1..]
            .chars()
            .next()
            .is_some_and(|it| it.is_alphabetic() || it == '|')
    };
    is_heading
        || MARKUP.iter().any(|it| text.contains(it))
        || text.match_indices('<').any(opens_tag)
}

/// Long runs of hexadecimal digits, or of letters in both cases with digits: nothing that a person writes.
fn is_code(word: &str) -> bool {
    let count = |of: fn(&char) -> bool| word.chars().filter(of).count();
    let n_digits = count(char::is_ascii_digit);
    let length = word.chars().count();
    let is_hex = length >= 16 && n_digits >= 4 && word.chars().all(|it| it.is_ascii_hexdigit());
    let is_alphabet = word
        .chars()
        .all(|it| it.is_ascii_alphanumeric() || matches!(it, '+' | '/' | '=' | '_' | '-'));
    let is_mixed = count(char::is_ascii_uppercase) >= 3 && count(char::is_ascii_lowercase) >= 3;
    let is_base64 = !word.contains('-')
        && length >= 20
        && is_alphabet
        && is_mixed
        && (n_digits >= 1 || word.ends_with('='));
    is_hex || is_base64 || (length >= 40 && is_alphabet && !word.contains('-'))
}

/// `F1` in a text; the name of a product may have it.
fn names_fact_id(passage: &Passage, pool: &Pool<'_>) -> bool {
    passage.tokens.iter().any(|token| {
        let digits = token.text.strip_prefix(['F', 'f']).unwrap_or_default();
        let is_id = matches!(digits.len(), 1..=4) && digits.bytes().all(|it| it.is_ascii_digit());
        is_id && !pool.has_word(token.word())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_that_nobody_writes_are_seen() {
        assert!(is_code("SGVsbG8gd29ybGQhIQ=="));
        assert!(is_code("deadbeef00112233"));
        assert!(!is_code("GeForce-RTX-4070-SUPER"));
        assert!(!is_code("1299000000"));
    }
}
