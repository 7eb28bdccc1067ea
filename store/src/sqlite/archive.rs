//! The store's records as another store can take them.

use std::collections::BTreeMap;

use catalog::{
    CrawlKey, CrawlRecord, NativeId, PageRecord, ProblemKind, ProductFilter, ProductId,
    ProductRecord, Record, RecordKey, RecordKind, ShopKey, ShopRecord,
};
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::codec::{CRAWL_COLUMNS, Ms, Native, Word, crawl_report, from_json, time, validators};
use super::fault::Fault;
use super::observed::history;
use super::page::{problem_kinds, seen_ids};
use super::read::{first_behind, product, shops_from, sql_limit};
use super::records::{ROBOTS_COLUMNS, problems, robots_record, shop_of};

pub(super) fn records(
    tx: &Transaction<'_>,
    kind: RecordKind,
    after: Option<&RecordKey>,
    limit: usize,
) -> Result<Vec<Record>, Fault> {
    // Keys are ordered by kind first.
    let after = match after {
        Some(after) if after.kind() > kind => return Ok(Vec::new()),
        Some(after) if after.kind() < kind => None,
        after => after,
    };
    match kind {
        RecordKind::Shop => shops(tx, after, limit),
        RecordKind::Product => products(tx, after, limit),
        RecordKind::Crawl => crawls(tx, after, limit),
        RecordKind::Ranking => rankings(tx, after, limit),
        RecordKind::Summary => summaries(tx, after, limit),
        RecordKind::Robots => robots(tx, after, limit),
    }
}

fn shops(
    tx: &Transaction<'_>,
    after: Option<&RecordKey>,
    limit: usize,
) -> Result<Vec<Record>, Fault> {
    let after = match after {
        Some(RecordKey::Shop(key)) => key.as_str(),
        _ => "",
    };
    let mut find = tx.prepare_cached(
        "SELECT s.id, s.key, s.platform, s.url, s.currency, s.currency_source, s.last_complete_at,
                s.is_paused, s.is_added, COALESCE(l.epoch, 0)
         FROM shops s LEFT JOIN leases l ON l.shop = s.key
         WHERE s.key > ?1 ORDER BY s.key LIMIT ?2",
    )?;
    let found = find.query_map(params![after, sql_limit(limit)], |row| {
        Ok(Record::Shop(ShopRecord {
            shop: shop_of(row)?,
            last_complete_at: time(row, 6)?,
            is_paused: row.get(7)?,
            is_added: row.get(8)?,
            epoch: row.get(9)?,
        }))
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn products(
    tx: &Transaction<'_>,
    after: Option<&RecordKey>,
    limit: usize,
) -> Result<Vec<Record>, Fault> {
    let after = match after {
        Some(RecordKey::Product(id)) => Some(id),
        _ => None,
    };
    let mut find = tx.prepare_cached(
        "SELECT native_id, id, first_seen_at, stored_at, gone_at FROM products
         WHERE shop_id = ?1 AND native_id > ?2 ORDER BY native_id",
    )?;
    let mut found = Vec::new();
    for shop in shops_from(tx, &ProductFilter::default(), after)? {
        let mut rows = find.query(params![shop.id, first_behind(after, &shop)])?;
        while found.len() < limit
            && let Some(row) = rows.next()?
        {
            let id = shop.product_id(row.get::<_, Native>(0)?.0);
            found.push(Record::Product(Box::new(product_record(tx, &id, row)?)));
        }
    }
    Ok(found)
}

fn product_record(
    tx: &Transaction<'_>,
    id: &ProductId,
    row: &Row<'_>,
) -> Result<ProductRecord, Fault> {
    let product = product(tx, id)?;
    Ok(ProductRecord {
        product: product.ok_or_else(|| Fault::Damaged(format!("product {id} is missing")))?,
        first_seen_at: row.get::<_, Ms>(2)?.0,
        stored_at: row.get::<_, Ms>(3)?.0,
        gone_at: time(row, 4)?,
        observations: history(tx, id, row.get(1)?, i64::MAX, usize::MAX)?,
    })
}

fn crawls(
    tx: &Transaction<'_>,
    after: Option<&RecordKey>,
    limit: usize,
) -> Result<Vec<Record>, Fault> {
    let (after, after_n) = match after {
        Some(RecordKey::Crawl(key)) => (key.shop.as_str(), key.n),
        _ => ("", 0),
    };
    let mut find = tx.prepare_cached(&format!(
        "SELECT {CRAWL_COLUMNS}, c.n_known, c.shop_id, s.key
         FROM shops s CROSS JOIN crawls c ON c.shop_id = s.id
         WHERE s.key >= ?1 AND (s.key > ?1 OR c.n > ?2) ORDER BY s.key, c.n LIMIT ?3"
    ))?;
    let mut rows = find.query(params![after, after_n, sql_limit(limit)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let shop = row.get::<_, Word<ShopKey>>("key")?.0;
        let report = crawl_report(shop, row)?;
        found.push(Record::Crawl(Box::new(CrawlRecord {
            n_known: row.get("n_known")?,
            pages: pages(tx, row.get("shop_id")?, &report.key)?,
            problems: problems(tx, &report.key, usize::MAX)?,
            report,
        })));
    }
    Ok(found)
}

fn pages(tx: &Transaction<'_>, shop_id: i64, crawl: &CrawlKey) -> Result<Vec<PageRecord>, Fault> {
    let mut find = tx.prepare_cached(
        "SELECT page, products, bytes, kinds, seen, validators FROM all_pages
         WHERE shop_id = ?1 AND crawl_n = ?2 ORDER BY page",
    )?;
    let mut rows = find.query(params![shop_id, crawl.n])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let kinds: BTreeMap<ProblemKind, u64> = problem_kinds(&row.get::<_, String>(3)?)?;
        found.push(PageRecord {
            page: row.get(0)?,
            n_products: row.get(1)?,
            bytes: row.get(2)?,
            problems: kinds.into_iter().collect(),
            seen: native_ids(tx, &row.get::<_, String>(4)?)?,
            validators: validators(row.get::<_, Option<String>>(5)?.as_deref())?,
        });
    }
    Ok(found)
}

fn native_ids(tx: &Transaction<'_>, seen: &str) -> Result<Vec<NativeId>, Fault> {
    let mut find =
        tx.prepare_cached("SELECT native_id FROM product_texts WHERE product_id = ?1")?;
    let mut found = Vec::new();
    for row_id in seen_ids(seen)? {
        let native = find.query_row([row_id], |row| row.get(0)).optional()?;
        let Some(Native(native)) = native else {
            return Err(Fault::Damaged(format!("a page's product {row_id}")));
        };
        found.push(native);
    }
    found.sort_unstable();
    Ok(found)
}

fn rankings(
    tx: &Transaction<'_>,
    after: Option<&RecordKey>,
    limit: usize,
) -> Result<Vec<Record>, Fault> {
    let (at, preset) = match after {
        Some(RecordKey::Ranking(at, preset)) => (at.ms(), preset.as_str()),
        _ => (i64::MIN, ""),
    };
    let mut find = tx.prepare_cached(
        "SELECT ranking FROM rankings WHERE (at, preset) > (?1, ?2) ORDER BY at, preset LIMIT ?3",
    )?;
    let mut rows = find.query(params![at, preset, sql_limit(limit)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let ranking = from_json(&row.get::<_, String>(0)?, "a ranking")?;
        found.push(Record::Ranking(Box::new(ranking)));
    }
    Ok(found)
}

fn summaries(
    tx: &Transaction<'_>,
    after: Option<&RecordKey>,
    limit: usize,
) -> Result<Vec<Record>, Fault> {
    let (subject, language, input_hash) = match after {
        Some(RecordKey::Summary(subject, language, hash)) => (Some(subject), language, hash),
        _ => (None, &String::new(), &String::new()),
    };
    let mut find = tx.prepare_cached(
        "SELECT summary FROM summaries
         WHERE ?1 IS NULL OR (subject, language, input_hash) > (?1, ?2, ?3)
         ORDER BY subject, language, input_hash LIMIT ?4",
    )?;
    let mut rows = find.query(params![subject, language, input_hash, sql_limit(limit)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let summary = from_json(&row.get::<_, String>(0)?, "a summary")?;
        found.push(Record::Summary(Box::new(summary)));
    }
    Ok(found)
}

fn robots(
    tx: &Transaction<'_>,
    after: Option<&RecordKey>,
    limit: usize,
) -> Result<Vec<Record>, Fault> {
    let after = match after {
        Some(RecordKey::Robots(origin)) => Some(origin),
        _ => None,
    };
    let mut find = tx.prepare_cached(&format!(
        "SELECT {ROBOTS_COLUMNS} FROM robots
         WHERE ?1 IS NULL OR origin > ?1 ORDER BY origin LIMIT ?2"
    ))?;
    let found = find.query_map(params![after, sql_limit(limit)], |row| {
        Ok(Record::Robots(Box::new(robots_record(row)?)))
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}
