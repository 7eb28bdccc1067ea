//! What came of the summaries of a task, and what that makes of it.

use std::collections::{BTreeMap, HashMap};

use catalog::{Fallback, Language, TaskState, WorkItem};
use serde_json::{Value, json};
use summarizer::facts::Subject;
use summarizer::{End, ItemReport};

use super::WRITE;
use super::plan::CloseWork;
use crate::skills::words::one_line;
use crate::skills::work_of;

/// The most characters of a sentence on why something was left.
const MAX_DETAIL_CHARS: usize = 240;

/// The code of a fixed form that stands for no model's text: there is no model.
const NO_MODEL: &str = "no_model";

/// One summary that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) subject: String,
    pub(super) language: Language,
    pub(super) end: End,
}

impl Asked {
    /// Returns whether there is a summary.
    pub(super) const fn is_there(&self) -> bool {
        !matches!(self.end, End::Left(_))
    }
}

/// Returns what came of each summary, in the order in which they were asked for, language by language.
pub(super) fn ends(work: &CloseWork, items: &[WorkItem]) -> Vec<Asked> {
    let results = items.iter().filter(|it| it.kind == WRITE);
    let reports = results.filter_map(|it| work_of::<ItemReport>(it.result.as_ref()?));
    let ends = reports.flat_map(|it| it.ends);
    let mut found: HashMap<(String, Language), End> =
        ends.map(|it| ((it.subject, it.language), it.end)).collect();
    let mut take = |subject: String, language: Language| {
        let key = (subject, language);
        let end = found.remove(&key).unwrap_or_else(|| {
            // A worker gave its item up.
            End::Left(Fallback {
                code: "error".to_owned(),
                detail: "the agent could not finish it; its operator's log says why".to_owned(),
            })
        });
        let (subject, language) = key;
        Asked {
            subject,
            language,
            end,
        }
    };
    let briefs = work.briefs.iter();
    let mut asked: Vec<Asked> = briefs
        .map(|it| take(it.subject.clone(), it.language))
        .collect();
    for &language in &work.languages {
        for product in &work.products {
            let subject = Subject::Product(product.clone()).to_string();
            asked.push(take(subject, language));
        }
    }
    asked
}

/// Returns how many ended how.
pub(super) fn counts(asked: &[Asked]) -> Value {
    let count = |is_it: fn(&End) -> bool| asked.iter().filter(|it| is_it(&it.end)).count();
    let mut extractive = BTreeMap::new();
    let mut left = BTreeMap::new();
    for it in asked {
        let (codes, code) = match &it.end {
            End::Written | End::Kept => continue,
            End::Extractive(None) => (&mut extractive, NO_MODEL),
            End::Extractive(Some(instead)) => (&mut extractive, instead.code.as_str()),
            End::Left(why) => (&mut left, why.code.as_str()),
        };
        *codes.entry(code).or_insert(0_u64) += 1;
    }
    json!({
        "summaries": asked.len(),
        "written": count(|it| matches!(it, End::Written)),
        "kept": count(|it| matches!(it, End::Kept)),
        "extractive": count(|it| matches!(it, End::Extractive(_))),
        "extractiveBy": extractive,
        "left": count(|it| matches!(it, End::Left(_))),
        "leftBy": left,
    })
}

/// Returns the state in which a task ends whose summaries ended so, with words on it.
pub(super) fn verdict(asked: &[Asked]) -> (TaskState, String) {
    let (n_all, n_there) = (asked.len(), asked.iter().filter(|it| it.is_there()).count());
    let left = asked.iter().find_map(|it| match &it.end {
        End::Left(why) => Some(why),
        _ => None,
    });
    let Some(why) = left else {
        return (
            TaskState::Completed,
            format!("{n_all} of {n_all} summarized"),
        );
    };
    let reason = reason(why);
    if n_there == 0 {
        return (
            TaskState::Failed,
            format!("nothing was summarized: {reason}"),
        );
    }
    (
        TaskState::Completed,
        format!("{n_there} of {n_all} summarized, the rest is left: {reason}"),
    )
}

/// Returns in words why a summary was left, and what to do.
fn reason(why: &Fallback) -> String {
    let detail = one_line(&why.detail, MAX_DETAIL_CHARS);
    match why.code.as_str() {
        "budget" => {
            "the budget is used up; the same request with a larger one goes on where this one \
                     stopped"
                .to_owned()
        }
        "configuration" => format!(
            "the model's endpoint refuses this agent's settings, which its operator has to mend: {detail}"
        ),
        _ => detail,
    }
}

#[cfg(test)]
mod tests {
    use catalog::{ProductId, TaskId};
    use summarizer::SubjectEnd;

    use super::*;

    fn fallback(code: &str) -> Fallback {
        Fallback {
            code: code.to_owned(),
            detail: format!("why {code}"),
        }
    }

    fn asked(end: End) -> Asked {
        Asked {
            subject: "product:shopify:shop.example:1".to_owned(),
            language: Language::En,
            end,
        }
    }

    #[test]
    fn a_task_ends_as_its_summaries_did() {
        let left = |code| asked(End::Left(fallback(code)));
        let fixed = || asked(End::Extractive(None));
        for (ends, state, words) in [
            (vec![asked(End::Written)], TaskState::Completed, "1 of 1"),
            (
                vec![asked(End::Kept), fixed()],
                TaskState::Completed,
                "2 of 2",
            ),
            (
                vec![fixed(), left("budget")],
                TaskState::Completed,
                "1 of 2 summarized, the rest is left: the budget",
            ),
            (
                vec![left("budget")],
                TaskState::Failed,
                "the budget is used up",
            ),
            (
                vec![left("configuration")],
                TaskState::Failed,
                "operator has to mend: why configuration",
            ),
            (vec![left("error")], TaskState::Failed, "why error"),
        ] {
            let (found, note) = verdict(&ends);
            assert_eq!(found, state, "{note}");
            assert!(note.contains(words), "{note}");
        }
    }

    #[test]
    fn what_was_left_and_what_stands_for_a_models_text_are_counted_by_reason() {
        let counts = counts(&[
            asked(End::Written),
            asked(End::Extractive(None)),
            asked(End::Extractive(Some(fallback("number_not_in_facts")))),
            asked(End::Left(fallback("budget"))),
            asked(End::Left(fallback("budget"))),
        ]);
        assert_eq!(counts["summaries"], 5);
        assert_eq!(counts["extractive"], 2);
        assert_eq!(
            counts["extractiveBy"],
            json!({ "no_model": 1, "number_not_in_facts": 1 })
        );
        assert_eq!(counts["leftBy"], json!({ "budget": 2 }));
    }

    #[test]
    fn ends_come_in_the_order_in_which_they_were_asked_for_and_one_without_a_report_is_left() {
        let id = |n: u32| {
            format!("shopify:shop.example:{n}")
                .parse::<ProductId>()
                .unwrap()
        };
        let work = CloseWork {
            products: vec![id(2), id(1)],
            languages: vec![Language::Fr],
            briefs: Vec::new(),
        };
        let report = ItemReport {
            ends: vec![SubjectEnd {
                subject: "product:shopify:shop.example:1".to_owned(),
                language: Language::Fr,
                end: End::Written,
            }],
        };
        let item = |n: u32, result: Value| WorkItem {
            task: TaskId::new("t").unwrap(),
            n,
            kind: WRITE.to_owned(),
            key: format!("k{n}"),
            payload: Value::Null,
            is_last: false,
            attempts: 1,
            failures: 0,
            result: Some(result),
        };
        let items = [item(1, json!(report)), item(2, json!({ "failed": "why" }))];
        let ends = ends(&work, &items);
        assert_eq!(ends[0].subject, "product:shopify:shop.example:2");
        assert!(!ends[0].is_there());
        assert_eq!(ends[1].end, End::Written);
    }
}
