//! The brief on a ranking as Markdown: what wins, why, what changed, by shop and by type, each sentence with its facts.
//!
//! All that strangers or models wrote is text in it: no link, no HTML, no heading comes of it.

mod escape;
#[cfg(test)]
mod tests;

pub use self::escape::escaped;

use std::fmt::Write;

use catalog::{Fact, FactSource, Language, Summary, SummarySource};

use crate::facts::FactSheet;
use crate::facts::wording::{date, pick};

/// The sections: their headings, what stands there in want of facts, and the topics of their facts in order.
const SECTIONS: [([&str; 2], [&str; 2], &[&str]); 5] = [
    (
        ["What wins", "Ce qui gagne"],
        ["Nothing has a place.", "Rien n’a de place."],
        &[
            "list",
            "by_shops",
            "place",
            "currencies",
            "price",
            "currency",
        ],
    ),
    (
        ["Why", "Pourquoi"],
        [
            "What the places are owed to is not known.",
            "On ne sait pas à quoi les places sont dues.",
        ],
        &[
            "preset",
            "features",
            "why",
            "stability",
            "few_data",
            "simulated",
        ],
    ),
    (
        ["What changed", "Ce qui a changé"],
        [
            "There is no list before this one to compare with.",
            "Il n’y a pas de liste d’avant à laquelle comparer.",
        ],
        &[
            "not_compared",
            "compared",
            "newcomers",
            "newcomer",
            "moved",
            "left",
            "price_move",
        ],
    ),
    (
        ["By shop", "Par boutique"],
        ["No shop has a place.", "Aucune boutique n’a de place."],
        &["by_shop"],
    ),
    (
        ["By type", "Par type"],
        [
            "The shops name no types that tell anything.",
            "Les boutiques ne donnent aucun type qui dise quelque chose.",
        ],
        &["by_type"],
    ),
];

/// Returns the brief on the ranking of `sheet`, in its language; `summary` stands at its top if a model wrote it from
/// exactly these facts.
pub fn markdown(sheet: &FactSheet, summary: Option<&Summary>) -> String {
    let language = sheet.language;
    let title = escaped(&sheet.title);
    let mut text = pick(
        language,
        [
            format!("# {title}: what wins, and why\n\n"),
            format!("# {title}\u{a0}: ce qui gagne, et pourquoi\n\n"),
        ],
    );
    push_date(&mut text, sheet);
    let summary = summary.filter(|it| it.facts_hash == sheet.hash());
    push_summary(&mut text, summary, language);
    for (heading, nothing, topics) in SECTIONS {
        section(
            &mut text,
            sheet,
            (pick(language, heading), pick(language, nothing)),
            topics,
        );
    }
    push_facts(&mut text, sheet);
    text
}

/// Says of which day the ranking is.
fn push_date(text: &mut String, sheet: &FactSheet) {
    let list = sheet.facts.iter().find(|fact| fact.topic == "list");
    let Some(at) = list.and_then(|fact| fact.at) else {
        return;
    };
    let day = date(sheet.language, at);
    let line = pick(
        sheet.language,
        [
            format!("The ranking of {day}."),
            format!("Le classement du {day}."),
        ],
    );
    let _ = writeln!(text, "{line}\n");
}

fn push_summary(text: &mut String, summary: Option<&Summary>, language: Language) {
    let without = pick(
        language,
        [
            "*Made without a language model.*",
            "*Rédigé sans modèle de langue.*",
        ],
    );
    let Some(summary) = summary else {
        text.push_str(without);
        text.push_str("\n\n");
        return;
    };
    match &summary.source {
        SummarySource::Llm(written) => {
            let _ = writeln!(text, "**{}**\n", escaped(&summary.headline));
            for claim in &summary.claims {
                let ids = claim.fact_ids.join(", ");
                let _ = writeln!(text, "- {} [{}]", escaped(&claim.text), escaped_ids(&ids));
            }
            let model = escaped(&written.model);
            let label = pick(
                language,
                [
                    format!(
                        "*Written by the language model {model} and checked against the facts. All below was made without \
                         a language model.*"
                    ),
                    format!(
                        "*Rédigé par le modèle de langue {model} et vérifié à l’aide des faits. Tout ce qui suit a été \
                         rédigé sans modèle de langue.*"
                    ),
                ],
            );
            let _ = writeln!(text, "\n{label}\n");
        }
        SummarySource::Extractive { instead } => {
            let asked = |code: &str| {
                let code = escaped(code);
                pick(
                    language,
                    [
                        format!(
                            " *A language model was asked, and its text is not used ({code}).*"
                        ),
                        format!(
                            " *Un modèle de langue a été consulté, et son texte n’est pas utilisé ({code}).*"
                        ),
                    ],
                )
            };
            let asked = instead.as_ref().map(|it| asked(&it.code));
            let _ = writeln!(text, "{without}{}\n", asked.unwrap_or_default());
        }
    }
}

fn section(
    text: &mut String,
    sheet: &FactSheet,
    (heading, nothing): (&str, &str),
    topics: &[&str],
) {
    let _ = writeln!(text, "## {heading}\n");
    let of_topics = topics.iter().flat_map(|topic| {
        let facts = sheet.facts.iter();
        facts.filter(move |fact| fact.topic == *topic)
    });
    let facts: Vec<&Fact> = of_topics.collect();
    if facts.is_empty() {
        let _ = writeln!(text, "*{nothing}*");
    }
    for fact in facts {
        let _ = writeln!(
            text,
            "- {} [{}]",
            escaped(&fact.text),
            escaped_ids(&fact.id)
        );
    }
    text.push('\n');
}

fn push_facts(text: &mut String, sheet: &FactSheet) {
    let language = sheet.language;
    let _ = writeln!(text, "## {}\n", pick(language, ["The facts", "Les faits"]));
    for fact in &sheet.facts {
        let source = pick(language, source_name(fact.source));
        let when = fact.at.map(|at| format!(", {}", date(language, at)));
        let (id, when) = (escaped_ids(&fact.id), when.unwrap_or_default());
        // What stands above in full is not said again.
        let is_shown = SECTIONS
            .iter()
            .any(|(_, _, topics)| topics.contains(&fact.topic.as_str()));
        let _ = match is_shown {
            true => writeln!(text, "- **{id}** {source}{when}"),
            false => writeln!(text, "- **{id}** {} ({source}{when})", escaped(&fact.text)),
        };
    }
}

/// Returns ids of facts; what is no letter, digit, comma or space in them goes.
fn escaped_ids(ids: &str) -> String {
    let is_plain = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, ',' | ' ');
    ids.chars().filter(is_plain).collect()
}

/// Returns where a fact is from, and of which day, in words.
pub fn origin(fact: &Fact, language: Language) -> String {
    let source = pick(language, source_name(fact.source));
    match fact.at {
        Some(at) => format!("{source}, {}", date(language, at)),
        None => source.to_owned(),
    }
}

const fn source_name(source: FactSource) -> [&'static str; 2] {
    match source {
        FactSource::Catalogue => ["the shop’s list", "liste de la boutique"],
        FactSource::Seller => ["the seller’s words", "mots du vendeur"],
        FactSource::Observations => ["observed changes", "changements observés"],
        FactSource::Ranking => ["the ranking", "classement"],
        FactSource::Derived => ["worked out", "calcul"],
    }
}
