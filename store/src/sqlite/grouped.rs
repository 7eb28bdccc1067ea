//! The history in the order in which it is stored: each product's rows together, the products as they were first met.

use std::collections::HashMap;

use catalog::{ObservationFilter, ObservationKey, ObservedRow, ProductFilter};
use rusqlite::{Transaction, params};

use super::codec::{Native, OBSERVATION_COLUMNS, ShopRow, to_json};
use super::fault::Fault;
use super::observed::{PRODUCT_COLUMNS, is_wanted, kinds, observed_row, since, sql_number, until};
use super::read::{row_id, shops_from, sql_limit};

/// Reads the table from end to end without sorting: rows of other kinds cost one comparison each.
pub(super) fn grouped(
    tx: &Transaction<'_>,
    filter: &ObservationFilter,
    after: Option<&ObservationKey>,
    limit: usize,
) -> Result<Vec<ObservedRow>, Fault> {
    let wanted = ProductFilter {
        shops: filter.shops.clone(),
        ..ProductFilter::default()
    };
    let shops = shops_from(tx, &wanted, None)?;
    let shops: HashMap<i64, ShopRow> = shops.into_iter().map(|shop| (shop.id, shop)).collect();
    if shops.is_empty() {
        return Ok(Vec::new());
    }
    let shop_ids: Vec<i64> = shops.keys().copied().collect();
    let shop_ids = (!filter.shops.is_empty()).then(|| to_json(&shop_ids));
    let (after_product, after_n) = behind(tx, after)?;
    let mut find = tx.prepare_cached(&format!(
        "SELECT {OBSERVATION_COLUMNS}, {PRODUCT_COLUMNS}, t.shop_id, t.native_id
         FROM observations o LEFT JOIN product_texts t ON t.product_id = o.product_id
         WHERE (o.product_id, o.n) > (?1, ?2) AND o.at >= ?3 AND o.at < ?4 AND {}
             AND (?6 IS NULL OR t.shop_id IN (SELECT value FROM json_each(?6)))
         ORDER BY o.product_id, o.n LIMIT ?7",
        is_wanted("?5")
    ))?;
    let mut rows = find.query(params![
        after_product,
        after_n,
        since(filter),
        until(filter),
        kinds(filter)?,
        shop_ids.transpose()?,
        sql_limit(limit),
    ])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let shop_id: i64 = row.get("shop_id")?;
        let shop = shops.get(&shop_id);
        let shop = shop.ok_or_else(|| Fault::Damaged(format!("shop {shop_id} is missing")))?;
        let product = shop.product_id(row.get::<_, Native>("native_id")?.0);
        found.push(observed_row(product, row)?);
    }
    Ok(found)
}

/// Returns the row id and the number behind which the list goes on.
fn behind(tx: &Transaction<'_>, after: Option<&ObservationKey>) -> Result<(i64, i64), Fault> {
    let Some(after) = after else {
        return Ok((i64::MIN, 0));
    };
    match row_id(tx, &after.product)? {
        Some(row_id) => Ok((row_id, sql_number(after.n))),
        // Nothing tells any more where it stood: going on anywhere would repeat rows, or lose some.
        None => Err(Fault::Failed(format!(
            "{}, behind which the list goes on, is not stored any more; begin the list anew",
            after.product
        ))),
    }
}
