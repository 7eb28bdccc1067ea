//! Looks at single products: whether one matches, and where it stands.

use std::collections::{BTreeSet, HashMap, HashSet};

use catalog::{
    Currency, Money, NativeId, ProductFilter, ProductId, ProductRow, SearchOrder, SearchPlace,
    SearchQuery, ShopKey, UnixMs, query_words,
};
use rusqlite::types::FromSql;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use crate::sqlite::codec::{Native, ShopRow, Word, native_sql, time};
use crate::sqlite::detail;
use crate::sqlite::fault::Fault;
use crate::sqlite::read::{row_id, shops_from};

/// A query, and what is known for it.
pub(super) struct Look<'a> {
    pub(super) tx: &'a Transaction<'a>,
    pub(super) query: &'a SearchQuery,
    /// Words of which a match has one that begins with each.
    pub(super) beginnings: BTreeSet<String>,
    /// Words that a match has, with the space behind each that stands there.
    pub(super) wholes: Vec<String>,
    pub(super) shops: HashMap<i64, ShopRow>,
    shop_ids: HashMap<ShopKey, i64>,
    /// The shops asked for; `None` for all.
    pub(super) wanted: Option<HashSet<i64>>,
    /// The filter's part about texts, and its part about numbers.
    texts: ProductFilter,
    numbers: ProductFilter,
}

/// What of a product's numbers a search is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers {
    pub(super) currency: Option<Currency>,
    pub(super) price_min: Option<i64>,
    pub(super) listed_at: Option<UnixMs>,
    pub(super) in_stock: bool,
}

/// A product that was looked at.
pub(super) struct Seen {
    pub(super) id: ProductId,
    pub(super) shop_id: i64,
    pub(super) matches: bool,
}

impl<'a> Look<'a> {
    pub(super) fn new(tx: &'a Transaction<'a>, query: &'a SearchQuery) -> Result<Self, Fault> {
        let filter = &query.filter;
        let shops = shops_from(tx, &ProductFilter::default(), None)?;
        let shop_ids: HashMap<ShopKey, i64> = shops
            .iter()
            .map(|shop| (shop.key.clone(), shop.id))
            .collect();
        let wanted = filter
            .shops
            .iter()
            .filter_map(|key| shop_ids.get(key).copied());
        Ok(Self {
            tx,
            query,
            beginnings: query_words(&query.text),
            wholes: query
                .whole_words()
                .into_iter()
                .map(|word| word + " ")
                .collect(),
            wanted: (!filter.shops.is_empty()).then(|| wanted.collect()),
            shops: shops.into_iter().map(|shop| (shop.id, shop)).collect(),
            shop_ids,
            texts: ProductFilter {
                product_type: filter.product_type.clone(),
                vendor: filter.vendor.clone(),
                ..ProductFilter::default()
            },
            numbers: ProductFilter {
                shops: Vec::new(),
                product_type: None,
                vendor: None,
                ..filter.clone()
            },
        })
    }

    pub(super) fn is_about_texts(&self) -> bool {
        !self.beginnings.is_empty() || self.is_about_whole_texts()
    }

    /// Returns whether nothing but one word, or the shop, decides: then all rows of the source match, but for what is
    /// gone.
    pub(super) fn is_one_condition(&self) -> bool {
        !self.is_about_whole_texts()
            && !self.is_about_numbers()
            && self.beginnings.len() + usize::from(self.wanted.is_some()) <= 1
    }

    fn is_about_whole_texts(&self) -> bool {
        self.query.tag.is_some() || self.texts != ProductFilter::default()
    }

    pub(super) fn is_about_numbers(&self) -> bool {
        self.numbers != ProductFilter::default()
    }

    pub(super) fn wants(&self, shop_id: i64) -> bool {
        self.wanted
            .as_ref()
            .is_none_or(|wanted| wanted.contains(&shop_id))
    }

    pub(super) fn row_id(&self, id: &ProductId) -> Result<Option<i64>, Fault> {
        row_id(self.tx, id)
    }

    /// Returns the shop with a product's id.
    pub(super) fn shop_of(&self, id: &ProductId) -> Option<&ShopRow> {
        let shop = self.shops.get(self.shop_ids.get(&id.shop)?)?;
        (shop.platform == id.platform).then_some(shop)
    }

    /// Returns who a product is, and whether it matches by its shop and its texts; `None` if it is not there.
    pub(super) fn texts(&self, row_id: i64) -> Result<Option<Seen>, Fault> {
        let mut find = self.tx.prepare_cached(
            "SELECT shop_id, native_id, words, vendor, product_type FROM product_texts
             WHERE product_id = ?1",
        )?;
        let mut rows = find.query([row_id])?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        let shop_id = row.get(0)?;
        let Some(shop) = self.shops.get(&shop_id) else {
            return Ok(None);
        };
        let id = shop.product_id(row.get::<_, Native>(1)?.0);
        let matches = self.wants(shop_id)
            && self.has_words(row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?)
            && (!self.is_about_whole_texts() || self.has_texts(row, row_id, &id)?);
        Ok(Some(Seen {
            id,
            shop_id,
            matches,
        }))
    }

    /// Returns whether the product in a row matches.
    pub(super) fn matches(&self, row_id: i64) -> Result<bool, Fault> {
        let Some(seen) = self.texts(row_id)?.filter(|seen| seen.matches) else {
            return Ok(false);
        };
        let numbers = self.numbers(seen.shop_id, &seen.id.native)?;
        let shop = self.shops.get(&seen.shop_id);
        Ok(numbers
            .zip(shop)
            .is_some_and(|((_, numbers), shop)| self.has_numbers(shop, &seen.id, &numbers)))
    }

    fn has_words(&self, words: &str) -> bool {
        let begins = |word: &str| {
            let mut at = 0;
            // Words stand one behind the other with a space between them.
            while let Some(found) = words.get(at..).and_then(|rest| rest.find(word)) {
                let from = at + found;
                if from == 0 || words.as_bytes().get(from - 1) == Some(&b' ') {
                    return true;
                }
                at = from + word.len();
            }
            false
        };
        self.beginnings.iter().all(|word| begins(word))
            && self.wholes.iter().all(|word| begins(word))
    }

    fn has_texts(&self, row: &Row<'_>, row_id: i64, id: &ProductId) -> Result<bool, Fault> {
        let texts = ProductRow {
            vendor: row.get(3)?,
            product_type: row.get(4)?,
            ..ProductRow::named(id.clone())
        };
        if !self.texts.matches(&texts) {
            return Ok(false);
        }
        if self.query.tag.is_none() {
            return Ok(true);
        }
        let mut find = self
            .tx
            .prepare_cached("SELECT detail FROM product_details WHERE product_id = ?1")?;
        let mut rows = find.query([row_id])?;
        let Some(row) = rows.next()? else {
            return Err(Fault::Damaged(format!("product {id} has no detail")));
        };
        let detail = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
        Ok(self.query.has_tag(&detail::tags(detail)?))
    }

    /// Returns the row id and the numbers of a product, `None` if it is gone or not there.
    pub(super) fn numbers(
        &self,
        shop_id: i64,
        native: &NativeId,
    ) -> Result<Option<(i64, Numbers)>, Fault> {
        let mut find = self.tx.prepare_cached(
            "SELECT id, currency, price_min, listed_at, in_stock FROM products
             WHERE shop_id = ?1 AND native_id = ?2 AND gone_at IS NULL",
        )?;
        let read = |row: &Row<'_>| {
            let numbers = Numbers {
                currency: word(row, 1)?,
                price_min: row.get(2)?,
                listed_at: time(row, 3)?,
                in_stock: row.get(4)?,
            };
            Ok((row.get(0)?, numbers))
        };
        let found = find.query_row(params![shop_id, native_sql(native)], read);
        Ok(found.optional()?)
    }

    pub(super) fn has_numbers(&self, shop: &ShopRow, id: &ProductId, numbers: &Numbers) -> bool {
        if !self.is_about_numbers() {
            return true;
        }
        let currency = numbers.currency.unwrap_or(shop.currency);
        let row = ProductRow {
            currency,
            price_min: numbers.price_min.map(|minor| Money::new(minor, currency)),
            in_stock: Some(numbers.in_stock),
            ..ProductRow::named(id.clone())
        };
        self.numbers.matches(&row)
    }

    /// Returns the place of a product in the query's order, its place in the newest ranking given.
    pub(super) fn place(
        &self,
        shop: &ShopRow,
        numbers: &Numbers,
        rank: Option<u32>,
    ) -> SearchPlace {
        match self.query.order {
            SearchOrder::Rank => SearchPlace::Rank(rank),
            SearchOrder::Cheapest | SearchOrder::Dearest => {
                let currency = numbers.currency.unwrap_or(shop.currency);
                SearchPlace::Price(currency, numbers.price_min)
            }
            SearchOrder::Newest => SearchPlace::Listed(numbers.listed_at),
        }
    }
}

pub(super) fn word<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>>
where
    Word<T>: FromSql,
{
    let word: Option<Word<T>> = row.get(column)?;
    Ok(word.map(|Word(word)| word))
}
