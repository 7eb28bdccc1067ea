//! The client against agents that break off, say little, or are none.

mod scripted;

use std::time::Duration;

use a2a::client::{ClientError, Follow, News, Patience, RemoteAgent, Reply};
use axum::Router;
use axum::response::Redirect;
use axum::routing::get;
use catalog::{TaskChange, TaskState};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use self::scripted::{Script, Scripted};

/// Pauses that a test does not notice.
const QUICK: Patience = Patience {
    give_up: Duration::from_secs(30),
    first_pause: Duration::from_millis(1),
    longest_pause: Duration::from_millis(4),
    silence: Duration::from_secs(30),
    answer: Duration::from_secs(30),
};

async fn connect(scripted: &Scripted) -> RemoteAgent {
    RemoteAgent::connect(&scripted.url, None, QUICK)
        .await
        .unwrap()
}

async fn start(agent: &RemoteAgent) -> Box<Follow<'_>> {
    match agent
        .start(&json!({ "skill": "crawl-catalog" }))
        .await
        .unwrap()
    {
        Reply::Task(follow) => follow,
        Reply::Answer(answer) => panic!("no task: {answer:?}"),
    }
}

/// Follows to the end, and returns the numbers of the events in the order in which they were told.
async fn numbers(follow: &mut Follow<'_>) -> Vec<u64> {
    let mut numbers = Vec::new();
    while let Some(news) = follow.next().await.unwrap() {
        if let News::Change { seq, .. } = news {
            numbers.extend(seq);
        }
    }
    numbers
}

async fn error_of(script: Script, token: Option<&str>) -> ClientError {
    let scripted = Scripted::start(script).await;
    let agent = match RemoteAgent::connect(&scripted.url, token, QUICK).await {
        Ok(agent) => agent,
        Err(error) => return error,
    };
    agent.start(&json!({})).await.map(drop).unwrap_err()
}

#[tokio::test]
async fn a_task_is_followed_to_its_end() {
    let scripted = Scripted::start(Script::default()).await;
    let agent = connect(&scripted).await;
    assert_eq!((agent.name(), agent.version()), ("A scripted agent", "7"));
    assert!(agent.skills().eq(["crawl-catalog"]));
    let mut follow = start(&agent).await;
    assert_eq!(numbers(&mut follow).await, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let task = follow.task();
    assert_eq!(
        (task.id.as_str(), task.state),
        ("task-1", TaskState::Completed)
    );
    // Counts are counts again, though the protocol's numbers are floats.
    assert_eq!(task.progress, Some(json!({ "page": 9, "products": 2250 })));
    assert_eq!(task.data("summary"), Some(&json!({ "pages": 4 })));
    let links: Vec<_> = task.links().collect();
    assert_eq!(
        links,
        [(Some("products.csv"), "http://a.example/products.csv")]
    );
}

#[tokio::test]
async fn a_request_is_one_data_part_with_a_key_of_its_own() {
    let scripted = Scripted::start(Script::default()).await;
    let agent = connect(&scripted).await;
    drop(start(&agent).await);
    drop(start(&agent).await);
    let sent = scripted.calls("SendStreamingMessage");
    let message = &sent[0].params["message"];
    assert_eq!(
        message["parts"][0]["data"],
        json!({ "skill": "crawl-catalog" })
    );
    assert_eq!(message["role"], "ROLE_USER");
    assert!(sent[0].key.is_some());
    assert_ne!(sent[0].key, sent[1].key);
}

#[tokio::test]
async fn every_event_comes_once_however_often_the_stream_breaks() {
    for cuts in [
        vec![0],
        vec![4],
        vec![8],
        vec![9],
        vec![3, 0, 0, 2],
        vec![1; 9],
    ] {
        let script = Script {
            cuts,
            ..Script::default()
        };
        let cuts = script.cuts.clone();
        let scripted = Scripted::start(script).await;
        let agent = connect(&scripted).await;
        let mut follow = start(&agent).await;
        assert_eq!(
            numbers(&mut follow).await,
            [1, 2, 3, 4, 5, 6, 7, 8, 9],
            "{cuts:?}"
        );
        let task = follow.task();
        assert_eq!(task.state, TaskState::Completed, "{cuts:?}");
        assert_eq!(task.artifacts.len(), 1, "{cuts:?}");
        let told: Vec<_> = scripted
            .calls("SubscribeToTask")
            .iter()
            .map(|it| it.after)
            .collect();
        assert!(told.is_sorted(), "{cuts:?}: {told:?}");
    }
}

#[tokio::test]
async fn a_break_is_told_once_and_the_agent_is_called_until_it_is_back() {
    let script = Script {
        cuts: vec![2],
        ..Script::default()
    };
    let scripted = Scripted::start(script).await;
    let agent = connect(&scripted).await;
    let mut follow = start(&agent).await;
    let mut n_breaks = 0;
    while let Some(news) = follow.next().await.unwrap() {
        n_breaks += usize::from(matches!(news, News::Broken(_)));
    }
    assert_eq!(n_breaks, 1);
}

#[tokio::test]
async fn a_stream_that_falls_silent_is_opened_anew() {
    let script = Script {
        cuts: vec![3, 0],
        falls_silent: true,
        ..Script::default()
    };
    let scripted = Scripted::start(script).await;
    let patience = Patience {
        silence: Duration::from_millis(20),
        ..QUICK
    };
    let agent = RemoteAgent::connect(&scripted.url, None, patience)
        .await
        .unwrap();
    let mut follow = start(&agent).await;
    assert_eq!(numbers(&mut follow).await, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
}

#[tokio::test]
async fn an_agent_without_numbers_is_followed_by_its_newest_state() {
    for cuts in [vec![], vec![3], vec![8, 0], vec![9]] {
        let script = Script {
            numbers: false,
            cuts: cuts.clone(),
            ..Script::default()
        };
        let scripted = Scripted::start(script).await;
        let agent = connect(&scripted).await;
        let mut follow = start(&agent).await;
        assert!(numbers(&mut follow).await.is_empty(), "{cuts:?}");
        assert_eq!(follow.task().state, TaskState::Completed, "{cuts:?}");
        assert_eq!(
            follow.task().data("summary"),
            Some(&json!({ "pages": 4 })),
            "{cuts:?}"
        );
    }
}

#[tokio::test]
async fn a_task_is_read_again_and_again_where_there_is_no_stream() {
    for (streams, cuts) in [(false, vec![]), (true, vec![2])] {
        let script = Script {
            streams,
            subscribes: false,
            cuts,
            ..Script::default()
        };
        let scripted = Scripted::start(script).await;
        let agent = connect(&scripted).await;
        let mut follow = start(&agent).await;
        while follow.next().await.unwrap().is_some() {}
        assert_eq!(follow.task().state, TaskState::Completed);
        assert!(!scripted.calls("GetTask").is_empty());
    }
}

#[tokio::test]
async fn a_message_that_may_be_lost_is_sent_again_under_its_key() {
    let script = Script {
        failures: vec![503, 502],
        ..Script::default()
    };
    let scripted = Scripted::start(script).await;
    let agent = connect(&scripted).await;
    let mut follow = start(&agent).await;
    while follow.next().await.unwrap().is_some() {}
    let sent = scripted.calls("SendStreamingMessage");
    assert!(
        sent.iter()
            .all(|it| it.key.is_some() && it.key == sent[0].key)
    );
    assert!(sent.len() > 1);
}

#[tokio::test]
async fn a_message_is_sent_once_to_an_agent_that_does_not_know_keys() {
    let script = Script {
        numbers: false,
        failures: vec![503],
        ..Script::default()
    };
    let scripted = Scripted::start(script).await;
    let error = connect(&scripted)
        .await
        .start(&json!({}))
        .await
        .map(drop)
        .unwrap_err();
    assert!(matches!(error, ClientError::Passing(_)), "{error}");
    assert_eq!(scripted.calls("SendStreamingMessage").len(), 1);
}

#[tokio::test]
async fn a_cancelled_task_is_at_its_end() {
    let script = Script {
        cuts: vec![3],
        ..Script::default()
    };
    let scripted = Scripted::start(script).await;
    let agent = connect(&scripted).await;
    let mut follow = start(&agent).await;
    let first = follow.next().await.unwrap();
    assert_eq!(first, Some(News::Snapshot));
    let second = follow.next().await.unwrap();
    assert!(matches!(
        second,
        Some(News::Change {
            seq: Some(1),
            change: TaskChange::State { .. }
        })
    ));
    follow.cancel().await.unwrap();
    assert_eq!(follow.task().state, TaskState::Canceled);
    assert_eq!(follow.next().await.unwrap(), None);
}

#[tokio::test]
async fn a_token_is_asked_for_and_refused_by_name() {
    let script = Script {
        token: Some("right"),
        ..Script::default()
    };
    let error = error_of(script.clone(), None).await;
    assert!(matches!(error, ClientError::NeedsToken { .. }), "{error}");
    let error = error_of(script.clone(), Some("wrong")).await;
    assert!(matches!(error, ClientError::WrongToken { .. }), "{error}");
    assert!(!format!("{error:?}").contains("wrong"), "{error:?}");
    let scripted = Scripted::start(script).await;
    let agent = RemoteAgent::connect(&scripted.url, Some("right"), QUICK)
        .await
        .unwrap();
    let mut follow = start(&agent).await;
    assert_eq!(numbers(&mut follow).await.len(), 9);
}

#[tokio::test]
async fn no_token_goes_to_a_server_that_the_card_names_instead() {
    let other = Scripted::start(Script::default()).await;
    let script = Script {
        url: Some(other.url.clone()),
        ..Script::default()
    };
    let error = error_of(script, Some("secret")).await;
    assert!(
        matches!(&error, ClientError::Elsewhere { to, .. } if to.contains(&other.url)),
        "{error}"
    );
    assert!(other.calls("SendStreamingMessage").is_empty());
}

#[tokio::test]
async fn a_call_is_not_led_on_to_another_server() {
    let other = Scripted::start(Script::default()).await;
    let script = Script {
        leads_to: Some(other.url.clone()),
        ..Script::default()
    };
    let error = error_of(script, Some("secret")).await;
    assert!(matches!(error, ClientError::Passing(_)), "{error}");
    for method in ["SendStreamingMessage", "GetTask"] {
        assert!(other.calls(method).is_empty(), "{method}");
    }
}

#[tokio::test]
async fn a_card_that_is_elsewhere_is_not_fetched_there() {
    let other = Scripted::start(Script::default()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let there = format!("{}/.well-known/agent-card.json", other.url);
    let to = there.clone();
    let router = Router::new().route(
        "/.well-known/agent-card.json",
        get(move || async move { Redirect::temporary(&to) }),
    );
    let mut server = JoinSet::new();
    server.spawn(async move { axum::serve(listener, router).await.unwrap() });
    let error = RemoteAgent::connect(&url, None, QUICK).await.unwrap_err();
    assert!(
        matches!(&error, ClientError::Elsewhere { to, .. } if *to == there),
        "{error}"
    );
}

#[tokio::test]
async fn an_agent_that_went_away_is_given_up_on() {
    let script = Script {
        cuts: vec![1],
        ..Script::default()
    };
    let scripted = Scripted::start(script).await;
    let patience = Patience {
        give_up: Duration::from_millis(5),
        ..QUICK
    };
    let agent = RemoteAgent::connect(&scripted.url, None, patience)
        .await
        .unwrap();
    let mut follow = start(&agent).await;
    drop(scripted);
    let error = loop {
        match follow.next().await {
            Ok(news) => assert!(news.is_some()),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, ClientError::Silent { .. }), "{error}");
}

#[tokio::test]
async fn what_is_no_agent_is_said_to_be_none() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let error = RemoteAgent::connect(&format!("http://{closed}"), None, QUICK)
        .await
        .unwrap_err();
    assert!(matches!(error, ClientError::Unreachable { .. }), "{error}");
    for (answer, told) in [
        ("<html>".to_owned(), "expected value"),
        ("x".repeat(2 << 20), "1 MiB"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route(
            "/.well-known/agent-card.json",
            get(move || async move { answer }),
        );
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.unwrap() });
        let error = RemoteAgent::connect(&url, None, QUICK)
            .await
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("there is no agent card at"), "{error}");
        assert!(error.contains(told), "{error}");
        let error = RemoteAgent::connect(&format!("{url}/x"), None, QUICK)
            .await
            .unwrap_err();
        assert!(
            error.to_string().ends_with("HTTP 404 Not Found")
                || error.to_string().ends_with("HTTP 404"),
            "{error}"
        );
    }
}
