//! The summary without a model: sentences of the facts, word by word, the most telling ones in their order.
//!
//! Whoever shows it says that no model wrote it.

use catalog::{Claim, Fact};

use crate::Draft;
use crate::facts::FactSheet;
use crate::validate::check;

#[cfg(test)]
mod tests;

/// So many sentences are a text, and so many cautions are read.
const MAX_SENTENCES: usize = 6;
const MAX_CAUTIONS: usize = 4;

/// Which facts are told, most telling topic first, and how many of a topic; what a text has no room for is left out.
const TELLING: [(&str, usize); 25] = [
    ("title", 1),
    ("gone_since", 1),
    ("list", 1),
    ("shop_name", 1),
    ("segment", 1),
    ("category", 1),
    ("period", 1),
    ("currencies", 1),
    ("price", 1),
    ("availability", 1),
    ("rank", 1),
    ("place", 2),
    ("price_move", 1),
    ("newcomers", 1),
    ("kinds", 2),
    ("by_shop", 1),
    ("discount", 1),
    ("strengths", 1),
    ("brand", 1),
    ("by_type", 1),
    ("by_brand", 1),
    ("bestseller", 1),
    ("features", 1),
    ("stock", 1),
    ("type", 1),
];

/// What a reader should be careful about, by topic.
const CAUTIONS: [&str; 8] = [
    "currency",
    "unknown_availability",
    "simulated",
    "coverage",
    "sample",
    "not_compared",
    "few_data",
    "missing",
];

/// Returns the sheet's most telling facts as a text: each sentence is a fact's and a claim of its own.
///
/// It passes [`check`] as a model's text has to: of facts whose words of strangers do not, nothing is told.
pub fn extractive(sheet: &FactSheet) -> Draft {
    let whole = draft(sheet, |_| true);
    if check(&whole, sheet).is_empty() {
        return whole;
    }
    let passing = draft(sheet, |fact| {
        check(&draft_of(sheet, &[fact], &[]), sheet).is_empty()
    });
    if check(&passing, sheet).is_empty() {
        return passing;
    }
    draft(sheet, |fact| !fact.text.contains(['“', '«']))
}

/// Returns the most telling of the facts that may be told as a text.
fn draft(sheet: &FactSheet, may_be_told: impl Fn(&Fact) -> bool) -> Draft {
    let mut told: Vec<usize> = Vec::new();
    for (topic, most) in TELLING {
        let of_topic = positions(sheet, topic).filter(|&at| may_be_told(&sheet.facts[at]));
        let room = MAX_SENTENCES.saturating_sub(told.len());
        told.extend(of_topic.take(most.min(room)));
    }
    told.sort_unstable();
    let told: Vec<&Fact> = told.into_iter().map(|at| &sheet.facts[at]).collect();
    let of_caution = |topic: &&str| positions(sheet, topic).next().map(|at| &sheet.facts[at]);
    let cautions = CAUTIONS.iter().filter_map(of_caution);
    let cautions: Vec<&Fact> = cautions.take(MAX_CAUTIONS).collect();
    draft_of(sheet, &told, &cautions)
}

fn draft_of(sheet: &FactSheet, told: &[&Fact], cautions: &[&Fact]) -> Draft {
    let texts =
        |facts: &[&Fact]| -> Vec<String> { facts.iter().map(|fact| fact.text.clone()).collect() };
    Draft {
        language: sheet.language.code().to_owned(),
        headline: told.first().map(|fact| headline(fact)).unwrap_or_default(),
        summary: texts(told).join(" "),
        claims: told
            .iter()
            .chain(cautions)
            .map(|fact| claim(fact))
            .collect(),
        cautions: texts(cautions),
    }
}

fn positions<'a>(sheet: &'a FactSheet, topic: &'a str) -> impl Iterator<Item = usize> + 'a {
    let facts = sheet.facts.iter().enumerate();
    facts
        .filter(move |(_, fact)| fact.topic == topic)
        .map(|(at, _)| at)
}

fn claim(fact: &Fact) -> Claim {
    Claim {
        text: fact.text.clone(),
        fact_ids: vec![fact.id.clone()],
    }
}

/// Returns what a fact calls the product, in its quotes; the sentence of a fact that names none.
fn headline(fact: &Fact) -> String {
    let text = &fact.text;
    let start = text.find(['“', '«']);
    let end = text.rfind(['”', '»']);
    match (start, end) {
        (Some(start), Some(end)) if fact.topic == "title" && start < end => {
            let length = text[end..].chars().next().map_or(0, char::len_utf8);
            text[start..end + length].to_owned()
        }
        _ => text.trim_end_matches('.').to_owned(),
    }
}
