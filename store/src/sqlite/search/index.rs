//! Keeps the words of each product.

use std::collections::HashMap;

use catalog::{NativeId, ProductFilter, search_text};
use rusqlite::{CachedStatement, Transaction, params};

use crate::sqlite::codec::{Native, ShopRow};
use crate::sqlite::fault::Fault;
use crate::sqlite::read::{product_of, shops_from};

/// Makes new products findable by their words.
pub(in crate::sqlite) struct Index<'tx>(CachedStatement<'tx>);

impl<'tx> Index<'tx> {
    pub(in crate::sqlite) fn prepare(tx: &'tx Transaction<'_>) -> Result<Self, Fault> {
        let insert = tx.prepare_cached("INSERT INTO search (rowid, words) VALUES (?1, ?2)")?;
        Ok(Self(insert))
    }

    pub(in crate::sqlite) fn add(&mut self, id: i64, words: &str) -> Result<(), Fault> {
        self.0.execute(params![id, words])?;
        Ok(())
    }
}

/// Makes a product findable by its words in place of those that it had.
pub(in crate::sqlite) fn index_again(
    tx: &Transaction<'_>,
    id: i64,
    words: &str,
) -> Result<(), Fault> {
    tx.prepare_cached("DELETE FROM search WHERE rowid = ?1")?
        .execute([id])?;
    Index::prepare(tx)?.add(id, words)
}

/// Indexes every product of a store that has no words yet.
pub(in crate::sqlite) fn index_all(tx: &Transaction<'_>) -> Result<(), Fault> {
    let mut index = Index::prepare(tx)?;
    each_text(tx, |id, words| index.add(id, words))
}

/// Gives every product of a store its words that has them in the index alone.
pub(in crate::sqlite) fn fill_words(tx: &Transaction<'_>) -> Result<(), Fault> {
    let mut fill = tx.prepare("UPDATE product_texts SET words = ?2 WHERE product_id = ?1")?;
    each_text(tx, |id, words| {
        fill.execute(params![id, words])?;
        Ok(())
    })
}

/// Products that are worked out at a time.
const BLOCK: usize = 500;

fn each_text(
    tx: &Transaction<'_>,
    mut take: impl FnMut(i64, &str) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut block = tx.prepare(
        "SELECT product_id, shop_id, native_id FROM product_texts
         WHERE product_id > ?1 ORDER BY product_id LIMIT ?2",
    )?;
    let shops = shops_from(tx, &ProductFilter::default(), None)?;
    let shops: HashMap<i64, ShopRow> = shops.into_iter().map(|shop| (shop.id, shop)).collect();
    let mut last = i64::MIN;
    loop {
        // Nobody may change the table that a scan is in the middle of.
        let rows = block.query_map(params![last, BLOCK], |row| {
            let native = row.get::<_, Native>(2)?.0;
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, native))
        })?;
        let rows: Vec<(i64, i64, NativeId)> = rows.collect::<Result<_, _>>()?;
        for (row_id, shop_id, native) in &rows {
            if let Some(shop) = shops.get(shop_id) {
                let id = shop.product_id(native.clone());
                take(*row_id, &search_text(&product_of(tx, &id, *row_id)?))?;
            }
        }
        match rows.last() {
            Some((id, ..)) => last = *id,
            None => return Ok(()),
        }
    }
}
