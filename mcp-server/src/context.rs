//! What the server works with: made once, by the program that runs it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use catalog::{Language, ProductFilter, ProductId, StoreError, UnixMs};
use futures_util::future::BoxFuture;
use scoring::explain::Explanation;
use summarizer::facts::FactSheet;

use crate::{CursorKey, Data};

/// Returns what is known of so many places of the latest ranking, or of all, in each language; nothing without a
/// ranking.
pub type RankingSheets = dyn Fn(Option<usize>, Vec<Language>) -> BoxFuture<'static, Result<Vec<FactSheet>, StoreError>>
    + Send
    + Sync;

/// Says why a product stands where it stands among all that a ranking looked at.
pub type Explain =
    dyn Fn(ExplainOrder) -> BoxFuture<'static, Result<Explanation, Refused>> + Send + Sync;

/// What tools work with.
#[derive(Clone)]
pub struct Context {
    /// The store, which need not be there yet.
    pub data: Arc<Data>,
    /// The time that answers are measured from.
    pub now: Arc<dyn Fn() -> UnixMs + Send + Sync>,
    /// What cursors are signed with.
    pub cursors: CursorKey,
    /// What a summary of the ranking is made from.
    pub ranking_sheets: Arc<RankingSheets>,
    /// Who explains scores.
    pub explain: Arc<Explain>,
    /// Who crawls on request; `None` where nobody may ask for that.
    pub crawls: Option<Arc<dyn Crawls>>,
    /// The limits of calls.
    pub limits: Limits,
    /// Whether the audit lines have the arguments of calls, which may hold what people typed.
    pub audits_arguments: bool,
}

/// How much may be asked of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Calls at the same time.
    pub in_flight: usize,
    /// The longest call.
    pub timeout: Duration,
    /// The longest body of a request.
    pub max_body_bytes: usize,
    /// Calls of one caller in a second, over a longer time.
    pub calls_per_second: u32,
    /// Calls of one caller at once, before that counts.
    pub burst: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            in_flight: 64,
            timeout: Duration::from_secs(10),
            max_body_bytes: 256 << 10,
            calls_per_second: 10,
            burst: 30,
        }
    }
}

/// What is to be explained.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainOrder {
    /// The product, which is stored and not gone.
    pub product: ProductId,
    /// The preset by its name.
    pub preset: String,
    /// The time that ages are counted from.
    pub at: UnixMs,
    /// The products that are ranked.
    pub filter: ProductFilter,
    /// When the newest crawl was: scores are the same until there is another.
    pub crawled_at: Option<UnixMs>,
}

/// Why something that was asked for is not done, in words that hold neither paths nor strangers' texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The reason by a stable name, such as `host_not_allowed`.
    pub code: &'static str,
    /// The reason in words.
    pub message: String,
    /// What to do instead.
    pub next: Option<String>,
}

/// Whoever crawls shops on request: durable tasks that outlive the call and this process.
#[async_trait::async_trait]
pub trait Crawls: Send + Sync + fmt::Debug {
    /// Asks for a crawl of a shop. Asked again while one is under way, it answers with that one.
    async fn request(&self, order: &CrawlOrder) -> Result<CrawlAnswer, Refused>;

    /// Returns how a crawl stands that `caller` asked for.
    async fn status(&self, id: &str, caller: &str) -> Result<CrawlAnswer, Refused>;
}

/// A shop to crawl.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrawlOrder {
    /// The shop's URL or host, as the caller has it.
    pub shop: String,
    /// The most pages; `None` for all.
    pub depth: Option<u32>,
    /// Who asks.
    pub caller: String,
}

/// A crawl that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrawlAnswer {
    /// The task's id.
    pub id: String,
    /// The shops' keys, the first few of many; one where it was asked for here.
    pub shops: Vec<String>,
    /// How it stands.
    pub state: CrawlState,
    /// When it was asked for.
    pub created_at: UnixMs,
    /// When it last moved.
    pub moved_at: UnixMs,
    /// What happened, in words that hold no stranger's text.
    pub note: Option<String>,
}

/// How a crawl stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CrawlState {
    /// Nobody has taken it yet.
    Waiting,
    /// It is under way.
    Running,
    /// All was read.
    Complete,
    /// Some was read.
    Partial,
    /// Nothing was read.
    Failed,
    /// It was cancelled.
    Cancelled,
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("data", &self.data)
            .field("limits", &self.limits)
            .field("crawls", &self.crawls)
            .finish_non_exhaustive()
    }
}
