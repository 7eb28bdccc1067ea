//! What a run tells beside its summaries: who writes, what it used, what was left and what to do next.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use summarizer::Context;

use super::outcome::{Counts, Outcome, Used};
use super::reasons;
use crate::App;
use crate::config::llm::money;
use crate::exit::Exit;
use crate::output::{counted, grouped, printable};
use crate::summaries::Writer;

/// Tells who writes, and where that is stored.
pub(super) fn beginning(writer: &Writer, context: &Context, app: &App) {
    let who = match writer {
        Writer::Model(endpoint) => format!("{} at {}", endpoint.model(), endpoint.host()),
        Writer::Form(why) => format!("no language model: {why}"),
    };
    app.screen.note(&printable(&who));
    app.screen
        .note(&format!("store: {}", context.store.location()));
}

/// Tells what came of a run.
pub(super) fn end(outcome: &Outcome, writer: &Writer, app: &App) {
    let counts = outcome.counts();
    app.screen.note(&counts_words(&counts));
    if let Writer::Model(endpoint) = writer {
        let price = endpoint.price().map(|it| it.currency.as_str());
        app.screen.note(&used_words(&outcome.used, price));
    }
    for warning in warnings(outcome, &counts) {
        // Also who asked for quiet is to know why nothing came of it.
        match outcome.exit() {
            Exit::Nothing => tracing::error!("{warning}"),
            _ => tracing::warn!("{warning}"),
        }
    }
}

/// Returns a line for each reason why something is not there, with its first detail and what to do.
fn warnings(outcome: &Outcome, counts: &Counts) -> Vec<String> {
    let line = |n: u64, what: &str, detail: &str, advice: &str| {
        let parts = [printable(detail), advice.to_owned()];
        let parts = parts.into_iter().filter(|it| !it.is_empty());
        let parts: Vec<String> = parts.collect();
        format!("{} {what}: {}", grouped(n), parts.join("; "))
    };
    let instead = counts.instead.iter().map(|(code, n)| {
        let what = format!("made without a language model instead ({code})");
        let detail = outcome.detail_instead(code).unwrap_or_default();
        line(*n, &what, &detail, reasons::instead_of_text(code))
    });
    let left = counts.left.iter().map(|(code, n)| {
        let detail = outcome.detail_of(code).unwrap_or_default();
        let advice = reasons::after_left(code, &detail);
        line(*n, &format!("left ({code})"), &detail, advice)
    });
    instead.chain(left).collect()
}

/// Returns the same for programs.
pub(super) fn json(outcome: &Outcome, writer: &Writer, context: &Context) -> Value {
    let endpoint = match writer {
        Writer::Model(endpoint) => Some(endpoint),
        Writer::Form(_) => None,
    };
    let price = endpoint.and_then(|it| it.price());
    let left = outcome.left().into_iter().map(|((subject, language), reason)| {
        json!({ "subject": subject, "language": language, "code": reason.code, "detail": reason.detail })
    });
    json!({
        "store": context.store.location(),
        "model": endpoint.map(|it| it.model()),
        "endpoint": endpoint.map(|it| it.host()),
        "counts": outcome.counts(),
        "requests": outcome.used.requests,
        "tokens": outcome.used.tokens,
        "cost": price.map(|_| outcome.used.cost_nanos as f64 / 1e9),
        "currency": price.map(|it| it.currency.as_str()),
        "left": left.collect::<Vec<_>>(),
    })
}

fn counts_words(counts: &Counts) -> String {
    let of = |n: u64, words: &str| (n > 0).then(|| format!("{} {words}", grouped(n)));
    let parts = [
        of(counts.written, "written"),
        of(counts.kept, "unchanged and kept"),
        of(counts.extractive, "made without a language model"),
        by_reason(&counts.instead, "made without a language model instead"),
        by_reason(&counts.left, "left"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    match parts.is_empty() {
        true => "nothing to summarize".to_owned(),
        false => format!("summaries: {}", parts.join(", ")),
    }
}

/// Returns `3 left (budget 2, closed 1)`; `None` for nothing.
fn by_reason(counts: &BTreeMap<String, u64>, words: &str) -> Option<String> {
    let n: u64 = counts.values().sum();
    let reasons = counts.iter();
    let reasons: Vec<String> = reasons
        .map(|(code, n)| format!("{code} {}", grouped(*n)))
        .collect();
    (n > 0).then(|| format!("{} {words} ({})", grouped(n), reasons.join(", ")))
}

fn used_words(used: &Used, currency: Option<&str>) -> String {
    let (requests, tokens) = (
        counted(used.requests, "request"),
        counted(used.tokens, "token"),
    );
    let cost = match currency {
        Some(currency) => money(used.cost_nanos, currency),
        None => "no price configured, so the cost is not known".to_owned(),
    };
    format!("used: {requests}, {tokens}, {cost}")
}

#[cfg(test)]
mod tests {
    use catalog::{Language, MeterLimits};
    use summarizer::facts::FactSheet;
    use summarizer::{Ask, Order};

    use super::*;

    #[test]
    fn totals_name_every_reason() {
        let counts = Counts {
            written: 1_200,
            kept: 3,
            extractive: 0,
            instead: [("number_not_in_facts".to_owned(), 2)].into(),
            left: [("budget".to_owned(), 4), ("closed".to_owned(), 1)].into(),
        };
        assert_eq!(
            counts_words(&counts),
            "summaries: 1,200 written, 3 unchanged and kept, 2 made without a language model instead \
             (number_not_in_facts 2), 5 left (budget 4, closed 1)"
        );
        assert_eq!(counts_words(&Counts::default()), "nothing to summarize");
    }

    #[test]
    fn each_reason_has_a_line_with_what_to_do() {
        let mut outcome = Outcome::new(&Order {
            subjects: ["a", "b", "c"].map(sheet).into(),
            languages: vec![Language::En],
            limits: MeterLimits::default(),
            only: None,
        });
        let end =
            |subject: &str, end: Value| json!({ "subject": subject, "language": "en", "end": end });
        outcome.take(Some(json!({ "ends": [
            end("a", json!({ "extractive": { "code": "malformed", "detail": "h: no completion" } })),
            end("b", json!({ "left": { "code": "configuration", "detail": "h answered 401: no; is the key right?" } })),
            end("c", json!({ "left": { "code": "connect", "detail": "h cannot be reached" } })),
        ] })));
        let told = warnings(&outcome, &outcome.counts());
        assert_eq!(
            told,
            [
                "1 made without a language model instead (malformed): h: no completion; does llm.base_url lead to chat \
                 completions, up to /v1, and is llm.model right?",
                "1 left (configuration): h answered 401: no; is the key right?",
                "1 left (connect): h cannot be reached; is llm.base_url right, and does it run? then run it again",
            ]
        );
    }

    fn sheet(subject: &str) -> Ask {
        Ask::Sheet(Box::new(FactSheet {
            subject: subject.to_owned(),
            language: Language::En,
            title: String::new(),
            facts: vec![],
        }))
    }

    #[test]
    fn a_cost_without_a_price_is_not_known() {
        let used = Used {
            requests: 1,
            tokens: 2_500,
            cost_nanos: 12_000_000,
        };
        assert_eq!(
            used_words(&used, Some("USD")),
            "used: 1 request, 2,500 tokens, 0.012 USD"
        );
        assert!(used_words(&used, None).ends_with("the cost is not known"));
    }
}
