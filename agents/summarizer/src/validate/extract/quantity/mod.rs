//! Numbers with what they are numbers of: money, percentages, counts, places, dates.

mod fraction;
mod money;
mod noun;
mod ordinal;
mod pair;

pub(crate) use money::currency_at;

use catalog::Language;

use super::date::{Date, date_at};
use super::number::{Value, number_in_words};
use super::token::{self, Token};

/// One number or date in a text.
#[derive(Debug, Clone)]
pub(crate) struct Quantity {
    pub(crate) kind: Kind,
    pub(crate) value: Value,
    /// The first token, and the one behind the last.
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// What it counts, as far as the words are known.
    pub(crate) nouns: Vec<&'static str>,
    /// Which of two ends it is.
    pub(crate) role: Role,
    /// The next quantity is the second of a pair that this one begins.
    pub(crate) pair: Option<Pair>,
    /// Whether it stands in a quotation.
    pub(crate) is_quoted: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// In one of these currencies.
    Money(Vec<&'static str>),
    Percent,
    Count,
    Ordinal,
    /// A part or a multiple; the value is its percentage.
    Fraction,
    /// All ways to read it.
    Date(Vec<Date>),
    /// Hours and minutes.
    Time,
}

/// Which of two ends a number is; several may be possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Role {
    pub(crate) is_least: bool,
    pub(crate) is_greatest: bool,
    pub(crate) is_before: bool,
    pub(crate) is_after: bool,
    pub(crate) is_middle: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pair {
    /// `from 20 to 30`, `20–30`, `between 20 and 30`.
    Range,
    /// `12 of 15`.
    Share,
    /// `40 after 50`: the second was before.
    Back,
}

impl Role {
    /// Returns whether `self` says the opposite of `other`.
    pub(crate) fn conflicts_with(self, other: Self) -> bool {
        let agrees = (self.is_least && other.is_least)
            || (self.is_greatest && other.is_greatest)
            || (self.is_before && other.is_before)
            || (self.is_after && other.is_after)
            || (self.is_middle && other.is_middle);
        let opposes = (self.is_least && other.is_greatest)
            || (self.is_greatest && other.is_least)
            || (self.is_before && other.is_after)
            || (self.is_after && other.is_before)
            || (self.is_middle && (other.is_least || other.is_greatest))
            || (other.is_middle && (self.is_least || self.is_greatest));
        opposes && !agrees
    }
}

pub(super) fn quantities(tokens: &[Token], language: Language) -> Vec<Quantity> {
    let mut found: Vec<Quantity> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match quantity_at(tokens, at, language) {
            Some(quantity) => {
                at = quantity.end.max(at + 1);
                found.push(quantity);
            }
            None => at += 1,
        }
    }
    pair::set_pairs(&mut found, tokens);
    pair::share_units(&mut found);
    noun::set_nouns(&mut found, tokens);
    noun::share_nouns(&mut found, tokens);
    found
}

fn quantity_at(tokens: &[Token], at: usize, language: Language) -> Option<Quantity> {
    let quantity = |kind, value, start, end| Quantity {
        kind,
        value,
        start,
        end,
        nouns: Vec::new(),
        role: Role::default(),
        pair: None,
        is_quoted: tokens[at].quote.is_some(),
    };
    if let Some((readings, length)) = date_at(tokens, at, language) {
        return Some(quantity(
            Kind::Date(readings),
            Value::of(0),
            at,
            at + length,
        ));
    }
    if let Some((value, end)) = time_at(tokens, at) {
        return Some(quantity(Kind::Time, value, at, end));
    }
    if let Some((value, end)) = fraction::fraction_at(tokens, at, language) {
        return Some(quantity(Kind::Fraction, value, at, end));
    }
    if let Some((value, end)) = ordinal::ordinal_at(tokens, at, language) {
        return Some(quantity(Kind::Ordinal, value, at, end));
    }
    let (mut value, mut end) = plain_number(tokens, at, language)?;
    if let Some((zeros, length)) = magnitude(tokens, end) {
        value = value.times_ten_to(zeros);
        end += length;
    }
    if let Some(length) = percent(tokens, end) {
        return Some(quantity(Kind::Percent, value, at, end + length));
    }
    if let Some((currencies, start, end)) = money::currency_around(tokens, at, end) {
        return Some(quantity(Kind::Money(currencies), value, start, end));
    }
    Some(quantity(Kind::Count, value, at, end))
}

/// A number in digits or words, with the token behind it.
fn plain_number(tokens: &[Token], at: usize, language: Language) -> Option<(Value, usize)> {
    match tokens[at].number() {
        Some(value) => Some((value.clone(), at + 1)),
        None if language == Language::Fr
            && tokens[at].word() == "neuf"
            && !counts_nine(tokens, at) =>
        {
            None
        }
        None => {
            let one = || is_one_of(tokens, at, language).then(|| (Value::of(1), 1));
            let (value, length) = number_in_words(tokens, at, language).or_else(one)?;
            Some((value, at + length))
        }
    }
}

/// `one in five`, `une sur cinq`.
fn is_one_of(tokens: &[Token], at: usize, language: Language) -> bool {
    let word = |n: usize| tokens.get(at + n).map_or("", Token::word);
    let joint = match (word(0), word(1), word(2)) {
        ("one", "in", _) | ("un" | "une", "sur", _) => 2,
        ("one", "out", "of") => 3,
        _ => return false,
    };
    tokens.get(at + joint).is_some_and(|it| {
        it.number().is_some() || number_in_words(tokens, at + joint, language).is_some()
    })
}

/// `neuf` is also "new": it is a number before a plural.
fn counts_nine(tokens: &[Token], at: usize) -> bool {
    tokens
        .get(at + 1)
        .is_some_and(|it| it.word().len() > 2 && it.word().ends_with(['s', 'x']))
}

/// `10:30`, `10h30`.
fn time_at(tokens: &[Token], at: usize) -> Option<(Value, usize)> {
    let hour = tokens[at].number()?.whole().filter(|it| *it < 24)?;
    let middle = tokens
        .get(at + 1)
        .filter(|it| it.is_glued && (it.is_mark(':') || it.word() == "h"))?;
    let minute = tokens
        .get(at + 2)
        .filter(|it| it.is_glued && it.text.len() == 2)?;
    let minute = minute.number()?.whole().filter(|it| *it < 60)?;
    let _ = middle;
    Some((Value::of(u64::from(hour * 60 + minute)), at + 3))
}

/// `10k`, `1.2 million`.
fn magnitude(tokens: &[Token], at: usize) -> Option<(usize, usize)> {
    let token = tokens.get(at)?;
    match token.word() {
        "k" if token.is_glued && token.text == "k" => Some((3, 1)),
        "thousand" | "mille" | "milliers" => Some((3, 1)),
        "million" | "millions" | "mio" => Some((6, 1)),
        "billion" | "billions" | "milliard" | "milliards" => Some((9, 1)),
        _ => None,
    }
}

fn percent(tokens: &[Token], at: usize) -> Option<usize> {
    let token = tokens.get(at)?;
    let next = tokens.get(at + 1).map_or("", Token::word);
    if token.is_mark('%') {
        return Some(1);
    }
    match token.word() {
        "percent" | "pct" | "pourcent" | "percentage" => Some(1),
        "per" | "pour" if matches!(next, "cent" | "cents") => Some(2),
        "points" | "point" if next == "de" => {
            let third = tokens.get(at + 2).map_or("", Token::word);
            (third == "pourcentage").then_some(3)
        }
        _ => None,
    }
}

fn is_sign(token: &Token) -> bool {
    matches!(token.kind, token::Kind::Mark(_))
}
