//! Crawls that assistants ask for, done by `serve`.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Catalogue, FakeShop, FaultPlan, NORTH_LOFT};

use super::assistant::{Assistant, error, structured};
use super::endpoint::Endpoint;
use crate::agents::{slow, slow_shop, until};
use crate::program::{Home, PROGRAM};

/// The hashes are those of `alice-token` and `bob-token`; both may have shops crawled.
const TOKENS: &str = r#"
[http]
tokens = [
    { caller = "alice", sha256 = "9c220f200955d76c0a38d308225e0ef10c5f971acaf2f8d1d8f732affa5bd1dc" },
    { caller = "bob", sha256 = "97dd3707015dcf069cf73022ed7173b1165db6eff24b441cb57fd069a8c4e525" },
]
"#;

/// Returns a server with workers that may crawl `shop`. It goes by the real clock.
fn serve(home: &Home, shop: &FakeShop) -> Command {
    serve_with(home, shop, "", "")
}

fn serve_with(home: &Home, shop: &FakeShop, mcp: &str, others: &str) -> Command {
    let limits = "calls_per_second = 1000\nburst = 1000";
    let hosts = format!("crawl_hosts = [{:?}]", shop.url());
    let config = format!("[mcp]\n{hosts}\n{limits}\n{mcp}\n{others}");
    home.write("config.toml", config);
    let mut command = home.bare_command(Path::new(PROGRAM));
    command
        .args(["serve", "--mcp", "127.0.0.1:0", "--enable-actions"])
        .args(["--listen", "127.0.0.1:0", "--ops", "none"])
        .args(["--allow-private", "127.0.0.0/8", "--rps", "unlimited"])
        .args(["--store", "sqlite:shops.db", "--config", "config.toml"]);
    command
}

async fn until_ended(server: &Endpoint, id: &Value) -> Value {
    let mut crawl = Value::Null;
    until("the crawl ends", async || {
        let status = server.call("", "get_crawl_status", &json!({ "crawl_id": id }));
        crawl = structured(&status);
        !matches!(crawl["state"].as_str(), Some("waiting" | "running"))
    })
    .await;
    crawl
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_is_crawled_on_request_once_at_a_time() {
    let (home, shop) = (Home::new(), slow_shop(30).await);
    let mut server = Endpoint::start(serve(&home, &shop));
    let order = json!({ "shop": shop.url() });
    // The crawl is not over before it is asked for again, on any machine.
    shop.set_plan(FaultPlan::none().latency(Duration::from_secs(3)));
    let asked = structured(&server.call("", "request_crawl", &order));
    let again = structured(&server.call("", "request_crawl", &order));
    assert_eq!(asked["crawl_id"], again["crawl_id"]);
    shop.set_plan(slow());
    let crawl = until_ended(&server, &asked["crawl_id"]).await;
    assert_eq!(crawl["state"], "complete", "{crawl}");
    let shops = structured(&server.call("", "list_shops", &json!({})));
    assert_eq!(shops["shops"][0]["products"], 30, "{shops}");
    // It ended, and its owner is not bothered again so soon.
    let refused = error(&server.call("", "request_crawl", &order));
    assert_eq!(refused["code"], "crawled_lately", "{refused}");
    assert_eq!(server.terminate(), Some(0), "{}", server.said());
    let mut server = Endpoint::start(serve_with(&home, &shop, "crawl_again_minutes = 0", ""));
    let next = structured(&server.call("", "request_crawl", &order));
    assert_ne!(next["crawl_id"], asked["crawl_id"]);
    assert_eq!(
        until_ended(&server, &next["crawl_id"]).await["state"],
        "complete"
    );
    assert_eq!(server.terminate(), Some(0), "{}", server.said());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_is_crawled_once_for_two_callers_and_each_sees_its_own() {
    let (home, shop) = (Home::new(), slow_shop(2_510).await);
    shop.set_plan(FaultPlan::none().latency(Duration::from_secs(3)));
    let server = Endpoint::start(serve_with(&home, &shop, "", TOKENS));
    let order = json!({ "shop": shop.url() });
    let asked = structured(&server.call("alice-token", "request_crawl", &order));
    let refused = error(&server.call("bob-token", "request_crawl", &order));
    assert_eq!(refused["code"], "crawl_under_way", "{refused}");
    let id = asked["crawl_id"].as_str().unwrap();
    assert!(!refused.to_string().contains(id), "{refused}");
    let again = structured(&server.call("alice-token", "request_crawl", &order));
    assert_eq!(again["crawl_id"], asked["crawl_id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_shops_that_the_operator_named_are_crawled() {
    let (home, shop) = (Home::new(), slow_shop(3).await);
    let server = Endpoint::start(serve(&home, &shop));
    for (shop, code) in [
        ("https://evil.example/?x=secret", "host_not_allowed"),
        ("http://169.254.169.254/latest", "host_not_allowed"),
        ("file:///etc/passwd", "invalid_shop"),
        ("a b", "invalid_argument"),
    ] {
        let refused = error(&server.call("", "request_crawl", &json!({ "shop": shop })));
        assert_eq!(refused["code"], code, "{refused}");
    }
    let catalogue = Catalogue::generate(&NORTH_LOFT, 5, 5).to_json();
    home.write("kith.json", catalogue);
    home.ok(["import", "kith.json", "--store", "sqlite:shops.db"]);
    let imported = error(&server.call("", "request_crawl", &json!({ "shop": "kith" })));
    assert_eq!(imported["code"], "no_address", "{imported}");
    assert_eq!(imported["next"], "trouvaille crawl https://SHOP");
    let unknown = error(&server.call("", "get_crawl_status", &json!({ "crawl_id": "no-such" })));
    assert_eq!(unknown["code"], "unknown_crawl", "{unknown}");
    let order = json!({ "shop": shop.url() });
    let asked = structured(&server.call("", "request_crawl", &order));
    until_ended(&server, &asked["crawl_id"]).await;
    home.ok(["shops", "pause", &shop.url(), "--store", "sqlite:shops.db"]);
    let refused = error(&server.call("", "request_crawl", &order));
    assert_eq!(refused["code"], "shop_paused", "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_clients_are_answered_while_a_shop_is_crawled() {
    let (home, shop) = (Home::new(), slow_shop(2_510).await);
    let server = Endpoint::start(serve(&home, &shop));
    let order = json!({ "shop": shop.url() });
    let asked = structured(&server.call("", "request_crawl", &order));
    shop.wait_for_requests(4).await;
    let command = home.command(["mcp", "--store", "sqlite:shops.db"]);
    let mut assistant = Assistant::start(command);
    let mut n_calls = 0;
    loop {
        let status = server.call(
            "",
            "get_crawl_status",
            &json!({ "crawl_id": asked["crawl_id"] }),
        );
        let crawl = structured(&status);
        structured(&assistant.call("list_shops", json!({})));
        structured(&assistant.call("search_products", json!({"query": "lamp"})));
        n_calls += 1;
        if !matches!(crawl["state"].as_str(), Some("waiting" | "running")) {
            assert_eq!(crawl["state"], "complete", "{crawl}");
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        assert!(n_calls < 300, "{crawl}");
    }
}
