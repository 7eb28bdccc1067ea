//! The form of tasks, and how large it gets.

use catalog::{Task, TaskArtifact, TaskId, TaskState, UnixMs};
use serde_json::{Value, json};

use super::{Shown, task};

const URL: &str = "https://agents.example";

fn large(n_messages: usize, n_parts: usize, size: usize) -> Task {
    let text = "\u{1}\"x".repeat(size / 3);
    let part = json!({ "text": text });
    let artifact = |id: &str| TaskArtifact {
        id: id.to_owned(),
        name: Some("products".to_owned()),
        description: None,
        parts: vec![part.clone(); n_parts],
    };
    let message = json!({ "messageId": "m", "role": "ROLE_USER", "parts": [part] });
    Task {
        id: TaskId::new("t").unwrap(),
        agent: "shopify".to_owned(),
        caller: "local".to_owned(),
        context: "c".to_owned(),
        state: TaskState::Working,
        note: Some(text.clone()),
        data: Some(json!({ "page": 3, "store": text })),
        state_at: UnixMs::new(1_000),
        created_at: UnixMs::new(1_000),
        seq: 7,
        messages: vec![message; n_messages],
        artifacts: vec![artifact("a"), artifact("b")],
    }
}

#[test]
fn a_tasks_json_stays_below_256_kb_whatever_it_holds() {
    for (n_messages, n_parts, size) in [
        (64, 9, 40_000),
        (64, 5_000, 300),
        (2, 1, 900_000),
        (64, 64, 1),
    ] {
        let sent =
            serde_json::to_vec(&task(&large(n_messages, n_parts, size), Shown::ALL, URL)).unwrap();
        assert!(
            sent.len() < 256_000,
            "{} bytes of {n_parts} parts",
            sent.len()
        );
    }
}

#[test]
fn what_is_left_out_is_said() {
    let sent = task(&large(1, 9, 40_000), Shown::ALL, URL);
    let artifacts = sent.artifacts.unwrap();
    let last = artifacts[0].parts.last().unwrap();
    assert!(last.as_text().unwrap().contains("left out"), "{last:?}");
}

#[test]
fn a_task_says_its_number_and_its_progress() {
    let sent = serde_json::to_value(task(&large(1, 1, 30), Shown::ALL, URL)).unwrap();
    let metadata: &Value = &sent["metadata"];
    let extension = "https://trouvaille.example/ext/crawl/v1";
    assert_eq!(metadata[format!("{extension}/seq")], 7);
    assert_eq!(metadata[format!("{extension}/progress")]["page"], 3);
    assert_eq!(sent["status"]["state"], "TASK_STATE_WORKING");
    assert_eq!(sent["status"]["timestamp"], "1970-01-01T00:00:01Z");
    assert_eq!(sent["history"][0]["taskId"], "t");
}

#[test]
fn a_result_is_reached_at_the_server_that_is_asked() {
    let mut made = large(0, 0, 0);
    made.artifacts[0].parts = vec![
        json!({ "url": "/artifacts/t/products.csv", "filename": "products.csv" }),
        json!({ "url": "https://elsewhere.example/a" }),
    ];
    let sent = task(&made, Shown::ALL, URL).artifacts.unwrap();
    let parts = serde_json::to_value(&sent[0].parts).unwrap();
    assert_eq!(
        parts[0]["url"],
        "https://agents.example/artifacts/t/products.csv"
    );
    assert_eq!(parts[1]["url"], "https://elsewhere.example/a");
}
