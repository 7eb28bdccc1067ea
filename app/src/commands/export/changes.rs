//! `export changes`: what happened, in the words of a shopkeeper.

use std::path::Path;

use anyhow::Result;
use catalog::csv::{self, Cell, Format};
use catalog::{
    Change, ChangeKind, Money, ObservationFilter, ObservationKind, ObservationOrder, ObservedRow,
    PlaceMove, PlaceMoves, Store, changes_of,
};
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::blocks::{BLOCK_ROWS, write_blocks};
use super::history::{currency, observed, of_one_currency, price, shown, stock, whole};

const COLUMNS: [&str; 21] = [
    "observed_at",
    "change",
    "product_id",
    "shop",
    "title",
    "vendor",
    "product_type",
    "variant",
    "price_before",
    "price_after",
    "price_change_percent",
    "compare_at_before",
    "compare_at_after",
    "currency",
    "url",
    "place_before",
    "place_after",
    "place_source",
    "places_read",
    "stock_before",
    "stock_after",
];

const KINDS: [ChangeKind; 9] = [
    ChangeKind::New,
    ChangeKind::Gone,
    ChangeKind::Back,
    ChangeKind::Cheaper,
    ChangeKind::Dearer,
    ChangeKind::DiscountStart,
    ChangeKind::DiscountEnd,
    ChangeKind::SoldOut,
    ChangeKind::Restocked,
];

/// Reads the name of a kind of change, and lists all of them in the help.
pub(super) fn kind_parser() -> impl TypedValueParser<Value = &'static str> {
    PossibleValuesParser::new(names()).map(|name| {
        let known = names().find(|it| *it == name);
        known.expect("the parser lets only these names pass")
    })
}

fn names() -> impl Iterator<Item = &'static str> {
    KINDS
        .into_iter()
        .map(ChangeKind::name)
        .chain(PlaceMove::NAMES)
}

/// Writes the changes of the given kinds, or of all, that the observations behind `filter` show, oldest first.
pub(super) async fn write(
    store: &dyn Store,
    filter: &ObservationFilter,
    kinds: &[&'static str],
    format: Format,
    path: &Path,
) -> Result<usize> {
    let kinds = kinds.to_owned();
    let is_wanted = move |name: &'static str| kinds.is_empty() || kinds.contains(&name);
    let mut moves = match PlaceMove::NAMES.into_iter().any(&is_wanted) {
        true => places_before(store, filter).await?,
        false => PlaceMoves::default(),
    };
    let next_block = observed(store, filter, ObservationOrder::ByTime);
    write_blocks(path, next_block, move |rows, out| {
        let mut n_lines = 0;
        let lines = rows
            .flat_map(|row| {
                let changes = changes_of(&row.observation).into_iter();
                let changes = changes.filter(|it| is_wanted(it.kind.name()));
                let place = moves.take(&row.observation);
                let place = place.filter(|it| is_wanted(it.name()));
                let lines = changes.map(|it| cells(&row, &it));
                lines
                    .chain(place.map(|it| place_cells(&row, it)))
                    .collect::<Vec<_>>()
            })
            .inspect(|_| n_lines += 1);
        csv::write_rows(&COLUMNS, lines, format, out)?;
        Ok(n_lines)
    })
    .await
}

/// Returns the best-selling places as they were before the first observation that passes `filter`.
async fn places_before(store: &dyn Store, filter: &ObservationFilter) -> Result<PlaceMoves> {
    let mut moves = PlaceMoves::default();
    if filter.since.is_none() {
        return Ok(moves);
    }
    let earlier = ObservationFilter {
        since: None,
        until: filter.since,
        kinds: vec![ObservationKind::Ranked],
        ..filter.clone()
    };
    let mut next_block = observed(store, &earlier, ObservationOrder::ByTime);
    loop {
        let rows = next_block().await?;
        for row in &rows {
            moves.take(&row.observation);
        }
        if rows.len() < BLOCK_ROWS {
            return Ok(moves);
        }
    }
}

/// A move in the best-selling order: a line without prices.
fn place_cells(row: &ObservedRow, place: PlaceMove) -> Vec<Cell<'static>> {
    let mut cells = shared_cells(row, place.name());
    cells.extend([const { Cell::Empty }; 6]);
    cells.extend([
        Cell::shown(&row.url),
        whole(place.before),
        whole(place.after),
        place.source.map_or(Cell::Empty, |it| Cell::text(it.name())),
        whole(place.n_places),
        Cell::Empty,
        Cell::Empty,
    ]);
    cells
}

/// The cells in front of the prices.
fn shared_cells(row: &ObservedRow, change: &'static str) -> Vec<Cell<'static>> {
    let observation = &row.observation;
    vec![
        Cell::shown(&observation.at),
        Cell::text(change),
        Cell::shown(&observation.product),
        Cell::shown(&observation.product.shop),
        Cell::shown(&row.title),
        Cell::shown(&row.vendor),
        Cell::shown(&row.product_type),
        shown(observation.variant.as_ref()),
    ]
}

fn cells(row: &ObservedRow, change: &Change) -> Vec<Cell<'static>> {
    let prices = [
        change.price_before,
        change.price_after,
        change.compare_at_before,
        change.compare_at_after,
    ];
    let prices = of_one_currency(prices);
    let [
        price_before,
        price_after,
        compare_at_before,
        compare_at_after,
    ] = prices.map(price);
    let mut cells = shared_cells(row, change.kind.name());
    cells.extend([
        price_before,
        price_after,
        change_percent(change.price_before, change.price_after).map_or(Cell::Empty, Cell::Float),
        compare_at_before,
        compare_at_after,
        currency(prices),
        Cell::shown(&row.url),
        Cell::Empty,
        Cell::Empty,
        Cell::Empty,
        Cell::Empty,
    ]);
    cells.extend(stock(change.stock));
    cells
}

/// Returns by how many percent a price rose, rounded half away from zero to one decimal.
///
/// `None` unless both are there, in one currency as far as known, and the first is above zero.
fn change_percent(before: Option<Money>, after: Option<Money>) -> Option<f64> {
    let (before, after) = (before?, after?);
    let (old, new) = (before.currency(), after.currency());
    if old != new && old.is_known() && new.is_known() {
        return None;
    }
    let (old, new) = (thousandths(before), thousandths(after));
    if old <= 0 {
        return None;
    }
    // In tenths of a percent, doubled so that the half to round by is a whole number.
    let doubled = (new - old) * 2_000;
    let tenths = (doubled + old * doubled.signum()) / (2 * old);
    #[expect(
        clippy::cast_precision_loss,
        reason = "a change of more than 2^53 tenths of a percent need not be exact"
    )]
    Some(tenths as f64 / 10.0)
}

/// Returns the amount in thousandths of the major unit, the finest that any currency has.
fn thousandths(money: Money) -> i128 {
    i128::from(money.minor()) * 10_i128.pow(3 - money.currency().exponent())
}

#[cfg(test)]
mod tests {
    use super::*;
    use catalog::Currency;

    fn money(text: &str) -> Option<Money> {
        let (number, code) = text.split_once(' ')?;
        let currency = Currency::parse(code).unwrap();
        Some(Money::parse(number, currency).unwrap())
    }

    fn percent(before: &str, after: &str) -> Option<f64> {
        change_percent(money(before), money(after))
    }

    #[test]
    fn a_row_has_the_prices_of_one_currency() {
        let prices = |texts: [&str; 4]| texts.map(money);
        for (all, left) in [
            (
                ["8.00 EUR", "800 JPY", "50.00 EUR", "5000 JPY"],
                ["", "800 JPY", "", "5000 JPY"],
            ),
            (
                ["8.00 EUR", "", "9.00 EUR", ""],
                ["8.00 EUR", "", "9.00 EUR", ""],
            ),
            (
                ["8.00 XXX", "8.00 EUR", "", ""],
                ["8.00 XXX", "8.00 EUR", "", ""],
            ),
        ] {
            assert_eq!(of_one_currency(prices(all)), prices(left), "{all:?}");
        }
    }

    #[test]
    fn a_change_in_percent_is_rounded_to_one_decimal() {
        for (before, after, expected) in [
            ("20.00 EUR", "17.50 EUR", -12.5),
            ("17.50 EUR", "20.00 EUR", 14.3),
            ("30.00 EUR", "20.00 EUR", -33.3),
            ("200.00 EUR", "200.10 EUR", 0.1),
            ("200.00 EUR", "199.90 EUR", -0.1),
            ("300.00 EUR", "300.10 EUR", 0.0),
            ("1000 JPY", "1500 JPY", 50.0),
            ("10.00 XXX", "15.00 EUR", 50.0),
            ("1000.00 XXX", "1500 JPY", 50.0),
            ("1.000 KWD", "0.000 KWD", -100.0),
        ] {
            assert_eq!(percent(before, after), Some(expected), "{before} {after}");
        }
    }

    #[test]
    fn there_is_no_percentage_without_two_comparable_prices() {
        for (before, after) in [
            ("", "1.00 EUR"),
            ("1.00 EUR", ""),
            ("0.00 EUR", "1.00 EUR"),
            ("1.00 EUR", "1.00 USD"),
        ] {
            assert_eq!(percent(before, after), None, "{before} {after}");
        }
    }

    #[test]
    fn the_largest_amounts_do_not_overflow() {
        let yen = Currency::parse("JPY").unwrap();
        let money = |minor| Some(Money::new(minor, yen));
        assert!(change_percent(money(1), money(i64::MAX)).unwrap() > 9e20);
        assert_eq!(change_percent(money(i64::MAX), money(1)), Some(-100.0));
    }
}
