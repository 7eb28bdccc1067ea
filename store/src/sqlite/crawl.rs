//! Begins passes, and says which of them may write.

use catalog::{
    BegunCrawl, Checkpoint, CrawlKey, CrawlReport, CrawlTicket, Currency, CurrencySource, Lease,
    PassNotes, Shop, ShopKey, Start, UnixMs,
};
use rusqlite::{OptionalExtension, Transaction, params};

use super::codec::{CRAWL_COLUMNS, Word, crawl_report, notes_json, place};
use super::fault::Fault;
use super::leases;
use super::page::{own_pages, remove_pages_but};
use crate::rules::goes_on;

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
    let resumed = newest
        .as_ref()
        .filter(|pass| goes_on(pass, &shop, start, now));
    let (n, checkpoint) = match resumed {
        Some(pass) => (pass.key.n, go_on(tx, shop_id, &shop, pass)?),
        None => {
            let n = newest.as_ref().map_or(1, |pass| pass.key.n + 1);
            (n, begin_fresh(tx, shop_id, &shop, n, now)?)
        }
    };
    let n_known = tx
        .prepare_cached("SELECT n_known FROM crawls WHERE shop_id = ?1 AND n = ?2")?
        .query_row(params![shop_id, n], |row| row.get(0))?;
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
/// and storing it again changes nothing. What its pages said of their versions counts no more if the shop's currency is
/// another now: they showed its prices in the one before.
fn go_on(
    tx: &Transaction<'_>,
    shop_id: i64,
    shop: &Shop,
    pass: &CrawlReport,
) -> Result<Checkpoint, Fault> {
    own_pages(tx, shop_id)?;
    if pass.currency != shop.currency {
        tx.prepare_cached(
            "UPDATE pages SET validators = NULL WHERE shop_id = ?1 AND crawl_n = ?2",
        )?
        .execute(params![shop_id, pass.key.n])?;
    }
    let mut open = tx.prepare_cached(
        "UPDATE crawls SET
             outcome = NULL, stop = NULL, detail = NULL, finished_at = NULL,
             currency = ?3, currency_source = ?4,
             next_page = COALESCE(next_page,
                 (SELECT MAX(page) FROM pages WHERE shop_id = ?1 AND crawl_n = ?2), 1)
         WHERE shop_id = ?1 AND n = ?2
         RETURNING next_page, place",
    )?;
    let mut rows = open.query(params![
        shop_id,
        pass.key.n,
        Word(shop.currency),
        Word(shop.currency_source)
    ])?;
    let row = rows.next()?.ok_or_else(|| missing_pass(&pass.key))?;
    Ok(Checkpoint {
        next_page: row.get(0)?,
        place: place(row, 1)?,
    })
}

pub(super) fn missing_pass(crawl: &CrawlKey) -> Fault {
    Fault::Damaged(format!("pass {} of {} is missing", crawl.n, crawl.shop))
}

/// How many products of a shop `s` are not gone and how many are, two columns of a query.
pub(super) const N_PRODUCTS: &str = "COALESCE(
    (SELECT c.n_known + c.new + c.back - c.gone FROM crawls c WHERE c.shop_id = s.id
        AND c.n_gone_before IS NOT NULL AND c.n = (SELECT MAX(n) FROM crawls WHERE shop_id = s.id)),
    (SELECT COUNT(*) FROM products p WHERE p.shop_id = s.id AND p.gone_at IS NULL)), COALESCE(
    (SELECT c.n_gone_before + c.gone - c.back FROM crawls c WHERE c.shop_id = s.id
        AND c.n = (SELECT MAX(n) FROM crawls WHERE shop_id = s.id)),
    (SELECT COUNT(gone_at) FROM products p WHERE p.shop_id = s.id))";

fn begin_fresh(
    tx: &Transaction<'_>,
    shop_id: i64,
    shop: &Shop,
    n: u64,
    now: UnixMs,
) -> Result<Checkpoint, Fault> {
    let last_complete = tx
        .prepare_cached(
            "SELECT COALESCE(MAX(n), 0) FROM crawls WHERE shop_id = ?1 AND outcome = 'complete'",
        )?
        .query_row([shop_id], |row| row.get(0))?;
    remove_pages_but(tx, shop_id, last_complete)?;
    tx.prepare_cached(
        &format!(
            "INSERT INTO crawls (shop_id, n, started_at, next_page, currency, currency_source, n_known, n_gone_before)
             SELECT s.id, ?2, ?3, 1, ?4, ?5, {N_PRODUCTS} FROM shops s WHERE s.id = ?1"
        ),
    )?
    .execute(params![
        shop_id,
        n,
        now.ms(),
        Word(shop.currency),
        Word(shop.currency_source)
    ])?;
    Ok(Checkpoint::page(1))
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

/// Stores what the pass tells of itself in place of what it told before.
pub(super) fn note(
    tx: &Transaction<'_>,
    ticket: &CrawlTicket,
    notes: &PassNotes,
) -> Result<(), Fault> {
    let shop_id = fence(tx, ticket)?;
    tx.prepare_cached("UPDATE crawls SET notes = ?3 WHERE shop_id = ?1 AND n = ?2")?
        .execute(params![shop_id, ticket.crawl.n, notes_json(notes)?])?;
    Ok(())
}
