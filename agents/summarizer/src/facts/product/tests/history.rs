//! How a product changed.

use catalog::{Observation, ObservationKind, Product, RankSource};

use super::said;
use crate::facts::testing::{changed, lamp, observed, offer, variant};

#[test]
fn a_change_of_all_variants_is_one_of_the_product() {
    let product = Product {
        variants: ["S", "M"].map(|it| variant(it, "40", Some(true))).to_vec(),
        ..lamp()
    };
    let fell = |it, day| changed(it, offer("50", true), offer("40", true), day);
    let history = [
        changed("S", offer("60", true), offer("50", true), "2026-03-01"),
        fell("S", "2026-03-03"),
        fell("M", "2026-03-03"),
    ];
    assert_eq!(
        said("price_move", &product, &history),
        [
            "Its price fell from 50.00 EUR to 40.00 EUR (by 20%) on 3 March 2026.",
            "The price of the variant “S” fell from 60.00 EUR to 50.00 EUR (by 16.7%) on 1 March 2026.",
            "Son prix est passé de 50,00 EUR à 40,00 EUR (baisse de 20\u{202f}%) le 3 mars 2026.",
            "Le prix de la variante «\u{202f}S\u{202f}» est passé de 60,00 EUR à 50,00 EUR (baisse de 16,7\u{202f}%) \
             le 1er mars 2026.",
        ]
    );
    let gone = [fell("XL", "2026-03-03"), fell("XXL", "2026-03-03")];
    assert_eq!(
        said("price_move", &product, &gone)[0],
        "The price of 2 variants fell from 50.00 EUR to 40.00 EUR (by 20%) on 3 March 2026."
    );
}

#[test]
fn stock_outs_and_restocks_agree_with_what_they_befell() {
    let product = Product {
        variants: ["S", "M", "L"]
            .map(|it| variant(it, "40", Some(true)))
            .to_vec(),
        ..lamp()
    };
    let out = |it, day| changed(it, offer("40", true), offer("40", false), day);
    let back = |it, day| changed(it, offer("40", false), offer("40", true), day);
    assert_eq!(
        said(
            "stock",
            &product,
            &[out("S", "2026-03-03"), back("S", "2026-03-05")]
        ),
        [
            "The variant “S” came back in stock on 5 March 2026.",
            "The variant “S” sold out on 3 March 2026.",
            "La variante «\u{202f}S\u{202f}» a été réapprovisionnée le 5 mars 2026.",
            "La variante «\u{202f}S\u{202f}» a été épuisée le 3 mars 2026.",
        ]
    );
    let two = [out("S", "2026-03-03"), out("M", "2026-03-03")];
    assert_eq!(
        said("stock", &product, &two),
        [
            "2 variants sold out on 3 March 2026.",
            "2 variantes ont été épuisées le 3 mars 2026."
        ]
    );
    assert_eq!(
        said("stock", &lamp(), &[out("Default Title", "2026-03-03")]),
        [
            "It sold out on 3 March 2026.",
            "Il a été épuisé le 3 mars 2026."
        ]
    );
}

#[test]
fn the_shops_own_order_of_sales_is_told_with_its_direction() {
    let ranked = |rank, day| Observation {
        rank: Some(rank),
        ..observed(ObservationKind::Ranked, day)
    };
    assert_eq!(
        said(
            "bestseller",
            &lamp(),
            &[ranked(9, "2026-03-01"), ranked(5, "2026-03-03")]
        ),
        [
            "It had place 5 in the shop’s own best-selling order on 3 March 2026.",
            "It rose from place 9 to place 5 in the shop’s own best-selling order.",
            "Il occupait la place 5 des meilleures ventes selon la boutique le 3 mars 2026.",
            "Il est monté de la place 9 à la place 5 des meilleures ventes selon la boutique.",
        ]
    );
}

#[test]
fn a_place_says_where_it_was_read_and_is_compared_with_places_of_that_source_alone() {
    let ranked = |rank, source, day| Observation {
        rank: Some(rank),
        source: Some(source),
        ..observed(ObservationKind::Ranked, day)
    };
    let (api, collection) = (RankSource::StorefrontApi, RankSource::Collection);
    let history = [
        ranked(9, api, "2026-03-01"),
        ranked(5, api, "2026-03-03"),
        ranked(4, collection, "2026-03-05"),
    ];
    assert_eq!(
        said("bestseller", &lamp(), &history[..2]),
        [
            "It had place 5 in the shop’s own best-selling order as its platform gives it on 3 March 2026.",
            "It rose from place 9 to place 5 in the shop’s own best-selling order as its platform gives it.",
            "Il occupait la place 5 des meilleures ventes selon la plateforme de la boutique le 3 mars 2026.",
            "Il est monté de la place 9 à la place 5 des meilleures ventes selon la plateforme de la boutique.",
        ]
    );
    assert_eq!(
        said("bestseller", &lamp(), &history),
        [
            "It had place 4 in the shop’s own collection of best sellers on 5 March 2026.",
            "Il occupait la place 4 de la collection des meilleures ventes de la boutique le 5 mars 2026.",
        ]
    );
    let lost = Observation {
        rank: None,
        n_places: Some(250),
        ..ranked(1, collection, "2026-03-06")
    };
    let left = [&history[..], &[lost]].concat();
    assert!(said("bestseller", &lamp(), &left).is_empty());
    let back = [&left[..], &[ranked(7, collection, "2026-03-08")]].concat();
    assert_eq!(said("bestseller", &lamp(), &back).len(), 2);
}

#[test]
fn a_product_that_is_gone_says_so() {
    let history = [
        observed(ObservationKind::New, "2026-03-01"),
        observed(ObservationKind::Gone, "2026-03-03"),
    ];
    assert_eq!(
        said("gone_since", &lamp(), &history),
        [
            "It has not been in its shop’s list since 3 March 2026.",
            "Il n’est plus dans la liste de sa boutique depuis le 3 mars 2026."
        ]
    );
    let mut back = history.to_vec();
    back.push(observed(ObservationKind::Back, "2026-03-05"));
    assert!(said("gone_since", &lamp(), &back).is_empty());
    assert_eq!(
        said("presence", &lamp(), &back)[0],
        "It came back into the shop’s list on 5 March 2026."
    );
}
