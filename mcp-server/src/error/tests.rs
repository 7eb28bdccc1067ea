use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use store::OpenMode;
use tempfile::TempDir;

use super::*;
use crate::testing::{self, call};
use crate::{Context, Data, Opened};

/// Returns what tools work with over a file that is opened by the first call.
async fn over(path: &Path) -> Context {
    let uri = format!("sqlite:{}", path.display());
    let (store, tasks) = testing::empty().await;
    Context {
        data: Arc::new(Data::new(move || {
            let uri = uri.clone();
            Box::pin(async move {
                let (store, tasks) = store::open_with_tasks(&uri, OpenMode::Existing).await?;
                Ok(Opened { store, tasks })
            })
        })),
        ..testing::context(store, tasks)
    }
}

/// Returns a folder with a store in it.
async fn filled() -> (TempDir, std::path::PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("secret-place.db");
    let uri = format!("sqlite:{}", path.display());
    let store = store::open(&uri, OpenMode::Create).await.unwrap();
    testing::put_shop(store.as_ref(), "lamps.example", "EUR").await;
    (folder, path)
}

/// Returns the error that a call over a file ends with, in which nothing says where the file is.
async fn refusal(path: &Path) -> ToolError {
    let error = call(&over(path).await, "list_shops", json!({}))
        .await
        .unwrap_err();
    let json = serde_json::to_string(&error).unwrap();
    assert!(
        !json.contains("secret-place") && !json.contains("sqlite"),
        "{json}"
    );
    assert!(error.next.is_some(), "{json}");
    error
}

/// Writes a number of four bytes into a database's head (SQLite's file format, 1.3).
fn set(path: &Path, at: usize, number: u32) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at..at + 4].copy_from_slice(&number.to_be_bytes());
    fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn a_store_that_is_not_there_yet_is_found_once_it_is() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("secret-place.db");
    let context = over(&path).await;
    let error = call(&context, "list_shops", json!({})).await.unwrap_err();
    assert_eq!(
        (error.code, error.next.as_deref()),
        ("no_store", Some("trouvaille crawl https://SHOP"))
    );
    assert!(!path.exists());
    let uri = format!("sqlite:{}", path.display());
    let store = store::open(&uri, OpenMode::Create).await.unwrap();
    let error = call(&context, "list_shops", json!({})).await.unwrap_err();
    assert_eq!(error.code, "empty_store");
    testing::put_shop(store.as_ref(), "lamps.example", "EUR").await;
    assert!(call(&context, "list_shops", json!({})).await.is_ok());
}

#[tokio::test]
async fn files_that_are_no_store_of_ours_say_so_and_not_where_they_are() {
    let (_folder, path) = filled().await;
    fs::write(path.with_extension("txt"), "Not a database. ".repeat(100)).unwrap();
    assert_eq!(
        refusal(&path.with_extension("txt")).await.code,
        "store_unreadable"
    );
    assert_eq!(
        refusal(path.parent().unwrap()).await.code,
        "store_unreadable"
    );
    // The version that the program writes is 60 bytes from the beginning, its own mark 68.
    set(&path, 60, 99);
    let error = refusal(&path).await;
    assert_eq!(error.code, "store_newer");
    assert!(error.message.contains("has schema version 99"), "{error}");
    set(&path, 68, 7);
    assert_eq!(refusal(&path).await.code, "store_unreadable");
}

#[tokio::test]
async fn each_failure_of_a_store_has_a_code_and_a_next_step() {
    let location = || "/secret-place.db".to_owned();
    let detail = || "at /secret-place.db".to_owned();
    let doing = "read";
    let shop = "lamps.example".parse().unwrap();
    for (error, code) in [
        (
            StoreError::BadUri {
                uri: location(),
                detail: detail(),
            },
            "store_unreadable",
        ),
        (
            StoreError::Open {
                location: location(),
                detail: detail(),
            },
            "store_unreadable",
        ),
        (
            StoreError::Missing {
                location: location(),
            },
            "no_store",
        ),
        (
            StoreError::Locked {
                doing,
                location: location(),
            },
            "store_locked",
        ),
        (
            StoreError::Damaged {
                location: location(),
                detail: detail(),
            },
            "store_damaged",
        ),
        (
            StoreError::Failed {
                doing,
                location: location(),
                detail: detail(),
            },
            "store_failed",
        ),
        (
            StoreError::NewerSchema {
                location: location(),
                found: 9,
                known: 5,
            },
            "store_newer",
        ),
        (StoreError::Fenced { shop }, "store_failed"),
    ] {
        let error = ToolError::from(error);
        assert_eq!(error.code, code);
        let json = serde_json::to_string(&error).unwrap();
        assert!(
            !json.contains("secret-place") && error.next.is_some(),
            "{json}"
        );
    }
}
