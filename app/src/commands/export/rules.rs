//! `export rules`: types and tags that come together, across shops.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result};
use catalog::csv::{self, Cell, Format};
use catalog::{Currency, Product, ProductFilter, ProductRow, Record, RecordKind, ShopKey, Store};
use scoring::rules::{Baskets, Rule, Rules};

use crate::App;
use crate::output;

/// Products asked of the store at a time: whole ones, with descriptions and histories.
const BLOCK_PRODUCTS: usize = 200;

const COLUMNS: [&str; 7] = [
    "antecedent",
    "consequent",
    "support",
    "confidence",
    "lift",
    "n_products",
    "n_shops",
];

/// Writes the rules that hold for the products that pass `filter`, and returns their number.
pub(super) async fn write(
    store: &dyn Store,
    filter: &ProductFilter,
    format: Format,
    path: &Path,
    app: &App,
) -> Result<usize> {
    let rules = rules(store, filter).await?;
    if rules.n_products == 0 {
        return Err(super::no_products(store, filter));
    }
    let products = output::counted(rules.n_products, "product");
    match rules.min_shops {
        1 => app.screen.note(&format!(
            "{products} of one shop: rules across shops need a second one, so these hold within the shop"
        )),
        _ => app.screen.note(&format!(
            "{products} of {} were looked at",
            output::counted(rules.n_shops, "shop")
        )),
    }
    let cells = rules.rules.iter().map(cells);
    output::write_to(path, |out| csv::write_rows(&COLUMNS, cells, format, out))?;
    Ok(rules.rules.len())
}

/// Returns the rules that hold for the products that pass `filter`.
///
/// Reads every product of the store whole, since its lists have no tags.
pub(crate) async fn rules(store: &dyn Store, filter: &ProductFilter) -> Result<Rules> {
    let shops = store.shops().await?.into_iter();
    let currencies: HashMap<ShopKey, Currency> =
        shops.map(|it| (it.shop.key, it.shop.currency)).collect();
    let passes = |product: &Product| {
        let currency = currencies.get(&product.id.shop).copied();
        let currency = currency.unwrap_or(Currency::UNKNOWN);
        *filter == ProductFilter::default()
            || filter.matches(&ProductRow::of(product, currency, catalog::UnixMs::new(0)))
    };
    let mut baskets = Baskets::new();
    let mut after = None;
    loop {
        let records = store
            .records(RecordKind::Product, after.as_ref(), BLOCK_PRODUCTS)
            .await?;
        let is_last = records.len() < BLOCK_PRODUCTS;
        after = records.last().map(Record::key);
        for record in &records {
            if let Record::Product(it) = record
                && it.gone_at.is_none()
                && passes(&it.product)
            {
                let product = &it.product;
                let tags = product.tags.iter().map(String::as_str);
                baskets.push(&product.id.shop, &product.product_type, tags);
            }
        }
        if is_last {
            break;
        }
    }
    let finding = tokio::task::spawn_blocking(move || baskets.rules());
    finding.await.context("cannot work out the rules")
}

fn cells(rule: &Rule) -> Vec<Cell<'_>> {
    vec![
        Cell::text(&rule.antecedent),
        Cell::text(&rule.consequent),
        Cell::Score(rule.support),
        Cell::Score(rule.confidence),
        Cell::Score(rule.lift),
        Cell::Whole(rule.n_products),
        Cell::Whole(rule.n_shops),
    ]
}
