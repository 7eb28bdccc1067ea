//! Assistants served by the real program: over standard input and output, over HTTP, and the same answers without both.

mod actions;
pub(crate) mod assistant;
mod configs;
pub(crate) mod endpoint;
mod queries;
mod tokens;
mod without_data;

use std::process::Command;

use serde_json::{Value, json};
use testkit::{Catalogue, NORTH_LOFT};

use self::assistant::{Assistant, structured};
use self::endpoint::Endpoint;
use crate::program::Home;

/// A home with so many products of a shop, ranked.
fn home_with(n: usize) -> Home {
    let home = Home::new();
    let catalogue = Catalogue::generate(&NORTH_LOFT, n, 5);
    home.write("loft.json", catalogue.to_json());
    home.ok(["import", "loft.json", "--shop", "https://loft.example"]);
    home.ok(["rank", "-k", &n.to_string()]);
    home
}

/// Returns the command that serves over HTTP on a port that it chooses.
fn over_http(home: &Home, args: &[&str]) -> Command {
    let mut command = home.command(["mcp", "--http", "127.0.0.1:0", "--ops", "none"]);
    command.args(args);
    command
}

/// Asks a process to end.
fn terminate(pid: u32) {
    let kill = Command::new("kill")
        .args(["-TERM", &pid.to_string()])
        .status();
    assert!(kill.unwrap().success());
}

#[test]
fn assistants_of_both_eras_are_answered_over_standard_input() {
    let home = home_with(12);
    for start in [Assistant::start, Assistant::start_old] {
        let mut assistant = start(home.command(["mcp"]));
        let listed = assistant.ask("tools/list", json!({}));
        let tools = listed["result"]["tools"].as_array().unwrap().clone();
        let names: Vec<&str> = tools.iter().filter_map(|it| it["name"].as_str()).collect();
        assert!(names.contains(&"list_shops"), "{names:?}");
        assert!(!names.contains(&"request_crawl"), "{names:?}");
        let shops = structured(&assistant.call("list_shops", json!({})));
        assert_eq!(shops["shops"].as_array().unwrap().len(), 1, "{shops}");
        let (code, said) = assistant.leave();
        assert_eq!(code, Some(0), "{said}");
    }
}

#[test]
fn lines_that_are_no_messages_are_answered_and_do_no_harm() {
    let home = home_with(12);
    let long = format!(
        r#"{{"jsonrpc":"2.0","id":7,"x":"{}"}}"#,
        "x".repeat(1 << 20)
    );
    let lines = [
        ("{bad json", -32700, Value::Null),
        (r#"{"jsonrpc":"2.0","id":7,"method":7}"#, -32600, json!(7)),
        (&long, -32600, Value::Null),
    ];
    for start in [Assistant::start, Assistant::start_old] {
        let mut assistant = start(home.command(["mcp"]));
        for (line, code, id) in &lines {
            assistant.send(line);
            let answer = assistant.receive();
            assert_eq!(answer["error"]["code"], *code, "{answer}");
            assert_eq!(answer["id"], *id, "{answer}");
            structured(&assistant.call("list_shops", json!({})));
        }
        let (code, said) = assistant.leave();
        assert_eq!(code, Some(0), "{said}");
    }
}

#[test]
fn a_server_ends_in_order_when_it_is_asked_to() {
    let home = Home::new();
    let mut assistant = Assistant::start(home.command(["mcp"]));
    assistant.ask("server/discover", json!({}));
    terminate(assistant.pid());
    let (code, said) = assistant.ended();
    assert_eq!(code, Some(0), "{said}");

    let mut server = Endpoint::start(over_http(&home, &[]));
    server.ask("", "tools/list", &json!({}));
    assert_eq!(server.terminate(), Some(0), "{}", server.said());
}

#[test]
fn the_same_is_answered_over_http_and_a_person_is_told_where() {
    let home = home_with(12);
    let server = Endpoint::start(over_http(&home, &[]));
    let shops = structured(&server.call("", "list_shops", &json!({})));
    let mut assistant = Assistant::start(home.command(["mcp"]));
    assert_eq!(structured(&assistant.call("list_shops", json!({}))), shops);
    let said = server.said();
    assert!(said.contains("try: curl http://127.0.0.1:"), "{said}");
}
