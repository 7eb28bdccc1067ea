//! What operators ask: is the process alive, can it work, and how much is there to do. Served on an address of its own,
//! to anybody who reaches it: no caller, task or shop is named.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use catalog::{StoreError, WorkStats};
use mcp_server::Data;
use summarizer::Tally;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{Metrics, listen, serve};
use crate::config::HttpConfig;

/// The longest wait for the store's answer.
const STORE_WAIT: Duration = Duration::from_secs(2);

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
    pub(crate) data: Arc<Data>,
    pub(crate) metrics: Metrics,
    /// What this process did of summaries; `None` where no agent does them.
    pub(crate) summaries: Option<Summaries>,
    /// Cancelled as soon as the process is asked to end: it takes no more work then.
    pub(crate) cancel: CancellationToken,
}

/// What is counted of summaries.
#[derive(Debug, Clone)]
pub(crate) struct Summaries {
    pub(crate) tally: Arc<Tally>,
    /// Of the prices that are configured for the model.
    pub(crate) currency: Option<String>,
}

/// Binds the address for operators, if there is to be one.
pub(crate) async fn bind(address: OpsAddress) -> anyhow::Result<Option<TcpListener>> {
    match address.0 {
        Some(address) => Ok(Some(listen("--ops", address).await?)),
        None => Ok(None),
    }
}

/// Answers operators until `until`, which comes after [`Ops::cancel`]: they are to see that the process drains.
pub(crate) async fn run(
    listener: TcpListener,
    ops: &Ops,
    config: &HttpConfig,
    until: &CancellationToken,
) {
    serve::serve(listener, router(ops), config, until).await;
}

fn router(ops: &Ops) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(ops.clone())
}

async fn readyz(State(ops): State<Ops>) -> (StatusCode, &'static str) {
    if ops.cancel.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining\n");
    }
    match work(&ops).await {
        Some(_) => (StatusCode::OK, "ready\n"),
        None => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the store does not answer\n",
        ),
    }
}

async fn metrics(State(ops): State<Ops>) -> Response {
    let work = work(&ops).await;
    let mut text = text(work.as_deref(), &ops.metrics);
    if let Some(summaries) = &ops.summaries {
        text.push_str(&summaries.text());
    }
    let content_type = [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (content_type, text).into_response()
}

async fn work(ops: &Ops) -> Option<Vec<WorkStats>> {
    let work = async { ops.data.opened().await?.tasks.work_stats().await };
    let asked: Result<Result<_, StoreError>, _> = tokio::time::timeout(STORE_WAIT, work).await;
    match asked.ok()? {
        Ok(work) => Some(work),
        Err(error) => {
            tracing::debug!("the store does not answer: {error}");
            None
        }
    }
}

/// Returns the figures in the text format of Prometheus.
fn text(work: Option<&[WorkStats]>, metrics: &Metrics) -> String {
    let mut text = String::new();
    let mut line = |it: &str| {
        text.push_str(it);
        text.push('\n');
    };
    line("# HELP trouvaille_build_info The running version.");
    line("# TYPE trouvaille_build_info gauge");
    let version = env!("CARGO_PKG_VERSION");
    line(&format!("trouvaille_build_info{{version=\"{version}\"}} 1"));
    line("# HELP trouvaille_store_up Whether the store answers.");
    line("# TYPE trouvaille_store_up gauge");
    line(&format!("trouvaille_store_up {}", u8::from(work.is_some())));
    line("# HELP trouvaille_work_items Open work items of all tasks in the store, by kind.");
    line("# TYPE trouvaille_work_items gauge");
    for (kind, (waiting, held)) in by_family(work.unwrap_or_default()) {
        let kind = escaped(kind);
        line(&format!(
            "trouvaille_work_items{{kind=\"{kind}\",state=\"waiting\"}} {waiting}"
        ));
        line(&format!(
            "trouvaille_work_items{{kind=\"{kind}\",state=\"held\"}} {held}"
        ));
    }
    line("# HELP trouvaille_http_requests_total Requests by operation and outcome.");
    line("# TYPE trouvaille_http_requests_total counter");
    for ((operation, code), n) in metrics.calls() {
        line(&format!(
            "trouvaille_http_requests_total{{operation=\"{operation}\",code=\"{code}\"}} {n}"
        ));
    }
    text
}

impl Summaries {
    /// Returns the figures in the same format. The reasons are among a few names.
    fn text(&self) -> String {
        let tally = &self.tally;
        let count = |number: &AtomicU64| number.load(Ordering::Relaxed);
        let mut lines = vec![
            "# HELP trouvaille_summaries_total Summaries by what came of them.".to_owned(),
            "# TYPE trouvaille_summaries_total counter".to_owned(),
        ];
        for (kind, number) in [
            ("written", &tally.written),
            ("kept", &tally.kept),
            ("extractive", &tally.extractive),
            ("left", &tally.left),
        ] {
            let n = count(number);
            lines.push(format!("trouvaille_summaries_total{{kind=\"{kind}\"}} {n}"));
        }
        lines.extend([
            "# HELP trouvaille_summary_refusals_total Summaries left, or without a model's text, by reason.".to_owned(),
            "# TYPE trouvaille_summary_refusals_total counter".to_owned(),
        ]);
        for (code, n) in tally.reasons() {
            let code = escaped(&code);
            lines.push(format!(
                "trouvaille_summary_refusals_total{{code=\"{code}\"}} {n}"
            ));
        }
        for (name, what, n) in [
            (
                "requests",
                "Requests to the language model.",
                &tally.requests,
            ),
            (
                "tokens",
                "Tokens read and written, as far as answers said.",
                &tally.tokens,
            ),
        ] {
            let n = count(n);
            lines.extend([
                format!("# HELP trouvaille_llm_{name}_total {what}"),
                format!("# TYPE trouvaille_llm_{name}_total counter"),
                format!("trouvaille_llm_{name}_total {n}"),
            ]);
        }
        if let Some(currency) = &self.currency {
            let (currency, cost) = (escaped(currency), count(&tally.cost_nanos) as f64 / 1e9);
            lines.extend([
                "# HELP trouvaille_llm_cost_total What these tokens cost.".to_owned(),
                "# TYPE trouvaille_llm_cost_total counter".to_owned(),
                format!("trouvaille_llm_cost_total{{currency=\"{currency}\"}} {cost}"),
            ]);
        }
        lines.join("\n") + "\n"
    }
}

/// Returns the numbers of items that wait and that are held. What stands behind a slash in a kind sets the work of one
/// command apart: there may be any number of such kinds, and they are counted as one.
fn by_family(work: &[WorkStats]) -> BTreeMap<&str, (u64, u64)> {
    let mut families: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for it in work {
        let (family, _) = it.kind.split_once('/').unwrap_or((&it.kind, ""));
        let (waiting, held) = families.entry(family).or_default();
        *waiting += it.n_waiting;
        *held += it.n_held;
    }
    families
}

/// Returns a label's value as the format wants it.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for it in text.chars() {
        match it {
            '\\' => escaped.push_str("\\\\"),
            '"' => escaped.push_str("\\\""),
            '\n' => escaped.push_str("\\n"),
            _ => escaped.push(it),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use mcp_server::Opened;
    use store::OpenMode;

    use super::*;

    async fn ops() -> Ops {
        let opened = store::open_with_tasks("sqlite::memory:", OpenMode::Create).await;
        let (store, tasks) = opened.unwrap();
        Ops {
            data: Arc::new(Data::of(Opened { store, tasks })),
            metrics: Metrics::default(),
            summaries: None,
            cancel: CancellationToken::new(),
        }
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
        let ops = ops().await;
        assert_eq!(readyz(State(ops.clone())).await.0, StatusCode::OK);
        ops.cancel.cancel();
        let (status, text) = readyz(State(ops)).await;
        assert_eq!(
            (status, text),
            (StatusCode::SERVICE_UNAVAILABLE, "draining\n")
        );
    }

    #[tokio::test]
    async fn figures_are_in_the_text_format_of_prometheus() {
        let response = metrics(State(ops().await)).await;
        let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        let found = String::from_utf8(bytes.to_vec()).unwrap();
        assert!(found.contains("\ntrouvaille_store_up 1\n"), "{found}");
        let work = [WorkStats {
            kind: "a\"b\\c\nd".to_owned(),
            n_waiting: 3,
            n_held: 1,
        }];
        let found = text(Some(&work), &Metrics::default());
        let kind = "kind=\"a\\\"b\\\\c\\nd\"";
        for line in [
            format!("trouvaille_work_items{{{kind},state=\"waiting\"}} 3\n"),
            format!("trouvaille_work_items{{{kind},state=\"held\"}} 1\n"),
        ] {
            assert!(found.contains(&line), "{found}");
        }
        assert!(text(None, &Metrics::default()).contains("trouvaille_store_up 0\n"));
    }

    #[tokio::test]
    async fn what_was_done_of_summaries_is_counted_where_an_agent_does_them() {
        let figures = async |ops: Ops| {
            let bytes = to_bytes(metrics(State(ops)).await.into_body(), 1 << 20).await;
            String::from_utf8(bytes.unwrap().to_vec()).unwrap()
        };
        assert!(!figures(ops().await).await.contains("trouvaille_summar"));
        let tally = Tally::default();
        tally.written.store(3, Ordering::Relaxed);
        tally.requests.store(4, Ordering::Relaxed);
        tally.tokens.store(1_500, Ordering::Relaxed);
        tally.cost_nanos.store(2_500_000, Ordering::Relaxed);
        let summaries = Some(Summaries {
            tally: Arc::new(tally),
            currency: Some("USD".to_owned()),
        });
        let found = figures(Ops {
            summaries,
            ..ops().await
        })
        .await;
        for line in [
            "trouvaille_summaries_total{kind=\"written\"} 3\n",
            "trouvaille_summaries_total{kind=\"left\"} 0\n",
            "trouvaille_llm_requests_total 4\n",
            "trouvaille_llm_tokens_total 1500\n",
            "trouvaille_llm_cost_total{currency=\"USD\"} 0.0025\n",
        ] {
            assert!(found.contains(line), "{line}: {found}");
        }
    }

    #[test]
    fn the_work_of_single_commands_is_counted_as_one_kind() {
        let work = [
            ("summarize", 5, 1),
            ("summarize/0123abcd", 3, 2),
            ("summarize/extractive", 0, 4),
            ("summarize.close", 1, 0),
            ("/", 7, 0),
        ];
        let work = work.map(|(kind, n_waiting, n_held)| WorkStats {
            kind: kind.to_owned(),
            n_waiting,
            n_held,
        });
        let found = text(Some(&work), &Metrics::default());
        let figures: Vec<&str> = found
            .lines()
            .filter_map(|line| line.strip_prefix("trouvaille_work_items"))
            .collect();
        let expected = [
            "{kind=\"\",state=\"waiting\"} 7",
            "{kind=\"\",state=\"held\"} 0",
            "{kind=\"summarize\",state=\"waiting\"} 8",
            "{kind=\"summarize\",state=\"held\"} 7",
            "{kind=\"summarize.close\",state=\"waiting\"} 1",
            "{kind=\"summarize.close\",state=\"held\"} 0",
        ];
        assert_eq!(figures, expected);
    }
}
