//! Ends passes: how they really ended, and which products they show to be gone.

use catalog::{CrawlReport, CrawlTicket, Outcome, UnixMs};
use rusqlite::{Transaction, params};

use super::codec::{Native, native_sql};
use super::crawl::{fence, missing_pass, newest_pass};
use super::fault::Fault;
use super::page::seen_ids;
use crate::rules::shrunk;

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
    report_if_ended(tx, shop_id, ticket)?.ok_or_else(|| missing_pass(&ticket.crawl))
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
        Outcome::Gone(_) => return Ok((outcome, missing(tx, shop_id, &[])?)),
        Outcome::Partial(_) | Outcome::Blocked(_) | Outcome::Failed(_) => {
            return Ok((outcome, Vec::new()));
        }
    };
    let known = Known::of(tx, shop_id, n)?;
    // What a page has seen is not gone. So where it is as many as there are, none is missing, and nobody need look at
    // each product: that is most of what the end of a pass over an unchanged shop costs.
    let missing = if seen.len() as u64 == known.n_now {
        Vec::new()
    } else {
        missing(tx, shop_id, &seen)?
    };
    Ok(
        match shrunk(known.n_before, missing.len() as u64, seen.is_empty()) {
            None => (outcome, missing),
            Some(reason) => (Outcome::Partial(reason), Vec::new()),
        },
    )
}

/// How many products of a shop are not gone.
struct Known {
    /// Before the pass.
    n_before: u64,
    /// With those that the pass brought.
    n_now: u64,
}

impl Known {
    fn of(tx: &Transaction<'_>, shop_id: i64, n: u64) -> Result<Self, Fault> {
        let mut find = tx.prepare_cached(
            "SELECT n_known, n_known + new + back FROM crawls WHERE shop_id = ?1 AND n = ?2",
        )?;
        let known = find.query_row(params![shop_id, n], |row| {
            Ok(Self {
                n_before: row.get(0)?,
                n_now: row.get(1)?,
            })
        })?;
        Ok(known)
    }
}

/// Returns the shop's products that are not gone and not among `seen`, which is sorted.
fn missing(tx: &Transaction<'_>, shop_id: i64, seen: &[i64]) -> Result<Vec<Gone>, Fault> {
    let mut find = tx.prepare_cached(
        "SELECT id, native_id FROM products WHERE shop_id = ?1 AND gone_at IS NULL",
    )?;
    let mut rows = find.query([shop_id])?;
    let mut missing = Vec::new();
    while let Some(row) = rows.next()? {
        let id = row.get(0)?;
        if seen.binary_search(&id).is_err() {
            missing.push((id, row.get(1)?));
        }
    }
    Ok(missing)
}

/// Returns what the pages of a pass have seen, sorted, each product once.
fn seen_by(tx: &Transaction<'_>, shop_id: i64, n: u64) -> Result<Vec<i64>, Fault> {
    let mut find =
        tx.prepare_cached("SELECT seen FROM pages WHERE shop_id = ?1 AND crawl_n = ?2")?;
    let mut rows = find.query(params![shop_id, n])?;
    let mut seen = Vec::new();
    while let Some(row) = rows.next()? {
        let ids = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
        seen.extend(seen_ids(ids)?);
    }
    // Stable, since that finds what is sorted already: each page is.
    seen.sort();
    seen.dedup();
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
