//! What is remembered from one crawl to the next, or to another process: robots.txt, and what hosts taught.

use std::convert::Infallible;
use std::time::Duration;

use catalog::{RobotsRecord, Store, StoreError, UnixMs};
use url::Url;

use crate::fetch::{Errand, Fetcher, Lesson, PLATFORM, Pace, RobotsAnswer};

/// RFC 9309, 2.4: a robots.txt is not used for longer than a day.
const MAX_ROBOTS_AGE_MS: i64 = 24 * 3_600_000;

/// What one piece of work remembers with, and of what.
#[derive(Clone, Copy)]
pub(crate) struct Memory<'a> {
    pub(crate) fetcher: &'a Fetcher,
    /// The pace of the work.
    pub(crate) pace: &'a Pace,
    pub(crate) store: &'a dyn Store,
    /// The time that is recorded.
    pub(crate) now: &'a (dyn Fn() -> UnixMs + Sync),
    /// Whether a stored robots.txt of today is good enough.
    pub(crate) has_robots: bool,
}

impl Memory<'_> {
    /// Does `work`, with the store beside it: before the first request to any host, wherever that is named, the fetcher
    /// is told what is stored of it; and a pause that a host asks for is stored when it begins, so that it outlives a
    /// process that is killed in it.
    ///
    /// Cancel-safe as far as `work` is.
    ///
    /// # Errors
    /// Those of `work`, and when the store cannot tell what is known: nothing is asked of a host that may rest.
    pub(crate) fn with<T, E: From<StoreError>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> impl Future<Output = Result<T, E>> {
        // A whole crawl: the futures around it need not have room for it.
        self.beside(Box::pin(work))
    }

    async fn beside<T, E: From<StoreError>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        // From before the work's first step on.
        let runner = self.pace.run_errands();
        let run = async {
            loop {
                match runner.next().await {
                    Errand::Recall(place) => {
                        self.recall(&place).await?;
                        runner.recalled(&place);
                    }
                    Errand::Keep(lessons) => self.keep_at_once(&lessons).await,
                }
            }
        };
        tokio::select! {
            biased;
            done = work => done,
            failed = run => match failed {
                Err(error) => Err(E::from(error)),
                Ok::<Infallible, _>(never) => match never {},
            },
        }
    }

    /// Stores everything that was learned and is not stored yet.
    pub(crate) async fn keep(&self) -> Result<(), StoreError> {
        self.keep_robots().await?;
        // Another process may have met a rest meanwhile, which is not to be overwritten.
        let platform = [PLATFORM.to_owned()];
        for record in self.store.hosts(&platform).await? {
            self.fetcher.remember_host(&record, (self.now)());
        }
        let records = self.fetcher.take_hosts(&self.pace.hosts(), (self.now)());
        if records.is_empty() {
            return Ok(());
        }
        self.store.save_hosts(&records).await
    }

    /// Stores what the hosts answered when they were asked for robots.txt.
    pub(crate) async fn keep_robots(&self) -> Result<(), StoreError> {
        for place in self.pace.hosts() {
            if let Some(answer) = self.fetcher.take_robots(&place).await {
                let record = RobotsRecord {
                    origin: place.origin().ascii_serialization(),
                    status: answer.status,
                    body: answer.text,
                    fetched_at: (self.now)(),
                };
                self.store.save_robots(&record).await?;
            }
        }
        Ok(())
    }

    /// Tells the fetcher what is stored of a host.
    async fn recall(&self, place: &Url) -> Result<(), StoreError> {
        let now = (self.now)();
        let names = Fetcher::names_to_remember(place);
        for record in self.store.hosts(&names).await? {
            self.fetcher.remember_host(&record, now);
        }
        if self.has_robots {
            self.recall_robots(place, now).await?;
        }
        Ok(())
    }

    /// Gives the fetcher what the host answered less than a day ago when it was asked for robots.txt.
    async fn recall_robots(&self, place: &Url, now: UnixMs) -> Result<(), StoreError> {
        let since = UnixMs::new(now.ms() - MAX_ROBOTS_AGE_MS + 1);
        let origin = place.origin().ascii_serialization();
        let Some(record) = self.store.robots(&origin, since).await? else {
            return Ok(());
        };
        // A clock that went back says nothing about its age.
        let Ok(age_ms) = u64::try_from(now.ms() - record.fetched_at.ms()) else {
            return Ok(());
        };
        let answer = RobotsAnswer {
            status: record.status,
            text: record.body,
        };
        let age = Duration::from_millis(age_ms);
        self.fetcher.remember_robots(place, &answer, age);
        Ok(())
    }

    /// Stores what hosts taught that rest now. What fails here is stored at the end of the work.
    async fn keep_at_once(&self, lessons: &[Lesson]) {
        let now = (self.now)();
        let records: Vec<_> = lessons.iter().map(|it| it.record(now)).collect();
        if let Err(error) = self.store.save_hosts(&records).await {
            let hosts: Vec<_> = lessons.iter().map(Lesson::name).collect();
            tracing::warn!(
                "cannot store yet how long {} must be left alone: {error}",
                hosts.join(" and "),
            );
        }
    }
}
