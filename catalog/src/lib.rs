//! The language of Trouvaille: products, money, observations, crawls, rankings, durable tasks, and the
//! traits [`Store`] and [`TaskStore`].
//!
//! Plain data and pure functions only. No I/O, no runtime, no driver, and no clock: time is an argument.

mod change;
mod crawl;
pub mod csv;
mod fact;
mod features;
mod hash;
mod id;
mod language;
mod lease;
mod meter;
mod metrics;
mod money;
mod observation;
mod place_move;
mod principal;
mod product;
mod ranking;
mod record;
mod route;
mod search;
mod signal;
mod store;
mod summary;
mod task;
mod task_store;
mod thin;
mod time;
mod visible;
mod work;

pub use change::{Change, ChangeKind, changes_of};
pub use crawl::{
    Checkpoint, CrawlCounts, CrawlKey, CrawlReport, Outcome, Problem, ProblemKind, Reason,
    RobotsRecord, Stop,
};
pub use fact::{Fact, FactSource};
pub use features::{FeatureInputs, FeatureRow};
pub use hash::ContentHash;
pub use id::{IdError, NativeId, Platform, ProductId, ShopKey};
pub use language::{Language, LanguageError};
pub use lease::{Lease, LeaseAnswer, LeaseHolder, RESTING};
pub use meter::{Meter, MeterLimits, MeterStep, Metered};
pub use metrics::{Metrics, MetricsRow, PopularitySource};
pub use money::{Currency, CurrencySource, Money, MoneyError};
pub use observation::{
    Observation, ObservationFilter, ObservationKey, ObservationKind, ObservationOrder, ObservedRow,
    Offer, StockMove,
};
pub use place_move::{PlaceMove, PlaceMoves};
pub use principal::{Called, Principal, Scope};
pub use product::{Availability, Product, ProductRow, Shop, Variant};
pub use ranking::{
    ListStability, MAX_RANKINGS, PlaceInRanking, RankedRow, Ranking, RankingHead, Stability,
};
pub use record::{
    CrawlRecord, PageRecord, ProductRecord, Record, RecordKey, RecordKind, ShopRecord,
};
pub use route::{HostRecord, PassNotes, Place, Route, RouteEnd, RouteUse, Traffic, Validators};
pub use search::{
    MAX_TOTAL, SearchCursor, SearchOrder, SearchPage, SearchPlace, SearchQuery, query_words,
    search_text, search_words,
};
pub use signal::{ApiRefusals, Certainty, Popularity, RankSource};
pub use store::{
    BegunCrawl, CrawlTicket, Forgotten, KnownPage, PageCounts, PageWrite, ProductFilter, Pruned,
    ShopStatus, Start, Store, StoreError, StoreStats,
};
pub use summary::{Claim, Cost, Fallback, Summary, SummarySource, Written};
pub use task::{
    CreatedTask, Idempotency, MAX_TASK_NAME, NewTask, Task, TaskArtifact, TaskChange, TaskCursor,
    TaskEntry, TaskEvent, TaskFilter, TaskHead, TaskId, TaskIdError, TaskPage, TaskState,
};
pub use task_store::{
    MAX_CHUNK_BYTES, MAX_CHUNKS, MAX_ENTRY_BYTES, MAX_JSON_DEPTH, MAX_TASK_BYTES, MAX_TASK_ITEMS,
    MAX_TASK_MESSAGES, TaskStore,
};
pub use thin::superseded;
pub use time::{TimeError, UnixMs};
pub use visible::{visible_chars, visible_text};
pub use work::{ClaimedItem, ItemEnd, ItemLease, NewItem, TaskStats, WorkItem, WorkStats};
