//! Messages and what becomes of them.

use std::sync::Arc;

use a2a_sdk::TaskPushNotificationConfig;

use super::*;

#[tokio::test]
async fn a_patient_caller_gets_the_whole_task() {
    let agent = Agent::new().await;
    let task = agent.send(message("tck-artifact-text-1")).await.unwrap();
    assert_eq!(task.status.state, TaskState::Completed);
    let artifacts = task.artifacts.unwrap();
    assert_eq!(
        artifacts[0].parts[0].as_text(),
        Some("Generated text content")
    );
    assert_eq!(task.history.unwrap()[0].text(), Some("hello"));
}

#[tokio::test]
async fn another_caller_gets_the_task_as_it_is() {
    let agent = Agent::new().await;
    let task = agent.send(at_once(pages(1_000, 60_000))).await.unwrap();
    assert_eq!(task.status.state, TaskState::Submitted);
    assert_eq!(task.artifacts, None);
}

#[tokio::test]
async fn a_stream_begins_with_the_task_and_counts_without_gaps() {
    let agent = Agent::new().await;
    let told = agent.stream(pages(3, 0)).await;
    assert!(
        matches!(&told[0], StreamResponse::Task(task) if task.status.state == TaskState::Submitted)
    );
    let numbers: Vec<_> = told.iter().map(seq_of).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
    let StreamResponse::StatusUpdate(second) = &told[2] else {
        panic!("{:?}", told[2]);
    };
    let progress = &second.metadata.as_ref().unwrap()[&format!("{EXTENSION}/progress")];
    assert_eq!(*progress, json!({"seq": 3, "page": 2, "pages": 3}));
    assert!(matches!(&told[4], StreamResponse::ArtifactUpdate(_)));
    assert!(
        matches!(&told[5], StreamResponse::StatusUpdate(it) if it.status.state == TaskState::Completed)
    );
}

#[tokio::test]
async fn an_answer_that_is_here_makes_no_task() {
    let agent = Agent::new().await;
    let told = agent.stream(message("tck-message-response-1")).await;
    assert!(
        matches!(&told[..], [StreamResponse::Message(it)] if it.text() == Some("Direct message response"))
    );
    let list = agent
        .handler
        .list_tasks(&of("local"), lists::all())
        .await
        .unwrap();
    assert_eq!(list.total_size, 0);
}

#[tokio::test]
async fn a_question_is_answered_by_a_further_message() {
    let agent = Agent::new().await;
    let asked = agent.send(message("tck-input-required-1")).await.unwrap();
    assert_eq!(asked.status.state, TaskState::InputRequired);

    let mut reply = message("tck-complete-task-1");
    reply.message.task_id = Some(asked.id.clone());
    reply.message.context_id = Some("another".to_owned());
    let error = agent.send(reply.clone()).await.unwrap_err();
    assert_eq!(error.code, -32602, "{error}");

    reply.message.context_id = Some(asked.context_id.clone());
    let task = agent.send(reply.clone()).await.unwrap();
    assert_eq!(
        (&task.id, task.status.state),
        (&asked.id, TaskState::Completed)
    );
    let history = task.history.unwrap();
    let ids: Vec<_> = history.iter().map(|it| it.message_id.as_str()).collect();
    assert_eq!(ids, ["tck-input-required-1", "tck-complete-task-1"]);

    let error = agent.send(reply).await.unwrap_err();
    assert_eq!(error.code, -32004, "{error}");
}

#[tokio::test]
async fn a_task_at_work_takes_no_message() {
    let agent = Agent::new().await;
    let task = agent.send(at_once(pages(1_000, 60_000))).await.unwrap();
    let mut more = message("tck-complete-task-1");
    more.message.task_id = Some(task.id);
    assert_eq!(agent.send(more).await.unwrap_err().code, -32004);
}

#[tokio::test]
async fn of_many_answers_to_one_question_one_is_taken() {
    let agent = Agent::new().await;
    let asked = agent.send(message("tck-input-required-1")).await.unwrap();
    let sent = (0..8).map(|n| {
        let mut reply = at_once(message(&format!("tck-complete-task-{n}")));
        reply.message.task_id = Some(asked.id.clone());
        agent.send(reply)
    });
    let answers = futures_util::future::join_all(sent).await;
    assert_eq!(answers.iter().filter(|it| it.is_ok()).count(), 1);
    let refused = answers.into_iter().filter_map(Result::err);
    assert!(refused.map(|it| it.code).all(|code| code == -32004));
    let task = agent.get("local", &asked.id).await.unwrap();
    assert_eq!(task.history.unwrap().len(), 2);
}

#[tokio::test]
async fn an_answer_to_a_question_takes_no_key() {
    let agent = Agent::new().await;
    let asked = agent.send(message("tck-input-required-1")).await.unwrap();
    let mut reply = message("tck-complete-task-1");
    reply.message.task_id = Some(asked.id.clone());
    let key = (format!("{EXTENSION}/idempotencyKey"), json!("k"));
    reply.message.metadata = Some(HashMap::from([key]));
    assert_eq!(agent.send(reply).await.unwrap_err().code, -32602);
    let task = agent.get("local", &asked.id).await.unwrap();
    assert_eq!(task.status.state, TaskState::InputRequired);
}

#[tokio::test]
async fn who_waits_gets_the_task_as_it_is_when_the_process_stops() {
    let agent = Agent::new().await;
    let stop = async {
        loop {
            let list = agent.handler.list_tasks(&of("local"), lists::all()).await;
            if list.unwrap().total_size > 0 {
                break agent.world.context.stop.cancel();
            }
        }
    };
    let (task, ()) = tokio::join!(agent.send(pages(1_000, 60_000)), stop);
    let state = task.unwrap().status.state;
    let is_at_work = matches!(state, TaskState::Submitted | TaskState::Working);
    assert!(is_at_work, "{state:?}");
}

#[tokio::test]
async fn a_refusal_is_a_task_with_its_reason() {
    let agent = Agent::new().await;
    let told = agent.stream(message("tck-reject-task-1")).await;
    let [StreamResponse::Task(task)] = &told[..] else {
        panic!("{told:?}");
    };
    assert_eq!(task.status.state, TaskState::Rejected);
    let reason = task.status.message.as_ref().unwrap();
    assert_eq!(reason.text(), Some("rejected"));
}

#[tokio::test]
async fn of_many_requests_with_one_key_one_makes_a_task() {
    let agent = Arc::new(Agent::new().await);
    let mut request = at_once(message("tck-complete-task-1"));
    let key = (format!("{EXTENSION}/idempotencyKey"), json!("k"));
    request.message.metadata = Some(HashMap::from([key]));
    let sent = (0..20).map(|n| {
        let mut request = request.clone();
        request.message.message_id = format!("tck-complete-task-{n}");
        agent.send(request)
    });
    let tasks = futures_util::future::join_all(sent).await;
    let first = tasks[0].as_ref().unwrap();
    assert!(tasks.iter().all(|it| it.as_ref().unwrap().id == first.id));

    request.message.parts = vec![Part::text("something else")];
    assert_eq!(agent.send(request).await.unwrap_err().code, -32602);
}

#[tokio::test]
async fn message_ids_may_come_again() {
    let agent = Agent::new().await;
    let first = agent.send(message("tck-complete-task-1")).await.unwrap();
    let second = agent.send(message("tck-complete-task-1")).await.unwrap();
    assert_ne!(first.id, second.id);
}

#[tokio::test]
async fn a_repeated_question_does_not_wait_for_its_answer() {
    let agent = Agent::new().await;
    let mut request = message("tck-input-required-1");
    request.metadata = Some(HashMap::from([(
        format!("{EXTENSION}/idempotencyKey"),
        json!("k"),
    )]));
    let first = agent.send(request.clone()).await.unwrap();
    let again = agent.send(request).await.unwrap();
    assert_eq!(first.id, again.id);
    assert_eq!(again.status.state, TaskState::InputRequired);
}

#[tokio::test]
async fn no_task_is_made_of_a_message_with_a_webhook_that_nobody_would_tell() {
    let agent = Agent::new().await;
    let handler = Handler::new(&AGENTS[0], &agent.world.context, None);
    let mut request = at_once(message("m"));
    let configuration = request.configuration.as_mut().unwrap();
    configuration.task_push_notification_config = Some(TaskPushNotificationConfig {
        url: "http://127.0.0.1:9/".to_owned(),
        id: None,
        task_id: String::new(),
        token: None,
        authentication: None,
        tenant: None,
    });
    let error = handler
        .send_message(&of("local"), request)
        .await
        .unwrap_err();
    assert_eq!(error.code, -32003);
    let list = handler
        .list_tasks(&of("local"), lists::all())
        .await
        .unwrap();
    assert_eq!(list.total_size, 0);
}

#[tokio::test]
async fn a_broken_store_is_told_without_its_place() {
    let agent = Agent::new().await;
    let task = agent.send(message("tck-input-required-1")).await.unwrap();
    agent.world.store.breaks(true);
    let mut reply = message("tck-complete-task-1");
    reply.message.task_id = Some(task.id.clone());
    let errors = [
        agent
            .send(message("tck-complete-task-1"))
            .await
            .unwrap_err(),
        agent.send(reply).await.unwrap_err(),
        agent.get("local", &task.id).await.unwrap_err(),
        agent.cancel("local", &task.id).await.unwrap_err(),
        agent.subscribe(&of("local"), &task.id).await.err().unwrap(),
        agent
            .handler
            .list_tasks(&of("local"), lists::all())
            .await
            .unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.code, -32603);
        let said = format!("{error:?}");
        assert!(
            !said.contains("secret") && !said.contains("mongodb"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn a_caller_has_a_bounded_number_of_tasks_at_work() {
    let agent = Agent::new().await;
    for n in 0..200 {
        agent.world.task(&format!("t{n}"), 0).await;
    }
    let error = agent.send(at_once(pages(1, 0))).await.unwrap_err();
    assert_eq!(error.code, -32004, "{error}");
    // A question is no work, and others have their own number.
    let asked = agent.send(message("tck-input-required-1")).await.unwrap();
    assert_eq!(asked.status.state, TaskState::InputRequired);
    let other = of("other");
    let of_other = agent.handler.send_message(&other, pages(1, 0));
    assert!(of_other.await.is_ok());
    agent.cancel("local", "t0").await.unwrap();
    assert!(agent.send(at_once(pages(1, 0))).await.is_ok());
}

#[tokio::test]
async fn a_list_that_is_too_long_is_told_by_its_name_and_not_by_each_entry() {
    let agent = Agent::new().await;
    let stores: Vec<_> = (0..5_000).map(|n| format!("no address {n}")).collect();
    let mut request = message("m");
    let data = json!({"schema": "crawl-request/1", "skill": "crawl-catalog", "stores": stores});
    request.message.parts = vec![Part::data(data)];
    let error = agent.send(request).await.unwrap_err();
    assert!(error.message.contains("stores"), "{error}");
    assert!(!error.message.contains("stores["), "{error}");
}
