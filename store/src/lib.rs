//! The only room that knows a database: it opens a [`Store`] by its address. SQLite, one file, by default; MongoDB
//! for many machines.
//!
//! Nothing about SQL or BSON leaves this crate: callers see `catalog`'s types and [`StoreError`] alone.

mod brief;
mod mongo;
mod rules;
mod seen_again;
mod sqlite;
mod task_rules;
mod timing;

use std::sync::Arc;

use catalog::{Store, StoreError, TaskStore};

use crate::mongo::MongoStore;
use crate::sqlite::SqliteStore;

/// Whether a store that is not there yet is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenMode {
    /// Makes the file and its folders, or the collections, where they are missing.
    Create,
    /// Refuses a file that is not there, or a database without collections. What can only be read is opened for
    /// reading.
    Existing,
}

/// Opens the store at `uri`, and brings an older schema up to date.
///
/// Understood are `sqlite:PATH`, relative or absolute, `sqlite::memory:`, which is empty at first and ends with the
/// store, and `mongodb://[USER:PASSWORD@]HOST[:PORT][,HOST…]/[DATABASE][?OPTIONS]` with the options of MongoDB's own
/// drivers, where the database is `trouvaille` unless named. Several processes may open one store. Dropping a SQLite
/// store waits for the writes that were sent to it, then closes the file.
///
/// Reads and writes are cancel-safe: a write that nobody waits for any more runs whole, or not at all, and every
/// method may be called again. On a single MongoDB server without a replica set it may stop in between; whoever
/// repeats it completes it, and until then nobody sees what it left.
///
/// A MongoDB server that goes away is waited for, 60 s in each call; then the call fails.
///
/// # Errors
/// - [`StoreError::BadUri`] for any other address; the message names the forms understood.
/// - [`StoreError::Missing`] for a store that is not there yet.
/// - [`StoreError::Open`] for an unreadable or damaged file, a server that does not answer within 10 s, or a
///   database of another program, which is left as it is.
/// - [`StoreError::NewerSchema`] for a store that a newer program wrote, which is left as it is too.
/// - [`StoreError::Locked`] when another process keeps the file locked.
/// - [`StoreError::Failed`] when the disk is full, or a right is missing.
pub async fn open(uri: &str, mode: OpenMode) -> Result<Arc<dyn Store>, StoreError> {
    Ok(open_with_tasks(uri, mode).await?.0)
}

/// Opens the store at `uri`, as [`open`] does, together with the tasks that stand in the same place.
///
/// # Errors
/// Those of [`open`].
pub async fn open_with_tasks(
    uri: &str,
    mode: OpenMode,
) -> Result<(Arc<dyn Store>, Arc<dyn TaskStore>), StoreError> {
    fn both<T: Store + TaskStore + 'static>(store: T) -> (Arc<dyn Store>, Arc<dyn TaskStore>) {
        let store = Arc::new(store);
        (Arc::clone(&store) as _, store)
    }
    Ok(match address(uri)? {
        Address::Memory => both(SqliteStore::in_memory()?),
        Address::File(path) => both(SqliteStore::open(path, mode).await?),
        Address::Server => both(MongoStore::open(uri, mode).await?),
    })
}

/// Where a store is.
#[derive(Debug, PartialEq, Eq)]
enum Address<'a> {
    Memory,
    File(&'a str),
    Server,
}

/// Understands an address; `sqlite://PATH` is a common spelling of `sqlite:PATH`.
fn address(uri: &str) -> Result<Address<'_>, StoreError> {
    let bad = |detail: &str| {
        Err(StoreError::BadUri {
            uri: without_secrets(uri),
            detail: detail.to_owned(),
        })
    };
    if uri.starts_with("mongodb://") || uri.starts_with("mongodb+srv://") {
        return Ok(Address::Server);
    }
    let Some(rest) = uri.strip_prefix("sqlite:") else {
        return bad(if uri.starts_with("mongodb") {
            "use mongodb://HOST/DATABASE, such as mongodb://localhost/trouvaille"
        } else {
            "use sqlite:PATH, such as sqlite:./trouvaille.db, sqlite::memory:, or mongodb://HOST/DATABASE"
        });
    };
    match rest.strip_prefix("//").unwrap_or(rest) {
        "" => bad("the path is missing; use sqlite:PATH, such as sqlite:./trouvaille.db"),
        ":memory:" => Ok(Address::Memory),
        path if path.contains('\0') => bad("a path has no NUL byte"),
        path => Ok(Address::File(path)),
    }
}

/// Returns `uri` without what may be secret: everything before the last `@`, and the query.
fn without_secrets(uri: &str) -> String {
    let (before, host) = uri.rsplit_once('@').unwrap_or(("", uri));
    let host = host.split('?').next().unwrap_or_default();
    if before.is_empty() {
        return host.to_owned();
    }
    let scheme = before.find("://").map_or("", |end| &before[..end + 3]);
    format!("{scheme}***@{host}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lead_to_a_store_and_others_say_what_is_understood() {
        for (uri, expected) in [
            ("sqlite:x.db", Address::File("x.db")),
            ("sqlite:./a b?.db", Address::File("./a b?.db")),
            ("sqlite:/data/x.db", Address::File("/data/x.db")),
            ("sqlite:///data/x.db", Address::File("/data/x.db")),
            ("sqlite://x.db", Address::File("x.db")),
            ("sqlite::memory:", Address::Memory),
            ("mongodb://h/d", Address::Server),
            ("mongodb+srv://h/d", Address::Server),
        ] {
            assert_eq!(address(uri).unwrap(), expected, "{uri}");
        }
        for (uri, said) in [
            ("x.db", "use sqlite:PATH"),
            ("", "use sqlite:PATH"),
            ("sqlite:", "the path is missing"),
            ("sqlite:a\0b", "NUL"),
            ("postgres://h/d", "mongodb://HOST/DATABASE"),
            ("mongodb:h/d", "mongodb://localhost/trouvaille"),
        ] {
            let error = address(uri).unwrap_err();
            assert!(matches!(error, StoreError::BadUri { .. }));
            assert!(error.to_string().contains(said), "{error}");
        }
    }

    #[tokio::test]
    async fn an_error_never_repeats_a_password() {
        for uri in [
            "mongodb://user:pa55/x@host/db",
            "mongodb://user:pa55?x@host/db",
            "mongodb://user:pa%zz55@host/db",
            "mongodb://user:pa55@x/@host/db?tlsCertificateKeyFilePassword=pa55",
            "mongodb://user:pa55@host/db?authMechanism=pa55",
            "mongodb://host/db?authMechanismProperties=TOKEN:pa55&tls=false&tlsInsecure=maybe",
            "mongodb+srv://user:pa55@host/db",
            "mongodb:user:pa55@host",
            "user:pa55@host",
            "pa55@host://x",
        ] {
            let error = open(uri, OpenMode::Existing).await.unwrap_err();
            assert!(matches!(error, StoreError::BadUri { .. }), "{error}");
            let (shown, debug) = (error.to_string(), format!("{error:?}"));
            assert!(
                !shown.contains("pa55") && !debug.contains("pa55"),
                "{uri}: {shown}"
            );
            assert!(shown.contains("host"), "{uri}: {shown}");
        }
    }
}
