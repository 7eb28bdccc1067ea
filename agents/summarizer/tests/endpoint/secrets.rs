//! Where the key goes, and where neither it nor a text does.

use std::fmt::Write;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use testkit::{LlmFault, LlmOn, LlmPlan};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::{EndpointConfig, ask, config, endpoint, faulty, name_of, server};

const KEY: &str = "sk-s3cret";

#[tokio::test]
async fn the_key_is_sent_to_the_endpoint_and_nothing_where_there_is_none() {
    let llm = server(LlmPlan::none()).await;
    for api_key in [Some(KEY.to_owned()), None, Some(" ".to_owned())] {
        let config = config(&llm);
        let endpoint = endpoint(EndpointConfig { api_key, ..config });
        assert_eq!(name_of(&ask(&endpoint, "product:1").await), "written");
    }
    let sent: Vec<_> = llm
        .requests()
        .into_iter()
        .map(|it| it.authorization)
        .collect();
    assert_eq!(sent, ["Bearer sk-s3cret", "", ""]);
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_the_key_stays() {
    let other = server(LlmPlan::none()).await;
    let location = format!("{}/chat/completions", other.base_url());
    let llm = faulty(LlmOn::any(), LlmFault::Redirect(location)).await;
    let error = ask(&endpoint(config(&llm)), "product:1").await.unwrap_err();
    assert!(error.to_string().contains("set llm.base_url"), "{error}");
    assert_eq!(other.n_requests(), 0);
}

#[tokio::test]
async fn a_key_that_the_endpoint_repeats_is_blotted_out() {
    let body = format!(
        r#"{{"error":{{"message":"Incorrect API key provided: {KEY}","code":"invalid_api_key"}}}}"#
    );
    let llm = faulty(
        LlmOn::any(),
        LlmFault::Custom(401, "application/json", body),
    )
    .await;
    let endpoint = endpoint(EndpointConfig {
        api_key: Some(KEY.to_owned()),
        ..config(&llm)
    });
    let text = ask(&endpoint, "product:1").await.unwrap_err().to_string();
    assert!(
        text.contains("Incorrect API key provided: …") && !text.contains(KEY),
        "{text}"
    );
}

/// Returns an answer of each kind that says `said` wherever an endpoint can.
fn echoes(said: &str) -> Vec<LlmFault> {
    let json = |status, body: Value| LlmFault::Custom(status, "application/json", body.to_string());
    let completion = |choice: Value| json(200, json!({ "model": said, "choices": [choice] }));
    let error = json!({ "error": { "message": said, "code": said, "type": said } });
    let content = format!("{{\"headline\": \"{said}\", \"{said}\": 49.00}}");
    let parts = content.split("s3").map(|it| json!({ "text": it }));
    vec![
        completion(json!({ "message": { "content": content } })),
        completion(json!({ "message": { "content": parts.collect::<Vec<_>>() } })),
        completion(json!({ "message": { "refusal": said } })),
        completion(json!({ "message": { "content": content }, "finish_reason": said })),
        json(200, error.clone()),
        json(401, error.clone()),
        json(400, json!([error])),
        json(500, json!({ "detail": said })),
        json(403, json!({ said: said })),
        LlmFault::Custom(200, "text/plain", said.to_owned()),
        LlmFault::Custom(200, "text/x-sk-s3cret; of=SK-S3CRET", "no".to_owned()),
        LlmFault::Custom(
            502,
            "text/html",
            format!("<h1>{said}</h1><i title='{said}'>"),
        ),
        LlmFault::Custom(404, "text/plain", format!("{}{said}", " x".repeat(144))),
        LlmFault::Redirect(format!("https://me:{said}@example.com/{said}?key={said}")),
    ]
}

#[tokio::test]
async fn no_way_out_of_an_answer_lets_the_key_through() {
    for said in [
        format!("Bearer {KEY}"),
        format!("BEARER {}", KEY.to_uppercase()),
        format!("bearer%20{}", KEY.replace('-', "%2D")),
        KEY.to_owned(),
    ] {
        for fault in echoes(&said) {
            let llm = faulty(LlmOn::any(), fault.clone()).await;
            let endpoint = endpoint(EndpointConfig {
                api_key: Some(KEY.to_owned()),
                ..config(&llm)
            });
            let told = format!("{:?}", ask(&endpoint, "product:1").await).to_lowercase();
            // A body that is no JSON is not quoted.
            let is_blotted = told.contains('…') || told.contains("text/plain of");
            assert!(is_blotted, "{fault:?}: {told}");
            assert!(!told.contains("s3cret"), "{fault:?}: {told}");
        }
    }
}

#[tokio::test]
async fn what_an_endpoint_says_is_told_short_and_without_what_steers_a_terminal() {
    let hostile = format!("a\u{1b}[2J\u{7}\u{202e}b\u{200b}\r\n{}", "é".repeat(20_000));
    for fault in echoes(&hostile) {
        let llm = faulty(LlmOn::any(), fault.clone()).await;
        // What a model writes is checked elsewhere.
        let told = match ask(&endpoint(config(&llm)), "product:1").await {
            Ok(completion) => completion.model,
            Err(error) => error.to_string(),
        };
        assert!(told.chars().count() < 600, "{fault:?}: {told}");
        let steers = |it: char| it.is_control() || matches!(it, '\u{200b}' | '\u{202e}');
        assert!(!told.contains(steers), "{fault:?}: {told:?}");
    }
}

#[tokio::test]
async fn a_configured_proxy_is_used() {
    let proxy = server(LlmPlan::none()).await;
    let endpoint = endpoint(EndpointConfig {
        base_url: "http://model.example/v1".to_owned(),
        proxy: Some(format!("http://{}", proxy.addr())),
        ..config(&proxy)
    });
    assert_eq!(name_of(&ask(&endpoint, "product:1").await), "configuration");
    assert_eq!(
        proxy.requests()[0].path,
        "http://model.example/v1/chat/completions"
    );
}

#[tokio::test]
async fn no_log_line_holds_the_key_or_a_text() {
    let log = Log::default();
    let guard = tracing::subscriber::set_default(log.clone());
    for fault in [
        LlmFault::Fence,
        LlmFault::MalformedJson,
        LlmFault::CutBody,
        LlmFault::GarbageStream,
        LlmFault::Status(500),
        LlmFault::WrongKey,
        LlmFault::NoSchema,
    ]
    .into_iter()
    .chain(echoes(KEY))
    {
        let llm = faulty(LlmOn::any().nth(1), fault).await;
        let endpoint = endpoint(EndpointConfig {
            api_key: Some(KEY.to_owned()),
            ..config(&llm)
        });
        drop(ask(&endpoint, "product:1").await);
    }
    drop(guard);
    let log = log.0.lock().unwrap().clone();
    assert!(log.contains("an attempt failed"), "it listens");
    for secret in [KEY, "It costs", "49.00"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

/// Remembers every event and span of every level, of all libraries.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Visit for Log {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        writeln!(self.0.lock().unwrap(), "{field}={value:?}").unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut self.clone());
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
