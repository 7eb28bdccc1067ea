//! Sessions that leases name, so that a next owner can end what a killed one left open.
//!
//! A process that is killed inside a transaction leaves it open, and nobody else can write those documents until the
//! server gives it up, a minute and more later. So a granted lease names the session in which its owner writes, and
//! who takes the lease over has the server end that session. Servers without transactions have none of this.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use catalog::{Lease, LeaseAnswer, ShopKey, StoreError};
use mongodb::ClientSession;
use mongodb::bson::{Bson, Document, RawDocumentBuf, doc};

use super::MongoStore;
use super::fault::Fault;
use super::lease;
use super::steps::{Steps, within};
use super::waiting::{Answer, Seat};

/// The sessions of the leases that this process has, by shop: of each shop only the newest one's.
#[derive(Default)]
pub(super) struct Sessions(Mutex<HashMap<ShopKey, Held>>);

struct Held {
    epoch: u64,
    session: ClientSession,
}

impl Sessions {
    pub(super) fn take(&self, shop: &ShopKey, epoch: u64) -> Option<ClientSession> {
        let mut held = self.lock();
        if held.get(shop)?.epoch != epoch {
            return None;
        }
        held.remove(shop).map(|it| it.session)
    }

    pub(super) fn put(&self, shop: &ShopKey, epoch: u64, session: ClientSession) {
        let mut held = self.lock();
        if held.get(shop).is_none_or(|it| it.epoch <= epoch) {
            held.insert(shop.clone(), Held { epoch, session });
        }
    }

    pub(super) fn forget(&self, shop: &ShopKey) {
        self.lock().remove(shop);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ShopKey, Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who wants the lease of which shop.
#[derive(Debug, Clone, Copy)]
pub(super) struct Takeover<'a> {
    pub(super) shop: &'a ShopKey,
    pub(super) owner: &'a str,
    pub(super) ttl_ms: u64,
    pub(super) dead_owner: Option<&'a str>,
}

impl MongoStore {
    /// Takes a lease, and ends what the owner before left open.
    ///
    /// The grant names the session by the same command, so there is no lease without one. A process killed within
    /// the grant itself, before the lease says so, is the one that is waited for still.
    pub(super) async fn take_lease(&self, wanted: Takeover<'_>) -> Result<LeaseAnswer, StoreError> {
        let mut seat = Seat {
            takeover: Some(wanted),
            ..Seat::default()
        };
        let taken = self
            .write_in("take the lease of a shop", &mut seat, |steps| {
                Box::pin(lease::lease_shop(steps, wanted))
            })
            .await?;
        if let Some(session) = taken.session_before {
            self.end_session(session).await;
        }
        // An owner that has the lease already goes on in the session that the lease names.
        if let (LeaseAnswer::Granted(lease), Some(session), true) =
            (&taken.answer, seat.session, taken.names_session)
        {
            self.sessions.put(&lease.shop, lease.epoch, session);
        }
        Ok(taken.answer)
    }

    /// Gives a lease and its session back.
    pub(super) async fn end_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        self.in_order("release a lease", |steps| {
            Box::pin(lease::release(steps, lease))
        })
        .await?;
        // Only now, since the client uses it again for anything, and nobody must end that.
        drop(self.sessions.take(&lease.shop, lease.epoch));
        Ok(())
    }

    /// Runs `work` as `write` does, in the session that the lease with this epoch names.
    ///
    /// A dropped call loses the session, and so does another process than the one that took the lease. Such writes
    /// run in sessions that no lease names: all that is lost is that a next owner would have to wait.
    pub(super) async fn write_under<'all, T: Send>(
        &'all self,
        doing: &'static str,
        (shop, epoch): (&ShopKey, u64),
        work: impl for<'s> Fn(&'s mut Steps<'all>) -> Answer<'s, T> + Send + Sync,
    ) -> Result<T, StoreError> {
        let session = self.sessions.take(shop, epoch);
        let is_named = session.is_some();
        let mut seat = Seat {
            session,
            takeover: None,
        };
        let answer = self.write_in(doing, &mut seat, work).await;
        let is_fenced = matches!(answer, Err(StoreError::Fenced { .. }));
        if let Some(session) = seat.session.filter(|_| is_named && !is_fenced) {
            self.sessions.put(shop, epoch, session);
        }
        answer
    }

    /// Ends what the owner of a lease left open if that lease is over.
    pub(super) async fn end_cut_off(&self, wanted: Takeover<'_>) {
        // Without an answer, patience decides.
        let Ok(Some(named)) = self.named_session(wanted.shop).await else {
            return;
        };
        let is_dead =
            wanted.dead_owner.is_some() && named.get_str("owner").ok() == wanted.dead_owner;
        if is_dead || named.get_bool("is_over").unwrap_or_default() {
            self.end_named(&named).await;
        }
    }

    /// Ends what any owner of the shop's lease has open; one that is alive begins it again.
    pub(super) async fn end_open(&self, shop: &ShopKey) {
        if let (true, Ok(Some(named))) = (self.has_transactions, self.named_session(shop).await) {
            self.end_named(&named).await;
        }
    }

    async fn named_session(&self, shop: &ShopKey) -> Result<Option<RawDocumentBuf>, Fault> {
        let mut steps = Steps::new(&self.database, None, self.limits.connect);
        let pipeline = vec![
            doc! { "$match": { "_id": shop.as_str() } },
            doc! { "$project": {
                "owner": 1,
                "session": 1,
                "is_over": { "$lte": [{ "$toLong": "$expires_at" }, { "$toLong": "$$NOW" }] },
            } },
        ];
        Ok(steps.aggregate("leases", pipeline).await?.pop())
    }

    async fn end_named(&self, named: &RawDocumentBuf) {
        let session = Document::try_from(named).map(|mut it| it.remove("session"));
        if let Ok(Some(session @ Bson::Binary(_))) = session {
            self.end_session(session).await;
        }
    }

    /// Has the server undo what a session has open. Its owner lost the lease, and can't write any more anyway.
    async fn end_session(&self, session: Bson) {
        let admin = self.client.database("admin");
        let end = doc! { "killSessions": [{ "id": session }] };
        let ended = within(self.limits.connect, async { admin.run_command(end).await }).await;
        // It is another user's, or the server does not do this: then its own time limit ends the transaction.
        if let Err(fault) = ended {
            let (location, reason) = (&self.location, fault.in_plain_words());
            tracing::debug!(location, "the store {location} ends no session: {reason}");
        }
    }
}
