//! Whether a body is a message of JSON-RPC, before the SDK looks at it.

use std::borrow::Cow;

use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::refusal::{self, Refusal};
use crate::audit::UNKNOWN;
use crate::server::KNOWN_METHODS;

/// How deep messages may be nested. Those of the protocol are not half as deep.
const MAX_DEPTH: usize = 64;

/// The operations that methods are counted as, in the order of [`KNOWN_METHODS`].
const OPERATIONS: [&str; KNOWN_METHODS.len()] = [
    "mcp.completion/complete",
    "mcp.initialize",
    "mcp.ping",
    "mcp.prompts/get",
    "mcp.prompts/list",
    "mcp.resources/list",
    "mcp.resources/read",
    "mcp.resources/templates/list",
    "mcp.server/discover",
    "mcp.tools/call",
    "mcp.tools/list",
];

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    jsonrpc: Cow<'a, str>,
    #[serde(borrow, default)]
    method: Option<Cow<'a, str>>,
    result: Option<IgnoredAny>,
    error: Option<IgnoredAny>,
}

/// Returns whether the headers say that the body is JSON.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let said = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let essence = said.and_then(|it| it.split(';').next());
    essence.is_some_and(|it| it.trim().eq_ignore_ascii_case("application/json"))
}

/// Returns the operation that a body asks for, as it is counted.
///
/// # Errors
/// When it is not JSON, nested too deeply, or no message of JSON-RPC.
pub(super) fn check(body: &[u8]) -> Result<&'static str, Refusal> {
    let text = std::str::from_utf8(body).map_err(|_| refusal::no_json("the body is not UTF-8"))?;
    if depth(body) > MAX_DEPTH {
        let message = format!("the body is nested deeper than {MAX_DEPTH} levels");
        return Err(refusal::invalid(message));
    }
    let envelope: Envelope<'_> = serde_json::from_str(text).map_err(|error| {
        if error.is_data() {
            refusal::no_message()
        } else {
            refusal::no_json("the body is not JSON")
        }
    })?;
    let says_something =
        envelope.method.is_some() || envelope.result.is_some() || envelope.error.is_some();
    if envelope.jsonrpc != "2.0" || !says_something {
        return Err(refusal::no_message());
    }
    Ok(operation(envelope.method.as_deref()))
}

fn operation(method: Option<&str>) -> &'static str {
    let Some(method) = method else {
        return UNKNOWN;
    };
    if method.starts_with("notifications/") {
        return "mcp.notification";
    }
    let known = KNOWN_METHODS.iter().position(|it| *it == method);
    known.map_or(UNKNOWN, |at| OPERATIONS[at])
}

/// Returns how many brackets are open at once. A count, not a parser: what is no JSON is refused later.
fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0_usize);
    let (mut in_string, mut escaped) = (false, false);
    for byte in json {
        match (in_string, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_string = !in_string,
            (false, b'[' | b'{') => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            (false, b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_of_a_fixed_set() {
        let body = |method: &str| format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}"}}"#);
        for (method, expected) in KNOWN_METHODS.iter().zip(OPERATIONS) {
            assert_eq!(expected.strip_prefix("mcp."), Some(*method));
            assert_eq!(check(body(method).as_bytes()).unwrap(), expected);
        }
        assert_eq!(check(body("a/b").as_bytes()).unwrap(), UNKNOWN);
    }

    #[test]
    fn depth_is_that_of_open_brackets() {
        assert_eq!(depth(br#"{"a":[1,{"b":[]}],"c":"[[[\"{{{"}"#), 4);
        assert_eq!(depth(b"]]]["), 1);
    }
}
