//! The MCP server: what is stored, as tools, resources and prompts for assistants.
//!
//! Knows stores by their traits alone, reads no configuration and no clock, binds no address. Every tool is a plain
//! function from arguments to an answer; the protocol is a shell around them, and [`query()`] another one.

mod answer;
mod arguments;
mod audit;
mod caller;
mod calls;
mod conformance;
mod context;
mod cursor;
mod data;
mod economy;
mod envelope;
mod error;
mod guard;
mod http;
mod list;
mod moments;
mod products;
mod prompts;
mod query;
mod rankings;
mod resources;
mod run_id;
mod server;
mod stdio;
#[cfg(test)]
mod testing;
mod tools;
mod untrusted;

pub use context::{
    Context, CrawlAnswer, CrawlOrder, CrawlState, Crawls, Explain, ExplainOrder, Limits,
    RankingSheets, Refused,
};
pub use cursor::CursorKey;
pub use data::{Data, Opened};
pub use error::ToolError;
pub use http::{HttpOptions, router};
pub use query::{Listed, Queried, query, tools};
pub use stdio::{StdioError, serve_stdio};
