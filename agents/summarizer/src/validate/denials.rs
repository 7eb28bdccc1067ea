//! Whether what a text denies is denied by a fact.

use super::evidence::Evidence;
use super::extract::{Sense, Token, lexicon};
use super::{Part, Reject};

/// A plain denial needs a fact that denies something, too. What a reader should be careful about may deny freely.
pub(super) fn check(part: &Part<'_>) -> Option<Reject> {
    let is_caution = part.name.starts_with("caution");
    let denies_thing = |pair: &[Token]| {
        matches!(pair[0].word(), "no" | "aucun" | "aucune")
            && lexicon::noun(pair[1].word()).is_some()
    };
    let tokens = &part.passage.tokens;
    let said = tokens.iter().any(|it| it.quote.is_none() && denies(it))
        || tokens.windows(2).any(denies_thing);
    // `no variant is sold out` of what is available as a whole.
    let denies_lack = part
        .passage
        .marks
        .iter()
        .any(|it| it.sense == Sense::Unavailable && it.is_negated);
    let is_whole = |fact: &Evidence| {
        fact.passage.quantities.iter().all(|it| it.pair.is_none())
            && fact
                .passage
                .marks
                .iter()
                .any(|it| it.sense == Sense::Available && !it.is_negated)
    };
    let is_known = part.pool.facts.iter().any(|fact| {
        if denies_lack && !fact.is_seller && is_whole(fact) {
            return true;
        }
        let is_out = fact
            .passage
            .marks
            .iter()
            .any(|it| matches!(it.sense, Sense::Unavailable | Sense::Gone));
        is_out || fact.passage.tokens.iter().any(turns)
    });
    (said && !is_known && !is_caution).then(|| {
        let detail = format!(
            "{}: denies what no cited fact denies; say what the facts say",
            part.name
        );
        Reject::new("negation_not_in_facts", detail)
    })
}

fn denies(token: &Token) -> bool {
    const WORDS: &str = "not never isn aren wasn weren doesn didn don hasn haven cannot pas jamais";
    lexicon::has(WORDS, token.word())
}

/// In a fact, `no` and `without` deny as well.
fn turns(token: &Token) -> bool {
    const WORDS: &str = "no none nor without aucun aucune ni sans ne n";
    denies(token) || lexicon::has(WORDS, token.word())
}
