//! Wrong currencies: another sign, code or word beside the same amount.

use super::{Dice, Spot, replaced};

const SIGNS: [&str; 4] = ["€", "$", "£", "¥"];
const CODES: [&str; 6] = ["EUR", "USD", "GBP", "CHF", "JPY", "CAD"];
const WORDS_EN: [&str; 4] = ["euros", "dollars", "pounds", "francs"];
const WORDS_FR: [&str; 4] = ["euros", "dollars", "livres", "francs"];

pub(super) fn wrong(spot: &Spot<'_>, dice: &mut Dice) -> Vec<String> {
    let words = match spot.language() {
        catalog::Language::En => WORDS_EN,
        catalog::Language::Fr => WORDS_FR,
    };
    let mut texts = Vec::new();
    for family in [&SIGNS[..], &CODES, &words] {
        for said in family {
            let others: Vec<_> = family.iter().filter(|it| it != &said).collect();
            for (at, _) in spot.text.match_indices(said) {
                let mut end = at + said.len();
                // "$ CA" is a dollar too, though another one.
                end += if spot.text[end..].starts_with(" CA") {
                    3
                } else {
                    0
                };
                texts.push(replaced(
                    spot.text,
                    &(at..end),
                    others[dice.below(others.len())],
                ));
            }
        }
    }
    texts
}
