//! Errors that guide: what was wrong, where, the nearest right value, and the next call to make.
//!
//! They go to a model: no path, no address of a store and no stranger's text is in them.

use catalog::StoreError;
use serde::Serialize;

use crate::Refused;

/// Why a tool did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct ToolError {
    /// The reason by a stable name, such as `invalid_argument`.
    pub code: &'static str,
    /// What happened.
    pub message: String,
    /// The argument that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Values that would be right and are near to what was given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nearest: Vec<String>,
    /// What to do next: a call, or a command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl ToolError {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            field: None,
            nearest: Vec::new(),
            next: None,
        }
    }

    /// Returns the error of an argument that is not as it must be.
    pub(crate) fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self {
            field: Some(field.to_owned()),
            ..Self::new("invalid_argument", message)
        }
    }

    pub(crate) fn nearest(mut self, nearest: Vec<String>) -> Self {
        self.nearest = nearest;
        self
    }

    pub(crate) fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    /// Returns the error of an answer that clients would not take.
    pub(crate) fn too_long() -> Self {
        Self::new("too_long", "the answer is longer than clients take")
            .next("ask for less: a smaller limit, fewer ids, response_format=concise")
    }

    /// Returns the error of a store that has nothing yet.
    pub(crate) fn empty() -> Self {
        Self::new("empty_store", "no shop has been crawled yet")
            .next("trouvaille crawl https://SHOP")
    }
}

impl From<StoreError> for ToolError {
    /// Keeps what is said of where and how for the log.
    fn from(error: StoreError) -> Self {
        tracing::warn!("{error}");
        match error {
            StoreError::NewerSchema { found, known, .. } => Self::new(
                "store_newer",
                format!(
                    "the store has schema version {found}, and this server knows up to {known}: a newer trouvaille wrote it"
                ),
            )
            .next("install the newest trouvaille and start the server again"),
            StoreError::Missing { .. } => {
                Self::new("no_store", "there is no store yet").next("trouvaille crawl https://SHOP")
            }
            StoreError::Locked { .. } => {
                Self::new("store_locked", "another process keeps the store for itself at present")
                    .next("call again in a moment")
            }
            StoreError::Damaged { .. } => {
                Self::new("store_damaged", "the store holds something that cannot be read")
                    .next("trouvaille check")
            }
            StoreError::BadUri { .. } | StoreError::Open { .. } => {
                Self::new("store_unreadable", "the store cannot be opened; the server's log says why")
                    .next("trouvaille check")
            }
            _ => Self::new("store_failed", "the store did not answer; the server's log says why")
                .next("call again in a moment; if that does not help: trouvaille check"),
        }
    }
}

impl From<Refused> for ToolError {
    fn from(refused: Refused) -> Self {
        Self {
            next: refused.next,
            ..Self::new(refused.code, refused.message)
        }
    }
}

#[cfg(test)]
mod tests;
