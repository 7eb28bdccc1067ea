//! One summary, from the facts to the store: kept if it is there, else written by a model and checked, else in the
//! fixed form.

use std::time::{Duration, Instant};

use catalog::{Fallback, StoreError, Written};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::answer::parse;
use crate::facts::FactSheet;
use crate::facts::clean::is_unseen;
use crate::openai::{CallError, Completion, Endpoint};
use crate::prompt::{PROMPT_VERSION, Prompt};
use crate::schema::SCHEMA_VERSION;
use crate::shelf::Shelf;
use crate::validate::{Reject, check};
use crate::{Context, Draft, End, Purse};

/// The longest words on why a model's text is not there.
const MAX_DETAIL_CHARS: usize = 300;

/// What came of one sheet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wrote {
    /// A summary of it is stored.
    Stored(End),
    /// Nothing is stored, since the endpoint cannot be asked.
    Stopped {
        /// The reason.
        why: Fallback,
        /// What it means for others.
        stop: Stop,
    },
    /// Nothing is stored, and nothing more was asked.
    Cancelled,
}

/// Why an endpoint cannot be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The budget is used up.
    Budget,
    /// It refuses the request, and perhaps only this one.
    Refused,
    /// It refuses the key, the model or the address, or has no more money, and so refuses all requests.
    Misconfigured,
    /// For so long.
    Closed(Duration),
    /// It gave no answer to this request, after all tries.
    Failed,
}

/// What is done where an endpoint gives no answer at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    /// The fixed form stands for it; nothing does where nobody is there.
    FixedForm,
    /// The subject waits for a better time.
    Waits,
}

/// Stores the summary of a sheet, unless it is there already.
///
/// A model's text is asked for, checked, asked for once more with the reasons if it was refused, and replaced by the
/// fixed form if it is refused again. That is kept under a hash of its own, so that it keeps no later run from asking.
/// Once `cancel` says so no request is begun; the answer to one that is under way is stored.
pub(crate) async fn write(
    sheet: &FactSheet,
    context: &Context,
    (purse, no_answer): (&mut Purse, NoAnswer),
    cancel: &CancellationToken,
) -> Result<Wrote, StoreError> {
    let shelf = Shelf::of(sheet, context).await?;
    if shelf.keep(context.endpoint.as_deref()).await?.is_some() {
        return Ok(Wrote::Stored(End::Kept));
    }
    let Some(endpoint) = &context.endpoint else {
        shelf.store_extractive(None).await?;
        return Ok(Wrote::Stored(End::Extractive(None)));
    };
    let end = match ask(sheet, endpoint, purse, cancel).await {
        Ok(answer) => {
            let written = answer.provenance(endpoint, purse);
            shelf.store_text(answer.draft, written, endpoint).await?;
            End::Written
        }
        Err(NoText::Failed(why)) if no_answer == NoAnswer::Waits => {
            let code = "closed".to_owned();
            return Ok(Wrote::Stopped {
                why: Fallback { code, ..why },
                stop: Stop::Failed,
            });
        }
        // Nobody is there, and nothing was asked: a fixed form would stand in for nothing.
        Err(NoText::Failed(why)) if why.code == "connect" => {
            let stop = Stop::Failed;
            return Ok(Wrote::Stopped { why, stop });
        }
        Err(NoText::Refused(why) | NoText::Failed(why)) => {
            shelf.store_extractive(Some(why.clone())).await?;
            End::Extractive(Some(why))
        }
        Err(NoText::Stopped { why, stop }) => return Ok(Wrote::Stopped { why, stop }),
        Err(NoText::Cancelled) => return Ok(Wrote::Cancelled),
        Err(NoText::Store(error)) => return Err(error),
    };
    Ok(Wrote::Stored(end))
}

/// A text that is in the facts.
struct Answer {
    draft: Draft,
    /// The model as it names itself.
    model: String,
    is_repaired: bool,
    latency: Duration,
}

impl Answer {
    fn provenance(&self, endpoint: &Endpoint, purse: &Purse) -> Written {
        Written {
            model: self.model.clone(),
            prompt_version: PROMPT_VERSION.to_owned(),
            requested_model: endpoint.model().to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            endpoint: endpoint.host().to_owned(),
            input_tokens: purse.input_tokens,
            output_tokens: purse.output_tokens,
            cost: purse.cost(),
            requests: purse.requests,
            latency_ms: u64::try_from(self.latency.as_millis()).unwrap_or(u64::MAX),
            repaired: self.is_repaired,
        }
    }
}

/// Why there is none.
enum NoText {
    /// The model had its say.
    Refused(Fallback),
    /// The endpoint had not, after all tries.
    Failed(Fallback),
    /// It cannot be asked.
    Stopped {
        why: Fallback,
        stop: Stop,
    },
    Cancelled,
    Store(StoreError),
}

/// Asks for a text until one stands up to the facts, at most twice.
async fn ask(
    sheet: &FactSheet,
    endpoint: &Endpoint,
    purse: &mut Purse,
    cancel: &CancellationToken,
) -> Result<Answer, NoText> {
    let begun = Instant::now();
    let prompt = Prompt::new(sheet);
    let mut request = prompt.first();
    let mut is_repaired = false;
    loop {
        let Completion { text, model } = endpoint.complete_until(&request, purse, cancel).await?;
        match accept(&text, &prompt, sheet) {
            Ok(draft) => {
                return Ok(Answer {
                    draft,
                    model,
                    is_repaired,
                    latency: begun.elapsed(),
                });
            }
            Err(rejects) if is_repaired => return Err(NoText::Refused(reason(&rejects))),
            Err(rejects) => {
                tracing::debug!(subject = sheet.subject, reason = %codes(&rejects), "an answer was refused");
                request = prompt.repair(&text, &rejects);
                is_repaired = true;
            }
        }
    }
}

/// Returns the draft that an answer is, if all that it says is in the facts.
fn accept(text: &str, prompt: &Prompt, sheet: &FactSheet) -> Result<Draft, Vec<Reject>> {
    let draft = parse(text).map_err(|reject| vec![reject]);
    // As it came, and as it reads: JSON can spell each letter as a number.
    let read = draft.as_ref().ok().map(|draft| json!(draft).to_string());
    if [Some(text), read.as_deref()]
        .into_iter()
        .flatten()
        .any(|it| prompt.leaks_into(it))
    {
        let detail = "the answer has a mark in it that is for no reader".to_owned();
        return Err(vec![Reject {
            code: "leak",
            detail,
        }]);
    }
    let draft = draft?;
    let rejects = check(&draft, sheet);
    if rejects.is_empty() {
        Ok(draft)
    } else {
        Err(rejects)
    }
}

impl From<CallError> for NoText {
    fn from(error: CallError) -> Self {
        let message = error.to_string();
        let fallback = |code: &str| Fallback {
            code: code.to_owned(),
            detail: cut(&message),
        };
        let stopped = |code, stop| Self::Stopped {
            why: fallback(code),
            stop,
        };
        match error {
            CallError::OverBudget(_) => stopped("budget", Stop::Budget),
            // Any other can be about what this one request says.
            CallError::Configuration { status, .. } if !matches!(status, Some(400 | 403 | 422)) => {
                stopped("configuration", Stop::Misconfigured)
            }
            CallError::Configuration { .. } => stopped("configuration", Stop::Refused),
            CallError::Closed { wait, .. } => stopped("closed", Stop::Closed(wait)),
            CallError::NoMoney { .. } => stopped("closed", Stop::Misconfigured),
            CallError::Failed { code, .. } if is_no_answer(code) => Self::Failed(fallback(code)),
            CallError::Failed { code, .. } => Self::Refused(fallback(code)),
            CallError::Refused { .. } => Self::Refused(fallback("refused")),
            CallError::Cut => Self::Refused(fallback("cut")),
            CallError::Cancelled => Self::Cancelled,
            CallError::Store(error) => Self::Store(error),
        }
    }
}

/// Returns whether a call failed for want of any answer; another time the same request may have one.
fn is_no_answer(code: &str) -> bool {
    let codes = "busy connect incomplete malformed rate_limited server_error timeout";
    codes.split(' ').any(|it| it == code)
}

/// Returns the first reason, and how many there are.
fn reason(rejects: &[Reject]) -> Fallback {
    let Some(first) = rejects.first() else {
        return Fallback {
            code: "refused".to_owned(),
            detail: String::new(),
        };
    };
    let more = match rejects.len() {
        1 => String::new(),
        n => format!(" (and {} more)", n - 1),
    };
    Fallback {
        code: first.code.to_owned(),
        detail: format!("{}{more}", cut(&first.detail)),
    }
}

fn codes(rejects: &[Reject]) -> String {
    let codes: Vec<&str> = rejects.iter().map(|it| it.code).collect();
    codes.join(", ")
}

/// Returns the beginning of a message on one line and without what cannot be seen: it quotes a model, or an endpoint.
fn cut(message: &str) -> String {
    let is_space = |it: char| it.is_whitespace() || is_unseen(it);
    let plain = message
        .chars()
        .map(|it| if is_space(it) { ' ' } else { it });
    plain.take(MAX_DETAIL_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use catalog::{Fact, FactSource, Language};

    use super::*;

    #[test]
    fn a_mark_is_found_however_json_spells_it() {
        let sheet = FactSheet {
            subject: "product:shopify:shop.example:1".to_owned(),
            language: Language::En,
            title: "Lamp".to_owned(),
            facts: vec![Fact {
                id: "F1".to_owned(),
                topic: "price".to_owned(),
                text: "Its price is 49.00 EUR.".to_owned(),
                source: FactSource::Catalogue,
                at: None,
            }],
        };
        let prompt = Prompt::new(&sheet);
        let system = prompt.first().system;
        let mark = system
            .split(|it: char| !it.is_ascii_hexdigit())
            .find(|it| it.len() == 16);
        let spelled: String = mark
            .unwrap()
            .chars()
            .map(|it| format!("\\u{:04x}", it as u32))
            .collect();
        let answer = format!(
            r#"{{"language": "en", "headline": "{spelled}", "summary": "S.", "claims": [], "cautions": []}}"#
        );
        let rejects = accept(&answer, &prompt, &sheet).unwrap_err();
        assert_eq!(rejects[0].code, "leak");
    }

    #[test]
    fn a_reason_is_short_and_can_be_seen() {
        let rejects = [(); 3].map(|()| Reject {
            code: "name_not_in_facts",
            detail: "a\n\u{202e}b\u{200b}c".to_owned() + &"é".repeat(1_000),
        });
        let reason = reason(&rejects);
        assert_eq!(reason.code, "name_not_in_facts");
        assert!(reason.detail.starts_with("a  b cé") && reason.detail.ends_with(" (and 2 more)"));
        assert!(reason.detail.chars().count() < 320);
    }
}
