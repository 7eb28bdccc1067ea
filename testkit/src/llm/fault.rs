//! What each fault looks like on the wire.

use std::time::Duration;

use serde_json::{Value, json};

use super::LlmFault;

/// What is sent, and how that ends.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) content_type: &'static str,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
    /// Before the head.
    pub(super) delay: Duration,
    /// Before each piece of the body.
    pub(super) drip: Duration,
    pub(super) end: End,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Whole,
    BeforeHead,
    AfterHead,
    InBody,
    Endless,
    Never,
}

const HTML: &str = "<!DOCTYPE html><html><head><title>429 Too Many Requests</title></head>\
<body><center><h1>429 Too Many Requests</h1></center><hr><center>nginx</center></body></html>";

impl Reply {
    pub(super) fn text(status: u16, text: &str) -> Self {
        Self::new(status, "text/plain", text)
    }

    pub(super) fn json(status: u16, value: &Value) -> Self {
        Self::new(status, "application/json", &value.to_string())
    }

    fn new(status: u16, content_type: &'static str, body: &str) -> Self {
        Self {
            status,
            content_type,
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
            delay: Duration::ZERO,
            drip: Duration::ZERO,
            end: End::Whole,
        }
    }

    const fn ending(mut self, end: End) -> Self {
        self.end = end;
        self
    }

    fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Returns whether it is a completion that arrives, sooner or later.
    pub(super) fn is_whole(&self) -> bool {
        self.status == 200 && self.end == End::Whole
    }
}

/// Returns the reply to a request that a fault is for; `healthy` makes the completion without it.
pub(super) fn reply(fault: &LlmFault, request: &Value, healthy: impl Fn() -> Value) -> Reply {
    let whole = || Reply::json(200, &healthy());
    match fault {
        LlmFault::Status(status) => Reply::json(*status, &error("something went wrong", "error")),
        LlmFault::Custom(status, content_type, body) => Reply::new(*status, content_type, body),
        LlmFault::Redirect(location) => Reply::text(302, "Found\n").header("location", location),
        LlmFault::CloseBeforeHeaders => whole().ending(End::BeforeHead),
        LlmFault::CutBody => whole().ending(End::InBody),
        LlmFault::Hang => whole().ending(End::Never),
        LlmFault::HangInBody => whole().ending(End::AfterHead),
        LlmFault::EndlessBody => whole().ending(End::Endless),
        LlmFault::SlowHead(delay) => Reply {
            delay: *delay,
            ..whole()
        },
        LlmFault::SlowBody(drip) => Reply {
            drip: *drip,
            ..whole()
        },
        LlmFault::MalformedJson => {
            let mut reply = whole();
            reply.body.truncate(reply.body.len() / 2);
            reply
        }
        LlmFault::GarbageStream => {
            let events = ": keep-alive\n\ndata: {\"garbage\n\ndata: [DONE]\n\n";
            Reply::new(200, "text/event-stream", events)
        }
        LlmFault::NoSchema if asks_for(request, "json_schema") => no_format(),
        LlmFault::NoFormat if request.get("response_format").is_some() => no_format(),
        LlmFault::NoSchema | LlmFault::NoFormat => whole(),
        refusal => refused(refusal).unwrap_or_else(|| {
            let mut completion = healthy();
            change(refusal, &mut completion);
            Reply::json(200, &completion)
        }),
    }
}

/// Returns the reply of a fault with a status of its own.
fn refused(fault: &LlmFault) -> Option<Reply> {
    Some(match fault {
        LlmFault::HtmlRateLimit => Reply::new(429, "text/html", HTML),
        LlmFault::IntegerCode => {
            let error = json!({"code": 429, "message": "slot busy", "type": "rate_limit"});
            Reply::json(429, &json!({ "error": error }))
        }
        LlmFault::RetryAfter(value) => {
            let error = error("Rate limit reached for requests", "requests");
            Reply::json(429, &error).header("retry-after", value)
        }
        LlmFault::StringCode => {
            let message = "litellm.RateLimitError: too many requests";
            let error = json!({"message": message, "type": "throttling_error", "param": null, "code": "429"});
            Reply::json(429, &json!({ "error": error }))
        }
        LlmFault::NoQuota => {
            let error = error(
                "You exceeded your current quota, please check your plan and billing details.",
                "insufficient_quota",
            );
            Reply::json(429, &error)
        }
        LlmFault::ErrorList => {
            let error =
                json!({"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT"});
            Reply::json(400, &json!([{ "error": error }]))
        }
        LlmFault::UnknownModel => {
            let message = "model \"nobody\" not found, try pulling it first";
            let error =
                json!({"message": message, "type": "api_error", "param": null, "code": null});
            Reply::json(404, &json!({ "error": error }))
        }
        LlmFault::UnknownPath => Reply::text(404, "404 page not found\n"),
        LlmFault::WrongKey => {
            let error =
                json!({"code": 401, "message": "Invalid API Key", "type": "authentication_error"});
            Reply::json(401, &json!({ "error": error }))
        }
        LlmFault::NoDatabase => {
            let error = json!({"message": "No connected db.", "type": "no_db_connection", "param": null, "code": "400"});
            Reply::json(400, &json!({ "error": error }))
        }
        _ => return None,
    })
}

/// Does to a completion what a fault is.
fn change(fault: &LlmFault, completion: &mut Value) {
    let text = content(completion).as_str().unwrap_or_default().to_owned();
    match fault {
        LlmFault::UnknownTier => completion["service_tier"] = json!("on_demand"),
        LlmFault::EmptyFinish => completion["choices"][0]["finish_reason"] = json!(""),
        LlmFault::NoObject => remove(completion, "object"),
        LlmFault::NoUsage => remove(completion, "usage"),
        LlmFault::ManyTokens => {
            for name in ["prompt_tokens", "completion_tokens", "total_tokens"] {
                let tokens = completion["usage"][name].as_u64().unwrap_or_default();
                completion["usage"][name] = json!(10 * tokens);
            }
        }
        LlmFault::NoChoices => completion["choices"] = json!([]),
        LlmFault::NoContent => *content(completion) = Value::Null,
        LlmFault::Refusal => {
            *content(completion) = Value::Null;
            completion["choices"][0]["message"]["refusal"] = json!("I cannot help with that.");
        }
        LlmFault::Filtered => {
            *content(completion) = Value::Null;
            completion["choices"][0]["finish_reason"] = json!("content_filter");
        }
        LlmFault::Length => {
            let half: String = text.chars().take(text.chars().count() / 2).collect();
            *content(completion) = json!(half);
            completion["choices"][0]["finish_reason"] = json!("length");
        }
        LlmFault::Fence => *content(completion) = json!(format!("```json\n{text}\n```")),
        _ => {}
    }
}

fn content(completion: &mut Value) -> &mut Value {
    &mut completion["choices"][0]["message"]["content"]
}

fn remove(completion: &mut Value, field: &str) {
    if let Some(fields) = completion.as_object_mut() {
        fields.remove(field);
    }
}

fn asks_for(request: &Value, format: &str) -> bool {
    request["response_format"]["type"] == format
}

fn no_format() -> Reply {
    let message = "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.";
    let error = json!({"message": message, "type": "invalid_request_error", "param": "response_format", "code": null});
    Reply::json(400, &json!({ "error": error }))
}

/// Returns OpenAI's error object.
fn error(message: &str, kind: &str) -> Value {
    json!({"error": {"message": message, "type": kind, "param": null, "code": kind}})
}
