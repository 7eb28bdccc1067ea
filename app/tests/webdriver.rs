//! A headless Chromium, driven through chromedriver's HTTP interface (the W3C's `WebDriver`), for tests that need a browser.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

/// The variables with the paths of both programs.
const DRIVER: &str = "TEST_CHROMEDRIVER";
const CHROMIUM: &str = "TEST_CHROMIUM";

/// Beyond this a browser hangs.
const PATIENCE: Duration = Duration::from_secs(50);

/// What the standard calls an element in JSON.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser with one page, which ends with it.
#[derive(Debug)]
pub(crate) struct Browser {
    driver: Child,
    port: u16,
    session: String,
    /// Chromium is not in the driver's process group and outlives it when it is killed.
    chromium: Option<u64>,
    _profile: TempDir,
}

impl Browser {
    /// Starts a browser that asks nobody for anything of its own accord.
    pub(crate) fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut driver = Command::new(variable(DRIVER))
            .arg("--port=0")
            .env("HOME", profile.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let port = port(&mut driver);
        let mut browser = Self {
            driver,
            port,
            session: String::new(),
            chromium: None,
            _profile: profile,
        };
        browser.open_session();
        browser
    }

    fn open_session(&mut self) {
        let profile = format!("--user-data-dir={}", self._profile.path().display());
        let args = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            &profile,
        ];
        let answer = self.ask(
            "POST",
            "/session",
            &json!({ "capabilities": { "alwaysMatch": {
                "goog:chromeOptions": { "binary": variable(CHROMIUM), "args": args },
                "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
            } } }),
        );
        self.session = answer["sessionId"].as_str().unwrap().to_owned();
        self.chromium = answer["capabilities"]["goog:processID"].as_u64();
    }

    /// Opens a file, and waits until it is there.
    pub(crate) fn open(&self, file: &Path) {
        self.post(
            "url",
            &json!({ "url": format!("file://{}", file.display()) }),
        );
    }

    /// Runs the body of a function, and returns what it returns.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.post("execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Clicks the element that a selector names, as a reader would: it must be visible.
    pub(crate) fn click(&self, selector: &str) {
        let element = self.element(selector);
        self.post(&format!("element/{element}/click"), &json!({}));
    }

    /// Types into the element that a selector names.
    pub(crate) fn type_into(&self, selector: &str, text: &str) {
        let element = self.element(selector);
        self.post(
            &format!("element/{element}/value"),
            &json!({ "text": text }),
        );
    }

    /// Sends a command of Chromium's own protocol.
    pub(crate) fn devtools(&self, command: &str, parameters: &Value) {
        self.post(
            "goog/cdp/execute",
            &json!({ "cmd": command, "params": parameters }),
        );
    }

    /// Returns what the console has said since the last call: errors, warnings, violations of the policy.
    pub(crate) fn console(&self) -> Vec<Value> {
        let log = self.post("se/log", &json!({ "type": "browser" }));
        log.as_array().unwrap().clone()
    }

    /// Returns the addresses of all that pages opened from files have asked for since the last call.
    pub(crate) fn requests(&self) -> Vec<String> {
        let log = self.post("se/log", &json!({ "type": "performance" }));
        let events = log.as_array().unwrap().iter().map(|entry| {
            let event: Value = serde_json::from_str(entry["message"].as_str().unwrap()).unwrap();
            event["message"].clone()
        });
        let requests = events.filter(|it| it["method"] == "Network.requestWillBeSent");
        // The browser's own first page asks for much, of the browser itself.
        let is_ours = |it: &Value| {
            it["params"]["documentURL"]
                .as_str()
                .unwrap()
                .starts_with("file:")
        };
        requests
            .filter(is_ours)
            .map(|it| it["params"]["request"]["url"].as_str().unwrap().to_owned())
            .collect()
    }

    fn element(&self, selector: &str) -> String {
        let wanted = json!({ "using": "css selector", "value": selector });
        let element = self.post("element", &wanted);
        element[ELEMENT].as_str().unwrap().to_owned()
    }

    fn post(&self, command: &str, body: &Value) -> Value {
        self.ask(
            "POST",
            &format!("/session/{}/{command}", self.session),
            body,
        )
    }

    /// Sends a command and returns the answer's value.
    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = exchange(self.port, method, path, &body.to_string());
        let mut answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(status, 200, "{method} {path} {body}: {answer:#}");
        answer["value"].take()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Told to end, the browser tidies up after itself; if it does not hear that, it is killed.
        if !self.session.is_empty() {
            let path = format!("/session/{}", self.session);
            drop(try_exchange(self.port, "DELETE", &path, ""));
        }
        if let Some(pid) = self.chromium {
            let mut kill = Command::new("kill");
            kill.args(["-KILL", &pid.to_string()]).stderr(Stdio::null());
            kill.status().ok();
        }
        self.driver.kill().ok();
        self.driver.wait().ok();
    }
}

/// Returns the port that the driver says it listens on, and reads on, so that it can always write.
fn port(driver: &mut Child) -> u16 {
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    let port = loop {
        let line = lines.next().expect("chromedriver says its port").unwrap();
        let Some((_, port)) = line.split_once("started successfully on port ") else {
            continue;
        };
        break port.trim_end_matches('.').parse().unwrap();
    };
    thread::spawn(move || lines.for_each(drop));
    port
}

fn exchange(port: u16, method: &str, path: &str, body: &str) -> (u16, String) {
    try_exchange(port, method, path, body).unwrap_or_else(|error| {
        panic!("chromedriver does not answer to {method} {path}: {error}");
    })
}

/// Sends one request over a connection of its own, and returns the answer's status and body.
fn try_exchange(port: u16, method: &str, path: &str, body: &str) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|it| it.parse().ok());
    let mut n_bytes = 0;
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        if name.eq_ignore_ascii_case("content-length") {
            n_bytes = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; n_bytes];
    reader.read_exact(&mut body)?;
    let body = String::from_utf8(body).map_err(std::io::Error::other)?;
    Ok((status.unwrap_or(0), body))
}

/// Returns the value of a variable that `scripts/test` sets.
#[expect(
    clippy::disallowed_methods,
    reason = "how scripts/test says where the browser is"
)]
fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!(
            "{name} is not set: run ./scripts/test, or eval \"$(scripts/chromium find)\" before this test"
        )
    })
}
