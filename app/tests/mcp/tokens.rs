//! Who may call over HTTP, and what.

use serde_json::json;

use super::endpoint::Endpoint;
use super::over_http;
use crate::program::Home;

/// The hashes are those of `alice-token` and `bob-token`.
const CONFIG: &str = r#"
[http]
tokens = [
    { caller = "alice", sha256 = "9c220f200955d76c0a38d308225e0ef10c5f971acaf2f8d1d8f732affa5bd1dc" },
    { caller = "bob", sha256 = "97dd3707015dcf069cf73022ed7173b1165db6eff24b441cb57fd069a8c4e525", scopes = ["read"] },
]
"#;

#[test]
fn without_a_token_nobody_is_answered() {
    let home = Home::new();
    home.write("config.toml", CONFIG);
    let server = Endpoint::start(over_http(&home, &["--config", "config.toml"]));
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    for token in ["", "carol-token"] {
        let answer = server.post(token, &list);
        assert_eq!(answer.status, 401, "{answer:?}");
        let head = answer.head.to_lowercase();
        assert!(head.contains("www-authenticate: bearer"), "{head}");
    }
    assert_eq!(server.post("bob-token", &list).status, 200);
    let said = server.said();
    assert!(said.contains("Authorization: Bearer TOKEN"), "{said}");
}

#[test]
fn a_token_for_reading_sees_no_actions_and_has_none_done() {
    let home = Home::new();
    home.write("config.toml", CONFIG);
    let args = ["--config", "config.toml", "--enable-actions"];
    let server = Endpoint::start(over_http(&home, &args));
    let names = |token| {
        let list = server.ask(token, "tools/list", &json!({}));
        list["tools"].to_string()
    };
    assert!(names("alice-token").contains("request_crawl"));
    assert!(!names("bob-token").contains("request_crawl"));
    let call = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "request_crawl", "arguments": {"shop": "shop.example"}},
    });
    let refused = server.post("bob-token", &call).body;
    assert!(refused.contains("\"isError\":true"), "{refused}");
    assert!(refused.contains("crawl"), "{refused}");
}

#[test]
fn other_machines_are_let_in_with_tokens_and_a_key_alone() {
    let home = Home::new();
    let args = ["mcp", "--http", "0.0.0.0:0", "--ops", "none"];
    home.run(args).assert_fails(2, &["0.0.0.0", "http.tokens"]);
    home.write("config.toml", CONFIG);
    let with_tokens = [&args[..], &["--config", "config.toml"]].concat();
    let words = ["security.signing_key", "openssl rand -hex 32"];
    home.run(&with_tokens).assert_fails(2, &words);
    let mut command = home.command(&with_tokens);
    command.env("TROUVAILLE__SECURITY__SIGNING_KEY", "too-short");
    crate::program::Run::from(command.output().unwrap()).assert_fails(2, &words);
    let mut command = home.command(&with_tokens);
    command.env("TROUVAILLE__SECURITY__SIGNING_KEY", "7".repeat(64));
    let mut server = Endpoint::start(command);
    assert_eq!(server.terminate(), Some(0), "{}", server.said());
}

#[test]
fn the_fixtures_of_the_suite_are_for_this_machine_alone() {
    let home = Home::new();
    let args = [
        "mcp",
        "--http",
        "0.0.0.0:0",
        "--ops",
        "none",
        "--conformance",
    ];
    home.run(args)
        .assert_fails(2, &["0.0.0.0", "--conformance"]);
}

#[test]
fn replicas_with_one_key_take_each_others_cursors() {
    let home = super::home_with(30);
    let replica = |key: char| {
        let mut command = over_http(&home, &[]);
        command.env(
            "TROUVAILLE__SECURITY__SIGNING_KEY",
            key.to_string().repeat(64),
        );
        Endpoint::start(command)
    };
    let (one, two, other) = (replica('7'), replica('7'), replica('8'));
    let first = one.call("", "get_top_products", &json!({"k": 5}));
    let cursor = &first["structuredContent"]["next_cursor"];
    assert!(cursor.is_string(), "{first}");
    let next = json!({"k": 5, "cursor": cursor});
    let second = two.call("", "get_top_products", &next);
    assert_ne!(second["isError"], true, "{second}");
    let refused = other.call("", "get_top_products", &next);
    assert_eq!(super::assistant::error(&refused)["field"], "cursor");
}
