//! Whether a currency without an amount is one of the facts'.

use super::extract::quantity::currency_at;
use super::extract::{Kind, Quantity};
use super::names::Named;
use super::{Part, Reject};

/// `priced in dollars` needs a fact in dollars.
pub(super) fn check(part: &Part<'_>, named: &Named) -> Vec<Reject> {
    let tokens = &part.passage.tokens;
    let is_read = |at: usize| {
        part.passage
            .quantities
            .iter()
            .any(|it| (it.start..it.end).contains(&at))
    };
    let known = |codes: &[&'static str]| {
        let of = |it: &Quantity| matches!(&it.kind, Kind::Money(theirs) if codes.iter().any(|it| theirs.contains(it)));
        part.pool.quantities().any(|(_, it)| of(it))
            || codes
                .iter()
                .any(|it| part.pool.has_word(&it.to_lowercase()))
    };
    for at in 0..tokens.len() {
        let word = tokens[at].word();
        // `real`, `won` and the like are also other words.
        let is_other_word = matches!(
            word,
            "real" | "won" | "pound" | "livre" | "livres" | "franc" | "lira" | "sterling"
        );
        if is_read(at) || named.covers(at) || is_other_word || part.pool.has_word(word) {
            continue;
        }
        if let Some((codes, _)) = currency_at(tokens, at)
            && !known(&codes)
        {
            let detail = format!(
                "{}: names a currency that no cited fact has; keep the facts' currency",
                part.name
            );
            return vec![Reject::new("currency_not_in_facts", detail)];
        }
    }
    Vec::new()
}
