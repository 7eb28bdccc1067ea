//! Lists of tasks, and how much is shown of them.

use super::*;

/// Returns the request for all tasks.
pub(super) fn all() -> ListTasksRequest {
    ListTasksRequest {
        context_id: None,
        status: None,
        page_size: None,
        page_token: None,
        history_length: None,
        status_timestamp_after: None,
        include_artifacts: None,
        tenant: None,
    }
}

async fn ids(agent: &Agent, request: ListTasksRequest) -> Vec<String> {
    let list = agent.handler.list_tasks(&of("local"), request).await;
    list.unwrap().tasks.into_iter().map(|it| it.id).collect()
}

#[tokio::test]
async fn a_list_goes_page_by_page_through_the_callers_own_tasks() {
    let agent = Agent::new().await;
    let foreign = message("tck-complete-task-1");
    agent
        .handler
        .send_message(&of("other"), foreign)
        .await
        .unwrap();
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(agent.send(message("tck-artifact-text-1")).await.unwrap().id);
    }
    let mut seen = Vec::new();
    let mut page_token = None;
    for wanted in [2, 2, 1] {
        let request = ListTasksRequest {
            page_size: Some(2),
            page_token,
            ..all()
        };
        let page = agent
            .handler
            .list_tasks(&of("local"), request)
            .await
            .unwrap();
        assert_eq!(
            (page.tasks.len(), page.page_size, page.total_size),
            (wanted, 2, 5)
        );
        assert!(
            page.tasks
                .iter()
                .all(|it| it.artifacts.is_none() && it.history.is_none())
        );
        seen.extend(page.tasks.into_iter().map(|it| it.id));
        page_token = Some(page.next_page_token);
    }
    assert_eq!(page_token.as_deref(), Some(""), "there always is a token");
    seen.sort();
    made.sort();
    assert_eq!(seen, made);
}

#[tokio::test]
async fn results_and_messages_are_listed_for_who_asks() {
    let agent = Agent::new().await;
    agent.send(message("tck-artifact-text-1")).await.unwrap();
    let request = ListTasksRequest {
        include_artifacts: Some(true),
        history_length: Some(5),
        ..all()
    };
    let list = agent
        .handler
        .list_tasks(&of("local"), request)
        .await
        .unwrap();
    assert_eq!(list.tasks[0].artifacts.as_ref().unwrap().len(), 1);
    assert_eq!(list.tasks[0].history.as_ref().unwrap().len(), 1);
}

#[tokio::test]
async fn a_list_is_narrowed_by_state_context_and_time() {
    let agent = Agent::new().await;
    let done = agent.send(message("tck-complete-task-1")).await.unwrap();
    let waits = agent.send(message("tck-input-required-1")).await.unwrap();
    let status = Some(TaskState::InputRequired);
    assert_eq!(
        ids(&agent, ListTasksRequest { status, ..all() }).await,
        [waits.id]
    );
    let context_id = Some(done.context_id);
    assert_eq!(
        ids(
            &agent,
            ListTasksRequest {
                context_id,
                ..all()
            }
        )
        .await,
        [done.id]
    );
    let later = chrono::DateTime::from_timestamp_millis(1_001);
    let request = ListTasksRequest {
        status_timestamp_after: later,
        ..all()
    };
    assert_eq!(ids(&agent, request).await, [""; 0]);
}

#[tokio::test]
async fn as_much_history_is_shown_as_is_asked_for() {
    let agent = Agent::new().await;
    let task = agent.send(message("tck-input-required-1")).await.unwrap();
    for n in 2..=3 {
        let mut more = message(&format!("tck-input-required-{n}"));
        more.message.task_id = Some(task.id.clone());
        agent.send(more).await.unwrap();
    }
    for (asked, shown) in [(None, 3), (Some(0), 0), (Some(2), 2), (Some(9), 3)] {
        let request = GetTaskRequest {
            id: task.id.clone(),
            history_length: asked,
            tenant: None,
        };
        let task = agent.handler.get_task(&of("local"), request).await.unwrap();
        let history = task.history.unwrap_or_default();
        assert_eq!(history.len(), shown, "{asked:?}");
        let newest = history.last().map(|it| it.message_id.clone());
        assert!(newest.is_none_or(|it| it == "tck-input-required-3"));
    }
    let request = GetTaskRequest {
        id: task.id,
        history_length: Some(-1),
        tenant: None,
    };
    let error = agent.handler.get_task(&of("local"), request).await;
    assert_eq!(error.unwrap_err().code, -32602);
}

#[tokio::test]
async fn large_tasks_make_a_short_page() {
    let agent = Agent::new().await;
    for n in 0..8 {
        let task = catalog::NewTask {
            id: catalog::TaskId::new(format!("t{n}")).unwrap(),
            agent: "shopify".to_owned(),
            caller: "local".to_owned(),
            context: "c".to_owned(),
            state: catalog::TaskState::Submitted,
            note: None,
            message: json!({"text": "x".repeat(1 << 20)}),
            items: Vec::new(),
            idempotency: None,
            at: catalog::UnixMs::new(1_000 + n),
        };
        let tasks = &agent.world.context.tasks;
        tasks.create_task(&task).await.unwrap();
    }
    let mut request = ListTasksRequest {
        history_length: Some(1),
        ..all()
    };
    let handler = &agent.handler;
    let first = handler.list_tasks(&of("local"), request.clone()).await;
    let first = first.unwrap();
    assert_eq!((first.tasks.len(), first.total_size), (4, 8));
    request.page_token = Some(first.next_page_token);
    let rest = handler.list_tasks(&of("local"), request).await.unwrap();
    assert_eq!(rest.tasks.len(), 4);
    assert_eq!(rest.tasks[0].id, "t3");
}
