//! Begins and ends passes.

use std::collections::HashSet;

use catalog::{
    BegunCrawl, Checkpoint, CrawlKey, CrawlReport, CrawlTicket, Currency, CurrencySource, Lease,
    Outcome, Shop, ShopKey, Start, UnixMs,
};
use rusqlite::{OptionalExtension, Transaction, params};

use super::codec::{CRAWL_COLUMNS, Native, Word, crawl_report, native_sql};
use super::fault::Fault;
use super::leases;
use super::page::seen_ids;
use crate::rules::{goes_on, shrunk};

pub(super) fn begin(
    tx: &Transaction<'_>,
    lease: &Lease,
    shop: &Shop,
    start: Start,
    now: UnixMs,
) -> Result<BegunCrawl, Fault> {
    if lease.shop != shop.key {
        let detail = format!("the lease is of {}, not of {}", lease.shop, shop.key);
        return Err(Fault::Failed(detail));
    }
    leases::check(tx, lease)?;
    let previous_currency = stored_currency(tx, &shop.key)?;
    let (shop_id, shop) = put_shop(tx, shop)?;
    let newest = newest_pass(tx, shop_id, &shop.key)?;
    let resumed = newest.as_ref().filter(|pass| goes_on(pass, start, now));
    let (n, checkpoint) = match resumed {
        Some(pass) => (pass.key.n, go_on(tx, shop_id, &shop, pass)?),
        None => {
            let n = newest.as_ref().map_or(1, |pass| pass.key.n + 1);
            (n, begin_fresh(tx, shop_id, &shop, n, now)?)
        }
    };
    let n_known = tx.query_row(
        "SELECT n_known FROM crawls WHERE shop_id = ?1 AND n = ?2",
        params![shop_id, n],
        |row| row.get(0),
    )?;
    Ok(BegunCrawl {
        ticket: CrawlTicket {
            crawl: CrawlKey {
                shop: shop.key.clone(),
                n,
            },
            epoch: lease.epoch,
        },
        checkpoint,
        resumed: resumed.is_some(),
        shop,
        previous_currency,
        n_known,
    })
}

fn stored_currency(tx: &Transaction<'_>, shop: &ShopKey) -> Result<Currency, Fault> {
    let mut find = tx.prepare_cached("SELECT currency FROM shops WHERE key = ?1")?;
    let stored: Option<Word<Currency>> = find
        .query_row([shop.as_str()], |row| row.get(0))
        .optional()?;
    Ok(stored.map_or(Currency::UNKNOWN, |Word(currency)| currency))
}

/// Stores what is known of the shop, and returns its row id and what is known now.
fn put_shop(tx: &Transaction<'_>, shop: &Shop) -> Result<(i64, Shop), Fault> {
    let mut upsert = tx.prepare_cached(
        "INSERT INTO shops (key, platform, url, currency, currency_source)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (key) DO UPDATE SET
             url = CASE excluded.url WHEN '' THEN url ELSE excluded.url END,
             currency = CASE WHEN ?6 AND (?7 OR currency_source <> 'shop')
                 THEN excluded.currency ELSE currency END,
             currency_source = CASE WHEN ?6 AND (?7 OR currency_source <> 'shop')
                 THEN excluded.currency_source ELSE currency_source END
         RETURNING id, platform, url, currency, currency_source",
    )?;
    let row = params![
        shop.key.as_str(),
        Word(shop.platform),
        shop.url,
        Word(shop.currency),
        Word(shop.currency_source),
        shop.currency.is_known(),
        shop.currency_source == CurrencySource::Shop,
    ];
    let put = upsert.query_row(row, |row| {
        let stored = Shop {
            key: shop.key.clone(),
            platform: row.get::<_, Word<_>>(1)?.0,
            url: row.get(2)?,
            currency: row.get::<_, Word<_>>(3)?.0,
            currency_source: row.get::<_, Word<_>>(4)?.0,
        };
        Ok((row.get(0)?, stored))
    })?;
    Ok(put)
}

pub(super) fn newest_pass(
    tx: &Transaction<'_>,
    shop_id: i64,
    shop: &ShopKey,
) -> Result<Option<CrawlReport>, Fault> {
    let mut find = tx.prepare_cached(&format!(
        "SELECT {CRAWL_COLUMNS} FROM crawls c WHERE c.shop_id = ?1 ORDER BY c.n DESC LIMIT 1"
    ))?;
    let mut rows = find.query([shop_id])?;
    let row = rows.next()?;
    row.map(|row| crawl_report(shop.clone(), row)).transpose()
}

/// Opens `pass` again, and returns where it goes on.
///
/// A pass whose last page is stored, but which nobody ended, goes on with that page: it is asked for again,
/// and storing it again changes nothing.
fn go_on(
    tx: &Transaction<'_>,
    shop_id: i64,
    shop: &Shop,
    pass: &CrawlReport,
) -> Result<Checkpoint, Fault> {
    let next_page = tx.query_row(
        "UPDATE crawls SET
             outcome = NULL, stop = NULL, detail = NULL, finished_at = NULL,
             currency = ?3, currency_source = ?4,
             next_page = COALESCE(next_page,
                 (SELECT MAX(page) FROM pages WHERE shop_id = ?1 AND crawl_n = ?2), 1)
         WHERE shop_id = ?1 AND n = ?2
         RETURNING next_page",
        params![
            shop_id,
            pass.key.n,
            Word(shop.currency),
            Word(shop.currency_source)
        ],
        |row| row.get(0),
    )?;
    Ok(Checkpoint { next_page })
}

fn begin_fresh(
    tx: &Transaction<'_>,
    shop_id: i64,
    shop: &Shop,
    n: u64,
    now: UnixMs,
) -> Result<Checkpoint, Fault> {
    tx.execute(
        "DELETE FROM pages WHERE shop_id = ?1 AND crawl_n <> COALESCE(
             (SELECT MAX(n) FROM crawls WHERE shop_id = ?1 AND outcome = 'complete'), 0)",
        [shop_id],
    )?;
    tx.execute(
        "INSERT INTO crawls (shop_id, n, started_at, next_page, currency, currency_source, n_known)
         VALUES (?1, ?2, ?3, 1, ?4, ?5,
                 (SELECT COUNT(*) FROM products WHERE shop_id = ?1 AND gone_at IS NULL))",
        params![
            shop_id,
            n,
            now.ms(),
            Word(shop.currency),
            Word(shop.currency_source)
        ],
    )?;
    Ok(Checkpoint { next_page: 1 })
}

/// Returns the shop's row id if `ticket` may still write.
///
/// A pass behind which its own owner began another one can't: its pages are no longer kept.
pub(super) fn fence(tx: &Transaction<'_>, ticket: &CrawlTicket) -> Result<i64, Fault> {
    let mut find = tx.prepare_cached(
        "SELECT s.id FROM shops s JOIN leases l ON l.shop = s.key
         WHERE s.key = ?1 AND l.epoch = ?2
             AND ?3 = (SELECT MAX(c.n) FROM crawls c WHERE c.shop_id = s.id)",
    )?;
    let ticket_columns = params![ticket.crawl.shop.as_str(), ticket.epoch, ticket.crawl.n];
    let shop_id = find
        .query_row(ticket_columns, |row| row.get(0))
        .optional()?;
    shop_id.ok_or_else(|| Fault::Fenced(ticket.crawl.shop.clone()))
}

pub(super) fn finish(
    tx: &Transaction<'_>,
    ticket: &CrawlTicket,
    outcome: Outcome,
    now: UnixMs,
) -> Result<CrawlReport, Fault> {
    let shop_id = fence(tx, ticket)?;
    let n = ticket.crawl.n;
    if let Some(report) = report_if_ended(tx, shop_id, ticket)? {
        return Ok(report);
    }
    let read_to_the_end = outcome.is_done();
    let (outcome, gone) = settle(tx, shop_id, n, outcome)?;
    mark_gone(tx, shop_id, n, &gone, now)?;
    let reason = outcome.reason();
    tx.execute(
        "UPDATE crawls SET outcome = ?3, stop = ?4, detail = ?5, finished_at = ?6, gone = gone + ?7,
             next_page = CASE WHEN ?8 THEN NULL ELSE next_page END
         WHERE shop_id = ?1 AND n = ?2",
        params![
            shop_id,
            n,
            outcome.word(),
            reason.map(|reason| reason.stop.name()),
            reason.map(|reason| &reason.detail),
            now.ms(),
            gone.len(),
            read_to_the_end,
        ],
    )?;
    if outcome == Outcome::Complete {
        tx.execute(
            "UPDATE shops SET last_complete_at = ?2 WHERE id = ?1",
            params![shop_id, now.ms()],
        )?;
        tx.execute(
            "DELETE FROM pages WHERE shop_id = ?1 AND crawl_n < ?2",
            params![shop_id, n],
        )?;
    }
    report_if_ended(tx, shop_id, ticket)?
        .ok_or_else(|| Fault::Damaged(format!("pass {n} of {} is missing", ticket.crawl.shop)))
}

fn report_if_ended(
    tx: &Transaction<'_>,
    shop_id: i64,
    ticket: &CrawlTicket,
) -> Result<Option<CrawlReport>, Fault> {
    let pass = newest_pass(tx, shop_id, &ticket.crawl.shop)?;
    Ok(pass.filter(|pass| pass.key == ticket.crawl && pass.outcome.is_some()))
}

/// A product's row id and its id on the platform.
type Gone = (i64, Native);

/// Returns how the pass really ended, and which products it shows to be gone.
fn settle(
    tx: &Transaction<'_>,
    shop_id: i64,
    n: u64,
    outcome: Outcome,
) -> Result<(Outcome, Vec<Gone>), Fault> {
    let seen = match &outcome {
        Outcome::Complete => seen_by(tx, shop_id, n)?,
        Outcome::Gone(_) => HashSet::new(),
        Outcome::Partial(_) | Outcome::Blocked(_) | Outcome::Failed(_) => {
            return Ok((outcome, Vec::new()));
        }
    };
    let mut find = tx.prepare_cached(
        "SELECT id, native_id FROM products WHERE shop_id = ?1 AND gone_at IS NULL",
    )?;
    let known = find.query_map([shop_id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let known: Vec<Gone> = known.collect::<Result<_, _>>()?;
    let missing: Vec<Gone> = known
        .into_iter()
        .filter(|(id, _)| !seen.contains(id))
        .collect();
    if outcome != Outcome::Complete {
        return Ok((outcome, missing));
    }
    let n_known: u64 = tx.query_row(
        "SELECT n_known FROM crawls WHERE shop_id = ?1 AND n = ?2",
        params![shop_id, n],
        |row| row.get(0),
    )?;
    Ok(
        match shrunk(n_known, missing.len() as u64, seen.is_empty()) {
            None => (outcome, missing),
            Some(reason) => (Outcome::Partial(reason), Vec::new()),
        },
    )
}

fn seen_by(tx: &Transaction<'_>, shop_id: i64, n: u64) -> Result<HashSet<i64>, Fault> {
    let mut find =
        tx.prepare_cached("SELECT seen FROM pages WHERE shop_id = ?1 AND crawl_n = ?2")?;
    let mut rows = find.query(params![shop_id, n])?;
    let mut seen = HashSet::new();
    while let Some(row) = rows.next()? {
        let ids = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
        seen.extend(seen_ids(ids)?);
    }
    Ok(seen)
}

fn mark_gone(
    tx: &Transaction<'_>,
    shop_id: i64,
    n: u64,
    gone: &[Gone],
    now: UnixMs,
) -> Result<(), Fault> {
    let mut observe = tx.prepare_cached(
        "INSERT INTO observations
             (product_id, n, kind, at, crawl_n, before_available, before_currency, before_price)
         SELECT id, (SELECT COALESCE(MAX(n), 0) + 1 FROM observations WHERE product_id = id),
                'gone', ?3, ?4, in_stock, currency, price_min
         FROM products WHERE shop_id = ?1 AND native_id = ?2",
    )?;
    let mut mark = tx
        .prepare_cached("UPDATE products SET gone_at = ?3 WHERE shop_id = ?1 AND native_id = ?2")?;
    for (_, Native(native)) in gone {
        observe.execute(params![shop_id, native_sql(native), now.ms(), n])?;
        mark.execute(params![shop_id, native_sql(native), now.ms()])?;
    }
    Ok(())
}
