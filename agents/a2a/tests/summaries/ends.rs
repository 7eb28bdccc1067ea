//! How tasks of summaries end, and what they leave.

use a2a::kinds;
use serde_json::{Value, json};
use testkit::{FakeLlm, LlmFault, LlmOn, LlmPlan};

use super::world::{agent, id, subject, summarize};
use crate::world::{data, parts};

const EXTENSION: &str = "https://trouvaille.example/ext/summarize/v1";

/// Returns the lines of a task's list.
async fn lines(world: &crate::world::World, task: &Value) -> Vec<Value> {
    let url = parts(task, "summaries")[0]["url"].as_str().unwrap();
    let path = url.strip_prefix("https://agents.example").unwrap();
    let answer = world.get(path).await;
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    let text = String::from_utf8(answer.body).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn a_whole_task_is_written_by_the_model_and_kept_the_next_time() {
    let llm = FakeLlm::start(LlmPlan::none()).await.unwrap();
    let world = agent(4, Some(&llm)).await.working();
    let request = summarize(json!({ "topK": 3, "languages": ["fr", "en"] }));
    let task = world.done(&request).await;
    assert_eq!(task["status"]["state"], "TASK_STATE_COMPLETED", "{task}");
    let metadata = task["metadata"].as_object().unwrap();
    assert!(
        metadata.contains_key(&format!("{EXTENSION}/seq")),
        "{metadata:?}"
    );
    let summary = data(&task, "summary");
    assert_eq!(summary["partial"], false);
    assert_eq!(summary["counts"]["summaries"], 6);
    assert_eq!(summary["counts"]["written"], 6, "{summary}");
    assert_eq!(summary["requests"], 6);
    assert!(summary["tokens"].as_u64().unwrap() > 0);
    assert_eq!(summary["cost"], Value::Null);

    let lines = lines(&world, &task).await;
    let told: Vec<(&str, &str)> = lines
        .iter()
        .map(|it| {
            (
                it["subject"].as_str().unwrap(),
                it["language"].as_str().unwrap(),
            )
        })
        .collect();
    let (one, two, three) = (subject(1), subject(2), subject(3));
    let all = [&one, &two, &three];
    let wanted: Vec<(&str, &str)> = ["fr", "en"]
        .into_iter()
        .flat_map(|language| all.map(|it| (it.as_str(), language)))
        .collect();
    assert_eq!(told, wanted);
    assert_eq!(lines[0]["source"]["kind"], "llm");
    assert!(
        !lines[0]["claims"][0]["fact_ids"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    let texts = &parts(&task, "summaries")[1]["data"]["summaries"];
    assert_eq!(texts[0]["kind"], "llm");
    assert_eq!(texts.as_array().unwrap().len(), 6);

    let again = world.done(&request).await;
    assert_eq!(data(&again, "summary")["counts"]["kept"], 6);
    assert_eq!(data(&again, "summary")["requests"], 0);
    assert_eq!(llm.n_requests(), 6);
}

#[tokio::test]
async fn without_a_model_the_fixed_form_says_so() {
    let world = agent(2, None).await.working();
    let task = world
        .done(&summarize(json!({ "products": [id(2), id(1), id(2)] })))
        .await;
    assert_eq!(task["status"]["state"], "TASK_STATE_COMPLETED");
    let counts = &data(&task, "summary")["counts"];
    assert_eq!(counts["summaries"], 2);
    assert_eq!(counts["extractiveBy"], json!({ "no_model": 2 }));
    let lines = lines(&world, &task).await;
    assert_eq!(lines[0]["subject"], subject(2));
    assert_eq!(lines[0]["source"]["kind"], "extractive");
    assert_eq!(
        parts(&task, "summaries")[1]["data"]["summaries"][0]["kind"],
        "extractive"
    );
}

#[tokio::test]
async fn a_brief_is_markdown_in_each_language_with_its_facts() {
    let world = agent(3, None).await.working();
    let request = summarize(json!({ "topK": 2, "languages": ["en", "fr"], "brief": true }));
    let task = world.done(&request).await;
    assert_eq!(task["status"]["state"], "TASK_STATE_COMPLETED", "{task}");
    let briefs = parts(&task, "brief");
    for (brief, begin) in briefs
        .iter()
        .zip(["# Top 2: what wins", "# Top 2\u{a0}: ce qui gagne"])
    {
        let text = brief["text"].as_str().unwrap();
        assert!(text.starts_with(begin), "{text}");
        assert!(
            text.contains("Table lamp no. 1") && text.contains("[F1]"),
            "{text}"
        );
        assert_eq!(brief["mediaType"], "text/markdown");
    }
    assert_eq!(briefs.len(), 2);
    assert_eq!(data(&task, "summary")["counts"]["summaries"], 6);
}

#[tokio::test]
async fn a_task_over_its_budget_is_partial_and_the_same_request_goes_on() {
    let llm = FakeLlm::start(LlmPlan::none()).await.unwrap();
    let world = agent(5, Some(&llm)).await.working();
    let few = summarize(json!({ "topK": 5, "budget": { "maxRequests": 2 } }));
    let task = world.done(&few).await;
    assert_eq!(task["status"]["state"], "TASK_STATE_COMPLETED");
    let note = task["status"]["message"]["parts"][0]["text"]
        .as_str()
        .unwrap();
    assert!(
        note.starts_with("2 of 5 summarized, the rest is left: the budget is used up"),
        "{note}"
    );
    let summary = data(&task, "summary");
    assert_eq!(summary["partial"], true);
    assert_eq!(summary["counts"]["leftBy"], json!({ "budget": 3 }));
    assert_eq!(summary["left"].as_array().unwrap().len(), 3);
    assert_eq!(llm.n_requests(), 2);

    let task = world.done(&summarize(json!({ "topK": 5 }))).await;
    let counts = &data(&task, "summary")["counts"];
    assert_eq!(
        (&counts["kept"], &counts["written"]),
        (&json!(2), &json!(3))
    );
    assert_eq!(llm.n_requests(), 5);
    assert!(llm.requests_by_subject().values().all(|n| *n == 1));
}

#[tokio::test]
async fn settings_that_the_endpoint_refuses_end_the_task_without_secrets() {
    let plan = LlmPlan::none().fault(LlmOn::any(), LlmFault::WrongKey);
    let llm = FakeLlm::start(plan).await.unwrap();
    let world = agent(3, Some(&llm)).await.working();
    let task = world.done(&summarize(json!({ "topK": 3 }))).await;
    assert_eq!(task["status"]["state"], "TASK_STATE_FAILED", "{task}");
    let note = task["status"]["message"]["parts"][0]["text"]
        .as_str()
        .unwrap();
    assert!(note.contains("refuses this agent's settings"), "{note}");
    let counts = &data(&task, "summary")["counts"];
    assert_eq!(counts["leftBy"], json!({ "configuration": 3 }));
    assert!(parts(&task, "summaries").is_empty());
    assert!(!task.to_string().contains("sk-very-secret"));
}

#[tokio::test]
async fn after_a_cancel_nothing_more_is_asked() {
    let plan = LlmPlan::none().fault(LlmOn::any(), LlmFault::Hang);
    let llm = FakeLlm::start(plan).await.unwrap();
    let world = agent(9, Some(&llm)).await.working();
    let id = world.begun(&summarize(json!({ "topK": 9 }))).await;
    llm.wait_for_requests(4).await;
    let canceled = world
        .call("CancelTask", &json!({ "id": id.as_str() }))
        .await;
    assert_eq!(canceled["result"]["status"]["state"], "TASK_STATE_CANCELED");
    llm.set_plan(LlmPlan::none());
    // What comes next is done by the same worker behind it.
    let other = world
        .done(&summarize(json!({ "products": [super::world::id(9)] })))
        .await;
    assert_eq!(other["status"]["state"], "TASK_STATE_COMPLETED");
    assert_eq!(llm.n_requests(), 5);
}

#[test]
fn each_agent_has_its_own_work_done() {
    let of = |names: &[&str]| {
        let agents: Vec<&a2a::Agent> = names.iter().map(|it| a2a::agent(it).unwrap()).collect();
        kinds(&agents, false)
    };
    assert!(of(&["shopify"]).summaries.is_empty());
    assert!(of(&["summarizer"]).crawls.is_empty());
    assert_eq!(
        of(&["summarizer"]).summaries,
        ["summarize", "summarize.close"]
    );
    let both = of(&["shopify", "summarizer"]);
    assert!(both.crawls.contains(&"crawl") && both.summaries.contains(&"summarize"));
}
