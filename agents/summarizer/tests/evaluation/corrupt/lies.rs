//! The second set: negations, and lies in other words that change no number, name or date.

use catalog::Language;

use super::{Dice, Spot, find_word, replaced};
use crate::evaluation::corpus::Place;

const NEGATIONS_EN: [(&str, &str); 24] = [
    ("is available", "is not available"),
    ("are available", "are not available"),
    ("can be bought", "cannot be bought"),
    ("are in stock", "are not in stock"),
    ("is in stock", "is out of stock"),
    ("has not changed", "has changed"),
    ("All five", "Not all five"),
    ("None of", "Not just one of"),
    ("has been sold out", "has not been sold out"),
    ("ranks", "does not rank"),
    ("rank", "do not rank"),
    ("It has ", "It does not have "),
    ("is sold by", "is not sold by"),
    ("costs", "does not cost"),
    ("cost", "do not cost"),
    ("was published", "was never published"),
    ("fell", "never fell"),
    ("rose", "hardly rose"),
    ("has been observed", "has not been observed"),
    ("is reduced", "is hardly reduced"),
    ("sold out", "did not sell out"),
    ("stays", "does not stay"),
    ("comes", "does not come"),
    ("includes", "lacks"),
];
const NEGATIONS_FR: [(&str, &str); 24] = [
    ("est disponible", "n’est pas disponible"),
    ("sont disponibles", "ne sont pas disponibles"),
    ("sont en stock", "ne sont pas en stock"),
    ("est en stock", "n’est pas en stock"),
    ("n’a pas changé", "a changé"),
    ("coûte", "ne coûte pas"),
    ("coûtent", "ne coûtent pas"),
    ("a été publié", "n’a jamais été publié"),
    ("a été publiée", "n’a jamais été publiée"),
    ("ont été publiées", "n’ont jamais été publiées"),
    ("est vendue", "n’est pas vendue"),
    ("est vendu", "n’est pas vendu"),
    ("a baissé", "n’a pas baissé"),
    ("a augmenté", "n’a guère augmenté"),
    ("se classe", "ne se classe pas"),
    ("est classé", "n’est pas classé"),
    ("occupe", "n’occupe pas"),
    ("est observée", "n’est pas observée"),
    ("est épuisée", "n’est pas épuisée"),
    ("ont une", "n’ont pas une"),
    ("a été épuisé", "n’a pas été épuisé"),
    ("Elle a ", "Elle n’a pas "),
    ("Il a ", "Il n’a pas "),
    ("sont réduits", "ne sont guère réduits"),
];
/// Said of anything, known of nothing in the set.
const LIES_EN: [&str; 24] = [
    "It is rarely in stock.",
    "Customers love it.",
    "It is a premium product.",
    "Reviews praise its quality.",
    "It sells better than its rivals.",
    "Its popularity is growing.",
    "The low stock is due to strong demand.",
    "The price follows rising costs of materials.",
    "It will soon be sold out.",
    "Experts recommend it.",
    "Demand has been weak for months.",
    "Hardly anybody buys it.",
    "The vendor is known for its service.",
    "It is aimed at beginners.",
    "The shop is about to drop it.",
    "It makes a good present.",
    "Its colours fade quickly.",
    "Because of its images it sells well.",
    "Competitors ask more for the same.",
    "It is made to last.",
    "It is handmade in small numbers.",
    "The shop restocks it often.",
    "Buyers complain about late deliveries.",
    "Its place in the ranking is owed to advertising.",
];
const LIES_FR: [&str; 24] = [
    "Il est rarement en stock.",
    "Les clients l’adorent.",
    "C’est un produit haut de gamme.",
    "Les avis louent sa qualité.",
    "Il se vend mieux que ses rivaux.",
    "Sa popularité grandit.",
    "Le faible stock vient d’une forte demande.",
    "Le prix suit la hausse du coût des matières.",
    "Il sera bientôt épuisé.",
    "Les experts le recommandent.",
    "La demande est faible depuis des mois.",
    "Presque personne ne l’achète.",
    "Le fournisseur est connu pour son service.",
    "Il s’adresse aux débutants.",
    "La boutique va bientôt le retirer.",
    "C’est un beau cadeau.",
    "Ses couleurs passent vite.",
    "Grâce à ses images, il se vend bien.",
    "Les concurrents demandent plus pour la même chose.",
    "Il est fait pour durer.",
    "Il est fabriqué à la main en petite série.",
    "La boutique le réapprovisionne souvent.",
    "Les acheteurs se plaignent de retards de livraison.",
    "Il doit sa place à la publicité.",
];
/// Lies about a price that moved, and about a stock that the sheet counts.
const STABLE: [[&str; 3]; 2] = [
    [
        "Its price has been stable.",
        "Nothing about its price has changed.",
        "Nearly all variants are sold out.",
    ],
    [
        "Son prix est resté stable.",
        "Rien n’a changé à son prix.",
        "Presque toutes les variantes sont épuisées.",
    ],
];

pub(super) fn negated(spot: &Spot<'_>) -> Vec<String> {
    let pairs = match spot.language() {
        Language::En => NEGATIONS_EN,
        Language::Fr => NEGATIONS_FR,
    };
    let negated = pairs.into_iter().filter_map(|(word, negated)| {
        let at = find_word(spot.text, word.trim_end())?;
        let end = at + word.trim_end().len();
        let rest = spot.text[end..].trim_start();
        if spot.text[..at].ends_with('’') || rest.starts_with("been") || rest.starts_with("été")
        {
            return None;
        }
        Some(replaced(spot.text, &(at..end), negated.trim_end()))
    });
    negated.collect()
}

/// Returns the summary with a lie at its end, or the claim made one.
pub(super) fn paraphrased(spot: &Spot<'_>, dice: &mut Dice) -> Vec<String> {
    let (lies, stable) = match spot.language() {
        Language::En => (LIES_EN, STABLE[0]),
        Language::Fr => (LIES_FR, STABLE[1]),
    };
    let has = |topic: &str| spot.sample.sheet.facts.iter().any(|it| it.topic == topic);
    let lie = match (dice.below(4) == 0 && has("title"), has("price_move")) {
        (true, true) => stable[dice.below(2)],
        (true, false) if spot.is_cited("11 ") || spot.is_cited("All") => stable[2],
        _ => lies[dice.below(lies.len())],
    };
    match spot.at {
        Place::Headline => Vec::new(),
        Place::Claim(_) => vec![lie.to_owned()],
        Place::Summary | Place::Caution => vec![format!("{} {lie}", spot.text)],
    }
}
