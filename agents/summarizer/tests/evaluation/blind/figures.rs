//! Lies about numbers, dates and currencies.

use std::ops::Range;

use super::{Chance, Text, is_quoted};

const MONTHS: [[&str; 12]; 2] = [
    [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
];

/// Numbers in words, from two.
const NUMBERS: [[&str; 10]; 2] = [
    [
        "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    ],
    [
        "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze",
    ],
];

const CODES: [&str; 6] = ["EUR", "USD", "GBP", "CHF", "CAD", "JPY"];
/// Signs and words of currencies; the longer ones first.
const SIGNS: [&str; 5] = ["CA$", "€", "£", "¥", "$"];
const WORDS: [[&str; 4]; 2] = [
    ["euros", "pounds", "dollars", "francs"],
    ["euros", "livres", "dollars", "francs"],
];

/// Returns the text with one number changed into one that no cited fact has.
pub(super) fn numbers(text: &Text<'_>, chance: &mut Chance) -> Vec<String> {
    // More is also no more than that.
    let open = [
        "No more than",
        "no more than",
        "Pas plus",
        "au plus",
        "Fewer than",
        "Moins de",
    ];
    if open.iter().any(|it| text.text.contains(it)) {
        return Vec::new();
    }
    let cited: Vec<String> = text.cited.iter().flat_map(|it| values(it)).collect();
    let others: Vec<String> = text.facts().flat_map(values).collect();
    let mut lies = Vec::new();
    for range in digits(text.text) {
        let was = &text.text[range.clone()];
        if !cited.contains(&value(was)) || is_of_date(text, &range) || is_tier(text, &range) {
            continue;
        }
        let new = match chance.below(3) {
            0 => other_number(was, &others, chance),
            _ => None,
        };
        let new = new.unwrap_or_else(|| other_digit(was, chance));
        if !cited.contains(&value(&new)) {
            lies.push(text.with(range, &new));
        }
    }
    let words = NUMBERS[usize::from(text.is_french())];
    for (n, word) in words.iter().enumerate() {
        for at in text.find(word) {
            let to = (n + 1 + chance.below(8)) % words.len();
            if to != n && !cited.contains(&(to + 2).to_string()) {
                lies.push(text.with(at..at + word.len(), words[to]));
            }
        }
    }
    lies
}

/// Returns where numbers in digits stand outside of quotes, not as a part of a word.
fn digits(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find(|it: char| it.is_ascii_digit()) {
        let start = from + start;
        let rest = &text[start..];
        let is_in = |it: char| it.is_ascii_digit() || it == '.' || it == ',';
        let end = start + rest.find(|it| !is_in(it)).unwrap_or(rest.len());
        let number = text[start..end].trim_end_matches(['.', ',']);
        from = end;
        let is_part = |it: Option<char>| it.is_some_and(|it| it.is_alphanumeric() || it == '-');
        let [before, behind] = [&text[..start], &text[start + number.len()..]];
        let is_free = !is_part(before.chars().next_back()) && !is_part(behind.chars().next());
        if is_free && !is_quoted(before) {
            found.push(start..start + number.len());
        }
    }
    found
}

/// Returns the numbers of a text as [`value`] has them.
fn values(text: &str) -> Vec<String> {
    digits(text)
        .into_iter()
        .map(|it| value(&text[it]))
        .collect()
}

/// Returns a number in digits in one notation: `1,899.00`, `1899,00` and `1899` are `1899`.
fn value(number: &str) -> String {
    let cents = number
        .len()
        .checked_sub(3)
        .and_then(|at| number.split_at_checked(at));
    let (whole, cents) = match cents {
        Some((whole, cents)) if cents.starts_with(['.', ',']) => (whole, &cents[1..]),
        _ => (number, ""),
    };
    let digits = |it: &str| it.replace([',', '.'], " ");
    match number.len() {
        ..=4 if cents.is_empty() => number.replace(',', "."),
        _ if cents.chars().all(|it| it == '0') => digits(whole).replace(' ', ""),
        _ => digits(whole).replace(' ', "") + "." + cents,
    }
}

fn is_of_date(text: &Text<'_>, range: &Range<usize>) -> bool {
    let months = MONTHS[usize::from(text.is_french())];
    let (before, behind) = (&text.text[..range.start], &text.text[range.end..]);
    months
        .iter()
        .any(|it| behind.trim_start().starts_with(it) || before.trim_end().ends_with(it))
}

/// Returns whether this is the number of the first so many: who is among the first 3 is among the first 7 too.
fn is_tier(text: &Text<'_>, range: &Range<usize>) -> bool {
    let (before, behind) = (&text.text[..range.start], &text.text[range.end..]);
    before.ends_with("first ") || behind.starts_with(" premiers")
}

/// Returns a number with one other digit.
fn other_digit(was: &str, chance: &mut Chance) -> String {
    let places: Vec<usize> = was
        .char_indices()
        .filter(|(_, it)| it.is_ascii_digit())
        .map(|(at, _)| at)
        .collect();
    // Digits behind the point are often zeros that nobody would change.
    let whole = was.find(['.', ',']).unwrap_or(was.len());
    let places: Vec<usize> = places.into_iter().filter(|at| *at < whole.max(1)).collect();
    let at = chance.one(&places).copied().unwrap_or(0);
    let digit = was.as_bytes()[at] - b'0';
    let step = u8::try_from(1 + chance.below(8)).unwrap_or(1);
    let new = match (digit + step) % 10 {
        0 => 9 - digit % 2,
        new => new,
    };
    format!("{}{new}{}", &was[..at], &was[at + 1..])
}

/// Returns another number of the sheet that looks like this one.
fn other_number(was: &str, others: &[String], chance: &mut Chance) -> Option<String> {
    let value = value(was);
    let is_alike = |it: &&String| {
        it.len() == value.len() && **it != value && it.contains('.') == value.contains('.')
    };
    let alike: Vec<&String> = others.iter().filter(is_alike).collect();
    let new = (*chance.one(&alike)?).clone();
    let (whole, cents) = was.split_at(was.len().saturating_sub(3));
    match cents.starts_with(['.', ',']) && !new.contains('.') && !whole.is_empty() {
        true => Some(new + cents),
        false if cents.starts_with(',') => Some(new.replace('.', ",")),
        false => Some(new),
    }
}

/// Returns the text with one date changed: another day, month or year, or another date of the sheet.
pub(super) fn dates(text: &Text<'_>, chance: &mut Chance) -> Vec<String> {
    let months = MONTHS[usize::from(text.is_french())];
    let found = |of: &str| -> Vec<(Range<usize>, [usize; 3])> {
        digits_or_first(of)
            .into_iter()
            .filter_map(|it| date_at(of, it, &months))
            .collect()
    };
    let of_cited: Vec<[usize; 3]> = text
        .cited
        .iter()
        .flat_map(|it| found(it))
        .map(|it| it.1)
        .collect();
    let of_sheet: Vec<[usize; 3]> = text.facts().flat_map(found).map(|it| it.1).collect();
    let mut lies = Vec::new();
    for (range, was) in found(text.text) {
        let [day, month, year] = was;
        let moved = [
            [1 + (day + 2 + chance.below(20)) % 28, month, year],
            [day.min(28), (month + 1 + chance.below(10)) % 12, year],
            [day.min(28), month, year - 1],
        ];
        let others: Vec<[usize; 3]> = of_sheet.iter().filter(|it| **it != was).copied().collect();
        for new in moved.iter().chain(chance.one(&others)) {
            let is_true = *new == was || (moved.contains(new) && of_cited.contains(new));
            if !is_true {
                lies.push(text.with(range.clone(), &shown(*new, text.is_french())));
            }
        }
    }
    lies
}

/// Returns where days may begin: numbers, and the French `1er`.
fn digits_or_first(text: &str) -> Vec<Range<usize>> {
    let firsts = text.match_indices("1er ").map(|(at, _)| at..at + 3);
    digits(text).into_iter().chain(firsts).collect()
}

/// Returns the date that begins with a day, as day, month from 0 and year.
fn date_at(text: &str, day: Range<usize>, months: &[&str]) -> Option<(Range<usize>, [usize; 3])> {
    let behind = text[day.end..].strip_prefix(' ')?;
    let month = months.iter().position(|it| behind.starts_with(*it))?;
    let year = behind[months[month].len()..].strip_prefix(' ')?;
    let end = day.end + 2 + months[month].len() + 4;
    let year = year.get(..4)?.parse().ok()?;
    let number = text[day.clone()].trim_end_matches("er").parse().ok()?;
    Some((day.start..end, [number, month, year]))
}

fn shown([day, month, year]: [usize; 3], is_french: bool) -> String {
    let first = if is_french && day == 1 { "er" } else { "" };
    format!(
        "{day}{first} {} {year}",
        MONTHS[usize::from(is_french)][month]
    )
}

/// Returns the text with one currency changed, or with one where none is known.
pub(super) fn currencies(text: &Text<'_>, chance: &mut Chance) -> Vec<String> {
    let mut lies = Vec::new();
    let mut swap = |at: usize, was: &str, of: &[&str], chance: &mut Chance| {
        let others: Vec<&&str> = of
            .iter()
            .filter(|it| !was.contains(**it) && !it.contains(was))
            .collect();
        lies.extend(
            chance
                .one(&others)
                .map(|it| text.with(at..at + was.len(), it)),
        );
    };
    for code in CODES {
        text.find(code)
            .into_iter()
            .for_each(|at| swap(at, code, &CODES, chance));
    }
    for word in WORDS[usize::from(text.is_french())] {
        let words = WORDS[usize::from(text.is_french())];
        text.find(word)
            .into_iter()
            .for_each(|at| swap(at, word, &words, chance));
    }
    for sign in SIGNS {
        for (at, _) in text.text.match_indices(sign) {
            // The dollar of Canada and that of America.
            let is_of_longer = sign == "$"
                && (text.text[..at].ends_with("CA") || text.text[at..].starts_with("$ CA"));
            if !is_of_longer && !is_quoted(&text.text[..at]) {
                swap(at, sign, &SIGNS[1..], chance);
            }
        }
    }
    let is_unknown = text
        .facts()
        .any(|it| it.contains("unknown currency") || it.contains("monnaie inconnue"));
    if is_unknown {
        let amounts = ["28.00", "24.00", "28,00", "24,00"];
        for amount in amounts {
            for at in text.find(amount) {
                let end = at + amount.len();
                lies.extend(
                    chance
                        .one(&CODES)
                        .map(|it| text.with(end..end, &format!(" {it}"))),
                );
            }
        }
    }
    lies
}
