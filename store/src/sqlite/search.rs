//! Finds products by words, in an order that a caller can state.

use std::collections::{BinaryHeap, HashMap};

use catalog::{
    Currency, MAX_TOTAL, Product, ProductFilter, ProductId, SearchCursor, SearchOrder, SearchPage,
    SearchPlace, SearchQuery, UnixMs, query_words, search_text,
};
use rusqlite::{CachedStatement, OptionalExtension, Row, Transaction, params};
use serde::Deserialize;

use super::codec::{Native, ShopRow, Word, from_json, time};
use super::fault::Fault;
use super::read::{self, is_by_shop_alone, product_rows, shops_from};

/// What decides about a product's place, in the order in which it does.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    is_missing: bool,
    currency: Currency,
    number: i64,
    id: ProductId,
}

pub(super) fn search(
    tx: &Transaction<'_>,
    query: &SearchQuery,
    after: Option<&SearchCursor>,
    limit: usize,
) -> Result<SearchPage, Fault> {
    let order = query.order;
    let after = match after {
        Some(after) if !belongs_to(after.place, order) => {
            let detail = format!("the cursor is of another order than {order:?}");
            return Err(Fault::Failed(detail));
        }
        after => after.map(|after| Key::new(order, after.place, after.id.clone())),
    };
    // The smallest keys behind the cursor, one more than asked for, to know whether there are more.
    let mut smallest = BinaryHeap::new();
    let mut total = 0;
    each_match(tx, query, |key| {
        total += 1;
        if after.as_ref().is_none_or(|after| key > *after) {
            smallest.push(key);
            if smallest.len() > limit.saturating_add(1) {
                smallest.pop();
            }
        }
    })?;
    let mut keys = smallest.into_sorted_vec();
    let has_more = keys.len() > limit;
    keys.truncate(limit);
    let last = keys.last().filter(|_| has_more);
    let next = last.map(|key| SearchCursor {
        place: key.place(order),
        id: key.id.clone(),
    });
    let ids: Vec<ProductId> = keys.into_iter().map(|key| key.id).collect();
    Ok(SearchPage {
        rows: product_rows(tx, &ids)?,
        total: total.min(MAX_TOTAL),
        next,
    })
}

/// Calls `found` with the place of every product that `query` matches, in no order.
fn each_match(
    tx: &Transaction<'_>,
    query: &SearchQuery,
    mut found: impl FnMut(Key),
) -> Result<(), Fault> {
    let shops = shops_from(tx, &query.filter, None)?;
    let shops: HashMap<i64, ShopRow> = shops.into_iter().map(|shop| (shop.id, shop)).collect();
    let places = match query.order {
        SearchOrder::Rank => newest_places(tx)?,
        SearchOrder::Cheapest | SearchOrder::Dearest | SearchOrder::Newest => HashMap::new(),
    };
    let words = match_expression(&query.text);
    let from = match words {
        Some(_) => {
            "search CROSS JOIN product_texts t ON t.product_id = search.rowid
             CROSS JOIN products p ON p.shop_id = t.shop_id AND p.native_id = t.native_id
             WHERE search MATCH ?1"
        }
        None => "products p WHERE ?1 IS NULL",
    };
    let mut find = tx.prepare_cached(&format!(
        "SELECT p.native_id, p.shop_id, p.currency, p.price_min, p.listed_at FROM {from}
         AND p.gone_at IS NULL"
    ))?;
    let mut rows = find.query([words])?;
    while let Some(row) = rows.next()? {
        let Some(shop) = shops.get(&row.get(1)?) else {
            continue;
        };
        let id = shop.product_id(row.get::<_, Native>(0)?.0);
        if passes(tx, &query.filter, shop, &id)? {
            let place = place_of(row, query.order, shop, places.get(&id).copied())?;
            found(Key::new(query.order, place, id));
        }
    }
    Ok(())
}

fn passes(
    tx: &Transaction<'_>,
    filter: &ProductFilter,
    shop: &ShopRow,
    id: &ProductId,
) -> Result<bool, Fault> {
    if is_by_shop_alone(filter) {
        return Ok(true);
    }
    let row = read::row_of(tx, shop, &id.native)?;
    Ok(row.is_some_and(|row| filter.matches(&row)))
}

fn place_of(
    row: &Row<'_>,
    order: SearchOrder,
    shop: &ShopRow,
    rank: Option<u32>,
) -> Result<SearchPlace, Fault> {
    Ok(match order {
        SearchOrder::Rank => SearchPlace::Rank(rank),
        SearchOrder::Cheapest | SearchOrder::Dearest => {
            let currency: Option<Word<Currency>> = row.get(2)?;
            let currency = currency.map_or(shop.currency, |Word(currency)| currency);
            SearchPlace::Price(currency, row.get(3)?)
        }
        SearchOrder::Newest => SearchPlace::Listed(time(row, 4)?),
    })
}

/// The places of the newest ranking; of a stored ranking, only these are read.
#[derive(Deserialize)]
struct Places {
    rows: Vec<Place>,
}

#[derive(Deserialize)]
struct Place {
    rank: u32,
    product: Placed,
}

#[derive(Deserialize)]
struct Placed {
    id: ProductId,
}

fn newest_places(tx: &Transaction<'_>) -> Result<HashMap<ProductId, u32>, Fault> {
    let newest = "SELECT ranking FROM rankings ORDER BY at DESC, preset LIMIT 1";
    let json: Option<String> = tx.query_row(newest, [], |row| row.get(0)).optional()?;
    let Some(json) = json else {
        return Ok(HashMap::new());
    };
    let places: Places = from_json(&json, "the latest ranking")?;
    let rows = places.rows.into_iter();
    Ok(rows.map(|place| (place.product.id, place.rank)).collect())
}

/// Returns what FTS5 calls the query: every word as the beginning of a word; `None` without words.
fn match_expression(text: &str) -> Option<String> {
    let words = query_words(text).into_iter();
    // A word is letters and digits, so that it can't end its quotes.
    let terms: Vec<String> = words.map(|word| format!("\"{word}\"*")).collect();
    (!terms.is_empty()).then(|| terms.join(" AND "))
}

const fn belongs_to(place: SearchPlace, order: SearchOrder) -> bool {
    matches!(
        (place, order),
        (SearchPlace::Rank(_), SearchOrder::Rank)
            | (
                SearchPlace::Price(..),
                SearchOrder::Cheapest | SearchOrder::Dearest
            )
            | (SearchPlace::Listed(_), SearchOrder::Newest)
    )
}

impl Key {
    fn new(order: SearchOrder, place: SearchPlace, id: ProductId) -> Self {
        let (currency, number) = match place {
            SearchPlace::Rank(rank) => (Currency::UNKNOWN, rank.map(i64::from)),
            SearchPlace::Price(currency, minor) => (currency, minor),
            SearchPlace::Listed(at) => (Currency::UNKNOWN, at.map(UnixMs::ms)),
        };
        Self {
            is_missing: number.is_none(),
            currency,
            number: number.map_or(0, |number| direction(order, number)),
            id,
        }
    }

    fn place(&self, order: SearchOrder) -> SearchPlace {
        let number = (!self.is_missing).then(|| direction(order, self.number));
        match order {
            SearchOrder::Rank => {
                SearchPlace::Rank(number.and_then(|number| u32::try_from(number).ok()))
            }
            SearchOrder::Cheapest | SearchOrder::Dearest => {
                SearchPlace::Price(self.currency, number)
            }
            SearchOrder::Newest => SearchPlace::Listed(number.map(UnixMs::new)),
        }
    }
}

/// Turns the order of numbers round where the greatest comes first; twice gives the number again.
const fn direction(order: SearchOrder, number: i64) -> i64 {
    match order {
        SearchOrder::Rank | SearchOrder::Cheapest => number,
        SearchOrder::Dearest | SearchOrder::Newest => !number,
    }
}

/// Makes new products findable by their words.
pub(super) struct Index<'tx>(CachedStatement<'tx>);

impl<'tx> Index<'tx> {
    pub(super) fn prepare(tx: &'tx Transaction<'_>) -> Result<Self, Fault> {
        let insert = tx.prepare_cached("INSERT INTO search (rowid, words) VALUES (?1, ?2)")?;
        Ok(Self(insert))
    }

    pub(super) fn add(&mut self, id: i64, product: &Product) -> Result<(), Fault> {
        self.0.execute(params![id, search_text(product)])?;
        Ok(())
    }
}

/// Makes a product findable by its words in place of those that it had.
pub(super) fn index_again(tx: &Transaction<'_>, id: i64, product: &Product) -> Result<(), Fault> {
    tx.prepare_cached("DELETE FROM search WHERE rowid = ?1")?
        .execute([id])?;
    Index::prepare(tx)?.add(id, product)
}

/// Indexes every product of a store that has no words yet.
pub(super) fn index_all(tx: &Transaction<'_>) -> Result<(), Fault> {
    let mut index = Index::prepare(tx)?;
    let mut scan = tx.prepare("SELECT native_id, id FROM products WHERE shop_id = ?1")?;
    for shop in shops_from(tx, &ProductFilter::default(), None)? {
        let mut rows = scan.query([shop.id])?;
        while let Some(row) = rows.next()? {
            let id = shop.product_id(row.get::<_, Native>(0)?.0);
            if let Some(product) = read::product(tx, &id)? {
                index.add(row.get(1)?, &product)?;
            }
        }
    }
    Ok(())
}
