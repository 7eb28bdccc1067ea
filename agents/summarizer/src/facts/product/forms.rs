//! In which forms a product comes.

use super::{MAX_NAME, MAX_VALUES, ProductInput, distinct};
use crate::facts::sheet::Sheet;

/// So many options are told of.
const MAX_OPTIONS: usize = 4;

/// Shopify gives products in one form an option and a value of these names.
const NO_OPTION: (&str, &str) = ("Title", "Default Title");

pub(super) fn add(sheet: &mut Sheet, input: &ProductInput<'_>) {
    let product = input.product;
    let n = product.variants.len();
    let variants = sheet.counted(n, ["variant", "variants", "variante", "variantes"]);
    let sentences = match n {
        0 => [
            "It has no variants.".to_owned(),
            "Il n’a pas de variante.".to_owned(),
        ],
        _ => [format!("It has {variants}."), format!("Il a {variants}.")],
    };
    sheet.add("variants", input.catalogue(), sentences);
    for (index, name) in product.options.iter().take(MAX_OPTIONS).enumerate() {
        let values = product.variants.iter();
        let values = values.filter_map(|variant| variant.options.get(index));
        option(sheet, input, name, values);
    }
}

fn option<'a>(
    sheet: &mut Sheet,
    input: &ProductInput<'_>,
    name: &str,
    values: impl Iterator<Item = &'a String> + Clone,
) {
    if name == NO_OPTION.0 && values.clone().all(|value| value == NO_OPTION.1) {
        return;
    }
    let (values, n) = distinct(sheet, values);
    let Some(name) = sheet.quoted(name, MAX_NAME).filter(|_| n > 0) else {
        return;
    };
    let list = sheet.list(&values);
    let sentences = match n {
        1 => [
            format!("Its option {name} has 1 value: {list}."),
            format!("Son option {name} a 1 valeur\u{a0}: {list}."),
        ],
        _ if n > MAX_VALUES => [
            format!("Its option {name} has {n} values, among them {list}."),
            format!("Son option {name} a {n} valeurs, dont {list}."),
        ],
        _ => [
            format!("Its option {name} has {n} values: {list}."),
            format!("Son option {name} a {n} valeurs\u{a0}: {list}."),
        ],
    };
    sheet.add("options", input.catalogue(), sentences);
}
