//! The words that a text is read by. Folded: lower case, without accents; `rise|s` stands for `rise` and `rises`.

mod currency;
pub(crate) mod en;
pub(crate) mod fr;
mod noun;

pub(crate) use currency::{CURRENCIES, CURRENCY_WORDS};
pub(crate) use noun::{noun, unit};

use std::collections::HashSet;
use std::sync::LazyLock;

use catalog::Language;

use super::mark::Sense;

/// What stands behind the digits of an ordinal.
pub(super) const ORDINAL_ENDINGS: &[&str] =
    &["st", "nd", "rd", "th", "er", "re", "e", "eme", "ere", "nde"];

/// What makes a month of a name that is also another word.
pub(super) const BEFORE_A_MONTH: &[&str] = &[
    "in", "since", "of", "until", "by", "from", "early", "late", "mid", "to", "and", "during",
    "en", "depuis", "de", "debut", "fin", "mi", "d", "jusqu", "a", "et", "au", "du", "courant",
    "before", "after", "avant", "apres", "last",
];

/// What stands between what is now and what was before; the first four alone, the others with a word behind.
pub(super) const BACK: &[&str] = &[
    "after", "apres", "contre", "against", "instead", "down", "up", "rather", "plutot", "au",
];

/// Returns the number of an ordinal in words.
pub(super) fn ordinal(word: &str, language: Language) -> Option<u32> {
    let table = match language {
        Language::En => en::ORDINALS,
        Language::Fr => fr::ORDINALS,
    };
    let (_, number) = table.iter().find(|(it, _)| *it == word)?;
    u32::try_from(*number).ok()
}

/// Returns the phrases of a language with what they mean.
pub(super) const fn phrases(language: Language) -> &'static [(Sense, &'static str)] {
    match language {
        Language::En => en::PHRASES,
        Language::Fr => fr::PHRASES,
    }
}

/// Returns the words that turn a statement round.
pub(super) const fn negations(language: Language) -> &'static [&'static str] {
    match language {
        Language::En => en::NEGATIONS,
        Language::Fr => fr::NEGATIONS,
    }
}

/// Returns whether a word is one of `words`, which stand with a space between them.
pub(crate) fn has(words: &str, word: &str) -> bool {
    words.split(' ').any(|it| it == word)
}

/// Returns whether a word is one of those that hold sentences together.
pub(crate) fn is_stop_word(word: &str, language: Language) -> bool {
    let words = match language {
        Language::En => &*ENGLISH,
        Language::Fr => &*FRENCH,
    };
    words.contains(word)
}

static ENGLISH: LazyLock<HashSet<&str>> =
    LazyLock::new(|| en::STOP_WORDS.split_whitespace().collect());
static FRENCH: LazyLock<HashSet<&str>> =
    LazyLock::new(|| fr::STOP_WORDS.split_whitespace().collect());
