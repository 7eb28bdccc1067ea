//! Numbers that are part of a name.

use crate::validate::Part;
use crate::validate::evidence::{Evidence, folded};
use crate::validate::extract::{Kind, Passage, Quantity, Token, lexicon};

/// A number in a name counts with the word beside it: `RTX 4070`, `No. 7 Face Serum`.
pub(in super::super) fn named_with<'a>(
    part: &'a Part<'_>,
    ours: &Quantity,
) -> Option<&'a Evidence> {
    let is_boast = ours.nouns.contains(&"place") && ours.value.text == "1";
    if is_boast || matches!(ours.kind, Kind::Money(_) | Kind::Date(_)) {
        return None;
    }
    let beside = |passage: &Passage, it: &Quantity| {
        let is_word = |it: &&Token| it.text.chars().filter(|it| it.is_alphanumeric()).count() > 1;
        let before = passage.tokens[..it.start]
            .iter()
            .rev()
            .take(4)
            .find(is_word);
        let behind = passage.tokens[it.end..].iter().take(3).find(is_word);
        [before, behind].map(|it| it.map(folded).unwrap_or_default())
    };
    let mine = beside(&part.passage, ours);
    let is_named = |fact: &&Evidence| {
        fact.passage.quantities.iter().any(|it| {
            let theirs = beside(&fact.passage, it);
            let meets = mine.iter().zip(&theirs).any(|(one, two)| {
                one.trim_end_matches('s') == two.trim_end_matches('s') && !one.is_empty()
            });
            let meets = meets
                || prefix(&part.passage, ours)
                    .is_some_and(|it_is| prefix(&fact.passage, it) == Some(it_is));
            let measures = |it: &&str| lexicon::unit(it).is_some();
            let meets = meets
                || (ours.nouns.iter().any(measures)
                    && ours.nouns.iter().any(|noun| it.nouns.contains(noun)));
            let same_unit = ours.nouns.is_empty()
                || it.nouns.is_empty()
                || it.nouns.iter().any(|it| ours.nouns.contains(it));
            it.is_quoted
                && it.value.may_be(&ours.value)
                && it.kind == ours.kind
                && meets
                && same_unit
        })
    };
    let sheet = part.pool.sheet;
    let others = sheet
        .facts
        .iter()
        .filter(|it| part.pool.has_all_names && !it.is_seller);
    let cited = part.pool.facts.iter().copied().filter(|it| !it.is_seller);
    cited.chain(others).find(is_named)
}

/// Returns the `R` of `R-700`.
fn prefix(passage: &Passage, number: &Quantity) -> Option<String> {
    let joint = number.start.checked_sub(1).map(|it| &passage.tokens[it])?;
    let word = number.start.checked_sub(2).map(|it| &passage.tokens[it])?;
    (joint.is_mark('-') && joint.is_glued && !word.word().is_empty()).then(|| folded(word))
}
