//! What the headers of a request say: who calls, and what the caller has of a task already.

use a2a_sdk::A2AError;
use a2a_server::middleware::ServiceParams;

use super::failure::invalid;

/// The header in which the edge says who calls. What came from outside under this name never gets here.
pub(crate) const CALLER_HEADER: &str = "x-trouvaille-caller";

/// The header in which the edge says that the caller may look, and have nothing done. Nor does this one come from outside.
pub(crate) const READS_ONLY_HEADER: &str = "x-trouvaille-reads-only";

/// The header that says the number of the last event that a subscriber has.
pub(crate) const AFTER_SEQ_HEADER: &str = "a2a-after-seq";

/// Who calls where nobody has to say so.
pub(crate) const LOCAL: &str = "local";

/// Returns who calls.
pub(super) fn caller(params: &ServiceParams) -> &str {
    header(params, CALLER_HEADER).unwrap_or(LOCAL)
}

/// Checks that the caller may have work done.
///
/// # Errors
/// Unsupported operation, which is the nearest that the protocol has, for one who may only read.
pub(super) fn check_may_ask(params: &ServiceParams) -> Result<(), A2AError> {
    match header(params, READS_ONLY_HEADER) {
        None => Ok(()),
        Some(_) => Err(A2AError::unsupported_operation(
            "permission denied: this token may read its tasks, and send no messages; that takes one with the scope crawl",
        )),
    }
}

/// Returns the first value of a header.
pub(super) fn header<'a>(params: &'a ServiceParams, name: &str) -> Option<&'a str> {
    params.get(name)?.first().map(String::as_str)
}

/// Returns the number behind which a subscriber wants the events, if it says one.
///
/// # Errors
/// Invalid params when it is no number.
pub(super) fn after_seq(params: &ServiceParams) -> Result<Option<u64>, A2AError> {
    let Some(text) = header(params, AFTER_SEQ_HEADER) else {
        return Ok(None);
    };
    let number = text.trim().parse();
    number
        .map(Some)
        .map_err(|_| invalid("A2A-After-Seq", "must be the number of an event"))
}
