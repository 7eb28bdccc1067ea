//! What both databases decide in the same way about tasks: what a change makes of a task, which events are left out,
//! what is too large.

use std::io;

use catalog::{
    ItemLease, MAX_CHUNK_BYTES, MAX_CHUNKS, MAX_ENTRY_BYTES, MAX_JSON_DEPTH, MAX_TASK_BYTES,
    MAX_TASK_ITEMS, MAX_TASK_MESSAGES, MAX_TASK_NAME, Meter, MeterLimits, MeterStep, Metered,
    NewItem, NewTask, StoreError, Task, TaskArtifact, TaskChange, TaskEntry, TaskEvent, TaskId,
    TaskState, UnixMs,
};
use serde::Serialize;
use serde_json::Value;

/// Why nothing may be written to a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TaskFault {
    Unknown(TaskId),
    Ended(TaskId, TaskState),
    Moved(TaskId),
    Fenced(TaskId, u32),
}

impl TaskFault {
    pub(crate) fn fenced(lease: &ItemLease) -> Self {
        Self::Fenced(lease.task.clone(), lease.n)
    }
}

impl From<TaskFault> for StoreError {
    fn from(fault: TaskFault) -> Self {
        match fault {
            TaskFault::Unknown(task) => Self::UnknownTask { task },
            TaskFault::Ended(task, state) => Self::TaskEnded { task, state },
            TaskFault::Moved(task) => Self::TaskMoved { task },
            TaskFault::Fenced(task, n) => Self::ItemFenced { task, n },
        }
    }
}

/// The greatest total: that of what both databases count with.
const MAX_TOTAL: u64 = i64::MAX.unsigned_abs();

/// Returns what a step makes of the totals of a task.
pub(crate) fn metered(totals: Meter, step: &MeterStep, limits: &MeterLimits) -> Metered {
    let add = |total: u64, step: i64| total.saturating_add_signed(step).min(MAX_TOTAL);
    let added = Meter {
        requests: add(totals.requests, step.requests),
        tokens: add(totals.tokens, step.tokens),
        cost_nanos: add(totals.cost_nanos, step.cost_nanos),
        n_done: add(totals.n_done, step.n_done),
    };
    let is_over = |step: i64, total: u64, limit: Option<u64>| {
        step > 0 && limit.is_some_and(|limit| total > limit)
    };
    let over = [
        is_over(step.requests, added.requests, limits.requests),
        is_over(step.tokens, added.tokens, limits.tokens),
        is_over(step.cost_nanos, added.cost_nanos, limits.cost_nanos),
    ];
    match over.contains(&true) {
        true => Metered::Over(totals),
        false => Metered::Counted(added),
    }
}

/// Returns a new task as it is at first, and its event 1.
pub(crate) fn first_of(new: &NewTask) -> (Task, TaskEvent) {
    let change = TaskChange::State {
        state: new.state,
        note: new.note.clone(),
        data: None,
    };
    let task = Task {
        id: new.id.clone(),
        agent: new.agent.clone(),
        caller: new.caller.clone(),
        context: new.context.clone(),
        state: new.state,
        note: new.note.clone(),
        data: None,
        state_at: new.at,
        created_at: new.at,
        seq: 1,
        messages: vec![new.message.clone()],
        artifacts: Vec::new(),
    };
    let event = TaskEvent {
        seq: 1,
        at: new.at,
        change,
    };
    (task, event)
}

/// How far the clocks of replicas may be apart. What is further behind comes from a clock that was set back, which
/// must not hold events back for as long.
const MAX_CLOCK_GAP_MS: u64 = 60_000;

/// Returns whether the event of `entry` is left out, where the task is in `state` and its newest event was at
/// `newest_at`.
///
/// An event that is behind the newest one comes from a slower clock: it is as close as one at the same time.
pub(crate) fn is_left_out(entry: &TaskEntry, state: TaskState, newest_at: UnixMs) -> bool {
    let brings = match &entry.change {
        TaskChange::State { state, .. } => *state,
        TaskChange::Artifact { .. } => state,
    };
    let (at, newest) = (entry.at.ms(), newest_at.ms());
    let is_close = match at >= newest {
        true => at.abs_diff(newest) < entry.min_gap_ms,
        false => at.abs_diff(newest) < entry.min_gap_ms.max(MAX_CLOCK_GAP_MS),
    };
    entry.min_gap_ms > 0 && brings == state && is_close
}

/// Refuses an entry that was worked out from an earlier event than the newest one.
pub(crate) fn check_only_at(entry: &TaskEntry, seq: u64) -> Result<(), TaskFault> {
    match entry.only_at {
        Some(only_at) if only_at != seq => Err(TaskFault::Moved(entry.task.clone())),
        _ => Ok(()),
    }
}

/// Puts a result, or what comes behind its parts, to those that are there.
pub(crate) fn put_artifact(
    artifacts: &mut Vec<TaskArtifact>,
    artifact: &TaskArtifact,
    appends: bool,
) {
    let Some(there) = artifacts.iter_mut().find(|it| it.id == artifact.id) else {
        artifacts.push(artifact.clone());
        return;
    };
    if !appends {
        *there = artifact.clone();
        return;
    }
    there.parts.extend_from_slice(&artifact.parts);
    for (old, new) in [
        (&mut there.name, &artifact.name),
        (&mut there.description, &artifact.description),
    ] {
        if new.is_some() {
            old.clone_from(new);
        }
    }
}

/// Refuses a task that is too large, with why.
pub(crate) fn check_new(task: &NewTask) -> Result<(), String> {
    check_name("agent", &task.agent)?;
    check_name("caller", &task.caller)?;
    check_name("context", &task.context)?;
    if let Some(idempotency) = &task.idempotency {
        check_name("idempotency key", &idempotency.key)?;
        check_name("hash of the request", &idempotency.request_hash)?;
    }
    check_depth(&task.message)?;
    check_items(&task.items)?;
    check_count("items", task.items.len(), MAX_TASK_ITEMS)?;
    let size = size(&(&task.note, &task.message, &task.items))?;
    check_size("request", size, MAX_ENTRY_BYTES)
}

/// Refuses an entry that is too large by itself, with why.
pub(crate) fn check_entry(entry: &TaskEntry) -> Result<(), String> {
    match &entry.change {
        TaskChange::State { data, .. } => data.iter().try_for_each(check_depth)?,
        TaskChange::Artifact { artifact, .. } => {
            check_name("artifact", &artifact.id)?;
            artifact.parts.iter().try_for_each(check_depth)?;
        }
    }
    entry.message.iter().try_for_each(check_depth)?;
    check_items(&entry.items)?;
    let size = size(&(&entry.change, &entry.message, &entry.items))?;
    check_size("entry", size, MAX_ENTRY_BYTES)
}

/// Refuses what an entry would make of a task's messages and artifacts.
pub(crate) fn check_whole(messages: &[Value], artifacts: &[TaskArtifact]) -> Result<(), String> {
    check_count("messages", messages.len(), MAX_TASK_MESSAGES)?;
    check_size("task", size(&(messages, artifacts))?, MAX_TASK_BYTES)
}

/// Refuses more items than a task may have.
pub(crate) fn check_n_items(n_items: usize) -> Result<(), String> {
    check_count("items", n_items, MAX_TASK_ITEMS)
}

/// Refuses a result that is too large.
pub(crate) fn check_result(result: &Value) -> Result<(), String> {
    check_depth(result)?;
    check_size("result", size(result)?, MAX_ENTRY_BYTES)
}

/// Refuses a chunk that is too large, or too many of them.
pub(crate) fn check_chunk(artifact: &str, n: u32, n_bytes: usize) -> Result<(), String> {
    check_name("artifact", artifact)?;
    if n >= MAX_CHUNKS {
        return Err(format!("an artifact has at most {MAX_CHUNKS} chunks"));
    }
    check_size("chunk", n_bytes, MAX_CHUNK_BYTES)
}

fn check_items(items: &[NewItem]) -> Result<(), String> {
    for item in items {
        check_name("kind of work", &item.kind)?;
        check_depth(&item.payload)?;
    }
    Ok(())
}

fn check_name(what: &str, name: &str) -> Result<(), String> {
    if name.len() > MAX_TASK_NAME {
        return Err(format!("the {what} has more than {MAX_TASK_NAME} bytes"));
    }
    Ok(())
}

fn check_count(what: &str, n: usize, most: usize) -> Result<(), String> {
    if n > most {
        return Err(format!("a task has at most {most} {what}, not {n}"));
    }
    Ok(())
}

fn check_size(what: &str, n_bytes: usize, most: usize) -> Result<(), String> {
    if n_bytes > most {
        return Err(format!("the {what} has {n_bytes} bytes, more than {most}"));
    }
    Ok(())
}

/// What is deeper, a reader of JSON or BSON would refuse later.
fn check_depth(value: &Value) -> Result<(), String> {
    fn is_within(value: &Value, depth: usize) -> bool {
        match value {
            Value::Array(values) => {
                depth > 0 && values.iter().all(|value| is_within(value, depth - 1))
            }
            Value::Object(values) => {
                depth > 0 && values.values().all(|value| is_within(value, depth - 1))
            }
            _ => true,
        }
    }
    if !is_within(value, MAX_JSON_DEPTH) {
        return Err(format!("JSON is nested deeper than {MAX_JSON_DEPTH}"));
    }
    Ok(())
}

/// Returns the length of `value` as JSON.
fn size(value: &impl Serialize) -> Result<usize, String> {
    struct Counter(usize);
    impl io::Write for Counter {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut counter = Counter(0);
    serde_json::to_writer(&mut counter, value).map_err(|error| error.to_string())?;
    Ok(counter.0)
}
