//! A server of assistants over HTTP, called over plain sockets.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

use super::assistant::call;

/// A running server; it is killed with its handle.
#[derive(Debug)]
pub(crate) struct Endpoint {
    child: Child,
    address: SocketAddr,
    said: Arc<Mutex<String>>,
}

/// An answer of HTTP.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Endpoint {
    /// Starts a command that serves assistants on a port that it chooses, and waits until it does.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::null()).spawn().unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let (found, address) = sync_channel(1);
        let (stderr, into) = (child.stderr.take().unwrap(), Arc::clone(&said));
        thread::spawn(move || read_on(stderr, &into, &found));
        let address = address.recv().unwrap_or_else(|_| {
            child.wait().unwrap();
            panic!("it does not serve: {}", said.lock().unwrap())
        });
        Self {
            child,
            address,
            said,
        }
    }

    /// Returns what it wrote on standard error so far.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns where operators look, once it was said.
    pub(crate) fn operators(&self) -> Option<SocketAddr> {
        let said = self.said();
        let (_, rest) = said.split_once("for operators: http://")?;
        rest.split('/').next()?.parse().ok()
    }

    /// Sends a request of an older revision; `token` may be empty.
    pub(crate) fn post(&self, token: &str, body: &Value) -> Answer {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let request = request(self.address, token, body);
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    /// Sends a request and returns its result.
    pub(crate) fn ask(&self, token: &str, method: &str, params: &Value) -> Value {
        let request = message(method, params);
        let answer = self.post(token, &request);
        assert_eq!(answer.status, 200, "{answer:?}");
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        assert!(body["result"].is_object(), "{body}");
        body["result"].clone()
    }

    /// Calls a tool and returns its result.
    pub(crate) fn call(&self, token: &str, tool: &str, arguments: &Value) -> Value {
        self.ask(token, "tools/call", &call(tool, arguments))
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end, which it does; returns its exit code.
    pub(crate) fn terminate(&mut self) -> Option<i32> {
        super::terminate(self.child.id());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Returns the message that calls a method.
pub(crate) fn message(method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
}

/// Returns a message as it is sent, with a token that may be empty.
pub(crate) fn request(server: SocketAddr, token: &str, body: &Value) -> String {
    let body = body.to_string();
    let token = match token {
        "" => String::new(),
        token => format!("Authorization: Bearer {token}\r\n"),
    };
    format!(
        "POST /mcp HTTP/1.0\r\nHost: {server}\r\nContent-Type: application/json\r\nAccept: application/json, \
         text/event-stream\r\nMCP-Protocol-Version: 2025-11-25\r\n{token}Content-Length: {}\r\n\r\n{body}",
        body.len(),
    )
}

/// Tells where it serves, and reads on, so that it can always write.
fn read_on(stderr: ChildStderr, said: &Mutex<String>, found: &SyncSender<SocketAddr>) {
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        said.lock().unwrap().push_str(&format!("{line}\n"));
        let address = line
            .split_once("http://")
            .and_then(|(_, rest)| rest.split('/').next()?.parse().ok());
        if let (true, Some(address)) = (line.starts_with("assistants ("), address) {
            found.try_send(address).ok();
        }
    }
}
