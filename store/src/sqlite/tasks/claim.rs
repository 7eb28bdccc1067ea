//! Finds the next work, and counts what there is.

use std::collections::BTreeMap;

use catalog::{ClaimedItem, ItemLease, WorkStats};
use rusqlite::{OptionalExtension, Transaction, params};

use super::hold::{ITEM_COLUMNS, item_of};
use super::list::task;
use crate::sqlite::codec::{time, to_json};
use crate::sqlite::fault::Fault;
use crate::sqlite::leases::{clock, end_of};

/// What must be true of an open item `i` that is taken, at the time `?1`.
///
/// Each part is one look into an index. Items that are left out are looked at one by one, before the first that may be
/// taken: those with a holder, those that are put off, and those whose tasks or keys are not free.
const MAY_BE_TAKEN: &str = "i.is_open = 1 AND i.lease_until <= ?1 AND i.not_before <= ?1
     AND EXISTS (SELECT 1 FROM tasks t WHERE t.id = i.task AND t.state IN ('submitted', 'working'))
     AND NOT EXISTS (SELECT 1 FROM work_items h
         WHERE h.key = i.key AND h.lease_until > ?1 AND h.lease_until > 0)
     AND (i.is_last = 0
         OR NOT EXISTS (SELECT 1 FROM work_items o
             WHERE o.task = i.task AND o.result IS NULL AND o.is_last = 0)
         AND NOT EXISTS (SELECT 1 FROM work_items o
             WHERE o.task = i.task AND o.result IS NULL AND o.is_last = 1 AND o.n < i.n))";

/// Returns the row id of the item of one of `kinds` that is taken next: the oldest one that may be taken now, of the
/// tasks with the fewest items that are held.
pub(super) fn next(tx: &Transaction<'_>, kinds: &[String]) -> Result<Option<i64>, Fault> {
    let now = clock(tx)?;
    let held = tasks_with_held(tx, now)?;
    if let Some(oldest) = oldest_of_others(tx, kinds, now, &held)? {
        return Ok(Some(oldest));
    }
    let kinds = to_json(&kinds)?;
    // The sign keeps SQLite from going through all items of a kind.
    let mut find = tx.prepare_cached(&format!(
        "SELECT i.id FROM work_items i
         WHERE i.task = ?2 AND +i.kind IN (SELECT value FROM json_each(?3)) AND {MAY_BE_TAKEN}
         ORDER BY i.n LIMIT 1"
    ))?;
    for equal in held.chunk_by(|one, other| one.1 == other.1) {
        let mut oldest: Option<i64> = None;
        for (task, _) in equal {
            let found = find.query_row(params![now, task, kinds], |row| row.get(0));
            let found: Option<i64> = found.optional()?;
            oldest = oldest.into_iter().chain(found).min();
        }
        if oldest.is_some() {
            return Ok(oldest);
        }
    }
    Ok(None)
}

/// Returns the tasks that have items with a holder, those with the fewest first.
fn tasks_with_held(tx: &Transaction<'_>, now: i64) -> Result<Vec<(String, u64)>, Fault> {
    // Left to itself, SQLite goes through all items in the order of their tasks.
    let mut count = tx.prepare_cached(
        "SELECT task, COUNT(*) FROM work_items INDEXED BY work_items_held
         WHERE lease_until > ?1 AND lease_until > 0 GROUP BY task ORDER BY COUNT(*)",
    )?;
    let counts = count.query_map([now], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(counts.collect::<Result<_, _>>()?)
}

/// Returns the oldest item that may be taken, of the tasks that are not among `held`.
fn oldest_of_others(
    tx: &Transaction<'_>,
    kinds: &[String],
    now: i64,
    held: &[(String, u64)],
) -> Result<Option<i64>, Fault> {
    let held: Vec<&str> = held.iter().map(|(task, _)| task.as_str()).collect();
    let held = to_json(&held)?;
    let mut find = tx.prepare_cached(&format!(
        "SELECT i.id FROM work_items i
         WHERE i.kind = ?2 AND i.task NOT IN (SELECT value FROM json_each(?3)) AND {MAY_BE_TAKEN}
         ORDER BY i.id LIMIT 1"
    ))?;
    let mut oldest: Option<i64> = None;
    for kind in kinds {
        let found = find.query_row(params![now, kind, held], |row| row.get(0));
        let found: Option<i64> = found.optional()?;
        oldest = oldest.into_iter().chain(found).min();
    }
    Ok(oldest)
}

pub(super) fn claim(
    tx: &Transaction<'_>,
    kinds: &[String],
    owner: &str,
    ttl_ms: u64,
) -> Result<Option<ClaimedItem>, Fault> {
    while let Some(id) = next(tx, kinds)? {
        match take(tx, id, owner, ttl_ms) {
            Err(fault) if fault.is_of_a_value() => leave(tx, id, fault)?,
            taken => return taken.map(Some),
        }
    }
    Ok(None)
}

/// Closes an item that nobody can take: it must not keep everybody from the others.
fn leave(tx: &Transaction<'_>, id: i64, fault: Fault) -> Result<(), Fault> {
    let error = fault.during("take an item", "");
    tracing::warn!("work item {id} is left undone, until its task is canceled: {error}");
    tx.prepare_cached("UPDATE work_items SET is_open = 0, lease_until = 0 WHERE id = ?1")?
        .execute([id])?;
    Ok(())
}

fn take(tx: &Transaction<'_>, id: i64, owner: &str, ttl_ms: u64) -> Result<ClaimedItem, Fault> {
    let until = end_of(clock(tx)?, ttl_ms);
    let mut take = tx.prepare_cached(&format!(
        "UPDATE work_items SET owner = ?2, lease_until = ?3, epoch = epoch + 1,
             attempts = attempts + 1
         WHERE id = ?1 RETURNING {ITEM_COLUMNS}, epoch"
    ))?;
    let mut rows = take.query(params![id, owner, until.ms()])?;
    let Some(row) = rows.next()? else {
        return Err(Fault::Failed("an item is gone".to_owned()));
    };
    let item = item_of(row)?;
    let lease = ItemLease {
        task: item.task.clone(),
        n: item.n,
        owner: owner.to_owned(),
        epoch: row.get(9)?,
    };
    let task = task(tx, &item.task)?;
    let task = task.ok_or_else(|| Fault::Damaged(format!("the task {} is missing", item.task)))?;
    Ok(ClaimedItem { lease, item, task })
}

pub(super) fn work_stats(tx: &Transaction<'_>) -> Result<Vec<WorkStats>, Fault> {
    let now = clock(tx)?;
    let mut kinds = BTreeMap::new();
    let mut waiting = tx.prepare_cached(&format!(
        "SELECT i.kind, COUNT(*), MIN((SELECT t.created_at FROM tasks t WHERE t.id = i.task)),
             MAX(CASE WHEN i.lease_until > 0 THEN ?1 - i.lease_until END)
         FROM work_items i WHERE {MAY_BE_TAKEN} GROUP BY i.kind"
    ))?;
    let mut rows = waiting.query([now])?;
    while let Some(row) = rows.next()? {
        let stats = of_kind(&mut kinds, row.get(0)?);
        stats.n_waiting = row.get(1)?;
        stats.oldest_at = time(row, 2)?;
        stats.lapsed_ms = row.get(3)?;
    }
    let mut held = tx.prepare_cached(
        "SELECT kind, COUNT(*) FROM work_items
         WHERE lease_until > ?1 AND lease_until > 0 GROUP BY kind",
    )?;
    let mut rows = held.query([now])?;
    while let Some(row) = rows.next()? {
        of_kind(&mut kinds, row.get(0)?).n_held = row.get(1)?;
    }
    Ok(kinds.into_values().collect())
}

fn of_kind(kinds: &mut BTreeMap<String, WorkStats>, kind: String) -> &mut WorkStats {
    kinds.entry(kind).or_insert_with_key(|kind| WorkStats {
        kind: kind.clone(),
        n_waiting: 0,
        n_held: 0,
        oldest_at: None,
        lapsed_ms: None,
    })
}
