//! A way to an agent that can be cut while something is on it.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Ends with the test that owns it.
#[derive(Debug)]
pub(super) struct Cuttable {
    address: SocketAddr,
    target: watch::Sender<Option<SocketAddr>>,
    n_cuts: watch::Sender<usize>,
    _tasks: JoinSet<()>,
}

impl Cuttable {
    /// Returns a way that leads nowhere yet.
    pub(super) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (target, n_cuts) = (watch::Sender::new(None), watch::Sender::new(0));
        let (targets, cuts) = (target.subscribe(), n_cuts.clone());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (client, _) = listener.accept().await.unwrap();
                if let Some(target) = *targets.borrow() {
                    connections.spawn(pass_on(client, target, cuts.subscribe()));
                }
            }
        });
        Self {
            address,
            target,
            n_cuts,
            _tasks: tasks,
        }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn lead_to(&self, target: SocketAddr) {
        self.target.send_replace(Some(target));
    }

    /// Ends all connections that there are, in the middle of whatever they carry.
    pub(super) fn cut(&self) {
        self.n_cuts.send_modify(|n| *n += 1);
    }
}

async fn pass_on(mut client: TcpStream, target: SocketAddr, mut cuts: watch::Receiver<usize>) {
    let Ok(mut agent) = TcpStream::connect(target).await else {
        return;
    };
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut agent) => {}
        _ = cuts.changed() => {}
    }
}
