//! Requests that may come twice: only a caller who says so is asked whether it was the first time.

use a2a_sdk::{A2AError, Message, SendMessageRequest};
use a2a_server::middleware::ServiceParams;
use catalog::{Idempotency, MAX_TASK_NAME};
use serde_json::Value;

use super::caller::header;
use super::failure::invalid;
use crate::Agent;
use crate::hash::sha256;

/// How long a key holds: a day.
const KEPT_MS: u64 = 24 * 60 * 60 * 1_000;

/// The header by which a message is known that was sent before.
pub(crate) const IDEMPOTENCY_KEY_HEADER: &str = "idempotency-key";

/// Returns a request's key, with a hash of what is asked.
///
/// # Errors
/// Invalid params when the key is no short visible text.
pub(super) fn of(
    agent: &Agent,
    params: &ServiceParams,
    request: &SendMessageRequest,
) -> Result<Option<Idempotency>, A2AError> {
    let Some(key) = key_of(agent, params, request)? else {
        return Ok(None);
    };
    let is_fine =
        (1..=MAX_TASK_NAME).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_fine {
        return Err(invalid(
            "idempotencyKey",
            "must be 1 to 200 visible ASCII characters",
        ));
    }
    Ok(Some(Idempotency {
        key: key.to_owned(),
        request_hash: hash(agent, &request.message),
        kept_ms: KEPT_MS,
    }))
}

/// Returns a hash of what a message asks of an agent: all of it but its own name, which a second try may change.
fn hash(agent: &Agent, message: &Message) -> String {
    let message = Message {
        message_id: String::new(),
        ..message.clone()
    };
    // Maps of `serde_json` are sorted, so that equal messages are equal texts.
    let text = serde_json::to_value(&message).unwrap_or_default();
    let text = format!("{}\n{text}", agent.name);
    sha256(text.as_bytes())
}

fn key_of<'a>(
    agent: &Agent,
    params: &'a ServiceParams,
    request: &'a SendMessageRequest,
) -> Result<Option<&'a str>, A2AError> {
    if let Some(key) = header(params, IDEMPOTENCY_KEY_HEADER) {
        return Ok(Some(key));
    }
    let field = format!("{}/idempotencyKey", agent.trade.extension());
    let metadata = [&request.message.metadata, &request.metadata];
    let mut values = metadata
        .into_iter()
        .filter_map(|metadata| metadata.as_ref()?.get(&field));
    match values.next() {
        None => Ok(None),
        Some(Value::String(key)) => Ok(Some(key)),
        Some(_) => Err(invalid("idempotencyKey", "must be a text")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use a2a_sdk::{Part, Role};
    use serde_json::json;

    use super::*;
    use crate::AGENTS;
    use crate::card::CRAWL_EXTENSION as EXTENSION;

    fn request(metadata: Option<HashMap<String, Value>>) -> SendMessageRequest {
        SendMessageRequest {
            message: Message {
                metadata,
                ..Message::new(Role::User, vec![Part::data(json!({"b": 1, "a": [2.0]}))])
            },
            configuration: None,
            metadata: None,
            tenant: None,
        }
    }

    fn many() -> Option<HashMap<String, Value>> {
        Some((0..30).map(|n| (format!("k{n}"), json!(n))).collect())
    }

    #[test]
    fn without_a_key_nothing_is_deduplicated() {
        let none = of(&AGENTS[0], &ServiceParams::new(), &request(None)).unwrap();
        assert_eq!(none, None);
    }

    #[test]
    fn a_key_comes_in_a_header_or_in_the_metadata() {
        let params =
            ServiceParams::from([(IDEMPOTENCY_KEY_HEADER.to_owned(), vec!["k1".to_owned()])]);
        let key = of(&AGENTS[0], &params, &request(None)).unwrap().unwrap();
        assert_eq!((key.key.as_str(), key.kept_ms), ("k1", 86_400_000));

        let metadata = HashMap::from([(format!("{EXTENSION}/idempotencyKey"), json!("k2"))]);
        let request = request(Some(metadata));
        let key = of(&AGENTS[0], &ServiceParams::new(), &request).unwrap();
        assert_eq!(key.unwrap().key, "k2");
    }

    #[test]
    fn a_second_try_has_the_same_hash_and_another_request_has_not() {
        let hash = |request: &SendMessageRequest| hash(&AGENTS[0], &request.message);
        // Each has another message id, and maps in another order.
        assert_eq!(hash(&request(many())), hash(&request(many())));
        assert_ne!(hash(&request(many())), hash(&request(None)));
    }

    #[test]
    fn a_key_is_short_and_visible() {
        for key in [String::new(), "a b".to_owned(), "x".repeat(201)] {
            let params = ServiceParams::from([(IDEMPOTENCY_KEY_HEADER.to_owned(), vec![key])]);
            let error = of(&AGENTS[0], &params, &request(None)).unwrap_err();
            assert_eq!(error.code, -32602);
        }
        let metadata = HashMap::from([(format!("{EXTENSION}/idempotencyKey"), json!(7))]);
        let request = request(Some(metadata));
        assert!(of(&AGENTS[0], &ServiceParams::new(), &request).is_err());
    }
}
