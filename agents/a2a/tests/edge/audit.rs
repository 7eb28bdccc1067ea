//! The audit line: one for each call, with all that may be known later and nothing that may not.

use std::fmt::{self, Write};
use std::sync::{Arc, Mutex};

use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Metadata, Subscriber};

use super::{Server, V1};

const CT: &str = "Content-Type: application/json";

/// Keeps the audit lines of this thread, as `name=value` in the order of the fields.
#[derive(Debug, Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    fn listen() -> (Self, DefaultGuard) {
        let lines = Self::default();
        let guard = tracing::subscriber::set_default(lines.clone());
        (lines, guard)
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "trouvaille::audit"
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, "{}={value:?} ", field.name()).unwrap();
    }
}

#[tokio::test]
async fn a_call_is_told_in_one_line_without_tokens_or_bodies() {
    let server = Server::conformance().await;
    let (lines, _guard) = Lines::listen();
    let message = json!({"message": {"messageId": "m", "role": "ROLE_USER",
        "parts": [{"text": "pa55"}]}});
    let headers = [V1, CT, "Test-Caller: alice", "Authorization: Bearer pa55"];
    let sent = server
        .call_with("/a2a/v1", "SendMessage", &message, &headers)
        .await;
    let task = sent.json()["result"]["task"]["id"].clone();
    let get = format!("/a2a/rest/tasks/{}", task.as_str().unwrap());
    server.get(&get, &headers).await;
    server.get("/a2a/rest/tasks/%22%0Aforged", &[V1]).await;
    server.call("pa55", &json!({"pa55": 1})).await;
    let lines = lines.take();
    assert_eq!(lines.len(), 4, "{lines:?}");
    for (line, parts) in lines.iter().zip([
        [
            "caller=\"alice\"",
            "operation=\"SendMessage\"",
            &format!("task={task}"),
            "outcome=\"OK\"",
        ],
        [
            "caller=\"alice\"",
            "operation=\"GetTask\"",
            &format!("task={task}"),
            "outcome=\"OK\"",
        ],
        [
            "caller=\"local\"",
            "operation=\"GetTask\"",
            "bytes_in=0",
            "outcome=\"TASK_NOT_FOUND\"",
        ],
        [
            "caller=\"local\"",
            "operation=\"unknown\"",
            "task=\"-\"",
            "outcome=\"METHOD_NOT_FOUND\"",
        ],
    ]) {
        for part in parts.iter().chain(&["agent=\"shopify\"", "bytes_out="]) {
            assert!(line.contains(part), "{part} is not in {line}");
        }
        assert!(!line.contains("pa55") && !line.contains('\n'), "{line}");
    }
}

#[tokio::test]
async fn a_stream_is_told_when_it_is_over_with_its_task() {
    let server = Server::conformance().await;
    let (lines, _guard) = Lines::listen();
    let message = json!({"message": {"messageId": "tck-input-required", "role": "ROLE_USER",
        "parts": [{"text": "x"}]}});
    let body = message.to_string();
    let line = "POST /a2a/rest/message:stream";
    let answer = server.ask(line, &[V1, CT], body.as_bytes()).await;
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let lines = lines.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("operation=\"SendStreamingMessage\""));
    assert!(!lines[0].contains("task=\"-\""), "{lines:?}");
    assert!(lines[0].contains(&format!("bytes_out={} ", answer.body.len())));
}
