//! Summaries of what is stored: the skill `summarize-products`.

mod close;
mod outcome;
mod plan;
mod progress;
mod request;
mod text;

use a2a_sdk::{A2AError, Message};
use catalog::{ClaimedItem, ItemEnd, StoreError};
use tokio_util::sync::CancellationToken;

pub(crate) use self::request::{Request, summarize_request_schema};
use super::Asked;
use super::request::{document, read};
use crate::Context;

/// The kinds of items: subjects to be summarized, and what follows when all others of a task are done.
const WRITE: &str = summarizer::ANY;
const CLOSE: &str = "summarize.close";

pub(crate) const KINDS: [&str; 2] = [WRITE, CLOSE];

pub(crate) async fn ask(message: &Message, context: &Context) -> Result<Asked, A2AError> {
    let document = match document::<Request>(&message.parts, text::read)? {
        Ok(document) => document,
        Err(question) => return Ok(Asked::Unclear(question)),
    };
    let Request::SummarizeProducts(request) = read::<Request>(&document)?;
    plan::plan(request, context).await
}

pub(crate) async fn run(
    claimed: &ClaimedItem,
    context: &Context,
    cancel: &CancellationToken,
) -> Result<ItemEnd, StoreError> {
    if claimed.item.kind == CLOSE {
        return Box::pin(close::run(claimed, context, cancel)).await;
    }
    progress::begins(claimed, context).await?;
    let writing = summarizer::run_item(claimed, &context.summaries, cancel);
    let end = Box::pin(writing).await?;
    if let ItemEnd::Later(pause) = end {
        progress::pauses(pause, claimed, context).await?;
    }
    Ok(end)
}
