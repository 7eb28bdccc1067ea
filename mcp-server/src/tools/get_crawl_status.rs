//! `get_crawl_status`: how a crawl stands that the caller asked for.

use catalog::Scope;
use schemars::JsonSchema;
use serde::Deserialize;

use super::request_crawl::{Output, crawls, told};
use super::{Answer, Call, ToolKind};
use crate::ToolError;

/// The longest id of a task.
const MAX_ID_BYTES: usize = 100;

pub(crate) struct GetCrawlStatus;

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Arguments {
    /// What `request_crawl` gave
    crawl_id: String,
}

impl ToolKind for GetCrawlStatus {
    const NAME: &'static str = "get_crawl_status";
    const TITLE: &'static str = "Get a crawl's status";
    const DESCRIPTION: &'static str = "Says how a crawl stands that was asked for with request_crawl: waiting, running, \
        complete, partial (some was read), failed or cancelled. A crawl takes minutes, so ask at most once a minute.";
    const SCOPE: Scope = Scope::Crawl;
    type Arguments = Arguments;
    type Output = Output;

    async fn run(arguments: Arguments, call: &Call<'_>) -> Result<Answer<Output>, ToolError> {
        let crawls = crawls(call.context)?;
        let id = arguments.crawl_id.trim();
        if id.is_empty() || id.len() > MAX_ID_BYTES || !id.bytes().all(|it| it.is_ascii_graphic()) {
            let message = "this is no crawl: expected the crawl_id of an answer of request_crawl";
            let next = "request_crawl {\"shop\":\"HOST\"}";
            return Err(ToolError::invalid("crawl_id", message).next(next));
        }
        let crawl = crawls.status(id, call.caller).await?;
        Ok(told(crawl, (call.context.now)()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::call;
    use crate::tools::request_crawl::tests::acting;

    #[tokio::test]
    async fn a_crawl_is_told_with_the_call_to_make_next() {
        let (world, _) = acting().await;
        for (id, state, next) in [
            (
                "1",
                "running",
                "get_crawl_status {\"crawl_id\":\"1\"} in a minute",
            ),
            (
                "2",
                "partial",
                "search_products {\"shop\":\"lamps.example\"}",
            ),
            ("3", "failed", "list_shops {}"),
            // Of two shops.
            ("4", "complete", "list_shops {}"),
        ] {
            let answer = call(&world, "get_crawl_status", json!({"crawl_id": id}))
                .await
                .unwrap();
            assert_eq!(answer["state"], state);
            assert!(answer["next"].as_str().unwrap().starts_with(next));
            let data = json!({"as_of": "2026-11-21T09:00:00Z", "age_hours": 3.0, "source": "task"});
            assert_eq!(answer["data"], data);
        }
    }

    #[tokio::test]
    async fn a_crawl_of_nobody_is_an_error() {
        let (world, _) = acting().await;
        let long = "1".repeat(101);
        for (id, code) in [
            ("9", "unknown_crawl"),
            ("", "invalid_argument"),
            ("a b", "invalid_argument"),
            (long.as_str(), "invalid_argument"),
        ] {
            let error = call(&world, "get_crawl_status", json!({"crawl_id": id})).await;
            assert_eq!(error.unwrap_err().code, code, "{id}");
        }
    }
}
