//! Observes where products stand in a shop's own best-selling order, and which ones stand there no more.

use std::collections::HashSet;

use catalog::{CrawlTicket, ObservationKind, ProductId, RankSource, UnixMs};
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::codec::{Word, native_sql};
use super::crawl::fence;
use super::fault::Fault;
use super::product::{NewRow, Sight, Statements};

pub(super) fn observe_ranks(
    tx: &Transaction<'_>,
    ticket: &CrawlTicket,
    (ranks, n_read): (&[(ProductId, u32)], Option<u32>),
    source: RankSource,
    at: UnixMs,
) -> Result<u64, Fault> {
    let sight = Sight {
        shop_id: fence(tx, ticket)?,
        crawl_n: ticket.crawl.n,
        at,
    };
    let mut statements = Statements::prepare(tx)?;
    let mut find = tx.prepare_cached(
        "SELECT p.id, o.rank, o.source
         FROM products p LEFT JOIN observations o ON o.product_id = p.id AND o.n =
             (SELECT MAX(n) FROM observations WHERE product_id = p.id AND kind = ?3)
         WHERE p.shop_id = ?1 AND p.native_id = ?2 AND p.gone_at IS NULL",
    )?;
    let read = |row: &Row<'_>| {
        let last_source: Option<Word<RankSource>> = row.get(2)?;
        Ok((row.get(0)?, (row.get(1)?, last_source.map(|Word(it)| it))))
    };
    let mut n_observed = 0;
    let mut handled = HashSet::with_capacity(ranks.len());
    let mut placed = HashSet::with_capacity(ranks.len());
    for (product, rank) in ranks {
        // Of a product that comes twice the first place counts, or the same list again would observe both.
        if product.shop != ticket.crawl.shop || !handled.insert(product) {
            continue;
        }
        let key = params![
            sight.shop_id,
            native_sql(&product.native),
            Word(ObservationKind::Ranked)
        ];
        let known: Option<(i64, _)> = find.query_row(key, read).optional()?;
        let Some((id, last)) = known else {
            continue;
        };
        placed.insert(id);
        if last != (Some(i64::from(*rank)), Some(source)) {
            let row = NewRow {
                rank: Some(*rank),
                source: Some(source),
                ..NewRow::of(ObservationKind::Ranked)
            };
            statements.observe(sight, id, &row)?;
            n_observed += 1;
        }
    }
    let Some(n_read) = n_read.filter(|it| *it > 0) else {
        return Ok(n_observed);
    };
    let lost = NewRow {
        source: Some(source),
        n_places: Some(n_read),
        ..NewRow::of(ObservationKind::Ranked)
    };
    for id in with_a_place(tx, sight.shop_id, source)? {
        if !placed.contains(&id) {
            statements.observe(sight, id, &lost)?;
            n_observed += 1;
        }
    }
    Ok(n_observed)
}

/// Returns the shop's products whose last place was read at `source`. Looks at each product of the shop once: no index
/// knows places, and this is 0.1 s for 100,000 products, once behind a pass.
fn with_a_place(tx: &Transaction<'_>, shop_id: i64, source: RankSource) -> Result<Vec<i64>, Fault> {
    let mut find = tx.prepare_cached(
        "SELECT p.id
         FROM products p JOIN observations o ON o.product_id = p.id AND o.n =
             (SELECT MAX(n) FROM observations WHERE product_id = p.id AND kind = ?3)
         WHERE p.shop_id = ?1 AND p.gone_at IS NULL AND o.rank > 0 AND o.source = ?2",
    )?;
    let key = params![shop_id, Word(source), Word(ObservationKind::Ranked)];
    let ids = find.query_map(key, |row| row.get(0))?;
    Ok(ids.collect::<Result<_, _>>()?)
}
