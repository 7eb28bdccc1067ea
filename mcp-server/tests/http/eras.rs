//! Every revision of the protocol at the same address.

use serde_json::json;

use super::{Ask, NEWEST, OLDER, Served, message};
use crate::world;

#[tokio::test]
async fn every_revision_calls_the_same_tools() {
    let served = Served::new(&world::with_shops().await).await;
    for revision in OLDER.into_iter().chain([NEWEST]) {
        let params = json!({"name": "list_shops", "arguments": {"limit": 1}});
        let answered = served.ask(revision, "tools/call", params).await;
        assert_eq!(answered.status, 200, "{revision}: {answered:?}");
        assert_eq!(answered.answer()["shops"][0]["shop"], "hats.example");
    }
}

#[tokio::test]
async fn older_revisions_shake_hands() {
    let served = Served::new(&world::with_shops().await).await;
    for revision in OLDER {
        let params = json!({
            "protocolVersion": revision,
            "capabilities": {},
            "clientInfo": {"name": "tests", "version": "1"},
        });
        let answered = served.ask(revision, "initialize", params).await;
        let result = &answered.body["result"];
        assert_eq!(result["protocolVersion"], revision);
        assert_eq!(result["serverInfo"]["name"], "trouvaille");
        assert_eq!(result.get("resultType"), None);
    }
}

#[tokio::test]
async fn an_older_client_gets_no_session() {
    let served = Served::new(&world::with_shops().await).await;
    let params = json!({
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "tests", "version": "1"},
    });
    let response = served.request("2025-11-25", "initialize", params).send();
    let response = response.await.unwrap();
    assert_eq!(response.headers().get("Mcp-Session-Id"), None);
}

#[tokio::test]
async fn the_newest_revision_discovers_the_server() {
    let served = Served::new(&world::with_shops().await).await;
    let answered = served.ask(NEWEST, "server/discover", json!({})).await;
    let result = &answered.body["result"];
    assert_eq!(result["resultType"], "complete");
    assert_eq!(result["ttlMs"], 3_600_000);
    assert_eq!(result["cacheScope"], "public");
    assert_eq!(result["supportedVersions"].as_array().unwrap().len(), 5);
    assert!(
        result["instructions"]
            .as_str()
            .unwrap()
            .contains("untrusted")
    );
    let info = &result["_meta"]["io.modelcontextprotocol/serverInfo"];
    assert_eq!(info["title"], "Trouvaille");
}

#[tokio::test]
async fn lists_say_how_long_and_by_whom_they_may_be_kept() {
    let served = Served::new(&world::with_shops().await).await;
    let lists = [
        "tools/list",
        "prompts/list",
        "resources/list",
        "resources/templates/list",
    ];
    for list in lists {
        let answered = served.ask(NEWEST, list, json!({})).await;
        let result = &answered.body["result"];
        assert_eq!(result["ttlMs"], 3_600_000, "{answered:?}");
        assert_eq!(result["cacheScope"], "public");
        let info = &result["_meta"]["io.modelcontextprotocol/serverInfo"];
        assert_eq!(info["name"], "trouvaille");
    }
}

#[tokio::test]
async fn a_list_has_one_page() {
    let served = Served::new(&world::with_shops().await).await;
    let answered = served
        .ask(NEWEST, "tools/list", json!({"cursor": "x"}))
        .await;
    assert_eq!(answered.code(), -32602);
}

#[tokio::test]
async fn listed_tools_say_what_they_do_to_the_world() {
    let served = Served::new(&world::with_shops().await).await;
    let answered = served.ask(NEWEST, "tools/list", json!({})).await;
    let tools = answered.body["result"]["tools"].as_array().unwrap();
    assert!(!tools.is_empty());
    for tool in tools {
        let annotations = &tool["annotations"];
        assert_eq!(annotations["readOnlyHint"], true, "{tool}");
        assert_eq!(annotations["destructiveHint"], false);
        assert_eq!(annotations["idempotentHint"], true);
        let shows_strangers = tool["outputSchema"]["properties"].get("_notice").is_some();
        assert_eq!(annotations["openWorldHint"], shows_strangers);
        assert_eq!(tool["inputSchema"]["type"], "object");
    }
}

#[tokio::test]
async fn the_text_of_an_answer_is_its_structure() {
    let served = Served::new(&world::with_shops().await).await;
    let answered = served.call("list_shops", json!({})).await;
    let text = answered.body["result"]["content"][0]["text"].as_str();
    assert_eq!(text.unwrap(), answered.answer().to_string());
    let info = &answered.body["result"]["_meta"]["io.modelcontextprotocol/serverInfo"];
    assert_eq!(info["name"], "trouvaille");
}

#[tokio::test]
async fn an_unknown_revision_is_told_the_known_ones() {
    let served = Served::new(&world::with_shops().await).await;
    let mut params = json!({"_meta": super::meta()});
    params["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("2031-01-01");
    let request = served.post().header("MCP-Protocol-Version", "2031-01-01");
    let request = request.header("Mcp-Method", "tools/list");
    let answered = request.body(message("tools/list", &params)).answered();
    let answered = answered.await;
    assert_eq!((answered.status, answered.code()), (400, -32022));
}
