//! Reads shops, passes and problems; keeps summaries and robots.txt files; counts the whole store.

use std::collections::BTreeMap;

use catalog::{
    CrawlKey, CrawlReport, Problem, ProblemKind, RobotsRecord, Shop, ShopKey, ShopStatus,
    StoreStats, Summary, UnixMs,
};
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::codec::{CRAWL_COLUMNS, Ms, Word, crawl_report, from_json, time, to_json};
use super::crawl::{N_PRODUCTS, newest_pass};
use super::fault::Fault;
use super::leases;
use super::page::problem_kinds;
use super::read::sql_limit;
use crate::rules::ROBOTS_KEPT_MS;

pub(super) fn shops(tx: &Transaction<'_>) -> Result<Vec<ShopStatus>, Fault> {
    let mut find = tx.prepare_cached(&format!(
        "SELECT s.id, s.key, s.platform, s.url, s.currency, s.currency_source, s.last_complete_at,
                {N_PRODUCTS}, s.is_paused, s.is_added
         FROM shops s ORDER BY s.key",
    ))?;
    let now = leases::clock(tx)?;
    let mut rows = find.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let shop = shop_of(row)?;
        found.push(ShopStatus {
            last_crawl: newest_pass(tx, row.get(0)?, &shop.key)?,
            lease: leases::current(tx, &shop.key, now)?,
            shop,
            n_products: row.get(7)?,
            n_gone: row.get(8)?,
            last_complete_at: time(row, 6)?,
            is_paused: row.get(9)?,
            is_added: row.get(10)?,
        });
    }
    Ok(found)
}

/// Reads a shop from the second to the sixth column of `row`.
pub(super) fn shop_of(row: &Row<'_>) -> rusqlite::Result<Shop> {
    Ok(Shop {
        key: row.get::<_, Word<_>>(1)?.0,
        platform: row.get::<_, Word<_>>(2)?.0,
        url: row.get(3)?,
        currency: row.get::<_, Word<_>>(4)?.0,
        currency_source: row.get::<_, Word<_>>(5)?.0,
    })
}

pub(super) fn crawls(
    tx: &Transaction<'_>,
    shop: Option<&ShopKey>,
    limit: usize,
) -> Result<Vec<CrawlReport>, Fault> {
    let mut find = tx.prepare_cached(&format!(
        "SELECT {CRAWL_COLUMNS}, s.key FROM crawls c JOIN shops s ON s.id = c.shop_id
         WHERE ?1 IS NULL OR s.key = ?1
         ORDER BY c.started_at DESC, s.key, c.n DESC LIMIT ?2"
    ))?;
    let mut rows = find.query(params![shop.map(ShopKey::as_str), sql_limit(limit)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let shop = row.get::<_, Word<ShopKey>>("key")?.0;
        found.push(crawl_report(shop, row)?);
    }
    Ok(found)
}

pub(super) fn problems(
    tx: &Transaction<'_>,
    crawl: &CrawlKey,
    limit: usize,
) -> Result<Vec<Problem>, Fault> {
    let mut find = tx.prepare_cached(
        "SELECT p.kind, p.page, p.idx, p.product, p.detail
         FROM problems p JOIN shops s ON s.id = p.shop_id
         WHERE s.key = ?1 AND p.crawl_n = ?2 ORDER BY p.page, p.place LIMIT ?3",
    )?;
    let found = find.query_map(
        params![crawl.shop.as_str(), crawl.n, sql_limit(limit)],
        problem,
    )?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Reads a problem from the columns kind, page, idx, product and detail.
pub(super) fn problem(row: &Row<'_>) -> rusqlite::Result<Problem> {
    Ok(Problem {
        kind: row.get::<_, Word<_>>(0)?.0,
        page: row.get(1)?,
        index: row.get(2)?,
        product: row.get(3)?,
        detail: row.get(4)?,
    })
}

pub(super) fn save_summary(tx: &Transaction<'_>, summary: &Summary) -> Result<(), Fault> {
    tx.prepare_cached(
        "INSERT OR REPLACE INTO summaries (subject, language, input_hash, at, summary)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        summary.subject,
        summary.language,
        summary.input_hash,
        summary.at.ms(),
        to_json(summary)?
    ])?;
    Ok(())
}

pub(super) fn newest_summary(
    tx: &Transaction<'_>,
    subject: &str,
    language: &str,
) -> Result<Option<Summary>, Fault> {
    let newest = "SELECT summary FROM summaries WHERE subject = ?1 AND language = ?2
                  ORDER BY at DESC, input_hash LIMIT 1";
    let found = tx
        .prepare_cached(newest)?
        .query_row([subject, language], |row| row.get(0));
    let json: Option<String> = found.optional()?;
    json.map(|json| from_json(&json, "a summary")).transpose()
}

/// Returns the summary with a subject, a language and an input hash.
pub(super) fn summary_of_input(
    tx: &Transaction<'_>,
    key: &[String; 3],
) -> Result<Option<Summary>, Fault> {
    let same = "SELECT summary FROM summaries
                WHERE subject = ?1 AND language = ?2 AND input_hash = ?3";
    let found = tx
        .prepare_cached(same)?
        .query_row(rusqlite::params_from_iter(key), |row| row.get(0));
    let json: Option<String> = found.optional()?;
    json.map(|json| from_json(&json, "a summary")).transpose()
}

pub(super) fn save_robots(tx: &Transaction<'_>, robots: &RobotsRecord) -> Result<(), Fault> {
    put_robots(tx, robots)?;
    let oldest = robots.fetched_at.ms().saturating_sub(ROBOTS_KEPT_MS);
    tx.prepare_cached("DELETE FROM robots WHERE fetched_at < ?1")?
        .execute([oldest])?;
    Ok(())
}

pub(super) fn put_robots(tx: &Transaction<'_>, robots: &RobotsRecord) -> Result<(), Fault> {
    tx.prepare_cached(
        "INSERT OR REPLACE INTO robots (origin, status, body, fetched_at) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![
        robots.origin,
        robots.status,
        robots.body,
        robots.fetched_at.ms()
    ])?;
    Ok(())
}

pub(super) fn robots(
    tx: &Transaction<'_>,
    origin: &str,
    since: UnixMs,
) -> Result<Option<RobotsRecord>, Fault> {
    let mut find = tx.prepare_cached(&format!(
        "SELECT {ROBOTS_COLUMNS} FROM robots WHERE origin = ?1 AND fetched_at >= ?2"
    ))?;
    let found = find.query_row(params![origin, since.ms()], robots_record);
    Ok(found.optional()?)
}

/// The columns of [`robots_record`].
pub(super) const ROBOTS_COLUMNS: &str = "origin, status, body, fetched_at";

pub(super) fn robots_record(row: &Row<'_>) -> rusqlite::Result<RobotsRecord> {
    Ok(RobotsRecord {
        origin: row.get(0)?,
        status: row.get(1)?,
        body: row.get(2)?,
        fetched_at: row.get::<_, Ms>(3)?.0,
    })
}

/// Returns the numbers of the store; its size is for the caller to add.
pub(super) fn stats(tx: &Transaction<'_>) -> Result<StoreStats, Fault> {
    let count = |sql: &str| tx.query_row(sql, [], |row| row.get::<_, u64>(0));
    Ok(StoreStats {
        schema_version: tx.pragma_query_value(None, "user_version", |row| row.get(0))?,
        size_bytes: None,
        n_shops: count("SELECT COUNT(*) FROM shops")?,
        n_products: count("SELECT COUNT(*) FROM products WHERE gone_at IS NULL")?,
        n_gone: count("SELECT COUNT(gone_at) FROM products")?,
        n_observations: count("SELECT COUNT(*) FROM observations")?,
        problems: newest_problems(tx)?,
    })
}

fn newest_problems(tx: &Transaction<'_>) -> Result<Vec<(ProblemKind, u64)>, Fault> {
    let mut find = tx.prepare_cached(
        "SELECT kinds FROM pages WHERE problems > 0 AND (shop_id, crawl_n) IN
             (SELECT shop_id, MAX(n) FROM crawls GROUP BY shop_id)",
    )?;
    let mut rows = find.query([])?;
    let mut total = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let kinds = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
        for (kind, n) in problem_kinds(kinds)? {
            *total.entry(kind).or_default() += n;
        }
    }
    Ok(total.into_iter().collect())
}
