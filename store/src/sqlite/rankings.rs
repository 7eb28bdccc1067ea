//! Keeps rankings, each as one JSON text, and beside it what names it.

use std::hash::{DefaultHasher, Hash, Hasher};

use catalog::{MAX_RANKINGS, PlaceInRanking, ProductId, Ranking, RankingHead, UnixMs};
use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde::Deserialize as _;
use serde::de::DeserializeOwned;

use super::codec::{Ms, from_json, to_json};
use super::fault::Fault;
use super::read::sql_limit;
use crate::brief::{BriefRanking, Place, Places};

pub(super) fn save_ranking(tx: &Transaction<'_>, ranking: &Ranking) -> Result<(), Fault> {
    put_ranking(tx, ranking)?;
    for table in ["rankings", "ranking_heads"] {
        tx.execute(
            &format!(
                "DELETE FROM {table} WHERE (at, preset) NOT IN
                     (SELECT at, preset FROM {table} ORDER BY at DESC, preset LIMIT ?1)"
            ),
            [MAX_RANKINGS],
        )?;
    }
    Ok(())
}

pub(super) fn put_ranking(tx: &Transaction<'_>, ranking: &Ranking) -> Result<(), Fault> {
    let json = to_json(ranking)?;
    // JSON has no NaN and no infinity: they would be stored as null, and never be read again.
    if serde_json::from_str::<Ranking>(&json).is_err() {
        let detail = "a number of the ranking is not finite".to_owned();
        return Err(Fault::Failed(detail));
    }
    let mut stamp = DefaultHasher::new();
    json.hash(&mut stamp);
    tx.execute(
        "INSERT OR REPLACE INTO rankings (at, preset, ranking) VALUES (?1, ?2, ?3)",
        params![ranking.at.ms(), ranking.preset, json],
    )?;
    tx.execute(
        "INSERT OR REPLACE INTO ranking_heads (at, preset, n_places, stamp) VALUES (?1, ?2, ?3, ?4)",
        params![
            ranking.at.ms(),
            ranking.preset,
            ranking.rows.len(),
            stamp.finish().cast_signed()
        ],
    )?;
    Ok(())
}

pub(super) fn latest_ranking(tx: &Transaction<'_>) -> Result<Option<Ranking>, Fault> {
    latest(tx)
}

pub(super) fn latest_ranking_in_brief(tx: &Transaction<'_>) -> Result<Option<Ranking>, Fault> {
    Ok(latest::<BriefRanking>(tx)?.map(Ranking::from))
}

fn latest<T: DeserializeOwned>(tx: &Transaction<'_>) -> Result<Option<T>, Fault> {
    // By its key: sorting would take every ranking's text along.
    let newest = "SELECT at, preset FROM rankings ORDER BY at DESC, preset LIMIT 1";
    let found = tx.prepare_cached(newest)?.query_row([], name_of);
    let Some((at, preset)) = found.optional()? else {
        return Ok(None);
    };
    let read = |json: &str| from_json(json, "the latest ranking");
    with_text(tx, at, &preset, read)
}

pub(super) fn ranking(
    tx: &Transaction<'_>,
    at: UnixMs,
    preset: &str,
) -> Result<Option<Ranking>, Fault> {
    with_text(tx, at, preset, |json| from_json(json, "a ranking"))
}

/// Reads a ranking where SQLite has its text, which of a long list takes megabytes.
pub(super) fn with_text<T>(
    tx: &Transaction<'_>,
    at: UnixMs,
    preset: &str,
    read: impl FnOnce(&str) -> Result<T, Fault>,
) -> Result<Option<T>, Fault> {
    let mut find =
        tx.prepare_cached("SELECT ranking FROM rankings WHERE at = ?1 AND preset = ?2")?;
    let mut rows = find.query(params![at.ms(), preset])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let json = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
    read(json).map(Some)
}

pub(super) fn heads(tx: &Transaction<'_>, limit: usize) -> Result<Vec<RankingHead>, Fault> {
    let mut find = tx.prepare_cached(
        "SELECT at, preset, n_places, stamp FROM ranking_heads ORDER BY at DESC, preset LIMIT ?1",
    )?;
    let heads = find.query_map([sql_limit(limit)], |row| {
        let (at, preset) = name_of(row)?;
        Ok(RankingHead {
            at,
            preset,
            n_places: row.get(2)?,
            stamp: row.get::<_, i64>(3)?.cast_unsigned(),
        })
    })?;
    Ok(heads.collect::<Result<_, _>>()?)
}

/// Returns the place of a product in one ranking; `None` if it has none, or if the ranking is gone.
pub(super) fn place_in(
    tx: &Transaction<'_>,
    head: RankingHead,
    id: &ProductId,
) -> Result<Option<PlaceInRanking>, Fault> {
    let place = with_text(tx, head.at, &head.preset, |json| place_in_text(json, id))?;
    Ok(place.flatten().map(|(rank, score)| PlaceInRanking {
        at: head.at,
        preset: head.preset,
        rank,
        score,
    }))
}

/// Reads the product's row alone where a text search finds it: that is far cheaper than to read a long list.
fn place_in_text(json: &str, id: &ProductId) -> Result<Option<(u32, f64)>, Fault> {
    let quoted = to_json(id)?;
    // Quotes inside of JSON's texts are escaped: neither of the two can be a part of what a shop wrote.
    let product = json.find(&format!(r#""product":{{"id":{quoted}"#));
    let row = product.and_then(|at| json[..at].rfind(r#"{"rank":"#));
    if let Some(at) = row {
        let mut read = serde_json::Deserializer::from_str(&json[at..]);
        if let Ok(place) = Place::deserialize(&mut read)
            && let Some(found) = place.of(id)
        {
            return Ok(Some(found));
        }
    }
    if !json.contains(&quoted) {
        return Ok(None);
    }
    // It is there in another form, or the id is a title only.
    let places: Places = from_json(json, "a ranking")?;
    Ok(places.of(id))
}

fn name_of(row: &Row<'_>) -> rusqlite::Result<(UnixMs, String)> {
    Ok((row.get::<_, Ms>(0)?.0, row.get(1)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_found_without_reading_what_stands_around_it() {
        let id = |text: &str| text.parse::<ProductId>().unwrap();
        let row = |rank: u32, product: &str, title: &str| {
            let place = format!(r#"{{"rank":{rank},"score":0.5,"coverage":1.0,"contributions":[]"#);
            format!(r#"{place},"product":{{"id":"{product}","title":"{title}"}}}}"#)
        };
        let (one, two) = ("shopify:a.example:1", "shopify:a.example:12");
        let rows = [row(1, two, one), row(2, one, "Lamp")].join(",");
        let cut_off = format!(r#"{{"rows":[{rows},{{"rank":"#);
        assert_eq!(place_in_text(&cut_off, &id(one)).unwrap(), Some((2, 0.5)));
        assert_eq!(place_in_text(&cut_off, &id(two)).unwrap(), Some((1, 0.5)));
        let three = id("shopify:a.example:3");
        assert_eq!(place_in_text(&cut_off, &three).unwrap(), None);
        let whole = format!(r#"{{"rows":[{}]}}"#, row(1, two, one));
        assert_eq!(place_in_text(&whole, &id(one)).unwrap(), None);
        let spaced = whole
            .replace(':', ": ")
            .replace(": a.example: ", ":a.example:");
        let spaced = spaced.replace("shopify: ", "shopify:");
        assert_eq!(place_in_text(&spaced, &id(two)).unwrap(), Some((1, 0.5)));
    }
}
