//! Polite fetching, pure platform readers, and the one crawl loop.
//!
//! Only [`fetch`] sends HTTP to shops; [`platforms`] does no I/O at all; [`crawl`] joins both with a store.

pub mod fetch;
pub mod platforms;

mod crawl;
mod shop_url;

pub use crawl::{CrawlOptions, Progress, crawl};
pub use shop_url::{ShopUrlError, shop_at};
