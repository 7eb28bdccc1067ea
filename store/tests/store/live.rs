//! The MongoDB servers that the tests use, and a database of its own for each test.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ::mongodb::{Client, Database};
use catalog::{Store, TaskStore};
use futures_util::FutureExt;
use store::OpenMode;

use crate::server::variable;

/// The variable with the address of a server that is a replica set.
pub(crate) const REPLICA_SET: &str = "TEST_MONGODB_URI";

/// The variable with the address of a server that stands alone, without transactions.
pub(crate) const STANDALONE: &str = "TEST_MONGODB_STANDALONE_URI";

/// Runs `test` on a new store in a database of its own.
pub(crate) async fn with_store(server: &str, test: &str, run: impl AsyncFnOnce(&dyn Store)) {
    with_database(&variable(server), test, async |uri, _| {
        let store = store::open(uri, OpenMode::Create).await.unwrap();
        run(&*store).await;
    })
    .await;
}

/// A store and its tasks.
pub(crate) type Opened = (Arc<dyn Store>, Arc<dyn TaskStore>);

/// Runs `test` on a new store and its tasks in a database of their own.
pub(crate) async fn with_tasks(server: &str, test: &str, run: impl AsyncFnOnce(&Opened)) {
    with_database(&variable(server), test, async |uri, _| {
        let opened = store::open_with_tasks(uri, OpenMode::Create).await;
        run(&opened.unwrap()).await;
    })
    .await;
}

/// Runs `test` with the address of an empty database, and drops that afterwards, also when the test fails.
pub(crate) async fn with_database(
    server: &str,
    test: &str,
    run: impl AsyncFnOnce(&str, &Database),
) {
    let name = unused_name(test);
    let uri = address(server, &name);
    let client = Client::with_uri_str(&uri).await.unwrap();
    let database = client.database(&name);
    let ended = AssertUnwindSafe(run(&uri, &database)).catch_unwind().await;
    let dropped = database.drop().await;
    if let Err(panic) = ended {
        resume_unwind(panic);
    }
    dropped.unwrap();
}

/// Returns a name that no other test has; a server takes no longer ones than 63 bytes.
fn unused_name(test: &str) -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let n = COUNTER.fetch_add(1, Ordering::Relaxed);
    let mut name = format!("trouvaille_{}_{n}_{test}", process::id());
    name.truncate(59);
    name
}

/// Returns the address of a database on the server at `uri`.
pub(crate) fn address(uri: &str, database: &str) -> String {
    let (server, options) = uri.split_once('?').unwrap_or((uri, ""));
    let hosts = server.find("://").map_or(0, |at| at + 3);
    let end = server[hosts..]
        .find('/')
        .map_or(server.len(), |at| hosts + at);
    let mark = if options.is_empty() { "" } else { "?" };
    format!("{}/{database}{mark}{options}", &server[..end])
}

#[test]
fn a_database_is_named_in_the_address_of_its_server() {
    for (server, with_name) in [
        ("mongodb://h:1", "mongodb://h:1/x"),
        ("mongodb://h:1/", "mongodb://h:1/x"),
        (
            "mongodb://u:p@h,i/?tls=true",
            "mongodb://u:p@h,i/x?tls=true",
        ),
        ("mongodb://h/admin", "mongodb://h/x"),
    ] {
        assert_eq!(address(server, "x"), with_name);
    }
}
