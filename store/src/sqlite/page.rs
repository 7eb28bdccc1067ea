//! Stores one page of a pass in one transaction.

use std::collections::BTreeMap;

use catalog::{CrawlTicket, PageCounts, PageWrite, Problem, ProblemKind};
use rusqlite::{Transaction, named_params, params};

use super::codec::{Word, from_json, to_json};
use super::crawl::fence;
use super::fault::Fault;
use super::product::{Sight, Statements, store_product};
use super::tasks::append;
use crate::rules::MAX_PROBLEMS;

/// How many problems of each kind a page had.
pub(super) type Kinds = BTreeMap<String, u64>;

/// A page and the hashes of its products, which are worked out before the writer's turn comes.
pub(super) struct HashedPage {
    pub(super) page: PageWrite,
    pub(super) hashes: Vec<[u8; 16]>,
}

pub(super) fn apply(
    tx: &Transaction<'_>,
    ticket: &CrawlTicket,
    hashed: &HashedPage,
) -> Result<PageCounts, Fault> {
    let page = &hashed.page;
    let sight = Sight {
        shop_id: fence(tx, ticket)?,
        crawl_n: ticket.crawl.n,
        at: page.at,
    };
    if let Some(entry) = &page.task_entry {
        append(tx, entry)?;
    }
    let mut statements = Statements::prepare(tx)?;
    let mut counts = PageCounts::default();
    let mut seen = Vec::with_capacity(page.products.len());
    for (product, hash) in page.products.iter().zip(&hashed.hashes) {
        if product.id.shop != ticket.crawl.shop {
            let (id, shop) = (&product.id, &ticket.crawl.shop);
            return Err(Fault::Failed(format!("{id} is no product of {shop}")));
        }
        seen.push(store_product(
            tx,
            &mut statements,
            sight,
            product,
            hash,
            &mut counts,
        )?);
    }
    store_problems(tx, sight, page)?;
    record_page(tx, sight, page, counts, seen)?;
    Ok(counts)
}

/// Replaces the page's problems, as far as the pass may keep more.
fn store_problems(tx: &Transaction<'_>, sight: Sight, page: &PageWrite) -> Result<(), Fault> {
    tx.prepare_cached("DELETE FROM problems WHERE shop_id = ?1 AND crawl_n = ?2 AND page = ?3")?
        .execute(params![sight.shop_id, sight.crawl_n, page.page])?;
    if page.problems.is_empty() {
        return Ok(());
    }
    let kept: usize = tx.query_row(
        "SELECT COUNT(*) FROM problems WHERE shop_id = ?1 AND crawl_n = ?2",
        params![sight.shop_id, sight.crawl_n],
        |row| row.get(0),
    )?;
    let mut problems: Vec<&Problem> = page.problems.iter().collect();
    problems.sort_by_key(|problem| problem.index);
    let mut insert = tx.prepare_cached(
        "INSERT INTO problems (shop_id, crawl_n, page, place, kind, idx, product, detail)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    let room = (MAX_PROBLEMS as usize).saturating_sub(kept);
    for (place, problem) in problems.into_iter().take(room).enumerate() {
        insert.execute(params![
            sight.shop_id,
            sight.crawl_n,
            page.page,
            place,
            Word(problem.kind),
            problem.index,
            problem.product,
            problem.detail,
        ])?;
    }
    Ok(())
}

/// What an earlier reading of the same page counted.
#[derive(Default)]
struct Earlier {
    products: u64,
    bytes: u64,
    problems: u64,
    seen: Vec<i64>,
}

/// Records what the page held, and moves the pass's counters and checkpoint on.
///
/// A page that is read again replaces its share of the counters; what either reading saw, the pass saw.
fn record_page(
    tx: &Transaction<'_>,
    sight: Sight,
    page: &PageWrite,
    counts: PageCounts,
    mut seen: Vec<i64>,
) -> Result<(), Fault> {
    let earlier = earlier_reading(tx, sight, page.page)?;
    let is_first_reading = earlier.is_none();
    let earlier = earlier.unwrap_or_default();
    seen.extend(earlier.seen);
    seen.sort_unstable();
    seen.dedup();
    let mut kinds = Kinds::new();
    for problem in &page.problems {
        *kinds.entry(problem.kind.name().to_owned()).or_default() += 1;
    }
    let n_products = page.products.len() as u64;
    let n_problems = page.problems.len() as u64;
    tx.prepare_cached(
        "INSERT OR REPLACE INTO pages
             (shop_id, crawl_n, page, products, bytes, problems, kinds, seen)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        sight.shop_id,
        sight.crawl_n,
        page.page,
        n_products,
        page.bytes,
        n_problems,
        to_json(&kinds)?,
        to_json(&seen)?,
    ])?;
    // The checkpoint is that of the highest page: an old page that comes again does not move it back, and
    // none moves that of a pass that ended.
    tx.prepare_cached(
        "UPDATE crawls SET
             pages = pages + :page, products = products - :old_products + :products,
             new = new + :new, changed = changed + :changed, back = back + :back,
             problems = problems - :old_problems + :problems, bytes = bytes - :old_bytes + :bytes,
             next_page = CASE WHEN finished_at IS NULL AND :n >= (SELECT MAX(page) FROM pages
                                          WHERE shop_id = :shop_id AND crawl_n = :crawl_n)
                         THEN :next_page ELSE next_page END
         WHERE shop_id = :shop_id AND n = :crawl_n",
    )?
    .execute(named_params! {
        ":shop_id": sight.shop_id,
        ":crawl_n": sight.crawl_n,
        ":n": page.page,
        ":next_page": page.next.map(|next| next.next_page),
        ":page": is_first_reading,
        ":old_products": earlier.products,
        ":products": n_products,
        ":new": counts.new,
        ":changed": counts.changed,
        ":back": counts.back,
        ":old_problems": earlier.problems,
        ":problems": n_problems,
        ":old_bytes": earlier.bytes,
        ":bytes": page.bytes,
    })?;
    Ok(())
}

fn earlier_reading(
    tx: &Transaction<'_>,
    sight: Sight,
    page: u32,
) -> Result<Option<Earlier>, Fault> {
    let mut find = tx.prepare_cached(
        "SELECT products, bytes, problems, seen FROM pages
         WHERE shop_id = ?1 AND crawl_n = ?2 AND page = ?3",
    )?;
    let mut rows = find.query(params![sight.shop_id, sight.crawl_n, page])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let seen: String = row.get(3)?;
    Ok(Some(Earlier {
        products: row.get(0)?,
        bytes: row.get(1)?,
        problems: row.get(2)?,
        seen: seen_ids(&seen)?,
    }))
}

pub(super) fn seen_ids(json: &str) -> Result<Vec<i64>, Fault> {
    from_json(json, "a page's products")
}

/// Returns how many problems of each kind a page had.
pub(super) fn problem_kinds(json: &str) -> Result<BTreeMap<ProblemKind, u64>, Fault> {
    from_json(json, "a page's problems")
}
