//! What is known of a shop: what it sells at which prices, its places in the ranking, and what changed there.

use catalog::{
    FactSource, Language, ObservedRow, ProductRow, RankedRow, Ranking, ShopStatus, UnixMs,
};

use super::groups::groups;
use super::news::{capital, changes, named, price_moves};
use super::sheet::{PRODUCTS, Sheet};
use super::{FactSheet, Subject, prices, wording};

#[cfg(test)]
mod tests;

const MAX_GROUPS: usize = 5;
const MAX_NAMED: usize = 3;

/// What a sheet of a shop is made of.
#[derive(Debug, Clone, Copy)]
pub struct ShopInput<'a> {
    /// The shop with its numbers.
    pub status: &'a ShopStatus,
    /// Its products, or the first of them.
    pub products: &'a [ProductRow],
    /// The latest ranking, whether or not products of the shop have places in it.
    pub ranking: Option<&'a Ranking>,
    /// What changed; what changed in other shops is left out.
    pub observed: &'a [ObservedRow],
}

/// Returns what is known of a shop.
pub fn shop(input: &ShopInput<'_>, language: Language) -> FactSheet {
    let (status, key) = (input.status, &input.status.shop.key);
    let mut sheet = Sheet::new(language);
    let at = status.last_complete_at;
    let name = wording::shop(key);
    size(&mut sheet, input, &name);
    let whose = of_those_read(&sheet, input);
    prices::add(&mut sheet, input.products.iter(), &whose, at);
    available(&mut sheet, input.products, at);
    let types = input.products.iter().map(|row| row.product_type.trim());
    add_groups(&mut sheet, "by_type", types, at);
    let brands = input.products.iter().map(|row| row.vendor.trim());
    add_groups(&mut sheet, "by_brand", brands, at);
    if let Some(ranking) = input.ranking {
        places(&mut sheet, input, ranking, &name);
    }
    let of_shop = changes(input.observed).filter(|(row, _)| row.observation.product.shop == *key);
    price_moves(&mut sheet, of_shop, MAX_NAMED);
    sheet.finish(&Subject::Shop(key.clone()), name)
}

fn size(sheet: &mut Sheet, input: &ShopInput<'_>, name: &str) {
    let (status, n_read) = (input.status, input.products.len());
    let from = (FactSource::Catalogue, status.last_complete_at);
    let n = usize::try_from(status.n_products).unwrap_or(usize::MAX);
    let products = sheet.counted(n, PRODUCTS);
    let sentences = match n {
        0 => [
            format!("The shop {name} has no products."),
            format!("La boutique {name} n’a aucun produit."),
        ],
        _ => [
            format!("The shop {name} has {products}."),
            format!("La boutique {name} a {products}."),
        ],
    };
    sheet.add("shop_name", from, sentences);
    if n_read < n {
        let sentences = [
            format!(
                "Prices, stock, types and brands were worked out from {n_read} of its {products}."
            ),
            format!(
                "Les prix, le stock, les types et les marques sont ceux de {n_read} de ses {products}."
            ),
        ];
        sheet.add("sample", from, sentences);
    }
    let n_gone = usize::try_from(status.n_gone).unwrap_or(usize::MAX);
    if n_gone > 0 {
        let gone = sheet.counted(n_gone, PRODUCTS);
        let [has, a] = match n_gone {
            1 => ["has", "a quitté"],
            _ => ["have", "ont quitté"],
        };
        let sentences = [
            format!("{gone} {has} left its list so far."),
            format!("{gone} {a} sa liste jusqu’ici."),
        ];
        sheet.add("gone", from, sentences);
    }
}

/// Returns whose prices are told where not all products were read; nothing where all were.
fn of_those_read(sheet: &Sheet, input: &ShopInput<'_>) -> [String; 2] {
    let n_read = input.products.len();
    if n_read as u64 >= input.status.n_products {
        return [String::new(), String::new()];
    }
    let products = sheet.counted(n_read, PRODUCTS);
    [
        format!(" of {products} looked at"),
        format!(" de {products} parmi les siens"),
    ]
}

/// Says how many of the products can be bought.
pub(super) fn available(sheet: &mut Sheet, products: &[ProductRow], at: Option<UnixMs>) {
    let (n, all) = (
        products
            .iter()
            .filter(|row| row.in_stock == Some(true))
            .count(),
        products.len(),
    );
    if all == 0 {
        return;
    }
    let (of_all, n_french) = (sheet.counted(all, PRODUCTS), sheet.counted(n, PRODUCTS));
    let [are, sont] = match wording::is_singular(sheet.language, n as u64) {
        true => ["is", "est disponible"],
        false => ["are", "sont disponibles"],
    };
    let sentences = [
        format!("{n} of {of_all} {are} known to be available."),
        format!("{n_french} sur {all} {sont} à notre connaissance."),
    ];
    sheet.add("availability", (FactSource::Derived, at), sentences);
}

/// Counts what products have in common by a word of their sellers; those without such a word are not told of.
pub(super) fn add_groups<'a>(
    sheet: &mut Sheet,
    topic: &str,
    words: impl ExactSizeIterator<Item = &'a str>,
    at: Option<UnixMs>,
) {
    let all = words.len();
    let groups = groups(words).into_iter();
    for group in groups
        .filter(|group| !group.key.is_empty())
        .take(MAX_GROUPS)
    {
        add_group(sheet, topic, (group.key, group.n), all, at);
    }
}

/// Says how many products have a type or, with the topic `by_brand`, a brand.
pub(super) fn add_group(
    sheet: &mut Sheet,
    topic: &str,
    (word, n): (&str, usize),
    all: usize,
    at: Option<UnixMs>,
) {
    let Some(word) = sheet.quoted(word, 80) else {
        return;
    };
    let (of_all, n_french) = (sheet.counted(all, PRODUCTS), sheet.counted(n, PRODUCTS));
    let [are, sont] = match n {
        1 => ["is", "est"],
        _ => ["are", "sont"],
    };
    let [of, de] = match topic {
        "by_brand" => ["brand", "de la marque"],
        _ => ["type", "du type"],
    };
    let sentences = [
        format!("{n} of {of_all} {are} of the {of} {word}."),
        format!("{n_french} sur {all} {sont} {de} {word}."),
    ];
    sheet.add(topic, (FactSource::Derived, at), sentences);
}

fn places(sheet: &mut Sheet, input: &ShopInput<'_>, ranking: &Ranking, name: &str) {
    let from = (FactSource::Ranking, Some(ranking.at));
    let key = &input.status.shop.key;
    let rows = ranking
        .rows
        .iter()
        .filter(|row| row.product.id.shop == *key);
    let rows: Vec<&RankedRow> = rows.collect();
    let (n, all) = (rows.len(), ranking.rows.len());
    let of_all = sheet.counted(all, ["place", "places", "place", "places"]);
    let n_french = sheet.counted(n, ["place", "places", "place", "places"]);
    let [goes, revient] = match n {
        1 => ["goes", "revient"],
        _ => ["go", "reviennent"],
    };
    let sentences = match n {
        0 => [
            format!("None of the {of_all} of the ranking goes to {name}."),
            format!("Aucune des {of_all} du classement ne revient à {name}."),
        ],
        _ => [
            format!("{n} of {of_all} of the ranking {goes} to {name}."),
            format!("{n_french} sur {all} du classement {revient} à {name}."),
        ],
    };
    sheet.add("rank", from, sentences);
    for row in rows.into_iter().take(MAX_NAMED) {
        let product = capital(&named(sheet, &row.product.id, &row.product.title));
        let rank = row.rank;
        let sentences = [
            format!("{product} has place {rank}."),
            format!("{product} occupe la place {rank}."),
        ];
        sheet.add("place", from, sentences);
    }
}
