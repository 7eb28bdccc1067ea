//! What callers may do.

use std::sync::Arc;

use catalog::{Principal, Scope, UnixMs};
use mcp_server::{CrawlAnswer, CrawlOrder, CrawlState, Crawls, Refused};
use serde_json::json;

use super::{NEWEST, Served};
use crate::world;

#[tokio::test]
async fn a_caller_without_the_scope_is_refused() {
    let nobody = Principal {
        id: "nobody".to_owned(),
        scopes: Vec::new(),
    };
    let served = Served::to(&world::with_shops().await, Some(nobody)).await;
    let error = served.call("list_shops", json!({})).await.tool_error();
    assert_eq!(error["code"], "forbidden");
    let listed = served.ask(NEWEST, "tools/list", json!({})).await;
    assert_eq!(listed.body["result"]["tools"], json!([]));
    assert_eq!(listed.body["result"]["cacheScope"], "private");
}

#[tokio::test]
async fn a_caller_with_a_token_keeps_its_lists_to_itself() {
    let served = Served::to(&world::with_shops().await, Some(reader())).await;
    let listed = served.ask(NEWEST, "tools/list", json!({})).await;
    assert_eq!(listed.body["result"]["cacheScope"], "private");
    assert_eq!(
        served.call("list_shops", json!({})).await.answer()["returned"],
        2
    );
}

#[tokio::test]
async fn crawls_are_offered_only_where_somebody_does_them() {
    let mut context = world::with_shops().await;
    let served = Served::new(&context).await;
    assert!(!listed(&served).await.contains(&"request_crawl".to_owned()));
    let shop = json!({"shop": "hats.example"});
    let error = served.call("request_crawl", shop.clone()).await;
    assert_eq!(error.tool_error()["code"], "actions_off");
    context.crawls = Some(Arc::new(Willing));
    let served = Served::new(&context).await;
    assert!(listed(&served).await.contains(&"request_crawl".to_owned()));
    let asked = served.call("request_crawl", shop).await;
    assert!(asked.answer().to_string().contains("crawl-1"), "{asked:?}");
}

#[tokio::test]
async fn crawls_are_for_callers_with_the_scope() {
    let mut context = world::with_shops().await;
    context.crawls = Some(Arc::new(Willing));
    let served = Served::to(&context, Some(reader())).await;
    assert!(!listed(&served).await.contains(&"request_crawl".to_owned()));
    let shop = json!({"shop": "hats.example"});
    let error = served.call("request_crawl", shop).await.tool_error();
    assert_eq!(error["code"], "forbidden");
    assert!(error["message"].as_str().unwrap().contains("crawl"));
}

fn reader() -> Principal {
    Principal {
        id: "reader".to_owned(),
        scopes: vec![Scope::Read],
    }
}

async fn listed(served: &Served) -> Vec<String> {
    let listed = served.ask(NEWEST, "tools/list", json!({})).await;
    let tools = listed.body["result"]["tools"].as_array().unwrap();
    let names = tools.iter().map(|it| it["name"].as_str().unwrap());
    names.map(str::to_owned).collect()
}

/// Takes every order, and never crawls.
#[derive(Debug)]
struct Willing;

#[async_trait::async_trait]
impl Crawls for Willing {
    async fn request(&self, order: &CrawlOrder) -> Result<CrawlAnswer, Refused> {
        Ok(CrawlAnswer {
            id: "crawl-1".to_owned(),
            shops: vec![order.shop.clone()],
            state: CrawlState::Waiting,
            created_at: UnixMs::parse("2026-11-21T12:00:00Z").unwrap(),
            moved_at: UnixMs::parse("2026-11-21T12:00:00Z").unwrap(),
            note: None,
        })
    }

    async fn status(&self, _id: &str, _caller: &str) -> Result<CrawlAnswer, Refused> {
        Err(Refused {
            code: "unknown_crawl",
            message: "there is no such crawl".to_owned(),
            next: None,
        })
    }
}
