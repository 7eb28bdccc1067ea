//! Parts and wholes: `all 14 variants are available` is not what `12 of 14` says.

use std::ops::Range;

use super::extract::quantity::Pair;
use super::extract::{Kind, Mark, Passage, Quantity, Sense, Token};
use super::ground::is_same;
use super::{Part, Reject, short};

pub(super) fn check(part: &Part<'_>, sentence: &Range<usize>) -> Option<Reject> {
    let passage = &part.passage;
    let clause_of = |at: usize| passage.clauses[at];
    let marks = passage
        .marks
        .iter()
        .filter(|it| sentence.contains(&it.start) && tells(part, it));
    let mut told = marks.flat_map(|mark| {
        let beside = passage.quantities_in(sentence);
        beside
            .filter(move |it| clause_of(it.start) == clause_of(mark.start))
            .map(move |it| (mark, it))
    });
    let (_, whole) = told.find(|(mark, whole)| is_whole(part, mark, whole))?;
    let said = short(&passage.shown(whole.start, whole.end));
    let detail = format!(
        "{}: {said} is the whole of a share in the facts; say the part that they say",
        part.name
    );
    Some(Reject::new("count_mismatch", detail))
}

/// `available` of things; not `available in 14 variants` and `availability`.
fn tells(part: &Part<'_>, mark: &Mark) -> bool {
    let word = part.passage.tokens[mark.start].word();
    let next = part.passage.tokens.get(mark.end).map_or("", Token::word);
    let is_stock = matches!(
        mark.sense,
        Sense::Available | Sense::Unavailable | Sense::Discount
    );
    is_stock
        && !matches!(word, "availability" | "disponibilite")
        && !matches!(next, "in" | "en" | "as" | "dans" | "among" | "parmi")
}

/// Returns whether a number that stands alone is the whole of a share in a fact of the same kind, and its part is another.
fn is_whole(part: &Part<'_>, mark: &Mark, whole: &Quantity) -> bool {
    if !stands_alone(&part.passage, whole) {
        return false;
    }
    let (mut is_whole, mut is_part) = (false, false);
    let (mut is_whole_known, mut is_known) = (false, false);
    for fact in part.pool.facts.iter().filter(|it| !it.is_seller) {
        let quantities = &fact.passage.quantities;
        if !fact.passage.marks.iter().any(|it| it.sense == mark.sense) {
            continue;
        }
        is_whole_known |= quantities.iter().any(|it| it.pair == Some(Pair::Share));
        is_known |= quantities.iter().any(|it| is_same(whole, it));
        for (n, theirs) in quantities
            .iter()
            .enumerate()
            .filter(|(_, it)| is_same(whole, it))
        {
            let ends = n > 0 && quantities[n - 1].pair == Some(Pair::Share);
            let all = ends && quantities[n - 1].value == theirs.value;
            is_whole |= ends && !all;
            is_part |= !ends || all;
        }
    }
    (is_whole && !is_part) || (is_whole_known && !is_known && leads_to(part, whole, mark))
}

/// Returns whether a number of things is in no pair, and not named as the ground of another number.
fn stands_alone(passage: &Passage, whole: &Quantity) -> bool {
    let at = passage
        .quantities
        .iter()
        .position(|it| it.start == whole.start);
    let before = at
        .and_then(|it| it.checked_sub(1))
        .map(|it| &passage.quantities[it]);
    let is_in_pair = whole.pair.is_some() || before.is_some_and(|it| it.pair.is_some());
    let article = whole
        .start
        .checked_sub(1)
        .map_or("", |it| passage.tokens[it].word());
    // `of its 14 variants, 12 …` names the whole first.
    let is_ground = matches!(
        article,
        "of" | "the" | "sur" | "des" | "among" | "parmi" | "de"
    ) || matches!(
        whole
            .start
            .checked_sub(2)
            .map_or("", |it| passage.tokens[it].word()),
        "of" | "among" | "sur" | "parmi" | "de"
    );
    let is_all = matches!(
        whole
            .start
            .checked_sub(2)
            .map_or("", |it| passage.tokens[it].word()),
        "all" | "tous" | "toutes"
    );
    let is_count = whole.kind == Kind::Count
        && (whole.nouns.is_empty()
            || whole.nouns.contains(&"variant")
            || whole.nouns.contains(&"product"));
    is_count && !is_in_pair && (!is_ground || is_all)
}

/// Whether nothing but small words stands between a number and what it says: `three of them are reduced`.
fn leads_to(part: &Part<'_>, number: &Quantity, mark: &Mark) -> bool {
    const SMALL: &[&str] = &[
        "of",
        "them",
        "are",
        "is",
        "remain",
        "still",
        "currently",
        "variants",
        "products",
        "sont",
        "est",
        "variantes",
        "produits",
        "restent",
        "reste",
        "encore",
        "actuellement",
    ];
    let between = part.passage.tokens.get(number.end..mark.start);
    between.is_some_and(|it| it.iter().all(|it| SMALL.contains(&it.word())))
}
