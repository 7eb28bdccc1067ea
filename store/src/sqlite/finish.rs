//! Ends passes: how they really ended, and which products they show to be gone.

use catalog::{CrawlReport, CrawlTicket, Outcome, PassNotes, ProblemKind, ProductId, Stop, UnixMs};
use rusqlite::{OptionalExtension, Transaction, params};

use super::codec::{Native, native_sql};
use super::crawl::{fence, missing_pass, newest_pass};
use super::fault::Fault;
use super::page::{own_pages, problem_kinds, remove_pages_but, seen_ids};
use super::read;
use crate::rules::{Doubted, Found, MOST_DOUBTED};

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
    let (outcome, gone) = settle(tx, shop_id, n, outcome, now)?;
    mark_gone(tx, shop_id, n, &gone, now)?;
    let reason = outcome.reason();
    tx.prepare_cached(
        "UPDATE crawls SET outcome = ?3, stop = ?4, detail = ?5, finished_at = ?6, gone = gone + ?7,
             next_page = CASE WHEN ?8 THEN NULL ELSE next_page END
         WHERE shop_id = ?1 AND n = ?2",
    )?
    .execute(params![
        shop_id,
        n,
        outcome.word(),
        reason.map(|reason| reason.stop.name()),
        reason.map(|reason| &reason.detail),
        now.ms(),
        gone.len(),
        read_to_the_end,
    ])?;
    if outcome == Outcome::Complete {
        tx.prepare_cached("UPDATE shops SET last_complete_at = ?2 WHERE id = ?1")?
            .execute(params![shop_id, now.ms()])?;
        own_pages(tx, shop_id)?;
        remove_pages_but(tx, shop_id, n)?;
    }
    report_if_ended(tx, shop_id, ticket)?.ok_or_else(|| missing_pass(&ticket.crawl))
}

/// Returns the first `limit` products that are missing so far, by their ids.
pub(super) fn missing_products(
    tx: &Transaction<'_>,
    ticket: &CrawlTicket,
    limit: usize,
) -> Result<Vec<(ProductId, String)>, Fault> {
    let shop_id = fence(tx, ticket)?;
    let n = ticket.crawl.n;
    if is_as_it_was(tx, shop_id, n)? {
        return Ok(Vec::new());
    }
    let (_, n_known_now) = found(tx, shop_id, n)?;
    let missing = not_seen(tx, shop_id, &seen_by(tx, shop_id, n)?, n_known_now)?;
    let mut find_handle =
        tx.prepare_cached("SELECT handle FROM product_texts WHERE product_id = ?1")?;
    let Some(shop) = read::shop(tx, &ticket.crawl.shop)? else {
        return Ok(Vec::new());
    };
    let with_id = |(row_id, Native(native))| (shop.product_id(native), row_id);
    let mut products: Vec<(ProductId, i64)> = missing.into_iter().map(with_id).collect();
    products.sort();
    products.truncate(limit);
    let mut with_handle = |(id, row_id)| {
        let handle = find_handle.query_row([row_id], |row| row.get(0))?;
        Ok((id, handle))
    };
    products.into_iter().map(&mut with_handle).collect()
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
    now: UnixMs,
) -> Result<(Outcome, Vec<Gone>), Fault> {
    let seen = match &outcome {
        Outcome::Complete if is_as_it_was(tx, shop_id, n)? => return Ok((outcome, Vec::new())),
        Outcome::Complete => seen_by(tx, shop_id, n)?,
        Outcome::Gone(_) => return Ok((outcome, missing(tx, shop_id, &[])?)),
        Outcome::Partial(_) | Outcome::Blocked(_) | Outcome::Failed(_) => {
            return Ok((outcome, Vec::new()));
        }
    };
    let (mut found, n_known_now) = found(tx, shop_id, n)?;
    let missing = not_seen(tx, shop_id, &seen, n_known_now)?;
    found.n_missing = missing.len() as u64;
    found.n_refused = n_refused(tx, shop_id, n)?;
    if found.is_doubtful()
        && let Some(reason) = found.doubt(&doubted(tx, shop_id, n, found.most_alike())?, now)
    {
        return Ok((Outcome::Partial(reason), Vec::new()));
    }
    Ok((outcome, missing))
}

/// Returns how many products the shop said that it has.
fn n_stated(notes: Option<&str>) -> u64 {
    let notes = notes.and_then(|it| serde_json::from_str::<PassNotes>(it).ok());
    notes.and_then(|it| it.n_stated).unwrap_or(0)
}

/// Returns what a pass found, with nothing missing yet, and how many products are not gone with those that it brought.
fn found(tx: &Transaction<'_>, shop_id: i64, n: u64) -> Result<(Found, u64), Fault> {
    let mut find = tx.prepare_cached(
        "SELECT started_at, pages, products, n_known, n_known + new + back, notes FROM crawls
         WHERE shop_id = ?1 AND n = ?2",
    )?;
    let found = find.query_row(params![shop_id, n], |row| {
        let notes: Option<String> = row.get(5)?;
        let found = Found {
            n_stated: n_stated(notes.as_deref()),
            began_at: UnixMs::new(row.get(0)?),
            n_pages: row.get(1)?,
            n_products: row.get(2)?,
            n_refused: 0,
            n_known: row.get(3)?,
            n_missing: 0,
        };
        Ok((found, row.get(4)?))
    })?;
    Ok(found)
}

/// Returns how many products of a pass could not be read.
fn n_refused(tx: &Transaction<'_>, shop_id: i64, n: u64) -> Result<u64, Fault> {
    let mut find = tx.prepare_cached(
        "SELECT kinds FROM pages WHERE shop_id = ?1 AND crawl_n = ?2 AND problems > 0",
    )?;
    let mut rows = find.query(params![shop_id, n])?;
    let mut n_refused = 0;
    while let Some(row) = rows.next()? {
        let kinds = problem_kinds(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?;
        n_refused += kinds
            .get(&ProblemKind::ProductRefused)
            .copied()
            .unwrap_or(0);
    }
    Ok(n_refused)
}

/// Returns the passes before pass `n` that were too small to be believed, newest first: up to the last one that was, or that
/// saw more than `most` products, however it ended.
fn doubted(tx: &Transaction<'_>, shop_id: i64, n: u64, most: u64) -> Result<Vec<Doubted>, Fault> {
    let mut find = tx.prepare_cached(
        "SELECT finished_at, products FROM crawls
         WHERE shop_id = ?1 AND n < ?2 AND stop = ?3 AND finished_at IS NOT NULL
             AND n > (SELECT COALESCE(MAX(n), 0) FROM crawls
                      WHERE shop_id = ?1 AND n < ?2 AND (outcome IN ('complete', 'gone')
                          OR (stop IS NOT ?3 AND products > ?5)))
         ORDER BY n DESC LIMIT ?4",
    )?;
    let columns = params![shop_id, n, Stop::Shrunk.name(), MOST_DOUBTED, most];
    let rows = find.query_map(columns, |row| {
        Ok(Doubted {
            ended_at: UnixMs::new(row.get(0)?),
            n_products: row.get(1)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Returns those of the `n_known` products that are not gone and not among `seen`, which is sorted.
///
/// What a page has seen is not gone. So where it is as many as there are, none is missing, and nobody need look at each
/// product: that is most of what the end of a pass over an unchanged shop costs.
fn not_seen(
    tx: &Transaction<'_>,
    shop_id: i64,
    seen: &[i64],
    n_known: u64,
) -> Result<Vec<Gone>, Fault> {
    if seen.len() as u64 == n_known {
        return Ok(Vec::new());
    }
    missing(tx, shop_id, seen)
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

/// Returns whether every page of the pass is as it was in the one right before it, no page of that one is missing, and no
/// product came from elsewhere since. As that one was complete, whatever it did not see was gone then.
fn is_as_it_was(tx: &Transaction<'_>, shop_id: i64, n: u64) -> Result<bool, Fault> {
    let mut find = tx.prepare_cached(
        "SELECT c.n_known = e.n_known + e.new + e.back - e.gone
             AND e.n_gone_before IS NOT NULL AND c.same_to = (SELECT MAX(page) FROM pages WHERE shop_id = ?1 AND crawl_n = e.n)
             AND NOT EXISTS (SELECT 1 FROM pages WHERE shop_id = ?1 AND crawl_n = c.n)
         FROM crawls c JOIN crawls e ON e.shop_id = c.shop_id AND e.n = c.same_as
         WHERE c.shop_id = ?1 AND c.n = ?2 AND c.same_as = ?2 - 1",
    )?;
    let found = find.query_row(params![shop_id, n], |row| row.get(0));
    Ok(found.optional()?.unwrap_or(false))
}

/// Returns what the pages of a pass have seen, sorted, each product once.
fn seen_by(tx: &Transaction<'_>, shop_id: i64, n: u64) -> Result<Vec<i64>, Fault> {
    let mut find =
        tx.prepare_cached("SELECT seen FROM all_pages WHERE shop_id = ?1 AND crawl_n = ?2")?;
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
                'gone', ?3, ?4, iif(availability IS NULL, -1, in_stock), currency, price_min
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
