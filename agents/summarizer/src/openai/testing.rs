//! What the tests of this folder start from.

use std::time::Duration;

use serde_json::json;

use super::{ChatRequest, EndpointConfig, Mode, TokensField};

pub(super) fn config(base_url: &str) -> EndpointConfig {
    EndpointConfig {
        base_url: base_url.to_owned(),
        api_key: None,
        model: "test-model".to_owned(),
        mode: Mode::JsonSchema,
        max_tokens: 256,
        tokens_field: TokensField::MaxTokens,
        temperature: Some(0.0),
        attempt_timeout: Duration::from_secs(10),
        deadline: Duration::from_secs(30),
        max_tries: 3,
        backoff: Duration::from_millis(1),
        max_retry_after: Duration::from_secs(60),
        max_body_bytes: 1 << 20,
        in_flight: 4,
        requests_per_minute: None,
        tokens_per_minute: None,
        max_failures: 0,
        proxy: None,
        price: None,
    }
}

pub(super) fn chat(subject: &str) -> ChatRequest {
    ChatRequest {
        system: "Say what the facts say.".to_owned(),
        turns: vec![format!("subject: {subject}\nlanguage: en")],
        schema: json!({"type": "object"}),
        subject: subject.to_owned(),
    }
}
