//! What is known of a span of time: how much changed, and what changed most.

use catalog::{Change, ChangeKind, FactSource, Language, ObservedRow, ShopKey, UnixMs};

use super::groups::groups;
use super::news::{self, capital, named, price_moves};
use super::sheet::{PRODUCTS, Sheet};
use super::{FactSheet, Subject, wording};

#[cfg(test)]
mod tests;

/// So many moves of prices are told of, so many other changes of each kind, and so many shops.
const MAX_PRICE_MOVES: usize = 8;
const MAX_NAMED: usize = 3;
const MAX_SHOPS: usize = 5;

const CHANGES: [&str; 4] = ["change", "changes", "changement", "changements"];
const NEW_PRODUCTS: [&str; 4] = [
    "new product",
    "new products",
    "nouveau produit",
    "nouveaux produits",
];

/// The kinds in the order in which they are told.
const KINDS: [ChangeKind; 9] = [
    ChangeKind::Cheaper,
    ChangeKind::Dearer,
    ChangeKind::DiscountStart,
    ChangeKind::DiscountEnd,
    ChangeKind::SoldOut,
    ChangeKind::Restocked,
    ChangeKind::New,
    ChangeKind::Back,
    ChangeKind::Gone,
];

/// Returns what changed from `since` to `until`, as far as the observations say.
pub fn changes(
    observed: &[ObservedRow],
    since: UnixMs,
    until: UnixMs,
    language: Language,
) -> FactSheet {
    sheet_of(observed, (since, until), false, language)
}

/// Returns what changed from `since` to `until`, where only the first changes of that time were read, and says so.
pub(crate) fn first_changes(
    observed: &[ObservedRow],
    since: UnixMs,
    until: UnixMs,
    language: Language,
) -> FactSheet {
    sheet_of(observed, (since, until), true, language)
}

fn sheet_of(
    observed: &[ObservedRow],
    (since, until): (UnixMs, UnixMs),
    is_cut: bool,
    language: Language,
) -> FactSheet {
    let mut sheet = Sheet::new(language);
    let all: Vec<(&ObservedRow, Change)> = news::changes(observed).collect();
    period(&mut sheet, &all, (since, until));
    if is_cut {
        sample(&mut sheet, all.len(), until);
    }
    for kind in KINDS {
        let n = all.iter().filter(|(_, change)| change.kind == kind).count();
        // That all there is was first seen is said of the span.
        if n > 0 && (kind != ChangeKind::New || n < all.len()) {
            let sentences = count(&sheet, kind, n);
            sheet.add("kinds", (FactSource::Derived, Some(until)), sentences);
        }
    }
    price_moves(&mut sheet, all.iter().copied(), MAX_PRICE_MOVES);
    for kind in KINDS {
        named_changes(&mut sheet, &all, kind);
    }
    by_shop(&mut sheet, &all, until);
    let (from, to) = (sheet.date(since), sheet.date(until));
    let title = wording::pick(
        language,
        [
            format!("Changes from {from} to {to}"),
            format!("Changements du {from} au {to}"),
        ],
    );
    sheet.finish(&Subject::Changes, title)
}

/// Tells how much changed. That a product was first seen is no change of it, and is counted apart.
fn period(sheet: &mut Sheet, all: &[(&ObservedRow, Change)], (since, until): (UnixMs, UnixMs)) {
    let (from, to) = (sheet.date(since), sheet.date(until));
    let changed: Vec<_> = all.iter().filter(|it| !is_new(it)).collect();
    let (n, n_new) = (changed.len(), all.len() - changed.len());
    let n_products = groups(changed.iter().map(|(row, _)| &row.observation.product)).len();
    let changes = sheet.counted(n, CHANGES);
    let products = sheet.counted(n_products, PRODUCTS);
    let new = sheet.counted(n_new, PRODUCTS);
    let [were, ont, s] = match if n == 0 { n_new } else { n } {
        1 => ["was", "a été", ""],
        _ => ["were", "ont été", "s"],
    };
    let sentences = match (n, n_new) {
        (0, 0) => [
            format!("No change was observed from {from} to {to}."),
            format!("Aucun changement n’a été observé du {from} au {to}."),
        ],
        (0, _) => [
            format!("From {from} to {to}, {new} {were} first seen, and no change was observed."),
            format!(
                "Du {from} au {to}, {new} {ont} vu{s} pour la première fois, et aucun changement n’a été observé."
            ),
        ],
        _ => [
            format!("From {from} to {to}, {changes} of {products} {were} observed."),
            format!("Du {from} au {to}, {changes} de {products} {ont} observé{s}."),
        ],
    };
    sheet.add("period", (FactSource::Derived, Some(until)), sentences);
}

fn is_new((_, change): &(&ObservedRow, Change)) -> bool {
    change.kind == ChangeKind::New
}

fn sample(sheet: &mut Sheet, n: usize, until: UnixMs) {
    let changes = sheet.counted(n, ["change", "changes", "changement", "changements"]);
    let [were, ont] = match n {
        1 => ["was", "a été lu"],
        _ => ["were", "ont été lus"],
    };
    let sentences = [
        format!("No more than {changes} {were} read, so that there may be more."),
        format!("Pas plus de {changes} {ont}, si bien qu’il peut y en avoir d’autres."),
    ];
    sheet.add("sample", (FactSource::Derived, Some(until)), sentences);
}

fn count(sheet: &Sheet, kind: ChangeKind, n: usize) -> [String; 2] {
    let times = sheet.counted(n, ["time", "times", "fois", "fois"]);
    let products = sheet.counted(n, PRODUCTS);
    let of_products = |one: [&str; 2], more: [&str; 2]| {
        let [english, french] = if n == 1 { one } else { more };
        [
            format!("{products} {english}."),
            format!("{products} {french}."),
        ]
    };
    let of_times =
        |english: &str, french: &str| [format!("{english} {times}."), format!("{french} {times}.")];
    match kind {
        ChangeKind::Cheaper => of_times("Prices fell", "Des prix ont baissé"),
        ChangeKind::Dearer => of_times("Prices rose", "Des prix ont augmenté"),
        ChangeKind::DiscountStart => of_times("Discounts began", "Des remises ont commencé"),
        ChangeKind::DiscountEnd => of_times("Discounts ended", "Des remises ont pris fin"),
        ChangeKind::SoldOut => of_times("Variants sold out", "Des variantes ont été épuisées"),
        ChangeKind::Restocked => of_times(
            "Variants came back in stock",
            "Des variantes ont été réapprovisionnées",
        ),
        ChangeKind::New => of_products(
            ["was first seen", "a été vu pour la première fois"],
            ["were first seen", "ont été vus pour la première fois"],
        ),
        ChangeKind::Back => of_products(
            [
                "came back into its shop’s list",
                "est revenu dans la liste de sa boutique",
            ],
            [
                "came back into their shops’ lists",
                "sont revenus dans la liste de leur boutique",
            ],
        ),
        ChangeKind::Gone => of_products(
            ["left its shop’s list", "a quitté la liste de sa boutique"],
            [
                "left their shops’ lists",
                "ont quitté la liste de leur boutique",
            ],
        ),
    }
}

/// Names the first products that a change befell; moves of prices are told elsewhere.
fn named_changes(sheet: &mut Sheet, all: &[(&ObservedRow, Change)], kind: ChangeKind) {
    let (topic, english, french) = match kind {
        ChangeKind::SoldOut => (
            "stock",
            "A variant of {} sold out",
            "Une variante de {} a été épuisée",
        ),
        ChangeKind::Restocked => (
            "stock",
            "A variant of {} came back in stock",
            "Une variante de {} a été réapprovisionnée",
        ),
        ChangeKind::New => (
            "new",
            "{} was first seen",
            "{} a été vu pour la première fois",
        ),
        ChangeKind::Back => ("back", "{} came back", "{} est revenu"),
        ChangeKind::Gone => (
            "gone",
            "{} left its shop’s list",
            "{} a quitté la liste de sa boutique",
        ),
        ChangeKind::Cheaper
        | ChangeKind::Dearer
        | ChangeKind::DiscountStart
        | ChangeKind::DiscountEnd => return,
    };
    let of_kind = all.iter().filter(|(_, change)| change.kind == kind);
    let products = groups(of_kind.map(|(row, _)| &row.observation.product));
    for group in products.into_iter().take(MAX_NAMED) {
        let is_first = |(row, change): &&(&ObservedRow, Change)| {
            change.kind == kind && row.observation.product == *group.key
        };
        let Some((row, _)) = all.iter().find(is_first) else {
            continue;
        };
        let product = named(sheet, group.key, &row.title);
        let day = sheet.date(row.observation.at);
        let sentence =
            |form: &str, on: &str| capital(&form.replace("{}", &product)) + &format!(" {on}{day}.");
        let sentences = [sentence(english, "on "), sentence(french, "le ")];
        let from = (FactSource::Observations, Some(row.observation.at));
        sheet.add(topic, from, sentences);
    }
}

/// Tells of which shops the changes are; where products were only first seen, of which those are.
fn by_shop(sheet: &mut Sheet, all: &[(&ObservedRow, Change)], until: UnixMs) {
    let is_only_new = all.iter().all(is_new);
    let nouns = match is_only_new {
        true => NEW_PRODUCTS,
        false => CHANGES,
    };
    let told = all.iter().filter(|it| is_only_new || !is_new(it));
    let keys: Vec<&ShopKey> = told.map(|(row, _)| &row.observation.product.shop).collect();
    let n_all = keys.len();
    let of_all = sheet.counted(n_all, nouns);
    let shops = groups(keys.into_iter());
    for group in shops.into_iter().take(MAX_SHOPS) {
        let (shop, n) = (wording::shop(group.key), group.n);
        let n_french = sheet.counted(n, nouns);
        let [is, vient] = match n {
            1 => ["is", "vient"],
            _ => ["are", "viennent"],
        };
        let sentences = [
            format!("{n} of {of_all} {is} from {shop}."),
            format!("{n_french} sur {n_all} {vient} de la boutique {shop}."),
        ];
        sheet.add("by_shop", (FactSource::Derived, Some(until)), sentences);
    }
}
