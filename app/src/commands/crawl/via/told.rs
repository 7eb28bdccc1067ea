//! An agent's words, as a person reads them: none of them may steer the terminal.

use a2a::client::RemoteTask;
use catalog::TaskState;
use serde_json::Value;

use crate::output;

/// The most characters of one saying.
const MOST: usize = 300;

/// Returns a text of an agent on one line of bearable length.
pub(super) fn one_line(text: &str) -> String {
    output::shortened(&output::printable(text), MOST)
}

/// Returns an answer as a person reads it.
pub(super) fn words(answer: &[Value]) -> String {
    let texts = answer.iter().map(|it| match it.as_str() {
        Some(text) => text.to_owned(),
        None => it.to_string(),
    });
    one_line(&texts.collect::<Vec<_>>().join("; "))
}

/// Returns what there is to say of a task's end; nothing of one that is completed.
pub(super) fn end_of(task: &RemoteTask) -> Option<String> {
    let said = match task.state {
        TaskState::Completed => return None,
        TaskState::Rejected => "the agent rejected the task",
        TaskState::Failed => "the agent's task failed",
        TaskState::Canceled => "the agent stopped; what it stored stays with it",
        TaskState::AuthRequired => "the agent needs a right that it does not have",
        TaskState::InputRequired => "the agent asks for more; answer it with another command",
        TaskState::Submitted | TaskState::Working => "the task is not at its end",
    };
    Some(match &task.note {
        Some(note) => format!("{said}: {}", one_line(note)),
        None => said.to_owned(),
    })
}
