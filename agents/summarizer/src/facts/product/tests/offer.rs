//! What a product costs, whether it can be bought, and in which forms.

use catalog::{Availability, Product, Variant};

use super::said;
use crate::facts::testing::{lamp, money, variant};

#[test]
fn prices_have_a_range_and_a_currency_that_may_be_unknown() {
    let mut product = lamp();
    product.variants = ["59", "39", "49"]
        .map(|price| variant("S", price, None))
        .to_vec();
    assert_eq!(
        said("price", &product, &[]),
        [
            "Its prices run from 39.00 EUR to 59.00 EUR.",
            "Ses prix vont de 39,00 EUR à 59,00 EUR."
        ]
    );
    product.variants = vec![variant("S", "49 XXX", None)];
    assert_eq!(
        said("price", &product, &[]),
        [
            "Its price is 49.00 (unknown currency).",
            "Son prix est de 49,00 (monnaie inconnue)."
        ]
    );
    assert_eq!(
        said("currency", &product, &[]),
        [
            "It is not known in which currency it is sold.",
            "On ne sait pas dans quelle monnaie il est vendu."
        ]
    );
}

#[test]
fn discounts_are_worked_out_from_what_the_shop_states() {
    let reduced = |title, price, before| Variant {
        compare_at: Some(money(before)),
        ..variant(title, price, Some(true))
    };
    let mut product = lamp();
    assert_eq!(said("discount", &product, &[]), [""; 0]);
    product.variants = vec![reduced("S", "49", "60")];
    assert_eq!(
        said("discount", &product, &[]),
        [
            "The shop states a price of 60.00 EUR before the reduction, a discount of 18.3%.",
            "La boutique affiche un prix de 60,00 EUR avant réduction, soit une remise de 18,3\u{202f}%."
        ]
    );
    product.variants.push(variant("M", "49", Some(true)));
    assert_eq!(
        said("discount", &product, &[]),
        [
            "The shop states a discount of 18.3% for 1 of 2 variants.",
            "La boutique affiche une remise de 18,3\u{202f}% pour 1 variante sur 2."
        ]
    );
    product.variants.push(reduced("L", "30", "60"));
    assert_eq!(
        said("discount", &product, &[]),
        [
            "The shop states discounts from 18.3% to 50% for 2 of 3 variants.",
            "La boutique affiche des remises de 18,3\u{202f}% à 50\u{202f}% pour 2 variantes sur 3."
        ]
    );
}

#[test]
fn availability_is_counted_and_unknown_is_said() {
    let said = |available: &[Option<bool>]| {
        let variants = available.iter().map(|it| variant("S", "49", *it));
        let product = Product {
            variants: variants.collect(),
            ..lamp()
        };
        said("availability", &product, &[])
    };
    let (yes, no) = (Some(true), Some(false));
    assert_eq!(said(&[no]), ["It is sold out.", "Il est épuisé."]);
    assert_eq!(
        said(&[yes, yes]),
        [
            "Both of its 2 variants are available.",
            "Les 2 variantes sont disponibles."
        ]
    );
    assert_eq!(
        said(&[yes, no, no]),
        [
            "1 of 3 variants is available.",
            "1 variante sur 3 est disponible."
        ]
    );
    assert_eq!(
        said(&[yes, yes, no]),
        [
            "2 of 3 variants are available.",
            "2 variantes sur 3 sont disponibles."
        ]
    );
    assert_eq!(
        said(&[None, no]),
        [
            "0 of 2 variants are available, and of 1 it is not known.",
            "0 variante sur 2 est disponible, et pour 1 on ne le sait pas."
        ]
    );
    let unknown = Product {
        variants: vec![variant("S", "49", None)],
        ..lamp()
    };
    assert_eq!(
        super::said("unknown_availability", &unknown, &[]),
        [
            "It is not known whether it is available.",
            "On ne sait pas s’il est disponible."
        ]
    );
    let derived = Variant {
        availability: Availability::Derived(true),
        ..variant("S", "49", None)
    };
    let product = Product {
        variants: vec![derived],
        ..lamp()
    };
    assert_eq!(
        super::said("availability", &product, &[])[0],
        "It is available."
    );
}

#[test]
fn options_have_their_different_values() {
    let product = Product {
        options: vec!["Colour".to_owned(), "Size".to_owned()],
        variants: ["Black / S", "Black / M", "Black / L"]
            .map(|title| variant(title, "49", Some(true)))
            .to_vec(),
        ..lamp()
    };
    assert_eq!(
        said("options", &product, &[])[..2],
        [
            "Its option “Colour” has 1 value: “Black”.",
            "Its option “Size” has 3 values: “S”, “M” and “L”."
        ]
    );
}
