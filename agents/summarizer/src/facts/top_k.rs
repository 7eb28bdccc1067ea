//! What is known of a ranking: who has which place and why, who is new, and whose prices moved.

use catalog::{FactSource, Language, ObservedRow, ProductId, RankedRow, Ranking, UnixMs};

use super::groups::{Group, groups};
use super::news::{capital, changes, named, price_moves, price_of};
use super::product::place::{simulated, strong};
use super::sheet::{PRODUCTS, Sheet};
use super::wording::feature;
use super::{FactSheet, Subject, prices, wording};

mod against;
#[cfg(test)]
mod tests;

/// So many places are told of, and of so many why.
const MAX_PLACES: usize = 10;
const MAX_REASONS: usize = 5;
/// So many criteria of a preset are named.
const MAX_CRITERIA: usize = 3;
/// So many shops, and so many types.
const MAX_GROUPS: usize = 5;
const MAX_PRICE_MOVES: usize = 5;
/// Among fewer products than this a place is no merit.
const FEW: u64 = 30;

/// Returns what is known of a ranking, compared with the one before it, with the changes of its products.
///
/// Every sentence about a product names it and its shop. Changes of products without a place are left out.
pub fn top_k(
    ranking: &Ranking,
    previous: Option<&Ranking>,
    observed: &[ObservedRow],
    language: Language,
) -> FactSheet {
    let mut sheet = Sheet::new(language);
    let n = ranking.rows.len();
    list(&mut sheet, ranking);
    let rows = ranking.rows.iter().map(|row| &row.product);
    let all_listed = [String::new(), String::new()];
    prices::add(&mut sheet, rows, &all_listed, Some(ranking.at));
    places(&mut sheet, ranking);
    reasons(&mut sheet, ranking);
    if let Some(previous) = previous {
        against::add(&mut sheet, ranking, previous);
    }
    let is_listed = |id: &ProductId| ranking.rows.iter().any(|row| row.product.id == *id);
    let listed = changes(observed).filter(|(row, _)| is_listed(&row.observation.product));
    price_moves(&mut sheet, listed, MAX_PRICE_MOVES);
    by_shop(&mut sheet, ranking);
    by_type(&mut sheet, ranking);
    simulated(&mut sheet, ranking);
    sheet.finish(&Subject::TopK, format!("Top {n}"))
}

fn from(ranking: &Ranking) -> (FactSource, Option<UnixMs>) {
    (FactSource::Ranking, Some(ranking.at))
}

fn list(sheet: &mut Sheet, ranking: &Ranking) {
    let n = ranking.rows.len();
    let products = sheet.counted(n, PRODUCTS);
    let preset = super::clean::clean(&ranking.preset, 40);
    let (all, s) = (ranking.n_ranked, if n < 2 { "" } else { "s" });
    let sentences = match n {
        0 => [
            "The list has no products.".to_owned(),
            "La liste ne compte aucun produit.".to_owned(),
        ],
        _ => [
            format!("The list has {products}, chosen from {all} by the preset {preset}."),
            format!(
                "La liste compte {products}, choisi{s} parmi {all} selon le préréglage {preset}."
            ),
        ],
    };
    sheet.add("list", from(ranking), sentences);
    criteria(sheet, ranking);
    if (1..FEW).contains(&all) {
        let products = sheet.counted(usize::try_from(all).unwrap_or_default(), PRODUCTS);
        let [were, ont] = match all {
            1 => ["was", "a été classé"],
            _ => ["were", "ont été classés"],
        };
        let sentences = [
            format!("No more than {products} {were} ranked, so that the places say little."),
            format!("Pas plus de {products} {ont}, si bien que les places disent peu."),
        ];
        sheet.add("few_data", from(ranking), sentences);
    }
    if let Some(stability) = &ranking.stability {
        let share = wording::share(sheet.language, stability.overlap_mean);
        let draws = stability.draws;
        let sentences = [
            format!(
                "With weights drawn {draws} times around those of the preset, {share} of the list stays on average."
            ),
            format!(
                "Avec des poids tirés {draws} fois autour de ceux du préréglage, {share} de la liste reste en moyenne."
            ),
        ];
        sheet.add("stability", from(ranking), sentences);
    }
}

/// Tells what a preset is about: what weighs most in it. Of equal weights none weighs most.
fn criteria(sheet: &mut Sheet, ranking: &Ranking) {
    let mut weights: Vec<(&String, f64)> = ranking
        .features
        .iter()
        .zip(ranking.weights.iter().copied())
        .collect();
    weights.sort_by(|one, two| two.1.total_cmp(&one.1));
    let rest = weights.get(MAX_CRITERIA).map_or(0.0, |it| it.1);
    let most = weights.iter().take(MAX_CRITERIA);
    let most = most.filter(|it| it.1 > rest);
    let names: Vec<String> = most.map(|it| feature(sheet.language, it.0)).collect();
    let Some(preset) = sheet.quoted(&ranking.preset, 40) else {
        return;
    };
    let list = sheet.list(&names);
    let sentences = match names.len() {
        0 => return,
        1 => [
            format!("The criterion that weighs most in the preset {preset} is {list}."),
            format!("Le critère qui pèse le plus dans le préréglage {preset} est {list}."),
        ],
        _ => [
            format!("The criteria that weigh most in the preset {preset} are {list}."),
            format!("Les critères qui pèsent le plus dans le préréglage {preset} sont {list}."),
        ],
    };
    sheet.add("preset", from(ranking), sentences);
}

fn places(sheet: &mut Sheet, ranking: &Ranking) {
    for row in ranking.rows.iter().take(MAX_PLACES) {
        let product = named(sheet, &row.product.id, &row.product.title);
        let (rank, price) = (row.rank, price_of(sheet, &row.product));
        let sentences = [
            format!("{} has place {rank}{price}.", capital(&product)),
            format!("{} occupe la place {rank}{price}.", capital(&product)),
        ];
        sheet.add("place", from(ranking), sentences);
    }
}

fn reasons(sheet: &mut Sheet, ranking: &Ranking) {
    for row in ranking.rows.iter().take(MAX_REASONS) {
        let product = named(sheet, &row.product.id, &row.product.title);
        let names = strong(ranking, row).into_iter();
        let names: Vec<String> = names.map(|name| feature(sheet.language, name)).collect();
        let list = sheet.list(&names);
        let sentences = match names.len() {
            0 => continue,
            1 => [
                format!("The strong point of {product} is {list}."),
                format!("Le point fort de {product} est {list}."),
            ],
            _ => [
                format!("The strong points of {product} are {list}."),
                format!("Les points forts de {product} sont {list}."),
            ],
        };
        sheet.add("why", from(ranking), sentences);
    }
    let first = |row: &RankedRow| strong(ranking, row).into_iter().next();
    let strongest: Vec<&str> = ranking.rows.iter().filter_map(first).collect();
    if let Some(group) = groups(strongest.into_iter()).first() {
        let (name, n) = (feature(sheet.language, group.key), group.n);
        let all = ranking.rows.len();
        let products = sheet.counted(all, PRODUCTS);
        let produits = sheet.counted(n, PRODUCTS);
        let sentences = [
            format!("The strongest point of {n} of {products} is {name}."),
            format!("Le point le plus fort de {produits} sur {all} est {name}."),
        ];
        sheet.add("features", from(ranking), sentences);
    }
}

fn by_shop(sheet: &mut Sheet, ranking: &Ranking) {
    let shops = groups(ranking.rows.iter().map(|row| &row.product.id.shop));
    let n = sheet.counted(shops.len(), ["shop", "shops", "boutique", "boutiques"]);
    if !shops.is_empty() {
        let sentences = [
            format!("The products of the list are from {n}."),
            format!("Les produits de la liste viennent de {n}."),
        ];
        sheet.add("by_shops", from(ranking), sentences);
    }
    for group in shops.iter().take(MAX_GROUPS) {
        let shop = wording::shop(group.key);
        add_group(
            sheet,
            ranking,
            "by_shop",
            group,
            &[format!("from {shop}"), format!("de la boutique {shop}")],
        );
    }
}

fn by_type(sheet: &mut Sheet, ranking: &Ranking) {
    let types = groups(
        ranking
            .rows
            .iter()
            .map(|row| row.product.product_type.trim()),
    );
    let tell = types
        .iter()
        .filter(|it| !wording::is_default_type(it.key))
        .take(MAX_GROUPS);
    for group in tell {
        let whose = match sheet.quoted(group.key, 80) {
            Some(name) => [format!("of the type {name}"), format!("du type {name}")],
            None => ["without a type".to_owned(), "sans type".to_owned()],
        };
        add_group(sheet, ranking, "by_type", group, &whose);
    }
}

fn add_group<K>(
    sheet: &mut Sheet,
    ranking: &Ranking,
    topic: &str,
    group: &Group<K>,
    whose: &[String; 2],
) {
    let (n, best, all) = (group.n, group.first, ranking.rows.len());
    let places = sheet.counted(all, ["place", "places", "place", "places"]);
    let of_all = sheet.counted(n, ["place", "places", "place", "places"]);
    let [goes, revient] = match n {
        1 => ["goes to a product", "revient à un produit"],
        _ => ["go to products", "reviennent à des produits"],
    };
    let best = match n {
        1 => [
            format!(": place {best}"),
            format!("\u{a0}: la place {best}"),
        ],
        _ => [
            format!(", the best of them place {best}"),
            format!(", dont la meilleure est la place {best}"),
        ],
    };
    let sentences = [
        format!("{n} of {places} {goes} {}{}.", whose[0], best[0]),
        format!("{of_all} sur {all} {revient} {}{}.", whose[1], best[1]),
    ];
    sheet.add(topic, from(ranking), sentences);
}
