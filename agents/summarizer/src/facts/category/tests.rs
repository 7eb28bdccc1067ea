use super::*;
use crate::extractive;
use crate::facts::testing::{ranking, row, texts};
use crate::validate::check;

fn lamps() -> Vec<ProductRow> {
    vec![
        row(1, "Brass Lamp", "a.example", "49"),
        row(2, "Oak Lamp", "b.example", "9"),
    ]
}

#[test]
fn a_type_in_both_languages() {
    let (products, ranking) = (lamps(), ranking("2026-05-12", lamps()));
    let input = CategoryInput {
        name: "Lamps",
        products: &products,
        is_cut: false,
        ranking: Some(&ranking),
    };
    let sheet = category(&input, Language::En);
    assert_eq!(
        (sheet.subject.as_str(), sheet.title.as_str()),
        ("category:Lamps", "Type “Lamps”")
    );
    assert_eq!(
        texts(&sheet),
        [
            "category: The type “Lamps” has 2 products.",
            "price: The prices run from 9.00 EUR to 49.00 EUR.",
            "availability: 2 of 2 products are known to be available.",
            "by_shop: 1 of 2 products is from a.example.",
            "by_shop: 1 of 2 products is from b.example.",
            "by_brand: 2 of 2 products are of the brand “Acme”.",
            "rank: 2 of 2 places of the ranking go to products of the type “Lamps”.",
            "place: “Brass Lamp” from a.example has place 1, at 49.00 EUR.",
            "place: “Oak Lamp” from b.example has place 2, at 9.00 EUR.",
        ]
    );
    let french = texts(&category(&input, Language::Fr));
    assert_eq!(
        [&french[0], &french[3], &french[6]],
        [
            "category: Le type «\u{202f}Lamps\u{202f}» compte 2 produits.",
            "by_shop: 1 produit sur 2 vient de la boutique a.example.",
            "rank: 2 places sur 2 du classement reviennent à des produits du type «\u{202f}Lamps\u{202f}».",
        ]
    );
}

#[test]
fn that_more_may_be_there_is_said_and_that_none_has_a_place() {
    let products = lamps();
    let ranking = ranking(
        "2026-05-12",
        vec![ProductRow {
            product_type: "Hats".to_owned(),
            ..row(3, "Hat", "a.example", "5")
        }],
    );
    let input = CategoryInput {
        name: "Lamps",
        products: &products,
        is_cut: true,
        ranking: Some(&ranking),
    };
    let texts = texts(&category(&input, Language::En));
    assert_eq!(
        texts[0],
        "category: 2 products of the type “Lamps” were looked at."
    );
    assert!(texts[1].starts_with("sample: There may be more"));
    let none = "rank: None of the 1 place of the ranking goes to a product of the type “Lamps”.";
    assert!(texts.iter().any(|it| it == none), "{texts:?}");
}

#[test]
fn the_fixed_form_tells_of_a_type_in_both_languages() {
    let (products, ranking) = (lamps(), ranking("2026-05-12", lamps()));
    for (language, is_cut) in [
        (Language::En, false),
        (Language::Fr, false),
        (Language::En, true),
        (Language::Fr, true),
    ] {
        let input = CategoryInput {
            name: "Lamps",
            products: &products,
            is_cut,
            ranking: Some(&ranking),
        };
        let sheet = category(&input, language);
        let draft = extractive(&sheet);
        assert!(draft.summary.contains("Lamps"), "{draft:?}");
        assert_eq!(draft.cautions.len(), usize::from(is_cut));
        assert!(check(&draft, &sheet).is_empty());
    }
}
