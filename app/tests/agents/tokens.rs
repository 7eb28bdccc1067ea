//! Two callers with tokens of their own, on one process.

use serde_json::{Value, json};

use super::replica::{Replica, assert_gap_free};
use super::{SHORT_LEASE, STORE, server, slow_shop};
use crate::program::Home;

/// The hashes are those of `alice-token` and `bob-token`.
const CONFIG: &str = r#"
[http]
tokens = [
    { caller = "alice", sha256 = "9c220f200955d76c0a38d308225e0ef10c5f971acaf2f8d1d8f732affa5bd1dc" },
    { caller = "bob", sha256 = "97dd3707015dcf069cf73022ed7173b1165db6eff24b441cb57fd069a8c4e525" },
]
"#;

/// Returns what a caller is told of a task, without the task's own name and the moment.
async fn told(agent: &Replica, method: &str, id: &str) -> String {
    let mut answer = agent.ask(method, &json!({ "id": id })).await;
    answer["error"]["data"][0]["metadata"]["timestamp"].take();
    assert_eq!(answer["error"]["code"], -32001, "{method}: {answer}");
    answer.to_string().replace(id, "ID")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_finds_nothing_of_anothers_tasks() {
    let home = Home::new();
    home.write("config.toml", CONFIG);
    let shop = slow_shop(30).await;
    let mut command = server(&home, &["agent", "shopify"], STORE, SHORT_LEASE);
    command.args(["--config", "config.toml"]);
    let mut agent = Replica::start(command);
    for token in ["", "carol-token"] {
        agent.call_with(token);
        let (status, body) = agent.http("POST", "/a2a/v1", "{}").await;
        assert_eq!(status, 401, "{body}");
    }

    agent.call_with("alice-token");
    let id = agent.crawl(&[shop.url()]).await;
    let events = agent.subscribe(&id).await.collect().await;
    assert_eq!(assert_gap_free(&events), "TASK_STATE_COMPLETED");
    let products = format!("/artifacts/{id}/products.csv");
    let (status, _) = agent.http("GET", &products, "").await;
    assert_eq!(status, 200);

    agent.call_with("bob-token");
    for method in ["GetTask", "CancelTask", "SubscribeToTask"] {
        let (theirs, nobodys) = (
            told(&agent, method, &id).await,
            told(&agent, method, "no-such-task").await,
        );
        assert_eq!(theirs, nobodys, "{method}");
    }
    assert_eq!(agent.http("GET", &products, "").await.0, 404);
    let list = agent.call("ListTasks", &json!({})).await;
    assert_eq!(list["tasks"].as_array().map_or(0, Vec::len), 0, "{list}");

    agent.call_with("alice-token");
    let list: Value = agent.call("ListTasks", &json!({})).await;
    assert_eq!(list["tasks"].as_array().map_or(0, Vec::len), 1, "{list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_for_reading_has_nothing_crawled() {
    let home = Home::new();
    let config = CONFIG.replace("5bd1dc\"", "5bd1dc\", scopes = [\"read\"]");
    home.write("config.toml", config);
    let mut command = server(&home, &["agent", "shopify"], STORE, SHORT_LEASE);
    command.args(["--config", "config.toml"]);
    let mut agent = Replica::start(command);
    agent.call_with("alice-token");
    let message = json!({"message": {
        "messageId": "1", "role": "ROLE_USER", "parts": [{"text": "https://shop.example"}],
    }});
    let refused = agent.ask("SendMessage", &message).await;
    let words = refused["error"]["message"].as_str().unwrap();
    assert!(words.contains("scope crawl"), "{refused}");
    let list = agent.call("ListTasks", &json!({})).await;
    assert_eq!(list["tasks"].as_array().map_or(0, Vec::len), 0, "{list}");
}
