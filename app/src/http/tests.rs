//! Listeners as callers meet them: over a socket, byte by byte.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::http::header::AUTHORIZATION;
use axum::routing::{any, get};
use catalog::Principal;
use futures_util::{StreamExt, stream};
use metrics::LocalRecorderGuard;
use ring::digest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::figures::{self, Figures};

fn config(tokens: &str, more: &str) -> HttpConfig {
    let text = format!(
        "tokens = [{tokens}]\nmax_connections = 8\nlinger_seconds = 0\ndrain_seconds = 5\n"
    );
    let mut table: toml::Table = text.parse().unwrap();
    table.extend(more.parse::<toml::Table>().unwrap());
    table.try_into().unwrap()
}

fn token(caller: &str, token: &str) -> String {
    let hash = digest::digest(&digest::SHA256, token.as_bytes());
    let hex: String = hash.as_ref().iter().map(|it| format!("{it:02x}")).collect();
    format!("{{ caller = '{caller}', sha256 = '{hex}' }},")
}

/// Answers with what a room is told of who calls.
async fn who(request: Request) -> String {
    let caller = request.extensions().get::<Principal>();
    let caller = caller.map_or("nobody", |it| it.id.as_str());
    let has_token = request.headers().contains_key(AUTHORIZATION);
    format!("{caller}{}", if has_token { " with a token" } else { "" })
}

/// A server that ends with its test.
struct Server {
    address: SocketAddr,
    cancel: CancellationToken,
    /// What it counts, on this thread.
    figures: Figures,
    _counts: LocalRecorderGuard<'static>,
    running: JoinSet<()>,
}

impl Server {
    async fn start(config: HttpConfig) -> Self {
        let endless = || stream::iter(["data: 1\n\n"]).chain(stream::pending());
        let events = move || async move {
            let body = Body::from_stream(endless().map(Ok::<_, std::io::Error>));
            ([(CONTENT_TYPE, "text/event-stream")], body)
        };
        let router = Router::new()
            .route("/events", get(events))
            .fallback(any(who));
        let auth = Auth::from_config(&config);
        let address = "127.0.0.1:0".parse().unwrap();
        let listener = bind("--listen", address, &auth).await.unwrap();
        let address = listener.local_addr().unwrap();
        let cancel = CancellationToken::new();
        let (recorder, figures) = figures::recorder();
        let counts = metrics::set_default_local_recorder(Box::leak(Box::new(recorder)));
        let mut running = JoinSet::new();
        let until = cancel.clone();
        running.spawn(async move {
            let public = Router::new().route("/for-all", get(async || "for all"));
            let routers = (router, public);
            run(listener, routers, &auth, &config, &until).await;
        });
        Self {
            address,
            cancel,
            figures,
            _counts: counts,
            running,
        }
    }

    async fn send(&self, line: &str, headers: &[&str]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let headers = headers.join("\r\n");
        let head = format!("{line} HTTP/1.1\r\nConnection: close\r\n{headers}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        stream
    }

    /// Returns the status and the whole answer.
    async fn ask(&self, line: &str, headers: &[&str]) -> (u16, String) {
        let mut stream = self.send(line, headers).await;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer)
    }
}

#[tokio::test]
async fn what_is_for_everybody_asks_for_no_token_and_no_name() {
    for tokens in ["".to_owned(), token("alice", "s")] {
        let server = Server::start(config(&tokens, "")).await;
        let elsewhere = ["Host: operator.example"];
        let (status, answer) = server.ask("GET /for-all", &elsewhere).await;
        assert_eq!(status, 200, "{answer}");
        assert!(answer.ends_with("for all"), "{answer}");
        let (status, answer) = server.ask("GET /other", &elsewhere).await;
        assert!(matches!(status, 401 | 403), "{answer}");
    }
}

#[tokio::test]
async fn an_address_for_others_is_refused_without_tokens() {
    let open = Auth::from_config(&config("", ""));
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let address = address.parse().unwrap();
        let error = bind("--listen", address, &open).await.unwrap_err();
        let error = error.downcast::<UsageError>().unwrap().to_string();
        assert!(
            error.contains("http.tokens") && error.contains("127.0.0.1"),
            "{error}"
        );
    }
    let closed = Auth::from_config(&config(&token("alice", "a"), ""));
    let address = "0.0.0.0:0".parse().unwrap();
    bind("--listen", address, &closed).await.unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let error = bind("--listen", address, &open).await.unwrap_err();
    assert!(error.to_string().contains("cannot listen on --listen"));
}

#[tokio::test]
async fn a_token_says_who_calls_and_goes_no_further() {
    let tokens = token("alice", "a-1") + &token("bob", "b-1") + &token("alice", "a-2");
    let server = Server::start(config(&tokens, "")).await;
    for (authorization, caller) in [
        ("Bearer a-1", "alice"),
        ("bearer b-1", "bob"),
        ("BEARER  a-2 ", "alice"),
    ] {
        let header = format!("Authorization: {authorization}");
        let (status, answer) = server.ask("POST /x", &["Host: any.example", &header]).await;
        assert_eq!(status, 200);
        assert!(answer.ends_with(&format!("\r\n\r\n{caller}")), "{answer}");
    }
}

#[tokio::test]
async fn without_a_valid_token_nothing_is_answered_but_the_card() {
    let server = Server::start(config(&token("alice", "a-1"), "")).await;
    for headers in [
        &["Host: h"][..],
        &["Host: h", "Authorization: Bearer a-2"],
        &["Host: h", "Authorization: Bearer"],
        &["Host: h", "Authorization: Bearer a-1 a-1"],
        &["Host: h", "Authorization: Basic a-1"],
        &["Host: h", "Authorization: a-1"],
        &["Host: h", "Authorization: Bearer \u{e9}"],
        &[
            "Host: h",
            "Authorization: Bearer a-1",
            "Authorization: Bearer a-1",
        ],
    ] {
        let (status, answer) = server.ask("GET /a2a/rest/tasks", headers).await;
        let answer = answer.to_ascii_lowercase();
        assert_eq!(status, 401, "{headers:?}");
        assert!(answer.contains("www-authenticate: bearer"), "{answer}");
        assert!(answer.contains("\"unauthenticated\"") && !answer.contains("a-1"));
    }
    let card = "/.well-known/agent-card.json";
    for (line, status) in [
        (format!("GET {card}"), 200),
        (format!("HEAD {card}"), 200),
        (format!("GET /agents/shopify{card}"), 200),
        (format!("POST {card}"), 401),
        (format!("GET /agents/a/b{card}"), 401),
        (format!("GET /a2a/rest/tasks{card}"), 401),
        (format!("GET /agents/../a2a{card}"), 401),
        ("GET /.well-known/agent-card.json/x".to_owned(), 401),
    ] {
        let (found, _) = server.ask(&line, &["Host: h"]).await;
        assert_eq!(found, status, "{line}");
    }
    let (_, answer) = server.ask(&format!("GET {card}"), &["Host: h"]).await;
    assert!(answer.ends_with("nobody"));
}

#[tokio::test]
async fn without_tokens_no_web_page_from_elsewhere_gets_through() {
    let server = Server::start(config("", "")).await;
    let own = format!("Host: {}", server.address);
    for (headers, status) in [
        (&[own.as_str()][..], 200),
        (&["Host: localhost"], 200),
        (&["Host: [::1]:80"], 200),
        (&[own.as_str(), "Origin: http://localhost:3000"], 200),
        (&[], 403),
        (&["Host:"], 403),
        (&["Host: rebound.example"], 403),
        (&["Host: 127.0.0.1.rebound.example:80"], 403),
        (&[own.as_str(), "Origin: https://evil.example"], 403),
        (
            &[own.as_str(), "Origin: https://localhost.evil.example"],
            403,
        ),
        (&[own.as_str(), "Origin: null"], 403),
        (
            &[
                own.as_str(),
                "Origin: http://localhost",
                "Origin: http://localhost",
            ],
            403,
        ),
    ] {
        let (found, answer) = server.ask("POST /a2a/v1", headers).await;
        assert_eq!(found, status, "{headers:?} {answer}");
        assert_eq!(answer.contains("PERMISSION_DENIED"), status == 403);
    }
    let (status, _) = server.ask("GET http://rebound.example/", &[&own]).await;
    assert_eq!(status, 403);
}

#[tokio::test]
async fn at_the_end_event_streams_end_and_others_may_finish() {
    let mut server = Server::start(config("", "")).await;
    let own = format!("Host: {}", server.address);
    let mut events = server.send("GET /events", &[&own]).await;
    let mut begun = vec![0; 4096];
    let mut n_bytes = 0;
    while !begun[..n_bytes].ends_with(b"data: 1\n\n\r\n") {
        n_bytes += events.read(&mut begun[n_bytes..]).await.unwrap();
    }
    server.cancel.cancel();
    let mut rest = String::new();
    events.read_to_string(&mut rest).await.unwrap();
    // The last chunk: the stream ended, it was not cut.
    assert_eq!(rest, "0\r\n\r\n");
    server.running.join_next().await.unwrap().unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_is_cut_at_the_end() {
    let mut server = Server::start(config("", "drain_seconds = 0.5")).await;
    let mut half = TcpStream::connect(server.address).await.unwrap();
    half.write_all(b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Le")
        .await
        .unwrap();
    server.cancel.cancel();
    server.running.join_next().await.unwrap().unwrap();
    assert_eq!(half.read(&mut [0]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn more_connections_than_allowed_wait_their_turn() {
    let server = Server::start(config("", "max_connections = 1")).await;
    let own = format!("Host: {}", server.address);
    let mut held = server.send("GET /events", &[&own]).await;
    held.read_exact(&mut [0; 16]).await.unwrap();
    let mut waiting = server.send("GET /x", &[&own]).await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    let counted = "{operation=\"other\",code=\"200\"} 1\n";
    assert!(server.figures.text().contains(counted));
    drop(held);
    let mut answer = String::new();
    waiting.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn requests_are_counted_by_what_became_of_them() {
    let server = Server::start(config(&token("alice", "a"), "")).await;
    server.ask("GET /x", &["Host: h"]).await;
    server
        .ask("GET /x", &["Host: h", "Authorization: Bearer a"])
        .await;
    let text = server.figures.text();
    for code in ["200", "401"] {
        let line =
            format!("trouvaille_http_requests_total{{operation=\"other\",code=\"{code}\"}} 1\n");
        assert!(text.contains(&line), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_still_calls_while_the_program_lingers_is_answered_and_sent_elsewhere() {
    let mut server = Server::start(config("", "linger_seconds = 5")).await;
    let own = format!("Host: {}", server.address);
    let mut events = server.send("GET /events", &[&own]).await;
    events.read_exact(&mut [0; 16]).await.unwrap();
    server.cancel.cancel();
    tokio::task::yield_now().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = format!("GET /x HTTP/1.1\r\n{own}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    // The connection ends though nobody asked for that.
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    let mut rest = String::new();
    events.read_to_string(&mut rest).await.unwrap();
    server.running.join_next().await.unwrap().unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}
