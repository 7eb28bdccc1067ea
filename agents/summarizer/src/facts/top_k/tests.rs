use super::*;
use crate::facts::testing::{changed, listed, offer, ranking, row, texts};

fn rows() -> [catalog::ProductRow; 3] {
    [
        row(1, "Lamp", "a.example", "49"),
        row(2, "Rug", "a.example", "120"),
        row(3, "Vase", "b.example", "20 XXX"),
    ]
}

/// Returns the sentences of one topic in both languages.
fn said(topic: &str, ranking: &Ranking, previous: Option<&Ranking>) -> Vec<String> {
    let sheets = Language::ALL.map(|language| top_k(ranking, previous, &[], language));
    let facts = sheets.iter().flat_map(|sheet| &sheet.facts);
    let of_topic = facts.filter(|fact| fact.topic == topic);
    of_topic
        .map(|fact| fact.text.replace(['\u{202f}', '\u{a0}'], "_"))
        .collect()
}

#[test]
fn places_name_their_products_shops_and_prices() {
    let ranking = ranking("2026-05-12", rows().to_vec());
    assert_eq!(
        said("place", &ranking, None),
        [
            "“Lamp” from a.example has place 1, at 49.00 EUR.",
            "“Rug” from a.example has place 2, at 120.00 EUR.",
            "“Vase” from b.example has place 3, at 20.00 (unknown currency).",
            "«_Lamp_» chez a.example occupe la place 1, à 49,00 EUR.",
            "«_Rug_» chez a.example occupe la place 2, à 120,00 EUR.",
            "«_Vase_» chez b.example occupe la place 3, à 20,00 (monnaie inconnue).",
        ]
    );
    assert_eq!(
        said("list", &ranking, None)[1],
        "La liste compte 3 produits, choisis parmi 120 selon le préréglage balanced."
    );
}

#[test]
fn a_product_of_several_prices_has_its_place_at_both_ends_of_them() {
    let mut rows = rows();
    rows[0].price_max = Some(crate::facts::testing::money("60"));
    let ranking = ranking("2026-05-12", rows.to_vec());
    let places = said("place", &ranking, None);
    assert_eq!(
        [&places[0], &places[3]],
        [
            "“Lamp” from a.example has place 1, at prices from 49.00 EUR to 60.00 EUR.",
            "«_Lamp_» chez a.example occupe la place 1, à des prix de 49,00 EUR à 60,00 EUR.",
        ]
    );
}

#[test]
fn shops_and_types_are_counted() {
    let ranking = ranking("2026-05-12", rows().to_vec());
    assert_eq!(
        said("by_shop", &ranking, None),
        [
            "2 of 3 places go to products from a.example, the best of them place 1.",
            "1 of 3 places goes to a product from b.example: place 3.",
            "2 places sur 3 reviennent à des produits de la boutique a.example, dont la meilleure est la place 1.",
            "1 place sur 3 revient à un produit de la boutique b.example_: la place 3.",
        ]
    );
    assert_eq!(
        said("by_type", &ranking, None)[0],
        "3 of 3 places go to products of the type “Lamps”, the best of them place 1."
    );
}

#[test]
fn a_list_is_compared_with_the_one_before() {
    let [lamp, rug, vase] = rows();
    let before = ranking("2026-05-05", vec![vase, lamp.clone()]);
    let now = ranking("2026-05-12", vec![lamp, rug]);
    assert_eq!(
        said("newcomers", &now, Some(&before)),
        [
            "1 product is new in the list since 5 May 2026.",
            "1 produit est nouveau dans la liste depuis le 5 mai 2026."
        ]
    );
    assert_eq!(
        said("newcomer", &now, Some(&before))[0],
        "“Rug” from a.example is new in the list, at place 2."
    );
    assert_eq!(
        said("moved", &now, Some(&before)),
        [
            "“Lamp” from a.example rose from place 2 to place 1.",
            "«_Lamp_» chez a.example est monté de la place 2 à la place 1."
        ]
    );
    assert_eq!(
        said("left", &now, Some(&before)),
        [
            "“Vase” from b.example had place 1 and left the list.",
            "«_Vase_» chez b.example occupait la place 1 et a quitté la liste."
        ]
    );
    assert_eq!(
        said("newcomers", &now, Some(&now)),
        [
            "No product is new in the list since 12 May 2026.",
            "Aucun produit n’est nouveau dans la liste depuis le 12 mai 2026."
        ]
    );
}

#[test]
fn of_a_longer_list_only_as_many_places_are_compared_as_the_list_before_had() {
    let [lamp, rug, vase] = rows();
    let before = ranking("2026-05-05", vec![rug.clone(), lamp.clone()]);
    let now = ranking("2026-05-12", vec![lamp, vase, rug]);
    let of_english = |topic| said(topic, &now, Some(&before)).swap_remove(0);
    assert_eq!(
        said("compared", &now, Some(&before)),
        [
            "The list of 5 May 2026 had 2 products, so that only the top 2 is compared.",
            "La liste du 5 mai 2026 comptait 2 produits, si bien que seul le top 2 est comparé."
        ]
    );
    assert_eq!(
        of_english("newcomers"),
        "1 product is new in the top 2 since 5 May 2026."
    );
    assert_eq!(
        of_english("newcomer"),
        "“Vase” from b.example is new in the top 2, at place 2."
    );
    assert_eq!(
        of_english("left"),
        "“Rug” from a.example had place 1 and left the top 2."
    );
    let longer = ranking(
        "2026-05-12",
        [before.rows.clone(), now.rows.clone()]
            .concat()
            .into_iter()
            .map(|row| row.product)
            .collect(),
    );
    assert_eq!(
        said("newcomers", &longer, Some(&before)),
        [
            "No product is new in the top 2 since 5 May 2026.",
            "Aucun produit n’est nouveau dans le top 2 depuis le 5 mai 2026."
        ]
    );
    let none = ranking("2026-05-05", vec![]);
    assert_eq!(said("newcomers", &longer, Some(&none)), [""; 0]);
    assert_eq!(said("not_compared", &longer, Some(&none)).len(), 2);
}

#[test]
fn lists_that_were_made_in_two_ways_are_not_compared() {
    let now = ranking("2026-05-12", rows().to_vec());
    let before = Ranking {
        preset: "classic".to_owned(),
        ..now.clone()
    };
    assert_eq!(said("newcomers", &now, Some(&before)), [""; 0]);
    assert_eq!(said("not_compared", &now, Some(&before)).len(), 2);
}

#[test]
fn only_moves_of_listed_products_are_told_and_the_greatest_first() {
    let [lamp, rug, vase] = rows();
    let ranking = ranking("2026-05-12", vec![lamp.clone(), rug.clone()]);
    let moves = |before, after, day| changed("S", offer(before, true), offer(after, true), day);
    let observed = [
        listed(moves("50", "49", "2026-05-10"), &lamp),
        listed(moves("100", "120", "2026-05-11"), &rug),
        listed(moves("110", "109", "2026-05-10"), &rug),
        listed(moves("10", "20", "2026-05-10"), &vase),
    ];
    let texts = texts(&top_k(&ranking, None, &observed, Language::En));
    let moves: Vec<&String> = texts
        .iter()
        .filter(|it| it.starts_with("price_move"))
        .collect();
    assert_eq!(
        moves,
        [
            "price_move: A price of “Rug” from a.example rose from 100.00 EUR to 120.00 EUR (by 20%) on 11 May 2026.",
            "price_move: A price of “Lamp” from a.example fell from 50.00 EUR to 49.00 EUR (by 2%) on 10 May 2026.",
        ]
    );
}

#[test]
fn what_weighs_most_in_a_preset_is_told_but_not_of_equals() {
    let mut ranking = ranking("2026-05-12", rows().to_vec());
    assert_eq!(said("preset", &ranking, None), [""; 0]);
    ranking.weights = vec![0.1, 0.4, 0.3, 0.1];
    assert_eq!(
        said("preset", &ranking, None),
        [
            "The criteria that weigh most in the preset “balanced” are reduction and presentation.",
            "Les critères qui pèsent le plus dans le préréglage «_balanced_» sont la réduction et la présentation."
        ]
    );
}

#[test]
fn a_type_that_nobody_named_is_not_told_of() {
    let mut rows = rows();
    rows[0].product_type = "Default".to_owned();
    let ranking = ranking("2026-05-12", rows.to_vec());
    let said = said("by_type", &ranking, None);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].starts_with("2 of 3 places go to products of the type “Lamps”"));
}

#[test]
fn what_makes_places_doubtful_is_said() {
    let mut ranking = ranking("2026-05-12", rows().to_vec());
    assert_eq!(said("few_data", &ranking, None), [""; 0]);
    ranking.n_ranked = 3;
    ranking.stability = Some(catalog::ListStability {
        draws: 100,
        overlap_mean: 0.926,
        overlap_min: 0.5,
    });
    assert_eq!(
        said("few_data", &ranking, None),
        [
            "No more than 3 products were ranked, so that the places say little.",
            "Pas plus de 3 produits ont été classés, si bien que les places disent peu."
        ]
    );
    assert_eq!(
        said("stability", &ranking, None),
        [
            "With weights drawn 100 times around those of the preset, 92% of the list stays on average.",
            "Avec des poids tirés 100 fois autour de ceux du préréglage, 92_% de la liste reste en moyenne."
        ]
    );
}
