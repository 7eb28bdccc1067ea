mod history;
mod offer;

use catalog::{ObservationKind, PopularitySource};
use proptest::prelude::*;

use super::*;
use crate::facts::testing::{any_product, at, history_of, lamp, nothing, observed, ranking, texts};

fn sheet_of(product: &Product, observations: &[Observation], language: Language) -> FactSheet {
    let input = ProductInput {
        product,
        crawled_at: Some(at("2026-05-12")),
        observations,
        ranking: None,
    };
    super::product(&input, language)
}

/// Returns the sentences of one topic in both languages.
fn said(topic: &str, product: &Product, observations: &[Observation]) -> Vec<String> {
    let sheets = Language::ALL.map(|language| sheet_of(product, observations, language));
    let facts = sheets.iter().flat_map(|sheet| &sheet.facts);
    let of_topic = facts.filter(|fact| fact.topic == topic);
    of_topic.map(|fact| fact.text.clone()).collect()
}

#[test]
fn a_lamp_in_english() {
    let sheet = sheet_of(
        &lamp(),
        &[observed(ObservationKind::New, "2026-03-04")],
        Language::En,
    );
    assert_eq!(
        (sheet.subject.as_str(), sheet.title.as_str()),
        ("product:shopify:shop.example:1", "Brass Lamp")
    );
    assert_eq!(
        texts(&sheet),
        [
            "title: The product is called “Brass Lamp”.",
            "shop: It is sold by the shop shop.example.",
            "brand: Its brand is “Acme”.",
            "type: Its type is “Lamps”.",
            "price: Its price is 49.00 EUR.",
            "availability: It is available.",
            "variants: It has 1 variant.",
            "images: It has 3 images.",
            "tags: Its tags are “brass” and “lamp”.",
            "published: It was published on 3 March 2026.",
            "first_seen: It was first seen on 4 March 2026.",
            "few_data: Its history shows no change of its price or stock so far.",
            "description: A lamp of solid brass.",
        ]
    );
    let ids: Vec<&str> = sheet.facts.iter().map(|fact| fact.id.as_str()).collect();
    assert_eq!((ids[0], ids[12]), ("F1", "F13"));
    assert_eq!(sheet.facts[12].source, FactSource::Seller);
}

#[test]
fn a_lamp_in_french() {
    let sheet = sheet_of(
        &lamp(),
        &[observed(ObservationKind::New, "2026-03-01")],
        Language::Fr,
    );
    let texts = texts(&sheet).join("\n").replace('\u{202f}', "_");
    assert_eq!(
        texts.lines().collect::<Vec<_>>(),
        [
            "title: Le produit a pour titre «_Brass Lamp_».",
            "shop: Il est vendu par la boutique shop.example.",
            "brand: Sa marque est «_Acme_».",
            "type: Son type est «_Lamps_».",
            "price: Son prix est de 49,00 EUR.",
            "availability: Il est disponible.",
            "variants: Il a 1 variante.",
            "images: Il a 3 images.",
            "tags: Ses étiquettes sont «_brass_» et «_lamp_».",
            "published: Il a été publié le 3 mars 2026.",
            "first_seen: Il a été vu pour la première fois le 1er mars 2026.",
            "few_data: Son historique ne montre jusqu’ici aucun changement de prix ni de stock.",
            "description: A lamp of solid brass.",
        ]
    );
}

#[test]
fn a_product_without_anything_says_so() {
    assert_eq!(
        texts(&sheet_of(&nothing(), &[], Language::En)),
        [
            "title: The product has no title.",
            "shop: It is sold by the shop shop.example.",
            "price: No price is known.",
            "variants: It has no variants.",
            "images: It has no images.",
            "missing: The shop gives no brand, no type, no tags, no description.",
        ]
    );
    let sheet = sheet_of(&nothing(), &[], Language::Fr);
    assert_eq!(sheet.title, "Produit 1");
    assert_eq!(
        sheet.facts[5].text,
        "La boutique n’indique ni marque, ni type, ni étiquettes, ni description."
    );
}

#[test]
fn the_sheet_of_an_unchanged_product_is_unchanged() {
    let product = lamp();
    let seen = |day| {
        let input = ProductInput {
            product: &product,
            crawled_at: Some(at(day)),
            observations: &[],
            ranking: None,
        };
        super::product(&input, Language::En)
    };
    assert_eq!(seen("2026-05-12").hash(), seen("2026-05-13").hash());
    assert_ne!(seen("2026-05-12"), seen("2026-05-13"));
}

#[test]
fn a_sheet_tells_no_place_that_other_products_change() {
    let product = lamp();
    let row = |n| crate::facts::testing::row(n, "Lamp", "shop.example", "49");
    let sheet_of = |ranking: &Ranking| {
        let input = ProductInput {
            product: &product,
            crawled_at: None,
            observations: &[],
            ranking: Some(ranking),
        };
        super::product(&input, Language::En)
    };
    let now = ranking("2026-05-12", vec![row(1), row(2)]);
    let with_a_newcomer = ranking("2026-05-13", vec![row(9), row(1), row(2), row(3)]);
    assert_eq!(sheet_of(&now).hash(), sheet_of(&with_a_newcomer).hash());
    let mut far = now.clone();
    far.n_ranked = 5000;
    let mut rank_of = |rank| {
        far.rows[0].rank = rank;
        let facts = sheet_of(&far).facts.into_iter();
        let mut texts = facts.filter(|it| it.topic == "rank").map(|it| it.text);
        texts.next().unwrap()
    };
    for (rank, first) in [(3, 3), (4, 10), (1000, 1000)] {
        let said =
            format!("It is among the first {first} products of the ranking (preset “balanced”).");
        assert_eq!(rank_of(rank), said);
    }
    let said = "It has a place in the ranking (preset “balanced”).";
    assert_eq!(rank_of(1001), said);
    let mut few = now;
    few.n_ranked = 2;
    assert!(sheet_of(&few).facts.iter().any(|it| it.text == said));
}

#[test]
fn a_place_has_its_strengths_and_what_to_be_careful_about() {
    let product = lamp();
    let row = |n, title: &str| crate::facts::testing::row(n, title, "shop.example", "49");
    let mut ranking = ranking("2026-05-12", vec![row(2, "Rug"), row(1, "Brass Lamp")]);
    ranking.rows[1].coverage = 0.6;
    ranking.popularity_source = PopularitySource::Simulated;
    let sheets = Language::ALL.map(|language| {
        let input = ProductInput {
            product: &product,
            crawled_at: None,
            observations: &[],
            ranking: Some(&ranking),
        };
        texts(&super::product(&input, language))
    });
    let said = sheets.concat().join("\n").replace('\u{202f}', "_");
    for sentence in [
        "rank: It is among the first 3 products of the ranking (preset “balanced”).",
        "strengths: Its strong points in the ranking are newness compared with the others and presentation.",
        "weaknesses: Its weak point in the ranking is reduction.",
        "coverage: 60% of what counts in the ranking is known of it.",
        "simulated: The popularity in the ranking is simulated and says nothing about sales.",
        "rank: Il est parmi les 3 premiers produits du classement (préréglage «_balanced_»).",
        "strengths: Ses points forts dans le classement sont la nouveauté par rapport aux autres et la présentation.",
        "weaknesses: Son point faible dans le classement est la réduction.",
        "coverage: 60_% de ce qui compte dans le classement est connu pour ce produit.",
        "simulated: La popularité dans le classement est simulée et ne dit rien des ventes.",
    ] {
        assert!(
            said.lines().any(|line| line == sentence),
            "{sentence}\n{said}"
        );
    }
    assert!(!said.contains("0.6") && !said.contains("12 May"), "{said}");
}

proptest! {
    // Words of all characters take a while to make up.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_product_has_a_bounded_sheet_with_facts_of_their_own_numbers(product in any_product()) {
        let history = history_of(&product);
        for language in Language::ALL {
            let sheet = sheet_of(&product, &history, language);
            prop_assert_eq!(&sheet, &sheet_of(&product, &history, language));
            let numbers = (1..).map(|n| format!("F{n}"));
            prop_assert!(sheet.facts.iter().zip(numbers).all(|(fact, number)| fact.id == number));
            prop_assert!((4..40).contains(&sheet.facts.len()));
            let is_plain = |text: &str| {
                let n = text.chars().count();
                (1..=1_000).contains(&n) && !text.contains(|it: char| it.is_control() || it == '\u{202e}')
            };
            prop_assert!(sheet.facts.iter().all(|fact| is_plain(&fact.text)), "{:?}", sheet);
            prop_assert!(is_plain(&sheet.title));
        }
    }
}
