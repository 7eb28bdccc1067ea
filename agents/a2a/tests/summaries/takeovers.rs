//! What a killed worker leaves is done by another one, and nothing is paid twice.

use catalog::TaskState;
use serde_json::json;
use testkit::{FakeLlm, LlmFault, LlmOn, LlmPlan};

use super::world::{agent, subject, summarize};

#[tokio::test]
async fn what_a_killed_worker_wrote_is_not_written_again() {
    let llm = FakeLlm::start(LlmPlan::none()).await.unwrap();
    let world = agent(6, Some(&llm)).await;
    let id = world.begun(&summarize(json!({ "topK": 6 }))).await;
    // Two are written, and the third is under way when its worker is gone.
    for _ in 0..2 {
        world.do_item(&world.claim().await).await;
    }
    llm.set_plan(LlmPlan::none().fault(LlmOn::any().nth(1), LlmFault::Hang));
    let claimed = world.claim().await;
    tokio::select! {
        _ = world.do_item(&claimed) => panic!("the answer hangs"),
        () = llm.wait_for_requests(3) => {}
    }
    let released = world.context.tasks.release_item(&claimed.lease);
    released.await.unwrap();

    world.do_all().await;
    let task = world.task(&id).await;
    assert_eq!(task.state, TaskState::Completed);
    assert_eq!(llm.n_requests(), 7);
    let answered = llm.answered_by_subject();
    assert!((1..=6).all(|n| answered[&subject(n)] == 1), "{answered:?}");
}

#[tokio::test]
async fn a_close_that_was_killed_writes_its_artifacts_anew() {
    let world = agent(2, None).await;
    let id = world.begun(&summarize(json!({ "topK": 2 }))).await;
    for _ in 0..2 {
        world.do_item(&world.claim().await).await;
    }
    let stale = world.claim().await;
    assert_eq!(stale.item.kind, "summarize.close");
    let released = world.context.tasks.release_item(&stale.lease);
    released.await.unwrap();
    world.do_all().await;
    let task = world.task(&id).await;
    let names: Vec<&str> = task.artifacts.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(names, ["summaries", "summary"]);
    assert_eq!(task.artifacts[0].parts[0]["chunks"], "summaries.ndjson.3-2");
}

#[tokio::test]
async fn an_endpoint_that_asks_for_an_hour_puts_the_work_off_and_the_task_says_so() {
    let plan = LlmPlan::none().fault(LlmOn::any(), LlmFault::RetryAfter("3600".to_owned()));
    let llm = FakeLlm::start(plan).await.unwrap();
    let world = agent(1, Some(&llm)).await;
    let id = world.begun(&summarize(json!({ "topK": 1 }))).await;
    let claimed = world.claim().await;
    let cancel = tokio_util::sync::CancellationToken::new();
    let end = a2a::run_item(&claimed, &world.context, &cancel)
        .await
        .unwrap();
    assert!(
        matches!(end, catalog::ItemEnd::Later(pause) if pause.as_secs() > 3_000),
        "{end:?}"
    );
    let task = world.task(&id).await;
    assert_eq!(task.state, TaskState::Working);
    assert!(task.note.unwrap().contains("asks for a pause of"));
}
