use catalog::ObservationKind;

use super::*;
use crate::facts::testing::{at, changed, listed, observed, offer, row, texts};

fn told(observed: &[ObservedRow], language: Language) -> Vec<String> {
    let sheet = changes(observed, at("2026-05-05"), at("2026-05-12"), language);
    texts(&sheet)
        .iter()
        .map(|it| it.replace('\u{202f}', "_"))
        .collect()
}

#[test]
fn nothing_changed() {
    assert_eq!(
        told(&[], Language::En),
        ["period: No change was observed from 5 May 2026 to 12 May 2026."]
    );
    assert_eq!(
        told(&[], Language::Fr),
        ["period: Aucun changement n’a été observé du 5 mai 2026 au 12 mai 2026."]
    );
}

#[test]
fn a_product_first_seen_is_no_change() {
    let new = listed(
        observed(ObservationKind::New, "2026-05-06"),
        &row(1, "Lamp", "a.example", "49"),
    );
    assert_eq!(
        told(std::slice::from_ref(&new), Language::En),
        [
            "period: From 5 May 2026 to 12 May 2026, 1 product was first seen, and no change was observed.",
            "new: “Lamp” from a.example was first seen on 6 May 2026.",
            "by_shop: 1 of 1 new product is from a.example.",
        ]
    );
    assert_eq!(
        told(&[new], Language::Fr),
        [
            "period: Du 5 mai 2026 au 12 mai 2026, 1 produit a été vu pour la première fois, et aucun changement n’a été observé.",
            "new: «_Lamp_» chez a.example a été vu pour la première fois le 6 mai 2026.",
            "by_shop: 1 nouveau produit sur 1 vient de la boutique a.example.",
        ]
    );
}

#[test]
fn changes_are_counted_by_kind_and_the_greatest_are_named() {
    let (lamp, rug) = (
        row(1, "Lamp", "a.example", "49"),
        row(2, "Rug", "b.example", "90"),
    );
    let rows = [
        listed(
            changed("S", offer("50", true), offer("49", false), "2026-05-06"),
            &lamp,
        ),
        listed(
            changed("M", offer("50", true), offer("49", true), "2026-05-06"),
            &lamp,
        ),
        listed(
            changed("S", offer("60", true), offer("90", true), "2026-05-07"),
            &rug,
        ),
        listed(observed(ObservationKind::Gone, "2026-05-08"), &rug),
        listed(observed(ObservationKind::New, "2026-05-05"), &lamp),
    ];
    assert_eq!(
        told(&rows, Language::En),
        [
            "period: From 5 May 2026 to 12 May 2026, 5 changes of 2 products were observed.",
            "kinds: Prices fell 2 times.",
            "kinds: Prices rose 1 time.",
            "kinds: Variants sold out 1 time.",
            "kinds: 1 product was first seen.",
            "kinds: 1 product left its shop’s list.",
            "price_move: A price of “Rug” from b.example rose from 60.00 EUR to 90.00 EUR (by 50%) on 7 May 2026.",
            "price_move: A price of “Lamp” from a.example fell from 50.00 EUR to 49.00 EUR (by 2%) on 6 May 2026.",
            "stock: A variant of “Lamp” from a.example sold out on 6 May 2026.",
            "new: “Lamp” from a.example was first seen on 5 May 2026.",
            "gone: “Rug” from b.example left its shop’s list on 8 May 2026.",
            "by_shop: 3 of 5 changes are from a.example.",
            "by_shop: 2 of 5 changes are from b.example.",
        ]
    );
    assert_eq!(
        told(&rows, Language::Fr)[1..6],
        [
            "kinds: Des prix ont baissé 2 fois.",
            "kinds: Des prix ont augmenté 1 fois.",
            "kinds: Des variantes ont été épuisées 1 fois.",
            "kinds: 1 produit a été vu pour la première fois.",
            "kinds: 1 produit a quitté la liste de sa boutique.",
        ]
    );
}
