//! Currencies before and behind an amount, by code, sign and word.

use super::is_sign;
use crate::validate::extract::lexicon;
use crate::validate::extract::number::Value;
use crate::validate::extract::token::{self, Token};

/// Returns the currencies that stand directly before or behind a number, and where all of it begins and ends.
pub(super) fn currency_around(
    tokens: &[Token],
    start: usize,
    end: usize,
) -> Option<(Vec<&'static str>, usize, usize)> {
    if let Some((codes, length)) = currency_at(tokens, end) {
        return Some((codes, start, end + length));
    }
    if is_pence(tokens, start, end) {
        return Some((vec!["cent"], start, end + 1));
    }
    let before = start.checked_sub(1)?;
    let is_word_money =
        lexicon::CURRENCIES.contains(&tokens[before].text.as_str()) || is_sign(&tokens[before]);
    if !is_word_money {
        return None;
    }
    let (mut codes, _) = currency_at(tokens, before)?;
    let mut begin = before;
    // `US$`, `CA$` and `A$` say which dollar.
    if let Some(prefix) = before.checked_sub(1).map(|it| &tokens[it])
        && tokens[before].is_glued
        && tokens[before].is_mark('$')
        && let Some(code) = dollar(&prefix.text)
    {
        codes = vec![code];
        begin = before - 1;
    }
    Some((codes, begin, end))
}

/// `40p`, `40c`; not `1080p`.
fn is_pence(tokens: &[Token], start: usize, end: usize) -> bool {
    let is_small = tokens[start]
        .number()
        .and_then(Value::whole)
        .is_some_and(|it| it < 100);
    let is_letter = |it: &Token| it.is_glued && matches!(it.text.as_str(), "p" | "c");
    is_small && tokens.get(end).is_some_and(is_letter)
}

/// Reads the currency that stands at `at`, and returns it with the number of tokens.
pub(crate) fn currency_at(tokens: &[Token], at: usize) -> Option<(Vec<&'static str>, usize)> {
    let token = tokens.get(at)?;
    if let Some(code) = lexicon::CURRENCIES.iter().find(|it| **it == token.text) {
        return Some((vec![code], 1));
    }
    let sign = match token.kind {
        token::Kind::Mark(_) => token.text.as_str(),
        _ => token.word(),
    };
    let next = tokens.get(at + 1);
    if let Some(next) = next
        && (next.is_mark('$') && next.is_glued || next.word().starts_with("dollar"))
        && let Some(code) = dollar(&token.text)
    {
        return Some((vec![code], 2));
    }
    let (_, codes) = lexicon::CURRENCY_WORDS.iter().find(|(it, _)| *it == sign)?;
    let word = next.map_or("", Token::word);
    let code = match (codes[0], word) {
        ("USD", "americain" | "americains") => Some("USD"),
        ("USD", "canadien" | "canadiens") => Some("CAD"),
        ("USD", "australien" | "australiens") => Some("AUD"),
        _ => None,
    };
    match code {
        Some(code) => Some((vec![code], 2)),
        None if matches!(word, "cent" | "cents" | "centime" | "centimes") => {
            Some((vec!["cent"], 2))
        }
        None if word == "sterling" => Some((codes.to_vec(), 2)),
        None if sign == "$" => match next.and_then(|it| dollar(&it.text)) {
            // `17,90 $ CA`
            Some(code) if next.is_some_and(|it| it.text.len() > 1) => Some((vec![code], 2)),
            _ => Some((codes.to_vec(), 1)),
        },
        None => Some((codes.to_vec(), 1)),
    }
}

fn dollar(prefix: &str) -> Option<&'static str> {
    Some(match prefix {
        "US" | "American" => "USD",
        "C" | "CA" | "CAN" | "Canadian" => "CAD",
        "A" | "AU" | "Australian" => "AUD",
        "NZ" => "NZD",
        "S" => "SGD",
        "HK" => "HKD",
        _ => return None,
    })
}
