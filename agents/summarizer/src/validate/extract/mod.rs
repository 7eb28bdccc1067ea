//! What a text says, in a form that can be compared: quantities with what they count, dates, phrases, sentences.
//!
//! Drafts and facts are read by the same code. Nothing here decides whether anything is true.

pub(crate) mod date;
pub(crate) mod lexicon;
pub(crate) mod mark;
pub(crate) mod number;
pub(crate) mod quantity;
mod role;
pub(crate) mod token;

use std::ops::Range;

use catalog::Language;

pub(crate) use mark::{Mark, Sense};
pub(crate) use quantity::{Kind, Quantity};
pub(crate) use token::{Token, fold};

/// A text, taken apart.
#[derive(Debug)]
pub(crate) struct Passage {
    pub(crate) tokens: Vec<Token>,
    pub(crate) sentences: Vec<Range<usize>>,
    pub(crate) quantities: Vec<Quantity>,
    pub(crate) marks: Vec<Mark>,
    /// For each token, the number of the clause that it is in.
    pub(crate) clauses: Vec<usize>,
}

impl Passage {
    pub(crate) fn of(text: &str, language: Language) -> Self {
        let tokens = token::tokens(text, language);
        let sentences = sentences(&tokens);
        let clauses = clauses(&tokens, &sentences);
        let marks = mark::marks(&tokens, language);
        let mut quantities = quantity::quantities(&tokens, language);
        role::set_roles(&mut quantities, &tokens, &marks, &clauses);
        Self {
            tokens,
            sentences,
            quantities,
            marks,
            clauses,
        }
    }

    /// Returns the quantities of a range of tokens.
    pub(crate) fn quantities_in(&self, range: &Range<usize>) -> impl Iterator<Item = &Quantity> {
        let range = range.clone();
        self.quantities
            .iter()
            .filter(move |it| range.contains(&it.start))
    }

    /// Returns whether a token says that something rises, falls or the like.
    pub(crate) fn moves_at(&self, token: usize) -> bool {
        let moves = |it: &Mark| {
            (it.start..it.end).contains(&token)
                && matches!(
                    it.sense,
                    Sense::Up | Sense::Down | Sense::UpPrice | Sense::DownPrice
                )
        };
        self.marks.iter().any(moves)
    }

    /// Returns the text of some tokens, for a reader.
    pub(crate) fn shown(&self, start: usize, end: usize) -> String {
        let mut text = String::new();
        for token in self.tokens.get(start..end).unwrap_or_default() {
            if !text.is_empty() && !token.is_glued {
                text.push(' ');
            }
            text.push_str(&token.text);
        }
        text
    }
}

/// Short forms whose point ends no sentence.
const SHORT_FORMS: &[&str] = &[
    "no", "n", "nr", "st", "mr", "mrs", "ms", "dr", "approx", "vs", "ca", "env", "max", "min",
    "incl", "etc", "eg", "ie", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept",
    "oct", "nov", "dec", "janv", "fevr", "avr", "juil",
];

fn sentences(tokens: &[Token]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for at in 0..tokens.len() {
        if ends_sentence(tokens, at) {
            found.push(start..at + 1);
            start = at + 1;
        }
    }
    if start < tokens.len() {
        found.push(start..tokens.len());
    }
    found
}

fn ends_sentence(tokens: &[Token], at: usize) -> bool {
    let token::Kind::Mark(mark) = tokens[at].kind else {
        return false;
    };
    if tokens[at].quote.is_some() {
        return false;
    }
    let next = tokens.get(at + 1);
    let before = at.checked_sub(1).map(|it| &tokens[it]);
    match mark {
        '\n' | ';' => true,
        '!' | '?' => next.is_none_or(|it| !it.is_glued),
        '.' => {
            let is_short = before.is_some_and(|it| SHORT_FORMS.contains(&it.word()));
            let is_no = before.is_some_and(|it| it.word() == "no");
            next.is_none_or(|it| {
                let goes_on =
                    (is_short && !it.is_capitalized()) || (is_no && it.number().is_some());
                !it.is_glued && !goes_on
            })
        }
        _ => false,
    }
}

fn clauses(tokens: &[Token], sentences: &[Range<usize>]) -> Vec<usize> {
    let mut clauses = vec![0; tokens.len()];
    let mut n = 0;
    for sentence in sentences {
        n += 1;
        for at in sentence.clone() {
            let token = &tokens[at];
            if token.quote.is_none() && begins_clause(tokens, at) {
                n += 1;
            }
            clauses[at] = n;
        }
    }
    clauses
}

fn begins_clause(tokens: &[Token], at: usize) -> bool {
    let token = &tokens[at];
    let is_joint = matches!(
        token.word(),
        "and"
            | "but"
            | "while"
            | "whereas"
            | "though"
            | "although"
            | "et"
            | "mais"
            | "tandis"
            | "alors"
            | "then"
            | "puis"
            | "before"
            | "avant"
    );
    // `between 20 and 30`, `vingt et un`: one thing.
    let joins_numbers = is_joint
        && tokens[at.saturating_sub(5)..at]
            .iter()
            .any(|it| matches!(it.word(), "between" | "entre"))
        && tokens.get(at + 1).is_some_and(|it| {
            it.number().is_some() || it.is_mark('€') || it.is_mark('$') || it.is_mark('£')
        });
    (is_joint && !joins_numbers)
        || [',', ':', '—', '–', '(', ')', ';']
            .iter()
            .any(|it| token.is_mark(*it) && !token_joins(tokens, at))
}

/// A dash between numbers joins them.
fn token_joins(tokens: &[Token], at: usize) -> bool {
    tokens[at].is_mark('–') && at > 0 && tokens[at - 1].number().is_some()
        || tokens[at].is_mark(',') && tokens[at].quote.is_some()
}
