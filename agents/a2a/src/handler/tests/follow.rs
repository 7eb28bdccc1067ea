//! Seeing, cancelling and following a task, and whose it is.

use super::*;
use crate::wire::Shown;

#[tokio::test]
async fn a_cancelled_task_is_canceled_at_once_and_for_good() {
    let agent = Agent::new().await;
    let task = agent.send(at_once(pages(1_000, 60_000))).await.unwrap();
    let canceled = agent.cancel("local", &task.id).await.unwrap();
    assert_eq!(canceled.status.state, TaskState::Canceled);
    let got = agent.get("local", &task.id).await.unwrap();
    assert_eq!(got, canceled);
    assert_eq!(
        agent.cancel("local", &task.id).await.unwrap_err().code,
        -32002
    );
    let error = agent.subscribe(&of("local"), &task.id).await.err().unwrap();
    assert_eq!(error.code, -32004, "{error}");
}

#[tokio::test]
async fn what_is_not_the_callers_is_not_found() {
    let agent = Agent::new().await;
    let task = agent.send(message("tck-input-required-1")).await.unwrap();
    let mut reply = message("tck-complete-task-1");
    reply.message.task_id = Some(task.id.clone());
    for (caller, id) in [
        ("other", task.id.as_str()),
        ("local", "nope"),
        ("local", "a b"),
    ] {
        let params = of(caller);
        let mut reply = reply.clone();
        reply.message.task_id = Some(id.to_owned());
        let errors = [
            agent.get(caller, id).await.unwrap_err(),
            agent.cancel(caller, id).await.unwrap_err(),
            agent.subscribe(&params, id).await.err().unwrap(),
            agent
                .handler
                .send_message(&params, reply)
                .await
                .unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.code, -32001);
            assert_eq!(error.message, format!("task not found: {id}"));
        }
    }
    assert!(agent.get("local", &task.id).await.is_ok());
}

#[tokio::test]
async fn all_subscribers_are_told_the_same() {
    let agent = Agent::new().await;
    let task = agent.send(message("tck-input-required-1")).await.unwrap();
    let params = of("local");
    let mut streams = Vec::new();
    for _ in 0..3 {
        let mut stream = agent.subscribe(&params, &task.id).await.unwrap();
        let first = stream.next().await.unwrap().unwrap();
        assert!(matches!(first, StreamResponse::Task(_)));
        streams.push(stream);
    }
    let mut reply = message("tck-stream-001");
    reply.message.task_id = Some(task.id.clone());
    agent.send(reply).await.unwrap();
    let mut told = Vec::new();
    for stream in streams {
        let rest: Vec<_> = stream.map(Result::unwrap).collect().await;
        assert_eq!(rest.iter().map(seq_of).collect::<Vec<_>>(), [2, 3, 4, 5]);
        told.push(rest);
    }
    assert!(told.iter().all(|it| *it == told[0]));
}

#[tokio::test]
async fn a_subscriber_is_told_exactly_what_it_missed() {
    let agent = Agent::new().await;
    let task = agent.send(pages(4, 0)).await.unwrap();
    let after = |seq: &str| {
        let mut params = of("local");
        params.insert("a2a-after-seq".to_owned(), vec![seq.to_owned()]);
        params
    };
    // Also behind the end: a stream that broke before it can be read to it.
    let stream = agent.subscribe(&after("3"), &task.id).await.unwrap();
    let told: Vec<_> = stream.map(Result::unwrap).collect().await;
    assert!(matches!(told[0], StreamResponse::Task(_)));
    let numbers: Vec<_> = told.iter().map(seq_of).collect();
    assert_eq!(numbers, [7, 4, 5, 6, 7]);

    for (seq, code) in [("7", -32004), ("8", -32602), ("x", -32602), ("-1", -32602)] {
        let error = agent.subscribe(&after(seq), &task.id).await.err().unwrap();
        assert_eq!(error.code, code, "{seq}: {error}");
    }
}

#[tokio::test]
async fn a_dropped_stream_leaves_the_task_at_work() {
    let agent = Agent::new().await;
    let params = of("local");
    let stream = agent.handler.send_streaming_message(&params, pages(20, 1));
    let first = stream.await.unwrap().next().await.unwrap().unwrap();
    let StreamResponse::Task(task) = first else {
        panic!("{first:?}");
    };
    let id = catalog::TaskId::new(task.id).unwrap();
    let state = agent.world.context.hub.ended(&id).await;
    assert_eq!(state, catalog::TaskState::Completed);
}

#[tokio::test]
async fn without_the_kit_there_are_no_webhooks_and_no_extended_card() {
    let agent = Agent::new().await;
    let handler = Handler::new(&AGENTS[0], &agent.world.context, None);
    let params = of("local");
    let request = a2a_sdk::GetExtendedAgentCardRequest { tenant: None };
    let error = handler.get_extended_agent_card(&params, request).await;
    assert_eq!(error.unwrap_err().code, -32004);
    let request = a2a_sdk::ListTaskPushNotificationConfigsRequest {
        task_id: "t".to_owned(),
        page_size: None,
        page_token: None,
        tenant: None,
    };
    let error = handler.list_push_configs(&params, request).await;
    assert_eq!(error.unwrap_err().code, -32003);
}

#[tokio::test]
async fn a_task_that_is_forgotten_under_its_readers_is_not_found() {
    let agent = Agent::new().await;
    let tasks = &agent.world.context.tasks;
    let id = agent.world.task("t", 0).await;
    let task = tasks.task(&id).await.unwrap().unwrap();
    let end = crate::testing::entry(&id, catalog::TaskState::Canceled);
    tasks.append(&end).await.unwrap();
    let all = catalog::UnixMs::new(i64::MAX);
    assert_eq!(tasks.forget_tasks(all, 9).await.unwrap(), 1);
    let stream = agent.handler.follow(&task, task.seq, Shown::ALL);
    let told: Vec<_> = stream.collect().await;
    let error = told.last().unwrap().as_ref().unwrap_err();
    assert_eq!(error.code, -32001, "{error}");
}
