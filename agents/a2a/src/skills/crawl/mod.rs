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
mod told;

use a2a_sdk::{A2AError, Message, Part};
use catalog::{ClaimedItem, ItemEnd, NewItem, Shop, StoreError};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

pub use self::request::MAX_STORES;
use self::request::Request;
pub(crate) use self::request::crawl_request_schema;
pub use self::told::ShopCrawl;
pub(crate) use self::told::shop_crawls;
use super::Asked;
use super::request::{document, invalid, read, violation};
use crate::{Agent, Context};

/// The kinds of items: a shop to crawl, a product to read, and what follows when all others of a task are done.
pub(crate) const SHOP: &str = "crawl";
pub(crate) const PRODUCT: &str = "crawl.product";
pub(crate) const CLOSE: &str = "crawl.close";

pub(crate) const KINDS: [&str; 3] = [SHOP, PRODUCT, CLOSE];

pub(crate) async fn ask(
    agent: &Agent,
    message: &Message,
    context: &Context,
) -> Result<Asked, A2AError> {
    let document = match document::<Request>(&message.parts, text::read)? {
        Ok(document) => document,
        Err(question) => return Ok(Asked::Unclear(question)),
    };
    let request = read::<Request>(&document)?;
    if !agent.skills.contains(&request.skill()) {
        let what = format!("is none of the agent {}", agent.name);
        return Err(invalid::<Request>(vec![violation("skill", &what)]));
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

pub(crate) async fn run(
    claimed: &ClaimedItem,
    context: &Context,
    cancel: &CancellationToken,
) -> Result<ItemEnd, StoreError> {
    match claimed.item.kind.as_str() {
        SHOP => Box::pin(shop::run(claimed, context, cancel)).await,
        PRODUCT => Box::pin(product::run(claimed, context, cancel)).await,
        _ => Box::pin(close::run(claimed, context, cancel)).await,
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

/// Returns the message that asks for a crawl of `shop` up to a page, or of all, and its items.
pub(crate) fn crawl_of(shop: &Shop, last_page: Option<u32>) -> (Value, Vec<NewItem>) {
    let mut request = json!({
        "schema": "crawl-request/1", "skill": "crawl-catalog", "stores": [shop.url],
    });
    if let Some(page) = last_page {
        request["maxPages"] = json!(page);
    }
    let message = Message::new(a2a_sdk::Role::User, vec![Part::data(request)]);
    (json!(message), plan::whole(shop, last_page))
}
