//! One file per command: its arguments, its help, and `run`.

pub(crate) mod agent;
pub(crate) mod backtest;
pub(crate) mod check;
pub(crate) mod crawl;
pub(crate) mod demo;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod mcp;
pub(crate) mod migrate;
pub(crate) mod prune;
pub(crate) mod query;
pub(crate) mod rank;
pub(crate) mod report;
mod reports;
pub(crate) mod serve;
pub(crate) mod shops;
pub(crate) mod summarize;

use std::sync::Arc;

use anyhow::Result;
use catalog::{ProductFilter, Store, StoreError, TaskStore};
use store::OpenMode;

use crate::App;
use crate::exit::UsageError;

/// Opens the store that the flags and the configuration name.
async fn open_store(app: &App, mode: OpenMode) -> Result<Arc<dyn Store>> {
    open_store_at(app.global.store.as_deref(), mode, app).await
}

/// Opens the store at `uri`, which the configuration completes; without one, the configured store.
async fn open_store_at(uri: Option<&str>, mode: OpenMode, app: &App) -> Result<Arc<dyn Store>> {
    Ok(open_with_tasks_at(uri, mode, app).await?.0)
}

/// Opens the store that the flags and the configuration name, together with its tasks; makes it where it is missing.
async fn open_with_tasks(app: &App) -> Result<(Arc<dyn Store>, Arc<dyn TaskStore>)> {
    open_with_tasks_at(app.global.store.as_deref(), OpenMode::Create, app).await
}

async fn open_with_tasks_at(
    uri: Option<&str>,
    mode: OpenMode,
    app: &App,
) -> Result<(Arc<dyn Store>, Arc<dyn TaskStore>)> {
    let uri = app.config.store_uri(uri)?;
    match store::open_with_tasks(&uri, mode).await {
        Err(error @ StoreError::BadUri { .. }) => Err(UsageError(error.to_string()).into()),
        opened => Ok(opened?),
    }
}

/// Returns the error of a list that needs products, where none passes `filter`.
fn no_products(store: &dyn Store, filter: &ProductFilter) -> anyhow::Error {
    let why = match *filter == ProductFilter::default() {
        true => "is there",
        false => "passes these filters",
    };
    anyhow::anyhow!(
        "no product in {} {why}; `trouvaille check` tells what is stored",
        store.location()
    )
}

/// Warns of shops in a filter that the store does not have.
async fn warn_of_unknown_shops(filter: &ProductFilter, store: &dyn Store) -> Result<()> {
    if filter.shops.is_empty() {
        return Ok(());
    }
    let known = store.shops().await?;
    for shop in &filter.shops {
        if !known.iter().any(|status| status.shop.key == *shop) {
            tracing::warn!(
                "no shop {} in the store; `trouvaille check` lists them",
                shop.shown()
            );
        }
    }
    Ok(())
}
