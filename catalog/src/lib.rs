//! The language of Trouvaille: products, money, observations, crawls, rankings, and the [`Store`] trait.
//!
//! Plain data and pure functions only. No I/O, no runtime, no driver, and no clock: time is an argument.

mod crawl;
pub mod csv;
mod hash;
mod id;
mod metrics;
mod money;
mod observation;
mod product;
mod ranking;
mod store;
mod time;

pub use crawl::{
    Checkpoint, CrawlCounts, CrawlKey, CrawlReport, Outcome, Problem, ProblemKind, Reason, Stop,
};
pub use id::{IdError, NativeId, Platform, ProductId, ShopKey};
pub use metrics::{Metrics, MetricsRow, PopularitySource};
pub use money::{Currency, CurrencySource, Money, MoneyError};
pub use observation::{Observation, ObservationKind, Offer};
pub use product::{Availability, Product, ProductRow, Shop, Variant};
pub use ranking::{RankedRow, Ranking};
pub use store::{
    BegunCrawl, CrawlTicket, PageCounts, PageWrite, ProductFilter, ShopStatus, Start, Store,
    StoreError, StoreStats,
};
pub use time::{TimeError, UnixMs};
