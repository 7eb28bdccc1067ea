//! What a sentence says to be the seller's word: `the seller calls it perfect for reading`.

use std::ops::Range;

use super::Part;
use super::extract::{Mark, Sense, Token, fold, lexicon};

/// Returns whether a mark repeats a word of a cited seller, in a sentence that says whose word it is.
///
/// Praise and the like alone: no seller's word proves an offer, a price or what sells best.
pub(super) fn is_sellers(part: &Part<'_>, mark: &Mark, sentence: &Range<usize>) -> bool {
    let may_be_repeated = matches!(
        mark.sense,
        Sense::Great
            | Sense::Claim
            | Sense::Most
            | Sense::Up
            | Sense::Down
            | Sense::New
            | Sense::Popular
    );
    let tokens = &part.passage.tokens;
    let names_seller = |it: &Token| {
        it.quote.is_none()
            && matches!(
                it.word(),
                "seller"
                    | "sellers"
                    | "vendeur"
                    | "vendeurs"
                    | "description"
                    | "fournisseur"
                    | "vendor"
            )
    };
    let names_tag = |it: &Token| lexicon::noun(it.word()) == Some("tag") || it.word() == "tagged";
    let is_sellers = tokens[sentence.clone()].iter().any(names_seller);
    let is_tag = tokens[sentence.clone()].iter().any(names_tag);
    if !may_be_repeated || !(is_sellers || is_tag) {
        return false;
    }
    let stem = |text: &str| fold(text).chars().take(5).collect::<String>();
    let said: Vec<String> = tokens[mark.start..mark.end]
        .iter()
        .map(|it| stem(&it.text))
        .collect();
    part.pool.facts.iter().any(|fact| {
        let may_prove = match fact.is_seller {
            true => is_sellers,
            false => is_tag && fact.passage.tokens.iter().any(names_tag),
        };
        let theirs: Vec<String> = fact
            .passage
            .tokens
            .iter()
            .map(|it| stem(&it.text))
            .collect();
        may_prove && theirs.windows(said.len()).any(|it| it == said)
    })
}
