//! How many units left the stock, where a shop publishes it.

use catalog::Certainty;

use super::{OBSERVATIONS, Signal, Watched};
use crate::history::Units;

/// Returns the units that left in 28 days. Quantities that never moved may be of a shop that does not count.
pub(super) fn out(watched: Watched<'_>, units: Option<Units>) -> Signal {
    let has_quantities = watched.variants.iter().any(|it| it.quantity.is_some());
    let detail = match units {
        Some(units) => words(units),
        None if has_quantities => "the shop publishes quantities, which have not moved yet".into(),
        None => "the shop's product list publishes no quantities".into(),
    };
    Signal {
        name: "units_out_28_days",
        value: units.map(|it| it.n_out as f64),
        unit: "units",
        source: units.map(|_| OBSERVATIONS),
        at: Some(watched.row.confirmed_at),
        certainty: match units {
            Some(_) => Certainty::Estimated,
            None => Certainty::Unavailable,
        },
        detail,
    }
}

fn words(units: Units) -> String {
    let mut words = format!(
        "sold, or counted anew; {} and {} of single variants",
        counted(units.n_drops, "drop"),
        counted(units.n_rises, "rise")
    );
    if units.n_corrections > 0 {
        words += &format!(
            "; {} of more than 1,000 units at once, or from 999,999, not counted",
            counted(units.n_corrections, "drop")
        );
    }
    words
}

fn counted(n: u32, what: &str) -> String {
    match n {
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
}
