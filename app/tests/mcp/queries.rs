//! `trouvaille query`: the same answers without the protocol.

use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use super::assistant::{Assistant, structured};
use super::home_with;
use crate::program::{Home, Run};

#[test]
fn a_query_prints_what_an_assistant_gets() {
    let home = home_with(12);
    let mut assistant = Assistant::start(home.command(["mcp"]));
    for (tool, arguments) in [
        ("list_shops", json!({})),
        ("get_top_products", json!({"k": 3})),
    ] {
        let printed = home.ok(["query", tool, &arguments.to_string()]);
        assert_eq!(printed.lines().count(), 1, "compact where nobody looks");
        let printed: Value = serde_json::from_str(&printed).unwrap();
        let told = structured(&assistant.call(tool, arguments));
        assert_eq!(printed["shops"], told["shops"]);
        let ranked = |it: &Value| it["ranked"].as_array().map(Vec::len);
        assert_eq!(ranked(&printed), ranked(&told));
    }
}

#[test]
fn arguments_come_from_standard_input_too() {
    let home = home_with(3);
    let mut command = home.command(["query", "get_top_products", "-"]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"{\"k\": \"2\"}")
        .unwrap();
    let run = Run::from(child.wait_with_output().unwrap());
    assert_eq!(run.code, Some(0), "{run:#?}");
    let answer: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(answer["ranked"].as_array().unwrap().len(), 2, "{answer}");
}

#[test]
fn a_list_goes_on_in_another_command() {
    let home = home_with(12);
    let page = |arguments: Value| -> Value {
        let printed = home.ok(["query", "get_top_products", &arguments.to_string()]);
        serde_json::from_str(&printed).unwrap()
    };
    let first = page(json!({"k": 5}));
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = page(json!({"k": 5, "cursor": cursor}));
    assert_eq!(second["ranked"][0]["rank"], 6, "{second}");
}

#[test]
fn what_is_wrong_is_told_in_words_and_with_json_as_data() {
    let home = home_with(3);
    for (arguments, words) in [
        (&["query", "get_top_prodcts"][..], "get_top_products"),
        (&["query", "get_top_products", "{k: 3}"], "JSON"),
        (&["query", "get_top_products", "[]"], "JSON"),
        (&["query", "get_top_products", r#"{"k": 9000}"#], "k: "),
        (&["query", "get_top_products", r#"{"kk": 3}"#], "kk: "),
        (&["query"], "TOOL"),
        (
            &["query", "get_top_prodcts", "--schema"],
            "get_top_products",
        ),
    ] {
        let run = home.run(arguments);
        run.assert_fails(2, &[words]);
        assert_eq!(run.stdout, "", "{run:#?}");
    }
    let run = home.run(["query", "get_top_products", r#"{"k": 9000}"#, "--json"]);
    let error: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((run.code, &error["field"]), (Some(2), &json!("k")));

    let run = Home::new().run(["query", "list_shops"]);
    run.assert_fails(
        1,
        &["there is no store yet", "trouvaille crawl https://SHOP"],
    );
}

#[test]
fn tools_are_listed_with_what_they_are_for_and_what_they_take() {
    let home = Home::new();
    let list = home.ok(["query", "--list"]);
    assert!(
        list.lines().any(|it| it.starts_with("search_products ")),
        "{list}"
    );
    let acting = list
        .lines()
        .filter(|it| it.ends_with("(with --enable-actions)"));
    let acting: Vec<_> = acting.filter_map(|it| it.split(' ').next()).collect();
    assert_eq!(acting, ["request_crawl", "get_crawl_status"]);
    let json: Value = serde_json::from_str(&home.ok(["query", "--list", "--json"])).unwrap();
    assert_eq!(json.as_array().unwrap().len(), list.lines().count());
    let schema = home.ok(["query", "search_products", "--schema"]);
    let schema: Value = serde_json::from_str(&schema).unwrap();
    assert!(schema["properties"]["query"].is_object(), "{schema}");
}

#[test]
fn an_explanation_is_that_of_the_ranking() {
    let home = home_with(12);
    let top: Value = serde_json::from_str(&home.ok(["query", "get_top_products"])).unwrap();
    let id = top["ranked"][1]["id"].as_str().unwrap();
    let arguments = json!({ "id": id }).to_string();
    let told: Value =
        serde_json::from_str(&home.ok(["query", "explain_score", &arguments])).unwrap();
    assert_eq!(told["rank"], top["ranked"][1]["rank"], "{told}");
    let classic = json!({ "id": id, "preset": "classic" }).to_string();
    home.run(["query", "explain_score", &classic])
        .assert_fails(1, &["classic"]);
}
