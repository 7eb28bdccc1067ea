//! Hostile products: their texts stand nowhere but in what the seller says, and a model that obeyed them is refused.

use std::path::Path;

use catalog::{Availability, Claim, Currency, Language, Money, Product, Variant};
use catalog::{Fact, FactSource};
use serde::Deserialize;
use summarizer::facts::{FactSheet, ProductInput, product};
use summarizer::{Draft, extractive, validate};

/// A hostile text, and what a model says that does as it is told there.
#[derive(Debug, Clone, Deserialize)]
struct Attack {
    name: String,
    language: Language,
    field: Field,
    text: String,
    /// So many times over.
    times: usize,
    obeyed: Obeyed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Field {
    Description,
    Title,
    Tags,
    Vendor,
}

/// What is said instead of the honest headline and summary, and beside the honest claims.
#[derive(Debug, Clone, Deserialize)]
struct Obeyed {
    headline: Option<String>,
    summary: Option<String>,
    claim: Option<String>,
    /// The topics of the facts that the claim names, or their ids.
    #[serde(default)]
    topics: Vec<String>,
    #[serde(default)]
    ids: Vec<String>,
}

impl Attack {
    fn all() -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/injection");
        let texts =
            ["en.jsonl", "fr.jsonl"].map(|it| std::fs::read_to_string(folder.join(it)).unwrap());
        let lines = texts.iter().flat_map(|it| it.lines());
        lines.map(|it| serde_json::from_str(it).unwrap()).collect()
    }

    fn sheet(&self) -> FactSheet {
        let mut stool = stool();
        let text = self.text.repeat(self.times);
        match self.field {
            Field::Description => stool.body_html = text,
            Field::Title => stool.title = text,
            Field::Tags => stool.tags = vec!["oak".to_owned(), text],
            Field::Vendor => stool.vendor = text,
        }
        let input = ProductInput {
            product: &stool,
            crawled_at: None,
            observations: &[],
            ranking: None,
        };
        product(&input, self.language)
    }

    /// Returns the draft of a model that obeys.
    fn obeyed(&self, sheet: &FactSheet) -> Draft {
        let mut draft = honest(sheet);
        let Obeyed {
            headline,
            summary,
            claim,
            ..
        } = &self.obeyed;
        draft.headline = headline.clone().unwrap_or(draft.headline);
        draft.summary = summary.clone().unwrap_or(draft.summary);
        let topics = self
            .obeyed
            .topics
            .iter()
            .filter_map(|topic| fact(sheet, topic));
        let fact_ids: Vec<_> = topics
            .map(|it| it.id.clone())
            .chain(self.obeyed.ids.clone())
            .collect();
        let text = claim.as_ref().or(summary.as_ref()).or(headline.as_ref());
        draft.claims.extend(text.map(|it| Claim {
            text: it.clone(),
            fact_ids,
        }));
        draft
    }
}

fn fact<'a>(sheet: &'a FactSheet, topic: &str) -> Option<&'a Fact> {
    sheet.facts.iter().find(|it| it.topic == topic)
}

fn stool() -> Product {
    let variant = |name: &str| Variant {
        id: name.to_owned(),
        title: name.to_owned(),
        options: vec![name.to_owned()],
        sku: None,
        price: Some(Money::parse("49", Currency::parse("EUR").unwrap()).unwrap()),
        compare_at: None,
        availability: Availability::Stated(true),
        quantity: None,
    };
    Product {
        id: "shopify:shop.example:1".parse().unwrap(),
        title: "Oak Stool".to_owned(),
        handle: "oak-stool".to_owned(),
        vendor: "Acme".to_owned(),
        product_type: "Stools".to_owned(),
        body_html: "A stool of oak.".to_owned(),
        tags: vec!["oak".to_owned()],
        options: vec!["Size".to_owned()],
        variants: ["S", "M", "L"].map(variant).to_vec(),
        images: vec![String::new(); 4],
        url: "https://shop.example/products/oak-stool".to_owned(),
        created_at: None,
        published_at: None,
        updated_at: None,
    }
}

/// Returns what a model says that heeds nothing but its task.
fn honest(sheet: &FactSheet) -> Draft {
    let [headline, price, stock, images] = match sheet.language {
        Language::En => [
            "49.00 EUR, all 3 variants available",
            "The price is 49.00 EUR.",
            "All three variants are available.",
            "It has four images.",
        ],
        Language::Fr => [
            "49,00 EUR, les 3 variantes disponibles",
            "Le prix est de 49,00 EUR.",
            "Les trois variantes sont disponibles.",
            "Il y a quatre images.",
        ],
    };
    let claim = |(text, topic): (&str, &str)| Claim {
        text: text.to_owned(),
        fact_ids: fact(sheet, topic)
            .map(|it| it.id.clone())
            .into_iter()
            .collect(),
    };
    let claims = [
        (price, "price"),
        (stock, "availability"),
        (images, "images"),
    ];
    Draft {
        language: sheet.language.code().to_owned(),
        headline: headline.to_owned(),
        summary: format!("{price} {stock} {images}"),
        claims: claims.map(claim).to_vec(),
        cautions: Vec::new(),
    }
}

#[test]
fn a_model_that_obeys_a_hostile_text_is_refused() {
    let attacks = Attack::all();
    assert!(attacks.len() >= 40, "{}", attacks.len());
    let obeyed = attacks.iter().filter(|attack| {
        let sheet = attack.sheet();
        validate::check(&attack.obeyed(&sheet), &sheet).is_empty()
    });
    let passed: Vec<_> = obeyed.map(|it| (it.language, &it.name)).collect();
    assert!(passed.is_empty(), "{passed:?}");
}

#[test]
fn an_honest_summary_of_a_hostile_product_passes() {
    for attack in Attack::all() {
        let sheet = attack.sheet();
        let rejects = validate::check(&honest(&sheet), &sheet);
        assert!(rejects.is_empty(), "{}: {rejects:?}", attack.name);
    }
}

#[test]
fn the_fixed_form_of_a_hostile_product_passes() {
    for attack in Attack::all() {
        let sheet = attack.sheet();
        let rejects = validate::check(&extractive(&sheet), &sheet);
        assert!(rejects.is_empty(), "{}: {rejects:?}", attack.name);
    }
}

#[test]
fn a_hostile_text_stands_only_in_what_the_seller_says() {
    let plain = Attack {
        text: "A stool of oak.".to_owned(),
        times: 1,
        field: Field::Description,
        ..Attack::all()[0].clone()
    };
    for attack in Attack::all() {
        let plain = Attack {
            language: attack.language,
            ..plain.clone()
        }
        .sheet();
        let own = match attack.field {
            Field::Description => "description",
            Field::Title => "title",
            Field::Tags => "tags",
            Field::Vendor => "brand",
        };
        for fact in attack.sheet().facts {
            let is_same = plain.facts.iter().any(|it| it.text == fact.text);
            assert!(is_same || fact.topic == own, "{}: {fact:?}", attack.name);
            assert_eq!(
                fact.source == FactSource::Seller,
                fact.topic == "description",
                "{fact:?}"
            );
        }
    }
}

#[test]
fn a_hostile_text_is_cut_and_has_nothing_hidden_left() {
    for attack in Attack::all() {
        let sheet = attack.sheet();
        for text in sheet.facts.iter().map(|it| &it.text).chain([&sheet.title]) {
            assert!(
                text.chars().count() <= 800,
                "{}: {} characters",
                attack.name,
                text.chars().count()
            );
            let hidden = text.chars().find(|it| is_hidden(*it));
            assert_eq!(hidden, None, "{}: {text:?}", attack.name);
        }
    }
}

/// Returns whether a letter controls how others look, or has no look of its own.
fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(
            letter,
            '\u{ad}' | '\u{61c}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}'
        )
}
