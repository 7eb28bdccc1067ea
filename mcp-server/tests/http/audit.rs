//! The audit line: one for each call, with what people typed only where that is wanted.

use std::fmt::{self, Write};
use std::sync::{Arc, Mutex};

use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Metadata, Subscriber};

use super::{Ask, NEWEST, Served};
use crate::world;

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
async fn a_call_is_told_in_one_line_without_what_was_typed() {
    let served = Served::new(&world::with_shops().await).await;
    let (lines, _guard) = Lines::listen();
    served.call("list_shops", json!({})).await;
    served.call("list_shops", json!({"cursor": "pa55"})).await;
    let read = json!({"uri": "trouvaille://pa55"});
    served.ask(NEWEST, "resources/read", read).await;
    served.ask(NEWEST, "tools/list", json!({})).await;
    let lines = lines.take();
    assert_eq!(lines.len(), 3, "{lines:?}");
    let first = "caller=\"local\" tool=\"list_shops\" outcome=\"OK\" rows=2 ms=";
    assert!(lines[0].contains(first), "{lines:?}");
    assert!(lines[1].contains("outcome=\"invalid_argument\" rows=0"));
    assert!(lines[2].contains("tool=\"resources/read\""));
    assert!(!lines.concat().contains("pa55"));
}

#[tokio::test]
async fn a_call_of_no_tool_is_told_too() {
    let served = Served::new(&world::with_shops().await).await;
    let (lines, _guard) = Lines::listen();
    served.call("pa55", json!({})).await;
    let lines = lines.take();
    let line = "caller=\"local\" tool=\"tools/call\" outcome=\"unknown_tool\" rows=0";
    assert!(lines[0].contains(line), "{lines:?}");
    assert!(!lines.concat().contains("pa55"));
}

#[tokio::test]
async fn arguments_are_in_the_line_where_that_is_wanted() {
    let mut context = world::with_shops().await;
    context.audits_arguments = true;
    let served = Served::new(&context).await;
    let (lines, _guard) = Lines::listen();
    let typed = "ü".repeat(3_000);
    served.call("list_shops", json!({"cursor": typed})).await;
    let lines = lines.take();
    assert!(lines[0].contains("cursor"), "{lines:?}");
    assert!(lines[0].len() < 4_500);
}

#[tokio::test]
async fn a_refused_host_is_in_the_line_cleaned_and_cut() {
    let served = Served::new(&world::with_shops().await).await;
    let (lines, _guard) = Lines::listen();
    let host = format!("{}.evil.example", "x".repeat(200));
    let request = served.request(NEWEST, "tools/list", json!({}));
    let answered = request.header("Host", &host).answered().await;
    assert_eq!(answered.status, 403);
    let line = lines.take().join("\n");
    assert!(
        line.contains("what=\"host\"") && line.contains("xxx"),
        "{line}"
    );
    assert!(!line.contains(&"x".repeat(100)), "{line}");
}
