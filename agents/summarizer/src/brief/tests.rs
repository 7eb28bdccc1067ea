use catalog::{Claim, Fallback, ObservationKind, Written};

use super::*;
use crate::facts::testing::{at, changed, listed, observed, offer, ranking, row};
use crate::facts::top_k;

fn sheet(language: Language) -> FactSheet {
    let lamp = row(1, "Brass [Lamp](x)", "shop.example", "49");
    let rug = row(2, "Rug", "other.example", "120");
    let vase = row(3, "Vase", "other.example", "20");
    let before = ranking("2026-05-11", vec![rug.clone(), vase]);
    let now = ranking("2026-05-12", vec![lamp.clone(), rug]);
    let fell = changed("S", offer("50", true), offer("49", true), "2026-05-11");
    let changes = [
        listed(fell, &lamp),
        listed(observed(ObservationKind::New, "2026-05-11"), &lamp),
    ];
    top_k(&now, Some(&before), &changes, language)
}

fn summary(sheet: &FactSheet, source: SummarySource) -> Summary {
    Summary {
        subject: sheet.subject.clone(),
        language: sheet.language.to_string(),
        source,
        input_hash: String::new(),
        headline: "A *lamp* leads".to_owned(),
        text: "The lamp leads.".to_owned(),
        claims: vec![Claim {
            text: "The lamp has place 1.".to_owned(),
            fact_ids: vec!["F3".to_owned(), "F4](x)".to_owned()],
        }],
        cautions: vec![],
        facts: vec![],
        facts_hash: sheet.hash(),
        at: at("2026-05-12"),
    }
}

#[test]
fn every_sentence_of_the_brief_has_its_facts() {
    let markdown = markdown(&sheet(Language::En), None);
    insta::assert_snapshot!("brief_en", markdown);
}

#[test]
fn the_brief_in_french() {
    let markdown = markdown(&sheet(Language::Fr), None);
    insta::assert_snapshot!("brief_fr", markdown);
}

#[test]
fn a_models_text_is_labelled_and_one_of_other_facts_is_left_out() {
    let sheet = sheet(Language::En);
    let written = Written {
        model: "small_model".to_owned(),
        ..Written::default()
    };
    let mut of_model = summary(&sheet, SummarySource::Llm(Box::new(written)));
    let markdown = super::markdown(&sheet, Some(&of_model));
    let beginning: Vec<&str> = markdown.lines().skip(4).take(5).collect();
    assert_eq!(
        beginning,
        [
            "**A \\*lamp\\* leads**",
            "",
            "- The lamp has place 1. [F3, F4x]",
            "",
            "*Written by the language model small\\_model and checked against the facts. All below was made without a \
             language model.*",
        ]
    );
    of_model.facts_hash = "other".to_owned();
    let without = super::markdown(&sheet, Some(&of_model));
    assert!(without.contains("*Made without a language model.*") && !without.contains("small"));
}

#[test]
fn a_refused_text_of_a_model_is_told_of() {
    let sheet = sheet(Language::Fr);
    let instead = Fallback {
        code: "number_not_in_facts".to_owned(),
        detail: String::new(),
    };
    let fixed = summary(
        &sheet,
        SummarySource::Extractive {
            instead: Some(instead),
        },
    );
    let markdown = markdown(&sheet, Some(&fixed));
    assert!(markdown.contains(
        "*Rédigé sans modèle de langue.* *Un modèle de langue a été consulté, et son texte n’est pas utilisé \
         (number\\_not\\_in\\_facts).*"
    ));
}

#[test]
fn an_empty_list_has_a_brief_too() {
    let sheet = top_k(&ranking("2026-05-12", vec![]), None, &[], Language::En);
    let markdown = markdown(&sheet, None);
    for line in [
        "- The list has no products. [F1]",
        "*There is no list before this one to compare with.*",
        "*No shop has a place.*",
    ] {
        assert!(markdown.lines().any(|it| it == line), "{markdown}");
    }
}
