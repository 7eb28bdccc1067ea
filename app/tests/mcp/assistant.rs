//! An assistant's client, over standard input and output: what it sends and reads is written by hand here.

use std::fmt::Display;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

/// The newest revision of the protocol, which has no handshake.
const NEWEST: &str = "2026-07-28";

/// A server that the client started, and talks to alone.
#[derive(Debug)]
pub(crate) struct Assistant {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    n_sent: u64,
    /// Whether it said hello, as clients of older revisions do.
    is_old: bool,
}

impl Assistant {
    /// Starts a server for a client of the newest revision.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        Self {
            input: child.stdin.take(),
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
            n_sent: 0,
            is_old: false,
        }
    }

    /// Starts a server for a client of an older revision.
    pub(crate) fn start_old(command: Command) -> Self {
        let mut assistant = Self::start(command);
        assistant.is_old = true;
        let hello = json!({
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        });
        let welcome = assistant.ask("initialize", hello);
        assert_eq!(welcome["result"]["protocolVersion"], "2025-06-18");
        assistant.send(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        assistant
    }

    /// Sends a request and returns the whole answer.
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Value {
        self.n_sent += 1;
        let id = self.n_sent;
        let params = if self.is_old {
            params
        } else {
            with_meta(params)
        };
        self.send(json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        let answer = self.receive();
        assert_eq!(answer["id"], id, "{answer}");
        answer
    }

    /// Reads the next line.
    pub(crate) fn receive(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line:?}"))
    }

    /// Calls a tool and returns its result.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "tests write the arguments in place"
    )]
    pub(crate) fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let answer = self.ask("tools/call", call(tool, &arguments));
        assert!(answer["result"].is_object(), "{answer}");
        answer["result"].clone()
    }

    /// Sends a line.
    pub(crate) fn send(&mut self, message: impl Display) {
        writeln!(self.input.as_mut().unwrap(), "{message}").unwrap();
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Goes away, and returns the server's exit code and what it wrote on standard error.
    pub(crate) fn leave(mut self) -> (Option<i32>, String) {
        drop(self.input.take());
        self.ended()
    }

    /// Waits for the end of the server.
    pub(crate) fn ended(mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        stderr.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), said)
    }
}

impl Drop for Assistant {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Returns the parameters of a call.
pub(crate) fn call(tool: &str, arguments: &Value) -> Value {
    json!({"name": tool, "arguments": arguments})
}

/// Returns parameters as the newest revision has them.
pub(crate) fn with_meta(mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": NEWEST,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    });
    params
}

/// Returns what a tool's answer says, which its text repeats.
pub(crate) fn structured(result: &Value) -> Value {
    assert_ne!(result["isError"], true, "{result}");
    let text: Value = serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(text, result["structuredContent"]);
    text
}

/// Returns what a tool's error says.
pub(crate) fn error(result: &Value) -> Value {
    assert_eq!(result["isError"], true, "{result}");
    serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap()
}
