//! Changed numbers: another digit, one more or less, ten times as much, another unit, another word, two changed about.

use catalog::Language;

use super::scan::{Number, numbers};
use super::{Dice, Spot, find_word, replaced};

const WORDS_EN: [(&str, i64); 27] = [
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("eleven", 11),
    ("twelve", 12),
    ("fourteen", 14),
    ("sixteen", 16),
    ("twenty", 20),
    ("Two", 2),
    ("Four", 4),
    ("Five", 5),
    ("Nine", 9),
    ("Eleven", 11),
    ("Twelve", 12),
    ("Sixteen", 16),
    ("first", 1),
    ("second", 2),
    ("third", 3),
    ("fourth", 4),
    ("sixth", 6),
    ("eighth", 8),
];
const WORDS_FR: [(&str, i64); 26] = [
    ("deux", 2),
    ("trois", 3),
    ("quatre", 4),
    ("cinq", 5),
    ("six", 6),
    ("sept", 7),
    ("huit", 8),
    ("neuf", 9),
    ("dix", 10),
    ("onze", 11),
    ("douze", 12),
    ("quatorze", 14),
    ("seize", 16),
    ("vingt", 20),
    ("Deux", 2),
    ("Trois", 3),
    ("Quatre", 4),
    ("Cinq", 5),
    ("Neuf", 9),
    ("Onze", 11),
    ("Douze", 12),
    ("deuxième", 2),
    ("troisième", 3),
    ("quatrième", 4),
    ("sixième", 6),
    ("huitième", 8),
];
const UNITS: [(&str, &[&str]); 12] = [
    ("kg", &["g", "t"]),
    ("g", &["kg", "mg"]),
    ("cm", &["mm", "m"]),
    ("mm", &["cm"]),
    ("m", &["cm", "km"]),
    ("ml", &["l", "cl"]),
    ("W", &["kW"]),
    ("MHz", &["GHz"]),
    ("GB", &["TB", "MB"]),
    ("h", &["min"]),
    ("months", &["weeks", "years"]),
    ("mois", &["semaines", "ans"]),
];

pub(super) fn changed(spot: &Spot<'_>, dice: &mut Dice) -> Vec<String> {
    let known: Vec<_> = spot
        .cited
        .iter()
        .flat_map(|it| values(it, spot.language()))
        .collect();
    let found = numbers(spot.text, spot.language());
    let mut texts = Vec::new();
    for number in &found {
        let ways = [another_digit, one_off, ten_times];
        let new = ways[dice.below(ways.len())](&spot.text[number.range.clone()], dice);
        let text = replaced(spot.text, &number.range, &new);
        let value = numbers(&new, spot.language()).first().map(|it| it.milli);
        if value.is_some_and(|it| !known.contains(&it)) {
            texts.push(text);
        }
        texts.extend(another_unit(spot, number, dice));
    }
    texts.extend(
        found
            .windows(2)
            .filter_map(|it| changed_about(spot.text, &it[0], &it[1])),
    );
    texts.extend(another_word(spot, &known, dice));
    texts
}

fn values(fact: &str, language: Language) -> Vec<i64> {
    let words = words(language)
        .iter()
        .filter(|(word, _)| find_word(fact, word).is_some());
    let digits = numbers(fact, language).into_iter().map(|it| it.milli);
    digits.chain(words.map(|(_, value)| value * 1000)).collect()
}

fn words(language: Language) -> &'static [(&'static str, i64)] {
    match language {
        Language::En => &WORDS_EN,
        Language::Fr => &WORDS_FR,
    }
}

fn another_digit(number: &str, dice: &mut Dice) -> String {
    let places: Vec<_> = number.match_indices(|c: char| c.is_ascii_digit()).collect();
    let (at, digit) = places[dice.below(places.len())];
    let digit: usize = digit.parse().unwrap_or(0);
    let other = (digit + 1 + dice.below(8)) % 10;
    let other = if at == 0 && other == 0 {
        1 + digit % 9
    } else {
        other
    };
    replaced(number, &(at..at + 1), &other.to_string())
}

/// One more or less than a whole number; of an amount its last digit.
fn one_off(number: &str, dice: &mut Dice) -> String {
    let (head, last) = number.split_at(number.len() - 1);
    let last: usize = last.parse().unwrap_or(0);
    let other = match last {
        0 => 1,
        9 => 8,
        _ => last - 1 + 2 * dice.below(2),
    };
    format!("{head}{other}")
}

fn ten_times(number: &str, _: &mut Dice) -> String {
    let point = number.rfind(['.', ',']).filter(|at| number.len() - at <= 3);
    match point {
        Some(at) => format!("{}0{}", &number[..at], &number[at..]),
        None => format!("{number}0"),
    }
}

fn another_unit(spot: &Spot<'_>, number: &Number, dice: &mut Dice) -> Option<String> {
    let rest = &spot.text[number.range.end..];
    let (space, after) = rest.split_at(rest.find(|c: char| !c.is_whitespace())?);
    let word = after.split(|c: char| !c.is_alphabetic()).next()?;
    let (_, others) = UNITS.iter().find(|(unit, _)| *unit == word)?;
    let start = number.range.end + space.len();
    let other = others[dice.below(others.len())];
    Some(replaced(spot.text, &(start..start + word.len()), other))
}

/// Two numbers that stand for different things, one in the place of the other; a range stays what it is either way.
fn changed_about(text: &str, one: &Number, other: &Number) -> Option<String> {
    let between = &text[one.range.end..other.range.start];
    let is_range = [" to ", " à ", " x ", "-", "–"]
        .iter()
        .any(|it| between.contains(it));
    let is_list =
        [" and ", " et "].iter().any(|it| between.contains(it)) && between.split(' ').count() < 6;
    let is_move = [
        "from", "depuis", "after", "après", "less", "moins", "reduced", "instead", "lieu", "contre",
    ]
    .iter()
    .any(|it| between.contains(it));
    let ends = between.contains(['.', ';', ':']);
    if is_range || is_list || is_move || ends || one.milli == other.milli {
        return None;
    }
    let (first, second) = (&text[one.range.clone()], &text[other.range.clone()]);
    Some(replaced(
        &replaced(text, &other.range, first),
        &one.range,
        second,
    ))
}

fn another_word(spot: &Spot<'_>, known: &[i64], dice: &mut Dice) -> Vec<String> {
    let words = words(spot.language());
    let mut texts = Vec::new();
    for (word, value) in words {
        let Some(at) = find_word(spot.text, word) else {
            continue;
        };
        let alike = |it: &&(&str, i64)| {
            let is_ordinal = |it: &str| {
                it.ends_with("th")
                    || it.ends_with("ième")
                    || ["first", "second", "third"].contains(&it)
            };
            let is_same_case =
                it.0.starts_with(char::is_uppercase) == word.starts_with(char::is_uppercase);
            it.1 != *value
                && !known.contains(&(it.1 * 1000))
                && is_ordinal(it.0) == is_ordinal(word)
                && is_same_case
        };
        let others: Vec<_> = words.iter().filter(alike).collect();
        if let Some(other) = others.get(dice.below(others.len())) {
            texts.push(replaced(spot.text, &(at..at + word.len()), other.0));
        }
    }
    texts
}
