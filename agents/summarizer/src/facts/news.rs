//! Sentences about changes of several products, each with the name of its product.

use std::collections::HashMap;

use catalog::{
    Change, ChangeKind, FactSource, Money, ObservedRow, ProductId, ProductRow, UnixMs, changes_of,
};

use super::sheet::Sheet;
use super::wording::{self, pick, price_move, two_amounts};

/// The longest title within a sentence about several products.
const MAX_TITLE: usize = 100;

/// Returns a product by its title and shop: `“Brass Lamp” from shop.example`.
pub(super) fn named(sheet: &Sheet, id: &ProductId, title: &str) -> String {
    let shop = wording::shop(&id.shop);
    let title = sheet.quoted(title, MAX_TITLE).unwrap_or_else(|| {
        let native = id.native.to_string();
        let native = wording::quoted(sheet.language, &native, 40).unwrap_or_default();
        let product = pick(sheet.language, ["product", "produit"]);
        format!("{product} {native}")
    });
    pick(
        sheet.language,
        [
            format!("{title} from {shop}"),
            format!("{title} chez {shop}"),
        ],
    )
}

/// Returns a sentence's beginning with a capital; names in quotes stay as they are.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// Returns what a product costs, to go on behind its name and place: `, at 49.00 EUR`; nothing without a price.
pub(super) fn price_of(sheet: &Sheet, row: &ProductRow) -> String {
    let (Some(least), Some(greatest)) = (row.price_min, row.price_max) else {
        return String::new();
    };
    if least == greatest {
        let price = sheet.money(least);
        return pick(
            sheet.language,
            [format!(", at {price}"), format!(", à {price}")],
        );
    }
    let (least, greatest) = two_amounts(sheet.language, least, greatest);
    pick(
        sheet.language,
        [
            format!(", at prices from {least} to {greatest}"),
            format!(", à des prix de {least} à {greatest}"),
        ],
    )
}

/// Returns every change of the rows with its row.
pub(super) fn changes(rows: &[ObservedRow]) -> impl Iterator<Item = (&ObservedRow, Change)> {
    rows.iter().flat_map(|row| {
        let changes = changes_of(&row.observation);
        changes.into_iter().map(move |change| (row, change))
    })
}

/// Tells of the greatest moves of prices, of each product the greatest one.
pub(super) fn price_moves<'a>(
    sheet: &mut Sheet,
    changes: impl Iterator<Item = (&'a ObservedRow, Change)>,
    most: usize,
) {
    let mut of_products: HashMap<&ProductId, Move<'_>> = HashMap::new();
    for (row, change) in changes {
        if let Some(it) = Move::of(row, change) {
            let known = of_products.entry(&row.observation.product).or_insert(it);
            if it.size > known.size {
                *known = it;
            }
        }
    }
    let mut moves: Vec<Move<'_>> = of_products.into_values().collect();
    let by_size = |one: &Move<'_>, two: &Move<'_>| {
        let by_size = two.size.total_cmp(&one.size);
        by_size.then_with(|| {
            one.row
                .observation
                .product
                .cmp(&two.row.observation.product)
        })
    };
    moves.sort_by(by_size);
    for it in moves.into_iter().take(most) {
        let product = named(sheet, &it.row.observation.product, &it.row.title);
        let how = price_move(sheet.language, it.prices, it.at);
        let sentences = [
            format!("A price of {product} {how}."),
            format!("Un prix de {product} {how}."),
        ];
        sheet.add(
            "price_move",
            (FactSource::Observations, Some(it.at)),
            sentences,
        );
    }
}

/// A move of a price, and by how much of itself.
#[derive(Clone, Copy)]
struct Move<'a> {
    row: &'a ObservedRow,
    prices: (Money, Money),
    at: UnixMs,
    size: f64,
}

impl<'a> Move<'a> {
    fn of(row: &'a ObservedRow, change: Change) -> Option<Self> {
        if !matches!(change.kind, ChangeKind::Cheaper | ChangeKind::Dearer) {
            return None;
        }
        let (before, after) = change.price_before.zip(change.price_after)?;
        let size = match before.minor() {
            ..=0 => 0.0,
            _ => (after.to_f64() / before.to_f64() - 1.0).abs(),
        };
        Some(Self {
            row,
            prices: (before, after),
            at: row.observation.at,
            size,
        })
    }
}
