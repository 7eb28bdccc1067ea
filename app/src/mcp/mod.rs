//! What the MCP server works with, made from the configuration: the store behind its tools, and the work that needs
//! more than the store. The protocol and the tools are [`mcp_server`]'s.

mod crawls;
mod explain;
mod face;

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use catalog::StoreError;
use ipnet::IpNet;
use mcp_server::{Context, Crawls, CursorKey, Data, Opened, RankingSheets, Refused, ToolError};
use store::OpenMode;

pub(crate) use self::face::{Face, url_at};
use crate::exit::UsageError;
use crate::{App, summaries};

/// Returns the configured store, which the first call opens: it need not be there when a server starts.
pub(crate) fn data(app: &App) -> Result<Arc<Data>> {
    let uri: Arc<str> = app.config.store_uri(app.global.store.as_deref())?.into();
    let told = Arc::new(Mutex::new(String::new()));
    Ok(Arc::new(Data::new(move || {
        let (uri, told) = (Arc::clone(&uri), Arc::clone(&told));
        Box::pin(async move {
            let opened = store::open_with_tasks(&uri, OpenMode::Existing).await;
            let (store, tasks) = opened.inspect_err(|error| tell_once(error, &told))?;
            Ok(Opened { store, tasks })
        })
    })))
}

/// Tells operators why the store cannot be opened, once for each reason: probes have it tried every few seconds.
fn tell_once(error: &StoreError, told: &Mutex<String>) {
    let why = error.to_string();
    let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
    if *told != why {
        tracing::warn!("{why}; each call tries again");
        *told = why;
    }
}

/// What assistants may have done.
#[derive(Debug, Clone)]
pub(crate) struct Actions {
    /// Private networks in which shops may be crawled.
    pub(crate) allow_private: Vec<IpNet>,
    pub(crate) allow_ports: Vec<u16>,
}

/// Returns what the configuration, or the flag, lets assistants have done.
pub(crate) fn actions(flag: bool, allow_private: &[IpNet], app: &App) -> Option<Actions> {
    let configured = &app.config.crawl.allow_private;
    (flag || app.config.mcp.enable_actions).then(|| Actions {
        allow_private: [configured, allow_private].concat(),
        allow_ports: app.config.crawl.allow_ports.clone(),
    })
}

/// Returns what the tools work with.
pub(crate) fn context(
    data: &Arc<Data>,
    cursors: CursorKey,
    actions: Option<Actions>,
    app: &App,
) -> Context {
    let clock = app.clock;
    Context {
        data: Arc::clone(data),
        now: Arc::new(move || clock.now()),
        cursors,
        ranking_sheets: ranking_sheets(data, app),
        explain: explain::explainer(data, app),
        crawls: actions.map(|it| -> Arc<dyn Crawls> { crawls::on_request(data, it, app) }),
        limits: app.config.mcp.limits(),
        audits_arguments: app.config.mcp.audit_arguments,
    }
}

/// Returns what assistants are told of a store that failed; the rest is for the log.
fn refused(error: impl Into<ToolError>) -> Refused {
    let ToolError {
        code,
        message,
        next,
        ..
    } = error.into();
    Refused {
        code,
        message,
        next,
    }
}

/// Returns the configured key, or one that only this process has.
pub(crate) fn cursor_key(app: &App) -> Result<CursorKey, UsageError> {
    let key = app.config.security.signing_key()?;
    Ok(key.map_or_else(CursorKey::random, |it| CursorKey::of(it.as_bytes())))
}

/// Returns the configured key, or one that all commands have: a list goes on in another process. Whoever runs a command
/// may read the whole store, so that it only has to tell mistakes.
pub(crate) fn command_cursor_key(app: &App) -> Result<CursorKey, UsageError> {
    let key = app.config.security.signing_key()?;
    let key = key.unwrap_or_else(|| "trouvaille query".to_owned());
    Ok(CursorKey::of(key.as_bytes()))
}

fn ranking_sheets(data: &Arc<Data>, app: &App) -> Arc<RankingSheets> {
    let (data, clock) = (Arc::clone(data), app.clock);
    Arc::new(move |k, languages| {
        let data = Arc::clone(&data);
        Box::pin(async move {
            let store = data.opened().await?.store.as_ref();
            summaries::latest_sheets(store, k, &languages, clock.now()).await
        })
    })
}
