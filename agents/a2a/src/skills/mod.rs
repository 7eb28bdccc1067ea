//! What agents can do: reading what is asked, and doing the items of it.

pub(crate) mod crawl;
mod packed;
pub(crate) mod request;
mod results;
pub(crate) mod summarize;
pub(crate) mod words;

use a2a_sdk::{A2AError, Message, Part};
use catalog::{ClaimedItem, ItemEnd, NewItem, StoreError};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

pub use self::crawl::{MAX_STORES, ShopCrawl};
use crate::{Agent, Context, Trade, conformance};

/// What a message asks for.
#[derive(Debug)]
pub(crate) enum Asked {
    /// Work of some time: a task with these items.
    Work(Vec<NewItem>),
    /// An answer that is here already: a message, no task.
    Answer(Vec<Part>),
    /// A question has to be answered first: a task that waits for the caller.
    Unclear(String),
    /// Not done, for this reason: a rejected task.
    Refused(String),
}

/// Reads a message to `agent`; what needs no task is done at once.
///
/// # Errors
/// Invalid params with the field's name for a request that breaks its schema.
pub(crate) async fn ask(
    agent: &Agent,
    message: &Message,
    context: &Context,
) -> Result<Asked, A2AError> {
    match agent.trade {
        Trade::Crawl(_) => crawl::ask(agent, message, context).await,
        Trade::Summarize => summarize::ask(message, context).await,
    }
}

/// The kinds of items that agents have to be done, by what doing them waits for: each is work for a worker of its own.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Kinds {
    /// Those that wait for shops, and those of the compatibility kit.
    pub crawls: Vec<&'static str>,
    /// Those that wait for a model.
    pub summaries: Vec<&'static str>,
}

/// Returns the kinds of items that [`run_item`] does for `agents`, those of the compatibility kit only where it is
/// served.
pub fn kinds(agents: &[&Agent], conformance: bool) -> Kinds {
    let mut kinds = Kinds::default();
    if (agents.iter()).any(|it| matches!(it.trade, Trade::Crawl(_))) {
        kinds.crawls.extend(crawl::KINDS);
    }
    if agents.iter().any(|it| it.trade == Trade::Summarize) {
        kinds.summaries.extend(summarize::KINDS);
    }
    if conformance {
        kinds.crawls.push(conformance::KIND);
    }
    kinds
}

/// Does an item that the caller holds, until it is done or `cancel`.
///
/// The caller renews the lease beside it, and drops the call when the lease is lost.
/// Cancel-safe: a dropped call leaves the item as a killed process would.
///
/// # Errors
/// When the store fails, or the item or its task is no longer this holder's to write to.
pub async fn run_item(
    claimed: &ClaimedItem,
    context: &Context,
    cancel: &CancellationToken,
) -> Result<ItemEnd, StoreError> {
    match claimed.item.kind.as_str() {
        conformance::KIND => conformance::run(claimed, context, cancel).await,
        kind if crawl::KINDS.contains(&kind) => crawl::run(claimed, context, cancel).await,
        kind if summarize::KINDS.contains(&kind) => summarize::run(claimed, context, cancel).await,
        _ => Err(unknown(claimed, context)),
    }
}

/// Returns the error of an item that [`kinds`] does not name: nobody should have taken it.
fn unknown(claimed: &ClaimedItem, context: &Context) -> StoreError {
    let ClaimedItem { item, .. } = claimed;
    StoreError::Failed {
        doing: "do an item",
        location: context.store.location().to_owned(),
        detail: format!(
            "item {} of the task {} has the unknown kind {:?}",
            item.n, item.task, item.kind
        ),
    }
}

/// Returns what it takes to bring a shop up to date: the message that would ask for it, and its items.
pub fn refresh_of(shop: &catalog::Shop) -> (Value, Vec<NewItem>) {
    crawl::refresh_of(shop)
}

/// Returns what it takes to crawl a shop up to a page, or all of it: the message that would ask for it, and its items.
pub fn crawl_of(shop: &catalog::Shop, last_page: Option<u32>) -> (Value, Vec<NewItem>) {
    crawl::crawl_of(shop, last_page)
}

/// Returns how far the crawls of shops are among a task's items.
pub fn shop_crawls(items: &[catalog::WorkItem]) -> Vec<ShopCrawl> {
    crawl::shop_crawls(items)
}

/// Returns what an item's payload or result says; `None` for one that another version of the program made.
pub(super) fn work_of<T: DeserializeOwned>(payload: &Value) -> Option<T> {
    serde_json::from_value(payload.clone()).ok()
}
