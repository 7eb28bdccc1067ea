//! The exclusive right to crawl a shop, for a while.

use serde::{Deserialize, Serialize};

use crate::{ShopKey, UnixMs};

/// The right of one owner to crawl one shop, until it expires or is released.
///
/// The epoch grows with every owner. Only a ticket with the newest epoch can write, so that an owner who
/// lost its lease without noticing does no harm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The shop.
    pub shop: ShopKey,
    /// Whose it is: a name that no other process or task has.
    pub owner: String,
    /// Counts the owners of the shop's lease.
    pub epoch: u64,
    /// When it ends unless renewed, by the store's own clock.
    pub expires_at: UnixMs,
}

/// What [`Store::lease_shop`](crate::Store::lease_shop) answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaseAnswer {
    /// The lease is the caller's.
    Granted(Lease),
    /// Another owner has it.
    Held(LeaseHolder),
}

/// The owner of a lease while the hosts rest that were asked under it: nobody who crawls, nor who could end.
pub const RESTING: &str = "nobody, until the shop has rested";

/// Who has a lease that did not expire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseHolder {
    /// The owner's name.
    pub owner: String,
    /// When the lease ends unless renewed, by the store's own clock.
    pub expires_at: UnixMs,
    /// How long that is from now, by the store's own clock, in milliseconds.
    pub remaining_ms: u64,
}
