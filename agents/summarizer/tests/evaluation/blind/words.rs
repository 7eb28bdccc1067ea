//! Lies about which product, about offers and about directions.

use super::{Chance, Place, Sample, Text};

/// What products, brands and shops of the set are called.
pub(super) struct Names {
    kinds: [Vec<String>; 3],
}

impl Names {
    pub(super) fn of(samples: &[Sample]) -> Self {
        let mut kinds = [Vec::new(), Vec::new(), Vec::new()];
        for fact in samples.iter().flat_map(|it| &it.sheet.facts) {
            let kind = ["title", "brand", "shop"]
                .iter()
                .position(|it| *it == fact.topic);
            let Some(kind) = kind else { continue };
            let name = match kind {
                2 => fact
                    .text
                    .trim_end_matches('.')
                    .rsplit(' ')
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
                _ => between_quotes(&fact.text),
            };
            if !kinds[kind].contains(&name) {
                kinds[kind].push(name);
            }
        }
        Self { kinds }
    }
}

fn between_quotes(text: &str) -> String {
    let is_quote = |it: char| matches!(it, '“' | '”' | '«' | '»');
    let inner = text.split(is_quote).nth(1).unwrap_or_default();
    inner.trim_matches(['\u{202f}', '\u{a0}', ' ']).to_owned()
}

/// Returns the text with the name of a product, a brand or a shop in the place of another's.
pub(super) fn products(text: &Text<'_>, names: &Names, chance: &mut Chance) -> Vec<String> {
    let said = |name: &str| text.facts().any(|it| it.contains(name));
    let mut lies = Vec::new();
    for names in &names.kinds {
        let foreign: Vec<&String> = names.iter().filter(|it| !said(it)).collect();
        let own: Vec<&String> = names.iter().filter(|it| text.text.contains(*it)).collect();
        for name in own.iter().filter(|it| said(it)) {
            let Some(at) = text.text.find(name.as_str()) else {
                continue;
            };
            let range = at..at + name.len();
            lies.extend(chance.one(&foreign).map(|it| text.with(range, it)));
        }
    }
    lies.extend(within(text, &names.kinds[0], chance));
    lies
}

/// Returns a claim about one product of a list with another one of that list: its place or price is not theirs.
fn within(text: &Text<'_>, titles: &[String], chance: &mut Chance) -> Option<String> {
    let own: Vec<&String> = titles.iter().filter(|it| text.text.contains(*it)).collect();
    let [name] = own.as_slice() else { return None };
    let is_numbered = text
        .text
        .replace(name.as_str(), "")
        .contains(|it: char| it.is_ascii_digit());
    let is_cited = |title: &str| text.cited.iter().any(|it| it.contains(title));
    let others = titles.iter().filter(|it| it != name && !is_cited(it));
    let others: Vec<&String> = others
        .filter(|it| text.facts().any(|fact| fact.contains(*it)))
        .collect();
    let is_claim = matches!(text.at, Place::Claim(_));
    let other = chance.one(&others).filter(|_| is_claim && is_numbered)?;
    Some(text.text.replacen(name.as_str(), other, 1))
}

/// Sentences that tell of a reduction by a number that no sheet has.
const NUMBERED: [[&str; 8]; 2] = [
    [
        " It is currently 45% off.",
        " Buyers save 25% at the moment.",
        " A voucher takes another 15% off.",
        " It is reduced by 60%.",
        " A discount of 35% applies.",
        " The shop grants a rebate of 55%.",
        " Members pay 22% less.",
        " Marked down by 70%.",
    ],
    [
        " Il est actuellement à -45 %.",
        " On économise 25 % en ce moment.",
        " Un bon de réduction de 15 % s’y ajoute.",
        " Il est réduit de 60 %.",
        " Une remise de 35 % s’applique.",
        " La boutique accorde un rabais de 55 %.",
        " Les membres paient 22 % de moins.",
        " Le tout avec 70 % de réduction.",
    ],
];
/// The same without a number, for what is not reduced.
const PLAIN: [[&str; 8]; 2] = [
    [
        " It is on sale this week.",
        " Its price has been halved.",
        " It is part of the clearance sale.",
        " Two are sold for the price of one.",
        " It is now at half price.",
        " A special offer applies until Sunday.",
        " It comes with a voucher.",
        " It is sold at a reduced price.",
    ],
    [
        " Il est en promotion cette semaine.",
        " Son prix a été divisé par deux.",
        " Il fait partie des soldes.",
        " Deux sont vendus pour le prix d’un.",
        " Il est vendu à moitié prix.",
        " C’est une offre à durée limitée.",
        " Un bon d’achat est offert.",
        " Il est vendu à prix réduit.",
    ],
];
/// Clauses before the end of a sentence.
const CLAUSES: [[&str; 4]; 2] = [
    [
        ", at 40% off",
        ", with a rebate of 12%",
        " (65% off)",
        ", a saving of 90%",
    ],
    [
        ", avec un rabais de 40 %",
        ", soit 65 % de réduction",
        " (-52 %)",
        ", une économie de 90 %",
    ],
];

/// Returns the text with a reduction that nobody stated.
pub(super) fn discounts(text: &Text<'_>, chance: &mut Chance) -> Vec<String> {
    let french = usize::from(text.is_french());
    let is_reduced = text.facts().any(|it| {
        [
            "discount",
            "remise",
            " fell ",
            "baisse",
            "reduction",
            "réduction",
        ]
        .iter()
        .any(|word| it.contains(word))
    });
    let mut lies = Vec::new();
    let clause = chance.one(&CLAUSES[french]).copied().unwrap_or_default();
    match text.text.strip_suffix('.') {
        Some(start) => {
            lies.push(format!("{start}{clause}."));
            let end = chance.one(&NUMBERED[french]).copied().unwrap_or_default();
            lies.push(format!("{}{end}", text.text));
            if !is_reduced {
                let end = chance.one(&PLAIN[french]).copied().unwrap_or_default();
                lies.push(format!("{}{end}", text.text));
            }
        }
        None => lies.push(format!("{}{clause}", text.text)),
    }
    lies
}

const TURNS: [&[(&str, &str)]; 2] = [
    &[
        ("rose", "fell"),
        ("fell", "rose"),
        ("risen", "fallen"),
        ("rises", "falls"),
        ("rise", "fall"),
        ("fall", "rise"),
        ("falls", "rises"),
        ("up", "down"),
        ("down", "up"),
        ("dearer", "cheaper"),
        ("cheaper", "dearer"),
        ("raised", "lowered"),
        ("higher", "lower"),
        ("lower", "higher"),
        ("above", "below"),
        ("below", "above"),
        ("dropped", "climbed"),
        ("climbed", "slipped"),
        ("climbs", "slips"),
        ("slipped", "climbed"),
        ("joined", "left"),
        ("left", "joined"),
        ("came back in stock", "sold out"),
        ("returned to stock", "ran out of stock"),
        ("been back in stock", "been sold out"),
        ("strong", "weak"),
        ("weak", "strong"),
        ("reduced", "raised"),
    ],
    &[
        ("baissé", "augmenté"),
        ("augmenté", "baissé"),
        ("augmente", "diminue"),
        ("baisse", "hausse"),
        ("hausse", "baisse"),
        ("baisses", "hausses"),
        ("plus cher", "moins cher"),
        ("plus chère", "moins chère"),
        ("est monté", "est descendu"),
        ("est descendu", "est monté"),
        ("est tombé", "est monté"),
        ("grimpé", "chuté"),
        ("grimpe", "recule"),
        ("monte", "descend"),
        ("reculé", "grimpé"),
        ("glissé", "grimpé"),
        ("renchéri", "baissé"),
        ("plus élevé", "plus bas"),
        ("plus bas", "plus haut"),
        ("au-dessus", "au-dessous"),
        ("au-dessous", "au-dessus"),
        ("fort", "faible"),
        ("faible", "fort"),
        ("points forts", "points faibles"),
        ("a quitté", "a rejoint"),
        ("ont quitté", "ont rejoint"),
        ("ont rejoint", "ont quitté"),
        ("réapprovisionnée", "épuisée"),
        ("réapprovisionné", "épuisé"),
        ("de nouveau en stock", "en rupture de stock"),
        ("de moins", "de plus"),
        ("de plus", "de moins"),
    ],
];

/// Returns the text with one direction turned, or with before and after exchanged.
pub(super) fn directions(text: &Text<'_>) -> Vec<String> {
    // As often up as down is true both ways; a range goes neither way.
    let is_both = text.sample.name.starts_with("changes_may_a") && !text.text.contains('%');
    let is_range = text.text.contains("up to €");
    if is_both || is_range {
        return Vec::new();
    }
    let mut lies = Vec::new();
    for (was, new) in TURNS[usize::from(text.is_french())] {
        let found = text.find(was);
        // Twice the same direction, and one turned, might be told of something else.
        if let [at] = found.as_slice() {
            lies.push(text.with(*at..at + was.len(), new));
        }
    }
    for fact in &text.cited {
        lies.extend(exchanged(text, fact));
    }
    lies.sort();
    lies.dedup();
    lies
}

/// Returns the text with `from 1 to 2` as `from 2 to 1`, where a fact tells of a move from 1 to 2.
fn exchanged(text: &Text<'_>, fact: &str) -> Option<String> {
    let (starts, to) = match text.is_french() {
        true => (
            ["est passé de ", "est monté de ", "est descendu de "],
            " à ",
        ),
        false => ([" rose from ", " fell from ", " fell from "], " to "),
    };
    let rest = starts.iter().find_map(|it| Some(fact.split_once(it)?.1))?;
    let (before, rest) = rest.split_once(to)?;
    let after = rest.split(" (").next()?;
    let after = after.trim_end_matches('.').split(" in the shop").next()?;
    let after = after.split(" des meilleures").next()?;
    let [was, new] = [(before, after), (after, before)].map(|(one, two)| format!("{one}{to}{two}"));
    text.text
        .contains(&was)
        .then(|| text.text.replacen(&was, &new, 1))
}
