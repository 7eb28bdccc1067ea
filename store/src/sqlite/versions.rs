//! The pages of a shop's last complete pass: which of them need not be read again, and what those held.

use catalog::{CrawlTicket, KnownPage, Problem, ProblemKind};
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::codec::{Word, validators};
use super::crawl::fence;
use super::fault::Fault;
use super::page::{Kinds, problem_kinds, seen_ids};
use super::product::Sight;
use crate::rules::n_listed;

/// Returns the pages that may be asked for by their versions in this pass.
///
/// A later pass that changed anything, even if it was cut off, left products that are not as the pages showed them, and
/// a page that went back to what it was would not say so.
pub(super) fn known_pages(
    tx: &Transaction<'_>,
    ticket: &CrawlTicket,
) -> Result<Vec<KnownPage>, Fault> {
    let (shop_id, n) = (fence(tx, ticket)?, ticket.crawl.n);
    let mut find = tx.prepare_cached(
        "SELECT p.page, p.products, p.kinds, p.validators
         FROM crawls t
         JOIN crawls c ON c.shop_id = t.shop_id AND c.currency = t.currency
             AND c.n = (SELECT MAX(n) FROM crawls WHERE shop_id = ?1 AND n < ?2 AND outcome = 'complete')
         JOIN pages p ON p.shop_id = c.shop_id AND p.crawl_n = c.n
         WHERE t.shop_id = ?1 AND t.n = ?2 AND p.validators IS NOT NULL
             AND p.page > (SELECT COALESCE(MAX(page), 0) FROM all_pages WHERE shop_id = ?1 AND crawl_n = ?2)
             AND NOT EXISTS (SELECT 1 FROM crawls l WHERE l.shop_id = ?1 AND l.n > c.n AND l.n < ?2
                                 AND l.new + l.changed + l.back + l.gone > 0)
         ORDER BY p.page",
    )?;
    let mut rows = find.query(params![shop_id, n])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let kinds = problem_kinds(row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?)?;
        let n_products = row.get(1)?;
        if let Some(validators) = validators(row.get::<_, Option<String>>(3)?.as_deref())? {
            found.push(KnownPage {
                page: row.get(0)?,
                n_products,
                n_listed: n_listed(n_products, &kinds),
                validators,
            });
        }
    }
    Ok(found)
}

/// What a page held that is not read again.
pub(super) struct HeldPage {
    pub(super) n_products: u64,
    /// The problems of each kind, but for the currency's.
    pub(super) kinds: Kinds,
    /// As many of them as were kept.
    pub(super) problems: Vec<Problem>,
    pub(super) seen: Vec<i64>,
    pub(super) validators: Option<String>,
}

/// Returns what the same page of the shop's last complete pass held.
pub(super) fn held(tx: &Transaction<'_>, sight: Sight, page: u32) -> Result<HeldPage, Fault> {
    let mut find = tx.prepare_cached(
        "SELECT crawl_n, products, kinds, seen, validators FROM pages
         WHERE shop_id = ?1 AND page = ?3 AND crawl_n =
             (SELECT MAX(n) FROM crawls WHERE shop_id = ?1 AND n < ?2 AND outcome = 'complete')",
    )?;
    let key = params![sight.shop_id, sight.crawl_n, page];
    let read = |row: &Row<'_>| {
        Ok((
            row.get::<_, u64>(0)?,
            row.get(1)?,
            row.get::<_, String>(2)?,
            row.get::<_, String>(3)?,
            row.get(4)?,
        ))
    };
    let found = find.query_row(key, read).optional()?;
    let Some((crawl_n, n_products, kinds, seen, validators)) = found else {
        return Err(Fault::Failed(format!(
            "page {page} is said to be as it was, and no complete pass has it; crawl the shop with a fresh start"
        )));
    };
    let mut kinds: Kinds = super::codec::from_json(&kinds, "a page's problems")?;
    kinds.remove(ProblemKind::Currency.name());
    let problems = if kinds.is_empty() {
        Vec::new()
    } else {
        problems(tx, sight.shop_id, crawl_n, page)?
    };
    Ok(HeldPage {
        n_products,
        kinds,
        problems,
        seen: seen_ids(&seen)?,
        validators,
    })
}

fn problems(
    tx: &Transaction<'_>,
    shop_id: i64,
    crawl_n: u64,
    page: u32,
) -> Result<Vec<Problem>, Fault> {
    let mut find = tx.prepare_cached(
        "SELECT kind, page, idx, product, detail FROM problems
         WHERE shop_id = ?1 AND crawl_n = ?2 AND page = ?3 AND kind <> ?4 ORDER BY place",
    )?;
    let key = params![shop_id, crawl_n, page, Word(ProblemKind::Currency)];
    let found = find.query_map(key, super::records::problem)?;
    Ok(found.collect::<Result<_, _>>()?)
}
