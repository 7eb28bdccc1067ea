//! The only room that knows a database: it opens a [`Store`] by its address. SQLite, one file, by default.
//!
//! Nothing about SQL leaves this crate: callers see `catalog`'s types and [`StoreError`] alone.

mod sqlite;

use std::sync::Arc;

use catalog::{Store, StoreError};

use crate::sqlite::SqliteStore;

/// Whether a store that is not there yet is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenMode {
    /// Makes the file and its folders where they are missing.
    Create,
    /// Refuses a file that is not there. One that can only be read is opened for reading.
    Existing,
}

/// Opens the store at `uri`, and brings an older schema up to date.
///
/// Understood are `sqlite:PATH`, relative or absolute, and `sqlite::memory:`, which is empty at first and ends
/// with the store. Several processes may open one file. Dropping the store waits for the writes
/// that were sent to it, then closes the file.
///
/// Reads and writes of the store are cancel-safe: a write runs whole once it is sent, also when nobody waits
/// for its answer any more, and every method may be called again.
///
/// # Errors
/// - [`StoreError::BadUri`] for any other address; the message names the forms understood.
/// - [`StoreError::Open`] for a missing, unreadable or damaged file, or a database of another program,
///   which is left as it is.
/// - [`StoreError::NewerSchema`] for a file that a newer program wrote, which is left as it is too.
/// - [`StoreError::Failed`] when another process keeps the file locked, or the disk is full.
pub async fn open(uri: &str, mode: OpenMode) -> Result<Arc<dyn Store>, StoreError> {
    let path = sqlite_path(uri)?;
    let store = if path == ":memory:" {
        SqliteStore::in_memory()?
    } else {
        SqliteStore::open(path, mode).await?
    };
    Ok(Arc::new(store))
}

/// Returns the path of a `sqlite:` address; `sqlite://PATH` is a common spelling of the same.
fn sqlite_path(uri: &str) -> Result<&str, StoreError> {
    let bad = |detail: &str| {
        Err(StoreError::BadUri {
            uri: without_secrets(uri),
            detail: detail.to_owned(),
        })
    };
    let Some(rest) = uri.strip_prefix("sqlite:") else {
        return bad(if uri.starts_with("mongodb") {
            "this build has no MongoDB yet; use sqlite:PATH"
        } else {
            "use sqlite:PATH, such as sqlite:./trouvaille.db, or sqlite::memory:"
        });
    };
    match rest.strip_prefix("//").unwrap_or(rest) {
        "" => bad("the path is missing; use sqlite:PATH, such as sqlite:./trouvaille.db"),
        path if path.contains('\0') => bad("a path has no NUL byte"),
        path => Ok(path),
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
    fn sqlite_addresses_give_their_path_and_others_say_what_is_understood() {
        for (uri, path) in [
            ("sqlite:x.db", "x.db"),
            ("sqlite:./a b?.db", "./a b?.db"),
            ("sqlite:/data/x.db", "/data/x.db"),
            ("sqlite:///data/x.db", "/data/x.db"),
            ("sqlite://x.db", "x.db"),
            ("sqlite::memory:", ":memory:"),
        ] {
            assert_eq!(sqlite_path(uri).unwrap(), path);
        }
        for (uri, said) in [
            ("x.db", "use sqlite:PATH"),
            ("", "use sqlite:PATH"),
            ("sqlite:", "the path is missing"),
            ("sqlite:a\0b", "NUL"),
            ("postgres://h/d", "use sqlite:PATH"),
            ("mongodb://h/d", "no MongoDB yet"),
            ("mongodb+srv://h/d", "no MongoDB yet"),
        ] {
            let error = sqlite_path(uri).unwrap_err();
            assert!(matches!(error, StoreError::BadUri { .. }));
            assert!(error.to_string().contains(said), "{error}");
        }
    }

    #[test]
    fn an_error_never_repeats_a_password() {
        for uri in [
            "mongodb://user:pa55@host/db",
            "mongodb://user:pa55?x@host/db",
            "mongodb://user:pa55@x/@host/db?tlsCertificateKeyFilePassword=pa55",
            "mongodb://host/db?authMechanismProperties=TOKEN:pa55",
            "user:pa55@host",
            "pa55@host://x",
        ] {
            let error = sqlite_path(uri).unwrap_err().to_string();
            assert!(
                !error.contains("pa55") && error.contains("host"),
                "{uri}: {error}"
            );
        }
    }
}
