//! What a failed attempt means for the call, for other calls, and for whoever set the endpoint up.

use std::time::Duration;

use super::attempt::AttemptError;
use super::complaint::Complaint;
use super::gate::Shut;
use super::{CallError, EndpointConfig, Mode};

/// What to do about a failed attempt.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Try again, after this pause where it asks for one.
    Again(Option<Duration>),
    /// Ask for the form of the answer in a weaker way.
    Weaker(Mode),
    /// Leave the endpoint alone for so long.
    Close(Duration, Shut),
    /// The settings are wrong; for every call, where it is the key or the model.
    Refuse {
        status: u16,
        message: String,
        for_all: bool,
    },
    /// This request will not be answered.
    End(CallError),
}

/// An empty account is not filled in a minute.
const NO_MONEY_PAUSE: Duration = Duration::from_secs(3600);

/// Returns what a failed attempt means that was made in `mode`.
pub(super) fn verdict(
    error: &AttemptError,
    mode: Mode,
    host: &str,
    config: &EndpointConfig,
) -> Verdict {
    match error {
        AttemptError::Status {
            status,
            complaint,
            retry_after,
        } => {
            let said = format!("{host} answered {status}: {}", complaint.message);
            if has_no_money(*status, complaint) {
                let message = format!("{said}; see the plan and the limits of the account");
                return Verdict::Close(NO_MONEY_PAUSE, Shut::NoMoney(message));
            }
            if matches!(status, 408 | 409 | 425 | 429 | 500..=599) {
                return busy(*retry_after, &said, config);
            }
            refusal(*status, complaint, said, mode, config)
        }
        AttemptError::Redirect(to) => Verdict::Refuse {
            status: 302,
            message: format!(
                "{host} redirects to {to}, where no key is sent; set llm.base_url to the real address"
            ),
            for_all: true,
        },
        AttemptError::TooLarge(_) => Verdict::End(CallError::Failed {
            code: error.code(),
            message: format!("{host}: {error}"),
        }),
        AttemptError::Connect(_)
        | AttemptError::Incomplete(_)
        | AttemptError::Timeout(_)
        | AttemptError::Malformed(_) => Verdict::Again(None),
    }
}

/// A text that speaks of billing is not enough: Gemini's does at every limit.
fn has_no_money(status: u16, complaint: &Complaint) -> bool {
    let is_labelled = complaint.is_labelled(&["insufficient_quota", "billing"]);
    status == 402 || (status == 429 && is_labelled)
}

fn busy(retry_after: Option<Duration>, said: &str, config: &EndpointConfig) -> Verdict {
    match retry_after {
        Some(pause) if pause > config.max_retry_after => {
            let message = format!("{said}; it asks for a pause of {} s", pause.as_secs());
            Verdict::Close(pause, Shut::Closed(message))
        }
        pause => Verdict::Again(pause),
    }
}

fn refusal(
    status: u16,
    complaint: &Complaint,
    said: String,
    mode: Mode,
    config: &EndpointConfig,
) -> Verdict {
    if matches!(status, 400 | 422)
        && complaint.mentions(&["response_format", "json_schema", "json_object"])
        && let Some(weaker) = mode.weaker()
    {
        return Verdict::Weaker(weaker);
    }
    if complaint.is_labelled(&["content_filter", "content_policy"]) {
        let message = complaint.message.clone();
        return Verdict::End(CallError::Refused { message });
    }
    // OpenAI's name, llama.cpp's, and the words of others.
    let length = [
        "context_length",
        "context_size",
        "context length",
        "context size",
    ];
    if status == 413 || complaint.mentions(&length) {
        return Verdict::End(CallError::Failed {
            code: "too_long",
            message: said,
        });
    }
    Verdict::Refuse {
        status,
        message: format!("{said}; {}", what_to_do(status, complaint, config)),
        // A 403 can be about what one request says.
        for_all: matches!(status, 401 | 404),
    }
}

/// Returns which setting to look at.
fn what_to_do(status: u16, complaint: &Complaint, config: &EndpointConfig) -> String {
    let key = "set TROUVAILLE__LLM__API_KEY or llm.api_key_file";
    let model = &config.model;
    match status {
        401 | 403 if config.api_key.is_none() => format!("no key is configured: {key}"),
        401 | 403 => format!("is the key right? {key}"),
        404 if !complaint.is_json => "is llm.base_url right, does it end in /v1?".to_owned(),
        404 => format!("is llm.model = \"{model}\" right?"),
        _ if complaint.mentions(&[config.tokens_field.name()]) => {
            "see llm.tokens_field and llm.max_tokens".to_owned()
        }
        _ if complaint.mentions(&["temperature"]) => "see llm.temperature".to_owned(),
        _ => format!("is llm.model = \"{model}\" right, and the key? {key}"),
    }
}
