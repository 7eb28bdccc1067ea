//! When the write-ahead log is moved into the file: while nobody waits, else once it is long.
//!
//! That takes as long as some commits, which those who wait for the next one would notice.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use rusqlite::Connection;
use rusqlite::wal::CheckpointMode;

use super::schema::WAL_PAGES;

/// The length from which on it is moved while nobody waits. A shorter one costs more to sync than to keep.
const WORTH_IT: i32 = 200;

/// The length of a log as the last commit left it, in pages.
#[derive(Debug, Clone, Default)]
pub(super) struct Log(Arc<AtomicI32>);

impl Log {
    /// Returns the length of the log to which `connection` writes, from now on.
    pub(super) fn of(connection: &mut Connection) -> rusqlite::Result<Self> {
        let log = Self::default();
        let length = log.clone();
        connection.wal_hook(Some(move |wal: &mut rusqlite::hooks::Wal, n_pages| {
            length.0.store(n_pages, Ordering::Relaxed);
            if n_pages >= WAL_PAGES {
                // What cannot be moved now is moved behind a later commit: this one is done.
                wal.checkpoint().ok();
                length.0.store(0, Ordering::Relaxed);
            }
            Ok(())
        }))?;
        Ok(log)
    }

    /// Moves the log into the file as far as readers allow, if that is worth it.
    pub(super) fn move_into_file(&self, connection: &Connection) {
        if self.0.load(Ordering::Relaxed) >= WORTH_IT {
            connection
                .wal_checkpoint_v2(None::<&str>, CheckpointMode::PASSIVE)
                .ok();
            // The next commit tells the length again.
            self.0.store(0, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn connection(path: &Path) -> Connection {
        let connection = Connection::open(path).unwrap();
        let tables = "PRAGMA journal_mode = wal; CREATE TABLE IF NOT EXISTS shelf (book BLOB)";
        connection.execute_batch(tables).unwrap();
        connection
    }

    /// Writes so many pages, one in each transaction, and returns the length of the file.
    fn after(n_pages: usize, connection: &Connection, path: &Path) -> u64 {
        for _ in 0..n_pages {
            connection
                .execute("INSERT INTO shelf VALUES (zeroblob(4000))", [])
                .unwrap();
        }
        path.metadata().unwrap().len()
    }

    #[test]
    fn a_log_that_is_worth_it_is_moved_when_nobody_waits_and_a_long_one_in_any_case() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let mut connection = connection(&path);
        let log = Log::of(&mut connection).unwrap();
        let empty = after(1, &connection, &path);
        log.move_into_file(&connection);
        assert_eq!(after(0, &connection, &path), empty, "too little");
        assert_eq!(after(150, &connection, &path), empty, "somebody waits");
        log.move_into_file(&connection);
        let moved = after(0, &connection, &path);
        assert!(moved > empty + 150 * 4_000);
        log.move_into_file(&connection);
        assert_eq!(after(10, &connection, &path), moved);
        let most = usize::try_from(WAL_PAGES).unwrap();
        assert!(after(most, &connection, &path) > moved);
    }
}
