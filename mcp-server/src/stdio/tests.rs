//! A client at the other end of a pipe: what it sends, byte by byte, and what it is answered.

use std::fmt::Write;

use serde_json::{Value, json};
use tokio::io::{
    AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, ReadHalf, WriteHalf, duplex, split,
};
use tokio::task::JoinSet;

use super::*;
use crate::testing::world;

/// A client of a server that runs until it is dropped.
struct Client {
    reader: BufReader<ReadHalf<DuplexStream>>,
    writer: WriteHalf<DuplexStream>,
    server: JoinSet<Result<(), StdioError>>,
}

impl Client {
    async fn new(max_bytes: usize, cancel: &CancellationToken) -> Self {
        let (ours, theirs) = duplex(1 << 16);
        let handler = Server::new(&world().await);
        let cancel = cancel.clone();
        let mut server = JoinSet::new();
        server.spawn(async move { serve(handler, split(theirs), max_bytes, &cancel).await });
        let (reader, writer) = split(ours);
        Self {
            reader: BufReader::new(reader),
            writer,
            server,
        }
    }

    async fn usual() -> Self {
        Self::new(256 << 10, &CancellationToken::new()).await
    }

    async fn send(&mut self, line: impl AsRef<[u8]>) {
        self.send_bytes(line.as_ref()).await;
        self.send_bytes(b"\n").await;
    }

    async fn send_bytes(&mut self, bytes: &[u8]) {
        self.writer.write_all(bytes).await.unwrap();
    }

    async fn receive(&mut self) -> Value {
        receive(&mut self.reader).await
    }

    async fn ask(&mut self, id: u32, method: &str, params: Value) -> Value {
        let message = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.send(&message.to_string()).await;
        let answer = self.receive().await;
        assert_eq!(answer["id"], id);
        answer
    }

    /// Closes the client's side, and returns how the server ended.
    async fn leave(mut self) -> Result<(), StdioError> {
        self.writer.shutdown().await.unwrap();
        self.server.join_next().await.unwrap().unwrap()
    }
}

async fn receive(reader: &mut BufReader<ReadHalf<DuplexStream>>) -> Value {
    let mut line = String::new();
    reader.read_line(&mut line).await.unwrap();
    serde_json::from_str(&line).unwrap()
}

fn call(meta: &Value) -> Value {
    json!({"name": "list_shops", "arguments": {"limit": 1}, "_meta": meta})
}

fn meta() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "tests", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    })
}

fn hello(version: &str) -> Value {
    let info = json!({"name": "tests", "version": "1"});
    json!({"protocolVersion": version, "capabilities": {}, "clientInfo": info})
}

#[tokio::test]
async fn a_client_that_shakes_hands_is_served() {
    for version in ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"] {
        let mut client = Client::usual().await;
        let answer = client.ask(1, "initialize", hello(version)).await;
        assert_eq!(answer["result"]["protocolVersion"], version);
        let initialized = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
        client.send(initialized).await;
        let answer = client.ask(2, "tools/call", call(&json!({}))).await;
        let shops = &answer["result"]["structuredContent"]["shops"];
        assert_eq!(shops[0]["shop"], "hats.example");
        client.leave().await.unwrap();
    }
}

#[tokio::test]
async fn a_client_that_does_not_is_served() {
    let mut client = Client::usual().await;
    let discovered = json!({"_meta": meta()});
    let answer = client.ask(1, "server/discover", discovered).await;
    assert_eq!(answer["result"]["ttlMs"], 3_600_000);
    let answer = client.ask(2, "tools/call", call(&meta())).await;
    let result = &answer["result"];
    assert_eq!(result["resultType"], "complete");
    assert_eq!(result["structuredContent"]["returned"], 1);
    client.leave().await.unwrap();
}

#[tokio::test]
async fn a_client_that_leaves_at_once_is_no_error() {
    Client::usual().await.leave().await.unwrap();
}

#[tokio::test]
async fn a_line_that_is_not_json_is_a_parse_error() {
    let mut client = Client::usual().await;
    let lines: [&[u8]; 4] = [
        b"{bad json",
        b"nonsense",
        br#"{"jsonrpc":"2.0","id":7,"method":"tools/li"#,
        b"\"\xff\"",
    ];
    for line in lines {
        client.send(line).await;
        let answer = client.receive().await;
        assert_eq!(answer["error"]["code"], -32700, "{answer}");
        assert_eq!(answer["jsonrpc"], "2.0");
        assert_eq!(answer.get("id"), Some(&Value::Null));
    }
    client.leave().await.unwrap();
}

#[tokio::test]
async fn json_that_is_no_message_is_an_invalid_request_with_its_id() {
    let ping = |rest| format!(r#"{{"jsonrpc":"2.0","method":"ping",{rest}}}"#);
    let lines = [
        ("[]".to_owned(), Value::Null),
        ("7".to_owned(), Value::Null),
        (format!("[{}]", ping(r#""id":7"#)), Value::Null),
        (r#"["2.0",7,"ping",null,null]"#.to_owned(), Value::Null),
        (ping(r#""id":{}"#), Value::Null),
        (ping(r#""id":null"#), Value::Null),
        (ping(r#""id":7,"params":[1]"#), json!(7)),
        (ping(r#""id":"a","params":1"#), json!("a")),
        (ping(r#""id":7,"result":{}"#), json!(7)),
        (r#"{"jsonrpc":"2.0","id":7}"#.to_owned(), json!(7)),
        (
            r#"{"jsonrpc":"1.0","id":7,"method":"ping"}"#.to_owned(),
            json!(7),
        ),
        (
            r#"{"jsonrpc":"2.0","id":7,"method":7}"#.to_owned(),
            json!(7),
        ),
        (r#"{"id":7,"method":"ping"}"#.to_owned(), json!(7)),
    ];
    let mut client = Client::usual().await;
    // Before there is a beginning, and after it.
    for _ in 0..2 {
        for (line, id) in &lines {
            client.send(line).await;
            let answer = client.receive().await;
            assert_eq!(answer["error"]["code"], -32600, "{line}");
            assert_eq!(answer.get("id"), Some(id), "{line}");
        }
        client.ask(1, "initialize", hello("2025-11-25")).await;
    }
}

#[tokio::test]
async fn a_line_that_is_too_deep_is_answered() {
    let mut client = Client::usual().await;
    for n in [100, 100_000] {
        let params = format!("{}{}", "[".repeat(n), "]".repeat(n));
        let line = format!(r#"{{"jsonrpc":"2.0","id":7,"method":"ping","params":{params}}}"#);
        client.send(&line).await;
        let answer = client.receive().await;
        assert_eq!(answer["error"]["code"], -32600);
        assert_eq!(answer["id"], 7);
    }
}

#[tokio::test]
async fn what_asks_for_no_answer_has_none() {
    let mut client = Client::usual().await;
    client.ask(1, "initialize", hello("2025-11-25")).await;
    client.send("{bad json").await;
    let refusal = client.receive().await.to_string();
    for line in [
        "",
        " \t\r",
        // A client that sends back what it does not know.
        &refusal,
        r#"{"jsonrpc":"2.0","id":7,"result":7}"#,
        r#"{"jsonrpc":"2.0","id":7,"error":7}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":[1]}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/unheard_of","params":[1]}"#,
    ] {
        client.send(line).await;
    }
    client.ask(2, "tools/list", json!({})).await;
}

#[tokio::test]
async fn lines_are_taken_as_windows_writes_them() {
    let mut client = Client::usual().await;
    let hello =
        json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello("2025-11-25")});
    client.send(&format!("\u{feff}{hello}\r")).await;
    assert_eq!(client.receive().await["id"], 1);
}

#[tokio::test]
async fn a_line_without_end_is_answered_once_and_not_kept() {
    let mut client = Client::new(1_000, &CancellationToken::new()).await;
    client.ask(1, "initialize", hello("2025-11-25")).await;
    client.send_bytes(&[b'x'; 1_001]).await;
    let answer = client.receive().await;
    assert_eq!(answer["error"]["code"], -32600);
    assert_eq!(answer["id"], Value::Null);
    client.send(&"x".repeat(1 << 20)).await;
    let answer = client.ask(2, "tools/call", call(&json!({}))).await;
    assert_eq!(answer["result"]["isError"], false);
}

#[tokio::test]
async fn a_line_may_be_as_long_as_the_limit_and_no_longer() {
    let mut client = Client::new(1_000, &CancellationToken::new()).await;
    client.ask(1, "initialize", hello("2025-11-25")).await;
    let line = |n| format!("{:n$}", r#"{"jsonrpc":"2.0","id":7,"method":"ping"}"#);
    client.send(&line(1_000)).await;
    assert_eq!(client.receive().await["id"], 7);
    client.send(&line(1_001)).await;
    assert_eq!(client.receive().await["error"]["code"], -32600);
}

#[tokio::test]
async fn answers_and_refusals_come_in_whole_lines() {
    let mut client = Client::usual().await;
    client.ask(1, "initialize", hello("2025-11-25")).await;
    let ids: Vec<u64> = (100..120).collect();
    let mut lines = String::new();
    for id in &ids {
        let ping = json!({"jsonrpc": "2.0", "id": id, "method": "ping"});
        writeln!(lines, "{{bad json\n{ping}").unwrap();
    }
    // In pieces, so that the server is within a line when it has an answer.
    let sending = async {
        for piece in lines.as_bytes().chunks(7) {
            client.writer.write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    let receiving = async {
        let mut answers = Vec::new();
        for _ in 0..2 * ids.len() {
            answers.push(receive(&mut client.reader).await);
        }
        answers
    };
    let ((), answers) = tokio::join!(sending, receiving);
    let (refused, answered): (Vec<Value>, Vec<Value>) =
        answers.into_iter().partition(|it| it["id"].is_null());
    assert!(refused.iter().all(|it| it["error"]["code"] == -32700));
    let mut answered: Vec<u64> = answered.iter().filter_map(|it| it["id"].as_u64()).collect();
    answered.sort_unstable();
    assert_eq!(answered, ids);
}

#[tokio::test]
async fn a_client_that_leaves_within_a_line_is_no_error() {
    let mut client = Client::usual().await;
    client.send_bytes(b"{\"jsonrpc\":").await;
    client.leave().await.unwrap();
}

#[tokio::test]
async fn a_client_that_reads_nothing_does_not_hold_up_the_end() {
    let cancel = CancellationToken::new();
    let mut client = Client::new(1_000, &cancel).await;
    client.ask(1, "initialize", hello("2025-11-25")).await;
    // The refusals of what the server reads at once are more than the pipe holds.
    client.send_bytes(&b"x\n".repeat((1 << 15) + 1)).await;
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    cancel.cancel();
    client.server.join_next().await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn a_server_that_is_stopped_ends() {
    let cancel = CancellationToken::new();
    let mut client = Client::new(1_000, &cancel).await;
    client.ask(1, "initialize", hello("2025-11-25")).await;
    cancel.cancel();
    client.server.join_next().await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn what_a_client_begins_with_is_not_repeated() {
    let mut client = Client::usual().await;
    let response = r#"{"jsonrpc":"2.0","id":1,"result":{"pa55":1}}"#;
    client.send(response).await;
    let ended = client.server.join_next().await.unwrap().unwrap();
    assert!(!ended.unwrap_err().to_string().contains("pa55"));
}
