//! The card: what it says, and that it is sent once to whoever keeps it.

use serde_json::{Value, json};

use super::server::Wanted;
use super::{JSON, Server};

const CARD: &str = "/.well-known/agent-card.json";

#[tokio::test]
async fn a_card_says_where_the_agent_is_and_not_where_it_was_asked() {
    let server = Server::start().await;
    let answer = server.get(CARD, &["X-Forwarded-Host: evil.example"]).await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some(JSON))
    );
    let card = answer.json();
    assert_eq!(
        card["supportedInterfaces"],
        json!([
            {"url": "https://agents.example/a2a/v1", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"},
            {"url": "https://agents.example/a2a/rest", "protocolBinding": "HTTP+JSON", "protocolVersion": "1.0"},
        ])
    );
    assert_eq!(card["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(card["capabilities"]["streaming"], true);
    assert_eq!(card["capabilities"]["pushNotifications"], false);
    assert_eq!(card["capabilities"]["extendedAgentCard"], false);
    assert_eq!(
        card["defaultInputModes"],
        json!(["application/json", "text/plain"])
    );
    assert!(card.get("securitySchemes").is_none());
    let skills: Vec<&str> = card["skills"].as_array().unwrap().iter().map(id).collect();
    assert_eq!(
        skills,
        [
            "crawl-catalog",
            "refresh-catalog",
            "probe-store",
            "fetch-product"
        ]
    );
    let extension = &card["capabilities"]["extensions"][0];
    assert_eq!(
        (
            &extension["required"],
            &extension["params"]["request"]["title"]
        ),
        (&json!(false), &json!("crawl-request/1"))
    );
}

fn id(skill: &Value) -> &str {
    for example in skill["examples"].as_array().unwrap() {
        let example = example.as_str().unwrap();
        let is_json =
            serde_json::from_str::<Value>(example).is_ok_and(|it| it["skill"] == skill["id"]);
        assert!(is_json || example.starts_with("https://"), "{example}");
    }
    skill["id"].as_str().unwrap()
}

#[tokio::test]
async fn a_card_is_sent_once_to_whoever_keeps_it() {
    let server = Server::start().await;
    let first = server.get(CARD, &[]).await;
    let etag = first.header("etag").unwrap().to_owned();
    let modified = first.header("last-modified").unwrap().to_owned();
    assert_eq!(modified, "Fri, 15 Jan 2027 08:00:00 GMT");
    assert!(first.header("cache-control").unwrap().contains("max-age="));
    for (header, status) in [
        (format!("If-None-Match: {etag}"), 304),
        (format!("If-None-Match: W/{etag}"), 304),
        (format!("If-None-Match: \"other\", {etag}"), 304),
        ("If-None-Match: *".to_owned(), 304),
        ("If-None-Match: \"other\"".to_owned(), 200),
        (format!("If-Modified-Since: {modified}"), 304),
        (
            "If-Modified-Since: Fri, 15 Jan 2027 07:59:59 GMT".to_owned(),
            200,
        ),
        ("If-Modified-Since: soon".to_owned(), 200),
    ] {
        let answer = server.get(CARD, &[&header]).await;
        assert_eq!(answer.status, status, "{header}");
        assert_eq!(answer.header("etag"), Some(etag.as_str()), "{header}");
        assert_eq!(answer.body.is_empty(), status == 304, "{header}");
    }
    let both = [
        "If-None-Match: \"other\"",
        &format!("If-Modified-Since: {modified}"),
    ];
    assert_eq!(server.get(CARD, &both).await.status, 200);
    let head = server.ask(&format!("HEAD {CARD}"), &[], b"").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[tokio::test]
async fn another_content_has_another_tag() {
    let one = Server::start().await.get(CARD, &[]).await;
    let same = Server::start().await.get(CARD, &[]).await;
    let other = Server::conformance().await.get(CARD, &[]).await;
    assert_eq!(one.header("etag"), same.header("etag"));
    assert_ne!(one.header("etag"), other.header("etag"));
}

#[tokio::test]
async fn with_tokens_the_card_says_so() {
    let wanted = Wanted {
        has_auth: true,
        ..Wanted::default()
    };
    let card = Server::wanted(wanted).await.get(CARD, &[]).await.json();
    let scheme = &card["securitySchemes"]["bearer"]["httpAuthSecurityScheme"]["scheme"];
    assert_eq!(scheme, "Bearer");
    assert!(card["securityRequirements"][0]["schemes"]["bearer"].is_object());
}

#[tokio::test]
async fn for_the_compatibility_kit_the_card_offers_all_that_it_tests() {
    let card = Server::conformance().await.get(CARD, &[]).await.json();
    assert_eq!(card["capabilities"]["pushNotifications"], true);
    assert_eq!(card["capabilities"]["extendedAgentCard"], true);
    assert!(
        card["defaultInputModes"]
            .as_array()
            .unwrap()
            .contains(&json!("text"))
    );
}

#[tokio::test]
async fn several_agents_have_a_card_each_and_the_first_is_at_the_root_too() {
    let wanted = Wanted {
        several: true,
        conformance: true,
        ..Wanted::default()
    };
    let server = Server::wanted(wanted).await;
    for (path, name) in [
        ("", "Trouvaille for Shopify"),
        ("/agents/shopify", "Trouvaille for Shopify"),
        ("/agents/other", "Another one"),
    ] {
        let card = server.get(&format!("{path}{CARD}"), &[]).await.json();
        assert_eq!(card["name"], name);
        for interface in card["supportedInterfaces"].as_array().unwrap() {
            let url = interface["url"].as_str().unwrap();
            let below = url.strip_prefix("https://agents.example").unwrap();
            assert!(below.starts_with(&format!("{path}/a2a/")), "{url}");
        }
    }
    let message =
        json!({"message": {"messageId": "m", "role": "ROLE_USER", "parts": [{"text": "x"}]}});
    let headers = ["A2A-Version: 1.0", "Content-Type: application/json"];
    let other = "/agents/other/a2a/v1/";
    let sent = server
        .call_with(other, "SendMessage", &message, &headers)
        .await;
    let task = sent.json()["result"]["task"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for (path, status) in [
        ("/agents/other/a2a/rest", 200),
        ("/agents/shopify/a2a/rest", 404),
        ("/a2a/rest", 404),
    ] {
        let answer = server.get(&format!("{path}/tasks/{task}"), &headers).await;
        assert_eq!(answer.status, status, "{path}");
    }
    assert_eq!(
        server
            .get(&format!("/agents/nobody{CARD}"), &[])
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn an_agent_has_its_own_skills_and_no_other() {
    let wanted = Wanted {
        several: true,
        ..Wanted::default()
    };
    let server = Server::wanted(wanted).await;
    let card = server
        .get(&format!("/agents/other{CARD}"), &[])
        .await
        .json();
    let skills: Vec<&str> = card["skills"].as_array().unwrap().iter().map(id).collect();
    assert_eq!(skills, ["crawl-catalog"]);
    let request = json!({
        "schema": "crawl-request/1", "skill": "probe-store", "stores": ["https://a.example"],
    });
    let message = json!({ "message": {
        "messageId": "m", "role": "ROLE_USER", "parts": [{ "data": request }],
    }});
    let headers = ["A2A-Version: 1.0", "Content-Type: application/json"];
    let answer = server
        .call_with("/agents/other/a2a/v1/", "SendMessage", &message, &headers)
        .await
        .json();
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("skill"), "{message}");
}
