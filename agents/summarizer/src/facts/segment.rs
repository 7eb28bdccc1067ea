//! What is known of a segment: how large it is, what is in it, and what sets it apart.

use catalog::{FactSource, Language, Money, ProductRow, UnixMs};

use super::news::{capital, named};
use super::sheet::{PRODUCTS, Sheet};
use super::shop::add_group;
use super::wording::{decimal, feature, pick, two_amounts};
use super::{FactSheet, Subject};

#[cfg(test)]
mod tests;

const MAX_GROUPS: usize = 3;
const MAX_FEATURES: usize = 3;
const MAX_TYPICAL: usize = 3;

/// What a sheet of a segment is made of.
#[derive(Debug, Clone, Copy)]
pub struct SegmentInput<'a> {
    /// What it is called, such as `A`.
    pub name: &'a str,
    /// How many products are in it.
    pub n_products: usize,
    /// How many products are in all segments.
    pub n_all: usize,
    /// The least and the greatest price of its products, in one currency.
    pub prices: Option<(Money, Money)>,
    /// The most frequent types with their numbers of products.
    pub types: &'a [(String, usize)],
    /// The most frequent brands with their numbers of products.
    pub brands: &'a [(String, usize)],
    /// Its features by name, with the mean in the segment and of all products, each from 0 to 1.
    pub features: &'a [(String, f64, f64)],
    /// The products that are nearest to its middle.
    pub typical: &'a [&'a ProductRow],
    /// When it was worked out.
    pub at: UnixMs,
}

/// Returns what is known of a segment.
pub fn segment(input: &SegmentInput<'_>, language: Language) -> FactSheet {
    let mut sheet = Sheet::new(language);
    let (from, at) = ((FactSource::Derived, Some(input.at)), Some(input.at));
    let name = super::clean::clean(input.name, 40);
    let products = sheet.counted(input.n_products, PRODUCTS);
    let all = input.n_all;
    let sentences = [
        format!("The segment {name} has {products} of {all}."),
        format!("Le segment {name} compte {products} sur {all}."),
    ];
    sheet.add("segment", from, sentences);
    prices(&mut sheet, input);
    for (word, n) in input.types.iter().take(MAX_GROUPS) {
        add_group(&mut sheet, "by_type", (word, *n), input.n_products, at);
    }
    for (word, n) in input.brands.iter().take(MAX_GROUPS) {
        add_group(&mut sheet, "by_brand", (word, *n), input.n_products, at);
    }
    features(&mut sheet, input);
    for row in input.typical.iter().take(MAX_TYPICAL) {
        let product = capital(&named(&sheet, &row.id, &row.title));
        let sentences = [
            format!("{product} is typical of the segment {name}."),
            format!("{product} est typique du segment {name}."),
        ];
        sheet.add("typical", from, sentences);
    }
    let title = pick(
        language,
        [format!("Segment {name}"), format!("Segment {name}")],
    );
    sheet.finish(&Subject::Segment(input.name.to_owned()), title)
}

fn prices(sheet: &mut Sheet, input: &SegmentInput<'_>) {
    let Some((least, greatest)) = input.prices else {
        return;
    };
    let (from, to) = two_amounts(sheet.language, least, greatest);
    let sentences = [
        format!("The prices run from {from} to {to}."),
        format!("Les prix vont de {from} à {to}."),
    ];
    sheet.add("price", (FactSource::Derived, Some(input.at)), sentences);
}

/// Tells of the features whose mean is farthest from that of all products.
fn features(sheet: &mut Sheet, input: &SegmentInput<'_>) {
    let mut order: Vec<&(String, f64, f64)> = input.features.iter().collect();
    let distance = |(_, mean, all): &(String, f64, f64)| (mean - all).abs();
    order.sort_by(|one, two| distance(two).total_cmp(&distance(one)));
    for (name, mean, all) in order.into_iter().take(MAX_FEATURES) {
        let (name, language) = (feature(sheet.language, name), sheet.language);
        let [mean_shown, all_shown] =
            [mean, all].map(|it| decimal(language, format_args!("{it:.2}")));
        let [above, dessus] = match mean_shown == all_shown {
            true => ["as", "comme"],
            false if mean > all => ["above", "au-dessus de"],
            false => ["below", "au-dessous de"],
        };
        let sentences = [
            format!("The mean of {name} is {mean_shown}, {above} the {all_shown} of all products."),
            format!(
                "La moyenne pour {name} est de {mean_shown}, {dessus} {all_shown} pour tous les produits."
            ),
        ];
        sheet.add("features", (FactSource::Derived, Some(input.at)), sentences);
    }
}
