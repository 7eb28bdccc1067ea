//! Reads products: lists, scans for scores, one whole product, its history.

use std::collections::{BTreeSet, HashMap};

use catalog::{
    CrawlKey, Currency, MetricsRow, NativeId, Observation, Product, ProductFilter, ProductId,
    ProductRow, ShopKey,
};
use rusqlite::types::ToSqlOutput;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::codec::{
    BEFORE_ALL_IDS, LIST_COLUMNS, METRICS_COLUMNS, Native, ShopRow, Word, metrics, native_sql,
    product_row, time,
};
use super::detail;
use super::fault::Fault;
use super::observed;
use super::page::seen_ids;

pub(super) fn products(
    tx: &Transaction<'_>,
    filter: &ProductFilter,
    after: Option<&ProductId>,
    limit: usize,
) -> Result<Vec<ProductRow>, Fault> {
    let mut found = Vec::new();
    let mut scan = tx.prepare_cached(&format!(
        "SELECT p.native_id, {METRICS_COLUMNS}, {LIST_COLUMNS}
         FROM products p LEFT JOIN product_texts t ON t.product_id = p.id
         WHERE p.shop_id = ?1 AND p.native_id > ?2 AND p.gone_at IS NULL
         ORDER BY p.native_id"
    ))?;
    for shop in shops_from(tx, filter, after)? {
        let mut rows = scan.query(params![shop.id, first_behind(after, &shop)])?;
        while found.len() < limit
            && let Some(row) = rows.next()?
        {
            let product = product_row(&shop, row)?;
            if filter.matches(&product) {
                found.push(product);
            }
        }
    }
    Ok(found)
}

pub(super) fn metrics_rows(
    tx: &Transaction<'_>,
    filter: &ProductFilter,
    after: Option<&ProductId>,
    limit: usize,
) -> Result<Vec<MetricsRow>, Fault> {
    if !is_by_shop_alone(filter) {
        let of_product = |it: ProductRow| MetricsRow {
            id: it.id,
            metrics: it.metrics,
        };
        let products = products(tx, filter, after, limit)?;
        return Ok(products.into_iter().map(of_product).collect());
    }
    let mut found = Vec::new();
    let mut scan = tx.prepare_cached(&format!(
        "SELECT p.native_id, {METRICS_COLUMNS} FROM products p
         WHERE p.shop_id = ?1 AND p.native_id > ?2 AND p.gone_at IS NULL
         ORDER BY p.native_id"
    ))?;
    for shop in shops_from(tx, filter, after)? {
        let mut rows = scan.query(params![shop.id, first_behind(after, &shop)])?;
        while found.len() < limit
            && let Some(row) = rows.next()?
        {
            found.push(MetricsRow {
                id: shop.product_id(row.get::<_, Native>(0)?.0),
                metrics: metrics(row, 1)?,
            });
        }
    }
    Ok(found)
}

pub(super) fn is_by_shop_alone(filter: &ProductFilter) -> bool {
    let everything = ProductFilter {
        shops: filter.shops.clone(),
        ..ProductFilter::default()
    };
    *filter == everything
}

/// Returns the shops that pass `filter` in the order of their products' ids, from that of `after` on.
pub(super) fn shops_from(
    tx: &Transaction<'_>,
    filter: &ProductFilter,
    after: Option<&ProductId>,
) -> Result<Vec<ShopRow>, Fault> {
    let columns = ShopRow::COLUMNS;
    let mut find = tx.prepare_cached(&format!("SELECT {columns} FROM shops"))?;
    let shops = find.query_map([], ShopRow::read)?;
    let mut shops: Vec<ShopRow> = shops.collect::<Result<_, _>>()?;
    shops.retain(|shop| {
        (filter.shops.is_empty() || filter.shops.contains(&shop.key))
            && after.is_none_or(|after| (shop.platform, &shop.key) >= (after.platform, &after.shop))
    });
    shops.sort_by(|one, two| (one.platform, &one.key).cmp(&(two.platform, &two.key)));
    Ok(shops)
}

/// Returns the native id behind which the scan of `shop` begins.
pub(super) fn first_behind<'a>(after: Option<&'a ProductId>, shop: &ShopRow) -> ToSqlOutput<'a> {
    match after {
        Some(after) if after.platform == shop.platform && after.shop == shop.key => {
            native_sql(&after.native)
        }
        _ => BEFORE_ALL_IDS,
    }
}

pub(super) fn currencies(
    tx: &Transaction<'_>,
    filter: &ProductFilter,
) -> Result<Vec<Currency>, Fault> {
    let mut found = BTreeSet::new();
    if !is_by_shop_alone(filter) {
        let products = products(tx, filter, None, usize::MAX)?;
        found.extend(products.into_iter().map(|product| product.currency));
        return Ok(found.into_iter().collect());
    }
    let mut scan = tx.prepare_cached(
        "SELECT DISTINCT currency FROM products WHERE shop_id = ?1 AND gone_at IS NULL",
    )?;
    for shop in shops_from(tx, filter, None)? {
        let mut rows = scan.query([shop.id])?;
        while let Some(row) = rows.next()? {
            let currency = row.get::<_, Option<Word<Currency>>>(0)?;
            found.insert(currency.map_or(shop.currency, |Word(currency)| currency));
        }
    }
    Ok(found.into_iter().collect())
}

pub(super) fn product_rows(
    tx: &Transaction<'_>,
    ids: &[ProductId],
) -> Result<Vec<ProductRow>, Fault> {
    let mut shops: HashMap<&ShopKey, Option<ShopRow>> = HashMap::new();
    let mut found = Vec::new();
    for id in ids {
        if !shops.contains_key(&id.shop) {
            shops.insert(&id.shop, shop(tx, &id.shop)?);
        }
        let Some(Some(shop)) = shops.get(&id.shop) else {
            continue;
        };
        if shop.platform == id.platform {
            found.extend(row_of(tx, shop, &id.native)?);
        }
    }
    Ok(found)
}

/// Returns the row of one product of `shop`, gone or not.
pub(super) fn row_of(
    tx: &Transaction<'_>,
    shop: &ShopRow,
    native: &NativeId,
) -> Result<Option<ProductRow>, Fault> {
    let mut find = tx.prepare_cached(&format!(
        "SELECT p.native_id, {METRICS_COLUMNS}, {LIST_COLUMNS}
         FROM products p LEFT JOIN product_texts t ON t.product_id = p.id
         WHERE p.shop_id = ?1 AND p.native_id = ?2"
    ))?;
    let mut rows = find.query(params![shop.id, native_sql(native)])?;
    let row = rows.next()?;
    row.map(|row| product_row(shop, row)).transpose()
}

/// Returns the products with a handle, gone or not, in the order of their ids.
pub(super) fn products_of_handle(
    tx: &Transaction<'_>,
    handle: &str,
    of_shop: Option<&ShopKey>,
    limit: usize,
) -> Result<Vec<ProductRow>, Fault> {
    let mut shops = shops_from(tx, &ProductFilter::default(), None)?;
    shops.retain(|shop| of_shop.is_none_or(|key| *key == shop.key));
    let shop_id = match (of_shop, shops.first()) {
        (Some(_), None) => return Ok(Vec::new()),
        (Some(_), Some(shop)) => Some(shop.id),
        (None, _) => None,
    };
    let bounds = "SELECT COALESCE(MIN(product_id), 0), COALESCE(MAX(product_id), -1)
                  FROM product_texts WHERE ?1 IS NULL OR shop_id = ?1";
    let bounds = if shop_id.is_some() {
        bounds.replace("?1 IS NULL OR ", "")
    } else {
        bounds.replace("WHERE ?1 IS NULL OR shop_id = ?1", "")
    };
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let (first, last): (i64, i64) = tx
        .prepare_cached(&bounds)?
        .query_row(rusqlite::params_from_iter(shop_id), read)?;
    let mut find = tx.prepare_cached(
        "SELECT shop_id, native_id FROM product_texts
         WHERE product_id >> 12 = ?1 AND handle = ?2",
    )?;
    let shops: HashMap<i64, ShopRow> = shops.into_iter().map(|shop| (shop.id, shop)).collect();
    let mut ids = Vec::new();
    for generation in first >> 12..=last >> 12 {
        let mut rows = find.query(params![generation, handle])?;
        while let Some(row) = rows.next()? {
            if let Some(shop) = shops.get(&row.get(0)?) {
                ids.push(shop.product_id(row.get::<_, Native>(1)?.0));
            }
        }
    }
    ids.sort();
    ids.truncate(limit);
    product_rows(tx, &ids)
}

/// Asked for each of a page's products: it may not look through the others.
pub(super) const ID_AND_HANDLE: &str =
    "SELECT native_id, handle FROM product_texts WHERE product_id = ?1";

/// Returns the products on a page of a pass, with their handles, in the order of their ids.
pub(super) fn products_on_page(
    tx: &Transaction<'_>,
    crawl: &CrawlKey,
    page: u32,
) -> Result<Vec<(ProductId, String)>, Fault> {
    let Some(shop) = shop(tx, &crawl.shop)? else {
        return Ok(Vec::new());
    };
    let mut find_page = tx.prepare_cached(
        "SELECT seen FROM all_pages WHERE shop_id = ?1 AND crawl_n = ?2 AND page = ?3",
    )?;
    let key = params![shop.id, crawl.n, page];
    let seen: Option<String> = find_page.query_row(key, |row| row.get(0)).optional()?;
    let mut find = tx.prepare_cached(ID_AND_HANDLE)?;
    let mut found = Vec::new();
    for row_id in seen_ids(seen.as_deref().unwrap_or("[]"))? {
        let read = |row: &Row<'_>| Ok((row.get::<_, Native>(0)?.0, row.get(1)?));
        if let Some((native, handle)) = find.query_row([row_id], read).optional()? {
            found.push((shop.product_id(native), handle));
        }
    }
    found.sort();
    Ok(found)
}

pub(super) fn shop(tx: &Transaction<'_>, key: &ShopKey) -> Result<Option<ShopRow>, Fault> {
    let columns = ShopRow::COLUMNS;
    let mut find = tx.prepare_cached(&format!("SELECT {columns} FROM shops WHERE key = ?1"))?;
    Ok(find.query_row([key.as_str()], ShopRow::read).optional()?)
}

pub(super) fn product(tx: &Transaction<'_>, id: &ProductId) -> Result<Option<Product>, Fault> {
    let row_id = row_id(tx, id)?;
    row_id.map(|it| product_of(tx, id, it)).transpose()
}

/// Returns the product `id`, whose row id is `row_id`.
pub(super) fn product_of(
    tx: &Transaction<'_>,
    id: &ProductId,
    row_id: i64,
) -> Result<Product, Fault> {
    let mut find = tx.prepare_cached(
        "SELECT t.title, t.handle, t.vendor, t.product_type, t.url,
                d.created_at, d.published_at, d.updated_at, d.body_html, d.detail
         FROM product_texts t JOIN product_details d ON d.product_id = t.product_id
         WHERE t.product_id = ?1",
    )?;
    let mut rows = find.query([row_id])?;
    let Some(row) = rows.next()? else {
        return Err(Fault::Damaged(format!("product {id} has no texts")));
    };
    let detail = row.get_ref(9)?.as_str().map_err(rusqlite::Error::from)?;
    let mut detail = detail::decode(detail)?;
    Ok(Product {
        id: id.clone(),
        title: row.get(0)?,
        handle: row.get(1)?,
        vendor: row.get(2)?,
        product_type: row.get(3)?,
        url: row.get(4)?,
        created_at: time(row, 5)?,
        published_at: time(row, 6)?,
        updated_at: time(row, 7)?,
        body_html: row.get(8)?,
        variants: detail.take_variants()?,
        images: detail.take_images(),
        tags: detail.tags,
        options: detail.options,
    })
}

pub(super) fn row_id(tx: &Transaction<'_>, id: &ProductId) -> Result<Option<i64>, Fault> {
    let Some(shop) = shop(tx, &id.shop)?.filter(|shop| shop.platform == id.platform) else {
        return Ok(None);
    };
    let mut find =
        tx.prepare_cached("SELECT id FROM products WHERE shop_id = ?1 AND native_id = ?2")?;
    let key = params![shop.id, native_sql(&id.native)];
    Ok(find.query_row(key, |row| row.get(0)).optional()?)
}

pub(super) fn observations(
    tx: &Transaction<'_>,
    id: &ProductId,
    limit: usize,
) -> Result<Vec<Observation>, Fault> {
    let Some(row_id) = row_id(tx, id)? else {
        return Ok(Vec::new());
    };
    let history = observed::history(tx, id, row_id, i64::MAX, limit)?;
    Ok(history.into_iter().map(|(_, row)| row).collect())
}

pub(super) fn sql_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
