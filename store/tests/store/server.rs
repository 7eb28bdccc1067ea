//! A MongoDB test server of a test's own, which can be killed and started again on the same data and port.

use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use tempfile::TempDir;

/// The variable with the path of the server's program.
const PROGRAM: &str = "TEST_MONGODB_SERVER";

#[derive(Debug)]
pub(crate) struct Server {
    folder: TempDir,
    port: u16,
    child: Child,
}

impl Server {
    /// Starts a server without data.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Else it looks for one in other places.
        std::fs::write(folder.path().join("secantusd.toml"), "").unwrap();
        for attempt in 0..9 {
            // Below the ports that connections are given, so that nobody takes it while the server is away.
            let random = RandomState::new().hash_one(attempt) % 2_000;
            let port = 30_000 + u16::try_from(random).unwrap();
            if let Some(child) = run(&folder, port, &[]) {
                return Self {
                    folder,
                    port,
                    child,
                };
            }
        }
        panic!("no server starts");
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again after a kill.
    pub(crate) fn start_again(&mut self, flags: &[&str]) {
        self.child = run(&self.folder, self.port, flags).unwrap();
    }

    /// Returns the address of one of its databases.
    pub(crate) fn uri(&self, database: &str) -> String {
        format!("mongodb://127.0.0.1:{}/{database}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Returns the server's process once it listens; `None` if it ends before.
fn run(folder: &TempDir, port: u16, flags: &[&str]) -> Option<Child> {
    let (output, writer) = std::io::pipe().unwrap();
    let mut child = Command::new(variable(PROGRAM))
        .arg("--config")
        .arg(folder.path().join("secantusd.toml"))
        .args(["--host", "127.0.0.1", "--port", &port.to_string()])
        .arg("--storage-path")
        .arg(folder.path().join("data"))
        .args(["--sync-on-commit", "--enable-test-commands"])
        .args(flags)
        .stdin(Stdio::null())
        .stdout(writer.try_clone().unwrap())
        .stderr(writer)
        .spawn()
        .unwrap();
    let (listening, listens) = sync_channel(1);
    thread::spawn(move || read_on(BufReader::new(output), &listening));
    if listens.recv().is_err() {
        child.wait().unwrap();
        return None;
    }
    Some(child)
}

/// Tells when the server listens, and reads on, so that it can always write.
fn read_on(output: impl BufRead, listening: &SyncSender<()>) {
    for line in output.lines().map_while(Result::ok) {
        if line.contains("listening on") {
            listening.try_send(()).ok();
        }
    }
}

/// Returns the value of a variable that `scripts/test` sets. No test that needs a server passes without one.
#[expect(
    clippy::disallowed_methods,
    reason = "how scripts/test says where its servers are"
)]
pub(crate) fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!(
            "{name} is not set: run ./scripts/test, or eval \"$(scripts/mongodb start)\" before this test"
        )
    })
}
