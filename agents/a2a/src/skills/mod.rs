//! What agents can do: reading what is asked, and doing the items of it.

pub(crate) mod crawl;

use a2a_sdk::{A2AError, Message, Part};
use catalog::{ClaimedItem, NewItem, StoreError};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

pub use self::crawl::MAX_STORES;
use crate::{Agent, Context, conformance};

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
    crawl::ask(agent, message, context).await
}

/// How the doing of an item ended.
#[derive(Debug, Clone, PartialEq)]
pub enum ItemEnd {
    /// It is done, with this result.
    Done(Value),
    /// It was cancelled on the way: whoever takes it next goes on.
    Unfinished,
}

/// Returns the kinds of items that [`run_item`] can do, those of the compatibility kit only where it is served.
pub const fn kinds(conformance: bool) -> &'static [&'static str] {
    const KINDS: [&str; 4] = [crawl::SHOP, crawl::PRODUCT, crawl::CLOSE, conformance::KIND];
    if conformance {
        &KINDS
    } else {
        KINDS.split_at(3).0
    }
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
        _ => crawl::run(claimed, context, cancel).await,
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
