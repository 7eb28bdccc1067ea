//! How a fake endpoint behaves: its latency, its manner, and its faults.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

/// How a fake endpoint behaves. The default is in good health, and says what the facts say.
#[derive(Debug, Clone, Default)]
pub struct LlmPlan {
    pub(super) latency: Duration,
    pub(super) manner: Manner,
    pub(super) faults: Vec<(LlmOn, LlmFault)>,
    mixed: Option<Mixed>,
}

/// What the model that is not there would write.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Manner {
    /// Facts, word by word, each cited.
    #[default]
    Truthful,
    /// The same with a changed number, in the first so many answers about each subject.
    Lying(usize),
    /// What the seller's words tell it to.
    Obeying,
    /// Words of the system message that look drawn at random.
    Leaking,
    /// The other language.
    OtherLanguage,
    /// This text, whatever was asked.
    Text(String),
}

/// Which requests a fault is for.
///
/// ```
/// use testkit::LlmOn;
/// LlmOn::any(); // every request
/// LlmOn::any().nth(2); // the second one only
/// LlmOn::subject("product:7").times(2); // the first two about this subject
/// ```
#[derive(Debug, Clone)]
pub struct LlmOn {
    subject: Option<String>,
    first: usize,
    n_times: usize,
}

/// A way to misbehave, as seen in the wild.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LlmFault {
    /// This status with OpenAI's error object.
    Status(u16),
    /// This status, content type and body.
    Custom(u16, &'static str, String),
    /// 429 from a proxy in between, as HTML.
    HtmlRateLimit,
    /// 429 of llama.cpp: the code is a number.
    IntegerCode,
    /// 429 with this `Retry-After`; all answers are dated `Sat, 21 Nov 2026 10:00:00 GMT`.
    RetryAfter(String),
    /// 429 of `LiteLLM`: the code is a number in a string.
    StringCode,
    /// 429 of OpenAI where the account is empty.
    NoQuota,
    /// 400 of Gemini: a list of errors.
    ErrorList,
    /// 404 of Ollama for a model that it does not have.
    UnknownModel,
    /// 404 of a web server, as text: the address is wrong.
    UnknownPath,
    /// 401 of llama.cpp: the code is a number.
    WrongKey,
    /// 400 of `LiteLLM` for a wrong key.
    NoDatabase,
    /// 400 that names `response_format`, wherever a request asks for a JSON schema.
    NoSchema,
    /// 400 that names `response_format`, wherever a request has one.
    NoFormat,
    /// A `service_tier` that OpenAI does not have, as Groq's.
    UnknownTier,
    /// `finish_reason` is empty.
    EmptyFinish,
    /// No `object`.
    NoObject,
    /// No `usage`.
    NoUsage,
    /// `usage` says ten times as many tokens as were written and read.
    ManyTokens,
    /// No choice at all.
    NoChoices,
    /// `content` is null, and nothing says why.
    NoContent,
    /// `content` is null, with a `refusal`.
    Refusal,
    /// `finish_reason` is `content_filter`.
    Filtered,
    /// Half of the text, `finish_reason` is `length`.
    Length,
    /// The text within a fence of Markdown.
    Fence,
    /// Half of the JSON, whole and well-formed as HTTP.
    MalformedJson,
    /// Status 200 with events that hold nothing.
    GarbageStream,
    /// Status 302 to this location.
    Redirect(String),
    /// The connection ends before anything is answered.
    CloseBeforeHeaders,
    /// Half of the announced body, then the connection ends.
    CutBody,
    /// No answer; ends with the connection or the endpoint.
    Hang,
    /// The head, then nothing.
    HangInBody,
    /// The answer after this time.
    SlowHead(Duration),
    /// The answer's body in pieces, with this pause before each.
    SlowBody(Duration),
    /// A body without an end.
    EndlessBody,
}

/// One of several faults at a share of all requests.
#[derive(Debug, Clone)]
struct Mixed {
    seed: u64,
    percent: u8,
    faults: Vec<LlmFault>,
}

impl LlmPlan {
    /// Returns the plan of an endpoint in good health.
    pub fn none() -> Self {
        Self::default()
    }

    /// Sets the time before every answer.
    #[must_use]
    pub const fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// Sets what the model would write.
    #[must_use]
    pub fn manner(mut self, manner: Manner) -> Self {
        self.manner = manner;
        self
    }

    /// Adds a fault. Of several that are due at one request, the first added wins; all count the request.
    #[must_use]
    pub fn fault(mut self, on: LlmOn, fault: LlmFault) -> Self {
        self.faults.push((on, fault));
        self
    }

    /// Adds one of these faults to so many percent of the requests without another one.
    ///
    /// Which ones depends on `seed`, the subject, and how often that was asked about: not on what goes on beside it.
    #[must_use]
    pub fn mixed(mut self, seed: u64, percent: u8, faults: &[LlmFault]) -> Self {
        let faults = faults.to_vec();
        self.mixed = Some(Mixed {
            seed,
            percent,
            faults,
        });
        self
    }

    /// Returns what is due at the `turn`th request about a subject; `matched` counts what each fault has met.
    pub(super) fn due(
        &self,
        matched: &mut [usize],
        subject: &str,
        turn: usize,
    ) -> Option<LlmFault> {
        let mut due = None;
        for ((on, fault), n_matched) in self.faults.iter().zip(matched) {
            if on.subject.as_deref().is_none_or(|wanted| wanted == subject) {
                *n_matched += 1;
                let is_due = *n_matched >= on.first && *n_matched - on.first < on.n_times;
                due = due.or_else(|| is_due.then(|| fault.clone()));
            }
        }
        due.or_else(|| self.mixed.as_ref()?.due(subject, turn))
    }
}

impl Mixed {
    fn due(&self, subject: &str, turn: usize) -> Option<LlmFault> {
        let mut hasher = DefaultHasher::new();
        (self.seed, subject, turn).hash(&mut hasher);
        let mut rng = fastrand::Rng::with_seed(hasher.finish());
        if rng.u8(0..100) >= self.percent {
            return None;
        }
        rng.choice(&self.faults).cloned()
    }
}

impl LlmOn {
    /// Every request.
    pub const fn any() -> Self {
        Self {
            subject: None,
            first: 1,
            n_times: usize::MAX,
        }
    }

    /// Every request about this subject.
    pub fn subject(subject: impl Into<String>) -> Self {
        Self {
            subject: Some(subject.into()),
            ..Self::any()
        }
    }

    /// Leaves only the `n`th of these requests, counted from 1.
    #[must_use]
    pub const fn nth(self, n: usize) -> Self {
        self.from(n).times(1)
    }

    /// Leaves these requests from the `n`th on, counted from 1.
    #[must_use]
    pub const fn from(mut self, n: usize) -> Self {
        self.first = n;
        self
    }

    /// Leaves so many requests, counted from the first that is left.
    #[must_use]
    pub const fn times(mut self, n_times: usize) -> Self {
        self.n_times = n_times;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_faults_is_the_same_for_the_same_seed_and_close_to_what_was_asked_for() {
        let plan = LlmPlan::none().mixed(7, 25, &[LlmFault::NoChoices, LlmFault::Hang]);
        let draw = |plan: &LlmPlan| {
            (0..1_000)
                .map(|n| plan.due(&mut [], &format!("product:{n}"), 1))
                .collect::<Vec<_>>()
        };
        let first = draw(&plan);
        let n_faults = first.iter().flatten().count();
        assert!((200..300).contains(&n_faults), "{n_faults} of 1,000");
        assert!(first.contains(&Some(LlmFault::Hang)));
        assert_eq!(draw(&plan), first);
    }

    #[test]
    fn the_first_fault_that_is_due_wins_and_all_count() {
        let plan = LlmPlan::none()
            .fault(LlmOn::subject("a").nth(1), LlmFault::NoChoices)
            .fault(LlmOn::any().nth(2), LlmFault::NoContent);
        let mut matched = [0, 0];
        let due = ["a", "b", "a"].map(|subject| plan.due(&mut matched, subject, 1));
        assert_eq!(
            due,
            [Some(LlmFault::NoChoices), Some(LlmFault::NoContent), None]
        );
    }
}
