//! What came of a run: by subject and language, and in all.

use std::collections::{BTreeMap, HashMap};

use catalog::{Fallback, Language, Meter};
use serde::Serialize;
use serde_json::Value;
use summarizer::{Ask, End, ItemReport, Order};

use super::reasons;
use crate::exit::Exit;

/// The reason of what an interrupted command did not get to.
const INTERRUPTED: &str = "interrupted";

/// The reason of what the worker gave up.
const GIVEN_UP: &str = "given_up";

/// One summary that was asked for: its subject and its language.
pub(crate) type Wanted = (String, Language);

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// What was asked for, in that order.
    wanted: Vec<Wanted>,
    ends: HashMap<Wanted, End>,
    /// Why an item was given up.
    given_up: Option<String>,
    pub(super) is_interrupted: bool,
    pub(super) used: Used,
}

/// What a run used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Used {
    pub(super) requests: u64,
    pub(super) tokens: u64,
    pub(super) cost_nanos: u64,
}

/// How many subjects came to which end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Counts {
    pub(super) written: u64,
    pub(super) kept: u64,
    /// Those that were to be without a model.
    pub(super) extractive: u64,
    /// Those where a model was asked, by the reason why its text is not there.
    pub(super) instead: BTreeMap<String, u64>,
    pub(super) left: BTreeMap<String, u64>,
}

impl Outcome {
    pub(super) fn new(order: &Order) -> Self {
        Self {
            wanted: order
                .subjects
                .iter()
                .flat_map(|it| wanted(it, order))
                .collect(),
            ends: HashMap::new(),
            given_up: None,
            is_interrupted: false,
            used: Used::default(),
        }
    }

    pub(super) fn n_wanted(&self) -> usize {
        self.wanted.len()
    }

    /// Takes down the result of an item; one without a result is left open.
    pub(super) fn take(&mut self, result: Option<Value>) {
        let Some(result) = result else { return };
        if let Some(why) = result.get("failed").and_then(Value::as_str) {
            self.given_up = Some(why.to_owned());
        }
        let report: ItemReport = serde_json::from_value(result).unwrap_or_default();
        for it in report.ends {
            self.ends.insert((it.subject, it.language), it.end);
        }
    }

    /// Adds what a task used.
    pub(super) fn count(&mut self, used: &Meter) {
        self.used.requests += used.requests;
        self.used.tokens += used.tokens;
        self.used.cost_nanos += used.cost_nanos;
    }

    /// Returns what has a summary now, in the order in which it was asked for.
    pub(crate) fn stored(&self) -> Vec<Wanted> {
        let is_stored = |it: &&Wanted| !matches!(self.ends.get(*it), None | Some(End::Left(_)));
        self.wanted.iter().filter(is_stored).cloned().collect()
    }

    /// Returns what has none, each with the reason.
    pub(super) fn left(&self) -> Vec<(&Wanted, Fallback)> {
        let reason = |it: &Wanted| match self.ends.get(it) {
            Some(End::Left(reason)) => Some(reason.clone()),
            Some(_) => None,
            None => Some(self.reason_without_an_end()),
        };
        let left = self.wanted.iter();
        left.filter_map(|it| Some((it, reason(it)?))).collect()
    }

    fn reason_without_an_end(&self) -> Fallback {
        let (code, detail) = match &self.given_up {
            Some(why) if !self.is_interrupted => (GIVEN_UP, why.as_str()),
            _ => (INTERRUPTED, "the command was stopped before its turn"),
        };
        Fallback {
            code: code.to_owned(),
            detail: detail.to_owned(),
        }
    }

    /// Returns the first reason with this name for which something was left.
    pub(super) fn detail_of(&self, code: &str) -> Option<String> {
        let mut left = self.left().into_iter();
        left.find_map(|(_, reason)| (reason.code == code).then_some(reason.detail))
    }

    /// Returns the first reason with this name for which a model's text is not there.
    pub(super) fn detail_instead(&self, code: &str) -> Option<String> {
        let mut ends = self.wanted.iter().filter_map(|it| self.ends.get(it));
        ends.find_map(|end| match end {
            End::Extractive(Some(reason)) if reason.code == code => Some(reason.detail.clone()),
            _ => None,
        })
    }

    pub(crate) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for it in self.wanted.iter().filter_map(|it| self.ends.get(it)) {
            match it {
                End::Written => counts.written += 1,
                End::Kept => counts.kept += 1,
                End::Extractive(None) => counts.extractive += 1,
                End::Extractive(Some(reason)) => {
                    *counts.instead.entry(reason.code.clone()).or_default() += 1;
                }
                End::Left(_) => {}
            }
        }
        for (_, reason) in self.left() {
            *counts.left.entry(reason.code).or_default() += 1;
        }
        counts
    }

    pub(crate) fn exit(&self) -> Exit {
        let n_left = self.left().len();
        match n_left {
            0 if self.counts().is_without_answers() => Exit::Some,
            0 => Exit::All,
            _ if self.is_interrupted || n_left < self.wanted.len() => Exit::Some,
            _ => Exit::Nothing,
        }
    }
}

impl Counts {
    /// Returns whether a model was asked and its endpoint gave no text at all, whatever the texts would have been.
    fn is_without_answers(&self) -> bool {
        let is_of_endpoint = |code: &String| reasons::is_of_endpoint(code);
        self.written == 0 && !self.instead.is_empty() && self.instead.keys().all(is_of_endpoint)
    }
}

/// Returns the summaries that are asked for with one subject.
fn wanted(ask: &Ask, order: &Order) -> Vec<Wanted> {
    let languages = match ask {
        Ask::Product(_) => order.languages.as_slice(),
        Ask::Sheet(sheet) => std::slice::from_ref(&sheet.language),
    };
    let subject = ask.subject();
    languages.iter().map(|&it| (subject.clone(), it)).collect()
}

#[cfg(test)]
mod tests {
    use catalog::MeterLimits;
    use serde_json::json;

    use super::*;

    fn outcome(n: usize) -> Outcome {
        let ids = (1..=n).map(|n| format!("shopify:shop.example:{n}").parse().unwrap());
        Outcome::new(&Order {
            subjects: ids.map(Ask::Product).collect(),
            languages: vec![Language::En],
            limits: MeterLimits::default(),
            only: None,
        })
    }

    fn report(ends: &[(u32, Value)]) -> Option<Value> {
        let ends = ends.iter().map(|(n, end)| {
            json!({ "subject": format!("product:shopify:shop.example:{n}"), "language": "en", "end": end })
        });
        Some(json!({ "ends": ends.collect::<Vec<_>>() }))
    }

    #[test]
    fn all_have_a_summary_whoever_wrote_it() {
        let mut outcome = outcome(3);
        let refused = json!({ "extractive": { "code": "number_not_in_facts", "detail": "12" } });
        outcome.take(report(&[(3, refused)]));
        outcome.take(report(&[(1, json!("written")), (2, json!("kept"))]));
        assert_eq!(outcome.exit(), Exit::All);
        let counts = outcome.counts();
        assert_eq!((counts.written, counts.kept), (1, 1));
        assert_eq!(counts.instead["number_not_in_facts"], 1);
        let order: Vec<String> = outcome.stored().into_iter().map(|it| it.0).collect();
        assert!(order.is_sorted(), "{order:?}");
    }

    #[test]
    fn an_endpoint_that_gave_no_text_at_all_did_not_do_all_that_was_asked_for() {
        let mut outcome = outcome(2);
        let fell_back = |code: &str| json!({ "extractive": { "code": code, "detail": "so" } });
        outcome.take(report(&[
            (1, fell_back("server_error")),
            (2, fell_back("malformed")),
        ]));
        assert_eq!(outcome.exit(), Exit::Some);
        assert_eq!(outcome.detail_instead("malformed").as_deref(), Some("so"));
        outcome.take(report(&[(2, fell_back("number_not_in_facts"))]));
        assert_eq!(outcome.exit(), Exit::All, "the model had its say");
        outcome.take(report(&[(2, json!("written"))]));
        assert_eq!(outcome.exit(), Exit::All);
    }

    #[test]
    fn what_is_left_is_told_by_its_reason() {
        let mut outcome = outcome(2);
        let left = json!({ "left": { "code": "budget", "detail": "it is used up" } });
        outcome.take(report(&[(1, json!("written")), (2, left.clone())]));
        assert_eq!(outcome.exit(), Exit::Some);
        assert_eq!(
            outcome.detail_of("budget").as_deref(),
            Some("it is used up")
        );
        outcome.take(report(&[(1, left)]));
        assert_eq!(outcome.exit(), Exit::Nothing);
        assert_eq!(outcome.counts().left["budget"], 2);
    }

    #[test]
    fn what_was_not_reached_was_interrupted_or_given_up() {
        let mut outcome = outcome(1);
        outcome.take(None);
        outcome.is_interrupted = true;
        assert_eq!(outcome.exit(), Exit::Some);
        assert_eq!(outcome.counts().left[INTERRUPTED], 1);
        outcome.is_interrupted = false;
        outcome.take(Some(json!({ "failed": "the disk is full" })));
        assert_eq!(outcome.exit(), Exit::Nothing);
        assert_eq!(
            outcome.detail_of(GIVEN_UP).as_deref(),
            Some("the disk is full")
        );
    }
}
