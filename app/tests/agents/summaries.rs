//! The summarizer as a process: its task outlives it, and what it paid for is paid once.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Catalogue, FakeLlm, LlmPlan, NORTH_LOFT};

use super::replica::{Replica, assert_gap_free};
use super::{ENDLESS_LEASE, SHORT_LEASE, STORE, server, until};
use crate::program::Home;

/// Requests at a time of one process.
const IN_FLIGHT: usize = 4;

const N_PRODUCTS: usize = 40;

/// Returns a home with a ranking of some products.
fn ranked() -> Home {
    let home = Home::new();
    let catalogue = Catalogue::generate(&NORTH_LOFT, N_PRODUCTS, 5);
    home.write("loft.json", catalogue.to_json());
    home.ok([
        "import",
        "loft.json",
        "--shop",
        "https://loft.example",
        "--store",
        STORE,
    ]);
    home.ok(["rank", "-k", "40", "--store", STORE]);
    home
}

fn summarizer(home: &Home, llm: &FakeLlm, lease_seconds: &str) -> Replica {
    let mut command = server(home, &["agent", "summarizer"], STORE, lease_seconds);
    command
        .env("TROUVAILLE__LLM__MODEL", "test-model")
        .env("TROUVAILLE__LLM__BASE_URL", llm.base_url())
        .env("TROUVAILLE__LLM__IN_FLIGHT", IN_FLIGHT.to_string());
    Replica::start(command)
}

fn request() -> Value {
    json!({ "schema": "summarize-request/1", "skill": "summarize-products", "topK": N_PRODUCTS, "brief": true })
}

fn part<'a>(task: &'a Value, artifact: &str) -> &'a Value {
    let artifacts = task["artifacts"].as_array().unwrap();
    let found = artifacts.iter().find(|it| it["artifactId"] == artifact);
    &found.unwrap_or_else(|| panic!("{task}"))["parts"][0]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_summarizers_task_is_ended_by_another_and_nothing_stored_is_paid_again() {
    let llm = FakeLlm::start(LlmPlan::none().latency(Duration::from_millis(30)))
        .await
        .unwrap();
    let home = ranked();
    let mut owner = summarizer(&home, &llm, SHORT_LEASE);
    let id = owner.begin(&request()).await;
    llm.wait_for_requests(10).await;
    // So that there is a middle on every machine.
    llm.set_plan(LlmPlan::none().latency(Duration::from_secs(2)));
    let survivor = summarizer(&home, &llm, SHORT_LEASE);
    let events = survivor.subscribe(&id).await;
    owner.kill();
    llm.set_plan(LlmPlan::none());
    assert_eq!(
        assert_gap_free(&events.collect().await),
        "TASK_STATE_COMPLETED",
        "{}",
        survivor.said()
    );

    let task = survivor.task(&id).await;
    let summary = &part(&task, "summary")["data"];
    assert_eq!(summary["partial"], false);
    assert_eq!(summary["counts"]["left"].as_f64(), Some(0.0), "{summary}");
    assert_eq!(summary["counts"]["summaries"].as_f64(), Some(41.0));
    let url = part(&task, "summaries")["url"].as_str().unwrap();
    let path = url.strip_prefix(&survivor.url()).unwrap();
    let (status, list) = survivor.http("GET", path, "").await;
    assert_eq!((status, list.lines().count()), (200, N_PRODUCTS + 1));
    assert!(
        part(&task, "brief")["text"]
            .as_str()
            .unwrap()
            .starts_with("# Top 40")
    );
    let n_requests = llm.n_requests();
    assert!(n_requests <= N_PRODUCTS + 1 + IN_FLIGHT, "{n_requests}");
    assert_eq!(llm.requests_by_subject().len(), N_PRODUCTS + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_summarizer_that_is_asked_to_stop_leaves_its_work_to_another_at_once() {
    let llm = FakeLlm::start(LlmPlan::none().latency(Duration::from_millis(30)))
        .await
        .unwrap();
    let home = ranked();
    let mut owner = summarizer(&home, &llm, ENDLESS_LEASE);
    let id = owner.begin(&request()).await;
    llm.wait_for_requests(10).await;
    llm.set_plan(LlmPlan::none().latency(Duration::from_secs(2)));
    let survivor = summarizer(&home, &llm, ENDLESS_LEASE);
    let events = survivor.subscribe(&id).await;
    assert_eq!(owner.terminate(), Some(0), "{}", owner.said());
    llm.set_plan(LlmPlan::none());
    assert_eq!(
        assert_gap_free(&events.collect().await),
        "TASK_STATE_COMPLETED"
    );
    assert_eq!(llm.requests_by_subject().len(), N_PRODUCTS + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_model_the_summarizer_says_so_and_writes_the_fixed_form() {
    let home = ranked();
    let agent = Replica::start(server(
        &home,
        &["agent", "summarizer"],
        STORE,
        ENDLESS_LEASE,
    ));
    assert!(agent.said().contains("agents (summarizer)"));
    let id = agent.begin(&request()).await;
    until("the task ends", async || {
        let task = agent.task(&id).await;
        task["status"]["state"] == "TASK_STATE_COMPLETED"
    })
    .await;
    let task = agent.task(&id).await;
    let counts = &part(&task, "summary")["data"]["counts"];
    assert_eq!(
        counts["extractiveBy"]["no_model"].as_f64(),
        Some(41.0),
        "{counts}"
    );
    assert!(
        agent.said().contains("summaries: without a language model"),
        "{}",
        agent.said()
    );
}
