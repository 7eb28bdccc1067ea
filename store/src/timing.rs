//! How long calls of a store take and how many fail, for whoever looks at the process (docs/metrics.md).

use catalog::StoreError;
use metrics::{counter, histogram};
use tokio::time::Instant;

/// A call under way. One that is dropped is not counted.
#[derive(Debug)]
pub(crate) struct Timed {
    operation: &'static str,
    began: Instant,
}

impl Timed {
    /// Begins a call that only reads.
    pub(crate) fn read(doing: &str) -> Self {
        Self::begin("read", doing)
    }

    /// Begins any other call.
    pub(crate) fn write(doing: &str) -> Self {
        Self::begin("write", doing)
    }

    fn begin(else_operation: &'static str, doing: &str) -> Self {
        Self {
            operation: operation(doing).unwrap_or(else_operation),
            began: Instant::now(),
        }
    }

    /// Ends the call. What the rules refuse is an answer; a failure is the database's.
    pub(crate) fn ended<T>(&self, result: &Result<T, StoreError>) {
        let operation = self.operation;
        match result {
            Err(
                StoreError::Failed { .. } | StoreError::Locked { .. } | StoreError::Damaged { .. },
            ) => {
                counter!("trouvaille_store_failures_total", "operation" => operation).increment(1);
            }
            _ => {
                histogram!("trouvaille_store_seconds", "operation" => operation)
                    .record(self.began.elapsed());
            }
        }
    }
}

/// Returns what a call is beside a read or a write.
fn operation(doing: &str) -> Option<&'static str> {
    match doing {
        "store a page" => Some("page"),
        "lease a shop" | "take the lease of a shop" | "renew a lease" | "release a lease" => {
            Some("lease")
        }
        "look for work"
        | "take an item"
        | "renew an item's lease"
        | "give an item back"
        | "put an item off"
        | "note that an item failed"
        | "end an item" => Some("work"),
        _ => None,
    }
}
