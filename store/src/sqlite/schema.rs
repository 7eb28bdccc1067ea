//! Opens the file: whose it is, which version it has, and the connections to it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use catalog::StoreError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::fault::{Fault, is_damage, is_denied, is_locked};
use super::{features, search};
use crate::OpenMode;

/// Marks a SQLite file as ours: `Trou`, in `PRAGMA application_id`.
const APPLICATION_ID: i32 = 0x5472_6f75;

/// A step of the schema's history.
struct Migration {
    sql: &'static str,
    /// What SQL alone cannot do.
    fill: fn(&Transaction<'_>) -> Result<(), Fault>,
}

/// The schema's history: entry `v - 1` leads from version `v - 1` to `v`.
const MIGRATIONS: [Migration; 12] = [
    Migration {
        sql: include_str!("schema_1.sql"),
        fill: |_| Ok(()),
    },
    Migration {
        sql: include_str!("schema_2.sql"),
        fill: search::index_all,
    },
    Migration {
        sql: include_str!("schema_3.sql"),
        fill: features::fill_all,
    },
    Migration {
        sql: include_str!("schema_4.sql"),
        fill: |_| Ok(()),
    },
    Migration {
        sql: include_str!("schema_5.sql"),
        fill: |_| Ok(()),
    },
    Migration {
        sql: include_str!("schema_6.sql"),
        fill: search::fill_words,
    },
    Migration {
        sql: include_str!("schema_7.sql"),
        fill: |_| Ok(()),
    },
    Migration {
        sql: include_str!("schema_8.sql"),
        fill: |_| Ok(()),
    },
    Migration {
        sql: include_str!("schema_9.sql"),
        fill: |_| Ok(()),
    },
    Migration {
        sql: include_str!("schema_10.sql"),
        fill: |_| Ok(()),
    },
    Migration {
        sql: include_str!("schema_11.sql"),
        fill: |_| Ok(()),
    },
    Migration {
        sql: include_str!("schema_12.sql"),
        fill: |_| Ok(()),
    },
];

/// The newest version of the schema.
pub(super) const SCHEMA_VERSION: u32 = MIGRATIONS.len() as u32;

/// How long a write waits for another process that holds the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// How long opening the file and reading do, for which somebody waits who is to learn why before losing patience.
const BUSY_TIMEOUT_OF_READS: Duration = Duration::from_secs(3);

/// The same after one that waited in vain: a crawl of many shops must not wait for each of them anew.
const BUSY_TIMEOUT_AGAIN: Duration = Duration::from_millis(100);

/// Connections that only read, so that long scans and short look-ups do not wait for writes.
const N_READERS: usize = 2;

/// What one connection may do with the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Create,
    Write,
    Read,
    /// Reads a file in a folder where SQLite cannot make the files that readers and writers meet in.
    Immutable,
}

/// Whose a file is.
#[derive(Debug, Clone, Copy)]
enum Identity {
    Empty,
    Ours(u32),
    Foreign,
}

/// The open connections to a file.
pub(super) struct Connections {
    /// Refuses writes by itself if the file can only be read.
    pub(super) writer: Connection,
    pub(super) readers: Vec<Connection>,
}

pub(super) fn open_memory() -> Result<Connection, Fault> {
    let mut connection = Connection::open_in_memory()?;
    tune(&connection, WRITER_CACHE)?;
    migrate(&mut connection)?;
    Ok(connection)
}

pub(super) fn open_file(
    path: &Path,
    location: &str,
    mode: OpenMode,
) -> Result<Connections, StoreError> {
    prepare_path(path, location, mode)?;
    let (mut writer, access, identity) = first_that_opens(path, location, mode)?;
    let can_write = matches!(access, Access::Create | Access::Write)
        && !writer.is_readonly("main").unwrap_or(true);
    if !can_write && mode == OpenMode::Create {
        return Err(refused(location, DENIED));
    }
    if matches!(identity, Identity::Empty) && mode == OpenMode::Existing {
        return Err(missing(location));
    }
    check_identity(identity, can_write, location)?;
    if can_write {
        let set_up = set_up(&mut writer, identity, location);
        set_up.map_err(|fault| fault.during("set up the schema", location))?;
    } else {
        tracing::warn!(location, "the store {location} can only be read");
    }
    let reading = if can_write { Access::Read } else { access };
    let readers: Result<Vec<_>, rusqlite::Error> = (0..N_READERS)
        .map(|_| {
            let reader = connect(path, reading)?;
            tune(&reader, READER_CACHE)?;
            Ok(reader)
        })
        .collect();
    let readers = readers.map_err(|error| cannot_open(error, location))?;
    Ok(Connections { writer, readers })
}

const DENIED: &str = "the permissions of the file or its folder do not allow it";

fn prepare_path(path: &Path, location: &str, mode: OpenMode) -> Result<(), StoreError> {
    if path.is_dir() {
        return Err(refused(location, "it is a folder, not a file"));
    }
    let exists = path.try_exists();
    let exists = exists.map_err(|error| refused(location, &error.to_string()))?;
    match mode {
        OpenMode::Existing if !exists => Err(missing(location)),
        OpenMode::Create if !exists => {
            let folder = path.parent().unwrap_or(Path::new("."));
            std::fs::create_dir_all(folder).map_err(|error| {
                let detail = format!("cannot make the folder {}: {error}", folder.display());
                refused(location, &detail)
            })
        }
        OpenMode::Existing | OpenMode::Create => Ok(()),
    }
}

/// Connects with the most that file and folder allow.
fn first_that_opens(
    path: &Path,
    location: &str,
    mode: OpenMode,
) -> Result<(Connection, Access, Identity), StoreError> {
    let accesses: &[Access] = match mode {
        OpenMode::Create => &[Access::Create],
        // Without a log there is nothing that only a look at the log would show.
        OpenMode::Existing if !beside(path, "-wal").exists() => {
            &[Access::Write, Access::Read, Access::Immutable]
        }
        OpenMode::Existing => &[Access::Write, Access::Read],
    };
    let mut first_error = None;
    for &access in accesses {
        let opened = connect(path, access).and_then(|connection| {
            let identity = identify(&connection.unchecked_transaction()?)?;
            Ok((connection, identity))
        });
        match opened {
            Ok((connection, identity)) => return Ok((connection, access, identity)),
            Err(error) if is_denied(&error) => first_error = first_error.or(Some(error)),
            Err(error) => return Err(cannot_open(error, location)),
        }
    }
    Err(first_error.map_or_else(
        || refused(location, DENIED),
        |error| cannot_open(error, location),
    ))
}

fn connect(path: &Path, access: Access) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX
        | match access {
            Access::Create => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
            Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
            Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
            Access::Immutable => OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI,
        };
    let connection = match (access, path.to_str()) {
        (Access::Immutable, Some(path)) => {
            let escaped = path
                .replace('%', "%25")
                .replace('?', "%3f")
                .replace('#', "%23");
            Connection::open_with_flags(format!("file:{escaped}?immutable=1"), flags)?
        }
        _ => Connection::open_with_flags(path, flags)?,
    };
    connection.busy_timeout(BUSY_TIMEOUT_OF_READS)?;
    // Until it is known whose file this is, closing it must not even move its log into it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(connection)
}

/// Reads three values of the file: in one transaction, or another process may be setting them up in between.
fn identify(connection: &Transaction<'_>) -> rusqlite::Result<Identity> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let (application, version) = (pragma("application_id")?, pragma("user_version")?);
    let n_tables: i64 =
        connection.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(match (application, u32::try_from(version)) {
        (APPLICATION_ID, Ok(version)) if version > 0 => Identity::Ours(version),
        (0, Ok(0)) if n_tables == 0 => Identity::Empty,
        _ => Identity::Foreign,
    })
}

fn check_identity(identity: Identity, can_write: bool, location: &str) -> Result<(), StoreError> {
    match identity {
        Identity::Foreign => Err(refused(
            location,
            "it is a SQLite database of another program; use another --store",
        )),
        Identity::Ours(found) if found > SCHEMA_VERSION => Err(StoreError::NewerSchema {
            location: location.to_owned(),
            found,
            known: SCHEMA_VERSION,
        }),
        Identity::Ours(SCHEMA_VERSION) => Ok(()),
        Identity::Empty | Identity::Ours(_) if can_write => Ok(()),
        Identity::Empty | Identity::Ours(_) => Err(refused(
            location,
            "its schema must be brought up to date, and it can only be read",
        )),
    }
}

fn set_up(connection: &mut Connection, identity: Identity, location: &str) -> Result<(), Fault> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    // Takes effect in a file without content only.
    connection.pragma_update(None, "page_size", PAGE_SIZE)?;
    // Migrating takes the write lock, which a command that only reads must not wait for.
    match identity {
        Identity::Ours(SCHEMA_VERSION) => {}
        Identity::Ours(_) => bring_up_to_date(connection, location)?,
        Identity::Empty | Identity::Foreign => migrate(connection)?,
    }
    switch_to_log(connection)?;
    connection.pragma_update(None, "synchronous", "normal")?;
    let wal_bytes = PAGE_SIZE * i64::from(WAL_PAGES);
    connection.pragma_update_and_check(None, "journal_size_limit", wal_bytes, |_| Ok(()))?;
    tune(connection, WRITER_CACHE)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(())
}

/// Migrates a store with content, which takes minutes where that is much: whoever waits is told before and after.
fn bring_up_to_date(connection: &mut Connection, location: &str) -> Result<(), Fault> {
    let n_products: u64 =
        connection.query_row("SELECT COUNT(*) FROM products", [], |row| row.get(0))?;
    if n_products == 0 {
        // Another process may be making it at this moment.
        return migrate(connection);
    }
    tracing::warn!(
        location,
        n_products,
        "bringing the store {location} up to date: {n_products} products, once; do not end this"
    );
    migrate(connection)?;
    tracing::warn!(location, "the store {location} is up to date");
    Ok(())
}

/// Switches a new file to a write-ahead log; one that has it stays as it is.
///
/// SQLite does not wait here for others that open the file at the same moment, as it does when a transaction
/// begins. So each failure waits for a transaction of its own before the next try.
fn switch_to_log(connection: &Connection) -> rusqlite::Result<()> {
    let switch = || connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()));
    for _ in 0..100 {
        match switch() {
            Err(error) if is_locked(&error) => {
                connection.execute_batch("BEGIN EXCLUSIVE; COMMIT")?;
            }
            switched => return switched,
        }
    }
    switch()
}

const PAGE_SIZE: i64 = 16384;

/// The log's length from which on a commit moves it into the file.
pub(super) const WAL_PAGES: i32 = 3000;

/// Begins a transaction that other writers wait for.
pub(super) fn begin_write(connection: &mut Connection) -> rusqlite::Result<Transaction<'_>> {
    let connection = &*connection;
    let begun = Transaction::new_unchecked(connection, TransactionBehavior::Immediate);
    connection.busy_timeout(match &begun {
        Err(error) if is_locked(error) => BUSY_TIMEOUT_AGAIN,
        Ok(_) | Err(_) => BUSY_TIMEOUT,
    })?;
    begun
}

/// What a connection keeps of the file in memory, in KiB. One that writes a page of products needs more of it than one
/// that reads: that has the system's cache behind it.
const WRITER_CACHE: i32 = 16_384;
const READER_CACHE: i32 = 4_096;

fn tune(connection: &Connection, cache: i32) -> rusqlite::Result<()> {
    // Plans may not depend on what is bound: SQLite would prepare most statements of a page anew for each page.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "cache_size", -cache)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// Brings an empty or older schema up to date, one transaction per version; whoever comes second finds it done.
fn migrate(connection: &mut Connection) -> Result<(), Fault> {
    loop {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let version = match identify(&transaction)? {
            Identity::Empty => 0,
            Identity::Ours(version) => version,
            Identity::Foreign => {
                let detail = "another program began to use the file".to_owned();
                return Err(Fault::Failed(detail));
            }
        };
        let Some(migration) = MIGRATIONS.get(version as usize) else {
            return Ok(());
        };
        transaction.execute_batch(migration.sql)?;
        (migration.fill)(&transaction)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", version + 1)?;
        transaction.commit()?;
    }
}

fn cannot_open(error: rusqlite::Error, location: &str) -> StoreError {
    if is_damage(&error) {
        return refused(location, "it is not a SQLite database, or it is damaged");
    }
    if is_denied(&error) {
        return refused(location, DENIED);
    }
    Fault::from(error).during("read anything", location)
}

fn missing(location: &str) -> StoreError {
    StoreError::Missing {
        location: location.to_owned(),
    }
}

fn refused(location: &str, detail: &str) -> StoreError {
    StoreError::Open {
        location: location.to_owned(),
        detail: detail.to_owned(),
    }
}

/// Returns the path of a file that SQLite keeps beside the database.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
