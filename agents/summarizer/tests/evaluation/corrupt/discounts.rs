//! Invented discounts and offers: a sentence more, or a clause within one.

use catalog::Language;

use super::{Dice, Spot};

/// False of every sheet of the set: their numbers and offers are in none.
const OFFERS_EN: [&str; 24] = [
    "It is currently 30% off.",
    "Save 15 EUR on every order.",
    "Buy two and get one free.",
    "Use the code SPRING10 at checkout for 10% off.",
    "It is now half price.",
    "The price has been slashed by a third.",
    "Today only, it is 50% off.",
    "Shipping is free.",
    "A flash sale ends on Sunday.",
    "This clearance price will not last.",
    "Black Friday saves another 27%.",
    "Members get an extra discount.",
    "You save up to 45% this week.",
    "The second one costs nothing.",
    "It comes with a voucher.",
    "A coupon makes it even cheaper.",
    "It is a limited-time offer.",
    "What a bargain!",
    "Two for the price of one.",
    "It is an unbeatable deal.",
    "The shop throws in a gift.",
    "There is cashback on it.",
    "A promo code is available.",
    "It sells for a fraction of its usual price.",
];
/// False of sheets that tell of no reduction and no fall.
const REDUCTIONS_EN: [&str; 10] = [
    "It is on sale.",
    "It is reduced.",
    "The price has been reduced.",
    "It is now cheaper than before.",
    "It is on special offer.",
    "It is offered at a discounted price.",
    "Its price was recently lowered.",
    "It is marked down.",
    "There is a discount on it.",
    "The price has come down.",
];
const CLAUSES_EN: [&str; 8] = [
    ", now at half price",
    " at 60% off",
    ", a saving of 70%",
    " with a coupon",
    ", a bargain",
    " with free delivery",
    ", and the second one is free",
    " in a clearance sale",
];
const OFFERS_FR: [&str; 24] = [
    "Il est actuellement à -30 %.",
    "Économisez 15 EUR sur chaque commande.",
    "Deux achetés, un offert.",
    "Avec le code PRINTEMPS10, profitez de 10 % de remise.",
    "Il est maintenant à moitié prix.",
    "Son prix a été bradé d’un tiers.",
    "Aujourd’hui seulement, il est à -50 %.",
    "La livraison est gratuite.",
    "Une vente flash se termine dimanche.",
    "Ce prix de déstockage ne durera pas.",
    "Le Black Friday fait gagner encore 27 %.",
    "Les membres ont droit à une remise supplémentaire.",
    "Vous économisez jusqu’à 45 % cette semaine.",
    "Le deuxième ne coûte rien.",
    "Un bon d’achat est offert.",
    "Un coupon le rend encore moins cher.",
    "C’est une offre limitée.",
    "Quelle bonne affaire !",
    "Deux pour le prix d’un.",
    "C’est un prix imbattable.",
    "La boutique ajoute un cadeau.",
    "Une partie du prix est remboursée.",
    "Un code promo est disponible.",
    "Il se vend à prix cassé.",
];
const REDUCTIONS_FR: [&str; 10] = [
    "Il est en promotion.",
    "Il est soldé.",
    "Son prix a été réduit.",
    "Il est moins cher qu’avant.",
    "Il est en offre spéciale.",
    "Il est proposé à prix réduit.",
    "Son prix a récemment été abaissé.",
    "Il bénéficie d’une remise.",
    "Il y a un rabais.",
    "Le prix est en baisse.",
];
const CLAUSES_FR: [&str; 8] = [
    ", désormais à moitié prix",
    " à -60 %",
    ", soit 70 % d’économie",
    " avec un coupon",
    ", une bonne affaire",
    " avec livraison offerte",
    ", et le deuxième est gratuit",
    " en déstockage",
];
const REDUCED: [&str; 12] = [
    "reduced", "discount", "fell", "climbed", "slipped", "below", "réduit", "remise", "baisse",
    "baissé", "monté", "descendu",
];

/// Returns the spot's text with an offer in it.
pub(super) fn invented(spot: &Spot<'_>, dice: &mut Dice) -> Vec<String> {
    let (_, _, clauses) = phrases(spot.language());
    let text = spot.text.trim_end_matches('.');
    let end = &spot.text[text.len()..];
    let clause = clauses[dice.below(clauses.len())];
    vec![
        format!("{text}{clause}{end}"),
        format!("{text}. {}", sentence(spot, dice)),
    ]
}

/// Returns an offer that the spot's sheet says nothing of.
pub(super) fn sentence(spot: &Spot<'_>, dice: &mut Dice) -> &'static str {
    let (offers, reductions, _) = phrases(spot.language());
    let facts = &spot.sample.sheet.facts;
    let is_reduced = facts
        .iter()
        .any(|it| REDUCED.iter().any(|word| it.text.contains(word)));
    match dice.below(2) == 0 && !is_reduced {
        true => reductions[dice.below(reductions.len())],
        false => offers[dice.below(offers.len())],
    }
}

type Phrases = (
    &'static [&'static str],
    &'static [&'static str],
    &'static [&'static str],
);

fn phrases(language: Language) -> Phrases {
    match language {
        Language::En => (&OFFERS_EN, &REDUCTIONS_EN, &CLAUSES_EN),
        Language::Fr => (&OFFERS_FR, &REDUCTIONS_FR, &CLAUSES_FR),
    }
}
