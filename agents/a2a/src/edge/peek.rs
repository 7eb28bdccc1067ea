//! The little that the audit line needs of requests and answers, read leniently: the SDK judges what is wrong.

use a2a_sdk::{error_code, error_reason, methods, reason_to_error_code};
use serde::Deserialize;
use serde_json::value::RawValue;

/// What a request asks for.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) operation: &'static str,
    pub(super) task: Option<String>,
}

/// What an answer says.
#[derive(Debug)]
pub(super) struct Answer {
    /// `OK`, or the name of its error.
    pub(super) outcome: &'static str,
    pub(super) task: Option<String>,
}

/// The operations that have a name of their own in logs and counters.
const OPERATIONS: [&str; 11] = [
    methods::SEND_MESSAGE,
    methods::SEND_STREAMING_MESSAGE,
    methods::GET_TASK,
    methods::LIST_TASKS,
    methods::CANCEL_TASK,
    methods::SUBSCRIBE_TO_TASK,
    methods::CREATE_PUSH_CONFIG,
    methods::GET_PUSH_CONFIG,
    methods::LIST_PUSH_CONFIGS,
    methods::DELETE_PUSH_CONFIG,
    methods::GET_EXTENDED_AGENT_CARD,
];

/// What a call is named whose operation is not known.
pub(super) const UNKNOWN: &str = "unknown";

impl Call {
    pub(super) fn peek(bytes: &[u8]) -> Self {
        let request: Request<'_> = serde_json::from_slice(bytes).unwrap_or_default();
        let method = text(request.method).unwrap_or_default();
        let operation = OPERATIONS.into_iter().find(|it| *it == method);
        let params: Params<'_> = fields(request.params);
        let message: Params<'_> = fields(params.message);
        // `id` is the task's where the operation names nothing else.
        let ids = [params.task_id, params.id, message.task_id];
        Self {
            operation: operation.unwrap_or(UNKNOWN),
            task: ids.into_iter().find_map(text),
        }
    }
}

impl Answer {
    /// Reads an answer of JSON-RPC.
    pub(super) fn of_rpc(bytes: &[u8]) -> Self {
        let answer: RpcAnswer<'_> = serde_json::from_slice(bytes).unwrap_or_default();
        let error = answer.error.map(|_| fields::<RpcError>(answer.error).code);
        let sent: Sent<'_> = fields(answer.result);
        Self {
            outcome: error.map_or("OK", error_reason),
            task: sent.task(),
        }
    }

    /// Reads an answer of HTTP+JSON.
    pub(super) fn of_rest(bytes: &[u8]) -> Self {
        let sent: Sent<'_> = serde_json::from_slice(bytes).unwrap_or_default();
        let error: RestError<'_> = fields(sent.error);
        let code = error.details.into_iter().rev().find_map(|it| {
            let detail: Detail<'_> = fields(Some(it));
            reason_to_error_code(&text(detail.reason)?)
        });
        let code = code.unwrap_or(error_code::INTERNAL_ERROR);
        Self {
            outcome: sent.error.map_or("OK", |_| error_reason(code)),
            task: sent.task(),
        }
    }
}

/// Returns the task that the first event of a stream brings, in either binding.
pub(super) fn first_event(chunk: &[u8]) -> Option<String> {
    let mut lines = chunk.split(|&byte| byte == b'\n');
    let data = lines.find_map(|line| line.strip_prefix(b"data:"))?;
    Answer::of_rest(data)
        .task
        .or_else(|| Answer::of_rpc(data).task)
}

fn text(raw: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(raw?.get()).ok()
}

fn fields<'a, T: Default + Deserialize<'a>>(raw: Option<&'a RawValue>) -> T {
    raw.and_then(|it| serde_json::from_str(it.get()).ok())
        .unwrap_or_default()
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    method: Option<&'a RawValue>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Params<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    task_id: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RpcAnswer<'a> {
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RpcError {
    code: i32,
}

/// What sending a message gives, or an error of HTTP+JSON.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Sent<'a> {
    #[serde(borrow)]
    task: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

impl Sent<'_> {
    fn task(&self) -> Option<String> {
        text(fields::<Params<'_>>(self.task).id)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RestError<'a> {
    #[serde(borrow)]
    details: Vec<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Detail<'a> {
    #[serde(borrow)]
    reason: Option<&'a RawValue>,
}
