//! What a person is told to do about an endpoint that refuses.

use testkit::{LlmFault, LlmOn};

use super::{EndpointConfig, ask, config, endpoint, faulty};

async fn told(fault: LlmFault, api_key: Option<&str>) -> String {
    let llm = faulty(LlmOn::any(), fault).await;
    let endpoint = endpoint(EndpointConfig {
        api_key: api_key.map(str::to_owned),
        ..config(&llm)
    });
    let text = ask(&endpoint, "product:1").await.unwrap_err().to_string();
    text.replace(&llm.addr().to_string(), "HOST")
}

#[tokio::test]
async fn a_refusal_says_what_was_said_and_which_setting_to_look_at() {
    let key = "set TROUVAILLE__LLM__API_KEY or llm.api_key_file";
    assert_eq!(
        told(LlmFault::WrongKey, Some("k")).await,
        format!("HOST answered 401: Invalid API Key; is the key right? {key}")
    );
    assert_eq!(
        told(LlmFault::WrongKey, None).await,
        format!("HOST answered 401: Invalid API Key; no key is configured: {key}")
    );
    assert_eq!(
        told(LlmFault::UnknownModel, None).await,
        "HOST answered 404: model \"nobody\" not found, try pulling it first; is llm.model = \"test-model\" right?"
    );
    assert_eq!(
        told(LlmFault::UnknownPath, None).await,
        "HOST answered 404: 404 page not found; is llm.base_url right, does it end in /v1?"
    );
    assert_eq!(
        told(LlmFault::NoDatabase, None).await,
        format!(
            "HOST answered 400: No connected db.; is llm.model = \"test-model\" right, and the key? {key}"
        )
    );
    assert_eq!(
        told(LlmFault::NoQuota, None).await,
        "HOST answered 429: You exceeded your current quota, please check your plan and billing details.; \
         see the plan and the limits of the account"
    );
}

#[tokio::test]
async fn a_refused_field_names_its_setting() {
    let refusal = |message: &str| {
        let body =
            format!(r#"{{"error":{{"message":"{message}","type":"invalid_request_error"}}}}"#);
        LlmFault::Custom(400, "application/json", body)
    };
    let tokens = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.";
    let text = told(refusal(tokens), None).await;
    assert!(
        text.ends_with("see llm.tokens_field and llm.max_tokens"),
        "{text}"
    );
    let text = told(refusal("'temperature' does not support 0"), None).await;
    assert!(text.ends_with("see llm.temperature"), "{text}");
}
