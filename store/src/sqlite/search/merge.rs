//! Walks an index that stands in generations of ids as if it were one, by merging what they hold.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use catalog::{Currency, NativeId};
use rusqlite::{Row, Transaction, params};

use super::LOOK;
use crate::sqlite::codec::{Native, Word};
use crate::sqlite::fault::Fault;
use crate::sqlite::read::sql_limit;

/// A part of an order in which one index holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stretch {
    /// The prices in a currency.
    Priced(Currency),
    /// What has no price, in the shops with this currency.
    Unpriced(Currency),
    Dated,
    Undated,
}

/// One row of an index.
pub(super) struct Entry {
    pub(super) number: Option<i64>,
    pub(super) row_id: i64,
    pub(super) shop_id: i64,
    pub(super) native: NativeId,
    pub(super) in_stock: bool,
}

/// Rows that are read of a generation at first; each time more is wanted, it is twice as many.
const FIRST_CHUNK: usize = 6;
const MAX_CHUNK: usize = 96;

/// One generation, and what was read of it.
struct Generation {
    id: i64,
    read: VecDeque<Entry>,
    /// Behind which number and row the next ones are read.
    behind: (i64, i64),
    chunk: usize,
    is_done: bool,
}

/// The rows of a stretch in their order.
pub(super) struct Merge<'a> {
    tx: &'a Transaction<'a>,
    stretch: Stretch,
    is_descending: bool,
    generations: Vec<Generation>,
    /// The next row of each generation that has any: its number and its id, both turned where the greatest come first.
    heads: BinaryHeap<Reverse<(i64, i64, usize)>>,
    /// What the reading took so far, in steps.
    pub(super) steps: usize,
}

impl<'a> Merge<'a> {
    /// Begins behind a number and a row.
    pub(super) fn begin(
        tx: &'a Transaction<'a>,
        (stretch, is_descending): (Stretch, bool),
        generations: &[i64],
        behind: (i64, i64),
    ) -> Result<Self, Fault> {
        let generation = |id: &i64| Generation {
            id: *id,
            read: VecDeque::new(),
            behind,
            chunk: FIRST_CHUNK,
            is_done: false,
        };
        let mut merge = Self {
            tx,
            stretch,
            is_descending,
            generations: generations.iter().map(generation).collect(),
            heads: BinaryHeap::with_capacity(generations.len()),
            steps: 0,
        };
        for n in 0..merge.generations.len() {
            merge.push_head(n)?;
        }
        Ok(merge)
    }

    pub(super) fn next(&mut self) -> Result<Option<Entry>, Fault> {
        let Some(Reverse((_, _, n))) = self.heads.pop() else {
            return Ok(None);
        };
        let entry = self
            .generations
            .get_mut(n)
            .and_then(|generation| generation.read.pop_front());
        self.push_head(n)?;
        Ok(entry)
    }

    fn push_head(&mut self, n: usize) -> Result<(), Fault> {
        let (stretch, is_descending) = (self.stretch, self.is_descending);
        let Some(generation) = self.generations.get_mut(n) else {
            return Ok(());
        };
        if generation.read.is_empty() && !generation.is_done {
            generation.fill(self.tx, stretch, is_descending)?;
            self.steps += LOOK + generation.read.len();
        }
        if let Some(next) = generation.read.front() {
            let turn = |it: i64| if is_descending { !it } else { it };
            let number = next.number.map_or(0, turn);
            self.heads.push(Reverse((number, turn(next.row_id), n)));
        }
        Ok(())
    }
}

impl Generation {
    fn fill(
        &mut self,
        tx: &Transaction<'_>,
        stretch: Stretch,
        is_descending: bool,
    ) -> Result<(), Fault> {
        let mut find = tx.prepare_cached(sql(stretch, is_descending))?;
        let currency = match stretch {
            Stretch::Priced(currency) => Some(Word(currency)),
            Stretch::Unpriced(_) | Stretch::Dated | Stretch::Undated => None,
        };
        let (number, row_id) = self.behind;
        let limit = sql_limit(self.chunk);
        let mut rows = find.query(params![self.id, currency, number, row_id, limit])?;
        while let Some(row) = rows.next()? {
            self.read.push_back(entry(row)?);
        }
        self.is_done = self.read.len() < self.chunk;
        self.chunk = (self.chunk * 2).min(MAX_CHUNK);
        if let Some(last) = self.read.back() {
            self.behind = (last.number.unwrap_or_default(), last.row_id);
        }
        Ok(())
    }
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry {
        number: row.get(0)?,
        row_id: row.get(1)?,
        shop_id: row.get(2)?,
        native: row.get::<_, Native>(3)?.0,
        in_stock: row.get(4)?,
    })
}

/// Returns what reads the first rows of a generation behind a number and a row.
const fn sql(stretch: Stretch, is_descending: bool) -> &'static str {
    match (stretch, is_descending) {
        (Stretch::Priced(_), false) => {
            "SELECT price_min, id, shop_id, native_id, in_stock FROM products INDEXED BY products_by_price
             WHERE id >> 13 = ?1 AND gone_at IS NULL AND currency = ?2 AND (price_min, id) > (?3, ?4)
             ORDER BY price_min, id LIMIT ?5"
        }
        (Stretch::Priced(_), true) => {
            "SELECT price_min, id, shop_id, native_id, in_stock FROM products INDEXED BY products_by_price
             WHERE id >> 13 = ?1 AND gone_at IS NULL AND currency = ?2 AND (price_min, id) < (?3, ?4)
             ORDER BY price_min DESC, id DESC LIMIT ?5"
        }
        (Stretch::Unpriced(_), _) => {
            "SELECT price_min, id, shop_id, native_id, in_stock FROM products INDEXED BY products_by_price
             WHERE id >> 13 = ?1 AND gone_at IS NULL AND currency IS ?2 AND price_min IS NULL
                 AND ?3 IS NOT NULL AND id > ?4
             ORDER BY id LIMIT ?5"
        }
        (Stretch::Dated, _) => {
            "SELECT listed_at, id, shop_id, native_id, in_stock FROM products INDEXED BY products_by_date
             WHERE id >> 13 = ?1 AND gone_at IS NULL AND ?2 IS NULL AND (listed_at, id) < (?3, ?4)
             ORDER BY listed_at DESC, id DESC LIMIT ?5"
        }
        (Stretch::Undated, _) => {
            "SELECT listed_at, id, shop_id, native_id, in_stock FROM products INDEXED BY products_by_date
             WHERE id >> 13 = ?1 AND gone_at IS NULL AND ?2 IS NULL AND listed_at IS NULL
                 AND ?3 IS NOT NULL AND id < ?4
             ORDER BY id DESC LIMIT ?5"
        }
    }
}

/// Returns the first currency behind `after` in which a product of these generations has a price.
pub(super) fn next_currency(
    tx: &Transaction<'_>,
    generations: &[i64],
    after: &str,
) -> Result<Option<Currency>, Fault> {
    let mut find = tx.prepare_cached(
        "SELECT currency FROM products INDEXED BY products_by_price
         WHERE id >> 13 = ?1 AND gone_at IS NULL AND currency > ?2 ORDER BY currency LIMIT 1",
    )?;
    let mut least = None;
    for generation in generations {
        let mut rows = find.query(params![generation, after])?;
        if let Some(row) = rows.next()? {
            let found = row.get::<_, Word<Currency>>(0)?.0;
            least = Some(least.map_or(found, |least: Currency| least.min(found)));
        }
    }
    Ok(least)
}
