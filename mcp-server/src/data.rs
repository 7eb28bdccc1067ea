//! The store behind the tools, opened by the first call that finds it: assistants start servers before there is data.

use std::fmt;
use std::future::pending;
use std::panic::resume_unwind;
use std::sync::Arc;

use catalog::{RecordKind, ShopKey, ShopRecord, Store, StoreError, TaskStore, UnixMs};
use futures_util::future::BoxFuture;
use tokio::sync::{Mutex, OnceCell};
use tokio::task::JoinSet;

use crate::ToolError;
use crate::answer::DataAge;
use crate::products;
use crate::rankings::{Rankings, Standings, no_ranking};

type Open = dyn Fn() -> BoxFuture<'static, Result<Opened, StoreError>> + Send + Sync;

/// The store, once it is there.
pub struct Data {
    open: Box<Open>,
    opened: OnceCell<Opened>,
    /// The opening under way, if any: it outlives a call that gives up on it, since much of it cannot be stopped.
    opening: Mutex<JoinSet<Result<Opened, StoreError>>>,
    rankings: Rankings,
}

/// A store with its tasks.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Products, shops, rankings.
    pub store: Arc<dyn Store>,
    /// Durable work.
    pub tasks: Arc<dyn TaskStore>,
}

impl Data {
    /// Returns the store that `open` opens. It is called, once at a time, by calls until one of them succeeds.
    pub fn new(
        open: impl Fn() -> BoxFuture<'static, Result<Opened, StoreError>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            open: Box::new(open),
            opened: OnceCell::new(),
            opening: Mutex::default(),
            rankings: Rankings::default(),
        }
    }

    /// Returns a store that is open.
    pub fn of(opened: Opened) -> Self {
        Self::new(move || Box::pin(std::future::ready(Ok(opened.clone()))))
    }

    /// Returns the store, which is opened now where it is not yet. Whoever gives up waiting may come back: the opening
    /// goes on.
    ///
    /// # Errors
    /// Those of opening it.
    pub async fn opened(&self) -> Result<&Opened, StoreError> {
        let open = || async {
            let mut opening = self.opening.lock().await;
            if opening.is_empty() {
                opening.spawn((self.open)());
            }
            match opening.join_next().await {
                Some(Ok(opened)) => opened,
                Some(Err(broken)) if broken.is_panic() => resume_unwind(broken.into_panic()),
                // The process ends.
                _ => pending().await,
            }
        };
        self.opened.get_or_try_init(open).await
    }

    /// Returns whether the store is being opened.
    pub(crate) fn is_opening(&self) -> bool {
        let is_under_way = || self.opening.try_lock().map_or(true, |it| !it.is_empty());
        !self.opened.initialized() && is_under_way()
    }

    /// Returns a shop, if it is stored, without a look at its products.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn shop(&self, key: &ShopKey) -> Result<Option<ShopRecord>, ToolError> {
        let shops = products::shop_records(self.store().await?).await?;
        Ok(shops.into_iter().find(|it| it.shop.key == *key))
    }

    /// Returns what is stored, or an error that says what to do.
    pub(crate) async fn store(&self) -> Result<&dyn Store, ToolError> {
        Ok(self.opened().await?.store.as_ref())
    }

    /// Returns what is kept of its rankings.
    pub(crate) const fn rankings(&self) -> &Rankings {
        &self.rankings
    }

    /// Returns how long ago anything was crawled, for an answer that shows nothing of it; `None` where that is not
    /// known.
    pub(crate) async fn age(&self, now: UnixMs) -> Result<Option<DataAge>, ToolError> {
        let newest = self.rankings.newest_crawl(self.store().await?).await?;
        Ok(newest.map(|at| DataAge::new(at, now, "the newest crawl")))
    }

    /// Returns the newest ranking, or an error that says how to make one.
    pub(crate) async fn latest_ranking(&self) -> Result<Arc<Standings>, ToolError> {
        let store = self.store().await?;
        if let Some(latest) = self.rankings.latest(store).await? {
            return Ok(latest);
        }
        match store.records(RecordKind::Shop, None, 1).await?.is_empty() {
            true => Err(ToolError::empty()),
            false => Err(no_ranking()),
        }
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Data")
            .field("opened", &self.opened)
            .finish_non_exhaustive()
    }
}
