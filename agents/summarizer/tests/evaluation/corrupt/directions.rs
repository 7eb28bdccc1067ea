//! Reversed directions: the opposite word, or before and after changed about.

use catalog::Language;

use super::scan::{Number, numbers};
use super::{Spot, find_word, replaced};

const OPPOSITES_EN: [(&str, &str); 42] = [
    ("rose", "fell"),
    ("fell", "rose"),
    ("fell", "climbed"),
    ("climbed", "slipped"),
    ("slipped", "climbed"),
    ("dropped", "jumped"),
    ("went up", "went down"),
    ("went down", "went up"),
    ("moved up", "moved down"),
    ("increased", "decreased"),
    ("an increase", "a decrease"),
    ("a reduction", "an increase"),
    ("reduction", "rise"),
    ("more expensive", "cheaper"),
    ("more expensive", "less expensive"),
    ("dearer", "cheaper"),
    ("cheaper", "dearer"),
    ("cheaper", "more expensive"),
    ("down from", "up from"),
    ("down", "up"),
    ("less than", "more than"),
    ("% less", "% more"),
    ("below", "above"),
    ("reduced by", "raised by"),
    ("reduced by", "increased by"),
    ("reduced from", "raised from"),
    ("Reduced", "Raised"),
    ("reduced", "raised"),
    ("lowered", "raised"),
    ("raised", "lowered"),
    ("raised", "cut"),
    ("lowest", "highest"),
    ("highest", "lowest"),
    ("price up", "price down"),
    ("Keyboard up", "Keyboard down"),
    ("Price cut", "Price rise"),
    ("came back", "sold out"),
    ("returned", "sold out"),
    ("ahead of", "behind"),
    ("rose", "declined"),
    ("fell", "went up"),
    ("climbed", "dropped"),
];
const OPPOSITES_FR: [(&str, &str); 42] = [
    ("baissé", "augmenté"),
    ("baissé", "grimpé"),
    ("augmenté", "baissé"),
    ("augmenté", "diminué"),
    ("en baisse", "en hausse"),
    ("en hausse", "en baisse"),
    ("une baisse", "une hausse"),
    ("une hausse", "une baisse"),
    ("Baisse", "Hausse"),
    ("plus cher", "moins cher"),
    ("moins chère", "plus chère"),
    ("Moins chère", "Plus chère"),
    ("grimpé", "chuté"),
    ("grimpé", "baissé"),
    ("grimpe", "recule"),
    ("recule", "grimpe"),
    ("reculé", "progressé"),
    ("progressé", "reculé"),
    ("chuté", "grimpé"),
    ("chuté", "augmenté"),
    ("diminué", "augmenté"),
    ("monté", "descendu"),
    ("descendu", "monté"),
    ("monte", "descend"),
    ("descend", "monte"),
    ("abaissé", "relevé"),
    ("relevé", "abaissé"),
    ("de moins", "de plus"),
    ("de plus", "de moins"),
    ("réduit", "majoré"),
    ("réduite", "majorée"),
    ("réduites", "majorées"),
    ("réduits", "majorés"),
    ("est réduit", "a augmenté"),
    ("le plus bas", "le plus haut"),
    ("le plus haut", "le plus bas"),
    ("revenue", "épuisée"),
    ("revenus", "épuisés"),
    ("devant", "derrière"),
    ("augmenté", "reculé"),
    ("descendue", "montée"),
    ("au lieu de", "au-dessus de"),
];
/// What a fact says that tells before from after.
const MOVES: [&str; 16] = [
    "discount",
    "remise",
    "baisse",
    "hausse",
    "fell",
    "rose",
    "climbed",
    "slipped",
    "reduced",
    "below",
    "baissé",
    "augmenté",
    "monté",
    "descendu",
    "réduit",
    "moins",
];

pub(super) fn reversed(spot: &Spot<'_>) -> Vec<String> {
    let pairs = match spot.language() {
        Language::En => OPPOSITES_EN,
        Language::Fr => OPPOSITES_FR,
    };
    let word = |(word, opposite): (&str, &str)| {
        let at = find_word(spot.text, word)?;
        Some(replaced(spot.text, &(at..at + word.len()), opposite))
    };
    let mut texts: Vec<_> = pairs.into_iter().filter_map(word).collect();
    let found = numbers(spot.text, spot.language());
    let turned = found
        .windows(2)
        .filter_map(|it| turned(spot, &it[0], &it[1]));
    texts.extend(turned);
    texts
}

/// Before in the place of after, where a cited fact tells them apart.
fn turned(spot: &Spot<'_>, one: &Number, other: &Number) -> Option<String> {
    let text = spot.text;
    let is_share = |it: &Number| text[it.range.end..].trim_start().starts_with('%');
    let between = &text[one.range.end..other.range.start];
    let joints = [
        " to ",
        " à ",
        " from ",
        "less than",
        "moins que",
        "instead of",
        "au lieu de",
        "contre",
        "after",
        "après",
    ];
    let is_joint = joints.iter().any(|it| between.contains(it)) && !between.contains(['.', ';']);
    let both = |fact: &&&str| {
        let values: Vec<_> = numbers(fact, spot.language())
            .iter()
            .map(|it| it.milli)
            .collect();
        values.contains(&one.milli) && values.contains(&other.milli)
    };
    let is_move = |fact: &&str| MOVES.iter().any(|it| fact.contains(it));
    let known = spot.cited.iter().filter(both).any(is_move);
    if is_share(one) || is_share(other) || !is_joint || !known || one.milli == other.milli {
        return None;
    }
    let (first, second) = (&text[one.range.clone()], &text[other.range.clone()]);
    Some(replaced(
        &replaced(text, &other.range, first),
        &one.range,
        second,
    ))
}
