//! Servers of assistants that are replaced, and a client that is led to those that are ready, as a Service leads it.

use std::collections::BTreeMap;
use std::io::{Error, ErrorKind, Result};
use std::mem::replace;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::agents::until;
use crate::mcp::assistant::call;
use crate::mcp::endpoint::{Endpoint, message, request};
use crate::program::Home;

const N_SERVERS: usize = 2;

/// The client's pace: often enough that calls meet every step of a replacement.
const BETWEEN_CALLS: Duration = Duration::from_millis(20);

/// For how long a server that is to end takes calls of whoever does not know it yet.
const LINGER_SECONDS: &str = "2";

/// What became of the client's calls.
#[derive(Debug, Default, Clone)]
pub(super) struct Calls {
    pub(super) n_answered: usize,
    by_server: BTreeMap<SocketAddr, usize>,
    pub(super) failures: Vec<String>,
}

/// Servers on one store with one client.
pub(super) struct Assistants<'a> {
    home: &'a Home,
    store: &'a str,
    servers: Vec<Endpoint>,
    service: Arc<Service>,
    stop: CancellationToken,
    client: JoinSet<()>,
}

/// What leads the client to servers.
#[derive(Debug, Default)]
struct Service {
    servers: Mutex<Vec<Server>>,
    calls: Mutex<Calls>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Server {
    address: SocketAddr,
    operators: SocketAddr,
}

impl<'a> Assistants<'a> {
    /// Starts servers on a store that has shops, and the client that calls them again and again.
    pub(super) async fn start(home: &'a Home, store: &'a str) -> Self {
        let mut assistants = Self {
            home,
            store,
            servers: Vec::new(),
            service: Arc::default(),
            stop: CancellationToken::new(),
            client: JoinSet::new(),
        };
        for _ in 0..N_SERVERS {
            let server = assistants.one_more().await;
            assistants.servers.push(server);
        }
        let (service, stop) = (Arc::clone(&assistants.service), assistants.stop.clone());
        assistants.client.spawn(async move {
            stop.run_until_cancelled(service.call_again_and_again())
                .await;
        });
        assistants
    }

    /// Replaces each server: the next one is ready, and known, before it is asked to end.
    pub(super) async fn replace_all(&mut self) {
        for n in 0..N_SERVERS {
            let new = self.one_more().await;
            let mut old = replace(&mut self.servers[n], new);
            assert_eq!(old.terminate(), Some(0), "{}", old.said());
            let servers = &self.service.servers;
            servers
                .lock()
                .unwrap()
                .retain(|it| it.address != old.address());
            let new = self.servers[n].address();
            until("the new server is called", async || {
                let calls = self.service.calls.lock().unwrap();
                calls.by_server.contains_key(&new)
            })
            .await;
        }
    }

    /// Ends the client, and returns what became of its calls.
    pub(super) async fn end(mut self) -> Calls {
        self.stop.cancel();
        while let Some(ended) = self.client.join_next().await {
            ended.unwrap();
        }
        self.service.calls.lock().unwrap().clone()
    }

    /// Starts a server; the client knows it as soon as it is ready.
    async fn one_more(&self) -> Endpoint {
        let endpoint = start(self.home, self.store);
        let operators = || endpoint.operators();
        until("it says where operators look", async || {
            operators().is_some()
        })
        .await;
        let server = Server {
            address: endpoint.address(),
            operators: operators().unwrap(),
        };
        until("it is ready", async || server.is_ready().await).await;
        self.service.servers.lock().unwrap().push(server);
        endpoint
    }
}

/// Starts a server of assistants who call as often as they like.
pub(super) fn start(home: &Home, store: &str) -> Endpoint {
    let mut command = home.command(["mcp", "--http", "127.0.0.1:0", "--ops", "127.0.0.1:0"]);
    command
        .args(["--store", store])
        .env("TROUVAILLE__MCP__CALLS_PER_SECOND", "1000")
        .env("TROUVAILLE__MCP__BURST", "1000")
        .env("TROUVAILLE__HTTP__LINGER_SECONDS", LINGER_SECONDS);
    Endpoint::start(command)
}

impl Service {
    async fn call_again_and_again(&self) {
        let mut pace = tokio::time::interval(BETWEEN_CALLS);
        for turn in 0.. {
            pace.tick().await;
            let called = self.call(turn).await;
            let mut calls = self.calls.lock().unwrap();
            match called {
                Ok(server) => {
                    calls.n_answered += 1;
                    *calls.by_server.entry(server.address).or_default() += 1;
                }
                Err(why) => calls.failures.push(why.to_string()),
            }
        }
    }

    /// Calls the first server that is ready, where each turn begins with the next one.
    async fn call(&self, turn: usize) -> Result<Server> {
        let mut servers = self.servers.lock().unwrap().clone();
        let n_servers = servers.len();
        servers.rotate_left(turn % n_servers);
        for server in servers {
            if server.is_ready().await {
                server.call().await?;
                return Ok(server);
            }
        }
        Err(Error::other("nobody is ready"))
    }
}

impl Server {
    async fn is_ready(self) -> bool {
        let head = format!("GET /readyz HTTP/1.0\r\nHost: {}\r\n\r\n", self.operators);
        let answer = exchange(self.operators, &head).await;
        answer.is_ok_and(|(status, _)| status == 200)
    }

    async fn call(self) -> Result<()> {
        let body = message("tools/call", &call("list_shops", &json!({})));
        let (status, body) = exchange(self.address, &request(self.address, "", &body)).await?;
        let answer: Value = serde_json::from_str(&body).unwrap_or_default();
        let result = &answer["result"];
        match status == 200 && result["structuredContent"].is_object() && result["isError"] != true
        {
            true => Ok(()),
            false => Err(Error::other(format!("{status}: {body}"))),
        }
    }
}

/// Sends a request and returns the status and the body of the whole answer.
async fn exchange(address: SocketAddr, request: &str) -> Result<(u16, String)> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let split = || {
        let (head, body) = answer.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
    };
    split().ok_or_else(|| Error::new(ErrorKind::UnexpectedEof, format!("cut off: {answer}")))
}
