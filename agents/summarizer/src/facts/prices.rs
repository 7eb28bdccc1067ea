//! Sentences about what several products cost: by currency, and by none where none is known.

use catalog::{Currency, FactSource, Money, ProductRow, ShopKey, UnixMs};

use super::sheet::{PRODUCTS, Sheet};
use super::wording::{self, two_amounts};

#[cfg(test)]
mod tests;

/// So many currencies have their prices told.
const MAX_CURRENCIES: usize = 3;

/// The prices of products that can be compared: of one currency, or of one shop that names none.
struct Priced<'a> {
    currency: Currency,
    /// The shop of an unknown currency: two of those are not one.
    shop: Option<&'a ShopKey>,
    n: usize,
    least: Money,
    greatest: Money,
}

/// Tells what products cost from the lowest price to the highest, the currency of most products first, and how many
/// currencies there are.
///
/// `whose` goes on behind “the prices”, where the rows are not all there are: ` of the 2 products read`.
pub(super) fn add<'a>(
    sheet: &mut Sheet,
    rows: impl Iterator<Item = &'a ProductRow>,
    whose: &[String; 2],
    at: Option<UnixMs>,
) {
    let all = by_currency(rows);
    let n_known = all.iter().filter(|it| it.shop.is_none()).count();
    let n_products: usize = all.iter().map(|it| it.n).sum();
    let n_unknown: usize = all
        .iter()
        .filter(|it| it.shop.is_some())
        .map(|it| it.n)
        .sum();
    let from = (FactSource::Derived, at);
    if n_known > 1 {
        let [known, connues] = match n_unknown {
            0 => ["", ""],
            _ => ["known ", " connues"],
        };
        let sentences = [
            format!("The products are sold in {n_known} {known}currencies."),
            format!("Les produits sont vendus en {n_known} monnaies{connues}."),
        ];
        sheet.add("currencies", from, sentences);
    }
    for it in all.iter().take(MAX_CURRENCIES) {
        let sentences = range(sheet, it, all.len() == 1, whose);
        sheet.add("price", from, sentences);
    }
    if n_unknown > 0 {
        let of_all = sheet.counted(n_products, PRODUCTS);
        let n_french = sheet.counted(n_unknown, PRODUCTS);
        let [is, est] = match n_unknown {
            1 => ["is", "est vendu"],
            _ => ["are", "sont vendus"],
        };
        let sentences = [
            format!("It is not known in which currency {n_unknown} of {of_all} {is} sold."),
            format!("On ne sait pas dans quelle monnaie {n_french} sur {n_products} {est}."),
        ];
        sheet.add("currency", from, sentences);
    }
}

/// Returns the prices of each currency, most products first, then by its code and shop.
fn by_currency<'a>(rows: impl Iterator<Item = &'a ProductRow>) -> Vec<Priced<'a>> {
    let mut rows: Vec<Priced<'a>> = rows.filter_map(Priced::of).collect();
    rows.sort_by_key(Priced::key);
    let mut all: Vec<Priced<'a>> = Vec::new();
    for row in rows {
        match all.last_mut().filter(|it| it.key() == row.key()) {
            Some(it) => {
                it.n += 1;
                it.least = Money::new(it.least.minor().min(row.least.minor()), it.currency);
                it.greatest =
                    Money::new(it.greatest.minor().max(row.greatest.minor()), it.currency);
            }
            None => all.push(row),
        }
    }
    all.sort_by_key(|it| std::cmp::Reverse(it.n));
    all
}

impl<'a> Priced<'a> {
    fn of(row: &'a ProductRow) -> Option<Self> {
        let (least, greatest) = row.price_min.zip(row.price_max)?;
        let currency = least.currency();
        Some(Self {
            currency,
            shop: (!currency.is_known()).then_some(&row.id.shop),
            n: 1,
            least,
            greatest,
        })
    }

    fn key(&self) -> (Currency, Option<&'a ShopKey>) {
        (self.currency, self.shop)
    }
}

fn range(sheet: &Sheet, it: &Priced<'_>, is_only: bool, whose: &[String; 2]) -> [String; 2] {
    let [of, de] = match it.shop {
        _ if is_only => [String::new(), String::new()],
        None => {
            let code = it.currency.code();
            [format!(" in {code}"), format!(" en {code}")]
        }
        Some(key) => {
            let shop = wording::shop(key);
            [format!(" of {shop}"), format!(" de {shop}")]
        }
    };
    let [of, de] = [of + &whose[0], de + &whose[1]];
    if it.least == it.greatest {
        let price = sheet.money(it.least);
        return [
            format!("The only price{of} is {price}."),
            format!("Le seul prix{de} est {price}."),
        ];
    }
    let (from, to) = two_amounts(sheet.language, it.least, it.greatest);
    [
        format!("The prices{of} run from {from} to {to}."),
        format!("Les prix{de} vont de {from} à {to}."),
    ]
}
