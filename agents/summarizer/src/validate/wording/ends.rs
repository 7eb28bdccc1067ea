//! Whether words for a whole or an end of it hold: all, one, most, first and last, highest and lowest.

use std::ops::Range;

use crate::validate::Part;
use crate::validate::evidence::Evidence;
use crate::validate::extract::quantity::Pair;
use crate::validate::extract::{Kind, Mark, Quantity, Sense, Token, lexicon};
use crate::validate::names::Heads;

/// `All variants` of a product that is sold out, or of `5 of 5`.
pub(super) fn all(part: &Part<'_>) -> bool {
    let is_whole = |pair: &[Quantity]| pair[0].pair.is_some() && pair[0].value == pair[1].value;
    let is_none = |fact: &&&Evidence| {
        fact.passage
            .tokens
            .iter()
            .any(|it| matches!(it.word(), "none" | "aucun" | "aucune" | "no"))
    };
    let is_out = |theirs: &Mark| theirs.sense == Sense::Unavailable && !theirs.is_negated;
    let counts_all = |fact: &&Evidence| {
        let tokens = &fact.passage.tokens;
        let words = ["les", "ses", "leurs", "its", "the", "all"];
        let is_whole = |it: &Quantity| {
            it.start > 0 && words.contains(&tokens[it.start - 1].word()) && it.pair.is_none()
        };
        fact.passage.quantities.iter().any(is_whole)
    };
    part.pool.facts.iter().any(counts_all)
        || part.pool.marks().any(|(_, it)| is_out(it))
        || part
            .pool
            .facts
            .iter()
            .any(|fact| fact.passage.quantities.windows(2).any(is_whole))
        || part.pool.facts.iter().any(|it| is_none(&it))
}

/// One where a fact has one, or none that it could be told from.
pub(super) fn one(part: &Part<'_>) -> bool {
    let is_one = |it: &Quantity| it.kind == Kind::Count && it.value.text == "1";
    let is_word = |it: &Token| {
        matches!(
            it.word(),
            "only" | "single" | "seul" | "seule" | "unique" | "one"
        )
    };
    part.pool.quantities().any(|(_, it)| is_one(it))
        || part
            .pool
            .facts
            .iter()
            .any(|fact| fact.passage.tokens.iter().any(is_word))
}

/// `most variants` of `12 of 14`.
pub(super) fn is_majority(part: &Part<'_>, mark: &Mark) -> bool {
    let next = part.passage.tokens.get(mark.end).map_or("", Token::word);
    let counts =
        lexicon::noun(next).is_some() || matches!(next, "options" | "colours" | "colors" | "sizes");
    let is_most = |pair: &[Quantity]| {
        pair[0].pair == Some(Pair::Share) && 2.0 * pair[0].value.rough() > pair[1].value.rough()
    };
    let mut facts = part.pool.facts.iter();
    part.passage.tokens[mark.start].word() == "most"
        && counts
        && facts.any(|it| it.passage.quantities.windows(2).any(is_most))
}

/// Products whose places are known stand to each other as their places do.
pub(super) fn stands(part: &Part<'_>, mark: &Mark, heads: &Heads) -> bool {
    let place = |name: usize| {
        let facts = part
            .pool
            .sheet
            .facts
            .iter()
            .filter(|it| it.head == Some(name));
        let is_place = |it: &&Quantity| it.nouns.contains(&"place") && !it.is_quoted;
        facts
            .flat_map(|it| it.passage.quantities.iter().find(is_place))
            .find_map(|it| it.value.whole())
    };
    let Some((one, two)) = heads.around(mark.start) else {
        return true;
    };
    match (place(one), place(two)) {
        (Some(one), Some(two)) => (one < two) == (mark.sense == Sense::Ahead),
        _ => true,
    }
}

/// A place in the shop's order of sales makes nothing a best-seller.
pub(super) fn is_of_an_order(part: &Part<'_>, mark: &Mark) -> bool {
    const ORDERS: &str = "order list ranking rank ordre liste classement place position rang";
    let clause = part.passage.clauses[mark.start];
    let tokens = part.passage.tokens.iter().zip(&part.passage.clauses);
    let is_place =
        |it: &Quantity| it.nouns.contains(&"place") && part.passage.clauses[it.start] == clause;
    tokens
        .filter(|(_, it)| **it == clause)
        .any(|(it, _)| lexicon::has(ORDERS, it.word()))
        || part.passage.quantities.iter().any(is_place)
}

pub(super) fn has_first_place(
    part: &Part<'_>,
    mark: &Mark,
    of_head: &dyn Fn(&Evidence) -> bool,
) -> bool {
    let is_list_length = part.passage.tokens.get(mark.end).is_some_and(|next| {
        let is_here = |it: &Quantity| it.start == mark.end && it.kind == Kind::Count;
        next.number().is_some() || part.passage.quantities.iter().any(is_here)
    });
    let is_first =
        |it: &Quantity| it.nouns.contains(&"place") && it.value.text == "1" && !it.role.is_before;
    let word = part.passage.tokens[mark.start].word();
    (is_list_length && word == "top")
        || part
            .pool
            .quantities()
            .any(|(fact, it)| !fact.is_seller && of_head(fact) && is_first(it))
}

/// The one amount of a sentence that speaks of the highest price is the lowest one.
pub(super) fn is_other_end(part: &Part<'_>, mark: &Mark, sentence: &Range<usize>) -> bool {
    let before = mark.start.saturating_sub(4)..mark.start;
    let is_apart = part.passage.tokens[before].iter().any(|it| {
        matches!(
            it.word(),
            "below" | "under" | "from" | "than" | "above" | "sous" | "que" | "loin"
        )
    });
    let is_money = |it: &&Quantity| matches!(it.kind, Kind::Money(_));
    let mut amounts = part.passage.quantities_in(sentence).filter(is_money);
    let (Some(ours), None) = (amounts.next(), amounts.next()) else {
        return false;
    };
    let theirs: Vec<_> = part
        .pool
        .quantities()
        .filter(|(fact, it)| {
            !fact.is_seller && it.kind == ours.kind && it.value.may_be(&ours.value)
        })
        .collect();
    let is_end = |it: &Quantity| match mark.sense {
        Sense::Cheapest => it.role.is_least,
        _ => it.role.is_greatest,
    };
    let is_opposite = |it: &Quantity| match mark.sense {
        Sense::Cheapest => it.role.is_greatest,
        _ => it.role.is_least,
    };
    !is_apart && theirs.iter().any(|it| is_opposite(it.1)) && !theirs.iter().any(|it| is_end(it.1))
}

/// `the lowest price is 20 EUR` says of a range what the range says.
pub(super) fn has_end(part: &Part<'_>, mark: &Mark, sentence: &Range<usize>) -> bool {
    let is_end = |it: &Quantity| match mark.sense {
        Sense::Cheapest => it.role.is_least,
        _ => it.role.is_greatest,
    };
    let ours = part.passage.quantities_in(sentence).filter(|it| is_end(it));
    let has = |ours: &Quantity| {
        let same = |theirs: &Quantity| {
            theirs.kind == ours.kind && theirs.value.may_be(&ours.value) && is_end(theirs)
        };
        part.pool
            .quantities()
            .any(|(fact, theirs)| !fact.is_seller && same(theirs))
    };
    ours.into_iter().any(has)
}
