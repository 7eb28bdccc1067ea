//! What an operator does to the list of shops and to the history.

use catalog::{Forgotten, ProductFilter, ProductId, Pruned, Shop, ShopKey, UnixMs, superseded};
use rusqlite::{OptionalExtension, Transaction, params};

use super::codec::{Native, Word};
use super::fault::Fault;
use super::leases;
use super::observed::history;
use super::read::{first_behind, shops_from};

pub(super) fn add_shop(tx: &Transaction<'_>, shop: &Shop) -> Result<bool, Fault> {
    let noted = tx.execute(
        "UPDATE shops SET is_added = 1 WHERE key = ?1",
        [shop.key.as_str()],
    )?;
    if noted > 0 {
        return Ok(false);
    }
    tx.execute(
        "INSERT INTO shops (key, platform, url, currency, currency_source, is_added)
         VALUES (?1, ?2, ?3, ?4, ?5, 1)",
        params![
            shop.key.as_str(),
            Word(shop.platform),
            shop.url,
            Word(shop.currency),
            Word(shop.currency_source),
        ],
    )?;
    Ok(true)
}

pub(super) fn pause_shop(
    tx: &Transaction<'_>,
    shop: &ShopKey,
    is_paused: bool,
) -> Result<bool, Fault> {
    let paused = tx.execute(
        "UPDATE shops SET is_paused = ?2 WHERE key = ?1",
        params![shop.as_str(), is_paused],
    )?;
    if is_paused {
        leases::lay_to_rest(tx, shop)?;
    }
    Ok(paused > 0)
}

pub(super) fn is_paused(tx: &Transaction<'_>, shop: &ShopKey) -> Result<Option<bool>, Fault> {
    let mut find = tx.prepare_cached("SELECT is_paused FROM shops WHERE key = ?1")?;
    let found = find
        .query_row([shop.as_str()], |row| row.get(0))
        .optional()?;
    Ok(found)
}

pub(super) fn forget_shop(
    tx: &Transaction<'_>,
    shop: &ShopKey,
) -> Result<Option<Forgotten>, Fault> {
    let find = "SELECT id FROM shops WHERE key = ?1";
    let shop_id: Option<i64> = tx
        .query_row(find, [shop.as_str()], |row| row.get(0))
        .optional()?;
    let Some(shop_id) = shop_id else {
        return Ok(None);
    };
    leases::revoke(tx, shop)?;
    let of_product = "(SELECT id FROM products WHERE shop_id = ?1)";
    let remove = |from: &str, which: &str| -> Result<u64, Fault> {
        let removed = tx.execute(&format!("DELETE FROM {from} WHERE {which}"), [shop_id])?;
        Ok(removed as u64)
    };
    let n_observations = remove("observations", &format!("product_id IN {of_product}"))?;
    remove("search", &format!("rowid IN {of_product}"))?;
    remove("product_details", &format!("product_id IN {of_product}"))?;
    remove("product_texts", &format!("product_id IN {of_product}"))?;
    let n_products = remove("products", "shop_id = ?1")?;
    remove("pages", "shop_id = ?1")?;
    remove("problems", "shop_id = ?1")?;
    let n_crawls = remove("crawls", "shop_id = ?1")?;
    remove("shops", "id = ?1")?;
    Ok(Some(Forgotten {
        n_products,
        n_observations,
        n_crawls,
    }))
}

pub(super) fn prune(
    tx: &Transaction<'_>,
    before: UnixMs,
    after: Option<&ProductId>,
    limit: usize,
) -> Result<Pruned, Fault> {
    let mut pruned = Pruned {
        n_old: 0,
        n_removed: 0,
        next: None,
    };
    let mut products = products_with_old_rows(tx, before, after, limit.saturating_add(1))?;
    let has_more = products.len() > limit;
    products.truncate(limit);
    for (id, row_id) in &products {
        let (n_old, n_removed) = prune_product(tx, id, *row_id, before)?;
        pruned.n_old += n_old;
        pruned.n_removed += n_removed;
    }
    if has_more {
        pruned.next = products.pop().map(|(id, _)| id);
    }
    Ok(pruned)
}

fn products_with_old_rows(
    tx: &Transaction<'_>,
    before: UnixMs,
    after: Option<&ProductId>,
    limit: usize,
) -> Result<Vec<(ProductId, i64)>, Fault> {
    let mut find = tx.prepare_cached(
        "SELECT p.native_id, p.id FROM products p
         WHERE p.shop_id = ?1 AND p.native_id > ?2
             AND EXISTS (SELECT 1 FROM observations o WHERE o.product_id = p.id AND o.at < ?3)
         ORDER BY p.native_id",
    )?;
    let mut found = Vec::new();
    for shop in shops_from(tx, &ProductFilter::default(), after)? {
        let mut rows = find.query(params![shop.id, first_behind(after, &shop), before.ms()])?;
        while found.len() < limit
            && let Some(row) = rows.next()?
        {
            let id = shop.product_id(row.get::<_, Native>(0)?.0);
            found.push((id, row.get(1)?));
        }
    }
    Ok(found)
}

/// Returns how many old rows the product had, and how many of them are gone.
fn prune_product(
    tx: &Transaction<'_>,
    id: &ProductId,
    row_id: i64,
    before: UnixMs,
) -> Result<(u64, u64), Fault> {
    let (numbers, rows): (Vec<u64>, Vec<_>) = history(tx, id, row_id, before.ms(), usize::MAX)?
        .into_iter()
        .unzip();
    let mut remove =
        tx.prepare_cached("DELETE FROM observations WHERE product_id = ?1 AND n = ?2")?;
    let mut n_removed = 0;
    for (n, may_go) in numbers.iter().zip(superseded(&rows, before)) {
        if may_go {
            n_removed += remove.execute(params![row_id, n])? as u64;
        }
    }
    Ok((rows.len() as u64, n_removed))
}
