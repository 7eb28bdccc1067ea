//! `export history`: every observation of every product, or of one.

use std::path::Path;

use anyhow::{Result, bail};
use catalog::csv::{self, Cell, Format};
use catalog::{
    Currency, Money, ObservationFilter, ObservationKind, ObservationOrder, ObservedRow, Offer,
    StockMove, Store,
};

use super::blocks::{BLOCK_ROWS, write_blocks};

const COLUMNS: [&str; 23] = [
    "product_id",
    "shop",
    "title",
    "vendor",
    "product_type",
    "variant",
    "n",
    "observed_at",
    "kind",
    "price_before",
    "price_after",
    "compare_at_before",
    "compare_at_after",
    "currency",
    "available_before",
    "available_after",
    "rank",
    "content_hash",
    "crawl",
    "rank_source",
    "places_read",
    "stock_before",
    "stock_after",
];

/// Writes the observations that pass `filter` by product, each product's oldest first.
pub(super) async fn write(
    store: &dyn Store,
    filter: &ObservationFilter,
    format: Format,
    path: &Path,
) -> Result<usize> {
    if let Some(id) = &filter.product
        && store.product(id).await?.is_none()
    {
        bail!(
            "there is no product {id} in the store {}; `trouvaille export products` lists the ids \
             (column product_id)",
            store.location()
        );
    }
    let next_block = observed(store, filter, ObservationOrder::ByProduct);
    write_blocks(path, next_block, move |rows, out| {
        let mut n_lines = 0;
        let lines = rows.map(|row| {
            n_lines += 1;
            cells(&row)
        });
        csv::write_rows(&COLUMNS, lines, format, out)?;
        Ok(n_lines)
    })
    .await
}

/// Returns a reader of the observations that pass `filter`, one block per call.
pub(super) fn observed<'a>(
    store: &'a dyn Store,
    filter: &'a ObservationFilter,
    order: ObservationOrder,
) -> impl AsyncFnMut() -> Result<Vec<ObservedRow>, catalog::StoreError> + 'a {
    let mut after = None;
    async move || {
        let rows = store
            .observed(filter, order, after.as_ref(), BLOCK_ROWS)
            .await?;
        after = rows.last().map(ObservedRow::key);
        Ok(rows)
    }
}

fn cells(row: &ObservedRow) -> Vec<Cell<'static>> {
    let observation = &row.observation;
    let before = observation.before.as_ref();
    let after = observation.after.as_ref();
    let available = |offer: Option<&Offer>| {
        let available = offer.and_then(|offer| offer.available);
        available.map_or(Cell::Empty, Cell::Bool)
    };
    let prices = [
        before.and_then(|offer| offer.price),
        after.and_then(|offer| offer.price),
        before.and_then(|offer| offer.compare_at),
        after.and_then(|offer| offer.compare_at),
    ];
    let prices = of_one_currency(prices);
    let [
        price_before,
        price_after,
        compare_at_before,
        compare_at_after,
    ] = prices.map(price);
    let [stock_before, stock_after] = stock(observation.stock);
    vec![
        Cell::shown(&observation.product),
        Cell::shown(&observation.product.shop),
        Cell::shown(&row.title),
        Cell::shown(&row.vendor),
        Cell::shown(&row.product_type),
        shown(observation.variant.as_ref()),
        Cell::Whole(row.n),
        Cell::shown(&observation.at),
        Cell::text(kind_name(observation.kind)),
        price_before,
        price_after,
        compare_at_before,
        compare_at_after,
        currency(prices),
        available(before),
        available(after),
        whole(observation.rank),
        shown(observation.content_hash.as_ref()),
        Cell::Whole(observation.crawl.n),
        observation
            .source
            .map_or(Cell::Empty, |it| Cell::text(it.name())),
        whole(observation.n_places),
        stock_before,
        stock_after,
    ]
}

/// Returns the units in stock before and after, which may be less than 0.
pub(super) fn stock(moved: Option<StockMove>) -> [Cell<'static>; 2] {
    let cells = moved.map(|it| [it.before, it.after].map(Cell::Integer));
    cells.unwrap_or([const { Cell::Empty }; 2])
}

pub(super) fn shown(it: Option<&impl ToString>) -> Cell<'static> {
    it.map_or(Cell::Empty, Cell::shown)
}

pub(super) fn whole(number: Option<u32>) -> Cell<'static> {
    number.map_or(Cell::Empty, |it| Cell::Whole(it.into()))
}

pub(super) fn price(price: Option<Money>) -> Cell<'static> {
    price.map_or(Cell::Empty, Cell::Price)
}

/// Leaves out the prices in another currency than the row's: side by side they would look like a move.
pub(super) fn of_one_currency(prices: [Option<Money>; 4]) -> [Option<Money>; 4] {
    let newest = newest_currency(prices);
    let is_other = |it: &Money| it.currency().is_known() && Some(it.currency()) != newest;
    prices.map(|price| price.filter(|it| !is_other(it)))
}

/// Returns the currency of some prices before and after a change: the newest that is known.
pub(super) fn currency(prices: [Option<Money>; 4]) -> Cell<'static> {
    newest_currency(prices).map_or(Cell::Empty, |currency| Cell::shown(&currency))
}

fn newest_currency(prices: [Option<Money>; 4]) -> Option<Currency> {
    let [
        price_before,
        price_after,
        compare_at_before,
        compare_at_after,
    ] = prices;
    let newest_first = [
        price_after,
        compare_at_after,
        price_before,
        compare_at_before,
    ];
    let currencies = newest_first.into_iter().flatten().map(Money::currency);
    currencies.reduce(|one: Currency, two| if one.is_known() { one } else { two })
}

const fn kind_name(kind: ObservationKind) -> &'static str {
    match kind {
        ObservationKind::New => "new",
        ObservationKind::Changed => "changed",
        ObservationKind::Gone => "gone",
        ObservationKind::Back => "back",
        ObservationKind::Ranked => "ranked",
    }
}
