//! The fixtures of the conformance suite are there for whoever starts the server with them, and for nobody else.

use serde_json::{Value, json};

use super::{Ask, NEWEST, OLDER, Served};
use crate::world;

impl Served {
    /// Returns the names in a list.
    async fn listed(&self, method: &str, list: &str, field: &str) -> Vec<String> {
        let answered = self.ask(NEWEST, method, json!({})).await;
        let entries = answered.body["result"][list].as_array().unwrap().iter();
        let names = entries.map(|it| it[field].as_str().unwrap().to_owned());
        names.collect()
    }

    /// Calls a fixture as a client whose user answers.
    async fn call_with(&self, tool: &str, answers: Value) -> Value {
        let mut params = json!({"name": tool});
        let answers = answers.as_object().unwrap().clone();
        params.as_object_mut().unwrap().extend(answers);
        params["_meta"] = super::meta();
        params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({"elicitation": {}});
        let request = self.post().header("MCP-Protocol-Version", NEWEST);
        let request = request
            .header("Mcp-Method", "tools/call")
            .header("Mcp-Name", tool);
        let request = request.body(super::message("tools/call", &params));
        request.answered().await.body
    }

    /// Begins as clients of older revisions do, and returns whether there is a session then.
    async fn begins_session(&self) -> bool {
        let params = json!({
            "protocolVersion": OLDER[0],
            "capabilities": {},
            "clientInfo": {"name": "tests", "version": "1"},
        });
        let request = self.request(OLDER[0], "initialize", params);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        response.headers().contains_key("mcp-session-id")
    }
}

#[tokio::test]
async fn nobody_meets_a_fixture_who_did_not_ask_for_them() {
    let served = Served::new(&world::with_nothing().await).await;
    for (method, list, field) in [
        ("tools/list", "tools", "name"),
        ("prompts/list", "prompts", "name"),
        ("resources/list", "resources", "uri"),
    ] {
        let names = served.listed(method, list, field).await;
        let fixture = names.iter().find(|it| it.starts_with("test"));
        assert_eq!(fixture, None);
    }
    let called = served.call("echo", json!({"text": "hello"})).await;
    assert_eq!(called.code(), -32602, "{called:?}");
    let uri = json!({"uri": "test://static-text"});
    let read = served.ask(NEWEST, "resources/read", uri).await;
    assert_eq!(read.code(), -32602, "{read:?}");
}

#[tokio::test]
async fn the_server_alone_neither_says_nor_does_what_only_fixtures_do() {
    let served = Served::new(&world::with_nothing().await).await;
    let discovered = served.ask(NEWEST, "server/discover", json!({})).await;
    let capabilities = &discovered.body["result"]["capabilities"];
    for only_fixtures in ["logging", "completions", "extensions"] {
        assert!(capabilities.get(only_fixtures).is_none(), "{capabilities}");
    }
    assert!(!served.begins_session().await);
}

#[tokio::test]
async fn fixtures_stand_before_what_the_server_has() {
    let context = world::with_nothing().await;
    let own = Served::new(&context).await;
    let with_fixtures = Served::with_fixtures(&context).await;
    for (method, list, field) in [
        ("tools/list", "tools", "name"),
        ("prompts/list", "prompts", "name"),
        ("resources/list", "resources", "uri"),
    ] {
        let names = with_fixtures.listed(method, list, field).await;
        assert!(names[0].starts_with("test"), "{names:?}");
        assert!(names.ends_with(&own.listed(method, list, field).await));
    }
}

#[tokio::test]
async fn a_fixture_answers_what_it_is_given() {
    let served = Served::with_fixtures(&world::with_nothing().await).await;
    let called = served.call("echo", json!({"text": "hello"})).await;
    assert_eq!(called.body["result"]["content"][0]["text"], "hello");
    assert_eq!(called.body["result"]["resultType"], "complete");
}

#[tokio::test]
async fn a_state_that_was_changed_is_refused() {
    let served = Served::with_fixtures(&world::with_nothing().await).await;
    let tool = "test_input_required_result_request_state";
    let asked = served.call_with(tool, json!({})).await;
    let state = asked["result"]["requestState"].as_str().unwrap();
    let with_state = |state: &str| {
        let confirm = json!({"action": "accept", "content": {"ok": true}});
        json!({"requestState": state, "inputResponses": {"confirm": confirm}})
    };
    let changed = with_state(&format!("A{state}"));
    let refused = served.call_with(tool, changed).await;
    assert_eq!(refused["error"]["code"], -32602, "{refused}");
    let done = served.call_with(tool, with_state(state)).await;
    let text = done["result"]["content"][0]["text"].as_str().unwrap();
    assert!(text.starts_with("state-ok"), "{text}");
}

#[tokio::test]
async fn the_fixtures_have_sessions_for_clients_of_older_revisions() {
    let served = Served::with_fixtures(&world::with_nothing().await).await;
    assert!(served.begins_session().await);
}
