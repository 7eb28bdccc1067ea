//! What can go wrong inside, and the plain words that a caller gets for it.

use std::time::Duration;

use catalog::{ShopKey, StoreError};
use mongodb::bson::Document;
use mongodb::error::{
    Error, ErrorKind, RETRYABLE_WRITE_ERROR, TRANSIENT_TRANSACTION_ERROR,
    UNKNOWN_TRANSACTION_COMMIT_RESULT, WriteFailure,
};

use crate::task_rules::TaskFault;

/// An error before it is known where and during what it happened.
#[derive(Debug)]
pub(super) enum Fault {
    Mongo(Box<Error>),
    /// One statement of a command that the server refused: its code and what it said.
    Refused(i32, String),
    /// The server did not answer for this long.
    Silent(Duration),
    /// A stored value that cannot be read.
    Damaged(String),
    /// Another crawl of the shop took over.
    Fenced(ShopKey),
    /// What happened to a task forbids it.
    Task(TaskFault),
    Failed(String),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Mongo(Box::new(error))
    }
}

impl From<mongodb::bson::error::Error> for Fault {
    fn from(error: mongodb::bson::error::Error) -> Self {
        Self::Damaged(error.to_string())
    }
}

impl From<TaskFault> for Fault {
    fn from(fault: TaskFault) -> Self {
        Self::Task(fault)
    }
}

/// The server's code for a second document with the same key.
pub(super) const DUPLICATE_KEY: i32 = 11000;

/// Codes of a server that shuts down, starts, or is not or no longer the primary, and of a lost connection.
const AWAY: [i32; 16] = [
    6, 7, 89, 91, 134, 189, 262, 9001, 10058, 10107, 11600, 11602, 13435, 13436, 43, 317,
];

/// Codes of two writers that met: a write conflict, a lock, a transaction that the server gave up.
const CONFLICTS: [i32; 4] = [WRITE_CONFLICT, 24, 251, 246];

const WRITE_CONFLICT: i32 = 112;

/// The most characters of a server's own words that are repeated.
const MAX_WORDS: usize = 300;

impl Fault {
    /// Returns what is told where others changed a document again and again before it could be written.
    pub(super) fn overtaken() -> Self {
        Self::Refused(WRITE_CONFLICT, String::new())
    }

    /// Returns what a reply says went wrong in a write.
    pub(super) fn of_write(reply: &Document) -> Option<Self> {
        let errors = reply.get_array("writeErrors").ok();
        let error = errors.and_then(|errors| errors.first()?.as_document());
        let error = error.or_else(|| reply.get_document("writeConcernError").ok())?;
        Some(Self::Refused(
            error.get_i32("code").unwrap_or_default(),
            error.get_str("errmsg").unwrap_or_default().to_owned(),
        ))
    }

    /// Returns the code of the server's error.
    pub(super) fn code(&self) -> Option<i32> {
        match self {
            Self::Refused(code, _) => Some(*code),
            Self::Mongo(error) => match &*error.kind {
                ErrorKind::Command(error) => Some(error.code),
                ErrorKind::Write(WriteFailure::WriteError(error)) => Some(error.code),
                ErrorKind::Write(WriteFailure::WriteConcernError(error)) => Some(error.code),
                _ => None,
            },
            _ => None,
        }
    }

    /// Returns whether the server went away, or did not answer; it may come back.
    pub(super) fn is_outage(&self) -> bool {
        match self {
            Self::Silent(_) => true,
            Self::Mongo(error) => match &*error.kind {
                ErrorKind::Io(_)
                | ErrorKind::ConnectionPoolCleared { .. }
                | ErrorKind::ServerSelection { .. } => true,
                _ => self.has_code_of(&AWAY) || error.contains_label(RETRYABLE_WRITE_ERROR),
            },
            _ => self.has_code_of(&AWAY),
        }
    }

    /// Returns whether another writer was in the way, so that the same steps may succeed now.
    pub(super) fn is_conflict(&self) -> bool {
        let is_transient = matches!(self, Self::Mongo(error)
            if error.contains_label(TRANSIENT_TRANSACTION_ERROR));
        is_transient || self.has_code_of(&CONFLICTS)
    }

    /// Returns whether a transaction may or may not have been committed.
    pub(super) fn leaves_commit_unknown(&self) -> bool {
        match self {
            Self::Silent(_) => true,
            Self::Mongo(error) => error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT),
            _ => false,
        }
    }

    fn has_code_of(&self, codes: &[i32]) -> bool {
        self.code().is_some_and(|code| codes.contains(&code))
    }

    pub(super) fn during(self, doing: &'static str, location: &str) -> StoreError {
        let location = location.to_owned();
        match self {
            Self::Fenced(shop) => StoreError::Fenced { shop },
            Self::Task(fault) => fault.into(),
            Self::Damaged(detail) => StoreError::Damaged { location, detail },
            other => StoreError::Failed {
                doing,
                location,
                detail: other.in_plain_words(),
            },
        }
    }

    /// Returns one sentence that a person can act on, without anything that is secret.
    pub(super) fn in_plain_words(&self) -> String {
        match self {
            Self::Silent(limit) => format!("it did not answer for {} s", limit.as_secs()),
            Self::Fenced(shop) => format!("another crawl of {shop} took over"),
            Self::Task(fault) => StoreError::from(fault.clone()).to_string(),
            Self::Damaged(detail) | Self::Failed(detail) => detail.clone(),
            Self::Refused(code, said) => by_code(*code, said),
            Self::Mongo(error) => of_driver(error),
        }
    }
}

fn of_driver(error: &Error) -> String {
    match &*error.kind {
        ErrorKind::Command(command) => by_code(command.code, &command.message),
        ErrorKind::Write(WriteFailure::WriteError(write)) => by_code(write.code, &write.message),
        ErrorKind::Write(WriteFailure::WriteConcernError(concern)) => {
            by_code(concern.code, &concern.message)
        }
        ErrorKind::Authentication { .. } => by_code(AUTHENTICATION_FAILED, ""),
        ErrorKind::Io(error) => error.to_string(),
        ErrorKind::ServerSelection { message, .. } => of_selection(message),
        ErrorKind::ConnectionPoolCleared { .. } => "the connection was lost".to_owned(),
        ErrorKind::InvalidTlsConfig { message, .. } => {
            format!("the TLS options: {}", shortened(message))
        }
        ErrorKind::IncompatibleServer { .. } => "the server's version is not supported".to_owned(),
        other => shortened(&other.to_string()),
    }
}

const AUTHENTICATION_FAILED: i32 = 18;

/// The server's code for a user without a right.
pub(super) const UNAUTHORIZED: i32 = 13;

/// The code of MongoDB's hosted servers for the same.
pub(super) const UNAUTHORIZED_ATLAS: i32 = 8000;

/// Returns what a server's code means to a user; `said` are the server's own words.
fn by_code(code: i32, said: &str) -> String {
    let meaning = match code {
        AUTHENTICATION_FAILED => "the server refused the user name or the password",
        UNAUTHORIZED | UNAUTHORIZED_ATLAS => {
            "the user has no right to do this: it needs the role readWrite on this database"
        }
        14031 => "the server's disk is full",
        371 => "the server accepts no writes at present",
        20 if said.contains("read-only") || said.contains("readOnly") => {
            "the server can only be read"
        }
        10058 | 10107 | 13435 | 13436 => "no primary server accepts writes",
        91 | 11600 | 11602 => "the server shuts down or starts",
        10334 => "a document is greater than the 16 MB that MongoDB stores",
        WRITE_CONFLICT | 24 | 246 | 251 => "another writer was in the way",
        64 | 100 => "too few servers confirmed the write",
        _ => return format!("{} (code {code})", shortened(said)),
    };
    meaning.to_owned()
}

/// Picks the reason out of the driver's description of all servers.
fn of_selection(message: &str) -> String {
    let reason = message.rsplit_once("I/O error: ").map(|(_, reason)| reason);
    match reason.and_then(|reason| reason.split(", labels").next()) {
        Some(reason) => shortened(reason),
        None if message.contains("None of the available servers") => {
            "none of the servers is a primary".to_owned()
        }
        None => "no server answers".to_owned(),
    }
}

/// Returns foreign words as one line of a bounded length.
fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MAX_WORDS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mongodb::bson::{deserialize_from_document, doc};

    fn command_error(code: i32, said: &str) -> Fault {
        let error = doc! { "code": code, "codeName": "Name", "errmsg": said };
        let error = deserialize_from_document(error).unwrap();
        Fault::from(Error::from(ErrorKind::Command(error)))
    }

    #[test]
    fn each_failure_says_what_a_user_can_do_about_it() {
        for (code, said) in [
            (18, "refused the user name or the password"),
            (13, "needs the role readWrite"),
            (14031, "the server's disk is full"),
            (371, "accepts no writes"),
            (10107, "no primary"),
            (10334, "16 MB"),
            (9, "the server's own words (code 9)"),
        ] {
            for fault in [
                command_error(code, "the server's\nown words"),
                Fault::Refused(code, "the server's own words".to_owned()),
            ] {
                let error = fault.during("store a page", "mongodb://h/d");
                assert!(matches!(error, StoreError::Failed { .. }));
                let shown = error.to_string();
                assert!(
                    shown.starts_with("cannot store a page in the store mongodb://h/d: "),
                    "{shown}"
                );
                assert!(shown.contains(said) && !shown.contains('\n'), "{shown}");
            }
        }
    }

    #[test]
    fn only_what_passes_by_itself_is_waited_for() {
        for code in AWAY {
            assert!(
                command_error(code, "").is_outage()
                    && Fault::Refused(code, String::new()).is_outage()
            );
        }
        for code in CONFLICTS {
            let fault = command_error(code, "");
            assert!(fault.is_conflict() && !fault.is_outage());
        }
        let broken = || Fault::from(Error::from(std::io::ErrorKind::ConnectionReset));
        assert!(broken().is_outage() && Fault::Silent(Duration::from_secs(1)).is_outage());
        for code in [13, 18, 14031, DUPLICATE_KEY, 371] {
            let fault = command_error(code, "");
            assert!(!fault.is_outage() && !fault.is_conflict(), "{code}");
        }
    }

    #[test]
    fn the_reason_is_picked_out_of_a_description_of_all_servers() {
        let message = "Server selection timeout: No available servers. Topology: { Type: Unknown, Servers: [ \
            { Address: h:1, Type: Unknown, Error: Kind: I/O error: Connection refused (os error 111), labels: {\
            \"x\"}, source: None } ] }";
        assert_eq!(of_selection(message), "Connection refused (os error 111)");
        assert_eq!(
            of_selection("Server selection timeout: None of the available servers suitable"),
            "none of the servers is a primary"
        );
        assert_eq!(of_selection("whatever"), "no server answers");
        assert_eq!(shortened(&"é".repeat(400)).chars().count(), MAX_WORDS + 1);
    }

    #[test]
    fn the_first_error_of_a_write_is_the_one_told() {
        let reply = doc! { "ok": 1, "n": 0, "writeErrors": [{ "index": 0, "code": 11000, "errmsg": "twice" }] };
        assert_eq!(Fault::of_write(&reply).unwrap().code(), Some(DUPLICATE_KEY));
        let reply = doc! { "ok": 1, "n": 1, "writeConcernError": { "code": 91, "errmsg": "bye" } };
        assert!(Fault::of_write(&reply).unwrap().is_outage());
        assert!(Fault::of_write(&doc! { "ok": 1, "n": 1 }).is_none());
    }
}
