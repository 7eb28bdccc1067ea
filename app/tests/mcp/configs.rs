//! What is printed for clients to start the server with.

use std::path::Path;

use serde_json::Value;

use crate::program::{Home, PROGRAM, Run};

fn snippet(home: &Home, client: &str, args: &[&str]) -> String {
    let print = ["mcp", "--print-config", client];
    let run = home.run([&print[..], args].concat());
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(!run.stderr.is_empty(), "it says where that belongs");
    run.stdout
}

#[test]
fn a_client_starts_the_server_with_absolute_paths_from_anywhere() {
    let home = Home::new();
    home.write("my config.toml", "");
    let args = ["--store", "sqlite:./x.db", "--config", "my config.toml"];
    let folder = home.path().canonicalize().unwrap();
    let (store, config) = (
        format!("sqlite:{}", folder.join("x.db").display()),
        folder.join("my config.toml").display().to_string(),
    );
    for (client, servers) in [
        ("claude-desktop", "mcpServers"),
        ("vscode", "servers"),
        ("cursor", "mcpServers"),
        ("gemini", "mcpServers"),
        ("windsurf", "mcpServers"),
        ("zed", "context_servers"),
    ] {
        let snippet: Value = serde_json::from_str(&snippet(&home, client, &args)).unwrap();
        let server = &snippet[servers]["trouvaille"];
        let program = Path::new(server["command"].as_str().unwrap());
        assert_eq!(program, Path::new(PROGRAM).canonicalize().unwrap());
        let given: Vec<&str> = server["args"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        assert_eq!(
            given,
            ["mcp", "--config", &config, "--store", &store],
            "{client}"
        );
    }
    for client in ["claude-code", "inspector", "codex"] {
        let snippet = snippet(&home, client, &args);
        assert!(snippet.contains(&store), "{snippet}");
        assert!(snippet.contains(&config), "{snippet}");
    }
}

#[test]
fn without_a_store_that_of_the_user_is_named_and_no_password_ever() {
    let home = Home::new();
    let snippet = |args: &[&str]| snippet(&home, "cursor", args);
    let own = snippet(&[]);
    assert!(
        own.contains("/.local/share/trouvaille/trouvaille.db"),
        "{own}"
    );
    let found = snippet(&["--store", "mongodb://ann:s3cret@db.example/shops"]);
    assert!(found.contains("mongodb://ann@db.example/shops"), "{found}");
    assert!(!found.contains("s3cret"), "{found}");
}

#[test]
fn an_unknown_client_is_refused_with_those_there_are() {
    let run = Home::new().run(["mcp", "--print-config", "notepad"]);
    run.assert_fails(2, &["claude-desktop", "vscode", "cursor", "inspector"]);
}

#[test]
fn settings_of_the_environment_are_named_without_their_values() {
    let home = Home::new();
    let mut command = home.command(["mcp", "--print-config", "cursor"]);
    command.env("TROUVAILLE__SECURITY__SIGNING_KEY", "5ecret".repeat(12));
    let run = Run::from(command.output().unwrap());
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(
        run.stderr.contains("TROUVAILLE__SECURITY__SIGNING_KEY"),
        "{run:#?}"
    );
    assert!(!format!("{run:?}").contains("5ecret"), "{run:#?}");
}

#[test]
fn a_client_of_a_server_that_runs_gets_its_address() {
    let home = Home::new();
    let snippet = snippet(&home, "cursor", &["--http"]);
    assert!(snippet.contains("http://127.0.0.1:8900/mcp"), "{snippet}");
    let run = home.run(["mcp", "--print-config", "claude-desktop", "--http"]);
    run.assert_fails(2, &["no place for an address", "http://127.0.0.1:8900/mcp"]);
}
