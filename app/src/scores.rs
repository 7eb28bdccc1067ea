//! Reads what the balanced score needs from a store: histories first, then the products, page by page.

use std::collections::{HashMap, HashSet};

use anyhow::Result;
use catalog::{
    FeatureRow, ObservationFilter, ObservationKind, ObservationOrder, ProductFilter, ProductId,
    ShopKey, Store, UnixMs,
};
use scoring::balanced::{Scores, Table};
use scoring::history::Histories;
use scoring::preset::Quantiles;

/// Products asked of the store at a time.
const BLOCK_ROWS: usize = 5_000;

/// Observations asked of the store at a time.
const BLOCK_OBSERVATIONS: usize = 5_000;

/// Passes that are looked through for when a shop's best sellers were read last.
const MAX_LOOKS: usize = 10;

/// Returns the histories of the shops that pass `filter`, up to `now`.
pub(crate) async fn histories(
    store: &dyn Store,
    filter: &ProductFilter,
    now: UnixMs,
) -> Result<Histories> {
    let filter = ObservationFilter {
        shops: filter.shops.clone(),
        kinds: vec![
            ObservationKind::Changed,
            ObservationKind::Gone,
            ObservationKind::Back,
            ObservationKind::Ranked,
        ],
        ..ObservationFilter::default()
    };
    let mut histories = Histories::new(now);
    let mut after = None;
    loop {
        let rows = store
            .observed(
                &filter,
                ObservationOrder::Grouped,
                after.as_ref(),
                BLOCK_OBSERVATIONS,
            )
            .await?;
        for row in &rows {
            histories.add(&row.observation);
        }
        match rows.last() {
            Some(last) if rows.len() == BLOCK_OBSERVATIONS => after = Some(last.key()),
            _ => break,
        }
    }
    let ranked: Vec<_> = histories.ranked_shops().cloned().collect();
    for (platform, shop) in ranked {
        let passes = store.crawls(Some(&shop), MAX_LOOKS).await?;
        for look in passes.iter().filter_map(|it| it.notes.popularity.as_ref()) {
            histories.looked(platform, &shop, look);
        }
    }
    Ok(histories)
}

/// Adds the products that pass `filter` to `table`.
pub(crate) async fn fill(
    mut table: Table,
    store: &dyn Store,
    filter: &ProductFilter,
    histories: &Histories,
) -> Result<Table> {
    if *filter == ProductFilter::default() {
        let shops = store.shops().await?;
        let n_products: u64 = shops.iter().map(|shop| shop.n_products).sum();
        table = table.expecting(usize::try_from(n_products)?);
    }
    let mut after = None;
    loop {
        let rows = store.features(filter, after.as_ref(), BLOCK_ROWS).await?;
        for row in &rows {
            table.push(row, histories);
        }
        match rows.last() {
            Some(last) if rows.len() == BLOCK_ROWS => after = Some(last.id.clone()),
            _ => return Ok(table),
        }
    }
}

/// Scores the products of the store that pass `filter`.
pub(crate) async fn score(
    store: &dyn Store,
    filter: &ProductFilter,
    settings: &Quantiles,
    now: UnixMs,
) -> Result<Scores> {
    let histories = histories(store, filter, now).await?;
    let table = fill(Table::new(now, settings), store, filter, &histories).await?;
    // The table has what it needs of them, and scoring takes as much room again.
    drop(histories);
    Ok(Scores::of(table, settings))
}

/// Scores that can be explained, with what their explanations need.
#[derive(Debug)]
pub(crate) struct Explainable {
    pub(crate) scores: Scores,
    pub(crate) histories: Histories,
}

/// Scores the products of the store that pass `filter`, and keeps what explanations need; takes more memory.
pub(crate) async fn explainable(
    store: &dyn Store,
    filter: &ProductFilter,
    settings: &Quantiles,
    now: UnixMs,
) -> Result<Explainable> {
    let histories = histories(store, filter, now).await?;
    let table = Table::new(now, settings).keeping_values();
    let table = fill(table, store, filter, &histories).await?;
    let settings = settings.clone();
    // Seconds of a large store.
    let scores = tokio::task::spawn_blocking(move || Scores::of(table, &settings)).await?;
    Ok(Explainable { scores, histories })
}

/// Returns what the scores took of the given products, in their order; one that is gone is left out.
pub(crate) async fn rows_of(
    store: &dyn Store,
    filter: &ProductFilter,
    ids: &[ProductId],
) -> Result<Vec<FeatureRow>> {
    let mut shops: Vec<ShopKey> = ids.iter().map(|id| id.shop.clone()).collect();
    shops.sort();
    shops.dedup();
    let filter = ProductFilter {
        shops,
        ..filter.clone()
    };
    let wanted: HashSet<&ProductId> = ids.iter().collect();
    let mut found = HashMap::new();
    let mut after = None;
    while found.len() < wanted.len() {
        let rows = store.features(&filter, after.as_ref(), BLOCK_ROWS).await?;
        after = rows.last().map(|row| row.id.clone());
        let is_last = rows.len() < BLOCK_ROWS;
        let of_wanted = rows.into_iter().filter(|row| wanted.contains(&row.id));
        found.extend(of_wanted.map(|row| (row.id.clone(), row)));
        if is_last {
            break;
        }
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}
