//! What a number counts, as far as the words beside it say.

use super::{Kind, Pair, Quantity};
use crate::validate::extract::lexicon;
use crate::validate::extract::token::Token;

/// How many tokens behind a number may name what it counts.
const NOUN_REACH: usize = 4;

/// Words that name nothing, and behind which nothing is named either.
const ENDS: &str = "\
    and et in at for with from on by avec pour dans chez par sur to is are est sont was were \
    than or ou has have as across per";

/// Words that are so behind another one.
const ENDS_BEHIND: &str = "of de du des d viennent vient come comes go goes";

pub(super) fn set_nouns(quantities: &mut [Quantity], tokens: &[Token]) {
    for at in (0..quantities.len()).rev() {
        let quantity = &quantities[at];
        if !matches!(quantity.kind, Kind::Count | Kind::Ordinal) {
            continue;
        }
        let limit = quantities.get(at + 1).map_or(tokens.len(), |it| it.start);
        let mut nouns = nouns_behind(tokens, quantity.end, limit);
        nouns.extend(nouns_before(tokens, quantity.start));
        if quantity.kind == Kind::Ordinal && nouns.is_empty() {
            nouns.push("place");
        }
        if quantity.start == 0
            && tokens
                .get(1)
                .is_some_and(|it| it.is_mark('.') || it.is_mark(')'))
        {
            nouns = vec!["place"];
        }
        let next = quantities
            .get(at + 1)
            .map(|it| it.nouns.clone())
            .unwrap_or_default();
        match quantity.pair {
            Some(_) if nouns.is_empty() => nouns = next,
            // `198 products of 240`: both are products.
            Some(Pair::Share) if next.is_empty() && !nouns.contains(&"place") => {
                quantities[at + 1].nouns.clone_from(&nouns);
            }
            _ => {}
        }
        quantities[at].nouns = nouns;
    }
}

/// `places 4 and 5`: both are places.
pub(super) fn share_nouns(quantities: &mut [Quantity], tokens: &[Token]) {
    for at in 1..quantities.len() {
        let (first, second) = (&quantities[at - 1], &quantities[at]);
        let between = tokens.get(first.end..second.start).unwrap_or_default();
        let are_listed = matches!(between, [joint] if matches!(joint.word(), "and" | "et" | "or" | "ou") || joint.is_mark(','));
        if are_listed && first.kind == second.kind && second.nouns.is_empty() {
            quantities[at].nouns = first.nouns.clone();
        }
    }
}

fn nouns_behind(tokens: &[Token], start: usize, limit: usize) -> Vec<&'static str> {
    if are_first_of_ranking(tokens, start) {
        return vec!["product"];
    }
    let mut found = Vec::new();
    for (n, token) in tokens[start.min(limit)..limit]
        .iter()
        .take(NOUN_REACH)
        .enumerate()
    {
        let word = token.word();
        if n == 0
            && let Some(unit) = lexicon::unit(word)
        {
            let next = tokens.get(start + 1);
            let is_inside_word = next.is_some_and(|it| it.is_mark('’') || it.is_mark('\''));
            if !is_inside_word {
                return vec![unit];
            }
        }
        if n == 0 && token.is_mark('"') {
            return vec!["inch"];
        }
        let is_joint = token.is_mark('-')
            || token.is_mark('’')
            || token.is_mark('\'')
            || token.is_mark('“')
            || token.is_mark('«');
        let ends = is_of_type(tokens, start + n)
            || (word.is_empty() && !is_joint)
            || lexicon::has(ENDS, word);
        if ends || (n > 0 && lexicon::has(ENDS_BEHIND, word)) {
            break;
        }
        found.extend(lexicon::noun(word));
    }
    found
}

/// `the first 3 of the ranking` are products.
fn are_first_of_ranking(tokens: &[Token], end: usize) -> bool {
    let word = |at: Option<usize>| at.and_then(|it| tokens.get(it)).map_or("", Token::word);
    let of = [word(Some(end)), word(Some(end + 1)), word(Some(end + 2))];
    matches!(word(end.checked_sub(2)), "first" | "top") && of == ["of", "the", "ranking"]
}

/// `45 of the type “Lamps”` counts no types.
fn is_of_type(tokens: &[Token], at: usize) -> bool {
    let word = |at: usize| tokens.get(at).map_or("", Token::word);
    let next = match word(at + 1) {
        "the" | "la" => word(at + 2),
        next => next,
    };
    matches!(word(at), "of" | "du" | "de") && matches!(next, "type" | "brand" | "vendor" | "marque")
}

/// `place 3`, `score of 0.81`, `Images: 5`, `n° 3`, `#3`.
fn nouns_before(tokens: &[Token], start: usize) -> Vec<&'static str> {
    let before = |n: usize| start.checked_sub(n).and_then(|it| tokens.get(it));
    let word = |n: usize| before(n).map_or("", Token::word);
    if before(1).is_some_and(|it| it.is_mark('#') || it.is_mark('°') || it.is_mark('º')) {
        return vec!["place"];
    }
    if matches!(word(1), "no" | "number" | "numero")
        || (word(2) == "no" && before(1).is_some_and(|it| it.is_mark('.')))
    {
        return vec!["place"];
    }
    if before(1).is_some_and(|it| it.is_mark(':') || it.is_mark('=')) {
        return lexicon::noun(word(2)).into_iter().collect();
    }
    let is_between = |it: &str| {
        matches!(
            it,
            "of" | "is" | "de" | "est" | "at" | "a" | "number" | "was" | "to" | "from" | "d"
        )
    };
    for n in 1..=3 {
        let noun = lexicon::noun(word(n)).filter(|it| matches!(*it, "place" | "score"));
        if noun.is_some() {
            return noun.into_iter().collect();
        }
        if !is_between(word(n)) {
            break;
        }
    }
    Vec::new()
}
