//! What a product costs, by how much that is reduced, and whether it can be bought.

use catalog::{Money, Variant};

use super::ProductInput;
use crate::facts::sheet::Sheet;
use crate::facts::wording::{is_singular, percent, pick, two_amounts};

const VARIANTS: [&str; 4] = ["variant", "variants", "variante", "variantes"];

pub(super) fn add(sheet: &mut Sheet, input: &ProductInput<'_>) {
    price(sheet, input);
    discount(sheet, input);
    availability(sheet, input);
}

fn price(sheet: &mut Sheet, input: &ProductInput<'_>) {
    let range = input.product.price_range();
    let sentences = match range {
        None => [
            "No price is known.".to_owned(),
            "Aucun prix n’est connu.".to_owned(),
        ],
        Some((least, greatest)) if least == greatest => {
            let price = sheet.money(least);
            [
                format!("Its price is {price}."),
                format!("Son prix est de {price}."),
            ]
        }
        Some((least, greatest)) => {
            let (least, greatest) = two_amounts(sheet.language, least, greatest);
            [
                format!("Its prices run from {least} to {greatest}."),
                format!("Ses prix vont de {least} à {greatest}."),
            ]
        }
    };
    sheet.add("price", input.catalogue(), sentences);
    if range.is_some_and(|(least, _)| !least.currency().is_known()) {
        let sentences = [
            "It is not known in which currency it is sold.".to_owned(),
            "On ne sait pas dans quelle monnaie il est vendu.".to_owned(),
        ];
        sheet.add("currency", input.catalogue(), sentences);
    }
}

/// Tells of reductions as the shop states them. Of none nothing is said: a fact that names a discount proves one.
fn discount(sheet: &mut Sheet, input: &ProductInput<'_>) {
    let variants = &input.product.variants;
    let reduced: Vec<(Money, Money)> = variants.iter().filter_map(reduction).collect();
    let shares = reduced.iter().map(|&(price, compare_at)| {
        let (part, whole) = (compare_at.minor() - price.minor(), compare_at.minor());
        (part as f64 / whole as f64, part, whole)
    });
    let mut shares: Vec<(f64, i64, i64)> = shares.collect();
    shares.sort_by(|one, two| one.0.total_cmp(&two.0));
    let shown = |it: Option<&(f64, i64, i64)>| {
        it.and_then(|&(_, part, whole)| percent(sheet.language, part, whole))
    };
    let (Some(least), Some(most)) = (shown(shares.first()), shown(shares.last())) else {
        return;
    };
    let is_same = reduced.windows(2).all(|two| two[0] == two[1]);
    let of_all = of_all(sheet, reduced.len(), variants.len());
    let sentences = if is_same && reduced.len() == variants.len() {
        let before = sheet.money(reduced[0].1);
        [
            format!(
                "The shop states a price of {before} before the reduction, a discount of {most}."
            ),
            format!(
                "La boutique affiche un prix de {before} avant réduction, soit une remise de {most}."
            ),
        ]
    } else if least == most {
        [
            format!("The shop states a discount of {most} for {of_all}."),
            format!("La boutique affiche une remise de {most} pour {of_all}."),
        ]
    } else {
        [
            format!("The shop states discounts from {least} to {most} for {of_all}."),
            format!("La boutique affiche des remises de {least} à {most} pour {of_all}."),
        ]
    };
    sheet.add("discount", input.derived(), sentences);
}

/// Returns the price and the compare-at price of a variant whose shop states a reduction.
fn reduction(variant: &Variant) -> Option<(Money, Money)> {
    variant.discount()?;
    variant.price.zip(variant.compare_at)
}

fn availability(sheet: &mut Sheet, input: &ProductInput<'_>) {
    let variants = &input.product.variants;
    let known = variants.iter().filter_map(|it| it.availability.known());
    let known: Vec<bool> = known.collect();
    if variants.is_empty() {
        return;
    }
    if known.is_empty() {
        let sentences = [
            "It is not known whether it is available.".to_owned(),
            "On ne sait pas s’il est disponible.".to_owned(),
        ];
        sheet.add("unknown_availability", input.derived(), sentences);
        return;
    }
    let n = known.iter().filter(|&&it| it).count();
    let sentences = available(sheet, n, known.len(), variants.len());
    sheet.add("availability", input.derived(), sentences);
}

/// Says how many variants of all are available, of those of which it is known.
fn available(sheet: &Sheet, n: usize, n_known: usize, all: usize) -> [String; 2] {
    let of_all = of_all(sheet, n, all);
    let [are, sont] = match is_singular(sheet.language, n as u64) {
        true => ["is available", "est disponible"],
        false => ["are available", "sont disponibles"],
    };
    if n_known < all {
        let unknown = all - n_known;
        return [
            format!("{of_all} {are}, and of {unknown} it is not known."),
            format!("{of_all} {sont}, et pour {unknown} on ne le sait pas."),
        ];
    }
    match n {
        0 => ["It is sold out.".to_owned(), "Il est épuisé.".to_owned()],
        _ if all == 1 => [
            "It is available.".to_owned(),
            "Il est disponible.".to_owned(),
        ],
        _ if n == all => [
            match all {
                2 => "Both of its 2 variants are available.".to_owned(),
                _ => format!("All {all} variants are available."),
            },
            format!("Les {all} variantes sont disponibles."),
        ],
        _ => [format!("{of_all} {are}."), format!("{of_all} {sont}.")],
    }
}

/// Returns `3 of 5 variants`, in French `3 variantes sur 5`.
fn of_all(sheet: &Sheet, n: usize, all: usize) -> String {
    let english = format!("{n} of {}", sheet.counted(all, VARIANTS));
    let french = format!("{} sur {all}", sheet.counted(n, VARIANTS));
    pick(sheet.language, [english, french])
}
