//! What operators ask: is the process alive, can it work, and how much is there to do. Served on an address of its own,
//! to anybody who reaches it: no caller, task or shop is named.

use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use catalog::StoreError;
use mcp_server::{Data, Opened};
use metrics::gauge;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{listen, serve};
use crate::App;
use crate::config::HttpConfig;
use crate::figures::{AtWork, Figures, StoredFigures};

/// The longest wait for the store's answer.
const STORE_WAIT: Duration = Duration::from_secs(2);

/// The longest wait for its figures. Who scrapes waits for 10 s.
const FIGURES_WAIT: Duration = Duration::from_secs(5);

/// The pause between two times at which room is made for measured times.
const TIDY_PAUSE: Duration = Duration::from_secs(5);

/// How much older than the longest interval between two crawls a shop's last complete one may be.
const STALE_FACTOR: f64 = 1.5;

/// The argument of `--ops`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OpsAddress(pub(crate) Option<SocketAddr>);

impl FromStr for OpsAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self(None));
        }
        let address = text
            .parse()
            .map_err(|_| "expected an address such as 127.0.0.1:9900, or none".to_owned())?;
        Ok(Self(Some(address)))
    }
}

/// What the answers are made from.
#[derive(Debug, Clone)]
pub(crate) struct Ops {
    figures: Figures,
    data: Arc<Data>,
    stored: Arc<StoredFigures>,
    at_work: Arc<OnceLock<AtWork>>,
    /// Cancelled as soon as the process is asked to end: it takes no more work then.
    cancel: CancellationToken,
}

/// The answers to operators while they are given: from the start of the process, and to its end.
#[derive(Debug)]
pub(crate) struct Watch {
    at_work: Arc<OnceLock<AtWork>>,
    is_over: CancellationToken,
    running: JoinSet<()>,
}

/// Binds the address for operators, if there is to be one.
pub(crate) async fn bind(address: OpsAddress) -> anyhow::Result<Option<TcpListener>> {
    match address.0 {
        Some(address) => Ok(Some(listen("--ops", address).await?)),
        None => Ok(None),
    }
}

/// Returns a store that is told of later, and how.
pub(crate) fn opened_later() -> (watch::Sender<Option<Opened>>, Arc<Data>) {
    let (tell, told) = watch::channel(None);
    let open = move || {
        let mut told = told.clone();
        let opened = async move {
            let opened = told.wait_for(Option::is_some).await;
            match opened.ok().and_then(|it| it.clone()) {
                Some(opened) => Ok(opened),
                // Nobody tells any more: the process ends.
                None => std::future::pending().await,
            }
        };
        let opened: futures_util::future::BoxFuture<'static, Result<Opened, StoreError>> =
            Box::pin(opened);
        opened
    };
    (tell, Arc::new(Data::new(open)))
}

impl Watch {
    /// Answers operators from now on, if they have an address. Without one, nothing is counted.
    pub(crate) fn start(listener: Option<TcpListener>, data: Arc<Data>, app: &App) -> Self {
        let (at_work, is_over) = (Arc::default(), CancellationToken::new());
        let mut running = JoinSet::new();
        if let Some(listener) = listener {
            if let Ok(address) = listener.local_addr() {
                let where_to_look = format!("for operators: http://{address}/metrics");
                app.screen.note(&where_to_look);
            }
            let longest = app.config.recrawl_terms().most;
            let ops = Ops {
                figures: Figures::install(app.clock.now()),
                data,
                stored: Arc::new(StoredFigures::new(app.clock, longest.mul_f64(STALE_FACTOR))),
                at_work: Arc::clone(&at_work),
                cancel: app.cancel.clone(),
            };
            let (config, until) = (app.config.http.clone(), is_over.clone());
            running.spawn(async move { run(listener, &ops, &config, &until).await });
        }
        Self {
            at_work,
            is_over,
            running,
        }
    }

    /// Has the work told of, too.
    pub(crate) fn at_work(&self, at_work: AtWork) {
        // There is one piece of work in a process.
        self.at_work.set(at_work).ok();
    }

    /// Ends the answers, behind all else: operators are to see that the process drains.
    pub(crate) async fn end(mut self) {
        self.is_over.cancel();
        while self.running.join_next().await.is_some() {}
    }
}

async fn run(listener: TcpListener, ops: &Ops, config: &HttpConfig, until: &CancellationToken) {
    let tidy = async {
        loop {
            tokio::time::sleep(TIDY_PAUSE).await;
            ops.figures.tidy();
        }
    };
    tokio::select! {
        () = serve::serve(listener, router(ops), config, until) => {}
        () = tidy => {}
    }
}

fn router(ops: &Ops) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(ops.clone())
}

async fn readyz(State(ops): State<Ops>) -> (StatusCode, &'static str) {
    let unready = |why| (StatusCode::SERVICE_UNAVAILABLE, why);
    if ops.cancel.is_cancelled() {
        return unready("draining\n");
    }
    match answers(&ops).await {
        true => (StatusCode::OK, "ready\n"),
        false => unready("the store does not answer\n"),
    }
}

async fn metrics(State(ops): State<Ops>) -> Response {
    let is_up = answers(&ops).await;
    let is_ready = is_up && !ops.cancel.is_cancelled();
    gauge!("trouvaille_store_up").set(f64::from(u8::from(is_up)));
    gauge!("trouvaille_ready").set(f64::from(u8::from(is_ready)));
    if is_up {
        let refresh = async { ops.stored.refresh(ops.data.opened().await?).await };
        told(tokio::time::timeout(FIGURES_WAIT, refresh).await.ok());
    }
    let at_work = ops.at_work.get();
    if let Some(at_work) = at_work {
        at_work.tell();
    }
    let text = ops.figures.text() + &AtWork::cost(at_work);
    let content_type = [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (content_type, text).into_response()
}

/// Returns whether the store answers what costs it least.
async fn answers(ops: &Ops) -> bool {
    let ask = async {
        let opened = ops.data.opened().await?;
        opened.tasks.task_heads(&[]).await
    };
    told(tokio::time::timeout(STORE_WAIT, ask).await.ok()).is_some()
}

/// Returns what the store answered in time.
fn told<T>(answer: Option<Result<T, StoreError>>) -> Option<T> {
    match answer? {
        Ok(answer) => Some(answer),
        Err(error) => {
            tracing::debug!("the store does not answer: {error}");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use catalog::UnixMs;
    use metrics::LocalRecorderGuard;
    use store::OpenMode;

    use super::*;
    use crate::clock::Clock;
    use crate::figures;

    /// Counts on this thread as long as the guard lives.
    async fn ops() -> (Ops, LocalRecorderGuard<'static>) {
        let opened = store::open_with_tasks("sqlite::memory:", OpenMode::Create).await;
        let (store, tasks) = opened.unwrap();
        ops_of(Arc::new(Data::of(Opened { store, tasks })))
    }

    fn ops_of(data: Arc<Data>) -> (Ops, LocalRecorderGuard<'static>) {
        let (recorder, figures) = figures::recorder();
        let counts = metrics::set_default_local_recorder(Box::leak(Box::new(recorder)));
        figures::begin(UnixMs::new(0));
        let clock = Clock::new(Some(UnixMs::new(1_000)));
        let ops = Ops {
            figures,
            data,
            stored: Arc::new(StoredFigures::new(clock, Duration::from_secs(60))),
            at_work: Arc::default(),
            cancel: CancellationToken::new(),
        };
        (ops, counts)
    }

    async fn scrape(ops: &Ops) -> String {
        let response = super::metrics(State(ops.clone())).await;
        let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[test]
    fn an_address_is_one_or_none() {
        let address = "127.0.0.1:9900".parse().unwrap();
        assert_eq!("127.0.0.1:9900".parse(), Ok(OpsAddress(Some(address))));
        assert_eq!("none".parse(), Ok(OpsAddress(None)));
        assert!("9900".parse::<OpsAddress>().is_err());
    }

    #[tokio::test]
    async fn a_process_is_ready_until_it_is_asked_to_end() {
        let (ops, _counts) = ops().await;
        assert_eq!(readyz(State(ops.clone())).await.0, StatusCode::OK);
        assert!(scrape(&ops).await.contains("\ntrouvaille_ready 1\n"));
        ops.cancel.cancel();
        let (status, text) = readyz(State(ops.clone())).await;
        assert_eq!(
            (status, text),
            (StatusCode::SERVICE_UNAVAILABLE, "draining\n")
        );
        let found = scrape(&ops).await;
        assert!(found.contains("\ntrouvaille_ready 0\n"), "{found}");
        assert!(found.contains("\ntrouvaille_store_up 1\n"), "{found}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_process_whose_store_is_still_being_opened_is_alive_and_not_ready() {
        let (tell, data) = opened_later();
        let (ops, _counts) = ops_of(data);
        let unready = readyz(State(ops.clone())).await;
        assert_eq!(unready.1, "the store does not answer\n");
        let found = scrape(&ops).await;
        assert!(found.contains("\ntrouvaille_store_up 0\n"), "{found}");
        let opened = store::open_with_tasks("sqlite::memory:", OpenMode::Create).await;
        let (store, tasks) = opened.unwrap();
        tell.send(Some(Opened { store, tasks })).unwrap();
        // The store's threads do not go by the clock that stands still here.
        tokio::time::resume();
        assert_eq!(readyz(State(ops)).await.0, StatusCode::OK);
    }

    #[tokio::test]
    async fn figures_of_the_store_are_read_when_somebody_asks() {
        let (ops, _counts) = ops().await;
        let found = scrape(&ops).await;
        let read = "\ntrouvaille_stored_figures_timestamp_seconds 1\n";
        assert!(found.contains(read), "{found}");
    }
}
