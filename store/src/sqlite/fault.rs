//! What can go wrong inside, and the plain words that a caller gets for it.

use catalog::{ShopKey, StoreError};
use rusqlite::ErrorCode;

use crate::task_rules::TaskFault;

/// An error before it is known where and during what it happened.
#[derive(Debug)]
pub(super) enum Fault {
    Sqlite(rusqlite::Error),
    /// A stored value that cannot be read.
    Damaged(String),
    /// Another crawl of the shop took over.
    Fenced(ShopKey),
    /// What happened to a task forbids it.
    Task(TaskFault),
    Failed(String),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<TaskFault> for Fault {
    fn from(fault: TaskFault) -> Self {
        Self::Task(fault)
    }
}

impl Fault {
    /// Returns whether a stored value cannot be read, while the file can.
    pub(super) fn is_of_a_value(&self) -> bool {
        match self {
            Self::Damaged(_) => true,
            Self::Sqlite(error) => is_damage(error) && error.sqlite_error_code().is_none(),
            _ => false,
        }
    }

    pub(super) fn during(self, doing: &'static str, location: &str) -> StoreError {
        let location = location.to_owned();
        match self {
            Self::Fenced(shop) => StoreError::Fenced { shop },
            Self::Task(fault) => fault.into(),
            Self::Damaged(detail) => StoreError::Damaged { location, detail },
            Self::Sqlite(error) if is_damage(&error) => StoreError::Damaged {
                location,
                detail: error.to_string(),
            },
            Self::Sqlite(error) if is_locked(&error) => StoreError::Locked { doing, location },
            Self::Sqlite(error) => StoreError::Failed {
                doing,
                location,
                detail: in_plain_words(&error),
            },
            Self::Failed(detail) => StoreError::Failed {
                doing,
                location,
                detail,
            },
        }
    }
}

/// Returns whether the file holds something that does not belong there.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::Error::{
        FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, Utf8Error,
    };
    match error {
        FromSqlConversionFailure(..)
        | IntegralValueOutOfRange(..)
        | InvalidColumnType(..)
        | Utf8Error(..) => true,
        _ => matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
        ),
    }
}

/// Returns whether the file or its folder did not allow what was asked.
pub(super) fn is_denied(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied)
    )
}

/// Returns whether somebody else held a lock on the file for too long.
pub(super) fn is_locked(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

fn in_plain_words(error: &rusqlite::Error) -> String {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the disk is full".to_owned(),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            "it can only be read: check the permissions of the file and its folder".to_owned()
        }
        Some(ErrorCode::SystemIoFailure) => {
            format!(
                "the file system failed (is the disk full, or a limit of file sizes reached?): {error}"
            )
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::{Error, ffi};

    #[test]
    fn each_failure_says_what_a_user_can_do_about_it() {
        for (code, said) in [
            (ffi::SQLITE_FULL, "the disk is full"),
            (ffi::SQLITE_READONLY, "check the permissions"),
            (ffi::SQLITE_IOERR_WRITE, "the file system failed"),
        ] {
            let fault = Fault::from(Error::SqliteFailure(ffi::Error::new(code), None));
            let error = fault.during("store a page", "/x.db");
            assert!(matches!(error, StoreError::Failed { .. }));
            let shown = error.to_string();
            assert!(
                shown.starts_with("cannot store a page in the store /x.db: "),
                "{shown}"
            );
            assert!(shown.contains(said), "{shown}");
        }
        let busy = Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_BUSY), None);
        let error = Fault::from(busy).during("store a page", "/x.db");
        assert!(matches!(error, StoreError::Locked { .. }));
        assert!(
            error
                .to_string()
                .contains("another process holds it locked")
        );
        let fault = Fault::from(Error::SqliteFailure(
            ffi::Error::new(ffi::SQLITE_CORRUPT),
            None,
        ));
        assert!(matches!(
            fault.during("read", "/x.db"),
            StoreError::Damaged { .. }
        ));
    }
}
