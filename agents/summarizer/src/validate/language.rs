//! Whether a text is in the language that was asked for, by its small words.

use catalog::Language;

use super::Reject;
use super::evidence::Sheet;
use super::extract::{Passage, lexicon};

/// Small words of languages that summaries are not written in; those that English or French have too are left out.
const OTHERS: &[&[&str]] = &[
    &[
        "der", "das", "und", "ist", "mit", "fur", "von", "zu", "ein", "eine", "nicht", "auf",
        "den", "dem", "sich", "wird", "auch", "bei", "aus", "kostet", "preis",
    ],
    &[
        "el", "los", "las", "y", "una", "es", "con", "por", "para", "del", "que", "su", "se", "lo",
        "precio", "desde", "este", "esta", "cuesta", "tiene",
    ],
    &[
        "il", "lo", "gli", "di", "e", "una", "che", "con", "per", "della", "del", "nel", "sono",
        "prezzo", "costa", "anche", "questo", "da",
    ],
    &[
        "het", "een", "van", "en", "met", "voor", "zijn", "niet", "op", "dat", "deze", "prijs",
        "kost", "ook", "naar",
    ],
    &[
        "o", "os", "uma", "um", "com", "para", "do", "da", "dos", "das", "que", "por", "preco",
        "custa", "nao", "esta",
    ],
];

/// Texts with fewer words than this have too few small ones to tell.
const MIN_WORDS: usize = 6;

pub(super) fn check(declared: &str, passages: &[&Passage], sheet: &Sheet) -> Vec<Reject> {
    let language = sheet.language;
    let name = match language {
        Language::En => "English",
        Language::Fr => "French",
    };
    let refused = |detail: String| vec![Reject::new("wrong_language", detail)];
    if declared != language.code() {
        return refused(format!(
            "the field language is not {language}; write the text in {name}"
        ));
    }
    let all = count(passages, sheet);
    if !all.fits() {
        return refused(format!(
            "the text is not in {name}; write all of it in {name}"
        ));
    }
    if passages
        .iter()
        .any(|it| !count(&[*it], sheet).fits_as_part())
    {
        return refused(format!(
            "a part of the text is not in {name}; write all of it in {name}"
        ));
    }
    Vec::new()
}

#[derive(Default)]
struct Count {
    words: usize,
    /// Small words of the language that was asked for.
    own: usize,
    /// Of the one of the others that has most.
    other: usize,
    /// Letters of another script.
    foreign: usize,
}

impl Count {
    fn fits(&self) -> bool {
        let is_enough = self.words < MIN_WORDS || self.own * 10 >= self.words;
        is_enough && self.fits_as_part()
    }

    fn fits_as_part(&self) -> bool {
        let is_other = self.other >= 3 && self.other > self.own;
        !is_other && self.foreign * 4 <= self.words
    }
}

fn count(passages: &[&Passage], sheet: &Sheet) -> Count {
    let language = sheet.language;
    let other_of_ours = match language {
        Language::En => Language::Fr,
        Language::Fr => Language::En,
    };
    let mut others = [0; OTHERS.len() + 1];
    let mut count = Count::default();
    let tokens = passages
        .iter()
        .flat_map(|it| &it.tokens)
        .filter(|it| it.quote.is_none());
    for token in tokens {
        let word = token.word();
        if word.is_empty() {
            continue;
        }
        count.words += 1;
        count.foreign += usize::from(!word.is_ascii());
        if lexicon::is_stop_word(word, language) {
            count.own += 1;
            continue;
        }
        // A title may be in any language.
        if sheet.has_title_word(word) {
            continue;
        }
        for (n, list) in others.iter_mut().zip(OTHERS) {
            *n += usize::from(list.contains(&word));
        }
        others[OTHERS.len()] += usize::from(lexicon::is_stop_word(word, other_of_ours));
    }
    count.other = others.into_iter().max().unwrap_or_default();
    count
}
