//! What is asked, refused or taken before any work is done.

use catalog::MeterLimits;
use serde_json::{Value, json};
use testkit::{FakeLlm, LlmPlan};

use super::world::{agent, agent_with, id, summarize};

fn field(answer: &Value) -> &str {
    let field = &answer["error"]["data"][0]["fieldViolations"][0]["field"];
    field.as_str().unwrap_or_else(|| panic!("{answer}"))
}

#[tokio::test]
async fn an_unclear_text_is_asked_about_and_a_clear_one_is_work() {
    let world = agent(3, None).await.working();
    let answer = world.send_text("What is in fashion?").await;
    let task = &answer["result"]["task"];
    assert_eq!(task["status"]["state"], "TASK_STATE_INPUT_REQUIRED");
    let question = task["status"]["message"]["parts"][0]["text"]
        .as_str()
        .unwrap();
    assert!(
        question.contains("summarize the top 20 in French"),
        "{question}"
    );

    let message = json!({
        "messageId": "m-2", "taskId": task["id"], "role": "ROLE_USER",
        "parts": [{ "text": "résume les 2 premiers" }],
    });
    let answer = world
        .call("SendMessage", &json!({ "message": message }))
        .await;
    let task = &answer["result"]["task"];
    assert_eq!(task["status"]["state"], "TASK_STATE_COMPLETED", "{answer}");
}

#[tokio::test]
async fn without_a_ranking_the_top_is_refused_with_what_to_do() {
    let world = agent(0, None).await;
    let task = world.done(&summarize(json!({ "topK": 5 }))).await;
    assert_eq!(task["status"]["state"], "TASK_STATE_REJECTED");
    let why = task["status"]["message"]["parts"][0]["text"]
        .as_str()
        .unwrap();
    assert!(
        why.contains("crawl shops, then have `trouvaille rank`"),
        "{why}"
    );
}

#[tokio::test]
async fn what_cannot_be_done_is_told_by_its_member() {
    let llm = FakeLlm::start(LlmPlan::none()).await.unwrap();
    let world = agent(2, Some(&llm)).await;
    for (members, place) in [
        (json!({}), "products"),
        (json!({ "topK": 1, "products": [id(1)] }), "topK"),
        (json!({ "products": [id(1), id(7)] }), "products[1]"),
        (
            json!({ "topK": 1, "budget": { "maxCost": 1 } }),
            "budget.maxCost",
        ),
        (
            json!({ "topK": 1, "stores": ["https://shop.example"] }),
            "stores",
        ),
    ] {
        let answer = world.send(&summarize(members.clone()), false).await;
        assert_eq!(field(&answer), place, "{members}: {answer}");
    }
    let crawl = json!({ "schema": "crawl-request/1", "skill": "crawl-catalog", "stores": ["https://shop.example"] });
    assert_eq!(field(&world.send(&crawl, false).await), "skill");
    assert_eq!(llm.n_requests(), 0);
}

#[tokio::test]
async fn the_operators_budget_is_a_ceiling_over_the_callers() {
    let budget = MeterLimits {
        requests: Some(5),
        tokens: Some(9_000),
        cost_nanos: None,
    };
    let world = agent_with(1, None, |context| context.budget = budget).await;
    for (asked, requests, tokens) in [
        (json!({}), 5, 9_000),
        (json!({ "maxRequests": 3, "maxTokens": 10_000 }), 3, 9_000),
        (json!({ "maxRequests": 8, "maxCost": 1 }), 5, 9_000),
    ] {
        let request = summarize(json!({ "topK": 1, "budget": asked }));
        let id = world.begun(&request).await;
        let items = world.context.tasks.items(&id).await.unwrap();
        let limits = &items[0].payload["limits"];
        assert_eq!(
            (&limits["requests"], &limits["tokens"]),
            (&json!(requests), &json!(tokens))
        );
    }
}

#[tokio::test]
async fn the_card_has_the_skill_and_its_own_extension() {
    let world = agent(0, None).await;
    let card = world.get("/.well-known/agent-card.json").await.json();
    assert_eq!(card["skills"].as_array().unwrap().len(), 1);
    assert_eq!(card["skills"][0]["id"], "summarize-products");
    let extensions = card["capabilities"]["extensions"].as_array().unwrap();
    assert_eq!(extensions.len(), 1);
    assert_eq!(
        extensions[0]["uri"],
        "https://trouvaille.example/ext/summarize/v1"
    );
    assert_eq!(
        extensions[0]["params"]["request"]["title"],
        "summarize-request/1"
    );
    assert!(
        card["defaultOutputModes"]
            .as_array()
            .unwrap()
            .contains(&json!("application/x-ndjson"))
    );
}
