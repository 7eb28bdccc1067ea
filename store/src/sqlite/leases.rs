//! Who may crawl a shop, by SQLite's own clock, which all processes of one machine share.

use catalog::{Lease, LeaseAnswer, LeaseHolder, RESTING, ShopKey, UnixMs};
use rusqlite::{OptionalExtension, Transaction, params};

use super::fault::Fault;

/// A lease as stored, whether or not it expired.
struct Stored {
    owner: String,
    epoch: u64,
    expires_at: i64,
}

pub(super) fn lease_shop(
    tx: &Transaction<'_>,
    shop: &ShopKey,
    owner: &str,
    ttl_ms: u64,
    dead_owner: Option<&str>,
) -> Result<LeaseAnswer, Fault> {
    let now = clock(tx)?;
    let stored = stored(tx, shop)?;
    let epoch = match &stored {
        None => 1,
        Some(it) if it.expires_at <= now => it.epoch + 1,
        Some(it) if it.owner == owner => it.epoch,
        Some(it) if Some(it.owner.as_str()) == dead_owner => it.epoch + 1,
        Some(it) => return Ok(LeaseAnswer::Held(holder(it, now))),
    };
    let lease = Lease {
        shop: shop.clone(),
        owner: owner.to_owned(),
        epoch,
        expires_at: end_of(now, ttl_ms),
    };
    tx.prepare_cached(
        "INSERT OR REPLACE INTO leases (shop, owner, epoch, expires_at) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![shop.as_str(), owner, epoch, lease.expires_at.ms()])?;
    Ok(LeaseAnswer::Granted(lease))
}

pub(super) fn renew(tx: &Transaction<'_>, lease: &Lease, ttl_ms: u64) -> Result<Lease, Fault> {
    check(tx, lease)?;
    let expires_at = end_of(clock(tx)?, ttl_ms);
    set_end(tx, lease, expires_at.ms())?;
    Ok(Lease {
        expires_at,
        ..lease.clone()
    })
}

pub(super) fn release(tx: &Transaction<'_>, lease: &Lease) -> Result<(), Fault> {
    set_end(tx, lease, 0)
}

/// Refuses a lease that another owner took.
pub(super) fn check(tx: &Transaction<'_>, lease: &Lease) -> Result<(), Fault> {
    match stored(tx, &lease.shop)? {
        Some(it) if it.epoch == lease.epoch && it.owner == lease.owner => Ok(()),
        _ => Err(Fault::Fenced(lease.shop.clone())),
    }
}

/// Ends whatever lease `shop` has, and fences off its tickets.
pub(super) fn revoke(tx: &Transaction<'_>, shop: &ShopKey) -> Result<(), Fault> {
    tx.prepare_cached(
        "UPDATE leases SET owner = '', epoch = epoch + 1, expires_at = 0 WHERE shop = ?1",
    )?
    .execute([shop.as_str()])?;
    Ok(())
}

/// Takes the lease of `shop` from whoever has it, and fences off its tickets; it goes on for nobody, since hosts may just have
/// been asked under it.
pub(super) fn lay_to_rest(tx: &Transaction<'_>, shop: &ShopKey) -> Result<(), Fault> {
    tx.prepare_cached(
        "UPDATE leases SET owner = ?2, epoch = epoch + 1 WHERE shop = ?1 AND owner NOT IN ('', ?2)",
    )?
    .execute([shop.as_str(), RESTING])?;
    Ok(())
}

/// Makes the next lease of `shop` come behind `epoch`; a lease with an earlier one is fenced off.
pub(super) fn raise_epoch(tx: &Transaction<'_>, shop: &ShopKey, epoch: u64) -> Result<(), Fault> {
    tx.prepare_cached(
        "INSERT INTO leases (shop, owner, epoch, expires_at) VALUES (?1, '', ?2, 0)
         ON CONFLICT (shop) DO UPDATE SET owner = '', epoch = excluded.epoch, expires_at = 0
         WHERE excluded.epoch > epoch",
    )?
    .execute(params![shop.as_str(), epoch])?;
    Ok(())
}

/// Returns who has the lease of `shop` now, if anybody.
pub(super) fn current(
    tx: &Transaction<'_>,
    shop: &ShopKey,
    now: i64,
) -> Result<Option<LeaseHolder>, Fault> {
    let stored = stored(tx, shop)?.filter(|it| it.expires_at > now);
    Ok(stored.map(|it| holder(&it, now)))
}

/// Returns who has leases now, by name.
pub(super) fn owners(tx: &Transaction<'_>) -> Result<Vec<String>, Fault> {
    let mut find = tx
        .prepare_cached("SELECT DISTINCT owner FROM leases WHERE expires_at > ?1 ORDER BY owner")?;
    let owners = find.query_map([clock(tx)?], |row| row.get(0))?;
    Ok(owners.collect::<Result<_, _>>()?)
}

/// Returns the time by SQLite's clock, in milliseconds.
pub(super) fn clock(tx: &Transaction<'_>) -> Result<i64, Fault> {
    let mut read =
        tx.prepare_cached("SELECT CAST(round(unixepoch('subsec') * 1000) AS INTEGER)")?;
    Ok(read.query_row([], |row| row.get(0))?)
}

fn stored(tx: &Transaction<'_>, shop: &ShopKey) -> Result<Option<Stored>, Fault> {
    let mut find =
        tx.prepare_cached("SELECT owner, epoch, expires_at FROM leases WHERE shop = ?1")?;
    let found = find.query_row([shop.as_str()], |row| {
        Ok(Stored {
            owner: row.get(0)?,
            epoch: row.get(1)?,
            expires_at: row.get(2)?,
        })
    });
    Ok(found.optional()?)
}

fn set_end(tx: &Transaction<'_>, lease: &Lease, expires_at: i64) -> Result<(), Fault> {
    let mut set = tx.prepare_cached(
        "UPDATE leases SET expires_at = ?4 WHERE shop = ?1 AND owner = ?2 AND epoch = ?3",
    )?;
    set.execute(params![
        lease.shop.as_str(),
        lease.owner,
        lease.epoch,
        expires_at
    ])?;
    Ok(())
}

pub(super) fn end_of(now: i64, ttl_ms: u64) -> UnixMs {
    UnixMs::new(now.saturating_add_unsigned(ttl_ms))
}

fn holder(stored: &Stored, now: i64) -> LeaseHolder {
    LeaseHolder {
        owner: stored.owner.clone(),
        expires_at: UnixMs::new(stored.expires_at),
        remaining_ms: stored.expires_at.saturating_sub(now).max(0).unsigned_abs(),
    }
}
