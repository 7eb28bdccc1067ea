//! `request_crawl`: asks for a crawl of a shop. Whoever serves decides which shops may be asked; the work is a durable
//! task, which goes on when this call is over.

use std::sync::Arc;

use catalog::{Scope, UnixMs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Call, ToolKind};
use crate::answer::DataAge;
use crate::{Context, CrawlAnswer, CrawlOrder, CrawlState, Crawls, ToolError};

/// The longest text that may name a shop.
const MAX_SHOP_BYTES: usize = 300;

pub(crate) struct RequestCrawl;

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Arguments {
    /// The shop's host or URL, which the operator has to allow
    shop: String,
    /// The most pages of 250 products to read; all without it
    #[serde(default)]
    #[schemars(with = "u32", range(min = 1, max = 1000))]
    depth: Option<u32>,
}

/// A crawl as it is told.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Output {
    crawl_id: String,
    shop: String,
    /// waiting, running, complete, partial, failed or cancelled.
    #[schemars(with = "String")]
    state: CrawlState,
    #[schemars(with = "String")]
    created_at: UnixMs,
    #[schemars(with = "String")]
    moved_at: UnixMs,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    note: Option<String>,
    /// The call to make next.
    next: String,
    data: DataAge,
}

impl ToolKind for RequestCrawl {
    const NAME: &'static str = "request_crawl";
    const TITLE: &'static str = "Request a crawl";
    const DESCRIPTION: &'static str = "Asks for a new crawl of a shop that the operator allows, and returns at once with \
        a crawl_id. Shops are asked politely, page by page, so it takes minutes: look with get_crawl_status. Take it \
        only if the user wants fresher data than list_shops shows.";
    const SCOPE: Scope = Scope::Crawl;
    const IS_READ_ONLY: bool = false;
    type Arguments = Arguments;
    type Output = Output;

    async fn run(arguments: Arguments, call: &Call<'_>) -> Result<Answer<Output>, ToolError> {
        let crawls = crawls(call.context)?;
        let shop = arguments.shop.trim();
        let is_odd = |it: char| it.is_control() || it.is_whitespace();
        if shop.is_empty() || shop.len() > MAX_SHOP_BYTES || shop.contains(is_odd) {
            let message = "this names no shop: expected a host or a URL, such as lamps.example";
            return Err(ToolError::invalid("shop", message).next("list_shops {}"));
        }
        let order = CrawlOrder {
            shop: shop.to_owned(),
            depth: arguments.depth,
            caller: call.caller.to_owned(),
        };
        Ok(told(crawls.request(&order).await?, (call.context.now)()))
    }
}

/// Returns who crawls on request.
///
/// # Errors
/// Where nobody may ask for that.
pub(super) fn crawls(context: &Context) -> Result<&Arc<dyn Crawls>, ToolError> {
    context.crawls.as_ref().ok_or_else(|| {
        ToolError::new("actions_off", "this server only looks: nobody may ask it for a crawl")
            .next("trouvaille crawl https://SHOP: its operator runs that, or starts the server with --enable-actions")
    })
}

/// Returns what is told of a crawl.
pub(super) fn told(crawl: CrawlAnswer, now: UnixMs) -> Answer<Output> {
    let next = match crawl.state {
        CrawlState::Waiting | CrawlState::Running => {
            let id = serde_json::Value::from(crawl.id.as_str());
            format!("get_crawl_status {{\"crawl_id\":{id}}} in a minute")
        }
        CrawlState::Complete | CrawlState::Partial => match crawl.shops.as_slice() {
            [shop] => format!("search_products {{\"shop\":\"{shop}\"}}"),
            _ => "list_shops {}".to_owned(),
        },
        CrawlState::Failed | CrawlState::Cancelled => {
            "list_shops {} shows what is stored of the shop".to_owned()
        }
    };
    Answer {
        rows: 1,
        output: Output {
            crawl_id: crawl.id,
            shop: crawl.shops.join(", "),
            state: crawl.state,
            created_at: crawl.created_at,
            moved_at: crawl.moved_at,
            note: crawl.note,
            next,
            data: DataAge::new(crawl.moved_at, now, "task"),
        },
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Mutex;

    use serde_json::json;

    use super::*;
    use crate::Refused;
    use crate::testing::{at, call, world};

    /// Crawls of one shop, which never end.
    #[derive(Debug, Default)]
    pub(in crate::tools) struct Fake {
        orders: Mutex<Vec<CrawlOrder>>,
    }

    #[async_trait::async_trait]
    impl Crawls for Fake {
        async fn request(&self, order: &CrawlOrder) -> Result<CrawlAnswer, Refused> {
            self.orders.lock().unwrap().push(order.clone());
            match order.shop.ends_with("lamps.example") {
                true => Ok(crawl(CrawlState::Waiting)),
                false => Err(Refused {
                    code: "host_not_allowed",
                    message: "this shop is not on the list of those that may be asked".to_owned(),
                    next: Some("list_shops {}".to_owned()),
                }),
            }
        }

        async fn status(&self, id: &str, caller: &str) -> Result<CrawlAnswer, Refused> {
            match (id, caller) {
                ("1", "local") => Ok(crawl(CrawlState::Running)),
                ("2", "local") => Ok(crawl(CrawlState::Partial)),
                ("3", "local") => Ok(crawl(CrawlState::Failed)),
                ("4", "local") => Ok(crawl(CrawlState::Complete)),
                _ => Err(Refused {
                    code: "unknown_crawl",
                    message: "no such crawl".to_owned(),
                    next: None,
                }),
            }
        }
    }

    fn crawl(state: CrawlState) -> CrawlAnswer {
        CrawlAnswer {
            id: "1".to_owned(),
            shops: match state {
                CrawlState::Complete => vec!["lamps.example".to_owned(), "hats.example".to_owned()],
                _ => vec!["lamps.example".to_owned()],
            },
            state,
            created_at: at("2026-11-21"),
            moved_at: at("2026-11-21"),
            note: None,
        }
    }

    /// Returns the world, in which crawls may be asked for.
    pub(in crate::tools) async fn acting() -> (Context, Arc<Fake>) {
        let fake = Arc::new(Fake::default());
        let crawls = Arc::clone(&fake);
        let world = Context {
            crawls: Some(crawls),
            ..world().await
        };
        (world, fake)
    }

    #[tokio::test]
    async fn a_crawl_is_asked_for_in_the_callers_name() {
        let (world, fake) = acting().await;
        let arguments = json!({"shop": " https://lamps.example ", "depth": 2});
        let answer = call(&world, "request_crawl", arguments).await.unwrap();
        assert_eq!(
            (&answer["crawl_id"], &answer["state"], &answer["next"]),
            (
                &json!("1"),
                &json!("waiting"),
                &json!("get_crawl_status {\"crawl_id\":\"1\"} in a minute")
            )
        );
        let order = CrawlOrder {
            shop: "https://lamps.example".to_owned(),
            depth: Some(2),
            caller: "local".to_owned(),
        };
        assert_eq!(*fake.orders.lock().unwrap(), [order]);
    }

    #[tokio::test]
    async fn a_refusal_keeps_its_reason() {
        let (world, _) = acting().await;
        let error = call(&world, "request_crawl", json!({"shop": "evil.example"})).await;
        let error = error.unwrap_err();
        assert_eq!(
            (error.code, error.next.as_deref()),
            ("host_not_allowed", Some("list_shops {}"))
        );
    }

    #[tokio::test]
    async fn what_names_no_shop_is_never_asked_for() {
        let (world, fake) = acting().await;
        for shop in ["", " ", "a b", "a\nb", "\u{0}", &"a".repeat(301)] {
            let error = call(&world, "request_crawl", json!({"shop": shop})).await;
            assert_eq!(
                error.unwrap_err().field.as_deref(),
                Some("shop"),
                "{shop:?}"
            );
        }
        let error = call(
            &world,
            "request_crawl",
            json!({"shop": "lamps.example", "depth": 0}),
        );
        assert_eq!(error.await.unwrap_err().field.as_deref(), Some("depth"));
        assert_eq!(*fake.orders.lock().unwrap(), []);
    }

    #[tokio::test]
    async fn a_server_that_only_looks_says_so() {
        let world = world().await;
        for (tool, arguments) in [
            ("request_crawl", json!({"shop": "lamps.example"})),
            ("get_crawl_status", json!({"crawl_id": "1"})),
        ] {
            let error = call(&world, tool, arguments).await.unwrap_err();
            assert_eq!(error.code, "actions_off");
            assert!(error.next.unwrap().contains("--enable-actions"));
        }
    }
}
