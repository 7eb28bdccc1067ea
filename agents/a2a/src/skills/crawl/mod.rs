//! Crawling shops: the skills `crawl-catalog`, `refresh-catalog`, `probe-store` and `fetch-product`.

mod close;
mod errors;
mod lists;
mod outcome;
mod plan;
mod probe;
mod product;
mod progress;
pub(crate) mod request;
mod shop;
mod text;
pub(crate) mod words;

use a2a_sdk::{A2AError, Message, Part, PartContent};
use catalog::{ClaimedItem, NewItem, Shop, StoreError};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

pub use self::request::MAX_STORES;
pub(crate) use self::request::crawl_request_schema;
use self::request::{Request, invalid, violation};
use super::{Asked, ItemEnd};
use crate::{Agent, Context};

/// The kinds of items: a shop to crawl, a product to read, and what follows when all others of a task are done.
pub(crate) const SHOP: &str = "crawl";
pub(crate) const PRODUCT: &str = "crawl.product";
pub(crate) const CLOSE: &str = "crawl.close";

pub(crate) async fn ask(
    agent: &Agent,
    message: &Message,
    context: &Context,
) -> Result<Asked, A2AError> {
    let document = match document(&message.parts)? {
        Ok(document) => document,
        Err(question) => return Ok(Asked::Unclear(question)),
    };
    let request = request::read(&document)?;
    if !agent.skills.contains(&request.skill()) {
        let what = format!("is none of the agent {}", agent.name);
        return Err(invalid(vec![violation("skill", &what)]));
    }
    Ok(match request {
        Request::CrawlCatalog(request) => Asked::Work(plan::crawl(request, false, context)?),
        Request::RefreshCatalog(request) => Asked::Work(plan::crawl(request, true, context)?),
        Request::FetchProduct(request) => Asked::Work(plan::products(request, context)?),
        Request::ProbeStore(request) => {
            let shops = plan::shops(request.stores.0, context)?;
            Asked::Answer(vec![probe::answer(&shops, context).await])
        }
    })
}

/// Returns the request in a message, or what has to be asked first.
///
/// Text beside a data part is for people. Without one, all texts together are the request.
fn document(parts: &[Part]) -> Result<Result<Value, String>, A2AError> {
    let mut data = Vec::new();
    let mut texts = Vec::new();
    for part in parts {
        match &part.content {
            PartContent::Data(value) => data.push(value),
            PartContent::Text(text) => texts.push(text.as_str()),
            PartContent::Url(_) | PartContent::Raw(_) => {
                return Err(A2AError::content_type_not_supported());
            }
        }
    }
    match data.as_slice() {
        [] => Ok(text::read(&texts.join("\n"))),
        [document] => Ok(Ok((*document).clone())),
        _ => {
            let what = "more than one data part: send one message for each request";
            Err(invalid(vec![violation("message.parts", what)]))
        }
    }
}

pub(crate) async fn run(
    claimed: &ClaimedItem,
    context: &Context,
    cancel: &CancellationToken,
) -> Result<ItemEnd, StoreError> {
    match claimed.item.kind.as_str() {
        SHOP => Box::pin(shop::run(claimed, context, cancel)).await,
        PRODUCT => Box::pin(product::run(claimed, context, cancel)).await,
        CLOSE => Box::pin(close::run(claimed, context, cancel)).await,
        _ => Err(super::unknown(claimed, context)),
    }
}

/// Returns the message that asks for a refresh of `shop`, and its items.
pub(crate) fn refresh_of(shop: &Shop) -> (Value, Vec<NewItem>) {
    let request = json!({
        "schema": "crawl-request/1", "skill": "refresh-catalog", "stores": [shop.url],
        "maxAgeHours": 0,
    });
    let message = Message::new(a2a_sdk::Role::User, vec![Part::data(request)]);
    (json!(message), plan::refresh(shop))
}
