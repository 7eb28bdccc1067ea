//! The compatibility kit's webhooks.

use a2a_sdk::{
    AuthenticationInfo, DeleteTaskPushNotificationConfigRequest,
    GetTaskPushNotificationConfigRequest, ListTaskPushNotificationConfigsRequest,
    TaskPushNotificationConfig,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

fn config(task: &str, url: String) -> TaskPushNotificationConfig {
    TaskPushNotificationConfig {
        url,
        id: Some("hook".to_owned()),
        task_id: task.to_owned(),
        token: Some("t0k".to_owned()),
        authentication: Some(AuthenticationInfo {
            scheme: "Bearer".to_owned(),
            credentials: Some("s3".to_owned()),
        }),
        tenant: None,
    }
}

/// Takes one request, and answers it.
async fn told(listener: &TcpListener) -> String {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut request = Vec::new();
    while !request.ends_with(b"}}") {
        assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0);
    }
    let answer = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
    stream.write_all(answer).await.unwrap();
    String::from_utf8(request).unwrap()
}

#[tokio::test]
async fn a_webhook_is_told_of_every_event_up_to_the_end() {
    let agent = Agent::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook?x=1", listener.local_addr().unwrap());
    let task = agent.send(message("tck-input-required-1")).await.unwrap();
    let params = of("local");
    let made = agent
        .handler
        .create_push_config(&params, config(&task.id, url));
    assert_eq!(made.await.unwrap().id.as_deref(), Some("hook"));

    let mut reply = message("tck-complete-task-1");
    reply.message.task_id = Some(task.id.clone());
    agent.send(reply).await.unwrap();
    for state in ["TASK_STATE_SUBMITTED", "TASK_STATE_COMPLETED"] {
        let request = told(&listener).await;
        assert!(
            request.starts_with("POST /hook?x=1 HTTP/1.1\r\n"),
            "{request}"
        );
        assert!(
            request.contains("\r\nAuthorization: Bearer s3\r\n"),
            "{request}"
        );
        assert!(
            request.contains("\r\nX-A2A-Notification-Token: t0k\r\n"),
            "{request}"
        );
        assert!(
            request.contains("\r\nContent-Type: application/a2a+json\r\n"),
            "{request}"
        );
        assert!(request.contains(state), "{request}");
    }
}

#[tokio::test]
async fn a_webhook_is_kept_until_it_is_deleted_and_is_its_callers_own() {
    let agent = Agent::new().await;
    let task = agent.send(message("tck-input-required-1")).await.unwrap();
    let params = of("local");
    let config = config(&task.id, "https://example.com/hook".to_owned());
    agent
        .handler
        .create_push_config(&params, config.clone())
        .await
        .unwrap();

    let get = || GetTaskPushNotificationConfigRequest {
        task_id: task.id.clone(),
        id: "hook".to_owned(),
        tenant: None,
    };
    let list = || ListTaskPushNotificationConfigsRequest {
        task_id: task.id.clone(),
        page_size: None,
        page_token: None,
        tenant: None,
    };
    let delete = || DeleteTaskPushNotificationConfigRequest {
        task_id: task.id.clone(),
        id: "hook".to_owned(),
        tenant: None,
    };
    let handler = &agent.handler;
    let other = of("other");
    assert_eq!(
        handler
            .get_push_config(&other, get())
            .await
            .unwrap_err()
            .code,
        -32001
    );
    assert_eq!(
        handler
            .list_push_configs(&other, list())
            .await
            .unwrap_err()
            .code,
        -32001
    );
    assert_eq!(
        handler
            .delete_push_config(&other, delete())
            .await
            .unwrap_err()
            .code,
        -32001
    );
    assert_eq!(
        handler
            .create_push_config(&other, config.clone())
            .await
            .unwrap_err()
            .code,
        -32001
    );

    assert_eq!(
        handler.get_push_config(&params, get()).await.unwrap(),
        config
    );
    assert_eq!(
        handler
            .list_push_configs(&params, list())
            .await
            .unwrap()
            .configs,
        [config]
    );
    for _ in 0..2 {
        handler.delete_push_config(&params, delete()).await.unwrap();
    }
    assert!(handler.get_push_config(&params, get()).await.is_err());
}
