//! Whether a discount that a text tells of is one of the facts.

use super::moves::{Way, aspects, way};
use crate::validate::Part;
use crate::validate::evidence::Evidence;
use crate::validate::extract::{Kind, Mark, Passage, Quantity, lexicon};

/// A discount, a fall of the price, or an amount that is told beside the one before it.
pub(super) fn is_borne_out(
    part: &Part<'_>,
    mark: &Mark,
    of_head: &dyn Fn(&Evidence) -> bool,
) -> bool {
    let is_point = is_point_of_ranking(&part.passage, mark);
    let is_discount = |fact: &Evidence, theirs: &Mark| {
        theirs.sense == mark.sense
            && theirs.is_negated == mark.is_negated
            && (is_point || !is_point_of_ranking(&fact.passage, theirs))
    };
    let is_fall = |fact: &Evidence, theirs: &Mark| {
        !mark.is_negated && way(theirs) == Some(Way::Down) && aspects(fact, theirs).is_price
    };
    // `110 EUR instead of 98 EUR`: which of them was before is seen at the numbers.
    let word = part.passage.tokens[mark.start].word();
    let has_before = |(fact, it): (&Evidence, &Quantity)| !fact.is_seller && it.role.is_before;
    let is_comparison = matches!(word, "instead" | "au")
        && (part.pool.quantities().any(has_before) || is_of_scores(&part.passage, mark));
    let mut said = part.pool.marks().filter(|(fact, _)| of_head(fact));
    is_comparison || said.any(|(fact, theirs)| is_discount(fact, theirs) || is_fall(fact, theirs))
}

/// `reduction` as what a ranking looks at is no discount.
pub(super) fn is_point_of_ranking(passage: &Passage, mark: &Mark) -> bool {
    const POINTS: &str = "\
        point points mean average weak weaker weakness weaknesses strong strength strengths \
        faible faibles fort forts faiblesse faiblesses atout atouts moyenne freshness \
        presentation availability nouveaute disponibilite scores features criteria criteres";
    let word = passage.tokens[mark.start].word();
    let sentence = passage.sentences.iter().find(|it| it.contains(&mark.start));
    let mut tokens = sentence
        .into_iter()
        .flat_map(|it| &passage.tokens[it.clone()]);
    matches!(word, "reduction" | "reductions")
        && (tokens.any(|it| lexicon::has(POINTS, it.word())) || is_of_scores(passage, mark))
}

/// `0.41 against 0.50`: means or scores are compared, and no prices.
fn is_of_scores(passage: &Passage, mark: &Mark) -> bool {
    let Some(sentence) = passage.sentences.iter().find(|it| it.contains(&mark.start)) else {
        return false;
    };
    let numbers: Vec<&Quantity> = passage
        .quantities_in(sentence)
        .filter(|it| !matches!(it.kind, Kind::Date(_)))
        .collect();
    let is_score = |it: &Quantity| {
        it.kind == Kind::Count && it.value.text.contains('.') && it.value.rough() < 1.0
    };
    numbers.len() >= 2 && numbers.into_iter().all(is_score)
}
