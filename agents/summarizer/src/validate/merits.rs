//! Strong and weak points stay apart, and what is said to be above another number is.

use std::collections::HashSet;
use std::ops::Range;

use super::extract::{Kind, Passage, Quantity, Token, lexicon};
use super::ground::is_same;
use super::{Part, Reject, short};

pub(super) fn check(part: &Part<'_>, sentence: &Range<usize>) -> Vec<Reject> {
    let mut found = Vec::new();
    if calls_weak_what_is_strong(part, sentence) {
        let detail = format!(
            "{}: a strong point is told as a weak one, or the other way; keep them as the facts have them",
            part.name
        );
        found.push(Reject::new("direction_not_in_facts", detail));
    }
    if let Some(number) = figure_of_another(part, sentence) {
        let said = short(&part.passage.shown(number.start, number.end));
        let detail = format!(
            "{}: {said} is the number of something else in the facts; keep each number with what it counts",
            part.name
        );
        found.push(Reject::new("count_mismatch", detail));
    }
    if compares_wrongly(&part.passage, sentence) {
        let detail = format!(
            "{}: a number is said to be above one that is greater, or below one that is less; keep their order",
            part.name
        );
        found.push(Reject::new("range_reversed", detail));
    }
    found
}

const STRONG: &[&str] = &[
    "strong",
    "strength",
    "strengths",
    "strongest",
    "fort",
    "forts",
    "forte",
    "fortes",
    "atout",
    "atouts",
];
const WEAK: &[&str] = &[
    "weak",
    "weakness",
    "weaknesses",
    "weakest",
    "faible",
    "faibles",
    "faiblesse",
    "faiblesses",
];
/// Words of such facts that name no point.
const FRAME: &[&str] = &[
    "point",
    "points",
    "ranking",
    "classement",
    "product",
    "products",
    "plus",
];

fn calls_weak_what_is_strong(part: &Part<'_>, sentence: &Range<usize>) -> bool {
    let passage = &part.passage;
    let is_merit = |it: &Token| STRONG.contains(&it.word()) || WEAK.contains(&it.word());
    if !passage.tokens[sentence.clone()].iter().any(is_merit) {
        return false;
    }
    let language = part.pool.sheet.language;
    let of = |words: &[&str], others: &[&str]| -> HashSet<&str> {
        let facts = part.pool.facts.iter().filter(|it| !it.is_seller);
        let has =
            |tokens: &[Token], words: &[&str]| tokens.iter().any(|it| words.contains(&it.word()));
        let facts =
            facts.filter(|it| has(&it.passage.tokens, words) && !has(&it.passage.tokens, others));
        facts
            .flat_map(|it| it.passage.tokens.iter().map(Token::word))
            .collect()
    };
    let (strong, weak) = (of(STRONG, WEAK), of(WEAK, STRONG));
    // Weak points where the facts have strong ones alone, or the other way.
    let says = |words: &[&str]| {
        let mut tokens = passage.tokens[sentence.clone()].iter();
        tokens.any(|it| it.quote.is_none() && words.contains(&it.word()))
    };
    let has_none = |of: &[&str]| {
        let ours = part.pool.facts.iter().filter(|it| !it.is_seller);
        let mut tokens = ours.flat_map(|it| &it.passage.tokens);
        !tokens.any(|it| of.contains(&it.word()))
    };
    let is_of_points = says(&["point", "points"]);
    if is_of_points
        && ((says(WEAK) && !says(STRONG) && has_none(WEAK) && !strong.is_empty())
            || (says(STRONG) && !says(WEAK) && has_none(STRONG) && !weak.is_empty()))
    {
        return true;
    }
    let clauses: HashSet<usize> = sentence.clone().map(|it| passage.clauses[it]).collect();
    clauses.into_iter().any(|clause| {
        let words: Vec<&str> = sentence
            .clone()
            .filter(|it| passage.clauses[*it] == clause)
            .map(|it| passage.tokens[it].word())
            .collect();
        let says = |of: &[&str]| words.iter().any(|it| of.contains(it));
        let (mine, theirs) = match (says(STRONG), says(WEAK)) {
            (true, false) => (&strong, &weak),
            (false, true) => (&weak, &strong),
            _ => return false,
        };
        let is_point = |it: &&&str| {
            !it.is_empty() && !FRAME.contains(it) && !lexicon::is_stop_word(it, language)
        };
        words
            .iter()
            .filter(is_point)
            .any(|it| theirs.contains(it) && !mine.contains(it))
    })
}

/// A mean or a score of one thing told of another: the only such number of its clause, with a word that only the facts
/// of other numbers have.
fn figure_of_another<'a>(part: &'a Part<'_>, sentence: &Range<usize>) -> Option<&'a Quantity> {
    let passage = &part.passage;
    let is_part =
        |it: &Quantity| it.kind == Kind::Count && it.value.text.contains('.') && !it.is_quoted;
    let language = part.pool.sheet.language;
    let numbers: Vec<&Quantity> = passage
        .quantities_in(sentence)
        .filter(|it| is_part(it))
        .collect();
    let [ours] = numbers.as_slice() else {
        return None;
    };
    let facts = part.pool.facts.iter().filter(|it| !it.is_seller);
    let facts: Vec<_> = facts
        .filter(|it| it.passage.quantities.iter().any(is_part))
        .collect();
    let (same, others): (Vec<_>, Vec<_>) = facts.into_iter().partition(|it| {
        it.passage
            .quantities
            .iter()
            .any(|theirs| is_same(ours, theirs))
    });
    let has = |facts: &[&&super::evidence::Evidence], word: &str| {
        facts.iter().any(|it| {
            it.passage
                .tokens
                .iter()
                .any(|it| it.quote.is_none() && it.word() == word)
        })
    };
    let words = sentence.clone().map(|it| passage.tokens[it].word());
    let mut words = words.filter(|it| it.len() > 3 && !lexicon::is_stop_word(it, language));
    let is_of_others = words.any(|it| has(&others, it) && !has(&same, it));
    (is_of_others && !same.is_empty()).then_some(*ours)
}

/// `0.72, below the 0.50`.
fn compares_wrongly(passage: &Passage, sentence: &Range<usize>) -> bool {
    let inside: Vec<&Quantity> = passage.quantities_in(sentence).collect();
    inside.windows(2).any(|pair| {
        if is_told_wrongly(passage, sentence, pair) {
            return true;
        }
        let is_like = pair[0].kind == pair[1].kind
            && matches!(pair[0].kind, Kind::Count | Kind::Money(_) | Kind::Percent)
            && pair[0].pair.is_none();
        let between = passage
            .tokens
            .get(pair[0].end..pair[1].start)
            .unwrap_or_default();
        let has = |words: &[&str]| {
            let mut ours = between.iter().filter(|it| it.quote.is_none());
            ours.any(|it| words.contains(&it.word()))
        };
        if !is_like
            || between.len() > 12
            || has(&[
                "and", "while", "whereas", "et", "tandis", "not", "pas", "by", "but", "mais",
            ])
        {
            return false;
        }
        let (one, two) = (pair[0].value.rough(), pair[1].value.rough());
        let above = has(&[
            "above",
            "over",
            "exceeds",
            "exceeding",
            "higher",
            "dessus",
            "superieur",
            "superieure",
        ]);
        let below = has(&[
            "below",
            "under",
            "lower",
            "dessous",
            "inferieur",
            "inferieure",
        ]);
        (above && !below && one < two) || (below && !above && one > two)
    })
}

/// `higher, at 0.41 against 0.50`: of scores, what is said before both.
fn is_told_wrongly(passage: &Passage, sentence: &Range<usize>, pair: &[&Quantity]) -> bool {
    let is_score = |it: &&Quantity| it.kind == Kind::Count && it.value.text.contains('.');
    let word = |at: usize| passage.tokens.get(at).map_or("", Token::word);
    let joint = word(pair[0].end);
    let is_joint = matches!(
        joint,
        "against" | "versus" | "vs" | "contre" | "instead" | "au"
    );
    if !is_joint || !pair.iter().all(is_score) {
        return false;
    }
    let before = pair[0].start.saturating_sub(5).max(sentence.start)..pair[0].start;
    let has = |words: &[&str]| before.clone().any(|it| words.contains(&word(it)));
    let (above, below) = (
        has(&[
            "higher",
            "above",
            "haut",
            "haute",
            "eleve",
            "elevee",
            "superieure",
        ]),
        has(&["lower", "below", "bas", "basse", "faible", "inferieure"]),
    );
    let (one, two) = (pair[0].value.rough(), pair[1].value.rough());
    (above && !below && one < two) || (below && !above && one > two)
}
