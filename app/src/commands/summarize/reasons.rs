//! The reasons why a summary, or a model's text of it, is not there: whose they are, and what to do about them.

/// What can be done about what was left, by the reason's name. What the endpoint refuses says itself what to look at.
const LEFT: [(&str, &str); 5] = [
    ("budget", "run it again to go on, or raise the limit"),
    ("configuration", ""),
    ("closed", "run it again later to go on"),
    ("connect", UNREACHABLE),
    ("interrupted", "run it again to go on"),
];

/// The reasons for which an endpoint gave no text at all, and what to look at.
const OF_ENDPOINT: [(&str, &str); 11] = [
    ("connect", UNREACHABLE),
    (
        "rate_limited",
        "see llm.requests_per_minute, llm.tokens_per_minute and llm.in_flight, and run it again later",
    ),
    ("busy", AGAIN_LATER),
    ("server_error", AGAIN_LATER),
    ("incomplete", AGAIN_LATER),
    (
        "timeout",
        "see llm.attempt_timeout_seconds, llm.deadline_seconds and llm.in_flight",
    ),
    ("too_large", NO_COMPLETIONS),
    ("malformed", NO_COMPLETIONS),
    ("no_choices", NO_COMPLETIONS),
    ("no_content", "see llm.model and llm.max_tokens"),
    (
        "too_long",
        "see llm.model: it has to read 8,000 tokens or so",
    ),
];

const UNREACHABLE: &str = "is llm.base_url right, and does it run? then run it again";
const AGAIN_LATER: &str = "the endpoint's own log may say why; run it again later";
const NO_COMPLETIONS: &str =
    "does llm.base_url lead to chat completions, up to /v1, and is llm.model right?";

/// Returns what to do about what was left for this reason; nothing where its detail says it.
pub(super) fn after_left(code: &str, detail: &str) -> &'static str {
    // Under a limit that one request is over, no other run would go on.
    if code == "budget" && detail.ends_with("raise the limit") {
        return "";
    }
    known(code, &LEFT).unwrap_or("run it again to try them anew")
}

/// Returns what to do where a model's text is not there for this reason.
pub(super) fn instead_of_text(code: &str) -> &'static str {
    match code {
        "cut" => "see llm.max_tokens, and run it again",
        "refused" => "the model or a filter refuses; another llm.model may not",
        _ => known(code, &OF_ENDPOINT).unwrap_or(
            "the texts were not true to the facts; run it again, or set another llm.model",
        ),
    }
}

/// Returns whether the endpoint gave no text at all that could have been looked at.
pub(super) fn is_of_endpoint(code: &str) -> bool {
    known(code, &OF_ENDPOINT).is_some()
}

fn known(code: &str, reasons: &[(&str, &'static str)]) -> Option<&'static str> {
    let mut reasons = reasons.iter();
    reasons.find_map(|(known, what)| (*known == code).then_some(*what))
}
