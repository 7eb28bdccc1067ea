//! A store in one SQLite file, or in memory.
//!
//! One thread writes and two read, each with a connection of its own; SQLite's log lets them, and other
//! processes, go on side by side. The tables are described in `schema_1.sql` and its successors.

mod admin;
mod archive;
mod codec;
mod crawl;
mod detail;
mod fault;
mod features;
mod finish;
mod grouped;
mod hosts;
mod leases;
mod log;
mod new_products;
mod observed;
mod page;
mod product;
mod rankings;
mod ranks;
mod read;
mod records;
mod restore;
mod schema;
mod search;
mod store;
mod tasks;
#[cfg(test)]
mod tests;
mod together;
mod versions;
mod worker;

use std::path::PathBuf;

use catalog::StoreError;
use rusqlite::Transaction;

use self::fault::Fault;
use self::log::Log;
use self::search::PlacesCache;
use self::worker::Worker;
use crate::OpenMode;
use crate::timing::Timed;

#[derive(Debug)]
pub(crate) struct SqliteStore {
    location: String,
    /// `None` in memory.
    path: Option<PathBuf>,
    // Before the writer, so that they close first: the last connection moves the log into the file, and one
    // that only reads could not.
    /// `None` in memory, where the writer reads too.
    readers: Option<Worker>,
    writer: Worker,
    places: PlacesCache,
}

impl SqliteStore {
    pub(crate) async fn open(path: &str, mode: OpenMode) -> Result<Self, StoreError> {
        let path = std::path::absolute(path).map_err(|error| StoreError::Open {
            location: path.to_owned(),
            detail: error.to_string(),
        })?;
        let opened = tokio::task::spawn_blocking(move || {
            let location = path.display().to_string();
            let mut connections = schema::open_file(&path, &location, mode)?;
            let log = Log::of(&mut connections.writer);
            let log =
                log.map_err(|error| Fault::from(error).during("set up the log", &location))?;
            let readers = Worker::start("store-read", connections.readers, |_| {});
            let started = readers.and_then(|readers| {
                let tidy = move |connection: &_| log.move_into_file(connection);
                let writer = Worker::start("store-write", vec![connections.writer], tidy)?;
                Ok((readers, writer))
            });
            let (readers, writer) = started.map_err(|error| no_thread(&error, &location))?;
            Ok(Self {
                location,
                path: Some(path),
                readers: Some(readers),
                writer,
                places: PlacesCache::default(),
            })
        });
        opened.await.map_err(|error| StoreError::Open {
            location: "of this run".to_owned(),
            detail: error.to_string(),
        })?
    }

    pub(crate) fn in_memory() -> Result<Self, StoreError> {
        let location = ":memory:".to_owned();
        let opened = schema::open_memory();
        let connection = opened.map_err(|fault| fault.during("set up the schema", &location))?;
        let writer = Worker::start("store", vec![connection], |_| {});
        Ok(Self {
            path: None,
            readers: None,
            places: PlacesCache::default(),
            writer: writer.map_err(|error| no_thread(&error, &location))?,
            location,
        })
    }

    /// Runs `work` in a transaction that other writers wait for.
    ///
    /// Cancel-safe, and for work that can run again: see [`Worker::write`].
    async fn write<T, F>(&self, doing: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&Transaction<'_>) -> Result<T, Fault> + Send + 'static,
    {
        let timed = Timed::write(doing);
        let answer = self.writer.write(work);
        let answer = answer
            .await
            .map_err(|fault: Fault| fault.during(doing, &self.location));
        timed.ended(&answer);
        answer
    }

    /// Runs `work` on one state of the store.
    ///
    /// Cancel-safe: see [`Worker::read`].
    async fn read<T, F>(&self, doing: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, Fault> + Send + 'static,
    {
        let reader = self.readers.as_ref().unwrap_or(&self.writer);
        let timed = Timed::read(doing);
        let answer = reader
            .read(work)
            .await
            .map_err(|fault: Fault| fault.during(doing, &self.location));
        timed.ended(&answer);
        answer
    }
}

fn no_thread(error: &std::io::Error, location: &str) -> StoreError {
    StoreError::Open {
        location: location.to_owned(),
        detail: format!("cannot start a thread: {error}"),
    }
}
