//! Lists of tasks: the caller's own, of this agent, the newest first.

use a2a_sdk::{A2AError, ListTasksRequest, ListTasksResponse};
use catalog::{Task, TaskCursor, TaskFilter, TaskId, UnixMs};

use super::failure::{internal, invalid};
use super::tasks::history_length;
use super::{Answer, Handler};
use crate::wire::sizes::size_of;
use crate::wire::{self, Shown};

const DEFAULT_PAGE: usize = 50;
const MAX_PAGE: usize = 100;

/// A page ends behind this many bytes, so that large tasks make short pages.
const MAX_PAGE_BYTES: usize = 4 << 20;

impl Handler {
    /// Returns a page of the caller's tasks. Messages and results are shown only to who asks for them.
    pub(super) async fn list(
        &self,
        caller: &str,
        request: &ListTasksRequest,
    ) -> Answer<ListTasksResponse> {
        let size = page_size(request.page_size)?;
        let after = cursor(request.page_token.as_deref().unwrap_or_default())?;
        let shown = Shown {
            history: history_length(request.history_length)?.or(Some(0)),
            artifacts: request.include_artifacts.unwrap_or(false),
        };
        let is_whole = shown.artifacts || shown.history != Some(0);
        let filter = self.filter(caller, request);
        let tasks = &self.context.tasks;
        let url = &self.context.public_url;
        let page = tasks.tasks(&filter, after.as_ref(), size + 1, false);
        let page = page
            .await
            .map_err(|error| internal("list the tasks", &error))?;
        let mut on_page = Vec::new();
        let (mut n_bytes, mut n_shown) = (0, 0);
        for head in page.tasks.iter().take(size) {
            if n_bytes >= MAX_PAGE_BYTES {
                break;
            }
            n_shown += 1;
            if !is_whole {
                on_page.push(wire::task(head, shown, url));
                continue;
            }
            // One by one: so large a page of whole tasks is never in memory. One may be forgotten meanwhile.
            let task = tasks.task(&head.id).await;
            if let Some(task) = task.map_err(|error| internal("list the tasks", &error))? {
                n_bytes += body_size(&task);
                on_page.push(wire::task(&task, shown, url));
            }
        }
        let (looked_at, rest) = page.tasks.split_at(n_shown);
        let next = looked_at.last().filter(|_| !rest.is_empty());
        Ok(ListTasksResponse {
            tasks: on_page,
            next_page_token: next.map(token).unwrap_or_default(),
            page_size: i32::try_from(size).unwrap_or(i32::MAX),
            total_size: i32::try_from(page.n_total).unwrap_or(i32::MAX),
        })
    }

    fn filter(&self, caller: &str, request: &ListTasksRequest) -> TaskFilter {
        let since = request.status_timestamp_after.as_ref();
        TaskFilter {
            agent: Some(self.agent.name.to_owned()),
            caller: Some(caller.to_owned()),
            context: request.context_id.clone().filter(|it| !it.is_empty()),
            state: request.status.as_ref().and_then(wire::state_of),
            since: since.map(|time| UnixMs::new(time.timestamp_millis())),
        }
    }
}

fn page_size(asked: Option<i32>) -> Result<usize, A2AError> {
    match asked.map(usize::try_from) {
        None => Ok(DEFAULT_PAGE),
        Some(Ok(size @ 1..=MAX_PAGE)) => Ok(size),
        Some(_) => Err(invalid("pageSize", "must be 1 to 100")),
    }
}

/// Returns the bytes of a task's messages and results.
fn body_size(task: &Task) -> usize {
    let parts = task.artifacts.iter().flat_map(|it| &it.parts);
    task.messages.iter().chain(parts).map(size_of).sum()
}

/// Returns the place behind a task, as text.
fn token(task: &Task) -> String {
    format!("{}.{}", task.state_at.ms(), task.id)
}

/// Reads such a text; the empty one is the beginning.
fn cursor(token: &str) -> Result<Option<TaskCursor>, A2AError> {
    if token.is_empty() {
        return Ok(None);
    }
    let read = || {
        let (ms, id) = token.split_once('.')?;
        Some(TaskCursor {
            state_at: UnixMs::new(ms.parse().ok()?),
            id: TaskId::new(id).ok()?,
        })
    };
    read()
        .map(Some)
        .ok_or_else(|| invalid("pageToken", "must be one that this agent gave"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_1_to_100_tasks() {
        assert_eq!(page_size(None).unwrap(), 50);
        assert_eq!(page_size(Some(1)).unwrap(), 1);
        assert_eq!(page_size(Some(100)).unwrap(), 100);
        for size in [0, -1, 101, i32::MIN, i32::MAX] {
            assert_eq!(page_size(Some(size)).unwrap_err().code, -32602, "{size}");
        }
    }

    #[test]
    fn a_token_is_read_back_and_others_are_refused() {
        let read = cursor("1700000000123.a.b-c").unwrap().unwrap();
        assert_eq!(read.state_at, UnixMs::new(1_700_000_000_123));
        assert_eq!(read.id.as_str(), "a.b-c");
        assert_eq!(cursor("").unwrap(), None);
        for token in [
            "\0garbage",
            "1",
            "x.y",
            "1.",
            "1.a b",
            ".a",
            "99999999999999999999.a",
        ] {
            assert_eq!(cursor(token).unwrap_err().code, -32602, "{token}");
        }
    }
}
