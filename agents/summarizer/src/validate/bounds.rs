//! The form of a draft: how long its parts may be, and that every claim names its facts.

use crate::Draft;
use crate::facts::FactSheet;

use super::Reject;

/// The most characters of a headline, of a summary, and of a claim or caution.
pub const MAX_HEADLINE: usize = 160;
/// See [`MAX_HEADLINE`].
pub const MAX_SUMMARY: usize = 1_200;
/// See [`MAX_HEADLINE`].
pub const MAX_SENTENCE: usize = 400;
/// The most claims.
pub const MAX_CLAIMS: usize = 12;
/// The most cautions.
pub const MAX_CAUTIONS: usize = 6;
/// The most facts of one claim.
pub const MAX_FACT_IDS: usize = 12;

/// Checks the parts' sizes; what is too large is read no further.
pub(super) fn check(draft: &Draft) -> Vec<Reject> {
    let mut found = Vec::new();
    let mut part = |name: &str, text: &str, max: usize| {
        if text.trim().is_empty() {
            found.push(Reject::new(
                "empty_text",
                format!("{name} is empty; write it"),
            ));
        } else if text.chars().nth(max).is_some() {
            let detail = format!("{name} is longer than {max} characters; shorten it");
            found.push(Reject::new("too_long", detail));
        }
    };
    part("the headline", &draft.headline, MAX_HEADLINE);
    part("the summary", &draft.summary, MAX_SUMMARY);
    for (n, claim) in draft.claims.iter().take(MAX_CLAIMS).enumerate() {
        part(&format!("claim {}", n + 1), &claim.text, MAX_SENTENCE);
    }
    for (n, caution) in draft.cautions.iter().take(MAX_CAUTIONS).enumerate() {
        part(&format!("caution {}", n + 1), caution, MAX_SENTENCE);
    }
    if draft.headline.contains('\n') {
        let detail = "the headline has several lines; write one";
        found.push(Reject::new("too_long", detail.to_owned()));
    }
    if draft.claims.is_empty() {
        let detail = "there are no claims; write one for each thing that the summary says";
        found.push(Reject::new("empty_text", detail.to_owned()));
    }
    if draft.claims.len() > MAX_CLAIMS || draft.cautions.len() > MAX_CAUTIONS {
        let detail = format!("write at most {MAX_CLAIMS} claims and {MAX_CAUTIONS} cautions");
        found.push(Reject::new("too_many", detail));
    }
    found
}

/// Checks that every claim names facts, and that the sheet has them.
pub(super) fn check_ids(draft: &Draft, sheet: &FactSheet) -> Vec<Reject> {
    let mut found = Vec::new();
    for (n, claim) in draft.claims.iter().enumerate() {
        let n = n + 1;
        if claim.fact_ids.is_empty() {
            let detail = format!("claim {n} names no fact; name those that it stands on");
            found.push(Reject::new("no_fact_id", detail));
        }
        if claim.fact_ids.len() > MAX_FACT_IDS {
            let detail = format!("claim {n} names more than {MAX_FACT_IDS} facts; split it");
            found.push(Reject::new("too_many", detail));
        }
        let is_unknown = |id: &&String| sheet.fact(id).is_none();
        if claim
            .fact_ids
            .iter()
            .take(MAX_FACT_IDS)
            .any(|id| is_unknown(&id))
        {
            let detail = format!(
                "claim {n} names a fact that is not in the list; use ids from the list alone"
            );
            found.push(Reject::new("unknown_fact_id", detail));
        }
    }
    found
}
