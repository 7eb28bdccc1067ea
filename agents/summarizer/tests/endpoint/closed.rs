//! When nobody asks any more, and when somebody may again.

use std::time::Duration;

use summarizer::openai::CallError;
use testkit::{LlmFault, LlmOn, LlmPlan};

use super::{EndpointConfig, ask, config, endpoint, faulty, name_of};

#[tokio::test]
async fn a_long_pause_closes_the_endpoint_for_everyone() {
    let llm = faulty(LlmOn::any().nth(1), LlmFault::RetryAfter("3600".to_owned())).await;
    let endpoint = endpoint(config(&llm));
    for subject in ["product:1", "product:2"] {
        let error = ask(&endpoint, subject).await.unwrap_err();
        let CallError::Closed { wait, message } = error else {
            panic!("{error}");
        };
        assert!(wait > Duration::from_secs(3000) && wait <= Duration::from_secs(3600));
        assert!(message.contains("Rate limit reached"), "{message}");
    }
    assert_eq!(llm.n_requests(), 1);
}

#[tokio::test]
async fn calls_that_wait_for_a_slot_learn_of_it_too() {
    let plan = LlmPlan::none()
        .latency(Duration::from_millis(50))
        .fault(LlmOn::any(), LlmFault::RetryAfter("3600".to_owned()));
    let llm = super::server(plan).await;
    let endpoint = endpoint(EndpointConfig {
        in_flight: 1,
        ..config(&llm)
    });
    let subjects: Vec<_> = (0..20).map(|n| format!("product:{n}")).collect();
    let calls = subjects.iter().map(|subject| ask(&endpoint, subject));
    let results = futures_util::future::join_all(calls).await;
    assert!(results.iter().all(|result| name_of(result) == "closed"));
    assert_eq!(llm.n_requests(), 1);
}

#[tokio::test]
async fn failures_in_a_row_close_it() {
    let llm = faulty(LlmOn::any(), LlmFault::Status(500)).await;
    let endpoint = endpoint(EndpointConfig {
        max_failures: 2,
        max_tries: 1,
        ..config(&llm)
    });
    assert_eq!(name_of(&ask(&endpoint, "product:1").await), "server_error");
    assert_eq!(name_of(&ask(&endpoint, "product:2").await), "server_error");
    let error = ask(&endpoint, "product:3").await.unwrap_err();
    assert!(matches!(error, CallError::Closed { .. }), "{error}");
    let text = error.to_string();
    assert!(text.starts_with("2 requests in a row failed"), "{text}");
    assert_eq!(llm.n_requests(), 2);
}

#[tokio::test]
async fn an_answer_between_failures_keeps_it_open() {
    let plan = [1, 3, 5].into_iter().fold(LlmPlan::none(), |plan, n| {
        plan.fault(LlmOn::any().nth(n), LlmFault::Status(500))
    });
    let llm = super::server(plan).await;
    let endpoint = endpoint(EndpointConfig {
        max_failures: 2,
        max_tries: 1,
        ..config(&llm)
    });
    for _ in 0..3 {
        assert_eq!(name_of(&ask(&endpoint, "product:1").await), "server_error");
        assert_eq!(name_of(&ask(&endpoint, "product:1").await), "written");
    }
}

#[tokio::test]
async fn a_wrong_key_is_not_tried_for_every_product() {
    let llm = faulty(LlmOn::any(), LlmFault::WrongKey).await;
    let endpoint = endpoint(config(&llm));
    for subject in ["product:1", "product:2", "product:3"] {
        assert_eq!(name_of(&ask(&endpoint, subject).await), "configuration");
    }
    assert_eq!(llm.n_requests(), 1);
}

#[tokio::test]
async fn what_one_request_says_is_no_reason_to_refuse_others() {
    let llm = faulty(LlmOn::subject("product:1"), LlmFault::ErrorList).await;
    let endpoint = endpoint(config(&llm));
    assert_eq!(name_of(&ask(&endpoint, "product:1").await), "configuration");
    assert_eq!(name_of(&ask(&endpoint, "product:2").await), "written");
}
