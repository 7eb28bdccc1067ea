//! HTTP+JSON: the same errors by status, and media types as they are asked for.

use serde_json::{Value, json};

use super::{Answer, JSON, Server, V1};

const CT: &str = "Content-Type: application/json";
const A2A: &str = "application/a2a+json";

fn error(answer: &Answer) -> (u16, Value, String) {
    let json = answer.json();
    assert_eq!(json["error"]["code"], answer.status);
    (
        answer.status,
        json["error"]["status"].clone(),
        answer.reason(),
    )
}

#[tokio::test]
async fn a_version_is_said_by_the_header_or_the_query_and_is_1() {
    let server = Server::start().await;
    for (query, version, status) in [
        ("", "A2A-Version: 1.0", 200),
        ("", "A2A-Version: 1", 200),
        ("?A2A-Version=1.0", "X-No: 1", 200),
        ("?a2a-version=1.0", "A2A-Version:", 200),
        ("?A2A-Version=9.9", "X-No: 1", 400),
        ("", "A2A-Version: 9.9", 400),
        ("", "A2A-Version: 0.3", 400),
        ("", "A2A-Version: 1.x", 400),
        ("", "A2A-Version:", 400),
        ("", "X-No: 1", 400),
    ] {
        let path = format!("/a2a/rest/tasks{query}");
        let answer = server.get(&path, &[version]).await;
        assert_eq!(answer.status, status, "{query} {version}");
        if status == 400 {
            let expected = (
                400,
                json!("FAILED_PRECONDITION"),
                "VERSION_NOT_SUPPORTED".to_owned(),
            );
            assert_eq!(error(&answer), expected, "{query} {version}");
        }
    }
}

#[tokio::test]
async fn answers_come_as_json_or_in_the_protocols_own_media_type() {
    let server = Server::start().await;
    for (headers, media_type) in [
        (&[V1][..], JSON),
        (&[V1, "Accept: */*"], JSON),
        (&[V1, "Accept: application/json"], JSON),
        (&[V1, "Accept: application/a2a+json"], A2A),
        (&[V1, "Accept: text/html, Application/A2A+json;q=0.5"], A2A),
        (&[V1, "Content-Type: application/a2a+json"], A2A),
    ] {
        for path in [
            "/a2a/rest/tasks",
            "/a2a/rest/tasks/no-such-task",
            "/a2a/rest/nothing",
        ] {
            let answer = server.get(path, headers).await;
            assert_eq!(
                answer.header("content-type"),
                Some(media_type),
                "{path} {headers:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_task_that_is_not_there_is_told_so() {
    let server = Server::start().await;
    let answer = server.get("/a2a/rest/tasks/no-such-task", &[V1]).await;
    let expected = (404, json!("NOT_FOUND"), "TASK_NOT_FOUND".to_owned());
    assert_eq!(error(&answer), expected);
}

#[tokio::test]
async fn what_the_router_refuses_comes_as_the_protocols_error() {
    let server = Server::start().await;
    for (line, headers, body, status, reason) in [
        (
            "POST /a2a/rest/message:send",
            &[V1, CT][..],
            "{",
            400,
            "PARSE_ERROR",
        ),
        (
            "POST /a2a/rest/message:send",
            &[V1, CT],
            "",
            400,
            "PARSE_ERROR",
        ),
        (
            "POST /a2a/rest/message:stream",
            &[V1, CT],
            "nonsense",
            400,
            "PARSE_ERROR",
        ),
        (
            "POST /a2a/rest/message:send",
            &[V1, CT],
            "[]",
            400,
            "INVALID_PARAMS",
        ),
        (
            "POST /a2a/rest/message:send",
            &[V1, "Content-Type: text/plain"],
            "{}",
            415,
            "CONTENT_TYPE_NOT_SUPPORTED",
        ),
        (
            "POST /a2a/rest/message:send",
            &[V1],
            "{}",
            415,
            "CONTENT_TYPE_NOT_SUPPORTED",
        ),
        (
            "GET /a2a/rest/tasks?pageSize=many",
            &[V1],
            "",
            400,
            "INVALID_PARAMS",
        ),
        ("GET /a2a/rest/nothing", &[V1], "", 404, "METHOD_NOT_FOUND"),
        (
            "GET /a2a/rest/message:send",
            &[V1],
            "",
            405,
            "METHOD_NOT_FOUND",
        ),
        (
            "DELETE /a2a/rest/tasks/t",
            &[V1],
            "",
            405,
            "METHOD_NOT_FOUND",
        ),
        ("GET /nothing", &[], "", 404, "METHOD_NOT_FOUND"),
        ("GET /", &[], "", 404, "METHOD_NOT_FOUND"),
    ] {
        let answer = server.ask(line, headers, body.as_bytes()).await;
        let (found, _, found_reason) = error(&answer);
        assert_eq!(
            (found, found_reason.as_str()),
            (status, reason),
            "{line} {body}"
        );
        assert_eq!(answer.header("allow").is_some(), status == 405, "{line}");
        assert_eq!(answer.header("content-type"), Some(JSON), "{line}");
    }
}

#[tokio::test]
async fn removing_a_push_configuration_answers_an_empty_object() {
    let server = Server::conformance().await;
    let message = json!({"message": {"messageId": "m", "role": "ROLE_USER", "parts": [{"text": "x"}]},
        "configuration": {"returnImmediately": true}});
    let sent = server
        .ask(
            "POST /a2a/rest/message:send",
            &[V1, CT],
            message.to_string().as_bytes(),
        )
        .await;
    let task = sent.json()["task"]["id"].as_str().unwrap().to_owned();
    let path = format!("/a2a/rest/tasks/{task}/pushNotificationConfigs");
    let mut configs = Vec::new();
    for _ in 0..2 {
        let hook = json!({"url": "http://127.0.0.1:9/hook"}).to_string();
        let made = server
            .ask(&format!("POST {path}"), &[V1, CT], hook.as_bytes())
            .await;
        configs.push(made.json()["id"].as_str().unwrap().to_owned());
    }
    let line = format!("DELETE {path}/{}", configs[0]);
    let answer = server.ask(&line, &[V1], b"").await;
    assert_eq!((answer.status, answer.json()), (200, json!({})));
    let params = json!({"taskId": task, "id": configs[1]});
    let answer = server
        .call("DeleteTaskPushNotificationConfig", &params)
        .await;
    assert_eq!(answer.json()["result"], json!({}));
}
