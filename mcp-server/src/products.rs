//! Products as tools name them, find them and show them.

pub(crate) mod discount;
mod find;
mod gone;
mod line;
mod named;
mod near_names;
mod nearest;
mod shop;
mod standing;

pub(crate) use find::find;
pub(crate) use gone::gone_since;
pub(crate) use line::{MAX_TAGS, ProductLine, Texts};
pub(crate) use near_names::{near_names, near_stored};
pub(crate) use shop::{currencies, currency, shop, shop_records, shops};
pub(crate) use standing::Standing;

use catalog::ProductRow;

use crate::untrusted::{is_plain, is_plain_and_short};

/// Returns how tools name a product: `shop/handle` where the handle is plain, else the product id. Handles of hostile feeds are
/// any text.
pub(crate) fn reference(row: &ProductRow) -> String {
    match is_plain(&row.handle) {
        true => format!("{}/{}", row.id.shop, row.handle),
        false => row.id.to_string(),
    }
}

/// Returns how errors name a product: as [`reference`], if the handle is short as well.
pub(crate) fn reference_in_error(row: &ProductRow) -> String {
    match is_plain_and_short(&row.handle) {
        true => reference(row),
        false => row.id.to_string(),
    }
}

/// Returns a shop's text, such as a type or a vendor, as it is compared.
pub(crate) fn folded(text: &str) -> String {
    text.trim().to_lowercase()
}

/// Returns a score or a share as it is shown: four decimal places tell any two apart that matter.
pub(crate) fn rounded(number: f64) -> f64 {
    (number * 10_000.0).round() / 10_000.0
}
