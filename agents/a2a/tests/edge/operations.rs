//! Operations over both bindings, done by a worker, as any client sees them.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{Server, V1};
use crate::world::work;

const CT: &str = "Content-Type: application/json";
const SEQ: &str = "https://trouvaille.example/ext/crawl/v1/seq";

/// A server of the compatibility kit's behaviours, with a worker.
async fn working() -> (Server, JoinSet<()>) {
    let server = Server::conformance().await;
    let mut worker = JoinSet::new();
    worker.spawn(work(server.context.clone(), true));
    (server, worker)
}

fn self_test(pages: u32) -> Value {
    let part = json!({"data": {"pages": pages, "pageMs": 0}, "mediaType": "application/json"});
    json!({"message": {"messageId": "m", "role": "ROLE_USER", "parts": [part]}})
}

/// Asks for a stream over a binding, and returns what it says one after the other.
async fn stream(server: &Server, binding: &str, method: &str, params: &Value) -> Vec<Value> {
    let after = params["after"].as_str().unwrap_or_default();
    let after = format!("A2A-After-Seq: {after}");
    let mut headers = vec![V1, CT];
    headers.extend((params["after"].is_string()).then_some(after.as_str()));
    let answer = if binding == "JSONRPC" {
        let mut params = params.clone();
        params.as_object_mut().unwrap().remove("after");
        server.call_with("/a2a/v1", method, &params, &headers).await
    } else {
        let line = match method {
            "SubscribeToTask" => format!("tasks/{}:subscribe", params["id"].as_str().unwrap()),
            _ => "message:stream".to_owned(),
        };
        let line = format!("POST /a2a/rest/{line}");
        server
            .ask(&line, &headers, params.to_string().as_bytes())
            .await
    };
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let body = String::from_utf8(answer.body).unwrap();
    let data = body.lines().filter_map(|line| line.strip_prefix("data:"));
    data.map(|it| serde_json::from_str::<Value>(it).unwrap())
        .map(|it| it.get("result").cloned().unwrap_or(it))
        .collect()
}

fn seq_of(told: &Value) -> f64 {
    let (_, told) = told.as_object().unwrap().iter().next().unwrap();
    told["metadata"][SEQ].as_f64().unwrap()
}

#[tokio::test]
async fn a_stream_is_a_task_and_then_every_event_on_both_bindings() {
    let (server, _worker) = working().await;
    for binding in ["JSONRPC", "HTTP+JSON"] {
        let told = stream(&server, binding, "SendStreamingMessage", &self_test(2)).await;
        let kinds: Vec<_> = told
            .iter()
            .flat_map(|it| it.as_object().unwrap().keys())
            .collect();
        let wanted = [
            "task",
            "statusUpdate",
            "statusUpdate",
            "artifactUpdate",
            "statusUpdate",
        ];
        assert_eq!(kinds, wanted, "{binding}");
        let numbers: Vec<_> = told.iter().map(seq_of).collect();
        assert_eq!(numbers, [1.0, 2.0, 3.0, 4.0, 5.0], "{binding}");
        assert_eq!(
            told[4]["statusUpdate"]["status"]["state"],
            "TASK_STATE_COMPLETED"
        );
    }
}

#[tokio::test]
async fn a_broken_stream_is_taken_up_where_it_was_on_both_bindings() {
    let (server, _worker) = working().await;
    let answer = server.call("SendMessage", &self_test(3)).await.json();
    let id = answer["result"]["task"]["id"].clone();
    for binding in ["JSONRPC", "HTTP+JSON"] {
        let params = json!({"id": id, "after": "4"});
        let told = stream(&server, binding, "SubscribeToTask", &params).await;
        let numbers: Vec<_> = told.iter().map(seq_of).collect();
        assert_eq!(
            numbers,
            [6.0, 5.0, 6.0],
            "{binding}: the task, and what was missed"
        );
    }
}

#[tokio::test]
async fn a_page_of_no_tasks_or_too_many_is_refused_on_both_bindings() {
    let server = Server::start().await;
    for size in ["0", "-1", "101", "-2147483648"] {
        let params = json!({"pageSize": size.parse::<i32>().unwrap()});
        let answer = server.call("ListTasks", &params).await;
        assert_eq!(answer.json()["error"]["code"], -32602, "{size}");
        assert_eq!(answer.json()["id"], 7);
        let answer = server
            .get(&format!("/a2a/rest/tasks?pageSize={size}"), &[V1])
            .await;
        assert_eq!(
            (answer.status, answer.reason().as_str()),
            (400, "INVALID_PARAMS"),
            "{size}"
        );
    }
}

#[tokio::test]
async fn many_subscribers_are_told_the_same_to_the_end() {
    let server = Arc::new(Server::conformance().await);
    let params =
        json!({"configuration": {"returnImmediately": true}, "message": self_test(5)["message"]});
    let answer = server.call("SendMessage", &params).await.json();
    let id = answer["result"]["task"]["id"].clone();
    let mut all = JoinSet::new();
    for n in 0..50 {
        let (server, params) = (Arc::clone(&server), json!({ "id": id }));
        let binding = if n % 2 == 0 { "JSONRPC" } else { "HTTP+JSON" };
        all.spawn(async move { stream(&server, binding, "SubscribeToTask", &params).await });
    }
    // The work begins when the last of them may still be on its way: some are told more of it, some less.
    let work = work(server.context.clone(), true);
    let told = tokio::select! {
        told = all.join_all() => told,
        () = work => Vec::new(),
    };
    assert_eq!(told.len(), 50);
    for told in told {
        let numbers: Vec<_> = told.iter().map(|it| seq_of(it) as u32).collect();
        assert_eq!(numbers, (numbers[0]..=8).collect::<Vec<_>>());
    }
}
