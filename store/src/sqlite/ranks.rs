//! Observes where products stand in a shop's own best-selling order.

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
    ranks: &[(ProductId, u32)],
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
        let known = find.query_row(key, read).optional()?;
        let seen = (Some(*rank), Some(source));
        if let Some((id, last)) = known
            && last != seen
        {
            let row = NewRow {
                rank: Some(*rank),
                source: Some(source),
                ..NewRow::of(ObservationKind::Ranked)
            };
            statements.observe(sight, id, &row)?;
            n_observed += 1;
        }
    }
    Ok(n_observed)
}
