//! A way to a server that can be cut off.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Open,
    /// Connections stay, and nothing comes through.
    Frozen,
    /// Every connection is closed at once.
    Closed,
}

/// Ends with the test that owns it.
pub(super) struct Proxy {
    pub(super) address: SocketAddr,
    pub(super) way: watch::Sender<Way>,
    n_turned_away: watch::Receiver<usize>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    pub(super) async fn before(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (way, turned) = (watch::Sender::new(Way::Open), watch::Sender::new(0));
        let n_turned_away = turned.subscribe();
        let (ways, server) = (way.clone(), server.to_owned());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            let n_turned = Arc::new(AtomicUsize::new(0));
            loop {
                let (client, _) = listener.accept().await.unwrap();
                if *ways.borrow() == Way::Closed {
                    turned.send_replace(n_turned.fetch_add(1, Ordering::Relaxed) + 1);
                    continue;
                }
                connections.spawn(pass_on(client, server.clone(), ways.subscribe()));
            }
        });
        Self {
            address,
            way,
            n_turned_away,
            _tasks: tasks,
        }
    }

    /// Waits until somebody was turned away.
    pub(super) async fn has_turned_away(&self) {
        self.n_turned_away
            .clone()
            .wait_for(|n| *n > 0)
            .await
            .unwrap();
    }
}

async fn pass_on(client: TcpStream, server: String, mut way: watch::Receiver<Way>) {
    let server = TcpStream::connect(server).await.unwrap();
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let there = copy(from_client, to_server, way.clone());
    let back = copy(from_server, to_client, way.clone());
    tokio::select! {
        () = there => {}
        () = back => {}
        _ = way.wait_for(|way| *way == Way::Closed) => {}
    }
}

async fn copy(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut way: watch::Receiver<Way>,
) {
    let mut buffer = vec![0; 65_536];
    while let Ok(n) = from.read(&mut buffer).await
        && n > 0
        && way.wait_for(|way| *way == Way::Open).await.is_ok()
        && to.write_all(&buffer[..n]).await.is_ok()
    {}
}
