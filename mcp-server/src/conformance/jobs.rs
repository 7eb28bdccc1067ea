//! Fixtures that go on behind the call as tasks, an extension of the protocol that the server itself does without.

use std::time::Duration;

use futures_util::future::try_join_all;
use rmcp::ErrorData;
use rmcp::model::{CallToolResponse, CallToolResult, ClientCapabilities, CreateTaskResult};
use rmcp::task_manager::{TaskContext, TaskExit, TaskManager, TaskOptions};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::time::sleep;

use super::Request;
use super::fixtures::complete_result;

/// So long a task takes at least, for the suite to see it at work.
const SOON: Duration = Duration::from_millis(500);
/// So long it takes at most, and so many there are at once.
const MAX_SECONDS: f64 = 60.0;
const MAX_TASKS: usize = 64;

/// How a fixture goes on as a task.
#[derive(Debug, Deserialize)]
pub(super) struct Job {
    ends: Ends,
    /// Whether it is refused to clients without tasks.
    #[serde(default)]
    required: bool,
    /// What it asks the client.
    #[serde(default)]
    asks: Map<String, Value>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Ends {
    Soon,
    /// After its argument `seconds`.
    AfterSeconds,
    /// With an error of the protocol.
    Broken,
}

/// Refuses clients without tasks what is nothing else.
pub(super) fn may_run(job: &Job, request: &Request) -> Result<(), ErrorData> {
    if job.required && !has_tasks(request) {
        let required = ClientCapabilities::builder().enable_tasks().build();
        return Err(ErrorData::missing_required_client_capability(required));
    }
    Ok(())
}

/// Runs a job: as a task for clients with tasks, else before the answer.
pub(super) async fn run(
    job: &'static Job,
    result: &'static Value,
    words: Map<String, Value>,
    tasks: &TaskManager,
    request: &Request,
) -> Result<CallToolResponse, ErrorData> {
    if !has_tasks(request) {
        ended(job, &words).await?;
        return complete_result::<CallToolResult>(result, &words).map(Into::into);
    }
    if tasks.running_task_count() >= MAX_TASKS {
        let message = "there are too many tasks; cancel one";
        return Err(ErrorData::internal_error(message, None));
    }
    let task = tasks.spawn(TaskOptions::default(), move |task| {
        Box::pin(work(job, result, words, task))
    });
    Ok(CreateTaskResult::new(task).into())
}

async fn work(
    job: &Job,
    result: &Value,
    mut words: Map<String, Value>,
    task: TaskContext,
) -> Result<CallToolResult, TaskExit> {
    if !job.asks.is_empty() {
        let answers = job.asks.iter().map(|(name, ask)| {
            let ask = serde_json::from_value(ask.clone());
            let task = &task;
            async move {
                let ask = ask.map_err(|it| ErrorData::internal_error(it.to_string(), None))?;
                task.request_input(name, ask).await
            }
        });
        words.insert("answers".to_owned(), json!(try_join_all(answers).await?));
    }
    tokio::select! {
        () = task.cancelled() => return Err(TaskExit::Cancelled),
        ended = ended(job, &words) => ended?,
    }
    Ok(complete_result(result, &words)?)
}

/// Waits for a job's end.
async fn ended(job: &Job, words: &Map<String, Value>) -> Result<(), ErrorData> {
    match job.ends {
        Ends::Soon => sleep(SOON).await,
        Ends::AfterSeconds => {
            let seconds = words.get("seconds").and_then(Value::as_f64).unwrap_or(1.0);
            sleep(Duration::from_secs_f64(seconds.clamp(0.0, MAX_SECONDS))).await;
        }
        Ends::Broken => {
            let message = "This task intentionally breaks off for testing";
            return Err(ErrorData::internal_error(message, None));
        }
    }
    Ok(())
}

fn has_tasks(request: &Request) -> bool {
    let client = request.client_capabilities();
    client.is_some_and(|it| it.supports_tasks())
}
