//! The sheets that drafts are checked against, and a draft of one sentence.

use super::*;

pub(super) fn sheet(subject: &str, language: Language, facts: &[(&str, FactSource)]) -> FactSheet {
    let fact = |(n, (text, source)): (usize, &(&str, FactSource))| Fact {
        id: format!("F{}", n + 1),
        topic: format!("topic{n}"),
        text: (*text).to_owned(),
        source: *source,
        at: None,
    };
    FactSheet {
        subject: subject.to_owned(),
        language,
        title: "Brass Lamp".to_owned(),
        facts: facts.iter().enumerate().map(fact).collect(),
    }
}

pub(super) fn english() -> FactSheet {
    use FactSource::{Catalogue, Observations, Ranking, Seller};
    let facts = [
        ("The product is called “Brass Lamp”.", Catalogue),
        ("Its brand is “Acme”.", Catalogue),
        ("Its prices run from 20.00 EUR to 1,299.90 EUR.", Catalogue),
        ("12 of 15 variants are available.", Catalogue),
        ("It has 5 images.", Catalogue),
        (
            "Its price fell from 50.00 EUR to 40.00 EUR on 3 March 2026.",
            Observations,
        ),
        (
            "It has place 1 of 240 in the ranking by the preset “balanced”.",
            Ranking,
        ),
        (
            "A best-selling lamp, 20% off, 100% brass, takes 2 bulbs of 40 W.",
            Seller,
        ),
    ];
    sheet("product:shopify:shop.example:1", Language::En, &facts)
}

pub(super) fn french() -> FactSheet {
    use FactSource::{Catalogue, Observations, Ranking, Seller};
    let facts = [
        ("Le produit s’appelle « Brass Lamp ».", Catalogue),
        ("Sa marque est « Acme ».", Catalogue),
        ("Ses prix vont de 20,00 EUR à 1 299,90 EUR.", Catalogue),
        ("12 variantes sur 15 sont disponibles.", Catalogue),
        ("Il a 5 images.", Catalogue),
        (
            "Son prix a baissé de 50,00 EUR à 40,00 EUR le 3 mars 2026.",
            Observations,
        ),
        (
            "Il occupe la place 1 sur 240 du classement selon le préréglage « balanced ».",
            Ranking,
        ),
        ("Une lampe en laiton, meilleure vente, -20 %.", Seller),
    ];
    sheet("product:shopify:shop.example:1", Language::Fr, &facts)
}

pub(super) fn list() -> FactSheet {
    let facts = [
        (
            "“Brass Lamp” from “Acme” has place 1, at 40.00 EUR.",
            FactSource::Ranking,
        ),
        (
            "“Oak Chair” from “Nordwood” has place 2, at 89.00 EUR.",
            FactSource::Ranking,
        ),
    ];
    FactSheet {
        title: "The first 2 of all".to_owned(),
        ..sheet("top-k", Language::En, &facts)
    }
}

/// A draft that says `text` in one claim, with all facts.
pub(super) fn draft(sheet: &FactSheet, text: &str) -> Draft {
    let (headline, summary) = match sheet.language {
        Language::En => ("What is known", "This is what is known of it."),
        Language::Fr => ("En bref", "Voici ce que l’on sait de ce produit."),
    };
    Draft {
        language: sheet.language.code().to_owned(),
        headline: headline.to_owned(),
        summary: summary.to_owned(),
        claims: vec![Claim {
            text: text.to_owned(),
            fact_ids: sheet.facts.iter().map(|it| it.id.clone()).collect(),
        }],
        cautions: Vec::new(),
    }
}

pub(super) fn codes(sheet: &FactSheet, text: &str) -> Vec<&'static str> {
    let rejects = check(&draft(sheet, text), sheet);
    rejects.iter().map(|it| it.code).collect()
}
