//! Checks a draft against the facts, claim by claim, before anything is stored.
//!
//! Text against text: what a claim says in numbers, dates, names, directions and big words must stand in the facts that
//! it names; what the headline and the summary say, in facts that some claim names. What has none of these marks is not
//! seen: a plain negation, or a lie in other words.

mod altered;
mod attributed;
mod bounds;
mod counted;
mod currencies;
mod denials;
mod evidence;
mod extract;
mod ground;
mod hosts;
mod language;
mod merits;
mod names;
mod pairs;
mod surface;
#[cfg(test)]
mod tests;
mod when;
mod wholes;
mod wording;

use std::collections::HashSet;
use std::rc::Rc;

use catalog::{Summary, SummarySource};

use crate::Draft;
use crate::facts::FactSheet;

use self::evidence::{Pool, Sheet};
use self::extract::Passage;

pub use self::bounds::{
    MAX_CAUTIONS, MAX_CLAIMS, MAX_FACT_IDS, MAX_HEADLINE, MAX_SENTENCE, MAX_SUMMARY,
};

/// The most reasons that are told; a model mends no more at once.
const MAX_REJECTS: usize = 16;

/// Why a draft is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// The reason by a stable name, such as `number_not_in_facts`.
    pub code: &'static str,
    /// The reason in words that a model can mend its draft by.
    pub detail: String,
}

impl Reject {
    fn new(code: &'static str, detail: String) -> Self {
        Self { code, detail }
    }
}

/// Returns every reason to refuse `draft`, at most 16; none if all it says is in the facts.
///
/// In this order: its form, the ids of its facts, its language, and then part by part what no text may have and what
/// no fact says. What is too long is read no further.
pub fn check(draft: &Draft, sheet: &FactSheet) -> Vec<Reject> {
    let mut found = bounds::check(draft);
    if found.iter().any(|it| it.code != "empty_text") {
        found.truncate(MAX_REJECTS);
        return found;
    }
    found.extend(bounds::check_ids(draft, sheet));
    let sheet_read = Sheet::of(sheet);
    let parts = parts(draft, &sheet_read);
    let passages: Vec<&Passage> = parts.iter().map(|it| &it.passage).collect();
    found.extend(language::check(&draft.language, &passages, &sheet_read));
    for part in &parts {
        found.extend(surface::check(
            &part.name,
            part.text,
            &part.passage,
            &part.pool,
        ));
        found.extend(ground::check(part));
    }
    let mut seen = Vec::new();
    found.retain(|it| {
        let is_new = !seen.contains(it);
        seen.push(it.clone());
        is_new
    });
    found.truncate(MAX_REJECTS);
    found
}

/// Returns whether a stored summary stands up to the checks of today, which may have become stricter since it was
/// written. What the fixed form makes does so by construction.
pub(crate) fn stands(summary: &Summary, sheet: &FactSheet) -> bool {
    match summary.source {
        SummarySource::Llm(_) => check(&Draft::of(summary), sheet).is_empty(),
        SummarySource::Extractive { .. } => true,
    }
}

/// One text of a draft with what it may stand on.
#[derive(Debug)]
struct Part<'a> {
    name: String,
    text: &'a str,
    passage: Passage,
    pool: Pool<'a>,
    is_headline: bool,
    /// What the draft writes in small letters somewhere.
    small: Rc<HashSet<String>>,
}

fn parts<'a>(draft: &'a Draft, sheet: &'a Sheet) -> Vec<Part<'a>> {
    let language = sheet.language;
    let part = |name: String, text: &'a str, pool| Part {
        is_headline: name == "the headline",
        name,
        text,
        passage: Passage::of(text, language),
        pool,
        small: Rc::default(),
    };
    let cited = || Pool {
        has_all_names: !sheet.is_list,
        ..sheet.pool(draft.claims.iter().flat_map(|it| &it.fact_ids))
    };
    let mut parts = vec![
        part("the headline".to_owned(), &draft.headline, cited()),
        part("the summary".to_owned(), &draft.summary, cited()),
    ];
    for (n, claim) in draft.claims.iter().enumerate() {
        let pool = sheet.pool(claim.fact_ids.iter().take(MAX_FACT_IDS));
        parts.push(part(format!("claim {}", n + 1), &claim.text, pool));
    }
    for (n, caution) in draft.cautions.iter().enumerate() {
        parts.push(part(format!("caution {}", n + 1), caution, sheet.all()));
    }
    let small = Rc::new(names::small_words(parts.iter().map(|it| &it.passage)));
    for part in &mut parts {
        part.small = Rc::clone(&small);
    }
    parts
}

/// Returns at most 40 plain characters of a text, to be shown to a model.
fn short(text: &str) -> String {
    let is_plain = |it: &char| {
        it.is_alphanumeric() || matches!(it, ' ' | '.' | ',' | '-' | '%' | '€' | '$' | '£' | '/')
    };
    text.chars().filter(is_plain).take(40).collect()
}
