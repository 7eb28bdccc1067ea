//! Time, requests at once, tokens and money.

use std::num::NonZeroU32;
use std::time::Duration;

use futures_util::StreamExt;
use summarizer::{Price, Purse};
use testkit::{LlmFault, LlmOn, LlmPlan};

use super::{EndpointConfig, ask, chat, config, endpoint, faulty, name_of, server};

#[tokio::test]
async fn no_more_requests_are_under_way_than_allowed() {
    let llm = server(LlmPlan::none().latency(Duration::from_millis(10))).await;
    let endpoint = endpoint(EndpointConfig {
        in_flight: 3,
        ..config(&llm)
    });
    let calls = (0..30).map(|n| {
        let endpoint = &endpoint;
        async move { ask(endpoint, &format!("product:{n}")).await }
    });
    let results = futures_util::future::join_all(calls).await;
    assert!(results.iter().all(|result| name_of(result) == "written"));
    assert_eq!((llm.n_requests(), llm.most_in_flight()), (30, 3));
}

#[tokio::test]
async fn a_pause_beyond_the_deadline_is_not_begun() {
    let llm = faulty(LlmOn::any(), LlmFault::RetryAfter("20".to_owned())).await;
    let endpoint = endpoint(EndpointConfig {
        deadline: Duration::from_secs(10),
        ..config(&llm)
    });
    assert_eq!(name_of(&ask(&endpoint, "product:1").await), "rate_limited");
    assert_eq!(llm.n_requests(), 1);
    // The pause is everyone's: the next call would have to wait longer than it can.
    assert_eq!(name_of(&ask(&endpoint, "product:2").await), "closed");
    assert_eq!(llm.n_requests(), 1);
}

#[tokio::test]
async fn the_deadline_ends_an_attempt_that_has_more_time() {
    let llm = faulty(LlmOn::any(), LlmFault::Hang).await;
    let endpoint = endpoint(EndpointConfig {
        deadline: Duration::from_millis(100),
        ..config(&llm)
    });
    assert_eq!(name_of(&ask(&endpoint, "product:1").await), "timeout");
    assert!(llm.n_requests() <= 1);
}

/// The call behind what a minute allows at once waits for two seconds.
#[tokio::test]
async fn a_call_waits_for_our_own_limits_beyond_its_deadline() {
    let llm = server(LlmPlan::none()).await;
    let endpoint = endpoint(EndpointConfig {
        requests_per_minute: NonZeroU32::new(30),
        deadline: Duration::from_millis(1_500),
        ..config(&llm)
    });
    let subjects: Vec<_> = (0..31).map(|n| format!("product:{n}")).collect();
    let calls = subjects.iter().map(|subject| ask(&endpoint, subject));
    let results = futures_util::future::join_all(calls).await;
    let names: Vec<_> = results.iter().map(name_of).collect();
    assert_eq!((names, llm.n_requests()), (vec!["written"; 31], 31));
}

#[tokio::test]
async fn a_request_larger_than_a_minutes_tokens_is_sent() {
    let llm = server(LlmPlan::none()).await;
    let endpoint = endpoint(EndpointConfig {
        tokens_per_minute: NonZeroU32::new(10),
        ..config(&llm)
    });
    assert_eq!(name_of(&ask(&endpoint, "product:1").await), "written");
}

#[tokio::test]
async fn a_dropped_call_gives_its_slot_back() {
    let llm = faulty(LlmOn::any().nth(1), LlmFault::Hang).await;
    let endpoint = endpoint(EndpointConfig {
        in_flight: 1,
        ..config(&llm)
    });
    tokio::select! {
        result = ask(&endpoint, "product:1") => panic!("{result:?}"),
        () = llm.wait_for_requests(1) => {}
    }
    assert_eq!(name_of(&ask(&endpoint, "product:2").await), "written");
}

/// Returns what a call cost whose first request meets the fault.
async fn cost(fault: LlmFault) -> Option<u64> {
    let llm = faulty(LlmOn::any().nth(1), fault).await;
    let endpoint = endpoint(config(&llm));
    let mut purse = Purse::unlimited(Some(Price {
        input_nanos: 150,
        output_nanos: 600,
        currency: "USD".to_owned(),
    }));
    let result = endpoint.complete(&chat("product:1"), &mut purse).await;
    assert_eq!(name_of(&result), "written");
    purse.cost().map(|cost| cost.nanos)
}

#[tokio::test]
async fn an_error_costs_nothing_and_what_nobody_knows_makes_the_cost_unknown() {
    let healthy = cost(LlmFault::UnknownTier).await;
    assert!(healthy.is_some_and(|nanos| nanos > 0));
    for free in [
        LlmFault::Status(500),
        LlmFault::HtmlRateLimit,
        LlmFault::IntegerCode,
    ] {
        assert_eq!(cost(free.clone()).await, healthy, "{free:?}");
    }
    for unknown in [
        LlmFault::NoUsage,
        LlmFault::CloseBeforeHeaders,
        LlmFault::CutBody,
        LlmFault::MalformedJson,
        LlmFault::Status(504),
    ] {
        assert_eq!(cost(unknown.clone()).await, None, "{unknown:?}");
    }
    assert!(
        cost(LlmFault::Length).await > healthy,
        "both answers are paid"
    );
}

#[tokio::test]
async fn of_many_calls_with_faults_each_ends_and_no_answer_is_asked_for_twice() {
    const N_CALLS: usize = 300;
    let plan = LlmPlan::none().mixed(
        11,
        30,
        &[
            LlmFault::HtmlRateLimit,
            LlmFault::IntegerCode,
            LlmFault::Status(500),
            LlmFault::CloseBeforeHeaders,
            LlmFault::CutBody,
            LlmFault::NoUsage,
            LlmFault::UnknownTier,
            LlmFault::RetryAfter("0".to_owned()),
        ],
    );
    let llm = server(plan).await;
    let endpoint = endpoint(EndpointConfig {
        max_tries: 12,
        ..config(&llm)
    });
    let calls = futures_util::stream::iter(0..N_CALLS).map(|n| {
        let endpoint = &endpoint;
        async move { name_of(&ask(endpoint, &format!("product:{n}")).await) }
    });
    let names: Vec<_> = calls.buffer_unordered(16).collect().await;
    assert!(names.len() == N_CALLS && names.iter().all(|name| *name == "written"));
    let answered = llm.answered_by_subject();
    assert_eq!(answered.len(), N_CALLS);
    assert!(answered.values().all(|n| *n == 1), "an answer is paid once");
    assert!(llm.n_requests() > N_CALLS && llm.most_in_flight() <= 8);
}
