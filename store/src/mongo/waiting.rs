//! Runs steps as one whole, and again after what passes by itself.

use std::hash::{BuildHasher, RandomState};
use std::pin::Pin;
use std::time::Duration;

use catalog::StoreError;
use mongodb::ClientSession;
use tokio::time::Instant;

use super::MongoStore;
use super::fault::{DUPLICATE_KEY, Fault};
use super::sessions::Takeover;
use super::steps::{Steps, within};
use crate::timing::Timed;

/// What a piece of work comes to.
pub(super) type Answer<'s, T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + Send + 's>>;

impl MongoStore {
    /// Runs `work`, which changes nothing, and again while the server is away.
    pub(super) async fn read<'all, T: Send>(
        &'all self,
        doing: &'static str,
        work: impl for<'s> Fn(&'s mut Steps<'all>) -> Answer<'s, T> + Send + Sync,
    ) -> Result<T, StoreError> {
        let timed = Timed::read(doing);
        let answer = self.one_by_one(doing, work).await;
        timed.ended(&answer);
        answer
    }

    /// Runs `work`, each step of which stands for itself, and again while the server is away.
    pub(super) async fn in_order<'all, T: Send>(
        &'all self,
        doing: &'static str,
        work: impl for<'s> Fn(&'s mut Steps<'all>) -> Answer<'s, T> + Send + Sync,
    ) -> Result<T, StoreError> {
        let timed = Timed::write(doing);
        let answer = self.one_by_one(doing, work).await;
        timed.ended(&answer);
        answer
    }

    async fn one_by_one<'all, T: Send>(
        &'all self,
        doing: &'static str,
        work: impl for<'s> Fn(&'s mut Steps<'all>) -> Answer<'s, T> + Send + Sync,
    ) -> Result<T, StoreError> {
        let mut waiting = Waiting::begin(self, doing);
        loop {
            let mut steps = Steps::new(&self.database, None, self.limits.answer);
            match work(&mut steps).await {
                Ok(answer) => return Ok(answer),
                Err(fault) => waiting.after(fault).await?,
            }
        }
    }

    /// Runs `work` as one transaction, or in order where the server has no transactions; again if others were in
    /// the way, or while the server is away.
    pub(super) async fn write<'all, T: Send>(
        &'all self,
        doing: &'static str,
        work: impl for<'s> Fn(&'s mut Steps<'all>) -> Answer<'s, T> + Send + Sync,
    ) -> Result<T, StoreError> {
        self.write_in(doing, &mut Seat::default(), work).await
    }

    /// Runs `work` as `write` does, in one session from the first try to the last.
    pub(super) async fn write_in<'all, T: Send>(
        &'all self,
        doing: &'static str,
        seat: &mut Seat<'_>,
        work: impl for<'s> Fn(&'s mut Steps<'all>) -> Answer<'s, T> + Send + Sync,
    ) -> Result<T, StoreError> {
        let timed = Timed::write(doing);
        let answer = self.as_one(doing, seat, work).await;
        timed.ended(&answer);
        answer
    }

    async fn as_one<'all, T: Send>(
        &'all self,
        doing: &'static str,
        seat: &mut Seat<'_>,
        work: impl for<'s> Fn(&'s mut Steps<'all>) -> Answer<'s, T> + Send + Sync,
    ) -> Result<T, StoreError> {
        let mut waiting = Waiting::begin(self, doing);
        let mut has_leftovers = false;
        loop {
            let begun = self.begin(seat).await;
            let begun = begun.map(|steps| {
                if has_leftovers {
                    steps.expect_leftovers()
                } else {
                    steps
                }
            });
            let fault = match begun {
                Err(fault) => fault,
                Ok(mut steps) => match work(&mut steps).await {
                    Ok(answer) => match commit(steps, seat, &mut waiting).await {
                        Ok(()) => return Ok(answer),
                        Err(fault) => fault,
                    },
                    Err(fault) => {
                        self.abort(steps, seat).await;
                        fault
                    }
                },
            };
            // Either another process made the same in this moment, or a page was cut off that had no transaction.
            if fault.code() == Some(DUPLICATE_KEY) && !has_leftovers {
                has_leftovers = true;
                continue;
            }
            if let (Some(wanted), true) = (seat.takeover, fault.is_conflict()) {
                self.end_cut_off(wanted).await;
            }
            waiting.after(fault).await?;
        }
    }

    async fn begin(&self, seat: &mut Seat<'_>) -> Result<Steps<'_>, Fault> {
        let limit = self.limits.answer;
        if !self.has_transactions {
            return Ok(Steps::new(&self.database, None, limit));
        }
        let session = match seat.session.take() {
            Some(session) => session,
            None => within(limit, async { self.client.start_session().await }).await?,
        };
        let session = seat.session.insert(session);
        within(limit, async { session.start_transaction().await }).await?;
        Ok(Steps::new(&self.database, seat.session.take(), limit))
    }

    /// Tells the server that nothing comes of it, so that its locks are free at once.
    async fn abort(&self, steps: Steps<'_>, seat: &mut Seat<'_>) {
        seat.session = steps.into_session();
        if let Some(session) = &mut seat.session {
            // What failed is told by the error that led here; the server gives up by itself too, and so it does
            // when the session begins its next transaction.
            let aborted = async { session.abort_transaction().await };
            within(self.limits.connect, aborted).await.ok();
        }
    }
}

/// What a write takes place in.
#[derive(Default)]
pub(super) struct Seat<'a> {
    /// The session of every try, while none is under way.
    pub(super) session: Option<ClientSession>,
    /// The lease that is wanted, whose owner before may be in the way.
    pub(super) takeover: Option<Takeover<'a>>,
}

async fn commit(
    steps: Steps<'_>,
    seat: &mut Seat<'_>,
    waiting: &mut Waiting<'_>,
) -> Result<(), Fault> {
    seat.session = steps.into_session();
    let Some(session) = &mut seat.session else {
        return Ok(());
    };
    loop {
        match try_commit(session, waiting.store.limits.answer).await {
            Err(fault) if fault.leaves_commit_unknown() && waiting.has_time() => {
                waiting.pause(&fault).await;
            }
            committed => return committed,
        }
    }
}

async fn try_commit(session: &mut ClientSession, limit: Duration) -> Result<(), Fault> {
    within(limit, async { session.commit_transaction().await }).await
}

/// How long an operation waited already.
struct Waiting<'a> {
    store: &'a MongoStore,
    doing: &'static str,
    since: Instant,
    n_pauses: u32,
    was_logged: bool,
}

impl<'a> Waiting<'a> {
    fn begin(store: &'a MongoStore, doing: &'static str) -> Self {
        Self {
            store,
            doing,
            since: Instant::now(),
            n_pauses: 0,
            was_logged: false,
        }
    }

    fn has_time(&self) -> bool {
        self.since.elapsed() < self.store.limits.patience
    }

    /// Waits before the next try; an error if there is none.
    async fn after(&mut self, fault: Fault) -> Result<(), StoreError> {
        let is_outage = fault.is_outage();
        if !is_outage && !fault.is_conflict() {
            return Err(fault.during(self.doing, &self.store.location));
        }
        let limits = self.store.limits;
        let patience = if is_outage {
            limits.patience
        } else {
            limits.conflicts
        };
        if self.since.elapsed() < patience {
            self.pause(&fault).await;
            return Ok(());
        }
        let (reason, seconds) = (fault.in_plain_words(), patience.as_secs());
        Err(StoreError::Failed {
            doing: self.doing,
            location: self.store.location.clone(),
            detail: if is_outage {
                format!("it is gone for {seconds} s: {reason}")
            } else {
                format!("others were in the way for {seconds} s: {reason}")
            },
        })
    }

    /// Waits for a moment that grows with the number of tries, and that differs between processes.
    async fn pause(&mut self, fault: &Fault) {
        if fault.is_outage() && !self.was_logged {
            self.was_logged = true;
            let (location, reason) = (&self.store.location, fault.in_plain_words());
            let seconds = self.store.limits.patience.as_secs();
            tracing::warn!(
                location,
                "the store {location} does not answer ({reason}); waiting up to {seconds} s"
            );
        }
        let longest_ms = 1000_u64.min(10 << self.n_pauses.min(7));
        let random = RandomState::new().hash_one(self.n_pauses);
        let pause_ms = longest_ms / 2 + random % (longest_ms / 2 + 1);
        self.n_pauses += 1;
        tokio::time::sleep(Duration::from_millis(pause_ms)).await;
    }
}
