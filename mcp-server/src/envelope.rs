//! Whether a text is a message of JSON-RPC, before the SDK looks at it, and what is answered where it is none.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

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

/// What a message says of itself. The fields are taken as they come, so that the id can be told of one whose other
/// fields are wrong.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Envelope {
    jsonrpc: Value,
    id: Value,
    method: Value,
    result: Option<IgnoredAny>,
    error: Option<IgnoredAny>,
}

/// What JSON-RPC answers to what is not taken.
#[derive(Debug)]
pub(crate) struct RpcError {
    code: i32,
    message: String,
    /// Null where it is not known.
    id: Value,
}

/// Returns the envelope of a message.
///
/// # Errors
/// When it is not JSON, nested too deeply, or no message of JSON-RPC.
pub(crate) fn check(text: &[u8]) -> Result<Envelope, RpcError> {
    let text =
        std::str::from_utf8(text).map_err(|_| RpcError::no_json("the message is not UTF-8"))?;
    let envelope = parse(text);
    if depth(text.as_bytes()) > MAX_DEPTH {
        let message = format!("the message is nested deeper than {MAX_DEPTH} levels");
        let id = envelope.map_or(Value::Null, |it| it.request_id());
        let error = RpcError::invalid(message);
        return Err(RpcError { id, ..error });
    }
    let envelope = envelope?;
    let says_something = envelope.method.is_string() || envelope.is_response();
    if envelope.jsonrpc != "2.0" || !says_something {
        return Err(envelope.no_message());
    }
    Ok(envelope)
}

fn parse(text: &str) -> Result<Envelope, RpcError> {
    // An array would be taken for the fields in their order.
    let is_object = text.trim_ascii_start().starts_with('{');
    match serde_json::from_str::<Envelope>(text) {
        Ok(envelope) if is_object => Ok(envelope),
        Err(error) if !error.is_data() => Err(RpcError::no_json("the message is not JSON")),
        Ok(_) | Err(_) => Err(Envelope::default().no_message()),
    }
}

impl Envelope {
    /// Returns the operation that is asked for, as it is counted.
    pub(crate) fn operation(&self) -> &'static str {
        let Some(method) = self.method.as_str() else {
            return UNKNOWN;
        };
        if is_notification(method) {
            return "mcp.notification";
        }
        let known = KNOWN_METHODS.iter().position(|it| *it == method);
        known.map_or(UNKNOWN, |at| OPERATIONS[at])
    }

    /// Returns whether it is a request, which is answered whatever is wrong with it.
    pub(crate) fn is_request(&self) -> bool {
        let method = self.method.as_str();
        method.is_some_and(|it| !self.id.is_null() || !is_notification(it))
    }

    /// Returns the error of JSON that is no message of the protocol.
    pub(crate) fn no_message(&self) -> RpcError {
        RpcError {
            id: self.request_id(),
            ..RpcError::invalid("this is no JSON-RPC message of MCP")
        }
    }

    /// Returns the id, if it is one. A response has an id of ours, which the client would take for one of its own.
    fn request_id(&self) -> Value {
        match &self.id {
            id @ (Value::String(_) | Value::Number(_)) if !self.is_response() => id.clone(),
            _ => Value::Null,
        }
    }

    fn is_response(&self) -> bool {
        self.method.is_null() && (self.result.is_some() || self.error.is_some())
    }
}

impl RpcError {
    /// Returns the error of what is not JSON.
    pub(crate) fn no_json(message: impl Into<String>) -> Self {
        Self::new(-32700, message)
    }

    /// Returns the error of what is not as it must be.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(-32600, message)
    }

    /// Returns the error of a message that is too large.
    pub(crate) fn too_large(max_bytes: usize) -> Self {
        Self::invalid(format!("the message is larger than {max_bytes} bytes"))
    }

    fn new(code: i32, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            id: Value::Null,
        }
    }

    /// Returns the answer.
    pub(crate) fn answer(self) -> Value {
        let Self { code, message, id } = self;
        json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})
    }
}

fn is_notification(method: &str) -> bool {
    method.starts_with("notifications/")
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
        let operation = |method| check(body(method).as_bytes()).unwrap().operation();
        for (method, expected) in KNOWN_METHODS.iter().zip(OPERATIONS) {
            assert_eq!(expected.strip_prefix("mcp."), Some(*method));
            assert_eq!(operation(method), expected);
        }
        assert_eq!(operation("a/b"), UNKNOWN);
        assert_eq!(operation("notifications/a"), "mcp.notification");
    }

    #[test]
    fn an_error_has_the_id_of_a_request_alone() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let deep_params = format!(r#"{{"jsonrpc":"2.0","params":{deep},"id":"a"}}"#);
        let deep_id = format!(r#"{{"jsonrpc":"2.0","method":"a","id":{deep}}}"#);
        let texts = [
            (r#"{"id":7}"#, json!(7)),
            (r#"{"id":"a","method":["b"],"jsonrpc":2}"#, json!("a")),
            (
                r#"{"id":7,"method":"b","result":{},"jsonrpc":""}"#,
                json!(7),
            ),
            (&deep_params, json!("a")),
            (&deep_id, Value::Null),
            (r#"{"id":7,"result":{}}"#, Value::Null),
            (r#"{"id":7,"error":{}}"#, Value::Null),
            (r#"{"id":7,"id":8}"#, Value::Null),
            (r#"{"id":{"a":7},"method":"b"}"#, Value::Null),
            (r#"["1.0",7,"a"]"#, Value::Null),
        ];
        for (text, id) in texts {
            let answer = check(text.as_bytes()).unwrap_err().answer();
            assert_eq!(answer["error"]["code"], -32600, "{text:.60}");
            assert_eq!(answer["id"], id, "{text:.60}");
        }
    }

    #[test]
    fn depth_is_that_of_open_brackets() {
        assert_eq!(depth(br#"{"a":[1,{"b":[]}],"c":"[[[\"{{{"}"#), 4);
        assert_eq!(depth(b"]]]["), 1);
    }
}
