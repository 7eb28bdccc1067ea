//! Stores that are missing, empty, newer, locked or broken: the answers say what to do, and nothing of the machine.

use std::fs::File;

use rustix::fs::{FlockOperation, fcntl_lock};
use serde_json::json;
use store::OpenMode;

use super::assistant::{Assistant, error, structured};
use super::home_with;
use crate::program::Home;

/// Where the file says which version of the schema it has, as the format's description has it.
const USER_VERSION: std::ops::Range<usize> = 60..64;

fn assert_told(home: &Home, code: &str, next: &str) {
    let path = home.path().to_str().unwrap();
    let mut assistant = Assistant::start(home.command(["mcp", "--store", "sqlite:shops.db"]));
    for tool in ["list_shops", "search_products"] {
        let arguments = match tool {
            "search_products" => json!({"query": "lamp"}),
            _ => json!({}),
        };
        let result = assistant.call(tool, arguments);
        let error = error(&result);
        assert_eq!(error["code"], code, "{error}");
        assert!(error["next"].as_str().unwrap().contains(next), "{error}");
        let whole = result.to_string();
        assert!(
            !whole.contains(path) && !whole.contains("shops.db"),
            "{whole}"
        );
    }
    if code == "store_newer" {
        // Its log says so once, however often a probe asks, whose answer has no reason.
        let (_, said) = assistant.leave();
        assert_eq!(said.matches("; each call tries again").count(), 1, "{said}");
    }
}

#[test]
fn a_missing_store_is_told_with_what_fills_it_and_is_found_once_it_is_there() {
    let home = Home::new();
    assert_told(&home, "no_store", "trouvaille crawl https://SHOP");
    let made = std::fs::read_dir(home.path()).unwrap().count();
    assert_eq!(made, 0, "asking makes no store");

    let mut assistant = Assistant::start(home.command(["mcp", "--store", "sqlite:shops.db"]));
    error(&assistant.call("list_shops", json!({})));
    home.write(
        "loft.json",
        r#"{"products": [{"id": 1, "handle": "lamp", "title": "Lamp", "variants": []}]}"#,
    );
    let args = ["import", "loft.json", "--shop", "https://loft.example"];
    home.ok([&args[..], &["--store", "sqlite:shops.db"]].concat());
    let found = assistant.call("list_shops", json!({}));
    assert_ne!(found["isError"], true, "{found}");
}

#[tokio::test]
async fn an_empty_store_is_told_with_what_fills_it() {
    let home = Home::new();
    let uri = format!("sqlite:{}", home.path().join("shops.db").display());
    drop(store::open(&uri, OpenMode::Create).await.unwrap());
    assert_told(&home, "empty_store", "trouvaille crawl https://SHOP");
}

#[tokio::test]
async fn a_store_of_a_newer_program_is_told_as_that() {
    let home = Home::new();
    let path = home.path().join("shops.db");
    let uri = format!("sqlite:{}", path.display());
    drop(store::open(&uri, OpenMode::Create).await.unwrap());
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[USER_VERSION].copy_from_slice(&9_999_u32.to_be_bytes());
    std::fs::write(&path, bytes).unwrap();
    assert_told(&home, "store_newer", "install the newest trouvaille");
}

#[test]
fn a_store_that_another_process_keeps_is_told_as_that_and_answers_once_it_is_free() {
    let home = home_with(1);
    let path = home.path().join(".local/share/trouvaille/trouvaille.db");
    // The whole of the file, as SQLite locks its bytes for a transaction that is exclusive.
    let file = File::options().read(true).write(true).open(path).unwrap();
    fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive).unwrap();
    let mut assistant = Assistant::start(home.command(["mcp"]));
    let result = assistant.call("list_shops", json!({}));
    let error = error(&result);
    assert_eq!(error["code"], "store_locked", "{error}");
    assert_eq!(error["next"], "call again in a moment");
    let folder = home.path().to_str().unwrap();
    let whole = result.to_string();
    assert!(!whole.contains(folder) && !whole.contains(".db"), "{whole}");
    drop(file);
    structured(&assistant.call("list_shops", json!({})));
}

#[test]
fn a_file_that_is_no_store_is_told_as_that() {
    let home = Home::new();
    home.write(
        "shops.db",
        "no database at all, but long enough to look like one ".repeat(40),
    );
    assert_told(&home, "store_unreadable", "trouvaille check");
}
