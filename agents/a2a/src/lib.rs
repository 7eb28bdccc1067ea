//! Agents of the A2A protocol, 1.0, one for each trade, on durable tasks that outlive their agent.
//!
//! [`router`] is the face of the agents; [`run_item`] does the work of their tasks, called by whoever claims it. This
//! room binds no address, reads no configuration and no clock.

mod agents;
mod card;
pub mod client;
mod conformance;
mod context;
mod edge;
mod handler;
mod hash;
mod hub;
mod lock;
mod skills;
#[cfg(test)]
mod testing;
mod wire;

pub use agents::{AGENTS, Agent, Skill, Trade, agent};
pub use context::{Context, CurrencyOf, RankingSheets};
pub use edge::{CARD_PATH, Served, router};
pub use hub::{Hub, NewWork};
pub use skills::{
    Kinds, MAX_STORES, ShopCrawl, crawl_of, kinds, refresh_of, run_item, shop_crawls,
};
