//! Summaries that only say what the data says.
//!
//! Numbered facts, a prompt, the endpoint of a language model, checks of every claim; and a fixed form that needs no
//! model. Knows stores by their traits alone, reads no configuration and no clock.

mod answer;
pub mod brief;
mod budget;
mod draft;
mod extractive;
pub mod facts;
mod hash;
mod input;
pub mod openai;
mod prompt;
mod schema;
mod shelf;
pub mod validate;
mod work;
mod write;

pub use budget::{Price, Purse};
pub use draft::Draft;
pub use extractive::extractive;
pub use input::{fingerprint, input_hash};
pub use prompt::{PROMPT_VERSION, estimate};
pub use schema::SCHEMA_VERSION;
pub use shelf::{extractive_summary, is_current, stored};
pub use work::{
    ANY, Ask, Context, End, ItemReport, Order, SubjectEnd, Tally, kind, plan, run_item,
};
