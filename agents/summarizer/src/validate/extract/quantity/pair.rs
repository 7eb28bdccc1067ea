//! Two numbers that belong together, `20 to 30` and `12 of 15`, and the unit that is said once for both.

use super::{Date, Kind, Pair, Quantity, is_sign};
use crate::validate::extract::lexicon;
use crate::validate::extract::token::Token;

/// Finds `20 to 30` and `12 of 15` among neighbours.
pub(super) fn set_pairs(quantities: &mut [Quantity], tokens: &[Token]) {
    for at in 1..quantities.len() {
        let (first, second) = (&quantities[at - 1], &quantities[at]);
        let between = tokens.get(first.end..second.start).unwrap_or_default();
        let is_filler = |it: &&Token| {
            matches!(
                it.word(),
                "the" | "la" | "le" | "place" | "rank" | "position" | "number"
            ) || it.is_mark('#')
        };
        let between: Vec<&Token> = between.iter().filter(|it| !is_filler(it)).collect();
        let before = first
            .start
            .checked_sub(1)
            .map_or("", |it| tokens[it].word());
        let between = match between.as_slice() {
            // `39 EUR, instead of 49 EUR`
            [comma, rest @ ..]
                if comma.is_mark(',')
                    && rest
                        .first()
                        .is_some_and(|it| lexicon::BACK.contains(&it.word())) =>
            {
                rest
            }
            all => all,
        };
        let pair = if is_range(between, before) {
            Some(Pair::Range)
        } else if is_back(between) {
            Some(Pair::Back)
        } else if is_share(between, &tokens[first.start]) {
            Some(Pair::Share)
        } else {
            None
        };
        quantities[at - 1].pair = pair;
    }
}

/// `to`, `–`, `and` behind `between`.
fn is_range(between: &[&Token], before: &str) -> bool {
    const DASHES: [char; 6] = ['-', '–', '—', '−', '→', '‑'];
    match between {
        [joint] => {
            matches!(joint.word(), "to" | "a" | "until" | "vers")
                || (matches!(joint.word(), "and" | "et") && matches!(before, "between" | "entre"))
                || DASHES.iter().any(|it| joint.is_mark(*it))
        }
        [joint, also] => matches!(
            (joint.word(), also.word()),
            ("up" | "down", "to") | ("jusqu", "a")
        ),
        [joint, mark, also] => joint.word() == "jusqu" && is_sign(mark) && also.word() == "a",
        _ => false,
    }
}

/// `after`, `instead of`, `down from`.
fn is_back(between: &[&Token]) -> bool {
    match between {
        [joint] => lexicon::BACK[..4].contains(&joint.word()),
        [joint, also] => matches!(
            (joint.word(), also.word()),
            ("instead", "of") | ("down" | "up", "from") | ("rather", "than") | ("plutot", "que")
        ),
        [one, two, three] => {
            matches!((one.word(), two.word(), three.word()), ("au", "lieu", "de"))
        }
        _ => false,
    }
}

/// `of`, `out of`, `variants of`, `in` behind `one`.
fn is_share(between: &[&Token], first: &Token) -> bool {
    match between {
        [joint] => {
            (joint.word() == "in" && first.word() == "one")
                || matches!(
                    joint.word(),
                    "of" | "sur" | "des" | "de" | "parmi" | "among"
                )
                || joint.is_mark('/')
        }
        [joint, also] => {
            let has_noun = matches!(also.word(), "sur" | "of" | "parmi")
                && lexicon::noun(joint.word()).is_some();
            has_noun
                || matches!(
                    (joint.word(), also.word()),
                    ("out", "of")
                        | ("of", "its" | "the")
                        | ("de", "ses")
                        | ("des", _)
                        | ("sur", "les" | "ses")
                )
        }
        _ => false,
    }
}

/// In `20–30 €` and `from $20 to 30` both are money; in `3 to 12 May` both are days.
pub(super) fn share_units(quantities: &mut [Quantity]) {
    for at in 1..quantities.len() {
        let (first, second) = (quantities[at - 1].clone(), quantities[at].clone());
        let is_joined = first.pair == Some(Pair::Range);
        if !is_joined {
            continue;
        }
        match (&first.kind, &second.kind) {
            (Kind::Count, Kind::Money(_) | Kind::Percent | Kind::Ordinal) => {
                quantities[at - 1].kind = second.kind;
            }
            (Kind::Money(_) | Kind::Percent | Kind::Ordinal, Kind::Count) => {
                quantities[at].kind = first.kind;
            }
            (Kind::Count | Kind::Ordinal, Kind::Date(readings)) => {
                let day = first.value.whole().filter(|it| (1..=31).contains(it));
                let with = |it: &Date| {
                    it.day.and(day).map(|day| Date {
                        day: Some(day),
                        ..*it
                    })
                };
                let days: Vec<Date> = readings.iter().filter_map(with).collect();
                if !days.is_empty() {
                    quantities[at - 1].kind = Kind::Date(days);
                }
            }
            (Kind::Date(one), Kind::Date(two)) => {
                // `from 3 March to 5 May 2026`: the year is said once.
                if let ([one], [two]) = (one.as_slice(), two.as_slice())
                    && one.year.is_none()
                {
                    quantities[at - 1].kind = Kind::Date(vec![Date {
                        year: two.year,
                        ..*one
                    }]);
                }
            }
            _ => {}
        }
    }
}
