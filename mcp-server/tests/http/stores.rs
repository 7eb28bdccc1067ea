//! Stores that are not as a tool would have them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use catalog::StoreError;
use serde_json::json;

use super::{NEWEST, Served};
use crate::world;

#[tokio::test]
async fn an_empty_store_is_answered_with_the_command_that_fills_it() {
    let served = Served::new(&world::with_nothing().await).await;
    let error = served.call("list_shops", json!({})).await.tool_error();
    assert_eq!(error["code"], "empty_store");
    assert_eq!(error["next"], "trouvaille crawl https://SHOP");
}

#[tokio::test]
async fn a_missing_store_is_opened_once_it_is_there() {
    let is_there = Arc::new(AtomicBool::new(false));
    let there = Arc::clone(&is_there);
    let found = world::opened().await;
    let context = world::opening(move || {
        let answer = if there.load(Ordering::Relaxed) {
            Ok(found.clone())
        } else {
            Err(StoreError::Missing {
                location: "/home/somebody/store.db".to_owned(),
            })
        };
        Box::pin(std::future::ready(answer))
    });
    let served = Served::new(&context).await;
    let answered = served.call("list_shops", json!({})).await;
    assert_eq!(answered.tool_error()["code"], "no_store");
    assert!(!answered.body.to_string().contains("/home"));
    is_there.store(true, Ordering::Relaxed);
    let answered = served.call("list_shops", json!({})).await;
    assert_eq!(answered.answer()["returned"], 2);
}

#[tokio::test]
async fn a_store_that_opens_slowly_is_opened_once() {
    let n_openings = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&n_openings);
    let mut context = world::opening(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        Box::pin(std::future::pending())
    });
    context.limits.timeout = Duration::from_millis(20);
    let served = Served::new(&context).await;
    for _ in 0..3 {
        let error = served.call("list_shops", json!({})).await.tool_error();
        assert_eq!(error["code"], "store_opening");
        assert_eq!(error["next"], "call again in a moment");
    }
    assert_eq!(n_openings.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_locked_store_is_an_error_that_may_pass() {
    let context = world::opening(|| {
        let error = StoreError::Locked {
            doing: "list the shops",
            location: "/home/somebody/store.db".to_owned(),
        };
        Box::pin(std::future::ready(Err(error)))
    });
    let served = Served::new(&context).await;
    let answered = served.call("list_shops", json!({})).await;
    assert_eq!(answered.tool_error()["code"], "store_locked");
    assert!(!answered.body.to_string().contains("/home"));
}

#[tokio::test]
async fn a_resource_that_is_not_there_has_the_code_of_the_revision() {
    let served = Served::new(&world::with_shops().await).await;
    for uri in [
        "trouvaille://nothing",
        "trouvaille://products/../../etc/passwd",
        "file:///etc/passwd",
    ] {
        let params = json!({"uri": uri});
        let answered = served.ask(NEWEST, "resources/read", params.clone()).await;
        assert_eq!(answered.code(), -32602, "{answered:?}");
        let answered = served.ask("2025-11-25", "resources/read", params).await;
        assert_eq!(answered.code(), -32002);
        assert_eq!(answered.body["error"]["data"]["uri"], uri);
    }
}

#[tokio::test]
async fn a_prompt_that_is_not_there_is_an_invalid_parameter() {
    let served = Served::new(&world::with_shops().await).await;
    let params = json!({"name": "no_such_prompt"});
    let answered = served.ask(NEWEST, "prompts/get", params).await;
    assert_eq!(answered.code(), -32602);
}
