//! Stores one page of a pass in one transaction.

use std::collections::{BTreeMap, HashSet};

use catalog::{CrawlTicket, PageCounts, PageWrite, Problem, ProblemKind, Product, ProductId};
use rusqlite::{OptionalExtension, Transaction, named_params, params};

use super::codec::{Word, from_json, native_sql, place_json, to_json, validators_json};
use super::crawl::fence;
use super::fault::Fault;
use super::new_products::NewProducts;
use super::product::{Sight, Statements, store_product};
use super::tasks::append;
use super::versions::{self, HeldPage};
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
    if let Some(counts) = note_as_it_was(tx, sight, page)? {
        return Ok(counts);
    }
    let mut held = Held::given(page)?;
    if page.not_modified {
        held.take_over(versions::held(tx, sight, page.page)?);
    }
    store_products(tx, sight, ticket, hashed, &mut held)?;
    add_present(tx, sight, ticket, page, &mut held)?;
    store_problems(tx, sight, page.page, &held)?;
    record_page(tx, sight, page, &held)?;
    Ok(held.counts)
}

/// Moves the pass on by a page that is all as it was, without writing it. Returns nothing, and does nothing, unless the
/// page comes next, is whole and brings nothing of its own.
fn note_as_it_was(
    tx: &Transaction<'_>,
    sight: Sight,
    page: &PageWrite,
) -> Result<Option<PageCounts>, Fault> {
    let is_bare = page.products.is_empty() && page.present.is_empty() && page.problems.is_empty();
    if !(page.not_modified && is_bare && page.validators.is_none()) {
        return Ok(None);
    }
    let mut find = tx.prepare_cached(
        "SELECT crawl_n, products FROM pages
         WHERE shop_id = ?1 AND page = ?3 AND problems = 0 AND crawl_n =
             (SELECT MAX(n) FROM crawls WHERE shop_id = ?1 AND n < ?2 AND outcome = 'complete')",
    )?;
    let key = params![sight.shop_id, sight.crawl_n, page.page];
    let found = find.query_row(key, |row| Ok((row.get(0)?, row.get(1)?)));
    let Some((same_as, n_products)): Option<(u64, u64)> = found.optional()? else {
        return Ok(None);
    };
    let n_moved = tx
        .prepare_cached(
            "UPDATE crawls SET
                 same_as = :same_as, same_to = :page,
                 pages = :page, products = products + :products, bytes = bytes + :bytes,
                 next_page = :next_page, place = CASE WHEN :next_page IS NULL THEN place ELSE :place END
             WHERE shop_id = :shop_id AND n = :crawl_n AND finished_at IS NULL AND pages = :page - 1",
        )?
        .execute(named_params! {
            ":shop_id": sight.shop_id,
            ":crawl_n": sight.crawl_n,
            ":same_as": same_as,
            ":page": page.page,
            ":products": n_products,
            ":bytes": page.bytes,
            ":next_page": page.next.map(|next| next.next_page),
            ":place": page.next.map_or(Ok(None), |next| place_json(&next.place))?,
        })?;
    Ok((n_moved > 0).then(|| PageCounts {
        unchanged: n_products,
        ..PageCounts::default()
    }))
}

/// What a page holds, whether it was read or not.
struct Held {
    n_products: u64,
    problems: Vec<Problem>,
    kinds: Kinds,
    seen: Vec<i64>,
    validators: Option<String>,
    counts: PageCounts,
}

impl Held {
    fn given(page: &PageWrite) -> Result<Self, Fault> {
        let mut kinds = Kinds::new();
        for problem in &page.problems {
            *kinds.entry(problem.kind.name().to_owned()).or_default() += 1;
        }
        Ok(Self {
            n_products: page.products.len() as u64,
            problems: page.problems.clone(),
            kinds,
            seen: Vec::with_capacity(page.products.len()),
            validators: validators_json(page.validators.as_ref())?,
            counts: PageCounts::default(),
        })
    }

    /// Adds what an earlier pass read of the page, which is still the same.
    fn take_over(&mut self, earlier: HeldPage) {
        self.n_products += earlier.n_products;
        self.counts.unchanged += earlier.n_products;
        self.problems.extend(earlier.problems);
        for (kind, n) in earlier.kinds {
            *self.kinds.entry(kind).or_default() += n;
        }
        self.seen.extend(earlier.seen);
        self.validators = self.validators.take().or(earlier.validators);
    }
}

fn store_products(
    tx: &Transaction<'_>,
    sight: Sight,
    ticket: &CrawlTicket,
    hashed: &HashedPage,
    held: &mut Held,
) -> Result<(), Fault> {
    if hashed.page.products.is_empty() {
        return Ok(());
    }
    let mut statements = Statements::prepare(tx)?;
    let mut new = NewProducts::default();
    let mut may_be_known = knows_any(tx, sight, &hashed.page.products)?;
    for (product, hash) in hashed.page.products.iter().zip(&hashed.hashes) {
        if product.id.shop != ticket.crawl.shop {
            return Err(foreign(&product.id, ticket));
        }
        if new.has(product) {
            // Listed again: now it is known.
            new.store(&mut statements, sight, &mut held.seen)?;
            may_be_known = true;
        }
        let counts = &mut held.counts;
        if may_be_known {
            let id = store_product(tx, &mut statements, sight, product, hash, &mut new, counts)?;
            held.seen.extend(id);
        } else {
            counts.new += 1;
            new.add(product, hash);
        }
    }
    new.store(&mut statements, sight, &mut held.seen)
}

/// Returns whether something is known between the first and the last of the ids: where nothing is, none is looked for.
fn knows_any(tx: &Transaction<'_>, sight: Sight, products: &[Product]) -> Result<bool, Fault> {
    let ids = || products.iter().map(|product| &product.id.native);
    let (Some(first), Some(last)) = (ids().min(), ids().max()) else {
        return Ok(false);
    };
    let mut find = tx.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM products WHERE shop_id = ?1 AND native_id BETWEEN ?2 AND ?3)",
    )?;
    let range = params![sight.shop_id, native_sql(first), native_sql(last)];
    Ok(find.query_row(range, |row| row.get(0))?)
}

/// Adds the products that are known to be there without being read, unless they are stored as gone.
fn add_present(
    tx: &Transaction<'_>,
    sight: Sight,
    ticket: &CrawlTicket,
    page: &PageWrite,
    held: &mut Held,
) -> Result<(), Fault> {
    let mut find = tx.prepare_cached(
        "SELECT id FROM products WHERE shop_id = ?1 AND native_id = ?2 AND gone_at IS NULL",
    )?;
    let mut handled: HashSet<i64> = held.seen.iter().copied().collect();
    for id in &page.present {
        if id.shop != ticket.crawl.shop {
            return Err(foreign(id, ticket));
        }
        let key = params![sight.shop_id, native_sql(&id.native)];
        let found: Option<i64> = find.query_row(key, |row| row.get(0)).optional()?;
        let Some(row_id) = found.filter(|row_id| handled.insert(*row_id)) else {
            continue;
        };
        held.seen.push(row_id);
        held.n_products += 1;
        held.counts.unchanged += 1;
    }
    Ok(())
}

fn foreign(product: &ProductId, ticket: &CrawlTicket) -> Fault {
    let shop = &ticket.crawl.shop;
    Fault::Failed(format!("{product} is no product of {shop}"))
}

/// Replaces the page's problems, as far as the pass may keep more.
fn store_problems(tx: &Transaction<'_>, sight: Sight, page: u32, held: &Held) -> Result<(), Fault> {
    tx.prepare_cached("DELETE FROM problems WHERE shop_id = ?1 AND crawl_n = ?2 AND page = ?3")?
        .execute(params![sight.shop_id, sight.crawl_n, page])?;
    if held.problems.is_empty() {
        return Ok(());
    }
    let kept: usize = tx
        .prepare_cached("SELECT COUNT(*) FROM problems WHERE shop_id = ?1 AND crawl_n = ?2")?
        .query_row(params![sight.shop_id, sight.crawl_n], |row| row.get(0))?;
    let mut problems: Vec<&Problem> = held.problems.iter().collect();
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
            page,
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
    held: &Held,
) -> Result<(), Fault> {
    let earlier = earlier_reading(tx, sight, page.page)?;
    let is_first_reading = earlier.is_none();
    let earlier = earlier.unwrap_or_default();
    let mut seen = earlier.seen;
    seen.extend(&held.seen);
    seen.sort_unstable();
    seen.dedup();
    let counts = held.counts;
    let n_problems: u64 = held.kinds.values().sum();
    tx.prepare_cached(
        "INSERT OR REPLACE INTO pages
             (shop_id, crawl_n, page, products, bytes, problems, kinds, seen, validators)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        sight.shop_id,
        sight.crawl_n,
        page.page,
        held.n_products,
        page.bytes,
        n_problems,
        to_json(&held.kinds)?,
        to_json(&seen)?,
        held.validators,
    ])?;
    // The checkpoint is that of the highest page: an old page that comes again does not move it back, and
    // none moves that of a pass that ended.
    tx.prepare_cached(
        "UPDATE crawls SET
             pages = pages + :page, products = products - :old_products + :products,
             new = new + :new, changed = changed + :changed, back = back + :back,
             problems = problems - :old_problems + :problems, bytes = bytes - :old_bytes + :bytes,
             (next_page, place) = (SELECT
                 CASE WHEN moves THEN :next_page ELSE next_page END,
                 CASE WHEN moves AND :next_page IS NOT NULL THEN :place ELSE place END
                 FROM (SELECT finished_at IS NULL AND :n >= MAX(COALESCE(same_to, 0),
                           (SELECT MAX(page) FROM pages WHERE shop_id = :shop_id AND crawl_n = :crawl_n)) AS moves))
         WHERE shop_id = :shop_id AND n = :crawl_n",
    )?
    .execute(named_params! {
        ":shop_id": sight.shop_id,
        ":crawl_n": sight.crawl_n,
        ":n": page.page,
        ":next_page": page.next.map(|next| next.next_page),
        ":place": page.next.map_or(Ok(None), |next| place_json(&next.place))?,
        ":page": is_first_reading,
        ":old_products": earlier.products,
        ":products": held.n_products,
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
        "SELECT products, bytes, problems, seen FROM all_pages
         WHERE shop_id = ?1 AND crawl_n = ?2 AND page = ?3",
    )?;
    let mut rows = find.query(params![sight.shop_id, sight.crawl_n, page])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    Ok(Some(Earlier {
        products: row.get(0)?,
        bytes: row.get(1)?,
        problems: row.get(2)?,
        seen: seen_ids(row.get_ref(3)?.as_str().map_err(rusqlite::Error::from)?)?,
    }))
}

/// Gives the shop's unfinished pass rows of its own for the pages that were as in an earlier one.
pub(super) fn own_pages(tx: &Transaction<'_>, shop_id: i64) -> Result<(), Fault> {
    let mut find =
        tx.prepare_cached("SELECT n FROM crawls WHERE shop_id = ?1 AND same_as IS NOT NULL")?;
    let passes = find.query_map([shop_id], |row| row.get(0))?;
    for n in passes.collect::<Result<Vec<u64>, _>>()? {
        tx.prepare_cached(
            "INSERT OR IGNORE INTO pages
                 (shop_id, crawl_n, page, products, bytes, problems, kinds, seen, validators)
             SELECT shop_id, crawl_n, page, products, bytes, problems, kinds, seen, validators
             FROM all_pages WHERE shop_id = ?1 AND crawl_n = ?2",
        )?
        .execute(params![shop_id, n])?;
    }
    share_no_pages(tx, shop_id)
}

/// Removes the pages of all passes but `crawl_n`.
pub(super) fn remove_pages_but(
    tx: &Transaction<'_>,
    shop_id: i64,
    crawl_n: u64,
) -> Result<(), Fault> {
    tx.prepare_cached("DELETE FROM pages WHERE shop_id = ?1 AND crawl_n <> ?2")?
        .execute(params![shop_id, crawl_n])?;
    share_no_pages(tx, shop_id)
}

fn share_no_pages(tx: &Transaction<'_>, shop_id: i64) -> Result<(), Fault> {
    tx.prepare_cached(
        "UPDATE crawls SET same_as = NULL, same_to = NULL WHERE shop_id = ?1 AND same_as IS NOT NULL",
    )?
    .execute([shop_id])?;
    Ok(())
}

pub(super) fn seen_ids(json: &str) -> Result<Vec<i64>, Fault> {
    from_json(json, "a page's products")
}

/// Returns how many problems of each kind a page had.
pub(super) fn problem_kinds(json: &str) -> Result<BTreeMap<ProblemKind, u64>, Fault> {
    from_json(json, "a page's problems")
}
