//! Places in an order: `3rd`, `twenty-third`, `first` where it is one.

use catalog::Language;

use crate::validate::extract::lexicon;
use crate::validate::extract::number::{Value, number_in_words};
use crate::validate::extract::token::Token;

/// `3rd`, `3e`, `third place`; `first` only where it is a place.
pub(super) fn ordinal_at(
    tokens: &[Token],
    at: usize,
    language: Language,
) -> Option<(Value, usize)> {
    if let Some(value) = tokens[at].number() {
        let ending = tokens.get(at + 1).filter(|it| it.is_glued)?;
        let is_ending = lexicon::ORDINAL_ENDINGS.contains(&ending.word());
        return is_ending.then(|| (value.clone(), at + 2));
    }
    if let Some(value) = joined_ordinal(tokens, at, language) {
        return Some((value, at + 3));
    }
    let table = match language {
        Language::En => lexicon::en::ORDINALS,
        Language::Fr => lexicon::fr::ORDINALS,
    };
    let (_, number) = table.iter().find(|(it, _)| {
        let word = tokens[at].word();
        *it == word || word.strip_suffix('s') == Some(*it)
    })?;
    let next = tokens.get(at + 1);
    if next.is_some_and(|it| it.is_mark('-') && it.is_glued) {
        return None;
    }
    let is_number = |it: Option<usize>| {
        let token = it.and_then(|it| tokens.get(it));
        token.is_some_and(|it| it.number().is_some())
            || it.is_some_and(|it| number_in_words(tokens, it, language).is_some())
    };
    // `the first three` are no place.
    if *number == 1 && (is_number(Some(at + 1)) || is_number(at.checked_sub(1))) {
        return None;
    }
    (*number > 2 || is_place(tokens, at)).then(|| (Value::of(*number), at + 1))
}

/// `twenty-third`, `dix-septième`.
fn joined_ordinal(tokens: &[Token], at: usize, language: Language) -> Option<Value> {
    let (tens, length) = number_in_words(tokens.get(..=at)?, at, language)?;
    let tens = tens
        .whole()
        .filter(|it| length == 1 && it % 10 == 0 && (10..100).contains(it))?;
    tokens
        .get(at + 1)
        .filter(|it| it.is_mark('-') && it.is_glued)?;
    let ones = lexicon::ordinal(tokens.get(at + 2)?.word(), language).filter(|it| *it < 10)?;
    Some(Value::of(u64::from(tens + ones)))
}

/// What stands before a place.
const RANKS: &str = "\
    ranks ranked comes came stands placed places finishes finished sits rank classe classee \
    arrive pointe termine takes holds number";

/// `first seen` and `first, …` are no places.
fn is_place(tokens: &[Token], at: usize) -> bool {
    let word = |it: Option<usize>| it.and_then(|it| tokens.get(it)).map_or("", Token::word);
    let next = word(Some(at + 1));
    let before = word(at.checked_sub(1));
    lexicon::noun(next) == Some("place")
        || matches!(next, "among" | "overall" | "parmi" | "spot" | "sur" | "out")
        || lexicon::has(RANKS, before)
        || (matches!(before, "is" | "est")
            && !matches!(next, "seen" | "listed" | "vu" | "observed" | "released"))
}
