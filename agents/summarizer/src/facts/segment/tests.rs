use super::*;
use crate::facts::testing::{at, money, row, texts};

#[test]
fn a_segment_in_both_languages() {
    let lamp = row(1, "Lamp", "a.example", "49");
    let features = [
        ("freshness".to_owned(), 0.5, 0.5),
        ("listing".to_owned(), 0.72, 0.5),
        ("discount".to_owned(), 0.41, 0.5),
    ];
    let input = SegmentInput {
        name: "A",
        n_products: 2,
        n_all: 10,
        prices: Some((money("9"), money("49"))),
        types: &[("Lamps".to_owned(), 2)],
        brands: &[],
        features: &features,
        typical: &[&lamp],
        at: at("2026-05-12"),
    };
    let sheet = segment(&input, Language::En);
    assert_eq!(
        (sheet.subject.as_str(), sheet.title.as_str()),
        ("segment:A", "Segment A")
    );
    assert_eq!(
        texts(&sheet),
        [
            "segment: The segment A has 2 products of 10.",
            "price: The prices run from 9.00 EUR to 49.00 EUR.",
            "by_type: 2 of 2 products are of the type “Lamps”.",
            "features: The mean of presentation is 0.72, above the 0.50 of all products.",
            "features: The mean of reduction is 0.41, below the 0.50 of all products.",
            "features: The mean of newness compared with the others is 0.50, as the 0.50 of all products.",
            "typical: “Lamp” from a.example is typical of the segment A.",
        ]
    );
    assert_eq!(
        texts(&segment(&input, Language::Fr))[3..5],
        [
            "features: La moyenne pour la présentation est de 0,72, au-dessus de 0,50 pour tous les produits.",
            "features: La moyenne pour la réduction est de 0,41, au-dessous de 0,50 pour tous les produits.",
        ]
    );
}
