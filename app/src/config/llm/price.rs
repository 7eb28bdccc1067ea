//! What tokens cost, as the configuration says: no price is built in, since prices change.

use std::collections::HashMap;

use serde::Deserialize;
use summarizer::Price;

use crate::exit::UsageError;

/// The greatest price of a million tokens.
const MAX_PRICE: f64 = 1e6;

/// What a million tokens cost, by model.
pub(super) type Prices = HashMap<String, PriceConfig>;

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PriceConfig {
    input: f64,
    output: f64,
}

/// Returns the price of a model, if it is configured.
pub(super) fn price_of(prices: &Prices, model: &str, currency: &str) -> Option<Price> {
    let price = prices.get(model)?;
    // Billionths for one token are thousandths for a million.
    let per_token = |price: f64| nanos(price / 1e6);
    Some(Price {
        input_nanos: per_token(price.input),
        output_nanos: per_token(price.output),
        currency: currency.to_owned(),
    })
}

pub(super) fn check(prices: &Prices, currency: &str) -> Result<(), UsageError> {
    let is_code = currency.len() == 3 && currency.bytes().all(|it| it.is_ascii_uppercase());
    if !is_code {
        return Err(UsageError(format!(
            "llm.price_currency = {currency:?}: expected a code such as USD"
        )));
    }
    for (model, price) in prices {
        for (name, value) in [("input", price.input), ("output", price.output)] {
            if !(0.0..=MAX_PRICE).contains(&value) {
                return Err(UsageError(format!(
                    "llm.prices.{model:?}.{name} = {value}: expected the price of a million tokens, from 0 to {MAX_PRICE}"
                )));
            }
        }
    }
    Ok(())
}

/// Returns an amount of money in billionths.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "at most 1e6 units, so 1e15 billionths; a negative one becomes 0"
)]
pub(crate) fn nanos(amount: f64) -> u64 {
    (amount * 1e9).round() as u64
}

/// Returns billionths as people read them: `0.0213 USD`, with two decimals at least and six at most, rounded up in the
/// last one: what it costs is never shown as nothing.
pub(crate) fn money(nanos: u64, currency: &str) -> String {
    let micros = nanos.div_ceil(1_000);
    let (whole, rest) = (micros / 1_000_000, micros % 1_000_000);
    let decimals = format!("{rest:06}");
    let decimals = format!("{:0<2}", decimals.trim_end_matches('0'));
    format!("{whole}.{decimals} {currency}")
}
