//! What a fixture tells the client during a call.

use std::time::Duration;

use rmcp::model::{ProgressNotificationParam, ServerNotification};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::Request;

/// So long the suite wants between two messages, to see that they come one by one.
const PAUSE: Duration = Duration::from_millis(50);

/// Logs the three messages of the suite.
pub(super) async fn log_thrice(request: &Request) {
    for text in [
        "Tool execution started",
        "Tool processing data",
        "Tool execution completed",
    ] {
        log(request, json!("info"), text).await;
        sleep(PAUSE).await;
    }
}

/// Logs a message for a client that asks for messages of a level.
pub(super) async fn log_if_asked(request: &Request) {
    if let Some(level) = request.meta.log_level() {
        log(request, json!(level), "Tool execution started").await;
    }
}

/// Reports no, half and full progress to a client that gives a token for that.
pub(super) async fn report_progress(request: &Request) {
    let token = request.meta.get_progress_token();
    for progress in [0.0, 50.0, 100.0] {
        if let Some(token) = token.clone() {
            let report = ProgressNotificationParam::new(token, progress).with_total(100.0);
            // A client that went away is told nothing.
            drop(request.peer.notify_progress(report).await);
        }
        sleep(PAUSE).await;
    }
}

async fn log(request: &Request, level: Value, text: &str) {
    let message = json!({"method": "notifications/message", "params": {"level": level, "logger": "fixtures", "data": text}});
    if let Ok(message) = serde_json::from_value::<ServerNotification>(message) {
        drop(request.peer.send_notification(message).await);
    }
}
