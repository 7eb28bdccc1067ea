//! The products as they are now, and the labels that mean them.

use anyhow::{Result, bail};
use catalog::{ProductFilter, Store, UnixMs};
use scoring::backtest::{Known, Products};

use super::super::no_products;
use super::history::{Passes, frames};
use super::labels::Labels;
use crate::{App, scores};

/// Products asked of the store at a time.
const BLOCK_ROWS: usize = 2_000;

/// Reads the products that pass `filter` as of now, and which of them have a label.
pub(super) async fn now(
    store: &dyn Store,
    filter: &ProductFilter,
    labels: &mut Labels,
    app: &App,
) -> Result<(Products, Known<f64>)> {
    let now = app.clock.now();
    let mut products = Products::new(now, false);
    products.histories = scores::histories(store, filter, now).await?;
    let mut known = Known::default();
    let mut example = None;
    let bar = app.screen.line("backtest".to_owned());
    let mut after = None;
    loop {
        let rows = store.products(filter, after.as_ref(), BLOCK_ROWS).await?;
        let features = store.features(filter, after.as_ref(), BLOCK_ROWS).await?;
        let metrics = store.metrics(filter, after.as_ref(), BLOCK_ROWS).await?;
        for ((row, features), metrics) in rows.iter().zip(features).zip(metrics) {
            if row.id != features.id || row.id != metrics.id {
                bail!("the store changed while it was read: end the crawl, then try again");
            }
            if let Some(label) = labels.take(&row.id, &row.handle, &row.url)? {
                known.push(products.rows.len(), label);
            }
            example.get_or_insert_with(|| key(labels, &row.id.to_string(), &row.handle, &row.url));
            products.rows.push(features);
            products.metrics.push(metrics);
        }
        bar.set_message(format!("{} products read", products.rows.len()));
        match rows.last() {
            Some(last) if rows.len() == BLOCK_ROWS => after = Some(last.id.clone()),
            _ => break,
        }
    }
    bar.finish_and_clear();
    if example.is_none() {
        return Err(no_products(store, filter));
    }
    check(labels, example.as_deref())?;
    Ok((products, known))
}

/// Reads the products that pass `filter` as of `at`, and which of them have a label.
pub(super) async fn then(
    store: &dyn Store,
    filter: &ProductFilter,
    labels: &mut Labels,
    at: UnixMs,
    app: &App,
) -> Result<(Products, Known<f64>)> {
    let passes = Passes::read(store, filter).await?;
    let mut known = Known::default();
    let mut example = None;
    let mut n_seen = 0;
    let mut frames = frames(store, filter, &passes, &[(at, at)], app, |record| {
        let product = &record.product;
        if let Some(label) = labels.take(&product.id, &product.handle, &product.url)? {
            known.push(n_seen, label);
        }
        n_seen += 1;
        let id = product.id.to_string();
        example.get_or_insert_with(|| key(labels, &id, &product.handle, &product.url));
        Ok(())
    })
    .await?;
    let Some(frame) = frames.pop().filter(|_| n_seen > 0) else {
        bail!(
            "no product that passes was known at {at}; the first pass ended later, or the filters leave none"
        );
    };
    check(labels, example.as_deref())?;
    Ok((frame.products, known))
}

/// Returns what a label is compared with.
fn key(labels: &Labels, id: &str, handle: &str, url: &str) -> String {
    let key = match labels.key_column {
        "handle" => handle,
        "url" => url,
        _ => id,
    };
    key.to_owned()
}

/// Warns of labels that mean no product; all of them are an error.
fn check(labels: &Labels, example: Option<&str>) -> Result<()> {
    if let Some(words) = labels.unmatched_words(example) {
        if labels.n_found().0 == 0 {
            bail!("{words}");
        }
        tracing::warn!("{words}");
    }
    if let Some(words) = labels.repeated_words() {
        tracing::warn!("{words}");
    }
    Ok(())
}
