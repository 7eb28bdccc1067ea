//! The endpoint against a server that misbehaves, over real connections.

mod closed;
mod faults;
mod limits;
mod secrets;
mod wording;

use std::time::Duration;

use serde_json::json;
use summarizer::Purse;
use summarizer::openai::{
    CallError, ChatRequest, Completion, Endpoint, EndpointConfig, Mode, TokensField,
};
use testkit::{FakeLlm, LlmFault, LlmOn, LlmPlan};

/// Settings with patience for a slow machine and none for pauses.
fn config(llm: &FakeLlm) -> EndpointConfig {
    EndpointConfig {
        base_url: llm.base_url(),
        api_key: None,
        model: "test-model".to_owned(),
        mode: Mode::JsonSchema,
        max_tokens: 256,
        tokens_field: TokensField::MaxTokens,
        temperature: Some(0.0),
        attempt_timeout: Duration::from_secs(20),
        deadline: Duration::from_secs(60),
        max_tries: 3,
        backoff: Duration::from_millis(2),
        max_retry_after: Duration::from_secs(30),
        max_body_bytes: 64 << 10,
        in_flight: 8,
        requests_per_minute: None,
        tokens_per_minute: None,
        max_failures: 0,
        proxy: None,
        price: None,
    }
}

async fn server(plan: LlmPlan) -> FakeLlm {
    FakeLlm::start(plan).await.unwrap()
}

/// Starts a server with one fault at each of these requests.
async fn faulty(on: LlmOn, fault: LlmFault) -> FakeLlm {
    server(LlmPlan::none().fault(on, fault)).await
}

fn endpoint(config: EndpointConfig) -> Endpoint {
    Endpoint::new(config).unwrap()
}

fn chat(subject: &str) -> ChatRequest {
    let fact = json!({"id": "F1", "topic": "price", "text": "It costs 49.00 EUR."});
    ChatRequest {
        system: "Say what the facts say.".to_owned(),
        turns: vec![format!(
            "subject: {subject}\nlanguage: en\n---\n{fact}\n---"
        )],
        schema: json!({"type": "object"}),
        subject: subject.to_owned(),
    }
}

/// Asks about a subject, with nobody counting what it costs.
async fn ask(endpoint: &Endpoint, subject: &str) -> Result<Completion, CallError> {
    let mut purse = Purse::unlimited(None);
    endpoint.complete(&chat(subject), &mut purse).await
}

/// Returns what came of a call by a short name.
fn name_of(result: &Result<Completion, CallError>) -> &'static str {
    match result {
        Ok(completion) => {
            assert!(completion.text.contains("49.00"), "{}", completion.text);
            "written"
        }
        Err(CallError::Failed { code, .. }) => code,
        Err(CallError::Configuration { .. }) => "configuration",
        Err(CallError::Closed { .. }) => "closed",
        Err(CallError::OverBudget(_)) => "over_budget",
        Err(CallError::Cancelled) => "cancelled",
        Err(CallError::NoMoney { .. }) => "no_money",
        Err(CallError::Refused { .. }) => "refused",
        Err(CallError::Cut) => "cut",
        Err(CallError::Store(_)) => "store",
    }
}
