//! Takes in the records of another store.

use std::collections::BTreeSet;

use catalog::{
    CrawlKey, CrawlRecord, NativeId, PageRecord, Problem, ProductRecord, Record, ShopKey,
    ShopRecord, UnixMs, search_text,
};
use rusqlite::{OptionalExtension, Transaction, named_params, params};

use super::codec::{Word, native_sql, notes_json, place_json, to_json, validators_json};
use super::fault::Fault;
use super::page::{Kinds, own_pages};
use super::product::{NewRow, Sight, Statements, put};
use super::{leases, rankings, read, records, search};

pub(super) fn put_records(tx: &Transaction<'_>, records: &[Record]) -> Result<(), Fault> {
    forget_products(tx, records)?;
    for record in records {
        match record {
            Record::Shop(it) => put_shop(tx, it)?,
            Record::Product(it) => put_product(tx, it)?,
            Record::Crawl(it) => put_crawl(tx, it)?,
            Record::Ranking(it) => rankings::put_ranking(tx, it)?,
            Record::Summary(it) => records::save_summary(tx, it)?,
            Record::Robots(it) => records::put_robots(tx, it)?,
        }
    }
    Ok(())
}

/// Forgets what passes know of a shop's products: which versions of its pages they are of, and how many they are. Those that
/// take their place may be of others.
fn forget_products(tx: &Transaction<'_>, records: &[Record]) -> Result<(), Fault> {
    let mut forget = tx.prepare_cached(
        "UPDATE pages SET validators = NULL
         WHERE validators IS NOT NULL AND shop_id = (SELECT id FROM shops WHERE key = ?1)",
    )?;
    let mut doubt = tx.prepare_cached(
        "UPDATE crawls SET n_gone_before = NULL
         WHERE n_gone_before IS NOT NULL AND shop_id = (SELECT id FROM shops WHERE key = ?1)",
    )?;
    let shops: BTreeSet<&ShopKey> = records
        .iter()
        .filter_map(|record| match record {
            Record::Product(it) => Some(&it.product.id.shop),
            _ => None,
        })
        .collect();
    for shop in shops {
        forget.execute([shop.as_str()])?;
        doubt.execute([shop.as_str()])?;
    }
    Ok(())
}

fn put_shop(tx: &Transaction<'_>, record: &ShopRecord) -> Result<(), Fault> {
    let shop = &record.shop;
    tx.prepare_cached(
        "INSERT INTO shops
             (key, platform, url, currency, currency_source, is_paused, is_added, last_complete_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (key) DO UPDATE SET
             platform = excluded.platform, url = excluded.url, currency = excluded.currency,
             currency_source = excluded.currency_source, is_paused = excluded.is_paused,
             is_added = excluded.is_added, last_complete_at = excluded.last_complete_at",
    )?
    .execute(params![
        shop.key.as_str(),
        Word(shop.platform),
        shop.url,
        Word(shop.currency),
        Word(shop.currency_source),
        record.is_paused,
        record.is_added,
        record.last_complete_at.map(UnixMs::ms),
    ])?;
    leases::raise_epoch(tx, &shop.key, record.epoch)
}

fn put_product(tx: &Transaction<'_>, record: &ProductRecord) -> Result<(), Fault> {
    let product = &record.product;
    let shop_id = shop_id(tx, &product.id.shop, &product.id)?;
    let known = read::row_id(tx, &product.id)?;
    let mut statements = Statements::prepare(tx)?;
    let sight = |crawl_n, at| Sight {
        shop_id,
        crawl_n,
        at,
    };
    let hash = product.content_hash().0;
    let stored = sight(0, record.stored_at);
    let words = search_text(product);
    let id = put(&mut statements, stored, known, product, &hash, &words)?;
    tx.prepare_cached(
        "UPDATE products SET first_seen_at = ?3, gone_at = ?4 WHERE shop_id = ?1 AND native_id = ?2",
    )?
    .execute(params![
        shop_id,
        native_sql(&product.id.native),
        record.first_seen_at.ms(),
        record.gone_at.map(UnixMs::ms),
    ])?;
    search::index_again(tx, id, &words)?;
    tx.prepare_cached("DELETE FROM observations WHERE product_id = ?1")?
        .execute([id])?;
    for (n, row) in &record.observations {
        let new_row = NewRow {
            kind: row.kind,
            n: Some(*n),
            variant: row.variant.as_deref(),
            before: row.before,
            after: row.after,
            stock: row.stock,
            hash: row.content_hash.as_ref().map(|hash| &hash.0),
            rank: row.rank,
            source: row.source,
            n_places: row.n_places,
            said_before: row.said_before,
        };
        statements.observe(sight(row.crawl.n, row.at), id, &new_row)?;
    }
    Ok(())
}

fn shop_id(tx: &Transaction<'_>, shop: &ShopKey, of: &dyn std::fmt::Display) -> Result<i64, Fault> {
    let found = read::shop(tx, shop)?.map(|shop| shop.id);
    found.ok_or_else(|| Fault::Failed(format!("the shop of {of} is not stored")))
}

fn put_crawl(tx: &Transaction<'_>, record: &CrawlRecord) -> Result<(), Fault> {
    let report = &record.report;
    let crawl = &report.key;
    let shop_id = shop_id(
        tx,
        &crawl.shop,
        &format!("crawl {} of {}", crawl.n, crawl.shop),
    )?;
    let (counts, reason) = (
        report.counts,
        report.outcome.as_ref().and_then(|it| it.reason()),
    );
    tx.prepare_cached(
        "INSERT OR REPLACE INTO crawls
             (shop_id, n, started_at, finished_at, outcome, stop, detail, next_page, currency,
              currency_source, n_known, pages, products, new, changed, back, gone, problems, bytes,
              place, notes)
         VALUES (:shop_id, :n, :started_at, :finished_at, :outcome, :stop, :detail, :next_page, :currency,
              :currency_source, :n_known, :pages, :products, :new, :changed, :back, :gone, :problems, :bytes,
              :place, :notes)",
    )?
    .execute(named_params! {
        ":shop_id": shop_id,
        ":n": crawl.n,
        ":started_at": report.started_at.ms(),
        ":finished_at": report.finished_at.map(UnixMs::ms),
        ":outcome": report.outcome.as_ref().map(|outcome| outcome.word()),
        ":stop": reason.map(|reason| reason.stop.name()),
        ":detail": reason.map(|reason| &reason.detail),
        ":next_page": report.checkpoint.map(|checkpoint| checkpoint.next_page),
        ":currency": Word(report.currency),
        ":currency_source": Word(report.currency_source),
        ":n_known": record.n_known,
        ":pages": counts.pages,
        ":products": counts.products,
        ":new": counts.new,
        ":changed": counts.changed,
        ":back": counts.back,
        ":gone": counts.gone,
        ":problems": counts.problems,
        ":bytes": counts.bytes,
        ":place": report.checkpoint.map_or(Ok(None), |checkpoint| place_json(&checkpoint.place))?,
        ":notes": notes_json(&report.notes)?,
    })?;
    put_pages(tx, shop_id, crawl, &record.pages)?;
    put_problems(tx, shop_id, crawl, &record.problems)
}

fn put_pages(
    tx: &Transaction<'_>,
    shop_id: i64,
    crawl: &CrawlKey,
    pages: &[PageRecord],
) -> Result<(), Fault> {
    // Another pass may share the pages that go.
    own_pages(tx, shop_id)?;
    tx.prepare_cached("DELETE FROM pages WHERE shop_id = ?1 AND crawl_n = ?2")?
        .execute(params![shop_id, crawl.n])?;
    let mut insert = tx.prepare_cached(
        "INSERT INTO pages (shop_id, crawl_n, page, products, bytes, problems, kinds, seen, validators)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    for page in pages {
        let kinds = page.problems.iter();
        let kinds: Kinds = kinds
            .map(|(kind, n)| (kind.name().to_owned(), *n))
            .collect();
        insert.execute(params![
            shop_id,
            crawl.n,
            page.page,
            page.n_products,
            page.bytes,
            kinds.values().sum::<u64>(),
            to_json(&kinds)?,
            to_json(&row_ids(tx, shop_id, &page.seen)?)?,
            validators_json(page.validators.as_ref())?,
        ])?;
    }
    Ok(())
}

fn row_ids(tx: &Transaction<'_>, shop_id: i64, seen: &[NativeId]) -> Result<Vec<i64>, Fault> {
    let mut find =
        tx.prepare_cached("SELECT id FROM products WHERE shop_id = ?1 AND native_id = ?2")?;
    let mut found = Vec::with_capacity(seen.len());
    for native in seen {
        let id = find.query_row(params![shop_id, native_sql(native)], |row| row.get(0));
        let id: Option<i64> = id.optional()?;
        found.push(id.ok_or_else(|| {
            Fault::Failed(format!("the product {native} of a page is not stored"))
        })?);
    }
    found.sort_unstable();
    Ok(found)
}

fn put_problems(
    tx: &Transaction<'_>,
    shop_id: i64,
    crawl: &CrawlKey,
    problems: &[Problem],
) -> Result<(), Fault> {
    tx.prepare_cached("DELETE FROM problems WHERE shop_id = ?1 AND crawl_n = ?2")?
        .execute(params![shop_id, crawl.n])?;
    let mut insert = tx.prepare_cached(
        "INSERT INTO problems (shop_id, crawl_n, page, place, kind, idx, product, detail)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for (place, problem) in problems.iter().enumerate() {
        insert.execute(params![
            shop_id,
            crawl.n,
            problem.page,
            place,
            Word(problem.kind),
            problem.index,
            problem.product,
            problem.detail,
        ])?;
    }
    Ok(())
}
