//! Observes where products stand in a shop's own best-selling order.

use std::collections::HashSet;

use catalog::{CrawlTicket, ObservationKind, ProductId, UnixMs};
use rusqlite::{OptionalExtension, Transaction, params};

use super::codec::{Word, native_sql};
use super::crawl::fence;
use super::fault::Fault;
use super::product::{NewRow, Sight, Statements};

pub(super) fn observe_ranks(
    tx: &Transaction<'_>,
    ticket: &CrawlTicket,
    ranks: &[(ProductId, u32)],
    at: UnixMs,
) -> Result<u64, Fault> {
    let sight = Sight {
        shop_id: fence(tx, ticket)?,
        crawl_n: ticket.crawl.n,
        at,
    };
    let mut statements = Statements::prepare(tx)?;
    let mut find = tx.prepare_cached(
        "SELECT p.id, (SELECT o.rank FROM observations o
                       WHERE o.product_id = p.id AND o.kind = ?3 ORDER BY o.n DESC LIMIT 1)
         FROM products p WHERE p.shop_id = ?1 AND p.native_id = ?2 AND p.gone_at IS NULL",
    )?;
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
        let known = find.query_row(key, |row| Ok((row.get(0)?, row.get::<_, Option<u32>>(1)?)));
        if let Some((id, last)) = known.optional()?
            && last != Some(*rank)
        {
            let row = NewRow {
                rank: Some(*rank),
                ..NewRow::of(ObservationKind::Ranked)
            };
            statements.observe(sight, id, &row)?;
            n_observed += 1;
        }
    }
    Ok(n_observed)
}
