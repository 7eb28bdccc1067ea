//! What is known of a product type: who sells it at which prices, its stock, and its places in the ranking.

use catalog::{FactSource, Language, ProductRow, RankedRow, Ranking};

use super::groups::groups;
use super::news::{capital, named, price_of};
use super::sheet::{PRODUCTS, Sheet};
use super::shop::{add_groups, available};
use super::{FactSheet, Subject, prices, wording};

#[cfg(test)]
mod tests;

const MAX_SHOPS: usize = 5;
const MAX_NAMED: usize = 3;

/// What a sheet of a product type is made of.
#[derive(Debug, Clone, Copy)]
pub struct CategoryInput<'a> {
    /// What it is called, in a shop's spelling.
    pub name: &'a str,
    /// Its products, or the first of them.
    pub products: &'a [ProductRow],
    /// Whether there may be more products than these.
    pub is_cut: bool,
    /// The latest ranking, whether or not products of the type have places in it.
    pub ranking: Option<&'a Ranking>,
}

/// Returns what is known of a product type.
pub fn category(input: &CategoryInput<'_>, language: Language) -> FactSheet {
    let mut sheet = Sheet::new(language);
    let at = input.products.iter().map(|it| it.crawled_at).min();
    let name = sheet.quoted(input.name, 80).unwrap_or_default();
    let products = sheet.counted(input.products.len(), PRODUCTS);
    let from = (FactSource::Derived, at);
    let sentences = [
        format!("The type {name} has {products}."),
        format!("Le type {name} compte {products}."),
    ];
    match input.is_cut {
        false => sheet.add("category", from, sentences),
        true => {
            let sentences = [
                format!("{products} of the type {name} were looked at."),
                format!("{products} du type {name} ont été regardés."),
            ];
            sheet.add("category", from, sentences);
            let sentences = [
                "There may be more products of the type than those looked at.".to_owned(),
                "Il peut y avoir plus de produits du type que ceux regardés.".to_owned(),
            ];
            sheet.add("sample", from, sentences);
        }
    }
    let all = [String::new(), String::new()];
    prices::add(&mut sheet, input.products.iter(), &all, at);
    available(&mut sheet, input.products, at);
    by_shop(&mut sheet, input);
    let brands = input.products.iter().map(|row| row.vendor.trim());
    add_groups(&mut sheet, "by_brand", brands, at);
    if let Some(ranking) = input.ranking {
        places(&mut sheet, input, ranking, &name);
    }
    let title = wording::pick(language, [format!("Type {name}"), format!("Type {name}")]);
    sheet.finish(&Subject::Category(input.name.to_owned()), title)
}

fn by_shop(sheet: &mut Sheet, input: &CategoryInput<'_>) {
    let at = input.products.iter().map(|it| it.crawled_at).min();
    let all = input.products.len();
    let of_all = sheet.counted(all, PRODUCTS);
    let shops = groups(input.products.iter().map(|row| &row.id.shop));
    for group in shops.iter().take(MAX_SHOPS) {
        let (shop, n) = (wording::shop(group.key), group.n);
        let n_french = sheet.counted(n, PRODUCTS);
        let [is, vient] = match n {
            1 => ["is", "vient"],
            _ => ["are", "viennent"],
        };
        let sentences = [
            format!("{n} of {of_all} {is} from {shop}."),
            format!("{n_french} sur {all} {vient} de la boutique {shop}."),
        ];
        sheet.add("by_shop", (FactSource::Derived, at), sentences);
    }
}

fn places(sheet: &mut Sheet, input: &CategoryInput<'_>, ranking: &Ranking, name: &str) {
    let from = (FactSource::Ranking, Some(ranking.at));
    let wanted = key(input.name);
    let rows = ranking.rows.iter();
    let rows = rows.filter(|row| key(&row.product.product_type) == wanted);
    let rows: Vec<&RankedRow> = rows.collect();
    let (n, all) = (rows.len(), ranking.rows.len());
    let of_all = sheet.counted(all, ["place", "places", "place", "places"]);
    let n_french = sheet.counted(n, ["place", "places", "place", "places"]);
    let [goes, revient] = match n {
        1 => ["goes to a product", "revient à un produit"],
        _ => ["go to products", "reviennent à des produits"],
    };
    let sentences = match n {
        0 => [
            format!("None of the {of_all} of the ranking goes to a product of the type {name}."),
            format!("Aucune des {of_all} du classement ne revient à un produit du type {name}."),
        ],
        _ => [
            format!("{n} of {of_all} of the ranking {goes} of the type {name}."),
            format!("{n_french} sur {all} du classement {revient} du type {name}."),
        ],
    };
    sheet.add("rank", from, sentences);
    for row in rows.into_iter().take(MAX_NAMED) {
        let product = capital(&named(sheet, &row.product.id, &row.product.title));
        let (rank, price) = (row.rank, price_of(sheet, &row.product));
        let sentences = [
            format!("{product} has place {rank}{price}."),
            format!("{product} occupe la place {rank}{price}."),
        ];
        sheet.add("place", from, sentences);
    }
}

/// Returns what types are compared by, as [`ProductFilter`](catalog::ProductFilter) compares them.
fn key(product_type: &str) -> String {
    product_type.trim().to_lowercase()
}
