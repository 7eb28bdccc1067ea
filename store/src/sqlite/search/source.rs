//! Where a search begins: with few rows that may match, with many, or with all.

use rusqlite::{OptionalExtension, params};

use super::Limits;
use super::estimate::Sample;
use super::look::Look;
use crate::sqlite::fault::Fault;
use crate::sqlite::read::sql_limit;

/// The rows among which all matches are.
#[derive(Debug)]
pub(super) enum Source {
    /// So few that all are looked at. In the order of their ids, like all lists.
    Few(Vec<i64>),
    /// More.
    Some(Vec<i64>),
    /// Those that an expression of the index of words finds.
    Words(String),
    /// Those of these shops.
    Shops(Vec<i64>),
    All,
}

/// Returns where a search begins, and some of the rows that may match.
pub(super) fn source(look: &Look<'_>, limits: Limits) -> Result<(Source, Sample), Fault> {
    let words = expression(look, limits)?.map(Source::Words);
    let shops = look.wanted.as_ref();
    let shops = shops.map(|shops| Source::Shops(shops.iter().copied().collect()));
    let (mut known, mut first_of_more): (Option<Vec<i64>>, Option<Vec<i64>>) = (None, None);
    for wide in [&words, &shops].into_iter().flatten() {
        let ids = some_of(look, wide, limits.collected)?;
        if ids.len() > limits.collected {
            first_of_more.get_or_insert(ids);
            continue;
        }
        known = Some(match known {
            None => ids,
            Some(mut both) => {
                both.retain(|id| ids.binary_search(id).is_ok());
                both
            }
        });
    }
    let wide = words.or(shops).unwrap_or(Source::All);
    if let Source::All = wide {
        // A search for anything needs no list of half of all.
        let ids = some_of(look, &wide, limits.few)?;
        known = (ids.len() <= limits.few).then_some(ids);
    }
    let sample = match known.as_ref().or(first_of_more.as_ref()) {
        Some(ids) => Sample::of(ids, limits.sample),
        None => {
            let (first, last) = bounds(look)?.unwrap_or((0, -1));
            Sample::between(first, last, limits.sample)
        }
    };
    let source = match known {
        Some(ids) if ids.len() <= limits.few => Source::Few(ids),
        Some(ids) => Source::Some(ids),
        None => wide,
    };
    Ok((source, sample))
}

/// Returns all ids, or `most` of them and one.
fn some_of(look: &Look<'_>, wide: &Source, most: usize) -> Result<Vec<i64>, Fault> {
    let enough = most.saturating_add(1);
    match wide {
        Source::Shops(shops) => some_of_shops(look, shops, enough),
        Source::Few(_) | Source::Some(_) | Source::Words(_) | Source::All => {
            wide.ids_behind(look, None, enough)
        }
    }
}

impl Source {
    /// Returns the first ids behind `after`, in their order.
    pub(super) fn ids_behind(
        &self,
        look: &Look<'_>,
        after: Option<i64>,
        most: usize,
    ) -> Result<Vec<i64>, Fault> {
        let after = after.unwrap_or(i64::MIN);
        let (sql, first) = match self {
            Self::Few(ids) | Self::Some(ids) => {
                let from = ids.partition_point(|id| *id <= after);
                return Ok(ids.iter().skip(from).take(most).copied().collect());
            }
            Self::Shops(shops) => return of_shops(look, shops, after, most),
            Self::Words(words) => (
                "SELECT rowid FROM search WHERE search MATCH ?1 AND rowid > ?2 ORDER BY rowid LIMIT ?3",
                Some(words),
            ),
            Self::All => (
                "SELECT product_id FROM product_texts WHERE ?1 IS NULL AND product_id > ?2
                 ORDER BY product_id LIMIT ?3",
                None,
            ),
        };
        let mut find = look.tx.prepare_cached(sql)?;
        let ids = find.query_map(params![first, after, sql_limit(most)], |row| row.get(0))?;
        Ok(ids.collect::<Result<_, _>>()?)
    }

    /// Returns the generations of ids, of 2^13 each, in which there may be matches.
    pub(super) fn generations(&self, look: &Look<'_>) -> Result<Vec<i64>, Fault> {
        let mut found: Vec<i64> = match self {
            Self::Few(ids) | Self::Some(ids) => ids.iter().map(|id| id >> 13).collect(),
            Self::Words(_) | Self::All | Self::Shops(_) => match &look.wanted {
                Some(shops) => generations_of(look, shops.iter().copied())?,
                None => match bounds(look)? {
                    Some((first, last)) => (first >> 13..=last >> 13).collect(),
                    None => Vec::new(),
                },
            },
        };
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }
}

/// Returns the least and the greatest row id.
fn bounds(look: &Look<'_>) -> Result<Option<(i64, i64)>, Fault> {
    let bound = |end: &str| {
        let sql = format!("SELECT {end}(product_id) FROM product_texts");
        let mut find = look.tx.prepare_cached(&sql)?;
        find.query_row([], |row| row.get::<_, Option<i64>>(0))
    };
    Ok(bound("MIN")?.zip(bound("MAX")?))
}

fn generations_of(look: &Look<'_>, shops: impl Iterator<Item = i64>) -> Result<Vec<i64>, Fault> {
    let mut next = look.tx.prepare_cached(
        "SELECT product_id FROM product_texts WHERE shop_id = ?1 AND product_id >= ?2
         ORDER BY product_id LIMIT 1",
    )?;
    let mut found = Vec::new();
    for shop in shops {
        let mut from = i64::MIN;
        while let Some(id) = next
            .query_row([shop, from], |row| row.get::<_, i64>(0))
            .optional()?
        {
            found.push(id >> 13);
            from = ((id >> 13) + 1) << 13;
        }
    }
    Ok(found)
}

const IDS_OF_SHOP: &str =
    "SELECT product_id FROM product_texts WHERE shop_id = ?1 AND product_id > ?2
     ORDER BY product_id LIMIT ?3";

/// Returns the first ids of these shops behind `after`.
fn of_shops(look: &Look<'_>, shops: &[i64], after: i64, most: usize) -> Result<Vec<i64>, Fault> {
    let mut find = look.tx.prepare_cached(IDS_OF_SHOP)?;
    let mut ids: Vec<i64> = Vec::new();
    for shop in shops {
        let of_shop = find.query_map(params![shop, after, sql_limit(most)], |row| row.get(0))?;
        for id in of_shop {
            ids.push(id?);
        }
    }
    ids.sort_unstable();
    ids.truncate(most);
    Ok(ids)
}

/// Returns all ids of these shops, or `most` of them.
fn some_of_shops(look: &Look<'_>, shops: &[i64], most: usize) -> Result<Vec<i64>, Fault> {
    let mut find = look.tx.prepare_cached(IDS_OF_SHOP)?;
    let mut ids: Vec<i64> = Vec::new();
    for shop in shops {
        let limit = sql_limit(most - ids.len());
        let of_shop = find.query_map(params![shop, i64::MIN, limit], |row| row.get(0))?;
        for id in of_shop {
            ids.push(id?);
        }
    }
    ids.sort_unstable();
    Ok(ids)
}

/// Returns what the index of words is asked for: every word but those that very many rows have; `None` if no word is
/// left.
fn expression(look: &Look<'_>, limits: Limits) -> Result<Option<String>, Fault> {
    let mut terms = Vec::new();
    for word in &look.beginnings {
        if rows_with(look, word, "\u{10FFFF}")? <= limits.common {
            // A word is letters and digits, so that it can't end its quotes.
            terms.push(format!("\"{word}\"*"));
        }
    }
    for word in look.wholes.iter().map(|word| word.trim_end()) {
        if rows_with(look, word, "")? <= limits.common {
            terms.push(format!("\"{word}\""));
        }
    }
    Ok((!terms.is_empty()).then(|| terms.join(" AND ")))
}

/// Rows of a word on one leaf of the index, of 4,050 bytes: the distances between their ids mostly take one.
const ROWS_PER_LEAF: u64 = 3_000;

/// Estimates how many rows have a word between `word` and `word` + `end`, by the leaves that such words take up.
///
/// FTS5 keeps the first term of each leaf beside the leaves; its documentation describes both (section 9).
fn rows_with(look: &Look<'_>, word: &str, end: &str) -> Result<u64, Fault> {
    let mut next_segment = look
        .tx
        .prepare_cached("SELECT segid FROM search_idx WHERE segid > ?1 ORDER BY segid LIMIT 1")?;
    let mut first_leaf = look.tx.prepare_cached(
        "SELECT pgno >> 1 FROM search_idx WHERE segid = ?1 AND term <= ?2 ORDER BY term DESC LIMIT 1",
    )?;
    let mut last_leaf = look.tx.prepare_cached(
        "SELECT pgno >> 1 FROM search_idx WHERE segid = ?1 AND term > ?2 ORDER BY term LIMIT 1",
    )?;
    let mut end_leaf = look.tx.prepare_cached(
        "SELECT MAX(id) FROM search_data WHERE id BETWEEN ?1 << 37 AND (?1 << 37) + 2147483647",
    )?;
    let (from, to) = (
        format!("0{word}").into_bytes(),
        format!("0{word}{end}").into_bytes(),
    );
    let (mut leaves, mut segment) = (0, -1_i64);
    while let Some(next) = next_segment
        .query_row([segment], |row| row.get(0))
        .optional()?
    {
        segment = next;
        let number = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
        let first = first_leaf.query_row(params![segment, from], number);
        let last = match last_leaf
            .query_row(params![segment, to], number)
            .optional()?
        {
            Some(last) => last,
            None => {
                let id: Option<i64> = end_leaf.query_row([segment], |row| row.get(0))?;
                id.map_or(0, |id| id & 0x7fff_ffff)
            }
        };
        leaves += (last - first.optional()?.unwrap_or(0))
            .max(0)
            .unsigned_abs();
    }
    Ok(leaves.saturating_mul(ROWS_PER_LEAF))
}
