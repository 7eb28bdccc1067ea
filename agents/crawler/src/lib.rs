//! Polite fetching, pure platform readers, and the one crawl loop.
//!
//! Only [`fetch`] sends HTTP to shops; [`platforms`] does no I/O at all; [`crawl`] joins both with a
//! store, under the shop's lease.

pub mod fetch;
pub mod platforms;

mod contact;
mod crawl;
mod figures;
mod lease;
mod memory;
mod outcome;
mod pass;
mod popularity;
mod recrawl;
mod routes;
mod share;
mod shop_url;
mod visit;

pub use crawl::{CrawlOptions, PageRead, Progress, TaskPart, crawl};
pub use lease::{CrawlError, LeaseTerms, ShopLease};
pub use recrawl::{RecrawlTerms, recrawl_after};
pub use shop_url::{ShopUrlError, shop_at};
pub use visit::{Look, Visit, look_at, read_product};
