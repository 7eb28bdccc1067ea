//! A process that serves agents, called over plain sockets as a client in any language would.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, Command};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What ends the name of an event's number in its metadata, behind the extension of its agent.
const SEQ: &str = "/v1/seq";

/// A running process; it is killed with its handle.
#[derive(Debug)]
pub(crate) struct Replica {
    child: Child,
    address: SocketAddr,
    said: Arc<Mutex<String>>,
    /// What is sent as a bearer token, if it is any.
    token: &'static str,
}

impl Replica {
    /// Starts a command that serves agents on a port that it chooses, and waits until it does.
    pub(crate) fn start(command: Command) -> Self {
        Self::start_at(command, "agents (")
    }

    /// Starts any server, whose answers to operators are then asked for.
    pub(crate) fn start_for_operators(command: Command) -> Self {
        Self::start_at(command, "for operators: ")
    }

    /// Starts a command, and waits for the line, in a log of JSON perhaps, that has this before the address.
    fn start_at(mut command: Command, line: &'static str) -> Self {
        let mut child = command.spawn().unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let (found, address) = sync_channel(1);
        let (stderr, into) = (child.stderr.take().unwrap(), Arc::clone(&said));
        thread::spawn(move || read_on(stderr, &into, line, &found));
        let address = address.recv().unwrap_or_else(|_| {
            child.wait().unwrap();
            panic!("it does not serve: {}", said.lock().unwrap())
        });
        Self {
            child,
            address,
            said,
            token: "",
        }
    }

    /// Sends a token with each call from now on.
    pub(crate) fn call_with(&mut self, token: &'static str) {
        self.token = token;
    }

    /// Returns what it wrote on standard error so far.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns where it listens, if callers were told of another address.
    pub(crate) fn listens(&self) -> SocketAddr {
        let said = self.said();
        let told = said
            .lines()
            .find_map(|line| line.strip_prefix("listening on "));
        told.unwrap().parse().unwrap()
    }

    /// Returns where operators look, which is said before it serves.
    pub(crate) fn operators(&self) -> SocketAddr {
        let said = self.said();
        let (_, rest) = said.split_once("for operators: http://").unwrap();
        rest.split('/').next().unwrap().parse().unwrap()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end, which it does; returns its exit code.
    pub(crate) fn terminate(&mut self) -> Option<i32> {
        let pid = self.pid().to_string();
        let kill = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(kill.unwrap().success());
        self.child.wait().unwrap().code()
    }

    /// Sends a request and returns the status and the whole answer.
    pub(crate) async fn http(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let (head, body) = self.answer(method, path, body).await;
        (status(&head), body)
    }

    /// Sends a request and returns the head and the body of the whole answer.
    pub(crate) async fn answer(&self, method: &str, path: &str, body: &str) -> (String, String) {
        let mut stream = self.send(method, path, body).await;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), body.to_owned())
    }

    /// Version 1.0 of HTTP ends an answer with the connection, and needs no more than this.
    async fn send(&self, method: &str, path: &str, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let token = match self.token {
            "" => String::new(),
            token => format!("Authorization: Bearer {token}\r\n"),
        };
        let head = format!(
            "{method} {path} HTTP/1.0\r\nHost: {}\r\nA2A-Version: 1.0\r\nContent-Type: application/json\r\n\
             {token}Content-Length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body.as_bytes()).await.unwrap();
        stream
    }

    /// Calls a method and returns the whole answer.
    pub(crate) async fn ask(&self, method: &str, params: &Value) -> Value {
        let (_, body) = self.http("POST", RPC, &request(method, params)).await;
        serde_json::from_str(&body).unwrap_or_else(|_| panic!("{body}"))
    }

    /// Calls a method and returns its result.
    pub(crate) async fn call(&self, method: &str, params: &Value) -> Value {
        let answer = self.ask(method, params).await;
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    /// Asks for a crawl, and returns the task's id without waiting for its end.
    pub(crate) async fn crawl(&self, shops: &[String]) -> String {
        let request =
            json!({"schema": "crawl-request/1", "skill": "crawl-catalog", "stores": shops});
        self.begin(&request).await
    }

    /// Asks for work, and returns the task's id without waiting for its end.
    pub(crate) async fn begin(&self, request: &Value) -> String {
        let params = json!({
            "message": {
                "messageId": "m-1",
                "role": "ROLE_USER",
                "parts": [{"data": request, "mediaType": "application/json"}],
            },
            "configuration": {"returnImmediately": true},
        });
        let result = self.call("SendMessage", &params).await;
        let id = result["task"]["id"].as_str();
        id.unwrap_or_else(|| panic!("no task: {result}")).to_owned()
    }

    pub(crate) async fn task(&self, id: &str) -> Value {
        self.call("GetTask", &json!({ "id": id })).await
    }

    pub(crate) async fn cancel(&self, id: &str) -> Value {
        self.call("CancelTask", &json!({ "id": id })).await
    }

    /// Returns the events of a task from now on.
    pub(crate) async fn subscribe(&self, id: &str) -> Events {
        let body = request("SubscribeToTask", &json!({ "id": id }));
        let stream = self.send("POST", RPC, &body).await;
        let mut lines = tokio::io::BufReader::new(stream).lines();
        let head = lines.next_line().await.unwrap().unwrap();
        assert_eq!(status(&head), 200, "{head}");
        Events { lines }
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Where JSON-RPC is served.
const RPC: &str = "/a2a/v1";

fn request(method: &str, params: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string()
}

fn status(head: &str) -> u16 {
    let status = head.split(' ').nth(1).and_then(|it| it.parse().ok());
    status.unwrap_or_else(|| panic!("{head}"))
}

/// Tells where it serves, and reads on, so that it can always write.
fn read_on(
    stderr: ChildStderr,
    said: &Mutex<String>,
    telling: &str,
    found: &SyncSender<SocketAddr>,
) {
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        said.lock().unwrap().push_str(&format!("{line}\n"));
        let address = line.split_once(telling).and_then(|(_, rest)| {
            let (_, rest) = rest.split_once("http://")?;
            rest.split('/').next()?.parse().ok()
        });
        if let Some(address) = address {
            found.try_send(address).ok();
        }
    }
}

/// A stream of events.
#[derive(Debug)]
pub(crate) struct Events {
    lines: tokio::io::Lines<tokio::io::BufReader<TcpStream>>,
}

/// An event as it was told.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    /// Its number.
    pub(crate) seq: u64,
    /// The state that it says; none for an artifact.
    pub(crate) state: Option<String>,
}

impl Events {
    /// Returns the next event; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        while let Some(line) = self.lines.next_line().await.ok()? {
            if let Some(data) = line.strip_prefix("data:") {
                return Some(event(data));
            }
        }
        None
    }

    /// Returns all events to the end of the stream.
    pub(crate) async fn collect(mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }
}

fn event(data: &str) -> Event {
    let answer: Value = serde_json::from_str(data).unwrap();
    let result = answer["result"].as_object();
    let (_, inner) = result
        .and_then(|it| it.iter().next())
        .unwrap_or_else(|| panic!("{answer}"));
    let mut metadata = inner["metadata"].as_object().into_iter().flatten();
    let seq = metadata.find(|(name, _)| name.ends_with(SEQ));
    let seq = seq.and_then(|(_, seq)| seq.as_f64());
    let state = inner["status"]["state"].as_str();
    Event {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a small count, which travels as any number of JSON"
        )]
        seq: seq.unwrap_or_else(|| panic!("no number: {answer}")) as u64,
        state: state.map(str::to_owned),
    }
}

/// Checks that every number was told once, in order, up to the end of the task; returns the last state.
pub(crate) fn assert_gap_free(events: &[Event]) -> &str {
    let seqs: Vec<u64> = events.iter().map(|it| it.seq).collect();
    let in_row: Vec<u64> = (seqs[0]..).take(seqs.len()).collect();
    assert_eq!(seqs, in_row);
    let last = events.iter().rev().find_map(|it| it.state.as_deref());
    last.unwrap_or_default()
}
