//! Every fault that was seen in the wild: what comes of it, and how many requests it takes.

use std::time::Duration;

use testkit::{LlmFault, LlmOn};

use super::{EndpointConfig, ask, config, endpoint, faulty, name_of};

/// What comes of a call whose first request meets the fault, and of one whose every request does: a name, and the
/// number of requests at the server.
type Ends = [(&'static str, usize); 2];

async fn ends(fault: &LlmFault) -> Ends {
    let first = end(LlmOn::any().nth(1), fault, |config| config).await;
    [first, end(LlmOn::any(), fault, |config| config).await]
}

async fn end(
    on: LlmOn,
    fault: &LlmFault,
    change: impl Fn(EndpointConfig) -> EndpointConfig,
) -> (&'static str, usize) {
    let llm = faulty(on, fault.clone()).await;
    let endpoint = endpoint(change(config(&llm)));
    let asked = ask(&endpoint, "product:1");
    let result = tokio::time::timeout(Duration::from_secs(90), asked).await;
    let name = name_of(&result.expect("its deadline is 60 s"));
    (name, llm.n_requests())
}

async fn table(cases: &[(LlmFault, Ends)]) {
    for (fault, expected) in cases {
        assert_eq!(&ends(fault).await, expected, "{fault:?}");
    }
}

const OK: (&str, usize) = ("written", 1);
const AGAIN: (&str, usize) = ("written", 2);

#[tokio::test]
async fn what_passes_is_tried_again() {
    let failing = |code| [AGAIN, (code, 3)];
    table(&[
        (LlmFault::HtmlRateLimit, failing("rate_limited")),
        (LlmFault::IntegerCode, failing("rate_limited")),
        (LlmFault::StringCode, failing("rate_limited")),
        (
            LlmFault::RetryAfter("0".to_owned()),
            failing("rate_limited"),
        ),
        (
            LlmFault::RetryAfter("soon".to_owned()),
            failing("rate_limited"),
        ),
        (LlmFault::Status(408), failing("busy")),
        (LlmFault::Status(409), failing("busy")),
        (LlmFault::Status(425), failing("busy")),
        (LlmFault::Status(500), failing("server_error")),
        (LlmFault::Status(503), failing("server_error")),
        (LlmFault::Status(529), failing("server_error")),
        (LlmFault::CloseBeforeHeaders, failing("incomplete")),
        (LlmFault::CutBody, failing("incomplete")),
        (LlmFault::MalformedJson, failing("malformed")),
        (LlmFault::GarbageStream, failing("malformed")),
    ])
    .await;
}

#[tokio::test]
async fn an_error_behind_a_status_of_200_counts_as_that_error() {
    let error = |code: &str| {
        let body = format!(r#"{{"error":{{"message":"Provider returned error","code":{code}}}}}"#);
        LlmFault::Custom(200, "application/json", body)
    };
    table(&[
        (error("429"), [AGAIN, ("rate_limited", 3)]),
        (error("\"503\""), [AGAIN, ("server_error", 3)]),
        (error("null"), [AGAIN, ("server_error", 3)]),
        (error("401"), [("configuration", 1); 2]),
    ])
    .await;
}

#[tokio::test]
async fn what_is_odd_but_whole_is_taken() {
    table(&[
        (LlmFault::UnknownTier, [OK, OK]),
        (LlmFault::EmptyFinish, [OK, OK]),
        (LlmFault::NoObject, [OK, OK]),
        (LlmFault::NoUsage, [OK, OK]),
        (LlmFault::Fence, [OK, OK]),
        (LlmFault::SlowHead(Duration::from_millis(5)), [OK, OK]),
        (LlmFault::SlowBody(Duration::from_millis(1)), [OK, OK]),
    ])
    .await;
}

#[tokio::test]
async fn what_will_not_pass_is_not_tried_again() {
    let at_once = |name| [(name, 1); 2];
    // Of llama.cpp.
    let too_long = r#"{"error":{"code":400,"message":"request (40147 tokens) exceeds the available context size (8192 tokens), try increasing it","type":"exceed_context_size_error"}}"#;
    let too_long = LlmFault::Custom(400, "application/json", too_long.to_owned());
    let retry_at = |hour: u8| LlmFault::RetryAfter(format!("Sat, 21 Nov 2026 {hour}:00:00 GMT"));
    table(&[
        (LlmFault::RetryAfter("3600".to_owned()), at_once("closed")),
        (
            LlmFault::RetryAfter("1e300".to_owned()),
            [AGAIN, ("rate_limited", 3)],
        ),
        (retry_at(11), at_once("closed")),
        (retry_at(10), [AGAIN, ("rate_limited", 3)]),
        (LlmFault::NoQuota, at_once("no_money")),
        (LlmFault::Status(402), at_once("no_money")),
        (LlmFault::ErrorList, at_once("configuration")),
        (LlmFault::UnknownModel, at_once("configuration")),
        (LlmFault::UnknownPath, at_once("configuration")),
        (LlmFault::WrongKey, at_once("configuration")),
        (LlmFault::NoDatabase, at_once("configuration")),
        (LlmFault::Status(403), at_once("configuration")),
        (
            LlmFault::Redirect("http://127.0.0.1:1/v1".to_owned()),
            at_once("configuration"),
        ),
        (LlmFault::Status(413), at_once("too_long")),
        (too_long, at_once("too_long")),
        (LlmFault::NoChoices, at_once("no_choices")),
        (LlmFault::NoContent, at_once("no_content")),
        (LlmFault::Refusal, at_once("refused")),
        (LlmFault::Filtered, at_once("refused")),
        (LlmFault::EndlessBody, at_once("too_large")),
        (
            LlmFault::Custom(200, "application/json", " ".repeat(65 << 10)),
            at_once("too_large"),
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_silent_endpoint_is_left_after_the_time_of_an_attempt() {
    let hurried = |config| EndpointConfig {
        attempt_timeout: Duration::from_millis(150),
        ..config
    };
    for fault in [
        LlmFault::Hang,
        LlmFault::HangInBody,
        LlmFault::SlowHead(Duration::from_secs(3600)),
        LlmFault::SlowBody(Duration::from_secs(3600)),
    ] {
        let (code, n_requests) = end(LlmOn::any(), &fault, hurried).await;
        // On a busy machine the time may be over before the request is there.
        assert!(
            code == "timeout" && n_requests <= 3,
            "{fault:?}: {code}, {n_requests}"
        );
    }
}

#[tokio::test]
async fn a_body_that_drips_for_ever_is_left_as_well() {
    // Each piece is in time; the whole is not.
    let drip = LlmFault::SlowBody(Duration::from_millis(40));
    let hurried = |config| EndpointConfig {
        attempt_timeout: Duration::from_millis(200),
        ..config
    };
    let (code, n_requests) = end(LlmOn::any(), &drip, hurried).await;
    assert!(code == "timeout" && n_requests <= 3, "{code}, {n_requests}");
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_is_tried_and_named() {
    let llm = faulty(LlmOn::any(), LlmFault::Hang).await;
    let config = config(&llm);
    let host = llm.addr().to_string();
    llm.stop().await;
    let error = ask(&endpoint(config), "product:1").await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with(&format!("{host}: it cannot be reached: ")),
        "{text}"
    );
    assert!(text.ends_with("(after 3 tries)"), "{text}");
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_asked_for_once_more_with_twice_the_tokens() {
    let llm = faulty(LlmOn::any().nth(1), LlmFault::Length).await;
    let endpoint = endpoint(config(&llm));
    assert_eq!(name_of(&ask(&endpoint, "product:1").await), "written");
    let asked = llm.requests();
    let tokens: Vec<_> = asked
        .iter()
        .map(|it| it.body["max_tokens"].as_u64())
        .collect();
    assert_eq!(tokens, [Some(256), Some(512)]);
    assert_eq!(ends(&LlmFault::Length).await[1], ("cut", 2));
    let large = |config| EndpointConfig {
        max_tokens: 40_000,
        ..config
    };
    let end = end(LlmOn::any(), &LlmFault::Length, large).await;
    assert_eq!(end, ("cut", 1), "not above what is sensible");
}

#[tokio::test]
async fn a_weaker_form_is_asked_for_where_the_stronger_is_refused_and_that_is_remembered() {
    for (fault, n_first) in [(LlmFault::NoSchema, 2), (LlmFault::NoFormat, 3)] {
        let llm = faulty(LlmOn::any(), fault).await;
        let endpoint = endpoint(EndpointConfig {
            max_tries: 1,
            ..config(&llm)
        });
        let parameters = endpoint.parameters();
        assert_eq!(name_of(&ask(&endpoint, "product:1").await), "written");
        assert_eq!(llm.n_requests(), n_first);
        assert_eq!(name_of(&ask(&endpoint, "product:2").await), "written");
        assert_eq!(llm.n_requests(), n_first + 1);
        assert_eq!(endpoint.parameters(), parameters, "the cache is not lost");
    }
}
