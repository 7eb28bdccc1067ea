//! Dates as people write them: in digits, or with the name of the month.

use catalog::Language;

use super::lexicon;
use super::token::{Kind, Token};

/// A date or the part of one that is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Date {
    pub(crate) year: Option<u32>,
    pub(crate) month: Option<u32>,
    pub(crate) day: Option<u32>,
}

impl Date {
    /// Returns whether all that this one says is said by `whole`.
    pub(crate) fn is_part_of(&self, whole: &Self) -> bool {
        let fits = |mine: Option<u32>, theirs| mine.is_none() || mine == theirs;
        fits(self.year, whole.year) && fits(self.month, whole.month) && fits(self.day, whole.day)
    }
}

/// Reads the date in digits that `chars` begins with, in all the ways to read it, and returns it with its length.
///
/// In English `03/04/2026` is both 3 April and 4 March; with points, and in French, the day stands first.
pub(super) fn read_date(chars: &[char], language: Language) -> Option<(Vec<Date>, usize)> {
    let run = |start: usize| {
        let rest = chars.get(start..).unwrap_or_default();
        rest.iter()
            .take_while(|it| it.is_ascii_digit())
            .take(5)
            .count()
    };
    let first = run(0);
    let separator = *chars
        .get(first)
        .filter(|it| matches!(it, '-' | '/' | '.'))?;
    let second = run(first + 1);
    let behind = first + 1 + second;
    if chars.get(behind) != Some(&separator) {
        return None;
    }
    let third = run(behind + 1);
    let length = behind + 1 + third;
    let number = |start: usize, n: usize| -> Option<u32> {
        let text: String = chars.get(start..start + n)?.iter().collect();
        text.parse().ok()
    };
    let (one, two) = (number(0, first)?, number(first + 1, second)?);
    let three = number(behind + 1, third)?;
    let date = |year: u32, month: u32, day: u32| {
        let year = if year < 100 { 2000 + year } else { year };
        let is_one = (1..=12).contains(&month) && (1..=31).contains(&day);
        is_one.then_some(Date {
            year: Some(year),
            month: Some(month),
            day: Some(day),
        })
    };
    let mut readings: Vec<Date> = match (first, second, third) {
        (4, 1..=2, 1..=2) => date(one, two, three).into_iter().collect(),
        (1..=2, 1..=2, 2 | 4) => {
            let both = [date(three, two, one), date(three, one, two)];
            let is_day_first = language == Language::Fr || separator == '.';
            let n_ways = if is_day_first && both[0].is_some() {
                1
            } else {
                2
            };
            both.into_iter().take(n_ways).flatten().collect()
        }
        _ => return None,
    };
    readings.dedup();
    (!readings.is_empty()).then_some((readings, length))
}

/// Reads the date that stands at `at`, and returns all ways to read it with the number of tokens.
pub(super) fn date_at(
    tokens: &[Token],
    at: usize,
    language: Language,
) -> Option<(Vec<Date>, usize)> {
    if let Kind::Date(readings) = &tokens.get(at)?.kind {
        return Some((readings.clone(), 1));
    }
    let (date, length) =
        day_first(tokens, at, language).or_else(|| month_first(tokens, at, language))?;
    Some((vec![date], length))
}

/// `3 March 2026`, `3rd of March`, `1er mars 2026`.
fn day_first(tokens: &[Token], at: usize, language: Language) -> Option<(Date, usize)> {
    let day = match tokens[at].number() {
        Some(number) => number.whole(),
        None => lexicon::ordinal(tokens[at].word(), language),
    };
    let day = day.filter(|it| (1..=31).contains(it))?;
    let mut next = at + 1;
    let is = |next: usize, words: &[&str]| {
        tokens
            .get(next)
            .is_some_and(|it| words.contains(&it.word()))
    };
    if is(next, lexicon::ORDINAL_ENDINGS) && tokens[next].is_glued {
        next += 1;
    }
    if is(next, &["of", "de"]) {
        next += 1;
    }
    let month = month_at(tokens, next, language)?;
    next += 1 + usize::from(is_dot(tokens, next + 1));
    let mut date = Date {
        year: None,
        month: Some(month),
        day: Some(day),
    };
    let mut year_at = next;
    if tokens.get(next).is_some_and(|it| it.is_mark(',')) || is(next, &["of", "de"]) {
        year_at += 1;
    }
    if let Some(year) = tokens.get(year_at).and_then(year_of) {
        date.year = Some(year);
        next = year_at + 1;
    }
    Some((date, next - at))
}

/// `March 3, 2026`, `March 2026`, `mars 2026`, and a month alone.
fn month_first(tokens: &[Token], at: usize, language: Language) -> Option<(Date, usize)> {
    let month = month_at(tokens, at, language)?;
    let mut next = at + 1 + usize::from(is_dot(tokens, at + 1));
    let mut date = Date {
        month: Some(month),
        ..Date::default()
    };
    if let Some(year) = tokens.get(next).and_then(year_of) {
        date.year = Some(year);
        return Some((date, next + 1 - at));
    }
    let of_day = |it: &Token| it.number()?.whole().filter(|it| (1..=31).contains(it));
    // In French the day stands before the month.
    let day = tokens
        .get(next)
        .and_then(of_day)
        .filter(|_| language == Language::En);
    if let Some(day) = day {
        date.day = Some(day);
        next += 1;
        let ending = tokens.get(next);
        let is_ending = |it: &Token| it.is_glued && lexicon::ORDINAL_ENDINGS.contains(&it.word());
        next += usize::from(ending.is_some_and(is_ending));
        let year_at = next + usize::from(tokens.get(next).is_some_and(|it| it.is_mark(',')));
        if let Some(year) = tokens.get(year_at).and_then(year_of) {
            date.year = Some(year);
            next = year_at + 1;
        }
        return Some((date, next - at));
    }
    let year_behind = |it: &Token| matches!(it.word(), "of" | "de");
    if tokens.get(next).is_some_and(year_behind)
        && let Some(year) = tokens.get(next + 1).and_then(year_of)
    {
        date.year = Some(year);
        return Some((date, next + 2 - at));
    }
    is_surely_month(tokens, at).then_some((date, next - at))
}

/// The year of a token of four digits.
fn year_of(token: &Token) -> Option<u32> {
    let is_bare = token.text.len() == 4;
    let year = token.number()?.whole()?;
    (is_bare && (1900..2100).contains(&year)).then_some(year)
}

fn month_at(tokens: &[Token], at: usize, language: Language) -> Option<u32> {
    let token = tokens.get(at)?;
    let table = match language {
        Language::En => lexicon::en::MONTHS,
        Language::Fr => lexicon::fr::MONTHS,
    };
    let is_name = language == Language::Fr || token.is_capitalized();
    let names = |names: &&[&str]| names.contains(&token.word());
    let month = table.iter().position(names).filter(|_| is_name)?;
    u32::try_from(month + 1).ok()
}

/// `May` and `March` are also verbs, and short forms words: alone, a month needs a word of time before it.
fn is_surely_month(tokens: &[Token], at: usize) -> bool {
    let before = at.checked_sub(1).map_or("", |it| tokens[it].word());
    let word = tokens[at].word();
    let is_full = word.len() > 4
        || matches!(
            word,
            "may" | "mai" | "june" | "july" | "juin" | "aout" | "mars"
        );
    let is_other_word = matches!(word, "may" | "march" | "mars");
    is_full && (!is_other_word || lexicon::BEFORE_A_MONTH.contains(&before))
}

fn is_dot(tokens: &[Token], at: usize) -> bool {
    let is_short = at
        .checked_sub(1)
        .is_some_and(|it| tokens[it].word().len() <= 5);
    let behind = tokens.get(at + 1).and_then(|it| it.number());
    is_short && behind.is_some() && tokens.get(at).is_some_and(|it| it.is_mark('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::extract::token::tokens;

    fn read(text: &str, language: Language) -> String {
        let tokens = tokens(text, language);
        let Some((readings, length)) = date_at(&tokens, 0, language) else {
            return "none".into();
        };
        let shown = |it: &Date| {
            let part = |it: Option<u32>| it.map_or("?".into(), |it| it.to_string());
            format!("{}-{}-{}", part(it.year), part(it.month), part(it.day))
        };
        let readings: Vec<String> = readings.iter().map(shown).collect();
        format!("{} {length}", readings.join("|"))
    }

    #[test]
    fn one_day_is_written_in_many_ways() {
        for (text, expected) in [
            ("3 March 2026", "2026-3-3 3"),
            ("March 3, 2026", "2026-3-3 4"),
            ("March 3rd, 2026", "2026-3-3 5"),
            ("3rd of March 2026", "2026-3-3 5"),
            ("2026-03-03", "2026-3-3 1"),
            ("03/03/2026", "2026-3-3 1"),
            ("03/04/2026", "2026-4-3|2026-3-4 1"),
            ("31.12.26", "2026-12-31 1"),
            ("March 2026", "2026-3-? 2"),
            ("Sept. 4, 2026", "2026-9-4 5"),
            ("may 3", "none"),
            ("12 variants", "none"),
        ] {
            assert_eq!(read(text, Language::En), expected, "{text}");
        }
        for (text, expected) in [
            ("3 mars 2026", "2026-3-3 3"),
            ("1er mars 2026", "2026-3-1 4"),
            ("3 févr. 2026", "2026-2-3 4"),
            ("mars 2026", "2026-3-? 2"),
            ("août", "?-8-? 1"),
        ] {
            assert_eq!(read(text, Language::Fr), expected, "{text}");
        }
    }
}
