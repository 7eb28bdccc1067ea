//! JSON-RPC: every failure is in an envelope, and every way to the one path leads there.

use serde_json::json;

use super::{JSON, Server, V1};

const CT: &str = "Content-Type: application/json";

#[tokio::test]
async fn the_path_is_found_with_a_slash_and_without() {
    let server = Server::start().await;
    for path in ["/a2a/v1", "/a2a/v1/"] {
        let params = json!({"id": "no-such-task"});
        let answer = server.call_with(path, "GetTask", &params, &[V1, CT]).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json()["error"]["code"], -32001);
        assert_eq!(answer.json()["id"], 7);
        assert_eq!(answer.reason(), "TASK_NOT_FOUND");
    }
}

#[tokio::test]
async fn a_version_is_said_by_the_header_or_the_query_and_is_1() {
    let server = Server::start().await;
    let params = json!({"id": "t"});
    for (path, version, code) in [
        ("/a2a/v1", "A2A-Version: 1.0", -32001),
        ("/a2a/v1?A2A-Version=1.0", "X-No: 1", -32001),
        ("/a2a/v1?A2A-Version=1.0", "A2A-Version:", -32001),
        ("/a2a/v1?A2A-Version=9.9", "A2A-Version: 1.0", -32001),
        ("/a2a/v1?A2A-Version=9.9", "X-No: 1", -32009),
        ("/a2a/v1", "A2A-Version: 9.9", -32009),
        ("/a2a/v1", "A2A-Version: 0.3", -32009),
        ("/a2a/v1", "A2A-Version:", -32009),
        ("/a2a/v1", "X-No: 1", -32009),
    ] {
        let answer = server
            .call_with(path, "GetTask", &params, &[version, CT])
            .await;
        assert_eq!(answer.json()["error"]["code"], code, "{path} {version}");
    }
}

#[tokio::test]
async fn a_body_that_is_not_said_to_be_json_is_refused() {
    let server = Server::start().await;
    for headers in [&[V1, "Content-Type: text/plain"][..], &[V1]] {
        let answer = server.ask("POST /a2a/v1", headers, b"{}").await;
        assert_eq!(answer.json()["error"]["code"], -32005);
        assert_eq!(answer.header("content-type"), Some(JSON));
    }
    for media_type in ["application/json; charset=utf-8", "Application/A2A+JSON"] {
        let header = format!("Content-Type: {media_type}");
        let params = json!({"id": "t"});
        let answer = server
            .call_with("/a2a/v1", "GetTask", &params, &[V1, &header])
            .await;
        assert_eq!(answer.json()["error"]["code"], -32001, "{media_type}");
    }
}

#[tokio::test]
async fn what_is_no_request_is_told_so_in_an_envelope() {
    let server = Server::start().await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for (body, code) in [
        ("{", -32700),
        ("", -32700),
        (deep.as_str(), -32600),
        ("[]", -32600),
        ("{}", -32600),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"message/send","params":{}}"#,
            -32601,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"GetTask","params":[1]}"#,
            -32602,
        ),
    ] {
        let answer = server.ask("POST /a2a/v1", &[V1, CT], body.as_bytes()).await;
        assert_eq!(answer.json()["error"]["code"], code, "{body:.60}");
        assert_eq!(answer.json()["jsonrpc"], "2.0");
    }
}

#[tokio::test]
async fn another_method_and_another_path_are_told_so_in_an_envelope() {
    let server = Server::start().await;
    let answer = server.get("/a2a/v1", &[V1]).await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")));
    assert_eq!(answer.json()["error"]["code"], -32601);
    let answer = server.ask("POST /a2a/v1/tasks", &[V1, CT], b"{}").await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.json()["error"]["code"], -32601);
}

#[tokio::test]
async fn a_body_of_ten_megabytes_gets_an_answer_and_no_work() {
    let server = Server::start().await;
    let body = vec![b' '; 10 << 20];
    for (path, member) in [("/a2a/v1", "jsonrpc"), ("/a2a/rest/message:send", "error")] {
        let answer = server.ask(&format!("POST {path}"), &[V1, CT], &body).await;
        assert_eq!(answer.status, 413, "{path}");
        assert!(answer.json().get(member).is_some(), "{path}");
        assert_eq!(answer.reason(), "INVALID_REQUEST");
        assert_eq!(answer.header("content-type"), Some(JSON));
    }
}

#[tokio::test]
async fn who_asks_before_sending_too_much_need_not_send_it() {
    let server = Server::start().await;
    let headers = [V1, CT, "Expect: 100-continue", "Content-Length: 5000000"];
    let answer = server.ask_head("POST /a2a/v1", &headers).await;
    assert_eq!(answer.status, 413);
}

#[tokio::test]
async fn a_caller_cannot_name_itself() {
    let server = Server::conformance().await;
    let message =
        json!({"message": {"messageId": "m", "role": "ROLE_USER", "parts": [{"text": "x"}]}});
    let alice = [V1, CT, "Test-Caller: alice"];
    let sent = server
        .call_with("/a2a/v1", "SendMessage", &message, &alice)
        .await;
    let task = sent.json()["result"]["task"]["id"].clone();
    assert!(task.is_string(), "{}", sent.json());
    let params = json!({"id": task});
    for (headers, is_there) in [
        (&[V1, CT, "Test-Caller: alice"][..], true),
        (
            &[V1, CT, "Test-Caller: alice", "X-Trouvaille-Caller: bob"],
            true,
        ),
        (
            &[V1, CT, "Test-Caller: bob", "X-Trouvaille-Caller: alice"],
            false,
        ),
        (&[V1, CT, "X-Trouvaille-Caller: alice"], false),
    ] {
        let answer = server
            .call_with("/a2a/v1", "GetTask", &params, headers)
            .await;
        assert_eq!(
            answer.json().get("result").is_some(),
            is_there,
            "{headers:?}"
        );
    }
}

#[tokio::test]
async fn a_caller_who_may_only_read_has_nothing_done() {
    let server = Server::conformance().await;
    let message =
        json!({"message": {"messageId": "m", "role": "ROLE_USER", "parts": [{"text": "x"}]}});
    let reader = [V1, CT, "Test-Caller: reader", "X-Trouvaille-Reads-Only:"];
    let refused = server
        .call_with("/a2a/v1", "SendMessage", &message, &reader)
        .await;
    let error = refused.json()["error"].clone();
    assert_eq!(error["code"], -32004, "{error}");
    let words = error["message"].as_str().unwrap();
    assert!(words.starts_with("permission denied"), "{words}");
    let body = message.to_string();
    let refused = server
        .ask("POST /a2a/rest/message:send", &reader, body.as_bytes())
        .await;
    assert_eq!(refused.status, 400, "{}", refused.json());
    let listed = server
        .call_with("/a2a/v1", "ListTasks", &json!({}), &reader)
        .await;
    let tasks = listed.json()["result"]["tasks"].clone();
    assert_eq!(tasks.as_array().map_or(0, Vec::len), 0, "{tasks}");
    // Whoever may have work done is not hindered by what it says of itself.
    let sender = [V1, CT, "Test-Caller: alice", "X-Trouvaille-Reads-Only: 1"];
    let sent = server
        .call_with("/a2a/v1", "SendMessage", &message, &sender)
        .await;
    assert!(sent.json()["result"]["task"]["id"].is_string());
}

#[tokio::test]
async fn our_extension_is_confirmed_to_whoever_asks_for_it() {
    let server = Server::start().await;
    let extension = "https://trouvaille.example/ext/crawl/v1";
    let asked = format!("A2A-Extensions: https://other.example, {extension}");
    let params = json!({"id": "t"});
    let answer = server
        .call_with("/a2a/v1", "GetTask", &params, &[V1, CT, &asked])
        .await;
    assert_eq!(answer.header("a2a-extensions"), Some(extension));
    let answer = server.call("GetTask", &params).await;
    assert_eq!(answer.header("a2a-extensions"), None);
}
