//! Warnings of prices that a preset cannot compare, with the way out.

use catalog::{Currency, ShopKey, ShopStatus};

use crate::output::counted;

/// Shops that a warning names.
const NAMED_SHOPS: usize = 3;

/// Warns where a preset that compares bare numbers meets several currencies, and names the one that most products
/// have.
pub(super) fn warn_of_bare_numbers(currencies: &[Currency], shops: &[ShopStatus]) {
    if currencies.len() < 2 {
        return;
    }
    let n_products = |currency: Currency| -> u64 {
        let priced_in_it = shops
            .iter()
            .filter(|status| status.shop.currency == currency);
        priced_in_it.map(|status| status.n_products).sum()
    };
    let known = currencies
        .iter()
        .copied()
        .filter(|currency| currency.is_known());
    let Some(most_used) = known.max_by_key(|&currency| n_products(currency)) else {
        return;
    };
    let names = currencies
        .iter()
        .map(|it| if it.is_known() { it.code() } else { "unknown" });
    tracing::warn!(
        "prices in several currencies ({}) are compared as bare numbers here; rank one at a time: --currency {most_used}",
        names.collect::<Vec<_>>().join(", "),
    );
}

/// Warns of shops whose prices are compared with no other, since nobody knows their currency.
pub(super) fn warn_of_unknown(shops: &[ShopKey], then: &str) {
    let [first, ..] = shops else {
        return;
    };
    let mut names: Vec<String> = shops
        .iter()
        .take(NAMED_SHOPS)
        .map(|shop| shop.shown())
        .collect();
    if shops.len() > NAMED_SHOPS {
        names.push("…".to_owned());
    }
    tracing::warn!(
        "the currency of {} is unknown ({}), and with it their price_position; state it in the \
         configuration, [currencies] {:?} = \"EUR\"{then}",
        counted(shops.len() as u64, "shop"),
        names.join(", "),
        first.as_str(),
    );
}
