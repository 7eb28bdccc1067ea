//! Results over HTTP: whole, named, tagged, and the caller's alone.

use std::io::Write;

use catalog::{
    ItemLease, MAX_CHUNK_BYTES, NewItem, NewTask, TaskArtifact, TaskChange, TaskEntry, TaskId,
    TaskState, UnixMs,
};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use super::Server;

const PATH: &str = "/artifacts/t-1/products.csv";

const NOW: UnixMs = UnixMs::new(1_800_000_000_000);

/// Makes a task of alice with a result whose chunks are these.
async fn task_with(server: &Server, name: &str, n_bytes: usize, chunks: &[&[u8]]) {
    let tasks = &server.context.tasks;
    let id = TaskId::new("t-1").unwrap();
    let task = NewTask {
        id: id.clone(),
        agent: "shopify".to_owned(),
        caller: "alice".to_owned(),
        context: "c".to_owned(),
        state: TaskState::Working,
        note: None,
        message: json!({}),
        items: vec![NewItem {
            kind: "crawl".to_owned(),
            key: "k".to_owned(),
            payload: json!({}),
            is_last: false,
        }],
        idempotency: None,
        at: NOW,
    };
    tasks.create_task(&task).await.unwrap();
    let claimed = tasks.claim(&["crawl"], "o", 60_000).await.unwrap().unwrap();
    let lease: &ItemLease = &claimed.lease;
    for (n, chunk) in (0..).zip(chunks) {
        tasks
            .put_chunk(lease, name, n, chunk.to_vec())
            .await
            .unwrap();
    }
    let part = json!({
        "url": format!("/artifacts/t-1/{name}"),
        "filename": name,
        "mediaType": "text/csv",
        "metadata": {"sha256": "abc", "rows": 2, "bytes": n_bytes},
    });
    let change = TaskChange::Artifact {
        artifact: TaskArtifact {
            id: "products".to_owned(),
            name: None,
            description: None,
            parts: vec![part],
        },
        appends: false,
        is_last: true,
    };
    let entry = TaskEntry::of_holder(lease, change, NOW);
    tasks.append(&entry).await.unwrap();
}

fn packed(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// Returns more text than two chunks hold, also packed.
fn long_text() -> Vec<u8> {
    let mut seed = 1_u32;
    let numbers = (0..900_000).map(|_| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8).to_string().into_bytes()
    });
    numbers.flatten().collect()
}

#[tokio::test]
async fn a_result_is_sent_whole_as_it_is_or_packed() {
    let text = long_text();
    let packed = packed(&text);
    assert!(packed.len() > 2 << 20);
    for stored in [&text, &packed] {
        let server = Server::start().await;
        let mut chunks: Vec<&[u8]> = stored.chunks(MAX_CHUNK_BYTES).collect();
        // What a longer attempt left behind.
        chunks.push(b"stale");
        task_with(&server, "products.csv", text.len(), &chunks).await;
        let answer = server.get(PATH, &["Test-Caller: alice"]).await;
        assert_eq!(answer.status, 200);
        assert!(answer.body == text, "{} bytes", answer.body.len());
        let length = text.len().to_string();
        for (name, value) in [
            ("content-type", Some("text/csv")),
            ("content-length", Some(length.as_str())),
            ("content-encoding", None),
            ("etag", Some("\"abc\"")),
            (
                "content-disposition",
                Some("attachment; filename=\"products.csv\""),
            ),
            ("x-content-type-options", Some("nosniff")),
        ] {
            assert_eq!(answer.header(name), value, "{name}");
        }
        let head = server
            .ask(&format!("HEAD {PATH}"), &["Test-Caller: alice"], b"")
            .await;
        assert_eq!((head.status, head.body.len()), (200, 0));
    }
}

#[tokio::test]
async fn a_result_stays_packed_for_whoever_takes_it_so() {
    let server = Server::start().await;
    let text = long_text();
    let packed = packed(&text);
    let chunks: Vec<&[u8]> = packed.chunks(MAX_CHUNK_BYTES).collect();
    task_with(&server, "products.csv", text.len(), &chunks).await;
    let alice = "Test-Caller: alice";
    for (accepts, is_packed) in [
        ("gzip", true),
        ("deflate, GZIP;q=0.5", true),
        ("gzip;q=0", false),
        ("br", false),
    ] {
        let accepts = format!("Accept-Encoding: {accepts}");
        let answer = server.get(PATH, &[alice, &accepts]).await;
        let encoding = answer.header("content-encoding");
        assert_eq!(encoding == Some("gzip"), is_packed, "{accepts}");
        let tag = if is_packed { "\"abc-gzip\"" } else { "\"abc\"" };
        assert_eq!(answer.header("etag"), Some(tag));
        assert!(
            answer.body == if is_packed { &packed[..] } else { &text },
            "{accepts}"
        );
    }
    for tag in ["\"abc\"", "\"abc-gzip\""] {
        let known = format!("If-None-Match: {tag}");
        let answer = server.get(PATH, &[alice, &known]).await;
        assert_eq!((answer.status, answer.body.len()), (304, 0), "{tag}");
        assert_eq!(answer.header("etag"), Some(tag));
    }
}

#[tokio::test]
async fn a_result_of_somebody_else_is_not_there() {
    let server = Server::start().await;
    task_with(&server, "products.csv", 4, &[b"a,b\n"]).await;
    let mut answers = Vec::new();
    for (path, headers) in [
        (PATH, &["Test-Caller: bob"][..]),
        (PATH, &[]),
        (
            "/artifacts/t-1/products.csv",
            &["X-Trouvaille-Caller: alice"],
        ),
        ("/artifacts/t-1/summary", &[]),
    ] {
        let answer = server.get(path, headers).await;
        assert_eq!(
            (answer.status, answer.reason().as_str()),
            (404, "TASK_NOT_FOUND"),
            "{path}"
        );
        answers.push(answer.json()["error"]["message"].clone());
    }
    assert!(answers.iter().all(|it| *it == answers[0]));
    let answer = server.get("/artifacts/t%20%C3%A9/x", &[]).await;
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn a_file_that_the_callers_own_task_does_not_have_is_told_by_its_name() {
    let server = Server::start().await;
    task_with(&server, "products.csv", 4, &[b"a,b\n"]).await;
    for name in ["nope.csv", "products.csv%00"] {
        let path = format!("/artifacts/t-1/{name}");
        let answer = server.get(&path, &["Test-Caller: alice"]).await;
        assert_eq!(
            (answer.status, answer.reason().as_str()),
            (404, "INVALID_PARAMS")
        );
        let message = answer.json()["error"]["message"].to_string();
        assert!(message.contains("has no file"), "{message}");
    }
}
