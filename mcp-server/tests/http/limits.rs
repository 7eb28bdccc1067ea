//! The limits of calls.

use std::sync::Arc;
use std::time::Duration;

use mcp_server::{Context, CrawlAnswer, CrawlOrder, Crawls, Limits, Refused};
use serde_json::json;
use tokio::sync::watch;

use super::{NEWEST, Served};
use crate::world;

/// The longest wait for what is sure to come.
const WAIT: Duration = Duration::from_secs(30);

/// The call that never ends.
const ENDLESS: &str = "get_crawl_status";

/// Returns a context where [`ENDLESS`] never ends, and how many such calls are under way.
async fn endless() -> (Context, watch::Receiver<usize>) {
    let (sender, under_way) = watch::channel(0);
    let mut context = world::with_shops().await;
    context.crawls = Some(Arc::new(Endless(Arc::new(sender))));
    (context, under_way)
}

/// Whoever is asked for a crawl, and never answers.
#[derive(Debug)]
struct Endless(Arc<watch::Sender<usize>>);

#[async_trait::async_trait]
impl Crawls for Endless {
    async fn request(&self, _: &CrawlOrder) -> Result<CrawlAnswer, Refused> {
        std::future::pending().await
    }

    async fn status(&self, _: &str, _: &str) -> Result<CrawlAnswer, Refused> {
        let _counted = Counted::new(Arc::clone(&self.0));
        std::future::pending().await
    }
}

/// Counts itself as long as it is there.
struct Counted(Arc<watch::Sender<usize>>);

impl Counted {
    fn new(sender: Arc<watch::Sender<usize>>) -> Self {
        sender.send_modify(|n| *n += 1);
        Self(sender)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.send_modify(|n| *n -= 1);
    }
}

#[tokio::test]
async fn a_slow_call_ends_with_what_to_ask_instead() {
    let (mut context, _under_way) = endless().await;
    context.limits.timeout = Duration::from_millis(20);
    let served = Served::new(&context).await;
    let error = served
        .call(ENDLESS, json!({"crawl_id": "1"}))
        .await
        .tool_error();
    assert_eq!(error["code"], "timeout");
    assert!(error["next"].as_str().unwrap().contains("limit"));
    assert_eq!(served.called(), [("mcp.get_crawl_status", "timeout")]);
}

#[tokio::test]
async fn a_full_server_says_so() {
    let (mut context, mut under_way) = endless().await;
    context.limits.in_flight = 1;
    let served = Served::new(&context).await;
    let params = json!({"name": ENDLESS, "arguments": {"crawl_id": "1"}});
    let first = served.request(NEWEST, "tools/call", params).send();
    let second = async {
        under_way.wait_for(|n| *n == 1).await.unwrap();
        served
            .call(ENDLESS, json!({"crawl_id": "1"}))
            .await
            .tool_error()
    };
    let error = tokio::select! {
        _ = first => panic!("the first call ends"),
        error = second => error,
    };
    assert_eq!(error["code"], "busy");
    assert_eq!(error["next"], "call again in 1 s");
}

#[tokio::test]
async fn a_client_that_goes_away_ends_its_call() {
    let (context, mut under_way) = endless().await;
    let served = Served::new(&context).await;
    let params = json!({"name": ENDLESS, "arguments": {"crawl_id": "1"}});
    let call = served.request(NEWEST, "tools/call", params).send();
    tokio::select! {
        _ = call => panic!("the call ends"),
        n = under_way.wait_for(|n| *n == 1) => drop(n.unwrap()),
    }
    let ended = tokio::time::timeout(WAIT, under_way.wait_for(|n| *n == 0));
    drop(ended.await.unwrap().unwrap());
}

#[tokio::test]
async fn a_caller_who_asks_too_often_waits_and_others_do_not() {
    let mut context = world::with_shops().await;
    context.limits = Limits {
        calls_per_second: 1,
        burst: 2,
        ..Limits::default()
    };
    let served = Served::new(&context).await;
    for _ in 0..2 {
        assert_eq!(
            served.call("list_shops", json!({})).await.answer()["returned"],
            2
        );
    }
    let error = served.call("list_shops", json!({})).await.tool_error();
    assert_eq!(error["code"], "rate_limited");
    assert!(error["next"].as_str().unwrap().starts_with("call again in"));
    let listed = served.ask(NEWEST, "tools/list", json!({})).await;
    assert_eq!(listed.status, 200);
}

#[tokio::test]
async fn what_is_no_tool_counts_as_a_call() {
    let served = Served::new(&once_a_second().await).await;
    let answered = served.call("no_such_tool", json!({})).await;
    assert_eq!(answered.code(), -32602);
    let answered = served.call("no_such_tool", json!({})).await;
    let error = &answered.body["error"]["data"];
    assert_eq!(error["code"], "rate_limited");
}

#[tokio::test]
async fn lists_are_counted_apart_from_calls() {
    let served = Served::new(&once_a_second().await).await;
    served.call("list_shops", json!({})).await.answer();
    let listed = served.ask(NEWEST, "server/discover", json!({})).await;
    assert_eq!(listed.code(), 0);
    let listed = served.ask(NEWEST, "tools/list", json!({})).await;
    assert_eq!(listed.body["error"]["data"]["code"], "rate_limited");
}

async fn once_a_second() -> Context {
    let mut context = world::with_shops().await;
    context.limits = Limits {
        calls_per_second: 1,
        burst: 1,
        ..Limits::default()
    };
    context
}

#[tokio::test]
async fn a_fault_is_an_error_like_others() {
    let context = world::opening(|| panic!("pa55"));
    let served = Served::new(&context).await;
    for _ in 0..2 {
        let answered = served.call("list_shops", json!({})).await;
        assert_eq!(answered.tool_error()["code"], "internal");
        assert!(!answered.body.to_string().contains("pa55"));
    }
}
