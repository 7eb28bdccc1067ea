//! Errors in the form of the protocol. What a store says of itself goes to the log alone.

use a2a_sdk::{A2AError, FieldViolation, TypedDetail};
use catalog::{StoreError, TaskId};

/// Returns invalid params, with the field's name.
pub(crate) fn invalid(field: &str, what: &str) -> A2AError {
    let violation = FieldViolation {
        field: field.to_owned(),
        description: what.to_owned(),
    };
    A2AError::invalid_params(format!("{field} {what}"))
        .with_details(vec![TypedDetail::bad_request(vec![violation])])
}

/// Returns what a caller may know of a failed store, and logs the rest.
pub(crate) fn internal(doing: &'static str, error: &StoreError) -> A2AError {
    tracing::error!(%error, "cannot {doing}: {error}");
    A2AError::internal(format!(
        "cannot {doing}: the agent's store does not answer; try again later"
    ))
}

/// Returns the answer to a message or a cancellation that came after the end.
pub(super) fn ended(task: &str) -> A2AError {
    A2AError::unsupported_operation(format!(
        "the task {task} has ended; send a message without a task to begin another"
    ))
}

/// Returns the answer to a message for a task that waits for none.
pub(super) fn at_work(task: &str) -> A2AError {
    A2AError::unsupported_operation(format!(
        "the task {task} is at work and waits for no message; cancel it, or begin another"
    ))
}

/// Returns what a caller may know of events that came no more.
pub(super) fn following(task: &TaskId, error: &StoreError) -> A2AError {
    match error {
        // It was forgotten under its readers.
        StoreError::UnknownTask { .. } => A2AError::task_not_found(task.as_str()),
        error => internal("follow the task", error),
    }
}
