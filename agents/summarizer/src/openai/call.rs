//! One answer: attempts, the pauses between them, and what each costs, until a deadline that covers these, and not the
//! waiting for our own limits.

use std::time::Duration;

use async_openai::error::OpenAIError;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::attempt::AttemptError;
use super::gate::Shut;
use super::verdict::{Verdict, verdict};
use super::wire::{self, Answer, Reading};
use super::{CallError, ChatRequest, Completion, Endpoint, LONGEST, Mode};
use crate::Purse;
use crate::budget::NoRoom;

/// What is known of a call between its attempts.
struct Call<'a> {
    endpoint: &'a Endpoint,
    request: &'a ChatRequest,
    input_tokens: u64,
    max_tokens: u32,
    deadline: Instant,
    n_failed: u32,
    cancel: &'a CancellationToken,
}

/// Answers that were cut off are asked for again with no more tokens than this.
const MOST_TOKENS: u32 = 16_384;

pub(super) async fn complete(
    endpoint: &Endpoint,
    request: &ChatRequest,
    purse: &mut Purse,
    cancel: &CancellationToken,
) -> Result<Completion, CallError> {
    let mut call = Call {
        endpoint,
        request,
        input_tokens: wire::estimated_tokens(request),
        max_tokens: endpoint.config.max_tokens,
        deadline: Instant::now() + endpoint.config.deadline.min(LONGEST),
        n_failed: 0,
        cancel,
    };
    loop {
        let mode = endpoint.mode();
        match call.attempt(mode, purse).await? {
            Ok(answer) => {
                if let Some(completion) = call.read(&answer)? {
                    return Ok(completion);
                }
            }
            Err(error) => {
                if let Some(pause) = call.after(&error, mode)? {
                    call.unless_cancelled(tokio::time::sleep(pause)).await?;
                }
            }
        }
    }
}

impl Call<'_> {
    /// Makes one attempt: a place, its cost, the request, what it used.
    async fn attempt(
        &mut self,
        mode: Mode,
        purse: &mut Purse,
    ) -> Result<Result<Answer, AttemptError>, CallError> {
        let estimated = (self.input_tokens, u64::from(self.max_tokens));
        let (read, written) = self.endpoint.excess.raised(estimated.0, estimated.1);
        let gate = &self.endpoint.gate;
        let entering = gate.enter(read.saturating_add(written), self.deadline);
        let pass = self.unless_cancelled(entering).await?;
        let pass = pass.map_err(|(shut, wait)| shut.error(wait))?;
        let began = Instant::now();
        let reserved = self
            .unless_cancelled(purse.reserve(read, written))
            .await??;
        // Neither is a fault of the endpoint.
        self.deadline += pass.waited + began.elapsed();
        let outcome = Box::pin(self.send(mode)).await;
        let (input, output) = match &outcome {
            Ok(answer) => answer.usage(),
            Err(error) if error.is_free() => (Some(0), Some(0)),
            Err(_) => (None, None),
        };
        if outcome.is_ok() {
            gate.answered();
            self.endpoint.excess.note(estimated, (input, output));
        }
        drop(pass);
        purse.settle(reserved, input, output).await?;
        Ok(outcome)
    }

    /// Waits for what comes before an attempt, or for nothing more once no attempt is to be begun.
    async fn unless_cancelled<T>(&self, waiting: impl Future<Output = T>) -> Result<T, CallError> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(CallError::Cancelled),
            result = waiting => Ok(result),
        }
    }

    async fn send(&self, mode: Mode) -> Result<Answer, AttemptError> {
        let Endpoint { client, config, .. } = self.endpoint;
        let body = wire::request(config, self.request, mode, self.max_tokens);
        let began = Instant::now();
        let chat = client.chat();
        let answer = timeout_at(self.deadline, chat.create_byot::<_, Value>(body)).await;
        let Ok(answer) = answer else {
            return Err(AttemptError::Timeout(began.elapsed()));
        };
        let malformed = |error: serde_json::Error| AttemptError::Malformed(error.to_string());
        serde_json::from_value(answer.map_err(of_library)?).map_err(malformed)
    }

    /// Returns what an answer says; `None` to ask once more.
    fn read(&mut self, answer: &Answer) -> Result<Option<Completion>, CallError> {
        let failed = |code, message: &str| {
            let message = format!("{}: {message}", self.endpoint.host);
            Err(CallError::Failed { code, message })
        };
        match answer.reading(&self.endpoint.secret) {
            Reading::Text(text) => Ok(Some(Completion {
                text,
                model: answer
                    .model(&self.endpoint.secret)
                    .unwrap_or_else(|| self.endpoint.config.model.clone()),
            })),
            Reading::Cut => {
                let configured = self.endpoint.config.max_tokens;
                let more = configured.saturating_mul(2).min(MOST_TOKENS);
                if self.max_tokens != configured || more <= configured {
                    return Err(CallError::Cut);
                }
                self.max_tokens = more;
                Ok(None)
            }
            Reading::Refused(message) => Err(CallError::Refused { message }),
            Reading::NoChoices => failed("no_choices", "the answer has no choices"),
            Reading::Unfinished(how) => {
                let message = format!("the answer ended with finish_reason “{how}”");
                failed("unfinished", &message)
            }
            Reading::NoContent => failed("no_content", "the answer has no text"),
        }
    }

    /// Returns the pause before the next attempt.
    fn after(&mut self, error: &AttemptError, mode: Mode) -> Result<Option<Duration>, CallError> {
        let Endpoint {
            config, gate, host, ..
        } = self.endpoint;
        tracing::debug!(subject = %self.request.subject, code = error.code(), "an attempt failed");
        match verdict(error, mode, host, config) {
            Verdict::Again(asked) => {
                if let Some(asked) = asked {
                    gate.pause(asked);
                }
                self.n_failed += 1;
                let pause = self.backoff().saturating_add(asked.unwrap_or_default());
                let is_last = self.n_failed >= config.max_tries;
                let left = self.deadline.saturating_duration_since(Instant::now());
                if is_last || pause >= left {
                    return Err(self.failed(error));
                }
                Ok(Some(pause))
            }
            Verdict::Weaker(weaker) => {
                self.endpoint.weaken(weaker);
                Ok(None)
            }
            Verdict::Close(wait, shut) => {
                gate.close(wait, shut.clone());
                Err(shut.error(wait))
            }
            Verdict::Refuse {
                status,
                message,
                for_all,
            } => {
                if for_all {
                    let message = message.clone();
                    gate.refuses(Shut::Refused { status, message });
                }
                let status = Some(status);
                Err(CallError::Configuration { status, message })
            }
            Verdict::End(error) => Err(error),
        }
    }

    /// Returns a pause drawn from nothing up to the first one doubled with each failure: "full jitter" of
    /// <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>.
    fn backoff(&self) -> Duration {
        let config = &self.endpoint.config;
        let factor = 2_u32.saturating_pow(self.n_failed - 1);
        let most = config.backoff.saturating_mul(factor);
        let most = most.min(config.max_retry_after).min(LONGEST);
        most.mul_f64(fastrand::f64())
    }

    /// Returns the end of a call whose attempts all failed.
    fn failed(&self, error: &AttemptError) -> CallError {
        let message = format!(
            "{}: {error} (after {} tries)",
            self.endpoint.host, self.n_failed
        );
        self.endpoint.gate.failed(&message);
        let code = error.code();
        CallError::Failed { code, message }
    }
}

impl Shut {
    /// Returns the end of a call that holds for so long.
    fn error(self, wait: Duration) -> CallError {
        match self {
            Self::Closed(message) => CallError::Closed { wait, message },
            Self::NoMoney(message) => CallError::NoMoney { message },
            Self::Refused { status, message } => CallError::Configuration {
                status: Some(status),
                message,
            },
        }
    }
}

impl From<NoRoom> for CallError {
    fn from(error: NoRoom) -> Self {
        match error {
            NoRoom::Over(why) => Self::OverBudget(why),
            NoRoom::Store(error) => Self::Store(error),
        }
    }
}

/// Finds our own error in that of the library.
fn of_library(error: OpenAIError) -> AttemptError {
    let text = match error {
        OpenAIError::Boxed(inner) => match inner.downcast::<AttemptError>() {
            Ok(error) => return *error,
            Err(inner) => inner.to_string(),
        },
        // Their texts hold the whole body.
        OpenAIError::JSONDeserialize(error, _) => error.to_string(),
        other => other.to_string(),
    };
    AttemptError::Incomplete(super::complaint::one_line(&text))
}
