//! What is known of one product: what it is and costs, how that changed, and where it stands.

mod forms;
mod history;
mod offer;
pub(super) mod place;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use catalog::{FactSource, Language, Observation, Product, Ranking, UnixMs};

use super::clean::{clean, clean_html};
use super::sheet::Sheet;
use super::{FactSheet, Subject, wording};

/// The longest title, and the longest brand or type, in characters.
const MAX_TITLE: usize = 150;
const MAX_NAME: usize = 80;
/// The longest tag or value of an option, and how many of them are named.
const MAX_VALUE: usize = 40;
const MAX_VALUES: usize = 12;
/// The longest description.
const MAX_DESCRIPTION: usize = 600;

/// What a sheet of a product is made of.
#[derive(Debug, Clone, Copy)]
pub struct ProductInput<'a> {
    /// The product as it is stored.
    pub product: &'a Product,
    /// When it was last confirmed; stands beside the facts, not in them.
    pub crawled_at: Option<UnixMs>,
    /// Its history, oldest first.
    pub observations: &'a [Observation],
    /// The latest ranking, whether or not the product has a place in it.
    pub ranking: Option<&'a Ranking>,
}

/// Returns what is known of a product.
pub fn product(input: &ProductInput<'_>, language: Language) -> FactSheet {
    let product = input.product;
    let mut sheet = Sheet::new(language);
    identity(&mut sheet, input);
    history::gone(&mut sheet, input);
    offer::add(&mut sheet, input);
    forms::add(&mut sheet, input);
    looks(&mut sheet, input);
    history::add(&mut sheet, input);
    if let Some(ranking) = input.ranking {
        place::add(&mut sheet, ranking, &product.id);
    }
    let description = clean_html(&product.body_html, MAX_DESCRIPTION);
    missing(&mut sheet, input, &description);
    if !description.is_empty() {
        // The seller's own words as they are: what they say is not known to be true.
        let from = (FactSource::Seller, input.crawled_at);
        sheet.add("description", from, [description.clone(), description]);
    }
    let title = match clean(&product.title, MAX_TITLE) {
        title if title.is_empty() => untitled(product, language),
        title => title,
    };
    sheet.finish(&Subject::Product(product.id.clone()), title)
}

/// Returns what a product without a title is called.
fn untitled(product: &Product, language: Language) -> String {
    let id = clean(&product.id.native.to_string(), MAX_NAME);
    wording::pick(language, [format!("Product {id}"), format!("Produit {id}")])
}

impl ProductInput<'_> {
    /// Returns where facts of the shop's list come from.
    fn catalogue(&self) -> (FactSource, Option<UnixMs>) {
        (FactSource::Catalogue, self.crawled_at)
    }

    /// Returns where facts come from that were worked out from the shop's list.
    fn derived(&self) -> (FactSource, Option<UnixMs>) {
        (FactSource::Derived, self.crawled_at)
    }
}

fn identity(sheet: &mut Sheet, input: &ProductInput<'_>) {
    let (product, from) = (input.product, input.catalogue());
    let sentences = match sheet.quoted(&product.title, MAX_TITLE) {
        Some(title) => [
            format!("The product is called {title}."),
            format!("Le produit a pour titre {title}."),
        ],
        None => [
            "The product has no title.".to_owned(),
            "Le produit n’a pas de titre.".to_owned(),
        ],
    };
    sheet.add("title", from, sentences);
    let shop = wording::shop(&product.id.shop);
    let sentences = [
        format!("It is sold by the shop {shop}."),
        format!("Il est vendu par la boutique {shop}."),
    ];
    sheet.add("shop", from, sentences);
    if let Some(vendor) = sheet.quoted(&product.vendor, MAX_NAME) {
        let sentences = [
            format!("Its brand is {vendor}."),
            format!("Sa marque est {vendor}."),
        ];
        sheet.add("brand", from, sentences);
    }
    if let Some(name) = sheet.quoted(&product.product_type, MAX_NAME) {
        let sentences = [
            format!("Its type is {name}."),
            format!("Son type est {name}."),
        ];
        sheet.add("type", from, sentences);
    }
}

fn looks(sheet: &mut Sheet, input: &ProductInput<'_>) {
    let (product, from) = (input.product, input.catalogue());
    let n_images = product.images.len();
    let images = sheet.counted(n_images, ["image", "images", "image", "images"]);
    let sentences = match n_images {
        0 => [
            "It has no images.".to_owned(),
            "Il n’a pas d’image.".to_owned(),
        ],
        _ => [format!("It has {images}."), format!("Il a {images}.")],
    };
    sheet.add("images", from, sentences);
    let (tags, n_tags) = distinct(sheet, product.tags.iter());
    let (shown, all) = (sheet.list(&tags), n_tags);
    if n_tags > 0 {
        let sentences = match (n_tags, n_tags > tags.len()) {
            (1, _) => [
                format!("Its tag is {shown}."),
                format!("Son étiquette est {shown}."),
            ],
            (_, false) => [
                format!("Its tags are {shown}."),
                format!("Ses étiquettes sont {shown}."),
            ],
            (_, true) => [
                format!("Among its {all} tags are {shown}."),
                format!("Parmi ses {all} étiquettes figurent {shown}."),
            ],
        };
        sheet.add("tags", from, sentences);
    }
    if let Some(at) = product.published_at {
        let day = sheet.date(at);
        let sentences = [
            format!("It was published on {day}."),
            format!("Il a été publié le {day}."),
        ];
        sheet.add("published", from, sentences);
    }
}

/// Returns the first of the different words, quoted, and how many there are.
fn distinct<'a>(sheet: &Sheet, words: impl Iterator<Item = &'a String>) -> (Vec<String>, usize) {
    let mut seen = HashSet::new();
    let mut shown = Vec::new();
    for word in words {
        if let Some(word) = sheet.quoted(word, MAX_VALUE)
            && seen.insert(word.to_lowercase())
            && shown.len() < MAX_VALUES
        {
            shown.push(word);
        }
    }
    (shown, seen.len())
}

/// Says what the shop does not say, so that nobody makes it up.
fn missing(sheet: &mut Sheet, input: &ProductInput<'_>, description: &str) {
    let product = input.product;
    let is_blank = |text: &str| clean(text, MAX_NAME).is_empty();
    let parts = [
        (is_blank(&product.vendor), ["brand", "marque"]),
        (is_blank(&product.product_type), ["type", "type"]),
        (
            distinct(sheet, product.tags.iter()).1 == 0,
            ["tags", "étiquettes"],
        ),
        (description.is_empty(), ["description", "description"]),
    ];
    let lacks = parts.into_iter().filter(|(lacks, _)| *lacks);
    let lacks: Vec<&str> = lacks
        .map(|(_, names)| wording::pick(sheet.language, names))
        .collect();
    if lacks.is_empty() {
        return;
    }
    let sentences = [
        format!("The shop gives no {}.", lacks.join(", no ")),
        match lacks.as_slice() {
            [one] => format!("La boutique n’indique pas de {one}."),
            more => format!("La boutique n’indique ni {}.", more.join(", ni ")),
        },
    ];
    sheet.add("missing", input.catalogue(), sentences);
}
