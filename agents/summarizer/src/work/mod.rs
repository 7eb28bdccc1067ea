//! Summaries as durable work: who asks for what, in which items, and what came of them.

mod item;
mod plan;
mod progress;
mod shared;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use catalog::{Fallback, Language, MeterLimits, ProductId, Store, TaskStore, UnixMs};
use serde::{Deserialize, Serialize};

use crate::Purse;
use crate::facts::FactSheet;
use crate::openai::Endpoint;

pub use item::run_item;
pub use plan::plan;

use shared::Shared;

/// The kind of items that any agent does.
pub const ANY: &str = "summarize";

/// What the work of summaries needs.
#[derive(Clone)]
pub struct Context {
    /// Where products and summaries are.
    pub store: Arc<dyn Store>,
    /// Where the work is.
    pub tasks: Arc<dyn TaskStore>,
    /// Who writes; `None` for the fixed form.
    pub endpoint: Option<Arc<Endpoint>>,
    /// The time that is recorded.
    pub now: Arc<dyn Fn() -> UnixMs + Send + Sync>,
    /// What this process did so far.
    pub tally: Arc<Tally>,
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("store", &self.store)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

/// What this process did so far, over all tasks: for progress and metrics. Also what the items of a task share here.
#[derive(Debug, Default)]
pub struct Tally {
    /// Summaries that a model wrote.
    pub written: AtomicU64,
    /// Summaries that were there already.
    pub kept: AtomicU64,
    /// Fixed forms.
    pub extractive: AtomicU64,
    /// Subjects left for a later run, or without a result.
    pub left: AtomicU64,
    /// Requests.
    pub requests: AtomicU64,
    /// Tokens read and written, as far as answers said.
    pub tokens: AtomicU64,
    /// Of them, those that were read.
    pub input_tokens: AtomicU64,
    /// Of them, those that were written.
    pub output_tokens: AtomicU64,
    /// What they cost, in billionths of a unit of money.
    pub cost_nanos: AtomicU64,
    /// How often a model's text, or a summary, was not there, by the reason's name.
    reasons: Mutex<BTreeMap<String, u64>>,
    pub(crate) shared: Shared,
}

/// The most reasons that are told apart: more than there are.
const MAX_REASONS: usize = 64;

impl Tally {
    fn count(&self, end: &End) {
        let counter = match end {
            End::Written => &self.written,
            End::Kept => &self.kept,
            End::Extractive(_) => &self.extractive,
            End::Left(_) => &self.left,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        if let End::Extractive(Some(reason)) | End::Left(reason) = end {
            self.count_reason(&reason.code);
        }
    }

    /// Counts a reason. What is stored may name any number of them; the last ones are then one.
    fn count_reason(&self, code: &str) {
        let mut reasons = self.reasons.lock().unwrap_or_else(PoisonError::into_inner);
        let is_plain = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_';
        let is_told = code.len() <= 40
            && code.chars().all(is_plain)
            && (reasons.len() < MAX_REASONS || reasons.contains_key(code));
        let code = if is_told { code } else { "other" };
        *reasons.entry(code.to_owned()).or_default() += 1;
    }

    /// Returns how often a model's text, or a summary, was not there, by the reason's name: one of few.
    pub fn reasons(&self) -> BTreeMap<String, u64> {
        let reasons = self.reasons.lock().unwrap_or_else(PoisonError::into_inner);
        reasons.clone()
    }

    fn paid(&self, purse: &Purse) {
        let used = purse.used();
        self.requests
            .fetch_add(u64::from(purse.requests), Ordering::Relaxed);
        self.tokens.fetch_add(used.tokens(), Ordering::Relaxed);
        self.input_tokens
            .fetch_add(used.input_tokens, Ordering::Relaxed);
        self.output_tokens
            .fetch_add(used.output_tokens, Ordering::Relaxed);
        self.cost_nanos
            .fetch_add(used.cost_nanos, Ordering::Relaxed);
    }
}

/// One subject to be summarized.
///
/// In JSON a product is its id alone: as an object, the thousands of a task would take ten times the memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Ask {
    /// A product, by the facts that the store has when its turn comes.
    Product(ProductId),
    /// These facts.
    Sheet(Box<FactSheet>),
}

/// What one task is asked to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The subjects, each once, the most important first.
    pub subjects: Vec<Ask>,
    /// In which languages products are summarized; a sheet has its own.
    pub languages: Vec<Language>,
    /// What all of it may cost.
    pub limits: MeterLimits,
    /// Only for a process that does items of this name: what a command does for itself, and while it is there.
    /// `None` for any agent, which also waits for an endpoint that asks for a long pause.
    pub only: Option<String>,
}

/// What came of one item: its result.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemReport {
    /// By subject and language, in the order in which they were asked for.
    pub ends: Vec<SubjectEnd>,
}

/// What came of one subject in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectEnd {
    /// As in [`Summary::subject`](catalog::Summary::subject).
    pub subject: String,
    /// The language.
    pub language: Language,
    /// What came of it.
    pub end: End,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// A model wrote it.
    Written,
    /// It was there already.
    Kept,
    /// The fixed form was stored: asked for, or for want of a model's text; the reason then.
    Extractive(Option<Fallback>),
    /// Left for a later run, for this reason: `budget`, `closed`, `connect`, `configuration`,
    /// `unknown_subject` or `no_facts`.
    Left(Fallback),
}

/// Returns the kind of the items that are only for whoever does those of one name, or for any agent.
pub fn kind(only: Option<&str>) -> String {
    only.map_or_else(|| ANY.to_owned(), |only| format!("{ANY}/{only}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_counted_by_few_names_whatever_is_stored() {
        let tally = Tally::default();
        let left = |code: &str| {
            tally.count(&End::Left(Fallback {
                code: code.to_owned(),
                detail: String::new(),
            }));
        };
        for code in ["budget", "budget", "a b", "\n", &"x".repeat(41)] {
            left(code);
        }
        (0..1_000).for_each(|n| left(&format!("reason_{n}")));
        tally.count(&End::Extractive(None));
        let reasons = tally.reasons();
        assert_eq!(reasons["budget"], 2);
        assert!(reasons.len() <= MAX_REASONS + 1 && reasons["other"] > 900);
        assert_eq!(reasons.values().sum::<u64>(), 1_005);
    }
}
