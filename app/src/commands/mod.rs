//! One file per command: its arguments, its help, and `run`.

pub(crate) mod check;
pub(crate) mod crawl;
pub(crate) mod demo;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod rank;
mod reports;

use std::sync::Arc;

use anyhow::Result;
use catalog::Store;
use store::OpenMode;

use crate::App;

/// Opens the store that the flags and the configuration name.
async fn open_store(app: &App, mode: OpenMode) -> Result<Arc<dyn Store>> {
    let uri = app.config.store_uri(app.global.store.as_deref())?;
    Ok(store::open(&uri, mode).await?)
}
