//! Parts and multiples: `half`, `a third of`, `three quarters`.

use catalog::Language;

use crate::validate::extract::lexicon;
use crate::validate::extract::number::{self, Value};
use crate::validate::extract::token::Token;

/// `half`, `a third of`, `three quarters`, `1⁄2`.
pub(super) fn fraction_at(
    tokens: &[Token],
    at: usize,
    language: Language,
) -> Option<(Value, usize)> {
    if let (Some(one), Some(slash), Some(two)) =
        (tokens[at].number(), tokens.get(at + 1), tokens.get(at + 2))
        && slash.is_mark('⁄')
    {
        let hundredths = 100.0 * one.rough() / two.number()?.rough().max(1.0);
        let text = format!("{}", (hundredths * 100.0).round() / 100.0);
        return Some((exact(&text), at + 3));
    }
    let word = tokens[at].word();
    // `half-zip` is a thing.
    let is_part = tokens
        .get(at + 1)
        .is_some_and(|it| it.is_mark('-') && it.is_glued);
    if word.is_empty() || is_part || is_lined(tokens, at) {
        return None;
    }
    let (fractions, parts) = match language {
        Language::En => (lexicon::en::FRACTIONS, EN_PARTS),
        Language::Fr => (lexicon::fr::FRACTIONS, FR_PARTS),
    };
    if let Some((_, percent)) = fractions.iter().find(|(it, _)| *it == word) {
        return Some((exact(percent), at + 1));
    }
    let before = at.checked_sub(1).map_or("", |it| tokens[it].word());
    let is_after_article = matches!(before, "a" | "one" | "by" | "un" | "d");
    let (_, percent) = parts.iter().find(|(it, _)| *it == word)?;
    let stands_for_part = match language {
        Language::En => {
            let next = tokens.get(at + 1).map_or("", Token::word);
            is_after_article && (next.is_empty() || lexicon::has(BEHIND_A_PART, next))
        }
        Language::Fr => is_after_article,
    };
    stands_for_part.then(|| (exact(percent), at + 1))
}

/// `doublés de laine` is said of gloves.
fn is_lined(tokens: &[Token], at: usize) -> bool {
    let is_small = |it: &Token| !it.word().is_empty() && !it.is_capitalized();
    tokens[at].text.to_lowercase() == "doublés"
        && tokens
            .get(at + 1)
            .is_some_and(|it| matches!(it.word(), "de" | "d" | "en"))
        && tokens
            .get(at + 2)
            .is_some_and(|it| is_small(it) || it.is_mark('’') || it.is_mark('\''))
}

/// What makes a part of `a fifth`.
const BEHIND_A_PART: &str =
    " of off cheaper less lower higher more dearer discount reduction to since on from in and";

const EN_PARTS: &[(&str, &str)] = &[
    ("third", "33.33"),
    ("fourth", "25"),
    ("fifth", "20"),
    ("sixth", "16.67"),
    ("seventh", "14.29"),
    ("eighth", "12.5"),
    ("tenth", "10"),
];
const FR_PARTS: &[(&str, &str)] = &[
    ("cinquieme", "20"),
    ("sixieme", "16.67"),
    ("huitieme", "12.5"),
    ("dixieme", "10"),
];

fn exact(text: &str) -> Value {
    let chars: Vec<char> = text.chars().collect();
    number::read_number(&chars, Language::En).0
}
