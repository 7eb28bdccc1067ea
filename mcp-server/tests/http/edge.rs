//! Requests that get no further than to the edge.

use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN};
use serde_json::{Value, json};

use super::{Answered, Ask, NEWEST, Served, message, meta};
use crate::world;

async fn served() -> Served {
    Served::new(&world::with_shops().await).await
}

/// Returns whether a refusal says which setting would allow the call.
fn names(answered: &Answered, setting: &str) -> bool {
    let message = &answered.body["error"]["message"];
    message.as_str().is_some_and(|it| it.contains(setting))
}

#[tokio::test]
async fn web_pages_of_strangers_are_refused() {
    let served = served().await;
    let asked = [
        ("https://evil.example", 403),
        ("null", 403),
        ("http://localhost.evil.example", 403),
        ("https://app.example.com:8443", 403),
        ("https://app.example.com", 200),
        ("http://localhost:3000", 200),
        ("http://127.0.0.1:8900", 200),
        ("http://[::1]:1", 200),
    ];
    for (origin, status) in asked {
        let request = served.request(NEWEST, "tools/list", json!({}));
        let answered = request.header(ORIGIN, origin).answered().await;
        assert_eq!(answered.status, status, "{origin}");
        assert_eq!(names(&answered, "mcp.allowed_origins"), status == 403);
    }
}

#[tokio::test]
async fn other_names_of_this_machine_are_refused() {
    let served = served().await;
    let asked = [
        ("evil.example", 403),
        ("localhost:8900", 200),
        ("[::1]:8900", 200),
        ("mcp.example.com", 200),
    ];
    for (host, status) in asked {
        let request = served.request(NEWEST, "tools/list", json!({}));
        let answered = request.header(HOST, host).answered().await;
        assert_eq!(answered.status, status, "{host}");
        assert_eq!(names(&answered, "mcp.allowed_hosts"), status == 403);
    }
}

#[tokio::test]
async fn a_body_that_is_not_json_is_a_parse_error() {
    let served = served().await;
    for body in ["", "{bad json", "{\"jsonrpc\":", "nonsense"] {
        let answered = served.post().body(body).answered().await;
        assert_eq!((answered.status, answered.code()), (400, -32700), "{body}");
        assert_eq!(answered.body["id"], Value::Null);
    }
    let answered = served.post().body(vec![b'"', 0xff, b'"']).answered().await;
    assert_eq!((answered.status, answered.code()), (400, -32700));
}

#[tokio::test]
async fn json_that_is_no_message_is_an_invalid_request() {
    let served = served().await;
    let bodies = [
        ("[]", Value::Null),
        ("7", Value::Null),
        ("{}", Value::Null),
        (r#"{"jsonrpc":"2.0","id":7}"#, json!(7)),
        (
            r#"{"jsonrpc":"1.0","id":7,"method":"tools/list"}"#,
            json!(7),
        ),
        (r#"{"jsonrpc":"2.0","id":"a","method":7}"#, json!("a")),
        (
            r#"{"jsonrpc":"2.0","id":7,"method":"tools/list","params":[1]}"#,
            json!(7),
        ),
        (r#"["2.0",7,"tools/list",null,null]"#, Value::Null),
        (
            r#"{"jsonrpc":"2.0","id":{},"method":"tools/list"}"#,
            Value::Null,
        ),
        (
            r#"[{"jsonrpc":"2.0","id":7,"method":"tools/list"}]"#,
            Value::Null,
        ),
        (r#"{"jsonrpc":"1.0","id":7,"result":{}}"#, Value::Null),
    ];
    for (body, id) in bodies {
        let answered = served.post().body(body).answered().await;
        assert_eq!((answered.status, answered.code()), (400, -32600), "{body}");
        assert_eq!(answered.body["id"], id, "{body}");
    }
}

#[tokio::test]
async fn deep_nesting_is_refused() {
    let served = served().await;
    for n in [100, 100_000] {
        let nested = format!("{}{}", "[".repeat(n), "]".repeat(n));
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"x":{nested}}}}}"#
        );
        let answered = served.post().body(body).answered().await;
        assert_eq!((answered.status, answered.code()), (400, -32600));
    }
}

#[tokio::test]
async fn brackets_in_texts_are_no_nesting() {
    let served = served().await;
    let text = format!("\\\"{}", "[".repeat(500));
    let params = json!({"name": "list_shops", "arguments": {"cursor": text}});
    let answered = served.ask(NEWEST, "tools/call", params).await;
    assert_eq!(answered.tool_error()["field"], "cursor");
}

#[tokio::test]
async fn a_large_body_is_refused() {
    let served = served().await;
    let body = " ".repeat(9_000_000);
    let answered = served.post().body(body).answered().await;
    assert_eq!(answered.status, 413);
    let params = json!({"x": "y".repeat(200 << 10)});
    let answered = served.ask(NEWEST, "tools/list", params).await;
    assert_eq!(answered.status, 200);
}

#[tokio::test]
async fn only_post_is_allowed() {
    let served = served().await;
    let client = &served.client;
    let requests = [client.get(&served.url), client.delete(&served.url)];
    for request in requests {
        let response = request.header("Accept", "text/event-stream").send().await;
        let response = response.unwrap();
        assert_eq!(response.status(), 405);
        assert_eq!(response.headers()["Allow"], "POST");
    }
}

#[tokio::test]
async fn another_content_type_is_refused() {
    let served = served().await;
    let request = served.client.post(&served.url);
    let request = request.header("Accept", "application/json, text/event-stream");
    let request = request.header(CONTENT_TYPE, "text/plain");
    let answered = request.body("{}").answered().await;
    assert_eq!(answered.status, 415);
}

#[tokio::test]
async fn headers_that_say_other_than_the_body_are_refused() {
    let served = served().await;
    let params = json!({"name": "list_shops", "_meta": meta()});
    let body = message("tools/call", &params);
    let headers: [&[(&str, &str)]; 4] = [
        &[("Mcp-Method", "tools/call"), ("Mcp-Name", "get_product")],
        &[("Mcp-Method", "tools/list"), ("Mcp-Name", "list_shops")],
        &[("Mcp-Method", "tools/call")],
        &[],
    ];
    for headers in headers {
        let mut request = served.post().header("MCP-Protocol-Version", NEWEST);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answered = request.body(body.clone()).answered().await;
        assert_eq!((answered.status, answered.code()), (400, -32020));
    }
    let answered = served.post().body(body).answered().await;
    assert_eq!((answered.status, answered.code()), (400, -32020));
}

#[tokio::test]
async fn the_newest_revision_asks_for_its_metadata() {
    let served = served().await;
    let request = served.post().header("MCP-Protocol-Version", NEWEST);
    let request = request.header("Mcp-Method", "tools/list");
    let answered = request.body(message("tools/list", &json!({}))).answered();
    let answered = answered.await;
    assert_eq!((answered.status, answered.code()), (400, -32602));
}

#[tokio::test]
async fn an_unknown_method_is_not_found() {
    let served = served().await;
    let answered = served.ask(NEWEST, "tools/destroy", json!({})).await;
    assert_eq!((answered.status, answered.code()), (404, -32601));
    let answered = served.ask("2025-11-25", "tools/destroy", json!({})).await;
    assert_eq!((answered.status, answered.code()), (200, -32601));
    let request = served.request(NEWEST, "initialize", json!({}));
    let request = request.header("MCP-Protocol-Version", NEWEST);
    let answered = request.answered().await;
    assert_eq!((answered.status, answered.code()), (404, -32601));
}

#[tokio::test]
async fn there_is_nothing_to_complete_with() {
    let served = served().await;
    let params = json!({
        "ref": {"type": "ref/prompt", "name": "top_k_brief"},
        "argument": {"name": "k", "value": "1"},
    });
    let answered = served.ask("2025-11-25", "completion/complete", params);
    let answered = answered.await;
    assert_eq!(answered.body["result"]["completion"]["values"], json!([]));
    let called = [("mcp.completion/complete", "OK")];
    assert_eq!(served.called(), called);
}

#[tokio::test]
async fn a_known_method_with_other_parameters_says_so() {
    let served = served().await;
    let params = json!({"name": "list_shops", "arguments": [1]});
    let answered = served.ask(NEWEST, "tools/call", params).await;
    assert_eq!(answered.code(), -32602);
}

#[tokio::test]
async fn an_unknown_tool_names_the_near_ones() {
    let served = served().await;
    let answered = served.call("list_shop", json!({})).await;
    assert_eq!((answered.status, answered.code()), (200, -32602));
    assert_eq!(answered.body["error"]["data"]["nearest"][0], "list_shops");
}

#[tokio::test]
async fn a_notification_is_taken() {
    let served = served().await;
    let body = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    let answered = served.post().body(body).answered().await;
    assert_eq!(answered.status, 202);
    assert_eq!(served.called(), [("mcp.notification", "OK")]);
}

#[tokio::test]
async fn calls_are_told_to_whoever_counts_them() {
    let served = served().await;
    served.call("list_shops", json!({})).await;
    served.call("list_shops", json!({"cursor": "x"})).await;
    served.call("no_such_tool", json!({})).await;
    served.ask(NEWEST, "tools/list", json!({})).await;
    served.ask(NEWEST, "a/b", json!({})).await;
    served.post().body("{").answered().await;
    let called = [
        ("mcp.list_shops", "OK"),
        ("mcp.list_shops", "invalid_argument"),
        ("mcp.tools/call", "unknown_tool"),
        ("mcp.tools/list", "OK"),
        ("mcp.unknown", "unknown_method"),
        ("mcp.unknown", "invalid_request"),
    ];
    assert_eq!(served.called(), called);
}
