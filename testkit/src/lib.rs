//! Fake Shopify shops and a fake endpoint of a language model: real HTTP on loopback, and faults on demand.
//!
//! Tests of other crates crawl a [`FakeShop`]; `trouvaille demo` crawls [`demo_shops`]. A shop answers as
//! Shopify's storefront endpoints do, and a [`FaultPlan`] says where it misbehaves. Nothing here reaches
//! beyond 127.0.0.1, and every product, brand and sentence is invented.
//! A [`FakeLlm`] answers as OpenAI's chat completions, by the facts in the prompt; an [`LlmPlan`] is for its faults.
//! [`feed_hostile_bytes`] is for readers that need no server: the same attack on all of them.

mod catalogue;
mod demo;
mod generate;
mod hostile;
mod llm;
mod plan;
mod profile;
mod shop;

pub use catalogue::{Catalogue, Collection};
pub use demo::{Demo, DemoShop, demo_shops, start_demo};
pub use hostile::{feed_hostile_bytes, peak_memory};
pub use llm::{FakeLlm, LlmFault, LlmOn, LlmPlan, Manner, SeenChat};
pub(crate) use plan::Refusal;
pub use plan::{Bucket, Fault, FaultPlan, On, RetryAfter, Surface, Throttle, Wall, XmlBomb};
pub use profile::{
    ATELIER_LUMEN, Department, KUMO_STATIONERY, NORTH_LOFT, PriceLadder, SALTMARSH_BATHHOUSE,
    SCREE_AND_SUMMIT, ShopOption, ShopProfile, WALDKAUZ_WERKSTATT,
};
pub use shop::{FakeShop, SeenRequest, early_requests};
