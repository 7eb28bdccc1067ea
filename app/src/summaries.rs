//! Summaries as this program makes them: who writes them, by the configuration, and the work for a worker.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use a2a::RankingSheets;
use anyhow::Result;
use catalog::{Language, Store, StoreError, TaskStore, UnixMs};
use summarizer::facts::FactSheet;
use summarizer::openai::{Endpoint, EndpointConfig};
use summarizer::{Context, Tally};

use crate::App;
use crate::commands::summarize::sheets;
use crate::config::llm::Llm;
use crate::exit::UsageError;
use crate::worker::Work;

/// Who writes summaries, by the configuration.
#[derive(Debug, Clone)]
pub(crate) enum Writer {
    /// A language model.
    Model(Arc<Endpoint>),
    /// A fixed form filled with the facts, since there is no language model for this reason.
    Form(&'static str),
}

impl Writer {
    /// Returns who writes. Asks nobody anything yet.
    pub(crate) fn configured(app: &App) -> Result<Self> {
        Ok(match app.config.llm.endpoint()? {
            Llm::Endpoint(config) => Self::Model(endpoint(*config)?),
            Llm::None(why) => Self::Form(why),
        })
    }

    /// Returns the currency of the model's price, if there is one.
    pub(crate) fn currency(&self) -> Option<String> {
        match self {
            Self::Model(endpoint) => endpoint.price().map(|it| it.currency.clone()),
            Self::Form(_) => None,
        }
    }

    /// Returns who would write, were the key there.
    pub(crate) fn without_key(app: &App) -> Result<Self> {
        Ok(match app.config.llm.without_key() {
            Some(config) => Self::Model(endpoint(config)?),
            None => Self::configured(app)?,
        })
    }
}

/// Returns an endpoint that nobody asks: to estimate what one would take, whatever writes the summaries.
pub(crate) fn unasked(app: &App) -> Result<Arc<Endpoint>> {
    endpoint(app.config.llm.unasked())
}

fn endpoint(config: EndpointConfig) -> Result<Arc<Endpoint>> {
    let endpoint = Endpoint::new(config).map_err(|error| UsageError(format!("llm: {error}")))?;
    Ok(Arc::new(endpoint))
}

/// Returns what the work of summaries needs, beside the stores.
pub(crate) fn context(
    store: Arc<dyn Store>,
    tasks: Arc<dyn TaskStore>,
    writer: &Writer,
    app: &App,
) -> Context {
    let clock = app.clock;
    Context {
        store,
        tasks,
        endpoint: match writer {
            Writer::Model(endpoint) => Some(Arc::clone(endpoint)),
            Writer::Form(_) => None,
        },
        now: Arc::new(move || clock.now()),
        tally: Arc::new(Tally::default()),
    }
}

/// Returns what [`Order::only`](summarizer::Order::only) is for what a command does for itself: a name that no other
/// call returns, which begins with who writes.
pub(crate) fn own_name(context: &Context) -> String {
    let writer = summarizer::fingerprint(context.endpoint.as_deref());
    let nonce = RandomState::new().hash_one(&writer);
    format!("{writer}/{nonce:016x}")
}

/// Returns what the summarizer's briefs are made from.
pub(crate) fn ranking_sheets(store: &Arc<dyn Store>, app: &App) -> Arc<RankingSheets> {
    let (store, clock) = (Arc::clone(store), app.clock);
    Arc::new(move |k, languages| {
        let store = Arc::clone(&store);
        Box::pin(async move { latest_sheets(store.as_ref(), k, &languages, clock.now()).await })
    })
}

/// Returns what is known of the first `k` places of the latest ranking, or of all; nothing without a ranking.
pub(crate) async fn latest_sheets(
    store: &dyn Store,
    k: Option<usize>,
    languages: &[Language],
    now: UnixMs,
) -> Result<Vec<FactSheet>, StoreError> {
    match store.latest_ranking().await? {
        Some(ranking) => sheets::top_k(ranking, k, languages, store, now).await,
        None => Ok(Vec::new()),
    }
}

/// How long an answer is waited for once the process is told to stop: it is paid for. Most come within seconds, and
/// who stops services waits half a minute before it kills.
pub(crate) const GRACE: Duration = Duration::from_secs(20);

/// Returns the work of items of these kinds.
pub(crate) fn work(kinds: Vec<String>, context: &Context) -> Work {
    let context = context.clone();
    Work {
        kinds,
        run: Box::new(move |claimed, cancel| {
            let context = context.clone();
            Box::pin(async move { summarizer::run_item(&claimed, &context, &cancel).await })
        }),
        grace: GRACE,
    }
}
