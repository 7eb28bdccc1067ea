//! How the shops of a task ended: the agent's `summary`, read as the records that a crawl of our own has.

use a2a::client::RemoteTask;
use catalog::{CrawlReport, Outcome, Reason, Shop, Stop, TaskState};
use serde_json::Value;

use super::told;
use crate::App;
use crate::commands::reports;
use crate::exit::Exit;

/// The result that tells how the shops ended.
const SUMMARY: &str = "summary";

/// Returns the records of the shops that the agent tells of; none from an agent that tells it in another form.
pub(super) fn reports(task: &RemoteTask, shops: &[Shop], app: &App) -> Vec<CrawlReport> {
    let stores = task.data(SUMMARY).and_then(|data| data.get("stores"));
    let stores = stores.and_then(Value::as_array).into_iter().flatten();
    let mut reports: Vec<CrawlReport> = stores
        .filter_map(|store| report(store, shops, app))
        .collect();
    reports.sort_by(|one, two| one.key.cmp(&two.key));
    reports.dedup_by(|one, two| one.key.shop == two.key.shop);
    reports
}

/// Reads how one shop ended; `None` for what is not about one of `shops`.
fn report(store: &Value, shops: &[Shop], app: &App) -> Option<CrawlReport> {
    let address = store.get("store")?.as_str()?;
    let key = crawler::shop_at(address).ok()?.key;
    let shop = shops.iter().find(|shop| shop.key == key)?;
    let report = store.get("report").cloned();
    let report: Option<CrawlReport> = report.and_then(|it| serde_json::from_value(it).ok());
    if let Some(report) = report.filter(|it| it.key.shop == shop.key) {
        return Some(report);
    }
    Some(reports::unstored(shop, outcome(store)?, app))
}

/// Returns how a shop ended that has no record: nothing of it was read.
fn outcome(store: &Value) -> Option<Outcome> {
    let text = |name: &str| store.get(name).and_then(Value::as_str);
    let stop = match text("code") {
        Some("BUSY") => Stop::Superseded,
        Some("INTERRUPTED") => Stop::Interrupted,
        _ => Stop::Store,
    };
    let why = text("detail")
        .or(text("code"))
        .unwrap_or("it does not say why");
    let reason = || {
        Reason::new(
            stop,
            format!("the agent did not read it: {}", told::one_line(why)),
        )
    };
    match text("outcome")? {
        "complete" => Some(Outcome::Complete),
        "gone" => Some(Outcome::Gone(reason())),
        "blocked" => Some(Outcome::Blocked(reason())),
        "partial" | "failed" => Some(Outcome::Failed(reason())),
        _ => None,
    }
}

/// Returns how the command ends whose task ended so.
pub(super) fn exit(
    task: &RemoteTask,
    reports: &[CrawlReport],
    shops: &[Shop],
    interrupted: bool,
) -> Exit {
    let count = |name: &str| task.data(SUMMARY)?.get("counts")?.get(name)?.as_u64();
    if interrupted || task.state == TaskState::Canceled {
        return Exit::Some;
    }
    if reports.len() == shops.len() {
        return Exit::of_reports(reports, false);
    }
    // Of many shops, the summary has no room to tell each; and another make may tell none.
    let n_done = count("complete").unwrap_or(0) + count("gone").unwrap_or(0);
    match (task.state, count("stores")) {
        (TaskState::Completed, None) => Exit::All,
        (TaskState::Completed, Some(n_stores)) if n_done == n_stores => Exit::All,
        (TaskState::Completed, _) => Exit::Some,
        _ => Exit::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use catalog::TaskArtifact;
    use serde_json::json;

    use super::*;

    fn task(state: TaskState, summary: Option<Value>) -> RemoteTask {
        let artifact = summary.map(|data| TaskArtifact {
            id: SUMMARY.to_owned(),
            name: None,
            description: None,
            parts: vec![json!({ "data": data })],
        });
        RemoteTask {
            id: "task-1".to_owned(),
            state,
            note: None,
            progress: None,
            artifacts: artifact.into_iter().collect(),
        }
    }

    #[test]
    fn many_shops_are_judged_by_their_counts() {
        let shops = ["a.example", "b.example"].map(|it| crawler::shop_at(it).unwrap());
        let counts =
            |complete, stores| json!({ "counts": { "complete": complete, "stores": stores } });
        for (state, summary, expected) in [
            (TaskState::Completed, Some(counts(2, 2)), Exit::All),
            (TaskState::Completed, Some(counts(1, 2)), Exit::Some),
            (TaskState::Completed, None, Exit::All),
            (TaskState::Failed, Some(counts(0, 2)), Exit::Nothing),
            (TaskState::Rejected, None, Exit::Nothing),
            (TaskState::InputRequired, None, Exit::Nothing),
            (TaskState::Canceled, None, Exit::Some),
        ] {
            assert_eq!(
                exit(&task(state, summary), &[], &shops, false),
                expected,
                "{state:?}"
            );
        }
        let done = task(TaskState::Completed, Some(counts(2, 2)));
        assert_eq!(exit(&done, &[], &shops, true), Exit::Some);
    }

    #[test]
    fn a_shop_that_was_not_read_has_its_reason() {
        let told = |store: Value| outcome(&store).map(|it| it.to_string());
        let busy = json!({ "outcome": "failed", "code": "BUSY" });
        assert_eq!(
            told(busy).unwrap(),
            "failed (superseded): the agent did not read it: BUSY"
        );
        assert_eq!(told(json!({ "outcome": "complete" })).unwrap(), "complete");
        assert_eq!(told(json!({ "outcome": "marvellous" })), None);
    }
}
