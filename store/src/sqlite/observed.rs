//! The history of products: one product's rows, and lists of what happened.

use catalog::{
    Observation, ObservationFilter, ObservationKey, ObservationOrder, ObservedRow, ProductFilter,
    ProductId, UnixMs,
};
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::codec::{
    Ms, Native, OBSERVATION_COLUMNS, ShopRow, Word, native_sql, observation, to_json,
};
use super::fault::Fault;
use super::grouped::grouped;
use super::read::{first_behind, row_id, shops_from, sql_limit};

/// What a list shows of an observation's product, behind the columns of the observation.
pub(super) const PRODUCT_COLUMNS: &str = "o.n, t.title, t.vendor, t.product_type, t.url";

pub(super) fn observed(
    tx: &Transaction<'_>,
    filter: &ObservationFilter,
    order: ObservationOrder,
    after: Option<&ObservationKey>,
    limit: usize,
) -> Result<Vec<ObservedRow>, Fault> {
    let wanted = ProductFilter {
        shops: filter.shops.clone(),
        ..ProductFilter::default()
    };
    match (&filter.product, order) {
        (Some(product), _) if !wanted.shops.is_empty() && !wanted.shops.contains(&product.shop) => {
            Ok(Vec::new())
        }
        (Some(product), _) => of_product(tx, product, filter, order, after, limit),
        (None, ObservationOrder::Grouped) => grouped(tx, filter, after, limit),
        (None, ObservationOrder::ByProduct) => {
            let shops = shops_from(tx, &wanted, after.map(|after| &after.product))?;
            by_product(tx, &shops, filter, after, limit)
        }
        (None, ObservationOrder::ByTime) => {
            let shops = shops_from(tx, &wanted, None)?;
            by_time(tx, &shops, filter, after, (limit, CROWD))
        }
    }
}

/// Returns the rows of one product from before `before`, with their numbers.
pub(super) fn history(
    tx: &Transaction<'_>,
    id: &ProductId,
    row_id: i64,
    before: i64,
    limit: usize,
) -> Result<Vec<(u64, Observation)>, Fault> {
    let mut find = tx.prepare_cached(&format!(
        "SELECT {OBSERVATION_COLUMNS}, o.n FROM observations o
         WHERE o.product_id = ?1 AND o.at < ?2 ORDER BY o.n LIMIT ?3"
    ))?;
    let mut rows = find.query(params![row_id, before, sql_limit(limit)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push((row.get(18)?, observation(id.clone(), row)?));
    }
    Ok(found)
}

fn of_product(
    tx: &Transaction<'_>,
    product: &ProductId,
    filter: &ObservationFilter,
    order: ObservationOrder,
    after: Option<&ObservationKey>,
    limit: usize,
) -> Result<Vec<ObservedRow>, Fault> {
    let Some(row_id) = row_id(tx, product)? else {
        return Ok(Vec::new());
    };
    // The greatest number that still belongs before the list, among the rows of the same moment.
    let after_n = after.map_or(0, |after| match product.cmp(&after.product) {
        std::cmp::Ordering::Less => i64::MAX,
        std::cmp::Ordering::Equal => sql_number(after.n),
        std::cmp::Ordering::Greater => 0,
    });
    let (behind, sorted) = match order {
        ObservationOrder::ByProduct | ObservationOrder::Grouped => ("o.n > ?5 AND ?4 IS ?4", "o.n"),
        ObservationOrder::ByTime => ("(o.at, o.n) > (?4, ?5)", "o.at, o.n"),
    };
    let mut find = tx.prepare_cached(&format!(
        "SELECT {OBSERVATION_COLUMNS}, {PRODUCT_COLUMNS}
         FROM observations o LEFT JOIN product_texts t ON t.product_id = o.product_id
         WHERE o.product_id = ?1 AND o.at >= ?2 AND o.at < ?3 AND {behind} AND {}
         ORDER BY {sorted} LIMIT ?6",
        is_wanted("?7")
    ))?;
    let mut rows = find.query(params![
        row_id,
        since(filter),
        until(filter),
        after.map_or(i64::MIN, |after| after.at.ms()),
        after_n,
        sql_limit(limit),
        kinds(filter)?,
    ])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(observed_row(product.clone(), row)?);
    }
    Ok(found)
}

fn by_product(
    tx: &Transaction<'_>,
    shops: &[ShopRow],
    filter: &ObservationFilter,
    after: Option<&ObservationKey>,
    limit: usize,
) -> Result<Vec<ObservedRow>, Fault> {
    let mut find = tx.prepare_cached(&format!(
        "SELECT {OBSERVATION_COLUMNS}, {PRODUCT_COLUMNS}, p.native_id
         FROM products p CROSS JOIN observations o ON o.product_id = p.id
         LEFT JOIN product_texts t ON t.product_id = p.id
         WHERE p.shop_id = ?1 AND p.native_id >= ?2 AND (p.native_id > ?2 OR o.n > ?3)
             AND o.at >= ?4 AND o.at < ?5 AND {}
         ORDER BY p.native_id, o.n",
        is_wanted("?6")
    ))?;
    let after_id = after.map(|after| &after.product);
    let mut found = Vec::new();
    for shop in shops {
        let mut rows = find.query(params![
            shop.id,
            first_behind(after_id, shop),
            after.map_or(0, |after| sql_number(after.n)),
            since(filter),
            until(filter),
            kinds(filter)?,
        ])?;
        while found.len() < limit
            && let Some(row) = rows.next()?
        {
            let native = row.get::<_, Native>("native_id")?.0;
            found.push(observed_row(shop.product_id(native), row)?);
        }
    }
    Ok(found)
}

/// A moment with as many rows is too long to be sorted anew for each page of it. Pages of a crawl have moments of
/// their own; a whole crawl has one when its time is given, or when it was imported.
const CROWD: usize = 10_000;

/// Lists rows by time; a moment of `crowd` rows or more goes product by product.
pub(super) fn by_time(
    tx: &Transaction<'_>,
    shops: &[ShopRow],
    filter: &ObservationFilter,
    after: Option<&ObservationKey>,
    (limit, crowd): (usize, usize),
) -> Result<Vec<ObservedRow>, Fault> {
    let Some(moment) = first_moment(tx, filter, after)? else {
        return Ok(Vec::new());
    };
    let next_moment = UnixMs::new(moment.ms() + 1);
    // The last moment of all has no next one.
    if next_moment == moment || !is_crowded(tx, moment, crowd)? {
        return sorted_by_time(tx, shops, filter, after, limit);
    }
    let after = after.filter(|after| after.at == moment);
    let n_done = after.map_or(0, |after| {
        let last = (after.product.platform, &after.product.shop);
        shops.partition_point(|shop| (shop.platform, &shop.key) < last)
    });
    let here = ObservationFilter {
        since: Some(moment),
        until: Some(next_moment),
        ..filter.clone()
    };
    let mut found = by_product(tx, &shops[n_done..], &here, after, limit)?;
    if found.len() < limit {
        let later = ObservationFilter {
            since: Some(next_moment),
            ..filter.clone()
        };
        let room = limit - found.len();
        found.extend(by_time(tx, shops, &later, None, (room, crowd))?);
    }
    Ok(found)
}

fn first_moment(
    tx: &Transaction<'_>,
    filter: &ObservationFilter,
    after: Option<&ObservationKey>,
) -> Result<Option<UnixMs>, Fault> {
    let mut find = tx.prepare_cached(&format!(
        "SELECT o.at FROM observations o INDEXED BY observations_by_time
         WHERE o.at >= max(?1, ?2) AND o.at < ?3 AND {} ORDER BY o.at LIMIT 1",
        is_wanted("?4")
    ))?;
    let after = after.map_or(i64::MIN, |after| after.at.ms());
    let key = params![since(filter), after, until(filter), kinds(filter)?];
    let found = find.query_row(key, |row| row.get(0)).optional()?;
    Ok(found.map(|Ms(moment)| moment))
}

fn is_crowded(tx: &Transaction<'_>, moment: UnixMs, crowd: usize) -> Result<bool, Fault> {
    let mut count = tx.prepare_cached(
        "SELECT COUNT(*) FROM (SELECT 1 FROM observations INDEXED BY observations_by_time
                               WHERE at = ?1 LIMIT ?2)",
    )?;
    let n_rows: usize =
        count.query_row(params![moment.ms(), sql_limit(crowd)], |row| row.get(0))?;
    Ok(n_rows >= crowd)
}

/// Sorts the keys of the rows, one moment after the other, and reads the rows behind that.
fn sorted_by_time(
    tx: &Transaction<'_>,
    shops: &[ShopRow],
    filter: &ObservationFilter,
    after: Option<&ObservationKey>,
    limit: usize,
) -> Result<Vec<ObservedRow>, Fault> {
    let ids: Vec<i64> = shops.iter().map(|shop| shop.id).collect();
    let ids = to_json(&ids)?;
    // The names of platforms sort as the platforms do.
    let mut find = tx.prepare_cached(&format!(
        "SELECT o.product_id, o.n, t.shop_id, t.native_id
         FROM observations o INDEXED BY observations_by_time
         CROSS JOIN product_texts t ON t.product_id = o.product_id
         CROSS JOIN shops s ON s.id = t.shop_id
         WHERE o.at >= max(?1, ?4) AND o.at < ?2 AND t.shop_id IN (SELECT value FROM json_each(?3))
             AND (o.at > ?4 OR (s.platform, s.key, t.native_id, o.n) > (?5, ?6, ?7, ?8)) AND {}
         ORDER BY o.at, s.platform, s.key, t.native_id, o.n LIMIT ?9",
        is_wanted("?10")
    ))?;
    let mut read = tx.prepare_cached(&format!(
        "SELECT {OBSERVATION_COLUMNS}, {PRODUCT_COLUMNS}
         FROM observations o LEFT JOIN product_texts t ON t.product_id = o.product_id
         WHERE o.product_id = ?1 AND o.n = ?2"
    ))?;
    let mut rows = find.query(params![
        since(filter),
        until(filter),
        ids,
        after.map_or(i64::MIN, |after| after.at.ms()),
        after.map(|after| Word(after.product.platform)),
        after.map(|after| after.product.shop.as_str()),
        after.map(|after| native_sql(&after.product.native)),
        after.map(|after| sql_number(after.n)),
        sql_limit(limit),
        kinds(filter)?,
    ])?;
    let mut found = Vec::new();
    while let Some(key) = rows.next()? {
        let (product_id, n, shop_id): (i64, i64, i64) = (key.get(0)?, key.get(1)?, key.get(2)?);
        let shop = shops.iter().find(|shop| shop.id == shop_id);
        let shop = shop.ok_or_else(|| Fault::Damaged(format!("shop {shop_id} is missing")))?;
        let product = shop.product_id(key.get::<_, Native>(3)?.0);
        let mut row = read.query(params![product_id, n])?;
        if let Some(row) = row.next()? {
            found.push(observed_row(product, row)?);
        }
    }
    Ok(found)
}

pub(super) fn observed_row(product: ProductId, row: &Row<'_>) -> Result<ObservedRow, Fault> {
    Ok(ObservedRow {
        observation: observation(product, row)?,
        n: row.get(18)?,
        title: row.get(19)?,
        vendor: row.get(20)?,
        product_type: row.get(21)?,
        url: row.get(22)?,
    })
}

/// Returns the condition on an observation `o` that [`kinds`], which is the parameter `place`, stands for.
pub(super) fn is_wanted(place: &str) -> String {
    format!("({place} IS NULL OR o.kind IN (SELECT value FROM json_each({place})))")
}

/// Returns the kinds that pass `filter` as JSON; `None` for all.
pub(super) fn kinds(filter: &ObservationFilter) -> Result<Option<String>, Fault> {
    let kinds = &filter.kinds;
    (!kinds.is_empty()).then(|| to_json(kinds)).transpose()
}

pub(super) fn since(filter: &ObservationFilter) -> i64 {
    filter.since.map_or(i64::MIN, UnixMs::ms)
}

pub(super) fn until(filter: &ObservationFilter) -> i64 {
    filter.until.map_or(i64::MAX, UnixMs::ms)
}

pub(super) fn sql_number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
