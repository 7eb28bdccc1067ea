//! What is remembered of the hosts that were asked.

use catalog::{HostRecord, UnixMs};
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::codec::{Ms, time};
use super::fault::Fault;
use super::observed::sql_number;
use crate::rules::HOSTS_KEPT_MS;

pub(super) fn save(tx: &Transaction<'_>, hosts: &[HostRecord]) -> Result<(), Fault> {
    let Some(newest) = hosts.iter().map(|host| host.at.ms()).max() else {
        return Ok(());
    };
    let mut put = tx.prepare_cached(
        "INSERT OR REPLACE INTO hosts (name, gap_ms, refused_gap_ms, not_before, n_failures, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for host in hosts {
        put.execute(params![
            host.name,
            host.gap_ms.map(sql_number),
            host.refused_gap_ms.map(sql_number),
            host.not_before.map(UnixMs::ms),
            host.n_failures,
            host.at.ms(),
        ])?;
    }
    let oldest = newest.saturating_sub(HOSTS_KEPT_MS);
    tx.prepare_cached("DELETE FROM hosts WHERE at < ?1")?
        .execute([oldest])?;
    Ok(())
}

pub(super) fn hosts(tx: &Transaction<'_>, names: &[String]) -> Result<Vec<HostRecord>, Fault> {
    let mut find = tx.prepare_cached(
        "SELECT name, gap_ms, refused_gap_ms, not_before, n_failures, at FROM hosts WHERE name = ?1",
    )?;
    let mut found = Vec::with_capacity(names.len());
    for name in names {
        found.extend(find.query_row([name], host).optional()?);
    }
    Ok(found)
}

fn host(row: &Row<'_>) -> rusqlite::Result<HostRecord> {
    Ok(HostRecord {
        name: row.get(0)?,
        gap_ms: row.get(1)?,
        refused_gap_ms: row.get(2)?,
        not_before: time(row, 3)?,
        n_failures: row.get(4)?,
        at: row.get::<_, Ms>(5)?.0,
    })
}
