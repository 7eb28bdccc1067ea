//! What agents and their work are given: made once, by the program that runs them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use catalog::{Currency, Language, MeterLimits, ShopKey, Store, StoreError, TaskStore, UnixMs};
use crawler::fetch::Fetcher;
use futures_util::future::BoxFuture;
use summarizer::facts::FactSheet;
use tokio_util::sync::CancellationToken;

use crate::Hub;

/// Returns the currency that is configured for a shop.
pub type CurrencyOf = dyn Fn(&ShopKey) -> Option<Currency> + Send + Sync;

/// Returns what is known of so many places of the latest ranking, or of all, in each language; nothing without a
/// ranking.
pub type RankingSheets = dyn Fn(Option<usize>, Vec<Language>) -> BoxFuture<'static, Result<Vec<FactSheet>, StoreError>>
    + Send
    + Sync;

/// What agents work with.
#[derive(Clone)]
pub struct Context {
    /// Products and shops.
    pub store: Arc<dyn Store>,
    /// Tasks.
    pub tasks: Arc<dyn TaskStore>,
    /// Who tells subscribers and workers of what happened to a task.
    pub hub: Arc<Hub>,
    /// The one way to shops.
    pub fetcher: Arc<Fetcher>,
    /// What summaries are written with.
    pub summaries: summarizer::Context,
    /// What briefs are made from.
    pub ranking_sheets: Arc<RankingSheets>,
    /// The most that one task of summaries may cost, whatever its caller says.
    pub budget: MeterLimits,
    /// The time that is recorded.
    pub now: Arc<dyn Fn() -> UnixMs + Send + Sync>,
    /// Currencies of shops that do not state theirs.
    pub currency_of: Arc<CurrencyOf>,
    /// Whether an owner of a shop's lease is known to be gone.
    pub is_dead: fn(&str) -> bool,
    /// How long leases last without a renewal.
    pub lease: Duration,
    /// Cancelled when this process stops: who waits for a task is answered then, with the task as it is.
    pub stop: CancellationToken,
    /// Where callers reach this server, such as `http://127.0.0.1:8800`, without a slash at the end.
    pub public_url: String,
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("store", &self.store)
            .field("public_url", &self.public_url)
            .finish_non_exhaustive()
    }
}
